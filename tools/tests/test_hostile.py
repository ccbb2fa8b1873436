"""Evidence that fits its schema and makes no sense: findings, never an exception."""

import hashlib
import os
import random
import tempfile
import unittest

import gate_path  # noqa: F401
from gate import process, sample, schema
from gate.judge import judge
from gate.schema.table import PROFILES

ROUNDS = 60
# What a cell may be told to hold where its column allows it.
WORDS = ("0", "1", "-", "999999999999999999", "0.0001", "x", "x-1", "a::b", "chunk-", "chunk-k", "chunk-9999999999999999999k", "block-0", "value-0", "bench-corpus",
         "{command}", "{x}", "ALLOCATOR_EXHAUSTION", "0" * 64, "9" * 1999, "--", "\u0663", "\u2028x")


def allowed(column, rng: random.Random, cell: str) -> str:
    choices = [word for word in (*WORDS, *column.kind.values, cell) if column.kind.wrong(word) is None]
    return rng.choice(choices)


class Hostile(unittest.TestCase):
    def test_rows_of_any_allowed_cells_are_judged_without_an_exception(self):
        rng = random.Random(22)
        tables = [table for table in schema.TABLES.values()]
        for built in (sample.BUILT, PROFILES):
            for _ in range(ROUNDS):
                committed = sample.repository(built)
                fresh = sample.fresh(committed)
                for files in (committed, fresh):
                    for table in rng.sample(tables, 3):
                        if table.path in files:
                            files[table.path] = self.shuffled(table, files[table.path], rng)
                judge(sample.Files(committed), sample.Files(fresh), sample.MACHINE, sample.records(built))

    def shuffled(self, table, data: bytes, rng: random.Random) -> bytes:
        lines = data.decode("utf-8").split("\n")
        for _ in range(rng.randrange(1, 30)):
            at = rng.randrange(1, len(lines) - 1)
            cells = lines[at].split("\t")
            place = rng.randrange(len(cells))
            if table.columns[place].name not in table.key or rng.random() < 0.1:
                cells[place] = allowed(table.columns[place], rng, cells[place])
            lines[at] = "\t".join(cells)
        return "\n".join(lines).encode("utf-8")

    def test_any_bytes_in_place_of_a_file_are_judged_without_an_exception(self):
        rng = random.Random(23)
        wrong = (b"", b"\n", b"\t\n", b"\xff\xfe\n", b"\0", b"x" * 100_000, b"a\tb\n" * 100)
        names = [*sample.repository(), "fresh/processes.tsv", "fresh/reuse.tsv", *(f"fresh/{name}" for name in sample.fresh(sample.repository()))]
        for name in names:
            committed = sample.repository()
            fresh = sample.fresh(committed)
            (fresh if name.startswith("fresh/") else committed)[name.removeprefix("fresh/")] = rng.choice(wrong)
            judge(sample.Files(committed), sample.Files(fresh), sample.MACHINE, sample.records())

    def test_numbers_and_nesting_beyond_what_a_reader_takes_are_findings(self):
        digits = b"1" * 5000
        for path in ("Cargo.toml", "bench-corpus/Cargo.toml"):
            for wrong in (b"a=" + b"[" * 5000, b"a=" + digits):
                committed = sample.repository()
                committed[path] = wrong
                self.assertIn((path, "provenance.sources-inside"), [(item.file, item.rule) for item in judge(sample.Files(committed))[1]])
        for path, table in schema.TABLES.items():
            committed = sample.repository()
            header, first, rest = committed[path].split(b"\n", 2)
            cells = first.split(b"\t")
            cells[table.index[table.key[-1]]] = digits
            committed[path] = b"\n".join((header, b"\t".join(cells), rest))
            self.assertIn((path, "schema.cell"), [(item.file, item.rule) for item in judge(sample.Files(committed))[1]])

    def test_any_list_of_programs_is_read_without_an_exception(self):
        rng = random.Random(24)
        sound = "\t".join(process.HEADER).encode() + b"\na\tempty\tours\t/no/such/program\t1 2\tA=b\n"
        for _ in range(300):
            data = bytearray(sound)
            data[rng.randrange(len(data))] = rng.randrange(256)
            process.listed(bytes(data))
            process.digests(bytes(data))
        self.assertIn("does not lie where cargo puts it", process.records(sample.Files({process.FILE: sound}), "/no/such/target")[("a", "empty", "ours")])

    def test_only_the_program_that_the_run_built_is_started(self):
        with tempfile.TemporaryDirectory() as target:
            program = os.path.join(target, "measured", "worker")
            os.mkdir(os.path.dirname(program))
            self.write(program, "#!/bin/sh\necho held\t1\n")
            built = {program: hashlib.sha256(b"#!/bin/sh\necho held\t1\n").hexdigest()}
            self.assertIsNone(process.foreign(program, target, built))
            self.assertIn("does not lie where cargo puts it", process.foreign(program, "/another", built))
            self.assertIn("by its digest", process.foreign(program, target, {}))
            self.write(program, "#!/bin/sh\necho held\t0\n")
            self.assertIn("by its digest", process.foreign(program, target, built))
            os.remove(program)
            self.assertIn("No such file", process.foreign(program, target, built))

    def write(self, path: str, text: str):
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)


class Processes(unittest.TestCase):
    def test_a_process_is_read_from_the_kernels_account_of_it(self):
        touched = process.run(["/bin/sh", "-c", "x=$(printf %4000000d 1); printf 'facts\\t7\\nnoise\\n'"], {})
        little = process.run(["/bin/sh", "-c", ":"], {})
        self.assertEqual({"facts": 7}, touched.facts)
        self.assertGreater(touched.faults, little.faults)
        self.assertGreater(touched.peak_bytes, little.peak_bytes + 2_000_000)
        self.assertLess(little.peak_bytes, 6_000_000, "the judge's own memory must not show")

    def test_what_a_process_held_at_its_end_is_read_too(self):
        little = process.run(["/bin/sh", "-c", ":"], {})
        self.assertTrue(0 < little.resident_bytes <= little.peak_bytes, little)

    def test_a_table_of_passes_is_read_to_the_last_row_of_each(self):
        table = "memory\tround\tpass\tused_bytes\nours\t1\tlex\t5\nours\t2\tlex\t7\nours\t2\tparse\t-\nshort\trow\nfact\t3\n"
        self.assertEqual({"lex.round": 2, "lex.used_bytes": 7, "parse.round": 2, "fact": 3}, process.facts_of(table))
        self.assertEqual({}, process.facts_of("x\t" + "9" * 19 + "\ny\t\u0663\n"))

    def test_a_process_that_fails_has_no_record(self):
        for script in ("exit 3", "kill -9 $$"):
            with self.assertRaises(OSError):
                process.run(["/bin/sh", "-c", script], {})


if __name__ == "__main__":
    unittest.main()
