# Budgets, configurations and reproducible builds: /init built again elsewhere.

# Another /init: $(call init_in,DIRECTORY) with DIRECTORY/.config as it is.
init_in = $(MAKE) --no-print-directory B=$1 CONFIG=$1/.config $1/init >/dev/null

KCONFIG_FILES := Kconfig $(wildcard */Kconfig)

.PHONY: check-init-sizes check-budget check-configs check-reproducible
# What each variant leaves out.
SIZES_all :=
SIZES_tls := TLS
SIZES_full := TLS SHIMS
SIZES_small := NET P9D P9FS TLS VSOCK SCRIPTS MODPROBE BUTTON BINFMT_GUARD INTEROP_USERS DOCTOR \
	CHECK_CONFIG NSS FORWARD SYSTEMD SHIMS
SIZES := all tls full small
check-init-sizes: $(B)/init
	+@$(foreach v,$(SIZES),mkdir -p $(B)/sizes/$v && rm -f $(B)/sizes/$v/.config && \
		KCONFIG_CONFIG=$(B)/sizes/$v/.config $(PYTHON) scripts/kconfig allyesconfig && \
		sed -i '$(foreach o,$(SIZES_$v),s/CONFIG_$o=y/# CONFIG_$o is not set/;)' $(B)/sizes/$v/.config && \
		$(call init_in,$(B)/sizes/$v) &&) scripts/check-sizes $(SIZES:%=$(B)/sizes/%/init)

$(B)/bench/insmod: bench/guest/insmod.c $(MUSL_DEPS)
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) -std=c11 -D_GNU_SOURCE $(MUSL_CFLAGS) $(WARN) $(MUSL_LDFLAGS) -s -o $@ $<

check-budget: check-init-sizes build kernel image $(B)/bench/insmod
	@$(PYTHON) scripts/check-budget $(B)

# All off, all on, and each option flipped alone; in one place, where the libraries stay.
check-configs: $(LIBNL_SRC)/.ready
	+@set -e; dir=$(B)/configs; mkdir -p $$dir; export KCONFIG_CONFIG=$$dir/.config; \
	for v in allnoconfig allyesconfig $(shell sed -n 's/^config //p' $(KCONFIG_FILES)); do \
		rm -f $$dir/.config; \
		case $$v in *config) $(PYTHON) scripts/kconfig $$v ;; \
		*) $(PYTHON) scripts/kconfig flip $$v ;; esac; \
		$(MAKE) --no-print-directory B=$$dir CONFIG=$$dir/.config WERROR=1 $$dir/init >$$dir/log 2>&1 || \
			{ cat $$dir/log; echo "configuration $$v does not build"; exit 1; }; \
		printf '%-16s %8s bytes\n' $$v $$(stat -c %s $$dir/init); \
	done

check-reproducible: $(B)/init
	@rm -rf $(B)/again && mkdir -p $(B)/again
	@[ ! -e $(CONFIG) ] || cp $(CONFIG) $(B)/again/.config
	+@$(MAKE) --no-print-directory B=$(B)/again CONFIG=$(B)/again/.config $(B)/again/init >/dev/null
	@cmp $(B)/init $(B)/again/init && sha256sum $(B)/init
