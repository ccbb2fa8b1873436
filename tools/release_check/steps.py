"""What the release check runs, in this order: its own checks, then targets of the Makefile. The cheap ones come first."""

import os
import secrets
import subprocess
import time
from dataclasses import dataclass

from control.command import cargo, run, target
from control.finding import Finding, Outcome

from . import codes, licences, packages, public_api

# Nothing is reused where this is set: evidence is measured anew.
ANEW = {"CI": "true"}
# The variable that random tests begin with. `make test` has a number of its own, so that a change is tested as it was tested before; a release is tested with another each time.
SEED = "PROPTEST_RNG_SEED"
LINES_SHOWN = 15
# How `tools/need` and the programs of optional steps say that something from outside is not there.
MISSING = (" is missing (needed for ", " is missing; get it with: ")


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
    "fuzz": Target(("fuzz",), "each fuzz target for a minute, as many at a time as there are processors"),
    "compat": Target(("compat",), "the drop-in packages and their originals under the same tests"),
    "report": Target(("report",), "the report"),
    "report-test": Target(("report-test",), "the report in a browser: content, charts, keyboard, both colour schemes", is_optional=True),
    "conformance": Target(("conformance",), "C conformance suites over the frontend"),
    "numa-guest": Target(("numa-guest",), "huge pages and NUMA in a guest with several nodes", is_optional=True),
}


def tree(root: str) -> Outcome:
    """The working tree is a commit."""
    changed = changes(root)
    if changed is None:
        return Outcome("no commit is known", skipped=["the commit: this is no git checkout"])
    if changed:
        return Outcome("changes in no commit", [Finding(codes.TREE, "the working tree", f"{len(changed)} files differ from the commit, the first is `{changed[0]}`")])
    return Outcome(f"commit {commit(root)}")


def locks(root: str) -> Outcome:
    """Every committed Cargo.lock is the one that cargo would write, so no step writes it."""
    listed = run(["git", "ls-files", "*Cargo.lock"], root)
    if not listed.is_good:
        return Outcome("not checked", skipped=["lock files: this is no git checkout"])
    paths = [path for path in listed.out.split("\n") if path]
    found = []
    for path in paths:
        ran = run([cargo(), "metadata", "--locked", "--format-version", "1", "--manifest-path", path.removesuffix("lock") + "toml"], root)
        if not ran.is_good:
            found.append(ran.finding(codes.TREE, f"`cargo metadata --manifest-path {path.removesuffix('lock')}toml >/dev/null`, and commit {path}"))
    return Outcome(f"{len(paths)} lock files", found)


def left(root: str) -> Outcome:
    """The steps before left the working tree as it was."""
    changed = changes(root)
    if changed is None:
        return Outcome("no commit is known", skipped=["what the steps changed: this is no git checkout"])
    found = [Finding(codes.TREE, "the working tree", f"`{line}` after the steps", "see which step writes there; no check changes a committed file") for line in changed]
    return Outcome("nothing changed", found)


def changes(root: str) -> list[str] | None:
    """Files that differ from the commit, each after git's letters for how; None where there is no commit."""
    ran = run(["git", "status", "--porcelain"], root)
    return [line.strip() for line in ran.out.split("\n") if line.strip()] if ran.is_good else None


def commit(root: str) -> str:
    ran = run(["git", "rev-parse", "HEAD"], root)
    return ran.out.strip() if ran.is_good else "unknown"


CHECKS = {"tree": tree, "locks": locks, "licences": licences.check, "packages": packages.check, "public-api": public_api.check}
# After everything else.
LAST = {"left": left}
NAMES = (*CHECKS, *TARGETS, *LAST)


def seed(environment) -> str:
    """The seed of the random tests: what the environment says, to repeat a finding, else a new one."""
    return environment.get(SEED) or str(secrets.randbits(63))


def perform(root: str, name: str, seed: str) -> Outcome:
    return make(root, TARGETS[name], seed) if name in TARGETS else (CHECKS | LAST)[name](root)


def make(root: str, step: Target, seed: str) -> Outcome:
    """Runs `make` on the targets with the seed; everything that they print goes to a file."""
    folder = os.path.join(target(root), "release-check")
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, f"{step.names[0]}.log")
    began = time.monotonic()
    with open(log, "wb") as stream:
        code = subprocess.run([os.environ.get("MAKE", "make"), "--no-print-directory", *step.names], cwd=root, env={**os.environ, **ANEW, SEED: seed}, stdout=stream,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False).returncode
    return judge(step, code, tail(log), f"{time.monotonic() - began:.0f} s", log, seed)


def tail(log: str) -> list[str]:
    with open(log, encoding="utf-8", errors="replace") as stream:
        return [line.rstrip() for line in stream if line.strip()][-LINES_SHOWN:]


def judge(step: Target, code: int, lines: list[str], took: str, log: str = "", seed: str = "") -> Outcome:
    """What the end of a step means. A part that is not built, or whose optional tool is missing, is said and not counted as passed."""
    names = " ".join(step.names)
    if code == 0:
        return Outcome(f"passed after {took}")
    unbuilt = tuple(f"make {name}: " for name in step.names)
    said = next((line for line in reversed(lines) if (line.startswith(unbuilt) and "is not built yet" in line)
                 or (step.is_optional and any(word in line for word in MISSING))), None)
    if said is not None:
        return Outcome("not run", skipped=[f"{names}: {said}"])
    shown = "\n  | ".join(lines)
    where = f", all it printed is in {log}" if log else ""
    return Outcome(f"failed after {took}", [Finding(codes.STEP, f"`make {names}`", f"ended with {code}{where}\n  | {shown}", f"`{SEED}={seed} make {names}`" if seed else f"`make {names}`")])
