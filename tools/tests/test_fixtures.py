"""Each fixture is found with exactly its code, and with the pinned text. `UPDATE_EXPECTED=1` renews the texts."""

import os
import re
import unittest

import gate_path
from gate import codes, fixtures
from gate.checks.profiles import RULES as PROFILE_RULES
from gate.rules import RULES
from gate.specification import ELSEWHERE, SENTENCES
from gate.tree import FolderTree


SOUND = ("sound", "sound-six-profiles")
# A rule's name where it is broken: as the first argument of what makes a finding, or in a table of names.
NAMED = re.compile(r'"([a-z]+\.[a-z-]+)"')


class Fixtures(unittest.TestCase):
    def test_every_fixture_is_found_with_exactly_its_code_and_text_and_the_sound_ones_pass(self):
        for name in fixtures.names(gate_path.ROOT):
            with self.subTest(fixture=name):
                if name in SOUND:
                    _, found = fixtures.judge_one(gate_path.ROOT, name)
                    self.compare(name, "".join(item.render() for item in found))
                    self.assertEqual([], found)
                    continue
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
        self.assertEqual(set(codes.EXPLANATIONS), covered - set(SOUND))
        self.assertLessEqual(set(codes.ALLOCATOR_CODES), covered)

    def test_every_rule_is_broken_by_a_fixture_and_answers_a_sentence(self):
        self.assertEqual(set(RULES), set(fixtures.by_rule(gate_path.ROOT)))
        for name, rule in RULES.items():
            self.assertTrue(rule.sentences and set(rule.sentences) <= set(SENTENCES), name)
        answered = {sentence for rule in RULES.values() for sentence in rule.sentences}
        self.assertEqual(set(SENTENCES), answered | set(ELSEWHERE))

    def test_the_sources_of_the_judge_name_exactly_the_rules(self):
        tree = FolderTree(os.path.join(gate_path.TOOLS, "gate"))
        sources = [path for path in tree.under("") if path.endswith(".py") and path not in ("rules.py", "sample.py")]
        named = {name for path in sources for name in NAMED.findall(tree.read(path).decode("utf-8"))}
        by_column = {f"profiles.{column.replace('_', '-')}" for column in (*next(iter(PROFILE_RULES.values())), "tiers", "release", "type")}
        self.assertEqual(set(), set(RULES) - named - by_column)


if __name__ == "__main__":
    unittest.main()
