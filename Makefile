# Every target does its own set-up: a virtual environment in .venv with pinned dependencies.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests that run at the same time: as many as there are processors.
JOBS ?= auto
TOOLS := .venv-tools
INSTALL := python -m pip install --quiet --disable-pip-version-check
# Wheels alone: nothing that is installed runs a build script.
PINNED := $(INSTALL) --only-binary :all: --require-hashes -r
COMPILE := $(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --upgrade --no-header --no-emit-index-url

.PHONY: demo run bench bench-quick growth test check format lint types coverage screenshots lock audit clean
.DEFAULT_GOAL := help

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/runtime ## See the bot at work in a browser: no token, no network (ARGS=--headless: here)
	@$(BIN)/python -m bot demo $(ARGS)

run: $(VENV)/runtime ## Run the bot with the settings of .env
	@$(BIN)/python -m bot run $(ARGS)

bench: $(VENV)/dev ## Measure how fast it is, as ratios in one table (ARGS="delivery": one topic)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(VENV)/dev ## See in a minute that every measure runs
	@$(BIN)/python -m benchmarks --quick $(ARGS)

growth: $(VENV)/dev ## Draw anew how costs grow with what is watched (takes some minutes)
	@$(BIN)/python -m benchmarks.growth $(ARGS)

test: $(VENV)/dev ## Run every test, also the journeys
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

check: lint types coverage ## Everything that must hold before a commit: format, lint, types, tests, coverage

format: $(VENV)/dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/dev ## Look at format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev ## Check the types
	$(BIN)/mypy

coverage: $(VENV)/dev ## Run every test and measure what they reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

screenshots: $(VENV)/dev ## Take the pictures of the README anew (needs Chromium)
	@$(BIN)/python -m tests.sandbox.screenshots

lock: $(TOOLS)/ready ## Pin the dependencies anew, with hashes
	$(COMPILE) --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --group dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --group tools --no-emit-package suno-bot --output-file requirements/tools.txt

audit: $(TOOLS)/ready ## Ask for known weaknesses of what the bot runs with (needs the network)
	$(TOOLS)/bin/pip-audit --require-hashes --disable-pip --requirement requirements/run.txt

clean: ## Remove what the targets made (never the database)
	rm -rf $(VENV) $(TOOLS) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* *.egg-info

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Suno Bot needs Python 3.11 or newer as '$(PYTHON)'; name another with: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; \
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
