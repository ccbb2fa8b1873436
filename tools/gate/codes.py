"""Codes the judge answers with, each with its meaning and the command or edit that mends it.

The seven ALLOCATOR_ codes are the specification's; the library raises them too. The EVIDENCE_ codes are the judge's own: they say
that the evidence cannot be believed, not that the allocator is bad.
"""

from .code import Code, codes_of

FAST_PATH_BUDGET = Code(
    "ALLOCATOR_FAST_PATH_BUDGET",
    "A stepped fast path takes more instructions, branches, locked operations, calls or system calls than its released budget allows.",
    "Look at the listing with `bench-corpus step`, make the path shorter, or record a decision: raise `released_budget`, keep `budget`, and name the "
    "decision in ARCHITECTURE.md.",
)
REMOTE_FREE_OVERFLOW = Code(
    "ALLOCATOR_REMOTE_FREE_OVERFLOW",
    "A remote-free queue held more than its declared bound, or a profile promises an unbounded one.",
    "Drain at a documented drain point before the bound is reached, or change the bound in allocator/remote-free.tsv with its reason.",
)
PAGE_EXHAUSTION = Code(
    "ALLOCATOR_PAGE_EXHAUSTION",
    "A run met a refusal of the page source that its case did not declare, or a declared refusal did not happen.",
    "Run the case alone with `bench-corpus stress --case NAME` and look at its facts: bytes asked, bytes reserved, error of the system.",
)
HUGEPAGE_POLICY = Code(
    "ALLOCATOR_HUGEPAGE_POLICY",
    "Huge pages are asked for, on by default, or left unguarded in a profile that must reject them. Only explicit hosted-server release profiles may opt in.",
    "Correct allocator/hosted-hooks.tsv and allocator/profiles.tsv; put a workload that wants huge pages on hosted-server.",
)
NUMA_POLICY = Code(
    "ALLOCATOR_NUMA_POLICY",
    "NUMA placement is asked for, on by default, or left unguarded in a profile that must reject it. Only explicit hosted-server release profiles may opt "
    "in.",
    "Correct allocator/hosted-hooks.tsv and allocator/profiles.tsv; put a workload that wants placement on hosted-server.",
)
EXHAUSTION = Code(
    "ALLOCATOR_EXHAUSTION",
    "A run reached a limit of ours (arena limit, pass budget, quota) that its case did not declare, or a declared limit did not stop it.",
    "Run the case alone with `bench-corpus stress --case NAME`; raise the limit or find what grew.",
)
SHUTDOWN_LEAK = Code(
    "ALLOCATOR_SHUTDOWN_LEAK",
    "After shutdown, spans were still held that the case did not declare, or a declared leak went unreported.",
    "Run the case alone with `bench-corpus stress --case NAME`; its report names what is still alive.",
)

# The specification's order.
ALLOCATOR_CODES = tuple(codes_of(globals()))

MISSING = Code(
    "EVIDENCE_MISSING",
    "An evidence file is not there.",
    "`make evidence` writes the generated files; a declared file comes back with `git checkout`.",
)
SYNTAX = Code(
    "EVIDENCE_SYNTAX",
    "A file is not strict TSV: UTF-8 without byte-order mark, lines ended by LF, the header exactly as in the dictionary, the same number of cells in each "
    "row, no row twice, at most 8 MiB.",
    "Generated files: `make evidence`. Declared files: correct the line; the dictionary is the README.md beside the file.",
)
SCHEMA = Code(
    "EVIDENCE_SCHEMA",
    "A cell holds something its column does not allow.",
    "Look the column up in the README.md beside the file; `make evidence` for generated files.",
)
REFERENCE = Code(
    "EVIDENCE_REFERENCE",
    "A row names a profile, class, path, case, code, symbol, test, fixture or file that does not exist, or a declared row has no measured counterpart.",
    "Correct the name, or remove the row that nothing stands behind.",
)
DERIVED = Code(
    "EVIDENCE_DERIVED",
    "A derived value differs from what the judge computes from the cells it is derived from.",
    "`make evidence`; a derived cell is never edited by hand.",
)
DRIFT = Code(
    "EVIDENCE_DRIFT",
    "A fresh run gave another value than the committed evidence, outside the column's comparison class.",
    "If the change is intended, `make evidence` and commit the difference with its reason; if not, find what changed it.",
)
TRACE = Code(
    "EVIDENCE_TRACE",
    "The judge's recount of a raw step trace differs from the reported counts, or the trace is missing or not the one the report names.",
    "`make allocator-fast-path-check` writes fresh traces; if it persists, the stepper and the judge disagree about an instruction: see tools/gate/trace.py.",
)
STALE = Code(
    "EVIDENCE_STALE",
    "The evidence was made from other sources, another Cargo.lock or other build flags than those in the working tree.",
    "`make evidence`.",
)
TOOLCHAIN = Code(
    "EVIDENCE_TOOLCHAIN",
    "The evidence was made with another compiler, libc or target than this machine has; exact counts cannot be compared.",
    "`make evidence` with the toolchain you release with.",
)
PROFILE = Code(
    "EVIDENCE_PROFILE_RULE",
    "A profile breaks a rule of the specification: a collector, remote frees or an OS in freestanding, another page source or ownership than the "
    "specification names.",
    "Correct allocator/profiles.tsv, or the library if the row tells the truth.",
)
COVERAGE = Code(
    "EVIDENCE_COVERAGE",
    "Stress coverage named by the specification is neither run nor marked as not built, or lacks a positive or a negative case.",
    "Add the case to allocator/stress-cases.tsv and to `bench-corpus stress`.",
)
DECISION = Code(
    "EVIDENCE_DECISION",
    "A released budget is weaker than the budget, or a budget than its recorded aim, and no decision of that name stands in ARCHITECTURE.md; or a decision is "
    "named without need.",
    "Write the decision under Decisions in ARCHITECTURE.md and put its name into the `decision` cell.",
)
CONTRACT = Code(
    "EVIDENCE_CONTRACT",
    "The release contract does not match the repository: an evidence file without a row, a make target, CI step or command that does not exist.",
    "Correct compat/allocator-fast-path-contract.tsv, the Makefile or .ci/run.",
)
DICTIONARY = Code(
    "EVIDENCE_DICTIONARY",
    "A column dictionary differs from the schema that the judge applies.",
    "`python3 tools/allocator-fast-path-check.py --write-dictionaries`.",
)
BUDGET = Code(
    "EVIDENCE_BUDGET",
    "A performance budget other than a fast path's is exceeded: page faults, memory, or a ratio to a peer that feeds the verdict.",
    "Look at the workload with `make bench`; mend it, or record a decision as for a fast path.",
)

EXPLANATIONS = codes_of(globals())
