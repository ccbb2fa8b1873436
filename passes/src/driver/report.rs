//! `--mem-report`: what each pass took from memory.

use crate::memory::PassAccount;
use std::fmt::Write;

/// A row of the report: a pass's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the session booked.
    pub account: PassAccount,
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

/// Column heads, and the names of the numbers in JSON; see [`PassAccount`].
const COLUMNS: [&str; 8] = [
    "runs",
    "boundaries",
    "out_used",
    "scratch_peak",
    "reserved_peak",
    "chunks_warm",
    "chunks_cold",
    "tokens",
];

impl Row {
    fn numbers(&self) -> [u64; 8] {
        let account = &self.account;
        [
            account.runs,
            account.boundaries,
            account.out_used_bytes,
            account.scratch_peak_bytes,
            account.reserved_peak_bytes,
            account.chunks_warm,
            account.chunks_cold,
            self.tokens,
        ]
    }
}

impl MemoryReport {
    /// The report of passes with these accounts and counts of tokens, on `memory`; those that never ran are left out.
    pub fn new(memory: &'static str, rows: Vec<(PassAccount, u64)>) -> Self {
        let ran = rows.into_iter().filter(|(account, _)| account.runs > 0);
        let rows = ran.map(|(account, tokens)| Row { account, tokens }).collect();
        Self { memory, rows, totals: Totals::of_process() }
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!("memory: {}\n{:12}", self.memory, "pass");
        // Writing to a string does not fail.
        for column in COLUMNS {
            let _ = write!(text, " {column:>14}");
        }
        for row in &self.rows {
            let _ = write!(text, "\n{:12}", row.account.name);
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
            format!("{{\"pass\":\"{}\",{}}}", row.account.name, numbers.join(","))
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
