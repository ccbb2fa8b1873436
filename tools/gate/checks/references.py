"""Names point at something: symbols and tests at source, paths at declared paths, measured rows at declared rows and back."""

import functools
import re

from .. import codes, proofs
from ..column import ABSENT
from ..evidence import OURS
from .classes import OWNED

SIZE_CLASSES = "allocator/size-classes.tsv"
PATHS = "allocator/local-fast-path.tsv"
RULES = "allocator/page-backend.tsv"
FAST_PATH_REPORT = "release/allocator-fast-path-report.tsv"
RULE_REPORT = "release/allocator-page-backend-report.tsv"
LIBRARY = "compiler-alloc/src"
# Its functions of C, by which some paths are stepped.
C_LIBRARY = "compat/malloc/src"
SOURCES = ("compiler-alloc", "passes", "bench-corpus", "tools")

# Columns that hold a symbol of the library or a test, per declared file.
SYMBOLS = {
    SIZE_CLASSES: ("symbol",),
    PATHS: ("entry", "miss"),
    "allocator/remote-free.tsv": ("function",),
    RULES: ("symbol",),
    "allocator/transfer-cache.tsv": ("symbol",),
}
TESTED = (PATHS, "allocator/remote-free.tsv", RULES, "allocator/transfer-cache.tsv", "allocator/hosted-hooks.tsv")

# The name is looked at, not taken: in `const fn name` it is a keyword that introduces the next one.
_DEFINED = re.compile(rb"\b(?:fn|const|static|struct|enum|trait|type|mod|union)\s+(?=([A-Za-z_][A-Za-z0-9_]*))")
# A function with the attribute of a test, whatever other attributes and comments stand between.
_TEST = re.compile(rb"#\[test\]\s*(?:(?:#\[[^\n]*\]|//[^\n]*)\s*)*(?:unsafe\s+)?fn\s+([A-Za-z_][A-Za-z0-9_]*)")
_PYTHON_TEST = re.compile(rb"^\s*def\s+(test_[A-Za-z0-9_]*)", re.M)
_PYTHON = re.compile(rb"^\s*(?:def|class)\s+([A-Za-z_][A-Za-z0-9_]*)", re.M)


def defined(tree, folders: tuple[str, ...], names_in) -> set[str]:
    """Names that `names_in` finds in the sources below `folders`."""
    names = set()
    for folder in folders:
        for path in tree.under(folder):
            data = tree.read(path) if path.endswith((".rs", ".py")) else None
            if data is not None:
                names |= names_in(path.endswith(".rs"), data)
    return names


@functools.lru_cache(maxsize=4096)
def _tests(is_rust: bool, data: bytes) -> frozenset[str]:
    return frozenset(match.decode("ascii") for match in (_TEST if is_rust else _PYTHON_TEST).findall(data))


@functools.lru_cache(maxsize=4096)
def _names(is_rust: bool, data: bytes) -> frozenset[str]:
    return frozenset(match.decode("ascii") for match in (_DEFINED if is_rust else _PYTHON).findall(data))


def run(case) -> list:
    evidence = case.committed
    found = []
    tests = defined(case.tree, SOURCES, _tests)
    named = {row["test"].rsplit("::", 1)[-1] for path in TESTED for row in evidence.rows(path)}
    # Only sources with a test of such a name are read token by token.
    proving = defined(case.tree, SOURCES, lambda is_rust, data: (proofs.proving(data) if is_rust else _tests(False, data)) if _tests(is_rust, data) & named else frozenset())
    library = defined(case.tree, (LIBRARY,), _names) - tests
    with_c = library | defined(case.tree, (C_LIBRARY,), _names)
    for path, columns in SYMBOLS.items():
        for row in evidence.rows(path):
            for column in columns:
                found += _symbol(evidence, path, row, column, with_c if path == PATHS else library)
    for path in TESTED:
        for row in evidence.rows(path):
            if row["test"] == ABSENT or row["status"] != "built":
                if (row["status"] == "built") == (row["test"] == ABSENT):
                    found.append(evidence.bad("references.test-named", path, row, "test", "a built row names the test that proves it, another row names none"))
            elif row["test"].rsplit("::", 1)[-1] not in tests:
                found.append(evidence.bad("references.test-exists", path, row, "test", f"no source has a test `{row['test']}`"))
            elif row["test"].rsplit("::", 1)[-1] not in proving:
                found.append(evidence.bad("references.test-proves", path, row, "test", f"`{row['test']}` is ignored, never compiled, or has nothing in it that can fail",
                                          "give the row a test that runs and can fail"))
    found += _classes(evidence)
    for judged in case.judged:
        found += _fast_path_rows(judged)
        found += _rule_rows(judged)
    return found


