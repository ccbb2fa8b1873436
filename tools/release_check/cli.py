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
    outcomes: dict[str, Outcome] = {}
    for name in only or steps.NAMES:
        began = time.monotonic()
        print(f"release: {name} ..", flush=True)
        outcomes[name] = outcome = steps.perform(root, name)
        for item in outcome.findings:
            print(item.render(), flush=True)
        for sentence in outcome.skipped:
            print(f"release: {name}: not checked: {sentence}", flush=True)
        print(f"release: {name}: {'FAILED' if outcome.findings else outcome.summary} ({time.monotonic() - began:.0f} s)", flush=True)
    failed = [name for name, outcome in outcomes.items() if outcome.findings]
    if failed:
        print(f"FAILED: {', '.join(failed)}; no summary was written")
        return 1
    skipped = sum(len(outcome.skipped) for outcome in outcomes.values())
    print(f"passed: {', '.join(outcomes)}" + (f"; {skipped} not checked" if skipped else ""))
    if not only:
        print(f"summary: {summary.write(root, outcomes)}; commit it with the release")
    return 0


def end(outcome: Outcome) -> int:
    for item in outcome.findings:
        print(item.render())
    print(f"public-api: {outcome.summary}")
    return 1 if outcome.findings else 0


def list_steps() -> int:
    for name, check in steps.CHECKS.items():
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
