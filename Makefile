# Everything a user or CI calls. Needs Python 3.11+ and make; installs the rest into .venv from requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
export DAGSTER_HOME ?= $(CURDIR)/.data/dagster_home

.PHONY: help install demo demo-ui dev test lint check bench lock clean

help:  ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed  ## Install everything into .venv

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install  ## 45 simulated days through the real assets: no token, no network
	$(BIN)/clarity-assets demo

demo-ui: install  ## Dagster's UI over what the demo collected; simulated days go on
	$(BIN)/clarity-assets demo-ui

dev: install  ## Dagster's UI on http://localhost:3000, and its daemon: schedules and sensors run
	$(BIN)/clarity-assets dev

test: install  ## The whole test suite
	$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder

lint: install  ## Style and spelling of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check: install  ## Definitions load, without warnings
	$(BIN)/dg check defs
	$(BIN)/dagster definitions validate -w workspace.yaml

bench: install  ## Benchmarks, as a table with the machine
	$(BIN)/python -m clarity_assets_tests.benchmarks

lock:  ## Resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 --no-annotate \
		--no-header --no-strip-extras --no-emit-index-url --no-emit-find-links --upgrade -o requirements.lock

clean:  ## Remove what make made (never .data)
	rm -rf .venv .pytest_cache .ruff_cache *.egg-info build
