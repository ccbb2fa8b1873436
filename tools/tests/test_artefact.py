"""What a program is made of, read from one that is built here: its functions, its code, and what they call."""

import glob
import os
import shutil
import subprocess
import tempfile
import unittest

import gate_path  # noqa: F401
from gate import artefact
from gate.checks import stepped

SOURCE = """
__attribute__((noinline)) int callee(int x) { __asm__ volatile(""); return x ^ 5; }
int alias(int x) __attribute__((alias("callee")));
__attribute__((noinline)) int caller(int x) { return callee(x) * 2; }
int main(int argc, char **argv) { (void)argv; return caller(argc); }
"""


class Names(unittest.TestCase):
    def test_hashes_leave_the_names_as_for_the_stepper(self):
        self.assertEqual("bumpalo::Bump<_>::alloc_layout_slow", artefact.plain_name("_ZN7bumpalo13Bump$LT$_$GT$17alloc_layout_slow17h0536f577489f5638E"))
        for odd in ("memcpy", "_ZN", "_ZNx", "_ZN9999short"):
            self.assertIsInstance(artefact.plain_name(odd), str)


class Programs(unittest.TestCase):
    def test_functions_code_and_calls_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program")
            ran = subprocess.run(["gcc", "-O1", "-x", "c", "-", "-o", path], input=SOURCE, text=True, capture_output=True)
            self.assertEqual(0, ran.returncode, ran.stderr)
            program = artefact.Program(path)
            caller, callee = program.functions["caller"][0], program.functions["callee"][0]
            self.assertEqual({"callee", "alias"}, program.called(caller), "both names of the address")
            self.assertEqual(set(), program.called(callee))
            code = program.code(caller, program.lengths[caller])
            self.assertTrue(program.holds(caller, 0, code))
            self.assertTrue(program.holds(caller, 0, bytes(len(code))), "what the linker decides is traced as zeroes")
            self.assertFalse(program.holds(caller, 0, bytes([code[0] ^ 0xFF or 1]) + code[1:]))
            self.assertEqual(b"", program.code(1 << 60, 4))

    def test_what_is_no_program_is_an_error_and_no_other(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program")
            with open(shutil.which("true"), "rb") as stream:
                whole = stream.read()
            for data in (b"", b"#!/bin/sh\n", b"\x7fELF\x02\x01", whole[:64], whole[:1000], b"\x7fELF\x02\x01" + b"\xff" * 200):
                with self.subTest(length=len(data)):
                    with open(path, "wb") as stream:
                        stream.write(data)
                    self.assertRaises(ValueError, artefact.Program, path)


class Entries(unittest.TestCase):
    def test_what_a_function_calls_is_followed_through_the_measured_sources(self):
        sources = (b"use heap::Heap;\nextern \"C\" fn probe(heap: &Heap) -> [u8; 3] { helper(heap) }\n", b"mod other;\nfn helper(heap: &Heap) { heap.take(); Heap::begin(); }\n",
                   b"mod apart;\nfn take() { heap.give(); }\nfn begin() { heap.give(); }\n")
        called, mentioned = stepped.followed(sources, "probe")
        self.assertLessEqual({"helper", "take", "begin"}, called)
        self.assertNotIn("give", called, "a method, or a function of a type, may be any of that name")
        self.assertIn("Heap", mentioned)
        self.assertNotIn("apart", mentioned)

    def test_a_probe_of_this_repository_enters_by_few_of_all_entries(self):
        root = os.path.join(os.path.dirname(__file__), "..", "..")
        files = sorted(path for folder in stepped.MEASURED for path in glob.glob(os.path.join(root, folder, "**", "*.rs"), recursive=True))
        sources = []
        for path in files:
            with open(path, "rb") as stream:
                sources.append(stream.read())
        entries = {entry for operations in stepped.NAMES.values() for entry, _ in operations.values()}
        for first, entered in (("loop_24", {"Arena::alloc"}), ("pool_get", {"ArenaPool::get"}), ("alloc_const", {"HostedSmall::alloc"}), ("free", {"hosted_server::free"})):
            called, mentioned = stepped.followed(tuple(sources), first)
            accepted = {entry for entry in entries if entry.split("::")[-1] in called and set(entry.split("::")[:-1]) <= mentioned}
            self.assertEqual(entered, accepted, first)


if __name__ == "__main__":
    unittest.main()
