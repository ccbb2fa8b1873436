"""A small repository in memory whose evidence is sound: what fixtures and tests start from and then break in one place.

It has two built profiles, an arena's and a heap's (or all six), one path each, one rule per kind, and a run that agrees with the committed files. Its values are invented and
round; the real ones are in the evidence folders.
"""

from . import aims, codes, dictionary, process, schema, trace, tsv
from .checks import contract, failures, provenance
from .checks.classes import ABSENT_CONCERNS, HEAP_TOUCHES, OWNED, OWNED_TOUCHES, TABLED, case_of
from .checks.coverage import INAPPLICABLE
from .checks.hooks import ALLOWED
from .checks.profiles import RELEASED, RULES, TIERS, type_name
from .checks.promises import TIER_OF, nothing
from .checks.remote_free import NOTHING_WAITS, REQUIRED
from .checks.stepped import MEASURED, names_of
from .checks.symbols import TIER_TYPES
from .column import ABSENT
from .evidence import Evidence
from .schema.table import COVERAGE, HOOKS, PROFILES
from .tree import NO_SOURCES

OURS_CALL = (
    ("48", "mov", "mov rax, [rdi]", 0, 0, 1, 0, "488b07"),
    ("48", "sub", "sub rax, 0x18", 0, 0, 0, 0, "4883e818"),
    ("48", "cmp", "cmp rax, [rdi+8]", 0, 0, 1, 0, "483b4708"),
    ("48", "jb", "jb +0x20", 1, 0, 0, 0, "7214"),
    ("48", "mov", "mov [rdi], rax", 0, 0, 0, 1, "488907"),
    ("48", "ret", "ret", 0, 0, 1, 0, "c3"),
)
NOTHING_CALL = (("48", "lea", "lea rax, [rdi+8]", 0, 0, 0, 0, "488d4708"), ("48", "ret", "ret", 0, 0, 1, 0, "c3"))
RULE_ROWS = (
    ("central-cache.idle-min", "equal", 1048576),
    ("geometry.arena-granule", "equal", 8),
    ("geometry.unit-bytes", "equal", 65536),
    ("span-allocation.chunk-step-1", "equal", 4096),
    ("span-allocation.largest-chunked-object", "equal", 524288),
    ("transfer-refill.span-cache-capacity", "equal", 2097152),
)
HEAP_RULE_ROWS = (
    ("central-cache.idle-min", "equal", 1048576),
    ("geometry.unit-bytes", "equal", 65536),
    ("span-allocation.largest-block", "equal", 96),
    ("transfer-refill.span-cache-capacity", "equal", 2097152),
)
BUILT = ("compiler-internal", "hosted-small")
PATHS = (("freestanding", "alloc-64"),
         *(("hosted-small", path) for path in ("free-16", "free-16-pending", "malloc-16", "malloc-16-pending")),
         *(("hosted-server", path) for path in ("free-16", "free-16-pending", "malloc-16", "malloc-16-pending")),
         *(("realtime", path) for path in ("alloc-64", "alloc-64-pending", "dealloc-64", "dealloc-64-pending")),
         ("compiler-internal", "alloc-24"))
# How the names of the two profiles' cases begin; the others' begin with the profile.
PREFIXES = {"compiler-internal": "", "hosted-small": "heap-"}
CORPUS_COMMAND = "bench-corpus corpus compare --jobs 1 --rounds 8 --pairs 1"
MACHINE = {"rustc": "rustc 1.95.0 (sample)", "target": "x86_64-unknown-linux-gnu", "libc": "glibc 2.36", "flags": "none"}


