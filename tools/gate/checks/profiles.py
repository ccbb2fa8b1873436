"""The six profiles are those of the specification: what it says of each is written down here a second time and compared."""

from .. import codes, schema
from ..schema.table import PROFILES

FILE = "allocator/profiles.tsv"

# Columns that the specification fixes, per profile. A tuple allows several values; a set of tiers must be contained.
RULES = {
    "freestanding": {"page_source": "fixed", "threads": "one-owner", "remote_free": "none", "os": "none", "hooks": "none"},
    "hosted-small": {"page_source": "mmap", "threads": "thread-heaps", "remote_free": "slab-chain", "os": "linux", "hooks": "none"},
    "hosted-server": {"page_source": "mmap", "threads": "thread-heaps", "remote_free": "destination-batch", "os": "linux", "hooks": "opt-in"},
    "realtime": {"page_source": "mmap-sealed", "threads": "actor-local-heaps", "remote_free": "bounded-message-queue", "os": "linux",
                 "hooks": "none"},
    "test-fixture": {"page_source": "fixture", "threads": "deterministic", "remote_free": "deterministic-order", "os": "none",
                     "hooks": "none"},
    "compiler-internal": {"page_source": "mmap", "threads": "arenas-and-pools", "remote_free": "whole-spans", "os": "linux",
                          "hooks": "none"},
}
TIERS = {
    "freestanding": "local,span",
    "hosted-small": "local,central,span",
    "hosted-server": "local,transfer,central,span",
    "realtime": "local,span",
    "test-fixture": "local,span",
    "compiler-internal": "arena,span",
}
# Test-fixture is for tests; every other profile may be released.
RELEASED = {name: "no" if name == "test-fixture" else "yes" for name in PROFILES}


def type_name(profile: str) -> str:
    """`hosted-small` is the type `HostedSmall`."""
    return "".join(word.capitalize() for word in profile.split("-"))


def run(case) -> list:
    evidence = case.committed
    found = []
    for name in PROFILES:
        row = evidence.get(FILE, name)
        if row is None:
            found.append(evidence.bad(codes.PROFILE, FILE, None, "profile", f"the specification's profile `{name}` has no row"))
            continue
        if row["gc"] != "none":
            found.append(evidence.bad(codes.PROFILE, FILE, row, "gc", f"`{name}` has a collector; no allocator profile may have one"))
        wanted = {**RULES[name], "tiers": TIERS[name], "release": RELEASED[name], "type": type_name(name)}
        for column, value in wanted.items():
            if row[column] != value:
                code = codes.HUGEPAGE_POLICY if column == "hooks" else codes.PROFILE
                found.append(evidence.bad(code, FILE, row, column, f"`{name}` says `{row[column]}`, the specification `{value}`"))
    found += _unbuilt_rows(case)
    return found


def _unbuilt_rows(case) -> list:
    """A profile that is not built has no built row anywhere, and no measured row."""
    found = []
    for evidence in case.judged:
        built = {row["profile"] for row in evidence.rows(FILE) if row["status"] == "built"}
        for path, table in schema.TABLES.items():
            if "profile" not in table.index or path == FILE or path == "release/allocator-diagnostics-report.tsv":
                continue
            if evidence is case.fresh and not (table.generated or table.mixed):
                continue
            for row in evidence.rows(path):
                if row["profile"] in built or row["profile"] == "-":
                    continue
                if "status" in table.index and row["status"] != "built":
                    continue
                found.append(evidence.bad(codes.PROFILE, path, row, "profile",
                                          f"the row counts as built, but `{row['profile']}` is not built in {FILE}"))
    return found
