"""Every rule of the judge by name: the code it answers with, the sentences of the specification behind it, and what it demands.

Each has a negative fixture below tools/fixtures/ that breaks it, and holds on the sound sample that the fixture broke in one place. `--list` prints
them, `--explain NAME` one of them. A finding without a rule cannot be made. One table, one concept: that is why the file is long.
"""

from dataclasses import dataclass

from . import codes as c


@dataclass(frozen=True)
class Rule:
    """`codes`: what a breach is called; several where it depends on what happened. `sentences`: names in specification.py."""

    codes: tuple[str, ...]
    sentences: tuple[str, ...]
    demands: str


_HOOKS = (c.HUGEPAGE_POLICY, c.NUMA_POLICY)
_ENDS = (c.PAGE_EXHAUSTION, c.EXHAUSTION, c.REMOTE_FREE_OVERFLOW, c.SHUTDOWN_LEAK, c.HUGEPAGE_POLICY, c.NUMA_POLICY, c.FAST_PATH_BUDGET, c.COVERAGE)
_PROFILES = tuple(f"profile.{name}" for name in ("freestanding", "hosted-small", "hosted-server", "realtime", "test-fixture", "compiler-internal"))


def _one(code: str, sentences: str, demands: str) -> Rule:
    return Rule((code,), tuple(sentences.split()), demands)


