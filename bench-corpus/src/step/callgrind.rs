//! A second opinion: callgrind counts the same call of the same probe.
//!
//! valgrind translates the program instead of stepping it and shares no code with the stepper. Both must count the same instructions
//! and conditional branches. Its data reads and writes agree too, except that an instruction which modifies memory in place is one
//! read to callgrind and a load plus a store here.

use std::path::Path;
use std::process::{Command, Stdio};

use bench_measured::probe::{Case, WARM_CALLS};

use super::Measurement;

/// What both tools count of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Executed instructions.
    pub instructions: i64,
    /// Executed conditional branches.
    pub conditional_branches: i64,
}

/// The stepper's and callgrind's counts of the long measured call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// By the stepper.
    pub stepped: Opinion,
    /// By callgrind.
    pub callgrind: Opinion,
}

/// Lets callgrind count one steady call: what 1 more call than the warm-up adds to the warm-up alone.
///
/// # Errors
/// When valgrind is missing (with the package that brings it) or its output cannot be read.
pub fn verify(program: &Path, measurement: &Measurement, case: Case) -> Result<Agreement, String> {
    crate::doctor::require("valgrind")?;
    let counts = measurement.trace.calls[1].counts();
    let stepped =
        Opinion { instructions: counts.instructions, conditional_branches: counts.conditional_branches };
    let fewer = count(program, measurement, case, WARM_CALLS)?;
    let more = count(program, measurement, case, WARM_CALLS + 1)?;
    let callgrind = Opinion {
        instructions: more.instructions - fewer.instructions,
        conditional_branches: more.conditional_branches - fewer.conditional_branches,
    };
    Ok(Agreement { stepped, callgrind })
}

fn count(program: &Path, measurement: &Measurement, case: Case, calls: usize) -> Result<Opinion, String> {
    let turns = case.shape.operations()[1];
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/stdout", "--branch-sim=yes", "--demangle=no"])
        .arg(format!("--toggle-collect={}", measurement.probe_symbol))
        .arg(program)
        .args([&measurement.trace.subject, case.name, &calls.to_string(), &turns.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    totals(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| "callgrind's output has no totals".to_owned())
}

/// Reads the event names and the totals of a callgrind file.
fn totals(file: &str) -> Option<Opinion> {
    let line = |key: &str| file.lines().find_map(|line| line.strip_prefix(key));
    let events: Vec<&str> = line("events:")?.split_ascii_whitespace().collect();
    let sums: Vec<i64> =
        line("totals:")?.split_ascii_whitespace().filter_map(|sum| sum.parse().ok()).collect();
    let sum = |event: &str| sums.get(events.iter().position(|&name| name == event)?).copied();
    Some(Opinion { instructions: sum("Ir")?, conditional_branches: sum("Bc")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_by_event_name() {
        let file = "version: 1\nevents: Ir Bc Bcm Bi Bim\nfn=x\n1 2 3\ntotals: 900 70 6 5 4\n";
        assert_eq!(totals(file), Some(Opinion { instructions: 900, conditional_branches: 70 }));
        assert_eq!(totals("events: Ir\ntotals: 1\n"), None);
    }
}