class Files:
    """A tree made of a dictionary of files, some of them links."""

    def __init__(self, files: dict, linked: tuple[str, ...] = ()):
        self.files = files
        self.linked = list(linked)

    def links(self) -> list[str]:
        return self.linked

    def read(self, path: str):
        return self.files.get(path)

    def under(self, folder: str) -> list[str]:
        return [path for path in self._below(folder) if not set(path.split("/")) & set(NO_SOURCES)]

    def skipped(self, folder: str) -> list[str]:
        parts = [path.split("/") for path in self._below(folder)]
        return sorted({"/".join(path[:at + 1]) for path in parts for at, name in enumerate(path[:-1]) if name in NO_SOURCES})

    def _below(self, folder: str) -> list[str]:
        prefix = folder.rstrip("/") + "/" if folder else ""
        return sorted(path for path in self.files if path.startswith(prefix))


def table(path: str, *rows: tuple) -> bytes:
    header = schema.TABLES[path].header
    assert all(len(row) == len(header) for row in rows), f"{path}: {[len(r) for r in rows]} cells for {len(header)} columns"
    return tsv.render(schema.TABLES[path], [dict(zip(header, map(str, row))) for row in rows])


def trace_file(subject: str, case: str, steps: tuple) -> bytes:
    lines = ["\t".join(trace.HEADER)]
    for call in range(3):
        offset = 0
        for index, (_, mnemonic, text, branch, taken, loads, stores, code) in enumerate(steps):
            lines.append("\t".join(map(str, (subject, case, call, 1, index, "probe", offset, code, mnemonic, text, branch, taken,
                                             loads, stores, 0, 0, 0))))
            offset += len(code) // 2
    return ("\n".join(lines) + "\n").encode()


