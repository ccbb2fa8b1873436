"""Corpus memory: every pass over the quick corpus stays within its budgets, and no pass is without.

The passes are run again here, in a process of their own, so that a pass which nobody declared is found; the evidence shows declared rows only.
Budgets of the passes that the evidence measures stand in perf/ beside what was measured, those of later passes in compat/native-memory.
"""

import json
import shlex

from . import codes, record
from .command import run
from .finding import Finding, Outcome

FILE = "perf/allocator-fast-path-benchmarks.tsv"
CORPUS = "corpus-quick"
# Budgets of passes without rows in `FILE`.
LATER = f"{record.FOLDER}/pass-budgets.tsv"
LATER_HEADER = ("pass", "metric", "released_budget", "reason")
# What each pass has a budget for, and the field of the run's report that is held against it.
METRICS = {"used-bytes": "used_bytes", "reserved-bytes": "reserved_bytes"}
# One worker: then the bytes are the same in every run. The third round is warm.
RUN = ("corpus", "run", "--set", "quick", "--passes", "check", "--jobs", "1", "--rounds", "3", "--format", "json")
REASON_WORDS_MIN = 3


def check(root: str, tree, bench: str) -> Outcome:
    ran = run([*shlex.split(bench), *RUN], root)
    if not ran.is_good:
        return Outcome("the passes were not run", [ran.finding()])
    passes = measured(ran.out)
    if not passes:
        return Outcome("the passes were not run", [Finding(codes.RUN, "`bench-corpus corpus run`", "printed no report")])
    declared, later = rows(tree), later_rows(tree)
    found = later[1] + judge(later[0] | declared, passes)
    found += [Finding(codes.RECORD, f"{LATER}, pass `{name}`, {metric}", f"has a row in {FILE} too", "remove one of the two") for name, metric in later[0].keys() & declared.keys()]
    shown = ", ".join(f"{name} {report['used_bytes'] / 1e6:.1f} MB used, {report['reserved_bytes'] / 1e6:.1f} MB held" for name, report in sorted(passes.items()))
    return Outcome(f"{len(passes)} passes: {shown}", found)


def measured(report: str) -> dict[str, dict]:
    """The passes of the last round, by name; none when the report is not what it should be."""
    try:
        return {one["pass"]: {field: int(one[field]) for field in METRICS.values()} for one in json.loads(report)["rounds"][-1]["passes"]}
    except (ValueError, KeyError, IndexError, TypeError):
        return {}


def rows(tree) -> dict[tuple[str, str], dict]:
    """The declared rows of our passes, by pass and metric. The judge has held the file's syntax against its schema before."""
    lines = (tree.read(FILE) or b"").decode("utf-8", "replace").split("\n")
    header = lines[0].split("\t")
    answer = {}
    for line in lines[1:]:
        row = dict(zip(header, line.split("\t")))
        workload, _, name = row.get("workload", "").partition(".")
        if workload == CORPUS and name and row.get("subject") == "ours":
            answer[name, row.get("metric", "")] = row
    return answer


def later_rows(tree) -> tuple[dict[tuple[str, str], dict], list[Finding]]:
    """The same of the passes that the evidence does not measure."""
    lines, found = record.read(tree, LATER, LATER_HEADER, 2)
    return {line[:2]: dict(zip(LATER_HEADER, line)) for line in lines}, found


def judge(declared: dict, passes: dict) -> list[Finding]:
    found = []
    for name, report in sorted(passes.items()):
        for metric, field in METRICS.items():
            place, row = f"pass `{name}`, {metric}", declared.get((name, metric))
            budget = row.get("released_budget", "-") if row else "-"
            if not budget.isdigit():
                found.append(Finding(codes.BUDGET, place, "has no budget", f"give the row {CORPUS}.{name} {metric} of {FILE}, or a row of {LATER}, a budget, and say why so much"))
                continue
            if len(row.get("reason", "").split()) < REASON_WORDS_MIN:
                found.append(Finding(codes.BUDGET, place, "its budget has no reason", f"say in its `reason` cell why so much"))
            if report[field] > int(budget):
                found.append(Finding(codes.BUDGET, place, f"takes {report[field]} bytes, its budget is {budget}"))
    for name, metric in sorted(declared):
        if name not in passes:
            found.append(Finding(codes.BUDGET, f"pass `{name}`, {metric}", "has a row, but no such pass ran", "remove the row, or correct its name"))
    return found
