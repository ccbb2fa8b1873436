//! `--mem-report`: what each pass took from memory.

use crate::memory::Memory;
use crate::session::{Session, Usage};
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// A row of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The pass.
    pub pass: &'static str,
    /// Boundaries at which its memory was taken back.
    pub boundaries: u64,
    /// Bytes allocated, the largest unit's for a pass over units.
    pub used_bytes: u64,
    /// Bytes held from below at most.
    pub reserved_bytes: u64,
    /// What it made.
    pub tokens: u64,
}

/// Memory per pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryReport {
    /// The memory behind the passes.
    pub memory: &'static str,
    /// A row a pass.
    pub rows: Vec<Row>,
}

impl MemoryReport {
    /// The report of `session` after units with these `usages`.
    pub fn new<M: Memory>(session: &Session<'_, M>, usages: &[Usage]) -> Self {
        let max = |of: fn(&Usage) -> usize| usages.iter().map(of).max().unwrap_or(0) as u64;
        let lex = Row {
            pass: "lex",
            boundaries: u64::from(session.files.len()),
            used_bytes: session.shared_bytes().0 as u64,
            reserved_bytes: session.shared_bytes().1 as u64,
            tokens: session.files.tokens.load(Ordering::Relaxed),
        };
        let preprocess = Row {
            pass: "preprocess",
            boundaries: usages.len() as u64,
            used_bytes: max(|usage| usage.unit_bytes_used),
            reserved_bytes: max(|usage| usage.unit_bytes_reserved + usage.scratch_bytes_reserved),
            tokens: usages.iter().map(|usage| usage.tokens).sum(),
        };
        Self { memory: M::NAME, rows: vec![lex, preprocess] }
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!("memory: {}\n", self.memory);
        text.push_str("pass          boundaries   used bytes   reserved bytes       tokens\n");
        for row in &self.rows {
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{:12} {:>11} {:>12} {:>16} {:>12}",
                row.pass, row.boundaries, row.used_bytes, row.reserved_bytes, row.tokens
            );
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                format!(
                    "{{\"pass\":\"{}\",\"boundaries\":{},\"used_bytes\":{},\"reserved_bytes\":{},\"tokens\":{}}}",
                    row.pass, row.boundaries, row.used_bytes, row.reserved_bytes, row.tokens
                )
            })
            .collect();
        format!("{{\"memory\":\"{}\",\"passes\":[{}]}}\n", self.memory, rows.join(","))
    }
}
