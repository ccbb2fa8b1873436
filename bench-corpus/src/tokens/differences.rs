//! The committed list of places where our preprocessor differs from gcc's on purpose.

use std::path::Path;

use serde::Deserialize;

/// One allowed difference: wherever we say `ours` and gcc says `gcc`.
#[derive(Clone, Debug, Deserialize)]
pub struct Difference {
    /// Units it holds for: a beginning of package/path, or `*`.
    pub unit: String,
    /// Our tokens, separated by spaces; may be empty.
    pub ours: String,
    /// gcc's tokens, separated by spaces; may be empty.
    pub gcc: String,
    /// Why we differ.
    pub reason: String,
}

/// Reads the list at `path`.
///
/// # Errors
/// A sentence naming the file, and the line that is not as the header says or that allows nothing or gives no reason.
pub fn read(path: &Path) -> Result<Vec<Difference>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .from_path(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let rows: Result<Vec<Difference>, csv::Error> = reader.deserialize().collect();
    let rows = rows.map_err(|error| format!("{}: {error}", path.display()))?;
    match rows.iter().position(|row| row.ours == row.gcc || row.reason.trim().is_empty()) {
        Some(at) => {
            Err(format!("{}: line {}: a difference needs two sides and a reason", path.display(), at + 2))
        }
        None => Ok(rows),
    }
}

impl Difference {
    /// How many tokens of ours and of gcc's it covers at the beginning of both, if it holds there.
    pub fn covers(&self, unit: &str, ours: &[&[u8]], gcc: &[&[u8]]) -> Option<(usize, usize)> {
        if self.unit != "*" && !unit.starts_with(&self.unit) {
            return None;
        }
        Some((beginning(&self.ours, ours)?, beginning(&self.gcc, gcc)?))
    }
}

/// How many tokens spell `text` at the beginning of `tokens`, if they do.
fn beginning(text: &str, tokens: &[&[u8]]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut rest = text.as_bytes();
    for (index, token) in tokens.iter().enumerate() {
        rest = rest.strip_prefix(*token)?;
        if rest.is_empty() {
            return Some(index + 1);
        }
        rest = rest.strip_prefix(b" ")?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(unit: &str, ours: &str, gcc: &str) -> Difference {
        Difference { unit: unit.into(), ours: ours.into(), gcc: gcc.into(), reason: "a test".into() }
    }

    #[test]
    fn a_difference_covers_exactly_its_tokens() {
        let (ours, gcc): (&[&[u8]], &[&[u8]]) = (&[b"a", b"b", b"c"], &[b"a b", b"c"]);
        assert_eq!(difference("*", "a b", "a b").covers("p/x.c", ours, gcc), Some((2, 1)));
        assert_eq!(difference("*", "a b", "").covers("p/x.c", ours, gcc), Some((2, 0)));
        assert_eq!(difference("*", "a bc", "").covers("p/x.c", ours, gcc), None);
        assert_eq!(difference("p/", "a", "").covers("p/x.c", ours, gcc), Some((1, 0)));
        assert_eq!(difference("q/", "a", "").covers("p/x.c", ours, gcc), None);
    }

    #[test]
    fn the_committed_list_is_readable_and_gives_reasons() {
        let path = crate::corpus::committed_folder().join("token-differences.tsv");
        let rows = read(&path).expect("the committed list is readable");
        assert!(rows.iter().all(|row| row.reason.len() > 10), "{rows:?}");
    }

    #[test]
    fn a_row_without_a_reason_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("list.tsv");
        std::fs::write(&path, "unit\tours\tgcc\treason\n*\ta\tb\t \n").expect("the list is written");
        assert!(read(&path).is_err_and(|error| error.contains("line 2")));
    }
}
