"""A gate that fails stops whoever asked it: no recipe of the Makefile swallows a failure, and the CI script is the one that is written down here."""

import functools
import re

from ..finding import finding

MAKEFILE = "Makefile"
CI = ".ci/run"
SHADOWS = ("GNUmakefile", "makefile")  # where make looks before it does there
GATES = ("test", "tools-of-tests", "lint", "allocator-fast-path-check", "native-memory-control-check", "pass-budgets", "evidence", "gate-selftest", "release-check")
# The CI script but for comments, line by line: whatever else it did, or did not do where the repository is another, could keep a gate from being run.
CI_SHELL = "#!/usr/bin/env bash\n"
CI_SCRIPT = ("set -euo pipefail", 'cd "$(dirname "$0")/.."', "export CI=true", "for verb in test allocator-fast-path-check pass-budgets; do", "began=$SECONDS",
             'if make "$verb"; then outcome=ok; else outcome=FAILED; fi', 'echo ".ci/run: make $verb: $outcome after $((SECONDS - began)) s"',
             '[ "$outcome" = ok ] || exit 1', "done")
# What variables of the recipes must be, so that `$(PYTHON)` is Python and `$(FRESH)` what was just measured.
PROGRAMS = {"PYTHON": "python3", "CARGO": "cargo", "BENCH": "$(CARGO) run --quiet --release --package bench-corpus --features peers --",
            "FRESH": "$(or $(CARGO_TARGET_DIR),target)/evidence", "RUNS": "$(or $(CARGO_TARGET_DIR),target)/report"}
# Every other variable that the Makefile may set. A variable of the environment that it sets, such as PATH or CI, is another one for each recipe.
OTHERS = ("BENCH_ARENA", "LOOM_TARGET", "FEATURES_TARGET", "SHUTTLE_TARGET", "keep")
# Lines of other special names, and the one place where make asks a shell while it reads.
SPECIAL = (".DEFAULT_GOAL := help", ".PHONY:")
ASKED = "JOBS ?= $(shell nproc)"
# Numbers that recipes of gates hold. More than a number would be a command, and set by anything but `?=` the caller's would not count.
NUMBERS = ("JOBS", "PROPTEST_RNG_SEED")
# The one target whose name make has to work out; any other could be a gate's, or every one's.
WORKED_OUT = "$(RUNS)/charts/installed"

_ELSEWHERE = re.compile(r"(override|export|unexport|undefine|define|vpath|-?include|sinclude|-?load|ifeq|ifneq|ifdef|ifndef|private|else|endif|endef)\b")
_ASSIGNED = re.compile(r"([^\s:#=]+)\s*(?:[?+!]|:{1,3})?=\s*(.*)\Z")
_CHOSEN = re.compile(r"[A-Z_]+ \?= ([0-9]+|\$\(shell nproc\))\Z")
# Functions of make that do something, or call what does.
_EVALUATED = re.compile(r"\$[({]\s*(eval|guile|shell|file)\b")
_SWALLOWED = re.compile(r"[@+]*-|.*[|;&]")


def run(case) -> list:
    makefile = (case.tree.read(MAKEFILE) or b"").decode("utf-8", "replace")
    found = [finding("contract.failure-counts", path, 0, "", f"make reads it in place of the {MAKEFILE}", "remove it") for path in SHADOWS if case.tree.read(path) is not None]
    found += [finding("contract.failure-counts", MAKEFILE, line, "", message, "let the recipe end as its commands end") for line, message in in_makefile(makefile)]
    script = case.tree.read(CI)
    if script is not None:
        found += [finding("contract.failure-counts", CI, line, "", message, "restore the script; a step that is new belongs into tools/gate/checks/failures.py too") for line, message in in_script(script.decode("utf-8", "replace"))]
    return found


