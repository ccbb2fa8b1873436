"""What the checks are given: the repository, the committed evidence, the fresh evidence when a run was made."""

from dataclasses import dataclass, field

from .evidence import Evidence, fresh_over


@dataclass
class Case:
    """`fresh` is None when only committed files are judged. `machine` is what this machine is, None when it cannot be asked."""

    tree: object
    fresh_tree: object | None
    machine: dict | None = None
    committed: Evidence = field(init=False)
    fresh: Evidence | None = field(init=False)

    def __post_init__(self):
        self.committed = Evidence(self.tree)
        self.fresh = Evidence(fresh_over(self.tree, self.fresh_tree), "fresh") if self.fresh_tree is not None else None

    def built(self, profile: str) -> bool:
        """Whether the profile counts as built."""
        row = self.committed.get("allocator/profiles.tsv", profile)
        return row is not None and row["status"] == "built"

    @property
    def judged(self) -> list[Evidence]:
        """Both sets: every rule that needs no comparison holds for each."""
        return [self.committed] + ([self.fresh] if self.fresh is not None else [])
