"""The parts of the release check that judge what tools print, and the command line. Nothing is built here."""

import io
import os
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from unittest import mock

import gate_path
from control.command import Ran
from control.finding import Outcome
from release_check import cli, codes, licences, packages, public_api, steps, summary

RELEASE = os.path.join(gate_path.TOOLS, "release-check.py")
SOUND = {"name": "one", "version": "0.1.0", "description": "One", "license": "MIT", "repository": "r", "readme": "README.md", "rust_version": "1.95",
         "keywords": ["k"], "categories": ["c"], "dependencies": []}
LISTED = [*packages.NEEDED, "Cargo.lock", "src/lib.rs", "examples/one.rs"]


def dependency(**more) -> dict:
    return {"name": "other", "path": "/other", "kind": None, "req": "^0.1.0"} | more


class Packages(unittest.TestCase):
    def messages(self, **more) -> list[str]:
        return [item.message for item in packages.metadata(SOUND | more, {"one", "other"})]

    def test_sound_metadata_passes(self):
        self.assertEqual([], self.messages(dependencies=[dependency(), dependency(kind="dev", req="*"), dependency(path=None, req="*")]))

    def test_every_missing_field_is_found(self):
        for field in packages.FIELDS:
            self.assertEqual(1, len(self.messages(**{field: None})), field)

    def test_a_dependency_by_path_needs_a_version_and_a_published_crate(self):
        self.assertIn("without a version", self.messages(dependencies=[dependency(req="*")])[0])
        self.assertIn("not published", self.messages(dependencies=[dependency(name="private")])[0])

    def test_contents_lack_nothing_and_hold_nothing_else(self):
        self.assertEqual([], packages.contents("one", LISTED))
        for path in packages.NEEDED:
            self.assertEqual(1, len(packages.contents("one", [one for one in LISTED if one != path])), path)
        for path in ("tests/it/main.rs", "secret.txt", "target/x"):
            self.assertEqual([f"`{path}` has no place in the package"], [item.message for item in packages.contents("one", [*LISTED, path])])
        self.assertIn("has no sources", [item.message for item in packages.contents("one", list(packages.NEEDED))])


class PublicApi(unittest.TestCase):
    def test_equal_texts_pass_and_every_changed_line_is_shown(self):
        self.assertEqual([], public_api.compare("one", "a\nb\n", "a\nb\n"))
        found = public_api.compare("one", "a\nb\n", "a\nc\n")
        self.assertEqual([codes.API], [item.code for item in found])
        for shown in ("2 lines", "| -b", "| +c"):
            self.assertIn(shown, found[0].message)

    def test_an_api_that_was_never_recorded_is_found(self):
        self.assertIn("40 lines", public_api.compare("one", "", "a\n" * 40)[0].message)
        self.assertIn("and 20 lines more", public_api.compare("one", "", "a\n" * 40)[0].message)

    def test_the_recorded_text_of_this_repository_says_what_may_cross_threads(self):
        text = public_api.committed(gate_path.ROOT, "compiler-alloc")
        self.assertIn("impl<const MIN_ALIGN: usize> !core::marker::Sync for compiler_alloc::arena::Arena<MIN_ALIGN>\n", text)


class Licences(unittest.TestCase):
    def test_a_database_that_cannot_be_reached_is_told_from_an_advisory(self):
        unreachable = Ran(("cargo-deny",), 1, "", "2026-11-23 02:53:37 [ERROR] failed to fetch advisory database https://example.org with cli: failed to clone: [\"clone\", \"/some/where\"]")
        self.assertTrue(licences.is_unreachable(unreachable))
        self.assertEqual("failed to fetch advisory database https://example.org with cli: failed to clone", licences.first_error(unreachable))
        self.assertFalse(licences.is_unreachable(Ran(("cargo-deny",), 1, "", "error[vulnerability]: bad\n ID: RUSTSEC-2024-0001\n Advisory database: it says so")))
        self.assertFalse(licences.is_unreachable(Ran(("cargo-deny",), 1, "", "error[yanked]: detected yanked crate")))

    def test_a_database_that_does_not_answer_is_not_reached_either(self):
        slow = Ran(("cargo-deny",), None, "", "Command timed out after 180 seconds")
        self.assertTrue(licences.is_unreachable(slow))
        self.assertEqual("no answer within 180 s", licences.first_error(slow))


