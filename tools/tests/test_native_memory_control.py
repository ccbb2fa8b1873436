"""The parts of native memory control that read what tools print, and the command line. No program is built here."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import gate_path
from control import codes, command, dependencies, pass_budgets, programs, sanitizers, shutdown
from gate.tree import FolderTree

CONTROL = os.path.join(gate_path.TOOLS, "native-memory-control-check.py")
SERVER = programs.Artifact("hosted-server", programs.PROFILES, "hosted_server")
BARE = programs.Artifact("freestanding", programs.FREESTANDING, "blocks", is_leaking=False)
NM = "malloc@GLIBC_2.2.5 U\n__gmon_start__ w\ngetauxval@@GLIBC_2.16 U         \n"
READELF = " 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n 0x000000000000000e (SONAME) Library soname: [other.so]\n"
TREE = "hosted v0.0.0 (/some/where)\nrustix v1.1.6\nrustix v1.1.6 (*)\n\n"


def call(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, CONTROL, *arguments], capture_output=True, text=True, timeout=60)


class Dependencies(unittest.TestCase):
    rows = sorted(set(dependencies.rows_of(SERVER, "1.95.0", NM, READELF, TREE)))

    def changed(self, *change):
        return sorted([row for row in self.rows if row[2:4] != change[:2]] + ([("hosted-server", "hosted_server", *change)] if len(change) == 3 else []))

    def test_a_manifest_is_read_from_what_the_tools_print(self):
        self.assertEqual([("crate", "hosted", "-"), ("crate", "rustix", "1.1.6"), ("library", "libc.so.6", "-"), ("symbol", "__gmon_start__", "-"),
                          ("symbol", "getauxval", "GLIBC_2.16"), ("symbol", "malloc", "GLIBC_2.2.5"), ("toolchain", "rustc", "1.95.0")],
                         [row[2:] for row in self.rows])

    def test_equal_manifests_have_no_difference(self):
        self.assertEqual([], dependencies.compare(self.rows, self.rows))

    def test_every_row_more_fewer_or_other_is_a_difference(self):
        for kind, name, version in [row[2:] for row in self.rows if row[2] != "toolchain"]:
            for recorded, fresh, said in ((self.rows, self.changed(kind, name), "no longer asks"), (self.changed(kind, name), self.rows, "not recorded"),
                                          (self.rows, self.changed(kind, name, "9"), "recorded is")):
                found = dependencies.compare(recorded, fresh)
                self.assertEqual(1, len(found), (kind, name))
                self.assertIn(said, found[0].message)

    def test_a_difference_is_shown_beside_what_is_never_accepted(self):
        planted = [dependencies.Finding(codes.FREESTANDING, "freestanding (blocks)", "holds `malloc`", "")]
        with mock.patch.object(dependencies, "measure", lambda _: (self.changed("symbol", "fork", "-"), [], list(planted))), \
             mock.patch.object(dependencies.record, "read", lambda *_: (self.rows, [])):
            found = dependencies.check("", None, None).findings
        self.assertEqual([codes.FREESTANDING, codes.DEPENDENCY], [item.code for item in found])

    def test_nothing_is_recorded_while_a_command_fails_or_something_is_never_accepted(self):
        sound, failed = (self.rows, [], []), (self.rows, [command.Ran(("nm",), 1, "", "").finding()], [])
        collector = ([("hosted-server", "x", "crate", "gc", "1")], [], [])
        with tempfile.TemporaryDirectory() as folder:
            for answer, is_recorded in ((failed, False), (collector, False), (sound, True)):
                with mock.patch.object(dependencies, "measure", lambda _, answer=answer: answer):
                    self.assertEqual(is_recorded, not dependencies.accept(folder, None, None).findings)
                self.assertEqual(is_recorded, os.path.exists(os.path.join(folder, dependencies.FILE)))

    def test_another_compiler_is_one_finding_and_crates_are_compared_all_the_same(self):
        fresh = self.changed("toolchain", "rustc", "1.96.0")
        fresh = [row for row in fresh if row[2] != "symbol"]
        self.assertEqual(1, len(dependencies.compare(self.rows, fresh)))
        self.assertEqual(2, len(dependencies.compare(self.rows, [row for row in fresh if row[3] != "rustix"])))

    def test_collectors_are_never_accepted(self):
        self.assertEqual([], dependencies.forbidden(self.rows))
        for kind, name in (("crate", "gc-arena"), ("crate", "dumpster"), ("symbol", "GC_malloc"), ("symbol", "GC_init"), ("symbol", "mps_arena_create")):
            found = dependencies.forbidden([("hosted-server", "x", kind, name, "1")])
            self.assertEqual([codes.COLLECTOR], [item.code for item in found], name)

    def test_the_freestanding_artifact_may_ask_for_nothing(self):
        for kind in ("symbol", "library"):
            self.assertEqual([codes.FREESTANDING], [item.code for item in dependencies.forbidden([("freestanding", "blocks", kind, "memcpy", "-")])])

    def test_allocation_functions_are_found_in_the_freestanding_artifact(self):
        fine = "_start T 201000\nmemcpy t 1\n_RNvCsLfy6_7___rustc14___rust_dealloc t 2\n_ZN5alloc7raw_vec12handle_error17h0E t 3\n_ZN4core3mem4free17h0E t 1\n"
        self.assertEqual([], dependencies.allocating(BARE, fine))
        for name in ("malloc", "__libc_malloc", "realloc", "free", "aligned_alloc", "mmap", "mmap64", "munmap", "brk", "__sbrk", "posix_memalign",
                     "_Znwm", "_ZdlPv", "malloc@GLIBC_2.2.5"):
            self.assertEqual([codes.FREESTANDING], [item.code for item in dependencies.allocating(BARE, fine + f"{name} t 4\n")], name)

    def test_an_artifact_without_symbols_proves_nothing(self):
        self.assertEqual([codes.FREESTANDING], [item.code for item in dependencies.allocating(BARE, "")])

    def test_what_is_recorded_in_this_repository_is_sound(self):
        rows, found = dependencies.record.read(FolderTree(gate_path.ROOT), dependencies.FILE, dependencies.HEADER, dependencies.KEYS)
        self.assertEqual([], found)
        self.assertEqual([], dependencies.forbidden(rows))
        self.assertEqual({(artifact.profile, artifact.file) for artifact in programs.ARTIFACTS}, {row[:2] for row in rows})
        from gate.schema.table import PROFILES
        self.assertEqual(set(PROFILES), {row[0] for row in rows})


class PassBudgets(unittest.TestCase):
    report = json.dumps({"rounds": [{"passes": []}, {"passes": [{"pass": "lex", "used_bytes": 900, "reserved_bytes": 1000, "faults": 3}]}]})

    def declared(self, used="1000", held="1000", reason="so many tokens there are"):
        return {("lex", "used-bytes"): {"released_budget": used, "reason": reason}, ("lex", "reserved-bytes"): {"released_budget": held, "reason": reason}}

    def judge(self, **cells):
        return pass_budgets.judge(self.declared(**cells), pass_budgets.measured(self.report))

    def test_a_pass_within_its_budgets_passes(self):
        self.assertEqual([], self.judge())

    def test_a_pass_beyond_a_budget_is_found(self):
        self.assertIn("takes 900 bytes, its budget is 899", self.judge(used="899")[0].message)
        self.assertIn("takes 1000 bytes", self.judge(held="999")[0].message)

    def test_a_pass_without_budget_row_or_reason_is_found(self):
        self.assertEqual(["has no budget"], [item.message for item in self.judge(used="-")])
        self.assertEqual(2, len(pass_budgets.judge({}, pass_budgets.measured(self.report))))
        self.assertEqual(2, len(self.judge(reason="-")))

    def test_a_row_of_a_pass_that_did_not_run_is_found(self):
        self.assertIn("no such pass ran", pass_budgets.judge(self.declared(), {"parse": {"used_bytes": 0, "reserved_bytes": 0}})[-1].message)

    def test_every_declared_pass_of_this_repository_has_budgets_with_reasons_in_one_place(self):
        tree = FolderTree(gate_path.ROOT)
        declared, (later, broken) = pass_budgets.rows(tree), pass_budgets.later_rows(tree)
        self.assertEqual(([], set()), (broken, declared.keys() & later.keys()))
        nothing = dict.fromkeys(pass_budgets.METRICS.values(), 0)
        names = {name for name, _ in (*declared, *later)}
        self.assertLessEqual({"lex", "preprocess", "parse"}, names)
        self.assertEqual([], pass_budgets.judge(later | declared, dict.fromkeys(names, nothing)))

    def test_the_check_runs_the_passes_and_compares_both_tables(self):
        script = f"print({self.report!r})"
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "bench")
            with open(program, "w", encoding="utf-8") as stream:
                stream.write(f"#!{sys.executable}\n{script}\n")
            os.chmod(program, 0o755)
            for path, text in ((pass_budgets.FILE, "workload\tsubject\tmetric\treleased_budget\treason\ncorpus-quick.lex\tours\tused-bytes\t1000\tso many tokens there\n"),
                               (pass_budgets.LATER, "pass\tmetric\treleased_budget\treason\nlex\treserved-bytes\t999\tso many tokens there\n")):
                os.makedirs(os.path.join(folder, os.path.dirname(path)))
                with open(os.path.join(folder, path), "w", encoding="utf-8") as stream:
                    stream.write(text)
            found = pass_budgets.check(folder, FolderTree(folder), program).findings
            self.assertEqual(["takes 1000 bytes, its budget is 999"], [item.message for item in found])
            with open(os.path.join(folder, pass_budgets.LATER), "a", encoding="utf-8") as stream:
                stream.write("lex\tused-bytes\t1000\tso many tokens there\n")
            found = pass_budgets.check(folder, FolderTree(folder), program).findings
            self.assertIn("has a row in perf/allocator-fast-path-benchmarks.tsv too", found[-1].message)

    def test_what_is_no_report_has_no_passes(self):
        for text in ("", "{}", "[]", '{"rounds": []}', '{"rounds": [{"passes": [{"pass": "lex"}]}]}', '{"rounds": [3]}'):
            self.assertEqual({}, pass_budgets.measured(text), text)


class Shutdown(unittest.TestCase):
    def judge(self, out: str, is_leaking: bool, code: int = 0, artifact=SERVER):
        return shutdown.judge(artifact, is_leaking, command.Ran(("x",), code, out, ""))

    def test_an_empty_end_and_a_reported_leak_pass(self):
        self.assertEqual([], self.judge("hosted-server\t0\t-\n", False))
        self.assertEqual([], self.judge("hosted-server\t4096\tALLOCATOR_SHUTDOWN_LEAK\n", True))
        self.assertEqual([], self.judge("", False, artifact=BARE))

    def test_everything_else_is_a_leak(self):
        for out, is_leaking in (("hosted-server\t4096\t-\n", False), ("hosted-server\t0\tALLOCATOR_SHUTDOWN_LEAK\n", False), ("hosted-server\t0\t-\n", True),
                                ("hosted-server\t9\t-\n", True), ("hosted-small\t0\t-\n", False), ("", False), ("hosted-server\t-1\t-\n", False)):
            self.assertEqual([codes.LEAK], [item.code for item in self.judge(out, is_leaking)], (out, is_leaking))
        self.assertEqual([codes.LEAK], [item.code for item in self.judge("hosted-server\t0\t-\n", False, 101)])
        self.assertEqual([codes.LEAK], [item.code for item in self.judge("", False, 2, BARE)])


class Sanitizers(unittest.TestCase):
    def test_a_toolchain_without_sanitizers_is_a_sentence_not_a_failure(self):
        with mock.patch.dict(os.environ, {"RUSTC": "false"}):
            outcome = sanitizers.check(gate_path.ROOT, programs.Builds(gate_path.ROOT))
        self.assertEqual([], outcome.findings)
        self.assertEqual(2, len(outcome.skipped))
        self.assertIn("the address sanitizer was not run: this toolchain cannot link it", outcome.skipped[0])

    def test_a_sanitizer_that_misses_the_planted_defect_is_a_finding(self):
        def sound(*_):
            return command.Ran(("probe",), 0, "", "")
        with mock.patch.object(sanitizers, "compiled_and_run", sound):
            outcome = sanitizers.check(gate_path.ROOT, None)
        self.assertEqual([codes.SANITIZER] * 2, [item.code for item in outcome.findings])
        self.assertIn("planted defect", outcome.findings[0].message)

    def test_the_reason_is_the_compilers_first_error(self):
        ran = command.Ran(("rustc",), 1, "", "note: something\nerror: linking failed\nerror: aborting\n")
        self.assertEqual("error: linking failed", sanitizers.reason(ran))


class Commands(unittest.TestCase):
    def test_a_command_that_cannot_be_started_is_a_finding_that_names_it(self):
        ran = command.run(["/no/such/program", "--flag"])
        self.assertFalse(ran.is_good)
        self.assertEqual((codes.RUN, "`/no/such/program --flag`"), (ran.finding().code, ran.finding().place))

    def test_the_artifact_is_read_from_cargos_messages(self):
        messages = ('not json\n{"reason":"compiler-artifact","executable":null,"filenames":["t/libx.rlib"]}\n'
                    '{"reason":"compiler-artifact","executable":"t/release/blocks","filenames":["t/release/blocks"]}\n{"reason":"build-finished"}\n')
        self.assertEqual("t/release/blocks", programs.built(messages, "blocks"))
        self.assertEqual("", programs.built(messages, "global"))


class CommandLine(unittest.TestCase):
    def test_list_and_explain_answer_and_wrong_use_exits_2(self):
        listed = call("--list")
        self.assertEqual(0, listed.returncode)
        for code in codes.EXPLANATIONS:
            self.assertIn(code, listed.stdout)
        explained = call("--explain", codes.DOCUMENTATION)
        self.assertEqual(0, explained.returncode)
        self.assertIn("to mend it", explained.stdout)
        for arguments in (("--explain", "NO_SUCH_CODE"), ("--only", "no-such-check"), ("--accept", "everything")):
            self.assertEqual(2, call(*arguments).returncode)

    def test_findings_exit_1_with_a_verdict_and_as_json(self):
        arguments = ("--root", os.path.join(gate_path.ROOT, "docs"), "--only", "documentation")
        plain, as_json = call(*arguments), call(*arguments, "--json")
        self.assertEqual((1, 1), (plain.returncode, as_json.returncode))
        self.assertIn(f"FAILED: {codes.RECORD}", plain.stdout.splitlines()[-1])
        self.assertFalse(json.loads(as_json.stdout)["passed"])

    def test_a_failing_bench_is_a_finding(self):
        answer = call("--only", "pass-budgets", "--bench", "false")
        self.assertEqual(1, answer.returncode)
        self.assertIn(codes.RUN, answer.stdout)


if __name__ == "__main__":
    unittest.main()