RULES = {
    "files.present": _one(c.MISSING, "judge", "Every evidence file and every dictionary is there."),
    "files.no-stray": _one(c.CONTRACT, "judge", "Nothing lies in the evidence folders that no schema knows."),
    "files.no-links": _one(c.CONTRACT, "judge before", "No file of the repository but a licence is a link: what lies behind one changes without a trace."),
    "dictionaries.current": _one(c.DICTIONARY, "judge", "The dictionary in each README.md is that of the schema."),

    "syntax.size": _one(c.SYNTAX, "judge", "A file has at most 8 MiB."),
    "syntax.not-empty": _one(c.SYNTAX, "judge", "A file has a header and a row."),
    "syntax.encoding": _one(c.SYNTAX, "judge", "UTF-8, no byte-order mark, LF, no control characters."),
    "syntax.whole": _one(c.SYNTAX, "judge", "The last line is ended; a truncated file is not read."),
    "syntax.header": _one(c.SYNTAX, "judge", "The header is that of the dictionary, in its order."),
    "syntax.row-shape": _one(c.SYNTAX, "judge", "Every row has as many cells as the header; no line is empty."),
    "syntax.no-row-twice": _one(c.SYNTAX, "judge", "No key stands twice."),
    "syntax.order": _one(c.SYNTAX, "judge", "Rows stand in the order of their keys: one set of facts has one spelling."),
    "schema.cell": _one(c.SCHEMA, "judge", "A cell holds what its column allows."),

    "profiles.all-six": _one(c.PROFILE, "file.profiles", "Each of the six profiles has a row."),
    "profiles.no-collector": _one(c.PROFILE, "no-collector", "No profile has a collector."),
    "profiles.page-source": Rule((c.PROFILE,), _PROFILES, "Pages come from where the specification says."),
    "profiles.threads": Rule((c.PROFILE,), ("local", *_PROFILES), "The local path is owned as the specification says."),
    "profiles.remote-free": Rule((c.PROFILE,), _PROFILES, "Remote frees come back as the specification says, or do not exist."),
    "profiles.os": _one(c.PROFILE, "profile.freestanding profile.test-fixture", "A profile needs no operating system that the specification denies it."),
    "profiles.tiers": Rule((c.PROFILE,), ("refill", *_PROFILES), "An allocation passes the tiers of its profile and no others."),
    "profiles.hooks": _one(c.HUGEPAGE_POLICY, "hooks-allowed", "Only hosted-server has hooks."),
    "profiles.release": _one(c.PROFILE, "profile.test-fixture", "test-fixture is not released."),
    "profiles.type": _one(c.PROFILE, "file.profiles", "A profile is the type of its name."),
    "profiles.status-agrees": _one(c.PROFILE, "file.profiles", "A row counts as built exactly when its profile does."),
    "profiles.complete": _one(c.COVERAGE, "scope page", "A file that speaks of profiles has rows of every built one, but where there is nothing to say."),

    "hooks.decided": Rule(_HOOKS, ("file.hosted-hooks",), "Every profile decides about both hooks."),
    "hooks.off-by-default": Rule(_HOOKS, ("hooks-off",), "No hook is on by default."),
    "hooks.only-hosted-server": Rule(_HOOKS, ("hooks-allowed", "hooks-off"), "hosted-server may opt in, all others reject."),
    "hooks.code": Rule(_HOOKS, ("codes",), "A refused hook answers with its own code."),
    "hooks.enforced-by": Rule(_HOOKS, ("hooks-allowed",), "Others cannot even compile with a hook; hosted-server's builder names it."),
    "hooks.release-profile": Rule(_HOOKS, ("hooks-allowed",), "Who opts in is a release profile."),

    "paths.own-case": _one(c.REFERENCE, "local", "A path is measured by the case of its own name."),
    "paths.named": _one(c.REFERENCE, "local file.local-fast-path", "The entry and the miss of a path are those of its operation."),
    "paths.touch-only-local": _one(c.DERIVED, "local", "A fast path names no memory but its owner's."),
    "classes.recomputed": _one(c.DERIVED, "file.size-classes", "Bounds, granules and symbol of a class follow from its name, its path and the measured rules."),
    "classes.path-measures-class": _one(c.REFERENCE, "file.size-classes", "The path of a request class measures that class."),
    "classes.chunk-steps": _one(c.DERIVED, "file.size-classes", "Chunk classes are the measured steps."),
    "symbols.own": _one(c.REFERENCE, "scope", "The symbol of a tier, a drain point, a block class or a rule that a constant answers is that one."),
    "symbols.measured": _one(c.REFERENCE, "file.page-backend", "The symbol of a rule is named by the experiment that measures it."),
    "tiers.recomputed": _one(c.DERIVED, "refill file.transfer-cache", "Scope, capacity, batch and next tier follow from the tier and the measured rules."),
    "pages.concern-named": _one(c.REFERENCE, "backend file.page-backend", "A rule belongs to a part of the page backend."),
    "pages.concern-absent": _one(c.PROFILE, "backend", "A profile has no rule about a part that it lacks."),
    "pages.concern-covered": _one(c.COVERAGE, "backend", "Every part of the page backend has a rule in every profile that has the part."),

    "blocks.listed": _one(c.REFERENCE, "file.size-classes", "A built heap lists its block classes."),
    "blocks.only-blocks-have-slabs": _one(c.DERIVED, "file.size-classes", "Only block classes have slabs and faces."),
    "blocks.largest-is-the-limit": _one(c.DERIVED, "file.size-classes", "The largest class is the measured limit."),
    "blocks.recomputed": _one(c.DERIVED, "file.size-classes", "Every cell of a block class follows from its size and its neighbours."),
    "blocks.aligned": _one(c.BUDGET, "file.size-classes", "Block sizes are multiples of 8."),
    "blocks.waste": _one(c.BUDGET, "file.size-classes", "No request above 64 bytes wastes more than a fifth of its block."),
    "blocks.slab-holds-enough": _one(c.BUDGET, "file.size-classes", "A slab holds at least 16 blocks."),
    "blocks.slab-left-over": _one(c.BUDGET, "file.size-classes", "At most a sixteenth of a slab lies behind its last block."),
    "blocks.slab-in-units": _one(c.BUDGET, "file.size-classes", "A slab is a whole number of units."),

    "budgets.fast-path": _one(c.FAST_PATH_BUDGET, "budgets", "A stepped path of ours meets its released budgets."),
    "budgets.page-rule": _one(c.BUDGET, "backend", "A measured rule of the page backend is as promised."),
    "budgets.no-leak": _one(c.SHUTDOWN_LEAK, "shutdown", "Nothing is held after shutdown."),
    "budgets.workload": _one(c.BUDGET, "file.allocator-fast-path-benchmarks", "A workload meets its released budget."),
    "budgets.peers-have-none": _one(c.SCHEMA, "file.allocator-fast-path-benchmarks", "Budgets bind us, not peers."),
    "budgets.aim-and-release": _one(c.DECISION, "budgets", "An aim and a released budget go together."),
    "budgets.weaker-needs-decision": _one(c.DECISION, "budgets", "A released budget weaker than its aim names a decision."),
    "budgets.not-stricter-than-aim": _one(c.DECISION, "budgets", "A released budget is not stricter than the aim."),
    "budgets.decision-recorded": _one(c.DECISION, "budgets", "A decision that is named stands in ARCHITECTURE.md."),
    "budgets.decision-says": _one(c.DECISION, "budgets", "It names what it releases, and at which number."),
    "budgets.decision-needed": _one(c.DECISION, "budgets", "No decision is named without need."),

    "promises.nothing": _one(c.PROFILE, "fails-closed shutdown backend", "What a profile promises to be nothing is a rule of it, `equal 0`."),
    "promises.measured": _one(c.COVERAGE, "backend file.page-backend", "What the program can measure of a profile is a rule of it."),
    "promises.tiers": _one(c.COVERAGE, "file.transfer-cache", "A tier that a profile has is a row."),
    "roster.kept": _one(c.COVERAGE, "scope", "What was once declared or measured for a profile still is."),
    "roster.recorded": _one(c.COVERAGE, "scope", "What is declared or measured for a profile is in the roster."),
    "aims.recorded": _one(c.DECISION, "budgets", "Every budget has a recorded aim."),
    "aims.kept": _one(c.DECISION, "budgets", "The aim of a budget is the last that was recorded; a weaker one is a revision with date and decision."),
    "aims.no-orphan": _one(c.DECISION, "budgets", "No aim is recorded that no budget has."),
    "aims.revisions": _one(c.DECISION, "budgets", "Revisions count from 1, each weaker than the one before and with a date and a decision, which the first has not."),
    "aims.decided": _one(c.DECISION, "budgets", "The decision that gave an aim up stands in ARCHITECTURE.md with the date."),
    "aims.target": _one(c.DECISION, "budgets", "The first aim is not weaker than the target, and the row names that target."),

    "remote.drain-points": _one(c.PROFILE, "undisturbed file.remote-free", "Each profile has the drain points of its way of working."),
    "remote.known-drain-point": _one(c.PROFILE, "undisturbed", "No profile drains anywhere else."),
    "remote.mechanism": _one(c.PROFILE, "file.remote-free", "The mechanism is that of the profile."),
    "remote.overflow-code": _one(c.REMOTE_FREE_OVERFLOW, "codes file.remote-free", "Where frees may wait, passing the bound has its code."),
    "remote.no-overflow-code": _one(c.REMOTE_FREE_OVERFLOW, "codes", "Where nothing waits, nothing overflows."),
    "remote.bound-unit": _one(c.SCHEMA, "file.remote-free", "A bound has a unit."),
    "remote.unbuilt": _one(c.REFERENCE, "file.remote-free", "A drain point that is not built says nothing of itself."),
    "remote.case": _one(c.REFERENCE, "file.remote-free", "The experiment has the name of its drain point."),
    "remote.built-names": _one(c.REFERENCE, "shutdown undisturbed", "A built drain point has a bound, a function and a test."),
    "remote.measured": _one(c.REFERENCE, "file.allocator-remote-free-report", "Every built drain point is measured."),
    "remote.no-orphan": _one(c.REFERENCE, "file.allocator-remote-free-report", "Nothing is measured that no drain point asks for."),
    "remote.budget-copied": _one(c.DERIVED, "file.allocator-remote-free-report", "The report holds the declared bounds."),
    "remote.drained-something": _one(c.COVERAGE, "shutdown", "The experiment drains something."),
    "remote.bounded": _one(c.REMOTE_FREE_OVERFLOW, "file.remote-free", "What waits, and what is left, stays within its bound."),
    "remote.pending-path": _one(c.COVERAGE, "undisturbed", "Each local operation is stepped while frees wait."),
    "remote.quiet-path": _one(c.REFERENCE, "undisturbed", "It is stepped without, too."),
    "remote.undisturbed": _one(c.FAST_PATH_BUDGET, "undisturbed", "Both execute the same: frees that wait disturb nothing."),

    "stress.every-word": _one(c.COVERAGE, "stress", "Each part of the coverage has positive and negative cases."),
    "stress.every-listed": _one(c.COVERAGE, "stress", "Each case that the program lists is declared, as it lists it."),
    "stress.every-profile": _one(c.COVERAGE, "stress", "Each part runs in every built profile where it can happen."),
    "stress.inapplicable": _one(c.PROFILE, "stress profile.freestanding", "Nothing runs where it cannot happen."),
    "stress.status-shape": _one(c.COVERAGE, "file.stress-cases", "A built case has a seed, threads and operations, another has none."),
    "stress.polarity-outcome": _one(c.COVERAGE, "file.stress-cases", "A positive case completes, a negative one does not."),
    "stress.outcome-code": _one(c.COVERAGE, "file.stress-cases", "The code goes with the outcome."),
    "stress.built-is-run": _one(c.COVERAGE, "file.allocator-stress-report", "Every built case is run."),
    "stress.known-case": _one(c.REFERENCE, "file.allocator-stress-report", "No case is run that is not declared."),
    "stress.copied": _one(c.DERIVED, "file.allocator-stress-report", "Profile, coverage, polarity, seed and threads are those declared."),
    "stress.ended-as-declared": Rule(_ENDS, ("fails-closed", "stress"), "A case ends as declared, with its code and no other."),
    "stress.walked": _one(c.COVERAGE, "stress", "The walkers ran."),
    "stress.did-something": _one(c.COVERAGE, "stress", "The case did something."),
    "stress.long-enough": _one(c.COVERAGE, "stress", "The case did as many operations as it is declared to do at least."),
    "stress.refusals": _one(c.COVERAGE, "fails-closed", "Operations are refused exactly where refusal is declared."),
    "stress.no-leak": _one(c.SHUTDOWN_LEAK, "shutdown", "Everything that was reserved is released."),

    "diagnostics.all-seven": _one(c.REFERENCE, "codes file.diagnostics", "Each of the seven codes is defined."),
    "diagnostics.fixture": _one(c.REFERENCE, "codes", "Each has its fixture."),
    "diagnostics.page-section": _one(c.REFERENCE, "codes", "Each has a section in docs/diagnostics.md."),
    "diagnostics.page-text": _one(c.DRIFT, "file.diagnostics", "The section says what the table says."),
    "diagnostics.status": _one(c.REFERENCE, "file.diagnostics", "A built diagnostic names the case that raises it."),
    "diagnostics.raised-by-library": _one(c.REFERENCE, "file.allocator-diagnostics-report", "A run of the library raises it."),
    "diagnostics.raised-by-judge": _one(c.REFERENCE, "file.allocator-diagnostics-report", "The judge raises it on its fixture."),
    "diagnostics.profile-named": _one(c.REFERENCE, "file.allocator-diagnostics-report", "The library speaks for a profile."),
    "diagnostics.case": _one(c.REFERENCE, "file.allocator-diagnostics-report", "The case is the declared one."),
    "diagnostics.facts": _one(c.REFERENCE, "file.diagnostics", "The text gives every declared fact."),
    "diagnostics.text-begins-with-code": _one(c.REFERENCE, "codes", "A text begins with its code."),

    "references.test-named": _one(c.REFERENCE, "scope", "A built row names the test that proves it."),
    "references.test-exists": _one(c.REFERENCE, "scope", "That test is a test of the sources."),
    "references.test-proves": _one(c.REFERENCE, "scope", "That test runs and has something in it that can fail."),
    "references.unbuilt-names-nothing": _one(c.REFERENCE, "scope", "A row that is not built names nothing."),
    "references.built-names-symbol": _one(c.REFERENCE, "scope", "A built row names what makes it so."),
    "references.symbol-exists": _one(c.REFERENCE, "scope", "The library defines that symbol."),
    "references.class-path": _one(c.REFERENCE, "file.size-classes", "Requests and operations name a path, other classes none."),
    "references.path-declared": _one(c.REFERENCE, "file.local-fast-path", "That path is declared."),
    "references.path-has-budget": _one(c.REFERENCE, "budgets", "Every path has a budget."),
    "references.path-measured": _one(c.REFERENCE, "file.allocator-fast-path-report", "Every built path is stepped, in every metric."),
    "references.no-orphan-measurement": _one(c.REFERENCE, "file.allocator-fast-path-report", "Nothing is stepped that is not declared."),
    "references.rule-measured": _one(c.REFERENCE, "file.allocator-page-backend-report", "Every built rule is measured."),
    "references.no-orphan-rule": _one(c.REFERENCE, "file.allocator-page-backend-report", "No rule is measured that is not declared."),

    "derived.fast-path": _one(c.DERIVED, "file.allocator-fast-path-report", "Derived cells of the file are what the judge computes."),
    "derived.remote-free": _one(c.DERIVED, "file.allocator-remote-free-report", "Derived cells of the file are what the judge computes."),
    "derived.page-backend": _one(c.DERIVED, "file.allocator-page-backend-report", "Derived cells of the file are what the judge computes."),
    "derived.stress": _one(c.DERIVED, "file.allocator-stress-report", "Derived cells of the file are what the judge computes."),
    "derived.diagnostics": _one(c.DERIVED, "file.allocator-diagnostics-report", "Derived cells of the file are what the judge computes."),
    "derived.benchmarks": _one(c.DERIVED, "file.allocator-fast-path-benchmarks", "Derived cells of the file are what the judge computes."),

    "process.ran": _one(c.REFERENCE, "file.allocator-fast-path-benchmarks", "The program behind a row runs to its end under the judge."),
    "process.no-orphan": _one(c.REFERENCE, "file.allocator-fast-path-benchmarks", "Every program that is run for a row has one."),
    "process.empty": _one(c.BUDGET, "file.allocator-fast-path-benchmarks", "The program whose faults are taken off those of the workloads does nothing."),
    "process.as-declared": _one(c.REFERENCE, "file.allocator-fast-path-benchmarks", "That program is the profile's, called with the row's workload and subject, in no other environment."),
    "process.agrees": _one(c.DRIFT, "file.allocator-fast-path-benchmarks", "Faults and memory are those of the process that the judge started."),
    "process.within-budget": _one(c.BUDGET, "file.allocator-fast-path-benchmarks", "That process meets the released budget."),

    "stepped.program": _one(c.TRACE, "budgets", "The programs in the target folder hold the code that was stepped."),
    "stepped.entry": _one(c.REFERENCE, "local file.local-fast-path", "The stepped function calls the entry of its path."),
    "stepped.miss": _one(c.REFERENCE, "local file.local-fast-path", "The stepped code calls the miss of its path, or may call it."),

    "trace.present": _one(c.TRACE, "budgets", "Every stepped row has its raw traces."),
    "trace.readable": _one(c.TRACE, "budgets", "A trace is whole, of its subject and case, and in order."),
    "trace.instruction": _one(c.TRACE, "budgets", "What a trace says of an instruction is what its bytes and operands say."),
    "trace.continuous": _one(c.TRACE, "budgets", "Each instruction of a trace stands where the one before it leads."),
    "trace.shape": _one(c.TRACE, "budgets", "A trace holds three calls that did something."),
    "trace.steady": _one(c.TRACE, "budgets", "Two equal calls executed the same."),
    "trace.recounted": _one(c.TRACE, "budgets", "Reported counts equal the recount."),
    "trace.one-run": _one(c.TRACE, "budgets", "All metrics of a path and subject come from one pair of traces of their own."),
    "trace.digest": _one(c.TRACE, "budgets", "A row names the digest of its traces."),

    "provenance.complete": _one(c.REFERENCE, "before", "Sources, lock file, flags, tools and every generated file are recorded."),
    "provenance.known-item": _one(c.REFERENCE, "before", "Nothing else is."),
    "provenance.recomputed": _one(c.DERIVED, "before", "What an item binds, and how it is compared, follows from the item."),
    "provenance.sources": _one(c.STALE, "before", "The evidence was made from these sources, this lock file and these declared rows."),
    "provenance.file-digest": _one(c.STALE, "before", "No generated file changed after the run that wrote it."),
    "provenance.sources-inside": _one(c.STALE, "before", "Nothing that is measured is built from files outside of the sources whose digest the evidence holds."),
    "provenance.as-shipped": _one(c.STALE, "before budgets", "What is measured is the library with default features, built with the options that are written down here."),
    "provenance.summary": _one(c.STALE, "before", "The summary of the version is about the sources in the tree."),
    "provenance.no-other-flags": _one(c.STALE, "before", "No configuration of cargo in the repository adds flags that no provenance names."),
    "provenance.measured-anew": _one(c.STALE, "before", "Where nothing may be reused, every row was measured by this very run."),
    "provenance.toolchain": _one(c.TOOLCHAIN, "before", "The evidence was made by this compiler, for this target, with these flags and this C library."),

    "drift.rows": _one(c.DRIFT, "before", "The fresh run has the committed rows and no others."),
    "drift.cells": _one(c.DRIFT, "before", "Every fresh cell is within its comparison class of the committed one."),

    "contract.row-per-file": _one(c.CONTRACT, "file.allocator-fast-path-contract", "Every evidence file has a row."),
    "contract.known-file": _one(c.CONTRACT, "file.allocator-fast-path-contract", "Nothing else has."),
    "contract.kind": _one(c.CONTRACT, "file.allocator-fast-path-contract", "The kind is that of the schema."),
    "contract.owner": _one(c.CONTRACT, "file.allocator-fast-path-contract", "The owner is the folder that holds the file."),
    "contract.writer": _one(c.CONTRACT, "file.allocator-fast-path-contract", "The writer exists and is the one that writes the file."),
    "contract.command": _one(c.CONTRACT, "file.allocator-fast-path-contract", "The command exists and makes or validates the file."),
    "contract.row-command": _one(c.CONTRACT, "file.allocator-fast-path-contract", "The command that shows a row exists, and takes what the row has."),
    "contract.make-target": _one(c.CONTRACT, "file.allocator-fast-path-contract", "The make target exists and runs the command."),
    "contract.ci-step": _one(c.CONTRACT, "file.allocator-fast-path-contract", "CI runs the gate."),
    "contract.page-quotes": _one(c.CONTRACT, "page", "The reference page quotes every sentence of the specification."),
    "contract.gates-in-order": _one(c.CONTRACT, "order before", "The broader memory gate depends on this one, and this one runs the judge."),
    "contract.failure-counts": _one(c.CONTRACT, "order before", "No recipe of a gate and no line of the CI script hides a failure."),
    "contract.sentence": _one(c.CONTRACT, "file.allocator-fast-path-contract", "The sentence is the specification's, verbatim."),
}
