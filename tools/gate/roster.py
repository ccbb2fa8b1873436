"""The roster: the name of everything that was declared or measured for a profile, so that what is taken out of all evidence at once is missed.

`tools/gate/roster.tsv` belongs to the judge and holds names alone, a line per file and profile. `make accept-aims` adds what is new; what is gone it takes
out only with a decision. So a path, rule, case, workload, tier, peer or budget that disappears together with its aim and its measured rows is a finding.
"""

import functools

from . import schema
from .column import ABSENT
from .evidence import OURS

FILE = "tools/gate/roster.tsv"
# Where this is, the roster is too; a repository without the judge in it has none.
HERE = "tools/gate/roster.py"
HEADER = b"file\tprofile\tnames\n"
# Reports follow from what is declared, but for the peers in them; profiles, provenance and contract have rules about each of their rows.
PEERS = ("release/allocator-fast-path-report.tsv",)
APART = ("allocator/profiles.tsv", "release/allocator-evidence-provenance.tsv", "compat/allocator-fast-path-contract.tsv")
# Parts of keys that name no further thing: every metric of a path is measured, and an aim may lose revisions.
UNNAMED = ("profile", "revision")


def names(evidence) -> dict[tuple[str, str], frozenset[str]]:
    """What there is, by file and profile."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for path, table in schema.TABLES.items():
        if path in APART or table.generated and path not in PEERS:
            continue
        found.update(_of_table(path, evidence.tables[path]))
    return found


@functools.lru_cache(maxsize=256)
def _of_table(path: str, parsed) -> dict[tuple[str, str], frozenset[str]]:
    """The names of one file, which is parsed once for many judgements."""
    table, found = schema.TABLES[path], {}
    key = [name for name in table.key if name not in UNNAMED and not (path in PEERS and name == "metric")]
    for row in parsed.rows:
        if path not in PEERS or row["subject"] != OURS:
            profile = row["profile"] if "profile" in table.index else ABSENT
            found.setdefault((path, profile), set()).add("/".join(row[name] for name in key))
    return {owner: frozenset(some) for owner, some in found.items()}


def text(known: dict[tuple[str, str], frozenset[str]]) -> bytes:
    """The file that holds the names."""
    return HEADER + "".join(f"{path}\t{profile}\t{' '.join(sorted(some))}\n" for (path, profile), some in sorted(known.items()) if some).encode()


@functools.lru_cache(maxsize=8)
def read(data: bytes) -> dict[tuple[str, str], frozenset[str]] | None:
    """The names of a file; None unless it is exactly as `text` writes it."""
    lines = [line.split("\t") for line in data.removeprefix(HEADER).decode("utf-8", "replace").split("\n")[:-1]]
    known = {(cells[0], cells[1]): frozenset(cells[2].split(" ")) for cells in lines if len(cells) == 3}
    return known if text(known) == data else None


def missing(some: dict, others: dict) -> list[tuple[str, str, str]]:
    """What is in `some` and not in `others`: file, profile and name."""
    return [(*key, name) for key in sorted(some) for name in sorted(some[key] - others.get(key, frozenset()))]


def accepted(evidence, tree, decision: str) -> tuple[bytes, list[str]]:
    """The file as it should be, and a sentence for each name that may not go."""
    data = tree.read(FILE)
    known = read(HEADER if data is None else data)
    if known is None:
        return b"", [f"{FILE} is not as `make accept-aims` writes it; `git checkout` it"]
    gone = missing(known, names(evidence))
    refused = [] if decision != ABSENT else [f"{path}: `{name}` of `{profile}` is gone, and no decision is given" for path, profile, name in gone]
    return text(names(evidence)), refused
