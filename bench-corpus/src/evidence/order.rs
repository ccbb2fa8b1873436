//! The order of rows: words by the dictionary, everything else by text with numbers as numbers. The judge demands it.

/// The profiles, in the specification's order.
pub const PROFILES: &[&str] =
    &["freestanding", "hosted-small", "hosted-server", "realtime", "test-fixture", "compiler-internal"];

/// Drain points, in the specification's order.
pub const DRAIN_POINTS: &[&str] =
    &["safepoint", "slow-path-refill", "thread-exit", "message-boundary", "actor-shutdown", "arena-reset"];

/// What is counted of a path, in the order of the dictionary.
pub const METRICS: &[&str] = &["instructions", "branches", "loads", "stores", "locked", "calls", "syscalls"];

/// Place of a word in its dictionary; words that are not in it come last.
pub fn place(words: &[&str], cell: &str) -> usize {
    words.iter().position(|word| *word == cell).unwrap_or(words.len())
}

/// A part of a name: a number sorts before text, and by value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A run of digits.
    Number(u128),
    /// A run of anything else.
    Text(String),
}

/// A name as it sorts: `alloc-8` before `alloc-24`.
pub fn natural(cell: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = cell;
    while let Some(first) = rest.chars().next() {
        let is_number = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_number).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(match part.parse() {
            Ok(number) if is_number => Part::Number(number),
            _ => Part::Text(part.to_owned()),
        });
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_sort_by_value() {
        let mut names = ["alloc-24", "str", "alloc-8", "alloc-64", "a4b", "a4"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["a4", "a4b", "alloc-8", "alloc-24", "alloc-64", "str"]);
    }
}
