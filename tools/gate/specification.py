"""The sentences of the specification, verbatim, each with a name. docs/allocator-fast-paths.md quotes them from here; rules say which they answer.

The specification belongs to whoever ordered the allocator and does not lie in the repository; this is the copy that the judge reads.
"""

# The specification's own list of files: what it says of each.
FILE_SENTENCES = {
    "allocator/profiles.tsv": "defines allocator profiles.",
    "allocator/size-classes.tsv": "defines size classes and fast-path budgets.",
    "allocator/local-fast-path.tsv": "records local free-list and local heap behavior.",
    "allocator/remote-free.tsv": "records bounded remote-free queues or message passing.",
    "allocator/page-backend.tsv": "records central page/span management.",
    "allocator/transfer-cache.tsv": "records transfer cache behavior.",
    "allocator/hosted-hooks.tsv": "records hugepage and NUMA hooks.",
    "allocator/stress-cases.tsv": "records positive and negative stress fixtures.",
    "allocator/diagnostics.tsv": "defines stable diagnostics.",
    "release/allocator-fast-path-report.tsv": "records fast-path instruction and branch budgets.",
    "release/allocator-remote-free-report.tsv": "records remote-free queue behavior.",
    "release/allocator-page-backend-report.tsv": "records page backend behavior.",
    "release/allocator-stress-report.tsv": "records stress coverage.",
    "release/allocator-diagnostics-report.tsv": "records negative diagnostics.",
    "perf/allocator-fast-path-benchmarks.tsv": "records performance budgets.",
    "compat/allocator-fast-path-contract.tsv": "records release ownership and gate wiring.",
}


def file_name(path: str) -> str:
    """The name of a file's sentence: `file.` and the file's own name."""
    return "file." + path.rsplit("/", 1)[-1].removesuffix(".tsv")


SENTENCES = {
    "scope": "Allocator fast-path evidence defines how native runtime allocation stays local, bounded, and explicit.",
    "page": "This page covers allocator profiles, size classes, local free lists, local heap ownership, slow-path span refill, remote-free batching, "
            "transfer caches, central page/span management, hosted-server hugepage and NUMA hooks, stress coverage, and shutdown cleanup.",
    "order": "make native-memory-control-check depends on make allocator-fast-path-check.",
    "before": "The allocator gate validates allocator-specific performance, page-backend, and stress evidence before the broader native memory-control "
              "evidence is accepted.",
    **{file_name(path): f"{path} {says}" for path, says in FILE_SENTENCES.items()},
    "judge": "tools/allocator-fast-path-check.py validates the evidence and fixtures.",
    "profile.freestanding": "freestanding: reserved static or arena storage, no OS dependency, no remote frees, no hugepage or NUMA behavior;",
    "profile.hosted-small": "hosted-small: thread-local fast paths and ordinary mmap spans;",
    "profile.hosted-server": "hosted-server: thread-local fast paths, central spans, transfer caches, and opt-in hugepage or NUMA hooks;",
    "profile.realtime": "realtime: actor-local heaps and bounded message-passing remote frees;",
    "profile.test-fixture": "test-fixture: deterministic test-only page backend;",
    "profile.compiler-internal": "compiler-internal: compiler arena spans and local ownership.",
    "no-collector": "GC is not the default for any allocator profile.",
    "budgets": "Fast paths must fit recorded instruction and branch budgets.",
    "local": "Local allocations use local free lists and local heap ownership.",
    "refill": "Slow-path refill pulls from transfer caches or central spans.",
    "undisturbed": "Remote frees must not perturb the local fast path except at documented drain points such as safepoints, slow-path refill, thread exit, "
                   "message boundaries, actor shutdown, or arena reset.",
    "backend": "The page backend owns span allocation, central cache behavior, transfer-cache refill, exhaustion behavior, and release cleanup.",
    "fails-closed": "Exhaustion fails closed before publishing partial values.",
    "shutdown": "Shutdown must drain remote-free queues and release owned spans.",
    "hooks-allowed": "Hugepage and NUMA hooks are allowed only for explicit hosted-server release profiles.",
    "hooks-off": "They are disabled by default and rejected for hosted-small, freestanding, realtime, compiler-internal, and test fixture profiles.",
    "stress": "The allocator stress suite covers: local free; remote free; cross-thread allocation; fragmentation; large objects; exhaustion; shutdown cleanup.",
    "codes": "The allocator gate uses stable diagnostics: ALLOCATOR_FAST_PATH_BUDGET ALLOCATOR_REMOTE_FREE_OVERFLOW ALLOCATOR_PAGE_EXHAUSTION "
             "ALLOCATOR_HUGEPAGE_POLICY ALLOCATOR_NUMA_POLICY ALLOCATOR_EXHAUSTION ALLOCATOR_SHUTDOWN_LEAK",
    "documentation": "Runtime memory, native allocation, page backend, hugepage, NUMA, allocator stress, or shutdown behavior changes must update this page, the "
                     "allocator evidence files, release notes, and the public reference index in the same change.",
}

# Answered by a program of its own, which `make native-memory-control-check` runs, not by a rule of this judge.
ELSEWHERE = ("documentation",)
