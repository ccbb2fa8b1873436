"""Documentation impact: a change to a surface's code needs the reference page, the index, the release notes and the evidence in the same change.

What the code was is recorded in compat/native-memory: `sources.tsv`, a digest of each file's code, and `surfaces.tsv`, the revision of each
surface in each version. No history is asked. Code that differs from the record is a change nobody documented yet, or documented and did
not record; recording refuses while a document is missing. So the record always is what the documents are about.
"""

import hashlib

from gate.checks import provenance

from . import codes, documents, record, surfaces
from .finding import Finding, Outcome

SOURCES = f"{record.FOLDER}/sources.tsv"
SOURCES_HEADER = ("path", "sha256")
SURFACES = f"{record.FOLDER}/surfaces.tsv"
SURFACES_HEADER = ("version", "surface", "revision", "sources_sha256", "page_sha256", "notes_sha256")
ACCEPT = "`make accept-documentation`"
ACCEPT_FIRST = "while the first version is unreleased, `make accept-documentation FIRST=1` records everything as its first revision"


class Impact:
    """The code and the record of one tree."""

    def __init__(self, tree, is_first: bool = False):
        """With `is_first` nothing counts as recorded: the version is the first, and its code is all new."""
        self.tree = tree
        self.version = documents.version(tree)
        self.fresh = {path: surfaces.digest(tree.read(path) or b"") for path in surfaces.files(tree)}
        rows, self.broken = ([], []) if is_first else record.read(tree, SOURCES, SOURCES_HEADER, 1)
        self.recorded = dict(rows)
        rows, more = ([], []) if is_first else record.read(tree, SURFACES, SURFACES_HEADER, 2)
        self.broken += more
        self.rows = {row[:2]: row for row in rows}

    def changed(self, surface: str) -> list[str]:
        """Files of the surface that are new, gone or other code than recorded, each with a word that says which."""
        answer = []
        for path in sorted(self.fresh.keys() | self.recorded.keys()):
            if surface in surfaces.of(path) and self.fresh.get(path) != self.recorded.get(path):
                word = "new" if path not in self.recorded else "gone" if path not in self.fresh else "changed"
                answer.append(f"{path} ({word})")
        return answer

    def digest(self, surface: str, files: dict) -> str:
        lines = "".join(f"{files[path]}  {path}\n" for path in sorted(files) if surface in surfaces.of(path))
        return hashlib.sha256(lines.encode()).hexdigest()

    def versions(self) -> list[str]:
        return sorted({version for version, _ in self.rows}, key=order)

    def row(self, surface: str):
        """What was recorded last, of this version or one before."""
        known = [version for version in self.versions() if (version, surface) in self.rows]
        return self.rows[known[-1], surface] if known else None

    def released(self, surface: str):
        """What was recorded of the version before this one."""
        known = [version for version in self.versions() if version != self.version and (version, surface) in self.rows]
        return self.rows[known[-1], surface] if known else None


def order(version: str) -> tuple:
    return tuple(int(part) if part.isdigit() else -1 for part in version.replace("-", ".").split("."))


def check(tree) -> Outcome:
    impact = Impact(tree)
    found = unassigned(impact) + impact.broken
    if not impact.broken:
        for surface in surfaces.SURFACES:
            found += of_surface(impact, surface)
        found += inconsistent(impact)
    count = sum(bool(impact.changed(surface)) for surface in surfaces.SURFACES) if not impact.broken else 0
    return Outcome(f"{len(impact.fresh)} files of {len(surfaces.SURFACES)} surfaces, {count} surfaces changed since recorded", found)


def accept(root: str, tree, is_first: bool = False) -> Outcome:
    """Records the code and the revisions, if every changed surface is documented. `is_first`: all of it is the first revision of a first version."""
    impact = Impact(tree, is_first)
    found = unassigned(impact) + (not_first(tree) if is_first else impact.broken + unrecorded(impact))
    if not found:
        for surface in surfaces.SURFACES:
            found += undocumented(impact, surface)
    if found:
        return Outcome("nothing was recorded", found)
    changed = record.write(root, SOURCES, SOURCES_HEADER, impact.fresh.items())
    rows = {key: row for key, row in impact.rows.items() if key[0] != impact.version}
    for surface in surfaces.SURFACES:
        said = documents.page(tree, surface)
        noted = documents.notes(tree, impact.version, surface, said.revision)
        last = impact.row(surface)
        rows[impact.version, surface] = (impact.version, surface, str(said.revision), impact.digest(surface, impact.fresh), said.digest,
                                         noted.digest if noted else last[5])
    changed = record.write(root, SURFACES, SURFACES_HEADER, rows.values()) or changed
    return Outcome(f"{len(impact.fresh)} files of {len(surfaces.SURFACES)} surfaces; {'renewed' if changed else 'already recorded'}")


def unrecorded(impact: Impact) -> list[Finding]:
    """Surfaces of which no version has a row. Without one, the next acceptance would ask for no revision."""
    return [bad(surface, "no row says its revision", f"restore the row with `git checkout`; {ACCEPT_FIRST}", codes.RECORD, SURFACES)
            for surface in surfaces.SURFACES if not impact.broken and impact.row(surface) is None]