def repository(built: tuple[str, ...] = BUILT) -> dict:
    """Committed files of the sample by path; `built` are the profiles that count as built, the two of `BUILT` among them."""
    ci, heap = BUILT
    paths = [(name, path) for name, path in PATHS if name in built]
    files = {
        "compiler-alloc/src/lib.rs": b"pub struct Arena; impl Arena { pub fn alloc() {} fn alloc_miss() {} pub fn reset() {} }\n"
                                     b"pub const UNIT_BYTES: usize = 65536; pub struct SpanCache;\n#[test] fn proves_it() { assert!(Arena::alloc()); }\n",
        "compiler-alloc/src/symbols.rs": _defined(*TIER_TYPES.values(), *(symbol for points in REQUIRED.values() for symbol in points.values()), "SizeClass",
                                                    *(symbol for path in PATHS for symbol in names_of(*path))),
        f"{MEASURED[0]}/probe.rs": f"fn probe() {{ {'(); '.join(names_of(*path)[0] for path in PATHS)}(); }}\n".encode(),
        "bench-corpus/src/evidence/rule.rs": b'fn measure(rule: &str) -> usize { match rule { "geometry.unit-bytes" => Ok(geometry.unit_bytes), "geometry.arena-granule" => granule(), } }\n'
                                             b"fn granule() -> usize { bench().step(UNIT_BYTES) }\n",
        "Cargo.lock": b"# sample\n",
        "Makefile": _makefile(),
        ".ci/run": (failures.CI_SHELL + "\n".join([*failures.CI_SCRIPT, ""])).encode(),
        "tools/allocator-fast-path-check.py": b"# sample\n",
        "bench-corpus/src/main.rs": b"mod evidence;\n",
        "bench-corpus/src/evidence/mod.rs": b"struct Args { anew: bool }\n",
        "ARCHITECTURE.md": b"# Architecture\n\n## Decisions\n\n- `known-decision`: for the sample.\n",
        contract.PAGE: dictionary.sentences().encode(),
    }
    for name in codes.ALLOCATOR_CODES:
        files[f"tools/fixtures/{name}/fixture.json"] = b"{}\n"
    files["allocator/profiles.tsv"] = table("allocator/profiles.tsv", *(
        (name, type_name(name), rule["page_source"], rule["threads"], TIERS[name], rule["remote_free"], rule["hooks"], "off", RELEASED[name],
         "none", rule["os"], "built" if name in built else "not-built", "A sample.") for name, rule in RULES.items()))
    files["allocator/size-classes.tsv"] = table(
        "allocator/size-classes.tsv",
        *(row for profile in PROFILES if profile in built and profile != ci for row in (*_blocks(profile), *_operations(profile, paths))),
        (ci, "chunk-4k", "chunk", "-", 4096, 4096, 4096, *"-------", "-", "-", "UNIT_BYTES", "built", "A sample."),
        (ci, "value-24", "request", "-", 24, 24, 8, "-", "-", "-", "alloc-24", 4, 4, 1, 1, "-", "Arena::alloc", "built", "A sample."))
    files["allocator/local-fast-path.tsv"] = table(
        "allocator/local-fast-path.tsv",
        *((name, path, names_of(name, path)[0], case_of(name, path), _touches(name, path), 0, 0, 0, names_of(name, path)[1], "proves_it", "built", "A sample.") for name, path in paths))
    files["allocator/remote-free.tsv"] = table("allocator/remote-free.tsv", *(_remote(name, point, name in built) for name in PROFILES for point in REQUIRED[name]))
    files["allocator/page-backend.tsv"] = table("allocator/page-backend.tsv", *(
        (profile, name, relation, value, "bytes", "UNIT_BYTES", "proves_it", "built", "A sample.") for profile, name, relation, value in _rules(built)))
    files["allocator/transfer-cache.tsv"] = table(
        "allocator/transfer-cache.tsv",
        *((name, tier, "process", "-", "-", "-", refills, TIER_TYPES[tier], "proves_it", "built", "A sample.")
          for name in PROFILES if name in built and name in TABLED for tier, refills in _tiers(name)),
        (ci, "span-cache", "thread", 2097152, "bytes", "-", "span-pool", "SpanCache", "proves_it", "built", "A sample."),
        (ci, "span-pool", "process", "-", "-", "-", "page-source", TIER_TYPES["span-pool"], "proves_it", "built", "A sample."))
    files["allocator/hosted-hooks.tsv"] = table("allocator/hosted-hooks.tsv", *(
        (name, hook, "opt-in" if name == ALLOWED else "rejected", "off", codes.HUGEPAGE_POLICY if hook == "hugepage" else codes.NUMA_POLICY,
         "builder" if name == ALLOWED else "type", "proves_it" if name in built else "-", "built" if name in built else "not-built", "A sample.")
        for name in PROFILES for hook in HOOKS))
    cases = _cases(built)
    files["allocator/stress-cases.tsv"] = table("allocator/stress-cases.tsv", *((*row, "A sample.") for row in cases))
    files["release/allocator-stress-report.tsv"] = table("release/allocator-stress-report.tsv", *(
        (row[0], row[1], row[2], row[3], row[4], row[5], 100, 3 if row[7] == "refused" else 0, row[7], row[8], 5, 65536,
         65536, 0, "met", "banded", f"bench-corpus stress --case {row[0]}")
        for row in cases if row[9] == "built"))
    files["release/allocator-remote-free-report.tsv"] = table("release/allocator-remote-free-report.tsv", *(
        (name, point, _experiment(name, point), metric, "spans", budget, measured, verdict, "exact", "-",
         f"bench-corpus evidence --drain {_experiment(name, point)}")
        for name in PROFILES if name in built and RULES[name]["remote_free"] != "none" for point in REQUIRED[name] for metric, budget, measured, verdict in (("waiting-peak", 64, 2, "met"), ("drained", "-", 2, "not-judged"), ("left", 0, 0, "met"))))
    files["release/allocator-page-backend-report.tsv"] = table("release/allocator-page-backend-report.tsv", *(
        (profile, name, relation, value, "bytes", value, "met", "exact", "-", f"bench-corpus evidence --rule {_rule_command(profile, name)}")
        for profile, name, relation, value in _rules(built)))
    traces = traces_of()
    counts = {"instructions": (6, 2, 4, 4), "branches": (1, 0, 1, 1), "loads": (3, 1, 2, "-"), "stores": (1, 0, 1, "-"),
              "locked": (0, 0, 0, 0), "calls": (0, 0, 0, 0), "syscalls": (0, 0, 0, 0)}
    files["release/allocator-fast-path-report.tsv"] = table("release/allocator-fast-path-report.tsv", *(
        (name, path, "ours", metric, total, nothing, 1, net, budget, budget, "not-judged" if budget == "-" else "met", "exact", "-",
         _sha(*(traces[trace.name_of(case_of(name, path), subject)] for subject in ("ours", "nothing"))),
         f"bench-corpus step --subject ours --case {case_of(name, path)}") for name, path in paths for metric, (total, nothing, net, budget) in counts.items()))
    files["perf/allocator-fast-path-benchmarks.tsv"] = table(
        "perf/allocator-fast-path-benchmarks.tsv",
        *((name, "steady", "ours", "page-faults", "-", "faults", 6000, 6000, "-", "banded", 5000, "met", "-", f"bench-corpus evidence --workload {name}.steady", "A sample.")
          for name in PROFILES if name in built and name != ci),
        (ci, "corpus-quick", "ours", "peak-resident-by-bumpalo", "a8", "ratio", 1, 1, "-", "banded", "0.8", "met", "-", CORPUS_COMMAND, "A sample."),
        (ci, "corpus-quick", "ours", "steady-page-faults", "a8", "faults", 16, 16, "-", "banded", 4, "met", "-", CORPUS_COMMAND, "A sample."),
        (ci, "corpus-quick.lex", "ours", "used-bytes", "-", "bytes", 2000, 2000, "-", "banded", 1000, "met", "-", CORPUS_COMMAND, "A sample."),
        (ci, "warm-passes", "bumpalo", "page-faults", "-", "faults", "-", "-", "-", "banded", 28000, "not-judged", 7, "bench-corpus arena", "A sample."),
        (ci, "warm-passes", "ours", "page-faults", "a2", "faults", 12000, 12000, "-", "banded", 11000, "met", 7, "bench-corpus arena", "A sample."))
    _diagnostics(files, ci)
    files[aims.FILE] = aims_of(files)
    rows = []
    for path in schema.TABLES:
        shape = schema.TABLES[path]
        kind = "generated" if shape.generated else "mixed" if shape.mixed else "declared"
        owner = path.split("/")[0]
        writer = f"tools/gate/schema/{owner}.py" if kind == "declared" else "bench-corpus/src/evidence/sample.rs"
        files.setdefault(writer, b"// sample\n")
        rows.append((path, owner, kind, writer, "tools/allocator-fast-path-check.py" if kind == "declared" else "bench-corpus evidence --out target/evidence",
                     "{command}" if "command" in shape.index else "bench-corpus evidence --anew",
                     "allocator-fast-path-check" if kind == "declared" else "evidence", "make allocator-fast-path-check",
                     contract.sentence_of(path)))
    files[contract.FILE] = table(contract.FILE, *sorted(rows))
    for folder in schema.FOLDERS:
        files[f"{folder}/README.md"] = dictionary.replace("# Sample\n", folder).encode()
    seal(files, files)
    return files


