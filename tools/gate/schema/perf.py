"""Schema of `perf/`: budgets by hand, measured cells by a run."""

from ..column import decimal, name, one_of
from .table import COMPARISONS, Table, by_row, decision, declared, derived, exact, key, profile_key, remark, verdict
from ..column import count, text

BENCHMARKS = Table(
    "perf/allocator-fast-path-benchmarks.tsv",
    "Performance budgets beyond single paths: page faults, memory, and ratios to peers on fixed workloads.",
    ("profile", "workload", "subject", "metric"),
    (
        profile_key(),
        key("workload", name(), "Workload, case or pass of the row's command."),
        key("subject", name(), "`ours`, or the peer measured in the same run."),
        key("metric", name(), "What is measured."),
        declared("target", name(optional=True), "The target it answers, such as `a2`; `-` when it only describes."),
        declared("unit", one_of("faults", "bytes", "ratio", "instructions", "spans", "milliseconds", "units"), "Unit of the values."),
        declared("budget", decimal(optional=True), "What we aim for.", "by-row"),
        declared("released_budget", decimal(optional=True), "What a release must meet; weaker than `budget` only with a decision.", "by-row"),
        decision(),
        declared("comparison", one_of(*COMPARISONS), "How `measured` is compared with a fresh run. Times are informational and feed no verdict."),
        by_row("measured", decimal(), "What the run showed."),
        verdict(),
        exact("seed", count(optional=True), "Seed of the workload; `-` when nothing is random."),
        derived("command", text(), "The command that measures this row again."),
        remark(),
    ),
    mixed=True,
)

TABLES = (BENCHMARKS,)
