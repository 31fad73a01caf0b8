# The tasks of dlcli. Every task but the first sets up what it needs by itself.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
RECIPES := $(basename $(notdir $(wildcard recipes/*.sh)))
.PHONY: help setup demo check test coverage test-slow bench readme clean $(RECIPES)

FAST := -n 2 --dist loadfile -m 'not slow'
REPORT := --cov=dlcli --cov-report=term:skip-covered
# Python 3.11 lacks sys.monitoring: coverage would double the time of the tests.
COVERAGE = $(shell $(BIN)/python -c 'import sys; sys.version_info >= (3, 12) and print("$(REPORT)")')

help: ## List the tasks
	@grep -E '^[a-z0-9-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "  make %-26s %s\n", $$1, $$2 }'
	@echo; echo "Recipes (make NAME DATA=FOLDER where one needs data):"
	@for name in $(RECIPES); do printf "  make %-26s %s\n" $$name "$$(sed -n '2s/^# //p' recipes/$$name.sh)"; done

setup: $(READY) ## Make .venv with dlcli and its development tools

$(READY): pyproject.toml .pins/constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dlcli needs Python 3.11 or later: make PYTHON=python3.13")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .pins/constraints.txt --editable '.[dev]'
	touch $(READY)

demo: setup ## Train a CNN on the embedded digits, evaluate it, draw its pictures
	$(BIN)/dlcli train cnn
	$(BIN)/dlcli eval cnn
	$(BIN)/dlcli viz learning-curves
	$(BIN)/dlcli viz confusion
	$(BIN)/dlcli viz filters
	$(BIN)/dlcli viz activations

check: setup ## Format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: setup ## The fast tests; on Python 3.12 or later also how much of the program they cover
	COVERAGE_CORE=sysmon $(BIN)/python -m pytest $(FAST) $(COVERAGE)

coverage: setup ## The fast tests, and how much of the program they cover
	$(BIN)/python -m pytest $(FAST) $(REPORT)

test-slow: setup ## Convergence runs, crashes at random moments, comparisons with other tools
	$(BIN)/python -m pytest -m slow

bench: setup ## Time training beside PyTorch and gensim, on the same cores in the same run; written into README.md
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -c 'import gensim' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check gensim==4.4.0
	$(BIN)/python tests/bench/input.py
	$(BIN)/python tests/bench/tokenizer.py
	$(BIN)/python tests/bench/scaling.py
	$(BIN)/python tests/bench/report.py --write

readme: setup ## Write the generated parts of README.md and .docs/options.md
	$(BIN)/python tests/readme.py --write

$(RECIPES): setup
	PATH="$(CURDIR)/$(BIN):$$PATH" recipes/$@.sh $(DATA)

clean: ## Remove .venv and caches; runs/ stays
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
