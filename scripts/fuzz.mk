# Fuzz targets: every fuzz/fuzz_NOUN.c, with libFuzzer, ASan and UBSan.
# Seeds and past finds are in fuzz/corpus/NOUN; what a run learns stays in
# build/fuzz/corpus.

FUZZ_SRC := $(wildcard fuzz/fuzz_*.c)
FUZZERS := $(FUZZ_SRC:fuzz/%.c=$(B)/fuzz/%)
FUZZ_TIME ?= 60
FUZZ_FLAGS := $(COMMON) -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -isystem $(LIBNL_SRC)/include $(BEARSSL_INC)

$(eval $(call objects,fuzz/o,$(CLANG),FUZZ))
$(ALL_SRC:%.c=$(B)/fuzz/o/%.o): $(LIBNL_SRC)/.ready $(BEARSSL_SRC)/.ready

$(B)/fuzz/all.a: $(patsubst %.c,$(B)/fuzz/o/%.o,$(filter-out $(MAINS),$(ALL_SRC)))
	$(Q)rm -f $@ && ar rcs $@ $^

$(FUZZERS): $(B)/fuzz/%: $(B)/fuzz/o/fuzz/%.o $(B)/fuzz/all.a $(B)/test/libnl.a $(B)/fuzz/libbearssl.a
	$(say) LINK $@
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^

.PHONY: fuzz fuzz-replay
fuzz: $(FUZZERS)
	@scripts/run-fuzz $(FUZZ_TIME) $^
fuzz-replay: $(FUZZERS)
	@scripts/run-fuzz 0 $^
