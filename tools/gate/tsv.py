"""Strict TSV: UTF-8 without byte-order mark, LF, the header exactly, one kind of cell per column, no row and no key twice."""

import functools
import re
from dataclasses import dataclass

from .column import Kind, shorten
from .finding import Finding, finding
from .schema.table import Table

BYTES_MAX = 8 << 20
FINDINGS_MAX = 50  # per file; a broken file should not bury the others


@dataclass(frozen=True)
class Row:
    """One row: its line number, its cells by column name, those of the key, and where the key belongs among those of other rows."""

    line: int
    cells: dict
    key: tuple
    place: tuple

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(eq=False)
class Parsed:
    """Rows that could be read and everything that was wrong. `by_key` maps the key cells to the row."""

    table: Table
    rows: list
    by_key: dict
    findings: list

    def get(self, *key: str):
        return self.by_key.get(key)


def split_lines(path: str, data: bytes) -> tuple[list[str], list[Finding]]:
    """The lines of a text file held to the strict rules that do not depend on a schema."""

    def bad(rule: str, row: int, message: str) -> tuple[list[str], list[Finding]]:
        return [], [finding(rule, path, row, "", message)]

    if len(data) > BYTES_MAX:
        return bad("syntax.size", 0, f"holds more than {BYTES_MAX} bytes")
    if not data:
        return bad("syntax.not-empty", 0, "is empty, not even a header")
    if data.startswith(b"\xef\xbb\xbf"):
        return bad("syntax.encoding", 1, "starts with a byte-order mark")
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return bad("syntax.encoding", line, f"byte {error.start} is not UTF-8")
    for forbidden, word in (("\r", "a carriage return"), ("\0", "a zero byte"), ("\x0b", "a vertical tab"), ("\x0c", "a form feed")):
        at = content.find(forbidden)
        if at >= 0:
            return bad("syntax.encoding", content.count("\n", 0, at) + 1, f"holds {word}")
    if not content.endswith("\n"):
        return bad("syntax.whole", content.count("\n") + 1, "the last line has no end; the file may be truncated")
    return content[:-1].split("\n"), []


def parse(table: Table, path: str, data: bytes) -> Parsed:
    """Reads `data` against `table`. Never raises; what cannot be read becomes findings."""
    parsed = Parsed(table, [], {}, [])

    def report(row: int, column: str, rule: str, message: str) -> None:
        if len(parsed.findings) < FINDINGS_MAX:
            parsed.findings.append(finding(rule, path, row, column, message))

    lines, parsed.findings[:] = split_lines(path, data)
    if parsed.findings:
        return parsed
    header = lines[0].split("\t")
    if header != table.header:
        report(1, "", "syntax.header", _header_difference(header, table.header))
        return parsed
    for number, line in enumerate(lines[1:], start=2):
        row, wrong = _read(table, number, line)
        for column, rule, message in wrong:
            report(number, column, rule, message)
        if row is None:
            continue
        first = parsed.by_key.get(row.key)
        if first is not None:
            report(number, "", "syntax.no-row-twice", f"repeats line {first.line}: {', '.join(shorten(part) for part in row.key)}")
            continue
        parsed.by_key[row.key] = row
        if not wrong:
            parsed.rows.append(row)
    if not parsed.by_key and not parsed.findings:
        report(0, "", "syntax.not-empty", "has a header but no row")
    return parsed


@functools.lru_cache(maxsize=1 << 13)
def _read(table: Table, number: int, line: str) -> tuple[Row | None, tuple]:
    """A line as a row, if it has the shape of one, and what is wrong with it: column, rule, message. Shared between calls, never changed."""
    if line == "":
        return None, (("", "syntax.row-shape", "is an empty line"),)
    cells = line.split("\t")
    if len(cells) != len(table.columns):
        return None, (("", "syntax.row-shape", f"has {len(cells)} cells, the header has {len(table.columns)}"),)
    wrong = ((column.name, column.kind.wrong(cell)) for column, cell in zip(table.columns, cells))
    by_name = dict(zip(table.header, cells))
    row = Row(number, by_name, tuple(by_name[name] for name in table.key), place(table, by_name))
    return row, tuple((column, "schema.cell", message) for column, message in wrong if message)


def place(table: Table, cells: dict) -> tuple:
    """Where a row stands among those of its table."""
    return tuple(order_of(table.column(name).kind, cells[name]) for name in table.key)


def order_of(kind: Kind, cell: str):
    """Sort key of a cell: words by their place in the dictionary, everything else by text with numbers as numbers."""
    if kind.values:
        return (kind.values.index(cell) if cell in kind.values else len(kind.values),)
    parts = (part for part in re.split(r"([0-9]+)", cell) if part)
    # Without their leading zeros longer numbers are larger; a cell may hold more digits than `int` reads.
    return tuple((0, len(part.lstrip("0")), part.lstrip("0")) if part.isdigit() else (1, part) for part in parts)


def _header_difference(found: list[str], wanted: list[str]) -> str:
    for place, name in enumerate(wanted):
        if place >= len(found):
            return f"the header ends before column {place + 1}, `{name}`"
        if found[place] != name:
            return f"column {place + 1} is `{shorten(found[place])}`, the dictionary says `{name}`"
    return f"the header has {len(found)} columns, the dictionary {len(wanted)}"


def render(table: Table, rows: list[dict]) -> bytes:
    """The file that holds `rows`, in the one spelling that `parse` accepts."""
    lines = ["\t".join(table.header)] + ["\t".join(row[name] for name in table.header) for row in rows]
    return ("\n".join(lines) + "\n").encode("utf-8")
