"""Every derived cell is computed again from the cells it is derived from; commands are the ones the case implies."""

from fractions import Fraction

from ..column import ABSENT
from ..evidence import OURS, decimal, number

PATHS = "allocator/local-fast-path.tsv"
SIZE_CLASSES = "allocator/size-classes.tsv"
RULES = "allocator/page-backend.tsv"
REMOTE = "allocator/remote-free.tsv"
FAST_PATH = "release/allocator-fast-path-report.tsv"
REMOTE_REPORT = "release/allocator-remote-free-report.tsv"
RULE_REPORT = "release/allocator-page-backend-report.tsv"
STRESS_CASES = "allocator/stress-cases.tsv"
STRESS = "release/allocator-stress-report.tsv"
DIAGNOSTICS = "release/allocator-diagnostics-report.tsv"
BENCHMARKS = "perf/allocator-fast-path-benchmarks.tsv"


def run(case) -> list:
    found = []
    for evidence in case.judged:
        for path, compute in COMPUTED.items():
            for row in evidence.rows(path):
                for column, wanted in compute(evidence, row).items():
                    if wanted is not None and row[column] != wanted:
                        found.append(evidence.bad(RULE_OF[path], path, row, column, f"says `{row[column]}`, computed `{wanted}`"))
    return found


def verdict(measured, budget, relation: str = "at-most") -> str:
    """`met`, `exceeded`, or `not-judged` without a budget."""
    if measured is None or budget is None:
        return "not-judged"
    met = {"at-most": measured <= budget, "at-least": measured >= budget, "equal": measured == budget}[relation]
    return "met" if met else "exceeded"


def path_budgets(evidence, profile: str, path: str, metric: str) -> tuple[str, str]:
    """Declared aim and release budget of one metric of one path, `-` where there is none."""
    if metric in ("instructions", "branches"):
        for row in evidence.rows(SIZE_CLASSES):
            if row["profile"] == profile and row["path"] == path:
                return row[f"{metric}_budget"], row[f"{metric}_released"]
    if metric in ("locked", "calls", "syscalls"):
        row = evidence.get(PATHS, profile, path)
        if row is not None:
            return row[f"{metric}_budget"], row[f"{metric}_budget"]
    return ABSENT, ABSENT


def _fast_path(evidence, row) -> dict:
    operations = int(row["operations"])
    if operations == 0:
        return {"operations": "a number above 0"}
    net = Fraction(int(row["total"]) - int(row["nothing"]), operations)
    budget, released = path_budgets(evidence, row["profile"], row["path"], row["metric"]) if row["subject"] == OURS else (ABSENT, ABSENT)
    promise = evidence.get(PATHS, row["profile"], row["path"])
    # A path may take fewer instructions than its twin: the compiler arranges the two functions apart. Nothing is less than nothing.
    return {
        "net": decimal(max(net, Fraction(0))),
        "budget": budget,
        "released_budget": released,
        "verdict": verdict(max(net, Fraction(0)), number(released)),
        "comparison": "informational" if row["subject"] != OURS else "exact" if _stays_in_our_code(evidence, row) else "bounded",
        "command": f"bench-corpus step --subject {row['subject']} --case {promise['case']}" if promise is not None else None,
    }


def _stays_in_our_code(evidence, row) -> bool:
    """A path of ours without calls, and so without what a C library chose for this processor."""
    calls = evidence.get(FAST_PATH, row["profile"], row["path"], row["subject"], "calls")
    return calls is not None and calls["total"] == "0" and calls["nothing"] == "0"


def _remote(evidence, row) -> dict:
    promise = evidence.get(REMOTE, row["profile"], row["drain_point"])
    return {
        "verdict": verdict(number(row["measured"]), number(row["released_budget"])),
        "unit": promise["bound_unit"] if promise is not None and promise["bound_unit"] != ABSENT else None,
        "comparison": "exact",
        "command": f"bench-corpus evidence --drain {row['case']}",
    }


def _rule(evidence, row) -> dict:
    promise = evidence.get(RULES, row["profile"], row["rule"])
    if promise is None:
        return {}
    return {
        "relation": promise["relation"],
        "value": promise["value"],
        "unit": promise["unit"],
        "verdict": verdict(number(row["measured"]), number(promise["value"]), promise["relation"]),
        "comparison": "bounded" if promise["unit"] == "percent" else "exact",
        "seed": "-",
        "command": f"bench-corpus evidence --rule {row['rule']}" + (f" --profile {row['profile']}" if row["profile"] != "compiler-internal" else ""),
    }


