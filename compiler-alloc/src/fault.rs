//! What can go wrong, as data: a stable code, a subject and a few facts with units.
//!
//! Nothing here allocates, and nothing here decides how a fault looks; that is `diag`'s work. One failure raises
//! exactly one fault.

use core::fmt;

/// The stable codes. Each has one meaning for as long as the project lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FaultCode {
    /// A fast path executes more instructions or branches than its budget.
    FastPathBudget,
    /// A bounded remote-free queue is full.
    RemoteFreeOverflow,
    /// The page source refused address space or memory.
    PageExhaustion,
    /// Huge pages were asked of a profile that must not have them.
    HugepagePolicy,
    /// NUMA placement was asked of a profile that must not have it.
    NumaPolicy,
    /// A limit of ours was reached: fixed storage, a budget, a quota.
    Exhaustion,
    /// Memory was still in use at shutdown.
    ShutdownLeak,
}

impl FaultCode {
    /// Every code, in the order of the specification.
    pub const ALL: [FaultCode; 7] = [
        FaultCode::FastPathBudget,
        FaultCode::RemoteFreeOverflow,
        FaultCode::PageExhaustion,
        FaultCode::HugepagePolicy,
        FaultCode::NumaPolicy,
        FaultCode::Exhaustion,
        FaultCode::ShutdownLeak,
    ];

    /// The code as the specification spells it.
    pub const fn name(self) -> &'static str {
        match self {
            FaultCode::FastPathBudget => "ALLOCATOR_FAST_PATH_BUDGET",
            FaultCode::RemoteFreeOverflow => "ALLOCATOR_REMOTE_FREE_OVERFLOW",
            FaultCode::PageExhaustion => "ALLOCATOR_PAGE_EXHAUSTION",
            FaultCode::HugepagePolicy => "ALLOCATOR_HUGEPAGE_POLICY",
            FaultCode::NumaPolicy => "ALLOCATOR_NUMA_POLICY",
            FaultCode::Exhaustion => "ALLOCATOR_EXHAUSTION",
            FaultCode::ShutdownLeak => "ALLOCATOR_SHUTDOWN_LEAK",
        }
    }
}

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FactUnit {
    /// Bytes.
    Bytes,
    /// A plain count.
    Count,
    /// An error number of the operating system.
    OsError,
    /// Executed instructions.
    Instructions,
    /// Executed conditional branches.
    Branches,
}

impl FactUnit {
    /// The unit as it is written after a number; empty for plain counts and error numbers.
    pub const fn suffix(self) -> &'static str {
        match self {
            FactUnit::Bytes => "bytes",
            FactUnit::Count | FactUnit::OsError => "",
            FactUnit::Instructions => "instructions",
            FactUnit::Branches => "branches",
        }
    }
}

/// What a fact says. Each has one unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum FactName {
    /// Bytes that a request asked for.
    Asked,
    /// Bytes of address space reserved when it failed.
    Reserved,
    /// The error number that the operating system answered.
    OsError,
    /// The limit that was reached, in bytes.
    Limit,
    /// Bytes already used under that limit.
    Used,
    /// Bytes still alive.
    Live,
    /// Units in which these lie.
    Units,
    /// Bytes given back.
    Released,
    /// Instructions executed.
    Instructions,
    /// Instructions allowed.
    InstructionBudget,
    /// Conditional branches executed.
    Branches,
    /// Conditional branches allowed.
    BranchBudget,
    /// How many entries a queue can hold.
    Capacity,
    /// How many entries wait in it.
    Pending,
}

impl FactName {
    /// The name in words.
    pub const fn text(self) -> &'static str {
        match self {
            FactName::Asked => "asked",
            FactName::Reserved => "reserved",
            FactName::OsError => "os error",
            FactName::Limit => "limit",
            FactName::Used => "used",
            FactName::Live => "live",
            FactName::Units => "units",
            FactName::Released => "released",
            FactName::Instructions => "executed",
            FactName::InstructionBudget => "budget",
            FactName::Branches => "executed",
            FactName::BranchBudget => "budget",
            FactName::Capacity => "capacity",
            FactName::Pending => "pending",
        }
    }

    /// The unit of the number.
    pub const fn unit(self) -> FactUnit {
        match self {
            FactName::Asked
            | FactName::Reserved
            | FactName::Limit
            | FactName::Used
            | FactName::Live
            | FactName::Released => FactUnit::Bytes,
            FactName::OsError => FactUnit::OsError,
            FactName::Units | FactName::Capacity | FactName::Pending => FactUnit::Count,
            FactName::Instructions | FactName::InstructionBudget => FactUnit::Instructions,
            FactName::Branches | FactName::BranchBudget => FactUnit::Branches,
        }
    }
}