class Steps(unittest.TestCase):
    step = steps.TARGETS["sanitize"]

    def test_a_step_that_ends_well_passed(self):
        outcome = steps.judge(self.step, 0, [], "3 s")
        self.assertEqual(([], [], "passed after 3 s"), (outcome.findings, outcome.skipped, outcome.summary))

    def test_a_failed_step_names_its_target_and_shows_its_last_lines(self):
        found = steps.judge(self.step, 2, ["sanitize: bad"], "3 s").findings
        self.assertEqual((codes.STEP, "`make sanitize`"), (found[0].code, found[0].place))
        self.assertIn("sanitize: bad", found[0].message)

    def test_what_is_not_built_is_said_and_not_passed(self):
        lines = ["make conformance: it is not built yet; issue 8 brings it", "make: *** Error 2"]
        outcome = steps.judge(steps.TARGETS["conformance"], 2, lines, "1 s")
        self.assertEqual(([], "not run"), (outcome.findings, outcome.summary))
        self.assertIn("issue 8", outcome.skipped[0])
        self.assertEqual(1, len(steps.judge(self.step, 2, lines, "1 s").findings), "another target's sentence is no excuse")

    def test_only_an_optional_step_may_lack_its_tool(self):
        for line in ("qemu-system-x86_64 is missing (needed for make numa-guest); get it with: apt-get install it", "numa-guest: a kernel is missing; get it with: apt-get update"):
            outcome = steps.judge(steps.TARGETS["numa-guest"], 2, [line], "1 s")
            self.assertEqual(([], [f"numa-guest: {line}"]), (outcome.findings, outcome.skipped))
            self.assertEqual(1, len(steps.judge(self.step, 2, [line], "1 s").findings))

    def test_every_target_is_one_of_the_makefile(self):
        with open(os.path.join(gate_path.ROOT, "Makefile"), encoding="utf-8") as stream:
            makefile = stream.read()
        for step in steps.TARGETS.values():
            for name in step.names:
                self.assertIn(f"\n{name}:", makefile)

    def test_what_make_prints_goes_to_a_file_and_its_end_into_the_finding(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "Makefile"), "w", encoding="utf-8") as stream:
                stream.write("good:\n\t@test \"$$CI\" = true\nbad:\n\t@echo it broke with $$PROPTEST_RNG_SEED; exit 3\n")
            before = os.environ.get("CARGO_TARGET_DIR")
            os.environ["CARGO_TARGET_DIR"] = os.path.join(folder, "target")
            try:
                self.assertEqual([], steps.make(folder, steps.Target(("good",), ""), "7").findings)
                found = steps.make(folder, steps.Target(("bad",), ""), "7").findings[0]
                self.assertIn("it broke with 7", found.message)
                self.assertEqual("`PROPTEST_RNG_SEED=7 make bad`", found.remedy)
            finally:
                os.environ.pop("CARGO_TARGET_DIR") if before is None else os.environ.update(CARGO_TARGET_DIR=before)


    def test_random_tests_begin_with_a_new_seed_each_time_or_with_the_one_that_is_asked_for(self):
        drawn = [steps.seed({}) for _ in range(2)]
        self.assertNotEqual(*drawn)
        for one in drawn:
            self.assertLess(int(one), 1 << 64, "proptest reads 64 bits")
        self.assertEqual("7", steps.seed({steps.SEED: "7"}))
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "Makefile"), "w", encoding="utf-8") as stream:
                stream.write("PROPTEST_RNG_SEED ?= 1\ntest:\n\t@PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED) sh -c 'echo seed $$PROPTEST_RNG_SEED; exit 1'\n")
            with mock.patch.dict(os.environ, {"CARGO_TARGET_DIR": folder}):
                self.assertIn("seed 7\n", steps.make(folder, steps.TARGETS["test"], "7").findings[0].message)

    def test_the_seed_of_a_run_is_printed_before_its_steps(self):
        told = io.StringIO()
        with redirect_stdout(told), mock.patch.dict(os.environ, {steps.SEED: "7"}):
            cli.run(gate_path.ROOT, ["tree"])
        self.assertTrue(told.getvalue().startswith("release: random tests begin with PROPTEST_RNG_SEED=7\n"), told.getvalue())


