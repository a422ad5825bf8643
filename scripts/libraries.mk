# Libraries from elsewhere, built from Debian's source packages as
# scripts/sources.lock pins them; also for another ARCH from the same sources.

BEARSSL_O := -Oz
COMMA := ,

# Files that are there, as in a source package for Debian, need no apt.
$(SRC)/%/.ready: scripts/sources.lock | $(if $(wildcard $(SRC)/download),,build/apt/apt.conf)
	$(say) FETCH $*
	@mkdir -p $(SRC)
	$(Q)APT_DIR=build/apt scripts/fetch-source $* $(@D)
	@touch $@

# libnl: its core, without its configure. Its objects for links and routes, which
# would bring all kinds of them that there are, are 50 KiB for four messages.
LIBNL_FILES := addr attr cache cache_mngt data error handlers hash hashtable mpls msg nl object socket \
	utils version
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

# BearSSL, what links over tcp are under: /init's, the host's with which the tests are
# linked too, and one that tells fuzzers where they are. Debian's 0.6 is older than the faulty P-256 for 64 bits that
# came after it; `make vectors` holds what is used against published results.
define bearssl # directory, compiler, what its flags depend on, flags
$(B)/$1/libbearssl.a: $(BEARSSL_SRC)/.ready scripts/libraries.mk $3
	$$(say) MAKE $$@
	@mkdir -p $$(@D)
	$$(Q)$$(MAKE) -s -C $(BEARSSL_SRC) CONF=Unix BUILD=$(abspath $(B)/$1/bearssl) \
		DLL=no TOOLS=no TESTS=no STATICLIB=yes CC='$2' LD='$2' AR=$(if $(filter win,$1),$(MINGW_AR),$(CROSS)ar) CFLAGS='-w $4 $(SECTIONS)' lib
	$$(Q)cp $(B)/$1/bearssl/libbearssl.a $$@
endef
$(eval $(call bearssl,musl,$(CROSS)gcc -specs=$(abspath $(MUSL_SPECS)),$(MUSL_DEPS),\
	$(patsubst $(B)/%,$(abspath $(B))/%,$(filter-out -flto% -Oz,$(MUSL_CFLAGS))) $(BEARSSL_O)))
$(eval $(call bearssl,host,$(CC),,-O2 -g -fPIC))
# Windows' seed comes from CryptGenRandom, never from the processor alone.
$(eval $(call bearssl,win,$(MINGW_CC),,-Os -DBR_RDRAND=0))
CLANG ?= clang
$(eval $(call bearssl,fuzz,$(CLANG),,-O1 -g -fsanitize=fuzzer-no-link$(COMMA)address))

define vectors # directory, compiler with flags, libraries, suffix
$(B)/$1/vectors$4: interop/link/test/vectors/bearssl.c $(B)/$1/libbearssl.a scripts/libraries.mk
	$$(say) LINK $$@
	$$(Q)$2 -std=c11 $(WARN) -isystem $(BEARSSL_SRC)/inc -o $$@ $$(filter %.c %.a,$$^) $3
endef
$(eval $(call vectors,musl,$(MUSL_CC) $(MUSL_CFLAGS) $(MUSL_LDFLAGS)))
$(eval $(call vectors,host,$(CC) -O2))
$(eval $(call vectors,win,$(MINGW_CC) -O2 -static,-ladvapi32,.exe))

# The last one where there is Wine, whose prefix takes some seconds once.
WINE := PATH="$$PATH:/usr/lib/wine" WINEPREFIX=$(abspath $(B))/win/prefix WINEDEBUG=-all \
	WINEDLLOVERRIDES='mscoree,mshtml=' wine64
.PHONY: vectors
vectors: $(B)/musl/vectors $(B)/host/vectors $(B)/win/vectors.exe
	@$(B)/musl/vectors /init
	@$(B)/host/vectors 'a Linux host'
	@PATH="$$PATH:/usr/lib/wine"; if command -v wine64 >/dev/null; then $(WINE) $(B)/win/vectors.exe 'a Windows host'; \
		else echo 'bearssl for a Windows host: not tried, there is no wine64'; fi
