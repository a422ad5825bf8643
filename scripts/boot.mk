# Boot tests: real images under QEMU. Kernel and image are Debian's own, fetched
# and made once.

.PHONY: kernel image suite-image systemd-image busybox
kernel: $(B)/kernel/release
image: $(B)/images/debian.ext4
suite-image: $(B)/images/p9suite.ext4
systemd-image: $(B)/images/systemd.tar

# Debian's names of architectures.
DEBIAN_x86_64 := amd64
DEBIAN_aarch64 := arm64

$(APT)/apt.conf:
	$(Q)scripts/apt-private $(APT) $(DEBIAN_$(ARCH))
ifneq ($(APT),build/apt)
build/apt/apt.conf:
	$(Q)scripts/apt-private build/apt
endif
$(B)/kernel/release: | $(APT)/apt.conf
	$(Q)APT_DIR=$(APT) scripts/fetch-kernel $(B)/kernel $(DEBIAN_$(ARCH))
$(B)/images/debian.tar: | $(B)/kernel/release # one apt at a time
	$(Q)APT_DIR=$(APT) scripts/make-image --debian $@
$(B)/images/%.ext4: $(B)/images/%.tar
	$(Q)scripts/make-image $< $@

# For p9d's test suites: what they run in the guest.
SUITE_PACKAGES := fio dbench stress-ng postmark git gcc make libc6-dev attr acl quota
$(B)/images/p9suite.tar: | $(B)/images/debian.tar
	$(Q)APT_DIR=$(APT) scripts/make-image --debian $@ $(SUITE_PACKAGES)

# An image with systemd for PID 1, and what a session of it takes.
SYSTEMD_PACKAGES := systemd systemd-sysv dbus libpam-systemd
$(B)/images/systemd.tar: | $(B)/images/p9suite.tar
	$(Q)APT_DIR=$(APT) scripts/make-image --debian $@ $(SYSTEMD_PACKAGES)

# What the test of another architecture's /init boots.
busybox: $(B)/busybox/bin/busybox
$(B)/busybox/bin/busybox: scripts/fetch-packages | $(APT)/apt.conf
	$(Q)APT_DIR=$(APT) scripts/fetch-packages $(B)/busybox busybox-static
	@touch $@

# A virtio-vsock device for QEMU, as a program that gives its connections as unix sockets.
# Debian has it in sid alone, and without it (an older mirror) its test is skipped.
VSOCK := $(B)/vsock/usr/bin/vhost-device-vsock
.PHONY: vsock-device
vsock-device:
	$(Q)[ -e $(VSOCK) ] || { scripts/apt-private build/apt-sid $(DEBIAN_$(ARCH)) sid && \
		APT_DIR=build/apt-sid scripts/fetch-packages $(B)/vsock vhost-device-vsock; } || \
		echo 'boot-test: there is no vhost-device-vsock: one test is skipped'

.PHONY: boot-test boot-aarch64 soak soak-p9d
PYTEST = $(PYTHON) -m pytest -p no:cacheprovider
boot-aarch64: | $(B)/init # which fetches the sources
	+$(Q)$(MAKE) --no-print-directory ARCH=aarch64 build/init kernel busybox
boot-test: build kernel image suite-image systemd-image boot-aarch64 vsock-device
	$(Q)$(PYTEST) rootfs-tests $(PYTEST_ARGS)

# The long forms of everything, or of the file server alone.
SOAK_FUZZ_TIME ?= 900
SOAK_FUZZERS = $(FUZZERS)
SOAK_TESTS = rootfs-tests
# What each link carries in the same way, over those that `run` has beside the serial one.
SOAK_LINKS = tcp vsock
LINK_TESTS = rootfs-tests/test_launch.py rootfs-tests/test_drives.py
soak-p9d: SOAK_LINKS =
soak-p9d: SOAK_FUZZERS = $(filter $(B)/fuzz/fuzz_p9%,$(FUZZERS))
soak-p9d: SOAK_TESTS = $(wildcard rootfs-tests/test_p9*.py)
soak soak-p9d: build kernel image suite-image systemd-image boot-aarch64 vsock-device
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_TIME=$(SOAK_FUZZ_TIME) FUZZERS='$(SOAK_FUZZERS)'
	$(Q)LANDBRIDGE_SOAK=1 $(PYTEST) $(SOAK_TESTS) $(PYTEST_ARGS)
	$(Q)set -e; for link in $(SOAK_LINKS); do \
		LANDBRIDGE_TEST_LINK=$$link $(PYTEST) $(LINK_TESTS) $(PYTEST_ARGS); done
