#!/usr/bin/env python3
"""Checks the file rules of the repository; exit 1 with one line per broken rule. The rules are in tools/gate/tidy.py."""

import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from gate import tidy  # noqa: E402
from gate.tree import FolderTree  # noqa: E402


def main() -> int:
    found = tidy.check(FolderTree(os.path.dirname(HERE)))
    print("\n".join(found) or "tidy: every file rule holds")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
