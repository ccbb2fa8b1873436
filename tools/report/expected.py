"""What the page must say, worked out again from the files it was made from. Nothing is taken from the program that wrote it."""

import csv
import json
import os
import statistics

OURS = "ours"
PROCESS = ("(process)", "(round)")


class Sources:
    """The files of one report."""

    def __init__(self, evidence: str, runs: str):
        self._evidence, self._runs = evidence, runs

    def rows(self, file: str) -> list[dict[str, str]]:
        """The rows of an evidence file."""
        return _tsv(os.path.join(self._evidence, file))

    def corpus(self, memory: str) -> dict | None:
        """The run of the passes on one memory."""
        path = os.path.join(self._runs, f"corpus-{memory}.json")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)

    def trace(self, memory: str) -> list[dict[str, str]]:
        """Its trace."""
        return _tsv(os.path.join(self._runs, f"corpus-{memory}.trace.tsv"))

    def contest(self, name: str) -> list[dict[str, str]]:
        """The runs of a contest."""
        path = os.path.join(self._runs, name)
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


def _tsv(path: str) -> list[dict[str, str]]:
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as stream:
        header, *lines = stream.read().removesuffix("\n").split("\n")
    return [dict(zip(header.split("\t"), line.split("\t"))) for line in lines]


def differences(page, sources: Sources) -> list[str]:
    """What the page says otherwise than its sources; empty when all is as it should be."""
    found: list[str] = []
    for check in (_overview, _stress, _backend, _budgets, _fast_paths, _classes, _diagnostics, _provenance, _faults, _spans, _memory, _workloads):
        check(page, sources, found)
    return found


def _overview(page, _: Sources, found: list[str]) -> None:
    first = [next(iter(page.facts(section).items()), None) for section in page.sections() if section != "overview"]
    _same(found, "overview", list(page.facts("overview").items()), [fact for fact in first if fact])


def _fact(page, section: str, name: str, found: list[str], value, limit: str = "") -> None:
    """A fact has this value, and a limit of this text."""
    said = page.facts(section).get(name)
    wanted = str(value)
    if said is None:
        found.append(f"{section}: there is no fact `{name}`")
    elif said[0] != wanted or not said[1].endswith(limit):
        found.append(f"{section}, {name}: is {said[:2]}, should be {wanted} {limit}".rstrip())


def _same(found: list[str], what: str, said, wanted) -> None:
    if said == wanted:
        return
    if isinstance(said, list) and isinstance(wanted, list):
        if len(said) != len(wanted):
            found.append(f"{what}: {len(said)} rows, should be {len(wanted)}")
            return
        index = next(index for index, (left, right) in enumerate(zip(said, wanted)) if left != right)
        found.append(f"{what}: row {index + 1} is {said[index]}, should be {wanted[index]}")
    else:
        found.append(f"{what}: is {said}, should be {wanted}")


def _table(page, section: str, caption: str, found: list[str]) -> list[dict[str, str]]:
    tables = page.tables(section)
    if caption not in tables:
        found.append(f"{section}: there is no table `{caption}`")
    return tables.get(caption, [])


def _columns(rows: list[dict[str, str]], names: dict[str, str]) -> list[dict[str, str]]:
    """Rows with only the columns that the page shows, under its headings."""
    return [{heading: row[column] for heading, column in names.items()} for row in rows]


VERDICT = {"met": "met", "exceeded": "missed", "not-judged": "not judged"}


def _judged(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**row, "verdict": VERDICT[row["verdict"]]} for row in rows]


