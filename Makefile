# The front door. Each target installs what it needs and is missing (tools/fetch/setup.sh).

# How long the simulation plays.
SECONDS ?= 60
HOURS ?= 8
# How long each target is fuzzed.
MINUTES ?= 5

# Each step of a target relies on the one before it.
.NOTPARALLEL:

.PHONY: help demo demo-chain sandbox test chaos libraries check simulate soak faults fuzz bench lint advisories header dist install uninstall setup setup-check clean

help:
	@echo 'make demo        redeem a coupon on this machine, from C'
	@echo 'make demo-chain  a chain on this machine: a database, two hubs, four tills, and one hub is killed'
	@echo 'make sandbox     a WeChat Pay on this machine, with a console in the browser; ARGS=options'
	@echo 'make test        set up, lint and run all tests'
	@echo 'make check       format, lints, licences, unit and scenario tests: the fast inner loop'
	@echo 'make simulate    play tills, lines, disks and WeChat Pay in virtual time, for SECONDS=60'
	@echo 'make soak        the same on all cores, for HOURS=8, from a seed of its own'
	@echo 'make chaos       kill, freeze and cut off a chain of three hubs, two databases and eight tills, for MINUTES=25'
	@echo 'make faults      put mended faults back, one at a time: the simulation must find each'
	@echo 'make fuzz        whatever comes in from outside, for MINUTES=5 a target'
	@echo 'make lint        format, lints, licences'
	@echo 'make header      rewrite include/wxcoupon.h, wxcoupon.json, the bindings, and tables and pictures of docs from the sources'
	@echo 'make dist        the archives for all platforms, in target/dist'
	@echo 'make install     library, headers, pkg-config and CMake files into PREFIX=/usr/local; make uninstall'
	@echo 'make setup       install what the tests need from Debian'
	@echo 'make bench       measure the library beside other clients, into bench/RESULTS.md; half an hour'
	@echo 'make advisories  known defects of dependencies; needs the RustSec database'
	@echo 'make clean       remove everything that was built'

demo:
	@tools/run/demo.sh

demo-chain:
	@tools/run/demo-chain.sh

sandbox:
	@tools/run/sandbox.sh $(ARGS)

# The hub's stores are both tested. The tills' libraries, which have no PostgreSQL, are tested as they ship.
POSTGRES = wxcoupon/postgres,wxcoupon-hub/postgres
# Much of it is waiting: Debian's packages arrive during the lints, and the libraries that some tests are for are built
# during the others.
test: setup-check
	@tools/fetch/setup.sh & tools/lint/lint.sh; linted=$$?; wait $$! && exit $$linted
	tools/build/libraries.sh 19 & tools/run/tests.py --features $(POSTGRES) \
		--first scenarios,hub --beside console,callers,c_boundary,pages,windows,packaging \
		--and 'tools/run/simulate.sh --as-built --seconds $(SECONDS)'; result=$$?; wait; exit $$result
	cargo test --workspace --locked --features $(POSTGRES),wxcoupon/aws-lc-rs --test signature

libraries: setup
	@tools/build/libraries.sh

simulate: setup-check
	@tools/run/simulate.sh --seconds $(SECONDS)

# From a first seed that nobody has played.
soak: setup-check
	@tools/run/simulate.sh --seconds $$(( $(HOURS) * 3600 )) --threads $$(nproc) --seeds $$(date +%s)000..

# WXCOUPON_SEED repeats a plan.
chaos: MINUTES = 25
chaos: setup
	WXCOUPON_CHAOS_MINUTES=$(MINUTES) cargo test --workspace --locked --features $(POSTGRES) --test hub -- --ignored --exact chaos::whole --nocapture

faults: setup-check
	@tools/run/faults.sh

fuzz: setup-check
	@tools/run/fuzz.sh $(MINUTES)

check: lint
	cargo test --locked --workspace --lib --test layers --test operations --test scenarios --test signature
	cargo test --locked --workspace --test c_boundary header::
	cargo test --locked --workspace --test pages -- twins:: blocks:: names:: diagrams::

lint: setup-check
	@tools/lint/lint.sh

advisories: setup-check
	@tools/lint/lint.sh advisories

header: setup-check
	BLESS=1 cargo test --quiet --workspace --test c_boundary header::
	BLESS=1 cargo test --quiet --workspace --test operations table::document
	BLESS=1 cargo test --quiet --package wxcoupon-simulation the_page
	tools/draw/draw.py
	BLESS=1 cargo test --quiet --workspace --bin wxcoupon generate::

# All archives are tested here, and those of the sandbox and the hub: building them takes minutes.
dist: setup
	@tools/dist/archives.sh
	@tools/dist/program.sh sandbox
	@tools/dist/program.sh hub
	WXCOUPON_ALL_ARCHIVES=1 cargo test --workspace --locked --test packaging archives::
	cargo test --workspace --locked --test archive --test hub -- --ignored
	WXCOUPON_HUB=$$(echo $$PWD/target/tmp/hub/hub-archive-linux-x86_64/*/wxcoupon-hub) cargo test --workspace --locked --test hub

install:
	@tools/dist/install.sh

uninstall:
	@tools/dist/install.sh uninstall

setup:
	@tools/fetch/setup.sh

setup-check:
	@tools/fetch/setup.sh check

bench:
	@tools/run/bench.sh

clean:
	cargo clean
	rm -rf .cache
