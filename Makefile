# Every target does its own set-up: a virtual environment in .venv with pinned dependencies.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo run bench bench-quick growth test check format lint types coverage screenshots lock clean
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
	$(BIN)/python -m pytest $(ARGS)

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
	$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

screenshots: $(VENV)/dev ## Take the pictures of the README anew (needs Chromium)
	@$(BIN)/python -m tests.screenshots

lock: $(VENV)/dev ## Pin the dependencies anew, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-header --no-emit-index-url --output-file requirements/run.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-header --no-emit-index-url --group dev --output-file requirements/dev.txt pyproject.toml

clean: ## Remove what the targets made (never the database)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* *.egg-info

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Suno Bot needs Python 3.11 or newer as '$(PYTHON)'; name another with: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; \
		rm -rf $(VENV); exit 2; }
	@touch $@

$(VENV)/runtime: requirements/run.txt | $(VENV)/python
	@echo "Installing the pinned dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@touch $@

$(VENV)/dev: requirements/dev.txt pyproject.toml | $(VENV)/python
	@echo "Installing the pinned dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@ $(VENV)/runtime
