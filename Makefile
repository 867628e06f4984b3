# Each target creates what it needs: a virtual environment in .venv with pinned dependencies.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests that run at the same time: three for each processor, because most of them wait.
JOBS ?= $(shell $(PYTHON) -c 'import os; print(3 * (os.cpu_count() or 1))')
TOOLS := .venv-tools
INSTALL := python -m pip install --quiet --disable-pip-version-check
# Wheels only, so that no dependency runs a build script.
PINNED := $(INSTALL) --only-binary :all: --require-hashes -r
COMPILE := $(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --upgrade --no-header --no-emit-index-url

.PHONY: demo run bench bench-quick growth test check format lint types coverage screenshots lock audit clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/runtime ## Try the bot in a browser: no token, no network (ARGS=--headless: in the terminal)
	@$(BIN)/python -m bot demo $(ARGS)

run: $(VENV)/runtime ## Run the bot with the settings of .env
	@$(BIN)/python -m bot run $(ARGS)

bench: $(VENV)/dev ## Run the benchmarks and print one table of ratios (ARGS="delivery": one topic)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(VENV)/dev ## Check in a minute that every benchmark runs
	@$(BIN)/python -m benchmarks --quick $(ARGS)

growth: $(VENV)/dev ## Redraw the figure of cost against watches and watchers (some minutes)
	@$(BIN)/python -m benchmarks.growth $(ARGS)

test: $(VENV)/dev ## Run every test
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

check: lint types coverage bench-quick ## Run every check before a commit: format, lint, types, tests, coverage, benchmarks

format: $(VENV)/dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/dev ## Check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev ## Check the types
	$(BIN)/mypy

coverage: $(VENV)/dev ## Run every test and measure coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

screenshots: $(VENV)/dev ## Retake the screenshots of the documents (needs Chromium)
	@$(BIN)/python -m tests.sandbox.screenshots

lock: $(TOOLS)/ready ## Update the pinned dependencies and their hashes
	$(COMPILE) --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --extra postgres --output-file requirements/postgres.txt pyproject.toml
	$(COMPILE) --group dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --group tools --no-emit-package suno-bot --output-file requirements/tools.txt

audit: $(TOOLS)/ready ## Check the dependencies for known vulnerabilities (needs the network)
	$(TOOLS)/bin/pip-audit --require-hashes --disable-pip --requirement requirements/postgres.txt

clean: ## Remove what the targets created (never the database)
	rm -rf $(VENV) $(TOOLS) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* *.egg-info

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Suno Bot needs Python 3.11 or newer as '$(PYTHON)'; choose another with: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "This Python cannot create virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; \
		rm -rf $(VENV); exit 2; }
	@touch $@

$(VENV)/runtime: requirements/run.txt | $(VENV)/python
	@echo "Installing the pinned dependencies into $(VENV) ..."
	@$(BIN)/$(PINNED) requirements/run.txt
	@touch $@

$(VENV)/dev: requirements/dev.txt pyproject.toml | $(VENV)/python
	@echo "Installing the pinned dependencies into $(VENV) ..."
	@$(BIN)/$(PINNED) requirements/dev.txt
	@$(BIN)/$(INSTALL) --no-build-isolation --no-deps -e .
	@touch $@ $(VENV)/runtime

$(TOOLS)/ready: requirements/tools.txt
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/$(PINNED) requirements/tools.txt
	@touch $@
