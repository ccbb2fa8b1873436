"""Fixtures: the sound sample, broken in one place; each must be found with exactly its code.

`tools/fixtures/CODE/fixture.json` holds `about` and `edits`. An edit names a `file` (below `fresh/` for the fresh run, else committed) and does
one thing: `row` and `column` (and `to`) set a cell, `remove_row` drops a line, `find` and `replace` change text, `remove` drops the
file, `content` or `content_hex` replaces it. `both` edits the committed and the fresh file alike, as a run from a falsified declaration would. With `profiles` "all" the sample has all six profiles built. With `reseal` true all digests are computed again afterwards, as a forger would, so that what is found is not the digest.
"""

import json
import os

from . import sample, schema
from .judge import judge
from .schema.table import PROFILES

FOLDER = os.path.join("tools", "fixtures")


def names(root: str) -> list[str]:
    folder = os.path.join(root, FOLDER)
    if not os.path.isdir(folder):
        return []
    return sorted(name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "fixture.json")))


def load(root: str, name: str) -> dict:
    with open(os.path.join(root, FOLDER, name, "fixture.json"), encoding="utf-8") as stream:
        return json.load(stream)


def judge_one(root: str, name: str):
    """The case and the findings of one fixture."""
    return judge_broken(load(root, name))


def judge_broken(fixture: dict):
    committed = sample.repository(PROFILES if fixture.get("profiles") == "all" else sample.BUILT)
    fresh = sample.fresh(committed)
    for edit in fixture["edits"]:
        inside = edit["file"].startswith("fresh/")
        files = fresh if inside else committed
        apply(files, edit["file"].removeprefix("fresh/") if inside else edit["file"], edit)
        if edit.get("both"):
            apply(fresh, edit["file"], edit)
    if fixture.get("reseal", True):
        for files in (committed, fresh):
            if all(path in files for path, shape in schema.TABLES.items() if shape.generated or shape.mixed):
                sample.seal(files, committed)
    machine = {**sample.MACHINE, **fixture.get("machine", {})}
    return judge(sample.Files(committed), sample.Files(fresh), machine)


def apply(files: dict, path: str, edit: dict) -> None:
    if edit.get("remove"):
        del files[path]
    elif "content" in edit:
        files[path] = edit["content"].encode()
    elif "content_hex" in edit:
        files[path] = bytes.fromhex(edit["content_hex"])
    elif "find" in edit:
        before = files[path].decode()
        assert edit["find"] in before, f"{path}: nothing to replace"
        files[path] = before.replace(edit["find"], edit["replace"], 1).encode()
    else:
        files[path] = edited_row(path, files[path].decode(), edit).encode()


def edited_row(path: str, text: str, edit: dict) -> str:
    header = schema.TABLES[path].header
    wanted = edit.get("row") or edit["remove_row"]
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if line.split("\t")[:len(wanted)] != wanted:
            continue
        if "remove_row" in edit:
            del lines[at]
        else:
            cells = line.split("\t")
            cells[header.index(edit["column"])] = edit["to"]
            lines[at] = "\t".join(cells)
        return "\n".join(lines)
    raise AssertionError(f"{path}: no row begins with {wanted}")
