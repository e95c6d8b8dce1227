# SPDX-License-Identifier: Apache-2.0
# Every developer habit is a target: `make help` lists them.

BUILD ?= build
PREFIX ?= /usr
DESTDIR ?=
CC ?= cc
# The version stands in one place: the changelog.
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' packaging/debian/changelog)

# SAN=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer; CI=… turns warnings into errors; COVER=1 counts lines.
WARNINGS := -Wall -Wextra -Wshadow -Wundef -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
            -Wimplicit-fallthrough -Wvla -Wno-unused-parameter
probe = $(shell echo 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c -o /dev/null - 2>/dev/null && echo '$(1)')
HARDENING := -fno-common -fvisibility=hidden -fPIE -fstack-protector-strong $(call probe,-fstack-clash-protection)
LINK_HARDENING := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
ifdef SAN
  OPTIMISE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
  LINK_HARDENING += -fsanitize=address,undefined
else ifdef FUZZING
  OPTIMISE := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
  LINK_HARDENING += -fsanitize=address,undefined
  FUZZ_MAIN := -fsanitize=fuzzer
else ifdef COVER
  OPTIMISE := -O0 -g --coverage
  LINK_HARDENING += --coverage
else
  OPTIMISE ?= -O2 -g
  # -U first: Ubuntu's compiler and dpkg-buildflags define it too, with 2.
  HARDENING += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
# Not for fuzzing: clang warns of what uthash's macros do.
ifdef CI
ifndef FUZZING
  WARNINGS += -Werror
endif
endif

PACKAGES := libsystemd libcurl libcrypto yaml-0.1 libcjson sqlite3
# One line instead of a compiler's many.
HAVE_LIBRARIES := $(shell pkg-config --exists $(PACKAGES) 2>/dev/null && \
                    printf '\043include <%s>\n' uthash.h jq.h | $(CC) -E - >/dev/null 2>&1 && echo yes)
ifneq ($(HAVE_LIBRARIES),yes)
  ifneq ($(filter-out clean help format lint-layers lint-shell deb rpm test demo,$(or $(MAKECMDGOALS),all)),)
    $(error A compiler or libraries are missing: run packaging/install-deps.sh build)
  endif
endif
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
BASE_LIBS := $(shell pkg-config --libs libcrypto yaml-0.1 libcjson libsystemd 2>/dev/null) -lm
AWS_LIBS := $(shell pkg-config --libs libcurl 2>/dev/null)
STORE_LIBS := $(shell pkg-config --libs sqlite3 2>/dev/null)
QUEUE_LIBS := $(shell pkg-config --libs libmicrohttpd sqlite3 2>/dev/null)

CFLAGS += -std=gnu11 $(OPTIMISE) $(WARNINGS) $(HARDENING)
CPPFLAGS += -I. -D_GNU_SOURCE -DSQSFLOW_VERSION='"$(VERSION)"' $(PKG_CFLAGS)
LDFLAGS += $(LINK_HARDENING)

# --- what is built -------------------------------------------------------------------------------------------------
# One archive per layer; a program is its folder's main.c and the archives below it.
sources = $(filter-out %/main.c,$(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,$(1)))

LAYERS := base aws expr flow config link store
ARCHIVES := $(LAYERS:%=$(BUILD)/lib/%.a)
AGENT_LIB := $(BUILD)/lib/agent.a
RUNNER_LIB := $(BUILD)/lib/runner.a
CLI_LIB := $(BUILD)/lib/cli.a
QUEUE_LIB := $(BUILD)/lib/queue.a
COMMON := $(foreach l,store config link flow expr aws base,$(BUILD)/lib/$(l).a)

PROGRAMS := $(addprefix $(BUILD)/bin/,sqsflow sqsflow-agent sqsflow-runner sqsflow-queue)

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAMS) ## Build the four programs into build/bin

$(BUILD)/bin/sqsflow: $(BUILD)/obj/cli/main.o $(CLI_LIB) $(COMMON)
$(BUILD)/bin/sqsflow-agent: $(BUILD)/obj/agent/main.o $(AGENT_LIB) $(COMMON)
$(BUILD)/bin/sqsflow-runner: $(BUILD)/obj/runner/main.o $(RUNNER_LIB) $(COMMON)
$(BUILD)/bin/sqsflow-queue: $(BUILD)/obj/tests/queue/main.o $(QUEUE_LIB) $(COMMON)
$(BUILD)/bin/sqsflow-queue: LIBS = $(QUEUE_LIBS)

$(BUILD)/bin/%:
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(STORE_LIBS) $(AWS_LIBS) $(BASE_LIBS) $(LIBS)

$(foreach l,$(LAYERS),$(eval $(BUILD)/lib/$(l).a: $(call objects,common/$(l))))
$(AGENT_LIB): $(call objects,agent)
$(RUNNER_LIB): $(call objects,runner)
$(CLI_LIB): $(call objects,cli)
$(QUEUE_LIB): $(call objects,tests/queue)

$(BUILD)/lib/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/cli/schema_agent.o: config/agent.schema.json

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- unit tests: tests/unit/test_X.c is a program of its own, linked with every archive ------------------------------
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
$(BUILD)/unit/test_agent_%: EXTRA = $(AGENT_LIB)
$(BUILD)/unit/test_runner_%: EXTRA = $(RUNNER_LIB)
$(BUILD)/unit/test_cli_%: EXTRA = $(CLI_LIB)
$(BUILD)/unit/test_queue_%: EXTRA = $(QUEUE_LIB)
# Every fuzz target's corpus is replayed as a unit test: a finding once made stays found.
REPLAY := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/unit/replay_%,$(wildcard tests/fuzz/fuzz_*.c))
UNIT += $(REPLAY)
$(BUILD)/unit/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(COMMON)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(COMMON) $(STORE_LIBS) $(AWS_LIBS) $(BASE_LIBS)
.SECONDEXPANSION:
$(BUILD)/unit/test_%: $(BUILD)/obj/tests/unit/test_%.o $$(EXTRA) $(COMMON)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(EXTRA) $(COMMON) $(STORE_LIBS) $(AWS_LIBS) $(BASE_LIBS) $(QUEUE_LIBS) -lcmocka

.PRECIOUS: $(BUILD)/obj/%.o

# --- checks ----------------------------------------------------------------------------------------------------------
PYTHON ?= /usr/bin/python3
JOBS ?= $(shell nproc)
TEST_ENV = SQSFLOW_BIN=$(abspath $(BUILD))/bin SQSFLOW_RUNNER=$(abspath $(BUILD))/bin/sqsflow-runner \
           SQSFLOW_QUEUE=$(abspath $(BUILD))/bin/sqsflow-queue SQSFLOW_DOCUMENTS=$(abspath $(BUILD))/doc
ASAN_ENV = ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1

.PHONY: check unit e2e check-asan check-asan-unit check-valgrind test
check: unit e2e ## Unit and end-to-end suites

unit: all $(UNIT) ## Unit suites only
	@$(TEST_ENV) $(PYTHON) tests/unit/run.py --jobs $(JOBS) $(UNIT)

e2e: all js documents ## End-to-end suites: the built programs against real servers
	@$(TEST_ENV) $(PYTHON) -m pytest -q -n $(E2E_JOBS) -p no:cacheprovider $(E2E_ARGS) tests/e2e
E2E_JOBS ?= 6

