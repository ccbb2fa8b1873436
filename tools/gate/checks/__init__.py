"""Every rule of the gate is a check: a named function from a `Case` to findings. The order is the order of reporting."""

from . import (aims, blocks, budgets, classes, contract, coverage, derived, diagnostics, dictionaries, drift, failures, files, hooks, outside, processes, profiles, promises, provenance, references,
               remote_free, roster, stepped, symbols, traces)

CHECKS = {
    "files": files.run,
    "dictionaries": dictionaries.run,
    "profiles": profiles.run,
    "hooks": hooks.run,
    "remote-free": remote_free.run,
    "coverage": coverage.run,
    "diagnostics": diagnostics.run,
    "references": references.run,
    "classes": classes.run,
    "symbols": symbols.run,
    "stepped": stepped.run,
    "blocks": blocks.run,
    "derived": derived.run,
    "promises": promises.run,
    "roster": roster.run,
    "budgets": budgets.run,
    "aims": aims.run,
    "traces": traces.run,
    "processes": processes.run,
    "provenance": provenance.run,
    "outside": outside.run,
    "drift": drift.run,
    "contract": contract.run,
    "failures": failures.run,
}
