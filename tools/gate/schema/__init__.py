"""Every evidence file: path to table. The order is the order of reading and of reports."""

from . import allocator, compat, perf, release

TABLES = {table.path: table for table in (*allocator.TABLES, *release.TABLES, *perf.TABLES, *compat.TABLES)}
FOLDERS = ("allocator", "release", "perf", "compat")

# The specification's list; PROVENANCE and AIMS are ours and come on top.
SPECIFIED = tuple(path for path in TABLES if path not in (release.PROVENANCE.path, allocator.AIMS.path))
assert len(SPECIFIED) == 16, len(SPECIFIED)
