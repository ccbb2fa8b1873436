//! Programs that others wrote, with work whose answer is known.

use crate::outside_tool::need;
use crate::under::{as_it_is, assert_same};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Numbers that look like any, the same in every run.
fn numbers(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..count).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 20
    })
}

fn in_folder(folder: &Path, program: &str, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words).current_dir(folder).env("LC_ALL", "C");
    command
}

/// The interpreter itself, not a script that finds it.
fn python() -> PathBuf {
    need("python3");
    let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// Python's own tests of `modules`, all of its memory from `malloc`.
fn python_tests(modules: &[&str]) {
    need("python3-test");
    let python = python();
    let folder = tempfile::tempdir().unwrap();
    let command = || {
        let mut words = vec!["-m", "test", "--randseed", "1"];
        words.extend(modules);
        let mut command = in_folder(folder.path(), python.to_str().unwrap(), &words);
        command.env("PYTHONMALLOC", "malloc").env("PYTHONHASHSEED", "1");
        command
    };
    // Times, the load of the machine, and the processes' own folder.
    let steady = |text: &str| {
        let mut kept = String::new();
        for line in text.lines().filter(|line| !line.contains("load avg") && !line.contains("duration")) {
            let line = line.split_once("] ").map_or(line, |(_, rest)| rest);
            if !line.contains(" sec") && !line.contains("process") {
                writeln!(kept, "{line}").unwrap();
            }
        }
        kept
    };
    let said = assert_same(command, steady);
    assert!(said.contains(&format!("All {} tests OK", modules.len())), "{said}");
}

#[test]
fn python_passes_its_own_tests_of_containers_and_text() {
    python_tests(&["test_dict", "test_list", "test_set", "test_json", "test_re"]);
}

#[test]
fn python_passes_its_own_tests_of_threads_and_garbage() {
    python_tests(&["test_gc", "test_weakref", "test_thread"]);
}

/// `sqlite3.c` of the quick corpus.
fn sqlite_source() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench-corpus/corpora/quick/Cargo.toml");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(corpus)
        .output()
        .expect("cargo can be started");
    let packages = String::from_utf8_lossy(&output.stdout).into_owned();
    let manifest = packages
        .split('"')
        .find(|word| word.contains("libsqlite3-sys-") && word.ends_with("Cargo.toml"))
        .unwrap_or_else(|| {
            panic!("the quick corpus is not here; get it with: make corpus (needs cargo's registry)")
        });
    Path::new(manifest).with_file_name("sqlite3").join("sqlite3.c")
}

#[test]
fn gcc_compiles_sqlite_to_the_same_assembly() {
    need("gcc");
    let source = sqlite_source();
    let folder = tempfile::tempdir().unwrap();
    let command = || in_folder(folder.path(), "gcc", &["-O0", "-S", "-o", "-", source.to_str().unwrap()]);
    let said = assert_same(command, as_it_is);
    assert!(said.contains("sqlite3_open_v2:"), "no assembly");
}

#[test]
fn sqlite_answers_the_same() {
    need("sqlite3");
    let folder = tempfile::tempdir().unwrap();
    let mut script = String::from("create table t(a integer primary key, b text, c integer);\nbegin;\n");
    for (key, number) in numbers(20_000).enumerate() {
        writeln!(
            script,
            "insert into t values({key}, printf('%0*d', {}, {number}), {number} % 977);",
            number % 300
        )
        .unwrap();
    }
    script.push_str(
        "commit;\ncreate index i on t(c, b);\n\
         select c, count(*), max(length(b)), group_concat(a, '-') from t group by c order by 2 desc, 1 limit 200;\n\
         select x.a, y.a from t x join t y on x.c = y.a where x.b like '%77%' order by 1, 2 limit 500;\n\
         delete from t where a % 3 = 0;\nvacuum;\nselect sum(length(b)), count(*) from t;\npragma integrity_check;\n",
    );
    std::fs::write(folder.path().join("script.sql"), script).unwrap();
    let command = || in_folder(folder.path(), "sqlite3", &[":memory:", ".read script.sql"]);
    let said = assert_same(command, as_it_is);
    assert!(said.contains("\nok\n"), "{said}");
}

#[test]
fn sort_with_threads_gives_the_same_order() {
    need("sort");
    let folder = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    for number in numbers(300_000) {
        writeln!(lines, "{number:x} {}", number % 1000).unwrap();
    }
    std::fs::write(folder.path().join("lines"), lines).unwrap();
    // Twice the processors: more threads than can run at once.
    let command =
        || in_folder(folder.path(), "sort", &["--parallel=4", "-S", "4M", "-k2,2n", "-k1,1", "lines"]);
    let said = assert_same(command, as_it_is);
    assert!(said.lines().count() > 300_000);
}

#[test]
fn git_writes_and_reads_the_same_history() {
    need("git");
    let folder = tempfile::tempdir().unwrap();
    let script = "set -e; rm -rf story; git init -q story; cd story; \
        for i in 1 2 3 4 5 6 7 8 9 10; do \
          seq $i 17 40000 > numbers; seq 1 $((i * 50)) | sed 's/.*/line & of '$i/ > lines$i; \
          git add .; git commit -qm \"step $i\"; git branch b$i; \
        done; \
        git log --stat --format='%H %s' | cat; git diff --stat b2 b9 | cat; git blame numbers | tail -3; \
        git repack -adfq --threads=4 --window=20; git gc -q --prune=now; git fsck --full 2>&1 | cat; \
        git verify-pack -v .git/objects/pack/*.idx | sort | head -40; \
        git merge-base b1 b10; git grep -c 'line 4' b10 | cat; git archive b5 | cksum";
    let command = || {
        let mut command = in_folder(folder.path(), "sh", &["-c", script]);
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Nobody")
                .env(format!("GIT_{who}_EMAIL"), "nobody@example.org");
            command.env(format!("GIT_{who}_DATE"), "2001-01-01T00:00:00Z");
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder.path());
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "init.defaultBranch");
        command.env("GIT_CONFIG_VALUE_0", "main");
        command
    };
    let said = assert_same(command, as_it_is);
    assert!(said.contains("step 10"), "{said}");
}
