"""Schemas of `allocator/`: what we promise. Written by hand, except diagnostics.tsv, which comes from the library's table."""

from ..codes import ALLOCATOR_CODES
from ..column import count, date, decimal, file, name, names, one_of, some_of, symbol, text
from .table import (CONCERNS, COVERAGE, DRAIN_POINTS, HOOKS, PROFILES, RULE_UNITS, STATUS, Table, decision, declared, derived, exact, key, profile,
                    profile_key, remark, status, test)

PROFILES_TABLE = Table(
    "allocator/profiles.tsv",
    "The allocator profiles and the policy of each.",
    ("profile",),
    (
        profile_key(),
        declared("type", symbol(), "The library type that is this profile."),
        declared("page_source", one_of("fixed", "mmap", "mmap-sealed", "fixture"), "Where its pages come from."),
        declared("threads", one_of("one-owner", "thread-heaps", "actor-local-heaps", "deterministic", "arenas-and-pools"),
                 "Who owns memory on the local path."),
        declared("tiers", some_of("arena", "local", "transfer", "central", "span"), "What an allocation may pass through, nearest first."),
        declared("remote_free", one_of("none", "slab-chain", "destination-batch", "bounded-message-queue", "deterministic-order",
                                       "whole-spans"), "How memory freed by another thread comes back."),
        declared("hooks", one_of("none", "opt-in"), "Huge-page and NUMA hooks: absent, or present and off until asked for."),
        declared("hooks_default", one_of("off"), "State of the hooks in a profile nobody configured."),
        declared("release", one_of("yes", "no"), "`yes` when the profile may be released to users."),
        declared("gc", one_of("none", "default", "optional"), "The collector; the specification allows only `none`."),
        declared("os", one_of("none", "linux"), "What operating system the profile needs."),
        status(),
        remark(),
    ),
)

SIZE_CLASSES = Table(
    "allocator/size-classes.tsv",
    "Size classes, what each wastes at most, and the instruction and branch budget of the fast path that serves it. Rows of kind `block` are "
    "written by a run from the library's const table, all others by hand.",
    ("profile", "class"),
    (
        profile_key(),
        key("class", name(), "Name of the class."),
        declared("kind", one_of("request", "operation", "chunk", "span", "block"),
                 "`request`: how the size of a request is known; `operation`: a path whose cost does not depend on a size; `chunk`, `span`, `block`: a size "
                 "memory is handed out in."),
        declared("face", one_of("any", "layout", optional=True),
                 "Who may use a block class: `any` face, or only requests whose `Layout` needs at most 8-byte alignment; `-` for other kinds."),
        declared("bytes_min", count(optional=True), "Smallest request or piece; `-` for an operation.", "bytes"),
        declared("bytes_max", count(optional=True), "Largest request or piece; `-` when only address space bounds it.", "bytes"),
        declared("granule", count(optional=True), "Sizes are rounded up to a multiple of this; for a block class the distance to the next smaller class of its face.",
                 "bytes"),
        exact("slab_bytes", count(optional=True), "Bytes of a slab that is cut into such blocks; `-` for other kinds.", "bytes"),
        derived("slab_blocks", count(optional=True), "Blocks of a slab.", "blocks"),
        derived("waste_percent", decimal(optional=True), "Share of a block that the smallest request served by it leaves unused, by the face that wastes most.",
                "percent"),
        declared("path", name(optional=True), "The fast path in local-fast-path.tsv that serves requests of this class."),
        declared("instructions_budget", decimal(optional=True), "Instructions over the same function without the operation: the aim.", "instructions"),
        declared("instructions_released", decimal(optional=True), "The same, what a release must meet.", "instructions"),
        declared("branches_budget", decimal(optional=True), "Conditional branches over nothing: the aim.", "branches"),
        declared("branches_released", decimal(optional=True), "The same, what a release must meet.", "branches"),
        decision(),
        declared("symbol", symbol(optional=True), "The constant or function in the sources that fixes the class."),
        status(),
        remark(),
    ),
    mixed=True,
)

