"""Dependency manifest: per profile, what the built artifact asks of others, held against compat/native-memory/dependencies.tsv.

A symbol, shared library or crate more or fewer is a difference, which a person accepts or does not. Two things are never accepted: a
collector anywhere, and anything at all that the freestanding artifact asks for.
"""

import re

from . import codes, record
from .command import run
from .finding import Finding, Outcome
from .programs import ARTIFACTS, Artifact, Builds, toolchain

FILE = f"{record.FOLDER}/dependencies.tsv"
HEADER = ("profile", "artifact", "kind", "name", "version")
KEYS = 4
ACCEPT = "`make accept-dependencies` if it is wanted; `git diff` then shows what changed"

# Crates and symbols of collectors. The manifest already refuses what nobody accepted; these cannot be accepted either.
COLLECTOR_CRATES = frozenset(
    "bacon_rajan_cc bdwgc-alloc boa_gc cell-gc dumpster gc gc-arena gc-sequence gc_derive gcmodule josephine mmtk rust-cc safe-gc shifgrethor shredder zerogc "
    "zerogc-simple".split())
COLLECTOR_SYMBOLS = re.compile(r"GC_(malloc|init|gcollect|register|enable|disable|collect|free)|mps_(arena|pool|ap)_|mmtk_|sgen_")

# Functions by which programs get memory from a C library or a system. The freestanding artifact has none of them, defined or not.
ALLOCATION = re.compile(
    r"_{0,3}(libc_|GI_)?(malloc|calloc|realloc|reallocarray|free|cfree|aligned_alloc|posix_memalign|memalign|valloc|pvalloc|malloc_usable_size|"
    r"mmap(64|2)?|munmap|mremap|mprotect|madvise|brk|sbrk|mlock|VirtualAlloc|HeapAlloc)(@.*)?\Z|_Zn[wa][mj]|_Zd[la]Pv")


def check(root: str, tree, builds: Builds) -> Outcome:
    recorded, broken = record.read(tree, FILE, HEADER, KEYS)
    fresh, failed, found = measure(builds)
    found += forbidden(fresh)
    if broken or failed:
        return Outcome("the manifests could not be compared", broken + failed + found)
    found += compare(recorded, fresh)
    return Outcome(f"{summary(fresh)}; {len(found)} differences" if found else f"{summary(fresh)}, as recorded", found)


def accept(root: str, tree, builds: Builds) -> Outcome:
    """Records what the artifacts ask for now, unless it is what is never accepted."""
    fresh, failed, found = measure(builds)
    found += failed + forbidden(fresh)
    if found:
        return Outcome("nothing was recorded", found)
    changed = record.write(root, FILE, HEADER, fresh)
    return Outcome(f"{summary(fresh)}; {FILE} {'renewed' if changed else 'already says so'}")


def summary(rows) -> str:
    count = {kind: len([row for row in rows if row[2] == kind]) for kind in ("symbol", "library", "crate")}
    artifacts = len({row[:2] for row in rows})
    return f"{artifacts} artifacts of {len({row[0] for row in rows})} profiles: {count['symbol']} symbols, {count['library']} libraries, {count['crate']} crates asked for"


def measure(builds: Builds) -> tuple[list[tuple[str, ...]], list[Finding], list[Finding]]:
    """The manifests of all artifacts, the commands that failed on the way, and allocation functions in the freestanding ones."""
    rows, failed, found = [], [], []
    rustc = toolchain().get("release", "unknown")
    for artifact in ARTIFACTS:
        ran, path = builds.artifact(artifact)
        if not ran.is_good or not path:
            failed.append(ran.finding())
            continue
        is_bare = artifact.profile == "freestanding"
        names = run(["nm", "--undefined-only", "--format=posix", *(() if is_bare else ("--dynamic",)), path])
        needed = run(["readelf", "--dynamic", "--wide", path])
        everything = run(["nm", "--format=posix", path])
        crates = builds.crates(artifact)
        failed += [part.finding() for part in (names, needed, everything, crates) if not part.is_good]
        rows += rows_of(artifact, rustc, names.out, needed.out, crates.out)
        found += allocating(artifact, everything.out) if is_bare else []
    return sorted(set(rows)), failed, found


def rows_of(artifact: Artifact, rustc: str, names: str, needed: str, crates: str) -> list[tuple[str, ...]]:
    """The manifest of one artifact from what `nm`, `readelf` and `cargo tree` print."""
    def row(kind, name, version):
        return artifact.profile, artifact.file, kind, name, version or "-"

    rows = [row("toolchain", "rustc", rustc)]
    for line in names.split("\n"):
        if line.strip():
            name, _, version = line.split()[0].partition("@")
            rows.append(row("symbol", name, version.lstrip("@")))
    rows += [row("library", name, "-") for name in re.findall(r"\(NEEDED\).*\[(.+)\]", needed)]
    for line in crates.split("\n"):
        words = line.split()
        if len(words) >= 2 and words[1].startswith("v"):
            # Packages of this repository have its version, which a release changes.
            rows.append(row("crate", words[0], "-" if "(/" in line else words[1][1:]))
    return rows


def compare(recorded, fresh) -> list[Finding]:
    """Differences, a finding for each artifact, kind and direction; another compiler is one finding, and the symbols that follow from it none."""
    old, new = {row[:KEYS]: row for row in recorded}, {row[:KEYS]: row for row in fresh}
    found = []
    others = sorted({(old[key][4], new[key][4]) for key in old.keys() & new.keys() if key[2] == "toolchain" and old[key] != new[key]})
    for was, now in others:
        found.append(Finding(codes.DEPENDENCY, FILE, f"was recorded with rustc {was}, this is {now}: symbols cannot be compared", ACCEPT))
    differences: dict[tuple, list[str]] = {}
    for key in sorted(old.keys() | new.keys()):
        profile, artifact, kind, name = key
        if old.get(key) == new.get(key) or (others and kind in ("symbol", "toolchain")):
            continue
        word = "asks for, not recorded" if key not in old else "no longer asks for" if key not in new else f"asks for {new[key][4]}, recorded is {old[key][4]}, of"
        differences.setdefault((profile, artifact, kind, word), []).append(name)
    for (profile, artifact, kind, word), names in differences.items():
        found.append(Finding(codes.DEPENDENCY, f"{profile} ({artifact})", f"{word}: {kind} {', '.join(f'`{name}`' for name in names)}", ACCEPT))
    return found


def forbidden(rows) -> list[Finding]:
    """What no manifest may hold."""
    found = []
    for profile, artifact, kind, name, _ in rows:
        place = f"{profile} ({artifact})"
        if (kind == "crate" and name in COLLECTOR_CRATES) or (kind == "symbol" and COLLECTOR_SYMBOLS.match(name)):
            found.append(Finding(codes.COLLECTOR, place, f"{kind} `{name}` belongs to a garbage collector"))
        if profile == "freestanding" and kind in ("symbol", "library"):
            found.append(Finding(codes.FREESTANDING, place, f"asks for {kind} `{name}`"))
    return found


def allocating(artifact: Artifact, listing: str) -> list[Finding]:
    """Allocation functions among all symbols of the freestanding artifact, from `nm --format=posix`."""
    names = [line.split()[0] for line in listing.split("\n") if line.strip()]
    place = f"{artifact.profile} ({artifact.file})"
    if not names:
        return [Finding(codes.FREESTANDING, place, "has no symbols at all, so nothing can be said about it", "build it without stripping")]
    return [Finding(codes.FREESTANDING, place, f"holds `{name}`") for name in names if ALLOCATION.match(name)]
