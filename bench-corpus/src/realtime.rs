//! Single operations of profile `realtime` against targets R1, R2 and R4: exact instructions of the worst one, never a clock.

use std::process::{Command, ExitCode};

use crate::cli;
use crate::step::programs;

/// Flags of `bench-corpus realtime`.
#[derive(clap::Args)]
pub struct Args {
    /// Random operations of each kind: on quotas, on a region, and on a region with large alignments
    #[arg(long, default_value_t = 1_000_000, value_parser = cli::count)]
    operations: usize,
    /// Seed of the random operations
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What the specification of the targets allows an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    instructions: u64,
    /// Instructions of the probe itself: its return, and what it answers.
    probe: u64,
    /// Drains loop over their messages, nothing else may.
    loops: bool,
}

/// The target of a case, if it has one. Refusals and alignments above 16 have none; they are bounded all the same.
fn target_of(case: &str) -> Option<Target> {
    let plain = |instructions, probe| Some(Target { instructions, probe, loops: false });
    if let Some(messages) = case.strip_prefix("drain-") {
        let messages: u64 = messages.parse().ok()?;
        return Some(Target { instructions: 40 + 100 * messages, probe: 0, loops: messages > 1 });
    }
    match case.rsplit_once('-')? {
        ("send", _) => plain(24, 2),
        ("region-aligned", _) => None,
        (_, "alloc") => plain(100, 0),
        (_, "free") => plain(90, 0),
        _ => None,
    }
}

/// One line of the probe's table.
#[derive(Clone, Debug)]
struct Row {
    case: String,
    median: u64,
    max: u64,
    repeated: u64,
    system_calls: u64,
}

fn row_of(line: &str) -> Option<Row> {
    let [case, _, median, max, repeated, system_calls] = line.split('\t').collect::<Vec<_>>()[..] else {
        return None;
    };
    let number = |text: &str| text.parse().ok();
    Some(Row {
        case: case.to_owned(),
        median: number(median)?,
        max: number(max)?,
        repeated: number(repeated)?,
        system_calls: number(system_calls)?,
    })
}

/// What a row misses, in words; empty if it meets its target.
fn misses(row: &Row) -> Vec<String> {
    let mut misses = Vec::new();
    let target = target_of(&row.case);
    if let Some(target) = target {
        if row.max.saturating_sub(target.probe) > target.instructions {
            misses.push(format!("{} instructions, {} allowed", row.max - target.probe, target.instructions));
        }
        // A median of 63 allows a maximum of 100: five eighths more.
        if row.max * 10 > row.median * 16 {
            misses.push(format!(
                "the worst takes {:.2} times the median, 1.6 allowed",
                row.max as f64 / row.median as f64
            ));
        }
    }
    if row.repeated > 0 && !target.is_some_and(|target| target.loops) {
        misses.push(format!("{} instructions were executed again: a loop", row.repeated));
    }
    if row.system_calls > 0 {
        misses.push(format!("{} system calls", row.system_calls));
    }
    misses
}

/// The seed of the random operations that evidence counts.
const EVIDENCE_SEED: u64 = 1;

/// The random operations of each kind that evidence counts.
const EVIDENCE_OPERATIONS: usize = 1_000_000;

/// What single operations cost, counted as `bench-corpus realtime` does.
pub struct Costs {
    rows: Vec<Row>,
    longest_paths: Vec<(String, f64)>,
}

impl Costs {
    /// Builds the probe and runs it.
    ///
    /// # Errors
    /// When it cannot be built or run.
    pub fn count() -> Result<Self, String> {
        Ok(Self::read(&table(EVIDENCE_OPERATIONS, EVIDENCE_SEED)?))
    }

    fn read(table: &str) -> Self {
        let lines = |kind: &'static str| {
            table.lines().filter_map(move |line| line.strip_prefix(kind)?.strip_prefix('\t'))
        };
        let longest_path = |line: &str| {
            let (name, instructions) = line.split_once('\t')?;
            Some((name.to_owned(), instructions.parse().ok()?))
        };
        Costs {
            rows: table.lines().filter_map(row_of).collect(),
            longest_paths: lines("longest-path").filter_map(longest_path).collect(),
        }
    }

    /// What evidence names: of a case the median and the most instructions of a call, of `allocate` and `deallocate` the longest path
    /// through the code. `None` for anything else.
    pub fn of(&self, workload: &str, metric: &str) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.case == workload);
        match (workload, metric) {
            (_, "instructions-median") => Some(row?.median as f64),
            (_, "instructions-most") => Some(row?.max as f64),
            (_, "longest-path") => {
                self.longest_paths.iter().find(|path| path.0 == workload).map(|path| path.1)
            }
            _ => None,
        }
    }
}

