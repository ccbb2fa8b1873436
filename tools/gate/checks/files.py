"""Every file is there and is strict TSV that fits its schema; nothing else lies in the evidence folders."""

from .. import schema
from ..finding import finding


def run(case) -> list:
    found = list(case.committed.findings)
    if case.fresh is not None:
        declared = {path for path, table in schema.TABLES.items() if not (table.generated or table.mixed)}
        found += [f for f in case.fresh.findings if f.file not in declared]
    for folder in schema.FOLDERS:
        for path in case.tree.under(folder):
            # Crates lie below compat/ too, with tables of their own.
            if path.endswith(".tsv") and path not in schema.TABLES and (folder != "compat" or path.count("/") == 1):
                found.append(finding("files.no-stray", path, 0, "", "is no evidence file that the schema knows",
                                     "remove the file, or add its table to tools/gate/schema"))
    return found
