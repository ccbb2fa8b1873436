"""Budgets hold, and a release budget weaker than the aim stands on a decision in ARCHITECTURE.md."""

import re

from .. import aims
from ..column import ABSENT
from ..evidence import OURS, number
from .derived import BENCHMARKS, FAST_PATH, RULE_REPORT, SIZE_CLASSES


def run(case) -> list:
    found = _decided(case)
    for evidence in case.judged:
        for row in evidence.rows(FAST_PATH):
            if row["subject"] == OURS and row["verdict"] == "exceeded":
                found.append(evidence.bad("budgets.fast-path", FAST_PATH, row, "net",
                                          f"`{row['path']}` takes {row['net']} {row['metric']}, budget {row['released_budget']}"))
        for row in evidence.rows(RULE_REPORT):
            if row["verdict"] == "exceeded":
                name = "budgets.no-leak" if "leak" in row["rule"] else "budgets.page-rule"
                found.append(evidence.bad(name, RULE_REPORT, row, "measured",
                                          f"`{row['rule']}` is {row['measured']} {row['unit']}, promised {row['relation']} {row['value']}"))
        for row in evidence.rows(BENCHMARKS):
            if row["verdict"] == "exceeded":
                found.append(evidence.bad("budgets.workload", BENCHMARKS, row, "measured",
                                          f"`{row['workload']}` took {row['measured']} {row['unit']} ({row['metric']}), budget {row['released_budget']}"))
    return found


def _decided(case) -> list:
    evidence = case.committed
    known = aims.decisions(case.text(aims.DECISIONS))
    found = []
    for row in evidence.rows(SIZE_CLASSES):
        pairs = [(row[f"{m}_budget"], row[f"{m}_released"], f"{m}_released") for m in ("instructions", "branches")]
        found += _decision(evidence, SIZE_CLASSES, row, row["path"], pairs, known)
    for row in evidence.rows(BENCHMARKS):
        found += _decision(evidence, BENCHMARKS, row, row["workload"], [(row["budget"], row["released_budget"], "released_budget")], known)
        if row["budget"] != ABSENT and row["subject"] != OURS:
            found.append(evidence.bad("budgets.peers-have-none", BENCHMARKS, row, "budget", "a peer has no budget"))
    return found


def _decision(evidence, path, row, item: str, pairs, known: dict) -> list:
    found = []
    weaker = False
    for aim, released, column in pairs:
        if (aim == ABSENT) != (released == ABSENT):
            found.append(evidence.bad("budgets.aim-and-release", path, row, column, "an aim and a release budget go together"))
        elif aim != ABSENT and number(released) > number(aim):
            weaker = True
            if row["decision"] == ABSENT:
                found.append(evidence.bad("budgets.weaker-needs-decision", path, row, column,
                                          f"{released} is weaker than the aim {aim}, and no decision is named"))
            elif row["decision"] in known and not says(known[row["decision"]], item, released):
                found.append(evidence.bad("budgets.decision-says", path, row, column,
                                          f"decision `{row['decision']}` in {aims.DECISIONS} does not release `{item}` at {released}", f"say there why, with `{item}` and {released}"))
        elif aim != ABSENT and number(released) < number(aim):
            found.append(evidence.bad("budgets.not-stricter-than-aim", path, row, column, f"{released} is stricter than the aim {aim}; lower the aim"))
    if row["decision"] != ABSENT:
        if row["decision"] not in known:
            found.append(evidence.bad("budgets.decision-recorded", path, row, "decision", f"{aims.DECISIONS} records no decision `{row['decision']}`"))
        if not weaker:
            found.append(evidence.bad("budgets.decision-needed", path, row, "decision", "no budget of the row is weaker than its aim"))
    return found


def says(entry: str, item: str, released: str) -> bool:
    """Whether the entry of a decision names the item and the number, with or without commas between thousands."""
    numbers = {number.replace(",", "") for number in re.findall(r"[0-9][0-9,]*(?:\.[0-9]+)?", entry)}
    return f"`{item}`" in entry and released in numbers
