"""The symbol of a rule is the constant that its measurement answers, or is named by its experiment; that of a tier or a drain point is its own."""

import functools
import re

from .. import rust_tokens
from .classes import CLASSES, RULES, TIERS
from .promises import MEASURED_IN
from .remote_free import FILE as DRAINS
from .remote_free import REQUIRED

# The type that each tier is, and those that the two shared parts of the page backend are about.
TIER_TYPES = {"span-cache": "SpanCache", "transfer-cache": "TransferCache", "central-spans": "CentralCache", "span-pool": "SpanBackend"}
CONCERN_TYPES = {"central-cache": {"CentralCache"}, "transfer-refill": {"SpanCache", "TransferCache"}}
# Where experiments have their benches and threads from.
HARNESS = "bench-corpus/src/stress"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*\Z")


def run(case) -> list:
    evidence, found = case.committed, []

    def must(path: str, row, column: str, wanted: str, why: str) -> None:
        if row["status"] == "built" and row[column] != wanted:
            found.append(evidence.bad("symbols.own", path, row, column, f"says `{row[column]}`, {why} `{wanted}`", f"write {wanted}"))

    for row in evidence.rows(TIERS):
        must(TIERS, row, "symbol", TIER_TYPES[row["tier"]], "the tier is a")
    for row in evidence.rows(DRAINS):
        wanted = REQUIRED[row["profile"]].get(row["drain_point"])
        if wanted is not None:
            must(DRAINS, row, "function", wanted, "there drains")
    for row in evidence.rows(CLASSES):
        if row["kind"] == "block":
            must(CLASSES, row, "symbol", "SizeClass", "a block class is a")
    harness = tuple(data for path in case.tree.under(HARNESS) if path.endswith(".rs") and (data := case.tree.read(path)) is not None)
    for row in evidence.rows(RULES):
        if row["status"] != "built":
            continue
        for path in (path for path, profiles in MEASURED_IN.items() if row["profile"] in profiles):
            constant, names = measured_by((case.tree.read(path) or b""), harness, row["rule"])
            if constant is not None:
                must(RULES, row, "symbol", constant, "its measurement answers")
            elif names and row["symbol"].split("::")[-1] not in names | CONCERN_TYPES.get(row["rule"].split(".")[0], set()):
                found.append(evidence.bad("symbols.measured", RULES, row, "symbol", f"its experiment in {path} names no `{row['symbol']}`", "name what the experiment calls"))
    return found


@functools.lru_cache(maxsize=512)
def measured_by(source: bytes, harness: tuple, rule: str) -> tuple[str | None, frozenset]:
    """The constant that a rule's measurement is, if it is one, and every name of its experiment: in its own arm, in what stands around the arms, in
    functions of the source that these call, and in those of the harness that they call directly. Nothing where the source has no such rule."""
    functions, todo = bodies_of(source), []
    for body in (body for bodies in functions.values() for body in bodies):
        arms = _arms(body)
        mine = [body[start:end] for text, start, end in arms if rule == text or text.endswith("-") and rule.startswith(text)]
        if mine:
            constant = _constant(mine[0])
            if constant is not None:
                return constant, frozenset()
            todo += [word for at, word in enumerate(body) if not any(start <= at < end for _, start, end in arms)] + mine[0]
    known: set[str] = set()
    while todo:
        word = todo.pop()
        if word not in known and _WORD.match(word):
            known.add(word)
            todo += [inner for body in functions.get(word, ()) for inner in body]
    called = (body for data in harness for word, bodies in bodies_of(data).items() if word in known for body in bodies)
    return None, frozenset(known.union(*called) if known else known)


@functools.lru_cache(maxsize=256)
def bodies_of(data: bytes) -> dict[str, list]:
    """Bodies of the functions of a source by name, as tokens; nothing of one that cannot be read."""
    try:
        tokens = rust_tokens.tokens(data.decode("utf-8")) or []
    except UnicodeDecodeError:
        tokens = []
    found: dict[str, list] = {}
    for at, token in enumerate(tokens[:-1]):
        if token == "fn":
            body = at + 1
            while body < len(tokens) and tokens[body] not in ("{", ";"):
                # A type in the head may hold a semicolon: `[u64; 3]`.
                body = rust_tokens.closed(tokens, body) if tokens[body] in "([" else body + 1
            if tokens[body:body + 1] == ["{"]:
                found.setdefault(tokens[at + 1], []).append(tokens[body:rust_tokens.closed(tokens, body)])
    return found


def _arms(body: list[str]) -> list[tuple[str, int, int]]:
    """What a body does for each text: the arm behind `"text" =>`, or the block of an `if` about it, by its first token and the one past its last."""
    found = []
    for at, token in enumerate(body):
        if not token.endswith('"'):
            continue
        start = next((place for place in range(at + 1, len(body)) if body[place] not in ("|", ")") and not body[place].endswith('"')), None)
        if start is None or body[start] not in ("=>", "{"):
            continue
        start += body[start] == "=>"
        end = start
        while end < len(body) and body[end] not in (",", "}"):
            is_block, end = end == start and body[end] == "{", rust_tokens.closed(body, end) if body[end] in "([{" else end + 1
            if is_block:
                break
        found.append((token.strip('"'), start, end))
    return found


def _constant(arm: list[str]) -> str | None:
    """The constant that an arm is: alone, in `Ok(..)`, or a field of the geometry, which the constant of its name fixes."""
    words = [word for word in arm if _WORD.match(word) and word != "Ok"]
    if not words or any(arm[at + 1:at + 2] == ["("] and word in words for at, word in enumerate(arm)) or not {word for word in arm if not _WORD.match(word)} <= {"(", ")", "::", "."}:
        return None
    if words[0] == "geometry" and len(words) == 2:
        return "Geometry" if words[1] == "page_bytes" else words[1].upper()
    return words[-1] if _CONSTANT.match(words[-1]) else None
