"""The seven codes exactly: each defined once, explained in docs/diagnostics.md, raised in the library and by the judge on its fixture."""

from .. import codes
from ..column import ABSENT
from ..finding import finding

FILE = "allocator/diagnostics.tsv"
REPORT = "release/allocator-diagnostics-report.tsv"
PAGE = "docs/diagnostics.md"


def run(case) -> list:
    found = []
    page = (case.tree.read(PAGE) or b"").decode("utf-8", "replace")
    for evidence in case.judged:
        for code in codes.ALLOCATOR_CODES:
            row = evidence.get(FILE, code)
            if row is None:
                found.append(evidence.bad("diagnostics.all-seven", FILE, None, "code", f"`{code}` is not defined"))
                continue
            found += _row(case, evidence, row, page)
        for row in evidence.rows(REPORT):
            found += _raised(evidence, row)
    return found


def _row(case, evidence, row, page: str) -> list:
    found = []
    code = row["code"]
    if row["fixture"] != f"tools/fixtures/{code}":
        found.append(evidence.bad("diagnostics.fixture", FILE, row, "fixture", f"is not tools/fixtures/{code}"))
    elif not case.tree.under(row["fixture"]):
        found.append(evidence.bad("diagnostics.fixture", FILE, row, "fixture", f"`{row['fixture']}` does not exist"))
    section = _section(page, code)
    if not section:
        found.append(finding("diagnostics.page-section", PAGE, 0, "", f"has no section `{code}`", "run `UPDATE_DOCS=1 cargo test -p compiler-alloc --features test-fixture --test diagnostics`"))
    for column in ("meaning", "cause", "remedy"):
        if section and row[column] not in section:
            found.append(evidence.bad("diagnostics.page-text", FILE, row, column, f"is not what {PAGE} says",
                                      "run `UPDATE_DOCS=1 cargo test -p compiler-alloc --features test-fixture --test diagnostics`, then `make evidence`"))
    if (row["raised_by"] == ABSENT) != (row["status"] == "not-built"):
        found.append(evidence.bad("diagnostics.status", FILE, row, "raised_by", "a built diagnostic names the case that raises it, an unbuilt one has none"))
    if row["raised_by"] != ABSENT and evidence.get(REPORT, code, "library", row["raised_by"]) is None:
        found.append(evidence.bad("diagnostics.raised-by-library", REPORT, None, "case", f"`{code}` was not raised by `{row['raised_by']}`"))
    if not any(r["code"] == code and r["raised_by"] == "judge" for r in evidence.rows(REPORT)):
        found.append(evidence.bad("diagnostics.raised-by-judge", REPORT, None, "case", f"the judge did not raise `{code}` on a fixture"))
    return found


def _raised(evidence, row) -> list:
    found = []
    promise = evidence.get(FILE, row["code"])
    if row["raised_by"] == "library":
        if row["profile"] == ABSENT:
            found.append(evidence.bad("diagnostics.profile-named", REPORT, row, "profile", "the library speaks for a profile"))
        if promise is not None and promise["raised_by"] != row["case"]:
            found.append(evidence.bad("diagnostics.case", REPORT, row, "case", f"{FILE} names `{promise['raised_by']}`"))
        facts = promise["facts"].split(",") if promise is not None and promise["facts"] != ABSENT else ()
        for fact in facts:
            if f" {fact.replace('-', ' ')}: " not in row["text"]:
                found.append(evidence.bad("diagnostics.facts", REPORT, row, "text", f"does not give the fact `{fact}`"))
    if not row["text"].startswith(row["code"]):
        found.append(evidence.bad("diagnostics.text-begins-with-code", REPORT, row, "text", "does not begin with its code"))
    return found


def _section(page: str, code: str) -> str:
    _, start, rest = page.partition(f"\n## {code}\n")
    return rest.split("\n## ", 1)[0] if start else ""
