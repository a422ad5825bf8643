# Measurements. bench/NAME.c becomes build/bench/NAME with the same objects as
# everything else, optimised; bench/bench_NOUN.py runs and compares, and prints
# one table.

BENCH_SRC := $(wildcard bench/*.c)
BENCHES := $(BENCH_SRC:bench/%.c=$(B)/bench/%)
BENCH_FLAGS := $(COMMON) -O2 -g $(SECTIONS) -isystem $(LIBNL_SRC)/include $(BEARSSL_INC)

$(eval $(call objects,bench/o,$(CC),BENCH))
$(ALL_SRC:%.c=$(B)/bench/o/%.o): $(LIBNL_SRC)/.ready $(BEARSSL_SRC)/.ready

$(B)/bench/all.a: $(patsubst %.c,$(B)/bench/o/%.o,$(filter-out $(MAINS),$(ALL_SRC)))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BENCHES): $(B)/bench/%: $(B)/bench/o/bench/%.o $(B)/bench/all.a $(B)/test/libnl.a $(B)/host/libbearssl.a
	$(say) LINK $@
	$(Q)$(CC) -Wl,--gc-sections -o $@ $^ -lpthread

.PHONY: bench
bench: build $(BENCHES) vsock-device
	@scripts/install-packages bench
	@set -e; for b in $(wildcard bench/bench_*.py); do $(PYTHON) $$b; done
