"""What the judge says when something is wrong: one value per fact, rendered in one place."""

from dataclasses import asdict, dataclass

from . import codes
from .rules import RULES


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong. `row` is a line number of the file (the header is line 1), 0 when it concerns the whole file."""

    file: str
    row: int
    column: str
    code: str
    message: str
    remedy: str
    rule: str

    def render(self) -> str:
        place = self.file
        if self.row:
            place += f":{self.row}"
        if self.column:
            place += f" [{self.column}]"
        return f"{self.code} {place}: {self.message}\n  rule {self.rule}; to mend it: {self.remedy}"

    def record(self) -> dict:
        return asdict(self)


def finding(rule: str, path: str, row: int, column: str, message: str, remedy: str = "", code: str = "") -> Finding:
    """A breach of `rule`. A rule that answers with one of several codes is told which; the others have one."""
    known = RULES[rule].codes
    if code and code not in known or not code and len(known) != 1:
        raise ValueError(f"rule {rule} answers with {', '.join(known)}, not `{code}`")
    found = codes.EXPLANATIONS[code or known[0]]
    return Finding(path, row, column, found, message, remedy or found.remedy, rule)
