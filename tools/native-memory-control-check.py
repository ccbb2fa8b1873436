#!/usr/bin/env python3
"""The native memory control check. See tools/control/ for its parts, `--help` for its use."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from control.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
