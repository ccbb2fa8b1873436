"""A gate that fails stops whoever asked it: no recipe of the Makefile and no line of the CI script swallows a failure."""

import functools
import os
import re
import subprocess
import tempfile

from ..finding import finding

MAKEFILE = "Makefile"
CI = ".ci/run"
GATES = ("allocator-fast-path-check", "native-memory-control-check", "evidence", "gate-selftest", "release-check")
CI_VERBS = ("test", "allocator-fast-path-check")
# What the variables of recipes may be made of, so that `$(PYTHON)` is Python.
PROGRAMS = {"PYTHON": "python3", "CARGO": "cargo"}
SECONDS_MAX = 20

_ELSEWHERE = re.compile(r"(\.IGNORE|\.SILENT|\.SHELLFLAGS|\.ONESHELL|\.DEFAULT|SHELL|MAKEFLAGS|GNUMAKEFLAGS|override|export|-?include|sinclude)\b")
_ASSIGNED = re.compile(r"([A-Z_]+)\s*[?:+!]?=\s*(.*)\Z")
_SWALLOWED = re.compile(r"[@+]*-|.*[|;&]")
# Stands for make: ends badly when it is asked for the verb in FAILS.
_MAKE = '#!/bin/sh\nfor word in "$@"; do [ "$word" != "$FAILS" ] || exit 1; done\n'


def run(case) -> list:
    makefile = (case.tree.read(MAKEFILE) or b"").decode("utf-8", "replace")
    found = [finding("contract.failure-counts", MAKEFILE, line, "", message, "let the recipe end as its commands end") for line, message in in_makefile(makefile)]
    script = case.tree.read(CI)
    for verb in CI_VERBS if script is not None else ():
        if f"{verb}".encode() in script and swallowed_by_ci(script, verb):
            found.append(finding("contract.failure-counts", CI, 0, "", f"ends well although `make {verb}` failed", "let the script end as its steps end"))
    return found


@functools.lru_cache(maxsize=64)
def in_makefile(text: str) -> tuple[tuple[int, str], ...]:
    """Lines, and what is wrong with each."""
    found, defined, inside = [], {}, ""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("\t"):
            if inside and _SWALLOWED.match(line.strip()):
                found.append((number, f"the recipe of `{inside}` may hide a failure: `{line.strip()}`"))
            continue
        plain = line.partition("#")[0].strip()
        assigned = _ASSIGNED.match(plain)
        if _ELSEWHERE.match(plain):
            found.append((number, f"changes how recipes run: `{plain}`"))
        elif assigned and assigned[1] in PROGRAMS and assigned[2] != PROGRAMS[assigned[1]]:
            found.append((number, f"`{assigned[1]}` is not {PROGRAMS[assigned[1]]}"))
        names, colon, rest = plain.partition(":")
        inside = next((name for name in names.split() if name in GATES), "") if colon and not assigned else ""
        if inside and "=" in rest:
            found.append((number, f"gives `{inside}` variables of its own"))
        elif inside and defined.setdefault(inside, number) != number:
            found.append((number, f"`{inside}` has a recipe already"))
    return tuple(found)


@functools.lru_cache(maxsize=64)
def swallowed_by_ci(script: bytes, verb: str) -> bool:
    """Whether the script ends well when `make` of this verb does not. It is run, with another `make`."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in ((CI, script), ("bin/make", _MAKE.encode())):
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "wb") as stream:
                stream.write(content)
        os.chmod(os.path.join(folder, "bin/make"), 0o755)
        environment = {"PATH": f"{folder}/bin{os.pathsep}{os.defpath}", "FAILS": verb}
        try:
            ended = subprocess.run(["bash", os.path.join(folder, CI)], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                   timeout=SECONDS_MAX, check=False).returncode
        except (OSError, subprocess.SubprocessError):
            return True
    return ended == 0
