"""Promises that nobody may drop or soften: what each profile promises to be nothing, the tiers that it has, and the targets that were asked for."""

import functools
import re

from .. import aims, rust_tokens
from ..column import ABSENT
from ..schema.table import PROFILES
from ..targets import TARGETS
from .classes import ARENAS, RULES, TIERS
from .profiles import FILE as PROFILES_FILE

LEAK_RULE = "release-cleanup.leak-bytes-after-shutdown"
_HEAP = ("central-cache.growth-when-slabs-are-abandoned", "transfer-refill.warm-round-reservations")
_THREADS = ("release-cleanup.held-bytes-after-thread-exit",)
# Rules of a profile whose value is 0 by what they are about; every profile has the first two.
NOTHING = {
    "freestanding": (),
    "hosted-small": (*_HEAP, *_THREADS),
    "hosted-server": (*_HEAP, *_THREADS),
    "realtime": ("release-cleanup.calls-after-seal",),
    "test-fixture": (*_HEAP, "release-cleanup.differences-of-a-replay"),
    ARENAS: ("release-cleanup.idle-bytes-after-trim", "transfer-refill.warm-pass-reservations"),
}
# Sources that measure rules, and whose. A rule that is measured there is declared by one of them at least.
_EVIDENCE = "bench-corpus/src/evidence/"
MEASURED_IN = {
    f"{_EVIDENCE}rule.rs": (ARENAS,), f"{_EVIDENCE}heap_rule.rs": ("hosted-small", "hosted-server"), f"{_EVIDENCE}actor_rule.rs": ("realtime",),
    f"{_EVIDENCE}storage_rule.rs": ("freestanding",), f"{_EVIDENCE}fixture_rule.rs": ("test-fixture",),
}
_MEASURED = re.compile(r'"(?:central-cache|exhaustion|geometry|release-cleanup|span-allocation|transfer-refill)\.[a-z0-9-]*[a-z0-9]"')
# Tiers of a profile that are rows of their own.
TIER_OF = {"transfer": "transfer-cache", "central": "central-spans"}
# Where the copy of the targets lies: only a repository with the judge in it answers them.
TARGETS_FILE = "tools/gate/targets.py"


def nothing(profile: str) -> tuple[str, ...]:
    """Rules that every profile of the kind has, `equal 0`."""
    return (LEAK_RULE, refused(profile), *NOTHING[profile])


def refused(profile: str) -> str:
    """Exhaustion fails closed: what a refused request left behind."""
    return "exhaustion.refused-bytes-published" if profile == ARENAS else "exhaustion.refused-bytes-held"


def run(case) -> list:
    evidence = case.committed
    found = []
    for profile in PROFILES:
        owner = evidence.get(PROFILES_FILE, profile)
        if owner is None or owner["status"] != "built":
            continue
        for name in nothing(profile):
            row = evidence.get(RULES, profile, name)
            rule = "budgets.no-leak" if name == LEAK_RULE else "promises.nothing"
            if row is None:
                found.append(evidence.bad(rule, RULES, None, "rule", f"`{profile}` has no rule {name}", "restore the row, equal 0"))
            elif (row["relation"], row["value"]) != ("equal", "0"):
                found.append(evidence.bad(rule, RULES, row, "value", f"promises {row['relation']} {row['value']}; it is about nothing at all: equal 0"))
        for word in owner["tiers"].split(","):
            if word in TIER_OF and evidence.get(TIERS, profile, TIER_OF[word]) is None:
                found.append(evidence.bad("promises.tiers", TIERS, None, "tier", f"`{profile}` has a tier `{word}`, and no row `{TIER_OF[word]}`", f"restore the row of `{TIER_OF[word]}`"))
    for path, profiles in MEASURED_IN.items():
        declared = {row["rule"] for row in evidence.rows(RULES) if row["profile"] in profiles}
        for name in sorted(_measured(case.text(path)) - declared):
            found.append(evidence.bad("promises.measured", RULES, None, "rule", f"{path} measures {name}, and {' or '.join(profiles)} has no such rule", "restore the row, then `make evidence`"))
    if case.tree.read(TARGETS_FILE) is not None:
        known = aims.revisions(evidence)
        found += [evidence.bad("aims.target", aims.FILE, None, "item", f"no aim answers target {name}: {metric} of `{item}` of `{profile}`", "restore the row with its budget")
                  for (profile, item, metric), (name, number) in TARGETS.items() if (profile, item, metric) not in known and number != ABSENT]
    return found


@functools.lru_cache(maxsize=64)
def _measured(source: str) -> frozenset[str]:
    """Names of rules in a source, comments apart."""
    return frozenset(token.strip('"') for token in rust_tokens.tokens(source) or () if _MEASURED.fullmatch(token))
