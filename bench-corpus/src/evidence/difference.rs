//! What a fresh run changes in the committed evidence: rows by their first cells, old and new values.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines shown for one file; the rest is counted.
const LINES_MAX: usize = 40;

/// The difference of two tab-separated files, a line a changed cell, or `None` when they are equal.
pub fn of(file: &str, before: &[u8], after: &[u8]) -> Option<String> {
    if before == after {
        return None;
    }
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let header: Vec<&str> = after.lines().next().unwrap_or("").split('\t').collect();
    let (old, new) = (rows(&before), rows(&after));
    let mut lines = Vec::new();
    for (key, cells) in &new {
        match old.get(key) {
            None => lines.push(format!("+ {key}")),
            Some(known) => {
                for (place, (was, is)) in known.iter().zip(cells).enumerate() {
                    if was != is {
                        let column = header.get(place).copied().unwrap_or("?");
                        lines.push(format!("  {key} [{column}]: {was} -> {is}"));
                    }
                }
            }
        }
    }
    lines.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| format!("- {key}")));
    let mut text = format!("{file}: {} differences\n", lines.len());
    for line in lines.iter().take(LINES_MAX) {
        let _ = writeln!(text, "  {line}");
    }
    if lines.len() > LINES_MAX {
        let _ = writeln!(text, "  ... and {} more", lines.len() - LINES_MAX);
    }
    Some(text)
}

/// Cells by row. A row is known by as many of its first cells as make it different from all others.
fn rows(text: &str) -> BTreeMap<String, Vec<&str>> {
    let lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let widest = lines.iter().map(Vec::len).max().unwrap_or(0);
    for width in 1..=widest {
        let keyed: BTreeMap<String, Vec<&str>> =
            lines.iter().map(|cells| (cells[..width.min(cells.len())].join(" "), cells.clone())).collect();
        if keyed.len() == lines.len() {
            return keyed;
        }
    }
    lines.into_iter().map(|cells| (cells.join(" "), cells)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_cells_are_named_by_row_and_column() {
        let before = b"profile\tcase\tvalue\nci\ta\t1\nci\tb\t2\n";
        let after = b"profile\tcase\tvalue\nci\ta\t1\nci\tb\t3\nci\tc\t4\n";
        let text = of("x.tsv", before, after).expect("they differ");
        assert_eq!(text, "x.tsv: 2 differences\n    ci b [value]: 2 -> 3\n  + ci c\n");
    }

    #[test]
    fn equal_files_have_no_difference() {
        assert_eq!(of("x.tsv", b"a\n1\n", b"a\n1\n"), None);
    }
}
