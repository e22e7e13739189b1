# make app    set up .venv and open the dashboard on the embedded samples (no network needed once installed)
# make test   set up and run every check: lint, types, layers, tests, a real browser; then make extras, where TensorFlow, Kafka and Spark are wanted
PY ?= python3
PORT ?= 8501
# Who may reach the dashboard: this machine alone. ADDRESS=0.0.0.0 lets in whoever reaches the machine (docs/security.md).
ADDRESS ?= 127.0.0.1
# The model that validate and bench look at, and the folders of alerts that bench reads.
MODEL ?= t2-ztf
ALERTS ?= tests/data/files
VENV := .venv
BIN := $(VENV)/bin
VERSION := $(shell $(PY) -c 'import sys; print("%d%d" % sys.version_info[:2])' 2>/dev/null)
STAMP = $(VENV)/.installed-$(VERSION)
# What a server or a command loads; byte-compiled when it is installed, as some machines keep no bytecode of their own accord.
PROGRAM := core ui pages stream
# NumPy reads these before anything else: one BLAS thread per worker.
export OPENBLAS_NUM_THREADS ?= 1
# The runtime's start-up chatter says nothing to a user.
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: app test extras check train train-lsst shapes compress validate validate-lsst validate-published novelty explanations samples doctor bench screenshot golden legs fuzz coverage rehearsal mutants soak install login ready kafka docs clean

app: $(STAMP)-app
	@echo "Opening the dashboard on http://localhost:$(PORT)"
	$(BIN)/streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT)

# What `make app` sets up, without opening it.
install: $(STAMP)-app

# What a login needs besides (docs/security.md).
login: $(STAMP)-app
	$(call install,'streamlit[auth]')

# Whether this installation gives the answers that the model gave when it was judged; exit status 0 when it does.
ready: $(STAMP)-app
	$(BIN)/python -m core.ready

test: $(STAMP)-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not train and not scale and not rehearsal" $(ARGS)
	@echo "Tests of training (TensorFlow), Kafka and Spark are apart: make extras"

# What needs TensorFlow, Kafka and Spark: half a gigabyte that the dashboard does without.
extras: $(STAMP)-dev $(STAMP)-train $(STAMP)-scale
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "(train or scale) and not rehearsal" $(ARGS)

