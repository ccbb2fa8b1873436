"""Column types of the evidence files: what a cell may hold and how fresh and committed cells are compared."""

import re
from dataclasses import dataclass, field

# How a fresh cell is compared with the committed one. The dictionary in each README prints these words.
KEY = "key"  # part of the row's identity
EXACT = "exact"  # must be equal
BY_ROW = "by-row"  # the row's own `comparison` cell says exact, banded, bounded or informational
INFORMATIONAL = "informational"  # never compared, feeds no verdict
CLASSES = (KEY, EXACT, BY_ROW, INFORMATIONAL)

# Who puts the cell there.
DECLARED = "declared"  # written by a person
MEASURED = "measured"  # written by a run
DERIVED = "derived"  # written by a run, recomputed by the judge from other cells
ORIGINS = (DECLARED, MEASURED, DERIVED)

CHARACTERS_MAX = 2000  # of a cell
KNOWN_MAX = 10_000  # cells of a kind whose answer is remembered
ABSENT = "-"  # the one spelling of "no value here"

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*\Z")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_COUNT = re.compile(r"(0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?\Z")
_DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(::[A-Za-z_][A-Za-z0-9_]*)*\Z")
_FILE = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*\Z")
_SENTENCE = re.compile(r"\S+( \S+)+\.\Z")
_TEXT = re.compile(r"[^\s](.*[^\s])?\Z")


@dataclass(frozen=True)
class Kind:
    """A cell type: its name in the dictionary, and a test that returns None or what is wrong."""

    name: str
    allowed: str
    pattern: re.Pattern | None = None
    values: tuple[str, ...] = ()
    is_list: bool = False
    optional: bool = False
    known: dict = field(default_factory=dict, compare=False, repr=False)  # answers that were given: cells repeat

    def wrong(self, cell: str) -> str | None:
        if cell in self.known:
            return self.known[cell]
        answer = self._wrong(cell)
        if len(self.known) < KNOWN_MAX:
            self.known[cell] = answer
        return answer

    def _wrong(self, cell: str) -> str | None:
        if cell == "":
            return f"is empty; write `{ABSENT}` where no value applies" if self.optional else "is empty"
        if cell == ABSENT:
            return None if self.optional else f"must have a value, not `{ABSENT}`"
        if len(cell) > CHARACTERS_MAX:
            return f"has {len(cell)} characters, at most {CHARACTERS_MAX} are allowed"
        if self.is_list:
            return self._wrong_list(cell)
        if self.values:
            return None if cell in self.values else f"`{shorten(cell)}` is none of {', '.join(self.values)}"
        if self.pattern is not None and not self.pattern.match(cell):
            return f"`{shorten(cell)}` is not {self.allowed}"
        return None

    def _wrong_list(self, cell: str) -> str | None:
        parts = cell.split(",")
        if len(set(parts)) != len(parts):
            return f"`{shorten(cell)}` names an entry twice"
        for part in parts:
            if self.values and part not in self.values:
                return f"`{shorten(part)}` is none of {', '.join(self.values)}"
            if self.pattern is not None and not self.pattern.match(part):
                return f"`{shorten(part)}` is not {self.allowed}"
        if self.values and parts != sorted(parts, key=self.values.index):
            return f"`{shorten(cell)}` is not in the order {', '.join(self.values)}"
        return None


def shorten(cell: str, limit: int = 60) -> str:
    """`cell` made safe to print: control characters escaped, long text cut."""
    shown = cell.encode("unicode_escape").decode("ascii") if not cell.isprintable() else cell
    return shown if len(shown) <= limit else shown[:limit] + "..."


def name(optional: bool = False) -> Kind:
    return Kind("name", "lower-case letters, digits, `-` and `.`", _NAME, optional=optional)


def names(optional: bool = False) -> Kind:
    return Kind("list of names", "names joined by `,`", _NAME, is_list=True, optional=optional)


def one_of(*values: str, optional: bool = False) -> Kind:
    return Kind("word", " or ".join(f"`{v}`" for v in values), values=values, optional=optional)


def some_of(*values: str, optional: bool = False) -> Kind:
    return Kind("list of words", "joined by `,` in this order: " + ", ".join(f"`{v}`" for v in values), values=values,
                is_list=True, optional=optional)


def count(optional: bool = False) -> Kind:
    return Kind("count", "a whole number of at most 18 digits", _COUNT, optional=optional)


def decimal(optional: bool = False) -> Kind:
    return Kind("decimal", "a number with at most 4 decimals", _DECIMAL, optional=optional)


def date(optional: bool = False) -> Kind:
    return Kind("date", "year, month and day as in `2026-01-31`", _DATE, optional=optional)


def label(optional: bool = False) -> Kind:
    return Kind("label", "letters, digits, `_`, `-` and `.`", _LABEL, optional=optional)


def sha256(optional: bool = False) -> Kind:
    return Kind("sha256", "64 lower-case hexadecimal digits", _SHA256, optional=optional)


def symbol(optional: bool = False) -> Kind:
    return Kind("symbol", "a Rust path such as `Arena::reset`", _SYMBOL, optional=optional)


def file(optional: bool = False) -> Kind:
    return Kind("file", "a path inside the repository", _FILE, optional=optional)


def text(optional: bool = False) -> Kind:
    return Kind("text", "one line, no space at either end", _TEXT, optional=optional)


def sentence() -> Kind:
    return Kind("sentence", "at least two words and a full stop", _SENTENCE)


@dataclass(frozen=True)
class Column:
    """One column of one file. `unit` is a word, `-` for none, or `by-row` when the row's `unit` cell says it."""

    name: str
    kind: Kind
    comparison: str
    origin: str
    unit: str
    meaning: str
