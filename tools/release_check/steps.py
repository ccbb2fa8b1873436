"""What the release check runs, in this order: its own checks, then targets of the Makefile. The cheap ones come first."""

import os
import subprocess
import time
from dataclasses import dataclass

from control.command import run, target
from control.finding import Finding, Outcome

from . import codes, licences, packages, public_api

# Nothing is reused where this is set: evidence is measured anew.
ANEW = {"CI": "true"}
LINES_SHOWN = 15


@dataclass(frozen=True)
class Target:
    """Targets of the Makefile that make one step. A step whose outside tool is optional may be left out, which the summary says."""

    names: tuple[str, ...]
    about: str
    is_optional: bool = False


TARGETS = {
    "test": Target(("test",), "every test, rustfmt and clippy; clippy denies what the minimum Rust version lacks (`incompatible_msrv`)"),
    "gates": Target(("gate-selftest", "native-memory-control-check"), "both gates and the judge's self-test, on evidence that is measured anew"),
    "tokens": Target(("tokens",), "the preprocessor against gcc on the whole quick corpus"),
    "loom": Target(("loom",), "models of the concurrent structures"),
    "sanitize": Target(("sanitize",), "the tests under sanitizers"),
    "features": Target(("features",), "nightly's `Allocator`, and arenas under valgrind"),
    "fuzz": Target(("fuzz",), "each fuzz target for a minute"),
    "compat": Target(("compat",), "the drop-in packages and their originals under the same tests"),
    "report": Target(("report",), "the report"),
    "conformance": Target(("conformance",), "C conformance suites over the frontend"),
    "numa-guest": Target(("numa-guest",), "huge pages and NUMA in a guest with several nodes", is_optional=True),
}


def tree(root: str) -> Outcome:
    """The working tree is a commit."""
    ran = run(["git", "status", "--porcelain"], root)
    if not ran.is_good:
        return Outcome("no commit is known", skipped=["the commit: this is no git checkout"])
    changed = [line for line in ran.out.split("\n") if line.strip()]
    if changed:
        return Outcome("changes in no commit", [Finding(codes.TREE, "the working tree", f"{len(changed)} files differ from the commit, the first is `{changed[0].strip()}`")])
    return Outcome(f"commit {commit(root)}")


def commit(root: str) -> str:
    ran = run(["git", "rev-parse", "HEAD"], root)
    return ran.out.strip() if ran.is_good else "unknown"


CHECKS = {"tree": tree, "packages": packages.check, "public-api": public_api.check, "licences": licences.check}
NAMES = (*CHECKS, *TARGETS)


def perform(root: str, name: str) -> Outcome:
    return CHECKS[name](root) if name in CHECKS else make(root, TARGETS[name])


def make(root: str, step: Target) -> Outcome:
    """Runs `make` on the targets; everything that they print goes to a file."""
    folder = os.path.join(target(root), "release-check")
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, f"{step.names[0]}.log")
    began = time.monotonic()
    with open(log, "wb") as stream:
        code = subprocess.run([os.environ.get("MAKE", "make"), "--no-print-directory", *step.names], cwd=root, env={**os.environ, **ANEW}, stdout=stream,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False).returncode
    return judge(step, code, tail(log), f"{time.monotonic() - began:.0f} s")


def tail(log: str) -> list[str]:
    with open(log, encoding="utf-8", errors="replace") as stream:
        return [line.rstrip() for line in stream if line.strip()][-LINES_SHOWN:]


def judge(step: Target, code: int, lines: list[str], took: str) -> Outcome:
    """What the end of a step means. A part that is not built, or whose optional tool is missing, is said and not counted as passed."""
    names = " ".join(step.names)
    if code == 0:
        return Outcome(f"passed after {took}")
    unbuilt = tuple(f"make {name}: " for name in step.names)
    said = next((line for line in reversed(lines) if (line.startswith(unbuilt) and "is not built yet" in line)
                 or (step.is_optional and " is missing (needed for " in line)), None)
    if said is not None:
        return Outcome("not run", skipped=[f"{names}: {said}"])
    shown = "\n  | ".join(lines)
    return Outcome(f"failed after {took}", [Finding(codes.STEP, f"`make {names}`", f"ended with {code}\n  | {shown}", f"`make {names}`")])
