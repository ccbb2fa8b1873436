"""What the judge says when something is wrong: one value per fact, rendered in one place."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong. `row` is a line number of the file (the header is line 1), 0 when it concerns the whole file."""

    file: str
    row: int
    column: str
    code: str
    message: str
    remedy: str

    def render(self) -> str:
        place = self.file
        if self.row:
            place += f":{self.row}"
        if self.column:
            place += f" [{self.column}]"
        return f"{self.code} {place}: {self.message}\n  to mend it: {self.remedy}"

    def record(self) -> dict:
        return asdict(self)