def _stress(page, sources: Sources, found: list[str]) -> None:
    rows = sources.rows("release/allocator-stress-report.tsv")
    if not rows:
        return
    names = {name: name for name in ("case", "profile", "coverage", "polarity", "outcome", "threads", "operations", "refused", "seed", "verdict")}
    wanted = _columns(_judged(rows), names | {"diagnostic": "code", "walks": "checks"})
    _same(found, "stress table", _table(page, "stress", "Every stress case", found), [dict(row) for row in wanted])
    facts = page.facts("stress")
    met = sum(row["verdict"] == "met" for row in rows)
    _same(found, "stress fact", facts.get("Cases that ended as declared"), (str(met), f"{met} of {len(rows)}", "met" if met == len(rows) else "missed"))
    leaked = sum(int(row["leaked_bytes"]) for row in rows)
    _same(found, "leak fact", facts.get("Not given back to the page source after shutdown", ("",))[0], str(leaked))
    cells = page.charts()["stress-cases"]["rows"]
    _same(found, "stress chart", sum(cell["positive"] + cell["negative"] for cell in cells), len(rows))
    for cell in cells:
        here = [row for row in rows if (row["profile"], row["coverage"]) == (cell["profile"], cell["coverage"])]
        counts = [sum(row["polarity"] == word for row in here) for word in ("positive", "negative")]
        _same(found, f"stress chart, {cell['profile']}, {cell['coverage']}", [cell["positive"], cell["negative"], cell["missed"]], [*counts, sum(row["verdict"] != "met" for row in here)])


def _backend(page, sources: Sources, found: list[str]) -> None:
    rules = sources.rows("release/allocator-page-backend-report.tsv")
    names = {name: name for name in ("rule", "profile", "measured", "relation", "value", "verdict")}
    if rules:
        _fact(page, "backend", "Rules of the page backend kept", found, sum(row["verdict"] == "met" for row in rules), f"of {len(rules)}")
        wanted = [{**row, "relation": row["relation"].replace("-", " ")} for row in _columns(_judged(rules), names)]
        _same(found, "rules", _table(page, "backend", "Rules of the page backend", found), wanted)
    drains = sources.rows("release/allocator-remote-free-report.tsv")
    if drains:
        judged = [row for row in drains if row["released_budget"] != "-"]
        _fact(page, "backend", "Bounds on memory that waits for its owner kept", found, sum(row["verdict"] == "met" for row in judged), f"of {len(judged)}")
        names = {"drain point": "drain_point", "profile": "profile", "what": "metric", "measured": "measured", "at most": "released_budget", "verdict": "verdict"}
        wanted = [{**row, "what": row["what"].replace("-", " ")} for row in _columns(_judged(drains), names)]
        _same(found, "drain points", _table(page, "backend", "Drain points: what waited at most, what was taken back, what was left", found), wanted)


def _budgets(page, sources: Sources, found: list[str]) -> None:
    limits = []
    for row in sources.rows("release/allocator-fast-path-report.tsv"):
        group = row["metric"] if row["metric"] in ("instructions", "branches") else "other"
        name = row["path"] if group != "other" else f"{row['path']}: {row['metric']}"
        limits.append((group, name, row["profile"], row["net"], "at most", row["released_budget"], row["verdict"]))
    for row in sources.rows("perf/allocator-fast-path-benchmarks.tsv"):
        limits.append(("other", f"{row['workload']}: {row['metric']}", row["profile"], row["measured"], "at most", row["released_budget"], row["verdict"]))
    for row in sources.rows("release/allocator-page-backend-report.tsv"):
        relation = {"equal": "exactly"}.get(row["relation"], row["relation"].replace("-", " "))
        limits.append(("other", row["rule"], row["profile"], row["measured"], relation, row["value"], row["verdict"]))
    for row in sources.rows("release/allocator-remote-free-report.tsv"):
        limits.append(("other", f"{row['drain_point']}: {row['metric']}", row["profile"], row["measured"], "at most", row["released_budget"], row["verdict"]))
    limits = [limit for limit in limits if limit[5] != "-"]
    if not limits:
        return
    met = sum(limit[6] == "met" for limit in limits)
    _same(found, "limits kept", page.facts("budgets").get("Limits kept"), (str(met), f"{met} of {len(limits)}", "met" if met == len(limits) else "missed"))

    def table(limits):
        names = ("what", "profile", "measured", "relation", "limit", "verdict")
        return [dict(zip(names, (*limit[1:6], VERDICT[limit[6]]))) for limit in limits]

    def is_bar(limit):
        return limit[4] != "exactly" and float(limit[5]) != 0

    upper = [float(limit[3]) / float(limit[5]) for limit in limits if limit[4] == "at most" and float(limit[5]) != 0]
    _fact(page, "budgets", "Upper limits that are used up to the last unit", found, sum(share >= 1 for share in upper), f"of {len(upper)}")
    charts = page.charts()
    for group, figure, title in (("instructions", "budget-instructions", "Instructions of fast paths"), ("branches", "budget-branches", "Conditional branches of fast paths"),
                                 ("other", "budget-memory", "Memory, faults and queues")):
        bars = [limit for limit in limits if limit[0] == group and is_bar(limit)]
        _same(found, title, _table(page, "budgets", f"{title} and their limits", found), table(bars))
        shares = [(row["name"], row["profile"], round(row["share"], 9)) for row in charts[figure]["rows"]]
        _same(found, f"bars of {title}", shares, [(limit[1], limit[2], round(float(limit[3]) / float(limit[5]), 9)) for limit in bars])
    rest = [limit for limit in limits if not is_bar(limit)]
    _same(found, "exact limits", _table(page, "budgets", "Limits of zero, and values that must be exact", found), table(rest))


