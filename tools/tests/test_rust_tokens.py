"""The token reader against the vectors that the Rust writer is held to as well, and on every source of the repository."""

import json
import os
import unittest

import gate_path
from gate import rust_tokens
from gate.tree import FolderTree


class RustTokens(unittest.TestCase):
    def test_the_shared_vectors_give_their_tokens(self):
        with open(os.path.join(gate_path.TOOLS, "tests", "rust-tokens.json"), encoding="utf-8") as stream:
            vectors = json.load(stream)
        self.assertGreaterEqual(len(vectors), 20)
        for vector in vectors:
            with self.subTest(about=vector["about"]):
                self.assertEqual(vector["tokens"], rust_tokens.tokens(vector["source"]))

    def test_every_source_of_the_repository_has_tokens_and_loses_only_comments(self):
        tree = FolderTree(gate_path.ROOT)
        sources = [path for folder in ("compiler-alloc", "passes", "bench-corpus") for path in tree.under(folder) if path.endswith(".rs")]
        self.assertGreater(len(sources), 100)
        for path in sources:
            with self.subTest(source=path):
                source = tree.read(path).decode("utf-8")
                found = rust_tokens.tokens(source)
                self.assertIsNotNone(found)
                self.assertEqual(found, rust_tokens.tokens("\n// another comment\n".join(found)))
                self.assertEqual(found, rust_tokens.tokens(" /* a */ ".join(found)))

    def test_what_has_no_tokens_is_digested_as_it_is(self):
        self.assertEqual(b"\xff // x", rust_tokens.canonical(b"\xff // x"))
        self.assertEqual(b'"open // x', rust_tokens.canonical(b'"open // x'))
        self.assertEqual(b"a\0b\0", rust_tokens.canonical(b"a/* x */b // y"))


if __name__ == "__main__":
    unittest.main()
