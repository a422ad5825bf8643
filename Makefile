# Landbridge's one way in: `make help` lists what there is.

# Another machine's /init: make ARCH=aarch64 build/init
ARCH := $(shell uname -m)
CROSS := $(if $(filter-out $(shell uname -m),$(ARCH)),$(ARCH)-linux-gnu-)
B := build$(if $(CROSS),/$(ARCH))
# What is fetched: sources, and by a private apt packages that are not installed.
SRC := build/src
APT := build/apt$(if $(CROSS),-$(ARCH))
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

SHARED := lib pathconv interop/wire interop/link interop/stream interop/stream/channel interop/stream/posix
GUEST := $(SHARED) binfmt init interop/guest p9d p9d/wire p9fs
HOST := $(SHARED) interop/host interop/host/posix p9d p9d/wire p9fs
FOLDERS := $(sort $(GUEST) $(HOST))
MAINS := init/main.c interop/host/posix/main.c

sources = $(sort $(wildcard $(1:%=%/*.c)))
GUEST_SRC := $(call sources,$(GUEST))
P9D_SRC := $(call sources,lib p9d p9d/wire)
P9TOOLS := p9mount p9drive
P9TOOLS_SRC := $(call sources,lib p9fs p9d p9d/wire)
HOST_SRC := $(call sources,$(HOST)) binfmt/pe.c
ALL_SRC := $(call sources,$(FOLDERS))
# What a Windows host has of its own, and what it has of Linux's, as it is
# (lib/win32/posix.h); START_SRC is landbridge-start.exe, which Wine needs.
WIN := lib/win32 interop/link/win32 interop/stream/win32 interop/host/win32
WIN_SRC := $(call sources,$(WIN))
WIN_LINK := lib/ace.c lib/acceptor.c lib/log.c lib/report.c lib/ring.c lib/timer.c interop/stream/channel/channel.c \
	$(filter-out %/dial_serial.c %/dial_unix.c %/dial_listen.c %/dial_vsock.c %/key_load.c,$(call sources,interop/link))
START_SRC := $(addprefix interop/host/win32/,start.c program.c console.c variables.c drive.c)

# --- flags ---

WARN := -Wall -Wextra -Wpedantic -Wundef -Wvla -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough -Wformat=2 \
	$(if $(filter 1,$(WERROR)),-Werror)
# Code that takes apart bytes from outside also answers for every conversion.
STRICT := pathconv/% interop/wire/% lib/bytes% lib/rootfs% lib/modules_dep% p9d/wire/% p9fs/fuse_wire%
warn = $(WARN) $(if $(filter $(STRICT),$1),-Wconversion)
COMMON := -std=c11 -D_GNU_SOURCE -I. -include $(B)/config.h -MMD -MP
SECTIONS := -ffunction-sections -fdata-sections
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

LIBNL_SRC := $(SRC)/libnl3
BEARSSL_SRC := $(SRC)/bearssl
BEARSSL_INC := -isystem $(BEARSSL_SRC)/inc
MINGW_CC ?= x86_64-w64-mingw32-gcc
MINGW_AR ?= x86_64-w64-mingw32-gcc-ar
include scripts/musl.mk scripts/libraries.mk

HOST_FLAGS := $(COMMON) -O2 -g $(SECTIONS) $(BEARSSL_INC)
TEST_FLAGS := $(COMMON) -O1 -g $(SAN) -I$(LIBNL_SRC)/include $(BEARSSL_INC)

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

OBJDIRS := musl host win test fuzz lint

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
$(HOST_SRC:%.c=$(B)/host/%.o): $(BEARSSL_SRC)/.ready
$(patsubst %.c,$(B)/win/%.o,$(WIN_LINK) $(WIN_SRC)): $(BEARSSL_SRC)/.ready
$(GUEST_SRC:%.c=$(B)/musl/%.o) $(P9TOOLS:%=$(B)/musl/rootfs-tests/%.o) $(LIBC_OBJ): $(MUSL_DEPS)

# --- programs ---

.PHONY: build
build: $(B)/init $(B)/p9d $(P9TOOLS:%=$(B)/%) $(B)/landbridge $(B)/landbridge-start.exe $(B)/landbridge.exe $(B)/fetch-kernel cores
ifneq ($(CROSS),)
.PHONY: build/init
build/init: $(B)/init
endif

$(B)/init: $(B)/init.debug scripts/strip-sections scripts/check-init
	$(say) STRIP $@
	$(Q)$(CROSS)strip -o $@.new $< && $(PYTHON) scripts/strip-sections $@.new && \
		scripts/check-init $@.new && mv $@.new $@

$(B)/init.debug: $(GUEST_SRC:%.c=$(B)/musl/%.o) $(LIBC_OBJ) $(B)/musl/libnl.a $(B)/musl/libbearssl.a \
		$(B)/musl/libc.a scripts/musl.mk
	$(say) LINK $@
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(INIT_LDFLAGS) -o $@ $(filter %.o %/libnl.a %/libbearssl.a,$^)

# The file server as a program of its own: for tests and measurements, and for
# use without /init.
$(B)/p9d: $(P9D_SRC:%.c=$(B)/musl/%.o) $(LIBC_OBJ) $(B)/musl/libc.a
	$(say) LINK $@
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) -L$(B)/musl $(MUSL_LDFLAGS) -Wl,-u,p9d_main,--defsym=main=p9d_main -o $@ $(filter %.o,$^)

# The file system as root mounts it: for tests, in the guest too.
$(P9TOOLS:%=$(B)/%): $(B)/%: $(B)/musl/rootfs-tests/%.o $(P9TOOLS_SRC:%.c=$(B)/musl/%.o)
	$(say) LINK $@
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(MUSL_LDFLAGS) -o $@ $^

$(B)/landbridge: $(HOST_SRC:%.c=$(B)/host/%.o) $(B)/host/libbearssl.a
	$(say) LINK $@
	$(Q)$(CC) $(HOST_FLAGS) -Wl,--gc-sections -o $@ $^

# GetProcAddress gives functions as data pointers; ISO C has no word for that.
MINGW_FLAGS = -std=c11 -Os -I. $(MINGW_WARN)
$(B)/landbridge-start.exe: $(START_SRC)
	$(say) MINGW $@
	$(Q)$(MINGW_CC) $(MINGW_FLAGS) -s -static -o $@ $^

# What a Windows host shares with this one must stay portable: it is compiled
# for Windows each time.
CORES := interop/wire interop/stream interop/host p9d/wire
CORE_SRC := $(call sources,$(CORES)) lib/bytes.c lib/fmt.c lib/text.c lib/fold.c \
	$(filter-out %/load.c %/wslpath.c %/wslinfo.c,$(call sources,pathconv))
WIN_FLAGS := $(COMMON) -Os $(SECTIONS) $(BEARSSL_INC)
WIN_POSIX := -Ilib/win32/include -include lib/win32/posix.h
WIN_POSIX_SRC := $(WIN_LINK) $(filter lib/% interop/link/% interop/stream/%,$(WIN_SRC))
$(WIN_POSIX_SRC:%.c=$(B)/win/%.o): WIN_FLAGS += $(WIN_POSIX)
MINGW_WARN = $(filter-out -Wpedantic,$(WARN))
.PRECIOUS: $(B)/win/%.o
$(B)/win/%.o: %.c $(B)/config.h
	$(say) MINGW $<
	@mkdir -p $(@D)
	$(Q)$(MINGW_CC) $(WIN_FLAGS) $(MINGW_WARN) -c -o $@ $<

.PHONY: cores
cores: $(CORE_SRC:%.c=$(B)/win/%.o)

$(B)/landbridge.exe: $(patsubst %.c,$(B)/win/%.o,$(CORE_SRC) $(WIN_LINK) $(filter-out %/start.c,$(WIN_SRC))) \
		$(B)/win/libbearssl.a
	$(say) LINK $@
	$(Q)$(MINGW_CC) -s -static -municode -Wl,--gc-sections -o $@ $^ -lws2_32 -liphlpapi -ladvapi32

# What `landbridge` starts to make a default kernel and image, beside it.
DATA_SCRIPTS := apt-private fetch-kernel extract-vmlinux make-image tar-attributes tree-times disk-tar layers-tar Tar.pm
$(B)/fetch-kernel: $(DATA_SCRIPTS:%=scripts/%)
	@mkdir -p $(B)
	$(Q)install -m 755 $^ $(B)/

# --- the front doors: these also install what is missing ---

.PHONY: run test check
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

include scripts/unit.mk scripts/fuzz.mk scripts/boot.mk scripts/bench.mk scripts/lint.mk scripts/budget.mk scripts/deb.mk scripts/dist.mk

# --- install, clean, help ---

.PHONY: install
LIBDIR = $(DESTDIR)$(PREFIX)/lib/landbridge
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(LIBDIR)
	install -m 755 $(B)/landbridge $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(B)/init $(B)/landbridge-start.exe $(DATA_SCRIPTS:%=$(B)/%) \
		$(LIBDIR)/
	chmod 644 $(LIBDIR)/Tar.pm $(LIBDIR)/landbridge-start.exe
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/user
	sed 's|@BINDIR@|$(PREFIX)/bin|' scripts/landbridge@.service >$(DESTDIR)$(PREFIX)/lib/systemd/user/landbridge@.service
	[ ! -d $(B)/kernel/modules ] || cp -r $(B)/kernel $(LIBDIR)/
	[ ! -e $(B)/images/debian.ext4 ] || \
		{ install -d $(LIBDIR)/images && cp --sparse=always $(B)/images/debian.* $(LIBDIR)/images/; }
	for place in bash:bash-completion/completions/landbridge zsh:zsh/site-functions/_landbridge \
		fish:fish/vendor_completions.d/landbridge.fish; do \
		install -d $(DESTDIR)$(PREFIX)/share/$$(dirname $${place#*:}) && \
		$(B)/landbridge completion $${place%%:*} >$(DESTDIR)$(PREFIX)/share/$${place#*:} || exit; done
	for page in $(wildcard doc/*.[1-8]); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done

.PHONY: clean distclean help
clean: # keeps what was fetched: the kernel, images and sources
	@find build build/aarch64 -mindepth 1 -maxdepth 1 ! -name kernel ! -name images ! -name 'apt*' \
		! -name src ! -name aarch64 ! -name sysroot ! -name busybox -exec rm -rf {} + 2>/dev/null || true
distclean:
	rm -rf build

help:
	@cat scripts/help

-include $(shell find $(wildcard $(OBJDIRS:%=$(B)/%)) /dev/null -name '*.d' -type f)
