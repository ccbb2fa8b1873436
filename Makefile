# Verbs only. Logic lives in tools/ and in the crates.
CARGO ?= cargo
PYTHON ?= python3
BENCH := $(CARGO) run --release --quiet --package bench-corpus --features peers --

.DEFAULT_GOAL := help
.PHONY: help test lint fmt allocator-fast-path-check native-memory-control-check evidence corpus bench stress report loom sanitize fuzz \
        conformance numa-guest gate-selftest release-check

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-28s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: lint ## all tests, lint included
	$(CARGO) test --workspace

lint: ## rustfmt and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings

fmt: ## format every crate
	$(CARGO) fmt --all