def not_first(tree) -> list[Finding]:
    """Why this is not a first version that nobody has: then a change of code is a revision."""
    version = documents.version(tree)
    others = sorted({row[0] for row in record.read(tree, SURFACES, SURFACES_HEADER, 2)[0]} - {version})
    reasons = documents.not_first(tree) + [f"{SURFACES} has rows of {other}" for other in others]
    return [Finding(codes.RECORD, f"version {version}", f"is not a first one that is unreleased: {reason}", f"{ACCEPT}, with the documents that a revision needs")
            for reason in reasons]


def of_surface(impact: Impact, surface: str) -> list[Finding]:
    """What is wrong with a surface: undocumented, or documented and not recorded; otherwise that documents and record disagree."""
    if impact.changed(surface):
        missing = undocumented(impact, surface)
        return missing or [bad(surface, f"changed ({listed(impact.changed(surface))}) and is documented, but not recorded", ACCEPT)]
    revision, found = int(impact.row(surface)[2]) if impact.row(surface) else 0, []
    for path, said in ((documents.PAGE, documents.page(impact.tree, surface)), (documents.INDEX, documents.index(impact.tree, surface))):
        if said is None or said.revision != revision:
            found.append(bad(surface, f"{path} does not give it revision {revision} in exactly one row, and its code is that of revision {revision}",
                             f"correct the row in {path}"))
    if is_new(impact, surface, revision) and documents.notes(impact.tree, impact.version, surface, revision) is None:
        found.append(bad(surface, f"no bullet of {documents.NOTES} under {impact.version} names revision {revision}",
                         f"write `- **{titled(surface)}**, revision {revision}: ..` there"))
    if (impact.version, surface) not in impact.rows:
        found.append(bad(surface, f"is not recorded for version {impact.version}", ACCEPT))
    return found


def is_new(impact: Impact, surface: str, revision: int) -> bool:
    """Whether the revision came with this version."""
    before = impact.released(surface)
    return before is None or int(before[2]) < revision


def undocumented(impact: Impact, surface: str) -> list[Finding]:
    """What a change of the surface still lacks. A surface that did not change lacks nothing."""
    changed, last = impact.changed(surface), impact.row(surface)
    if not changed and last is not None:
        return [item for item in of_surface(impact, surface) if item.remedy != ACCEPT]
    wanted = int(last[2]) + 1 if last else 1
    lacks = []
    said = documents.page(impact.tree, surface)
    if said is None or said.revision != wanted or not said.is_something:
        lacks.append(f"{documents.PAGE}: one row `| {surface} | {wanted} | what is new |` in the table of surfaces")
    elif last and said.digest == last[4]:
        lacks.append(f"{documents.PAGE}: says of revision {wanted} what it said of {wanted - 1}")
    said = documents.index(impact.tree, surface)
    if said is None or said.revision != wanted:
        lacks.append(f"{documents.INDEX}: revision {wanted} in the one row of the surface")
    said = documents.notes(impact.tree, impact.version, surface, wanted)
    if said is None or not said.is_something:
        lacks.append(f"{documents.NOTES}: `- **{titled(surface)}**, revision {wanted}: what users notice` under {impact.version}")
    elif last and said.digest == last[5]:
        lacks.append(f"{documents.NOTES}: says of revision {wanted} what it said of {wanted - 1}")
    if last and not is_evidence_current(impact.tree):
        lacks.append(f"{provenance.FILE}: was made from other sources, `make evidence`")
    lines = "".join(f"\n  | {line}" for line in lacks)
    return [bad(surface, f"changed since revision {wanted - 1}: {listed(changed)}; still missing:{lines}", codes.DOCUMENTATION.remedy)] if lacks else []


def is_evidence_current(tree) -> bool:
    """Whether the committed evidence was made from the sources in the tree."""
    lines = documents.text(tree, provenance.FILE).split("\n")
    return any(line.split("\t")[:2] == ["sources", provenance.sources(tree)] for line in lines)


def unassigned(impact: Impact) -> list[Finding]:
    return [Finding(codes.DOCUMENTATION, path, "belongs to no surface", "assign it in tools/control/surfaces.py")
            for path in impact.fresh if not surfaces.of(path)]


def inconsistent(impact: Impact) -> list[Finding]:
    """Rows of this version whose digest is not that of the recorded files: the record was edited by hand, or merged by halves."""
    return [bad(surface, "the digests of its files and its own digest do not belong together", ACCEPT, codes.RECORD, SURFACES)
            for surface in surfaces.SURFACES
            if (impact.version, surface) in impact.rows and impact.rows[impact.version, surface][3] != impact.digest(surface, impact.recorded)]


def explain(tree) -> str:
    """The changed files of every changed surface, for `--explain`."""
    impact = Impact(tree)
    if impact.broken:
        return "\n".join(item.render() for item in impact.broken)
    lines = []
    for surface in surfaces.SURFACES:
        files, row = impact.changed(surface), impact.row(surface)
        if files:
            lines.append(f"{surface}: changed since revision {row[2] if row else 0}")
            lines += [f"  {path}" for path in files]
    return "\n".join(lines) or "no surface changed since it was recorded"


def titled(surface: str) -> str:
    return surface[:1].upper() + surface[1:]


FILES_LISTED = 3


def listed(files: list[str]) -> str:
    more = len(files) - FILES_LISTED
    return ", ".join(files[:FILES_LISTED]) + (f" and {more} more" if more > 0 else "")


def bad(surface: str, message: str, remedy: str, code: str = codes.DOCUMENTATION, place: str = "") -> Finding:
    return Finding(code, place or f"surface `{surface}`", message, remedy)
