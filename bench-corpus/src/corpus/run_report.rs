//! What a run of the passes over the corpus showed: per round, per pass, and the process's memory.

use serde::{Deserialize, Serialize};

/// One process's run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// The allocator under the passes: `ours` or `bumpalo`.
    pub memory: String,
    /// `quick` or `full`.
    pub set: String,
    /// Workers.
    pub jobs: usize,
    /// Units in every round.
    pub units: usize,
    /// Non-blank preprocessed lines of those units, from the table.
    pub pp_lines: u64,
    /// Units that failed in any round, each once, with the first diagnostic.
    pub failed: Vec<FailedUnit>,
    /// The rounds, the first (cold) one first.
    pub rounds: Vec<RoundReport>,
    /// Highest resident memory of the process, in bytes.
    pub peak_rss_bytes: u64,
    /// Resident memory after the session has ended and before the process exits, in bytes.
    pub idle_rss_bytes: u64,
    /// The anonymous part of `idle_rss_bytes`.
    pub idle_anonymous_bytes: u64,
}

/// A unit that could not be compiled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FailedUnit {
    /// Package and path.
    pub unit: String,
    /// The first diagnostic.
    pub reason: String,
}

/// One round over all units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundReport {
    /// From 1.
    pub round: usize,
    /// Minor page faults of the whole process during the round.
    pub faults: u64,
    /// CPU time of the whole process during the round, in microseconds.
    pub cpu_us: u64,
    /// The passes, in pipeline order.
    pub passes: Vec<PassReport>,
}

/// One pass in one round, all workers together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PassReport {
    /// Name of the pass.
    pub pass: String,
    /// How often it ran.
    pub runs: u64,
    /// Bytes it asked for.
    pub used_bytes: u64,
    /// Bytes its arenas held for that, at their highest.
    pub reserved_bytes: u64,
    /// Spans it took that had been used before.
    pub spans_warm: u64,
    /// Spans it took that came fresh from the page source.
    pub spans_cold: u64,
    /// Minor page faults while it ran, passes that it called not counted.
    pub faults: u64,
    /// CPU time while it ran, passes that it called not counted, in microseconds.
    pub cpu_us: u64,
}

/// From this round on a run counts as warm.
pub const STEADY_ROUND: usize = 3;

impl RunReport {
    /// Faults of the rounds from [`STEADY_ROUND`] on; empty when the run was shorter.
    pub fn steady_faults(&self) -> impl Iterator<Item = u64> {
        self.rounds.iter().filter(|round| round.round >= STEADY_ROUND).map(|round| round.faults)
    }