def _fast_paths(page, sources: Sources, found: list[str]) -> None:
    rows = sources.rows("release/allocator-fast-path-report.tsv")
    if not rows:
        return
    said = {}
    for row in _table(page, "fast-paths", "Counts over nothing, by path and subject", found):
        for subject in row.keys() - {"path", "profile", "count"}:
            if row[subject] != "-":
                said[row["profile"], row["path"], subject, row["count"]] = row[subject]
    _same(found, "counts", said, {(row["profile"], row["path"], row["subject"], row["metric"]): row["net"] for row in rows})
    instructions = {(row["profile"], row["path"], row["subject"]): float(row["net"]) for row in rows if row["metric"] == "instructions"}
    compared = cheapest = 0
    for profile, path in sorted({key[:2] for key in instructions}):
        peers = [net for (*where, subject), net in instructions.items() if where == [profile, path] and not subject.startswith(OURS)]
        if peers and (profile, path, OURS) in instructions:
            compared += 1
            cheapest += instructions[profile, path, OURS] <= min(peers)
    _fact(page, "fast-paths", "Cases stepped for a peer too in which no peer executes fewer instructions", found, cheapest, f"of {compared}")
    for where, name in ((("compiler-internal", "alloc-24"), "Allocate 24 bytes from an arena"), (("hosted-small", "malloc-16"), "malloc(16), entry to return"),
                        (("hosted-small", "free-16"), "free of 16 bytes, entry to return")):
        row = next((row for row in rows if (row["profile"], row["path"], row["subject"], row["metric"]) == (*where, OURS, "instructions")), None)
        if row:
            _fact(page, "fast-paths", name, found, row["net"], f"at most {row['released_budget']}")
    drawn = {(row["profile"], row["path"], row["subject"]): row["value"] for row in page.charts()["counts"]["rows"]}
    _same(found, "drawn counts", drawn, {(row["profile"], row["path"], row["subject"]): float(row["net"]) for row in rows if row["metric"] == "instructions"})


def _classes(page, sources: Sources, found: list[str]) -> None:
    rows = [row for row in sources.rows("allocator/size-classes.tsv") if row["kind"] == "block"]
    if not rows:
        return
    profile = rows[0]["profile"]
    rows = [row for row in rows if row["profile"] == profile]
    names = {"class": "class", "face": "face", "requests from": "bytes_min", "to": "bytes_max", "slab": "slab_bytes", "blocks a slab": "slab_blocks", "waste at most": "waste_percent"}
    _same(found, "classes", _table(page, "classes", f"Block classes of {profile}", found), _columns(rows, names))
    drawn = [(row["min"], row["max"], row["waste"]) for row in page.charts()["waste"]["rows"]]
    _fact(page, "classes", f"Block classes of {profile}", found, len(rows))
    large = max((row for row in rows if int(row["bytes_min"]) > 1024), key=lambda row: float(row["waste_percent"]))
    _fact(page, "classes", "Most that a request above 1 KiB can leave unused of its block", found, large["waste_percent"])
    _same(found, "drawn classes", drawn, [(float(row["bytes_min"]), float(row["bytes_max"]), float(row["waste_percent"])) for row in rows])


