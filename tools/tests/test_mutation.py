"""The self-test itself: on the sound sample, falsified cells are noticed, and the few that are not are known."""

import unittest

import gate_path  # noqa: F401
from gate import mutation, sample

RATE_MIN = 0.99


class Mutation(unittest.TestCase):
    def test_falsified_cells_of_the_sample_are_noticed(self):
        files = sample.repository()
        noticed, tried, missed = mutation.run(sample.Files(files), sample.Files(sample.fresh(files)), sample.MACHINE, sample.records(), sample.called(), every=7)
        self.assertGreater(tried, 500)
        self.assertGreaterEqual(noticed / tried, RATE_MIN, missed)

    def test_informational_columns_are_at_most_a_tenth(self):
        informational, columns = mutation.share_informational()
        self.assertLessEqual(informational * 10, columns)


if __name__ == "__main__":
    unittest.main()
