"""File rules of the repository, checked by reading it: names, sizes, places, and what must not stand in a committed file."""

import re

LINES_MAX = 600
BANNED_NAMES = ("utils", "util", "common", "helpers", "helper", "misc")
TEXT = (".rs", ".py", ".toml", ".md", ".tsv", ".txt", ".json", ".snap", ".sh", ".stderr")
# Folders of the layout; a new one at the root is a decision, not an accident.
LAYOUT = ("allocator", "bench-corpus", "compat", "compiler-alloc", "docs", "fuzz", "passes", "perf", "release", "tools")
# Written by tools or taken from elsewhere: not held to the rules about size.
NOT_OURS = ("Cargo.lock", "bench-corpus/corpora/", "passes/include/")
WHY_LONG = re.compile(r"one concept", re.I)

# Spelled in pieces, so that this file keeps its own rule.
_MACHINE = re.compile(r"(?<![\w.$/{}<>-])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers")) + r")/[\w.-]")
_REGISTRY = re.compile(r"index\.crates\." + r"io|static\.crates\." + r"io|files\.pythonhosted\." + r"org|deb\.debian\." + r"org")


def check(tree) -> list[str]:
    """One line per broken rule: `file:line: what, and what to do`."""
    found = []
    for path in tree.under(""):
        top = path.split("/")[0]
        if "/" in path and top not in LAYOUT:
            found.append(f"{path}: no folder `{top}` is in the layout; add it to DESIGN and to tools/gate/tidy.py, or move the file")
            continue
        stem = path.rsplit("/", 1)[-1].split(".")[0]
        if stem in BANNED_NAMES or any(part in BANNED_NAMES for part in path.split("/")[:-1]):
            found.append(f"{path}: the name says nothing; put each function with its noun")
        if path.endswith(TEXT):
            found += _text(tree, path)
    return found


def _text(tree, path: str) -> list[str]:
    data = tree.read(path) or b""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return [] if path.startswith("tools/fixtures/") or path.startswith("passes/tests/") else [f"{path}: is not UTF-8"]
    found = []
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if _MACHINE.search(line):
            found.append(f"{path}:{number}: names a folder of one machine; use a path inside the repository")
        if _REGISTRY.search(line) and not path.endswith("Cargo.lock"):
            found.append(f"{path}:{number}: names a registry host")
        if line != line.rstrip() and path.endswith((".rs", ".py", ".toml", ".tsv")) and not _not_ours(path):
            found.append(f"{path}:{number}: ends in white space")
    if path.endswith((".rs", ".py")) and not _not_ours(path) and len(lines) > LINES_MAX + 1 and not WHY_LONG.search("\n".join(lines[:40])):
        found.append(f"{path}: has {len(lines) - 1} lines, more than {LINES_MAX}, and its header does not say why it is one concept")
    return found


def _not_ours(path: str) -> bool:
    return path.startswith(NOT_OURS) or "/tests/data/" in path or path.startswith("tools/fixtures/")
