//! The raw step trace: every executed instruction of the measured calls of a probe.
//!
//! # File format
//! One file a subject and case, `CASE--SUBJECT.tsv`. Tab-separated, one header line, one row an executed instruction, in the order of execution. No address, clock, host or path stands
//! in it, so two runs of the same executable give the same bytes.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `subject` | word | whose code: `ours`, a peer, or `nothing`, the twin without the operation |
//! | `case` | word | which probe |
//! | `call` | 0..=2 | which measured call; calls 1 and 2 must execute the same instructions, or the row set is not a steady state |
//! | `operations` | count | operations that this call does |
//! | `index` | count | position within the call, from 0 |
//! | `function` | text | function the instruction stands in, without hashes; the file name of the object where it has no symbol |
//! | `offset` | bytes | offset of the instruction in that function |
//! | `bytes` | hex | its encoding; fields that depend on where the linker put things are `00` |
//! | `mnemonic` | word | as Intel spells it, without operands |
//! | `text` | text | the whole instruction; targets are `function+offset` |
//! | `conditional_branch` | 0, 1 | it may fall through or jump |
//! | `taken` | 0, 1 | it did not fall through |
//! | `loads`, `stores` | count | memory operands read, written; stack pushes, pops, calls and returns included |
//! | `locked` | 0, 1 | locked read-modify-write, `xchg` with memory included |
//! | `system_call` | 0, 1 | enters the kernel |
//! | `calls` | 0, 1 | calls a function |
//!
//! `function` names a shared library (`libc.so.6`) for code of libraries: which variant of `memcpy` runs depends on the processor.
//! A `rep` string instruction gives one row an iteration, because that is how often the processor traps.
//!
//! # Recount
//! Let `C(subject, call)` be the column sums over the rows of one call, instructions being the number of rows. With one operation a
//! call, an operation costs `C(subject, 1) - C(nothing, 1)`. With `n` and `2 n` operations in calls 0 and 1 it costs
//! `((C(subject, 1) - C(subject, 0)) - (C(nothing, 1) - C(nothing, 0))) / n`.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// What is counted of executed instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Executed instructions.
    pub instructions: i64,
    /// Branches that depend on a flag or a register.
    pub conditional_branches: i64,
    /// Memory operands read.
    pub loads: i64,
    /// Memory operands written.
    pub stores: i64,
    /// Locked read-modify-write operations.
    pub locked: i64,
    /// Entries into the kernel.
    pub system_calls: i64,
    /// Function calls.
    pub calls: i64,
}

impl Counts {
    /// The counts in the order of the columns, each with its name.
    pub const fn named(&self) -> [(&'static str, i64); 7] {
        [
            ("instructions", self.instructions),
            ("conditional_branches", self.conditional_branches),
            ("loads", self.loads),
            ("stores", self.stores),
            ("locked", self.locked),
            ("system_calls", self.system_calls),
            ("calls", self.calls),
        ]
    }

    fn zip(self, other: Self, with: impl Fn(i64, i64) -> i64) -> Self {
        Self {
            instructions: with(self.instructions, other.instructions),
            conditional_branches: with(self.conditional_branches, other.conditional_branches),
            loads: with(self.loads, other.loads),
            stores: with(self.stores, other.stores),
            locked: with(self.locked, other.locked),
            system_calls: with(self.system_calls, other.system_calls),
            calls: with(self.calls, other.calls),
        }
    }
}

impl Add for Counts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Counts {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}

/// One executed instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Function the instruction stands in.
    pub function: String,
    /// Offset in that function, bytes.
    pub offset: u64,
    /// Encoding, with link-time fields as zero.
    pub bytes: Vec<u8>,
    /// Mnemonic.
    pub mnemonic: String,
    /// Mnemonic and operands.
    pub text: String,
    /// A conditional branch that did not fall through.
    pub taken: bool,
    /// What this one instruction adds to the counts.
    pub counts: Counts,
}

impl Step {
    /// Whether the instruction belongs to a shared library, such as the C library's `memcpy`, not to the program. Which variant of
    /// such a function runs depends on the processor, so its counts are not compared exactly.
    pub fn is_foreign(&self) -> bool {
        self.function.contains(".so")
    }
}

/// One measured call of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTrace {
    /// Operations the call does.
    pub operations: u32,
    /// Every executed instruction, from the probe's first to its return.
    pub steps: Vec<Step>,
}

impl CallTrace {
    /// Sums over the steps.
    pub fn counts(&self) -> Counts {
        self.steps.iter().map(|step| step.counts).sum()
    }

    /// Sums over the steps in the program itself, without shared libraries.
    pub fn own_counts(&self) -> Counts {
        self.steps.iter().filter(|step| !step.is_foreign()).map(|step| step.counts).sum()
    }
}

/// The measured calls of one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Whose code.
    pub subject: String,
    /// Which probe.
    pub case: String,
    /// The measured calls, in order: a short one and two equal ones.
    pub calls: Vec<CallTrace>,
}

/// Counts spread over a number of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerOperation {
    /// Counts of all operations together.
    pub total: Counts,
    /// Number of operations; at least 1.
    pub operations: u32,
}

impl PerOperation {
    /// Executed instructions of one operation.
    pub fn instructions(&self) -> f64 {
        self.total.instructions as f64 / f64::from(self.operations)
    }

