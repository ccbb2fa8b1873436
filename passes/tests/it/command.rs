//! `cfront` as a command: spelling of options, exit status, where things are printed.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What `cfront` says in `folder` when it is given `arguments` and `input`.
pub fn cfront(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cfront"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cfront can be run");
    // A command that refuses its options does not read.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("cfront ends")
}

/// `bytes` as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// How `cfront` ended in `folder` when it was given `arguments`, and what it complained of.
fn ended(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = cfront(folder, arguments, "");
    (output.status.code(), text(&output.stderr))
}

/// A temporary folder with these files.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        std::fs::write(path, content).expect("a file can be written");
    }
    folder
}

#[test]
fn standard_input_is_a_file_called_minus() {
    let here = folder(&[]);
    let output = cfront(here.path(), &["-E", "-P", "-"], "#define X 1\nX __FILE__\n");
    assert_eq!(text(&output.stdout), "1 \"<stdin>\"\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn several_files_are_printed_in_order_with_any_number_of_threads() {
    let here = folder(&[("a.c", "a\n"), ("b.c", "b\n"), ("c.c", "c\n")]);
    for threads in ["-j1", "-j2", "-j0"] {
        let output = cfront(here.path(), &["-E", "-P", threads, "a.c", "b.c", "c.c"], "");
        assert_eq!(text(&output.stdout), "a\nb\nc\n");
    }
}

#[test]
fn directories_are_searched_in_gcc_s_order() {
    let here = folder(&[
        ("a.c", "#include <h.h>\n#include \"h.h\"\n"),
        ("h.h", "beside\n"),
        ("i/h.h", "included\n#include_next <h.h>\n"),
        ("s/h.h", "system\n"),
        ("q/q.h", "quoted\n"),
    ]);
    let output = cfront(here.path(), &["-E", "-P", "-isystem", "s", "-Ii", "a.c"], "");
    assert_eq!(text(&output.stdout), "included\nsystem\nbeside\n");
    let output = cfront(here.path(), &["-E", "-P", "-iquote", "q", "-"], "#include \"q.h\"\n");
    assert_eq!(text(&output.stdout), "quoted\n");
    let output = cfront(here.path(), &["-E", "-P", "-iquote", "q", "-"], "#include <q.h>\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn macros_and_files_come_from_the_command_line() {
    let here =
        folder(&[("i.h", "int i;\n"), ("m.h", "#define M 3\nlost\n"), ("args", "-DB=\"2 2\" -include i.h")]);
    let arguments = ["-E", "-P", "-DA", "-D", "F(x)=<x>", "-DC=c", "-UC", "-imacros", "m.h", "@args", "-"];
    let output = cfront(here.path(), &arguments, "A B C F(1) M\n");
    assert_eq!(text(&output.stdout), "int i;\n1 2 2 C <1> 3\n");
}

#[test]
fn output_goes_to_a_file_on_request() {
    let here = folder(&[("a.c", "a\n")]);
    let output = cfront(here.path(), &["-E", "-P", "-o", "out", "a.c"], "");
    assert_eq!(text(&output.stdout), "");
    assert_eq!(std::fs::read_to_string(here.path().join("out")).expect("the output"), "a\n");
}

#[test]
fn exit_status_tells_input_from_usage() {
    let here = folder(&[("bad.c", "#error no\n"), ("good.c", "#warning perhaps\n")]);
    let status = |arguments: &[&str]| cfront(here.path(), arguments, "").status.code();
    assert_eq!(status(&["-fsyntax-only", "-Wall", "-O2", "-g", "-mavx", "good.c"]), Some(0));
    assert_eq!(status(&["bad.c"]), Some(1));
    assert_eq!(status(&["good.c", "missing.c"]), Some(1));
    assert_eq!(status(&["-zzz", "good.c"]), Some(2));
    assert_eq!(status(&[]), Some(2));
    assert_eq!(status(&["-std=c3000", "good.c"]), Some(2));
    assert_eq!(status(&["--help"]), Some(0));
    assert_eq!(status(&["--version"]), Some(0));
}

#[test]
fn memory_report_has_a_row_for_each_pass() {
    let here = folder(&[("a.c", "#include <stddef.h>\nsize_t n;\n")]);
    let output = cfront(here.path(), &["--mem-report", "a.c"], "");
    let report = text(&output.stderr);
    assert!(report.lines().any(|line| line.starts_with("lex ")), "{report}");
    assert!(report.lines().any(|line| line.starts_with("preprocess ")), "{report}");
    let output = cfront(here.path(), &["--mem-report=json", "a.c"], "");
    assert!(text(&output.stderr).starts_with("{\"memory\":\"compiler-alloc\""), "{}", text(&output.stderr));
}

#[test]
fn macros_are_listed_on_request() {
    let here = folder(&[]);
    let input = "#define F(a, b...) #a a ## b\n#define O x  y\n";
    let output = cfront(here.path(), &["-E", "-dM", "-undef", "-nostdinc", "-"], input);
    let list = text(&output.stdout);
    assert!(list.contains("#define F(a,b...) #a a ## b\n"), "{list}");
    assert!(list.contains("#define O x y\n"), "{list}");
    assert!(!list.contains("__GNUC__"), "{list}");
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let here = folder(&[("a.c", "a\n"), ("d/x", "")]);
    let message = |arguments: &[&str]| ended(here.path(), arguments);
    let missing = "cfront: fatal error: nowhere.c: No such file or directory\n";
    assert_eq!(message(&["nowhere.c"]), (Some(1), missing.to_owned()));
    assert_eq!(message(&["d"]), (Some(1), String::from("cfront: fatal error: d: Is a directory\n")));
    let (status, unwritable) = message(&["-E", "a.c", "-o", "no/such/folder"]);
    assert_eq!(status, Some(1));
    assert!(unwritable.starts_with("cfront: error: no/such/folder: "), "{unwritable}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_read_to_its_end() {
    let here = folder(&[]);
    let output = cfront(here.path(), &["-E", "-P", "/dev/stdin"], "#define X 1\nX\n");
    assert_eq!(text(&output.stdout), "1\n");
}

#[test]
fn printed_lines_are_indented_as_gcc_does() {
    let here = folder(&[]);
    let input = "#define EMPTY\n#define f(x) x\n  a\n\tb EMPTY c\nEMPTY d\nEMPTY\n   f(e)\na:: b\n";
    let output = cfront(here.path(), &["-E", "-P", "-"], input);
    assert_eq!(text(&output.stdout), "  a\n b c\n d\n   e\na:: b\n");
    let output = cfront(here.path(), &["-E", "-"], input);
    assert_eq!(text(&output.stdout), "# 1 \"<stdin>\"\n\n\n  a\n b c\n d\n\n   e\na:: b\n");
}

#[test]
fn a_check_leaves_no_file_behind() {
    let here = folder(&[("a.c", "int a;\n")]);
    let output = cfront(here.path(), &["-c", "a.c", "-o", "a.o"], "");
    assert_eq!(output.status.code(), Some(0));
    assert!(!here.path().join("a.o").exists());
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_are_refused_on_the_command_line_and_fine_in_names_of_headers() {
    use std::os::unix::ffi::OsStrExt;
    let here = folder(&[]);
    let name = std::ffi::OsStr::from_bytes(b"\xFF.h");
    std::fs::write(here.path().join(name), "found\n").expect("a file can be written");
    std::fs::write(here.path().join("a.c"), b"#include \"\xFF.h\"\n").expect("a file can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_cfront")).arg(name).output().expect("cfront can be run");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("cfront: error: the argument "), "{}", text(&output.stderr));
    assert_eq!(text(&cfront(here.path(), &["-E", "-P", "a.c"], "").stdout), "found\n");
}

#[test]
fn tokens_behind_a_call_over_several_lines_stand_on_their_own_line() {
    let here = folder(&[]);
    let input = "#define F(a) <a>\nF(\n1) x\n y F(2\n) F(3) z\nlast a\\\n b /*\n*/ c\n";
    let output = cfront(here.path(), &["-E", "-"], input);
    // Every line as gcc prints it.
    let expected = "# 1 \"<stdin>\"\n\n<1>\n   x\n y <2>\n  <3> z\nlast a\n b\n   c\n";
    assert_eq!(text(&output.stdout), expected);
}

#[test]
fn columns_behind_trigraphs_are_those_of_the_text_as_it_was_written() {
    let here = folder(&[("a.c", "x\n  ??=error ??( ??)\n??=if 1 ??! ??! 0 1\n??=endif\n")]);
    let output = cfront(here.path(), &["-std=c11", "a.c"], "");
    let expected = "a.c:2:6: error: #error [ ]\n    2 |   ??=error ??( ??)\n      |      ^\n";
    assert!(text(&output.stderr).starts_with(expected), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("a.c:3:13: error: "), "{}", text(&output.stderr));
}

#[test]
fn without_e_syntax_and_names_are_checked() {
    let here = folder(&[("good.c", "int f(void) { return 1; }\n"), ("bad.c", "int f(void) { return x; }\n")]);
    let status = |arguments: &[&str]| cfront(here.path(), arguments, "").status.code();
    assert_eq!(status(&["-fsyntax-only", "good.c"]), Some(0));
    assert_eq!(status(&["--keep-trees", "good.c"]), Some(0));
    assert_eq!(status(&["-fsyntax-only", "good.c", "bad.c"]), Some(1));
    let output = cfront(here.path(), &["--mem-report", "-w", "good.c"], "");
    assert!(text(&output.stderr).contains("\nparse  "), "{}", text(&output.stderr));
}

/// Twelve units of different sizes, some with findings, which share a header.
fn many_units() -> (tempfile::TempDir, Vec<String>) {
    let here =
        folder(&[("h.h", "struct H { int a; };\nextern struct H h;\nint undefined_in_h(struct NoSuch);\n")]);
    let names: Vec<String> = (0..12).map(|number| format!("u{number}.c")).collect();
    for (number, name) in names.iter().enumerate() {
        let functions: String = (0..(number * 7) % 12 * 20)
            .map(|function| format!("int f{number}_{function}(int a) {{ return a + h.a * {function}; }}\n"))
            .collect();
        let wrong = ["", "int w = missing;\n", "#warning look\nint x = h.b;\n"][number % 3];
        std::fs::write(here.path().join(name), format!("#include \"h.h\"\n{functions}{wrong}"))
            .expect("a file can be written");
    }
    (here, names)
}

#[test]
fn messages_stand_in_the_order_of_the_files_whatever_the_number_of_threads() {
    let (here, names) = many_units();
    let run = |threads: &str| {
        let arguments: Vec<&str> = [threads].into_iter().chain(names.iter().map(String::as_str)).collect();
        let output = cfront(here.path(), &arguments, "");
        (output.status.code(), text(&output.stderr))
    };
    let one = run("-j1");
    assert_eq!(one.0, Some(1));
    let errors: Vec<&str> = one.1.lines().filter(|line| line.contains(": error: ")).collect();
    assert!(errors.len() == 8 && errors[0].starts_with("u1.c:"), "{errors:?}");
    for threads in ["-j2", "-j4"] {
        assert_eq!(run(threads), one, "{threads}");
    }
}

#[test]
fn a_unit_ends_after_as_many_errors_as_are_wanted() {
    let here = folder(&[("a.c", "int a = x;\nint b = y;\nint c = z;\n"), ("good.c", "int g;\n")]);
    let run = |option: &str| text(&cfront(here.path(), &[option, "a.c", "good.c"], "").stderr);
    let errors = |text: &str| text.lines().filter(|line| line.contains(": error: ")).count();
    let two = run("-fmax-errors=2");
    assert_eq!(errors(&two), 2, "{two}");
    assert!(two.ends_with("compilation terminated due to -fmax-errors=2.\n"), "{two}");
    // As gcc: it says so where it meets one more.
    let here_many = folder(&[("many.c", &"int a = x;\n".repeat(300))]);
    let many = |arguments: &[&str]| errors(&text(&cfront(here_many.path(), arguments, "").stderr));
    assert_eq!((many(&["many.c"]), many(&["-fmax-errors=0", "many.c"])), (100, 300));
    assert_eq!(many(&["-fmax-errors=200", "many.c"]), 200);
    for all in [run("-fmax-errors=3"), run("-fmax-errors=0")] {
        assert_eq!(errors(&all), 3, "{all}");
        assert!(!all.contains("terminated"), "{all}");
    }
}

#[test]
fn a_trace_shows_the_passes_of_every_unit() {
    let (here, names) = many_units();
    let arguments: Vec<&str> =
        ["-j2", "--trace", "trace.json"].into_iter().chain(names.iter().map(String::as_str)).collect();
    cfront(here.path(), &arguments, "");
    let trace = std::fs::read_to_string(here.path().join("trace.json")).expect("the trace was written");
    let trace: serde_json::Value = serde_json::from_str(&trace).expect("the trace is JSON");
    let events = trace["traceEvents"].as_array().expect("a list of events");
    let count = |key: &str, value: &str| events.iter().filter(|event| event[key] == value).count();
    assert_eq!((count("cat", "unit"), count("name", "parse")), (12, 12));
    assert!(count("name", "lex") >= 1 && count("ph", "C") >= 36);
    let unwritable = cfront(here.path(), &["--trace", "no/such/folder", "u0.c"], "");
    assert!(text(&unwritable.stderr).contains("no/such/folder"), "{}", text(&unwritable.stderr));
}

#[test]
fn watch_becomes_the_program_beside_it() {
    // On the file system of the program, so that links to it can be made; one stands for the program that watches.
    let here = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let program = here.path().join("cfront");
    std::fs::hard_link(env!("CARGO_BIN_EXE_cfront"), &program).expect("a link can be made");
    let run = || {
        let mut command = Command::new(&program);
        command.env("PATH", here.path()).args(["watch", "--version"]).output().expect("cfront can be run")
    };
    let missing = run();
    assert_eq!(missing.status.code(), Some(2));
    let said = text(&missing.stderr);
    assert!(said.starts_with("cfront: error: cfront watch needs the program cfront-watch "), "{said}");
    std::fs::hard_link(&program, here.path().join("cfront-watch")).expect("a link can be made");
    let started = run();
    assert_eq!(
        (started.status.code(), text(&started.stdout)),
        (Some(0), text(&cfront(here.path(), &["--version"], "").stdout))
    );
}

#[test]
fn a_message_names_where_the_file_was_included_and_the_macro_it_stands_in() {
    let here = folder(&[
        ("a.c", "#define VALUE missing + 1\n#define CALL(x) (x)\n#include \"b.h\"\n"),
        ("b.h", "#include \"c.h\"\n"),
        (
            "c.h",
            "int f(void) {\n\treturn VALUE;\n}\nint g(void) { int CALL = 1; return CALL + CALL(lost); }\n",
        ),
    ]);
    let output = cfront(here.path(), &["a.c"], "");
    insta::assert_snapshot!(text(&output.stderr));
}

#[test]
fn what_is_not_done_is_said_in_one_sentence() {
    let here = folder(&[("vectors.c", "#include <immintrin.h>\n__m256i a;\n"), ("good.c", "int a;\n")]);
    let run = |arguments: &[&str]| ended(here.path(), arguments);
    let vectors = "vectors.c:1:10: fatal error: immintrin.h: the machine's vector functions are not known to this program\n    \
                   1 | #include <immintrin.h>\n      |          ^\n";
    assert_eq!(run(&["vectors.c"]), (Some(1), vectors.to_owned()));
    let pedantic =
        "cfront: warning: option -pedantic-errors is not heeded: what GNU C adds to C stays allowed\n";
    assert_eq!(run(&["-pedantic-errors", "good.c"]), (Some(0), pedantic.to_owned()));
}
