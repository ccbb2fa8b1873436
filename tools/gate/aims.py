"""Aims apart from the budgets: allocator/aims.tsv says what each budget's aim was first, and each weaker aim since, with its date and decision.

So an aim that is raised together with its released budget disagrees with a file that nobody needs to touch otherwise; to make all of them agree, a row
has to say when the aim was given up and by which decision, and that decision has to stand in ARCHITECTURE.md with the date.
"""

import re
from dataclasses import dataclass

from control import documents

from . import schema, tsv
from .column import ABSENT
from .evidence import OURS, number

FILE = "allocator/aims.tsv"
SIZE_CLASSES = "allocator/size-classes.tsv"
PATHS = "allocator/local-fast-path.tsv"
REMOTE = "allocator/remote-free.tsv"
RULES = "allocator/page-backend.tsv"
STRESS = "allocator/stress-cases.tsv"
BENCHMARKS = "perf/allocator-fast-path-benchmarks.tsv"
# Budgets of passes that the evidence does not run; `tools/control/pass_budgets.py` holds its form and runs them.
PASSES = "compat/native-memory/pass-budgets.tsv"
AT_LEAST = "at-least"
FIRST = "1"
BUILT = "built"
DECISIONS = "ARCHITECTURE.md"


@dataclass(frozen=True)
class Budget:
    """A budget where it is declared. `row` is None where no schema of the judge reads the file."""

    key: tuple[str, str, str]  # profile, item, metric
    aim: str
    path: str
    row: tsv.Row | None
    column: str


def budgets(evidence, tree) -> list[Budget]:
    """Everything that a release must keep to, in every file that declares such a number."""
    found = []

    def add(path: str, row, item: str, metric: str, column: str) -> None:
        if row[column] != ABSENT and row.cells.get("status", BUILT) == BUILT:
            found.append(Budget((row["profile"], item, metric), row[column], path, row, column))

    for row in evidence.rows(SIZE_CLASSES):
        for metric in ("instructions", "branches"):
            add(SIZE_CLASSES, row, row["path"], metric, f"{metric}_budget")
    for row in evidence.rows(PATHS):
        for metric in ("locked", "calls", "syscalls"):
            add(PATHS, row, row["path"], metric, f"{metric}_budget")
    for row in evidence.rows(REMOTE):
        add(REMOTE, row, row["drain_point"], "waiting-peak", "bound")
        add(REMOTE, row, row["drain_point"], "left", "left_bound")
    for row in evidence.rows(RULES):
        # An equality has no weaker side.
        if row["relation"] != "equal":
            add(RULES, row, row["rule"], row["relation"], "value")
    for row in evidence.rows(STRESS):
        add(STRESS, row, row["case"], AT_LEAST, "operations_least")
        if row["threads"] not in (ABSENT, "1"):
            add(STRESS, row, f"{row['case']}.threads", AT_LEAST, "threads")
    for row in evidence.rows(BENCHMARKS):
        if row["subject"] == OURS:
            add(BENCHMARKS, row, row["workload"], row["metric"], "budget")
    for line in (tree.read(PASSES) or b"").decode("utf-8", "replace").split("\n")[1:]:
        cells = line.split("\t")
        if len(cells) > 2 and schema.TABLES[FILE].column("aim").kind.wrong(cells[2]) is None:
            found.append(Budget(("compiler-internal", f"corpus-quick.{cells[0]}", cells[1]), cells[2], PASSES, None, ""))
    return found


def is_weaker(metric: str, aim: str, than: str) -> bool:
    return number(aim) < number(than) if metric == AT_LEAST else number(aim) > number(than)


def revisions(evidence) -> dict[tuple, list]:
    """The rows of each aim, in their order."""
    found: dict[tuple, list] = {}
    for row in evidence.rows(FILE):
        found.setdefault(row.key[:3], []).append(row)
    return {key: sorted(rows, key=lambda row: int(row["revision"])) for key, rows in found.items()}


_DECISION = re.compile(r"^(?:###+|[-*]|\d+\.)\s+\**`([a-z0-9.-]+)`", re.M)


def decisions(text: str) -> dict[str, str]:
    """What is said of each decision: headings or bold leads below the heading `Decisions`, as `name` in backquotes."""
    section = re.split(r"\n## ", documents.visible(text).partition("\n## Decisions")[2], maxsplit=1)[0]
    starts = [*_DECISION.finditer(section)]
    ends = [*(match.start() for match in starts[1:]), len(section)]
    return {match[1]: section[match.start():end] for match, end in zip(starts, ends)}


def recorded(evidence, tree, today: str, decision: str) -> tuple[list[dict], list[str]]:
    """The rows of the file as they should be, and a sentence for each aim that may not be recorded.

    A stricter aim takes the place of those that it beats; a weaker one is a revision more, if a decision is given. So is a budget without a row where
    others have theirs, and a row without a budget: else taking a row out, or a budget for one run, would make what comes next a first aim.
    """
    known, rows, refused = revisions(evidence), {}, []
    declared = budgets(evidence, tree)
    if known and decision == ABSENT:
        keys = {budget.key for budget in declared}
        refused += [f"{' '.join(key)}: no aim is recorded, and no decision is given" for key in sorted(keys - set(known))]
        refused += [f"{' '.join(key)}: the aim has no budget any more, and no decision is given" for key in sorted(set(known) - keys)]
    for budget in declared:
        metric = budget.key[2]
        kept = [row.cells for row in known.get(budget.key, ())]
        last = kept[-1] if kept else None
        # Those that the budget beats go; of the weakest of them date and decision stay, unless it was the first.
        kept = [row for row in kept if not is_weaker(metric, row["aim"], budget.aim)]
        if last is None or number(last["aim"]) != number(budget.aim):
            is_raised = last is not None and is_weaker(metric, budget.aim, last["aim"])
            if is_raised and decision == ABSENT:
                refused.append(f"{' '.join(budget.key)}: {budget.aim} is weaker than the aim {last['aim']}, and no decision is given")
            if not kept or number(kept[-1]["aim"]) != number(budget.aim):
                date, named = (today, decision) if is_raised else (last["date"], last["decision"]) if kept else (ABSENT, ABSENT)
                kept.append({"aim": budget.aim, "date": date, "decision": named})
        rows[budget.key] = [{**row, **dict(zip(("profile", "item", "metric"), budget.key)), "revision": str(at)} for at, row in enumerate(kept, start=1)]
    return [row for some in rows.values() for row in some], refused


def text(rows: list[dict]) -> bytes:
    """The file that holds the rows."""
    table = schema.TABLES[FILE]
    return tsv.render(table, sorted(rows, key=lambda row: tsv.place(table, row)))
