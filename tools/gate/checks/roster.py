"""Nothing that was declared or measured is gone: everything in the roster is in the evidence, and the other way round."""

from .. import roster
from ..finding import finding

GONE = "restore the row; if it was given up, write the decision with today's date under Decisions in ARCHITECTURE.md, then `make accept-aims DECISION=NAME`"


def run(case) -> list:
    data = case.tree.read(roster.FILE)
    if data is None:
        return [] if case.tree.read(roster.HERE) is None else [finding("roster.recorded", roster.FILE, 0, "", "is not there", "`git checkout` it")]
    known = roster.read(data)
    if known is None:
        return [finding("roster.recorded", roster.FILE, 0, "", "is not as `make accept-aims` writes it", "`git checkout` it, then `make accept-aims`")]
    found = []
    for evidence in case.judged:
        there = roster.names(evidence)
        found += [evidence.bad("roster.kept", path, None, "", f"`{name}` of `{profile}` is gone", GONE) for path, profile, name in roster.missing(known, there) if path in evidence.tables]
        found += [evidence.bad("roster.recorded", path, None, "", f"`{name}` of `{profile}` is in no roster", "`make accept-aims`") for path, profile, name in roster.missing(there, known)]
    return found
