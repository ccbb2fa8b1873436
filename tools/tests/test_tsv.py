"""The parser accepts one spelling and answers everything else with a place, never with an exception."""

import random
import unittest

import gate_path  # noqa: F401
from gate import codes, sample, schema, tsv

PATH = "allocator/transfer-cache.tsv"
TABLE = schema.TABLES[PATH]
SOUND = sample.repository()[PATH]


def parse(data: bytes) -> tsv.Parsed:
    return tsv.parse(TABLE, PATH, data)


class Parser(unittest.TestCase):
    def test_what_it_renders_it_accepts(self):
        parsed = parse(SOUND)
        self.assertEqual([], parsed.findings)
        self.assertEqual(SOUND, tsv.render(TABLE, [row.cells for row in parsed.rows]))

    def test_a_wrong_cell_is_named_by_line_and_column(self):
        [found] = parse(SOUND.replace(b"2097152", b"two")).findings
        self.assertEqual((4, "capacity", codes.SCHEMA), (found.row, found.column, found.code))

    def test_a_file_beyond_the_limit_is_not_read(self):
        [found] = parse(SOUND + b"x" * tsv.BYTES_MAX).findings
        self.assertEqual(codes.SYNTAX, found.code)

    def test_a_broken_file_does_not_bury_the_others(self):
        self.assertLessEqual(len(parse(SOUND + b"x\n" * 10_000).findings), tsv.FINDINGS_MAX)

    def test_random_damage_is_never_an_exception(self):
        rng = random.Random(20)
        for _ in range(2_000):
            data = bytearray(SOUND)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            parse(bytes(data[:rng.randrange(len(data) + 1)]))


if __name__ == "__main__":
    unittest.main()
