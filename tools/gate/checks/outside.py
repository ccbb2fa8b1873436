"""What is measured lies in the sources whose digest the evidence holds: no link leads out of the repository's files, no source or manifest out of them."""

import functools
import posixpath
import re
import tomllib

from .. import rust_tokens
from ..finding import finding
from .provenance import MANIFESTS, PACKAGES, SOURCES, TAKEN_IN

# Texts of licences are shared by links; nothing is made from them.
LINKED = ("LICENSE-APACHE", "LICENSE-MIT")
# Manifests of measured packages that lie in folders of sources.
MORE_MANIFESTS = ("bench-corpus/measured/Cargo.toml", "bench-corpus/workloads/Cargo.toml")
# Packages of which something is built into what is measured.
DEPENDED_ON = tuple(package.rstrip("/") for package in PACKAGES if package) + ("bench-corpus/measured", "bench-corpus/workloads")
_MAY_INCLUDE = re.compile(rb"\binclude(?:_str|_bytes)?\s*!|#\s*!?\s*\[[^\]]*\bpath\b")
_ONLY_FOR_TESTS = ["#", "[", "cfg", "(", "test", ")", "]"]


def run(case) -> list:
    found = [finding("files.no-links", path, 0, "", "is a link; what lies behind it can change without a trace", "put the file itself there")
             for path in case.tree.links() if path.rpartition("/")[2] not in LINKED]
    for folder in SOURCES:
        for path in case.tree.under(folder):
            data = case.tree.read(path) if path.endswith(".rs") else None
            if data is not None:
                found += [finding("provenance.sources-inside", path, 0, "", f"takes in `{name}`, which is not among the sources that evidence is bound to",
                                  "move it below the folder of the sources") for name in included(data) if not is_inside(path, name)]
    for path in (*MANIFESTS, *MORE_MANIFESTS):
        data = case.tree.read(path) if path.endswith(".toml") else None
        if data is not None:
            found += [finding("provenance.sources-inside", path, 0, "", message, "depend on a package of the registry, or on one whose sources are in the digest") for message in manifest_wrong(path, data)]
    return found


@functools.lru_cache(maxsize=4096)
def included(data: bytes) -> tuple[str, ...]:
    """Files that a source takes in, or how it names them if that is no plain text. What a build script wrote comes from the build script."""
    if not _MAY_INCLUDE.search(data):
        return ()
    try:
        tokens = rust_tokens.tokens(data.decode("utf-8")) or []
    except UnicodeDecodeError:
        tokens = []
    names = []
    for at, token in enumerate(tokens):
        if token in ("include", "include_str", "include_bytes") and tokens[at + 1:at + 2] == ["!"]:
            argument = tokens[at + 3:at + 4]
            rest = tokens[at + 3:at + 12]
            if not (argument and argument[0].startswith('"')) and '"OUT_DIR"' in rest:
                continue
            names += argument
        elif token == "path" and tokens[at + 1:at + 2] == ["="] and tokens[at - 1] in ("[", ",") and tokens[at - 9:at - 2] != _ONLY_FOR_TESTS:
            names += tokens[at + 2:at + 3]
    return tuple(names)


def is_inside(source: str, name: str) -> bool:
    """Whether a file named in a source, as a literal, is one of the sources. Prose measures nothing."""
    if not (len(name) > 2 and name[0] == name[-1] == '"'):
        return False
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), name[1:-1]))
    return target.endswith(".md") or target in TAKEN_IN or any(target.startswith(folder + "/") for folder in SOURCES)


@functools.lru_cache(maxsize=64)
def manifest_wrong(path: str, data: bytes) -> tuple[str, ...]:
    """What a manifest builds from elsewhere."""
    try:
        manifest = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return ("cannot be read as TOML, so nobody knows what it builds from",)
    folder, wrong = posixpath.dirname(path), []
    workspace, targets = _table(manifest, "workspace"), _table(manifest, "target").values()
    tables = [_table(owner, kind) for owner in (manifest, workspace, *targets) for kind in ("dependencies", "build-dependencies")]
    # What stands in the place of a package of the registry.
    tables += [*_table(manifest, "patch").values(), _table(manifest, "replace")]
    for table in tables:
        for name, said in table.items() if isinstance(table, dict) else ():
            place = said.get("path") if isinstance(said, dict) else None
            if place is not None and posixpath.normpath(posixpath.join(folder, str(place))) not in DEPENDED_ON:
                wrong.append(f"`{name}` is built from `{place}`, which is not among the sources that evidence is bound to")
    builds = [("build", _table(manifest, "package").get("build"))] + [
        ("path", one.get("path")) for kind in ("lib", "bin") for one in _list(manifest.get(kind)) if isinstance(one, dict)]
    for key, place in builds:
        if isinstance(place, str) and not _is_of_package(folder, place):
            wrong.append(f"`{key} = \"{place}\"` is not among the sources that evidence is bound to")
    return tuple(wrong)


def _is_of_package(folder: str, place: str) -> bool:
    target = posixpath.normpath(posixpath.join(folder, place))
    return target in MANIFESTS or any(target.startswith(source + "/") for source in SOURCES)


def _table(owner, name: str) -> dict:
    table = owner.get(name) if isinstance(owner, dict) else None
    return table if isinstance(table, dict) else {}


def _list(value) -> list:
    return value if isinstance(value, list) else [value]
