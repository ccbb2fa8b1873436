"""Command line of the judge. Exit 0: passed; 1: findings; 2: used wrongly. Never a traceback for what lies in the files."""

import argparse
import datetime
import difflib
import json
import os
import sys

from control import documents

from . import aims, artefact, codes, dictionary, fixtures, planted, process, roster, schema, selftest, verdict
from .checks import CHECKS, contract
from .checks.provenance import machine
from .column import ABSENT
from .evidence import Evidence
from .finding import Finding, finding
from .judge import judge
from .rules import RULES
from .specification import SENTENCES
from .tree import FolderTree, MemoryTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EPILOG = """examples:
  make allocator-fast-path-check                       measure, then judge
  %(prog)s --fresh target/evidence                     judge a run that was already made
  %(prog)s --committed-only                            judge the committed files alone
  %(prog)s --explain ALLOCATOR_FAST_PATH_BUDGET        what a code means and what mends it
"""


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    if not os.path.isdir(arguments.root):
        parser().error(f"--root {arguments.root} is no folder")
    if not arguments.accept_aims and (arguments.decision or arguments.first):
        parser().error("--decision and --first belong to --accept-aims")
    if arguments.explain:
        return explain(arguments.explain)
    if arguments.list:
        return list_checks(arguments.root)
    if arguments.write_dictionaries:
        return write_dictionaries(arguments.root)
    if arguments.accept_aims:
        return accept_aims(arguments.root, arguments.decision or ABSENT, arguments.first)
    if arguments.fixture:
        return judge_fixture(arguments.root, arguments.fixture, arguments.json)
    if not arguments.committed_only and not os.path.isdir(fresh_folder(arguments)):
        found = [finding("files.present", "fresh", 0, "", "no fresh evidence was measured", "`make allocator-fast-path-check`")]
        print(found[0].render() if not arguments.json else json.dumps({"passed": False, "findings": [f.record() for f in found]}, indent=2))
        return 1
    if arguments.planted:
        return planted.run(arguments.root, fresh_folder(arguments), target_folder(arguments))
    if arguments.selftest:
        return selftest.run(arguments.root, fresh_folder(arguments), target_folder(arguments), arguments.every)
    fresh = None if arguments.committed_only else FolderTree(fresh_folder(arguments))
    here = machine()
    if arguments.anew:
        here["anew"] = "yes"
    target = target_folder(arguments)
    ran = () if fresh is None else (process.records(fresh, target), artefact.called(fresh, target))
    case, found = judge(FolderTree(arguments.root), fresh, here, *ran)
    show(case, found, arguments.json)
    return 1 if found else 0


def parser() -> argparse.ArgumentParser:
    answer = argparse.ArgumentParser(prog="allocator-fast-path-check.py", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Judges the allocator evidence: schema, references, recomputed values, recounted traces, "
                                                 "budgets, and a fresh run against the committed files.")
    answer.add_argument("--root", default=ROOT, help="repository to judge (default: the one this script lies in)")
    answer.add_argument("--fresh", help="folder of the fresh run (default: target/evidence, or $CARGO_TARGET_DIR/evidence)")
    answer.add_argument("--committed-only", action="store_true", help="judge the committed files without a fresh run")
    answer.add_argument("--anew", action="store_true", help="refuse rows that an earlier run measured; always so when CI is set")
    answer.add_argument("--json", action="store_true", help="findings and verdict as JSON on standard output")
    answer.add_argument("--explain", metavar="CODE", help="print what a code or a rule means and what mends it, or what the specification says by a sentence's name")
    answer.add_argument("--list", action="store_true", help="print every rule, check, file and code")
    answer.add_argument("--fixture", metavar="CODE", help="judge the fixture tools/fixtures/CODE; its code must be found, and none in `sound`")
    answer.add_argument("--selftest", action="store_true", help="falsify every cell of the committed files in turn and count what is noticed")
    answer.add_argument("--planted", action="store_true", help="build a copy of the sources with regressions planted in it and see that each is found")
    answer.add_argument("--every", type=positive, default=1, metavar="N", help="with --selftest: only every N-th mutation")
    answer.add_argument("--accept-aims", action="store_true", help="record the aims of stricter budgets; those of weaker, new and removed ones only with --decision")
    answer.add_argument("--decision", metavar="NAME", help="with --accept-aims: the decision of ARCHITECTURE.md, with today's date in it, that gives aims up or brings new ones")
    answer.add_argument("--first", action="store_true", help="with --accept-aims: record all aims as first ones where none are recorded, while the first version is unreleased")
    answer.add_argument("--write-dictionaries", action="store_true", help="renew the column dictionaries in the README.md files")
    return answer


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def target_folder(arguments) -> str:
    return os.path.abspath(os.environ.get("CARGO_TARGET_DIR") or os.path.join(arguments.root, "target"))


def fresh_folder(arguments) -> str:
    return arguments.fresh or os.path.join(target_folder(arguments), "evidence")


def show(case, found: list[Finding], as_json: bool) -> None:
    if as_json:
        evidence = case.fresh or case.committed
        numbers = [dict(zip(("what", "measured", "budget"), row)) for row in verdict.numbers(evidence)]
        print(json.dumps({"passed": not found, "reused_rows": case.reused, "numbers": numbers, "findings": [f.record() for f in found]}, indent=2))
        return
    for item in found:
        print(item.render())
    if found:
        print()
    print(verdict.render(case, found))


