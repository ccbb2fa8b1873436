"""Each fixture is found with exactly its code, and with the pinned text. `UPDATE_EXPECTED=1` renews the texts."""

import os
import unittest

import gate_path
from gate import codes, fixtures, sample
from gate.judge import judge
from gate.schema.table import PROFILES


class Fixtures(unittest.TestCase):
    def test_the_sound_sample_passes(self):
        for built in (sample.BUILT, PROFILES):
            files = sample.repository(built)
            _, found = judge(sample.Files(files), sample.Files(sample.fresh(files)), sample.MACHINE)
            self.assertEqual([], [item.render() for item in found])

    def test_every_fixture_is_found_with_exactly_its_code_and_text(self):
        for name in fixtures.names(gate_path.ROOT):
            with self.subTest(fixture=name):
                _, found = fixtures.judge_one(gate_path.ROOT, name)
                self.assertEqual({name.split(".")[0]}, {item.code for item in found})
                self.assertTrue(all(item.remedy and item.file and item.message for item in found))
                self.compare(name, "\n".join(item.render() for item in found) + "\n")

    def compare(self, name: str, text: str):
        path = os.path.join(gate_path.ROOT, fixtures.FOLDER, name, "expected.txt")
        if os.environ.get("UPDATE_EXPECTED"):
            with open(path, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        with open(path, encoding="utf-8") as stream:
            self.assertEqual(stream.read(), text)

    def test_every_code_has_a_fixture_and_an_explanation(self):
        covered = {name.split(".")[0] for name in fixtures.names(gate_path.ROOT)}
        self.assertEqual(set(codes.EXPLANATIONS), covered)
        self.assertLessEqual(set(codes.ALLOCATOR_CODES), covered)


if __name__ == "__main__":
    unittest.main()
