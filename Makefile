# One Makefile for everything; what it makes goes below build/. `make help` lists the targets.

VERSION := 0.1.0
BUILD ?= build

# The layers from the lowest to the highest; the linter reads this line as well.
LAYERS := base domain db http service api app

# Everything is built in two variants: as it ships, and with sanitizers (SAN=1 chooses the latter for run, check, ...).
ifdef SAN
OUT := $(BUILD)/san
else
OUT := $(BUILD)
endif

GEN := $(BUILD)/gen
SOURCES := $(wildcard $(LAYERS:%=src/%/*.c))
GENERATED := queries migrations assets
C_FILES := $(wildcard src/*/*.c tests/unit/*.c tests/db/*.c tests/fuzz/*.c tests/load/*.c)
H_FILES := $(wildcard include/*/*.h src/*/*.h tests/unit/*.h tests/db/*.h tests/fuzz/*.h)
CONSOLE := $(shell find src/console -type f 2>/dev/null)

# Compiling in parallel is the default; a -j of the caller wins.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

.PHONY: all run check test test-versions test-image test-faults test-endurance lint format bench fuzz deps clean help
all: $(OUT)/leadd

help:
	@echo 'make                build $(BUILD)/leadd from what is installed'
	@echo 'make run            install what is missing, build, start with a private PostgreSQL (ARGS="--port 9000")'
	@echo 'make test           everything: unit, database, HTTP, browser tests, some faults, with and without sanitizers'
	@echo 'make check          unit tests only'
	@echo 'make lint           format, compiler warnings, static analysis, layers, SQL, shell'
	@echo 'make format         bring the C files into the house style'
	@echo 'make bench          the load test, against the bars of docs/ASSIGNMENT.md'
	@echo 'make test-versions  the HTTP tests against PostgreSQL 14 to 18'
	@echo 'make test-image     docker-compose.yml, HAProxy and the images, without a Docker engine; installs what is missing'
	@echo 'make test-faults    databases, networks and replicas that fail, with two replicas behind HAProxy (QUICK=1)'
	@echo 'make test-endurance slow and vanished clients, overload, exhausted memory, a soak (SECONDS=300)'
	@echo 'make fuzz           libFuzzer on all that reads what strangers send, SECONDS=60 each (needs clang)'
	@echo 'make deps           install all packages of the targets above (Debian, Ubuntu)'
	@echo 'make clean          remove $(BUILD)'
	@echo 'SAN=1               with any of them: AddressSanitizer and UndefinedBehaviorSanitizer'

# -- packages and compiler flags ---------------------------------------------------------------------------

# Which groups of packages the goals need; plain `make` installs nothing.
GOALS := $(or $(MAKECMDGOALS),all)
PACKAGES_run := build
PACKAGES_check := build test
PACKAGES_test := build test browser faults
PACKAGES_test-versions := build test
PACKAGES_lint := build test lint
PACKAGES_format := lint
PACKAGES_bench := build test bench
PACKAGES_fuzz := build test fuzz
PACKAGES_test-faults := build test faults
PACKAGES_test-endurance := build test faults
PACKAGES_test-image := build test image
PACKAGES_deps := build test browser lint bench fuzz faults image
PACKAGES := $(sort $(foreach goal,$(GOALS),$(PACKAGES_$(goal))))

.PHONY: packages
packages:
	@scripts/deps.sh $(PACKAGES)

deps format: packages

# The compiler's abilities and the libraries' flags, found once. Make restarts itself when this file is new.
ifneq ($(filter-out clean help deps format,$(GOALS)),)
include $(BUILD)/config.mk
endif

$(BUILD)/config.mk: scripts/configure.sh Makefile $(if $(PACKAGES),| packages)
	@mkdir -p $(@D)
	@CC='$(CC)' scripts/configure.sh >$@.new && mv $@.new $@

WARNINGS := -Wall -Wextra -Wformat=2 -Wshadow -Wconversion -Wvla $(if $(WERROR),-Werror)
CPPFLAGS_ALL = -D_GNU_SOURCE -DLEADD_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(GEN) $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL = -std=c11 -O2 -g $(WARNINGS) $(CFLAGS)
LIBS = $(PKG_LIBS) -lm
CHECK_LIBS = $(shell pkg-config --libs check)

# -- generated sources -------------------------------------------------------------------------------------

EMBED := $(BUILD)/embed
EMBED_SOURCES := $(wildcard src/tools/*.c) src/base/buf.c src/base/mem.c

$(EMBED): $(EMBED_SOURCES) $(wildcard src/tools/*.h) include/base/buf.h include/base/mem.h $(BUILD)/config.mk
	@echo '  TOOL  $@'
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -o $@ $(EMBED_SOURCES) $(PKG_LIBS)

# The tool leaves files alone whose content is the same; the stamps keep make from asking it each time.
SQL_FOLDERS := sql/queries sql/once sql/fragments
$(GEN)/queries.stamp: $(EMBED) $(SQL_FOLDERS) $(wildcard $(SQL_FOLDERS:%=%/*.sql))
	@echo '  SQL   $(SQL_FOLDERS)'
	@mkdir -p $(@D) && $(EMBED) queries $(GEN) $(SQL_FOLDERS) && touch $@

$(GEN)/migrations.stamp: $(EMBED) sql/migrations $(wildcard sql/migrations/*.sql)
	@echo '  SQL   sql/migrations'
	@mkdir -p $(@D) && $(EMBED) migrations $(GEN) sql/migrations && touch $@

NOTICES := $(BUILD)/npm/third-party-notices.txt

$(GEN)/assets.stamp: $(EMBED) $(CONSOLE) $(NOTICES)
	@echo '  EMBED src/console'
	@mkdir -p $(@D) && $(EMBED) assets $(GEN) src/console/assets.txt src/console $(BUILD)/npm && touch $@

# The libraries of the pages, as the lock file says; never into the source tree.
$(BUILD)/npm/stamp: src/console/package.json src/console/package-lock.json scripts/npm-install.sh
	@scripts/npm-install.sh src/console $(@D) && touch $@

$(NOTICES): scripts/notices.mjs $(BUILD)/npm/stamp
	@node scripts/notices.mjs $(BUILD)/npm $@

$(GEN)/queries.h $(GEN)/queries.c: $(GEN)/queries.stamp ;
$(GEN)/migrations.h $(GEN)/migrations.c: $(GEN)/migrations.stamp ;
$(GEN)/assets.c: $(GEN)/assets.stamp ;

# -- the program and the test programs, once for each variant ----------------------------------------------

# variant: $(1) folder, $(2) name of the variable with its flags, $(3) of that with its compiler
define variant
$(1)/obj/%.o: src/%.c $(BUILD)/config.mk | $(GEN)/queries.h $(GEN)/migrations.h
	@echo '  CC    $$@'
	@mkdir -p $$(@D)
	@$$($(3)) $$(CPPFLAGS_ALL) $$(CFLAGS_ALL) $$($(2)) -MMD -MP -c -o $$@ $$<

$(1)/obj/gen/%.o: $(GEN)/%.c $(BUILD)/config.mk
	@echo '  CC    $$@'
	@mkdir -p $$(@D)
	@$$($(3)) $$(CPPFLAGS_ALL) $$(CFLAGS_ALL) $$($(2)) -MMD -MP -c -o $$@ $$<

$(1)/obj/tests/%.o: tests/%.c $(BUILD)/config.mk | $(GEN)/queries.h $(GEN)/migrations.h
	@echo '  CC    $$@'
	@mkdir -p $$(@D)
	@$$($(3)) $$(CPPFLAGS_ALL) -Itests $$(CFLAGS_ALL) $$($(2)) -MMD -MP -c -o $$@ $$<

$(1)/libleadd.a: $$(patsubst src/%.c,$(1)/obj/%.o,$$(filter-out src/app/main.c,$$(SOURCES))) $$(GENERATED:%=$(1)/obj/gen/%.o)
	@rm -f $$@ && ar rcs $$@ $$^

$(1)/leadd: $(1)/obj/app/main.o $(1)/libleadd.a
	@echo '  LINK  $$@'
	@$$($(3)) $$(CFLAGS_ALL) $$($(2)) $$(LDFLAGS_ALL) -o $$@ $$^ $$(if $$(filter FLAGS_SHIPPED,$(2)),$$(ALLOCATOR)) $$(LIBS)

$(1)/unit-tests: $$(patsubst tests/%.c,$(1)/obj/tests/%.o,$$(wildcard tests/unit/*.c)) $(1)/libleadd.a
	@echo '  LINK  $$@'
	@$$($(3)) $$(CFLAGS_ALL) $$($(2)) $$(LDFLAGS_ALL) -o $$@ $$^ $$(CHECK_LIBS) $$(LIBS)

$(1)/db-tests: $$(patsubst tests/%.c,$(1)/obj/tests/%.o,$$(wildcard tests/db/*.c)) $(1)/libleadd.a
	@echo '  LINK  $$@'
	@$$($(3)) $$(CFLAGS_ALL) $$($(2)) $$(LDFLAGS_ALL) -o $$@ $$^ $$(CHECK_LIBS) $$(LIBS)

# What the fuzzer found once, without a fuzzer.
$(1)/fuzz-replay: $$(patsubst tests/%.c,$(1)/obj/tests/%.o,$$(FUZZ_SOURCES) tests/fuzz/replay.c) $(1)/libleadd.a
	@echo '  LINK  $$@'
	@$$($(3)) $$(CFLAGS_ALL) $$($(2)) $$(LDFLAGS_ALL) -o $$@ $$^ $$(LIBS)

-include $$(patsubst src/%.c,$(1)/obj/%.d,$$(SOURCES)) $$(patsubst tests/%.c,$(1)/obj/tests/%.d,$$(wildcard tests/unit/*.c tests/db/*.c tests/fuzz/*.c tests/load/*.c))
-include $$(GENERATED:%=$(1)/obj/gen/%.d)
endef

FUZZ_SOURCES := $(filter-out tests/fuzz/engine.c tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)) tests/unit/fake_request.c
CLANG ?= clang
# GCC is the compiler whose warnings count.
FLAGS_FUZZED := -w -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE

$(eval $(call variant,$(BUILD),FLAGS_SHIPPED,CC))
$(eval $(call variant,$(BUILD)/san,FLAGS_SANITIZED,CC))
$(eval $(call variant,$(BUILD)/fuzz,FLAGS_FUZZED,CLANG))

$(BUILD)/fuzz/fuzz: $(patsubst tests/%.c,$(BUILD)/fuzz/obj/tests/%.o,$(FUZZ_SOURCES) tests/fuzz/engine.c) $(BUILD)/fuzz/libleadd.a
	@echo '  LINK  $@'
	@$(CLANG) $(CFLAGS_ALL) -fsanitize=fuzzer $(FLAGS_FUZZED) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# -- what people type --------------------------------------------------------------------------------------

run: $(OUT)/leadd
	@exec $(OUT)/leadd $(ARGS)

check: $(OUT)/unit-tests
	@$(OUT)/unit-tests

# The libraries of the browser tests.
$(BUILD)/browser/stamp: tests/browser/package.json tests/browser/package-lock.json scripts/npm-install.sh
	@scripts/npm-install.sh tests/browser $(@D) && touch $@

TEST_PROGRAMS := leadd unit-tests db-tests fuzz-replay
test: $(BUILD)/scarce.so $(TEST_PROGRAMS:%=$(BUILD)/%) $(TEST_PROGRAMS:%=$(BUILD)/san/%) $(BUILD)/browser/stamp
	@BUILD='$(BUILD)' scripts/test.sh

test-versions: $(BUILD)/leadd
	@BUILD='$(BUILD)' scripts/test-versions.sh

test-image: $(BUILD)/leadd
	@BUILD='$(BUILD)' scripts/test-image.sh

test-faults: $(BUILD)/leadd
	@LEADD=$(BUILD)/leadd python3 tests/faults/run.py $(if $(QUICK),--quick) $(ARGS)

# An open-loop generator, and memory that runs out: for test-endurance.
$(BUILD)/flood: $(BUILD)/obj/tests/load/flood.o $(BUILD)/libleadd.a
	@echo '  LINK  $@'
	@$(CC) $(CFLAGS_ALL) $(FLAGS_SHIPPED) $(LDFLAGS_ALL) -o $@ $^

$(BUILD)/scarce.so: tests/load/scarce.c $(BUILD)/config.mk
	@echo '  LINK  $@'
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fPIC -shared -o $@ $<

# SECONDS of the soak.
test-endurance: $(BUILD)/leadd $(BUILD)/flood $(BUILD)/scarce.so
	@LEADD=$(BUILD)/leadd BUILD=$(BUILD) SOAK_SECONDS=$(or $(SECONDS),300) python3 tests/load/endurance.py $(ARGS)

# SECONDS for each target; TARGETS="json body" for some of them.
.PHONY: fuzz-compiler
fuzz-compiler: $(if $(PACKAGES),packages)
	@scripts/fuzz.sh --probe '$(CLANG)'

fuzz: fuzz-compiler
	@$(MAKE) --no-print-directory $(BUILD)/fuzz/fuzz
	@BUILD='$(BUILD)' SECONDS_EACH='$(or $(SECONDS),60)' scripts/fuzz.sh $(TARGETS)

# The service without the database, for the load test: its ceiling.
$(BUILD)/ceiling: $(BUILD)/obj/tests/load/ceiling.o $(BUILD)/libleadd.a
	@echo '  LINK  $@'
	@$(CC) $(CFLAGS_ALL) $(FLAGS_SHIPPED) $(LDFLAGS_ALL) -o $@ $^ $(ALLOCATOR) $(LIBS)

bench: $(BUILD)/leadd $(BUILD)/ceiling
	@LEADD=$(BUILD)/leadd python3 tests/load/bench.py $(ARGS)

format: packages
	@clang-format -i $(C_FILES) $(H_FILES)

# Each file is looked at once until it, or any header, changes. Static analysis is for what ships.
LINTED := $(C_FILES:%=$(BUILD)/lint/%.ok)
LINT_INPUTS := $(H_FILES) $(BUILD)/config.mk $(GEN)/queries.h $(GEN)/migrations.h

$(BUILD)/lint/tests/%.ok: tests/% $(LINT_INPUTS)
	@echo '  LINT  $<'
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS_ALL) -Itests $(CFLAGS_ALL) $(FLAGS_SHIPPED) -Werror -c -o /dev/null $<
	@touch $@

$(BUILD)/lint/src/%.ok: src/% $(LINT_INPUTS) .clang-tidy
	@echo '  LINT  $<'
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(FLAGS_SHIPPED) $(FLAGS_ANALYZER) -Werror -c -o /dev/null $<
	@clang-tidy --quiet $< -- -std=c11 $(CPPFLAGS_ALL) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

lint: $(LINTED)
	@scripts/check-format.sh $(C_FILES) $(H_FILES)
	@python3 tests/lint/run.py --layers '$(LAYERS)'

clean:
	rm -rf $(BUILD)
