# The compiler for /init: gcc with musl, static position-independent programs, for
# this machine or for another ARCH: then with Debian's cross compiler (the same
# flags, and kernel headers come with it) and Debian's musl of that architecture,
# unpacked and not installed.

SYSROOT := $(if $(CROSS),$(CURDIR)/$(B)/sysroot)
GNU := $(shell $(CROSS)gcc -dumpmachine 2>/dev/null)
MUSL_LIB := $(SYSROOT)/usr/lib/$(GNU:%-gnu=%-musl)
MUSL_SPECS := $(B)/musl/static-pie.specs
MUSL_CC := $(CROSS)gcc -specs=$(MUSL_SPECS)
# gcc would choose atomics at run time by a word that glibc sets.
MUSL_ARCH_aarch64 := -mno-outline-atomics
# gcc would give each table of 32 bytes a cache line's beginning.
MUSL_ARCH_x86_64 := -malign-data=abi
MUSL_CFLAGS := -static-pie -fPIE -Oz -g -idirafter $(B)/musl/kernel-headers $(MUSL_ARCH_$(ARCH)) \
	-fno-asynchronous-unwind-tables -fno-stack-protector -fno-inline-functions-called-once -fno-jump-tables \
	-flto=auto -flto-partition=one -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(B)/=
# Nothing protects what was relocated in a static program of musl's: its page would only be padding.
# Nor is the file padded so that data begins with a page.
MUSL_LDFLAGS := -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,now -Wl,-z,noseparate-code \
	-Wl,-z,common-page-size=64 -Wl,--build-id=none
# Pointers take 24 bytes each to relocate, or, packed, 8 for 63 of them. Debian's
# linker packs on x86-64 only; its musl does not know them, so start.c is there.
INIT_LDFLAGS_x86_64 := -Wl,-z,pack-relative-relocs -Wl,-e,start_packed -Wl,-T,lib/musl/x86_64/init.ld
INIT_LDFLAGS := -L$(B)/musl $(MUSL_LDFLAGS) $(INIT_LDFLAGS_$(ARCH))
# From 1.2.4 on musl has getdents64 and its like for those alone who ask for them.
MUSL_FLAGS := $(COMMON) -D_LARGEFILE64_SOURCE $(MUSL_CFLAGS) $(SECTIONS) -I$(LIBNL_SRC)/include $(BEARSSL_INC)
MUSL_DEPS := $(MUSL_SPECS) $(B)/musl/kernel-headers/linux $(LIBNL_SRC)/.ready $(BEARSSL_SRC)/.ready

# What stands for the C library's own must stay what it is.
LIBC_OBJ := $(patsubst %.c,$(B)/musl/%.o,$(wildcard lib/musl/*.c lib/musl/$(ARCH)/*.c))
$(LIBC_OBJ): MUSL_FLAGS += -fno-lto -fno-builtin

# `musl-gcc -static-pie` makes a dynamic program that wants musl's loader:
# start it with rcrt1.o, and name no loader.
$(MUSL_SPECS): $(if $(CROSS),$(B)/sysroot/.ready,$(MUSL_LIB)/musl-gcc.specs)
	@mkdir -p $(@D)
	$(Q)sed -e 's|/Scrt1.o|/rcrt1.o|' -e 's|/usr/|$(SYSROOT)/usr/|g' \
		-e 's|-dynamic-linker [^ ]*|-static -pie --no-dynamic-linker -z text|' \
		$(MUSL_LIB)/musl-gcc.specs >$@

# Debian's has a cache line's beginning for each function; here they stand close.
TEXT_ALIGN_x86_64 := 1
$(B)/musl/libc.a: $(MUSL_SPECS) scripts/musl.mk
	@mkdir -p $(@D)
	$(Q)$(CROSS)objcopy --set-section-alignment '.text*=$(or $(TEXT_ALIGN_$(ARCH)),4)' $(MUSL_LIB)/libc.a $@

# musl has no kernel headers: three links, so that no glibc header slips in.
HEADERS := $(if $(CROSS),/usr/$(GNU)/include,/usr/include)
$(B)/musl/kernel-headers/linux:
	@mkdir -p $(@D)
	$(Q)ln -sfn $(HEADERS)/asm-generic $(@D)/asm-generic
	$(Q)ln -sfn $(HEADERS)$(if $(CROSS),,/$(GNU))/asm $(@D)/asm
	$(Q)ln -sfn $(HEADERS)/linux $@

$(B)/sysroot/.ready: scripts/fetch-packages scripts/musl.mk | $(APT)/apt.conf
	$(say) FETCH musl:$(ARCH)
	$(Q)APT_DIR=$(APT) scripts/fetch-packages $(@D) musl musl-dev
	@touch $@
