"""Evidence is bound to what it was made from: sources, lock file, flags and tools, by digests the judge computes itself."""

import functools
import hashlib

from control import documents

from .. import codes, rust_tokens, schema
from ..finding import finding

FILE = "release/allocator-evidence-provenance.tsv"

# Everything whose change may change a measured value.
SOURCES = ("compiler-alloc/src", "passes/src", "passes/include", "bench-corpus/src", "bench-corpus/measured", "bench-corpus/workloads",
           "bench-corpus/corpora", "compat/malloc/src")
# Packages whose manifest and build script decide how those are built; the first is the workspace.
PACKAGES = ("", "compiler-alloc/", "passes/", "bench-corpus/", "compat/malloc/")
MANIFESTS = tuple(package + file for package in PACKAGES for file in ("Cargo.toml", "build.rs"))
# Files elsewhere that sources take in. bench-corpus/src/evidence/provenance.rs has the same.
TAKEN_IN = ("bench-corpus/peers/Cargo.toml", "tools/outside-tools.tsv")
# Where cargo would read flags that no variable of the environment shows.
CONFIGURATIONS = tuple(f"{package}.cargo/{file}" for package in (*PACKAGES, "bench-corpus/measured/", "bench-corpus/workloads/") for file in ("config.toml", "config"))
# Variables that change how cargo and rustc compile what is measured: how their names begin or end. bench-corpus/src/evidence/provenance.rs has the same.
FLAGS_BEGIN = ("CARGO_PROFILE_MEASURED_", "CARGO_PROFILE_RELEASE_")
FLAGS_END = "RUSTFLAGS"
SOURCE_ITEMS = ("sources", "cargo-lock", "flags")
TOOL_ITEMS = ("rustc", "target", "libc")
MACHINE_ITEMS = ("cpu-features", "kernel")


def sources(tree) -> str:
    """SHA-256 over one line `<sha256>  <path>` per source file, sorted by path.

    Prose (`.md`) measures nothing and stays out, and so do the comments and white space of Rust sources: of these the tokens are digested.
    """
    paths = [path for folder in SOURCES for path in tree.under(folder)] + [*MANIFESTS, *TAKEN_IN]
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        if path.endswith(".md"):
            continue
        data = tree.read(path)
        if data is not None:
            total.update(f"{_token_sha256(data) if path.endswith('.rs') else _sha256(data)}  {path}\n".encode())
    return total.hexdigest()


def digest(tree, path: str) -> str:
    data = tree.read(path)
    return _sha256(data) if data is not None else "absent"


@functools.lru_cache(maxsize=8192)
def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@functools.lru_cache(maxsize=8192)
def _token_sha256(data: bytes) -> str:
    return hashlib.sha256(rust_tokens.canonical(data)).hexdigest()


def digested_files() -> list[str]:
    """Generated and mixed files whose digest the provenance holds: all but itself."""
    return [path for path, table in schema.TABLES.items() if (table.generated or table.mixed) and path != FILE]


def item_of(path: str) -> str:
    return "file." + path.replace("/", ".")


def run(case) -> list:
    wanted = {"sources": sources(case.tree), "cargo-lock": digest(case.tree, "Cargo.lock")}
    found = []
    if case.reused and case.machine is not None and case.machine.get("anew") == "yes":
        found.append(case.fresh.bad("provenance.measured-anew", FILE, None, "", f"{case.reused} rows were measured by an earlier run",
                                    "`bench-corpus evidence --anew`"))
    found += _summary(case, wanted["sources"])
    for path in CONFIGURATIONS:
        if case.tree.read(path) is not None:
            found.append(finding("provenance.no-other-flags", path, 0, "", "tells cargo how to build, and no provenance says so", "put it into Cargo.toml, whose digest the provenance holds"))
    for evidence in case.judged:
        for item in (*SOURCE_ITEMS, *TOOL_ITEMS, *MACHINE_ITEMS, *(item_of(path) for path in digested_files())):
            if evidence.get(FILE, item) is None:
                found.append(evidence.bad("provenance.complete", FILE, None, "item", f"`{item}` is not recorded", codes.STALE.remedy))
        for row in evidence.rows(FILE):
            found += _row(case, evidence, row, wanted)
    return found


def _summary(case, now: str) -> list:
    """What is wrong with the summary that the release check wrote about the version in the tree."""
    path = f"release/{documents.version(case.tree)}.md"
    if case.tree.read(path) is None or f"\n| sources | {now} |\n" in case.text(path):
        return []
    return [finding("provenance.summary", path, 0, "", "is about other sources than those in the tree, whose release check nobody made", "begin the next version in Cargo.toml, or `make release-check`")]


def _row(case, evidence, row, wanted: dict) -> list:
    item, value = row["item"], row["value"]
    binds = ("sources" if item in SOURCE_ITEMS or item.startswith("file.") else "toolchain" if item in TOOL_ITEMS
             else "machine" if item in MACHINE_ITEMS else None)
    if binds is None:
        return [evidence.bad("provenance.known-item", FILE, row, "item", "is no item the judge knows")]
    found = []
    if row["binds"] != binds:
        found.append(evidence.bad("provenance.recomputed", FILE, row, "binds", f"says `{row['binds']}`, `{item}` binds {binds}"))
    # A file's digest binds it to the run that wrote it; two runs differ in their times.
    if row["comparison"] != ("informational" if binds == "machine" or item.startswith("file.") else "exact"):
        found.append(evidence.bad("provenance.recomputed", FILE, row, "comparison", f"does not go with `{binds}`"))
    if item in wanted and value != wanted[item]:
        found.append(evidence.bad("provenance.sources", FILE, row, "value", f"{item} changed since this evidence was made"))
    if item.startswith("file."):
        path = next((p for p in digested_files() if item_of(p) == item), None)
        if path is None:
            found.append(evidence.bad("provenance.known-item", FILE, row, "item", "is no evidence file"))
        elif evidence.tree.read(path) is not None and value != digest(evidence.tree, path):
            found.append(evidence.bad("provenance.file-digest", FILE, row, "value", f"{evidence.shown(path)} was changed after the run that wrote it"))
    if case.machine is not None and item in case.machine and value != case.machine[item]:
        found.append(evidence.bad("provenance.toolchain", FILE, row, "value", f"{item} was `{value}`, here it is `{case.machine[item]}`"))
    return found


def machine() -> dict:
    """What this machine is, as far as it can be asked: rustc, target and libc."""
    import os
    import subprocess
    known = {}
    try:
        answer = subprocess.run([os.environ.get("RUSTC", "rustc"), "-vV"], capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        answer = ""
    for line in answer.splitlines():
        if line.startswith("rustc "):
            known["rustc"] = line
        elif line.startswith("host: "):
            known["target"] = line.removeprefix("host: ")
    try:
        known["libc"] = os.confstr("CS_GNU_LIBC_VERSION") or "unknown"
    except (ValueError, OSError, AttributeError):
        known["libc"] = "unknown"
    known["anew"] = "yes" if os.environ.get("CI") else "no"  # whether rows of an earlier run are refused
    known["flags"] = flags(os.environ)
    return known


def flags(environment) -> str:
    """The variables that change how the measured programs are compiled, `none` without any: RUSTFLAGS as it is, others with their names."""
    relevant = sorted(name for name in environment if name.endswith(FLAGS_END) or name.startswith(FLAGS_BEGIN))
    words = [environment[name] if name == FLAGS_END else f"{name}={environment[name]}" for name in relevant]
    return " ".join(" ".join(words).replace("\x1f", " ").split()) or "none"
