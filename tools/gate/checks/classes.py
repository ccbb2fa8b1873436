"""Size classes and tiers agree with the measured rules of the page backend: no number is promised in two ways."""

import re

from ..column import ABSENT
from ..evidence import decimal, number
from ..schema.table import CONCERNS

CLASSES = "allocator/size-classes.tsv"
TIERS = "allocator/transfer-cache.tsv"
PATHS = "allocator/local-fast-path.tsv"
RULES = "allocator/page-backend.tsv"

ARENAS = "compiler-internal"
# Profiles whose memory is cut into blocks; the other hands out chunks and spans.
HEAPS = ("freestanding", "hosted-small", "hosted-server", "realtime", "test-fixture")
# Those whose blocks have the sizes of the library's const table; the others serve any size, or those that were declared.
TABLED = ("hosted-small", "hosted-server", "test-fixture")
CHUNK_STEP = re.compile(r"span-allocation\.chunk-step-[0-9]+\Z")
SUFFIX = {"k": 10, "m": 20}

# Parts of the page backend that a profile without them says nothing about: one owner has nothing to share or to move.
ABSENT_CONCERNS = {"freestanding": ("central-cache", "transfer-refill"), "realtime": ("central-cache", "transfer-refill")}

# Who shares a tier, and where it refills from; the second is skipped where the profile lacks it.
SHAPE = {
    "span-cache": ("thread", ("span-pool",)),
    "transfer-cache": ("process", ("central-spans", "span-pool")),
    "central-spans": ("process", ("span-pool",)),
    "span-pool": ("process", ("page-source",)),
}
# Profiles whose cases of `bench-corpus step` are named as their paths; the others' begin with the profile.
UNPREFIXED = ("compiler-internal", "hosted-small")
# What a path touches follows from the type it enters by.
TOUCHES = {"Arena": "arena,chunk", "ArenaPool": "thread-slot,pool", "ArenaVec": "arena,chunk", "Sealed": "arena,chunk,thread-slot"}


# In a heap the operation decides: taking a block reads no slab, giving one back reads no list.
HEAP_TOUCHES = {"alloc": "thread-slot,heap,block", "malloc": "thread-slot,heap,block",
                "dealloc": "thread-slot,block,slab,slab-map", "free": "thread-slot,block,slab,slab-map"}
# Profiles whose owner has the heap at hand and shares it with nobody.
OWNED = ("freestanding", "realtime")
OWNED_TOUCHES = "heap,block"
HEAP_TOUCHES_ALL = "thread-slot,heap,block,slab,slab-map"


def case_of(profile: str, path: str) -> str:
    """The case of `bench-corpus step` that steps a path."""
    return path if profile in UNPREFIXED else f"{profile}-{path}"


def touched(row) -> str | None:
    """What a path may touch, where its entry or its operation says so."""
    if row["profile"] in OWNED:
        return OWNED_TOUCHES
    if row["profile"] in HEAPS:
        return HEAP_TOUCHES.get(row["path"].split("-")[0], HEAP_TOUCHES_ALL)
    return TOUCHES.get(row["entry"].split("::")[0])


def run(case) -> list:
    evidence = case.committed
    found = []
    for row in evidence.rows(CLASSES):
        if row["status"] == "built":
            found += _class(evidence, row)
    found += _chunk_steps(evidence)
    for row in evidence.rows(TIERS):
        found += _tier(evidence, row)
    for row in evidence.rows(PATHS):
        if row["case"] != case_of(row["profile"], row["path"]):
            found.append(evidence.bad("paths.own-case", PATHS, row, "case", f"`{row['case']}` steps another path than `{case_of(row['profile'], row['path'])}`"))
        wanted = touched(row)
        if wanted is not None and row["touches"] != wanted:
            found.append(evidence.bad("paths.touch-only-local", PATHS, row, "touches", f"says `{row['touches']}`, a path through {row['entry']} touches `{wanted}`"))
    for row in evidence.rows(RULES):
        if row["rule"].split(".")[0] not in CONCERNS:
            found.append(evidence.bad("pages.concern-named", RULES, row, "rule", "does not begin with a part of the specification's page backend"))
    for profile in {row["profile"] for row in evidence.rows(RULES)}:
        for concern in CONCERNS:
            has = any(row["profile"] == profile and row["rule"].startswith(concern + ".") for row in evidence.rows(RULES))
            lacks = concern in ABSENT_CONCERNS.get(profile, ())
            if has and lacks:
                found.append(evidence.bad("pages.concern-absent", RULES, None, "rule", f"`{profile}` has no `{concern}` that a rule could be about"))
            if not has and not lacks:
                found.append(evidence.bad("pages.concern-covered", RULES, None, "rule", f"no rule of `{profile}` is about `{concern}`"))
    return found


