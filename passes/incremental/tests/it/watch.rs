//! The command: a first round, changes, what it says and how it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A folder with a unit, a header and a list of commands for the unit.
fn project() -> TempDir {
    let folder = TempDir::new().expect("there is room");
    write(&folder, "a.c", "#include \"a.h\"\nint a(void) { return A; }\n");
    write(&folder, "b.c", "int b(void) { return 1; }\n");
    write(&folder, "a.h", "#define A 1\n");
    folder
}

/// Writes a file at once, so that nobody sees half of it.
fn write(folder: &TempDir, name: &str, text: &str) {
    let aside = folder.path().join("aside");
    fs::write(&aside, text).expect("it can be written");
    fs::rename(aside, folder.path().join(name)).expect("it can be renamed");
}

fn list(folder: &TempDir, files: &[(&str, &str)]) {
    let directory = folder.path().display();
    let entries: Vec<String> = files
        .iter()
        .map(|(file, option)| {
            format!(r#"{{"directory": "{directory}", "file": "{file}", "arguments": ["cc", "-c", "{option}", "{file}"]}}"#)
        })
        .collect();
    write(folder, "compile_commands.json", &format!("[{}]\n", entries.join(",\n")));
}

fn command(path: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cfront-watch"));
    command.args(options).arg(path);
    command
}

fn once(path: &Path, options: &[&str]) -> Output {
    command(path, &[options, &["--once", "-j", "1"]].concat()).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A watch that runs.
struct Watch {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Watch {
    fn start(path: &Path, options: &[&str]) -> Self {
        let mut child = command(path, &[options, &["-j", "1"]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
        Self { child, lines }
    }

    /// The lines up to the next one that begins with `beginning`.
    fn until(&mut self, beginning: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for line in &mut self.lines {
            seen.push(line.expect("it is text"));
            if seen.last().is_some_and(|line| line.trim_start().starts_with(beginning)) {
                return seen;
            }
        }
        panic!("it ended before {beginning}: {seen:#?}");
    }

    /// Reads a whole round, whose first line begins so.
    fn round(&mut self, beginning: &str) {
        self.until(beginning);
        self.until("computed: ");
    }

    fn end(self) -> (Option<i32>, String) {
        let output = self.child.wait_with_output().expect("it ends");
        (output.status.code(), text(&output.stderr))
    }
}

#[test]
fn once_checks_the_units_of_a_folder_and_says_whether_there_are_errors() {
    let folder = project();
    let good = once(folder.path(), &[]);
    assert_eq!((good.status.code(), text(&good.stderr)), (Some(0), String::new()));
    let said = text(&good.stdout);
    assert!(said.contains(": 2 units\n") && said.contains("round 1: 2 of 2 units checked in "), "{said}");
    assert!(said.contains("; 0 errors, 0 warnings, 2 names defined\n"), "{said}");
    write(&folder, "a.h", "#define A b\n");
    let bad = once(folder.path(), &["--mem-report"]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad.stderr).contains("a.c:2:22: error: "), "{}", text(&bad.stderr));
    assert!(text(&bad.stdout).contains("trees that wait"), "{}", text(&bad.stdout));
}

#[test]
fn a_list_of_commands_says_the_options() {
    let folder = project();
    write(&folder, "a.c", "int a(void) { return A; }\n");
    list(&folder, &[("a.c", "-DA=1"), ("b.c", "-DB")]);
    assert_eq!(once(folder.path(), &[]).status.code(), Some(0));
    list(&folder, &[("a.c", "-DB")]);
    let bad = once(&folder.path().join("compile_commands.json"), &[]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(text(&bad.stdout).contains("round 1: 1 of 1 units"), "{}", text(&bad.stdout));
}

#[test]
fn what_cannot_be_watched_is_said_in_a_sentence() {
    let folder = TempDir::new().expect("there is room");
    let check = |path: &Path, message: &str| {
        let output = once(path, &[]);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        assert!(said.starts_with("cfront watch: error: ") && said.contains(message), "{said}");
    };
    check(folder.path(), ": no C files");
    check(&folder.path().join("gone"), "No such file");
    write(&folder, "compile_commands.json", "{}");
    check(folder.path(), "not a list of commands");
    let usage = command(folder.path(), &["--unknown"]).output().expect("it starts");
    assert_eq!((usage.status.code(), text(&usage.stdout)), (Some(2), String::new()));
}

/// The same changes, however the program learns of them.
fn follows_changes(options: &[&str]) {
    let folder = project();
    list(&folder, &[("a.c", "-DX"), ("b.c", "-DX")]);
    let mut watch = Watch::start(folder.path(), &[options, &["--rounds", "5"]].concat());
    assert!(watch.until("round 1: ").last().is_some_and(|line| line.contains("2 of 2 units")));
    watch.until("computed: ");
    write(&folder, "a.h", "#define A wrong\n");
    let said = watch.until("round 2: ");
    assert!(said[0].starts_with("changed: ") && said[0].ends_with("/a.h"), "{said:?}");
    assert!(said[1].contains("1 of 2 units checked in ") && said[1].contains("; 1 errors"), "{said:?}");
    watch.until("computed: 1 checked, 1 diagnostics, ");
    // A header that was looked for and not found, then found.
    write(
        &folder,
        "b.c",
        "#if __has_include(\"new.h\")\n#include \"new.h\"\n#endif\nint b(void) { return 1; }\n",
    );
    watch.round("round 3: 1 of 2 units");
    write(&folder, "new.h", "int new;\n");
    let said = watch.until("round 4: 1 of 2 units");
    assert!(said.last().is_some_and(|line| line.contains("3 names defined")), "{said:?}");
    watch.until("computed: ");
    list(&folder, &[("b.c", "-DX")]);
    let said = watch.until("round 5: 0 of 1 units");
    assert_eq!(said[0], "changed: the list of units");
    watch.until("computed: 1 index");
    let (status, messages) = watch.end();
    assert_eq!(status, Some(0));
    // The error was told when it came, and not again.
    assert_eq!(messages.matches("error: ").count(), 1, "{messages}");
}

#[test]
fn changes_are_followed_when_the_system_tells_of_them() {
    follows_changes(&[]);
}

#[test]
fn changes_are_followed_by_looking_for_them() {
    follows_changes(&["--poll", "5"]);
}

#[test]
fn a_folder_that_went_and_came_again_is_followed() {
    let folder = project();
    let sub = folder.path().join("sub");
    let file = |text: &str| {
        fs::create_dir_all(&sub).expect("it can be made");
        write(&folder, "sub/c.c", text);
    };
    file("int c(void) { return 1; }\n");
    let mut watch = Watch::start(folder.path(), &["--rounds", "4"]);
    watch.round("round 1: 3 of 3 units");
    fs::remove_dir_all(&sub).expect("it can be removed");
    watch.round("round 2: 0 of 2 units");
    file("int c(void) { return 2; }\n");
    watch.round("round 3: 1 of 3 units");
    file("int c(void) { return wrong; }\n");
    watch.until("round 4: 1 of 3 units");
    assert_eq!(watch.end().0, Some(1));
}

#[test]
fn a_folder_above_that_is_renamed_is_noticed_at_once() {
    let above = TempDir::new().expect("there is room");
    let (here, elsewhere) = (above.path().join("here"), above.path().join("elsewhere"));
    fs::create_dir_all(here.join("deep/src")).expect("it can be made");
    let file = |text: &str| write(&above, "here/deep/src/c.c", text);
    file("int c(void) { return 1; }\n");
    let mut watch = Watch::start(&here.join("deep/src"), &["--rounds", "4"]);
    watch.round("round 1: 1 of 1 units");
    let rename = |from: &Path, to: &Path| fs::rename(from, to).expect("it can be renamed");
    rename(&here, &elsewhere);
    watch.round("round 2: ");
    rename(&elsewhere, &here);
    watch.round("round 3: ");
    file("int c(void) { return wrong; }\n");
    watch.until("round 4: 1 of 1 units");
    assert_eq!(watch.end().0, Some(1));
}

#[test]
fn a_list_that_is_broken_or_empty_for_a_while_is_told_once_and_changes_nothing() {
    let folder = project();
    list(&folder, &[("a.c", "-DX")]);
    let mut watch = Watch::start(folder.path(), &["--poll", "5", "--rounds", "4"]);
    watch.round("round 1: 1 of 1 units");
    for (round, broken) in ["[{", "[]\n"].into_iter().enumerate() {
        write(&folder, "compile_commands.json", broken);
        write(&folder, "a.h", &format!("#define A {round}2\n"));
        watch.round(&format!("round {}: 1 of 1 units", round + 2));
    }
    list(&folder, &[("a.c", "-DX"), ("b.c", "-DX")]);
    watch.until("round 4: 1 of 2 units");
    let (status, messages) = watch.end();
    assert_eq!(status, Some(0));
    assert_eq!(messages.matches("the units stay as they were").count(), 2, "{messages}");
}

#[test]
fn notes_go_with_their_warnings_and_a_header_s_place_is_said_once() {
    let folder = project();
    write(&folder, "a.h", "#define A 1\n#define P(x) x\nint *p = P(5);\nint x = wrong1;\nint y = wrong2;\n");
    let all = text(&once(folder.path(), &[]).stderr);
    assert!(all.contains("warning: ") && all.contains("note: "), "{all}");
    assert_eq!(all.matches("In file included from ").count(), 1, "{all}");
    let errors = text(&once(folder.path(), &["-w"]).stderr);
    assert!(!errors.contains("warning: ") && !errors.contains("note: "), "{errors}");
    assert_eq!(errors.matches("error: ").count(), 2, "{errors}");
}
