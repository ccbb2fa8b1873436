"""A gate that fails stops whoever asked it: no recipe of the Makefile and no line of the CI script swallows a failure."""

import functools
import os
import re
import subprocess
import tempfile

from ..finding import finding

MAKEFILE = "Makefile"
CI = ".ci/run"
SHADOWS = ("GNUmakefile", "makefile")  # where make looks before it does there
GATES = ("test", "tools-of-tests", "lint", "allocator-fast-path-check", "native-memory-control-check", "evidence", "gate-selftest", "release-check")
CI_VERBS = ("test", "allocator-fast-path-check")
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
SECONDS_MAX = 20

_ELSEWHERE = re.compile(r"(override|export|unexport|undefine|define|vpath|-?include|sinclude|-?load|ifeq|ifneq|ifdef|ifndef|private|else|endif|endef)\b")
_ASSIGNED = re.compile(r"([^\s:#=]+)\s*(?:[?+!]|:{1,3})?=\s*(.*)\Z")
_CHOSEN = re.compile(r"[A-Z_]+ \?= ([0-9]+|\$\(shell nproc\))\Z")
# Functions of make that do something, or call what does.
_EVALUATED = re.compile(r"\$[({]\s*(eval|guile|shell|file)\b")
_SWALLOWED = re.compile(r"[@+]*-|.*[|;&]")
# Stands for make: notes how it is called, and ends badly when it is asked for the verb in FAILS.
_MAKE = """#!/bin/sh
echo "$*|$MAKEFLAGS$GNUMAKEFLAGS$MFLAGS|$CI" >>"$CALLS"
for word in "$@"; do [ "$word" != "$FAILS" ] || exit 1; done
"""


def run(case) -> list:
    makefile = (case.tree.read(MAKEFILE) or b"").decode("utf-8", "replace")
    found = [finding("contract.failure-counts", path, 0, "", f"make reads it in place of the {MAKEFILE}", "remove it") for path in SHADOWS if case.tree.read(path) is not None]
    found += [finding("contract.failure-counts", MAKEFILE, line, "", message, "let the recipe end as its commands end") for line, message in in_makefile(makefile)]
    script = case.tree.read(CI)
    for verb in CI_VERBS if script is not None else ():
        wrong = by_ci(script, verb) if verb.encode() in script else None
        if wrong:
            found.append(finding("contract.failure-counts", CI, 0, "", wrong, "let the script run `make VERB` with CI set and without flags, and end as its steps end"))
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


@functools.lru_cache(maxsize=64)
def by_ci(script: bytes, verb: str) -> str | None:
    """What is wrong with how the script runs `make` of this verb: it is run twice, with another `make` that fails there or does not."""
    ended, _ = _run(script, verb)
    if ended == 0:
        return f"ends well although `make {verb}` failed"
    ended, calls = _run(script, "")
    if ended is None:
        return f"does not end within {SECONDS_MAX} s, or cannot be run"
    if ended != 0:
        return f"ends with {ended} although every `make` ended well"
    for words, flags, ci in calls:
        # `make -n` does nothing and `make -i` forgives everything; so do the same letters in the environment.
        if words == verb and flags == "" and ci:
            return None
    return f"does not run plain `make {verb}` with CI set, but: " + "; ".join(f"make {words}" for words, _, _ in calls)


def _run(script: bytes, fails: str) -> tuple[int | None, list[list[str]]]:
    """How the script ended, None if it did not, and how it called make: words, flags from the environment, CI."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in ((CI, script), ("bin/make", _MAKE.encode())):
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "wb") as stream:
                stream.write(content)
        os.chmod(os.path.join(folder, "bin/make"), 0o755)
        calls = os.path.join(folder, "calls")
        environment = {"PATH": f"{folder}/bin{os.pathsep}{os.defpath}", "FAILS": fails, "CALLS": calls}
        try:
            ended = subprocess.run(["bash", os.path.join(folder, CI)], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                   timeout=SECONDS_MAX, check=False).returncode
        except (OSError, subprocess.SubprocessError):
            return None, []
        lines = []
        if os.path.exists(calls):
            with open(calls, encoding="utf-8", errors="replace") as stream:
                lines = stream.read().split("\n")
    return ended, [line.split("|") for line in lines if line.count("|") == 2]
