//! gcc's tests: DejaGnu's `{ dg-.. }` comments.
//!
//! A file of gcc.dg is a case if it has a `dg-error`, is to be compiled on this machine, and asks for nothing but a standard that we have,
//! warnings, `-pedantic` or optimisation; without `dg-options` gcc.dg asks for `-pedantic-errors`, which we do not have, and so do others.
//! A file of gcc.c-torture/compile is a case whatever `-f`, `-m` and `-O` flags it asks for: they change nothing in what is C, but for
//! `-fgnu89-inline`, which is passed on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::case::{Case, ELSEWHERE, Expected};
use super::suite::{Choice, file_of, folder_of, name_of};

/// What a compiler for x86-64 Linux has of what tests ask for.
const EFFECTIVE: [&str; 33] = [
    "alloca",
    "c",
    "double64",
    "double64plus",
    "exceptions",
    "float32",
    "fpic",
    "indirect_jumps",
    "inf",
    "inff",
    "int128",
    "int16plus",
    "int32",
    "int32plus",
    "label_values",
    "large_double",
    "large_long_double",
    "longlong64",
    "lp64",
    "native",
    "nonlocal_goto",
    "pie",
    "pthread",
    "ptr32plus",
    "ptr_eq_long",
    "return_address",
    "signal",
    "size20plus",
    "size32plus",
    "stdint_types",
    "stdint_types_mbig_endian",
    "trampolines",
    "untyped_assembly",
];

/// A file of gcc.c-torture/compile.
pub fn torture(path: &Path, text: &str) -> Choice {
    case(path, text, Rule::Torture)
}

/// A file of gcc.dg.
pub fn with_errors(path: &Path, text: &str) -> Choice {
    if !text.contains("dg-error") {
        return Err("has no dg-error".into());
    }
    case(path, text, Rule::Errors)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    Torture,
    Errors,
}

fn case(path: &Path, text: &str, rule: Rule) -> Choice {
    let mut file = File {
        rule,
        standard: if rule == Rule::Torture { "-std=gnu17".into() } else { String::new() },
        flags: Vec::new(),
        has_options: rule == Rule::Torture
            || path.parent().is_some_and(|folder| folder.ends_with("noncompile")),
        lines: BTreeSet::new(),
        optional: BTreeSet::new(),
        marks: BTreeMap::new(),
        is_preprocessed: false,
    };
    let directives = directives(text);
    for (line, words) in &directives {
        if words[0] == "dg-line" && words.len() > 1 {
            file.marks.insert(words[1].clone(), *line);
        }
    }
    for (line, words) in &directives {
        file.obey(*line, words)?;
    }
    if !file.has_options {
        return Err("asks for -pedantic-errors".into());
    }
    if rule == Rule::Errors && file.lines.is_empty() {
        return Err("has no dg-error for this machine".into());
    }
    if file.standard.is_empty() {
        file.standard = "-std=gnu17".into();
    }
    let mut flags = vec![file.standard];
    flags.append(&mut file.flags);
    if file.is_preprocessed {
        flags.push("-E".into());
    }
    file.optional.retain(|line| !file.lines.contains(line));
    let expected = Expected::with_errors(file.lines, file.optional);
    Ok(vec![Case { name: name_of(path), folder: folder_of(path), file: file_of(path), flags, expected }])
}

/// What the comments of a file have said so far.
struct File {
    rule: Rule,
    standard: String,
    flags: Vec<String>,
    has_options: bool,
    lines: BTreeSet<u32>,
    optional: BTreeSet<u32>,
    marks: BTreeMap<String, u32>,
    is_preprocessed: bool,
}

impl File {
    fn obey(&mut self, line: u32, words: &[String]) -> Result<(), String> {
        match words[0].as_str() {
            "dg-do" => {
                self.is_preprocessed = words.get(1).is_some_and(|what| what == "preprocess");
                if words[2..].iter().any(|word| !selects(word)) {
                    return Err("asks for another machine".into());
                }
            }
            "dg-options" | "dg-additional-options" if words[2..].iter().all(|word| selects(word)) => {
                self.has_options |= words[0] == "dg-options";
                for option in words.get(1).map_or("", String::as_str).split_whitespace() {
                    self.option(option)?;
                }
            }
            "dg-require-effective-target"
                if !words.get(1).is_some_and(|what| EFFECTIVE.contains(&what.as_str())) =>
            {
                return Err("asks for another machine".into());
            }
            "dg-skip-if" if words.get(2).is_none_or(|word| matches(word)) => {
                return Err("asks for another machine".into());
            }
            // What they ask for is here.
            "dg-require-effective-target" | "dg-skip-if" => {}
            "dg-error" | "dg-message" | "dg-bogus" => return self.message(line, words),
            "dg-excess-errors" => return Err("has errors that are not said".into()),
            word if word.starts_with("dg-require") || word == "dg-xfail-if" => {
                return Err("asks for another machine".into());
            }
            _ => {}
        }
        Ok(())
    }

    fn option(&mut self, option: &str) -> Result<(), String> {
        match option {
            "-pedantic-errors" => return Err("asks for -pedantic-errors".into()),
            "-ansi" => self.standard = "-std=c90".into(),
            "-pedantic" | "-w" | "-fsyntax-only" | "-g" => self.flags.push(option.into()),
            _ if option.starts_with("-std=") => {
                if passes::options::Standard::by_name(&option[5..]).is_none() {
                    return Err("asks for a standard that we do not have".into());
                }
                self.standard = option.into();
            }
            _ if option.starts_with("-Werror") => return Err("turns warnings into errors".into()),
            _ if option.starts_with("-W") || option.starts_with("-O") || option.starts_with("-D") => {
                self.flags.push(option.into());
            }
            "-fgnu89-inline" if self.rule == Rule::Torture => self.flags.push(option.into()),
            _ if self.rule == Rule::Torture && (option.starts_with("-f") || option.starts_with("-m")) => {}
            _ => return Err("asks for more than a check".into()),
        }
        Ok(())
    }

    /// `dg-error "text" "comment" { target .. } line`
    fn message(&mut self, line: u32, words: &[String]) -> Result<(), String> {
        let mut is_certain = words[0] == "dg-error";
        if let Some(selector) = words.get(3) {
            if selector.starts_with("xfail") {
                is_certain &= !matches(selector);
            } else if !selects(selector) {
                return Ok(());
            }
        }
        let place = words.get(4).map_or("", String::as_str);
        let target = if let Some(by) = place.strip_prefix('.') {
            by.parse::<i64>().ok().and_then(|by| u32::try_from(i64::from(line) + by).ok())
        } else if place.is_empty() {
            Some(line)
        } else {
            self.marks.get(place).copied().or_else(|| place.parse().ok())
        };
        let target = target.ok_or("has a comment that is not understood")?;
        let may_be_error =
            words[0] == "dg-message" && words.get(1).is_some_and(|text| text.contains("error"));
        match (is_certain, words[0].as_str()) {
            // Line 0 is a message without a line.
            (true, _) => self.lines.insert(if target == 0 { ELSEWHERE } else { target }),
            (false, "dg-error") => self.optional.insert(target),
            _ if may_be_error => self.optional.insert(target),
            _ => false,
        };
        Ok(())
    }
}

/// Whether a selector such as `{ target lp64 }` is for this machine; what is no selector selects.
fn selects(selector: &str) -> bool {
    selector.strip_prefix("target").is_none_or(matches)
}

/// Whether a condition such as `{ ! lp64 } && *-*-linux*` holds here; one that is not understood does not.
fn matches(condition: &str) -> bool {
    let condition = condition.trim_start_matches("xfail").trim_start_matches("target");
    let spaced = condition.replace('{', " { ").replace('}', " } ").replace('!', " ! ");
    let words: Vec<&str> = spaced.split_whitespace().map(|word| word.trim_matches('"')).collect();
    let mut at = 0;
    either(&words, &mut at)
}

fn either(words: &[&str], at: &mut usize) -> bool {
    let mut holds = both(words, at);
    loop {
        match words.get(*at) {
            Some(&"||") => {
                *at += 1;
                holds |= both(words, at);
            }
            // Several triples in a row are alternatives.
            Some(&word) if word != "}" && word != "&&" => holds |= both(words, at),
            _ => return holds,
        }
    }
}

fn both(words: &[&str], at: &mut usize) -> bool {
    let mut holds = single(words, at);
    while words.get(*at) == Some(&"&&") {
        *at += 1;
        holds &= single(words, at);
    }
    holds
}

fn single(words: &[&str], at: &mut usize) -> bool {
    let Some(&word) = words.get(*at) else { return false };
    *at += 1;
    match word {
        "!" => !single(words, at),
        "{" => {
            let holds = either(words, at);
            *at += usize::from(words.get(*at) == Some(&"}"));
            holds
        }
        _ if word.contains('-') => fits(word, "x86_64-pc-linux-gnu"),
        _ => EFFECTIVE.contains(&word),
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, rest)) => text.strip_prefix(before).is_some_and(|text| {
            (0..=text.len()).any(|at| text.is_char_boundary(at) && fits(rest, &text[at..]))
        }),
    }
}

/// The `{ dg-.. }` comments, with the lines on which they begin.
fn directives(text: &str) -> Vec<(u32, Vec<String>)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut rest = line;
        while let Some(at) = rest.find("{ dg-").or_else(|| rest.find("{dg-")) {
            let (words, len) = words(&rest[at + 1..]);
            if let Some(first) = words.first()
                && first.starts_with("dg-")
            {
                found.push((number, words));
            }
            rest = &rest[(at + 1 + len).min(rest.len())..];
        }
    }
    found
}

/// Tcl's words up to the closing brace, and how far that is. Braces and quotes are taken off.
fn words(text: &str) -> (Vec<String>, usize) {
    let bytes = text.as_bytes();
    let (mut words, mut at) = (Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'}' => return (words, at + 1),
            b'{' => {
                let (mut depth, start) = (0, at + 1);
                while let Some(&byte) = bytes.get(at) {
                    depth += i32::from(byte == b'{') - i32::from(byte == b'}');
                    at += 1;
                    if depth == 0 {
                        break;
                    }
                }
                words.push(slice(text, start, at.saturating_sub(1)).trim().to_owned());
            }
            b'"' => {
                let start = at + 1;
                at += 1;
                while bytes.get(at).is_some_and(|&byte| byte != b'"') {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                words.push(slice(text, start, at).to_owned());
                at += 1;
            }
            _ if byte.is_ascii_whitespace() => at += 1,
            _ => {
                let start = at;
                while bytes.get(at).is_some_and(|&byte| !byte.is_ascii_whitespace() && byte != b'}') {
                    at += 1;
                }
                words.push(slice(text, start, at).to_owned());
            }
        }
    }
    (words, at)
}

fn slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end.min(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_words() {
        let text =
            "x /* { dg-error \"a \\\" b\" \"why\" { target { ! lp64 } } .-1 } */\n/* { dg-line mark } */";
        let found = directives(text);
        assert_eq!(
            found[0],
            (1, ["dg-error", "a \\\" b", "why", "target { ! lp64 }", ".-1"].map(String::from).to_vec())
        );
        assert_eq!(found[1], (2, ["dg-line", "mark"].map(String::from).to_vec()));
    }

    #[test]
    fn selectors_are_conditions_of_the_machine() {
        for (selector, holds) in [
            ("target *-*-*", true),
            ("target x86_64-*-* powerpc-*-*", true),
            ("target powerpc*-*-*", false),
            ("target lp64", true),
            ("target { ! lp64 }", false),
            ("target { lp64 || ilp32 }", true),
            ("target { lp64 && { ! ilp32 } }", true),
            ("target { *-*-linux* && ilp32 }", false),
        ] {
            assert_eq!(selects(selector), holds, "{selector}");
        }
    }

    #[test]
    fn what_this_machine_has_may_be_asked_for() {
        let is_case = |text: &str| torture(Path::new("compile/a.c"), text).is_ok();
        assert!(is_case("/* { dg-require-effective-target int32plus } */"));
        assert!(!is_case("/* { dg-require-effective-target dfp } */"));
        assert!(is_case("/* { dg-skip-if \"no room\" { \"avr-*-*\" } } */"));
        assert!(!is_case("/* { dg-skip-if \"\" { *-*-* } } */"));
        assert!(!is_case("/* { dg-require-alias \"\" } */"));
    }

    #[test]
    fn errors_stand_where_the_comments_say() {
        let text = "/* { dg-options \"-std=c99\" } */\nint a; /* { dg-error \"x\" } */\n\
            /* { dg-error \"x\" \"\" { target *-*-* } .-1 } */\n/* { dg-error \"x\" \"\" { target ilp32 } } */\n\
            int b; /* { dg-error \"x\" \"\" { xfail *-*-* } } */\n/* { dg-error \"x\" \"\" { target *-*-* } mark } */\n\
            int c; /* { dg-line mark } */\n";
        let cases = with_errors(Path::new("gcc.dg/a.c"), text).expect("it is a case");
        assert_eq!(cases[0].flags, ["-std=c99"]);
        assert_eq!(cases[0].expected.lines, [2, 7].into_iter().collect());
        assert_eq!(cases[0].expected.optional, [5].into_iter().collect());
        let pedantic = with_errors(Path::new("gcc.dg/a.c"), "/* { dg-error \"x\" } */");
        assert_eq!(pedantic, Err("asks for -pedantic-errors".into()));
    }
}
