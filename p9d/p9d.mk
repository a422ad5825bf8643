# p9d as a program of its own, built like /init: for tests, measurements, and
# use without /init.

P9D_SRC := $(call sources,lib p9d) p9d/native/main.c

$(B)/p9d: $(P9D_SRC:%.c=$(B)/musl/%.o)
	$(say) LINK $@
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(MUSL_LDFLAGS) -o $@ $^

$(P9D_SRC:%.c=$(B)/musl/%.o): $(MUSL_DEPS)
build bench boot-test: $(B)/p9d
