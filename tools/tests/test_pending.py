"""A local path that costs more while frees wait is found, by its counts alone."""

import unittest

import gate_path  # noqa: F401
from gate import codes, fixtures, sample
from gate.judge import judge

REPORT = "release/allocator-fast-path-report.tsv"


class Pending(unittest.TestCase):
    def test_a_path_that_frees_which_wait_disturb_is_found(self):
        files = sample.repository()
        row = ["hosted-small", "free-16-pending", "ours", "loads"]
        for column, cell in (("total", "4"), ("net", "3")):
            fixtures.apply(files, REPORT, {"row": row, "column": column, "to": cell})
        sample.seal(files, files)
        _, found = judge(sample.Files(files), None, sample.MACHINE)
        self.assertEqual({codes.FAST_PATH_BUDGET}, {item.code for item in found})
        self.assertIn("disturb", found[0].message)


if __name__ == "__main__":
    unittest.main()
