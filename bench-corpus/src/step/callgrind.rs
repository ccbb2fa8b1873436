//! A second opinion: callgrind counts the same call of the same probe.
//!
//! valgrind translates the program instead of stepping it and shares no code with the stepper. Both must count the same instructions
//! and conditional branches of the program itself and of the library whose `malloc` is probed. Other shared libraries are left out on both
//! sides: under valgrind the C library sees another processor and picks another `memcpy`.

use std::process::{Command, Stdio};

use bench_measured::probe::{Case, WARM_CALLS};

use super::Measurement;
use super::subjects::ProbeProgram;
use super::trace::{CallTrace, Step};

/// What both tools count of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Executed instructions.
    pub instructions: i64,
    /// Executed conditional branches; one more for each locked addition, as valgrind emulates it.
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
pub fn verify(measurement: &Measurement, case: Case) -> Result<Agreement, String> {
    crate::doctor::require("valgrind")?;
    let call = &measurement.trace.calls[1];
    let counts = call.own_counts();
    let stepped = Opinion {
        instructions: counts.instructions,
        conditional_branches: counts.conditional_branches + emulated_branches(call),
    };
    let fewer = count(measurement, case, WARM_CALLS)?;
    let more = count(measurement, case, WARM_CALLS + 1)?;
    let callgrind = Opinion {
        instructions: more.instructions - fewer.instructions,
        conditional_branches: more.conditional_branches - fewer.conditional_branches,
    };
    Ok(Agreement { stepped, callgrind })
}

/// Branches that valgrind counts and the processor does not execute: it emulates a locked addition by a compare-and-swap and a branch back.
fn emulated_branches(call: &CallTrace) -> i64 {
    let is_emulated = |step: &&Step| step.counts.locked == 1 && !step.mnemonic.contains("xchg");
    call.steps.iter().filter(|step| !step.is_foreign()).filter(is_emulated).count() as i64
}

fn count(measurement: &Measurement, case: Case, calls: usize) -> Result<Opinion, String> {
    let turns = case.shape.operations()[1];
    let ProbeProgram { path, library } = &measurement.program;
    let mut command = Command::new("valgrind");
    if let Some(library) = library {
        command.env("LD_PRELOAD", library);
    }
    let output = command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/stdout", "--branch-sim=yes", "--demangle=no"])
        .arg(format!("--toggle-collect={}", measurement.probe_symbol))
        .arg(path)
        .args([&measurement.trace.subject, case.name, &calls.to_string(), &turns.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let own = library.as_ref().map_or("", |library| library.to_str().unwrap_or(""));
    totals(&String::from_utf8_lossy(&output.stdout), own)
        .ok_or_else(|| "callgrind's output has no costs".to_owned())
}

/// Sums the costs of a callgrind file over the functions that are in no shared library but `own`.
///
/// The format, as far as it is needed: `ob=(id) path` or `ob=(id)` says in which object the following functions are; a line that
/// starts with a position is a cost; the line after `calls=` repeats the cost of the called function and is skipped.
fn totals(file: &str, own: &str) -> Option<Opinion> {
    let events: Vec<&str> =
        file.lines().find_map(|line| line.strip_prefix("events:"))?.split_ascii_whitespace().collect();
    let column = |event: &str| events.iter().position(|&name| name == event);
    let (instructions, branches) = (column("Ir")?, column("Bc")?);
    let mut shared_libraries: Vec<&str> = Vec::new();
    let mut sum = Opinion { instructions: 0, conditional_branches: 0 };
    let (mut is_own, mut is_call) = (true, false);
    let mut has_costs = false;
    for line in file.lines() {
        if let Some(object) = line.strip_prefix("ob=").or_else(|| line.strip_prefix("cob=")) {
            let (id, path) = object.split_once(' ').unwrap_or((object, ""));
            if path.contains(".so") && path != own && !shared_libraries.contains(&id) {
                shared_libraries.push(id);
            }
            if line.starts_with("ob=") {
                is_own = !shared_libraries.contains(&id);
            }
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            if is_own && !is_call {
                let costs: Vec<i64> =
                    line.split_ascii_whitespace().skip(1).filter_map(|cost| cost.parse().ok()).collect();
                sum.instructions += costs.get(instructions).copied().unwrap_or(0);
                sum.conditional_branches += costs.get(branches).copied().unwrap_or(0);
            }
            is_call = false;
            has_costs = true;
        }
    }
    has_costs.then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_shared_libraries_and_of_called_functions_are_left_out() {
        let file = "version: 1\nevents: Ir Bc Bcm Bi Bim\n\nob=(1) target/measured/probe\nfl=(1) ???\nfn=(1) probe\n\
                    0 20 3 1\n+5 4\ncob=(2) lib/libc.so.6\ncfn=(2) memcpy\ncalls=2 0\n* 70 9\n7 1 1\n\n\
                    ob=(2)\nfl=(1)\nfn=(2)\n0 70 9\n\nob=(1)\nfn=(3) other\n0 100 10\ntotals: 195 23\n";
        assert_eq!(totals(file, ""), Some(Opinion { instructions: 125, conditional_branches: 14 }));
        assert_eq!(
            totals(file, "lib/libc.so.6"),
            Some(Opinion { instructions: 195, conditional_branches: 23 })
        );
    }

    #[test]
    fn a_file_without_costs_is_not_an_answer_of_zero() {
        assert_eq!(totals("events: Ir Bc\n", ""), None);
        assert_eq!(totals("events: Ir\n0 1\n", ""), None);
    }
}
