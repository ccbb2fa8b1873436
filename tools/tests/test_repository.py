"""The repository's own dictionaries and file rules hold."""

import os
import unittest

import gate_path
from gate import dictionary, schema, tidy
from gate.tree import FolderTree


class Repository(unittest.TestCase):
    def test_dictionaries_agree_with_the_schema(self):
        for folder in schema.FOLDERS:
            with open(os.path.join(gate_path.ROOT, folder, "README.md"), encoding="utf-8") as stream:
                self.assertTrue(dictionary.is_current(stream.read(), folder), f"{folder}/README.md")

    def test_file_rules_hold(self):
        self.assertEqual([], tidy.check(FolderTree(gate_path.ROOT)))


if __name__ == "__main__":
    unittest.main()
