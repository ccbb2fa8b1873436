"""Documentation impact, both ways: every surface notices a changed token, none a changed comment; a documented change passes."""

import os
import tempfile
import unittest

import gate_path  # noqa: F401
from control import codes, documentation, documents, surfaces
from gate import rust_tokens
from gate.checks import provenance
from gate.tree import FolderTree

# A file of each surface. Some belong to two: then both must notice.
ONE_EACH = {
    "runtime memory": "compiler-alloc/src/arena/alloc.rs",
    "native allocation": "compiler-alloc/src/heap/alloc.rs",
    "page backend": "compiler-alloc/src/span/pool.rs",
    "huge page": "compiler-alloc/src/page_source/placement.rs",
    "NUMA": "compiler-alloc/src/page_source/numa.rs",
    "stress": "bench-corpus/src/stress/cases.rs",
    "shutdown": "compiler-alloc/src/profile/thread_exit.rs",
}
CODE = "//! About this.\n\n/// Adds.\npub fn add(a: usize) -> usize {\n    a + 1\n}\n"


class Repository:
    """A small repository in a folder, recorded at revision 1, that tests change."""

    def __init__(self, folder: str):
        self.root = folder
        for path in ONE_EACH.values():
            self.write(path, CODE)
        self.write("Cargo.toml", '[workspace.package]\nversion = "0.1.0"\n')
        self.say(dict.fromkeys(surfaces.SURFACES, 1))
        self.measure()
        assert not self.accept(is_first=True).findings

    def write(self, path: str, text: str) -> None:
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as stream:
            stream.write(text)

    def read(self, path: str) -> str:
        return (self.tree.read(path) or b"").decode()

    @property
    def tree(self) -> FolderTree:
        return FolderTree(self.root)

    def say(self, revisions: dict, parts=("page", "index", "notes"), version: str = "0.1.0") -> None:
        """Writes the named documents with these revisions."""
        if "page" in parts:
            rows = "".join(f"| {surface} | {number} | what revision {number} brought |\n" for surface, number in revisions.items())
            self.write(documents.PAGE, "| surface | revision | brought |\n|---|---|---|\n" + rows)
        if "index" in parts:
            rows = "".join(f"| {surface}: things | a page | `code` | {number} |\n" for surface, number in revisions.items())
            self.write(documents.INDEX, "| subject | page | where | revision |\n|---|---|---|---|\n" + rows)
        if "notes" in parts:
            rows = "".join(f"- **{surface}**, revision {number}: users notice number {number}.\n" for surface, number in revisions.items())
            self.write(documents.NOTES, f"# Release notes\n\n## {version} (unreleased)\n\n{rows}")

    def measure(self) -> None:
        """What `make evidence` does, as far as this check can tell."""
        self.write(provenance.FILE, f"item\tvalue\nsources\t{provenance.sources(self.tree)}\n")

    def accept(self, is_first: bool = False):
        return documentation.accept(self.root, self.tree, is_first)

    def check(self):
        return documentation.check(self.tree).findings


