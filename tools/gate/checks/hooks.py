"""Huge pages and NUMA: off by default everywhere, opt-in only for hosted-server, rejected with its code by all others."""

from .. import codes
from ..schema.table import HOOKS, PROFILES

FILE = "allocator/hosted-hooks.tsv"
PROFILES_FILE = "allocator/profiles.tsv"
CODE = {"hugepage": codes.HUGEPAGE_POLICY, "numa": codes.NUMA_POLICY}
ALLOWED = "hosted-server"


def run(case) -> list:
    evidence = case.committed
    found = []
    for profile in PROFILES:
        for hook in HOOKS:
            row = evidence.get(FILE, profile, hook)
            if row is None:
                found.append(evidence.bad("hooks.decided", FILE, None, "hook", f"no row says that `{profile}` decides about {hook}", code=CODE[hook]))
                continue
            found += _row(evidence, row, profile, hook)
    return found


def _row(evidence, row, profile: str, hook: str) -> list:
    found = []

    def bad(rule: str, column: str, message: str) -> None:
        found.append(evidence.bad(rule, FILE, row, column, message, code=CODE[hook]))

    if row["default"] != "off":
        bad("hooks.off-by-default", "default", f"{hook} is on by default in `{profile}`; hooks are off until asked for")
    policy = "opt-in" if profile == ALLOWED else "rejected"
    if row["policy"] != policy:
        bad("hooks.only-hosted-server", "policy", f"`{profile}` says `{row['policy']}`, the specification `{policy}`: only hosted-server release profiles may opt in")
    if row["code"] != CODE[hook]:
        bad("hooks.code", "code", f"`{row['code']}` is not the code of {hook}")
    if (row["enforced_by"] == "builder") != (profile == ALLOWED):
        bad("hooks.enforced-by", "enforced_by", f"`{row['enforced_by']}` does not go with the policy of `{profile}`")
    owner = evidence.get(PROFILES_FILE, profile)
    if owner is not None:
        if row["policy"] == "opt-in" and owner["release"] != "yes":
            bad("hooks.release-profile", "policy", f"`{profile}` is not a release profile, so it may not opt in")
    return found
