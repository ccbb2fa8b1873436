//! The figures of the suites: counted by a run, and committed, so that a run that is worse fails.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::case::Judgement;

/// A row of `corpora/conformance.tsv`; its columns are described in `corpora/README.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The suite's name.
    pub suite: String,
    /// The package that the cases came from.
    pub source: String,
    /// Files that the rule looked at.
    pub files: usize,
    /// Files that it left out.
    pub excluded: usize,
    /// Calls of the compiler.
    pub cases: usize,
    /// Answers with errors where there are some, and without where there are none.
    pub right_verdict: usize,
    /// Answers with errors on exactly the right lines.
    pub right_lines: usize,
    /// Cases accepted that should be refused.
    pub false_accepts: usize,
    /// Cases refused that should be accepted.
    pub false_rejects: usize,
    /// Cases without an answer: a panic, a signal, a limit of time or memory.
    pub broken: usize,
}

impl Figures {
    /// Counts `judgements` of a suite.
    pub fn count(
        suite: &str,
        source: &str,
        files: usize,
        excluded: usize,
        judgements: impl Iterator<Item = Judgement>,
    ) -> Self {
        let mut figures = Self {
            suite: suite.into(),
            source: source.into(),
            files,
            excluded,
            cases: 0,
            right_verdict: 0,
            right_lines: 0,
            false_accepts: 0,
            false_rejects: 0,
            broken: 0,
        };
        for judgement in judgements {
            figures.cases += 1;
            match judgement {
                Judgement::Right => figures.right_lines += 1,
                Judgement::OtherLines => {}
                Judgement::FalseAccept => figures.false_accepts += 1,
                Judgement::FalseReject => figures.false_rejects += 1,
                Judgement::Broke => figures.broken += 1,
            }
        }
        figures.right_verdict =
            figures.cases - figures.false_accepts - figures.false_rejects - figures.broken;
        figures
    }

    /// `part` of the cases in percent.
    pub fn percent(&self, part: usize) -> f64 {
        100.0 * part as f64 / self.cases.max(1) as f64
    }

    /// What is worse than in `committed`.
    pub fn regressions(&self, committed: &Figures) -> Vec<String> {
        let mut found = Vec::new();
        if self.source != committed.source || self.cases != committed.cases {
            let (now, then) = (
                format!("{} cases of {}", self.cases, self.source),
                format!("{} of {}", committed.cases, committed.source),
            );
            found.push(format!(
                "{}: {now}, and {then} were recorded; look at the list and run with --accept",
                self.suite
            ));
            return found;
        }
        for (what, now, then) in [
            ("right verdicts", self.right_verdict, committed.right_verdict),
            ("right lines", self.right_lines, committed.right_lines),
        ] {
            if now < then {
                found.push(format!("{}: {now} {what}, {then} were recorded", self.suite));
            }
        }
        found
    }
}

/// Reads the committed figures; none if there is no file.
///
/// # Errors
/// The file is not as its header says.
pub fn read(path: &Path) -> Result<Vec<Figures>, String> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let reader = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_path(path);
    let mut reader = reader.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    reader.deserialize().collect::<Result<_, _>>().map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes `figures` in place of the committed rows of the same suites.
///
/// # Errors
/// The file cannot be read or written.
pub fn accept(path: &Path, figures: &[Figures]) -> Result<(), String> {
    let mut rows = read(path)?;
    for figures in figures {
        match rows.iter_mut().find(|row| row.suite == figures.suite) {
            Some(row) => *row = figures.clone(),
            None => rows.push(figures.clone()),
        }
    }
    let failed = |error: csv::Error| format!("cannot write {}: {error}", path.display());
    let mut writer = csv::WriterBuilder::new().delimiter(b'\t').from_path(path).map_err(failed)?;
    rows.iter().try_for_each(|row| writer.serialize(row)).map_err(failed)?;
    writer.flush().map_err(|error| format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(judgements: &[Judgement]) -> Figures {
        Figures::count("s", "p_1", 9, 2, judgements.iter().copied())
    }

    #[test]
    fn a_figure_that_fell_is_a_regression() {
        use Judgement::*;
        let before = figures(&[Right, OtherLines, FalseAccept]);
        assert_eq!((before.right_verdict, before.right_lines), (2, 1));
        assert_eq!(figures(&[Right, Right, FalseReject]).regressions(&before), [""; 0]);
        assert_eq!(figures(&[OtherLines, OtherLines, Right]).regressions(&before), [""; 0]);
        assert_eq!(figures(&[OtherLines, OtherLines, FalseAccept]).regressions(&before).len(), 1);
        assert_eq!(figures(&[Right, Broke, FalseAccept]).regressions(&before).len(), 1);
        assert_eq!(figures(&[Right, OtherLines]).regressions(&before).len(), 1);
    }

    #[test]
    fn accepted_figures_are_read_again_and_replace_their_suite_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("figures.tsv");
        let first = figures(&[Judgement::Right]);
        let other = Figures { suite: "t".into(), ..first.clone() };
        accept(&path, &[first.clone(), other.clone()]).expect("it is written");
        let better = figures(&[Judgement::Right, Judgement::Right]);
        accept(&path, std::slice::from_ref(&better)).expect("it is written");
        assert_eq!(read(&path), Ok(vec![better, other]));
    }
}
