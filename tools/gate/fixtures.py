"""Fixtures: the sound sample (`sound`, `sound-six-profiles`), and the same broken in one place; each must be found with exactly its code.

`tools/fixtures/CODE/fixture.json` holds `about` and `edits`. An edit names a `file` (below `fresh/` for the fresh run, else committed) and does
one thing: `row` and `column` and `to`, or `row` and `set`, change cells, `remove_row` drops a line, `after` and `add_row` put one in, `find` and `replace`
change text, `link` makes it a link, `remove` drops the file, `content` or `content_hex` replaces it, `pad` and `keep_lines` make it longer and shorter. `both` edits the committed and the fresh file alike, as a run from a falsified declaration would. With `fresh` false no run is judged. `records` replaces those of processes: PROFILE/WORKLOAD/SUBJECT to
faults and peak_bytes, or to why there is none. `called` replaces what the code of a stepped case calls: functions, or why nobody knows. With `profiles` "all" the sample has all six profiles built. With `roster` true the sample has a roster of what it holds before the edits. With `accept_aims` true the aims are recorded again after the edits. With `reseal` true all digests are computed again afterwards, as a forger would, so that what is found is not the digest.
"""

import json
import os
import re

from . import aims, process, roster, sample, schema
from .evidence import Evidence
from .judge import judge
from .schema.table import PROFILES

FOLDER = os.path.join("tools", "fixtures")


def names(root: str) -> list[str]:
    folder = os.path.join(root, FOLDER)
    if not os.path.isdir(folder):
        return []
    return sorted(name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "fixture.json")))


def by_rule(root: str) -> dict[str, list[str]]:
    """Rules, each with the fixtures that break it, by their pinned texts."""
    found: dict[str, list[str]] = {}
    for name in names(root):
        with open(os.path.join(root, FOLDER, name, "expected.txt"), encoding="utf-8") as stream:
            for rule in sorted(set(re.findall(r"^  rule ([a-z.-]+);", stream.read(), re.M))):
                found.setdefault(rule, []).append(name)
    return found


def load(root: str, name: str) -> dict:
    with open(os.path.join(root, FOLDER, name, "fixture.json"), encoding="utf-8") as stream:
        return json.load(stream)


def judge_one(root: str, name: str):
    """The case and the findings of one fixture."""
    return judge_broken(load(root, name))


def judge_broken(fixture: dict):
    built = PROFILES if fixture.get("profiles") == "all" else sample.BUILT
    committed = sample.repository(built)
    if fixture.get("roster"):
        committed[roster.FILE] = roster.text(roster.names(Evidence(sample.Files(committed))))
    fresh = sample.fresh(committed)
    linked = tuple(edit["file"] for edit in fixture["edits"] if edit.get("link"))
    for edit in (edit for edit in fixture["edits"] if not edit.get("link")):
        inside = edit["file"].startswith("fresh/")
        files = fresh if inside else committed
        apply(files, edit["file"].removeprefix("fresh/") if inside else edit["file"], edit)
        if edit.get("both"):
            apply(fresh, edit["file"], edit)
    if fixture.get("accept_aims"):
        committed[aims.FILE] = sample.aims_of(committed)
    if fixture.get("reseal", True):
        for files in (committed, fresh):
            if all(path in files for path, shape in schema.TABLES.items() if shape.generated or shape.mixed):
                sample.seal(files, committed)
    machine = {**sample.MACHINE, **fixture.get("machine", {})}
    records = sample.records(built)
    for key, record in fixture.get("records", {}).items():
        records[tuple(key.split("/"))] = record if isinstance(record, str) else process.Record(**record)
    if not fixture.get("fresh", True):
        return judge(sample.Files(committed, linked), None, machine)
    called = sample.called()
    called.update((name, ran if isinstance(ran, str) else frozenset(ran)) for name, ran in fixture.get("called", {}).items())
    return judge(sample.Files(committed, linked), sample.Files(fresh), machine, records, called)


def apply(files: dict, path: str, edit: dict) -> None:
    if edit.get("remove"):
        del files[path]
    elif "content" in edit:
        files[path] = edit["content"].encode()
    elif "content_hex" in edit:
        files[path] = bytes.fromhex(edit["content_hex"])
    elif "pad" in edit:
        files[path] += b"x" * edit["pad"]
    elif "keep_lines" in edit:
        files[path] = b"".join(line + b"\n" for line in files[path].split(b"\n")[:edit["keep_lines"]])
    elif "find" in edit:
        before = files[path].decode()
        assert edit["find"] in before, f"{path}: nothing to replace"
        files[path] = before.replace(edit["find"], edit["replace"], 1).encode()
    else:
        files[path] = edited_row(path, files[path].decode(), edit).encode()


def edited_row(path: str, text: str, edit: dict) -> str:
    header = schema.TABLES[path].header
    wanted = next(edit[kind] for kind in ("row", "remove_row", "after") if kind in edit)
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if line.split("\t")[:len(wanted)] != wanted:
            continue
        if "remove_row" in edit:
            del lines[at]
        elif "after" in edit:
            lines.insert(at + 1, "\t".join(edit["add_row"]))
        else:
            cells = line.split("\t")
            for column, cell in edit["set"].items() if "set" in edit else ((edit["column"], edit["to"]),):
                cells[header.index(column)] = cell
            lines[at] = "\t".join(cells)
        return "\n".join(lines)
    raise AssertionError(f"{path}: no row begins with {wanted}")
