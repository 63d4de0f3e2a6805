# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# This very pin takes the CPU build where pip is offered one; a range would take the CUDA build with several GB.
TORCH := torch==2.13.0
ROOMS := bundles operators apps federated

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format bench clean typing-tree

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED)  ## the environment in .venv

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$(TORCH)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[app,federated,dev]"
	touch $@

demo: $(INSTALLED)  ## a phantom study through the whole chain, into demo/
	$(BIN)/nodulescope demo --out demo

test: $(INSTALLED)  ## every test, with coverage
	$(BIN)/python -m pytest --durations=15 -rs --cov --cov-report=term

lint: $(INSTALLED) typing-tree  ## formatting, rules, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)  ## bring the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# mypy does not know setuptools' package-dir mapping, so it is shown a folder that looks like the installed package.
typing-tree:
	@mkdir -p .typing/nodulescope
	@for room in $(ROOMS); do ln -sfn ../../$$room .typing/nodulescope/$$room; done

bench: $(INSTALLED)  ## time and memory of one analysis
	$(BIN)/python tests/bench_analysis.py

clean:  ## remove what was made here, the environment too
	rm -rf $(VENV) .typing .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build dist demo nodulescope.egg-info
	find $(ROOMS) tests -name __pycache__ -type d -prune -exec rm -rf {} +
