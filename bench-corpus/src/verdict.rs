//! One verdict a target: what was measured, the bar, met or not.

use std::fmt::Write;
use std::process::ExitCode;

use crate::cli;
use crate::measure::Ratio;

/// One target, measured.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Verdict {
    /// The target's name in the target table.
    pub target: &'static str,
    /// What was measured.
    pub what: String,
    /// The measured value; for a ratio its 95 % bound.
    pub value: f64,
    /// The most it may be.
    pub bar: f64,
    /// What else is worth knowing, as text.
    pub note: String,
    /// Why the target cannot be met as it stands, by what was measured; empty where nothing is to be explained.
    pub explanation: &'static str,
    /// Whether the value is within the bar.
    pub is_met: bool,
}

impl Verdict {
    /// `value` of `what`, met when it is at most `bar`.
    pub fn new(target: &'static str, what: impl Into<String>, value: f64, bar: f64) -> Self {
        Self {
            target,
            what: what.into(),
            value,
            bar,
            note: String::new(),
            explanation: "",
            is_met: value <= bar,
        }
    }

    /// Whether the target is met, or missed for a reason that was measured.
    pub fn is_settled(&self) -> bool {
        self.is_met || !self.explanation.is_empty()
    }

    /// The same verdict with the measured reason for which it may be missed.
    pub fn explained(mut self, explanation: &'static str) -> Self {
        self.explanation = explanation;
        self
    }

    /// A ratio, judged by its 95 % bound.
    pub fn ratio(target: &'static str, what: impl Into<String>, ratio: Ratio, bar: f64) -> Self {
        let note = format!("median {:.3} of {} pairs", ratio.median, ratio.pairs);
        Self { note, ..Self::new(target, what, ratio.bound, bar) }
    }
}

/// Prints the verdicts; exit 1 if a target is missed without a measured reason.
pub fn conclude(verdicts: &[Verdict]) -> ExitCode {
    print!("{}", table(verdicts));
    let is_settled = verdicts.iter().all(Verdict::is_settled);
    ExitCode::from(if is_settled { 0 } else { cli::FAILED })
}

/// One line a verdict, and the sum.
pub fn table(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let word = if verdict.is_met { "met" } else { "NOT MET" };
        let Verdict { target, what, value, bar, .. } = verdict;
        let _ = write!(text, "{target:<5}{what:<62}{value:>12.3}  at most {bar:>9.3}  {word}");
        if !verdict.note.is_empty() {
            let _ = write!(text, "; {}", verdict.note);
        }
        if !verdict.is_met && !verdict.explanation.is_empty() {
            let _ = write!(text, "; {}", verdict.explanation);
        }
        text.push('\n');
    }
    let met = verdicts.iter().filter(|verdict| verdict.is_met).count();
    let settled = verdicts.iter().filter(|verdict| verdict.is_settled()).count();
    let _ = writeln!(
        text,
        "verdict\t{met} of {} met, {} missed for a measured reason, {} missed",
        verdicts.len(),
        settled - met,
        verdicts.len() - settled
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_reason_settles_a_missed_target_but_does_not_meet_it() {
        let missed = Verdict::new("A2", "what", 2.0, 1.0);
        assert!(!missed.is_settled());
        let explained = missed.explained("because");
        assert!(explained.is_settled() && !explained.is_met);
        assert!(
            table(&[explained]).ends_with("verdict\t0 of 1 met, 1 missed for a measured reason, 0 missed\n")
        );
    }
}
