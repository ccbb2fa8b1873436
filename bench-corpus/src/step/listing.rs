//! Text for people: listings side by side, and the table of counts.

use std::fmt::Write;

use super::trace::{CallTrace, Counts, Step};
use super::{Measurement, Row};

/// Width of one listing column.
const COLUMN: usize = 72;

/// The executed instructions of the short measured call, those of the twin to the right.
pub fn side_by_side(measurement: &Measurement) -> String {
    let (own, twin) = (&measurement.trace.calls[0], &measurement.twin.calls[0]);
    let (left, right) = (lines(own), lines(twin));
    let mut text = format!(
        "{}, {}: {} operation(s) | the same function without the operation\n",
        measurement.trace.subject, measurement.trace.case, own.operations
    );
    for index in 0..left.len().max(right.len()) {
        let left = left.get(index).map_or("", String::as_str);
        let right = right.get(index).map_or("", String::as_str);
        let _ = writeln!(text, "{}", format!("{left:<COLUMN$} | {right}").trim_end());
    }
    text.push('\n');
    text
}

fn lines(call: &CallTrace) -> Vec<String> {
    let mut lines = Vec::new();
    let mut function = "";
    for (index, step) in call.steps.iter().enumerate() {
        if step.function != function {
            function = &step.function;
            lines.push(format!("{function}:"));
        }
        lines.push(format!("{index:>4} +{:<5x} {:<48}{}", step.offset, step.text, marks(step)));
    }
    lines
}

/// One letter a kind: l load, s store, b conditional branch (B taken), L locked, K kernel, c call.
fn marks(step: &Step) -> String {
    let mut marks = String::new();
    let counts = &step.counts;
    for (letter, count) in [
        ('l', counts.loads),
        ('s', counts.stores),
        (if step.taken { 'B' } else { 'b' }, counts.conditional_branches),
        ('L', counts.locked),
        ('K', counts.system_calls),
        ('c', counts.calls),
    ] {
        for _ in 0..count {
            marks.push(letter);
        }
    }
    marks
}

/// One line a measurement: net of the twin, then gross.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<14}{:<14}", "case", "subject");
    for (name, _) in Counts::default().named() {
        let _ = write!(text, "{name:>width$}", width = name.len() + 2);
    }
    text.push_str("   gross\n");
    for row in rows {
        let net = &row.over_nothing;
        let _ = write!(text, "{:<14}{:<14}", row.case, row.subject);
        for (name, total) in net.total.named() {
            let each = total as f64 / f64::from(net.operations);
            let _ = write!(text, "{each:>width$.2}", width = name.len() + 2);
        }
        let _ = writeln!(text, "   {}{}", row.gross, if row.is_steady { "" } else { "  NOT STEADY" });
    }
    text
}