def near(name: str, names) -> str:
    """What may have been meant, for a message."""
    alike = difflib.get_close_matches(name.lower(), {known.lower(): known for known in names}, 3)
    return f"perhaps {' or '.join(known for known in names if known.lower() in alike)}; " if alike else ""


def explain(code: str) -> int:
    if code in RULES:
        return explain_rule(code)
    if code in SENTENCES:
        print(f"{code}\n  {SENTENCES[code]}\n  rules: {', '.join(name for name, rule in RULES.items() if code in rule.sentences)}")
        return 0
    if code not in codes.EXPLANATIONS:
        print(f"no code or rule `{code}`; {near(code, [*codes.EXPLANATIONS, *RULES, *SENTENCES])}the codes are: {', '.join(codes.EXPLANATIONS)}; --list names the rules", file=sys.stderr)
        return 2
    print(f"{codes.EXPLANATIONS[code].explained()}\n  rules: {', '.join(name for name, rule in RULES.items() if code in rule.codes)}")
    return 0


def explain_rule(name: str) -> int:
    rule = RULES[name]
    print(f"{name}\n  {rule.demands}\n  answers with: {', '.join(rule.codes)}")
    for sentence in rule.sentences:
        print(f"  the specification ({sentence}): {SENTENCES[sentence]}")
    for code in rule.codes:
        print(f"  {code}, to mend it: {code.remedy}")
    return 0


def list_checks(root: str) -> int:
    broken = fixtures.by_rule(root)
    for name, rule in RULES.items():
        print(f"rule   {name:<34} {','.join(rule.codes):<46} {rule.demands} Broken by: {', '.join(broken.get(name, []))}")
    for name, check in CHECKS.items():
        print(f"check  {name:<14} {(sys.modules[check.__module__].__doc__ or '').strip().splitlines()[0]}")
    for path, table in schema.TABLES.items():
        kind = "generated" if table.generated else "mixed" if table.mixed else "declared"
        print(f"file   {path:<46} {kind:<10} {table.purpose}")
    for code in codes.EXPLANATIONS:
        print(f"code   {code}")
    return 0


def write_dictionaries(root: str) -> int:
    for folder in schema.FOLDERS:
        _renew(root, f"{folder}/README.md", lambda text, folder=folder: dictionary.replace(text, folder))
    _renew(root, contract.PAGE, dictionary.replace_sentences)
    return 0


def _renew(root: str, file: str, renewed) -> None:
    path = os.path.join(root, file)
    with open(path, encoding="utf-8") as stream:
        before = stream.read()
    after = renewed(before)
    if after != before:
        with open(path, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(after)
        print(f"renewed {file}")


def accept_aims(root: str, decision: str, is_first: bool) -> int:
    """Records what may be recorded, or nothing. Where no aim or no name is recorded, only `is_first` lets all of them begin."""
    tree, today = FolderTree(root), datetime.date.today().isoformat()
    for path in (path for path, is_due in ((aims.FILE, True), (roster.FILE, tree.read(roster.HERE) is not None)) if is_due and tree.read(path) is None):
        reasons = documents.not_first(tree) if is_first else ["restore it with `git checkout`; while the first version is unreleased, `make accept-aims FIRST=1` records all aims as first ones"]
        if reasons:
            print("\n".join(f"{path} is missing: {reason}" for reason in reasons) + "\nnothing was recorded")
            return 1
    evidence = Evidence(tree)
    wrong = [item for item in evidence.findings if item.file != aims.FILE or tree.read(aims.FILE) is not None]
    if wrong:
        print(wrong[0].render())
        return 1
    if decision != ABSENT and today not in aims.decisions((tree.read(aims.DECISIONS) or b"").decode("utf-8", "replace")).get(decision, ""):
        print(f"{aims.DECISIONS} has no decision `{decision}` with the date {today}; nothing was recorded")
        return 1
    rows, refused = aims.recorded(evidence, tree, today, decision)
    # The roster names aims too: those that are about to be recorded.
    names, gone = roster.accepted(Evidence(MemoryTree(tree, {aims.FILE: aims.text(rows)})), tree, decision)
    refused += gone
    if refused:
        print("\n".join(refused))
        print("nothing was recorded; `make accept-aims DECISION=NAME` records aims that are weaker, new or gone")
        return 1
    for what, path, renewed in ((f"aims: {len(rows)} rows", aims.FILE, aims.text(rows)), ("roster", roster.FILE, names)):
        changed = renewed != tree.read(path)
        if changed:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "wb") as stream:
                stream.write(renewed)
        print(f"{what}; {'renewed' if changed else 'already recorded'}")
    return 0


def judge_fixture(root: str, code: str, as_json: bool) -> int:
    if code not in fixtures.names(root):
        print(f"no fixture `{code}`; {near(code, fixtures.names(root))}tools/fixtures holds {len(fixtures.names(root))}", file=sys.stderr)
        return 2
    case, found = fixtures.judge_one(root, code)
    show(case, found, as_json)
    return 1 if found else 0
