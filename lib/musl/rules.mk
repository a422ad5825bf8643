# The compiler for /init: gcc with musl, static position-independent programs.
# And the libraries from elsewhere, built from Debian's source packages.

LIBNL_SRC := $(B)/src/libnl3
GNU := $(shell gcc -dumpmachine 2>/dev/null)
MUSL_LIB := /usr/lib/$(GNU:%-gnu=%-musl)
MUSL_SPECS := $(B)/musl/static-pie.specs
MUSL_CC := gcc -specs=$(MUSL_SPECS)
# musl has no kernel headers: three links, so that no glibc header slips in.
MUSL_CFLAGS := -static-pie -fPIE -Oz -g -idirafter $(B)/musl/kernel-headers \
	-fno-asynchronous-unwind-tables -fno-stack-protector -flto=auto \
	-ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(B)/=
MUSL_LDFLAGS := -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,-z,noseparate-code \
	-Wl,--build-id=none
INIT_LDFLAGS := $(MUSL_LDFLAGS) -Wl,-T,lib/musl/init.ld -Wl,-z,pack-relative-relocs -Wl,-e,start_packed
# What stands for the C library's own must stay what it is.
START_OBJ := $(patsubst %.c,$(B)/musl/%.o,$(wildcard lib/musl/*.c))
$(START_OBJ): MUSL_FLAGS += -fno-lto -fno-builtin
MUSL_DEPS := $(MUSL_SPECS) $(B)/musl/kernel-headers/linux $(LIBNL_SRC)/.ready

# `musl-gcc -static-pie` makes a dynamic program that wants musl's loader:
# start it with rcrt1.o, and name no loader.
$(MUSL_SPECS): $(MUSL_LIB)/musl-gcc.specs
	@mkdir -p $(@D)
	$(Q)sed -e 's|/Scrt1.o|/rcrt1.o|' \
		-e 's|-dynamic-linker [^ ]*|-static -pie --no-dynamic-linker -z text|' $< >$@

$(B)/musl/kernel-headers/linux:
	@mkdir -p $(@D)
	$(Q)ln -sfn /usr/include/asm-generic $(@D)/asm-generic
	$(Q)ln -sfn /usr/include/$(GNU)/asm $(@D)/asm
	$(Q)ln -sfn /usr/include/linux $@

# --- sources, pinned in scripts/sources.lock ---

$(B)/src/%/.ready: scripts/sources.lock | $(B)/apt/apt.conf
	$(say) FETCH $*
	@mkdir -p $(B)/src
	$(Q)APT_DIR=$(B)/apt scripts/fetch-source $* $(@D)
	@touch $@

# libnl: what links, addresses, neighbours and routes need, without its configure.
LIBNL_FILES := addr attr cache cache_mngt data error handlers hash hashtable mpls msg nl object \
	socket utils version $(addprefix route/,addr link neigh nexthop nexthop_encap nh_encap_mpls \
	route route_obj route_utils rtnl link/api link/sriov)
LIBNL_FLAGS := -w -std=gnu11 -D_GNU_SOURCE -DSYSCONFDIR='"/etc/libnl"' -I$(LIBNL_SRC)/include \
	-I$(LIBNL_SRC)/include/linux-private -I$(B)/src/libnl-config $(SECTIONS)

$(B)/src/libnl-config/defs.h: $(LIBNL_SRC)/.ready lib/musl/rules.mk
	@mkdir -p $(@D)
	$(Q)printf '%s\n' '#define PACKAGE "libnl"' '#define PACKAGE_VERSION "3"' \
		'#define HAVE_LIBPTHREAD 0' '#define DISABLE_PTHREADS 1' >$@

define libnl # directory, compiler with flags
$(B)/$1/libnl/%.o: $(B)/src/libnl-config/defs.h $(if $(filter musl,$1),$(MUSL_DEPS))
	@mkdir -p $$(@D)
	$$(Q)$2 $(LIBNL_FLAGS) -c -o $$@ $(LIBNL_SRC)/lib/$$*.c
$(B)/$1/libnl.a: $(LIBNL_FILES:%=$(B)/$1/libnl/%.o)
	$$(say) AR $$@
	$$(Q)rm -f $$@ && gcc-ar rcs $$@ $$^
endef
$(eval $(call libnl,musl,$(MUSL_CC) $(MUSL_CFLAGS) -DNDEBUG -I. -include lib/musl/libnl.h))
$(LIBNL_FILES:%=$(B)/musl/libnl/%.o): lib/musl/libnl.h
$(eval $(call libnl,test,$(CC) -O1 -g))

# BearSSL: built and held against published vectors. Its first user, the TLS
# link, is not there yet, so it is not linked into /init.
BEARSSL_SRC := $(B)/src/bearssl
$(B)/musl/libbearssl.a: $(BEARSSL_SRC)/.ready $(MUSL_DEPS)
	$(say) MAKE $@
	$(Q)$(MAKE) -s -C $(BEARSSL_SRC) CONF=Unix BUILD=$(abspath $(B)/musl/bearssl) \
		DLL=no TOOLS=no TESTS=no STATICLIB=yes \
		CC='gcc -specs=$(abspath $(MUSL_SPECS))' LD=gcc AR=ar \
		CFLAGS='-w $(patsubst $(B)/%,$(abspath $(B))/%,$(filter-out -flto%,$(MUSL_CFLAGS))) $(SECTIONS)' lib
	$(Q)cp $(B)/musl/bearssl/libbearssl.a $@

$(B)/musl/vectors: interop/link/test/vectors/bearssl.c $(B)/musl/libbearssl.a lib/musl/rules.mk
	$(say) LINK $@
	$(Q)$(MUSL_CC) -std=c11 $(MUSL_CFLAGS) $(WARN) -isystem $(BEARSSL_SRC)/inc $(MUSL_LDFLAGS) -o $@ \
		$(filter %.c %.a,$^)

.PHONY: vectors
vectors: $(B)/musl/vectors
	@$<
