//! clang's tests: what their `RUN:` lines call and what their `expected-` comments say.
//!
//! A file is a case for each of its `RUN:` lines if all of them call `%clang_cc1` with nothing but `-fsyntax-only`, `-verify`, a standard
//! that we have, warning flags, `-pedantic` and our own triple. Without a standard clang 14 takes gnu17. A file with `//` is asked in GNU C 90
//! where it asks for C 90, because clang takes such comments there, and the `RUN:` lines are some.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::active::Active;
use super::case::{Case, ELSEWHERE, Expected};
use super::suite::{Choice, file_of, folder_of, name_of};

/// The cases of a file with `text`.
pub fn cases(path: &Path, text: &str, active: &Active) -> Choice {
    if text.contains("REQUIRES:") || text.contains("XFAIL:") || text.contains("UNSUPPORTED:") {
        return Err("asks for something of the machine".into());
    }
    let calls = runs(text);
    if calls.is_empty() {
        return Err("has no RUN line".into());
    }
    let flags: Result<Vec<(Vec<String>, String)>, String> = calls.iter().map(|call| flags(call)).collect();
    let flags = flags?;
    let single = flags.len() == 1;
    let folder = folder_of(path);
    let mut cases: Vec<Case> = Vec::new();
    for (mut flags, prefix) in flags {
        if matches!(&*flags[0], "-std=c89" | "-std=c90" | "-std=iso9899:199409") && text.contains("//") {
            flags[0] = String::from("-std=gnu90");
        }
        let lines = active.lines(&folder, &flags, text);
        let expected = expected(text, &prefix, &lines, &file_of(path))?;
        let name = if single { name_of(path) } else { format!("{} {}", name_of(path), flags.join(" ")) };
        let case = Case { name, folder: folder.clone(), file: file_of(path), flags, expected };
        if !cases.contains(&case) {
            cases.push(case);
        }
    }
    Ok(cases)
}

/// The commands of the `RUN:` lines.
fn runs(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut is_continued = false;
    for line in text.lines() {
        let Some(at) = line.find("RUN:") else { continue };
        let part = line[at + 4..].trim().trim_end_matches("*/").trim();
        let (part, goes_on) = match part.strip_suffix('\\') {
            Some(part) => (part.trim(), true),
            None => (part, false),
        };
        match commands.last_mut() {
            Some(command) if is_continued => {
                command.push(' ');
                command.push_str(part);
            }
            _ => commands.push(part.to_owned()),
        }
        is_continued = goes_on;
    }
    commands
}

/// The flags of a call for gcc and us, and the prefix of the comments that count; or the word for which it is no case.
fn flags(call: &str) -> Result<(Vec<String>, String), String> {
    let mut words = call.split_whitespace().peekable();
    if words.next() != Some("%clang_cc1") {
        return Err("calls something else than clang_cc1".into());
    }
    let mut flags = Vec::new();
    let (mut standard, mut prefix) = (String::from("-std=gnu17"), None);
    while let Some(word) = words.next() {
        match word {
            "%s" | "-fsyntax-only" => {}
            "-verify" => prefix = Some(String::from("expected")),
            "-triple" => match words.next() {
                Some(triple) if triple.starts_with("x86_64-") && triple.contains("linux") => {}
                _ => return Err("asks for another machine".into()),
            },
            "-pedantic" | "-w" => flags.push(word.to_owned()),
            _ if word.starts_with("-verify=") && !word.contains(',') => {
                prefix = Some(word.trim_start_matches("-verify=").to_owned());
            }
            _ if word.starts_with("-std=") => {
                let name = &word[5..];
                if passes::options::Standard::by_name(name).is_none() {
                    return Err("asks for a standard that we do not have".into());
                }
                standard = word.to_owned();
            }
            _ if word.starts_with("-Werror") || word == "-pedantic-errors" => {
                return Err("turns warnings into errors".into());
            }
            _ if word.starts_with("-W") => flags.push(word.to_owned()),
            _ => return Err("asks for more than a check".into()),
        }
    }
    let prefix = prefix.ok_or("does not verify")?;
    flags.insert(0, standard);
    Ok((flags, prefix))
}

