"""Committed tables of the native memory control: strict TSV in compat/native-memory, rows in the order of their keys."""

import os

from . import codes
from .finding import Finding

FOLDER = "compat/native-memory"
BYTES_MAX = 1 << 20


def read(tree, path: str, header: tuple[str, ...], keys: int) -> tuple[list[tuple[str, ...]], list[Finding]]:
    """Rows of a table whose first `keys` columns are its key; what is wrong with it otherwise. A missing file has one finding."""

    def bad(line: int, message: str):
        return [], [Finding(codes.RECORD, f"{path}:{line}" if line else path, message)]

    data = tree.read(path)
    if data is None:
        return bad(0, "is not there")
    if len(data) > BYTES_MAX:
        return bad(0, f"holds {len(data)} bytes, at most {BYTES_MAX} are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return bad(data.count(b"\n", 0, error.start) + 1, "is not UTF-8")
    if not text.endswith("\n") or "\r" in text or "\0" in text:
        return bad(0, "its lines do not all end with LF, or it holds a zero byte")
    lines = text[:-1].split("\n")
    if tuple(lines[0].split("\t")) != header:
        return bad(1, f"the header is not `{' '.join(header)}`")
    rows: list[tuple[str, ...]] = []
    for number, line in enumerate(lines[1:], start=2):
        cells = tuple(line.split("\t"))
        if len(cells) != len(header):
            return bad(number, f"has {len(cells)} cells, the header {len(header)}")
        if any(cell == "" or cell != cell.strip() for cell in cells):
            return bad(number, "has an empty cell, or one with a space at an end")
        if rows and cells[:keys] <= rows[-1][:keys]:
            return bad(number, "repeats a row, or stands out of order")
        rows.append(cells)
    return rows, []


def write(root: str, path: str, header: tuple[str, ...], rows) -> bool:
    """Writes the table; answers whether that changed the file."""
    text = "".join("\t".join(row) + "\n" for row in (header, *sorted(rows)))
    full = os.path.join(root, path)
    before = None
    if os.path.exists(full):
        with open(full, encoding="utf-8", newline="") as stream:
            before = stream.read()
    if text == before:
        return False
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    return True