    /// A table of the last round, a line a round, the process's memory and the verdict.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Some(last) = self.rounds.last() {
            text += &format!("{} on {}, {} jobs, round {}\n", self.set, self.memory, self.jobs, last.round);
            text += &row(["pass", "runs", "used", "reserved", "warm", "cold", "faults", "CPU ms"]);
            for pass in &last.passes {
                text += &row([
                    &pass.pass,
                    &pass.runs.to_string(),
                    &mebibytes(pass.used_bytes),
                    &mebibytes(pass.reserved_bytes),
                    &pass.spans_warm.to_string(),
                    &pass.spans_cold.to_string(),
                    &pass.faults.to_string(),
                    &format!("{:.1}", pass.cpu_us as f64 / 1e3),
                ]);
            }
        }
        for RoundReport { round, faults, cpu_us, .. } in &self.rounds {
            text += &format!("round {round}: {faults} faults, {:.0} ms CPU\n", *cpu_us as f64 / 1e3);
        }
        let (peak, idle) = (mebibytes(self.peak_rss_bytes), mebibytes(self.idle_rss_bytes));
        text += &format!(
            "resident: peak {peak}, idle {idle} ({} anonymous)\n",
            mebibytes(self.idle_anonymous_bytes)
        );
        for FailedUnit { unit, reason } in &self.failed {
            text += &format!("failed   {unit}\n    {reason}\n");
        }
        text + &self.verdict() + "\n"
    }

    /// The last line: how many units passed.
    pub fn verdict(&self) -> String {
        let word = if self.failed.is_empty() { "ok" } else { "FAILED" };
        let passed = self.units - self.failed.len();
        format!(
            "verdict\t{word}: accepted {passed} of {} units, {} preprocessed lines, {} rounds",
            self.units,
            self.pp_lines,
            self.rounds.len()
        )
    }

    /// One row a pass and round, and a row `(process)` a round, with a header.
    ///
    /// # Errors
    /// A sentence if a row cannot be written; writing to memory does not fail.
    pub fn tsv(&self) -> Result<String, String> {
        let mut writer =
            csv::WriterBuilder::new().has_headers(false).delimiter(b'\t').from_writer(Vec::new());
        let failure = |error: csv::Error| format!("the table cannot be written: {error}");
        let header = [
            "memory",
            "set",
            "jobs",
            "round",
            "pass",
            "runs",
            "used_bytes",
            "reserved_bytes",
            "spans_warm",
            "spans_cold",
        ];
        let tail = ["faults", "cpu_us", "peak_rss_bytes", "idle_rss_bytes"];
        writer.write_record(header.iter().chain(&tail)).map_err(failure)?;
        for round in &self.rounds {
            let whole = PassReport {
                pass: "(process)".into(),
                runs: self.units as u64,
                faults: round.faults,
                cpu_us: round.cpu_us,
                ..PassReport::default()
            };
            for pass in round.passes.iter().chain([&whole]) {
                let run = (&self.memory, &self.set, self.jobs, round.round);
                writer.serialize((run, pass, self.peak_rss_bytes, self.idle_rss_bytes)).map_err(failure)?;
            }
        }
        let bytes = writer.into_inner().map_err(|error| format!("the table cannot be written: {error}"))?;
        String::from_utf8(bytes).map_err(|error| format!("the table is not text: {error}"))
    }
}

fn row(cells: [&str; 8]) -> String {
    let [pass, rest @ ..] = cells;
    let mut line = format!("  {pass:<12}");
    for cell in rest {
        line += &format!("{cell:>12}");
    }
    line + "\n"
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> RunReport {
        let pass =
            PassReport { pass: "preprocess".into(), runs: 2, used_bytes: 3 << 20, ..PassReport::default() };
        let round = |round, faults| RoundReport { round, faults, cpu_us: 1500, passes: vec![pass.clone()] };
        RunReport {
            memory: "ours".into(),
            set: "quick".into(),
            jobs: 2,
            units: 2,
            pp_lines: 10,
            failed: vec![FailedUnit { unit: "p/a.c".into(), reason: "a.c:1:1: error: no".into() }],
            rounds: vec![round(1, 900), round(2, 20), round(3, 4), round(4, 0)],
            peak_rss_bytes: 10 << 20,
            idle_rss_bytes: 5 << 20,
            idle_anonymous_bytes: 1 << 20,
        }
    }

    #[test]
    fn rounds_count_as_steady_from_the_third_on() {
        assert_eq!(report().steady_faults().collect::<Vec<_>>(), [4, 0]);
    }

    #[test]
    fn a_failed_unit_is_shown_and_turns_the_verdict() {
        let text = report().text();
        assert!(text.contains("failed   p/a.c\n    a.c:1:1: error: no\n"), "{text}");
        assert!(
            text.ends_with("verdict\tFAILED: accepted 1 of 2 units, 10 preprocessed lines, 4 rounds\n"),
            "{text}"
        );
        let passing = RunReport { failed: Vec::new(), ..report() };
        assert!(passing.verdict().starts_with("verdict\tok: accepted 2 of 2 units"));
    }

    #[test]
    fn every_row_of_the_table_has_the_columns_of_its_header() {
        let tsv = report().tsv().expect("the table is written");
        let widths: Vec<usize> = tsv.lines().map(|line| line.split('\t').count()).collect();
        assert_eq!(widths, [14; 9], "{tsv}");
        assert!(tsv.contains("ours\tquick\t2\t1\t(process)\t2\t0\t0\t0\t0\t900\t1500\t"), "{tsv}");
    }

    #[test]
    fn a_report_survives_the_way_from_one_process_to_another() {
        let json = serde_json::to_string(&report()).expect("a report is JSON");
        assert_eq!(serde_json::from_str::<RunReport>(&json).expect("the JSON is a report"), report());
    }
}
