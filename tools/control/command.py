"""Commands that checks run: a failure is a value with what the command said, never a traceback."""

import os
import shlex
import subprocess
from dataclasses import dataclass

from gate.code import Code

from . import codes
from .finding import Finding

LINES_SHOWN = 12


@dataclass(frozen=True)
class Ran:
    """How a command ended; `code` is None when it could not be started or took too long."""

    arguments: tuple[str, ...]
    code: int | None
    out: str
    err: str

    @property
    def is_good(self) -> bool:
        return self.code == 0

    def said(self) -> str:
        """The last lines that it printed, to be shown."""
        lines = [line for line in (self.err + "\n" + self.out).split("\n") if line.strip()]
        return "\n  | ".join(lines[-LINES_SHOWN:])

    def finding(self, code: Code = codes.RUN, remedy: str = "") -> Finding:
        ended = "could not be started or did not end" if self.code is None else f"ended with {self.code}"
        return Finding(code, f"`{shlex.join(self.arguments)}`", f"{ended}\n  | {self.said()}", remedy)


def run(arguments, folder: str | None = None, more: dict | None = None, seconds: int = 900) -> Ran:
    """Runs a command to its end. `more` comes on top of the environment; None as a value removes a variable."""
    environment = dict(os.environ)
    for name, value in (more or {}).items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    arguments = tuple(arguments)
    try:
        done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        return Ran(arguments, None, "", str(error))
    return Ran(arguments, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def cargo() -> str:
    return os.environ.get("CARGO", "cargo")


def target(root: str) -> str:
    """The target folder; `CARGO_TARGET_DIR` is honoured."""
    return os.path.abspath(os.environ.get("CARGO_TARGET_DIR") or os.path.join(root, "target"))
