# p9d as a program of its own, built like /init: for tests, measurements, and
# use without /init.

P9D_SRC := $(call sources,lib p9d p9d/wire)

$(B)/p9d: $(P9D_SRC:%.c=$(B)/musl/%.o)
	$(say) LINK $@
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(MUSL_LDFLAGS) -Wl,-u,p9d_main,--defsym=main=p9d_main -o $@ $^

$(P9D_SRC:%.c=$(B)/musl/%.o): $(MUSL_DEPS)
build bench boot-test: $(B)/p9d

# p9d's unit tests once more, under the thread sanitizer; test_nomem has its own
# malloc. A process ends at its first report, so that its client sees it too.
TSAN_FLAGS := -fsanitize=thread -fno-omit-frame-pointer
TSAN_TESTS := $(patsubst %.c,$(B)/tsan/test/%,$(filter-out %/test_nomem.c,$(filter p9d/%,$(TESTS))))
.PHONY: unit-tsan
unit-tsan: $(LIBNL_SRC)/.ready
	$(Q)$(MAKE) --no-print-directory B=$(B)/tsan LIBNL_SRC=$(LIBNL_SRC) SAN='$(TSAN_FLAGS)' \
		$(TSAN_TESTS)
	@TSAN_OPTIONS=halt_on_error=1 scripts/run-unit $(TSAN_TESTS)
