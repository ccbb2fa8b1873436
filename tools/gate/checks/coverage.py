"""Stress: every coverage word of the specification has positive and negative cases, run or honestly marked; each ends as declared."""

from .. import codes, process
from ..column import ABSENT
from ..evidence import OURS
from ..schema.table import COVERAGE, PROFILES

CASES = "allocator/stress-cases.tsv"
REPORT = "release/allocator-stress-report.tsv"
PROFILES_FILE = "allocator/profiles.tsv"

# What cannot happen in a profile: with one owner there is no other thread.
INAPPLICABLE = {"freestanding": ("remote-free", "cross-thread")}

# How a case ends goes with its polarity and code.
OUTCOME_CODES = {
    "completed": (ABSENT,),
    "refused": (codes.PAGE_EXHAUSTION, codes.EXHAUSTION, codes.REMOTE_FREE_OVERFLOW),
    "leak-reported": (codes.SHUTDOWN_LEAK,),
    "rejected": (codes.HUGEPAGE_POLICY, codes.NUMA_POLICY),
}


def run(case) -> list:
    evidence = case.committed
    found = []
    cases = evidence.rows(CASES)
    for coverage in COVERAGE:
        for polarity in ("positive", "negative"):
            if not any(row["coverage"] == coverage and row["polarity"] == polarity for row in cases):
                found.append(evidence.bad("stress.every-word", CASES, None, "coverage",
                                          f"no {polarity} case covers `{coverage}`, not even one marked not-built"))
    for profile in PROFILES:
        owner = evidence.get(PROFILES_FILE, profile)
        if owner is None or owner["status"] != "built":
            continue
        for coverage in COVERAGE:
            runs = any(row["profile"] == profile and row["coverage"] == coverage and row["status"] == "built" for row in cases)
            applies = coverage not in INAPPLICABLE.get(profile, ())
            if runs and not applies:
                found.append(evidence.bad("stress.inapplicable", CASES, None, "coverage", f"`{profile}` has one owner, so nothing can run `{coverage}` in it"))
            if applies and not runs:
                found.append(evidence.bad("stress.every-profile", CASES, None, "coverage", f"`{profile}` is built, but nothing runs `{coverage}` in it"))
    for row in cases:
        if row["status"] != "built":
            if row["case"] != f"{row['profile']}-{row['coverage']}-{row['polarity']}":
                found.append(evidence.bad("stress.status-shape", CASES, row, "case", "a case that is not built is named PROFILE-COVERAGE-POLARITY"))
            if {row["seed"], row["threads"], row["operations_least"]} != {ABSENT}:
                found.append(evidence.bad("stress.status-shape", CASES, row, "seed", "a case that is not built has no seed, threads and operations yet"))
        elif ABSENT in (row["seed"], row["threads"], row["operations_least"]):
            found.append(evidence.bad("stress.status-shape", CASES, row, "seed", "a built case has a seed and a number of threads and of operations"))
        negative = row["outcome"] != "completed"
        if negative != (row["polarity"] == "negative"):
            found.append(evidence.bad("stress.polarity-outcome", CASES, row, "outcome", f"a {row['polarity']} case cannot end in `{row['outcome']}`"))
        if row["code"] not in OUTCOME_CODES[row["outcome"]]:
            found.append(evidence.bad("stress.outcome-code", CASES, row, "code", f"`{row['code']}` does not go with `{row['outcome']}`"))
    for judged in case.judged:
        found += _reports(judged)
    return found + _listed(case)


def _listed(case) -> list:
    """What the program itself lists is declared, so that no case that it has can be kept from being run. The judge's own process of the list says so."""
    if case.records is None or not case.built("test-fixture"):
        return []
    record = case.records.get(("test-fixture", process.EMPTY, OURS))
    if not isinstance(record, process.Record):
        return []  # `process.ran` says so
    cases = [words for words in map(str.split, record.said.split("\n")) if len(words) > 3]
    found = [] if cases else [case.committed.bad("stress.every-listed", CASES, None, "case", "the program lists no case at all")]
    for name, *said in (words[:4] for words in cases):
        row = case.committed.get(CASES, name)
        if row is None or row["status"] != "built" or [row["profile"], row["coverage"], row["polarity"]] != said:
            found.append(case.committed.bad("stress.every-listed", CASES, row, "case", f"the program has a case `{name}` ({', '.join(said)}), and no built row says so", "restore the row, then `make evidence`"))
    return found


def _reports(evidence) -> list:
    found = []
    for row in evidence.rows(CASES):
        measured = evidence.get(REPORT, row["case"])
        if row["status"] == "built" and measured is None:
            found.append(evidence.bad("stress.built-is-run", REPORT, None, "case", f"the built case `{row['case']}` was not run"))
    for row in evidence.rows(REPORT):
        promise = evidence.get(CASES, row["case"])
        if promise is None:
            found.append(evidence.bad("stress.known-case", REPORT, row, "case", f"`{row['case']}` is not in {CASES}"))
            continue
        found += _ended_as_promised(evidence, row, promise)
    return found


def _ended_as_promised(evidence, row, promise) -> list:
    found = []
    for column in ("profile", "coverage", "polarity", "seed", "threads"):
        if row[column] != promise[column]:
            found.append(evidence.bad("stress.copied", REPORT, row, column, f"says `{row[column]}`, {CASES} `{promise[column]}`"))
    if row["outcome"] != promise["outcome"] or row["code"] != promise["code"]:
        # The code of what happened, or of what should have happened and did not.
        code = next((c for c in (row["code"], promise["code"]) if c != ABSENT), codes.COVERAGE)
        found.append(evidence.bad("stress.ended-as-declared", REPORT, row, "outcome",
                                  f"`{row['case']}` ended `{row['outcome']}` with `{row['code']}`, declared `{promise['outcome']}` with `{promise['code']}`", code=code))
    if int(row["checks"]) == 0:
        found.append(evidence.bad("stress.walked", REPORT, row, "checks", "no walker ran, so a broken structure would have gone unseen"))
    if int(row["operations"]) == 0:
        found.append(evidence.bad("stress.did-something", REPORT, row, "operations", "nothing was done"))
    if promise["operations_least"] != ABSENT and int(row["operations"]) < int(promise["operations_least"]):
        found.append(evidence.bad("stress.long-enough", REPORT, row, "operations", f"{row['operations']} operations are fewer than the {promise['operations_least']} that the case is declared to do",
                                  "give the case its length again, then `make evidence`; to declare less, write a decision, then `make accept-aims DECISION=NAME`"))
    if (int(row["refused"]) > 0) != (promise["outcome"] in ("refused", "rejected")):
        found.append(evidence.bad("stress.refusals", REPORT, row, "refused",
                                  f"{row['refused']} refusals do not go with the outcome `{promise['outcome']}`"))
    if int(row["leaked_bytes"]) > 0:
        found.append(evidence.bad("stress.no-leak", REPORT, row, "leaked_bytes", f"{row['leaked_bytes']} bytes were never released"))
    return found
