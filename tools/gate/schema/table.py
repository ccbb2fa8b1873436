"""A table: one evidence file, its columns, key and origin; and the vocabulary that several tables share."""

from dataclasses import dataclass, field

from ..column import (BY_ROW, DECLARED, DERIVED, EXACT, INFORMATIONAL, KEY, MEASURED, Column, count, decimal, name,
                      one_of, sentence, text)

# The specification's order, which is also the order of rows.
PROFILES = ("freestanding", "hosted-small", "hosted-server", "realtime", "test-fixture", "compiler-internal")
DRAIN_POINTS = ("safepoint", "slow-path-refill", "thread-exit", "message-boundary", "actor-shutdown", "arena-reset")
COVERAGE = ("local-free", "remote-free", "cross-thread", "fragmentation", "large-objects", "exhaustion", "shutdown-cleanup")
CONCERNS = ("geometry", "span-allocation", "central-cache", "transfer-refill", "exhaustion", "release-cleanup")
# What a rule of the page backend is measured in.
RULE_UNITS = ("bytes", "spans", "units", "percent", "calls", "faults", "blocks", "batches", "differences")
HOOKS = ("hugepage", "numa")
STATUS = ("built", "not-built")
COMPARISONS = ("exact", "banded", "bounded", "informational")
VERDICTS = ("met", "exceeded", "not-judged")

HAND = "by hand"
EVIDENCE = "bench-corpus evidence --out target/evidence"


@dataclass(frozen=True, eq=False)
class Table:
    """One evidence file. `generated` is true when a run writes it whole; `mixed` when a run writes only some columns or rows.
    There is one of each, so two are equal only if they are the same."""

    path: str
    purpose: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    generated: bool = False
    mixed: bool = False
    required: bool = True
    index: dict = field(default_factory=dict, compare=False)

    def __post_init__(self):
        self.index.update({column.name: i for i, column in enumerate(self.columns)})
        assert len(self.index) == len(self.columns), f"{self.path}: a column name stands twice"
        assert all(k in self.index for k in self.key), f"{self.path}: key names no column"
        for column in self.columns:
            assert (column.comparison == KEY) == (column.name in self.key), f"{self.path}: {column.name}: key and class disagree"

    @property
    def header(self) -> list[str]:
        return list(self.index)

    def column(self, name: str) -> Column:
        return self.columns[self.index[name]]


def key(column_name, kind, meaning):
    return Column(column_name, kind, KEY, DECLARED, "-", meaning)


def declared(column_name, kind, meaning, unit="-"):
    return Column(column_name, kind, EXACT, DECLARED, unit, meaning)


def remark(meaning="Why the row is as it is."):
    return Column("reason", sentence(), INFORMATIONAL, DECLARED, "-", meaning)


def exact(column_name, kind, meaning, unit="-"):
    return Column(column_name, kind, EXACT, MEASURED, unit, meaning)


def by_row(column_name, kind, meaning, unit="by-row"):
    return Column(column_name, kind, BY_ROW, MEASURED, unit, meaning)


def derived(column_name, kind, meaning, unit="-", comparison=EXACT):
    return Column(column_name, kind, comparison, DERIVED, unit, meaning)


def note(column_name, kind, meaning, unit="-"):
    return Column(column_name, kind, INFORMATIONAL, MEASURED, unit, meaning)


def profile_key():
    return key("profile", one_of(*PROFILES), "The allocator profile.")


def profile():
    return declared("profile", one_of(*PROFILES), "The allocator profile.")


def status():
    return declared("status", one_of(*STATUS), "`built` when the library has it and a run measures it; `not-built` when it is only promised.")


def test():
    return declared("test", name_of_test(), "The test function that proves the row; the judge looks it up in the sources.")


def name_of_test():
    from ..column import symbol
    return symbol(optional=True)


def command():
    return derived("command", text(), "The command that measures this row again.")


def seed():
    return exact("seed", count(optional=True), "Seed of the only random generator the row depends on; `-` when nothing is random.")


def comparison():
    return declared_by_run("comparison", one_of(*COMPARISONS), "How the measured cells of this row are compared with a fresh run.")


def declared_by_run(column_name, kind, meaning):
    return Column(column_name, kind, EXACT, DERIVED, "-", meaning)


def verdict():
    return derived("verdict", one_of(*VERDICTS),
                   "`met` or `exceeded` against what was declared; `not-judged` when nothing was.")


def budget_columns(unit="by-row", decimals=False):
    kind = decimal(optional=True) if decimals else count(optional=True)
    return (
        declared("budget", kind, "What we aim for; never raised to fit a run.", unit),
        declared("released_budget", kind, "What a release must meet; weaker than `budget` only with a decision.", unit),
    )


def decision():
    return declared("decision", name(optional=True), "Name of the decision in ARCHITECTURE.md that allows the weaker budget.")