LOCAL_FAST_PATH = Table(
    "allocator/local-fast-path.tsv",
    "The paths that stay local: what each may touch and what it may never do.",
    ("profile", "path"),
    (
        profile_key(),
        key("path", name(), "Name of the path."),
        declared("entry", symbol(), "The public function that is stepped."),
        declared("case", name(), "Case of `bench-corpus step` that measures the path."),
        declared("touches", some_of("arena", "chunk", "thread-slot", "pool", "heap", "block", "slab", "slab-map"), "The only memory the path reads or writes."),
        declared("locked_budget", decimal(), "Locked operations allowed, by operation where several share one.", "operations"),
        declared("calls_budget", count(), "Calls allowed.", "calls"),
        declared("syscalls_budget", count(), "System calls allowed.", "calls"),
        declared("miss", symbol(optional=True), "The named slow path it falls into."),
        test(),
        status(),
        remark(),
    ),
)

REMOTE_FREE = Table(
    "allocator/remote-free.tsv",
    "Where memory freed by another thread is taken back, by what, and how much may wait.",
    ("profile", "drain_point"),
    (
        profile_key(),
        key("drain_point", one_of(*DRAIN_POINTS, "none"), "A drain point of the specification; `none` when the profile has no remote frees."),
        declared("mechanism", one_of("none", "slab-chain", "destination-batch", "bounded-message-queue", "deterministic-order", "whole-spans"),
                 "How the memory comes back; equal to `remote_free` in profiles.tsv."),
        declared("bound", count(optional=True), "How much may wait at most.", "by-row"),
        declared("bound_unit", one_of("blocks", "messages", "spans", "bytes", optional=True), "Unit of `bound`."),
        declared("left_bound", count(optional=True), "How much may be left after the drain.", "by-row"),
        declared("function", symbol(optional=True), "The function that drains."),
        declared("overflow", one_of(*ALLOCATOR_CODES[1:2], optional=True), "Code raised when the bound is passed; `-` when nothing can wait."),
        declared("case", name(optional=True), "Experiment of `bench-corpus evidence --drain` that measures it; its name is the drain point's, after the profile's where that is a heap."),
        test(),
        status(),
        remark(),
    ),
)

PAGE_BACKEND = Table(
    "allocator/page-backend.tsv",
    "Rules of span management: geometry, growth, give-back, exhaustion, release. Each is measured by `bench-corpus evidence --rule`.",
    ("profile", "rule"),
    (
        profile_key(),
        key("rule", name(), "Name of the rule: the part of the specification's page backend it belongs to (" +
            ", ".join(f"`{concern}`" for concern in CONCERNS) + "), a `.`, and what is measured."),
        declared("relation", one_of("equal", "at-most", "at-least"), "How the measured value must stand to `value`."),
        declared("value", decimal(), "The promised value.", "by-row"),
        declared("unit", one_of(*RULE_UNITS), "Unit of `value`."),
        declared("symbol", symbol(optional=True), "The constant or function that makes it so."),
        test(),
        status(),
        remark(),
    ),
)

TRANSFER_CACHE = Table(
    "allocator/transfer-cache.tsv",
    "Tiers between a thread and the page source: what each holds at most and where it refills from.",
    ("profile", "tier"),
    (
        profile_key(),
        key("tier", one_of("span-cache", "transfer-cache", "central-spans", "span-pool"), "The tier, nearest to the thread first."),
        declared("scope", one_of("thread", "process"), "Who shares it."),
        declared("capacity", count(optional=True), "What it may hold: the rule `transfer-refill.TIER-capacity`; `-` without such a rule.", "by-row"),
        declared("capacity_unit", one_of("bytes", "spans", "blocks", "batches", optional=True), "Unit of `capacity`."),
        declared("batch", count(optional=True), "How much moves at once: the rule `transfer-refill.TIER-batch`; `-` without such a rule.", "by-row"),
        declared("refills_from", one_of("transfer-cache", "central-spans", "span-pool", "page-source"), "The next tier when it is empty."),
        declared("symbol", symbol(optional=True), "The constant or type that fixes it."),
        test(),
        status(),
        remark(),
    ),
)

