//! `data/preprocess/*.c` beside `*.expected`: what `cfront -E -P` prints.

use crate::input::{check_expected, data_files, data_folder, options_for, preprocess_with};
use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;
use passes::session::{Input, with_worker};

#[test]
fn every_input_prints_what_is_expected() {
    let folder = data_folder("preprocess");
    for name in data_files("preprocess") {
        let input = Input::File(name.as_bytes());
        let (output, _) = preprocess_with::<ArenaMemory>(input, &options_for(&folder), Provider::Disk);
        check_expected(&folder.join(name.replace(".c", ".expected")), &output);
    }
}

#[test]
fn printed_text_has_the_same_tokens() {
    use passes::oracle;
    let folder = data_folder("preprocess");
    let options = options_for(&folder);
    with_worker::<ArenaMemory, _>(&mut Default::default(), Provider::Disk, |worker, session| {
        for name in data_files("preprocess") {
            let input = Input::File(name.as_bytes());
            let (output, _) = preprocess_with::<ArenaMemory>(input, &options, Provider::Disk);
            let before = oracle::of_unit(worker, session, input, &options);
            let after = oracle::of_output(worker, session, output.as_bytes(), &options);
            assert!(!before.value.is_empty(), "{name} has tokens");
            assert_eq!(before.value.first_difference(&after.value), None, "{name}");
        }
    });
}

#[test]
fn line_markers_name_files_and_lines() {
    let options = passes::options::Options { report_file_changes: true, ..Default::default() };
    let files = Provider::Texts(vec![
        (String::from("a.c"), b"one\n#include \"b.h\"\nthree\n\n\n\n\n\n\n\n\n\n\nfar\n".to_vec()),
        (String::from("b.h"), b"\ninner\n".to_vec()),
    ]);
    let outcome = with_worker::<ArenaMemory, _>(&mut Default::default(), files, |worker, session| {
        worker.preprocess(session, Input::File(b"a.c"), &options, |tokens| {
            let mut output = Vec::new();
            passes::driver::print::tokens(tokens, true, &mut output);
            output
        })
    });
    let text = String::from_utf8(outcome.value).expect("text");
    let expected = "# 1 \"a.c\"\none\n# 1 \"b.h\" 1\n\ninner\n# 3 \"a.c\" 2\nthree\n# 14 \"a.c\"\nfar\n";
    assert_eq!(text, expected);
}

#[test]
fn standards_differ_in_trigraphs_comments_and_literals() {
    use passes::options::{Options, Standard};
    let of = |name: &str, text: &str| {
        let standard = Standard::by_name(name).expect("a standard");
        crate::input::preprocess(text, &Options { standard, ..Options::default() }).0
    };
    assert_eq!(of("c11", "??=define A ??( ??/\n1\nA"), "[ 1\n");
    assert_eq!(of("gnu11", "??( a"), "??( a\n");
    assert_eq!(of("c90", "a //b\n"), "a / /b\n");
    assert_eq!(of("c99", "a //b\n"), "a\n");
    assert_eq!(of("c99", "#define u x\nu\"s\"\n"), "x \"s\"\n");
    assert_eq!(of("c11", "#define u x\nu\"s\"\n"), "u\"s\"\n");
    assert_eq!(of("c17", "__STDC_VERSION__ __STRICT_ANSI__ linux"), "201710L 1 linux\n");
    assert_eq!(of("gnu90", "__STDC_VERSION__ linux"), "__STDC_VERSION__ 1\n");
}

#[test]
fn dates_are_those_of_the_options() {
    let options = passes::options::Options { time: 1_000_000_000, ..Default::default() };
    let (text, _) = crate::input::preprocess("__DATE__ __TIME__ __TIMESTAMP__", &options);
    assert_eq!(text, "\"Sep  9 2001\" \"01:46:40\" \"Sun Sep  9 01:46:40 2001\"\n");
}

#[test]
fn a_carriage_return_that_ends_a_line_is_part_of_no_literal() {
    let of = |text: &str| crate::input::preprocess(text, &Default::default()).0;
    assert_eq!(of("#define s(x) #x\ns('q\r\n);"), "\"'q\";\n");
    assert_eq!(of("#define s(x) #x\ns(R\"(a\r\nb)\");"), "\"R\\\"(a\\nb)\\\"\";\n");
    assert_eq!(of("'q\r\nx"), "'q\nx\n");
}
