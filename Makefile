# One task runner, few verbs: `make help`. Needs Python 3.11+, git and make; the rest it fetches into .venv.

PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 3
ARGS   ?=
BIN    := $(VENV)/bin
MAKE_VENV := $(PYTHON) scripts/make_venv.py --venv $(VENV)
PYTEST := $(BIN)/python -m pytest -n $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help venv play test test-sqlite test-postgresql check format docs bench bench-full bench-airports bench-server bench-server-page bench-page crash-test soak lock clean

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r verb text; do \
	  printf '  make %-18s %s\n' "$$verb" "$$text"; done

venv: ## make or bring up to date the virtual environment
	@$(MAKE_VENV) --extras dev

play: ## make a game with Colossal Cave and see the engine work
	@$(MAKE_VENV) --extras cave,testing
	@$(BIN)/python scripts/play.py $(ARGS)

test: check ## style, types, floors, and the whole suite on SQLite and PostgreSQL
	@$(BIN)/python scripts/run_tests.py --jobs $(JOBS) $(ARGS)

test-sqlite: venv ## the suite on SQLite only; ARGS go to pytest
	@$(PYTEST) --backend sqlite $(ARGS)

test-postgresql: venv ## the suite on PostgreSQL only; ARGS go to pytest
	@$(PYTEST) --backend postgresql $(ARGS)

check: venv ## style, format, types and floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: venv ## put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: ## build the documentation into site/
	@$(MAKE_VENV) --extras dev,docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site

bench: venv ## the benchmark suite with worlds of 10,000 objects (about 5 minutes); ARGS go to `python -m benchmarks run`
	@$(MAKE_VENV) --extras dev,bench
	@$(BIN)/python -m benchmarks run --growth 1000 --out build/bench/latest.json $(ARGS)

bench-full: venv ## the same with worlds of 1,000 to 1,000,000 objects (half an hour and more)
	@$(MAKE_VENV) --extras dev,bench
	@$(BIN)/python -m benchmarks run --sizes 1000,10000,100000 --growth 1000000 --out build/bench/latest.json $(ARGS)

bench-airports: venv ## the demo world of airports, built, queried and walked through (about 10 minutes)
	@$(MAKE_VENV) --extras dev,bench
	@$(BIN)/python -m benchmarks run --world airports --out build/bench/latest.json $(ARGS)

bench-server: venv ## whole games under the load of telnet clients (about 6 minutes; with ARGS=--evennia 20)
	@$(BIN)/python -m benchmarks server --out build/bench/server.json $(ARGS)

bench-server-page: venv ## write docs/speed/server.md from the latest run of bench-server
	@$(BIN)/python -m benchmarks server-page build/bench/server.json

bench-page: venv ## write the pages of docs/speed/ from the latest run
	@$(MAKE_VENV) --extras dev,bench
	@$(BIN)/python -m benchmarks page build/bench/latest.json

crash-test: venv ## 200 kills and 100 reloads of a game under load (about half an hour)
	@PERDURE_CRASH_KILLS=200 PERDURE_CRASH_RELOADS=100 PERDURE_CRASH_INTERVAL=0 PERDURE_CRASH_SEED=$${PERDURE_CRASH_SEED:-$$(date +%s)} \
	  $(BIN)/python -m pytest --backend sqlite tests/crashes -s $(ARGS)

soak: venv ## the random tests, at length
	@HYPOTHESIS_PROFILE=soak $(PYTEST) --backend sqlite -m soak $(ARGS)

lock: ## write requirements.lock anew from the newest versions
	@$(PYTHON) scripts/make_lock.py

clean: ## remove what was made, except the virtual environment and games
	@rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