# make test without the browser, while working.
check: $(STAMP)-dev
	$(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not browser and not train and not scale and not rehearsal" $(ARGS)

# Training reads the data folders described in training/README.md from DATA.
# MODEL: t2-ztf, t2-ztf-z, atx-ztf, t2-ztf-published-recipe. From nothing to a shipped model with its figures.
train: $(STAMP)-train
	$(BIN)/python -m training.train --data "$(DATA)" --model $(MODEL)
	$(BIN)/python -m training.validate --data "$(DATA)" --model $(MODEL)

# What sizes of network are worth their time: loss against microseconds.
shapes: $(STAMP)-train
	$(BIN)/python -m training.shapes --data "$(DATA)"

# Every compressed variant of a model, judged on the same light curves, what each costs, and which is served; then: make validate, or validate-lsst.
compress: $(STAMP)-train
	$(BIN)/python -m training.compress --data "$(DATA)" --model $(MODEL)
	$(BIN)/python -m bench.compression --model $(MODEL)

# Both models for LSST, from simulated light curves alone; the simulation takes half an hour and is kept in build/lsst.
train-lsst: $(STAMP)-train
	$(BIN)/python -m training.lsst --data "$(DATA)" --out models/t2-lsst
	$(BIN)/python -m training.lsst --data "$(DATA)" --out models/atx-lsst --network atx --steps 1200

validate-lsst: $(STAMP)-train
	$(BIN)/python -m training.validate_lsst --data "$(DATA)" --model t2-lsst
	$(BIN)/python -m training.validate_lsst --data "$(DATA)" --model atx-lsst

validate: $(STAMP)-train
	$(BIN)/python -m training.validate --data "$(DATA)" --model $(MODEL)

validate-published: $(STAMP)-train
	$(BIN)/python -m training.validate_published --data "$(DATA)"

# How well novelty is told: networks trained without some classes first (four of them), then what they make of those.
novelty: $(STAMP)-train
	$(BIN)/python -m training.left_out --data "$(DATA)" --model $(MODEL)
	$(BIN)/python -m training.embedding --data "$(DATA)" --model $(MODEL)

# Which explanation tells the truth: deletion and insertion curves of every map over real objects.
explanations: $(STAMP)-train
	$(BIN)/python -m bench.explanations --data "$(DATA)" --model $(MODEL)

samples: $(STAMP)-train
	$(BIN)/python -m training.make_samples --data "$(DATA)" --out samples

# Light curves a second; what becomes of each alert and how long a stage takes; whether the map points at what matters; how long a person waits.
bench: $(STAMP)-dev
	$(BIN)/python -m bench.throughput $(ALERTS) --model $(MODEL)
	$(BIN)/python -m bench.report
	$(BIN)/python -m bench.alerts_table $(ALERTS) --model $(MODEL)
	$(BIN)/python -m bench.deletion --model $(MODEL)
	$(BIN)/python -m bench.page_speed --model $(MODEL)
	$(BIN)/python -m bench.lab_speed --model $(MODEL)

# Twenty people at the dashboard for ten minutes, then a million alerts through the command line.
soak: $(STAMP)-dev
	$(BIN)/python -m bench.soak --minutes 10 --vetters 20 --alerts 1000000 --json bench/soak.json

# The documents as a site in build/site: plain files that load nothing from elsewhere. Its search wants a server:
# python -m http.server -d build/site
docs: $(STAMP)-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open build/site/index.html"

# The pictures of README and documents, from a real browser.
screenshot: $(STAMP)-dev
	$(BIN)/python -m bench.screenshot

# What every shipped model makes of a few samples, written anew after a model file has changed; and the same numbers on
# every Python, runtime and version of the dependencies that the project names (what is not here is skipped, loudly).
golden: $(STAMP)-dev
	$(BIN)/python -m tests.golden $(ARGS)

legs: $(STAMP)-dev
	$(BIN)/python -m tests.golden.legs $(ARGS)

# Every reader of what strangers write, under changed input, for some minutes; with atheris where it is installed.
MINUTES ?= 10
fuzz: $(STAMP)-dev
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

# Every program of training/ and bench/ from its own command line on very little data, writing into a temporary folder alone:
# minutes, and TensorFlow, Spark and Kafka, so `make test` leaves it out.
REHEARSE = -m pytest -n 2 --dist loadfile -m rehearsal tests/rehearsal
rehearsal: $(STAMP)-dev $(STAMP)-train $(STAMP)-scale
	$(BIN)/python $(REHEARSE) $(ARGS)

# coverage.py is no part of the other set-ups: numba loads it wherever it is, at each start of a process.
# Which part of the code the tests run, the rehearsal of training/ and bench/ among them. Compiled functions are seen by no
# tracer, so the tests marked "uncompiled" run once more without the compiler; then all is joined, and the table goes into
# docs/reliability.md.
coverage: export COVERAGE_FILE = $(CURDIR)/build/coverage/data
coverage: $(STAMP)-dev $(STAMP)-train $(STAMP)-scale $(STAMP)-coverage
	mkdir -p build/coverage && $(BIN)/python -m coverage erase
	-$(BIN)/python -m coverage run -m pytest -n 2 --dist loadfile $(ARGS)
	-$(BIN)/python -m coverage run $(REHEARSE)
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m coverage run -m pytest -m uncompiled
	$(BIN)/python -m coverage combine -q && $(BIN)/python -m coverage json -q -o build/coverage.json
	$(BIN)/python -m coverage html -q -d build/coverage/html
	$(BIN)/python -m bench.coverage_report
	@echo "Open build/coverage/html/index.html"

# Small faults put into the code one at a time: does a test notice? Works on a copy in build/mutation.
mutants: $(STAMP)-dev
	$(BIN)/python -m tests.mutation --out bench/mutants.json $(ARGS)
	$(BIN)/python -m bench.mutants_report

# One node of Apache Kafka on loopback, for trying stream.kafka out: fetched through Maven, gone with Ctrl-C.
KAFKA_PORT ?= 9092
kafka: $(STAMP)-dev
	$(BIN)/python -m tests.stream.kafka.broker --port $(KAFKA_PORT)

doctor: $(STAMP)-app
	$(BIN)/python -m core.brokers.doctor

clean:
	rm -rf $(VENV) build

$(STAMP)-app: requirements.txt pyproject.toml | $(VENV)/pip
	$(call install,-e .)
	$(BIN)/python -m compileall -q app.py $(PROGRAM)
	$(BIN)/python -m core.gp.warm
	@touch $@

$(STAMP)-dev: requirements.txt requirements-dev.txt pyproject.toml | $(VENV)/pip
	$(call install,-e '.[dev]')
	$(BIN)/python -m compileall -q app.py $(PROGRAM) training bench tests
	$(BIN)/python -m core.gp.warm
	@touch $@ $(STAMP)-app

$(STAMP)-coverage: pyproject.toml | $(VENV)/pip
	$(call install,"coverage>=7.13")
	@touch $@

$(STAMP)-train: requirements-train.txt pyproject.toml | $(VENV)/pip
	$(call install,-e '.[train]')
	@touch $@

$(STAMP)-docs: requirements-docs.txt pyproject.toml | $(VENV)/pip
	$(call install,-r requirements-docs.txt)
	@touch $@

$(STAMP)-scale: requirements-scale.txt pyproject.toml | $(VENV)/pip
	$(call install,-e '.[scale]')
	@touch $@

$(VENV)/pip:
	@$(PY) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "This project runs on Python 3.11 to 3.13; $(PY) is $$($(PY) --version 2>&1). Try: make PY=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PY) -m venv $(VENV) || { echo "python -m venv failed; on Debian: apt install python3-venv"; exit 1; }
	-$(BIN)/python -m pip install -q --disable-pip-version-check uv
	@touch $@

# uv where it could be had (seconds), pip otherwise (a minute). Byte-compile at once, or the first page pays for it.
define install
	@if test -x $(BIN)/uv; then $(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python $(1); \
	else $(BIN)/python -m pip install -q --disable-pip-version-check $(1); fi
endef
