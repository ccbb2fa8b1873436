"""A path's entry and miss are those of its operation; the measured code enters the library by the one and calls, or may call, the other."""

import functools

from .. import rust_tokens, trace
from ..column import ABSENT
from ..evidence import OURS
from ..finding import finding
from .classes import PATHS
from .symbols import bodies_of

ANEW = "`make allocator-fast-path-check`"
# Where the measured code calls the library: the probes, and the functions of C.
MEASURED = ("bench-corpus/measured/src", "compat/malloc/src")
# Entry and miss by profile and operation, which is how the path's name begins. The library of C functions has one heap for both hosted profiles.
_MALLOC, _FREE = ("hosted_server::allocate_listed", "malloc_miss"), ("hosted_server::free", "free_miss")
_ALLOC = ("Arena::alloc", "alloc_miss_or_raise")
NAMES = {
    "freestanding": {"alloc": ("Freestanding::allocate", ABSENT), "dealloc": ("Freestanding::deallocate", ABSENT)},
    "hosted-small": {"alloc": ("HostedSmall::alloc", "class_miss"), "dealloc": ("HostedSmall::dealloc", "free_miss"), "malloc": _MALLOC, "free": _FREE, "pair": _MALLOC,
                     "refill": ("hosted_server::allocate_listed", "malloc_slow"), "remote": _FREE},
    "hosted-server": {"malloc": ("hosted_server::allocate", "alloc_miss"), "free": _FREE},
    "realtime": {"alloc": ("ActorHeap::try_allocate", "refusal"), "dealloc": ("ActorHeap::deallocate", ABSENT)},
    "compiler-internal": {"alloc": _ALLOC, "call": _ALLOC, "ast": ("ArenaVec::push", "alloc_miss_or_raise"), "layout": ("Arena::alloc_layout", "alloc_miss_or_raise"),
                          "pool": ("ArenaPool::get", "get_any_or_raise"), "reset": ("Arena::reset", "alloc_miss_or_raise"), "scope": ("Arena::scope", "alloc_miss_or_raise"),
                          "seal": ("Sealed::build", "alloc_miss_or_raise"), "slice": ("Arena::alloc_slice_copy", "alloc_miss_or_raise"),
                          "str": ("Arena::alloc_str", "alloc_text_or_raise")},
}
# The workload of `ast` is the same for every arena and reaches the library by a trait, whose method is followed as if it were a function.
THROUGH_TRAIT = frozenset({"push"})


def names_of(profile: str, path: str) -> tuple[str, str] | None:
    """The entry and the miss of a path; None where no operation begins its name."""
    return NAMES.get(profile, {}).get(path.split("-")[0])


def run(case) -> list:
    evidence, found = case.committed, []
    for row in (row for row in evidence.rows(PATHS) if row["status"] == "built"):
        wanted = names_of(row["profile"], row["path"])
        for column, name in zip(("entry", "miss"), wanted or ()):
            if row[column] != name:
                found.append(evidence.bad("paths.named", PATHS, row, column, f"says `{row[column]}`, the operation has `{name}`", f"write {name}"))
        if wanted is None:
            found.append(evidence.bad("paths.named", PATHS, row, "path", f"`{row['path']}` begins with no operation of {row['profile']}", "name it after one, or add the operation to tools/gate/checks/stepped.py"))
        if case.called is None:
            continue
        called = case.called.get(row["case"], "it was not stepped")
        if isinstance(called, str):
            found.append(finding("stepped.program", f"fresh/{trace.name_of(row['case'], OURS)}", 0, "", called, ANEW))
            continue
        if row["miss"] != ABSENT and row["miss"].split("::")[-1] not in called:
            found.append(evidence.bad("stepped.miss", PATHS, row, "miss", f"the stepped code calls no `{row['miss']}`, but {', '.join(sorted(called)) or 'nothing'}"))
        if not is_entered(case, row):
            found.append(evidence.bad("stepped.entry", PATHS, row, "entry", f"the stepped code does not call `{row['entry']}` by its source"))
    return found


def is_entered(case, row) -> bool:
    """Whether the function that was stepped first names the entry, itself or by functions of modules of the measured sources; its type or module in the same sources."""
    path = trace.name_of(row["case"], OURS)
    data = case.fresh_tree.read(path)
    read = trace.read(path, data, OURS, row["case"]) if data is not None else None
    if read is None or read.findings or not read.calls:
        return True  # the check of traces says so
    first = read.calls[0].steps[0][0].rpartition("::")[2]
    sources = tuple(source for folder in MEASURED for path in case.tree.under(folder) if path.endswith(".rs") and (source := case.tree.read(path)) is not None)
    called, mentioned = followed(sources, first)
    (*owners, last) = row["entry"].split("::")
    return last in called and set(owners) <= mentioned


@functools.lru_cache(maxsize=64)
def followed(sources: tuple, first: str) -> tuple[frozenset, frozenset]:
    """What the bodies of the function and of those that it calls by name call, and every word of the sources where these stand."""
    called, mentioned, todo = set(), set(), [first]
    known = {first}
    while todo:
        name = todo.pop()
        for source in sources:
            bodies = bodies_of(source)
            for body in bodies.get(name, ()):
                for at, word in enumerate(body[:-1]):
                    if not word.isidentifier() or body[at + 1] not in ("(", "::"):
                        continue
                    called.add(word)
                    if word not in known and body[at + 1] == "(" and _is_followed(body, at):
                        known.add(word)
                        todo.append(word)
            if name in bodies:
                mentioned |= set(rust_tokens.tokens(source.decode("utf-8")))
    return frozenset(called), frozenset(mentioned)


def _is_followed(body: list, at: int) -> bool:
    """Whether a name says which function it calls: one of a module; a method, or a function of a type, may be any of that name."""
    before = body[at - 1] if at else ""
    if before == ".":
        return body[at] in THROUGH_TRAIT
    return before != "::" or body[at - 2].islower()
