"""Codes of the native memory control, each with its meaning and what mends it."""

from gate.code import Code, codes_of

DEPENDENCY = Code(
    "NATIVE_MEMORY_DEPENDENCY",
    "What the built artifact of a profile asks of others, its undefined symbols, shared libraries or crates, is not what was recorded.",
    "If the new dependency is wanted, `make accept-dependencies` and commit the difference; if not, find what brought it with `cargo tree` or `nm`.",
)
COLLECTOR = Code(
    "NATIVE_MEMORY_COLLECTOR",
    "A crate or a symbol of a garbage collector is in an artifact. No profile has a collector.",
    "Remove the dependency; `make accept-dependencies` never records it.",
)
FREESTANDING = Code(
    "NATIVE_MEMORY_FREESTANDING",
    "The freestanding artifact asks for a symbol or a shared library, or holds an allocation function of a C library or a system call wrapper for memory.",
    "Find the function with `nm`, and what calls it; profile `freestanding` has fixed storage and nothing else. `make accept-dependencies` never records it.",
)
BUDGET = Code(
    "NATIVE_MEMORY_BUDGET",
    "A pass over the corpus takes more memory than its released budget, or has no budget.",
    "Look at it with `bench-corpus corpus run --jobs 1`; make it smaller, or change the row of perf/allocator-fast-path-benchmarks.tsv with its reason.",
)
LEAK = Code(
    "NATIVE_MEMORY_LEAK",
    "A program of a profile ended with memory in use, or one that leaked on purpose was not told so.",
    "Run the program of compiler-alloc/examples/profiles that the finding names, plainly and with `leak`; the shutdown cases of `bench-corpus stress` narrow "
    "it down.",
)
SANITIZER = Code(
    "NATIVE_MEMORY_SANITIZER",
    "A program failed under a sanitizer.",
    "`make sanitize` runs everything that is run under sanitizers and prints the whole report.",
)
DOCUMENTATION = Code(
    "NATIVE_MEMORY_DOCUMENTATION",
    "A surface of the allocator changed, and the reference page, the reference index, the release notes or the evidence did not change with it.",
    "Raise the surface's revision in docs/allocator-fast-paths.md, docs/reference-index.md and RELEASE_NOTES.md, each with what is new, `make evidence`, "
    "then `make accept-documentation`.",
)
RECORD = Code(
    "NATIVE_MEMORY_RECORD",
    "A file below compat/native-memory is missing, is not strict TSV, or does not say what the documents say.",
    "Restore it with `git checkout`, or renew it with `make accept-dependencies` or `make accept-documentation`; a record of documentation that was never "
    "made is made by `make accept-documentation FIRST=1` while the first version is unreleased.",
)
RUN = Code(
    "NATIVE_MEMORY_RUN",
    "A command of the check could not be run or failed.",
    "Run the command that the finding names; what it prints says why.",
)

EXPLANATIONS = codes_of(globals())
