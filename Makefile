# SPDX-License-Identifier: MIT
#
# Everything is found by wildcard: a new .c in a folder below needs no line here.
#
#   src/LAYER/*.c                  -> $(BUILD)/libLAYER.a (the lib layer: libsup-client.a)
#   src/{base,wire,lib}/*.c        -> $(BUILD)/libsup.so, $(BUILD)/libsup.a: the library, sup(3)
#   conf/actors/NAME.c             -> $(BUILD)/actors/NAME: examples, which see of the library sup.h alone
#   supd/*.c, supctl/*.c, suplog/*.c -> $(BUILD)/supd, $(BUILD)/supctl, $(BUILD)/suplog (skipped while
#                                     there is no main.c)
#   tests/LAYER/*.c                -> $(BUILD)/tests/test-LAYER, linking its layer and those below
#   tests/run/*.c                  -> $(BUILD)/tests/test-run, which drives the real daemon
#   tests/sim/*.c, tests/otp/*.c   -> $(BUILD)/tests/sim, $(BUILD)/tests/otp-core (core and base only)
#   tests/otp/*daemon*.c           -> $(BUILD)/tests/otp-daemon, with what of tests/otp is not the core
#   tests/fuzz/{wire,core}.c       -> $(BUILD)/tests/fuzz-wire, fuzz-core, each with the driver
#   tests/support/*.c              -> linked into each of these, with the allocator wrapped
#   tests/programs/NAME.c          -> $(BUILD)/tests/NAME, children and tools of the tests
#   tests/bench/*.c                -> $(BUILD)/tests/bench, but for the programs that it runs
#   tests/NAME/check               -> a suite of `make check`; its last line is "N passed, N failed"

BUILD = build
PREFIX = /usr/local
DESTDIR =
SEED = 1
VERSION = $(shell sed -n 's/^.define WIRE_RELEASE "\(.*\)"/\1/p' src/wire/hello.h)
# Raised when a program that was linked with the library before would not run any more.
SUP_ABI = 0
WERROR = 1
SANITIZE =
CC = gcc
AR = ar

WARNINGS = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wswitch-enum \
	-Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2 \
	-Wimplicit-fallthrough
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif

ifeq ($(SANITIZE),1)
CFLAGS = -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS = -fsanitize=address,undefined
# Most tests are short: half of their time would go into the relocation of libraries.
PROGRAM = -no-pie -static-libasan -static-libubsan
else
CFLAGS = -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
LDFLAGS = -Wl,-z,relro,-z,now
PROGRAM = -pie
endif

override ALL_CFLAGS = -std=gnu11 -fPIE $(WARNINGS) -D_GNU_SOURCE= -Isrc -I. $(CFLAGS)
override ALL_LDFLAGS = $(LDFLAGS) $(PROGRAM)

# what there is

