"""Command line of the native memory control. Exit 0: passed; 1: findings; 2: used wrongly."""

import argparse
import json
import os
import sys
import time

from gate.tree import FolderTree

from . import codes, dependencies, documentation, pass_budgets, sanitizers, shutdown
from .finding import Finding, Outcome
from .programs import Builds

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = "cargo run --quiet --release --package bench-corpus --features peers --"
EPILOG = """examples:
  make native-memory-control-check                      the allocator gate, then every check
  %(prog)s --only documentation                         one check
  %(prog)s --explain NATIVE_MEMORY_DOCUMENTATION        what a code means; of this one also the changed files of each surface
  %(prog)s --accept documentation                       record the code and the revisions, if everything is documented
  %(prog)s --accept documentation --first               the same of a first version that is unreleased: every revision stays 1
"""


class Control:
    """What the checks share: the repository, and what was built."""

    def __init__(self, root: str, bench: str):
        self.root, self.bench = root, bench
        self.tree = FolderTree(root)
        self.builds = Builds(root)


# The cheap ones first.
CHECKS = {
    "documentation": lambda control: documentation.check(control.tree),
    "pass-budgets": lambda control: pass_budgets.check(control.root, control.tree, control.bench),
    "dependencies": lambda control: dependencies.check(control.root, control.tree, control.builds),
    "shutdown": lambda control: shutdown.check(control.builds),
    "sanitizers": lambda control: sanitizers.check(control.root, control.builds),
}
MODULES = {"documentation": documentation, "pass-budgets": pass_budgets, "dependencies": dependencies, "shutdown": shutdown, "sanitizers": sanitizers}
ACCEPTS = {
    "documentation": lambda control, is_first: documentation.accept(control.root, control.tree, is_first),
    "dependencies": lambda control, _: dependencies.accept(control.root, control.tree, control.builds),
}


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    control = Control(os.path.abspath(arguments.root), arguments.bench)
    if arguments.list:
        return list_checks()
    if arguments.explain:
        return explain(control, arguments.explain)
    if arguments.first and arguments.accept != "documentation":
        parser().error("--first goes with --accept documentation")
    if arguments.accept:
        outcome = ACCEPTS[arguments.accept](control, arguments.first)
        for item in outcome.findings:
            print(item.render())
        print(f"{arguments.accept}: {outcome.summary}")
        return 1 if outcome.findings else 0
    return run(control, arguments.only or list(CHECKS), arguments.json)


def run(control: Control, names: list[str], as_json: bool) -> int:
    outcomes: dict[str, Outcome] = {}
    for name in names:
        began = time.monotonic()
        print(f"native memory: {name} ..", file=sys.stderr, flush=True)
        outcomes[name] = outcome = CHECKS[name](control)
        state = f"FAILED x{len(outcome.findings)}" if outcome.findings else "ok"
        print(f"native memory: {name}: {state} after {time.monotonic() - began:.0f} s; {outcome.summary}", file=sys.stderr, flush=True)
    found = [item for outcome in outcomes.values() for item in outcome.findings]
    skipped = [sentence for outcome in outcomes.values() for sentence in outcome.skipped]
    if as_json:
        print(json.dumps({"passed": not found, "checks": {name: outcome.summary for name, outcome in outcomes.items()}, "skipped": skipped,
                          "findings": [item.record() for item in found]}, indent=2))
    else:
        print(verdict(list(outcomes), found, skipped))
    return 1 if found else 0


def verdict(names: list[str], found: list[Finding], skipped: list[str]) -> str:
    lines = [item.render() for item in found]
    lines += [f"skipped: {sentence}" for sentence in skipped]
    by_code: dict[str, int] = {}
    for item in found:
        by_code[item.code] = by_code.get(item.code, 0) + 1
    if found:
        lines.append("FAILED: " + ", ".join(f"{code} x{count}" for code, count in sorted(by_code.items())) + f"; checked {', '.join(names)}")
    else:
        lines.append(f"passed: {', '.join(names)}" + (f"; {len(skipped)} skipped" if skipped else ""))
    return "\n".join(lines)


def explain(control: Control, code: str) -> int:
    if code not in codes.EXPLANATIONS:
        print(f"no code `{code}`; the codes are: {', '.join(codes.EXPLANATIONS)}", file=sys.stderr)
        return 2
    print(codes.EXPLANATIONS[code].explained())
    if code == codes.DOCUMENTATION:
        print(documentation.explain(control.tree))
    return 0


def list_checks() -> int:
    for name, module in MODULES.items():
        print(f"check  {name:<14} {module.__doc__.strip().splitlines()[0]}")
    for code in codes.EXPLANATIONS:
        print(f"code   {code}")
    return 0


def parser() -> argparse.ArgumentParser:
    answer = argparse.ArgumentParser(prog="native-memory-control-check.py", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Checks native memory beyond the allocator gate: dependencies of each profile, memory of each pass, "
                                                 "shutdown, sanitizers, documentation.")
    answer.add_argument("--root", default=ROOT, help="repository to check (default: the one this script lies in)")
    answer.add_argument("--only", action="append", choices=list(CHECKS), metavar="CHECK", help="only this check; may be given again")
    answer.add_argument("--bench", default=BENCH, help="how bench-corpus is called (default: by cargo)")
    answer.add_argument("--json", action="store_true", help="verdict and findings as JSON on standard output")
    answer.add_argument("--explain", metavar="CODE", help="what a code means and what mends it")
    answer.add_argument("--list", action="store_true", help="every check and code")
    answer.add_argument("--accept", choices=list(ACCEPTS), metavar="WHAT", help="record what is there now: " + " or ".join(ACCEPTS))
    answer.add_argument("--first", action="store_true", help="with --accept documentation: all code is the first revision of the first version; only while that is unreleased")
    return answer
