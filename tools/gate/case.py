"""What the checks are given: the repository, the committed evidence, the fresh evidence when a run was made."""

import re
from dataclasses import dataclass, field

from .evidence import Evidence, fresh_over

REUSE = "reuse.tsv"  # the note in a fresh folder; see bench-corpus/src/evidence/reuse.rs
COUNT = re.compile(r"[0-9]{1,9}\Z")


@dataclass
class Case:
    """`fresh` is None when only committed files are judged. `machine` is what this machine is, None when it cannot be asked; `records`
    are the processes that the judge started, `called` what the stepped programs call; None when none was started or read."""

    tree: object
    fresh_tree: object | None
    machine: dict | None = None
    records: dict | None = None
    called: dict | None = None
    committed: Evidence = field(init=False)
    fresh: Evidence | None = field(init=False)

    def __post_init__(self):
        self.committed = Evidence(self.tree)
        self.fresh = Evidence(fresh_over(self.tree, self.fresh_tree), "fresh") if self.fresh_tree is not None else None

    def text(self, path: str) -> str:
        """A file of the repository, empty without it."""
        return (self.tree.read(path) or b"").decode("utf-8", "replace")

    def built(self, profile: str) -> bool:
        """Whether the profile counts as built."""
        row = self.committed.get("allocator/profiles.tsv", profile)
        return row is not None and row["status"] == "built"

    @property
    def reused(self) -> int:
        """Rows of the fresh folder that an earlier run measured, by the note that the run left; 0 without one."""
        data = self.fresh_tree.read(REUSE) if self.fresh_tree is not None else None
        for line in (data or b"").decode("utf-8", "replace").split("\n"):
            item, _, value = line.partition("\t")
            if item == "reused-rows" and COUNT.match(value):
                return int(value)
        return 0

    @property
    def judged(self) -> list[Evidence]:
        """Both sets: every rule that needs no comparison holds for each."""
        return [self.committed] + ([self.fresh] if self.fresh is not None else [])
