"""Schema of `compat/`: which release promise each evidence file answers, and what keeps it current."""

from ..column import file, name, one_of, text
from .table import Table, declared, key

CONTRACT = Table(
    "compat/allocator-fast-path-contract.tsv",
    "Release ownership and gate wiring: one row per evidence file.",
    ("file",),
    (
        key("file", file(), "The evidence file."),
        declared("owner", name(), "Part of the repository that answers for it; a folder or crate at the root."),
        declared("kind", one_of("declared", "generated", "mixed"), "By hand, by a run, or by hand with measured columns."),
        declared("writer", file(), "Source that writes it; for declared files the schema that validates it."),
        declared("command", text(), "Command that produces it, or validates it when it is declared."),
        declared("row_command", text(), "Command that shows one row of it; `{column}` stands for the row's cell."),
        declared("make_target", name(), "Target of the Makefile that runs the command."),
        declared("ci_step", text(), "Line of .ci/run that keeps it current."),
        declared("sentence", text(), "The sentence of the specification it answers."),
    ),
)

TABLES = (CONTRACT,)