# Agents and runners are ended by signals and their output is read by tests: their reports go to files, and any is a failure.
ASAN_REPORTS = $(abspath $(BUILD))-asan/reports
check-asan: check-asan-unit ## Unit and end-to-end suites under AddressSanitizer and UBSan
	@rm -rf $(ASAN_REPORTS) && mkdir -p $(ASAN_REPORTS)
	@ASAN_OPTIONS=detect_leaks=1:log_path=$(ASAN_REPORTS)/report UBSAN_OPTIONS=print_stacktrace=1 \
	  $(MAKE) --no-print-directory -s -j$(JOBS) SAN=1 BUILD=$(BUILD)-asan e2e; status=$$?; \
	  ! cat $(ASAN_REPORTS)/* 2>/dev/null | grep . && exit $$status

check-asan-unit: ## Unit suites under AddressSanitizer and UBSan
	@$(ASAN_ENV) $(MAKE) --no-print-directory -s -j$(JOBS) SAN=1 BUILD=$(BUILD)-asan unit

# Those that start runners or programs need pidfd_open(2), which the valgrind of Debian 12 does not know, and reading all of
# the system's authorities takes longer there than a request may. ASan looks at those.
NO_VALGRIND := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(shell grep -lE 'runner_(driver|execute|processes)\.h' tests/unit/test_*.c)) \
               $(addprefix $(BUILD)/unit/,test_credentials_process test_http_tls)
check-valgrind: all $(UNIT) ## Unit suites under valgrind
	@$(TEST_ENV) $(PYTHON) tests/unit/run.py --valgrind --jobs $(JOBS) $(filter-out $(NO_VALGRIND),$(UNIT))

# Where version 2 of the control groups has them all, the end-to-end suites have shown it already.
.PHONY: check-limits
check-limits: all ## What takes controllers that this host's control groups lack, in an emulated machine
	@! grep -qs memory /sys/fs/cgroup/cgroup.controllers || exit 0; \
	  nice tests/system/vm.sh $(BUILD)/vm env $(TEST_ENV) SQSFLOW_ALL_CONTROLLERS=1 SQSFLOW_DEADLINE_SECONDS=400 \
	  PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -q --tb=short -p no:cacheprovider -m controllers tests/e2e

# -k: one run tells of every part that fails.
test: ## Install what the tests need, then prove everything
	@packaging/install-deps.sh build test system
	@$(MAKE) --no-print-directory -j$(JOBS) -s all $(UNIT)
	@$(MAKE) --no-print-directory -s -k lint unit e2e check-asan check-valgrind check-limits check-system

# --- what JavaScript tests use: AWS's own client, servers and a consumer that others wrote -----------------------------
.PHONY: js
js: tests/js/node_modules/.package-lock.json
tests/js/node_modules/.package-lock.json: tests/js/package-lock.json
	@cd tests/js && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# --- lint --------------------------------------------------------------------------------------------------------------
C_SOURCES := $(wildcard agent/*.c runner/*.c cli/*.c common/*/*.c tests/queue/*.c)
.PHONY: lint lint-layers lint-cppcheck lint-shell lint-tidy format
lint: lint-layers lint-shell lint-cppcheck lint-tidy ## clang-tidy, cppcheck, shellcheck, the layering and size rules

lint-layers:
	@$(PYTHON) tests/lint/layers.py
	@$(PYTHON) tests/lint/sizes.py

lint-shell:
	@shellcheck $$(git ls-files '*.sh') .ci/run

# Without memleak: cppcheck does not know _cleanup_ and takes each owning local for a leak; check-asan and
# check-valgrind find the real ones.
lint-cppcheck:
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --suppress=memleak --suppress=resourceLeak -I. -D_GNU_SOURCE -j$(JOBS) $(C_SOURCES)

TIDY := $(C_SOURCES:%=$(BUILD)/tidy/%.ok)
lint-tidy:
	@$(MAKE) --no-print-directory -s -j$(JOBS) $(TIDY)
$(BUILD)/tidy/%.ok: % .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- -std=gnu11 $(CPPFLAGS) 2>$@.err >$@.out || { cat $@.out $@.err; exit 1; }
	@touch $@

format: ## Format the C sources in place
	clang-format -i $$(git ls-files '*.c' '*.h')

# --- fuzz: libFuzzer targets; `make fuzz FUZZ_SECONDS=600` -------------------------------------------------------------------
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZ_SECONDS each
	@$(MAKE) --no-print-directory -s CC=clang FUZZING=1 BUILD=$(BUILD)-fuzz -j$(JOBS) $(FUZZ:%=$(BUILD)-fuzz/fuzz/fuzz_%)
	@for target in $(FUZZ); do echo "fuzz $$target"; mkdir -p $(BUILD)-fuzz/corpus/$$target; \
	  $(BUILD)-fuzz/fuzz/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=0 -verbosity=0 \
	    -artifact_prefix=$(BUILD)-fuzz/ $(BUILD)-fuzz/corpus/$$target tests/fuzz/corpus/$$target || exit 1; done
$(BUILD)/fuzz/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(COMMON)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $(FUZZ_MAIN) -o $@ $< $(COMMON) $(STORE_LIBS) $(AWS_LIBS) $(BASE_LIBS)

# --- what is generated from the tables of the flow language; a unit test says when it is not current ---------------------
.PHONY: schema
schema: $(BUILD)/bin/sqsflow ## Make config/flow.schema.json and config/FLOWS.md anew
	@$(BUILD)/bin/sqsflow schema > config/flow.schema.json
	@$(BUILD)/bin/sqsflow schema --page > config/FLOWS.md

.PHONY: golden-store
golden-store: $(BUILD)/unit/test_store_golden ## Keep a store of a new schema version in tests/store, once
	@rm -f $(BUILD)/golden.db* && $< $(BUILD)/golden.db && $(PYTHON) tests/store/keep.py $(BUILD)/golden.db

include packaging/package.mk

# --- the rest ------------------------------------------------------------------------------------------------------------
.PHONY: bench cover demo clean help
bench: all js ## The figures of tests/bench/RESULTS.md, beside the machine's floor and a peer
	@$(TEST_ENV) $(PYTHON) tests/bench/run.py $(BENCH_ARGS)

cover: ## Line coverage of the unit and end-to-end suites
	@$(MAKE) --no-print-directory -s COVER=1 BUILD=$(BUILD)-cover unit e2e
	@gcovr --root . --exclude 'tests/.*' $(BUILD)-cover/obj

demo: ## The main job, on this terminal, against the local queue server
	@packaging/install-deps.sh build
	@$(MAKE) --no-print-directory -s -j$(JOBS) all
	@SQSFLOW_BIN=$(abspath $(BUILD))/bin tests/demo/demo.sh

clean: ## Remove what was built
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz $(BUILD)-cover

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
