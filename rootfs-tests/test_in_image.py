"""/init in the image: another initramfs has found the root and says init=/init."""
import os
import shutil
import sys

import pytest

import images
from frontdoor import BUILD, TOP
from machine import Machine

sys.path.insert(0, os.path.join(TOP, "scripts"))
import busybox_boot  # noqa: E402

DISK = ["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk",
        "crc16", "crc32c_generic", "mbcache", "jbd2", "ext4"]
LOADER = b"""#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
while read m; do /bin/busybox insmod /modules/$m; done </modules/order
until [ -b /dev/vda ]; do :; done
/bin/busybox mkdir /root
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox umount /dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /root /init
"""


@pytest.fixture(scope="module")
def machine(landbridge, tmp_path_factory, store, busybox_image, tools):
    """A busybox image with /init and the kernel's modules in it."""
    tar = str(store / "in-image.tar")
    shutil.copy(busybox_image, tar)
    with images.TarImage(tar) as image:
        with open(os.path.join(BUILD, "init"), "rb") as f:
            image.file("init", f.read(), 0o755)
        image.tar.add(os.path.join(BUILD, "kernel", "modules"), "./lib/modules")
    disk = images.disk_from_tar(str(store / "in-image.img"), tar, "700M")
    work = tmp_path_factory.mktemp("in-image")
    loader = busybox_boot.archive(BUILD, DISK, LOADER, [("bin/busybox", images.BUSYBOX)])
    (work / "initramfs").write_bytes(loader)
    made = Machine(landbridge, work, ["--drive", f"D:={tools}"], [disk])
    made.start_agent()
    yield made
    made.stop()


def test_boots_and_launches(machine):
    result = machine.exec("sh", "-c", "cat /proc/1/comm; grep -c ' /mnt/[cd] ' /proc/self/mounts; /mnt/d/probe.exe exit 5")
    assert (result.status, result.lines) == (5, ["init", "2"]), result


def test_powers_off(machine):
    machine.exec("sh", "-c", "kill -USR2 1")
    assert machine.qemu.wait(30) == 0
