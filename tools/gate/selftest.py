"""The self-test on the repository's own evidence, spread over the processors. Last line: noticed N of M, rate."""

import multiprocessing
import os

from . import codes, mutation
from .checks.provenance import machine
from .judge import judge
from .tree import FolderTree

RATE_MIN = 0.99
MISSED_SHOWN = 40

_state: dict = {}


def run(root: str, fresh: str, every: int = 1) -> int:
    """Prints what was missed and the rate; exit code 1 below the rate, or when the evidence is not sound to begin with."""
    tree, fresh_tree = FolderTree(root), FolderTree(fresh)
    here = machine()
    _, found = judge(tree, fresh_tree, here)
    if found:
        print("\n".join(item.render() for item in found[:5]))
        print(f"{codes.STALE}: the self-test needs evidence that passes; `make allocator-fast-path-check` first")
        return 1
    _state.update(tree=tree, fresh=fresh_tree, machine=here)
    todo = [m for m in mutation.mutations(tree) if not m.informational][::every]
    jobs = max(1, os.cpu_count() or 1)
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        missed = [m for m, seen in zip(todo, pool.imap(_noticed, todo, chunksize=64)) if not seen]
    for m in missed[:MISSED_SHOWN]:
        print(f"missed  {m.path}:{m.line} [{m.column}] {m.kind}")
    if len(missed) > MISSED_SHOWN:
        print(f"missed  ... and {len(missed) - MISSED_SHOWN} more")
    informational, columns = mutation.share_informational()
    print(f"informational columns: {informational} of {columns}")
    noticed = len(todo) - len(missed)
    print(f"noticed {noticed} of {len(todo)}, {100 * noticed / max(1, len(todo)):.2f} %")
    return 0 if noticed >= RATE_MIN * len(todo) else 1


def _noticed(m: mutation.Mutation) -> bool:
    return mutation.noticed(_state["tree"], _state["fresh"], _state["machine"], m)
