"""The judge as a user calls it: exit codes, help, and no traceback whatever lies in the files."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import gate_path
from gate import codes, sample

JUDGE = os.path.join(gate_path.TOOLS, "allocator-fast-path-check.py")


def call(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, JUDGE, *arguments], capture_output=True, text=True, timeout=120)


def lay_out(folder: str, files: dict) -> None:
    for path, data in files.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as stream:
            stream.write(data)


class CommandLine(unittest.TestCase):
    def test_help_list_and_explain_answer(self):
        self.assertEqual(0, call("--help").returncode)
        listed = call("--list")
        self.assertEqual(0, listed.returncode)
        for code in codes.EXPLANATIONS:
            self.assertIn(code, listed.stdout)
            explained = call("--explain", code) if code in codes.ALLOCATOR_CODES[:1] else None
            if explained is not None:
                self.assertEqual(0, explained.returncode)
                self.assertIn("to mend it", explained.stdout)

    def test_wrong_use_exits_2(self):
        self.assertEqual(2, call("--no-such-flag").returncode)
        self.assertEqual(2, call("--explain", "NO_SUCH_CODE").returncode)
        self.assertEqual(2, call("--fixture", "NO_SUCH_CODE").returncode)
        for more in (("--decision", "known-decision"), ("--first",)):
            self.assertEqual(2, call("--committed-only", *more).returncode)

    def test_a_fixture_exits_1_with_its_code(self):
        answer = call("--fixture", codes.FAST_PATH_BUDGET, "--json")
        self.assertEqual(1, answer.returncode)
        self.assertEqual({codes.FAST_PATH_BUDGET}, {item["code"] for item in json.loads(answer.stdout)["findings"]})

    def test_a_repository_without_anything_is_findings_not_a_traceback(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments in (("--committed-only",), ("--fresh", folder), ("--fresh", os.path.join(folder, "absent"))):
                answer = call("--root", folder, *arguments)
                self.assertEqual(1, answer.returncode, answer.stderr)
                self.assertIn(codes.MISSING, answer.stdout)
                self.assertEqual("", answer.stderr)

    def test_hostile_files_are_findings_not_a_traceback(self):
        files = sample.repository()
        for path in [path for path in files if path.endswith((".tsv", ".md", "Makefile", "run"))]:
            files[path] = b"\xff\x00\t" * 1000
        with tempfile.TemporaryDirectory() as folder:
            lay_out(folder, files)
            answer = call("--root", folder, "--committed-only")
            self.assertEqual(1, answer.returncode, answer.stderr)
            self.assertEqual("", answer.stderr)

    def test_a_folder_in_place_of_a_file_is_a_missing_file(self):
        files = sample.repository()
        del files["allocator/profiles.tsv"]
        files["allocator/profiles.tsv/inside"] = b"x"
        with tempfile.TemporaryDirectory() as folder:
            lay_out(folder, files)
            answer = call("--root", folder, "--committed-only")
            self.assertEqual(1, answer.returncode, answer.stderr)
            self.assertIn(codes.MISSING, answer.stdout)

    def test_a_file_name_that_is_not_utf_8_is_no_source_and_no_traceback(self):
        files = sample.repository()
        with tempfile.TemporaryDirectory() as folder:
            lay_out(folder, files)
            with open(os.path.join(os.fsencode(folder), b"compiler-alloc", b"src", b"\xff\xfe.rs"), "wb") as stream:
                stream.write(b"x")
            answer = call("--root", folder, "--committed-only")
            self.assertEqual("", answer.stderr)


if __name__ == "__main__":
    unittest.main()
