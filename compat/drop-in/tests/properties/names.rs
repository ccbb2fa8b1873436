//! Every public item is named by some test: the lists of items are made by `surface.py` from the registry's packages.

use std::path::Path;

/// The last word that a list's line gives a name to, if tests must use it by that name.
fn name(line: &str) -> Option<&str> {
    if let Some((_, method)) = line.split_once("fn ") {
        return method.split(['(', '<']).next();
    }
    let (kind, path) = line.split_once(' ')?;
    let path = path.trim_end_matches('!');
    matches!(kind, "struct" | "enum" | "trait" | "macro" | "variant")
        .then(|| path.rsplit("::").next().unwrap_or(path))
}

#[test]
fn every_item_of_the_lists_is_named_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = String::new();
    for file in std::fs::read_dir(folder.join("tests/properties")).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().is_some_and(|name| name != "names.rs") {
            tests += &std::fs::read_to_string(path).unwrap();
        }
    }
    let words: std::collections::HashSet<&str> =
        tests.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut named = 0;
    let mut missing = Vec::new();
    for list in ["bumpalo-3.20.4.txt", "typed-arena-2.0.2.txt"] {
        for line in std::fs::read_to_string(folder.join(list)).unwrap().lines() {
            match name(line) {
                Some(name) if words.contains(name) => named += 1,
                Some(_) => missing.push(line.to_string()),
                None => {}
            }
        }
    }
    assert!(missing.is_empty(), "no test names {missing:#?}");
    assert!(named > 150, "{named}");
}