HOSTED_HOOKS = Table(
    "allocator/hosted-hooks.tsv",
    "Huge-page and NUMA hooks: who may have them, who rejects them, and with which code.",
    ("profile", "hook"),
    (
        profile_key(),
        key("hook", one_of(*HOOKS), "The hook."),
        declared("policy", one_of("rejected", "opt-in"), "What the profile does when asked for it."),
        declared("default", one_of("off", "on"), "State when nobody asked; the specification allows only `off`."),
        declared("code", one_of(*ALLOCATOR_CODES[3:5]), "Code raised when it is asked for and not allowed."),
        declared("enforced_by", one_of("type", "builder"), "`type`: no method exists, so asking does not compile; `builder`: asked for by name."),
        test(),
        status(),
        remark(),
    ),
)

STRESS_CASES = Table(
    "allocator/stress-cases.tsv",
    "Stress cases, positive and negative, with what each must end in.",
    ("case",),
    (
        key("case", name(), "Name of the case in `bench-corpus stress`; `PROFILE-COVERAGE-POLARITY` while it is not built."),
        profile(),
        declared("coverage", one_of(*COVERAGE), "The part of the specification's stress coverage it belongs to."),
        declared("polarity", one_of("positive", "negative"), "`negative`: the case provokes a failure and must end in `code`."),
        declared("seed", count(optional=True), "Seed of its random generator."),
        declared("threads", count(optional=True), "Threads it runs.", "threads"),
        declared("operations_least", count(optional=True), "Fewer operations are no run of the case. It is an aim, and so are the threads: less needs a decision.", "operations"),
        declared("outcome", one_of("completed", "refused", "leak-reported", "rejected"), "How it must end."),
        declared("code", one_of(*ALLOCATOR_CODES, optional=True), "The diagnostic it must raise, and no other."),
        status(),
        remark(),
    ),
)

DIAGNOSTICS = Table(
    "allocator/diagnostics.tsv",
    "The stable diagnostics. Written by `bench-corpus evidence` from the library's table, as docs/diagnostics.md is.",
    ("code",),
    (
        key("code", one_of(*ALLOCATOR_CODES), "The diagnostic."),
        exact("meaning", text(), "What happened."),
        exact("cause", text(), "Why it usually happens."),
        exact("remedy", text(), "What to do."),
        exact("facts", names(optional=True), "Facts that each of them carries; `-` for none beyond its subject."),
        declared("raised_by", name(optional=True), "Case of `bench-corpus evidence --diagnostic` whose real run raises it; `-` while the part that raises it is not built."),
        declared("fixture", file(), "Folder of the fixture on which the judge raises it."),
        declared("status", one_of(*STATUS), "`built` when a real run of the library raises it."),
    ),
    generated=True,
)

AIMS = Table(
    "allocator/aims.tsv",
    "What each budget's aim was first, and each weaker aim since. `make accept-aims` writes stricter ones, `make accept-aims DECISION=NAME` weaker ones, those of new budgets, and takes out those whose budget is gone.",
    ("profile", "item", "metric", "revision"),
    (
        profile_key(),
        key("item", name(), "What has the budget: the path, workload, pass, rule or drain point."),
        key("metric", name(), "What is bounded, in the words of the file with the budget; of a rule its relation."),
        key("revision", count(), "1 for the first aim; each weaker one has the next number."),
        declared("aim", decimal(), "The budget's aim from then on, until the next revision; in the unit of the budget."),
        declared("date", date(optional=True), "When a weaker aim was recorded; `-` for the first."),
        declared("decision", name(optional=True), "Name of the decision in ARCHITECTURE.md that gave the aim up, and that holds the date; `-` for the first."),
    ),
)

TABLES = (PROFILES_TABLE, SIZE_CLASSES, LOCAL_FAST_PATH, REMOTE_FREE, PAGE_BACKEND, TRANSFER_CACHE, HOSTED_HOOKS, STRESS_CASES, DIAGNOSTICS, AIMS)

assert set(PROFILES) and all(table.key for table in TABLES)