def _defined(*symbols: str) -> bytes:
    """A source that defines every part of the symbols."""
    return "".join(f"pub struct {part};\n" for part in sorted({part for symbol in symbols for part in symbol.split("::")} - {ABSENT})).encode()


def _makefile() -> bytes:
    """A recipe a gate, with what it must run."""
    recipes = [f"{target}: {' '.join(contract.NEEDS.get(target, ()))}".rstrip() + "\n" + "".join(f"\t{command}\n" for command in commands) for target, commands in contract.RUN.items()]
    return "".join([*recipes, "evidence:\n\ttrue\n", f".PHONY: {' '.join(contract.RUN)} evidence\n"]).encode()


def aims_of(files: dict) -> bytes:
    """The aims of the files' budgets, each as a first one."""
    tree = Files({path: data for path, data in files.items() if path != aims.FILE})
    return aims.text(aims.recorded(Evidence(tree), tree, ABSENT, ABSENT)[0])


def records(built: tuple[str, ...] = BUILT) -> dict:
    """Processes that agree with the sample's workloads."""
    ci = BUILT[0]
    empty = {(name, process.EMPTY, "ours"): process.Record(30, 1 << 20) for name in built}
    steady = {(name, "steady", "ours"): process.Record(5030, 1 << 21) for name in built if name != ci}
    corpus = {(ci, process.CORPUS, "ours"): process.Record(9010, 4 << 20, {"lex.used_bytes": 1000}, 1 << 20), (ci, process.CORPUS_COLD, "ours"): process.Record(9000, 4 << 20),
              (ci, process.CORPUS, "bumpalo"): process.Record(12000, 5 << 20, {}, 2 << 20)}
    if "test-fixture" in built:
        empty["test-fixture", process.EMPTY, "ours"] = process.Record(30, 1 << 20, {}, 0, "".join(f"{' '.join(row[:4])} sample\n" for row in _cases(built) if row[9] == "built"))
    return {**empty, **steady, **corpus, (ci, process.EMPTY, "bumpalo"): process.Record(30, 1 << 20),
            (ci, "warm-passes", "bumpalo"): process.Record(28030, 1 << 26), (ci, "warm-passes", "ours"): process.Record(11030, 1 << 26)}


