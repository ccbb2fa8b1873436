"""Block size classes: the table of a heap, row by row against the rules that bound its waste."""

from fractions import Fraction

from .. import codes
from ..column import ABSENT
from ..evidence import decimal
from .classes import CLASSES, TABLED, rule

STEP = {"any": 16, "layout": 8}
SMALL = 64  # up to here a step of 16 bytes is more than a fifth of the block
WASTE_PERCENT_MAX = 20
SLAB_BLOCKS_MIN = 16
LEFT_OVER_MAX = Fraction(1, 16)  # of a slab, behind its last block


def run(case) -> list:
    found = []
    for evidence in case.judged:
        for profile in TABLED:
            rows = [row for row in evidence.rows(CLASSES) if row["profile"] == profile and row["kind"] == "block"]
            if rows:
                found += _table(evidence, profile, rows)
            elif case.built(profile):
                found.append(evidence.bad("blocks.listed", CLASSES, None, "class", f"`{profile}` is built, and no block class of it is listed",
                                          codes.STALE.remedy))
        for row in evidence.rows(CLASSES):
            if row["kind"] != "block":
                for column in ("face", "slab_bytes", "slab_blocks", "waste_percent"):
                    if row[column] != ABSENT:
                        found.append(evidence.bad("blocks.only-blocks-have-slabs", CLASSES, row, column, "only a block class has a slab and a face"))
    return found


def _table(evidence, profile: str, rows: list) -> list:
    """`rows` stand in the order of their sizes, because they stand in the order of their names and a name says its size."""
    found = []
    below = {"any": 0, "layout": 0}  # the largest smaller class that the face may use
    for row in rows:
        found += _row(evidence, row, below)
        if row["bytes_max"].isdigit():
            size = int(row["bytes_max"])
            below["layout"] = size
            if row["face"] == "any":
                below["any"] = size
    largest = rule(evidence, profile, "span-allocation.largest-block")
    if rows[-1]["bytes_max"] != largest:
        found.append(evidence.bad("blocks.largest-is-the-limit", CLASSES, rows[-1], "bytes_max",
                                  f"is the largest class, the rule span-allocation.largest-block says {largest}"))
    return found


def _row(evidence, row, below: dict) -> list:
    found = []

    def must(column: str, wanted, why: str) -> None:
        if row[column] != str(wanted):
            found.append(evidence.bad("blocks.recomputed", CLASSES, row, column, f"says `{row[column]}`, {why} `{wanted}`"))

    def bad(rule_name: str, column: str, message: str) -> None:
        found.append(evidence.bad(rule_name, CLASSES, row, column, message))

    size = int(row["bytes_max"]) if row["bytes_max"].isdigit() else 0
    if size == 0 or row["slab_bytes"] in (ABSENT, "0"):
        return [evidence.bad("blocks.recomputed", CLASSES, row, "bytes_max", "a block class has a block size and a slab")]
    slab = int(row["slab_bytes"])
    face = "any" if size % STEP["any"] == 0 else "layout"
    must("class", f"block-{size}", "its size makes it")
    must("face", face, "blocks of this size serve")
    must("bytes_min", below["layout"] + 1, "the next smaller class leaves requests from")
    must("granule", size - below[face], "the next smaller class of its face makes it")
    waste = size - (below[face] + 1)
    must("waste_percent", decimal(Fraction(100 * waste, size)), "the smallest request it serves makes it")
    must("slab_blocks", slab // size, "its slab holds")
    must("path", ABSENT, "the budget stands with the operation:")
    if size % STEP["layout"]:
        bad("blocks.aligned", "bytes_max", f"is no multiple of {STEP['layout']}, so blocks would not be aligned")
    if size > SMALL and 100 * waste > WASTE_PERCENT_MAX * size:
        bad("blocks.waste", "waste_percent", f"a request of {size - waste} bytes wastes {waste} of {size}, more than {WASTE_PERCENT_MAX} percent")
    if slab // size < SLAB_BLOCKS_MIN:
        bad("blocks.slab-holds-enough", "slab_blocks", f"a slab of {slab // size} blocks makes a refill of every few allocations; at least {SLAB_BLOCKS_MIN}")
    if slab % size > slab * LEFT_OVER_MAX:
        bad("blocks.slab-left-over", "slab_bytes", f"leaves {slab % size} bytes behind the last block, more than a sixteenth")
    unit = rule(evidence, row["profile"], "geometry.unit-bytes")
    if unit.isdigit() and (unit == "0" or slab % int(unit)):
        bad("blocks.slab-in-units", "slab_bytes", f"is no multiple of the unit, {unit} bytes")
    return found
