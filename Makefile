# Needs make and Python 3.11 or newer; everything else goes into .venv on the first run.
PYTHON ?= python3
VENV   ?= .venv
ROWS   ?= 1000000
FUZZ_MINUTES ?= 5
FUZZ   ?=
SOAK_MINUTES ?= 60
MATRIX ?=
SANITIZE_MINUTES ?= 3
WORKERS ?= 3
CLUSTER_VENV ?= .venv-cluster
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check
# A part of logcorr in C is built where there is a C compiler, and anew when it changes.
KERNELS := $(wildcard core/kernels/*.*)
TELL_KERNELS := -c 'import logcorr._kernels' 2>/dev/null || echo "note: the kernels in C were not built (is there a C compiler?); logcorr does all without them, but is slower" >&2

BENCH_ROWS    ?= 2000000
BENCH_ROUNDS  ?= 3
BENCH_ONLY    ?=
BENCH_TIMEOUT ?= 900
BENCH_DIR     ?= benchmarks/.data
BENCH_PUBLISH ?=
BENCH_VENV    ?= benchmarks/.venv
BENCH_PIP     := $(BENCH_VENV)/bin/python -m pip --quiet --disable-pip-version-check
BENCH_WORDS    = --rows $(BENCH_ROWS) --timeout $(BENCH_TIMEOUT) --dir "$(BENCH_DIR)" $(if $(BENCH_ONLY),--only $(BENCH_ONLY)) $(if $(BENCH_PUBLISH),--publish)

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-kernels test-matrix test-cluster docs site snapshots screenshots bench bench-scale bench-live fuzz soak clean check-python

help: ## show this help
	@echo "usage: make TARGET [PYTHON=python3.12] [VENV=.venv]"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

check-python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "error: $(PYTHON) not found; logcorr needs Python 3.11 or newer (make PYTHON=/path/to/python)" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version) is too old; logcorr needs Python 3.11 or newer (make PYTHON=python3.11)" >&2; exit 2; }

$(BIN)/python: | check-python
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "error: could not create $(VENV); on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }

# An editable install needs no reason to be repeated but these.
$(VENV)/.installed: pyproject.toml $(KERNELS) | $(BIN)/python
	@echo "installing logcorr into $(VENV)"
	@$(PIP) install --editable .
	@$(BIN)/python $(TELL_KERNELS)
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(KERNELS) | $(BIN)/python
	@echo "installing logcorr and its development tools into $(VENV)"
	@$(PIP) install --editable '.[dev]'
	@$(BIN)/python $(TELL_KERNELS)
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: $(VENV)/.installed-dev
	@$(PIP) install --editable '.[dev,docs]'
	@touch $@ $(VENV)/.installed-dev $(VENV)/.installed

demo: $(VENV)/.installed ## a pair of a million lines each with an incident, correlated
	@$(BIN)/logcorr generate pair .demo --rows $(ROWS) --incident --force
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/logcorr-tui .demo/requests.log .demo/responses.log; else $(BIN)/logcorr correlate .demo/requests.log .demo/responses.log; fi

# The types are checked while the tests run. Tests start many processes, which need not compile the sources each time.
# Those of the app wait about as much as they work: three at a time keep two cores busy.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.installed-dev ## lint, types, import contracts and every short test
	@echo "lint: ruff looks for faults and for lines that are not formatted"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@echo "contracts: which module may import which"
	@$(BIN)/lint-imports
	@echo "types: mypy checks them while the tests run, and says so when it is done"
	@echo "tests: $(WORKERS) at a time; each dot is one that passed"
	@$(BIN)/mypy & types=$$!; $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal; tests=$$?; wait $$types && exit $$tests

# Everything once, the variants that short tests leave out too, with many more examples, kills and bytes.
test-long: export PYTHONDONTWRITEBYTECODE =
test-long: export LOGCORR_EXAMPLES ?= 20
test-long: export LOGCORR_KILLS ?= 100
test-long: export LOGCORR_BOMBS ?= 1
test-long: $(VENV)/.installed-dev ## every test in all its variants, and the kernels under sanitizers (half an hour)
	@echo "tests: all variants, $(LOGCORR_EXAMPLES) times the examples, $(LOGCORR_KILLS) kills, large bombs; each dot is one that passed"
	@$(BIN)/python -m pytest -q -m "" -n $(WORKERS) --dist worksteal -o faulthandler_timeout=3600
	@$(MAKE) --no-print-directory test-kernels

# In a copy of the sources, so that the kernels of the environment stay as they are. The first fault ends the process.
SANITIZE = -fsanitize=address,undefined
KERNEL_TESTS = tests/unit/compute/test_kernels.py tests/unit/compute/test_hash_match.py tests/unit/formats/test_pair_lines.py \
	tests/unit/formats/test_cut_cells.py tests/unit/formats/test_cut_kernel.py tests/unit/formats/test_json_plan.py \
	tests/unit/formats/test_pattern_program.py tests/unit/formats/test_pattern_rules.py \
	tests/unit/compute/test_text_codes.py tests/unit/compute/test_count_table.py tests/unit/figures/test_group_counts.py \
	tests/unit/figures/test_pair_sums.py tests/unit/figures/test_user_table.py tests/unit/runs/test_write_ndjson.py
test-kernels: $(VENV)/.installed-dev ## the kernels under AddressSanitizer and UndefinedBehaviorSanitizer (gcc)
	@echo "kernels: their tests, and the fuzz of pairs for $(SANITIZE_MINUTES) minutes, under sanitizers"
	@python="$(abspath $(BIN)/python)" && copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	cp -R pyproject.toml assets core tests tui "$$copy" && cd "$$copy" && rm -f core/logcorr/_kernels.* && \
	export PYTHONPATH="$$copy:$$copy/core:$$copy/tui" && \
	CFLAGS="$(SANITIZE) -fno-sanitize-recover -g" LDFLAGS="$(SANITIZE)" \
	"$$python" -c 'from pathlib import Path; from core.kernels.build_hook import _compiled; _compiled(Path("core/kernels"), Path("core"))' && \
	export LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 && \
	"$$python" -c 'import sys, logcorr._kernels as built; sys.exit(not built.__file__.startswith(sys.argv[1]))' "$$copy" && \
	"$$python" -m pytest -q -m "" -p no:cacheprovider -o faulthandler_timeout=3600 $(KERNEL_TESTS) && \
	"$$python" -m tests.fuzz --minutes $(SANITIZE_MINUTES) pairs

# Engines take half a gigabyte, so they have an environment of their own. Spark needs Java, which apt has.
$(CLUSTER_VENV)/.installed: pyproject.toml $(KERNELS) | check-python
	@echo "installing logcorr, Dask, Ray, Spark and moto into $(CLUSTER_VENV)"
	@$(PYTHON) -m venv $(CLUSTER_VENV) || { rm -rf $(CLUSTER_VENV); echo "error: could not create $(CLUSTER_VENV); on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@$(CLUSTER_VENV)/bin/python -m pip --quiet --disable-pip-version-check install --editable '.[dask,ray,s3,spark]' hypothesis 'moto[s3,server]>=5.1,<6' 'pytest>=9,<10'
	@$(CLUSTER_VENV)/bin/python $(TELL_KERNELS)
	@touch $@

test-cluster: export PYTHONDONTWRITEBYTECODE =
test-cluster: $(CLUSTER_VENV)/.installed ## runs on Ray and Spark, and in a bucket of moto (five minutes; installs Java by apt)
	@command -v java >/dev/null 2>&1 || { echo "installing Java, which Spark needs"; apt-get install --yes --quiet default-jre-headless >/dev/null; } || { echo "error: Spark needs Java, which could not be installed; on Debian and Ubuntu: sudo apt install default-jre-headless" >&2; exit 2; }
	@$(CLUSTER_VENV)/bin/python -m pytest -q -m cluster tests/unit/cluster tests/harm/test_cluster_on_ray_and_spark.py

# Interpreters: every python3.N on the path, or those that MATRIX names: MATRIX="--python /opt/python3.13 --only lowest".
test-matrix: $(VENV)/.installed-dev ## a part of the tests with the lowest and newest dependencies, on each Python there is
	@$(PIP) install uv
	@$(BIN)/python -m tests.matrix --uv $(BIN)/uv $(MATRIX)

fuzz: $(VENV)/.installed-dev ## compare nasty inputs with the oracles for FUZZ_MINUTES; FUZZ="pairs --seed 7" narrows it
	@$(BIN)/python -m tests.fuzz --minutes $(FUZZ_MINUTES) $(FUZZ)

soak: $(VENV)/.installed-dev ## use the app for SOAK_MINUTES (60) and see that nothing of it grows
	@SOAK_MINUTES=$(SOAK_MINUTES) $(BIN)/python -m tests.soak

docs: $(VENV)/.installed-dev ## write anew what is made of the commands and the formats, and build the site of the documents
	@$(BIN)/python docs/generate_cli.py
	@$(BIN)/python docs/generate_catalogue.py
	@$(BIN)/python docs/generate_man.py
	@$(BIN)/python docs/generate_settings.py
	@$(MAKE) --no-print-directory site

site: $(VENV)/.installed-docs ## build the site of the documents in site/
	@$(BIN)/python docs/build_site.py

snapshots: $(VENV)/.installed-dev ## take the pictures anew that tests compare the screens with
	@rm -f tests/tui/snapshots/*.svg
	@LOGCORR_REGEN=1 $(BIN)/python -m pytest -q -m "" tests/tui/test_snapshots.py

screenshots: $(VENV)/.installed-dev ## take the pictures of the README and of the pages in docs anew
	@$(BIN)/python docs/screenshots.py
	@$(BIN)/python docs/page_pictures.py

# A rival that has no wheel for this machine is left out, and the results say so.
$(BENCH_VENV)/.installed: pyproject.toml $(KERNELS) benchmarks/requirements.txt | check-python
	@echo "installing logcorr and its rivals into $(BENCH_VENV)"
	@$(PYTHON) -m venv $(BENCH_VENV) || { rm -rf $(BENCH_VENV); echo "error: could not create $(BENCH_VENV); on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@$(BENCH_PIP) install --editable .
	@$(BENCH_VENV)/bin/python $(TELL_KERNELS)
	@grep -v '^ *\(#\|$$\)' benchmarks/requirements.txt | while read -r rival; do $(BENCH_PIP) install "$$rival" || echo "warning: $$rival could not be installed and will be skipped" >&2; done
	@touch $@

bench: $(BENCH_VENV)/.installed ## measure against rivals (BENCH_ROWS, BENCH_ROUNDS, BENCH_ONLY, BENCH_PUBLISH=1)
	@$(BENCH_VENV)/bin/python -m benchmarks --rounds $(BENCH_ROUNDS) $(BENCH_WORDS)

bench-scale: $(BENCH_VENV)/.installed ## measure logcorr on odd logs in 512 MB (BENCH_ROWS, BENCH_ONLY, BENCH_PUBLISH=1)
	@$(BENCH_VENV)/bin/python -m benchmarks scale $(BENCH_WORDS)

bench-live: $(BENCH_VENV)/.installed ## measure logcorr on logs that grow (BENCH_ROWS of the day's logs, BENCH_ONLY, BENCH_PUBLISH=1)
	@$(BENCH_VENV)/bin/python -m benchmarks live $(BENCH_WORDS)

clean: ## remove what make made
	rm -rf $(VENV) $(BENCH_VENV) $(CLUSTER_VENV) .matrix benchmarks/.data benchmarks/out .demo build dist site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f core/logcorr/_kernels.*
	find core tui tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
