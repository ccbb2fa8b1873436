//! Instructions and conditional branches of one malloc and one free in the steady state, by callgrind: a pattern run with two lengths,
//! the same loop over nothing taken off.

use std::path::Path;
use std::process::{Command, Stdio};

use super::peer::Peer;
use crate::doctor;

/// A pattern of calls with one block size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// Its name in tables.
    pub name: &'static str,
    pattern: &'static str,
    /// Size of the blocks.
    pub bytes: usize,
    /// The most instructions that TARGETS H1b allows.
    pub bar: Option<f64>,
}

const fn case(name: &'static str, pattern: &'static str, bytes: usize, bar: Option<f64>) -> Case {
    Case { name, pattern, bytes, bar }
}

/// The columns of the instruction table.
pub const CASES: &[Case] = &[
    case("pair 16", "pair", 16, Some(40.0)),
    case("pair 256", "pair", 256, Some(40.0)),
    case("pair 1K", "pair", 1024, Some(40.0)),
    case("pair 4K", "pair", 4096, Some(40.0)),
    case("pair 32K", "pair", 32768, Some(40.0)),
    case("batch 16", "batch", 16, Some(60.0)),
    case("batch 1K", "batch", 1024, Some(60.0)),
    case("batch 4K", "batch", 4096, Some(60.0)),
    case("batch 32K", "batch", 32768, Some(60.0)),
    case("random 256", "random", 256, None),
    case("remote 16", "remote", 16, None),
    case("remote 1K", "remote", 1024, None),
];

/// Pairs of the short and of the long run.
const PAIRS: [usize; 2] = [20_000, 60_000];

/// Instructions of the caller in each pair that the loop over nothing lacks: two calls, and the move of the size into its register.
const OF_THE_CALLER: f64 = 3.0;

/// Cost of one malloc and one free, from entry to return.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Executed instructions.
    pub instructions: f64,
    /// Executed conditional branches.
    pub conditional_branches: f64,
}

/// Counts every case under every allocator; a row an allocator, in their order.
pub fn count(program: &Path, peers: &[Peer], mut after_each: impl FnMut()) -> Vec<Vec<Result<Cost, String>>> {
    let mut rows: Vec<Vec<Result<Cost, String>>> = peers.iter().map(|_| Vec::new()).collect();
    for case in CASES {
        let loop_alone = steady(program, &[], case, Some("--nothing"));
        for (peer, row) in peers.iter().zip(&mut rows) {
            row.push(net(&loop_alone, steady(program, &peer.environment(), case, None)));
            after_each();
        }
    }
    rows
}

fn net(loop_alone: &Result<Cost, String>, gross: Result<Cost, String>) -> Result<Cost, String> {
    let (loop_alone, gross) = (loop_alone.clone()?, gross?);
    Ok(Cost {
        instructions: gross.instructions - loop_alone.instructions - OF_THE_CALLER,
        conditional_branches: gross.conditional_branches - loop_alone.conditional_branches,
    })
}

/// What the pairs that the long run has more cost, by their number.
fn steady(
    program: &Path,
    environment: &[(&str, &str)],
    case: &Case,
    flag: Option<&str>,
) -> Result<Cost, String> {
    let [short, long] = PAIRS.map(|pairs| run(program, environment, case, pairs, flag));
    let (short, long) = (short?, long?);
    let more = (long.pairs - short.pairs) as f64;
    Ok(Cost {
        instructions: (long.instructions - short.instructions) / more,
        conditional_branches: (long.conditional_branches - short.conditional_branches) / more,
    })
}

struct Totals {
    instructions: f64,
    conditional_branches: f64,
    pairs: u64,
}

fn run(
    program: &Path,
    environment: &[(&str, &str)],
    case: &Case,
    pairs: usize,
    flag: Option<&str>,
) -> Result<Totals, String> {
    doctor::require("valgrind")?;
    // callgrind replaces no malloc, so the preloaded one is what runs.
    let file = tempfile::NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--branch-sim=yes", "-q"]);
    command.arg(format!("--callgrind-out-file={}", file.path().display()));
    command.arg(program).args(["count", case.pattern, &case.bytes.to_string(), &pairs.to_string()]);
    command.args(flag).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let counted =
        std::fs::read_to_string(file.path()).map_err(|error| format!("callgrind's file: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let pairs = said.lines().find_map(|line| line.strip_prefix("pairs\t")?.parse().ok());
    totals(&counted)
        .zip(pairs)
        .map(|((instructions, conditional_branches), pairs)| Totals {
            instructions,
            conditional_branches,
            pairs,
        })
        .ok_or_else(|| "callgrind's output has no costs".to_owned())
}

/// Instructions and conditional branches of the whole process.
fn totals(file: &str) -> Option<(f64, f64)> {
    let line = |key| file.lines().find_map(|line: &str| line.strip_prefix(key));
    let column = |event: &str| line("events:")?.split_ascii_whitespace().position(|name| name == event);
    let costs: Vec<f64> =
        line("totals:")?.split_ascii_whitespace().filter_map(|cost| cost.parse().ok()).collect();
    Some((*costs.get(column("Ir")?)?, *costs.get(column("Bc")?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_are_read_by_the_names_of_their_columns() {
        assert_eq!(totals("events: Ir Bc Bcm\nfn=x\n1 2 3\ntotals: 100 20 3\n"), Some((100.0, 20.0)));
        assert_eq!(totals("events: Bc Ir\ntotals: 20 100\n"), Some((100.0, 20.0)));
        assert_eq!(totals("events: Ir\ntotals: 100\n"), None);
    }
}
