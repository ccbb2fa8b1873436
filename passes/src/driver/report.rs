//! `--mem-report`: what each pass took from memory.

use crate::memory::Memory;
use crate::meter;
use crate::session::{Session, Usage};
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// A row of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The pass.
    pub pass: &'static str,
    /// Units (for `lex`: files) the pass ran over; its memory is taken back after each (for `lex`: with the session).
    pub runs: u64,
    /// Inner boundaries: scratch scopes that were rewound.
    pub scopes: u64,
    /// Bytes allocated; the largest unit's for a pass over units.
    pub used_bytes: u64,
    /// Bytes held from below; the most of any unit for a pass over units.
    pub reserved_bytes: u64,
    /// Chunks begun whose memory had been in use before.
    pub chunks_warm: u64,
    /// Chunks begun whose memory had to be touched for the first time.
    pub chunks_cold: u64,
    /// Tokens made.
    pub tokens: u64,
}

/// What the whole process took from the system, by the system's own count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// CPU time in clock ticks, of 10 ms on Linux.
    pub cpu_ticks: u64,
}

/// Memory per pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryReport {
    /// The memory behind the passes.
    pub memory: &'static str,
    /// A row a pass.
    pub rows: Vec<Row>,
    /// The process; nothing where the system does not say.
    pub totals: Option<Totals>,
}

/// Column heads, and the names of the numbers in JSON.
const COLUMNS: [&str; 7] =
    ["runs", "scopes", "used_bytes", "reserved_bytes", "chunks_warm", "chunks_cold", "tokens"];

impl Row {
    fn numbers(&self) -> [u64; 7] {
        [
            self.runs,
            self.scopes,
            self.used_bytes,
            self.reserved_bytes,
            self.chunks_warm,
            self.chunks_cold,
            self.tokens,
        ]
    }
}

impl MemoryReport {
    /// The report of `session` after units with these `usages`.
    pub fn new<M: Memory>(session: &Session<'_, M>, usages: &[Usage]) -> Self {
        let max = |of: fn(&Usage) -> usize| usages.iter().map(of).max().unwrap_or(0) as u64;
        let sum = |of: fn(&Usage) -> u64| usages.iter().map(of).sum::<u64>();
        let shared_chunks = session.shared_chunks();
        let lex = Row {
            pass: meter::LEX,
            runs: u64::from(session.files.len()),
            scopes: 0,
            used_bytes: session.shared_bytes().0 as u64,
            reserved_bytes: session.shared_bytes().1 as u64,
            chunks_warm: shared_chunks.warm,
            chunks_cold: shared_chunks.cold,
            tokens: session.files.tokens.load(Ordering::Relaxed),
        };
        let preprocess = Row {
            pass: meter::PREPROCESS,
            runs: usages.len() as u64,
            scopes: sum(|usage| usage.scratch_scopes),
            used_bytes: max(|usage| usage.unit_bytes_used),
            reserved_bytes: max(|usage| usage.unit_bytes_reserved + usage.scratch_bytes_reserved),
            chunks_warm: sum(|usage| usage.chunks_warm),
            chunks_cold: sum(|usage| usage.chunks_cold),
            tokens: sum(|usage| usage.tokens),
        };
        Self { memory: M::NAME, rows: vec![lex, preprocess], totals: Totals::of_process() }
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!("memory: {}\n{:12}", self.memory, "pass");
        // Writing to a string does not fail.
        for column in COLUMNS {
            let _ = write!(text, " {column:>14}");
        }
        for row in &self.rows {
            let _ = write!(text, "\n{:12}", row.pass);
            for number in row.numbers() {
                let _ = write!(text, " {number:>14}");
            }
        }
        text.push('\n');
        if let Some(totals) = self.totals {
            let _ = writeln!(
                text,
                "process: {} minor faults, {} CPU ticks",
                totals.minor_faults, totals.cpu_ticks
            );
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> String {
        let row = |row: &Row| {
            let numbers: Vec<String> = COLUMNS
                .iter()
                .zip(row.numbers())
                .map(|(name, number)| format!("\"{name}\":{number}"))
                .collect();
            format!("{{\"pass\":\"{}\",{}}}", row.pass, numbers.join(","))
        };
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        let totals = self.totals.map_or(String::new(), |totals| {
            format!(",\"minor_faults\":{},\"cpu_ticks\":{}", totals.minor_faults, totals.cpu_ticks)
        });
        format!("{{\"memory\":\"{}\",\"passes\":[{}]{totals}}}\n", self.memory, rows.join(","))
    }
}

impl Totals {
    fn of_process() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The program's name is in parentheses and may contain anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let field = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self { minor_faults: field(7)?, cpu_ticks: field(11)? + field(12)? })
    }
}