/// One number that belongs to a fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fact {
    /// What it says, and in which unit.
    pub name: FactName,
    /// How much it was.
    pub value: u64,
}

/// How many facts one fault can carry.
pub const FACTS_MAX: usize = 6;

/// A failure: code, subject and facts. `Copy`, and made without allocating.
///
/// ```
/// use compiler_alloc::fault::{FactName, Fault, FaultCode};
/// let fault = Fault::new(FaultCode::PageExhaustion, "span")
///     .with(FactName::Asked, 65536)
///     .with(FactName::OsError, 12);
/// assert_eq!(fault.to_string(), "ALLOCATOR_PAGE_EXHAUSTION: span: asked 65536 bytes, os error 12");
/// assert_eq!(fault.fact(FactName::Asked), Some(65536));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Which kind of failure.
    pub code: FaultCode,
    /// What it happened to, for instance `span` or the name of a pass.
    pub subject: &'static str,
    facts: [Option<Fact>; FACTS_MAX],
}

impl Fault {
    /// A fault without facts.
    pub const fn new(code: FaultCode, subject: &'static str) -> Self {
        Fault { code, subject, facts: [None; FACTS_MAX] }
    }

    /// The same fault with one more fact. The seventh and later facts are dropped.
    #[must_use]
    pub const fn with(mut self, name: FactName, value: u64) -> Self {
        let mut index = 0;
        while index < FACTS_MAX {
            if self.facts[index].is_none() {
                self.facts[index] = Some(Fact { name, value });
                return self;
            }
            index += 1;
        }
        self
    }

    /// The facts, in the order in which they were added.
    pub fn facts(&self) -> impl Iterator<Item = Fact> + '_ {
        self.facts.iter().flatten().copied()
    }

    /// The value of the fact called `name`.
    pub fn fact(&self, name: FactName) -> Option<u64> {
        self.facts().find(|fact| fact.name == name).map(|fact| fact.value)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.subject)?;
        for (index, fact) in self.facts().enumerate() {
            let lead = if index == 0 { ": " } else { ", " };
            write!(f, "{lead}{} {}", fact.name.text(), fact.value)?;
            let unit = fact.name.unit().suffix();
            if !unit.is_empty() {
                write!(f, " {unit}")?;
            }
        }
        Ok(())
    }
}

impl core::error::Error for Fault {}

/// How a heap was misused. What is noticed is dropped; nothing was corrupted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum MisuseKind {
    /// A block was freed that is free already.
    DoubleFree = 0,
    /// A pointer into a block, or to a block that was never handed out, was freed.
    Interior = 1,
    /// A pointer was freed that the heap never handed out.
    Foreign = 2,
}

impl MisuseKind {
    /// The kind in words.
    pub const fn text(self) -> &'static str {
        match self {
            MisuseKind::DoubleFree => "double free",
            MisuseKind::Interior => "free of a pointer that is not the beginning of a block",
            MisuseKind::Foreign => "free of a pointer that this heap did not hand out",
        }
    }
}

/// One misuse that a heap noticed, as data. It is a defect of the program, not one of the seven codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Misuse {
    /// What was done.
    pub kind: MisuseKind,
    /// The pointer, as an address.
    pub address: usize,
    /// The size of the block that it leads to; 0 if it leads to none.
    pub block_bytes: usize,
}

impl Misuse {
    /// A misuse of this kind, with the pointer's address and the bytes of the block that it leads to.
    pub const fn new(kind: MisuseKind, address: usize, block_bytes: usize) -> Self {
        Misuse { kind, address, block_bytes }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:#x}", self.kind.text(), self.address)?;
        if self.block_bytes != 0 {
            write!(f, ", block of {} bytes", self.block_bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seventh_fact_is_dropped_and_the_first_six_stay() {
        let mut fault = Fault::new(FaultCode::Exhaustion, "x");
        let names = [
            FactName::Asked,
            FactName::Reserved,
            FactName::OsError,
            FactName::Limit,
            FactName::Used,
            FactName::Live,
            FactName::Units,
        ];
        for name in names {
            fault = fault.with(name, 1);
        }
        assert_eq!(fault.facts().count(), FACTS_MAX);
        assert_eq!(fault.fact(FactName::Live), Some(1));
        assert_eq!(fault.fact(FactName::Units), None);
    }

    #[test]
    fn a_fault_is_small_enough_to_return() {
        assert!(size_of::<Fault>() <= 128, "{} bytes", size_of::<Fault>());
    }

    #[test]
    fn every_code_has_its_own_name() {
        for (index, code) in FaultCode::ALL.iter().enumerate() {
            assert!(code.name().starts_with("ALLOCATOR_"));
            assert!(FaultCode::ALL[..index].iter().all(|other| other.name() != code.name()));
        }
    }
}
