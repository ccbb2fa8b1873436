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
WORKSPACE, LIBRARY = "Cargo.toml", "compiler-alloc"
# How a user builds who cares, and so how everything is built that is measured.
MEASURED_PROFILES = {"release": {"debug": "line-tables-only"}, "measured": {"inherits": "release", "lto": "fat", "codegen-units": 1, "panic": "abort"}}
_MAY_INCLUDE = re.compile(rb"\binclude(?:_str|_bytes)?\b|\bpath\b|\$|\basm\b|_asm\b")
_INCLUDES = ("include", "include_str", "include_bytes")
_MACRO, _ASSEMBLER = "macro", "assembler"
_TAKEN = {_MACRO: "may take in what a macro is handed for", _ASSEMBLER: "takes in a file by"}
_ASSEMBLERS = ("asm", "global_asm", "naked_asm")
_TAKEN_BY_ASSEMBLER = re.compile(r"\.inc(lude|bin)\b")
OPEN = ("(", "[", "{")
_QUOTES = re.compile(r'^[a-z]*#*"|"#*$')
_ONLY_FOR_TESTS = ["#", "[", "cfg", "(", "test", ")", "]"]


def run(case) -> list:
    found = [finding("files.no-links", path, 0, "", "is a link; what lies behind it can change without a trace", "put the file itself there")
             for path in case.tree.links() if path.rpartition("/")[2] not in LINKED]
    sources = {folder: case.tree.under(folder) for folder in SOURCES}
    listed = {*TAKEN_IN, *(path for paths in sources.values() for path in paths)}
    for folder, paths in sources.items():
        found += [finding("provenance.sources-inside", path, 0, "", "is a folder that no digest holds, among sources that rustc reads", "give the module another name")
                  for path in case.tree.skipped(folder) if "src" in path.split("/")]
        for path in paths:
            data = case.tree.read(path) if path.endswith(".rs") else None
            if data is not None:
                found += [finding("provenance.sources-inside", path, 0, "", f"{_TAKEN.get(how, 'takes in')} `{name}`, which is not among the sources that evidence is bound to",
                                  "move it below the folder of the sources") for how, name in included(data) if not is_inside(path, how, name, listed)]
    for path in (*MANIFESTS, *MORE_MANIFESTS):
        data = case.tree.read(path) if path.endswith(".toml") else None
        if data is not None:
            found += [finding("provenance.sources-inside", path, 0, "", message, "depend on a package of the registry, or on one whose sources are in the digest") for message in manifest_wrong(path, data)]
            found += [finding("provenance.as-shipped", path, 0, "", message, "measure what a user builds with default features") for message in built_otherwise(path, data)]
    return found


@functools.lru_cache(maxsize=4096)
def included(data: bytes) -> tuple[tuple[str, str], ...]:
    """Files that a source takes in, each after what takes it in, or how it names them if that is no plain text."""
    if not _MAY_INCLUDE.search(data):
        return ()
    try:
        tokens = rust_tokens.tokens(data.decode("utf-8")) or []
    except UnicodeDecodeError:
        tokens = []
    names, called, attribute = [], 0, 0
    for at, token in enumerate(tokens):
        how, before, after = token.removeprefix("r#"), tokens[at - 1] if at else "", tokens[at + 1:at + 4]
        if before.endswith(("#", "#!")) and token == "[":
            attribute = rust_tokens.closed(tokens, at)
        if token == "!" and at + 1 >= called and after[:1] and after[0] in OPEN:
            called = rust_tokens.closed(tokens, at + 1)  # the end of a macro's arguments
        if how in _INCLUDES and after[:1] == ["!"]:
            names += [(how, name) for name in tokens[at + 3:at + 4]]
        elif how in _INCLUDES and (after[:1] == ["as"] or at < called and before != "."):
            names.append((how, " ".join(tokens[at:at + 3])))
        elif how in _ASSEMBLERS and after[:1] == ["as"]:
            names.append((_MACRO, " ".join(tokens[at:at + 3])))
        elif how == "path" and after[:1] == ["="] and at < max(called, attribute) and _names_a_file(before, after[1:2]) and tokens[at - 9:at - 2] != _ONLY_FOR_TESTS:
            names += [(how, name) for name in after[1:2]]
        elif token.endswith("$") and after[1:2] == ["!"] and after[2:3] and after[2] in OPEN or token.endswith("#$") or token.endswith("#") and _is_attribute_of_parts(after + tokens[at + 4:at + 5]):
            names.append((_MACRO, " ".join(tokens[at:at + 4])))
        elif how in _ASSEMBLERS and after[:1] == ["!"] and _TAKEN_BY_ASSEMBLER.search(_literals(tokens[at + 2:rust_tokens.closed(tokens, at + 2)])):
            names.append((_ASSEMBLER, how))
    return tuple(names)


