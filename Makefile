# What the README, CI and people run. Every target sets up what it needs first and skips what is up to date.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
VENV_SIMD ?= .venv-simd
DEMO_DIR ?= demo-data
SECONDS_EACH ?= 60
ARGS ?=
export VENV VENV_SIMD DEMO_DIR SECONDS_EACH SEED
BIN := $(abspath $(VENV))/bin
# cmake and ninja live in the environment; Cargo's builds of libjpeg-turbo find them by PATH.
export PATH := $(BIN):$(PATH)

.PHONY: setup
setup: ## make .venv, install what is missing, build in release mode
	@scripts/setup.sh

.PHONY: demo
demo: setup ## a 1024 release made, verified, derived to 512, checked and loaded, with rates
	@scripts/demo.sh

.PHONY: test
test: ## every test: Rust, then Python with the other readers (ARGS="-k tar -x" goes to pytest)
	@scripts/setup.sh interop
	@scripts/test.sh $(ARGS)

.PHONY: test-train
test-train: ## the tests with torch's DataLoader, distributed and Lightning (installs torch, 6 GB)
	@scripts/setup.sh train
	@$(VENV)/bin/python -m pytest tests/test_torch.py tests/test_loader_changed.py tests/test_interop.py $(ARGS)

.PHONY: soak
soak: setup ## the long tests: 1,000 kills, 100,000 JPEGs, as many bad ones, every fuzzer for SECONDS_EACH=60 (ARGS as for test)
	@SOAK=$${SOAK:-100000} cargo test --locked --release --quiet --package turboshard --test jpeg_fast --test jpeg_encode
	@TURBOSHARD_KILLS=$${TURBOSHARD_KILLS:-1000} TURBOSHARD_BAD_IMAGES=$${TURBOSHARD_BAD_IMAGES:-100000} \
	  $(BIN)/python -m pytest --timeout=7200 tests/test_interrupted.py tests/test_image_leaks.py $(ARGS)
	@scripts/fuzz.sh

.PHONY: fuzz
fuzz: ## every fuzz target under ASan in turn (SECONDS_EACH=60 TARGETS="tar jpeg" SEED=1)
	@scripts/setup.sh --no-build
	@scripts/fuzz.sh $(ARGS)

.PHONY: asan
asan: ## the image tests of the core with libjpeg-turbo and its shim under ASan and UBSan
	@scripts/setup.sh --no-build
	@scripts/asan.sh $(ARGS)

.PHONY: test-simd
test-simd: rivals ## the image tests against pillow-simd instead of Pillow
	@$(VENV_SIMD)/bin/python -m pytest tests/test_image*.py $(ARGS)

.PHONY: lint
lint: setup ## ruff, mypy, stubtest, rustfmt, clippy: all must be silent
	@scripts/lint.sh

.PHONY: format
format: setup ## rewrite Python and Rust as ruff and rustfmt want them
	ruff check --fix-only --quiet . && ruff format --quiet .
	cargo fmt --all

.PHONY: bench
bench: setup ## times against every installed rival (ARGS="decode --data DIR --record")
	@turboshard bench $(ARGS)

.PHONY: rivals
rivals: setup ## install every contender of the benchmarks, pillow-simd in an environment of its own
	@scripts/rivals.sh

.PHONY: wheel
wheel: ## build the abi3 wheel and try it in an empty environment
	@scripts/setup.sh --no-build
	@scripts/wheel.sh

.PHONY: sdist
sdist: ## build the source distribution and install it in an empty environment
	@scripts/setup.sh --no-build
	@scripts/wheel.sh sdist

.PHONY: lock
lock: ## resolve the Python dependencies anew into requirements/
	@scripts/lock.sh

.PHONY: clean
clean: ## remove environments, builds, caches and the demo's data
	rm -rf target dist build .venv .venv-simd demo-data .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -f python/turboshard/_core*.so
	find python tests benches scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
