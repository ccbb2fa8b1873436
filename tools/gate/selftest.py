"""The self-test on the repository's own evidence, spread over the processors. Last line: noticed N of M, rate."""

import multiprocessing
import os
import sys
import time

from . import artefact, codes, mutation, process
from .checks.provenance import machine
from .judge import judge
from .tree import FolderTree

RATE_MIN = 0.99
MISSED_SHOWN = 40
PROGRESS_SECONDS = 5

_state: dict = {}


def run(root: str, fresh: str, target: str, every: int = 1) -> int:
    """Prints what was missed and the rate; exit code 1 below the rate, or when the evidence is not sound to begin with."""
    tree, fresh_tree = FolderTree(root), FolderTree(fresh)
    known = (machine(), process.records(fresh_tree, target), artefact.called(fresh_tree, target))
    _, found = judge(tree, fresh_tree, *known)
    if found:
        print("\n".join(item.render() for item in found[:5]))
        print(f"{codes.STALE}: the self-test needs evidence that passes; `make allocator-fast-path-check` first")
        return 1
    _state.update(tree=tree, fresh=fresh_tree, known=known)
    todo = [m for m in mutation.mutations(tree) if not m.informational][::every]
    missed = _missed(todo)
    for m in missed[:MISSED_SHOWN]:
        print(f"missed  {m.path}:{m.line} [{m.column}] {m.kind}")
    if len(missed) > MISSED_SHOWN:
        print(f"missed  ... and {len(missed) - MISSED_SHOWN} more")
    kinds: dict[str, list[int]] = {}
    for m in todo:
        kinds.setdefault(m.kind, [0, 0])[0] += 1
    for m in missed:
        kinds[m.kind][1] += 1
    for kind, (tried, lost) in kinds.items():
        print(f"kind    {kind:<28} noticed {tried - lost} of {tried}")
    informational, columns = mutation.share_informational()
    print(f"informational columns: {informational} of {columns}")
    noticed = len(todo) - len(missed)
    print(f"noticed {noticed} of {len(todo)}, {100 * noticed / max(1, len(todo)):.2f} %")
    return 0 if noticed >= RATE_MIN * len(todo) and informational * 10 <= columns else 1


def _missed(todo: list) -> list:
    jobs = max(1, os.cpu_count() or 1)
    missed = []
    spoke = time.monotonic()
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for done, (m, seen) in enumerate(zip(todo, pool.imap(_noticed, todo, chunksize=64)), start=1):
            if not seen:
                missed.append(m)
            if time.monotonic() - spoke > PROGRESS_SECONDS:
                spoke = time.monotonic()
                print(f"self-test: {done} of {len(todo)} mutations, {len(missed)} missed", file=sys.stderr)
    return missed


def _noticed(m: mutation.Mutation) -> bool:
    return mutation.noticed(_state["tree"], _state["fresh"], m, *_state["known"])
