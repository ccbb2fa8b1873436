"""Column dictionaries: the part of each README.md between two markers is written from the schema, and the judge checks that it still is."""

from . import schema, specification
from .column import BY_ROW, INFORMATIONAL, KEY
from .rules import RULES

BEGIN = "<!-- dictionary: written by `python3 tools/allocator-fast-path-check.py --write-dictionaries` from tools/gate/schema -->"
END = "<!-- end of dictionary -->"

TOLERANCE = {
    KEY: "identity of the row",
    "exact": "none",
    BY_ROW: "by the row's `comparison`",
    INFORMATIONAL: "not compared",
}


def render(folder: str) -> str:
    """The dictionary of every file in `folder`, markers included."""
    parts = [BEGIN, ""]
    for table in schema.TABLES.values():
        if table.path.split("/")[0] != folder:
            continue
        how = "written by a run" if table.generated else "written by hand, measured columns by a run" if table.mixed else "written by hand"
        parts += [f"## {table.path.split('/')[1]}", "", table.purpose, "",
                  f"Key: {', '.join(f'`{k}`' for k in table.key)}. {how[0].upper()}{how[1:]}.", "",
                  "| column | type | allowed | unit | comparison | tolerance | origin | meaning |",
                  "|---|---|---|---|---|---|---|---|"]
        for column in table.columns:
            allowed = column.kind.allowed + (", or `-`" if column.kind.optional else "")
            parts.append(f"| `{column.name}` | {column.kind.name} | {allowed} | {column.unit} | {column.comparison} | "
                         f"{TOLERANCE[column.comparison]} | {column.origin} | {column.meaning} |")
        parts.append("")
    return "\n".join([*parts, END]) + "\n"


def replace(readme: str, folder: str) -> str:
    """`readme` with its dictionary renewed; appended when there was none."""
    before, _, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    fresh = render(folder)
    if not end:
        return before.rstrip("\n") + "\n\n" + fresh
    return before + fresh.rstrip("\n") + after


SENTENCES_BEGIN = "<!-- sentences: written by `python3 tools/allocator-fast-path-check.py --write-dictionaries` from tools/gate -->"
SENTENCES_END = "<!-- end of sentences -->"


def sentences() -> str:
    """The specification, a row a sentence, each with the rules of the judge that answer it; markers included."""
    lines = [SENTENCES_BEGIN, "", "| name | the specification says | rules of the judge |", "|---|---|---|"]
    for name, sentence in specification.SENTENCES.items():
        answers = [f"`{rule}`" for rule, known in RULES.items() if name in known.sentences]
        shown = "none: a program of its own, run by `make native-memory-control-check`" if name in specification.ELSEWHERE else ", ".join(answers)
        lines.append(f"| `{name}` | {sentence} | {shown} |")
    return "\n".join([*lines, "", SENTENCES_END]) + "\n"


def replace_sentences(page: str) -> str:
    """`page` with its table of sentences renewed; appended when there was none."""
    before, _, rest = page.partition(SENTENCES_BEGIN)
    _, end, after = rest.partition(SENTENCES_END)
    return before + sentences().rstrip("\n") + after if end else before.rstrip("\n") + "\n\n" + sentences()


def is_current(readme: str, folder: str) -> bool:
    return replace(readme, folder) == readme and BEGIN in readme
