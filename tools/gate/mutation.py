"""Falsified evidence: every cell of every file in turn, with digests renewed as a forger would. The judge must notice.

A mutation counts when it really changes the file. Cells of columns marked informational are apart: nothing promises to notice them.
"""

from dataclasses import dataclass

from . import schema
from .checks import provenance
from .column import INFORMATIONAL
from .evidence import Evidence
from .judge import FILES, first_to_find, judge
from .tree import MemoryTree


@dataclass(frozen=True)
class Mutation:
    """One falsified cell, or two that changed places. `edits` are (line, place, new cell)."""

    path: str
    line: int
    column: str
    kind: str
    edits: tuple
    informational: bool

    def apply(self, data: bytes) -> bytes:
        lines = data.decode("utf-8").split("\n")
        for line, place, cell in self.edits:
            cells = lines[line - 1].split("\t")
            cells[place] = cell
            lines[line - 1] = "\t".join(cells)
        return "\n".join(lines).encode()


def falsified(cell: str, column) -> dict:
    """Wrong cells by kind of mutation; those that do not change the cell are left out."""
    wrong = {"deleted": "", "zeroed": "0", "absent": "-", "negated": f"-{cell}", "doubled": cell + cell}
    if cell.replace(".", "", 1).isdigit():
        whole, dot, part = cell.partition(".")
        wrong["one-more"] = str(int(whole) + 1) + dot + part
        if int(whole) > 0:
            wrong["one-less"] = str(int(whole) - 1) + dot + part
    others = [value for value in column.kind.values if value != cell]
    if others:
        wrong["another-word"] = others[0]
    return {kind: value for kind, value in wrong.items() if value != cell}


def is_informational(column) -> bool:
    return column.comparison == INFORMATIONAL


def mutations(tree):
    """Every mutation of every cell."""
    evidence = Evidence(tree)
    for path, table in schema.TABLES.items():
        rows = evidence.rows(path)
        for at, row in enumerate(rows):
            for place, column in enumerate(table.columns):
                cell = row[column.name]

                def made(kind: str, *edits, apart=is_informational(column), row=row, column=column) -> Mutation:
                    return Mutation(path, row.line, column.name, kind, edits, apart)

                for kind, value in falsified(cell, column).items():
                    yield made(kind, (row.line, place, value))
                below = next((other for other in rows[at + 1:] if other[column.name] != cell), None)
                if below is not None:
                    yield made("rows-swapped", (row.line, place, below[column.name]), (below.line, place, cell))
                if place + 1 < len(table.columns) and row[table.columns[place + 1].name] != cell:
                    beside = table.columns[place + 1]
                    yield made("columns-swapped", (row.line, place, row[beside.name]), (row.line, place + 1, cell),
                               apart=is_informational(column) and is_informational(beside))
                elsewhere = _of_another_profile(table, rows, row, column.name)
                if elsewhere is not None:
                    yield made("copied-from-another-profile", (row.line, place, elsewhere))


def _of_another_profile(table, rows: list, row, column: str) -> str | None:
    """The cell of the same row of another profile, else of any row of one, where it differs."""
    if "profile" not in table.index or column == "profile":
        return None
    others = [other for other in rows if other["profile"] != row["profile"] and other[column] != row[column]]
    names = [name for name in table.key if name not in ("profile", column)]
    alike = [other for other in others if all(other[name] == row[name] for name in names)]
    return next((other[column] for other in (*alike, *others)), None)


_found_by: dict = {}  # which check noticed the last mutation of a column: it is asked first about the next one


def noticed(tree, fresh_tree, mutation: Mutation, *known) -> bool:
    """Whether the judge finds anything once the mutation is in place and the file's digest is made to fit. `known`: what `judge` is told of the machine, its processes and programs."""
    path = mutation.path
    changes = {path: mutation.apply(tree.read(path))}
    current = tree.read(provenance.FILE)
    if current is not None and path in provenance.digested_files():
        old = provenance.digest(tree, path)
        changes[provenance.FILE] = current.replace(old.encode(), provenance.digest(MemoryTree(tree, changes), path).encode())
    column = (path, mutation.column)
    found_by = first_to_find(MemoryTree(tree, changes), fresh_tree, *known, likely=_found_by.get(column, "drift"))
    # What the check of files finds, it finds at once.
    if found_by not in (None, FILES):
        _found_by[column] = found_by
    return found_by is not None


def run(tree, fresh_tree, *known, every: int = 1) -> tuple[int, int, list[Mutation]]:
    """(noticed, tried, missed) over every `every`-th mutation outside informational columns. The untouched tree must be sound."""
    _, found = judge(tree, fresh_tree, *known)
    if found:
        raise ValueError("the evidence is not sound before any mutation; the first finding: " + found[0].render())
    todo = [m for m in mutations(tree) if not m.informational][::every]
    missed = [m for m in todo if not noticed(tree, fresh_tree, m, *known)]
    return len(todo) - len(missed), len(todo), missed


def share_informational() -> tuple[int, int]:
    """Columns marked informational, and all columns."""
    columns = [column for table in schema.TABLES.values() for column in table.columns]
    return sum(column.comparison == INFORMATIONAL for column in columns), len(columns)