def _diagnostics(page, sources: Sources, found: list[str]) -> None:
    rows = sources.rows("release/allocator-diagnostics-report.tsv")
    if rows:
        raised = {(row["code"], row["raised_by"]) for row in rows if row["verdict"] == "met"}
        codes = {row["code"] for row in rows}
        both = sum({(code, "library"), (code, "judge")} <= raised for code in codes)
        _fact(page, "diagnostics", "Codes raised by the library and by the judge", found, both, f"of {len(codes)}")
        names = {"code": "code", "raised by": "raised_by", "case": "case", "profile": "profile", "text": "text", "verdict": "verdict"}
        wanted = [{**row, "text": row["text"].replace("`", "")} for row in _columns(_judged(rows), names)]
        _same(found, "diagnostics", _table(page, "diagnostics", "Every diagnostic that was raised", found), wanted)


def _provenance(page, sources: Sources, found: list[str]) -> None:
    rows = sources.rows("release/allocator-evidence-provenance.tsv")
    if rows:
        _same(found, "provenance", _table(page, "provenance", "What the evidence was made from and with", found), _columns(rows, {name: name for name in ("item", "value", "binds")}))


def _faults(page, sources: Sources, found: list[str]) -> None:
    wanted, drawn = [], []
    for memory in (OURS, "bumpalo"):
        for round_ in (sources.corpus(memory) or {"rounds": []})["rounds"]:
            parts = [{"pass": "process", **round_}, *round_["passes"]]
            wanted += [(memory, str(round_["round"]), part["pass"], str(part["faults"])) for part in parts]
            drawn.append((memory, round_["round"], round_["faults"]))
    if wanted:
        caption = "Page faults and CPU time of each round: of the process, and of each pass while it was the innermost"
        said = [(row["memory"], row["round"], row["part"], row["faults"]) for row in _table(page, "faults", caption, found)]
        _same(found, "faults", said, wanted)
        _same(found, "drawn faults", [(row["subject"], row["group"], row["value"]) for row in page.charts()["faults-by-round"]["rows"]], drawn)
    rows = [row for row in sources.rows("perf/allocator-fast-path-benchmarks.tsv") if row["metric"] == "page-faults"]
    rows.sort(key=lambda row: (row["profile"] != "compiler-internal", row["profile"], row["workload"], row["subject"] != OURS))
    if rows:
        said = [tuple(row.values()) for row in _table(page, "faults", "Page faults of the workloads in the evidence", found)]
        names = ("workload", "profile", "subject", "measured", "released_budget", "verdict")
        _same(found, "faults of workloads", said, [tuple(row[name] for name in names) for row in _judged(rows)])
        drawn = [(row["group"], row["subject"], row["value"]) for row in page.charts()["faults-of-workloads"]["rows"]]
        _same(found, "drawn faults of workloads", drawn, [(f"{row['profile']}: {row['workload']}", row["subject"], float(row["measured"])) for row in rows])


def _spans(page, sources: Sources, found: list[str]) -> None:
    run = sources.corpus(OURS)
    if run:
        wanted = [tuple(str(value) for value in (round_["round"], part["pass"], part["spans_warm"], part["spans_cold"], part["used_bytes"], part["reserved_bytes"]))
                  for round_ in run["rounds"] for part in round_["passes"]]
        said = [tuple(row.values()) for row in _table(page, "spans", "Spans that each pass took, round by round", found)]
        _same(found, "spans", said, wanted)
        last = run["rounds"][-1]
        for name in ("warm", "cold"):
            _fact(page, "spans", f"{name.capitalize()} spans in round {last['round']}", found, sum(part[f"spans_{name}"] for part in last["passes"]))


