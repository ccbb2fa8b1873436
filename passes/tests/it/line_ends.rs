//! What ends a line, and what joins two, changes no token: `\r\n` and `\r` are as good as `\n`, and a splice may stand between any
//! two characters.

use crate::no_panic::piece;
use crate::streamed::{LINES, Seen, seen};
use passes::options::Standard;
use proptest::prelude::*;

/// Lines that are hard to end, and pieces that meet as nobody writes them; without raw strings, in which line ends count, and line numbers.
fn text() -> impl Strategy<Value = String> {
    let line = (0..LINES.len()).prop_map(|line| LINES[line]);
    let part = prop_oneof![3 => line, 2 => piece(), 1 => Just("\n")];
    prop::collection::vec(part, 0..40).prop_map(|parts| {
        parts.concat().replace('R', "r").replace("__LINE__", "LINE").replace("\r\n", "\n").replace('\r', "\n")
    })
}

/// The same with splices at `places`: not where one stands, nor inside a character, where they would mean something else.
fn spliced(text: &str, places: &[prop::sample::Index], splice: &str) -> String {
    let may_stand_at = |at: usize| {
        let before = text[..at].trim_end_matches([' ', '\t', '\x0b', '\x0c']);
        text.is_char_boundary(at) && !(before.ends_with('\\') || before.ends_with("??/"))
    };
    let is_inside_trigraph =
        |at: usize| (at.saturating_sub(2)..at).any(|from| text.as_bytes()[from..].starts_with(b"??"));
    let mut places: Vec<usize> = places.iter().map(|place| place.index(text.len().max(1))).collect();
    places.sort_unstable();
    places.dedup();
    let mut result = String::new();
    let mut from = 0;
    for at in places {
        if text.is_char_boundary(at) && may_stand_at(at) && !is_inside_trigraph(at) {
            result += &text[from..at];
            result += splice;
            from = at;
        }
    }
    result + &text[from..]
}

fn seen_as_main(text: &str, standard: &str) -> Seen {
    assert!(Standard::by_name(standard).is_some());
    seen(text.as_bytes(), b"", standard)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_line_may_end_as_other_systems_end_it(text in text()) {
        for standard in ["gnu11", "c90"] {
            let expected = seen_as_main(&text, standard);
            for end in ["\r\n", "\r"] {
                let other = text.replace('\n', end);
                prop_assert_eq!(&seen_as_main(&other, standard), &expected, "{:?}", other);
            }
        }
    }

    #[test]
    fn a_splice_may_stand_anywhere(text in text(), places in prop::collection::vec(any::<prop::sample::Index>(), 1..12)) {
        for (standard, splice) in [("gnu11", "\\\n"), ("c90", "\\\r\n"), ("c90", "??/\n")] {
            let expected = seen_as_main(&text, standard);
            let other = spliced(&text, &places, splice);
            prop_assert_eq!(&seen_as_main(&other, standard), &expected, "{:?} as {:?}", text, other);
        }
    }
}

/// What random texts found once.
#[test]
fn escapes_names_of_headers_and_ends_of_files_may_be_spliced() {
    for (text, plain) in [
        ("a \\u\\\n0030\n", "a \\u0030\n"),
        ("caf\\u\\\n00e9 \\U000\\\n000e9 1\\u\\\n00e9\n", "caf\\u00e9 \\U000000e9 1\\u00e9\n"),
        (
            "#include <it\\\n's>\n#if __has_include(<a/\\\n*b>)\nx\n#endif\n",
            "#include <it's>\n#if __has_include(<a/*b>)\nx\n#endif\n",
        ),
        ("x \\\r", "x \\\n"),
        ("L'\\\r", "L'\\\n"),
        ("'\\\r\n", "'\\\n"),
    ] {
        assert_eq!(seen_as_main(text, "gnu11"), seen_as_main(plain, "gnu11"), "{text:?}");
    }
}

#[test]
fn long_tokens_and_long_lines_may_be_spliced() {
    for len in (1..300).chain([1000, 5000]) {
        let filler = "x".repeat(len);
        for (text, plain) in [
            (format!("a\\\n{filler}+1\n"), format!("a{filler}+1\n")),
            (format!("'a\\\n{filler}' b\n"), format!("'a{filler}' b\n")),
            (format!("\"a\\\n{filler}\" b\n"), format!("\"a{filler}\" b\n")),
            (format!("\"a\\\n{filler} b\n"), format!("\"a{filler} b\n")),
            (format!("{filler}\\\ny\\u00e9z\\\n t\n"), format!("{filler}y\\u00e9z t\n")),
            (format!("u\\\n8R\"({filler})\" b\n"), format!("u8R\"({filler})\" b\n")),
            (format!("u\\\n8R\"({filler} b\n"), format!("u8R\"({filler} b\n")),
        ] {
            assert_eq!(seen_as_main(&text, "gnu11"), seen_as_main(&plain, "gnu11"), "{text:?}");
        }
    }
    // Each token of so long a line is looked at for its own length only.
    let count = 20_000;
    // The end is the last token.
    let (tokens, findings) = seen_as_main(&"a\\\n+ ".repeat(count), "gnu11");
    assert_eq!((tokens.len(), findings.len()), (2 * count + 1, 0));
}
