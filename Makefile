.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header
export PORT

.PHONY: help
help: ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

.venv/run: requirements/run.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up .venv ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev: .venv/run requirements/dev.txt
	@echo "Adding the tools for tests and checks ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: demo
demo: .venv/run ## run the gateway on stand-in systems (PORT=8000)
	@exec $(BIN)/gateway demo --port $(PORT)

.PHONY: test
test: .venv/dev ## run every test, against real systems too where they install
	@$(BIN)/python -m pytest --numprocesses 4 --dist loadgroup --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report --skip-covered --fail-under 92
	@$(BIN)/coverage report --include 'gateway/auth/*' --fail-under 100

.PHONY: prove
prove: .venv/dev ## run the long proofs, which `make test` leaves out
	@$(BIN)/python -m pytest --numprocesses 4 --dist loadgroup -m prove $(ARGS)

.PHONY: bench
bench: .venv/dev ## measure speed beside other servers (ARGS=--quick for fewer and shorter rounds)
	@$(BIN)/python -m bench.run $(ARGS)

.PHONY: check
check: .venv/dev ## lint, types, import rules, dependencies, schema
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/deptry .
	@$(BIN)/gateway schema | diff -u schema.graphql - || { echo "schema.graphql is not what the code says: make schema" >&2; exit 1; }
	@$(BIN)/gateway connectors | diff -u docs/fields.md - || { echo "docs/fields.md is not what the code says: make schema" >&2; exit 1; }

.PHONY: schema
schema: .venv/run ## write schema.graphql and docs/fields.md from the code
	@$(BIN)/gateway schema > schema.graphql.new && mv schema.graphql.new schema.graphql
	@$(BIN)/gateway connectors > docs/fields.md.new && mv docs/fields.md.new docs/fields.md

.PHONY: format
format: .venv/dev ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet .

.PHONY: connector
connector: .venv/dev ## start a connector from the template (NAME=acme_desk); see docs/add-a-connector.md
	@$(BIN)/python tools/connector.py '$(NAME)'

.PHONY: lock
lock: .venv/dev ## pin the newest versions that pyproject.toml allows, with hashes
	@$(COMPILE) --upgrade pyproject.toml --output-file requirements/run.txt
	@$(COMPILE) --upgrade --extra dev --constraint requirements/run.txt pyproject.toml --output-file requirements/dev.txt
	@$(COMPILE) --upgrade --constraint requirements/dev.txt requirements/build.in --output-file requirements/build.txt
	@$(COMPILE) --upgrade tests/clients/requirements.in --output-file tests/clients/requirements.txt

.PHONY: clean
clean: ## remove what was made here
	@rm -rf .venv .mypy_cache .pytest_cache .hypothesis .ruff_cache .import_linter_cache .coverage .coverage.*
