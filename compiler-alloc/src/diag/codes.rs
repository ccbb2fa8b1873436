//! One entry per code: the only place that says what a code means.

use crate::fault::{FactName, FaultCode};

/// What there is to know about one code.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code.
    pub code: FaultCode,
    /// What happened.
    pub meaning: &'static str,
    /// Why it usually happens.
    pub cause: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Facts that every diagnostic with this code carries; it may carry more.
    pub facts: &'static [FactName],
    /// How to see it happen.
    pub example: &'static str,
}

/// Every code, in the order of [`FaultCode::ALL`].
pub const ENTRIES: [Entry; 7] = [
    Entry {
        code: FaultCode::FastPathBudget,
        meaning: "A fast path executes more instructions or conditional branches than its released budget.",
        cause: "A check, a call or a spill was added to an inlined path, or the compiler arranged it anew.",
        remedy: "Compare the listing of `bench-corpus step --listing CASE` with the last release; make the path shorter, or record a decision that names the weaker budget.",
        facts: &[FactName::Instructions, FactName::InstructionBudget],
        example: "One more instruction in `Arena::alloc` makes `make allocator-fast-path-check` fail with this code.",
    },
    Entry {
        code: FaultCode::RemoteFreeOverflow,
        meaning: "A bounded remote-free queue is full, and the block went back to the thread that freed it.",
        cause: "The owner reaches its drain points too rarely for the number of blocks that others free.",
        remedy: "Drain more often at a documented drain point, or declare a larger queue.",
        facts: &[FactName::Capacity, FactName::Pending],
        example: "An actor that never reaches a message boundary while others free its blocks.",
    },
    Entry {
        code: FaultCode::PageExhaustion,
        meaning: "The page source refused address space or memory; nothing was published and nothing changed.",
        cause: "The process is at a limit of the operating system: address space, overcommit, a control group.",
        remedy: "Free or seal what is not needed and try again, raise the limit of the system, or let fewer workers run at once.",
        facts: &[FactName::Asked, FactName::OsError],
        example: "An arena that grows under `ulimit -v` reports this instead of aborting when a `try_` function is used.",
    },
    Entry {
        code: FaultCode::HugepagePolicy,
        meaning: "Huge pages were asked for and are not to be had: of a profile that must not have them, or of a system that has none.",
        cause: "A setting meant for an explicit hosted-server release profile reached another profile, or the pool of huge pages is empty.",
        remedy: "Put the workload on hosted-server and ask its builder, set huge pages aside (vm.nr_hugepages), or take the setting away.",
        facts: &[],
        example: "A row of allocator/hosted-hooks.tsv that lets compiler-internal opt in makes the judge fail with this code.",
    },
    Entry {
        code: FaultCode::NumaPolicy,
        meaning: "NUMA placement was asked for and is not to be had: of a profile that must not have it, or of a system without these nodes.",
        cause: "A setting meant for an explicit hosted-server release profile reached another profile, or a node that is named does not exist.",
        remedy: "Put the workload on hosted-server and ask its builder, name nodes that exist, or take the setting away.",
        facts: &[],
        example: "A row of allocator/hosted-hooks.tsv that lets realtime opt in makes the judge fail with this code.",
    },
    Entry {
        code: FaultCode::Exhaustion,
        meaning: "A limit of ours was reached: an arena's limit, a pass budget, a quota, or fixed storage; nothing was published.",
        cause: "The input is larger than the limit was chosen for, or memory that should be scratch is kept.",
        remedy: "Raise the limit, reset or rewind earlier, or report to the user that the input is too large.",
        facts: &[FactName::Asked],
        example: "`arena.set_limit(Some(4096))` followed by a request for 8192 bytes.",
    },
    Entry {
        code: FaultCode::ShutdownLeak,
        meaning: "Memory was still in use at shutdown; it stays mapped, because somebody may still refer to it.",
        cause: "A sealed result, an arena or a pool outlives the shutdown of its backend, or was forgotten.",
        remedy: "Drop what is still alive before shutdown; the facts say how much it is and in how many units it lies.",
        facts: &[FactName::Live, FactName::Units, FactName::Released],
        example: "`core::mem::forget` of an arena, then `SpanBackend::shutdown`.",
    },
];

/// The entry of `code`. Constant time.
pub const fn entry(code: FaultCode) -> &'static Entry {
    &ENTRIES[code as usize]
}

const _: () = {
    let mut index = 0;
    while index < ENTRIES.len() {
        assert!(ENTRIES[index].code as usize == index, "entries stand in the order of the codes");
        index += 1;
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_finds_its_own_entry() {
        for code in FaultCode::ALL {
            assert_eq!(entry(code).code, code);
        }
    }

    #[test]
    fn every_entry_is_written_as_one_line_of_sentences() {
        for entry in &ENTRIES {
            for text in [entry.meaning, entry.cause, entry.remedy, entry.example] {
                assert!(text.ends_with('.') && !text.contains(['\n', '\t', '|']), "{text}");
            }
        }
    }
}