class Impact(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.repository = Repository(folder.name)

    def places(self, found) -> set[str]:
        self.assertTrue(all(item.code == codes.DOCUMENTATION and item.remedy for item in found), found)
        return {item.place for item in found}

    def missing(self, item) -> list[str]:
        """The documents that a finding misses, in its order."""
        return [line.split(":")[0] for line in item.message.split("\n  | ")[1:]]

    def test_what_was_recorded_passes(self):
        self.assertEqual([], self.repository.check())

    def test_a_changed_token_is_caught_in_each_surface(self):
        for surface, path in ONE_EACH.items():
            with self.subTest(surface=surface):
                self.repository.write(path, CODE.replace("a + 1", "a + 2"))
                found = self.repository.check()
                self.assertEqual({f"surface `{name}`" for name in surfaces.of(path)}, self.places(found))
                self.assertIn(f"surface `{surface}`", self.places(found))
                for item in found:
                    self.assertEqual([documents.PAGE, documents.INDEX, documents.NOTES, provenance.FILE], self.missing(item))
                self.assertIn(f"{path} (changed)", documentation.explain(self.repository.tree))
                self.assertTrue(self.repository.accept().findings, "an undocumented change was recorded")
                self.repository.write(path, CODE)
                self.assertEqual([], self.repository.check())

    def test_comments_formatting_and_unit_tests_are_no_change(self):
        for path in ONE_EACH.values():
            for same in (CODE.replace("Adds.", "Adds one."), CODE.replace("//! About this.\n", "/* other */"), CODE.replace("\n    a", " a"),
                         CODE.replace("a: usize", "\n    a: usize,\n"), CODE + "\n#[cfg(test)]\nmod tests {\n    fn t() { assert!(true) }\n}\n"):
                self.repository.write(path, same)
                self.assertEqual([], self.repository.check(), same)

    def test_a_documented_change_is_recorded_and_passes(self):
        path = ONE_EACH["page backend"]
        self.repository.write(path, CODE.replace("a + 1", "a + 2"))
        self.repository.say(dict.fromkeys(surfaces.SURFACES, 1) | {"page backend": 2})
        self.repository.measure()
        found = self.repository.check()
        self.assertEqual({"surface `page backend`"}, self.places(found))
        self.assertIn("not recorded", found[0].message)
        self.assertEqual([], self.repository.accept().findings)
        self.assertEqual([], self.repository.check())
        # The next change needs documents of its own: those of the last one do not serve it.
        self.repository.write(path, CODE.replace("a + 1", "a + 3"))
        self.assertEqual([documents.PAGE, documents.INDEX, documents.NOTES, provenance.FILE], self.missing(self.repository.check()[0]))

    def test_each_document_is_needed(self):
        revisions = dict.fromkeys(surfaces.SURFACES, 1)
        self.repository.write(ONE_EACH["stress"], CODE.replace("a + 1", "a + 2"))
        for lacking, path in (("page", documents.PAGE), ("index", documents.INDEX), ("notes", documents.NOTES), ("evidence", provenance.FILE)):
            with self.subTest(lacking=lacking):
                self.repository.say(revisions)
                self.repository.say(revisions | {"stress": 2}, [part for part in ("page", "index", "notes") if part != lacking])
                self.repository.measure()
                if lacking == "evidence":
                    self.repository.write(provenance.FILE, "item\tvalue\nsources\tother\n")
                found = self.repository.accept().findings
                self.assertEqual([[path]], [self.missing(item) for item in found])

    def test_a_raised_number_without_new_words_is_refused(self):
        self.repository.write(ONE_EACH["stress"], CODE.replace("a + 1", "a + 2"))
        revisions = dict.fromkeys(surfaces.SURFACES, 1) | {"stress": 2}
        self.repository.say(revisions)
        for path in (documents.PAGE, documents.NOTES):
            text = self.repository.read(path)
            self.repository.write(path, text.replace("what revision 2 brought", "what revision 1 brought").replace("number 2.", "number 1."))
        self.repository.measure()
        found = self.repository.accept().findings
        self.assertEqual([[documents.PAGE, documents.NOTES]], [self.missing(item) for item in found])

    def test_documents_ahead_of_the_code_are_found(self):
        self.repository.say(dict.fromkeys(surfaces.SURFACES, 1) | {"shutdown": 2})
        self.assertEqual({"surface `shutdown`"}, self.places(self.repository.check()))

    def test_a_new_and_a_deleted_file_are_changes(self):
        self.repository.write("compiler-alloc/src/span/more.rs", CODE)
        self.assertIn("surface `page backend`", self.places(self.repository.check()))
        self.assertIn("more.rs (new)", documentation.explain(self.repository.tree))
        os.remove(os.path.join(self.repository.root, "compiler-alloc/src/span/more.rs"))
        os.remove(os.path.join(self.repository.root, ONE_EACH["runtime memory"]))
        self.assertIn("alloc.rs (gone)", documentation.explain(self.repository.tree))

    def test_a_file_of_no_surface_is_found(self):
        self.repository.write("compiler-alloc/src/novelty.rs", CODE)
        self.assertIn("compiler-alloc/src/novelty.rs", self.places(self.repository.check()))

    def test_a_new_version_is_recorded_and_keeps_the_rows_of_the_last(self):
        self.repository.write("Cargo.toml", '[workspace.package]\nversion = "0.2.0"\n')
        self.repository.write(ONE_EACH["stress"], CODE.replace("a + 1", "a + 2"))
        revisions = dict.fromkeys(surfaces.SURFACES, 1) | {"stress": 2}
        self.repository.say(revisions)
        self.repository.measure()
        self.assertEqual([documents.NOTES], self.missing(self.repository.accept().findings[0]))
        self.repository.say(revisions, ("notes",), "0.2.0")
        self.assertEqual([], self.repository.accept().findings)
        self.assertEqual([], self.repository.check())
        self.assertIn("0.1.0\tstress\t1", self.repository.read(documentation.SURFACES))

    def test_a_record_edited_by_hand_is_found(self):
        path = ONE_EACH["page backend"]
        before = surfaces.digest(CODE.encode())
        self.repository.write(path, CODE.replace("a + 1", "a + 2"))
        after = surfaces.digest(CODE.replace("a + 1", "a + 2").encode())
        text = self.repository.read(documentation.SOURCES)
        self.repository.write(documentation.SOURCES, text.replace(f"{path}\t{before}", f"{path}\t{after}"))
        self.assertEqual({codes.RECORD}, {item.code for item in self.repository.check()})

    def remove(self, *paths: str) -> None:
        for path in paths:
            os.remove(os.path.join(self.repository.root, path))

    def test_a_record_that_was_removed_is_no_way_around_a_revision(self):
        self.repository.write(ONE_EACH["stress"], CODE.replace("a + 1", "a + 2"))
        self.remove(documentation.SOURCES, documentation.SURFACES)
        for outcome in (documentation.check(self.repository.tree), self.repository.accept()):
            self.assertEqual({codes.RECORD}, {item.code for item in outcome.findings})
            self.assertTrue(all("make accept-documentation FIRST=1" in item.remedy for item in outcome.findings), outcome.findings)

    def test_neither_is_a_row_that_was_removed(self):
        self.repository.write(ONE_EACH["stress"], CODE.replace("a + 1", "a + 2"))
        rows = self.repository.read(documentation.SURFACES).split("\n")
        self.repository.write(documentation.SURFACES, "\n".join(row for row in rows if "\tstress\t" not in row))
        found = self.repository.accept().findings
        self.assertEqual([(codes.RECORD, "no row says its revision")], [(item.code, item.message) for item in found])

    def test_the_first_version_is_recorded_anew_while_it_is_unreleased(self):
        self.repository.write(ONE_EACH["stress"], CODE.replace("a + 1", "a + 2"))
        self.assertTrue(self.repository.accept().findings)
        self.assertEqual([], self.repository.accept(is_first=True).findings)
        self.assertEqual([], self.repository.check())
        self.repository.say(dict.fromkeys(surfaces.SURFACES, 1) | {"stress": 2}, ("page",))
        self.assertEqual([[documents.PAGE]], [self.missing(item) for item in self.repository.accept(is_first=True).findings])

    def test_a_version_that_was_released_is_no_first_one(self):
        notes, recorded = self.repository.read(documents.NOTES), self.repository.read(documentation.SURFACES)
        for path, text, reason in ((documents.NOTES, notes.replace("(unreleased)", "(2026-01-31)"), "no heading"), (documents.NOTES, notes + "\n## 0.0.9 (2026-01-30)\n", "a section about 0.0.9"),
                                   (documentation.SURFACES, recorded.replace("\n0.1.0", "\n0.0.9\tNUMA\t1\ta\tb\tc\n0.1.0", 1), "rows of 0.0.9"), ("release/0.1.0.md", "# Release\n", "release check passed")):
            with self.subTest(reason=reason):
                before = self.repository.read(path)
                self.repository.write(path, text)
                found = self.repository.accept(is_first=True).findings
                self.assertEqual(1, len(found), found)
                self.assertIn(reason, found[0].message)
                self.repository.write(path, before) if before else self.remove(path)

    def test_broken_records_are_findings_not_tracebacks(self):
        for data in ("", "path\n", "path\tsha256\nx\n", "path\tsha256\nb\t1\na\t1\n", "path\tsha256\na\t1", "\0"):
            self.repository.write(documentation.SOURCES, data)
            self.assertTrue(all(item.code == codes.RECORD for item in self.repository.check()) and self.repository.check(), data)


class Digests(unittest.TestCase):
    def same(self, one: str, other: str, is_same: bool = True):
        self.assertEqual(is_same, surfaces.digest(one.encode()) == surfaces.digest(other.encode()), (one, other))

    def test_last_commas_count_only_where_they_mean_something(self):
        self.same("f(a, b)", "f(\n a,\n b,\n)")
        self.same("[a]", "[a,]")
        self.same("S { a }", "S { a, }")
        self.same("V<A, B>", "V<A, B,>")
        self.same("f(a)", "f(a,)")
        self.same("let x = (a);", "let x = (a,);", False)
        self.same("return (a)", "return (a,)", False)
        self.same("f(a, b)", "f(a b)", False)

    def test_every_single_token_of_a_file_counts(self):
        source = "pub const LIMIT: usize = 64 << 10;\nfn f<'a>(x: &'a [u8]) -> bool { x.len() >= LIMIT && !x.is_empty() }\n"
        tokens = rust_tokens.tokens(source)
        digest = surfaces.digest(source.encode())
        for at in range(len(tokens)):
            for changed in (tokens[:at] + tokens[at + 1:], tokens[:at] + ["other"] + tokens[at + 1:]):
                self.assertNotEqual(digest, surfaces.digest(" ".join(changed).encode()), changed)

    def test_only_whole_test_modules_are_left_out(self):
        self.same("fn f() {}", "fn f() {} #[cfg(test)] mod tests { fn t() { {} } }")
        self.same("fn f() {}", "fn f() {} mod tests { fn t() {} }", False)
        self.same("fn f() {}", "fn f() {} #[cfg(test)] mod tests { fn t() {", False)
        self.same("fn f() {}", "#[cfg(test)] mod tests { fn t() {} } fn f() {} fn g() {}", False)


class Assigned(unittest.TestCase):
    def test_every_source_of_this_repository_has_a_surface_and_test_files_are_tests(self):
        tree = FolderTree(gate_path.ROOT)
        found = surfaces.files(tree)
        self.assertGreater(len(found), 100)
        self.assertEqual([], [path for path in found if not surfaces.of(path)])
        self.assertEqual(set(surfaces.SURFACES), {surface for path in found for surface in surfaces.of(path)})
        for path in surfaces.TESTS:
            folder, _, name = path.rpartition("/")
            declared = (tree.read(f"{folder}/mod.rs") or b"").decode()
            self.assertRegex(declared, rf"#\[cfg\(all\(test, [a-z(), ]+\)\)\]\n(pub\(crate\) )?mod {name.removesuffix('.rs')};")

    def test_every_prefix_names_something(self):
        paths = surfaces.files(FolderTree(gate_path.ROOT))
        later = ("compat/bumpalo/", "compat/typed-arena/")
        for prefixes in surfaces._PREFIXES.values():
            for prefix in prefixes:
                self.assertTrue(prefix in later or any(path.startswith(prefix) for path in paths), prefix)


if __name__ == "__main__":
    unittest.main()
