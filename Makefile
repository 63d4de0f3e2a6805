# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# This very pin takes the CPU build where pip is offered one; a range would take the CUDA build with several GB.
TORCH := torch==2.13.0
ROOMS := bundles operators apps federated
# Tests of one file stay together, for they share what is dear to make. A worker takes 2 to 3 GB; more than one thread each would only compete.
WORKERS ?= 2
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile -rsfE

.DEFAULT_GOAL := help
.PHONY: help install label-env demo test coverage lint format bench clean typing-tree

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED)  ## the environment in .venv

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$(TORCH)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[app,federated,dev]"
	touch $@

label-env: $(INSTALLED)  ## the environment of the MONAI Label server in .venv-label
	$(BIN)/nodulescope --quiet label --studies . --prepare

demo: $(INSTALLED)  ## a phantom study through the whole chain, into demo/
	$(BIN)/nodulescope demo --out demo

test: $(INSTALLED) label-env  ## every test
	$(PYTEST) --durations=15

coverage: $(INSTALLED) label-env  ## every test, and the lines that none of them reaches
	$(PYTEST) --cov --cov-report=term

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
	$(BIN)/python tests/benchmarks/analysis.py

clean:  ## remove what was made here, the environment too
	rm -rf $(VENV) .venv-label .typing .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build dist demo nodulescope.egg-info
	find $(ROOMS) tests -name __pycache__ -type d -prune -exec rm -rf {} +
