"""Aims are those that were recorded: raising one together with its released budget needs a dated revision, a decision, and its entry in ARCHITECTURE.md."""

from .. import aims
from ..column import ABSENT
from ..evidence import number
from ..finding import finding
from ..targets import TARGETS

ACCEPT = "`make accept-aims`"
ACCEPT_WEAKER = "keep the aim; if it has to be given up, write the decision with today's date under Decisions in ARCHITECTURE.md, then `make accept-aims DECISION=NAME`"
ACCEPT_OTHER = "restore the row or the budget; if the budget is new or was given up, write the decision with today's date under Decisions in ARCHITECTURE.md, then `make accept-aims DECISION=NAME`"


def run(case) -> list:
    evidence = case.committed
    known = aims.revisions(evidence)
    declared = aims.budgets(evidence, case.tree)
    found = []
    for budget in declared:
        found += _budget(evidence, budget, known.get(budget.key, []))
    with_budget = {budget.key for budget in declared}
    entries = aims.decisions(case.text(aims.DECISIONS))
    for key, rows in known.items():
        if key not in with_budget:
            found.append(evidence.bad("aims.no-orphan", aims.FILE, rows[0], "item", f"`{key[1]}` of `{key[0]}` has no budget of {key[2]}", ACCEPT_OTHER))
        found += _revisions(evidence, key[2], rows, entries)
        name, asked = TARGETS.get(key, (None, ABSENT))
        if name is not None and aims.is_weaker(key[2], rows[0]["aim"], asked):
            found.append(evidence.bad("aims.target", aims.FILE, rows[0], "aim", f"the first aim of `{key[1]}` is {rows[0]['aim']}, target {name} asks for {asked}",
                                      "the first row holds the target or what is stricter"))
    return found


def _budget(evidence, budget: aims.Budget, rows: list) -> list:
    profile, item, metric = budget.key
    found = []

    def bad(rule: str, column: str, message: str, remedy: str) -> None:
        if budget.row is None:
            found.append(finding(rule, budget.path, 0, column, message, remedy))
        else:
            found.append(evidence.bad(rule, budget.path, budget.row, column, message, remedy))

    if not rows:
        bad("aims.recorded", budget.column, f"no aim is recorded for {metric} of `{item}` of `{profile}`", ACCEPT_OTHER)
    elif number(rows[-1]["aim"]) != number(budget.aim):
        is_weaker = aims.is_weaker(metric, budget.aim, rows[-1]["aim"])
        bad("aims.kept", budget.column, f"{metric} of `{item}`: {budget.aim} is {'weaker' if is_weaker else 'stricter'} than the recorded aim {rows[-1]['aim']}",
            ACCEPT_WEAKER if is_weaker else ACCEPT)
    target = TARGETS.get(budget.key, (None, ABSENT))[0]
    if target is not None and budget.row is not None and budget.row.cells.get("target", target) != target:
        bad("aims.target", "target", f"{metric} of `{item}` answers target {target}", f"write {target}")
    return found


def _revisions(evidence, metric: str, rows: list, entries: dict) -> list:
    found = []
    for at, row in enumerate(rows, start=1):
        def bad(rule: str, column: str, message: str, row=row) -> None:
            found.append(evidence.bad(rule, aims.FILE, row, column, message, ACCEPT_WEAKER))

        if row["revision"] != str(at):
            bad("aims.revisions", "revision", f"is revision {row['revision']}, the {at}. in order")
        for column in ("date", "decision"):
            if (row[column] == ABSENT) != (row["revision"] == aims.FIRST):
                bad("aims.revisions", column, "the first aim has none, each later one has one")
        if at > 1 and not aims.is_weaker(metric, row["aim"], rows[at - 2]["aim"]):
            bad("aims.revisions", "aim", f"{row['aim']} is not weaker than {rows[at - 2]['aim']} before it")
        if row["decision"] != ABSENT and (row["date"] == ABSENT or row["date"] not in entries.get(row["decision"], "")):
            bad("aims.decided", "decision", f"{aims.DECISIONS} has no decision `{row['decision']}` with the date {row['date']}")
    return found
