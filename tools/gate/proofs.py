"""Tests that prove something: they run, and there is something in them that can fail."""

import functools

from . import rust_tokens

# Conditions under which no build ever compiles a test.
_NEVER = (["any", "(", ")"], ["FALSE"], ["false"])


@functools.lru_cache(maxsize=1024)
def proving(data: bytes) -> frozenset[str]:
    """Names of the tests of a Rust source that are compiled, are not ignored, and call something. Comments and text are none of it."""
    try:
        tokens = rust_tokens.tokens(data.decode("utf-8")) or []
    except UnicodeDecodeError:
        tokens = []
    found, attributes, at = set(), [], 0
    while at < len(tokens):
        if tokens[at] == "#" and tokens[at + 1:at + 2] == ["["]:
            end = rust_tokens.closed(tokens, at + 1)
            attributes.append(tokens[at + 2:end - 1])
            at = end
        elif tokens[at] == "fn" and ["test"] in attributes:
            name = tokens[at + 1] if at + 1 < len(tokens) else ""
            body = tokens.index("{", at) if "{" in tokens[at:] else len(tokens)
            end = rust_tokens.closed(tokens, body)
            if "(" in tokens[body:end] and not any(map(_hides, attributes)):
                found.add(name)
            attributes, at = [], end
        else:
            # Words that may stand between attributes and `fn`.
            if tokens[at] not in ("pub", "unsafe", "extern", "async", "const"):
                attributes = []
            at += 1
    return frozenset(found)


def _hides(attribute: list[str]) -> bool:
    """Whether a test with the attribute does not run."""
    if attribute[:1] == ["ignore"]:
        return True
    return attribute[:1] in (["cfg"], ["cfg_attr"]) and any(attribute[2:2 + len(never)] == never for never in _NEVER)