def _names_a_file(before: str, after: list[str]) -> bool:
    """Whether `path = ..` in an attribute or in what a macro is handed takes in a file, and sets no variable."""
    return before in ("[", ",") or before not in ("let", "mut", ".") and bool(after) and after[0][-1:] in ('"', "#")


def _is_attribute_of_parts(after: list[str]) -> bool:
    """Whether what follows a `#` is made by a macro of more than one whole argument: `#$a`, `#[$a = ..]`, `#[$($a)*]`, but not `#[$a]` or `#[$a:meta]`."""
    return after[:1] == ["$"] or after[:2] == ["[", "$"] and after[3:4] not in (["]"], [":"])


def _literals(tokens: list[str]) -> str:
    """The text of all literals, one after the other."""
    return "".join(_QUOTES.sub("", token) for token in tokens if token.endswith(('"', "#")))


def is_inside(source: str, how: str, name: str, listed: set) -> bool:
    """Whether a file named in a source, as a literal without escapes, is one of the sources. Prose taken in as text measures nothing."""
    if not (len(name) > 2 and name[0] == name[-1] == '"') or "\\" in name:
        return False
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), name[1:-1]))
    return target in listed or how == "include_str" and target.endswith(".md")


@functools.lru_cache(maxsize=64)
def manifest_wrong(path: str, data: bytes) -> tuple[str, ...]:
    """What a manifest builds from elsewhere."""
    try:
        manifest = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return ("cannot be read as TOML, so nobody knows what it builds from",)
    folder, wrong = posixpath.dirname(path), []
    workspace, targets = _table(manifest, "workspace"), _table(manifest, "target").values()
    tables = [_table(owner, kind) for owner in (manifest, workspace, *targets) for kind in ("dependencies", "build-dependencies", "build_dependencies")]
    # What stands in the place of a package of the registry.
    tables += [*_table(manifest, "patch").values(), _table(manifest, "replace")]
    for table in tables:
        for name, said in table.items() if isinstance(table, dict) else ():
            place = said.get("path") if isinstance(said, dict) else None
            if place is not None and posixpath.normpath(posixpath.join(folder, str(place))) not in DEPENDED_ON:
                wrong.append(f"`{name}` is built from `{place}`, which is not among the sources that evidence is bound to")
    builds = [("build", _table(manifest, package).get("build")) for package in ("package", "project")] + [
        ("path", one.get("path")) for kind in ("lib", "bin") for one in _list(manifest.get(kind)) if isinstance(one, dict)]
    for key, place in builds:
        if isinstance(place, str) and not _is_of_package(folder, place):
            wrong.append(f"`{key} = \"{place}\"` is not among the sources that evidence is bound to")
    return tuple(wrong)


@functools.lru_cache(maxsize=64)
def built_otherwise(path: str, data: bytes) -> tuple[str, ...]:
    """What a manifest of the measured programs makes of the library that no user's build does: features, or options of its own."""
    try:
        manifest = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return ()  # `manifest_wrong` says so
    wrong = []
    if path in (WORKSPACE, *MORE_MANIFESTS):
        for owner in (manifest, _table(manifest, "workspace"), *_table(manifest, "target").values()):
            said = _table(owner, "dependencies").get(LIBRARY, {})
            wrong += [f"`{LIBRARY}` is measured with `{key} = {value}`" for key, value in said.items() if key not in ("path", "version", "workspace")] if isinstance(said, dict) else []
        wrong += [f"feature `{name}` turns on `{word}`" for name, words in _table(manifest, "features").items() for word in _list(words) if re.match(rf"(dep:)?{LIBRARY}(\?)?(/|\Z)", str(word))]
    profiles = _table(manifest, "profile")
    for name, options in MEASURED_PROFILES.items() if path == WORKSPACE and profiles else ():
        if profiles.get(name) != options:
            wrong.append(f"profile `{name}` is not {options}")
    return tuple(wrong)


def _is_of_package(folder: str, place: str) -> bool:
    target = posixpath.normpath(posixpath.join(folder, place))
    return target in MANIFESTS or any(target.startswith(source + "/") for source in SOURCES)


def _table(owner, name: str) -> dict:
    table = owner.get(name) if isinstance(owner, dict) else None
    return table if isinstance(table, dict) else {}


def _list(value) -> list:
    return value if isinstance(value, list) else [value]
