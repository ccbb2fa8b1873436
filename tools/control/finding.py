"""What a check answers: findings, one fact each, and one line that says what was looked at."""

from dataclasses import asdict, dataclass, field

from gate.code import Code


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong: where, what, and the command or edit that mends it, the code's own if none is given."""

    code: Code
    place: str
    message: str
    remedy: str = ""

    def __post_init__(self):
        if not self.remedy:
            object.__setattr__(self, "remedy", self.code.remedy)

    def render(self) -> str:
        return f"{self.code} {self.place}: {self.message}\n  to mend it: {self.remedy}"

    def record(self) -> dict:
        return asdict(self)


@dataclass
class Outcome:
    """How a check ended. `skipped` holds a sentence for each part that this machine cannot do."""

    summary: str
    findings: list[Finding] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
