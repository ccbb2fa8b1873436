"""Each folder's README.md holds the dictionary of the schema that is applied."""

from .. import dictionary, schema
from ..finding import finding


def run(case) -> list:
    found = []
    for folder in schema.FOLDERS:
        path = f"{folder}/README.md"
        data = case.tree.read(path)
        if data is None:
            found.append(finding("files.present", path, 0, "", "is not there"))
            continue
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            found.append(finding("syntax.encoding", path, 0, "", "is not UTF-8"))
            continue
        if not dictionary.is_current(text, folder):
            found.append(finding("dictionaries.current", path, 0, "", "is not the dictionary of tools/gate/schema"))
    return found
