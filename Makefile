# MOFA: `make demo` runs a small campaign, `make test` the tests, `make check` the linters; each sets itself up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUN ?= runs/demo

# One thread per process: the campaign and the test runner start one process per core.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.PHONY: help install dev demo test slow check format clean

help:
	@echo "make install   create $(VENV) with the mofa command"
	@echo "make demo      run examples/co2-zn-pcu.toml and print the ranking"
	@echo "make test      run the tests            make slow     the long studies"
	@echo "make check     lint, format, types      make format   reformat"

# Debian ships Python without ensurepip unless python3-venv is there; virtualenv from PyPI serves as well.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "MOFA needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV) && \
	  $(PYTHON) -m pip install --quiet --target $(VENV).bootstrap virtualenv && \
	  PYTHONPATH=$(VENV).bootstrap $(PYTHON) -m virtualenv --quiet $(VENV) && rm -rf $(VENV).bootstrap; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing MOFA into $(VENV) (about one minute) ..."
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the development tools ..."
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

install: $(VENV)/.installed
	@echo "Ready: $(BIN)/mofa --help"

dev: $(VENV)/.installed-dev

demo: $(VENV)/.installed
	@if [ -e $(RUN)/campaign.db ]; then $(BIN)/mofa resume $(RUN); \
	  else $(BIN)/mofa run examples/co2-zn-pcu.toml --out $(RUN); fi

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 -m "not slow" tests

slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow tests

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(VENV).bootstrap build dist .mypy_cache .ruff_cache .pytest_cache