LAYERS = base wire logs core config lib
sources = $(filter-out $(1)/main.c,$(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
archive = $(BUILD)/lib$(if $(filter lib,$(1)),sup-client,$(1)).a

BASE = $(call archive,base)
WIRE = $(call archive,wire) $(BASE)
LOGS = $(call archive,logs) $(WIRE)
LIB = $(call archive,lib) $(WIRE)
CORE = $(call archive,core) $(WIRE)
CONFIG = $(call archive,config) $(CORE)
SUPD = $(BUILD)/libsupd.a $(call archive,config) $(call archive,core) $(LOGS)
SUPCTL = $(BUILD)/libsupctl.a $(call archive,lib) $(LOGS)
SUPLOG = $(BUILD)/libsuplog.a $(LOGS)
EVERY = $(call archive,config) $(call archive,core) $(call archive,lib) $(LOGS)

# The library for programs: all but the guest client of supctl.
SUP_SOURCES = $(call sources,src/base) $(call sources,src/wire) \
	$(filter-out src/lib/client.c,$(call sources,src/lib))
SUP_OBJECTS = $(patsubst %.c,$(BUILD)/pic/%.o,$(SUP_SOURCES))
SUP_FILES = $(BUILD)/libsup.so $(BUILD)/libsup.a

# Examples of programs that use it.
ACTORS = $(patsubst conf/actors/%.c,$(BUILD)/actors/%,$(wildcard conf/actors/*.c))

PROGRAMS = $(foreach p,supd supctl suplog,$(if $(wildcard $(p)/main.c),$(BUILD)/$(p)))
TEST_LAYERS = $(foreach t,$(LAYERS) supd supctl suplog run,$(if $(wildcard tests/$(t)/test_*.c),$(t)))
TEST_BINARIES = $(TEST_LAYERS:%=$(BUILD)/tests/test-%)
TEST_PROGRAMS = $(patsubst tests/programs/%.c,$(BUILD)/tests/%,$(wildcard tests/programs/*.c))
SIM = $(if $(wildcard tests/sim/*.c),$(BUILD)/tests/sim)
OTP = $(if $(wildcard tests/otp/*.c),$(BUILD)/tests/otp-core $(BUILD)/tests/otp-daemon)
FUZZ = $(BUILD)/tests/fuzz-wire $(BUILD)/tests/fuzz-core
BENCH = $(BUILD)/tests/bench $(foreach p,actor raw service writer,$(BUILD)/tests/bench-$(p))
TEST_EVERYTHING = $(TEST_BINARIES) $(TEST_PROGRAMS) $(SIM) $(OTP) $(FUZZ) $(BENCH)
C_FILES = $(wildcard conf/actors/*.c src/*/*.[ch] supd/*.[ch] supctl/*.[ch] suplog/*.[ch] \
	tests/*/*.[ch])

comma = ,

# What compressed logs are made with.
PACKING = -lz -lzstd

# building

# One short line a command; V=1 shows the commands themselves.
say = $(if $(filter 1,$(V)),,@echo '  $(1)  $@' && )

.PHONY: all
all: $(foreach l,$(LAYERS),$(if $(wildcard src/$(l)/*.c),$(call archive,$(l)))) $(SUP_FILES) \
	$(PROGRAMS) $(ACTORS)

.PHONY: tests
tests: all $(TEST_EVERYTHING)

# Rewritten only where compiler or flags have changed: objects then follow.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@

.PHONY: FORCE
FORCE:

# Tests run for moments, and are most of what is compiled; but for those that count them.
$(BUILD)/obj/tests/%.o: UNHURRIED = -O0 -U_FORTIFY_SOURCE
$(foreach t,bench fuzz programs sim,$(BUILD)/obj/tests/$(t)/%.o): UNHURRIED =

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) $(UNHURRIED) -MMD -MP -c -o $@ $<

$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $(filter %.o,$^)

define layer_rule
$(call archive,$(1)): $(call objects,$(call sources,src/$(1)))
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))
$(BUILD)/libsupd.a: $(call objects,$(call sources,supd))
$(BUILD)/libsupctl.a: $(call objects,$(call sources,supctl))
$(BUILD)/libsuplog.a: $(call objects,$(call sources,suplog))

$(BUILD)/pic/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(subst -fPIE,-fPIC,$(ALL_CFLAGS)) -MMD -MP -c -o $@ $<

# Only sup_* is to be seen of either.
$(BUILD)/libsup.so: $(SUP_OBJECTS) src/lib/libsup.map
	$(call say,LD)$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,libsup.so.$(SUP_ABI) \
		-Wl,--version-script=src/lib/libsup.map $(LDFLAGS) -o $@ $(SUP_OBJECTS)
	@ln -sf libsup.so $@.$(SUP_ABI)

$(BUILD)/libsup.a: $(SUP_OBJECTS)
	@rm -f $@
	$(call say,AR)$(LD) -r -o $(BUILD)/pic/sup.o $^ && \
		objcopy -w --keep-global-symbol='sup_*' $(BUILD)/pic/sup.o && \
		$(AR) rcs $@ $(BUILD)/pic/sup.o

define link
@mkdir -p $(@D)
$(call say,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)
endef

$(BUILD)/supd: LDLIBS = -lev -linih $(PACKING)
$(BUILD)/supd: $(BUILD)/obj/supd/main.o $(SUPD)
	$(link)

$(BUILD)/supctl: LDLIBS = $(PACKING)
$(BUILD)/supctl: $(BUILD)/obj/supctl/main.o $(SUPCTL)
	$(link)

$(BUILD)/suplog: LDLIBS = $(PACKING)
$(BUILD)/suplog: $(BUILD)/obj/suplog/main.o $(SUPLOG)
	$(link)

$(ACTORS): $(BUILD)/actors/%: conf/actors/%.c src/lib/sup.h $(BUILD)/libsup.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(filter-out -Isrc -I.,$(ALL_CFLAGS)) -Isrc/lib $(ALL_LDFLAGS) -o $@ $< \
		$(BUILD)/libsup.a

SUPPORT = $(call objects,$(wildcard tests/support/*.c))
WRAP = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=strndup,--wrap=free

# $(1): folder of tests/, $(2): archives, $(3): other libraries
define test_rule
$(BUILD)/tests/test-$(1): LDLIBS = $(WRAP) -lcriterion $(3)
$(BUILD)/tests/test-$(1): $(call objects,$(wildcard tests/$(1)/*.c)) $(SUPPORT) $(2)
	$$(link)
.PHONY: test-$(1)
test-$(1): $(BUILD)/tests/test-$(1)
	SUPD_BUILD=$(BUILD) $$< --jobs 2
endef
$(eval $(call test_rule,base,$(BASE)))
$(eval $(call test_rule,wire,$(WIRE)))
$(eval $(call test_rule,core,$(CORE)))
$(eval $(call test_rule,config,$(CONFIG),-linih))
# The scripted peer of tests/lib answers when the library waits.
$(eval $(call test_rule,lib,$(LIB),-Wl$(comma)--wrap=poll$(comma)--wrap=recvmsg))
$(eval $(call test_rule,supd,$(SUPD),-lev -linih $(PACKING)))
$(eval $(call test_rule,logs,$(LOGS),$(PACKING)))
$(eval $(call test_rule,supctl,$(SUPCTL),$(PACKING)))
$(eval $(call test_rule,suplog,$(SUPLOG),$(PACKING)))
$(eval $(call test_rule,run,$(EVERY),-linih $(PACKING)))
test-run: $(PROGRAMS) $(TEST_PROGRAMS)
test-supctl test-suplog: $(PROGRAMS)

$(BUILD)/tests/sim $(BUILD)/tests/otp-core: LDLIBS = $(WRAP)
$(BUILD)/tests/sim: $(call objects,$(wildcard tests/sim/*.c)) $(SUPPORT) $(CORE)
	$(link)

OTP_SOURCES = $(wildcard tests/otp/*.c)
OTP_DAEMON = $(wildcard tests/otp/*daemon*.c)
$(BUILD)/tests/otp-core: $(call objects,$(filter-out $(OTP_DAEMON),$(OTP_SOURCES))) $(SUPPORT) \
		$(CORE)
	$(link)

$(BUILD)/tests/otp-daemon: $(call objects,$(filter-out %/main.c %/world_core.c %/core_answers.c,$(OTP_SOURCES))) \
		$(EVERY)
	$(link)

$(TEST_PROGRAMS): LDLIBS = -linih $(PACKING)
$(TEST_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/obj/tests/programs/%.o $(EVERY)
	$(link)

$(FUZZ): $(BUILD)/tests/fuzz-%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/driver.o \
		$(BUILD)/obj/tests/fuzz/samples.o $(CORE)
	$(link)

$(BUILD)/tests/bench: $(call objects,$(filter-out %/raw.c %/service.c %/mail_actor.c %/writer.c,$(wildcard tests/bench/*.c))) \
		$(BASE)
	$(link)

$(BUILD)/tests/bench-actor: $(patsubst %,$(BUILD)/obj/tests/bench/%.o,mail_actor stage subject) \
		$(BUILD)/libsup.a
	$(link)

$(BUILD)/tests/bench-raw $(BUILD)/tests/bench-writer: $(BUILD)/tests/bench-%: $(BUILD)/obj/tests/bench/%.o
	$(link)

# No C library and no dynamic linker: its first instruction is ours.
$(BUILD)/tests/bench-service: tests/bench/service.c tests/bench/board.h
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -std=gnu11 $(WARNINGS) -D_GNU_SOURCE= -I. -O2 -ffreestanding -fno-pie \
		-fno-stack-protector -static -nostdlib -Wl,--build-id=none -o $@ $<

-include $(shell find $(BUILD)/obj $(BUILD)/pic -name '*.d' 2>/dev/null)

# using and testing

export BUILD SEED

# Where the user has not said how many.
two_jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2)

.PHONY: deps
deps:
	@tests/deps.sh

.PHONY: deps-ci
deps-ci:
	@tests/deps.sh ci

.PHONY: run
run: deps
	@$(MAKE) --no-print-directory $(two_jobs) -s all
	@conf/run.sh

.PHONY: demo
demo: deps
	@$(MAKE) --no-print-directory $(two_jobs) -s all
	@conf/demo.sh

.PHONY: check
check: deps
	@$(MAKE) --no-print-directory $(two_jobs) tests
	@tests/check.sh $(TEST_BINARIES)

# The same tests with AddressSanitizer and UndefinedBehaviorSanitizer, built beside the others.
.PHONY: asan
asan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-asan SANITIZE=1 check

.PHONY: sim
sim: $(SIM)
	$(BUILD)/tests/sim --seed $(SEED)

.PHONY: mutants
mutants: tests
	tests/mutants/run

.PHONY: fuzz
fuzz:
	tests/fuzz/run

.PHONY: bench
bench: tests
	tests/bench/run

# What tests/otp/run needs.
.PHONY: otp-programs
otp-programs: all $(OTP) $(BUILD)/tests/otp_worker

.PHONY: otp
otp: otp-programs
	tests/otp/check

.PHONY: replay
replay: tests
	tests/replay/run $(FILE)

# judging the source

.PHONY: lint
lint:
	tests/lint/run $(C_FILES)

.PHONY: format
format:
	clang-format -i $(C_FILES)

.PHONY: layers
layers:
	tests/layers.sh

.PHONY: pure
pure: $(CORE)
	tests/pure.sh $(CORE)

.PHONY: man-lint
man-lint:
	@for page in $(wildcard man/*.[1-9]); do \
		echo "mandoc -T lint $$page"; mandoc -T lint -W warning "$$page" || exit 1; \
	done

# installing

BIN_DIR = $(DESTDIR)$(PREFIX)/bin
LIB_DIR = $(DESTDIR)$(PREFIX)/lib
INCLUDE_DIR = $(DESTDIR)$(PREFIX)/include
MAN_DIR = $(DESTDIR)$(PREFIX)/share/man
DOC_DIR = $(DESTDIR)$(PREFIX)/share/doc/supd
MAN_PAGES = $(wildcard man/*.[1-9])
SAMPLES = $(filter-out conf/run.sh conf/demo.sh,$(wildcard conf/*))

.PHONY: install
install: all
	install -d $(BIN_DIR) $(DOC_DIR)/examples
	install -m 755 $(PROGRAMS) $(BIN_DIR)
	install -D -m 644 src/lib/sup.h $(INCLUDE_DIR)/sup.h
	install -D -m 644 $(BUILD)/libsup.so $(LIB_DIR)/libsup.so.$(VERSION)
	ln -sf libsup.so.$(VERSION) $(LIB_DIR)/libsup.so.$(SUP_ABI)
	ln -sf libsup.so.$(SUP_ABI) $(LIB_DIR)/libsup.so
	install -m 644 $(BUILD)/libsup.a $(LIB_DIR)
	install -d $(LIB_DIR)/pkgconfig
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' src/lib/libsup.pc.in \
		>$(LIB_DIR)/pkgconfig/libsup.pc
	for page in $(MAN_PAGES); do \
		install -D -m 644 "$$page" "$(MAN_DIR)/man$${page##*.}/$${page##*/}" || exit 1; \
	done
	for sample in $(SAMPLES); do \
		cp -R "$$sample" $(DOC_DIR)/examples || exit 1; \
	done

.PHONY: uninstall
uninstall:
	rm -f $(BIN_DIR)/supd $(BIN_DIR)/supctl $(BIN_DIR)/suplog $(INCLUDE_DIR)/sup.h $(LIB_DIR)/libsup.a
	rm -f $(LIB_DIR)/libsup.so $(LIB_DIR)/libsup.so.$(SUP_ABI) $(LIB_DIR)/libsup.so.$(VERSION)
	rm -f $(LIB_DIR)/pkgconfig/libsup.pc
	rm -f $(foreach p,$(MAN_PAGES),$(MAN_DIR)/man$(subst .,,$(suffix $(p)))/$(notdir $(p)))
	rm -rf $(SAMPLES:conf/%=$(DOC_DIR)/examples/%)
	-rmdir $(DOC_DIR)/examples $(DOC_DIR) 2>/dev/null

.PHONY: clean
clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz
