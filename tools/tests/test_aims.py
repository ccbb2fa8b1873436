"""Aims: what is recorded for new, stricter and weaker budgets, and what a decision with its date allows."""

import datetime
import os
import subprocess
import sys
import tempfile
import unittest

import gate_path
from gate import aims, roster, sample
from gate.evidence import Evidence
from gate.judge import judge
from gate.targets import TARGETS
from gate.tree import FolderTree

BENCHMARKS = "perf/allocator-fast-path-benchmarks.tsv"
KEY = ("compiler-internal", "warm-passes", "page-faults")
DAY = "2026-01-31"


def with_aim(files: dict, before: int, after: int) -> dict:
    return {**files, BENCHMARKS: files[BENCHMARKS].replace(f"faults\t{before}\t{before}".encode(), f"faults\t{after}\t{after}".encode())}


def recorded(files: dict, decision: str = "-"):
    """The rows of `KEY` after an acceptance, the files with them, and what was refused."""
    tree = sample.Files(files)
    rows, refused = aims.recorded(Evidence(tree), tree, DAY, decision)
    mine = [(row["revision"], row["aim"], row["date"], row["decision"]) for row in rows if (row["profile"], row["item"], row["metric"]) == KEY]
    return mine, {**files, aims.FILE: aims.text(rows)}, refused


class Aims(unittest.TestCase):
    def setUp(self):
        self.files = sample.repository()

    def test_an_acceptance_without_a_change_changes_nothing(self):
        mine, after, refused = recorded(self.files)
        self.assertEqual(([("1", "12000", "-", "-")], []), (mine, refused))
        self.assertEqual(self.files[aims.FILE], after[aims.FILE])

    def test_a_weaker_aim_is_refused_without_a_decision(self):
        _, _, refused = recorded(with_aim(self.files, 12000, 20000))
        self.assertEqual(["compiler-internal warm-passes page-faults: 20000 is weaker than the aim 12000, and no decision is given"], refused)

    def test_a_weaker_aim_with_a_decision_is_a_revision_and_the_decision_must_hold_its_date(self):
        mine, files, refused = recorded(with_aim(self.files, 12000, 20000), "known-decision")
        self.assertEqual(([("1", "12000", "-", "-"), ("2", "20000", DAY, "known-decision")], []), (mine, refused))
        sample.seal(files, files)
        self.assertEqual(["aims.decided"], [item.rule for item in judge(sample.Files(files))[1]])
        files["ARCHITECTURE.md"] += f"  Given up on {DAY}.\n".encode()
        self.assertEqual([], judge(sample.Files(files))[1])

    def test_a_stricter_aim_takes_the_place_of_those_it_beats(self):
        _, files, _ = recorded(with_aim(self.files, 12000, 20000), "known-decision")
        for stricter, rows in ((15000, [("1", "12000", "-", "-"), ("2", "15000", DAY, "known-decision")]), (12000, [("1", "12000", "-", "-")]), (9000, [("1", "9000", "-", "-")])):
            with self.subTest(aim=stricter):
                mine, _, refused = recorded(with_aim(files, 20000, stricter))
                self.assertEqual((rows, []), (mine, refused))

    def test_the_same_number_in_other_digits_is_no_other_aim(self):
        files = {**self.files, BENCHMARKS: self.files[BENCHMARKS].replace(b"faults\t12000\t12000", b"faults\t12000.0\t12000.0")}
        mine, _, refused = recorded(files)
        self.assertEqual(([("1", "12000", "-", "-")], []), (mine, refused))

    def test_the_weaker_side_of_at_least_is_below(self):
        self.assertTrue(aims.is_weaker("at-least", "94", "95"))
        self.assertFalse(aims.is_weaker("at-least", "96", "95"))
        self.assertTrue(aims.is_weaker("at-most", "96", "95"))

    def test_an_aim_that_is_missing_or_has_no_budget_is_refused_without_a_decision(self):
        row = "\t".join((*KEY, "1", "12000", "-", "-")).encode() + b"\n"
        without_row = {**self.files, aims.FILE: self.files[aims.FILE].replace(row, b"")}
        self.assertNotEqual(self.files[aims.FILE], without_row[aims.FILE])
        _, _, refused = recorded(without_row)
        self.assertEqual(["compiler-internal warm-passes page-faults: no aim is recorded, and no decision is given"], refused)
        mine, after, refused = recorded(without_row, "known-decision")
        self.assertEqual(([("1", "12000", "-", "-")], self.files[aims.FILE], []), (mine, after[aims.FILE], refused))
        without_budget = {**self.files, aims.FILE: self.files[aims.FILE] + row.replace(b"warm-passes", b"warm-rounds")}
        _, _, refused = recorded(without_budget)
        self.assertEqual(["compiler-internal warm-rounds page-faults: the aim has no budget any more, and no decision is given"], refused)
        _, after, refused = recorded(without_budget, "known-decision")
        self.assertEqual((self.files[aims.FILE], []), (after[aims.FILE], refused))

    def test_an_entry_of_a_decision_ends_where_the_next_begins(self):
        entries = aims.decisions("# A\n\n## Decisions\n\n- `one`: because.\n  2026-01-31\n- `two`: x\n\n## Other\n\n- `three`: y\n")
        self.assertEqual(["one", "two"], list(entries))
        self.assertIn("2026-01-31", entries["one"])
        self.assertNotIn("because", entries["two"])

    def test_every_target_has_an_aim_in_this_repository(self):
        known = aims.revisions(Evidence(FolderTree(gate_path.ROOT)))
        self.assertEqual([], [key for key in TARGETS if key not in known])


