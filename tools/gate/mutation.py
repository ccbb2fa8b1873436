"""Falsified evidence: every cell of every file in turn, with digests renewed as a forger would. The judge must notice.

A mutation counts when its cell really changes. Cells of columns marked informational are apart: nothing promises to notice them.
"""

from dataclasses import dataclass

from . import schema
from .checks import provenance
from .column import BY_ROW, INFORMATIONAL
from .evidence import Evidence
from .judge import finds_anything, judge
from .tree import MemoryTree


@dataclass(frozen=True)
class Mutation:
    """One falsified cell. `cell` is what stands there instead."""

    path: str
    line: int
    column: str
    kind: str
    place: int
    cell: str
    informational: bool

    def apply(self, data: bytes) -> bytes:
        lines = data.decode("utf-8").split("\n")
        cells = lines[self.line - 1].split("\t")
        cells[self.place] = self.cell
        lines[self.line - 1] = "\t".join(cells)
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
        wrong["swapped"] = others[0]
    return {kind: value for kind, value in wrong.items() if value != cell}


def is_informational(column, row) -> bool:
    return column.comparison == INFORMATIONAL or column.comparison == BY_ROW and row["comparison"] in ("bounded", "informational")


def mutations(tree):
    """Every mutation of every cell; the provenance file is the forger's own work and stays out."""
    evidence = Evidence(tree)
    for path, table in schema.TABLES.items():
        if path == provenance.FILE:
            continue
        for row in evidence.rows(path):
            for place, column in enumerate(table.columns):
                for kind, value in falsified(row[column.name], column).items():
                    yield Mutation(path, row.line, column.name, kind, place, value, is_informational(column, row))


def noticed(tree, fresh_tree, machine, mutation: Mutation) -> bool:
    """Whether the judge finds anything once the mutation is in place and the file's digest is made to fit."""
    path = mutation.path
    changes = {path: mutation.apply(tree.read(path))}
    current = tree.read(provenance.FILE)
    if current is not None and path in provenance.digested_files():
        old = provenance.digest(tree, path)
        changes[provenance.FILE] = current.replace(old.encode(), provenance.digest(MemoryTree(tree, changes), path).encode())
    return finds_anything(MemoryTree(tree, changes), fresh_tree, machine)


def run(tree, fresh_tree, machine=None, every: int = 1) -> tuple[int, int, list[Mutation]]:
    """(noticed, tried, missed) over every `every`-th mutation outside informational columns. The untouched tree must be sound."""
    _, found = judge(tree, fresh_tree, machine)
    if found:
        raise ValueError("the evidence is not sound before any mutation; the first finding: " + found[0].render())
    todo = [m for m in mutations(tree) if not m.informational][::every]
    missed = [m for m in todo if not noticed(tree, fresh_tree, machine, m)]
    return len(todo) - len(missed), len(todo), missed


def share_informational() -> tuple[int, int]:
    """Columns marked informational, and all columns."""
    columns = [column for table in schema.TABLES.values() for column in table.columns]
    return sum(column.comparison == INFORMATIONAL for column in columns), len(columns)
