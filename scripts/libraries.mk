# Libraries from elsewhere, built from Debian's source packages as
# scripts/sources.lock pins them; also for another ARCH from the same sources.

BEARSSL_SRC := $(SRC)/bearssl

$(SRC)/%/.ready: scripts/sources.lock | build/apt/apt.conf
	$(say) FETCH $*
	@mkdir -p $(SRC)
	$(Q)APT_DIR=build/apt scripts/fetch-source $* $(@D)
	@touch $@

# libnl: its core, without its configure. Its objects for links and routes, which
# would bring all kinds of them that there are, are 50 KiB for four messages.
LIBNL_FILES := attr cache_mngt error handlers msg nl socket utils version
LIBNL_FLAGS := -w -std=gnu11 -D_GNU_SOURCE -DSYSCONFDIR='"/etc/libnl"' -I$(LIBNL_SRC)/include \
	-I$(LIBNL_SRC)/include/linux-private -I$(SRC)/libnl-config $(SECTIONS)

$(SRC)/libnl-config/defs.h: $(LIBNL_SRC)/.ready scripts/libraries.mk
	@mkdir -p $(@D)
	$(Q)printf '%s\n' '#define PACKAGE "libnl"' '#define PACKAGE_VERSION "3"' \
		'#define HAVE_LIBPTHREAD 0' '#define DISABLE_PTHREADS 1' >$@

define libnl # directory, compiler with flags
$(B)/$1/libnl/%.o: $(SRC)/libnl-config/defs.h $(if $(filter musl,$1),$(MUSL_DEPS)) scripts/musl.mk
	@mkdir -p $$(@D)
	$$(Q)$2 $(LIBNL_FLAGS) -c -o $$@ $(LIBNL_SRC)/lib/$$*.c
$(B)/$1/libnl.a: $(LIBNL_FILES:%=$(B)/$1/libnl/%.o)
	$$(say) AR $$@
	$$(Q)rm -f $$@ && $(CROSS)gcc-ar rcs $$@ $$^
endef
$(eval $(call libnl,musl,$(MUSL_CC) $(MUSL_CFLAGS) -DNDEBUG -I. -include lib/musl/libnl.h))
$(LIBNL_FILES:%=$(B)/musl/libnl/%.o): lib/musl/libnl.h
$(eval $(call libnl,test,$(CC) -O1 -g))

# BearSSL: built and held against published vectors. Its first user, the TLS
# link, is not there yet, so it is not linked into /init.
$(B)/musl/libbearssl.a: $(BEARSSL_SRC)/.ready $(MUSL_DEPS)
	$(say) MAKE $@
	$(Q)$(MAKE) -s -C $(BEARSSL_SRC) CONF=Unix BUILD=$(abspath $(B)/musl/bearssl) \
		DLL=no TOOLS=no TESTS=no STATICLIB=yes \
		CC='$(CROSS)gcc -specs=$(abspath $(MUSL_SPECS))' LD=$(CROSS)gcc AR=$(CROSS)ar \
		CFLAGS='-w $(patsubst $(B)/%,$(abspath $(B))/%,$(filter-out -flto%,$(MUSL_CFLAGS))) $(SECTIONS)' lib
	$(Q)cp $(B)/musl/bearssl/libbearssl.a $@

$(B)/musl/vectors: interop/link/test/vectors/bearssl.c $(B)/musl/libbearssl.a scripts/libraries.mk
	$(say) LINK $@
	$(Q)$(MUSL_CC) -std=c11 $(MUSL_CFLAGS) $(WARN) -isystem $(BEARSSL_SRC)/inc $(MUSL_LDFLAGS) -o $@ \
		$(filter %.c %.a,$^)

.PHONY: vectors
vectors: $(B)/musl/vectors
	@$<
