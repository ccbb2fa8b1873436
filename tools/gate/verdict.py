"""The short verdict: the numbers that matter, then pass or fail in one line."""

from .checks.derived import BENCHMARKS, FAST_PATH, RULE_REPORT, STRESS
from .checks.promises import LEAK_RULE
from .evidence import OURS, number

# What the verdict shows of the fast paths, in this order; then workloads, span rules and stress.
PATHS_SHOWN = (("compiler-internal", "alloc-24"), ("hosted-small", "malloc-16"), ("hosted-small", "free-16"))
WORKLOADS_SHOWN = 2
NUMBERS = 10


def numbers(evidence) -> list[tuple[str, str, str]]:
    """At most ten (what, measured, budget) triples, the worst margins first within each group."""
    shown = []
    for profile, path in PATHS_SHOWN:
        for row in evidence.rows(FAST_PATH):
            if (row["profile"], row["path"]) == (profile, path) and row["subject"] == OURS and row["metric"] == "instructions":
                branches = evidence.get(FAST_PATH, row["profile"], path, OURS, "branches")
                more = f" / {branches['net']}" if branches is not None else ""
                budget = f"{row['released_budget']} / {branches['released_budget']}" if branches is not None else row["released_budget"]
                shown.append((f"{path}: instructions / branches", row["net"] + more, budget))
    benchmarks = [row for row in evidence.rows(BENCHMARKS) if row["subject"] == OURS and row["released_budget"] != "-"]
    benchmarks.sort(key=lambda row: (row["verdict"] == "not-judged", -_fill(row["measured"], row["released_budget"])))
    for row in benchmarks[:WORKLOADS_SHOWN]:
        shown.append((f"{row['workload']}: {row['metric']}", f"{row['measured']} {row['unit']}", row["released_budget"]))
    for row in evidence.rows(RULE_REPORT):
        if row["rule"] == "exhaustion.usable-percent-under-limit":
            shown.append((f"{row['profile']}: {row['rule'].partition('.')[2]}", f"{row['measured']} {row['unit']}", f"{row['relation']} {row['value']}"))
    leaks = [int(row["measured"]) for row in evidence.rows(RULE_REPORT) if row["rule"] == LEAK_RULE]
    if leaks:
        shown.append((f"{LEAK_RULE.partition('.')[2]}, {len(leaks)} profiles", f"{sum(leaks)} bytes", "equal 0"))
    stress = evidence.rows(STRESS)
    if stress:
        met = sum(row["verdict"] == "met" for row in stress)
        shown.append(("stress cases as declared", str(met), str(len(stress))))
        shown.append(("stress operations", str(sum(int(row["operations"]) for row in stress)), "-"))
    return shown[:NUMBERS]


def _fill(measured: str, budget: str) -> float:
    limit = number(budget)
    return float(number(measured) / limit) if limit else 0.0


def render(case, found) -> str:
    evidence = case.fresh or case.committed
    lines = []
    table = numbers(evidence)
    if table:
        widths = [max(len(row[i]) for row in [("what", "measured", "budget"), *table]) for i in range(3)]
        for row in [("what", "measured", "budget"), *table]:
            lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        lines.append("")
    total = sum(len(parsed.by_key) for parsed in evidence.tables.values())
    source = "a fresh run and the committed files" if case.fresh is not None else "the committed files only"
    reused = f"; {case.reused} rows reused from an earlier run" if case.reused else "; no row reused" if case.fresh is not None else ""
    if found:
        by_code: dict[str, int] = {}
        for item in found:
            by_code[item.code] = by_code.get(item.code, 0) + 1
        lines.append("FAILED: " + ", ".join(f"{code} x{count}" for code, count in sorted(by_code.items())) + f"; judged {source}{reused}")
    else:
        lines.append(f"passed: {total} rows in {len(evidence.tables)} files, judged {source}{reused}")
    return "\n".join(lines)
