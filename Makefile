# Every target prepares what it needs; a fresh machine wants only Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEVELOPING := $(VENV)/.ready-dev
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PIN := $(BIN)/uv pip compile --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --quiet
COMPILE := $(PIN) pyproject.toml --extra documents --group editable

# Where it is set, every process that a test starts would compile all that it imports: several times the work.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
FUZZING := $(VENV)/.ready-fuzz
SECONDS ?= 60
TARGET ?=

.PHONY: help setup demo test check format operations surfaces pictures bench instructions fuzz lock wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@echo "preparing $(VENV) (once; a minute or so)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Penstock needs Python 3.11 or newer; say which with: make PYTHON=python3.12 …" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPING): $(READY) requirements-dev.lock
	@echo "adding to $(VENV) what tests and checks need (once; a minute or so)"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(DEVELOPING) ## prepare .venv with all that the targets below need

demo: $(READY) ## gateway, local Parallel engine, calls, the log, the dashboard; serves until Ctrl-C
	@$(BIN)/penstock demo

test: $(DEVELOPING) ## the whole test suite
	@$(BIN)/python -m pytest

check: $(DEVELOPING) ## format, lint, strict types, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n 0 tests/test_house.py tests/test_docs.py

format: $(DEVELOPING) ## write the code in the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

operations: $(DEVELOPING) ## write the guide of all operations, by the tables of the providers
	@cd tests && ../$(BIN)/python -m support.operations_guide

surfaces: $(DEVELOPING) ## write into the guides of the unified endpoint what is carried to whom, by the code
	@cd tests && ../$(BIN)/python -m support.surface_guides

pictures: $(DEVELOPING) ## make the pictures of README anew, in a real browser
	@cd tests && ../$(BIN)/python -m browser.pictures

bench: $(DEVELOPING) ## Penstock beside nginx, Envoy, Portkey and LiteLLM, in one run
	@$(BIN)/python -m bench

instructions: $(DEVELOPING) ## the instructions a call takes, held against bench/instructions.json
	@$(BIN)/python -m bench instructions

$(FUZZING): $(DEVELOPING) requirements-fuzz.lock
	@$(INSTALL) --require-hashes --no-deps -r requirements-fuzz.lock
	@touch $@

fuzz: $(FUZZING) ## try the laws of tests/fuzz with a fuzzer that follows coverage (SECONDS=60 TARGET=)
	@cd tests && ../$(BIN)/python -m fuzz $(TARGET) --seconds $(SECONDS) $(if $(FOLD),--fold $(abspath $(wildcard $(FOLD))))

lock: $(DEVELOPING) ## pin the dependencies anew, with hashes and without any index address
	@$(COMPILE) --output-file requirements.lock
	@$(COMPILE) --group dev --constraint requirements.lock --output-file requirements-dev.lock
	@$(PIN) --group fuzz --output-file requirements-fuzz.lock
	@$(PIN) tests/e2e/langchain/requirements.in --output-file tests/e2e/langchain/requirements.lock

wheel: $(DEVELOPING) ## build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation

clean: ## remove what the targets made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis node_modules
