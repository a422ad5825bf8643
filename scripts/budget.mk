# Budgets, configurations and reproducible builds: /init built again elsewhere.

# Another /init: $(call init_in,DIRECTORY) with DIRECTORY/.config as it is.
init_in = mkdir -p $1 && ln -sfn ../../src ../../apt $1 && \
	$(MAKE) --no-print-directory B=$1 CONFIG=$1/.config $1/init >/dev/null

KCONFIG_FILES := Kconfig $(wildcard */Kconfig)

.PHONY: check-init-sizes check-budget check-configs check-reproducible
check-init-sizes: $(B)/init
	@rm -rf $(B)/sizes/*/.config
	@for v in full files small; do mkdir -p $(B)/sizes/$$v; \
		KCONFIG_CONFIG=$(B)/sizes/$$v/.config $(PYTHON) scripts/kconfig allyesconfig; done
	@sed -i 's/CONFIG_NET=y/# CONFIG_NET is not set/' $(B)/sizes/files/.config $(B)/sizes/small/.config
	@sed -i 's/CONFIG_P9D=y/# CONFIG_P9D is not set/' $(B)/sizes/small/.config
	+@$(call init_in,$(B)/sizes/full)
	+@$(call init_in,$(B)/sizes/files)
	+@$(call init_in,$(B)/sizes/small)
	@scripts/check-sizes $(B)/sizes/full/init $(B)/sizes/files/init $(B)/sizes/small/init

$(B)/bench/insmod: bench/guest/insmod.c $(MUSL_DEPS)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) -std=c11 -D_GNU_SOURCE $(MUSL_CFLAGS) $(WARN) $(MUSL_LDFLAGS) -s -o $@ $<

check-budget: check-init-sizes build kernel image $(B)/bench/insmod
	@$(PYTHON) scripts/check-budget $(B)

# All off, all on, and each option flipped alone.
check-configs: $(LIBNL_SRC)/.ready
	+@set -e; for v in allnoconfig allyesconfig $(shell sed -n 's/^config //p' $(KCONFIG_FILES)); do \
		dir=$(B)/configs/$$v; mkdir -p $$dir; rm -f $$dir/.config; \
		export KCONFIG_CONFIG=$$dir/.config; \
		case $$v in *config) $(PYTHON) scripts/kconfig $$v ;; \
		*) $(PYTHON) scripts/kconfig flip $$v ;; esac; \
		ln -sfn ../../src ../../apt $$dir; \
		$(MAKE) --no-print-directory B=$$dir CONFIG=$$dir/.config WERROR=1 $$dir/init >$$dir/log 2>&1 || \
			{ cat $$dir/log; echo "configuration $$v does not build"; exit 1; }; \
		printf '%-16s %8s bytes\n' $$v $$(stat -c %s $$dir/init); \
	done

check-reproducible: $(B)/init
	@rm -rf $(B)/again && mkdir -p $(B)/again
	@[ ! -e $(CONFIG) ] || cp $(CONFIG) $(B)/again/.config
	@mkdir -p $(B)/again && ln -sfn ../src ../apt $(B)/again
	+@$(MAKE) --no-print-directory B=$(B)/again CONFIG=$(B)/again/.config $(B)/again/init >/dev/null
	@cmp $(B)/init $(B)/again/init && sha256sum $(B)/init
