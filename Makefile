# Two commands on a machine with Python 3.11+ and make: `make demo` and `make test`. Each makes the environment that it needs.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt
# as many workers as there are cores; `make test WORKERS=0` runs in one process
WORKERS ?= auto
# `make test COVERAGE=` runs without; the floor stands in pyproject.toml
COVERAGE ?= --cov --cov-report=term
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS)

.PHONY: demo gateway test fast neighbours fuzz mutants soak lint types docs bench check dist lock clean help python

help:
	@echo "make demo        one screen: a request, its plan with reasons, its bill, a what-if"
	@echo "make gateway     the example gateway on made-up providers of its own, at http://127.0.0.1:8080"
	@echo "make fast        the claims that need no Hypothesis run: under a minute"
	@echo "make test        all tests that need no neighbour, with branch coverage"
	@echo "make neighbours  what needs a server, a browser, Node or a foreign SDK"
	@echo "make fuzz        fuzz every reader of outside input (TARGET=answer SECONDS=60)"
	@echo "make soak        an hour of a fleet in a storm, on virtual time"
	@echo "make mutants     break one room on purpose (ROOM=routing SAMPLE=300)"
	@echo "make check       lint, types, tests and docs: what CI runs"
	@echo "make docs        the documentation, in docs/_build/html"
	@echo "make bench       every benchmark, quickly (make bench ARGS= for the full runs)"
	@echo "make lock        choose the versions that everybody installs anew"
	@echo "make dist        wheel and sdist, the same bytes from the same commit"

python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "routecore needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + "; try: make PYTHON=python3.12 ...")'

$(VENV)/bin/python: | python
	$(PYTHON) -m venv $(VENV)

# one stamp for the library with its command line, one for everything that developing it needs, one for its neighbours
$(VENV)/.cli: pyproject.toml .ci/constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[cli]'
	@touch $@

$(STAMP): pyproject.toml .ci/constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.cli

$(VENV)/.neighbours: pyproject.toml .ci/constraints.txt | $(STAMP)
	$(PIP) --editable '.[dev,neighbours]'
	@touch $@

$(VENV)/.gateway: pyproject.toml | $(VENV)/.cli
	$(PIP) --editable '.[cli,prometheus,yaml]' httpx starlette uvicorn
	@touch $@

gateway: $(VENV)/.gateway
	PYTHONPATH=docs/examples $(BIN)/python -m gateway

demo: $(VENV)/.cli
	$(BIN)/routecore demo

fast: $(STAMP)
	$(PYTEST) -m "not slow and not laws" --ignore=tests/neighbours

test: $(STAMP)
	$(PYTEST) --ignore=tests/neighbours $(COVERAGE)

neighbours: $(VENV)/.neighbours
	$(PYTEST) tests/neighbours

# proof that takes longer than a change may wait for; docs/explanation/reliability.md holds the last figures
$(VENV)/.evidence: pyproject.toml .ci/constraints.txt | $(STAMP)
	$(PIP) --editable '.[dev,evidence]'
	@touch $@

TARGET ?=
SECONDS ?= 60
fuzz: $(VENV)/.evidence
	$(BIN)/python -m tests.evidence.fuzz $(TARGET) --seconds $(SECONDS)

soak: $(STAMP)
	$(BIN)/python tests/evidence/soak.py

ROOM ?= routing
SAMPLE ?= 300
mutants: $(VENV)/.evidence
	$(BIN)/python tests/evidence/mutants.py $(ROOM) --sample $(SAMPLE)

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
	$(PIP) --editable '.[bench]'
	$(BIN)/python -m benchmarks all $(ARGS)

dist: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
dist: $(STAMP)
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .

lock: $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	{ echo '# The versions that continuous integration installs; made by `make lock`, for every extra, Python 3.11 and later.'; $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header pyproject.toml; } > .ci/constraints.new
	mv .ci/constraints.new .ci/constraints.txt

check: lint types test docs

clean:
	rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
