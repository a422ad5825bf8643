# Unit tests, <folder>/test/test_NOUN.c: native, under the address and
# undefined-behaviour sanitizers.

TEST_SRC := $(wildcard $(FOLDERS:%=%/test/*.c))
TESTS := $(foreach t,$(TEST_SRC),$(if $(filter test_%,$(notdir $t)),$t))
TEST_PROGRAMS := $(TESTS:%.c=$(B)/test/%)

$(TEST_PROGRAMS): $(B)/test/%: $(B)/test/%.o $(B)/test/helpers.a $(B)/test/all.a $(B)/test/libnl.a $(B)/host/libbearssl.a
	$(say) LINK $@
	$(Q)$(CC) $(TEST_FLAGS) -o $@ $^ -lcmocka
$(ALL_SRC:%.c=$(B)/test/%.o) $(TEST_SRC:%.c=$(B)/test/%.o): $(LIBNL_SRC)/.ready $(BEARSSL_SRC)/.ready

$(B)/test/helpers.a: $(patsubst %.c,$(B)/test/%.o,$(filter-out $(TESTS),$(TEST_SRC)))
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/test/all.a: $(patsubst %.c,$(B)/test/%.o,$(filter-out $(MAINS),$(ALL_SRC)))
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

.PHONY: unit unit-tsan
unit: $(TEST_PROGRAMS)
	@scripts/run-unit $^

# Those of p9d and p9fs once more, under the thread sanitizer; test_nomem has its own
# malloc. A process ends at its first report, so that its client sees it too.
TSAN_FLAGS := -fsanitize=thread -fno-omit-frame-pointer
TSAN_TESTS := $(patsubst %.c,$(B)/tsan/test/%,$(filter-out %/test_nomem.c,$(filter p9d/% p9fs/%,$(TESTS))))
unit-tsan:
	$(Q)$(MAKE) --no-print-directory B=$(B)/tsan SAN='$(TSAN_FLAGS)' $(TSAN_TESTS)
	@TSAN_OPTIONS=halt_on_error=1 scripts/run-unit $(TSAN_TESTS)
