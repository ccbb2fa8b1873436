"""The tokens of a Rust source, without comments and white space: what a digest of sources is made of.

A changed comment or another line break changes nothing that is measured, so it must not make evidence stale. Nothing else may be lost:
two sources with the same tokens are the same program, but for line numbers in panic messages and the text of doc comments, which reach
documentation and `--help`. The rules, which bench-corpus/src/evidence/rust_tokens.rs follows too (tools/tests/rust-tokens.json holds
both to the same vectors):

- white space and comments (`//` to the end of the line, `/* */` nested) separate tokens and are none;
- string, byte and character literals are one token each, prefix and suffix included, verbatim;
- a run of letters, digits, `_` and characters beyond ASCII is one token, so is a lifetime, so is a raw identifier;
- each of `( ) [ ] { } , ;` is one token, and so is each unbroken run of the other characters: `& &` and `&&` differ.

A source that does not end properly (an open literal or comment), holds a zero byte or is not UTF-8 has no tokens; its bytes are digested.
"""

import re

_SPACE = re.compile(r"[ \t\n\r\x0b\x0c]+")
_WORD = re.compile(r"[A-Za-z0-9_\x80-\U0010ffff]+")
_LINE = re.compile(r"//[^\n]*")
_BLOCK = re.compile(r"/\*|\*/")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
_CHARACTER = re.compile(r"'(?:\\.[^']*|[^\\'])'", re.S)
_RAW = re.compile(r'(#*)"')
_RAW_NAME = re.compile(r"#[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*")
_PUNCTUATION = re.compile(r"(?:[^ \t\n\r\x0b\x0cA-Za-z0-9_\x80-\U0010ffff()\[\]{},;\"'/]|/(?![/*]))+")

ALONE = "()[]{},;"
_QUOTED = ("", "b", "c")
_RAW_PREFIXES = ("r", "br", "cr")


def tokens(source: str) -> list[str] | None:
    """The tokens in order; None when the source does not end properly."""
    if "\0" in source:
        return None
    found, at = [], 0
    while at < len(source):
        character = source[at]
        if space := _SPACE.match(source, at) or _LINE.match(source, at):
            at = space.end()
        elif source.startswith("/*", at):
            end = _comment_end(source, at)
            if end is None:
                return None
            at = end
        elif character in ALONE:
            found.append(character)
            at += 1
        else:
            end = _token_end(source, at)
            if end is None:
                return None
            found.append(source[at:end])
            at = end
    return found


def _comment_end(source: str, start: int) -> int | None:
    """Past the `*/` that closes the comment at `start`; comments nest."""
    depth, at = 0, start
    while mark := _BLOCK.search(source, at):
        depth += 1 if mark.group() == "/*" else -1
        at = mark.end()
        if depth == 0:
            return at
    return None


def _token_end(source: str, start: int) -> int | None:
    """Past the literal, word, lifetime or run of punctuation at `start`; None for a literal that does not end."""
    word = _WORD.match(source, start)
    at = word.end() if word else start
    prefix = word.group() if word else ""
    following = source[at:at + 1]
    if prefix in _RAW_PREFIXES and (raw := _RAW.match(source, at)):
        close = source.find('"' + raw.group(1), raw.end())
        return None if close < 0 else _suffix_end(source, close + 1 + len(raw.group(1)))
    if prefix == "r" and (name := _RAW_NAME.match(source, at)):
        return name.end()
    if following == '"' and prefix in _QUOTED:
        string = _STRING.match(source, at)
        return _suffix_end(source, string.end()) if string else None
    if following == "'" and prefix in ("", "b"):
        character = _CHARACTER.match(source, at)
        # `'a'` is a character, `'a` a lifetime: what ends after one character or begins with a backslash is the former.
        if character:
            return _suffix_end(source, character.end())
        if prefix:
            return at
        if source.startswith("\\", at + 1):
            return None
        name = _WORD.match(source, at + 1)
        return name.end() if name else at + 1
    if word:
        return at
    if following == '"':
        return None
    return _PUNCTUATION.match(source, at).end()


def _suffix_end(source: str, at: int) -> int:
    word = _WORD.match(source, at)
    return word.end() if word else at


def closed(tokens: list[str], at: int) -> int:
    """Past the bracket that closes the one at `at`."""
    depth = 0
    while at < len(tokens):
        depth += (tokens[at] in "([{") - (tokens[at] in ")]}")
        at += 1
        if depth == 0:
            break
    return at


def canonical(data: bytes) -> bytes:
    """The tokens, each ended by a zero byte; the bytes themselves when they have none."""
    try:
        found = tokens(data.decode("utf-8"))
    except UnicodeDecodeError:
        found = None
    return data if found is None else "".join(token + "\0" for token in found).encode("utf-8")
