"""Command line of the release check. Exit 0: passed; 1: findings; 2: used wrongly."""

import argparse
import os
import sys
import time

from control.finding import Outcome

from . import codes, public_api, steps, summary

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EPILOG = """examples:
  make release-check                       everything; writes release/VERSION.md if it passed
  %(prog)s --only packages --only licences single steps; writes no summary
  %(prog)s --accept-public-api             record the public API as it is
"""


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    root = os.path.abspath(arguments.root)
    if arguments.list:
        return list_steps()
    if arguments.accept_public_api:
        return end(public_api.accept(root))
    return run(root, arguments.only)


def run(root: str, only: list[str] | None) -> int:
    """Every step, also after one that failed. The last line is the verdict."""
    outcomes: dict[str, Outcome] = {}
    seconds: dict[str, float] = {}
    seed = steps.seed(os.environ)
    print(f"release: random tests begin with {steps.SEED}={seed}", flush=True)
    names = tuple(dict.fromkeys(only)) if only else steps.NAMES
    for number, name in enumerate(names, start=1):
        began = time.monotonic()
        print(f"release: {name} ({number} of {len(names)}) ..", flush=True)
        outcomes[name] = outcome = steps.perform(root, name, seed)
        for item in outcome.findings:
            print(item.render(), flush=True)
        for sentence in outcome.skipped:
            print(f"release: {name}: not checked: {sentence}", flush=True)
        seconds[name] = time.monotonic() - began
        print(f"release: {name}: {'FAILED' if outcome.findings else outcome.summary} ({seconds[name]:.0f} s)", flush=True)
    print()
    for name, outcome in outcomes.items():
        print(f"{name:<12} {seconds[name]:>6.0f} s  {'FAILED' if outcome.findings else outcome.summary.partition(' after ')[0]}")
    is_good = not any(outcome.findings for outcome in outcomes.values())
    if is_good and not only:
        print(f"\nsummary: {summary.write(root, outcomes, seed)}; commit it with the release")
    print(verdict(outcomes, seconds, bool(only)))
    return 0 if is_good else 1


def verdict(outcomes: dict[str, Outcome], seconds: dict[str, float], is_part: bool) -> str:
    """One line: passed or not, how long it took, and what nobody looked at."""
    failed = [name for name, outcome in outcomes.items() if outcome.findings]
    skipped = sum(len(outcome.skipped) for outcome in outcomes.values())
    parts = [f"release check: FAILED: {', '.join(failed)}; no summary was written" if failed else f"release check: passed: {', '.join(outcomes)}"]
    parts += [f"{skipped} not checked"] if skipped else []
    parts += ["only these steps, no summary was written"] if is_part and not failed else []
    return "; ".join([*parts, f"{sum(seconds.values()) / 60:.0f} min"])


def end(outcome: Outcome) -> int:
    for item in outcome.findings:
        print(item.render())
    print(f"public-api: {outcome.summary}")
    return 1 if outcome.findings else 0


def list_steps() -> int:
    for name, check in (steps.CHECKS | steps.LAST).items():
        print(f"step  {name:<12} {(check.__doc__ or sys.modules[check.__module__].__doc__).strip().splitlines()[0]}")
    for name, target in steps.TARGETS.items():
        print(f"step  {name:<12} `make {' '.join(target.names)}`: {target.about}")
    for code in codes.EXPLANATIONS:
        print(f"code  {code.explained()}")
    return 0


def parser() -> argparse.ArgumentParser:
    answer = argparse.ArgumentParser(prog="release-check.py", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Runs everything that a release needs, reuses nothing, and writes the summary of the version.")
    answer.add_argument("--root", default=ROOT, help="repository to check (default: the one this script lies in)")
    answer.add_argument("--only", action="append", choices=steps.NAMES, metavar="STEP", help="only this step; may be given again; no summary is written")
    answer.add_argument("--list", action="store_true", help="every step and code")
    answer.add_argument("--accept-public-api", action="store_true", help="record the public API of the published crates as it is")
    return answer
