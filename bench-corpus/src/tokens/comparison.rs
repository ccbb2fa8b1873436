//! Two token sequences side by side: equal, equal but for the allowed differences, or the first place where they part.

use super::differences::Difference;

/// How a unit compared.
#[derive(Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Every token is the same, apart from `allowed` places of the committed list.
    Equal {
        /// Tokens on our side.
        tokens: usize,
        /// For each row of the list, how often it was used.
        allowed: Vec<usize>,
    },
    /// The sequences part here.
    Differs(Parting),
}

/// The first place where two sequences part, as an index into each; an index may be one past the end.
#[derive(Debug, PartialEq, Eq)]
pub struct Parting {
    /// Index of our token.
    pub ours: usize,
    /// Index of gcc's token.
    pub gcc: usize,
}

/// Walks both sequences once. `unit` is matched against the list's first column.
pub fn compare(unit: &str, ours: &[&[u8]], gcc: &[&[u8]], list: &[Difference]) -> Comparison {
    let mut allowed = vec![0; list.len()];
    let (mut i, mut j) = (0, 0);
    loop {
        let same = ours[i..].iter().zip(&gcc[j..]).take_while(|(a, b)| spell_the_same(a, b)).count();
        (i, j) = (i + same, j + same);
        if i == ours.len() && j == gcc.len() {
            return Comparison::Equal { tokens: ours.len(), allowed };
        }
        let covering = list
            .iter()
            .enumerate()
            .find_map(|(row, difference)| Some((row, difference.covers(unit, &ours[i..], &gcc[j..])?)));
        let Some((row, (of_ours, of_gcc))) = covering else {
            return Comparison::Differs(Parting { ours: i, gcc: j });
        };
        allowed[row] += 1;
        (i, j) = (i + of_ours, j + of_gcc);
    }
}

/// Directive lines compare by their words: how much space stands between them is not a token.
fn spell_the_same(a: &[u8], b: &[u8]) -> bool {
    a == b || (a.starts_with(b"#") && a.len() > 2 && without_space(a).eq(without_space(b)))
}

fn without_space(line: &[u8]) -> impl Iterator<Item = &u8> {
    line.iter().filter(|byte| !byte.is_ascii_whitespace())
}

/// The tokens around `index`, the one at `index` in brackets, on one line.
pub fn context(tokens: &[&[u8]], index: usize) -> String {
    const AROUND: usize = 6;
    let first = index.saturating_sub(AROUND);
    let last = tokens.len().min(index + AROUND + 1);
    let mut line = String::from(if first > 0 { "..." } else { "" });
    for (at, token) in tokens[first..last].iter().enumerate() {
        let token = String::from_utf8_lossy(token);
        line.push_str(&if first + at == index { format!(" [{token}]") } else { format!(" {token}") });
    }
    line.push_str(if index >= tokens.len() { " [end]" } else { "" });
    line.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ours: &str, gcc: &str, list: &[Difference], expected: Comparison) {
        let words = |text: &'static str| text.split(' ').map(str::as_bytes).collect::<Vec<_>>();
        let (ours, gcc) = (ours.to_owned().leak(), gcc.to_owned().leak());
        assert_eq!(compare("p/a.c", &words(ours), &words(gcc), list), expected);
    }

    fn allow(ours: &str, gcc: &str) -> Vec<Difference> {
        vec![Difference { unit: "*".into(), ours: ours.into(), gcc: gcc.into(), reason: "a test".into() }]
    }

    #[test]
    fn equal_sequences_are_equal() {
        check("int x ;", "int x ;", &[], Comparison::Equal { tokens: 3, allowed: vec![] });
    }

    #[test]
    fn the_first_parting_is_found_also_past_the_end() {
        check("int x ;", "int y ;", &[], Comparison::Differs(Parting { ours: 1, gcc: 1 }));
        check("int x", "int x ;", &[], Comparison::Differs(Parting { ours: 2, gcc: 2 }));
    }

    #[test]
    fn an_allowed_difference_is_stepped_over_and_counted() {
        let list = allow("1 + 1", "2");
        check("a 1 + 1 b 1 + 1", "a 2 b 2", &list, Comparison::Equal { tokens: 8, allowed: vec![2] });
        check("a 1 + 2", "a 2", &list, Comparison::Differs(Parting { ours: 1, gcc: 1 }));
    }

    #[test]
    fn an_allowed_insertion_cannot_loop() {
        check("x x y", "y", &allow("x", ""), Comparison::Equal { tokens: 3, allowed: vec![2] });
    }

    #[test]
    fn space_inside_a_pragma_is_not_compared() {
        let (ours, gcc): (&[&[u8]], &[&[u8]]) = (&[b"#pragma pack( push,1 )"], &[b"#pragma pack(push, 1)"]);
        assert_eq!(compare("u", ours, gcc, &[]), Comparison::Equal { tokens: 1, allowed: vec![] });
        let other: &[&[u8]] = &[b"#pragma pack(push, 2)"];
        assert_eq!(compare("u", ours, other, &[]), Comparison::Differs(Parting { ours: 0, gcc: 0 }));
    }

    #[test]
    fn the_context_marks_the_token_and_the_end() {
        let tokens: Vec<&[u8]> = "a b c d e f g h i".split(' ').map(str::as_bytes).collect();
        assert_eq!(context(&tokens, 7), "... b c d e f g [h] i");
        assert_eq!(context(&tokens[..2], 2), "a b [end]");
    }
}