/// Runs `bench-corpus realtime`.
pub fn run(args: &Args) -> ExitCode {
    match table(args.operations, args.seed) {
        Ok(table) => {
            print!("{table}");
            let mut is_met = true;
            for row in table.lines().filter_map(row_of) {
                for miss in misses(&row) {
                    println!("missed: {}: {miss}", row.case);
                    is_met = false;
                }
            }
            ExitCode::from(if is_met { 0 } else { cli::FAILED })
        }
        Err(reason) => cli::fail("realtime", &reason),
    }
}

/// Builds the probe and runs it.
fn table(operations: usize, seed: u64) -> Result<String, String> {
    let probe = programs::build("realtime-probe")?;
    let output = Command::new(&probe)
        .args([operations.to_string(), seed.to_string()])
        .output()
        .map_err(|error| format!("{}: {error}", probe.display()))?;
    if !output.status.success() {
        return Err(format!("{}: {}", probe.display(), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(line: &str) -> Row {
        row_of(line).expect("six columns")
    }

    #[test]
    fn a_row_over_its_target_a_loop_and_a_system_call_are_noticed() {
        assert!(misses(&row("quota-random-alloc\t9\t63\t100\t0\t0")).is_empty());
        assert_eq!(misses(&row("quota-random-alloc\t9\t90\t101\t0\t0")).len(), 1);
        assert_eq!(misses(&row("quota-random-free\t9\t20\t90\t0\t0")).len(), 1, "far from the median");
        assert_eq!(misses(&row("quota-random-free\t9\t80\t90\t3\t1")).len(), 2);
        assert!(misses(&row("send-raw\t9\t26\t26\t0\t0")).is_empty(), "two are the probe's");
        assert_eq!(misses(&row("send-raw\t9\t27\t27\t0\t0")).len(), 1);
        assert!(misses(&row("drain-8\t9\t840\t840\t99\t0")).is_empty());
        assert_eq!(misses(&row("drain-1\t9\t141\t141\t1\t0")).len(), 2);
        assert!(misses(&row("region-aligned-alloc\t9\t100\t254\t0\t0")).is_empty(), "no target above 16");
        assert!(row_of("case\toperations\tmedian\tmax\trepeated\tsystem_calls").is_none());
    }

    #[test]
    fn evidence_finds_its_figures_in_the_table_and_nothing_else() {
        let table = "quota-random-alloc\t9\t40\t41\t0\t0\nlongest-path\tallocate\t302\nlongest-path\tdrain\t-\nfaults\t5\t1\t2";
        let costs = Costs::read(table);
        assert_eq!(costs.of("quota-random-alloc", "instructions-median"), Some(40.0));
        assert_eq!(costs.of("quota-random-alloc", "instructions-most"), Some(41.0));
        assert_eq!(costs.of("allocate", "longest-path"), Some(302.0));
        assert_eq!(costs.of("drain", "longest-path"), None, "a loop has no longest path");
        assert_eq!(costs.of("quota-random-free", "instructions-most"), None);
    }

    #[test]
    fn quotas_sends_and_drains_meet_their_targets_and_nothing_loops_or_asks_the_kernel() {
        let table = table(20_000, 7).expect("the probe runs");
        let rows: Vec<Row> = table.lines().filter_map(row_of).collect();
        let find = |case: &str| {
            rows.iter().find(|row| row.case == case).unwrap_or_else(|| panic!("{case}:\n{table}"))
        };
        for case in [
            "quota-random-alloc",
            "quota-random-free",
            "send-raw",
            "send-box",
            "drain-1",
            "drain-8",
            "drain-64",
        ] {
            assert_eq!(misses(find(case)), [""; 0], "{case}:\n{table}");
        }
        for row in &rows {
            assert_eq!(row.system_calls, 0, "{row:?}");
            assert!(row.repeated == 0 || row.case.starts_with("drain-"), "{row:?}");
            assert!(row.case.starts_with("drain-") || row.max <= 280, "bounded: {row:?}");
        }
        // The drain point's proof: a thousand messages that wait change nothing about the local path.
        for what in ["alloc", "free"] {
            let (quiet, pending) =
                (find(&format!("quota-quiet-{what}")), find(&format!("quota-pending-{what}")));
            assert_eq!((quiet.median, quiet.max), (pending.median, pending.max));
        }
        // Both functions have no loop, and no path is longer than that.
        let costs = Costs::read(&table);
        for (function, most) in [("allocate", 400.0), ("deallocate", 200.0)] {
            let longest = costs.of(function, "longest-path");
            assert!(longest.is_some_and(|longest| longest <= most), "{function}: {longest:?}");
        }
        assert!(table.contains("\nfaults\t"), "{table}");
        let faults = table.lines().find_map(|line| line.strip_prefix("faults\t")).expect("the last line");
        assert!(faults.ends_with("\t0\t0"), "page faults after sealing: {faults}");
    }
}
