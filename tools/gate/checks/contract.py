"""The release contract: a row per evidence file, and everything it names exists."""

import re

from .. import codes, schema
from ..evidence import finding

FILE = "compat/allocator-fast-path-contract.tsv"
PAGE = "docs/allocator-fast-paths.md"
CI = ".ci/run"

# The specification's sentence for each file, compared word by word.
SENTENCES = {
    "allocator/profiles.tsv": "defines allocator profiles.",
    "allocator/size-classes.tsv": "defines size classes and fast-path budgets.",
    "allocator/local-fast-path.tsv": "records local free-list and local heap behavior.",
    "allocator/remote-free.tsv": "records bounded remote-free queues or message passing.",
    "allocator/page-backend.tsv": "records central page/span management.",
    "allocator/transfer-cache.tsv": "records transfer cache behavior.",
    "allocator/hosted-hooks.tsv": "records hugepage and NUMA hooks.",
    "allocator/stress-cases.tsv": "records positive and negative stress fixtures.",
    "allocator/diagnostics.tsv": "defines stable diagnostics.",
    "release/allocator-fast-path-report.tsv": "records fast-path instruction and branch budgets.",
    "release/allocator-remote-free-report.tsv": "records remote-free queue behavior.",
    "release/allocator-page-backend-report.tsv": "records page backend behavior.",
    "release/allocator-stress-report.tsv": "records stress coverage.",
    "release/allocator-diagnostics-report.tsv": "records negative diagnostics.",
    "perf/allocator-fast-path-benchmarks.tsv": "records performance budgets.",
    "compat/allocator-fast-path-contract.tsv": "records release ownership and gate wiring.",
}


def run(case) -> list:
    evidence = case.committed
    found = []
    targets = make_targets(case.tree)
    ci_words = ci_verbs(case.tree)
    page = _text(case.tree, PAGE)
    subcommands = bench_subcommands(case.tree)
    for path in schema.SPECIFIED:
        row = evidence.get(FILE, path)
        if row is None:
            found.append(evidence.bad(codes.CONTRACT, FILE, None, "file", f"`{path}` has no row"))
        if path not in page:
            found.append(finding(codes.CONTRACT, PAGE, 0, "", f"does not name `{path}`", f"describe the file in {PAGE}"))
    for row in evidence.rows(FILE):
        def bad(column: str, message: str, row=row) -> None:
            found.append(evidence.bad(codes.CONTRACT, FILE, row, column, message))

        table = schema.TABLES.get(row["file"])
        if table is None or row["file"] not in SENTENCES:
            bad("file", "is no evidence file of the specification")
            continue
        kind = "generated" if table.generated else "mixed" if table.mixed else "declared"
        if row["kind"] != kind:
            bad("kind", f"says `{row['kind']}`, the schema `{kind}`")
        if row["owner"] != row["file"].split("/")[0]:
            bad("owner", "is not the folder that holds the file")
        if case.tree.read(row["writer"]) is None:
            bad("writer", f"`{row['writer']}` does not exist")
        elif kind == "declared" and row["writer"] != f"tools/gate/schema/{row['owner']}.py":
            bad("writer", "is not the schema of the folder")
        elif kind != "declared" and not row["writer"].startswith("bench-corpus/src/evidence/"):
            bad("writer", "is not below bench-corpus/src/evidence/")
        if row["make_target"] not in targets:
            bad("make_target", f"the Makefile has no target `{row['make_target']}`")
        elif row["make_target"] != ("allocator-fast-path-check" if kind == "declared" else "evidence"):
            bad("make_target", "is not the target that keeps such a file current")
        if row["ci_step"] != "make allocator-fast-path-check":
            bad("ci_step", "is not the step that runs the gate")
        elif not set(row["ci_step"].split()) <= ci_words:
            bad("ci_step", f"{CI} does not run `{row['ci_step']}`")
        wanted = "tools/allocator-fast-path-check.py" if kind == "declared" else "bench-corpus evidence --out target/evidence"
        if row["command"] != wanted:
            bad("command", f"says `{row['command']}`, it is `{wanted}`")
        elif kind == "declared" and case.tree.read(row["command"]) is None:
            bad("command", f"`{row['command']}` does not exist")
        elif kind != "declared" and "evidence" not in subcommands:
            bad("command", "bench-corpus has no such subcommand")
        if row["sentence"] != f"{row['file']} {SENTENCES[row['file']]}":
            bad("sentence", "is not the specification's sentence for the file")
    return found


def make_targets(tree) -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", _text(tree, "Makefile"), re.M))


def ci_verbs(tree) -> set[str]:
    """Words of the CI script outside comments; its steps are make's verbs."""
    lines = [line.partition("#")[0] for line in _text(tree, CI).split("\n")]
    return set(re.findall(r"[a-z][a-z-]*", "\n".join(lines)))


def bench_subcommands(tree) -> set[str]:
    """Modules that bench-corpus' main names; each subcommand is a module of its own."""
    return set(re.findall(r"^mod ([a-z_]+);", _text(tree, "bench-corpus/src/main.rs"), re.M))


def _text(tree, path: str) -> str:
    return (tree.read(path) or b"").decode("utf-8", "replace")
