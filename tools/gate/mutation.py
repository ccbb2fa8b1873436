"""The gate's self-test: every cell of every file is falsified, digests are renewed as a forger would, and the judge must notice.

A mutation counts when its cell really changes. Cells of columns marked informational are apart: nothing promises to notice them.
"""

from . import schema
from .checks import provenance
from .column import BY_ROW, INFORMATIONAL
from .evidence import Evidence
from .judge import judge
from .tree import MemoryTree


def falsified(cell: str) -> dict:
    """Wrong cells by kind of mutation; those that do not change the cell are left out."""
    wrong = {"deleted": "", "zeroed": "0", "absent": "-", "negated": f"-{cell}", "doubled": cell + cell}
    if cell.replace(".", "", 1).isdigit():
        whole, dot, part = cell.partition(".")
        wrong["one-more"] = str(int(whole) + 1) + dot + part
        if int(whole) > 0:
            wrong["one-less"] = str(int(whole) - 1) + dot + part
    return {kind: value for kind, value in wrong.items() if value != cell}


def is_informational(table, column, row) -> bool:
    return column.comparison == INFORMATIONAL or column.comparison == BY_ROW and row["comparison"] == "informational"


def mutations(tree, kinds: tuple[str, ...] = ()):
    """Yields (path, line, column, kind, informational, changed bytes) for every cell and kind."""
    evidence = Evidence(tree)
    for path, table in schema.TABLES.items():
        if path == provenance.FILE:
            continue
        data = tree.read(path)
        if data is None:
            continue
        lines = data.decode("utf-8").split("\n")
        for row in evidence.rows(path):
            cells = lines[row.line - 1].split("\t")
            for at, column in enumerate(table.columns):
                candidates = falsified(cells[at])
                if column.kind.values:
                    others = [value for value in column.kind.values if value != cells[at]]
                    candidates |= {f"swapped-{i}": value for i, value in enumerate(others[:1])}
                for kind, value in candidates.items():
                    if kinds and kind.split("-")[0] not in kinds:
                        continue
                    changed = [*cells[:at], value, *cells[at + 1:]]
                    mutated = [*lines[:row.line - 1], "\t".join(changed), *lines[row.line:]]
                    yield path, row.line, column.name, kind, is_informational(table, column, row), "\n".join(mutated).encode()


def resealed(tree, path: str, data: bytes) -> MemoryTree:
    """`tree` with one file replaced and the provenance made to fit, without touching what a run must have measured."""
    changes = {path: data}
    current = tree.read(provenance.FILE)
    if current is not None and path in provenance.digested_files():
        old = provenance.digest(tree, path)
        changes[provenance.FILE] = current.replace(old.encode(), provenance.digest(MemoryTree(tree, changes), path).encode())
    return MemoryTree(tree, changes)


def run(tree, fresh_tree, machine=None, kinds: tuple[str, ...] = (), every: int = 1) -> tuple[int, int, list]:
    """(noticed, tried, missed) over every `every`-th mutation outside informational columns. The untouched tree must be sound."""
    _, found = judge(tree, fresh_tree, machine)
    if found:
        raise ValueError("the evidence is not sound before any mutation; the first finding: " + found[0].render())
    noticed, tried, missed = 0, 0, []
    for number, (path, line, column, kind, informational, data) in enumerate(mutations(tree, kinds)):
        if informational or number % every:
            continue
        tried += 1
        if judge(resealed(tree, path, data), fresh_tree, machine)[1]:
            noticed += 1
        else:
            missed.append((path, line, column, kind))
    return noticed, tried, missed


def share_informational(tree) -> tuple[int, int]:
    """Columns marked informational, and all columns."""
    columns = [column for table in schema.TABLES.values() for column in table.columns]
    return sum(column.comparison == INFORMATIONAL for column in columns), len(columns)
