"""The public API of every published crate as text, held against compat/public-api/NAME.txt. `--accept-public-api` renews those files.

The text is cargo-public-api's, from rustdoc's JSON, which is unstable, so `RUSTC_BOOTSTRAP` opens it. Auto traits are part of the text: a type that
ceases to be `Send` is a change. The version of cargo-public-api goes with the format that the toolchain's rustdoc writes.
"""

import difflib
import json
import os
import re

from control.command import Ran, cargo, run, target
from control.finding import Finding, Outcome

from . import codes, tools

FOLDER = "compat/public-api"
LINES_SHOWN = 20
BUILD_SECONDS = 3600
# The compiler's own auto trait, which no program can name.
_INTERNAL = re.compile(r"^impl.* !?core::marker::Freeze for .*\n", re.M)


def check(root: str) -> Outcome:
    texts, found = measure(root)
    items = sum(len(text.splitlines()) for text in texts.values())
    for name, text in sorted(texts.items()):
        found += compare(name, committed(root, name), text)
    found += [Finding(codes.API, f"{FOLDER}/{stray}", "belongs to no published crate", "remove the file") for stray in strays(root, texts)] if not found else []
    return Outcome(f"{items} lines of {len(texts)} crates", found)


def accept(root: str) -> Outcome:
    texts, found = measure(root)
    if found:
        return Outcome("nothing was recorded", found)
    changed = []
    for name, text in sorted(texts.items()):
        if committed(root, name) != text:
            os.makedirs(os.path.join(root, FOLDER), exist_ok=True)
            with open(os.path.join(root, FOLDER, f"{name}.txt"), "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            changed.append(name)
    return Outcome(f"{len(texts)} crates; renewed: {', '.join(changed) or 'none'}")


def measure(root: str) -> tuple[dict[str, str], list[Finding]]:
    """The API text of each published library."""
    program, installed = tools.find(root, tools.PUBLIC_API)
    if installed is not None and not installed.is_good:
        return {}, [installed.finding(codes.API)]
    ran = run([cargo(), "metadata", "--format-version", "1", "--no-deps"], root)
    if not ran.is_good:
        return {}, [ran.finding(codes.API)]
    texts, found = {}, []
    for package in json.loads(ran.out)["packages"]:
        library = next((one["name"] for one in package["targets"] if "lib" in one["kind"]), None)
        if package["publish"] == [] or library is None:
            continue
        listed = text_of(root, program, package["name"], library)
        if listed.is_good and listed.out.strip():
            texts[package["name"]] = _INTERNAL.sub("", listed.out)
        else:
            found.append(listed.finding(codes.API))
    return texts, found


def text_of(root: str, program: str, package: str, library: str) -> Ran:
    # A folder of its own: build scripts find features of the opened compiler that others must not see.
    place = os.path.join(target(root), "release-check", "public-api")
    documented = run([cargo(), "rustdoc", "--quiet", "--package", package, "--lib", "--all-features", "--target-dir", place, "--",
                      "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"], root, {"RUSTC_BOOTSTRAP": "1"}, BUILD_SECONDS)
    if not documented.is_good:
        return documented
    name = library.replace("-", "_")
    return run([program, "public-api", "--color", "never", "--omit", "blanket-impls", "--rustdoc-json", os.path.join(place, "doc", f"{name}.json")], root)


def committed(root: str, name: str) -> str:
    path = os.path.join(root, FOLDER, f"{name}.txt")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", newline="") as stream:
        return stream.read()


def strays(root: str, texts: dict) -> list[str]:
    folder = os.path.join(root, FOLDER)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return sorted(name for name in names if name.endswith(".txt") and name.removesuffix(".txt") not in texts)


def compare(name: str, before: str, after: str) -> list[Finding]:
    """One finding with the first lines that differ, if any do."""
    if before == after:
        return []
    lines = [line for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0) if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    shown = "\n  | ".join(lines[:LINES_SHOWN])
    more = f"\n  | and {len(lines) - LINES_SHOWN} lines more" if len(lines) > LINES_SHOWN else ""
    return [Finding(codes.API, f"{FOLDER}/{name}.txt", f"the public API differs in {len(lines)} lines\n  | {shown}{more}")]
