"""Page faults and resident memory of workloads, against the record of the process that the judge started itself."""

from fractions import Fraction

from .. import process
from ..evidence import OURS, decimal, number
from .derived import BENCHMARKS
from .drift import within_band

CORPUS = "corpus-"  # rounds over the corpus account for themselves, inside one process
# Metrics that are the ratio of two facts which a worker prints.
RATIOS = {
    "held-by-live": ("live_held_bytes", "live_requested_bytes"),
    "held-by-requested": ("held_bytes", "requested_bytes"),
    "resident-by-requested": ("resident_bytes", "requested_bytes"),
}
READ = ("page-faults", "peak-resident-bytes", *RATIOS)


def run(case) -> list:
    if case.records is None:
        return []
    found = [case.fresh.bad("process.as-declared", BENCHMARKS, None, "workload", sentence, "`make allocator-fast-path-check` lists the programs anew")
             for key, called in process.listed(case.fresh_tree.read(process.FILE))[0].items() if (sentence := process.undeclared(key, called))]
    wrong = case.records.get(("", "", ""))
    if wrong is not None:
        found.append(case.fresh.bad("process.ran", BENCHMARKS, None, "workload", wrong))
        return found
    for evidence in case.judged:
        for row in evidence.rows(BENCHMARKS):
            if row["metric"] in READ and not row["workload"].startswith(CORPUS):
                found += _row(case.records, evidence, row)
    return found


def _row(records: dict, evidence, row) -> list:
    key = (row["profile"], row["workload"], row["subject"])
    record, empty = records.get(key), records.get((row["profile"], process.EMPTY, row["subject"]))
    for one in (record, empty):
        if not isinstance(one, process.Record):
            why = one or f"no program runs `{row['workload']}` of `{row['profile']}` on `{row['subject']}`"
            return [evidence.bad("process.ran", BENCHMARKS, row, "workload", why)]
    seen = value(row["metric"], record, empty)
    if seen is None:
        return [evidence.bad("process.ran", BENCHMARKS, row, "metric", f"the program does not print what `{row['metric']}` is made of")]
    found = []
    if not within_band(row["measured"], decimal(seen), row["unit"]):
        found.append(evidence.bad("process.agrees", BENCHMARKS, row, "measured",
                                  f"says {row['measured']} {row['unit']}, the judge's own process took {decimal(seen)}"))
    limit = number(row["released_budget"])
    if row["subject"] == OURS and limit is not None and seen > limit:
        found.append(evidence.bad("process.within-budget", BENCHMARKS, row, "released_budget",
                                  f"the judge's own process took {decimal(seen)} {row['unit']}, budget {row['released_budget']}"))
    return found


def value(metric: str, record, empty):
    """A metric by the records of its process and of the empty one; None when the process did not print what it is made of."""
    if metric == "page-faults":
        return max(Fraction(record.faults - empty.faults), Fraction(0))
    if metric == "peak-resident-bytes":
        return Fraction(record.peak_bytes)
    above, below = (record.facts.get(fact) for fact in RATIOS[metric])
    return None if above is None or not below else Fraction(above, below)
