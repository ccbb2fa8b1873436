"""Each folder's README.md holds the dictionary of the schema that is applied."""

from .. import dictionary, schema, tsv
from ..finding import finding


def run(case) -> list:
    found = []
    for folder in schema.FOLDERS:
        path = f"{folder}/README.md"
        data = case.tree.read(path)
        if data is None:
            found.append(finding("files.present", path, 0, "", "is not there"))
            continue
        lines, wrong = tsv.split_lines(path, data)
        found += wrong
        if lines and not dictionary.is_current("\n".join([*lines, ""]), folder):
            found.append(finding("dictionaries.current", path, 0, "", "is not the dictionary of tools/gate/schema"))
    return found
