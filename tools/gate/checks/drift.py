"""The fresh run against the committed files: same rows, same cells, each within its comparison class."""

from fractions import Fraction

from .. import schema
from ..column import BY_ROW, INFORMATIONAL, decimal, shorten
from ..evidence import number

# Unit of a banded value: relative band, and what is allowed on top.
BANDS = {
    "faults": (Fraction(2, 100), 64),
    "bytes": (Fraction(5, 100), 0),
    "instructions": (Fraction(5, 1000), 0),
    "ratio": (Fraction(5, 100), 0),
}
SOURCES_CHANGED = "if the change is meant, `make evidence` and commit the difference with its reason; if not, find what changed it"


def run(case) -> list:
    if case.fresh is None:
        return []
    found = []
    for path, table in schema.TABLES.items():
        if not (table.generated or table.mixed):
            continue
        committed, fresh = case.committed.tables[path], case.fresh.tables[path]
        absent = case.tree.read(path) is None or case.fresh_tree.read(path) is None
        if absent or committed.findings or fresh.findings:
            continue  # said already; comparing half a file would only add noise
        for key, row in committed.by_key.items():
            other = fresh.by_key.get(key)
            if other is None:
                found.append(case.committed.bad("drift.rows", path, row, table.key[0],
                                                f"the fresh run has no row {', '.join(shorten(part) for part in key)}", SOURCES_CHANGED))
                continue
            if row.cells == other.cells:
                continue
            for column in table.columns:
                wrong = differs(table, column, row, other)
                if wrong:
                    found.append(case.committed.bad("drift.cells", path, row, column.name, wrong, SOURCES_CHANGED))
        for key, row in fresh.by_key.items():
            if key not in committed.by_key:
                found.append(case.fresh.bad("drift.rows", path, row, table.key[0],
                                            f"the committed file has no row {', '.join(shorten(part) for part in key)}", SOURCES_CHANGED))
    return found


def differs(table, column, committed, fresh) -> str | None:
    """What is wrong with a fresh cell beside the committed one; None when it is within its class."""
    old, new = committed[column.name], fresh[column.name]
    if old == new or column.comparison == INFORMATIONAL:
        return None
    comparison = committed["comparison"] if column.comparison == BY_ROW else "exact"
    if comparison in ("bounded", "informational"):
        return None
    if comparison == "banded":
        unit = committed["unit"] if column.unit == "by-row" else column.unit
        if within_band(old, new, unit):
            return None
        return f"committed `{shorten(old)}`, fresh `{shorten(new)}`: outside the band of {unit}"
    return f"committed `{shorten(old)}`, fresh `{shorten(new)}`"


is_no_number = decimal().wrong  # what is wrong with a cell as a number; None when it is one


def within_band(old: str, new: str, unit: str) -> bool:
    if is_no_number(old) or is_no_number(new):
        return False
    share, extra = BANDS.get(unit, (Fraction(0), 0))
    before, after = number(old), number(new)
    return abs(after - before) <= before * share + extra