def _memory(page, sources: Sources, found: list[str]) -> None:
    for memory in (OURS, "bumpalo"):
        run, trace = sources.corpus(memory), sources.trace(memory)
        facts = page.facts("memory")
        if run:
            for name, key in (("Highest resident memory, on our arenas", "peak_rss_bytes"), ("Resident memory after the run, on our arenas", "idle_rss_bytes")):
                if memory == OURS:
                    _same(found, name, facts.get(name, ("",))[0], str(run[key]))
        if not run or not trace:
            continue
        process = [row for row in trace if row["pass"] in PROCESS and row["resident_bytes"] != "-"]
        highest = {round_: max(int(row["resident_bytes"]) for row in process if row["round"] == round_) for round_ in {row["round"] for row in process if row["pass"] == PROCESS[1]}}
        table = [row for row in _table(page, "memory", "Anonymous resident memory, round by round", found) if row["memory"] == memory]
        _same(found, f"rounds of {memory}", [row["at its highest"] for row in table], [str(highest[round_]) for round_ in sorted(highest, key=int)])
        drawn = next(series["points"] for series in page.charts()["resident"]["series"] if series["name"] == memory)
        _same(found, f"points of {memory}", [point[1] for point in drawn], [int(row["resident_bytes"]) for row in process])
        if memory == OURS:
            passes = [row for row in trace if row["pass"] not in PROCESS]
            chart = page.charts()["threads"]
            said = [(str(row[0]), chart["passes"][row[1]], str(row[4]), str(row[5])) for row in chart["rows"]]
            _same(found, "passes on threads", said, [(row["thread"], row["pass"], row["used_bytes"], row["held_bytes"]) for row in passes])
            largest = {}
            for row in passes:
                key = row["round"], row["thread"], row["pass"]
                largest[key] = max(largest.get(key, 0), int(row["used_bytes"]))
            table = _table(page, "memory", "What each pass held on each thread, round by round", found)
            _same(found, "largest by pass and thread", {(row["round"], row["thread"], row["pass"]): int(row["asked for, largest"]) for row in table}, largest)


def _workloads(page, sources: Sources, found: list[str]) -> None:
    for file, name in (("arena.csv", "arenas"), ("heap.csv", "the general heap")):
        rows = sources.contest(file)
        if not rows:
            continue
        for column, title in (("cpu_seconds", "CPU time"), ("peak_resident_bytes", "Resident memory at its peak")):
            runs: dict = {}
            for row in rows:
                runs.setdefault((row["allocator"], row["workload"]), {})[row["round"]] = float(row[column])

            def value(allocator, workload, round_):
                empty = runs.get((allocator, "empty")) if column == "cpu_seconds" else None
                return max(runs[allocator, workload][round_] - (statistics.median(empty.values()) if empty else 0), 1e-4)

            wanted = {}
            for allocator, workload in runs:
                ours = runs.get((OURS, workload))
                if allocator != OURS and workload != "empty" and ours:
                    ratios = [value(OURS, workload, round_) / value(allocator, workload, round_) for round_ in ours if round_ in runs[allocator, workload]]
                    wanted[workload, allocator] = (statistics.median(ratios), min(ratios), max(ratios))
            medians = {key: statistics.median(value(*key, round_) for round_ in runs[key]) for key in runs}
            workloads = {workload for _, workload in runs} - {"empty"}
            better = sum(all(medians[OURS, workload] < median for (allocator, other), median in medians.items() if other == workload and allocator != OURS) for workload in workloads)
            _fact(page, "workloads", f"{title} of {name}: workloads where our median is below every peer's", found, better, f"of {len(workloads)}")
            table = _table(page, "workloads", f"{title} of {name}, ours by each peer's", found)
            said = {(row["workload"], row["peer"]): tuple(float(row[cell]) for cell in ("median ratio", "smallest", "largest")) for row in table}
            _same(found, f"{title} of {name}", sorted(said), sorted(wanted))
            for key, ratios in wanted.items():
                if key in said and any(abs(left - right) > 0.00051 for left, right in zip(said[key], ratios)):
                    found.append(f"{title} of {name}, {key}: is {said[key]}, should be {ratios}")