class Acceptance(unittest.TestCase):
    def test_the_command_writes_nothing_while_it_refuses(self):
        with tempfile.TemporaryDirectory() as folder:
            self.lay_out(folder, with_aim(self.files(), 12000, 20000))
            for more, said in (([], "is weaker than the aim 12000"), (["--decision", "known-decision"], "has no decision `known-decision` with the date")):
                self.assertEqual((1, True), self.accept(folder, more, said))
            with open(os.path.join(folder, aims.FILE), "rb") as stream:
                self.assertEqual(self.files()[aims.FILE], stream.read())

    def test_a_missing_file_begins_anew_only_while_the_first_version_is_unreleased(self):
        files = self.files()
        del files[aims.FILE]
        files["Cargo.toml"] = b'[workspace.package]\nversion = "0.1.0"\n'
        with tempfile.TemporaryDirectory() as folder:
            self.lay_out(folder, files)
            path = os.path.join(folder, aims.FILE)
            for more, notes, said in (([], "## 0.1.0 (unreleased)\n", "is missing: restore it"), (["--first"], "## 0.1.0\n", "has no heading `## 0.1.0 (unreleased)`"),
                                      (["--first"], "## 0.1.0 (unreleased)\n## 0.0.9\n", "has a section about 0.0.9")):
                self.lay_out(folder, {"RELEASE_NOTES.md": notes.encode()})
                self.assertEqual((1, True, False), (*self.accept(folder, more, said), os.path.exists(path)), said)
            self.lay_out(folder, {"RELEASE_NOTES.md": b"## 0.1.0 (unreleased)\n"})
            self.assertEqual((0, True), self.accept(folder, ["--first"], "renewed"))
            with open(path, "rb") as stream:
                self.assertEqual(self.files()[aims.FILE], stream.read())

    def test_the_roster_takes_up_what_is_new_and_lets_nothing_go_without_a_decision(self):
        files = self.files()
        with tempfile.TemporaryDirectory() as folder:
            self.lay_out(folder, files)
            self.assertEqual((0, True), self.accept(folder, [], "roster; renewed"))
            path = os.path.join(folder, roster.FILE)
            with open(path, "rb") as stream:
                before = stream.read()
            self.assertIn(b"\trealtime\t", before)
            self.assertEqual((0, True), self.accept(folder, [], "roster; already recorded"))
            with open(path, "wb") as stream:
                stream.write(before.replace(b"\trealtime\t", b"\trealtime\ta-case-that-was "))
            self.assertEqual((1, True), self.accept(folder, [], "`a-case-that-was` of `realtime` is gone, and no decision is given"))
            for other in (before + b"\n", b""):
                with open(path, "wb") as stream:
                    stream.write(other)
                self.assertEqual((1, True), self.accept(folder, ["--first"], "is not as `make accept-aims` writes it"))
            with open(path, "wb") as stream:
                stream.write(before.replace(b"\trealtime\t", b"\trealtime\ta-case-that-was "))
            today = datetime.date.today().isoformat()
            self.lay_out(folder, {"ARCHITECTURE.md": f"## Decisions\n\n- `why`: {today}\n".encode().replace(b"##", b"\n##", 1)})
            self.assertEqual((0, True), self.accept(folder, ["--decision", "why"], "roster; renewed"))
            with open(path, "rb") as stream:
                self.assertEqual(before, stream.read())
            os.remove(path)
            self.lay_out(folder, {roster.HERE: b""})
            self.assertEqual((1, True), self.accept(folder, [], "roster.tsv is missing: restore it"))

    def lay_out(self, folder: str, files: dict) -> None:
        for path, data in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "wb") as stream:
                stream.write(data)

    def accept(self, folder: str, more: list, said: str) -> tuple[int, bool]:
        """How the command ended, and whether it said that."""
        command = [sys.executable, os.path.join(gate_path.TOOLS, "allocator-fast-path-check.py"), "--root", folder, "--accept-aims", *more]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        return ran.returncode, said in ran.stdout

    def files(self) -> dict:
        return sample.repository()


if __name__ == "__main__":
    unittest.main()