def rule(evidence, profile: str, name: str) -> str:
    """The promised value of a rule, `-` without such a rule."""
    row = evidence.get(RULES, profile, name)
    return row["value"] if row is not None else ABSENT


def _class(evidence, row) -> list:
    found = []

    def must(column: str, wanted: str, why: str) -> None:
        if row[column] != wanted:
            found.append(evidence.bad("classes.recomputed", CLASSES, row, column, f"says {row[column]}, {why} {wanted}"))

    profile, kind = row["profile"], row["kind"]
    promise = evidence.get(PATHS, profile, row["path"])
    if promise is not None:
        must("symbol", promise["entry"], "its path enters by")
    limit = "span-allocation.largest-chunked-object" if profile == ARENAS else "span-allocation.largest-block"
    largest = rule(evidence, profile, limit)
    if kind == "chunk":
        digits, unit = row["class"].removeprefix("chunk-")[:-1], row["class"][-1]
        size = str(int(digits) << SUFFIX[unit]) if digits.isdigit() and unit in SUFFIX else "what its name says"
        for column in ("bytes_min", "bytes_max", "granule"):
            must(column, size, "its name")
    elif kind == "span":
        must("bytes_min", decimal(number(largest) + 1) if largest != ABSENT else ABSENT, f"one more than the rule {limit} makes it")
        must("bytes_max", ABSENT, "only address space bounds it:")
        must("granule", rule(evidence, profile, "geometry.unit-bytes"), "the rule geometry.unit-bytes")
    elif kind == "operation":
        for column in ("bytes_min", "bytes_max", "granule"):
            must(column, ABSENT, "an operation has no size:")
        must("path", row["class"], "an operation is named as its path,")
    elif kind == "request":
        must("granule", rule(evidence, profile, "geometry.arena-granule"), "the rule geometry.arena-granule")
        exact = re.match(r"value-([0-9]+)(-called)?\Z", row["class"])
        must("bytes_min", exact.group(1) if exact else "0", "its name" if exact else "a request of any size begins at")
        must("bytes_max", exact.group(1) if exact else largest, "its name" if exact else f"the rule {limit}")
        if not re.search(rf"(^|-){re.escape(exact.group(1) if exact else row['class'])}(-|$)", row["path"]):
            found.append(evidence.bad("classes.path-measures-class", CLASSES, row, "path", f"`{row['path']}` does not measure `{row['class']}`"))
    return found


def _chunk_steps(evidence) -> list:
    found = []
    for profile in {row["profile"] for row in evidence.rows(CLASSES) if row["kind"] == "chunk" and row["status"] == "built"}:
        declared = {row["bytes_max"] for row in evidence.rows(CLASSES) if row["profile"] == profile and row["kind"] == "chunk"}
        measured = {row["value"] for row in evidence.rows(RULES) if row["profile"] == profile and CHUNK_STEP.match(row["rule"])}
        if declared != measured:
            found.append(evidence.bad("classes.chunk-steps", CLASSES, None, "bytes_max",
                                      f"chunks of `{profile}` differ from the rules span-allocation.chunk-step-N: {', '.join(sorted(declared ^ measured))}"))
    return found


def _tier(evidence, row) -> list:
    found = []
    scope, refills = SHAPE[row["tier"]]
    tiers = {other["tier"] for other in evidence.rows(TIERS) if other["profile"] == row["profile"]}
    refills_from = next((tier for tier in refills if tier in tiers), refills[-1])
    amounts = {
        "scope": scope,
        "refills_from": refills_from,
        "capacity": rule(evidence, row["profile"], f"transfer-refill.{row['tier']}-capacity"),
        "batch": rule(evidence, row["profile"], f"transfer-refill.{row['tier']}-batch"),
    }
    measured = evidence.get(RULES, row["profile"], f"transfer-refill.{row['tier']}-capacity")
    amounts["capacity_unit"] = measured["unit"] if measured is not None else ABSENT
    for column, wanted in amounts.items():
        if row[column] != wanted:
            found.append(evidence.bad("tiers.recomputed", TIERS, row, column, f"says `{row[column]}`, the tier and the rules of {RULES} make it `{wanted}`"))
    return found
