"""The release contract: a row per evidence file, and everything it names exists."""

import re

from .. import schema
from ..column import shorten
from ..finding import finding
from ..specification import FILE_SENTENCES, SENTENCES
from . import failures

FILE = "compat/allocator-fast-path-contract.tsv"
PAGE = "docs/allocator-fast-paths.md"
CI = ".ci/run"
# A word of a row's command: a flag, a name, a column, or a name that ends in a column.
_WORD = re.compile(r"(--[a-z-]+|[a-z][a-z./-]*|([a-z]+\.)?\{[a-z_]+\})\Z")
_NEED = re.compile(r"tools/need [a-z0-9+ -]+\Z")
GATE = "allocator-fast-path-check"
JUDGE = "tools/allocator-fast-path-check.py"
# What targets of the Makefile depend on, and on nothing else.
NEEDS = {"native-memory-control-check": (GATE,), "gate-selftest": (GATE,), "test": ("tools-of-tests", "lint")}
# What recipes run, in this order and nothing else but `tools/need`: whole lines, because a further word (`--list`, `--no-run`) can make a command check
# nothing, and all of them, because a command between the run and the judge can put other evidence in its place.
RUN = {
    "test": ("PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED) $(CARGO) test --workspace", "PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED) tools/drop-in ours",
             "$(CARGO) run --quiet --package bench-corpus -- fetch --set quick",
             "$(CARGO) run --quiet --package bench-corpus -- tokens --set quick --unit lua-src/ --jobs $(JOBS)",
             "$(PYTHON) -m unittest discover --start-directory tools/tests --pattern 'test_*.py'"),
    "tools-of-tests": (),
    "lint": ("$(CARGO) fmt --all --check",
             "$(CARGO) fmt --check --manifest-path compiler-alloc/examples/profiles/Cargo.toml",
             "$(CARGO) fmt --check --manifest-path bench-corpus/clients/registry/Cargo.toml",
             '$(CARGO) clippy --workspace --all-targets --features "$$(tools/stable-features)" -- -D warnings',
             'RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps'),
    GATE: ("$(BENCH) fetch --set quick", "$(BENCH) evidence --out $(FRESH)", f"$(PYTHON) {JUDGE} --fresh $(FRESH)"),
    "native-memory-control-check": ("$(PYTHON) tools/native-memory-control-check.py --bench '$(BENCH)'",),
    "gate-selftest": (f"$(PYTHON) {JUDGE} --fresh $(FRESH) --planted", f"$(PYTHON) {JUDGE} --fresh $(FRESH) --selftest"),
    "release-check": ("$(PYTHON) tools/release-check.py",),
}

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
    for target, commands in RUN.items():
        needs, recipe = failures.recipe(_text(case.tree, "Makefile"), target)
        for other in NEEDS.get(target, ()):
            if other not in needs:
                found.append(finding("contract.gates-in-order", "Makefile", 0, "", f"`{target}` does not depend on {other}"))
        found += [finding("contract.gates-in-order", "Makefile", 0, "", f"`{target}` also depends on {other}") for other in needs if other not in NEEDS.get(target, ())]
        for command in commands:
            if command not in recipe:
                found.append(finding("contract.gates-in-order", "Makefile", 0, "", f"`{target}` does not run `{command}`"))
        found += [finding("contract.gates-in-order", "Makefile", 0, "", f"`{target}` also runs `{line}`") for line in recipe if line not in commands and not _NEED.match(line)]
        if [line for line in recipe if line in commands] != [command for command in commands if command in recipe]:
            found.append(finding("contract.gates-in-order", "Makefile", 0, "", f"`{target}` runs its commands in another order, or twice"))
    subcommands = bench_subcommands(case.tree)
    for path in schema.TABLES:
        row = evidence.get(FILE, path)
        if row is None:
            found.append(evidence.bad("contract.row-per-file", FILE, None, "file", f"`{path}` has no row"))
    for row in evidence.rows(FILE):
        def bad(rule: str, column: str, message: str, row=row) -> None:
            found.append(evidence.bad(rule, FILE, row, column, message))

        table = schema.TABLES.get(row["file"])
        if table is None:
            bad("contract.known-file", "file", "is no evidence file")
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
        wrong = row_command_wrong(case.tree, table, row["row_command"], subcommands)
        if wrong:
            bad("contract.row-command", "row_command", wrong)
        if row["sentence"] != sentence_of(row["file"]):
            bad("contract.sentence", "sentence", "is not the specification's sentence for the file")
    return found


def sentence_of(path: str) -> str:
    """What the specification says of a file; of our own, which binds the others to what they were made from, why they can be accepted."""
    return f"{path} {FILE_SENTENCES[path]}" if path in FILE_SENTENCES else SENTENCES["before"]


def row_command_wrong(tree, table, command: str, subcommands: set[str]) -> str | None:
    """What is wrong with the command that shows a row; None when program, subcommand, flags and columns exist."""
    if "command" in table.index:
        return None if command == "{command}" else "the rows hold their commands themselves: `{command}`"
    program, *words = command.split(" ")
    if program == "bench-corpus":
        if not words or words[0] not in subcommands:
            return "bench-corpus has no such subcommand"
        source = _text(tree, f"bench-corpus/src/{words[0]}/mod.rs")
    elif program != JUDGE and command.split(" ")[:2] != ["cargo", "test"]:
        return f"`{shorten(program)}` is no program of the repository"
    for word in words:
        if not _WORD.match(word):
            return f"`{shorten(word)}` is no flag, name or column"
        if program == "bench-corpus" and word.startswith("--") and not re.search(rf"\b{word[2:].replace('-', '_')}: ", source):
            return f"`bench-corpus {words[0]}` has no flag `{word}`"
    missing = [column for column in re.findall(r"\{([a-z_]+)\}", command) if column not in table.index]
    return f"`{missing[0]}` is no column of the file" if missing else None


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
