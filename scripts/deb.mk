# Debian's packages: in build/deb/SUITE for each of SUITES, with the source package.
# What makes them a package is in scripts/deb, which becomes debian/ in a tree laid out
# for that, together with the sources that were fetched.

SUITES := bookworm trixie

.PHONY: deb
deb:
	@scripts/install-packages build deb
	@$(MAKE) -s $(LIBNL_SRC)/.ready $(BEARSSL_SRC)/.ready
	@scripts/make-deb build/deb $(SUITES)

# Installed, used and removed, each in another clean chroot of its release.
.PHONY: check-deb
check-deb: deb
	@scripts/check-deb build/deb $(SUITES)
