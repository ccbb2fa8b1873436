"""The summary of a version, `release/VERSION.md`: what was checked, on which commit and toolchain, and what was not."""

import hashlib
import json
import os
import sys

from control import programs
from control.command import run
from control.documents import version as version_of
from control.finding import Outcome
from gate.checks import provenance
from gate.tree import FolderTree

from . import steps

# What was once promised and recorded, without which the gate accepts anything.
RECORDS = ("allocator/aims.tsv", "tools/gate/roster.tsv", "compat/native-memory/dependencies.tsv", "compat/native-memory/pass-budgets.tsv", "compat/native-memory/sources.tsv",
           "compat/native-memory/surfaces.tsv", "compat/public-api/compiler-alloc.txt")
JUDGE = "tools/allocator-fast-path-check.py"


def path(root: str) -> str:
    return f"release/{version_of(FolderTree(root))}.md"


def write(root: str, outcomes: dict[str, Outcome], seed: str) -> str:
    """Writes the file and answers its path."""
    where = path(root)
    with open(os.path.join(root, where), "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text(version_of(FolderTree(root)), {**facts(root), steps.SEED: seed}, outcomes, numbers(root)))
    return where


def facts(root: str) -> dict[str, str]:
    """What the check ran on."""
    rustc = programs.toolchain()
    libc = os.confstr("CS_GNU_LIBC_VERSION") if hasattr(os, "confstr") else None
    return {"commit": steps.commit(root), "rustc": rustc.get("release", "unknown"), "target": rustc.get("host", "unknown"), "C library": libc or "unknown",
            "sources": provenance.sources(FolderTree(root)), f"records: {', '.join(RECORDS)}": records(FolderTree(root))}


def records(tree) -> str:
    """The digest of the records, one file after the other."""
    return hashlib.sha256(b"".join(tree.read(path) or b"" for path in RECORDS)).hexdigest()


def numbers(root: str) -> list[dict]:
    """The judge's short list of measured values beside their budgets."""
    ran = run([sys.executable, JUDGE, "--json", "--committed-only"], root)
    try:
        return json.loads(ran.out)["numbers"]
    except (ValueError, KeyError):
        return []


def text(version: str, known: dict, outcomes: dict[str, Outcome], measured: list[dict]) -> str:
    lines = [f"# Release {version}", "", "Written by `make release-check`: every check below was made anew and passed, but for what stands under *Not checked*.", "", "| ran on | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in known.items()]
    lines += ["", "## Checks", "", "| step | what it is | outcome |", "|---|---|---|"]
    for name, outcome in outcomes.items():
        step = steps.TARGETS.get(name)
        about = step.about if step else of_check((steps.CHECKS | steps.LAST)[name])
        # How long it took says more about the machine than about the version.
        ended = outcome.summary.partition(" after ")[0]
        lines.append(f"| {name} | {cell(about)} | {cell(ended)} |")
    skipped = [sentence for outcome in outcomes.values() for sentence in outcome.skipped]
    lines += ["", "## Not checked", "", *([f"- {sentence}" for sentence in skipped] or ["Nothing was left out."])]
    if measured:
        lines += ["", "## Measured", "", "| what | measured | budget |", "|---|---|---|"]
        lines += [f"| {cell(row['what'])} | {cell(row['measured'])} | {cell(row['budget'])} |" for row in measured]
    return "\n".join(lines) + "\n"


def of_check(check) -> str:
    """What a check of our own is, by its first sentence or its module's."""
    return (check.__doc__ or sys.modules[check.__module__].__doc__ or "").strip().split("\n")[0].partition(". ")[0].rstrip(".")


def cell(content: str) -> str:
    return content.replace("|", "\\|")
