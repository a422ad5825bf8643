"""/init of another architecture: an arm64 machine under QEMU, with this host's agent."""
import os
import sys

import pytest

import images
from frontdoor import BUILD, TOP
from machine import Machine

sys.path.insert(0, os.path.join(TOP, "scripts"))
import busybox_boot  # noqa: E402

OTHER = os.path.join(BUILD, "aarch64")
MODULES = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "virtio_console"]


def modules(kernel):
    """modules.dep's lines for MODULES and what they need, and the files, as entries of an archive."""
    with open(os.path.join(kernel, "release"), encoding="utf-8") as f:
        top = "lib/modules/" + f.read().strip()
    source = os.path.join(kernel, "modules", os.path.basename(top))
    with open(source + "/modules.dep", encoding="utf-8") as f:
        needs = dict(line.rstrip("\n").split(":") for line in f)
    wanted = {os.path.relpath(path, source) for path in busybox_boot.module_files(kernel, MODULES, missing=False)}
    wanted |= {need for path in wanted for need in needs[path].split()}
    entries = {top + "/modules.dep": "".join(f"{p}:{needs[p]}\n" for p in wanted).encode()}
    for path in wanted:
        with open(os.path.join(source, path), "rb") as f:
            entries[f"{top}/{path}"] = f.read()
    return entries


def initramfs():
    with open(os.path.join(OTHER, "init"), "rb") as f:
        files = {"init": f.read(), "etc/initrd-release": b"NAME=test\n", **modules(os.path.join(OTHER, "kernel"))}
    dirs = {"dev"}
    for name in files:
        parts = name.split("/")[:-1]
        dirs |= {"/".join(parts[:n]) for n in range(1, len(parts) + 1)}
    return busybox_boot.cpio([(d, 0o40755, b"") for d in sorted(dirs)] +
                             [(name, 0o100755, data) for name, data in files.items()])


class Arm64(Machine):
    """Landbridge's own command line, as far as it is not a PC's."""

    def command(self, words):
        words[0] = "qemu-system-aarch64"
        for option, value in (("-machine", "virt,gic-version=3"), ("-cpu", "cortex-a53"), ("-accel", "tcg"),
                              ("-kernel", os.path.join(OTHER, "kernel", "vmlinuz"))):
            words[words.index(option) + 1] = value
        append = words.index("-append") + 1
        words[append] = words[append].replace("ttyS0", "ttyAMA0")
        return words


@pytest.fixture(scope="module")
def machine(landbridge, tmp_path_factory, store):
    tar = images.busybox(str(store / "aarch64.tar"), program=os.path.join(OTHER, "busybox", "bin", "busybox"))
    disk = images.disk_from_tar(str(store / "aarch64.img"), tar, "64M")
    work = tmp_path_factory.mktemp("aarch64")
    (work / "initramfs").write_bytes(initramfs())
    made = Arm64(landbridge, work, [], [disk])
    made.start_agent()
    yield made
    made.stop()


def test_runs_commands(machine):
    result = machine.exec("busybox", "sh", "-c", "busybox uname -m; cat /proc/1/comm; wslpath -w /etc/passwd; exit 7")
    assert result.status == 7, result
    assert result.lines[:2] == ["aarch64", "init"] and result.lines[2].endswith(r"\etc\passwd"), result


def test_powers_off(machine):
    machine.exec("busybox", "sh", "-c", "kill -USR2 1")
    assert machine.qemu.wait(30) == 0
