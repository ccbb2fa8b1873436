"""From a repository and a fresh run to findings. Everything above prints; everything below checks."""

from . import codes
from .case import Case
from .checks import CHECKS
from .finding import Finding

FILES = "files"


def judge(tree, fresh_tree=None, machine=None, records=None, called=None, only: tuple[str, ...] = ()) -> tuple[Case, list[Finding]]:
    """Runs every check, or those named. Findings are sorted and unique.

    The check `files` comes first and decides alone when a file is missing or unreadable: the others compute with cells
    that fit their columns, and half a table would make them report what is not so.
    """
    case = Case(tree, fresh_tree, machine, records, called)
    found: list[Finding] = list(CHECKS[FILES](case))
    if any(f.code in (codes.MISSING, codes.SYNTAX, codes.SCHEMA) for f in found):
        return case, settle(found)
    for name, check in CHECKS.items():
        if name != FILES and (not only or name in only):
            found += check(case)
    return case, settle(found)


def first_to_find(tree, fresh_tree=None, machine=None, records=None, called=None, likely: str = "drift") -> str | None:
    """The name of a check that finds anything, None if none does; stops at the first. `likely` is asked right after the check of files.

    Whether there is one is as `judge` says where the toolchain is this machine's: then nothing is settled away.
    """
    case = Case(tree, fresh_tree, machine, records, called)
    first = (FILES, likely)
    return next((name for name in (*first, *(name for name in CHECKS if name not in first)) if CHECKS[name](case)), None)


def settle(found: list[Finding]) -> list[Finding]:
    """Another toolchain explains drift and budgets of a fresh run: then only the cause is reported, not its consequences."""
    if any(f.code == codes.TOOLCHAIN for f in found):
        consequences = (codes.DRIFT, codes.FAST_PATH_BUDGET, codes.BUDGET)
        found = [f for f in found if f.code not in consequences]
    return sorted(set(found))
