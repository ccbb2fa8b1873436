"""Leaks and shutdown: a program of each profile runs to its end and must have nothing left, and says so when it leaks on purpose.

Without the second run the first one proves little: a report that never reports would pass. The freestanding programs have no shutdown;
they end with 0 if their heaps are empty and sound, and with the number of the step that failed otherwise.
"""

from . import codes
from .command import Ran, run
from .finding import Finding, Outcome
from .programs import ARTIFACTS, Artifact, Builds

LEAK_CODE = "ALLOCATOR_SHUTDOWN_LEAK"
SECONDS = 120


def check(builds: Builds) -> Outcome:
    found, runs = [], 0
    for artifact in ARTIFACTS:
        if not artifact.is_program:
            continue
        built, path = builds.artifact(artifact)
        if not built.is_good or not path:
            found.append(built.finding())
            continue
        for is_leaking in (False, True) if artifact.is_leaking else (False,):
            found += judge(artifact, is_leaking, run([path, *(["leak"] if is_leaking else [])], seconds=SECONDS))
            runs += 1
    profiles = len({artifact.profile for artifact in ARTIFACTS if artifact.is_program})
    return Outcome(f"{runs} runs of {profiles} profiles' programs", found)


def judge(artifact: Artifact, is_leaking: bool, ran: Ran) -> list[Finding]:
    """What is wrong with how a program ended."""
    if not ran.is_good:
        return [ran.finding(codes.LEAK)]
    if not artifact.is_leaking:
        return []
    place = f"{artifact.profile} ({artifact.file}{' leak' if is_leaking else ''})"

    def bad(message: str) -> list[Finding]:
        return [Finding(codes.LEAK, place, message)]

    cells = ran.out.strip().split("\t")
    if len(cells) != 3 or cells[0] != artifact.profile or not cells[1].isdigit():
        return bad(f"printed `{ran.out.strip()[:80]}`, not its profile, bytes and code")
    live, code = int(cells[1]), cells[2]
    if is_leaking and (live == 0 or code != LEAK_CODE):
        return bad(f"leaked on purpose, and its shutdown reports {live} bytes and code `{code}`")
    if not is_leaking and (live != 0 or code != "-"):
        return bad(f"has {live} bytes in use after shutdown, code `{code}`")
    return []
