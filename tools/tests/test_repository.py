"""The repository's own dictionaries and file rules hold."""

import os
import unittest

import gate_path
from gate import dictionary, planted, schema, tidy
from gate.checks import contract
from gate.tree import FolderTree


class Repository(unittest.TestCase):
    def test_dictionaries_agree_with_the_schema(self):
        for folder in schema.FOLDERS:
            with open(os.path.join(gate_path.ROOT, folder, "README.md"), encoding="utf-8") as stream:
                self.assertTrue(dictionary.is_current(stream.read(), folder), f"{folder}/README.md")

    def test_the_reference_page_names_the_rules_of_each_sentence(self):
        with open(os.path.join(gate_path.ROOT, contract.PAGE), encoding="utf-8") as stream:
            page = stream.read()
        self.assertEqual(page, dictionary.replace_sentences(page), "`python3 tools/allocator-fast-path-check.py --write-dictionaries`")

    def test_the_places_of_planted_regressions_are_there_once(self):
        tree = FolderTree(gate_path.ROOT)
        for plant in planted.PLANTS:
            self.assertEqual(1, tree.read(plant.file).decode("utf-8").count(plant.find), plant.name)

    def test_file_rules_hold(self):
        self.assertEqual([], tidy.check(FolderTree(gate_path.ROOT)))


if __name__ == "__main__":
    unittest.main()
