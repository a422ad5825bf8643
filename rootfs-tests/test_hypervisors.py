"""Guests that somebody else boots: what landbridge initramfs writes, and an agent beside it."""
import os
import stat
import subprocess

import pytest

from frontdoor import BUILD
from machine import Machine

DISK = os.path.join(BUILD, "images", "debian.ext4")
KERNEL = os.path.join(BUILD, "kernel", "vmlinux")
EMULATED = "console=ttyS0 quiet panic=-1 nokaslr cryptomgr.notests tsc=reliable no_timer_check mitigations=off"


class Plain(Machine):
    """QEMU with what its own manual has, and nothing of landbridge's command line."""

    def __init__(self, landbridge, work, initramfs, *devices, append="landbridge.link=serial:landbridge.0"):
        self.landbridge, self.work, self.drive, self.agent = landbridge, work, [], None
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none", "-machine", "q35", "-accel", "tcg",
             "-cpu", "max", "-m", "512M", "-kernel", KERNEL, "-initrd", initramfs, "-append", f"{EMULATED} {append}",
             "-drive", f"if=virtio,format=raw,snapshot=on,file={DISK}", "-serial", f"file:{work}/console", *devices],
            stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def initramfs(landbridge, tmp_path_factory):
    path = tmp_path_factory.mktemp("initramfs") / "guest"
    path.write_text("an old one")
    path.chmod(0o644)
    done = landbridge.call("initramfs", "-o", path)
    assert done.status == 0 and done.err == b"", done
    assert KERNEL in done.text and done.lines[-1] == "landbridge.link=serial:landbridge.0", done
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and os.listdir(path.parent) == ["guest"]
    return path


@pytest.mark.parametrize("options, says", [
    (["--kernel", KERNEL, "--modules", "/nonexistent"], "unable to use the modules in /nonexistent"),
    (["--key", "/nonexistent"], "unable to use the key /nonexistent: No such file"),
    (["--kernel", "/etc/passwd"], "not a Linux kernel")])
def test_initramfs_that_cannot_be_made(landbridge, tmp_path, options, says):
    """One line, and the one that was there stays."""
    (tmp_path / "guest").write_text("an old one")
    done = landbridge.call("initramfs", "-o", tmp_path / "guest", *options)
    assert done.status == 125 and says in done.err.decode() and len(done.err.splitlines()) == 1, done
    assert os.listdir(tmp_path) == ["guest"] and (tmp_path / "guest").read_text() == "an old one"


def test_plain_qemu(landbridge, tmp_path, initramfs):
    machine = Plain(landbridge, tmp_path, initramfs, "-device", "virtio-serial-pci",
                    "-chardev", f"socket,id=link,path={tmp_path}/link,server=on,wait=off",
                    "-device", "virtserialport,chardev=link,name=landbridge.0")
    try:
        machine.start_agent()
        result = machine.exec("sh", "-c", "uname -s; cat /proc/1/comm; exit 5")
        assert result.status == 5 and result.lines == ["Linux", "init"], result
        assert machine.exec("bash", "-lc", "cmd.exe /c echo hi").text == "hi\r\n"
    finally:
        machine.stop()
