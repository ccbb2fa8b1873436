//! sparse's validation suite: `check-` comments.
//!
//! A file is a case if it is named by `check-name`, is not known to fail, and is called with a standard or warnings only. It is to be
//! refused if `check-error-start` lists errors.

use std::collections::BTreeSet;
use std::path::Path;

use super::case::{Case, Expected};
use super::compiler::error_lines;
use super::suite::{Choice, file_of, folder_of, name_of};

/// The case of a file with `text`.
pub fn cases(path: &Path, text: &str) -> Choice {
    let field = |name: &str| {
        let at = text.find(name)? + name.len();
        text[at..].lines().next().map(str::trim)
    };
    if field("check-name:").is_none() {
        return Err("has no check-name".into());
    }
    if text.contains("check-known-to-fail") {
        return Err("is known to fail".into());
    }
    let mut flags = vec![String::from("-std=gnu17")];
    for word in field("check-command:").unwrap_or_default().split_whitespace() {
        let is_passed_on =
            ["-W", "-D", "-fdump-ir", "-fno-", "-v"].iter().any(|start| word.starts_with(start));
        match word {
            "sparse" | "test-linearize" | "test-parsing" | "$file" | "-m64" | "-w" => {}
            _ if word.starts_with("-std=") && passes::options::Standard::by_name(&word[5..]).is_some() => {
                flags[0] = word.to_owned();
            }
            _ if word.starts_with("-flinearize") || is_passed_on => {
                if word.starts_with("-D") {
                    flags.push(word.to_owned());
                }
            }
            _ => return Err("asks for more than a check".into()),
        }
    }
    let file = file_of(path);
    let start = text.find("check-error-start").unwrap_or(text.len());
    let end = text.find("check-error-end").unwrap_or(text.len());
    let lines = error_lines(text.get(start..end).unwrap_or_default(), &file);
    let relative = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    // In folders of the suite messages name the folder, too.
    let also = error_lines(text.get(start..end).unwrap_or_default(), &format!("{relative}/{file}"));
    let lines = if lines.contains(&super::case::ELSEWHERE) { also } else { lines };
    let expected = Expected::with_errors(lines, BTreeSet::new());
    Ok(vec![Case { name: name_of(path), folder: folder_of(path), file, flags, expected }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_listed_at_the_end() {
        let text = "int a = b;\n/*\n * check-name: x\n * check-error-start\n\
            a.c:1:9: error: undefined identifier 'b'\na.c:1:9: warning: w\n * check-error-end\n */\n";
        let cases = cases(Path::new("validation/a.c"), text).expect("it is a case");
        assert_eq!(cases[0].expected.lines, [1].into_iter().collect());
        let failing = super::cases(Path::new("a.c"), "/* check-name: x\n check-known-to-fail */");
        assert_eq!(failing, Err("is known to fail".into()));
    }
}
