//! A case of a suite, what the suite says of it, and whether an answer agrees.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Stands for every line of another file than the case's own.
pub const ELSEWHERE: u32 = 0;

/// One call of a compiler and what the suite expects of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file below the suite's folder, and the flags if it is called more than once.
    pub name: String,
    /// The working folder of the call.
    pub folder: PathBuf,
    /// The file, relative to `folder`.
    pub file: String,
    /// Flags in gcc's spelling.
    pub flags: Vec<String>,
    /// What the suite says.
    pub expected: Expected,
}

/// What a suite says of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Whether there is an error.
    pub rejects: bool,
    /// Lines with an error; [`ELSEWHERE`] is one, too.
    pub lines: BTreeSet<u32>,
    /// Lines that may have one.
    pub optional: BTreeSet<u32>,
    /// Whether the suite says where errors stand, not only that there are some.
    pub tells_lines: bool,
}

/// What a compiler said of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The lines with errors; none is acceptance.
    Errors(BTreeSet<u32>),
    /// It ended by a signal, a panic or a limit of time or memory: how.
    Broke(String),
}

/// How an answer and a suite go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Errors on all the lines where the suite has them, and on no others.
    Right,
    /// Errors where there are some, but not on the same lines.
    OtherLines,
    /// Accepted what should be refused.
    FalseAccept,
    /// Refused what should be accepted.
    FalseReject,
    /// No answer.
    Broke,
}

impl Expected {
    /// An accepted case.
    pub fn accepted() -> Self {
        Self { tells_lines: true, ..Self::default() }
    }

    /// A case with errors on `lines`, or maybe on `optional` ones.
    pub fn with_errors(lines: BTreeSet<u32>, optional: BTreeSet<u32>) -> Self {
        Self { rejects: !lines.is_empty(), lines, optional, tells_lines: true }
    }

    /// Judges `answer`.
    pub fn judge(&self, answer: &Answer) -> Judgement {
        let Answer::Errors(found) = answer else { return Judgement::Broke };
        // Errors that are only allowed are no verdict.
        let certain = found.difference(&self.optional).next().is_some();
        match (self.rejects, found.is_empty()) {
            (true, true) => return Judgement::FalseAccept,
            (false, false) if certain => return Judgement::FalseReject,
            _ => {}
        }
        let all_hit = self.lines.is_subset(found);
        let none_more = found.iter().all(|line| self.lines.contains(line) || self.optional.contains(line));
        if !self.tells_lines || all_hit && none_more { Judgement::Right } else { Judgement::OtherLines }
    }
}

impl Judgement {
    /// The word in lists of failures.
    pub fn word(self) -> &'static str {
        match self {
            Judgement::Right => "right",
            Judgement::OtherLines => "other-lines",
            Judgement::FalseAccept => "false-accept",
            Judgement::FalseReject => "false-reject",
            Judgement::Broke => "broke",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(lines: &[u32], optional: &[u32], found: &[u32]) -> Judgement {
        let set = |lines: &[u32]| lines.iter().copied().collect();
        Expected::with_errors(set(lines), set(optional)).judge(&Answer::Errors(set(found)))
    }

    #[test]
    fn a_verdict_is_whether_there_are_errors_and_lines_must_be_the_same() {
        assert_eq!(judge(&[3, 5], &[], &[3, 5]), Judgement::Right);
        assert_eq!(judge(&[3, 5], &[], &[3]), Judgement::OtherLines);
        assert_eq!(judge(&[3], &[], &[3, 5]), Judgement::OtherLines);
        assert_eq!(judge(&[3], &[], &[]), Judgement::FalseAccept);
        assert_eq!(judge(&[], &[], &[3]), Judgement::FalseReject);
        assert_eq!(judge(&[], &[], &[]), Judgement::Right);
        assert_eq!(judge(&[3], &[5], &[3, 5]), Judgement::Right);
        assert_eq!(judge(&[], &[5], &[5]), Judgement::Right);
        let broke = Answer::Broke("signal 11".into());
        assert_eq!(Expected::accepted().judge(&broke), Judgement::Broke);
    }
}
