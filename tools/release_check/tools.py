"""Programs that only a release needs: used if they are installed, otherwise installed by cargo below the target folder, once."""

import os
from dataclasses import dataclass

from control.command import Ran, cargo, run, target


@dataclass(frozen=True)
class Tool:
    """A program of a crate, in the version that the check was written for."""

    name: str
    version: str


DENY = Tool("cargo-deny", "0.20.2")
# Reads the JSON of rustdoc 1.95 (format 57).
PUBLIC_API = Tool("cargo-public-api", "0.52.0")

INSTALL_SECONDS = 3600


def find(root: str, tool: Tool) -> tuple[str, Ran | None]:
    """The program, and how its installation ended if there was one."""
    folder = os.path.join(target(root), "tools")
    own = os.path.join(folder, "bin", tool.name)
    for program in (own, tool.name):
        answer = run([program, "--version"])
        if answer.is_good and tool.version in answer.out:
            return program, None
    print(f"release: installing {tool.name} {tool.version}, once; it takes some minutes ..", flush=True)
    arguments = [cargo(), "install", "--quiet", "--locked", "--root", folder, "--target-dir", os.path.join(folder, "build"), f"{tool.name}@{tool.version}"]
    return own, run(arguments, root, {"RUSTFLAGS": None}, INSTALL_SECONDS)
