# Verbs only. Logic lives in tools/ and in the crates. CARGO_TARGET_DIR is honoured; no target but `evidence`, `fmt`, `release-check`
# and those that begin with `accept-` changes a committed file.
CARGO ?= cargo
PYTHON ?= python3
JOBS ?= $(shell nproc)
# Where a check puts what it measured.
FRESH := $(or $(CARGO_TARGET_DIR),target)/evidence
# What runs leave for the report.
RUNS := $(or $(CARGO_TARGET_DIR),target)/report
# One program for every measurement; the code whose instructions are counted is a package of its own, which `step` builds alone.
BENCH := $(CARGO) run --quiet --release --package bench-corpus --features peers --
# The same with every arena peer.
BENCH_ARENA := $(CARGO) run --quiet --release --package bench-corpus --features peer-mimalloc,arena-peers --

# What random tests draw their inputs from: the same whenever a change is tested; release-check brings another each time.
PROPTEST_RNG_SEED ?= 1

# Folders of their own, because other flags would rebuild everything in turns.
LOOM_TARGET := $(or $(CARGO_TARGET_DIR),target)/loom
FEATURES_TARGET := $(or $(CARGO_TARGET_DIR),target)/features
SHUTTLE_TARGET := $(or $(CARGO_TARGET_DIR),target)/shuttle

.DEFAULT_GOAL := help
.PHONY: help doctor clients compat test tools-of-tests lint fmt allocator-fast-path-check native-memory-control-check pass-budgets evidence corpus tokens bench stress report report-heap report-test incremental loom \
        sanitize features fuzz conformance numa-guest gate-selftest release-check accept-dependencies \
        accept-documentation accept-public-api accept-aims

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-28s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

doctor: ## outside tools: present or missing, and what brings each
	@tools/need cargo gcc
	@$(CARGO) run --quiet --package bench-corpus -- doctor

test: tools-of-tests lint ## all tests: lint, every crate, a sample of the token oracle, the judge
	PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED) $(CARGO) test --workspace
	PROPTEST_RNG_SEED=$(PROPTEST_RNG_SEED) tools/drop-in ours
	$(CARGO) run --quiet --package bench-corpus -- fetch --set quick
	$(CARGO) run --quiet --package bench-corpus -- tokens --set quick --unit lua-src/ --jobs $(JOBS)
	$(PYTHON) -m unittest discover --start-directory tools/tests --pattern 'test_*.py'

tools-of-tests:
	@tools/need cargo gcc c++ git python3 python3-test sqlite3 sort nm

lint: ## rustfmt, clippy and rustdoc, warnings are errors
	@tools/need cargo gcc python3 rustfmt clippy
	$(CARGO) fmt --all --check
	$(CARGO) fmt --check --manifest-path compiler-alloc/examples/profiles/Cargo.toml
	$(CARGO) fmt --check --manifest-path bench-corpus/clients/registry/Cargo.toml
	$(CARGO) clippy --workspace --all-targets --features "$$(tools/stable-features)" -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps

fmt: ## format every crate
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path compiler-alloc/examples/profiles/Cargo.toml
	$(CARGO) fmt --manifest-path bench-corpus/clients/registry/Cargo.toml

allocator-fast-path-check: ## the main job: build, corpus, steps, stress, compare with the committed evidence
	@tools/need cargo gcc python3
	$(BENCH) fetch --set quick
	$(BENCH) evidence --out $(FRESH)
	$(PYTHON) tools/allocator-fast-path-check.py --fresh $(FRESH)

native-memory-control-check: allocator-fast-path-check ## the check above, then what each profile depends on, memory of passes, shutdown, sanitizers, documents
	@tools/need nm
	$(PYTHON) tools/native-memory-control-check.py --bench '$(BENCH)'

pass-budgets: ## of the check above the memory of passes alone, which takes seconds: a part of what must hold before a change lands
	@tools/need python3
	$(BENCH) fetch --set quick
	$(PYTHON) tools/native-memory-control-check.py --only pass-budgets --bench '$(BENCH)'

accept-aims: ## record the aims of stricter budgets; with DECISION=NAME also weaker, new and removed ones; FIRST=1 where none are recorded and the first version is unreleased
	@tools/need python3
	$(PYTHON) tools/allocator-fast-path-check.py --accept-aims $(if $(DECISION),--decision $(DECISION)) $(if $(FIRST),--first)

accept-dependencies: ## record what the artifact of each profile depends on, for native-memory-control-check
	@tools/need cargo gcc python3 nm
	$(PYTHON) tools/native-memory-control-check.py --accept dependencies

accept-documentation: ## record the code of the surfaces that is documented, for native-memory-control-check; FIRST=1 while the first version is unreleased
	@tools/need python3
	$(PYTHON) tools/native-memory-control-check.py --accept documentation $(if $(FIRST),--first)

evidence: ## rewrite the committed evidence from a fresh run and show the difference
	@tools/need cargo gcc python3 git
	$(BENCH) fetch --set quick
	$(BENCH) evidence --out $(FRESH) --commit

corpus: ## the passes over the quick corpus, ours beside bumpalo
	@tools/need cargo gcc
	$(BENCH) fetch --set quick
	$(BENCH) corpus compare --set quick