def _symbol(evidence, path, row, column, library: set[str]) -> list:
    cell = row[column]
    if row["status"] != "built":
        return [] if cell == ABSENT or path == PATHS else [
            evidence.bad("references.unbuilt-names-nothing", path, row, column, "a row that is not built names nothing that would make it so")]
    if cell == ABSENT:
        needless = path == "allocator/remote-free.tsv" and row["mechanism"] == "none"
        # What takes constant time where it stands falls into no slow path.
        needless |= column == "miss" and row["profile"] in OWNED
        return [] if needless else [evidence.bad("references.built-names-symbol", path, row, column, "a built row names what makes it so")]
    missing = [part for part in cell.split("::") if part not in library]
    return [evidence.bad("references.symbol-exists", path, row, column, f"{LIBRARY} defines no `{missing[0]}`")] if missing else []


def _classes(evidence) -> list:
    found = []
    served = set()
    for row in evidence.rows(SIZE_CLASSES):
        path = row["path"]
        if (row["kind"] in ("request", "operation")) != (path != ABSENT):
            found.append(evidence.bad("references.class-path", SIZE_CLASSES, row, "path", "a request or operation names its path, other classes have none"))
        if path == ABSENT:
            continue
        served.add((row["profile"], path))
        promise = evidence.get(PATHS, row["profile"], path)
        if promise is None:
            found.append(evidence.bad("references.path-declared", SIZE_CLASSES, row, "path", f"`{path}` is not in {PATHS}"))
    for row in evidence.rows(PATHS):
        if (row["profile"], row["path"]) not in served:
            found.append(evidence.bad("references.path-has-budget", PATHS, row, "path", f"no class of {SIZE_CLASSES} gives `{row['path']}` a budget"))
    return found


def _fast_path_rows(evidence) -> list:
    found = []
    for row in evidence.rows(PATHS):
        if row["status"] != "built":
            continue
        for metric in evidence.tables[FAST_PATH_REPORT].table.column("metric").kind.values:
            if evidence.get(FAST_PATH_REPORT, row["profile"], row["path"], OURS, metric) is None:
                found.append(evidence.bad("references.path-measured", FAST_PATH_REPORT, None, "metric",
                                          f"{metric} of `{row['path']}` ({row['profile']}) were not measured", codes.STALE.remedy))
    for row in evidence.rows(FAST_PATH_REPORT):
        promise = evidence.get(PATHS, row["profile"], row["path"])
        if promise is None or promise["status"] != "built":
            found.append(evidence.bad("references.no-orphan-measurement", FAST_PATH_REPORT, row, "path", f"`{row['path']}` is no built path of {PATHS}"))
    return found


def _rule_rows(evidence) -> list:
    found = []
    for row in evidence.rows(RULES):
        if row["status"] == "built" and evidence.get(RULE_REPORT, row["profile"], row["rule"]) is None:
            found.append(evidence.bad("references.rule-measured", RULE_REPORT, None, "rule", f"`{row['rule']}` ({row['profile']}) was not measured",
                                      codes.STALE.remedy))
    for row in evidence.rows(RULE_REPORT):
        promise = evidence.get(RULES, row["profile"], row["rule"])
        if promise is None or promise["status"] != "built":
            found.append(evidence.bad("references.no-orphan-rule", RULE_REPORT, row, "rule", f"`{row['rule']}` is no built rule of {RULES}"))
    return found
