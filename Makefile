# The one door to this checkout: everything a person or CI does here is a target below.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The pages that name the repository, each as OWNER/askdocs until `make owner` sets it.
OWNER_FILES := SECURITY.md docs/ci.md

# The question travels through the environment as typed, so no quote or dollar sign in it is special.
override Q := $(value Q)
export Q

ifneq ($(filter ask,$(MAKECMDGOALS)),)
ifeq ($(strip $(Q)),)
$(error no question; try: make ask Q="What is ...?")
endif
endif

# `worksteal` gives each worker neighbouring tests, which share fixtures, and runs to its end when a
# worker dies; `loadfile` then waits for ever. The first dead worker ends the run.
ON_2_CORES := -n 2 --dist worksteal --max-worker-restart 0
TORTURE_LIMITS := -o timeout=900 -o faulthandler_timeout=1200 -o session_timeout=3600

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help setup ask index test lowest audit torture fuzz mutants coverage lint format check-index man ranker ablation bench figures owner clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'PYTHON=python3.12   make .venv with this interpreter (3.11 or newer)'
	@echo 'TORCH_INDEX=URL     look for PyTorch in this package index too (its CPU builds are smaller)'
	@echo 'ARGS="-k name -x"   arguments for pytest; coverage is then not measured'
	@echo 'ARGS="--rounds 3"   arguments for make bench; docs/benchmarks.md has them'

setup: $(INSTALLED) ## Make .venv, install askdocs and its tools, compile the encoder

ask: $(INSTALLED) ## Answer a question about seeds/: make ask Q="What is ...?"
	@# Status 8 is "done, but some documents failed": the others can still answer.
	@$(BIN)/askdocs check -q >/dev/null 2>&1 || $(BIN)/askdocs index -q >&2 || [ $$? -eq 8 ]
	@$(BIN)/askdocs ask -- "$$Q"

index: $(INSTALLED) ## Build or refresh the index in vectors/
	$(BIN)/askdocs index

test: $(INSTALLED) ## Run the tests with branch coverage, at least 95 % (ARGS="..." for a part of them)
	$(BIN)/pytest $(or $(ARGS),$(ON_2_CORES) --cov --cov-report=term:skip-covered)

lowest: ## Run the tests with the lowest versions of the dependencies (ARGS="..." as for test)
	@mkdir -p build/lowest
	@awk -F '==' 'NR == FNR { low[$$1] = 1 } NR == FNR || !($$1 in low)' \
		constraints-lowest.txt constraints.txt >build/lowest/constraints.txt
	@"$(PYTHON)" -m venv build/lowest/.venv
	@build/lowest/.venv/bin/python -m pip install -q -c constraints.txt --upgrade pip
	@build/lowest/.venv/bin/python -m pip install -q $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") \
		-c build/lowest/constraints.txt -e . --group dev
	build/lowest/.venv/bin/python -m pytest $(ARGS)

audit: $(INSTALLED) ## Look for known faults in what constraints.txt pins; needs the network
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt --group audit >&2
	$(BIN)/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

torture: $(INSTALLED) ## Try every fault of docs/reliability.md; needs strace, takes minutes
	@command -v strace >/dev/null || { echo 'askdocs: make torture needs strace; try: apt-get install strace' >&2; exit 1; }
	$(BIN)/pytest --torture $(ON_2_CORES) $(TORTURE_LIMITS) $(or $(ARGS),tests/reliability)

fuzz: $(INSTALLED) ## Parse spoiled documents of every format for ten minutes (SECONDS="600")
	$(BIN)/python -m tests.reliability.spoiled $(or $(SECONDS),600)

mutants: $(INSTALLED) ## Count the small changes of the code that no test notices; half an hour or more
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt --group mutants >&2
	$(BIN)/python -m tests.mutation.mutants $(ARGS)

coverage: $(INSTALLED) ## Run the tests and list the lines and branches that they miss
	$(BIN)/pytest $(ON_2_CORES) --cov --cov-report=term-missing:skip-covered

lint: $(INSTALLED) ## Check style, types, import order, writing, wording, dependencies, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict askdocs
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.lint.writing askdocs
	$(BIN)/python -m tests.lint.wording
	$(BIN)/deptry askdocs
	$(BIN)/codespell

format: $(INSTALLED) ## Format the code and apply ruff's safe fixes
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

check-index: $(INSTALLED) ## Fail unless vectors/ is fresh
	ASKDOCS_INDEX=vectors $(BIN)/askdocs check

man: $(INSTALLED) ## Write the man page to build/man/askdocs.1
	@mkdir -p build/man
	$(BIN)/python docs/manual.py >build/man/askdocs.1

ranker: $(INSTALLED) ## Fit the ranker on evaluation sets and write weights.json: make ranker SETS="a b"
	$(BIN)/python -m benchmarks.ranker $(SETS)

ablation: $(INSTALLED) ## Measure what each signal is worth, draw the plot: make ablation SETS="a b"
	$(BIN)/python -m benchmarks.ablation $(SETS)

bench: $(INSTALLED) ## Measure speed and quality beside other programs: make bench SETS="a b"
	$(BIN)/python -m benchmarks.speed $(SETS) $(if $(TORCH_INDEX),--torch-index "$(TORCH_INDEX)") $(ARGS)

figures: $(INSTALLED) ## Write the measured figures of the pages from benchmarks/results/
	$(BIN)/python -m benchmarks.figures

owner: ## Put the owner of the repository into the pages: make owner OWNER=name
	@[ -n "$(OWNER)" ] || { echo 'askdocs: no owner; try: make owner OWNER=name' >&2; exit 1; }
	sed -i.bak 's|OWNER/askdocs|$(OWNER)/askdocs|g' $(OWNER_FILES)
	rm -f $(OWNER_FILES:=.bak)

clean: ## Delete what tests, tools and builds leave behind (.venv stays)
	rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Runs once, and again when one of the two files changes. It writes to stderr alone, so that
# `make -s ask` prints nothing but the answer even on the first run.
$(INSTALLED): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || { echo 'askdocs: no $(PYTHON) here; try: make setup PYTHON=/path/to/python' >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "askdocs: needs Python 3.11 or newer, $(PYTHON) is $$("$(PYTHON)" -V 2>&1); try: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo 'askdocs: setting up $(VENV); the first time takes minutes and needs about 2 GB' >&2
	@"$(PYTHON)" -m venv $(VENV) >&2
	@# Dependency groups need pip 25.1, and new virtual environments may come with an older one.
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt --upgrade pip >&2
	@$(BIN)/python -m pip install -q $(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)") -c constraints.txt -e . --group dev >&2
	@$(BIN)/python -m askdocs.embedding.compile --cache "$${ASKDOCS_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/askdocs}" >/dev/null
	@touch $@
