# Two commands do all the set-up: 'make demo' and 'make test'. Both make the environment .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Jobs of trial; the suite is safe to run in parallel.
TRIAL ?= $(BIN)/trial --temp-directory=$(VENV)/trial
# Tests outside of tests/interop that compare with stock Salt; without it they are skipped.
WITH_SALT := $(subst /,.,$(basename $(wildcard tests/*/test_*with_salt.py)))

.PHONY: help install demo test lint types interop vectors bench bench-full clean

help:
	@echo "make demo      environment, install, a master and three minions on loopback, a few commands"
	@echo "make test      environment, install, the whole test suite"
	@echo "make lint      formatter, linter, type checker, house rules"
	@echo "make types     the type checker alone"
	@echo "make interop   environments with stock Salt 3008 and 3006, and the tests with them"
	@echo "make vectors DIR=FOLDER   check every recorded wire vector in a folder"
	@echo "make bench     measure against Salt 3008 and 3006 (five minutes); make bench-full: all sizes"

install: $(STAMP)

$(STAMP): setup.cfg setup.py pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed: make PYTHON=python3.11 …"; exit 1; }
	@echo "installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: install
	@$(BIN)/python -m tests.demo

test: install
	$(TRIAL) tests

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy
	$(TRIAL) tests.test_house

types: install
	$(BIN)/python -m mypy

interop: install
	$(BIN)/python -m tests.interop.environments
	TXSALT_INTEROP=1 $(TRIAL) tests.interop $(WITH_SALT)

vectors: install
	@test -n "$(DIR)" || { echo "say which folder: make vectors DIR=FOLDER"; exit 2; }
	@$(BIN)/python -m tests.wire.vector_check "$(DIR)"

bench: install
	$(BIN)/python -m benchmarks --json build/bench.json --svg build/bench.svg

bench-full: install
	$(BIN)/python -m benchmarks --full --json docs/benchmarks.json; code=$$?; \
		test $$code -gt 1 || $(BIN)/python -m benchmarks.quote || exit; exit $$code

clean:
	rm -rf $(VENV) build dist *.egg-info _trial_temp*
