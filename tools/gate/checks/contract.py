"""The release contract: a row per evidence file, and everything it names exists."""

import re

from .. import schema
from ..finding import finding
from ..specification import FILE_SENTENCES, SENTENCES

FILE = "compat/allocator-fast-path-contract.tsv"
PAGE = "docs/allocator-fast-paths.md"
CI = ".ci/run"
GATE = "allocator-fast-path-check"
JUDGE = "tools/allocator-fast-path-check.py"
# Which target of the Makefile depends on which.
GATES = (("native-memory-control-check", GATE),)

def run(case) -> list:
    evidence = case.committed
    found = []
    targets = make_targets(case.tree)
    ci_words = ci_verbs(case.tree)
    page = _text(case.tree, PAGE)
    for name, sentence in SENTENCES.items():
        if f"| `{name}` | {sentence} |" not in page:
            found.append(finding("contract.page-quotes", PAGE, 0, "", f"does not quote `{name}`: {sentence}",
                                 "`python3 tools/allocator-fast-path-check.py --write-dictionaries`"))
    for target, needs in GATES:
        if not re.search(rf"^{target}:[^#\n]*{needs}", _text(case.tree, "Makefile"), re.M):
            found.append(finding("contract.gates-in-order", "Makefile", 0, "", f"`{target}` does not depend on {needs}"))
    if not re.search(rf"^{GATE}:.*(\n\t.*)*\n\t.*{re.escape(JUDGE)}", _text(case.tree, "Makefile"), re.M):
        found.append(finding("contract.gates-in-order", "Makefile", 0, "", f"`{GATE}` does not run {JUDGE}"))
    subcommands = bench_subcommands(case.tree)
    for path in schema.SPECIFIED:
        row = evidence.get(FILE, path)
        if row is None:
            found.append(evidence.bad("contract.row-per-file", FILE, None, "file", f"`{path}` has no row"))
    for row in evidence.rows(FILE):
        def bad(rule: str, column: str, message: str, row=row) -> None:
            found.append(evidence.bad(rule, FILE, row, column, message))

        table = schema.TABLES.get(row["file"])
        if table is None or row["file"] not in FILE_SENTENCES:
            bad("contract.known-file", "file", "is no evidence file of the specification")
            continue
        kind = "generated" if table.generated else "mixed" if table.mixed else "declared"
        if row["kind"] != kind:
            bad("contract.kind", "kind", f"says `{row['kind']}`, the schema `{kind}`")
        if row["owner"] != row["file"].split("/")[0]:
            bad("contract.owner", "owner", "is not the folder that holds the file")
        if case.tree.read(row["writer"]) is None:
            bad("contract.writer", "writer", f"`{row['writer']}` does not exist")
        elif kind == "declared" and row["writer"] != f"tools/gate/schema/{row['owner']}.py":
            bad("contract.writer", "writer", "is not the schema of the folder")
        elif kind != "declared" and not row["writer"].startswith("bench-corpus/src/evidence/"):
            bad("contract.writer", "writer", "is not below bench-corpus/src/evidence/")
        if row["make_target"] not in targets:
            bad("contract.make-target", "make_target", f"the Makefile has no target `{row['make_target']}`")
        elif row["make_target"] != ("allocator-fast-path-check" if kind == "declared" else "evidence"):
            bad("contract.make-target", "make_target", "is not the target that keeps such a file current")
        if row["ci_step"] != "make allocator-fast-path-check":
            bad("contract.ci-step", "ci_step", "is not the step that runs the gate")
        elif not set(row["ci_step"].split()) <= ci_words:
            bad("contract.ci-step", "ci_step", f"{CI} does not run `{row['ci_step']}`")
        wanted = "tools/allocator-fast-path-check.py" if kind == "declared" else "bench-corpus evidence --out target/evidence"
        if row["command"] != wanted:
            bad("contract.command", "command", f"says `{row['command']}`, it is `{wanted}`")
        elif kind == "declared" and case.tree.read(row["command"]) is None:
            bad("contract.command", "command", f"`{row['command']}` does not exist")
        elif kind != "declared" and "evidence" not in subcommands:
            bad("contract.command", "command", "bench-corpus has no such subcommand")
        if row["sentence"] != f"{row['file']} {FILE_SENTENCES[row['file']]}":
            bad("contract.sentence", "sentence", "is not the specification's sentence for the file")
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
