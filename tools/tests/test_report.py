"""The page of `bench-corpus report`, without a browser: well formed, the same numbers as the evidence, honest about what is missing."""

import json
import os
import re
import subprocess
import tempfile
import unittest

import gate_path
from report import expected, page

BYTES = 1 << 20


def report(*arguments: str) -> subprocess.CompletedProcess:
    command = ["cargo", "run", "--quiet", "--package", "bench-corpus", "--", "report", *arguments]
    return subprocess.run(command, cwd=gate_path.ROOT, capture_output=True, text=True, check=False)


def write(folder: str, name: str, text: str) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
        stream.write(text)


def corpus(memory: str, first: int) -> str:
    """A run of two rounds of two passes; `first` makes its numbers its own."""
    def part(name: str, value: int) -> dict:
        return {"pass": name, "runs": 2, "used_bytes": value * BYTES + 1, "reserved_bytes": value * BYTES, "spans_warm": value, "spans_cold": value // 2, "faults": value, "cpu_us": 1000 * value}

    rounds = [{"round": index, "faults": first * index, "cpu_us": 5000, "passes": [part("lex", first + index), part("preprocess", first + 2 * index)]} for index in (1, 2)]
    return json.dumps({"memory": memory, "set": "quick", "jobs": 2, "units": 2, "pp_lines": 10, "failed": [], "rounds": rounds,
                       "peak_rss_bytes": first * BYTES, "idle_rss_bytes": first * BYTES // 2, "idle_anonymous_bytes": BYTES})


def trace(memory: str) -> str:
    """Two threads over two rounds, and what is left after them."""
    rows = ["memory\tround\tthread\tunit\tpass\tbegan_us\tended_us\tfaults\tused_bytes\theld_bytes\tresident_bytes"]
    account = ("12345", "23456") if memory == "ours" else ("-", "-")
    for index in (1, 2):
        for thread in (0, 1):
            at = 10_000 * index + 1_000 * thread
            for name, used in (("lex", 3), ("preprocess", 5)):
                rows.append(f"{memory}\t{index}\t{thread}\tp/<a>.c\t{name}\t{at}\t{at + 900}\t-\t{used * index * BYTES}\t{9 * BYTES}\t-")
            rows.append(f"{memory}\t{index}\t{thread}\tp/<a>.c\t(process)\t{at}\t{at + 900}\t7\t{account[0]}\t{account[1]}\t{(20 + index) * BYTES}")
        rows.append(f"{memory}\t{index}\t0\t-\t(round)\t{10_000 * index + 5_000}\t{10_000 * index + 5_000}\t-\t{account[0]}\t{account[1]}\t{15 * BYTES}")
    rows.append(f"{memory}\t3\t0\t-\t(round)\t30000\t30000\t-\t{account[0]}\t{account[1]}\t{3 * BYTES}")
    return "\n".join(rows) + "\n"


def contest(workloads: tuple[str, ...], allocators: tuple[str, ...]) -> str:
    rows = ["workload,allocator,round,cpu_seconds,peak_resident_bytes,page_faults"]
    for workload_index, workload in enumerate(workloads):
        for allocator_index, allocator in enumerate(allocators):
            for index in range(5):
                cpu = 0.1 * (1 + workload_index) * (1 + allocator_index) + 0.01 * ((7 * index + allocator_index) % 5)
                rows.append(f"{workload},{allocator},{index},{cpu:.6f},{(3 + allocator_index) * BYTES}.0,{100 + index}.0")
    return "\n".join(rows) + "\n"


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.runs = os.path.join(cls._folder.name, "runs")
        os.mkdir(cls.runs)
        for memory, first in (("ours", 40), ("bumpalo", 70)):
            write(cls.runs, f"corpus-{memory}.json", corpus(memory, first))
            write(cls.runs, f"corpus-{memory}.trace.tsv", trace(memory))
        write(cls.runs, "arena.csv", contest(("empty", "passes-drop", "retained"), ("ours", "bumpalo", "oxc")))
        write(cls.runs, "heap.csv", contest(("larson", "xmalloc"), ("ours", "glibc", "mimalloc-3")))
        cls.out = os.path.join(cls._folder.name, "report.html")
        cls.done = report("--runs", cls.runs, "--out", cls.out)
        if cls.done.returncode == 0:
            with open(cls.out, encoding="utf-8") as stream:
                cls.html = stream.read()
            cls.page = page.Page(cls.html)
        cls.sources = expected.Sources(gate_path.ROOT, cls.runs)

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()

    def setUp(self):
        self.assertEqual(0, self.done.returncode, self.done.stderr)

    def test_every_number_is_that_of_the_files(self):
        self.assertEqual([], expected.differences(self.page, self.sources))

    def test_anchors_headings_and_tables_are_sound(self):
        self.assertEqual([], self.page.structure_faults())

    def test_nothing_is_missing_when_everything_was_measured(self):
        measured = [section for section in self.page.sections() if section not in ("overview", "fast-paths")]
        self.assertEqual([], [text for section in measured for text in self.page.absent(section)])

    def test_the_page_is_one_file_below_two_megabytes_that_may_load_nothing(self):
        self.assertLess(len(self.html.encode()), 2_000_000)
        self.assertIn("default-src 'none'", self.html)
        self.assertEqual([], [node.tag for node in page.Page(self.html).top.all("link")])

    def test_a_number_that_was_changed_on_the_page_is_noticed(self):
        # In a table, in a fact and in a chart's data: each with one digit more.
        places = (
            r'(<data value="\d+)(">[^<]*</data></td>)',
            r'(<data value="\d+)("[^/]*</data> <span class="limit">[^/]*</span></span><span class="name">Cases that ended)',
            r'("waste":\d+\.\d)(\D)',
            r'("share":)(\d)',
            r'("value":\d+)(\D)',
        )
        for place in places:
            matches = list(re.finditer(place, self.html))
            self.assertTrue(matches, place)
            match = matches[-1]
            changed = self.html[: match.end(1)] + "7" + self.html[match.end(1) :]
            self.assertNotEqual([], expected.differences(page.Page(changed), self.sources), place)

    def test_the_terminal_says_the_same_facts(self):
        lines = [" ".join(line.split()) for line in self.done.stdout.splitlines()]
        for section in self.page.sections():
            if section == "overview":
                continue
            for name, (_, text, standing) in self.page.facts(section).items():
                word = {"met": " met", "missed": " MISSED"}.get(standing, "")
                self.assertIn(" ".join(f"{name} {text}{word}".split()), lines)

    def test_without_runs_and_evidence_every_section_names_a_command(self):
        with tempfile.TemporaryDirectory() as empty:
            out = os.path.join(empty, "report.html")
            done = report("--runs", empty, "--evidence", empty, "--out", out)
            self.assertEqual(0, done.returncode, done.stderr)
            with open(out, encoding="utf-8") as stream:
                bare = page.Page(stream.read())
        self.assertEqual([], bare.structure_faults())
        self.assertEqual({}, bare.charts())
        for section in bare.sections():
            if section != "overview":
                self.assertTrue(bare.absent(section), section)
                self.assertTrue(all("Run make " in text for text in bare.absent(section)), section)
        self.assertIn("not measured: There is no run of the passes on our arenas.", done.stdout)

    def test_a_file_that_cannot_be_read_is_named_and_no_page_is_written(self):
        broken = [
            ("corpus-ours.json", "{", "corpus-ours.json"),
            ("corpus-ours.json", corpus("bumpalo", 3), "is a run on bumpalo"),
            ("corpus-ours.trace.tsv", trace("ours").replace("\t7\t", "\tmany\t"), "corpus-ours.trace.tsv"),
            ("arena.csv", "workload,allocator\nx,y\n", "arena.csv"),
            ("heap.csv", contest(("a",), ("ours",)).replace("100.0", "NaN"), "heap.csv: line 2"),
        ]
        for name, text, word in broken:
            with self.subTest(name=name, word=word), tempfile.TemporaryDirectory() as folder:
                write(folder, "corpus-ours.json", corpus("ours", 3))
                write(folder, name, text)
                out = os.path.join(folder, "report.html")
                done = report("--runs", folder, "--out", out)
                self.assertEqual(1, done.returncode)
                self.assertIn(word, done.stderr)
                self.assertFalse(os.path.exists(out))

    def test_evidence_that_is_no_table_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "release"))
            write(folder, "release/allocator-stress-report.tsv", "case\tprofile\nx\ty\n")
            done = report("--runs", folder, "--evidence", folder, "--summary")
        self.assertEqual(1, done.returncode)
        self.assertIn("release/allocator-stress-report.tsv", done.stderr)

    def test_a_folder_that_is_not_there_is_refused(self):
        done = report("--runs", os.path.join(self.runs, "nowhere"), "--summary")
        self.assertEqual(2, done.returncode)
        self.assertIn("--runs", done.stderr)


if __name__ == "__main__":
    unittest.main()