    /// Conditional branches of one operation.
    pub fn conditional_branches(&self) -> f64 {
        self.total.conditional_branches as f64 / f64::from(self.operations)
    }

    /// What one operation costs beyond `twin`, an operation of the same number of turns.
    ///
    /// # Panics
    /// When the two do not spread over the same number of operations.
    pub fn over(&self, twin: &Self) -> Self {
        assert_eq!(self.operations, twin.operations, "a probe and its twin do the same number of operations");
        Self { total: self.total - twin.total, operations: self.operations }
    }
}

impl fmt::Display for PerOperation {
    /// Instructions and conditional branches, as the target table writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Decimal(self.instructions()), Decimal(self.conditional_branches()))
    }
}

/// A number with two decimals, or none where it is whole.
struct Decimal(f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.fract() == 0.0 { write!(f, "{:.0}", self.0) } else { write!(f, "{:.2}", self.0) }
    }
}

impl Trace {
    /// Whether the last two calls executed the same number of instructions, branches and so on: the state is steady. They need not be
    /// the same instructions: now and then a thread publishes its account, at another turn in each call.
    pub fn is_steady(&self) -> bool {
        matches!(self.calls.as_slice(), [_, first, second] if first.counts() == second.counts())
    }

    /// What one operation executes, frame and loop of the probe included where a call is one operation, excluded where it is a loop.
    ///
    /// # Panics
    /// When the trace does not have its measured calls.
    pub fn per_operation(&self) -> PerOperation {
        let [short, long, _] = self.calls.as_slice() else { panic!("a trace has three measured calls") };
        if short.operations == long.operations {
            return PerOperation { total: long.counts(), operations: long.operations };
        }
        PerOperation { total: long.counts() - short.counts(), operations: long.operations - short.operations }
    }

    /// Name of the file that holds this trace.
    pub fn file_name(&self) -> String {
        format!("{}--{}.tsv", self.case, self.subject)
    }

    /// Writes header and rows.
    ///
    /// # Errors
    /// What the writer answers.
    pub fn write(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        writeln!(out, "{HEADER}")?;
        for (call_index, call) in self.calls.iter().enumerate() {
            for (index, step) in call.steps.iter().enumerate() {
                write!(
                    out,
                    "{}\t{}\t{call_index}\t{}\t{index}\t{}\t{}\t",
                    self.subject, self.case, call.operations, step.function, step.offset
                )?;
                for byte in &step.bytes {
                    write!(out, "{byte:02x}")?;
                }
                let counts = &step.counts;
                writeln!(
                    out,
                    "\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                    step.mnemonic,
                    step.text,
                    counts.conditional_branches,
                    u8::from(step.taken),
                    counts.loads,
                    counts.stores,
                    counts.locked,
                    counts.system_calls,
                    counts.calls
                )?;
            }
        }
        Ok(())
    }
}

/// The header line of a raw trace, without the line end.
pub const HEADER: &str = "subject\tcase\tcall\toperations\tindex\tfunction\toffset\tbytes\tmnemonic\ttext\tconditional_branch\t\
taken\tloads\tstores\tlocked\tsystem_call\tcalls";

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: &str, counts: Counts) -> Step {
        Step {
            function: "probe".into(),
            offset: 0,
            bytes: vec![0x0f, 0x05],
            mnemonic: text.into(),
            text: text.into(),
            taken: false,
            counts: Counts { instructions: 1, ..counts },
        }
    }

    fn call(operations: u32, loads: i64) -> CallTrace {
        let load = Counts { loads: 1, ..Counts::default() };
        CallTrace { operations, steps: (0..loads).map(|_| step("mov", load)).collect() }
    }

    fn trace(calls: [CallTrace; 3]) -> Trace {
        Trace { subject: "ours".into(), case: "case".into(), calls: calls.into() }
    }

    #[test]
    fn a_single_call_costs_all_that_it_executes() {
        let trace = trace([call(1, 9), call(1, 5), call(1, 5)]);
        assert_eq!(trace.per_operation().instructions(), 5.0);
    }

    #[test]
    fn entry_and_exit_of_a_loop_cancel_out() {
        // Six instructions of frame and five a turn.
        let trace = trace([call(8, 6 + 40), call(16, 6 + 80), call(16, 6 + 80)]);
        let cost = trace.per_operation();
        assert_eq!((cost.instructions(), cost.total.loads), (5.0, 40));
        assert_eq!(cost.to_string(), "5/0");
    }

    #[test]
    fn a_trace_whose_last_calls_count_differently_is_not_steady() {
        assert!(trace([call(1, 9), call(1, 5), call(1, 5)]).is_steady());
        assert!(!trace([call(1, 5), call(1, 5), call(1, 6)]).is_steady());
    }

    #[test]
    fn every_row_has_the_columns_of_the_header() {
        let mut text = Vec::new();
        trace([call(1, 1), call(1, 1), call(1, 1)]).write(&mut text).expect("a Vec takes all");
        let text = String::from_utf8(text).expect("rows are text");
        assert_eq!(text.lines().count(), 4);
        for line in text.lines() {
            assert_eq!(line.split('\t').count(), HEADER.split('\t').count(), "{line}");
        }
    }
}
