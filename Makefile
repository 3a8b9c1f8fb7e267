# Vestiary's front door. `make help` lists what there is; every target sets up what it needs, once.
PYTHON ?= python3
CONFIG ?= configs/demo.toml
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BROWSER := $(VENV)/.browser
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup dataset demo test test-all lint clean

help:  ## this list
	@echo "Vestiary: photographs of clothed people, curated and labelled with DensePose."
	@echo
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*  ## /  make \1\t/' | expand -t 20
	@echo
	@echo "  make dataset CONFIG=configs/fashion.toml    the real shops, once permission is stated there"

setup: $(READY) $(BROWSER)  ## the environment in .venv, and a Chromium if one can be had

dataset: setup  ## crawl, curate, label, split: the dataset of CONFIG (default: the demo shops, into data/demo)
	@$(BIN)/vestiary dataset --config $(CONFIG)

demo: setup  ## serve the three demo shops on loopback until Ctrl-C
	@$(BIN)/vestiary demo

test: setup  ## lint, types and every test but the slow ones
	@$(MAKE) --no-print-directory lint
	@echo "== tests"
	@$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-all: setup  ## all tests, the slow ones too
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY)  ## ruff and mypy --strict
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy

clean:  ## remove the environment and caches; datasets stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "make: Vestiary needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "== setting up $(VENV) (once; some hundred megabytes of packages)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(BROWSER): $(READY)
	@$(BIN)/python -m scrapers.chromium --install
	@touch $@
