"""Schemas of `release/`: what a run showed. `make evidence` writes these files; nobody edits them."""

from ..codes import ALLOCATOR_CODES
from ..column import count, decimal, label, name, one_of, sha256, text
from .table import (COVERAGE, DRAIN_POINTS, PROFILES, RULE_UNITS, Table, by_row, command, comparison, derived, exact, key, profile_key, seed, verdict)

METRICS = ("instructions", "branches", "loads", "stores", "locked", "calls", "syscalls")

FAST_PATH_REPORT = Table(
    "release/allocator-fast-path-report.tsv",
    "Stepped counts of every fast path and of the peers on the same case, with the budgets of allocator/.",
    ("profile", "path", "subject", "metric"),
    (
        profile_key(),
        key("path", name(), "The path in allocator/local-fast-path.tsv."),
        key("subject", name(), "`ours`, or the peer stepped by the same tool on the same case."),
        key("metric", one_of(*METRICS), "What was counted; also the unit of the counts."),
        by_row("total", count(), "Executed between the markers, with the operation, over all repetitions.", "by-metric"),
        by_row("nothing", count(), "The same without the operation.", "by-metric"),
        exact("operations", count(), "Repetitions of the operation between the markers.", "operations"),
        derived("net", decimal(), "(total - nothing) / operations, to 4 decimals.", "by-metric", "by-row"),
        derived("budget", decimal(optional=True), "The declared aim, copied from allocator/.", "by-metric"),
        derived("released_budget", decimal(optional=True), "The declared release budget, copied from allocator/.", "by-metric"),
        verdict(),
        comparison(),
        seed(),
        derived("trace_sha256", sha256(), "Digest of the two raw traces, with the operation then without, one after the other.", comparison="by-row"),
        command(),
    ),
    generated=True,
)

REMOTE_FREE_REPORT = Table(
    "release/allocator-remote-free-report.tsv",
    "What drained where: memory freed by other threads, per drain point.",
    ("profile", "drain_point", "case", "metric"),
    (
        profile_key(),
        key("drain_point", one_of(*DRAIN_POINTS), "The drain point in allocator/remote-free.tsv."),
        key("case", name(), "The experiment; named after its drain point."),
        key("metric", one_of("waiting-peak", "drained", "left"), "Most that waited at once; taken back at the drain point; left behind."),
        derived("unit", one_of("blocks", "messages", "spans", "bytes"), "Unit of the values."),
        derived("released_budget", count(optional=True), "The declared bound for `waiting-peak`, the declared rest for `left`, `-` for `drained`.", "by-row"),
        by_row("measured", count(), "What the run showed."),
        verdict(),
        comparison(),
        seed(),
        command(),
    ),
    generated=True,
)

PAGE_BACKEND_REPORT = Table(
    "release/allocator-page-backend-report.tsv",
    "Measured value of every rule in allocator/page-backend.tsv.",
    ("profile", "rule"),
    (
        profile_key(),
        key("rule", name(), "The rule in allocator/page-backend.tsv."),
        derived("relation", one_of("equal", "at-most", "at-least"), "Copied from the rule."),
        derived("value", decimal(), "Copied from the rule.", "by-row"),
        derived("unit", one_of(*RULE_UNITS), "Copied from the rule."),
        by_row("measured", decimal(), "What the run showed."),
        verdict(),
        comparison(),
        seed(),
        command(),
    ),
    generated=True,
)

STRESS_REPORT = Table(
    "release/allocator-stress-report.tsv",
    "Outcome of every stress case that is built.",
    ("case",),
    (
        key("case", name(), "The case in allocator/stress-cases.tsv."),
        derived("profile", one_of(*PROFILES), "Copied from the case."),
        derived("coverage", one_of(*COVERAGE), "Copied from the case."),
        derived("polarity", one_of("positive", "negative"), "Copied from the case."),
        exact("seed", count(), "Seed the run used; equal to the declared one."),
        exact("threads", count(), "Threads the run started; equal to the declared number.", "threads"),
        exact("operations", count(), "Operations performed.", "operations"),
        by_row("refused", count(), "Operations that were refused; among several threads how many depends on who comes first.", "operations"),
        exact("outcome", one_of("completed", "refused", "leak-reported", "rejected", "failed"), "How the run ended."),
        exact("code", one_of(*ALLOCATOR_CODES, optional=True), "The diagnostic it raised."),
        exact("checks", count(), "Times the walker validated every structure.", "walks"),
        by_row("reserved_bytes", count(), "Asked from the page source.", "bytes"),
        by_row("released_bytes", count(), "Given back to it by the end of shutdown.", "bytes"),
        derived("leaked_bytes", count(), "reserved - released.", "bytes", "by-row"),
        verdict(),
        comparison(),
        command(),
    ),
    generated=True,
)

DIAGNOSTICS_REPORT = Table(
    "release/allocator-diagnostics-report.tsv",
    "Every diagnostic that was raised, by a run of the library or by the judge on a fixture, with its text.",
    ("code", "raised_by", "case"),
    (
        key("code", one_of(*ALLOCATOR_CODES), "The diagnostic."),
        key("raised_by", one_of("library", "judge"), "Who raised it."),
        key("case", label(), "Case of `bench-corpus evidence --diagnostic`, or the fixture folder below tools/fixtures/."),
        exact("profile", one_of(*PROFILES, optional=True), "The profile it concerns; `-` when the judge speaks of a file."),
        exact("text", text(), "The rendered text, lines joined by ` / `."),
        derived("verdict", one_of("met", "exceeded"), "`met` when the code raised is the code expected."),
        command(),
    ),
    generated=True,
)

PROVENANCE = Table(
    "release/allocator-evidence-provenance.tsv",
    "What the run was made from and with. Not one of the specification's files: it binds them to sources and tools.",
    ("item",),
    (
        key("item", name(), "What is recorded."),
        by_row("value", text(), "Its value: a digest, a version or a setting.", "-"),
        derived("binds", one_of("sources", "toolchain", "machine"),
                "`sources`: must equal the working tree; `toolchain`: must equal this machine's, else run `make evidence`; `machine`: recorded only."),
        comparison(),
    ),
    generated=True,
)

TABLES = (FAST_PATH_REPORT, REMOTE_FREE_REPORT, PAGE_BACKEND_REPORT, STRESS_REPORT, DIAGNOSTICS_REPORT, PROVENANCE)

