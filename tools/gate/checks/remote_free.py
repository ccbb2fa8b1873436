"""Remote frees: only where the profile has them, only at documented drain points, bounded where they wait."""

from .. import codes
from ..column import ABSENT
from ..evidence import OURS
from ..schema.table import PROFILES

FILE = "allocator/remote-free.tsv"
REPORT = "release/allocator-remote-free-report.tsv"
PROFILES_FILE = "allocator/profiles.tsv"
PATHS = "allocator/local-fast-path.tsv"
FAST_PATH = "release/allocator-fast-path-report.tsv"
PENDING = "-pending"  # how the paths end that are stepped while frees wait

# Drain points that the specification ties to a profile's way of working, each with the function that drains there; others are possible.
_HEAP = {"safepoint": "ThreadHeap::collect", "slow-path-refill": "heap::refill", "thread-exit": "ThreadHeap::exit"}
REQUIRED = {
    "freestanding": {"none": ABSENT},
    "hosted-small": _HEAP,
    "hosted-server": _HEAP,
    "realtime": {"message-boundary": "ActorHeap::drain", "actor-shutdown": "ActorHeap::shutdown"},
    "test-fixture": {"safepoint": "FixtureThread::safepoint", "slow-path-refill": "FixtureThread::alloc", "thread-exit": "ThreadHeap::exit"},
    "compiler-internal": {"safepoint": "Round::safepoint", "slow-path-refill": "SpanCache::take", "thread-exit": "SpanCache::flush", "arena-reset": "Arena::reset_with"},
}
# What the two local operations of a released profile are called; of each a path is stepped while frees wait.
OPERATIONS = {"hosted-small": ("malloc", "free"), "hosted-server": ("malloc", "free"), "realtime": ("alloc", "dealloc")}
# Nothing waits for an owner under these: memory is gone with the one who frees it, or cannot come from another thread.
NOTHING_WAITS = ("none", "whole-spans")


def experiment(profile: str, point: str) -> str:
    """Its name in `bench-corpus evidence --drain`."""
    return point if profile == "compiler-internal" else f"{profile}-{point}"


def run(case) -> list:
    evidence = case.committed
    found = []
    for profile in PROFILES:
        rows = {row["drain_point"]: row for row in evidence.rows(FILE) if row["profile"] == profile}
        for point in REQUIRED[profile]:
            if point not in rows:
                found.append(evidence.bad("remote.drain-points", FILE, None, "drain_point", f"`{profile}` has no row for `{point}`"))
        for point, row in rows.items():
            found += _row(evidence, row, profile, point)
    for judged in case.judged:
        found += _reports(judged)
        found += _undisturbed(judged)
    return found


def _undisturbed(evidence) -> list:
    """Where frees wait for their owner, the stepped local paths execute the same with many waiting as with none."""
    found = []
    for owner in evidence.rows(PROFILES_FILE):
        # A profile for tests alone releases no fast path.
        if owner["status"] != "built" or owner["remote_free"] in NOTHING_WAITS or owner["release"] != "yes":
            continue
        paths = {row["path"]: row for row in evidence.rows(PATHS) if row["profile"] == owner["profile"]}
        for operation in OPERATIONS.get(owner["profile"], ()):
            if not any(path.startswith(f"{operation}-") and path.endswith(PENDING) for path in paths):
                found.append(evidence.bad("remote.pending-path", PATHS, None, "path",
                                          f"no path `{operation}-SIZE{PENDING}` of `{owner['profile']}` shows that frees which wait leave it alone"))
        for path in paths:
            if path.endswith(PENDING):
                found += _same(evidence, owner["profile"], path, path.removesuffix(PENDING))
    return found


