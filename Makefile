# lakebed: every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes

.PHONY: help install clients tour test slow coverage check format bench generate conformance oracle clean

help: ## List the targets.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/'

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "lakebed needs Python 3.11 or newer; $(PYTHON) is older (set PYTHON=python3.12)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "lakebed needs Python's venv module (Debian: apt-get install python3-venv)"; exit 1; }
	@touch $@

$(VENV)/default: $(VENV)/made requirements/default.txt pyproject.toml
	@echo "installing the default packages into $(VENV)"
	@$(PIP) -r requirements/default.txt
	@$(PYTHON) tools/link.py $(VENV)
	@touch $@

$(VENV)/tour: $(VENV)/default requirements/tour.txt
	@echo "installing the tour's clients and data"
	@$(PIP) -r requirements/tour.txt
	@touch $@

$(VENV)/dev: $(VENV)/default requirements/dev.txt
	@echo "installing the development packages"
	@$(PIP) -r requirements/dev.txt
	@touch $@ $(VENV)/tour

$(VENV)/clients/made: $(VENV)/made requirements/clients.txt
	@echo "installing the clients of the slow stories"
	@$(PYTHON) -m venv $(VENV)/clients
	@$(VENV)/clients/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes -r requirements/clients.txt
	@touch $@

clients: $(VENV)/clients/made ## Install clients that have an environment of their own (awscli, s3fs, …).

install: $(VENV)/default ## Make .venv with all that the default needs.

tour: $(VENV)/tour ## Run the main job on real data and print every step.
	@$(BIN)/lakebed tour $(TOUR)

test: $(VENV)/dev ## Run the tests, in random order, on WORKERS processes.
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

slow: $(VENV)/dev ## Run every test at full depth: 20 crash rounds, many examples, fuzzing, conformance.
	LAKEBED_SLOW=1 $(BIN)/python -m pytest -n $(WORKERS)

coverage: $(VENV)/dev ## Branch coverage of every room, servers and workers included.
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" --cov --cov-report=
	$(BIN)/python -m coverage report

check: $(VENV)/dev ## Format, lint, types, import layers, staleness of what is generated.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m tools.generate --check
	$(BIN)/python -m tools.coverage_table --check
	$(BIN)/python -m tools.functions_page --check
	$(BIN)/python -m tools.tidy

format: $(VENV)/dev ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: $(VENV)/dev ## botocore's models → wire tables and shapes; coverage and functions → docs.
	$(BIN)/python -m tools.generate
	$(BIN)/python -m tools.coverage_table
	$(BIN)/python -m tools.functions_page
	$(BIN)/ruff format -q lakebed/shapes

bench: $(VENV)/dev ## Measure speed beside peers and write bench/RESULTS.md.
	$(BIN)/python -m bench

conformance: $(VENV)/dev ## Score SQL against real Trino's answers, where the cases are at hand.
	$(BIN)/python -m pytest tests/conformance -m "slow or not slow" -s

oracle: $(VENV)/dev ## Ask a Trino (URL=http://…) for answers to generated expressions and keep them.
	$(BIN)/python -m tests.conformance.oracle $(URL) $(or $(SEED),1) $(or $(COUNT),2600)

clean: ## Remove what the targets made; never a lake.
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
