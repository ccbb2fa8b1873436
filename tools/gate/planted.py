"""Regressions planted on purpose: a copy of the sources is made worse in one place each, built, measured and judged. Each must be found.

Nothing is simulated: the copy is built by cargo, its programs are stepped and run, and its evidence is judged against the committed one with every digest
renewed, as somebody would who hides the change.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from . import rules
from .checks import provenance
from .judge import judge
from .tree import FolderTree, MemoryTree

SKIPPED = ("target", ".git", "__pycache__")
# What a release build leaves that the copy need not build again.
BUILT = ("release", "measured")
SECONDS_MAX = 3600  # of the build, and of the measurement


@dataclass(frozen=True)
class Plant:
    """`file`: `find` becomes `become`. A finding of `rule` whose message or row says `where` must follow from `measured`."""

    name: str
    file: str
    find: str
    become: str
    measured: str
    rule: str
    where: str


FAST_PATHS = "release/allocator-fast-path-report.tsv"
_DRAIN = """        self.send_outbox(heap);
        let Some(mut body) = self.body else { return };
        // SAFETY: needs a live body that only this thread uses; `enter` lent it to this thread heap until `exit`.
        unsafe { body.as_mut() }.collect();
"""
_RELEASE = "            unsafe { source.release(reservation.base, reservation.bytes) };\n            released += reservation.bytes;\n"
_OWN_SLAB = "    // SAFETY: needs an address of ours; the caller promises a live block.\n    let slab = unsafe { local.map().own_slab"

PLANTS = (
    Plant("one instruction more in Arena::alloc", "compiler-alloc/src/arena/window.rs",
          "        let cur = self.cur.get();\n        let at = cur.addr().get();\n",
          "        unsafe { core::arch::asm!(\"nop\", options(nomem, nostack, preserves_flags)) };\n"
          "        let cur = self.cur.get();\n        let at = cur.addr().get();\n",
          FAST_PATHS, "budgets.fast-path", "`alloc-24` takes 5 instructions"),
    Plant("a safepoint of a heap that drains nothing", "compiler-alloc/src/heap/thread.rs", _DRAIN, "        let _ = heap;\n",
          "release/allocator-remote-free-report.tsv", "remote.drained-something", "drained nothing"),
    Plant("a span that shutdown does not give back", "compiler-alloc/src/span/shared.rs", _RELEASE,
          "            if next.is_some() {\n                unsafe { source.release(reservation.base, reservation.bytes) };\n            }\n"
          "            released += reservation.bytes;\n",
          "release/allocator-page-backend-report.tsv", "budgets.no-leak", "leak-bytes-after-shutdown"),
    Plant("one locked operation more in dealloc", "compiler-alloc/src/heap/free.rs", _OWN_SLAB,
          "    static PLANTED: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);\n"
          "    PLANTED.fetch_add(1, core::sync::atomic::Ordering::Relaxed);\n" + _OWN_SLAB,
          FAST_PATHS, "budgets.fast-path", "`dealloc-32` takes 1 locked"),
)


def run(root: str, fresh: str, target: str) -> int:
    """Plants all at once, in one build; each must be found by its own rule at its own row. Exit code 1 when one is not."""
    place = os.path.join(target, "planted")
    repository, evidence = os.path.join(place, "repository"), os.path.join(place, "evidence")
    for folder in (repository, evidence):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root, repository, ignore=shutil.ignore_patterns(*SKIPPED), symlinks=True)
    shutil.copytree(fresh, evidence)
    for built in BUILT:
        if os.path.isdir(os.path.join(target, built)) and not os.path.isdir(os.path.join(place, "target", built)):
            shutil.copytree(os.path.join(target, built), os.path.join(place, "target", built), ignore=shutil.ignore_patterns("incremental"), symlinks=True)
    for plant in PLANTS:
        _plant(repository, plant)
    cargo, what = os.environ.get("CARGO", "cargo"), ["--release", "--package", "bench-corpus", "--features", "peers"]
    measured = [word for file in dict.fromkeys(plant.measured for plant in PLANTS) for word in ("--only", file)]
    for doing, command in (("building", [cargo, "build", *what]), ("measuring", [cargo, "run", "--quiet", *what, "--", "evidence", "--out", evidence, *measured])):
        print(f"planted: {len(PLANTS)} regressions; {doing} the copy ..", file=sys.stderr, flush=True)
        if not _ends_well(command, repository, os.path.join(place, "target")):
            print(f"planted: {doing} the copy failed, so nothing is shown")
            return 1
    return _judged(repository, evidence)


def _ends_well(command: list[str], folder: str, target: str) -> bool:
    """Runs a command, which says itself how far it is, to its end, for at most `SECONDS_MAX`."""
    try:
        return subprocess.run(command, cwd=folder, env={**os.environ, "CARGO_TARGET_DIR": target}, timeout=SECONDS_MAX, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        print(f"planted: no end within {SECONDS_MAX} s", file=sys.stderr)
        return False


def _plant(repository: str, plant: Plant) -> None:
    path = os.path.join(repository, plant.file)
    with open(path, encoding="utf-8") as stream:
        source = stream.read()
    if source.count(plant.find) != 1:
        raise SystemExit(f"planted: {plant.file} does not hold the place of `{plant.name}` once; renew tools/gate/planted.py")
    with open(path, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(source.replace(plant.find, plant.become))


def _judged(repository: str, evidence: str) -> int:
    tree, fresh = FolderTree(repository), FolderTree(evidence)
    forged = (tree.read(provenance.FILE) or b"").decode("utf-8", "replace").split("\n")
    sources = provenance.sources(tree)
    forged = ["\t".join([cells[0], sources, *cells[2:]]) if (cells := line.split("\t"))[0] == "sources" else line for line in forged]
    _, found = judge(MemoryTree(tree, {provenance.FILE: "\n".join(forged).encode()}), fresh)
    missed = 0
    for plant in PLANTS:
        seen = [item for item in found if item.rule == plant.rule and plant.where in item.message and item.file.startswith("fresh/")]
        missed += not seen
        print(f"planted {'found ' if seen else 'MISSED'}  {plant.name}: " + (f"{seen[0].code}, {seen[0].message}" if seen else f"no finding of {plant.rule}"))
    print(f"planted regressions found: {len(PLANTS) - missed} of {len(PLANTS)}")
    return 1 if missed else 0


assert all(plant.rule in rules.RULES for plant in PLANTS)