tokens: ## the preprocessor against gcc, token by token, over the quick corpus
	@tools/need cargo gcc
	$(BENCH) fetch --set quick
	$(BENCH) tokens --set quick --jobs $(JOBS)

bench: ## arenas and the general heap beside their peers, with spread; names the peers that are missing
	@tools/need cargo gcc
	$(BENCH_ARENA) arena
	$(BENCH) heap

stress: ## the seeded stress cases of every profile; SOAK=10 repeats them with new seeds for ten minutes
	@tools/need cargo gcc
	$(BENCH) stress $(if $(SOAK),--soak $(SOAK))

report: $(RUNS)/charts/installed ## one HTML page of the evidence and of fresh runs, with charts, tables and listings; prints the summary
	@tools/need cargo gcc
	$(BENCH) fetch --set quick
	$(call keep,corpus-ours.json,corpus run --passes preprocess --rounds 4 --format json --memory ours --trace $(RUNS)/corpus-ours.trace.tsv)
	$(call keep,corpus-bumpalo.json,corpus run --passes preprocess --rounds 4 --format json --memory bumpalo --trace $(RUNS)/corpus-bumpalo.trace.tsv)
	$(call keep,arena.csv,arena --csv)
	$(BENCH) report --runs $(RUNS)

# What draws the charts, as its lock file pins it; once.
$(RUNS)/charts/installed: bench-corpus/charts/package.json bench-corpus/charts/package-lock.json
	@tools/need npm
	@mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline && touch installed

report-heap: ## the general heap beside its peers, for the next report; half an hour (PAIRS=15 rounds)
	@tools/need cargo gcc
	@mkdir -p $(RUNS)
	$(call keep,heap.csv,heap --target H2 --csv --pairs $(or $(PAIRS),15))

report-test: ## the last report in headless Chromium: content, charts, colours, keyboard, both schemes, wide and narrow
	@tools/need python3 chromium
	$(PYTHON) tools/report-test --page $(RUNS)/report.html --runs $(RUNS)

clients: ## compilers that others wrote, with our arenas in place of theirs, under several global allocators; the first run builds for half an hour
	@tools/need cargo gcc npm
	$(BENCH) clients $(if $(CLIENT),--client $(CLIENT))

compat: ## the drop-in packages and their originals under the same tests, and their interfaces item by item
	@tools/need cargo python3
	tools/drop-in

incremental: ## edits of libgit2: what each makes be checked again, time and faults; findings as a cold run's
	@tools/need cargo
	$(BENCH) fetch --set full
	$(CARGO) run --release --package passes-incremental --example edit_libgit2

loom: ## models of the concurrent structures: every interleaving of a few calls, then seeded schedules of whole heaps
	@tools/need cargo gcc
	RUSTFLAGS="--cfg loom" $(CARGO) test --release --package compiler-alloc --lib --target-dir $(LOOM_TARGET) -- loom_
	RUSTFLAGS="--cfg shuttle" $(CARGO) test --release --package compiler-alloc --lib --target-dir $(SHUTTLE_TARGET) -- shuttle_

sanitize: ## the tests under the address, leak and thread sanitizers
	@tools/need cargo gcc
	tools/sanitize

features: ## features that no other target builds: nightly's Allocator, opened on the stable compiler, and arenas watched by valgrind
	@tools/need cargo gcc
	@tools/need valgrind || echo "make features: without valgrind its tests pass without a check"
	RUSTC_BOOTSTRAP=1 $(CARGO) test --package compiler-alloc --features allocator_api,valgrind --test nightly_allocator --target-dir $(FEATURES_TARGET)
	RUSTC_BOOTSTRAP=1 $(CARGO) test --package compiler-alloc --features allocator_api,valgrind --test it --target-dir $(FEATURES_TARGET) -- arena_poison
	RUSTC_BOOTSTRAP=1 $(CARGO) clippy --package compiler-alloc --features allocator_api,valgrind --all-targets --target-dir $(FEATURES_TARGET) -- -D warnings

fuzz: ## each fuzz target for a minute (FUZZ_SECONDS=60)
	@tools/need cargo gcc c++
	tools/fuzz

conformance: ## C conformance suites over the frontend, from Debian packages; fails if a recorded figure fell
	@tools/need cargo gcc apt-get
	$(BENCH) conformance

numa-guest: ## huge pages and NUMA in a guest with several nodes
	@tools/need cargo gcc python3 qemu-system-x86_64
	$(PYTHON) tools/numa-guest.py

gate-selftest: allocator-fast-path-check ## plant regressions, falsify every cell of the evidence, and count what the judge notices
	$(PYTHON) tools/allocator-fast-path-check.py --fresh $(FRESH) --planted
	$(PYTHON) tools/allocator-fast-path-check.py --fresh $(FRESH) --selftest

release-check: ## everything a release needs, measured anew; writes release/VERSION.md if it passed
	@tools/need cargo gcc c++ python3 git nm npm apt-get
	$(PYTHON) tools/release-check.py

accept-public-api: ## record the public API of the published crates, for release-check
	@tools/need cargo gcc python3
	$(PYTHON) tools/release-check.py --accept-public-api

# $(call keep,FILE,what to run): the output becomes the file only when the run is over and well.
keep = $(BENCH) $(2) > $(RUNS)/$(1).unfinished && mv $(RUNS)/$(1).unfinished $(RUNS)/$(1)
