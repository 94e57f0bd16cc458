# Needs a Python >= 3.11 with pip, and nothing else. Every target prepares its own environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow check docs dev lock clean

demo: $(VENV)/.ready .env ## Make a sample, run everything on it, say what came out
	$(BIN)/gosales demo

test: $(VENV)/.ready-dev .env ## The whole test suite, less what is marked slow
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.ready-dev .env ## What takes minutes
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.ready-dev ## Linter, formatter, type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.ready ## docs/features.md and docs/handouts.md, from the catalogue and the contracts
	$(BIN)/python -m gosales_assets.features.document
	$(BIN)/python -m gosales_assets.runs.document

dev: $(VENV)/.ready .env ## Dagster UI on localhost:3000, scorecard on localhost:8501
	$(BIN)/python -m dashboards.serve

lock: $(VENV)/.ready-dev ## Pin what pyproject.toml allows, with hashes
	$(BIN)/pip-compile $(LOCK) -o requirements.lock pyproject.toml
	cp requirements.lock requirements-dev.lock # the same versions, and the tools beside them
	$(BIN)/pip-compile $(LOCK) --extra dev -o requirements-dev.lock pyproject.toml

LOCK := --quiet --generate-hashes --allow-unsafe --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

clean: ## Remove the environment and everything that was computed
	rm -rf $(VENV) .gosales .dagster

.env:
	cp .env.template .env

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python >= 3.11 is needed; name one with: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) \
		|| { $(PYTHON) -m pip install --user virtualenv && $(PYTHON) -m virtualenv $(VENV); }

$(VENV)/.ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock | $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
