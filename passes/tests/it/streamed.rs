//! A main file is lexed part by part, a header as a whole: the same text gives the same tokens and findings both ways.

use passes::files::Provider;
use passes::memory::arenas::ArenaMemory;
use passes::options::{Options, Standard};
use passes::session::{Input, with_worker};
use proptest::prelude::*;

/// Kind, spelling and offset of every token; kind and message of every finding.
pub type Seen = (Vec<(String, Vec<u8>)>, Vec<String>);

/// What is seen of `main`, which may include `header` as `text.h`.
pub fn seen(main: &[u8], header: &[u8], standard: &str) -> Seen {
    let standard = Standard::by_name(standard).expect("a standard");
    let directories = vec![b".".to_vec()];
    let options = Options { standard, directories, system_directories: Vec::new(), ..Options::default() };
    let texts: [(&str, &[u8]); 3] = [("text.h", header), ("./it's", b"its\n"), ("./a/*b", b"ab\n")];
    let files = Provider::Texts(texts.map(|(name, text)| (String::from(name), text.to_vec())).into());
    let input = Input::Text { name: b"main.c", text: main };
    with_worker::<ArenaMemory, _>(&mut Default::default(), files, |worker, session| {
        let outcome = worker.preprocess(session, input, &options, |tokens| {
            let mut seen = Vec::new();
            loop {
                let token = tokens.next_token();
                seen.push((format!("{:?} {}", token.kind, token.flags), tokens.spelling(&token).to_vec()));
                if seen.last().is_some_and(|(kind, _)| kind.starts_with("Eof")) {
                    return seen;
                }
            }
        });
        let findings = outcome.diagnostics.as_slice();
        (outcome.value, findings.iter().map(|found| found.message.clone()).collect())
    })
}

#[track_caller]
fn check(text: &[u8], standard: &str) {
    let streamed = seen(text, b"", standard);
    let whole = seen(b"#include \"text.h\"\n", text, standard);
    assert_eq!(streamed, whole, "{}", String::from_utf8_lossy(text));
}

/// Lines that are hard to skip, or to end a part at.
pub const LINES: &[&str] = &[
    "#if 0\n",
    "#if 1\n",
    "#ifdef A\n",
    "#ifndef A\n",
    "#elif 1\n",
    "#elif 0\n",
    "#else\n",
    "#endif\n",
    "%: endif\n",
    "# /* c */ endif // c\n",
    "#\\\nif 0\n",
    "#en\\\ndif\n",
    "#el\\\nse\n",
    "#ifde\\\nf B\n",
    "#endif\\\nx\n",
    "#if __has_include(<a/*b>)\n",
    "#include <it's>\n",
    "#include <a/*b>\n",
    "#error it's\n",
    "#define A 1 // it's\n",
    "#define F(x) x + \\\n  x\n",
    "#define G \"/*\" '\"'\n",
    "#undef A\n",
    "#elseif\n",
    "#ifs 1\n",
    "??=else\n",
    "/* c */ #else\n",
    "/* c\n */ # endif\n",
    "x /* c\n */ # endif\n",
    "it's\n",
    "\"open\n",
    "\"/*\" \"\\\"\" '\\'' '\"'\n",
    "\"a\\\nb\" /\\\n* c\n */ d\n",
    "// c \\\n#endif\n",
    "R\"x(\n#endif\n)x\" y\n",
    "R\\\n\"(\n#else\n)\"\n",
    "LR\"(\n#endif)\"\n",
    "a\\u0030 \\u0041 \\ b\n",
    "caf\\u00e9 \u{e9}\n",
    "F(\n",
    "1, 2)\n",
    "F\n",
    "(3)\n",
    "A A 0x1p+3 a/b /c ->* %:%: <:\n",
    "\n",
    "\\\n",
    " \\ \n",
    "#\n",
    "# 12 \"f\" 3\n",
    "#pragma once_more 'x\n",
    "_Pragma(\"p\") 'a' \0 z\n",
    "\r\n",
    "/* open",
    "#if 1 /* c\n*/ + 1\n",
    "#else /* c\n*/\n",
    "x\ry\r\n",
    "\"open\r\n",
    "'open \r#endif\r",
    "\"a\\\r\nb\" 'c\\ \r\n'\r\n",
    "#\x0cif\x0b0\n",
    "#el\\\r\nif 1\r\n",
    "#include <it\\\n's>\n",
    "#include \"it's\\\r\n\"\r\n",
    "#if __has_include(<a/\\\n*b>)\n",
    "#if \0 1 \0\n",
    "\0#\0else\0\n",
    "??/\n??=if 0 ??/\r\n\r\n",
    "\"??/\" \" ??/\n\"\n",
    "F(_Pragma(\"p\"), _Pragma\\\n(\"q\"))\n",
    "#define V(...) __VA_OPT__(a __VA_ARGS__ ## b) #__VA_ARGS__\n",
    "V() V(1,\\\n2) V(V(3))\n",
    "u8\"a\" u8'b' L\\\n'c' 'ab\\\n' '\n",
    "1\\\n2.\\\n3e\\\n+4 .\\\n.\\\n. %\\\n:%:\n",
];

#[test]
fn a_text_gives_the_same_tokens_as_a_header() {
    let lines = prop::collection::vec(0..LINES.len(), 0..40);
    let mut runner = prop::test_runner::TestRunner::new_with_rng(
        ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() },
        prop::test_runner::TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let run = |lines: Vec<usize>| {
        let text: String = lines.iter().map(|&line| LINES[line]).collect();
        check(text.as_bytes(), "gnu11");
        check(text.as_bytes(), "c90");
        Ok(())
    };
    runner.run(&lines, run).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn parts_end_anywhere_between_lines() {
    let call = "#define F(x, y) x y\nF\n(a,\nb) F F(1\n, F(\n2,3)) \\\nit is\n";
    for lead in 500..540 {
        // So many tokens that a part ends somewhere in the calls.
        let text = format!("{}{}", "a b\n".repeat(lead), call.repeat(3));
        check(text.as_bytes(), "gnu11");
    }
    check("x ".repeat(5000).as_bytes(), "gnu11");
}

#[test]
fn a_group_that_is_skipped_may_be_the_rest_of_the_file() {
    for text in [
        "#if 0\nint x;\n",
        "#if 0\n",
        "#if 0",
        "#if 0\n#else",
        "#if 0\n#if 1\n#endif\n",
        "a\n#ifdef X\n/* open",
        "#if 1\n#else\n",
    ] {
        check(text.as_bytes(), "gnu11");
    }
}
