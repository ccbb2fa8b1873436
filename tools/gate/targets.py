"""Numbers that whoever ordered the allocator asked for, by what they bind. They belong to them and not to the evidence; this is the copy that the judge reads.

A target holds a measured value below its number, or above it where the metric is `at-least`. An aim may be stricter and is never weaker.
"""

_CI, _HS, _RT, _FS = "compiler-internal", "hosted-small", "realtime", "freestanding"
_COUNTS = ("instructions", "branches")


def _path(profile: str, name: str, *numbers: str) -> dict:
    return {(profile, name, metric): number for metric, number in zip(_COUNTS, numbers)}


# Profile, item and metric as in allocator/aims.tsv, to the name of the target and its number.
TARGETS = {key: (name, number) for name, bound in (
    ("a1", {**_path(_CI, "alloc-8", "4", "1"), **_path(_CI, "alloc-24", "4", "1"), **_path(_CI, "alloc-64", "4", "1"), **_path(_CI, "str", "4", "1"),
            **_path(_CI, "layout", "10", "1")}),
    ("a2", {(_CI, "passes-drop", "page-faults"): "12000", (_CI, "passes-reset", "page-faults"): "12000"}),
    ("a3", {(_CI, "files", "page-faults"): "440"}),
    ("a4", {(_CI, "retained-files", "held-by-requested"): "1.02", (_CI, "retained-files", "resident-by-requested"): "1.03",
            (_CI, "retained-functions", "held-by-requested"): "1.05"}),
    ("a4b", {(_CI, "retained-files", "held-by-live"): "1.5", (_CI, "retained-functions", "held-by-live"): "4"}),
    ("a7", _path(_CI, "pool-get", "8")),
    ("a8", {(_CI, "corpus-quick", "steady-page-faults"): "16", (_CI, "corpus-quick", "peak-resident-by-bumpalo"): "1",
            (_CI, "corpus-quick", "idle-resident-by-bumpalo"): "1.25"}),
    ("h1", {**_path(_HS, "malloc-16", "12", "2"), **_path(_HS, "free-16", "21", "3"), **_path(_HS, "alloc-const-32", "6", "1"), **_path(_HS, "dealloc-32", "16", "2"),
            **_path(_HS, "remote-free-16", "24", "3"), (_HS, "remote-free-16", "locked"): "0.0625"}),
    ("h1b", {**_path(_HS, "pair-1024", "40"), **_path(_HS, "pair-4096", "40"), **_path(_HS, "pair-32768", "40")}),
    ("h1c", _path(_HS, "refill-4096", "120")),
    ("h4", {(_HS, "exhaustion.usable-percent-under-limit", "at-least"): "95"}),
    ("r1", {(_RT, f"{kind}-random-{call}", "instructions-most"): number for kind in ("quota", "region") for call, number in (("alloc", "100"), ("free", "90"))}),
    ("r4", {(_RT, "send-raw", "instructions-most"): "24", (_RT, "drain-64", "instructions-most"): "6440"}),
    ("r5", {(_RT, "span-allocation.reserved-percent-of-declared", "at-most"): "125"}),
    ("r6", {(_RT, "exhaustion.usable-percent-of-region", "at-least"): "94"}),
    ("e2", {(_FS, "usable-200", "unused-share"): "0.15", (_FS, "usable-2000", "unused-share"): "0.04", (_FS, "exhaustion.usable-percent-small", "at-least"): "85",
            (_FS, "exhaustion.usable-percent-mixed", "at-least"): "95"}),
    ("e3", {(_FS, f"{blocks}-{call}", metric): number for blocks, most in (("200x40000", "128"), ("2000x10000", "128"), ("30000x600", "128"), ("2000-aligned", "180"))
            for call in ("alloc", "free") for metric, number in (("instructions-median", "45"), ("instructions-most", most))}),
) for key, number in bound.items()}
