"""What the documents say about the surfaces: the revision of each, in the reference page, the reference index and the release notes.

A surface has a revision, a number that every change of its code raises. The page's table says what the revision brought, the index
repeats the number beside where the surface is described, a bullet of the release notes says it to users.
"""

import hashlib
import re
from dataclasses import dataclass

PAGE = "docs/allocator-fast-paths.md"
INDEX = "docs/reference-index.md"
NOTES = "RELEASE_NOTES.md"

WORDS_MIN = 3  # fewer say nothing

# `| page backend | 3 | what it brought |`
_PAGE_ROW = re.compile(r"^\| *(?P<surface>[^|\n]+?) *\| *(?P<revision>[0-9]+) *\| *(?P<said>[^|\n]+?) *\|$", re.M)
# `| Page backend: page sources, spans | [page](x.md) | `where` | 3 |`
_INDEX_ROW = re.compile(r"^\| *(?P<subject>[^|\n]+?) *\|(?:[^|\n]*\|)+? *(?P<revision>[0-9]+) *\|$", re.M)
# `- **Page backend**, revision 3: what users notice.`
_BULLET = re.compile(r"^- \*\*(?P<surfaces>[^*\n]+)\*\*, revision (?P<revision>[0-9]+): (?P<said>.+)$", re.M)


@dataclass(frozen=True)
class Said:
    """A revision, and what a document says of it."""

    revision: int
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()

    @property
    def is_something(self) -> bool:
        return len(self.text.split()) >= WORDS_MIN


def page(tree, surface: str) -> Said | None:
    """The row of the reference page's table; None when it is not there exactly once."""
    return _only([Said(int(row["revision"]), row["said"]) for row in _PAGE_ROW.finditer(text(tree, PAGE)) if is_named(surface, row["surface"])])


def index(tree, surface: str) -> Said | None:
    """The row of the reference index; None when it is not there exactly once."""
    return _only([Said(int(row["revision"]), row["subject"]) for row in _INDEX_ROW.finditer(text(tree, INDEX)) if begins_with(surface, row["subject"])])


def notes(tree, version: str, surface: str, revision: int) -> Said | None:
    """The sentence of this version's release notes that names the surface and the revision; several are one text."""
    said = [row["said"] for row in _BULLET.finditer(section(text(tree, NOTES), version))
            if int(row["revision"]) == revision and any(is_named(surface, name) for name in row["surfaces"].split(","))]
    return Said(revision, " ".join(said)) if said else None


def section(notes_text: str, version: str) -> str:
    """The part of the release notes below `## VERSION`."""
    found = re.search(rf"^## {re.escape(version)}(?=\s|$).*?(?=^## |\Z)", notes_text, re.M | re.S)
    return found.group() if found else ""


def versions(tree) -> list[str]:
    """The versions that the release notes have a section about."""
    return re.findall(r"^## ([0-9]+\.[0-9]+\.[0-9]+[^\s,]*)", text(tree, NOTES), re.M)


def is_unreleased(tree, version: str) -> bool:
    """Whether the release notes say so of the version."""
    return re.search(rf"^## {re.escape(version)} \(unreleased\)$", text(tree, NOTES), re.M) is not None


def not_first(tree) -> list[str]:
    """Why the version is not a first one that nobody has yet."""
    now, reasons = version(tree), []
    if not is_unreleased(tree, now):
        reasons.append(f"{NOTES} has no heading `## {now} (unreleased)`")
    reasons += [f"{NOTES} has a section about {other}" for other in versions(tree) if other != now]
    if tree.read(f"release/{now}.md") is not None:
        reasons.append(f"release/{now}.md says that the release check passed on it")
    return reasons


def version(tree) -> str:
    """The version that the workspace's crates share."""
    found = re.search(r'^\[workspace\.package\][^\[]*?^version = "([^"]+)"', text(tree, "Cargo.toml"), re.M | re.S)
    return found.group(1) if found else ""


def is_named(surface: str, name: str) -> bool:
    """Whether `name` is the surface, in the plural too and in any case."""
    return name.strip().lower() in (surface.lower(), surface.lower() + "s", "allocator " + surface.lower())


def begins_with(surface: str, subject: str) -> bool:
    return is_named(surface, subject.split(":")[0])


def text(tree, path: str) -> str:
    return visible((tree.read(path) or b"").decode("utf-8", "replace"))


def visible(text: str) -> str:
    """A document without the comments that its readers never see."""
    return re.sub(r"<!--.*?(?:-->|\Z)", "", text, flags=re.S)


def _only(found: list):
    return found[0] if len(found) == 1 else None
