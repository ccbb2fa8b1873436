"""Licences, bans and sources of every dependency by cargo-deny and deny.toml; advisories when their database can be reached."""

import re

from control.command import Ran, run
from control.finding import Outcome

from . import codes, tools

ADVISORIES_SECONDS = 180
WHAT = ("licenses", "bans", "sources")
# How cargo-deny says that it did not get the database, as opposed to what is in it.
UNREACHABLE = re.compile(r"failed to (fetch|clone|open|acquire|load|connect)|unable to (fetch|clone|update)|could not (resolve|connect)|advisory database", re.I)


def check(root: str) -> Outcome:
    program, installed = tools.find(root, tools.DENY)
    if installed is not None and not installed.is_good:
        return Outcome("dependencies were not checked", [installed.finding(codes.LICENCE)])
    ran = run([program, "--color", "never", "--all-features", "check", *WHAT], root)
    found = [] if ran.is_good else [ran.finding(codes.LICENCE)]
    advisories = run([program, "--color", "never", "--all-features", "check", "advisories"], root, {"GIT_TERMINAL_PROMPT": "0"}, ADVISORIES_SECONDS)
    skipped = []
    if not advisories.is_good:
        if is_unreachable(advisories):
            skipped.append(f"advisories: not checked, their database cannot be reached ({first_error(advisories)})")
        else:
            found.append(advisories.finding(codes.LICENCE))
    return Outcome(f"{', '.join(WHAT)} {'ok' if ran.is_good else 'FAILED'}; advisories {'ok' if advisories.is_good else 'not checked' if skipped else 'FAILED'}", found, skipped)


def is_unreachable(ran: Ran) -> bool:
    """Whether cargo-deny failed, or waited too long, before it looked at any crate. A finding has a code of RustSec in it."""
    if ran.code is None:
        return True
    return bool(UNREACHABLE.search(ran.err)) and not re.search(r"RUSTSEC-[0-9]{4}-[0-9]+", ran.err + ran.out)


def first_error(ran: Ran) -> str:
    """What cargo-deny says first, without the time of day."""
    if ran.code is None:
        return f"no answer within {ADVISORIES_SECONDS} s"
    lines = [line.partition("[ERROR] ")[2] or line.strip() for line in ran.err.split("\n") if "error" in line.lower()]
    return (lines[0].partition(": [")[0] if lines else "no reason given")[:200]
