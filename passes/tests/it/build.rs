//! `cfront -p`: the files of a build, from its `compile_commands.json`.

use crate::command::{cfront, folder, text};
use std::path::Path;

/// Writes a list of commands into `build/` of `here`; `HERE` stands for that folder's path.
fn write_commands(here: &Path, entries: &str) {
    let path = here.to_str().expect("a temporary folder's name is text");
    std::fs::create_dir_all(here.join("build")).expect("a folder can be made");
    std::fs::write(here.join("build/compile_commands.json"), entries.replace("HERE", path))
        .expect("a file can be written");
}

/// Exit status, and what is said without the folder's name.
fn run(here: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = cfront(here, arguments, "");
    let said = text(&output.stderr).replace(here.to_str().expect("a folder's name is text"), "HERE");
    (output.status.code(), said)
}

/// As CMake's generators for make and ninja write it, with every way to say the same.
const ENTRIES: &str = r#"[
{
  "directory": "HERE/build",
  "command": "/usr/bin/cc -DTEXT=\"\\\"two words\\\"\" -I\"HERE/with space\"  -o a.o -c HERE/a.c",
  "file": "HERE/a.c"
},
{
  "directory": "HERE/build",
  "arguments": ["cc", "-DTEXT=\"two words\"", "-IHERE/with space", "-MD", "-MF", "a.d", "-c", "HERE/a.c", "-o", "again.o"],
  "file": "HERE/a.c"
},
{
  "directory": "HERE/build",
  "arguments": ["cc", "@flags.rsp", "-c", "../b.c"],
  "file": "../b.c", "output": "b.o"
},
{
  "directory": ".",
  "command": "cc -DNUMBER=2 -Wp,-MMD,b.d -znow -c ../b.c",
  "file": "../b.c"
},
{ "directory": "HERE/build", "command": "c++ -c HERE/main.cpp", "file": "HERE/main.cpp" },
{ "directory": "HERE/build", "command": "cc -x assembler -c HERE/a.c", "file": "HERE/a.c" }
]"#;

fn project() -> tempfile::TempDir {
    let here = folder(&[
        ("a.c", "#include <s.h>\nconst char a[10] = TEXT;\n_Static_assert(sizeof(TEXT) == 10, \"\");\n"),
        ("with space/s.h", "extern const char a[10];\n"),
        (
            "b.c",
            "int b[NUMBER];\n_Static_assert(sizeof(b) == 4 * NUMBER, \"\");\n#if NUMBER == 2\n#warning two\n#endif\n",
        ),
        ("main.cpp", "class C {};\n"),
        ("build/flags.rsp", "-DNUMBER=\"3\" '-DX=a b'\n"),
    ]);
    write_commands(here.path(), ENTRIES);
    here
}

#[test]
fn every_way_to_write_a_command_is_understood() {
    let here = project();
    let expected = "\
cfront: skipped: HERE/main.cpp (C++)
cfront: skipped: HERE/a.c (assembler)
cfront: warning: option -znow is not heeded (1 entries)
../b.c:4:2: warning: #warning two
    4 | #warning two
      |  ^~~~~~~
cfront: 3 units checked, 0 of them with errors: 0 errors, 1 warnings; 2 files skipped, 0 entries unusable, 1 duplicate
";
    let (status, said) = run(here.path(), &["-p", "build"]);
    // How much of a word is underlined is the renderer's.
    let lines = |text: &str| {
        text.lines().filter(|line| !line.starts_with("      |")).map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(lines(&said), lines(expected));
    assert_eq!(status, Some(0));
    // The same list, named as a file, from elsewhere; one unit only.
    let (status, said) =
        run(&here.path().join("with space"), &["-p", "../build/compile_commands.json", "-j1", "../a.c"]);
    assert!(said.contains("1 units checked, 0 of them"), "{said}");
    assert_eq!(status, Some(0));
}

#[test]
fn an_unusable_entry_is_named_and_the_others_are_checked() {
    let here = project();
    let entries = r#"[
{ "directory": "HERE", "command": "cc -c gone.c", "file": "gone.c" },
{ "directory": "HERE/nowhere", "command": "cc -c a.c", "file": "a.c" },
{ "directory": "HERE", "file": "b.c" },
{ "directory": "HERE", "command": "cc -m32 -DNUMBER=1 -c b.c", "file": "b.c" },
{ "directory": "HERE", "command": "cc @gone.rsp -c b.c", "file": "b.c" },
{ "file": "b.c" },
{ "directory": "HERE", "command": "cc -DNUMBER=missing -c b.c", "file": "b.c" }
]"#;
    write_commands(here.path(), entries);
    let (status, said) = run(here.path(), &["-p", "build"]);
    let failures = [
        "cfront: error: build/compile_commands.json: entry 1: HERE/gone.c: No such file or directory (os error 2)",
        "cfront: error: build/compile_commands.json: entry 2: no such directory: HERE/nowhere",
        "cfront: error: build/compile_commands.json: entry 3: b.c: neither arguments nor a command",
        "cfront: error: build/compile_commands.json: entry 4: b.c: -m32: the only machine is x86-64 with 64-bit pointers",
        "cfront: error: build/compile_commands.json: entry 5: b.c: @gone.rsp: No such file or directory (os error 2)",
        "cfront: error: build/compile_commands.json: entry 6: missing field `directory`",
    ];
    assert_eq!(said.lines().take(6).collect::<Vec<_>>(), failures);
    assert!(said.contains("b.c:1:"), "{said}");
    assert!(said.contains("1 units checked, 1 of them with errors"), "{said}");
    assert!(said.ends_with("0 files skipped, 6 entries unusable, 0 duplicate\n"), "{said}");
    assert_eq!(status, Some(1));
}

#[test]
fn a_build_without_a_list_or_without_the_file_is_a_wrong_command_line() {
    let here = project();
    let (status, said) = run(here.path(), &["-p", "with space"]);
    assert_eq!(
        said,
        "cfront: error: with space/compile_commands.json: No such file or directory (os error 2)\n"
    );
    assert_eq!(status, Some(2));
    let (status, said) = run(here.path(), &["-p", "build", "main.cpp"]);
    assert_eq!(said, "cfront: error: build/compile_commands.json: no entry compiles main.cpp as C\n");
    assert_eq!(status, Some(2));
    write_commands(here.path(), "{}");
    let (status, said) = run(here.path(), &["-p", "build"]);
    assert!(said.contains("not a list of commands"), "{said}");
    assert_eq!(status, Some(2));
}
