//! What was measured, as text and as comma-separated rows.

use std::fmt::Write;
use std::io;

use super::contest::{Contest, Figure, PAIRS_FOR_A_BOUND, Task};
use super::instructions::{CASES, Cost};
use super::peer::{MIMALLOC, Peer};
use super::release::{LIMITED_BYTES, Limited, STEPS, Steps};
use super::start_up::StartUp;
use super::touched::{Touched, WINDOW};
use crate::measure::{self, ContestRow, Ratio};

const NAME: usize = 16;
const COLUMN: usize = 15;

/// CPU time and resident memory of every task and allocator, then the geometric means.
pub fn contest(peers: &[Peer], tasks: &[Task], contest: &Contest, baseline: &str) -> String {
    let mut text = String::new();
    for (figure, title, unit) in [
        (Figure::CpuSeconds, "CPU milliseconds", 1e3),
        (Figure::PeakResidentBytes, "peak resident MB", 1e-6),
        (Figure::Faults, "page faults", 1.0),
    ] {
        text.push_str(&head(&format!("{title}, medians"), peers));
        for task in tasks {
            let cells = peers.iter().map(|peer| {
                let median = contest.median(peer.name, task.name, figure);
                median.map_or("-".to_owned(), |value| format!("{:.1}", value * unit))
            });
            text.push_str(&line(task.name, cells));
        }
        let means = peers.iter().map(|peer| mean(contest, peer.name, baseline, tasks, figure));
        text.push_str(&line(&format!("by {baseline}"), means));
    }
    for failure in contest.failures() {
        let _ = writeln!(text, "failed\t{failure}");
    }
    text
}

/// The geometric mean and, with enough pairs, its 95 % bound.
fn mean(contest: &Contest, peer: &str, baseline: &str, tasks: &[Task], figure: Figure) -> String {
    let (means, common) = contest.geometric_mean(peer, baseline, tasks, figure);
    if means.is_empty() {
        return "-".to_owned();
    }
    let less = if common < tasks.len() { "*" } else { "" };
    if means.len() >= PAIRS_FOR_A_BOUND {
        let ratio = Ratio::of(means.into_iter().map(|mean| (mean, 1.0)));
        return format!("{:.3}<{:.3}{less}", ratio.median, ratio.bound);
    }
    format!("{:.3}{less}", measure::middle(means))
}

/// Resident memory after each step of TARGETS H3b.
pub fn release(rows: &[(&str, Result<Steps, String>)]) -> String {
    let mut text = format!("\n{:<NAME$}", "resident MB");
    STEPS.iter().for_each(|step| push_cell(&mut text, step));
    text.push('\n');
    for (peer, steps) in rows {
        let cells =
            |steps: &Steps| STEPS.iter().map(|step| format!("{:.1}", steps.resident(step) / 1e6)).collect();
        text.push_str(&line(peer, or_reason(steps, cells)));
    }
    text
}

/// Shares of a limited address space of TARGETS H4.
pub fn limited(rows: &[(&str, Result<Limited, String>)]) -> String {
    let mut text = format!("\n{:<NAME$}", "usable share");
    for bytes in LIMITED_BYTES {
        push_cell(&mut text, &format!("{bytes} B"));
        push_cell(&mut text, "refilled");
    }
    text.push('\n');
    for (peer, shares) in rows {
        let cells = |shares: &Limited| {
            let both = shares.shares.iter().flat_map(|share| [share.usable, share.refilled]);
            both.map(|share| format!("{:.1} %", share * 100.0)).collect()
        };
        text.push_str(&line(peer, or_reason(shares, cells)));
    }
    text
}

/// What each task touches in a window of time under each allocator, tasks in the order of the rows' cells.
pub fn touched(peers: &[Peer], tasks: &[Task], rows: &[(&str, Vec<Result<Touched, String>>)]) -> String {
    let mut text = head(&format!("MB touched in {WINDOW:?}, medians"), peers);
    let mut reasons = String::new();
    for (index, task) in tasks.iter().enumerate() {
        let cells = rows.iter().map(|(peer, row)| match &row[index] {
            Ok(touched) => format!("{:.1}", touched.bytes / 1e6),
            Err(reason) => {
                let _ = writeln!(reasons, "failed\t{peer}: {reason}");
                "-".to_owned()
            }
        });
        let line = line(task.name, cells);
        text.push_str(&line);
    }
    text + &reasons
}

/// Cost of starting and ending an empty program.
pub fn start_up(rows: &[(&str, Result<StartUp, String>)]) -> String {
    let mut text = format!("\n{:<NAME$}", "empty program");
    ["peak KB", "faults", "system calls"].iter().for_each(|title| push_cell(&mut text, title));
    text.push('\n');
    for (peer, cost) in rows {
        let cells = |cost: &StartUp| {
            vec![
                format!("{:.0}", cost.peak_resident_bytes as f64 / 1e3),
                cost.faults.to_string(),
                cost.system_calls.to_string(),
            ]
        };
        text.push_str(&line(peer, or_reason(cost, cells)));
    }
    text
}

/// Instructions and conditional branches of one malloc and one free.
pub fn instructions(rows: &[(&str, Vec<Result<Cost, String>>)]) -> String {
    let mut text = format!("\n{:<NAME$}", "instr./branches");
    CASES.iter().for_each(|case| {
        let _ = write!(text, "{:>12}", case.name);
    });
    text.push('\n');
    let mut reasons = Vec::new();
    for (peer, costs) in rows {
        let _ = write!(text, "{peer:<NAME$}");
        for cost in costs {
            let cell = match cost {
                Ok(cost) => format!("{:.0}/{:.0}", cost.instructions, cost.conditional_branches),
                Err(reason) => {
                    reasons.push(format!("failed\t{peer}: {reason}\n"));
                    "-".to_owned()
                }
            };
            let _ = write!(text, "{cell:>12}");
        }
        text.push('\n');
    }
    reasons.dedup();
    text + &reasons.concat()
}

fn or_reason<T>(result: &Result<T, String>, cells: impl Fn(&T) -> Vec<String>) -> std::vec::IntoIter<String> {
    let cells = match result {
        Ok(value) => cells(value),
        Err(reason) => vec![format!("failed: {reason}")],
    };
    cells.into_iter()
}

fn head(title: &str, peers: &[Peer]) -> String {
    let mut text = format!("\n{title}\n{:<NAME$}", "");
    peers.iter().for_each(|peer| push_cell(&mut text, peer.name));
    text.push('\n');
    text
}

fn line(name: &str, cells: impl Iterator<Item = String>) -> String {
    let mut text = format!("{name:<NAME$}");
    cells.for_each(|cell| push_cell(&mut text, &cell));
    text.push('\n');
    text
}

fn push_cell(text: &mut String, cell: &str) {
    let _ = write!(text, "{cell:>COLUMN$}");
}

/// Writes one row a run, with a head line.
///
/// # Errors
/// When `output` cannot be written.
pub fn rows(contest: &Contest, output: impl io::Write) -> Result<(), String> {
    let rows = contest
        .all()
        .map(|(allocator, workload, round, run)| ContestRow::new(workload, allocator, round, run));
    measure::write_rows(rows, output)
}

/// What the geometric means are relative to: mimalloc 3 where it runs, else the first.
pub fn baseline(peers: &[Peer]) -> &str {
    let preferred = peers.iter().find(|peer| peer.name == MIMALLOC);
    preferred.or(peers.first()).map_or(MIMALLOC, |peer| peer.name)
}
