# make run    set up and run the demo: calls that fail over, drawn as ladders
# make test   set up and pass every check and test
# make fix    format, and apply the safe fixes of the linter
# make bless  rewrite the expected files of tests/cases after a look at the difference
# make docs   rewrite the pages of docs/ that say what the code says
# make engines  play every rule and example on every engine, for docs/engines.md
# make compiled       compile the hot modules into .venv/compiled, beside what was there
# make test-compiled  the tests of runtime and plan on that build, the model checker with them
# make bench  what a call costs on each engine, in one run (BENCH=--quick: under two minutes)
# make clean  remove what the above made

PYTHON ?= $(shell sh tests/which-python)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check pytest fix bless docs engines bench clean compiled compiled-core test-compiled packages asterisk kamailio6

run: $(VENV)/run.stamp
	$(BIN)/sipfo demo

test: check pytest compiled-core

check: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sipfo fmt --check examples/*.sipfo compiler/sipfo/compiler/*/*.sipfo

pytest: $(VENV)/dev.stamp packages asterisk kamailio6
	$(BIN)/pytest -n 2

fix: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bless: $(VENV)/dev.stamp
	$(BIN)/python tests/bless.py

docs: $(VENV)/dev.stamp
	$(BIN)/python tests/generate_docs.py

engines: $(VENV)/dev.stamp packages asterisk
	cd tests && ../$(BIN)/python -m verify.lab.recorded
	$(BIN)/python tests/generate_docs.py

bench: $(VENV)/bench.stamp $(VENV)/compiled.stamp packages asterisk
	@sh benchmarks/install-sippy $(PYTHON) $(VENV)/sippy
	$(BIN)/python benchmarks/calls.py $(BENCH)

# The wheel that `SIPFO_MYPYC=1 pip install .` makes. LEVEL=O0 compiles in half the time.
LEVEL ?= 1
SOURCES := $(shell find plan runtime -name '*.py')
compiled: $(VENV)/compiled.stamp
$(VENV)/compiled.stamp: $(VENV)/dev.stamp hatch_build.py $(SOURCES)
	rm -rf $(VENV)/wheel $(VENV)/compiled
	SIPFO_MYPYC=$(LEVEL) $(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps -w $(VENV)/wheel .
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/compiled $(VENV)/wheel/*.whl
	@touch $@

# Of those tests what finds a compiled module that does something else: values, readers, the fuzzers, the
# model checker.
compiled-core: $(VENV)/dev.stamp
	@if sh tests/can-compile $(BIN)/python; then \
	    $(MAKE) --no-print-directory $(VENV)/compiled.stamp && \
	    SIPFO_COMPILED=1 PYTHONPATH=$(VENV)/compiled $(BIN)/pytest -n 2 -o pythonpath=tests \
	        tests/test_compiled.py tests/plan tests/runtime/sip tests/runtime/fuzz tests/runtime/model; \
	fi

# tests/test_compiled.py says so if the compiled modules are not those under test.
test-compiled: $(VENV)/compiled.stamp
	SIPFO_COMPILED=1 PYTHONPATH=$(VENV)/compiled $(BIN)/pytest -n 2 -o pythonpath=tests tests/test_compiled.py tests/plan tests/runtime

# SIPp, socat for its TLS, baresip and tcpdump, the judges on the wire; tshark and sngrep, those of
# what the runtime shows; PostgreSQL for records and bindings, Redis for bindings; Kamailio, an engine
# of the lab; bind9-utils for zones; Lua for the script that FreeSWITCH would run. Without the right to install them their tests are skipped, and say
# so. fail2ban, prometheus and bind9 are daemons of which a tool is wanted: unpacked, and nothing is
# started.
packages: $(VENV)/python.stamp
	@sh tests/install-packages baresip-core postgresql redis-server sip-tester sngrep socat sqlite3 \
	    tcpdump tshark kamailio kamailio-tls-modules kamailio-extra-modules kamailio-sqlite-modules \
	    kamailio-json-modules kamailio-utils-modules mmdebstrap bind9-utils lua5.4
	@sh tests/unpack-packages $(VENV)/unpacked fail2ban prometheus bind9

# Asterisk, another engine of the lab, which few releases of Debian have: unpacked beside the system.
asterisk: packages $(VENV)/python.stamp
	@sh tests/install-asterisk $(VENV)/asterisk

# The next Kamailio, beside the one that is installed: what is written for one runs on both.
kamailio6: packages $(VENV)/python.stamp
	@sh tests/install-kamailio6 $(VENV)/kamailio6

$(VENV)/python.stamp:
	@sh tests/make-venv $(PYTHON) $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/python.stamp pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@ $(VENV)/run.stamp

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	$(BIN)/pip install --quiet --disable-pip-version-check --group bench
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
