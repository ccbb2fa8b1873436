"""Reported counts of the fresh run equal the judge's recount of the raw traces; committed rows name the trace they came from."""

import functools
import hashlib

from .. import trace
from .derived import FAST_PATH, PATHS

TOTALS = ("total", "nothing")


def run(case) -> list:
    found = []
    for evidence in case.judged:
        found += _one_run(evidence)
    return found if case.fresh is None else found + _recounted(case)


def _one_run(evidence) -> list:
    """The metrics of one path and subject come from one pair of traces, and no other case and subject has that pair."""
    found = []
    digests: dict[tuple, str] = {}
    owners: dict[str, tuple] = {}
    for row in evidence.rows(FAST_PATH):
        promise = evidence.get(PATHS, row["profile"], row["path"])
        if promise is None:
            continue
        owner = (promise["case"], row["subject"])
        if digests.setdefault(owner, row["trace_sha256"]) != row["trace_sha256"] or owners.setdefault(row["trace_sha256"], owner) != owner:
            found.append(evidence.bad("trace.one-run", FAST_PATH, row, "trace_sha256", "is not the digest that the other metrics of the path and subject have alone"))
    return found


def _recounted(case) -> list:
    evidence = case.fresh
    read: dict[tuple, trace.Trace] = {}
    raw: dict[tuple, bytes] = {}
    found = []

    def load(step_case: str, subject: str) -> trace.Trace:
        key = (step_case, subject)
        if key not in read:
            path = trace.name_of(step_case, subject)
            data = case.fresh_tree.read(path)
            shown = f"fresh/{path}"
            if data is None:
                read[key] = trace.Trace([], [evidence_missing(shown)])
            else:
                raw[key] = data
                read[key] = trace.read(shown, data, subject, step_case)
            found.extend(read[key].findings)
        return read[key]

    for row in evidence.rows(FAST_PATH):
        promise = evidence.get(PATHS, row["profile"], row["path"])
        if promise is None:
            continue
        step_case = promise["case"]
        ours, twin = load(step_case, row["subject"]), load(step_case, trace.NOTHING)
        counted, nothing = ours.per_operation(), twin.per_operation()
        if counted is None or nothing is None:
            continue
        for column, (sums, operations) in zip(TOTALS, (counted, nothing)):
            if int(row[column]) != sums[row["metric"]]:
                found.append(evidence.bad("trace.recounted", FAST_PATH, row, column,
                                          f"says {row[column]} {row['metric']}, the recount gives {sums[row['metric']]}"))
            if int(row["operations"]) != operations:
                found.append(evidence.bad("trace.recounted", FAST_PATH, row, "operations", f"says {row['operations']}, the trace {operations}"))
        if row["trace_sha256"] != _digest(raw[(step_case, row["subject"])], raw[(step_case, trace.NOTHING)]):
            found.append(evidence.bad("trace.digest", FAST_PATH, row, "trace_sha256", "is not the digest of the traces beside it"))
    return found


@functools.lru_cache(maxsize=128)
def _digest(ours: bytes, twin: bytes) -> str:
    """Digest of two traces, one after the other; each pair is hashed once, however many rows name it."""
    total = hashlib.sha256(ours)
    total.update(twin)
    return total.hexdigest()


def evidence_missing(path: str):
    from ..finding import finding
    return finding("trace.present", path, 0, "", "is not there")
