# Everything a fresh clone needs is set up by the targets themselves; `make help` lists them.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
unexport PYTHONDONTWRITEBYTECODE # every process would compile all of Carelane anew
WORKERS ?= 2
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check fix docs bench mutants soak lock python assets ready clean

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-9s %s\n' "$$name" "$$what"; done

demo: assets ## a synthetic hospital sends referrals and results; the worklist opens on this machine
	@$(BIN)/carelane demo $(ARGS)

test: ready ## every test, on real PostgreSQL, real sockets and a real browser
	@CARELANE_CHROMIUM="$$(cat .cache/chromium 2>/dev/null)" TMPDIR="$$(sh make/scratch.sh)" $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: python ## lint, format, types, import contract, house rules
	@$(BIN)/python -m tools.check

fix: python ## let ruff repair and format what it can
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

docs: python ## write the generated references anew
	@$(BIN)/python -m tools.references

bench: python ## speed and memory; the last line is one JSON object
	@$(BIN)/python -m benchmarks $(ARGS)

mutants: python ## plant every named mutant and show that a test catches it
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -k "mutant and not prover_mutants" --every-mutant $(ARGS)
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal --timeout 7200 --every-mutant tests/rules/test_prover_mutants.py $(ARGS)

soak: ready ## the long searches: fifty kills under load, six hundred long histories
	@TMPDIR="$$(sh make/scratch.sh)" $(BIN)/pytest -n $(WORKERS) --soak -m soak $(ARGS)

lock: python ## resolve requirements/*.in and package.json into lock files
	@sh make/lock.sh

python:
	@python="$$(sh make/python.sh)" && "$$python" tools/prepare.py python

assets:
	@python="$$(sh make/python.sh)" && "$$python" tools/prepare.py python assets

ready:
	@python="$$(sh make/python.sh)" && "$$python" tools/prepare.py python assets browser

clean: ## remove what make made (.venv, node_modules, .cache, built assets)
	@rm -rf .venv node_modules .cache src/carelane/portal/static/build
