"""The artifacts that stand for the profiles, and how each is built: one package at a time, so that no other's features reach it."""

import json
import os
import shutil
import sys
from dataclasses import dataclass

from .command import Ran, cargo, run, target

PROFILES = "compiler-alloc/examples/profiles"
FREESTANDING = "compiler-alloc/examples/freestanding"
MALLOC = "compat/malloc"
BUILD_SECONDS = 3600


@dataclass(frozen=True)
class Artifact:
    """What is built for a profile: from `package`, with `flags`; `file` is its name, a program's or a shared library's."""

    profile: str
    package: str
    file: str
    flags: tuple[str, ...] = ()
    is_program: bool = True
    is_leaking: bool = True  # whether the program knows the argument `leak`


ARTIFACTS = (
    Artifact("compiler-internal", PROFILES, "compiler_internal"),
    Artifact("freestanding", FREESTANDING, "blocks", is_leaking=False),
    Artifact("freestanding", FREESTANDING, "global", is_leaking=False),
    Artifact("hosted-server", PROFILES, "hosted_server"),
    Artifact("hosted-small", MALLOC, "libcompiler_alloc_malloc.so", is_program=False),
    Artifact("hosted-small", PROFILES, "hosted_small"),
    Artifact("realtime", PROFILES, "realtime"),
    Artifact("test-fixture", PROFILES, "test_fixture", ("--features", "test-fixture")),
)


class Builds:
    """Builds artifacts once a run. What cargo is told besides is the same for all of them."""

    def __init__(self, root: str):
        self.root = root
        self._done: dict[tuple, tuple[Ran, str]] = {}

    def artifact(self, artifact: Artifact) -> tuple[Ran, str]:
        """How the build ended, and where the artifact is: cargo's own answer, not a guess."""
        flags = ("--lib", "--profile", "measured") if not artifact.is_program else ("--bin", artifact.file, "--release")
        # The malloc library is a member of the workspace, which the gate has built just so.
        return self.build(artifact.package, (*flags, *artifact.flags), artifact.file, "control" if artifact.is_program else "")

    def build(self, package: str, flags: tuple[str, ...], file: str, folder: str, more: dict | None = None) -> tuple[Ran, str]:
        key = (package, flags, file, folder)
        if key not in self._done:
            self._done[key] = self._build(package, flags, file, folder, more or {})
        return self._done[key]

    def _build(self, package: str, flags, file: str, folder: str, more: dict) -> tuple[Ran, str]:
        print(f"native memory:   building {file} of {package}{' into ' + folder if folder else ''} ..", file=sys.stderr, flush=True)
        self.lock(package)
        place = os.path.join(target(self.root), folder) if folder else target(self.root)
        arguments = [cargo(), "build", "--quiet", "--message-format", "json-render-diagnostics", "--target-dir", place,
                     "--manifest-path", os.path.join(self.root, package, "Cargo.toml"), *flags]
        ran = run(arguments, self.root, {"RUSTFLAGS": None, "CARGO_ENCODED_RUSTFLAGS": None, **more}, BUILD_SECONDS)
        return ran, built(ran.out, file)

    def lock(self, package: str) -> None:
        """A workspace of its own gets the versions that this repository was tested with."""
        if package in (PROFILES, FREESTANDING):
            shutil.copyfile(os.path.join(self.root, "Cargo.lock"), os.path.join(self.root, package, "Cargo.lock"))

    def crates(self, artifact: Artifact) -> Ran:
        """`cargo tree` of what is linked: no build scripts, no tests; a line `name vVERSION` each."""
        self.lock(artifact.package)
        return run([cargo(), "tree", "--quiet", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--target", host(),
                    "--manifest-path", os.path.join(self.root, artifact.package, "Cargo.toml"), *artifact.flags], self.root)


def built(messages: str, file: str) -> str:
    """The path that ends in `file` among the artifacts of cargo's messages; empty if there is none."""
    found = ""
    for line in messages.split("\n"):
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("reason") == "compiler-artifact":
            paths = [message.get("executable") or "", *message.get("filenames", ())]
            found = next((path for path in paths if os.path.basename(path) == file), found)
    return found


def toolchain() -> dict:
    """What rustc says of itself: `release`, `host` and so on."""
    answer = run([os.environ.get("RUSTC", "rustc"), "-vV"], seconds=60)
    return dict(line.split(": ", 1) for line in answer.out.split("\n") if ": " in line)


def host() -> str:
    return toolchain().get("host", "x86_64-unknown-linux-gnu")
