"""The six profiles are those of the specification: what it says of each is written down here a second time and compared."""

from .. import schema
from ..schema.table import PROFILES

FILE = "allocator/profiles.tsv"
DIAGNOSTICS_REPORT = "release/allocator-diagnostics-report.tsv"

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
    "test-fixture": "local,central,span",
    "compiler-internal": "arena,span",
}
# Files in which a profile has no row, and why.
NOTHING_TO_SAY = {
    "allocator/local-fast-path.tsv": {"test-fixture": "behind a feature that measured programs are built without"},
    "release/allocator-fast-path-report.tsv": {"test-fixture": "behind a feature that measured programs are built without"},
    "release/allocator-remote-free-report.tsv": {"freestanding": "no remote frees"},
    "allocator/transfer-cache.tsv": {"freestanding": "one owner, nothing to share", "realtime": "every actor has its own span"},
    "release/allocator-diagnostics-report.tsv": dict.fromkeys(PROFILES, "a code is raised once, by the profile that shows it best"),
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
            found.append(evidence.bad("profiles.all-six", FILE, None, "profile", f"the specification's profile `{name}` has no row"))
            continue
        if row["gc"] != "none":
            found.append(evidence.bad("profiles.no-collector", FILE, row, "gc", f"`{name}` has a collector; no allocator profile may have one"))
        wanted = {**RULES[name], "tiers": TIERS[name], "release": RELEASED[name], "type": type_name(name)}
        for column, value in wanted.items():
            if row[column] != value:
                found.append(evidence.bad(f"profiles.{column.replace('_', '-')}", FILE, row, column, f"`{name}` says `{row[column]}`, the specification `{value}`"))
    found += _unbuilt_rows(case)
    found += _complete(case)
    return found


def _complete(case) -> list:
    """Every file that speaks of profiles speaks of each that is built."""
    found = []
    for evidence in case.judged:
        for path, table in schema.TABLES.items():
            if "profile" not in table.index or path == FILE or evidence is case.fresh and not (table.generated or table.mixed):
                continue
            named = {row["profile"] for row in evidence.rows(path)}
            for name in PROFILES:
                if case.built(name) and name not in named and name not in NOTHING_TO_SAY.get(path, {}):
                    found.append(evidence.bad("profiles.complete", path, None, "profile", f"`{name}` is built, and no row is about it"))
    return found


def _unbuilt_rows(case) -> list:
    """A profile that is not built has no built row anywhere and no measured one; a built profile has no row that is only promised."""
    found = []
    for evidence in case.judged:
        state = {row["profile"]: row["status"] for row in evidence.rows(FILE)}
        for path, table in schema.TABLES.items():
            if "profile" not in table.index or path in (FILE, DIAGNOSTICS_REPORT):
                continue
            if evidence is case.fresh and not (table.generated or table.mixed):
                continue
            for row in evidence.rows(path):
                says = row["status"] if "status" in table.index else "built"
                if state.get(row["profile"], says) != says:
                    found.append(evidence.bad("profiles.status-agrees", path, row, "profile",
                                              f"the row counts as {says}, but {FILE} says that `{row['profile']}` is {state[row['profile']]}"))
    return found
