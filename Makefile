# A thin front of Meson; `make help` lists what there is.
BUILD ?= build
MESON ?= meson
NINJA ?= ninja
PYTHON ?= /usr/bin/python3
prefix ?= /usr/local

PROGRAM = src/cmd/clearway
SOURCES = $(shell find src test -name '*.[ch]')
# Seconds for each fuzz target of `make fuzz`.
FUZZ_TIME ?= 60

.PHONY: all help setup test demo install format check-format tidy fuzz bench clean
.DELETE_ON_ERROR:

all: ## build build/clearway
	@tools/setup.sh --check build || { echo 'make: `make setup` installs them' >&2; exit 1; }
	@$(MAKE) --no-print-directory $(BUILD)/clearway

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## install the packages that building needs (Debian 12)
	@tools/setup.sh build

$(BUILD)/build.ninja:
	$(MESON) setup --prefix $(abspath $(prefix)) $(BUILD)

# Ninja knows best what is out of date.
.PHONY: $(BUILD)/clearway
$(BUILD)/clearway: $(BUILD)/build.ninja
	@$(NINJA) -C $(BUILD) $(PROGRAM)
	@ln -sfn $(PROGRAM) $@

test: ## install what is missing, build, run every test
	@tools/setup.sh test
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@$(MESON) configure $(BUILD) | grep -E '^ *tests +enabled' >/dev/null || \
		$(MESON) configure -Dtests=enabled $(BUILD)
	@$(MAKE) --no-print-directory $(BUILD)/clearway
	@$(NINJA) -C $(BUILD)
	@$(MESON) test -C $(BUILD) --print-errorlogs

demo: setup ## build, then let Clearway find three faults in a small company
	@$(MAKE) --no-print-directory --silent $(BUILD)/clearway
	@$(BUILD)/clearway lab run company

install: ## install under prefix (default /usr/local); DESTDIR is respected
	@test -e $(BUILD)/clearway || $(MAKE) --no-print-directory all
	$(MESON) configure --prefix $(abspath $(prefix)) $(BUILD)
	$(MESON) install -C $(BUILD)

format: ## format the C sources in place
	clang-format-14 -i $(SOURCES)

check-format: ## want formatted sources
	clang-format-14 --dry-run -Werror $(SOURCES)

tidy: ## clang-tidy over src (slow)
	@tools/setup.sh ci
	@$(MAKE) --no-print-directory all
	run-clang-tidy-14 -quiet -p $(BUILD) "$(CURDIR)/src/.*"

fuzz: ## run each fuzz target for FUZZ_TIME seconds (default 60)
	@tools/setup.sh ci
	@tools/fuzz.sh $(BUILD)-fuzz $(FUZZ_TIME)

bench: ## measure
	@tools/setup.sh test
	@$(MAKE) --no-print-directory all
	@$(NINJA) -C $(BUILD) test/bench/dns-bench
	@tools/bench.sh $(BUILD)

clean: ## remove what was built
	rm -rf $(BUILD) $(BUILD)-*
