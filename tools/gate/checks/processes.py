"""Page faults and resident memory of workloads, against the record of the process that the judge started itself."""

from fractions import Fraction

from .. import process
from ..evidence import OURS, decimal, number
from .derived import BENCHMARKS
from .drift import within_band

# Metrics that are the ratio of two facts which a worker prints.
RATIOS = {
    "held-by-live": ("live_held_bytes", "live_requested_bytes"),
    "held-by-requested": ("held_bytes", "requested_bytes"),
    "resident-by-requested": ("resident_bytes", "requested_bytes"),
}
READ = ("page-faults", "peak-resident-bytes", *RATIOS)
# What a program faults that only starts and ends; that of a profile which touches everything before its first operation is not empty.
EMPTY_FAULTS_MAX = 500
WARMED_UP = ("realtime",)
PEER = "bumpalo"  # what the corpus is run on for comparison
# Numbers that a pass over the corpus is bounded by, and the column in which the process prints them.
PASSES = {"used-bytes": "used_bytes", "reserved-bytes": "reserved_bytes"}


def run(case) -> list:
    if case.records is None:
        return []
    found = [case.fresh.bad("process.as-declared", BENCHMARKS, None, "workload", sentence, "`make allocator-fast-path-check` lists the programs anew")
             for key, called in process.listed(case.fresh_tree.read(process.FILE))[0].items() if (sentence := process.undeclared(key, called))]
    wrong = case.records.get(("", "", ""))
    if wrong is not None:
        found.append(case.fresh.bad("process.ran", BENCHMARKS, None, "workload", wrong))
        return found
    rows = {(row["profile"], row["workload"].partition(".")[0] if is_of_corpus(row) else row["workload"]) for row in case.committed.rows(BENCHMARKS) if row["subject"] == OURS}
    found += [case.committed.bad("process.no-orphan", BENCHMARKS, None, "workload", f"`{workload}` of `{profile}` is run, and no row says what it takes",
                                 "restore the rows, or take the program out of bench-corpus/src/evidence/process.rs")
              for profile, workload, subject in sorted(case.records) if subject == OURS and workload not in (process.EMPTY, process.CORPUS_COLD) and (profile, workload) not in rows]
    found += [case.fresh.bad("process.empty", BENCHMARKS, None, "measured", f"the empty program of `{profile}` on `{subject}` takes {record.faults} faults, which are taken off those of the workloads; at most {EMPTY_FAULTS_MAX}",
                             "let it do nothing") for (profile, workload, subject), record in sorted(case.records.items())
              if workload == process.EMPTY and profile not in WARMED_UP and isinstance(record, process.Record) and record.faults > EMPTY_FAULTS_MAX]
    for evidence in case.judged:
        for row in evidence.rows(BENCHMARKS):
            if is_of_corpus(row):
                # A peer's rounds over the corpus only inform.
                if row["comparison"] != "informational" and row["subject"] == OURS:
                    found += _row(case.records, evidence, row, (process.CORPUS, OURS), (process.CORPUS_COLD, OURS), (process.CORPUS, PEER))
            elif row["metric"] in READ:
                found += _row(case.records, evidence, row, (row["workload"], row["subject"]), (process.EMPTY, row["subject"]))
    return found


def is_of_corpus(row) -> bool:
    return row["workload"].partition(".")[0] == process.CORPUS


def _row(records: dict, evidence, row, *wanted: tuple) -> list:
    """A row against the records of the processes that it is made of, workload and subject each."""
    used = []
    for workload, subject in wanted:
        one = records.get((row["profile"], workload, subject))
        if not isinstance(one, process.Record):
            why = one or f"no program runs `{workload}` of `{row['profile']}` on `{subject}`"
            return [evidence.bad("process.ran", BENCHMARKS, row, "workload", why)]
        used.append(one)
    seen = corpus_value(row, *used) if is_of_corpus(row) else value(row["metric"], *used)
    if seen is None:
        return [evidence.bad("process.ran", BENCHMARKS, row, "metric", f"the program does not print what `{row['metric']}` is made of")]
    found = []
    if row["comparison"] != "bounded" and not within_band(row["measured"], decimal(seen), row["unit"]):
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


def corpus_value(row, record, cold, peer):
    """The same of the passes over the corpus: `cold` ended when they were warm, `peer` ran them on the other memory."""
    name, metric = row["workload"].partition(".")[2], row["metric"]
    if name:
        return None if metric not in PASSES else _fraction(record.facts.get(f"{name}.{PASSES[metric]}"))
    if metric == "steady-page-faults":
        return max(Fraction(record.faults - cold.faults, process.WARM_ROUNDS), Fraction(0))
    if metric == "failed-units":
        return Fraction(0)  # the process ended well, which it does not where a unit fails
    above, below = {"peak-resident-by-bumpalo": (record.peak_bytes, peer.peak_bytes), "idle-resident-by-bumpalo": (record.resident_bytes, peer.resident_bytes)}.get(metric, (0, 0))
    return Fraction(above, below) if below else None


def _fraction(fact):
    return None if fact is None else Fraction(fact)
