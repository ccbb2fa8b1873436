"""The judge's own reading of instructions: by encoding for control flow and locks, by operands for memory."""

import random
import unittest

import gate_path  # noqa: F401
from gate import sample, trace

ENCODINGS = {
    "7214": ("jb", "conditional_branch"),
    "0f8510000000": ("jne", "conditional_branch"),
    "660f1f440000": ("nop", None),
    "eb05": ("jmp", None),
    "e800000000": ("call", "calls"),
    "ffd0": ("call rax", "calls"),
    "41ff5310": ("call [r11+10h]", "calls"),
    "ffe0": ("jmp rax", None),
    "0f05": ("syscall", "system_call"),
    "f0480fb10f": ("lock cmpxchg", "locked"),
    "488707": ("xchg [rdi], rax", "locked"),
    "4887c3": ("xchg rbx, rax", None),
    "488b07": ("mov", None),
}
OPERANDS = {
    "mov rax, [rdi]": (1, 0),
    "mov [rdi], rax": (0, 1),
    "mov qword ptr [rdi+8], 0": (0, 1),
    "lea rax, [rdi+8]": (0, 0),
    "cmp rax, [rdi+8]": (1, 0),
    "cmp [rdi+8], rax": (1, 0),
    "add [rdi], rax": (1, 1),
    "add rax, [rdi]": (1, 0),
    "push rbx": (0, 1),
    "push [rdi]": (1, 1),
    "pop rbx": (1, 0),
    "call +0x10": (0, 1),
    "call [rip+0x10]": (1, 1),
    "jmp [rax]": (1, 0),
    "ret": (1, 0),
    "movups [rdi], xmm0": (0, 1),
    "movups xmm0, [rdi]": (1, 0),
    "nop [rax+rax]": (0, 0),
    "lock cmpxchg [rdi], rsi": (1, 1),
    "xchg [rdi], rax": (1, 1),
    "cmovb rax, [rdi]": (1, 0),
    "sete [rdi]": (0, 1),
}


class Reading(unittest.TestCase):
    def test_control_flow_and_locks_by_encoding(self):
        for code, (what, column) in ENCODINGS.items():
            with self.subTest(what):
                seen = trace.encoded(bytes.fromhex(code))
                self.assertEqual({column} if column else set(), {name for name, value in seen.items() if value})

    def test_memory_by_operands(self):
        for text, wanted in OPERANDS.items():
            with self.subTest(text):
                mnemonic = text.removeprefix("lock ").split(" ")[0]
                self.assertEqual(wanted, trace.accesses(mnemonic, text))

    def test_random_damage_is_never_an_exception(self):
        sound = sample.trace_file("ours", "alloc-24", sample.OURS_CALL)
        rng = random.Random(21)
        for _ in range(1_000):
            data = bytearray(sound)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            trace.read("t", bytes(data[:rng.randrange(len(data) + 1)]), "ours", "alloc-24")

    def test_a_loop_is_counted_by_its_difference(self):
        short, long = trace.Call(8), trace.Call(16)
        short.sums["instructions"], long.sums["instructions"] = 46, 86
        sums, operations = trace.Trace([short, long, long], []).per_operation()
        self.assertEqual((40, 8), (sums["instructions"], operations))


if __name__ == "__main__":
    unittest.main()