@functools.lru_cache(maxsize=64)
def in_makefile(text: str) -> tuple[tuple[int, str], ...]:
    """Lines, and what is wrong with each."""
    found, defined, inside, phony = [], {}, "", set()
    for number, line in _lines(text):
        if line.startswith("\t"):
            if inside and _SWALLOWED.match(line.strip()):
                found.append((number, f"the recipe of `{inside}` may hide a failure: `{line.strip()}`"))
            continue
        plain = line.partition("#")[0].strip()
        if not plain:
            continue  # does not end a recipe
        assigned = _ASSIGNED.match(plain)
        if plain.startswith(SPECIAL[1]):
            phony |= set(plain.partition(":")[2].split())
        elif _ELSEWHERE.match(plain) or _EVALUATED.search(plain) and plain != ASKED or plain.startswith(".") and plain != SPECIAL[0]:
            found.append((number, f"changes how recipes run: `{plain}`"))
        elif assigned and assigned[1] in NUMBERS and not _CHOSEN.match(plain):
            found.append((number, f"`{assigned[1]}` is not a number that the caller may choose: `{plain}`"))
        elif not assigned and ":" not in plain:
            found.append((number, f"is neither a variable nor a rule: `{plain}`"))
        elif assigned and assigned[1] not in (*PROGRAMS, *OTHERS, *NUMBERS) and plain != SPECIAL[0]:
            found.append((number, f"sets `{assigned[1]}`, which no recipe needs and each may inherit"))
        elif assigned and assigned[1] in PROGRAMS and assigned[2] != PROGRAMS[assigned[1]]:
            found.append((number, f"`{assigned[1]}` is not {PROGRAMS[assigned[1]]}"))
        names, colon, rest = plain.partition(":")
        if colon and not assigned and any("%" in name or "$" in name and name != WORKED_OUT for name in names.split()):
            found.append((number, f"gives a recipe to whatever `{names.strip()}` stands for"))
        inside = next((name for name in _targets(plain) if name in GATES), "")
        if inside and ";" in rest:
            found.append((number, f"begins the recipe of `{inside}` where nobody looks for it"))
        if inside and "=" in rest:
            found.append((number, f"gives `{inside}` variables of its own"))
        elif inside and defined.setdefault(inside, number) != number:
            found.append((number, f"`{inside}` has a recipe already"))
    # A file of such a name would be up to date.
    found += [(number, f"`{name}` is not .PHONY") for name, number in defined.items() if name not in phony]
    return tuple(found)


def recipe(text: str, target: str) -> tuple[list[str], list[str]]:
    """What a target depends on, and the lines of its recipe without what make takes off their beginnings."""
    needs, found, inside = [], [], False
    for _, line in _lines(text):
        plain = line.partition("#")[0].strip()
        if line.startswith("\t"):
            found += [line.strip().lstrip("@+")] if inside and line.strip() else []
        elif plain:
            inside = target in _targets(plain)
            needs += plain.partition(":")[2].split() if inside else []
    return needs, found


def _targets(plain: str) -> list[str]:
    """What a line begins a recipe for; `a b&: c` is one recipe for both."""
    names, colon, _ = plain.partition(":")
    return re.split(r"[\s&]+", names) if colon and not _ASSIGNED.match(plain) else []


def _lines(text: str):
    """Lines with their numbers, as make reads them: one that ends with a backslash goes on in the next."""
    began, whole = 1, ""
    for number, line in enumerate(text.split("\n"), start=1):
        whole += line
        if whole.endswith("\\"):
            whole = whole[:-1] + " "
            continue
        yield began, whole
        began, whole = number + 1, ""
    yield began, whole


def in_script(text: str) -> list[tuple[int, str]]:
    """Lines of the CI script, and what is wrong with each."""
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip() and not line.strip().startswith("#")]
    found = [] if text.startswith(CI_SHELL) else [(1, f"does not begin with `{CI_SHELL.strip()}`")]
    differs = next((at for at, wanted in enumerate(CI_SCRIPT) if at >= len(lines) or lines[at][1] != wanted), len(CI_SCRIPT))
    if differs < len(lines):
        found.append((lines[differs][0], f"`{lines[differs][1]}` is not {f'`{CI_SCRIPT[differs]}`' if differs < len(CI_SCRIPT) else 'a line of the script'}"))
    elif differs < len(CI_SCRIPT):
        found.append((0, f"ends before `{CI_SCRIPT[differs]}`"))
    return found