class FailingCommands(unittest.TestCase):
    def test_a_cargo_that_fails_is_a_finding_of_each_check_with_its_own_remedy(self):
        with mock.patch.dict(os.environ, {"CARGO": "false", "PATH": "/nowhere"}):
            for check, code in ((packages.check, codes.PACKAGE), (public_api.check, codes.API), (licences.check, codes.LICENCE)):
                with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"CARGO_TARGET_DIR": folder}), redirect_stdout(io.StringIO()):
                    found = check(gate_path.ROOT).findings
                self.assertEqual([(code, code.remedy)], [(item.code, item.remedy) for item in found])


class Summary(unittest.TestCase):
    def test_a_summary_says_what_passed_and_what_was_not_checked(self):
        outcomes = {"packages": Outcome("1 built"), "licences": Outcome("ok", skipped=["advisories: not checked"]), "test": Outcome("passed after 90 s")}
        text = summary.text("0.1.0", {"commit": "abc"}, outcomes, [{"what": "alloc-24", "measured": "4 / 1", "budget": "4 / 1"}])
        for line in ("# Release 0.1.0", "| commit | abc |", "- advisories: not checked", "| alloc-24 | 4 / 1 | 4 / 1 |"):
            self.assertIn(line + "\n", text)
        self.assertIn("| passed |", text)
        self.assertNotIn("90 s", text)


class CommandLine(unittest.TestCase):
    def call(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, RELEASE, *arguments], capture_output=True, text=True, timeout=60)

    def test_list_answers_and_wrong_use_exits_2(self):
        listed = self.call("--list")
        self.assertEqual(0, listed.returncode)
        for name in (*steps.NAMES, *codes.EXPLANATIONS):
            self.assertIn(name, listed.stdout)
        self.assertEqual(2, self.call("--only", "nothing").returncode)

    def test_the_last_line_is_the_verdict_after_the_time_of_each_step(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments in (("init", "--quiet"), ("-c", "user.name=a", "-c", "user.email=a", "commit", "--quiet", "--allow-empty", "--message", "one")):
                subprocess.run(["git", "-C", folder, *arguments], check=True)
            answer = self.call("--root", folder, "--only", "tree", "--only", "left")
            *_, first, second, last = answer.stdout.splitlines()
            self.assertRegex(first, r"^tree +0 s  commit [0-9a-f]{40}$")
            self.assertRegex(second, r"^left +0 s  nothing changed$")
            self.assertEqual((0, "release check: passed: tree, left; only these steps, no summary was written; 0 min"), (answer.returncode, last))
            with open(os.path.join(folder, "new"), "w", encoding="utf-8"):
                pass
            answer = self.call("--root", folder, "--only", "left")
            self.assertEqual((1, "release check: FAILED: left; no summary was written; 0 min"), (answer.returncode, answer.stdout.splitlines()[-1]))
            self.assertIn("`?? new` after the steps", answer.stdout)

    def test_a_lock_file_that_cargo_would_write_anew_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in (("Cargo.toml", '[package]\nname = "one"\nversion = "0.2.0"\nedition = "2024"\n[workspace]\n'), ("src/lib.rs", ""),
                               ("Cargo.lock", 'version = 4\n\n[[package]]\nname = "one"\nversion = "0.1.0"\n')):
                os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
                with open(os.path.join(folder, path), "w", encoding="utf-8") as stream:
                    stream.write(text)
            for arguments in (("init", "--quiet"), ("add", "Cargo.lock")):
                subprocess.run(["git", "-C", folder, *arguments], check=True)
            self.assertEqual([codes.TREE], [item.code for item in steps.locks(folder).findings])
            with open(os.path.join(folder, "Cargo.lock"), "w", encoding="utf-8") as stream:
                stream.write('version = 4\n\n[[package]]\nname = "one"\nversion = "0.2.0"\n')
            self.assertEqual([], steps.locks(folder).findings)

    def test_lock_files_that_no_git_lists_are_not_counted_as_checked(self):
        with tempfile.TemporaryDirectory() as folder:
            outcome = steps.locks(folder)
            self.assertEqual(("not checked", [], ["lock files: this is no git checkout"]), (outcome.summary, outcome.findings, outcome.skipped))

    def test_a_dirty_tree_fails_and_writes_no_summary(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "--quiet", folder], check=True)
            with open(os.path.join(folder, "new"), "w", encoding="utf-8"):
                pass
            answer = self.call("--root", folder, "--only", "tree")
            self.assertEqual(1, answer.returncode)
            self.assertIn(codes.TREE, answer.stdout)
            self.assertEqual(["new"], [name for name in os.listdir(folder) if name != ".git"])


if __name__ == "__main__":
    unittest.main()