def _stress(evidence, row) -> dict:
    leaked = int(row["reserved_bytes"]) - int(row["released_bytes"])
    promise = evidence.get(STRESS_CASES, row["case"])
    kept = promise is not None and (row["outcome"], row["code"]) == (promise["outcome"], promise["code"])
    return {
        "verdict": "met" if kept else "exceeded",
        # Several threads reserve in an order of their own; one needs page-map tables by the addresses it is given.
        "comparison": "banded" if row["threads"] == "1" else "bounded",
        "leaked_bytes": str(max(leaked, 0)),
        # More given back than was asked for is a broken count, not a negative leak.
        "released_bytes": None if leaked >= 0 else "at most reserved_bytes",
        "command": _stress_command(row["case"]),
    }


def _diagnostic(_evidence, row) -> dict:
    ours = row["raised_by"] == "library"
    return {
        "verdict": "met" if row["text"].startswith(row["code"]) else "exceeded",
        "command": f"bench-corpus evidence --diagnostic {row['case']}" if ours
        else f"tools/allocator-fast-path-check.py --fixture {row['case']}",
    }


def _benchmark(_evidence, row) -> dict:
    judged = row["comparison"] != "informational" and row["subject"] == OURS
    unit, wanted = METRICS.get(row["metric"], ("that of a metric which the judge knows", None))
    return {
        "unit": unit,
        # Nothing that is judged may be told to inform.
        "comparison": wanted if row["subject"] == OURS else None if wanted == row["comparison"] else "informational",
        "verdict": verdict(number(row["measured"]), number(row["released_budget"])) if judged else "not-judged",
        "command": _benchmark_command(row),
    }


# The unit of what is measured, and how rows of ours are compared: counts that nothing else touches exactly, what the system accounts for within its band.
METRICS = {
    **dict.fromkeys(("instructions-median", "instructions-most", "longest-path"), ("instructions", "exact")),
    "failed-units": ("units", "exact"),
    "unused-share": ("ratio", "exact"),
    **dict.fromkeys(("page-faults", "steady-page-faults"), ("faults", "banded")),
    **dict.fromkeys(("peak-resident-bytes", "reserved-bytes", "used-bytes"), ("bytes", "banded")),
    **dict.fromkeys(("held-by-live", "held-by-requested", "peak-resident-by-bumpalo", "resident-by-requested"), ("ratio", "banded")),
    # By what a peer keeps when it is idle: as much as the peer likes.
    "idle-resident-by-bumpalo": ("ratio", "bounded"),
    "cpu-milliseconds": ("milliseconds", "informational"),
    "spans-cold": ("spans", "informational"),
}
# Metrics that the command of a profile's targets measures, and no process alone.
COUNTED = ("instructions-median", "instructions-most", "longest-path", "unused-share")
COUNTED_BY = {"freestanding": "bench-corpus freestanding", "realtime": "bench-corpus realtime"}


def _benchmark_command(row) -> str:
    if row["metric"] in COUNTED and row["profile"] in COUNTED_BY:
        return COUNTED_BY[row["profile"]]
    if row["profile"] != "compiler-internal":
        return f"bench-corpus evidence --workload {row['profile']}.{row['workload']}"
    return "bench-corpus corpus compare --jobs 1 --rounds 8 --pairs 1" if row["workload"].startswith("corpus-quick") else "bench-corpus arena"


def _stress_command(name: str) -> str:
    return f"bench-corpus stress --case {name}"


# The rule that each file's derived cells answer to.
RULE_OF = {
    FAST_PATH: "derived.fast-path",
    REMOTE_REPORT: "derived.remote-free",
    RULE_REPORT: "derived.page-backend",
    STRESS: "derived.stress",
    DIAGNOSTICS: "derived.diagnostics",
    BENCHMARKS: "derived.benchmarks",
}
COMPUTED = {
    FAST_PATH: _fast_path,
    REMOTE_REPORT: _remote,
    RULE_REPORT: _rule,
    STRESS: _stress,
    DIAGNOSTICS: _diagnostic,
    BENCHMARKS: _benchmark,
}
