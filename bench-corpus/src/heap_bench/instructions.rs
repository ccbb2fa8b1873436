//! Instructions and conditional branches of one malloc and one free in the steady state, by callgrind: a pattern run with two lengths,
//! the same loop over nothing taken off.

use std::path::Path;

use super::peer::Peer;
use crate::instructions;

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
    let (bytes, pairs) = (case.bytes.to_string(), pairs.to_string());
    let mut arguments = vec!["count", case.pattern, &bytes, &pairs];
    arguments.extend(flag);
    let counted = instructions::of_process(program, &arguments, environment)?;
    let pairs = counted.output.lines().find_map(|line| line.strip_prefix("pairs\t")?.parse().ok());
    Ok(Totals {
        instructions: counted.instructions,
        conditional_branches: counted.conditional_branches,
        pairs: pairs.ok_or("the program did not say its pairs")?,
    })
}
