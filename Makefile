# Two commands on a machine with Python 3.11+ and make: `make demo` and `make test`. Each makes the environment that it needs.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: demo test lint types docs bench check clean help python

help:
	@echo "make demo    plan the documented requests on the example catalog, and say why"
	@echo "make test    all tests, with branch coverage"
	@echo "make check   lint, types, tests and docs: what CI runs"
	@echo "make docs    the documentation, in docs/_build/html"
	@echo "make bench   every benchmark, quickly (make bench ARGS= for the full runs)"

python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "routecore needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + "; try: make PYTHON=python3.12 ...")'

$(VENV)/bin/python: | python
	$(PYTHON) -m venv $(VENV)

# one stamp for the library with its command line, one for everything that developing it needs
$(VENV)/.cli: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cli]'
	@touch $@

$(STAMP): pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.cli

demo: $(VENV)/.cli
	$(BIN)/routecore demo

test: $(STAMP)
	$(BIN)/python -m pytest --cov --cov-report=term

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(STAMP)
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

ARGS ?= --quick
bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks all $(ARGS)

check: lint types test docs

clean:
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
