#!/usr/bin/env python3
"""The release check. See tools/release_check/ for its parts, `--help` for its use."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from release_check.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