def _same(evidence, profile: str, path: str, quiet: str) -> list:
    found = []
    for row in evidence.rows(FAST_PATH):
        if (row["profile"], row["path"], row["subject"]) != (profile, path, OURS):
            continue
        other = evidence.get(FAST_PATH, profile, quiet, OURS, row["metric"])
        if other is None:
            found.append(evidence.bad("remote.quiet-path", FAST_PATH, row, "path", f"`{quiet}`, without frees that wait, was not measured"))
        elif (row["total"], row["operations"]) != (other["total"], other["operations"]):
            found.append(evidence.bad("remote.undisturbed", FAST_PATH, row, "total",
                                      f"{row['total']} {row['metric']} while frees wait, {other['total']} without: they disturb the local path"))
    return found


def _row(evidence, row, profile: str, point: str) -> list:
    found = []

    def bad(rule: str, column: str, message: str) -> None:
        found.append(evidence.bad(rule, FILE, row, column, message))

    owner = evidence.get(PROFILES_FILE, profile)
    if owner is not None and owner["remote_free"] != row["mechanism"]:
        bad("remote.mechanism", "mechanism", f"says `{row['mechanism']}`, {PROFILES_FILE} `{owner['remote_free']}`")
    if point not in REQUIRED[profile]:
        bad("remote.known-drain-point", "drain_point", f"`{point}` is not a drain point of `{profile}`")
    waits = row["mechanism"] not in NOTHING_WAITS
    if waits and row["overflow"] == ABSENT:
        bad("remote.overflow-code", "overflow", "frees may wait here, so passing the bound must have its code")
    if not waits and row["overflow"] != ABSENT:
        bad("remote.no-overflow-code", "overflow", "nothing waits here, so nothing can overflow")
    if (row["bound"] == ABSENT) != (row["bound_unit"] == ABSENT):
        bad("remote.bound-unit", "bound_unit", "a bound and its unit go together")
    if row["status"] != "built":
        for column in ("bound", "bound_unit", "left_bound", "function", "case", "test"):
            if row[column] != ABSENT:
                bad("remote.unbuilt", column, "nothing of a drain point that is not built is known yet")
    if row["status"] == "built" and row["mechanism"] != "none":
        if row["case"] != experiment(profile, point):
            bad("remote.case", "case", "the experiment of a drain point has its name, after that of the profile where it is a heap's")
        for column in ("bound", "left_bound", "function", "test"):
            if row[column] == ABSENT:
                bad("remote.built-names", column, "a built drain point has a bound, the function that drains and the test that proves it")
    return found


def _reports(evidence) -> list:
    """Every built drain point is measured, and what waited stayed below its bound."""
    found = []
    for row in evidence.rows(FILE):
        if row["status"] != "built" or row["mechanism"] == "none":
            continue
        for metric in ("waiting-peak", "drained", "left"):
            if evidence.get(REPORT, row["profile"], row["drain_point"], row["case"], metric) is None:
                found.append(evidence.bad("remote.measured", REPORT, None, "drain_point",
                                          f"`{metric}` of `{row['drain_point']}` ({row['profile']}, case `{row['case']}`) was not measured",
                                          codes.STALE.remedy))
    for row in evidence.rows(REPORT):
        promise = evidence.get(FILE, row["profile"], row["drain_point"])
        if promise is None or promise["status"] != "built" or promise["case"] != row["case"]:
            found.append(evidence.bad("remote.no-orphan", REPORT, row, "case", f"no built row of {FILE} asks for this measurement"))
            continue
        wanted = {"waiting-peak": promise["bound"], "drained": ABSENT, "left": promise["left_bound"]}[row["metric"]]
        if row["released_budget"] != wanted:
            found.append(evidence.bad("remote.budget-copied", REPORT, row, "released_budget", f"says {row['released_budget']}, {FILE} {wanted}"))
        if row["metric"] == "drained" and int(row["measured"]) == 0:
            found.append(evidence.bad("remote.drained-something", REPORT, row, "measured", "the experiment drained nothing, so it shows nothing"))
        if wanted != ABSENT and int(row["measured"]) > int(wanted):
            found.append(evidence.bad("remote.bounded", REPORT, row, "measured",
                                      f"{row['measured']} {row['unit']} {row['metric']}, at most {wanted} allowed"))
    return found
