# Landbridge's one way in: `make help` lists what there is.

B := build
CONFIG := .config
PYTHON := /usr/bin/python3
PREFIX ?= /usr/local
V ?= 0
WERROR ?= $(if $(filter true,$(CI)),1,0)
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-8s %s\n')

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SUFFIXES:
.PRECIOUS: $(B)/%.flags
.PHONY: FORCE

# --- what is built from what: files are found, not listed ---

SHARED := lib pathconv interop/wire interop/link interop/stream
GUEST := $(SHARED) binfmt init interop/guest p9d p9d/wire
HOST := $(SHARED) interop/host interop/host/posix p9d/wire p9fs
FOLDERS := $(sort $(GUEST) $(HOST))
MAINS := init/main.c interop/host/posix/main.c

sources = $(sort $(wildcard $(1:%=%/*.c)))
GUEST_SRC := $(call sources,$(GUEST))
HOST_SRC := $(call sources,$(HOST))
ALL_SRC := $(call sources,$(FOLDERS))
WIN_SRC := $(wildcard interop/host/win32/*.c)
TEST_SRC := $(wildcard $(FOLDERS:%=%/test/*.c))
TESTS := $(foreach t,$(TEST_SRC),$(if $(filter test_%,$(notdir $t)),$t))

# --- flags ---

WARN := -Wall -Wextra -Wpedantic -Wundef -Wvla -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough -Wformat=2 \
	$(if $(filter 1,$(WERROR)),-Werror)
# Code that takes apart bytes from outside also answers for every conversion.
STRICT := pathconv/% interop/wire/% lib/bytes% lib/rootfs% lib/modules_dep% p9d/wire/%
warn = $(WARN) $(if $(filter $(STRICT),$1),-Wconversion)
COMMON := -std=c11 -D_GNU_SOURCE -I. -include $(B)/config.h -MMD -MP
SECTIONS := -ffunction-sections -fdata-sections
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

include lib/musl/rules.mk

MUSL_FLAGS := $(COMMON) $(MUSL_CFLAGS) $(SECTIONS) -I$(LIBNL_SRC)/include
HOST_LIBS := -lfuse3
HOST_FLAGS := $(COMMON) -O2 -g $(SECTIONS)
TEST_FLAGS := $(COMMON) -O1 -g $(SAN) -I$(LIBNL_SRC)/include

# --- the configuration ---

# Runs each time; writes only when something changed, so that only then
# anything is built again.
$(B)/config.h: FORCE
	@mkdir -p $(@D)
	@KCONFIG_CONFIG=$(CONFIG) $(PYTHON) scripts/kconfig header $@

CONFIG_TARGETS := defconfig olddefconfig allnoconfig allyesconfig menuconfig
.PHONY: $(CONFIG_TARGETS)
$(CONFIG_TARGETS):
	@KCONFIG_CONFIG=$(CONFIG) $(PYTHON) scripts/kconfig $@

# Flags are a configuration too.
$(B)/%.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(WARN) $($(*F)_FLAGS)' | cmp -s - $@ || echo '$(CC) $(WARN) $($(*F)_FLAGS)' >$@

# --- objects ---

OBJDIRS := musl host test fuzz lint

define objects # directory, compiler, flags variable
.PRECIOUS: $(B)/$1/%.o
$(B)/$1/%.o: %.c $(B)/config.h $(B)/$3.flags
	$$(say) $3 $$<
	@mkdir -p $$(@D)
	$$(Q)$2 $$($3_FLAGS) $$(call warn,$$<) -c -o $$@ $$<
endef
$(eval $(call objects,musl,$(MUSL_CC),MUSL))
$(eval $(call objects,host,$(CC),HOST))
$(eval $(call objects,test,$(CC),TEST))
$(MUSL_DEPS): | $(B)/config.h
$(GUEST_SRC:%.c=$(B)/musl/%.o): $(MUSL_DEPS)
$(ALL_SRC:%.c=$(B)/test/%.o) $(TEST_SRC:%.c=$(B)/test/%.o): $(LIBNL_SRC)/.ready

# --- programs ---

.PHONY: build
build: $(B)/init $(B)/landbridge $(B)/landbridge-start.exe $(B)/fetch-kernel

$(B)/init: $(B)/init.debug scripts/check-init
	$(say) STRIP $@
	$(Q)strip -o $@.new $< && scripts/check-init $@.new && mv $@.new $@

$(B)/init.debug: $(GUEST_SRC:%.c=$(B)/musl/%.o) $(START_OBJ) $(B)/musl/libnl.a \
		lib/musl/init.ld lib/musl/rules.mk
	$(say) LINK $@
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(INIT_LDFLAGS) -o $@ $(filter %.o %.a,$^)

$(B)/landbridge: $(HOST_SRC:%.c=$(B)/host/%.o)
	$(say) LINK $@
	$(Q)$(CC) $(HOST_FLAGS) -Wl,--gc-sections -o $@ $^ $(HOST_LIBS)

MINGW_CC ?= x86_64-w64-mingw32-gcc
# GetProcAddress gives functions as data pointers; ISO C has no word for that.
MINGW_FLAGS = -std=c11 -Os -I. $(filter-out -Wpedantic,$(WARN))
$(B)/landbridge-start.exe: interop/host/win32/start.c
	$(say) MINGW $@
	$(Q)$(MINGW_CC) $(MINGW_FLAGS) -s -static -o $@ $^

# What `landbridge` starts to make a default kernel and image, beside it.
DATA_SCRIPTS := apt-private fetch-kernel extract-vmlinux make-image
$(B)/fetch-kernel: $(DATA_SCRIPTS:%=scripts/%)
	@mkdir -p $(B)
	$(Q)install -m 755 $^ $(B)/

# --- unit tests: native, under the address and undefined-behaviour sanitizers ---

TEST_PROGRAMS := $(TESTS:%.c=$(B)/test/%)
$(TEST_PROGRAMS): $(B)/test/%: $(B)/test/%.o $(B)/test/helpers.a $(B)/test/all.a $(B)/test/libnl.a
	$(say) LINK $@
	$(Q)$(CC) $(TEST_FLAGS) -o $@ $^ -lcmocka $(HOST_LIBS)

$(B)/test/helpers.a: $(patsubst %.c,$(B)/test/%.o,$(filter-out $(TESTS),$(TEST_SRC)))
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/test/all.a: $(patsubst %.c,$(B)/test/%.o,$(filter-out $(MAINS),$(ALL_SRC)))
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

.PHONY: unit
unit: $(TEST_PROGRAMS)
	@scripts/run-unit $^

# --- kernel and image: Debian's own, fetched and made once ---

.PHONY: kernel image
kernel: $(B)/kernel/vmlinux
image: $(B)/images/debian.ext4
$(B)/apt/apt.conf:
	$(Q)scripts/apt-private $(B)/apt
$(B)/kernel/vmlinux: | $(B)/apt/apt.conf
	$(Q)APT_DIR=$(B)/apt scripts/fetch-kernel $(B)/kernel
$(B)/images/debian.tar: | $(B)/kernel/vmlinux # one apt at a time
	$(Q)APT_DIR=$(B)/apt scripts/make-image --debian $@
$(B)/images/%.ext4: $(B)/images/%.tar
	$(Q)scripts/make-image $< $@

# For p9d's test suites: what they run in the guest.
SUITE_PACKAGES := fio dbench stress-ng postmark git gcc make libc6-dev attr acl quota
.PHONY: suite-image
suite-image: $(B)/images/p9suite.ext4
$(B)/images/p9suite.tar: | $(B)/images/debian.tar
	$(Q)APT_DIR=$(B)/apt scripts/make-image --debian $@ $(SUITE_PACKAGES)

# --- the front doors: these also install what is missing ---

.PHONY: run test check boot-test soak soak-p9d
SOAK_FUZZ_TIME ?= 900
SOAK_FUZZERS = $(FUZZERS)
SOAK_TESTS = rootfs-tests
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
run:
	@scripts/install-packages build run
	@$(MAKE) --no-print-directory $(JOBS) build kernel image
	@$(B)/landbridge run $(ARGS)

test:
	@scripts/install-packages build run test
	@$(MAKE) --no-print-directory $(JOBS) check

# Each runner prints its own closing line.
CHECKS := build lint unit vectors fuzz-replay check-init-sizes boot-test
check:
	@set -e; for part in $(CHECKS); do $(MAKE) --no-print-directory $$part; done
	@echo 'all tests passed'

boot-test: build kernel image suite-image
	$(Q)$(PYTHON) -m pytest -p no:cacheprovider rootfs-tests $(PYTEST_ARGS)

# The long forms of everything, or of the file server alone.
soak-p9d: SOAK_FUZZERS = $(filter $(B)/fuzz/fuzz_p9%,$(FUZZERS))
soak-p9d: SOAK_TESTS = $(wildcard rootfs-tests/test_p9*.py)
soak soak-p9d: build kernel image suite-image
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_TIME=$(SOAK_FUZZ_TIME) FUZZERS='$(SOAK_FUZZERS)'
	$(Q)LANDBRIDGE_SOAK=1 $(PYTHON) -m pytest -p no:cacheprovider $(SOAK_TESTS) $(PYTEST_ARGS)

-include p9d/p9d.mk
include fuzz/rules.mk bench/rules.mk scripts/lint.mk scripts/budget.mk

# --- install, clean, help ---

.PHONY: install
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/landbridge
	install -m 755 $(B)/landbridge $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(B)/init $(B)/landbridge-start.exe $(DATA_SCRIPTS:%=$(B)/%) \
		$(DESTDIR)$(PREFIX)/lib/landbridge/
	[ ! -d $(B)/kernel/modules ] || cp -r $(B)/kernel $(DESTDIR)$(PREFIX)/lib/landbridge/
	[ ! -e $(B)/images/debian.ext4 ] || { install -d $(DESTDIR)$(PREFIX)/lib/landbridge/images && cp --sparse=always $(B)/images/debian.* $(DESTDIR)$(PREFIX)/lib/landbridge/images/; }
	for page in $(wildcard doc/*.[1-8]); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done

.PHONY: clean distclean help
clean: # keeps what was fetched: the kernel, images and sources
	@[ ! -d $(B) ] || find $(B) -mindepth 1 -maxdepth 1 ! -name kernel ! -name images \
		! -name apt ! -name src -exec rm -rf {} +
distclean:
	rm -rf $(B)

help:
	@cat scripts/help

-include $(shell find $(wildcard $(OBJDIRS:%=$(B)/%)) /dev/null -name '*.d' -type f)