/// Reads the comments `PREFIX-error ..` that begin on the lines in `active`. As in clang, a comment speaks of the line that it begins on,
/// though it goes on behind a backslash, or up to `*/`.
fn expected(text: &str, prefix: &str, active: &BTreeSet<u32>, file: &str) -> Result<Expected, String> {
    let comments = comments(text);
    let mut markers: BTreeMap<&str, u32> = BTreeMap::new();
    for &(number, comment) in &comments {
        for (at, _) in comment.match_indices('#') {
            let len = comment[at + 1..].find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
            let name = &comment[at + 1..at + 1 + len.unwrap_or(comment.len() - at - 1)];
            if !name.is_empty() && !comment[..at].ends_with('@') {
                markers.insert(name, number);
            }
        }
    }
    let (mut lines, mut optional) = (BTreeSet::new(), BTreeSet::new());
    let mark = format!("{prefix}-error");
    for &(number, comment) in comments.iter().filter(|(number, _)| active.contains(number)) {
        for (at, _) in comment.match_indices(&mark) {
            let rest = &comment[at + mark.len()..];
            let rest = rest.strip_prefix("-re").unwrap_or(rest);
            let Some(end) = rest.find("{{") else { continue };
            let (place, count) = match rest[..end].strip_prefix('@') {
                Some(place) => place.split_once(char::is_whitespace).unwrap_or((place, "")),
                None => ("", &rest[..end]),
            };
            let target = if place.is_empty() {
                Some(number)
            } else if let Some(name) = place.strip_prefix('#') {
                markers.get(name).copied()
            } else if let Some((name, line)) = place.rsplit_once(':') {
                if name == file { line.parse().ok() } else { Some(ELSEWHERE) }
            } else if place.starts_with(['+', '-']) {
                place.parse::<i64>().ok().and_then(|by| u32::try_from(i64::from(number) + by).ok())
            } else {
                place.parse().ok()
            };
            let target = target.ok_or("has a comment that is not understood")?;
            if count.trim().starts_with('0') {
                optional.insert(target)
            } else {
                lines.insert(target)
            };
        }
    }
    optional.retain(|line| !lines.contains(line));
    Ok(Expected::with_errors(lines, optional))
}

/// The comments of `text`, each with the number of the line that it begins on.
fn comments(text: &str) -> Vec<(u32, &str)> {
    let mut comments = Vec::new();
    let mut number = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '/' if rest.starts_with("//") => line_end(rest),
            '/' if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            // A quotation mark that is not closed on its line, as in the text of an `#error`, opens nothing.
            '"' | '\'' => closing(rest, first).unwrap_or(1),
            _ => first.len_utf8(),
        };
        let (part, behind) = rest.split_at(len);
        if part.starts_with("//") || part.starts_with("/*") {
            comments.push((number, part));
        }
        number += part.matches('\n').count() as u32;
        rest = behind;
    }
    comments
}

/// Where the line that `text` begins with ends; one that ends in a backslash goes on.
fn line_end(text: &str) -> usize {
    let mut ends = text.match_indices('\n').map(|(at, _)| at);
    ends.find(|&at| !text[..at].trim_end_matches('\r').ends_with('\\')).unwrap_or(text.len())
}

/// Where the literal that `text` begins with ends; nothing if that is not on its line.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' if !is_escaped => return None,
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_checks_are_cases() {
        let check = |call: &str, expected: Result<&[&str], &str>| {
            let found = flags(call).map(|(flags, _)| flags);
            let expected = expected.map(|flags| flags.iter().map(|flag| flag.to_string()).collect());
            assert_eq!(found, expected.map_err(str::to_owned), "{call}");
        };
        check("%clang_cc1 -fsyntax-only -verify %s", Ok(&["-std=gnu17"]));
        check("%clang_cc1 %s -verify -std=c99 -Wall", Ok(&["-std=c99", "-Wall"]));
        check("%clang_cc1 -triple x86_64-linux -verify %s", Ok(&["-std=gnu17"]));
        check("%clang_cc1 -triple i386 -verify %s", Err("asks for another machine"));
        check("%clang_cc1 -verify -fblocks %s", Err("asks for more than a check"));
        check("%clang_cc1 -fsyntax-only %s", Err("does not verify"));
        check("%clang_cc1 -Werror -verify %s", Err("turns warnings into errors"));
    }

    #[test]
    fn run_lines_may_go_on() {
        let text = "// RUN: a \\\n// RUN:   b\n/* RUN: c */\n";
        assert_eq!(runs(text), ["a b", "c"]);
    }

    #[test]
    fn a_comment_speaks_of_the_line_it_begins_on() {
        let text = "x; // expected-warning {{a}} \\\n  expected-error {{b}} \\\n  // expected-error@+1 {{c}}\n\
            \"// expected-error {{no comment}}\"\n\
            #error it's // expected-error {{d}}\n\
            /* expected-error@+1 {{e}}\n   expected-error {{f}} */ y\n\
            z /* a */ '\\'' // expected-error {{g}}\n";
        let active = (1..=9).collect();
        let lines = expected(text, "expected", &active, "a.c").map(|expected| expected.lines);
        assert_eq!(lines, Ok([1, 2, 5, 6, 7, 8].into_iter().collect()));
    }

    #[test]
    fn comments_say_where_errors_are() {
        let text = "x // expected-error {{a}} expected-note {{b}}\n\
            // expected-error@+2 2 {{a}}\n\
            // expected-warning@-1 {{a}}\n\
            y // #here\n\
            // expected-error@#here {{a}}\n\
            // expected-error@7 {{a}} expected-error@*:* {{e}}\n\
            z // expected-error 0-1 {{a}}\n\
            skipped // expected-error {{a}}\n\
            // expected-error-re@-9 0+ {{a}}\n";
        let active = [1, 2, 3, 4, 5, 6, 7, 9].into_iter().collect();
        let expected = expected(text, "expected", &active, "a.c").map(|expected| {
            let list = |lines: BTreeSet<u32>| lines.into_iter().collect::<Vec<_>>();
            (list(expected.lines), list(expected.optional))
        });
        assert_eq!(
            expected,
            Ok((vec![0, 1, 4, 7], vec![0])).map(|(lines, _): (Vec<u32>, Vec<u32>)| (lines, Vec::new()))
        );
    }
}
