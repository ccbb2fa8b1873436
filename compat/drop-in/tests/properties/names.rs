//! Every public item is named by some test: the lists of items are made by `surface.py` from the registry's packages.

use std::collections::HashSet;
use std::path::Path;

/// The last word that a list's line gives a name to, if tests must use it by that name.
fn name(line: &str) -> Option<&str> {
    if let Some((_, name)) = method(line) {
        return Some(name);
    }
    let (kind, rest) = line.split_once(' ')?;
    let path = rest.split(['<', ' ', '!']).next()?.trim_end_matches(':');
    matches!(kind, "struct" | "enum" | "trait" | "macro" | "variant").then(|| last(path))
}

/// The type and the name of the method that a list's line is about.
fn method(line: &str) -> Option<(&str, &str)> {
    let (path, rest) = line.split_once(": ")?;
    let rest = rest.strip_prefix("unsafe ").unwrap_or(rest);
    Some((last(path), rest.strip_prefix("fn ")?.split(['(', '<']).next()?))
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

fn words(text: &str) -> HashSet<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').collect()
}

#[test]
fn every_item_of_the_lists_is_named_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = String::new();
    for file in std::fs::read_dir(folder.join("tests/properties")).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().is_some_and(|name| name != "names.rs" && name != "paths.rs") {
            tests += &std::fs::read_to_string(path).unwrap();
        }
    }
    let words = words(&tests);
    let paths = std::fs::read_to_string(folder.join("tests/properties/paths.rs")).unwrap();
    let paths: Vec<HashSet<&str>> = paths.lines().map(self::words).collect();
    let (mut named, mut by_path) = (0, 0);
    let mut missing = Vec::new();
    for list in ["bumpalo-3.20.4.txt", "typed-arena-2.0.2.txt"] {
        for line in std::fs::read_to_string(folder.join(list)).unwrap().lines() {
            match name(line) {
                Some(name) if words.contains(name) => named += 1,
                Some(_) => missing.push(line.to_string()),
                None => {}
            }
            // Many methods share a name; each is taken by its path, too.
            if let Some((of, method)) = method(line) {
                by_path += 1;
                if !paths.iter().any(|words| words.contains(of) && words.contains(method)) {
                    missing.push(line.to_string());
                }
            }
        }
    }
    assert!(missing.is_empty(), "no test names {missing:#?}");
    assert!(named > 150 && by_path > 140, "{named} {by_path}");
}