def called() -> dict:
    """What the code of the sample's stepped cases calls."""
    return {case_of(*path): frozenset({names_of(*path)[1]}) for path in PATHS}


def traces_of() -> dict:
    return {trace.name_of(case, subject): trace_file(subject, case, call)
            for case in (case_of(*path) for path in PATHS) for subject, call in (("ours", OURS_CALL), ("nothing", NOTHING_CALL))}


def fresh(committed: dict) -> dict:
    """Files of a fresh run that agrees with `committed`."""
    generated = {path: committed[path] for path, shape in schema.TABLES.items() if shape.generated or shape.mixed}
    return {**generated, **traces_of()}


def seal(files: dict, repository_files: dict) -> None:
    """Writes the provenance of `files` anew, as a run does and as a forger would."""
    tree, repo = Files(files), Files(repository_files)
    values = {"sources": provenance.sources(repo), "cargo-lock": provenance.digest(repo, "Cargo.lock"), **MACHINE,
              "cpu-features": "sse2", "kernel": "6.1",
              **{provenance.item_of(path): provenance.digest(tree, path) for path in provenance.digested_files()}}
    rows = []
    for item in sorted(values):
        binds = "toolchain" if item in provenance.TOOL_ITEMS else "machine" if item in provenance.MACHINE_ITEMS else "sources"
        rows.append((item, values[item], binds, "informational" if binds == "machine" or item.startswith("file.") else "exact"))
    files[provenance.FILE] = table(provenance.FILE, *rows)


def _rules(built: tuple[str, ...]) -> list[tuple]:
    rows = []
    for profile in PROFILES:
        if profile in built:
            wanted = RULE_ROWS if profile == "compiler-internal" else HEAP_RULE_ROWS
            wanted = (*wanted, *((name, "equal", 0) for name in nothing(profile)))
            rows += [(profile, *row) for row in sorted(wanted) if row[0].split(".")[0] not in ABSENT_CONCERNS.get(profile, ())]
    return rows


def _tiers(name: str) -> list[tuple[str, str]]:
    """Tiers of a heap, and where each refills."""
    own = [tier for word, tier in TIER_OF.items() if word in TIERS[name].split(",")]
    return [*zip(own, [*own[1:], "span-pool"]), ("span-pool", "page-source")]


def _touches(name: str, path: str) -> str:
    if name == "compiler-internal":
        return "arena,chunk"
    return OWNED_TOUCHES if name in OWNED else HEAP_TOUCHES[path.split("-")[0]]


def _blocks(profile: str) -> list[tuple]:
    rows = ((8, 1, 8, "layout"), (16, 9, 16, "any"), (24, 17, 8, "layout"), (32, 25, 16, "any"), (48, 33, 16, "any"), (64, 49, 16, "any"),
            (80, 65, 16, "any"), (96, 81, 16, "any"))
    return [_block(profile, *row) for row in rows] if profile in TABLED else []


def _operations(profile: str, paths: list) -> list[tuple]:
    return [(name, path, "operation", *"-------", path, 4, 4, 1, 1, "-", names_of(name, path)[0], "built", "A sample.") for name, path in paths if name == profile]


def _rule_command(profile: str, name: str) -> str:
    return name if profile == "compiler-internal" else f"{name} --profile {profile}"


def _experiment(name: str, point: str) -> str:
    return point if name == "compiler-internal" else f"{name}-{point}"


def _block(heap: str, size: int, smallest: int, step: int, face: str) -> tuple:
    from fractions import Fraction

    from .evidence import decimal
    waste = decimal(Fraction(100 * (step - 1), size))
    return (heap, f"block-{size}", "block", face, smallest, size, step, 65536, 65536 // size, waste, *"-----", "-", "SizeClass", "built", "A sample.")


def _remote(name: str, point: str, built: bool) -> tuple:
    mechanism = RULES[name]["remote_free"]
    waits = mechanism not in NOTHING_WAITS
    measured = built and mechanism != "none"
    return (name, point, mechanism, 64 if measured else "-", "spans" if measured else "-", 0 if measured else "-", REQUIRED[name][point] if measured else "-",
            codes.REMOTE_FREE_OVERFLOW if waits else "-", _experiment(name, point) if measured else "-", "proves_it" if built else "-",
            "built" if built else "not-built", "A sample.")


def _cases(built: tuple[str, ...]) -> list[tuple]:
    return sorted([(f"{PREFIXES.get(name, f'{name}-')}{word}-ok", name, word, "positive", 7, 1, 90, "completed", "-", "built")
                   for name in built for word in COVERAGE if word not in INAPPLICABLE.get(name, ())]
                  + [_negative(word, BUILT[0], built) for word in COVERAGE])


def _negative(word: str, ci: str, built: tuple[str, ...]) -> tuple:
    ends = {"exhaustion": ("refused", codes.PAGE_EXHAUSTION), "large-objects": ("refused", codes.EXHAUSTION),
            "shutdown-cleanup": ("leak-reported", codes.SHUTDOWN_LEAK)}
    if word in ends or "realtime" in built:
        return (f"{word}-bad", ci, word, "negative", 7, 1, 90, *ends.get(word, ("refused", codes.EXHAUSTION)), "built")
    return (f"realtime-{word}-negative", "realtime", word, "negative", "-", "-", "-", "refused", codes.EXHAUSTION, "not-built")


def _diagnostics(files: dict, ci: str) -> None:
    raised = {codes.PAGE_EXHAUSTION: "exhaustion-bad", codes.EXHAUSTION: "large-objects-bad", codes.SHUTDOWN_LEAK: "shutdown-cleanup-bad"}
    files["allocator/diagnostics.tsv"] = table("allocator/diagnostics.tsv", *(
        (code, "It happened.", "Something.", "Undo it.", "asked", raised.get(code, "-"), f"tools/fixtures/{code}",
         "built" if code in raised else "not-built") for code in codes.ALLOCATOR_CODES))
    rows = []
    for code in codes.ALLOCATOR_CODES:
        if code in raised:
            rows.append((code, "library", raised[code], ci, f"{code}: sample / asked: 1 bytes", "met", f"bench-corpus evidence --diagnostic {raised[code]}"))
        rows.append((code, "judge", code, "-", f"{code} file:1 [column]: sample", "met", f"tools/allocator-fast-path-check.py --fixture {code}"))
    files["release/allocator-diagnostics-report.tsv"] = table("release/allocator-diagnostics-report.tsv", *rows)
    files["docs/diagnostics.md"] = ("# Diagnostics\n" + "".join(f"\n## {code}\n\nIt happened. Something. Undo it.\n" for code in codes.ALLOCATOR_CODES)).encode()


def _sha(*parts: bytes) -> str:
    import hashlib
    return hashlib.sha256(b"".join(parts)).hexdigest()
