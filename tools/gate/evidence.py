"""One set of evidence files, read and parsed: the committed one, or a fresh one laid over it."""

import functools
from fractions import Fraction

from . import schema, tsv
from .column import ABSENT, shorten
from .finding import Finding, finding
from .schema.table import Table
from .tree import MemoryTree

OURS = "ours"  # the subject that budgets bind; all others are peers
TRACES = "traces"  # folder of raw step traces inside a fresh evidence folder


@functools.lru_cache(maxsize=256)
def _parsed(path: str, shown: str, data: bytes) -> tuple[tsv.Parsed, tuple[Finding, ...]]:
    """A file parsed and its findings; shared between calls, never changed."""
    table = schema.TABLES[path]
    parsed = tsv.parse(table, shown, data)
    found = list(parsed.findings)
    return parsed, tuple(found or out_of_order(table, shown, parsed))


class Evidence:
    """Every table of one tree. `label` goes before paths in findings, so that fresh and committed files are told apart."""

    def __init__(self, tree, label: str = ""):
        self.tree = tree
        self.label = label
        self.tables = {}
        self.findings: list[Finding] = []
        for path, table in schema.TABLES.items():
            data = tree.read(path)
            if data is None:
                self.tables[path] = tsv.Parsed(table, [], {}, [])
                self.findings.append(finding("files.present", self.shown(path), 0, "", "is not there"))
                continue
            self.tables[path], found = _parsed(path, self.shown(path), data)
            self.findings += found

    def shown(self, path: str) -> str:
        return f"{self.label}/{path}" if self.label and (schema.TABLES[path].generated or schema.TABLES[path].mixed) else path

    def rows(self, path: str) -> list[tsv.Row]:
        return self.tables[path].rows

    def get(self, path: str, *key: str):
        return self.tables[path].get(*key)

    def bad(self, rule: str, path: str, row, column: str, message: str, remedy: str = "", code: str = "") -> Finding:
        """A finding about a row of this evidence."""
        return finding(rule, self.shown(path), row.line if row is not None else 0, column, message, remedy, code)


def fresh_over(committed, fresh) -> MemoryTree:
    """The committed tree with every generated or mixed file taken from the fresh folder, missing ones included."""
    changes = {path: fresh.read(path) for path, table in schema.TABLES.items() if table.generated or table.mixed}
    return MemoryTree(committed, changes)


def out_of_order(table: Table, path: str, parsed: tsv.Parsed) -> list[Finding]:
    """Rows must stand in the order of their keys, so that one set of facts has one spelling."""
    last = None
    for row in parsed.rows:
        if last is not None and row.place < last:
            shown = ", ".join(shorten(part) for part in row.key)
            return [finding("syntax.order", path, row.line, table.key[0], f"stands out of order: {shown}")]
        last = row.place
    return []


@functools.lru_cache(maxsize=65536)
def number(cell: str):
    """The cell as an exact number, or None when it is absent. Cells were checked by the schema."""
    return None if cell == ABSENT else Fraction(cell)


@functools.lru_cache(maxsize=65536)
def decimal(value) -> str:
    """A number as a cell: at most four decimals, rounded half away from zero, no trailing zeros."""
    scaled = int(abs(Fraction(value)) * 10000 + Fraction(1, 2))
    whole, part = divmod(scaled, 10000)
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole}" + (f".{part:04}".rstrip("0") if part else "")
