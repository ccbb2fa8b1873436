"""The seven surfaces of the specification's *Documentation impact*: which files each is made of, and the digest of a file's code.

A digest is over code tokens. Comments, white space, commas that only formatting adds, and unit tests in the file are no code: none of
them changes what the allocator does.
"""

import hashlib

from gate import rust_tokens

# The specification's order and words.
SURFACES = ("runtime memory", "native allocation", "page backend", "huge page", "NUMA", "stress", "shutdown")

# Folders whose every source belongs to a surface.
COVERED = ("compiler-alloc/src", "compat/malloc/src", "compat/malloc/include", "compat/bumpalo/src", "compat/typed-arena/src", "bench-corpus/src/stress")
ENDINGS = (".rs", ".h")

# A path belongs to every surface one of whose prefixes it has.
_LIBRARY = "compiler-alloc/src/"
_PREFIXES = {
    "runtime memory": (
        *(_LIBRARY + part for part in ("lib.rs", "units.rs", "config.rs", "counters.rs", "fault.rs", "arena/", "stats/", "diag/", "profile/mod.rs",
                                       "profile/compiler_internal.rs", "profile/process_arenas.rs", "profile/thread_slot.rs", "profile/backend.rs",
                                       "profile/standard_error.rs", "profile/test_fixture/")),
        "compat/bumpalo/", "compat/typed-arena/",
    ),
    "native allocation": (
        *(_LIBRARY + part for part in ("size_class.rs", "free_list.rs", "remote_free", "slab", "central.rs", "transfer.rs", "heap/", "actor/", "region/",
                                       "fixed_heap/", "profile/process_heap.rs", "profile/process_faces.rs", "profile/heap_slot.rs",
                                       "profile/hosted_small", "profile/hosted_server/", "profile/realtime", "profile/freestanding",
                                       "profile/test_fixture/thread.rs")),
        "compat/malloc/",
    ),
    "page backend": tuple(_LIBRARY + part for part in ("page_source/", "span/", "metadata.rs", "sync.rs", "config.rs", "profile/backend.rs")),
    "huge page": (
        *(_LIBRARY + part for part in ("page_source/placed.rs", "page_source/placement.rs", "profile/hosted_server/")),
        "compat/malloc/src/environment.rs",
    ),
    "NUMA": (
        *(_LIBRARY + part for part in ("page_source/placed.rs", "page_source/placement.rs", "page_source/numa.rs", "profile/hosted_server/")),
        "compat/malloc/src/environment.rs",
    ),
    "stress": ("bench-corpus/src/stress/",),
    "shutdown": (
        *(_LIBRARY + part for part in ("span/backend.rs", "span/fork.rs", "span/stats.rs", "heap/registry.rs", "heap/thread.rs", "heap/fork.rs", "profile/fork.rs",
                                       "profile/thread_exit.rs", "profile/process_heap.rs", "actor/heap.rs", "actor/report.rs",
                                       "profile/test_fixture/state.rs")),
        "compat/malloc/src/process.rs",
    ),
}

# Compiled for tests alone: `cfg(test)` stands where they are declared.
TESTS = tuple(_LIBRARY + part for part in ("actor/loom_models.rs", "arena/loom_models.rs", "span/loom_models.rs", "heap/models.rs", "page_source/model.rs"))


def files(tree) -> list[str]:
    """Every file that is code of a surface, or should be."""
    return sorted(path for folder in COVERED for path in tree.under(folder) if path.endswith(ENDINGS) and path not in TESTS)


def of(path: str) -> list[str]:
    """The surfaces that a file belongs to; none for a file that nobody assigned."""
    return [surface for surface in SURFACES if path.startswith(_PREFIXES[surface])]


def digest(data: bytes) -> str:
    """SHA-256 over the code tokens of a file; over its bytes when it is not UTF-8 or does not end properly."""
    try:
        tokens = rust_tokens.tokens(data.decode("utf-8"))
    except UnicodeDecodeError:
        tokens = None
    if tokens is None:
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha256("".join(token + "\0" for token in without_last_commas(without_tests(tokens))).encode()).hexdigest()


_TEST_MODULE = ["#", "[", "cfg", "(", "test", ")", "]", "mod"]


def without_tests(tokens: list[str]) -> list[str]:
    """Leaves out each `#[cfg(test)] mod name { .. }`. One whose end is not found stays."""
    kept, at = [], 0
    while at < len(tokens):
        if tokens[at] == "#" and tokens[at:at + 8] == _TEST_MODULE and tokens[at + 9:at + 10] == ["{"]:
            end = _closing(tokens, at + 9)
            if end is not None:
                at = end + 1
                continue
        kept.append(tokens[at])
        at += 1
    return kept


def _closing(tokens: list[str], start: int) -> int | None:
    depth = 0
    for at in range(start, len(tokens)):
        if tokens[at] == "{":
            depth += 1
        elif tokens[at] == "}":
            depth -= 1
            if depth == 0:
                return at
    return None


_KEYWORDS = frozenset("return in match if while else break let mut ref move as yield for impl dyn where".split())


def without_last_commas(tokens: list[str]) -> list[str]:
    """Leaves out a comma before a closing bracket, which formatting adds when it breaks a list, unless it makes a tuple of one."""
    kept: list[str] = []
    opened: list[list] = []  # for each open bracket: the bracket, the token before it, commas seen in it
    for at, token in enumerate(tokens):
        if token in ("(", "[", "{"):
            opened.append([token, tokens[at - 1] if at else "", 0])
        elif token in (")", "]", "}"):
            bracket, before, commas = opened.pop() if opened else ("", "", 0)
            if kept and kept[-1] == "," and not (bracket == "(" and commas == 1 and not _is_call(before)):
                kept.pop()
        elif token == "," and opened:
            opened[-1][2] += 1
        elif token.startswith(">") and kept and kept[-1] == ",":
            # The last of generic arguments.
            kept.pop()
        kept.append(token)
    return kept


def _is_call(before: str) -> bool:
    """Whether a `(` after this token opens arguments or fields rather than a value of its own."""
    return before[-1:].isalnum() and before not in _KEYWORDS or before[-1:] in ("_", ">", "!", ")", "]")
