"""What a guest's day is made of: modules, memory, the power button, settings, users."""
import json
import os
import re
import shutil
import socket
import subprocess
import time

import pexpect
import pytest

import images
from frontdoor import BUILD, LANDBRIDGE
from machine import Machine, own_initramfs
from processes import until

MODULES = ["fuse", "overlay", "tun", "nf_tables", "loop", "vfat"]


def release():
    with open(os.path.join(BUILD, "kernel", "release"), encoding="utf-8") as f:
        return f.read().strip()


# --- modules -------------------------------------------------------------------------

@pytest.fixture(scope="module")
def kmod_image(store, debian_tar):
    """Debian with this host's modprobe, as apt would install it."""
    path = str(store / "kmod.tar")
    libraries = re.findall(r"=> (\S+)", subprocess.run(["ldd", "/usr/bin/kmod"], capture_output=True, text=True,
                                                       check=True).stdout)
    with images.TarImage(path, debian_tar) as tar:
        for source in ["/usr/bin/kmod", *(lib for lib in libraries if "libcrypto" in lib)]:
            with open(source, "rb") as f:
                tar.file(os.path.join("usr", os.path.realpath(source).removeprefix("/usr").lstrip("/")), f.read(), 0o755)
        tar.link("usr/sbin/modprobe", "../bin/kmod")
    return path


def test_modprobe(landbridge, kmod_image):
    script = (f"for m in {' '.join(MODULES)}; do modprobe $m && test -d /sys/module/$m && echo $m; done; "
              "touch /lib/modules/$(uname -r)/x; grep -o '/lib/modules/[^ ]* squashfs ro[^ ]*' /proc/mounts")
    result = landbridge.run(kmod_image, "--", "sh", "-c", script)
    assert result.lines[:-1] == MODULES, result
    assert result.lines[-1].startswith(f"/lib/modules/{release()} squashfs ro,nosuid,nodev"), result
    assert b"Read-only file system" in result.err, result


def test_modules_of_the_image_stay(landbridge, store, busybox_image):
    path = str(store / "own-modules.tar")
    with images.TarImage(path, busybox_image) as tar:
        tar.file(f"lib/modules/{release()}/modules.dep", "its own\n")
    result = landbridge.run(path, "--", "sh", "-c", "cat /lib/modules/*/modules.dep; grep -c squashfs /proc/mounts")
    assert result.lines[0] == "its own", result


def test_place_of_the_modules_goes(landbridge, store, busybox_image):
    """The image keeps no directory that was made for them."""
    disk = images.disk_from_tar(str(store / "modules.img"), busybox_image, "16M")
    result = landbridge.run("--write", disk, "--", "sh", "-c", "ls -d /lib/modules/*/modules.dep")
    assert result.lines == [f"/lib/modules/{release()}/modules.dep"], result
    left = subprocess.run(["debugfs", "-R", "ls -p /", disk], capture_output=True, text=True, check=True).stdout
    assert "/lib/" not in left, left


def test_without_mksquashfs(tmp_path):
    """It is said once, and the machine goes on without."""
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    for name in os.listdir("/usr/bin"):
        if name != "mksquashfs":
            (bin_dir / name).symlink_to(os.path.join("/usr/bin", name))
    env = {"PATH": str(bin_dir), "LANDBRIDGE_HOME": str(tmp_path / "home")}
    said = [pexpect.run(f"{LANDBRIDGE} run --dry-run", env={**os.environ, **env}, encoding="utf-8") for _ in range(2)]
    assert all("qemu" in text and "landbridge.modules" not in text for text in said), said
    assert said[0].count("squashfs-tools") == 1 and "squashfs-tools" not in said[1], said


# --- memory and power ------------------------------------------------------------------

class Watched(Machine):
    """One that can be told what a hypervisor's owner says."""

    def command(self, words):
        return [*words, "-qmp", "unix:qmp,server=on,wait=off"]

    def tell(self, command, **arguments):
        with socket.socket(socket.AF_UNIX) as s, s.makefile("rw") as f:
            s.settimeout(20)
            s.connect(os.path.join(self.work, "qmp"))
            f.readline()
            for words in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                f.write(json.dumps(words) + "\n")
                f.flush()
                f.readline()

    def memory(self, key):
        with open(f"/proc/{self.qemu.pid}/status", encoding="ascii") as f:
            return int(re.search(rf"^{key}:\s+(\d+)", f.read(), re.M)[1])


@pytest.fixture(scope="module")
def base(landbridge, tmp_path_factory, store, busybox_image):
    """A disk and the initramfs of a machine."""
    work = tmp_path_factory.mktemp("base")
    disk = images.disk_from_tar(str(store / "watched.img"), busybox_image, "16M")
    own_initramfs(landbridge, ["--drive", f"D:={work}"], work / "initramfs")
    return work / "initramfs", disk


@pytest.fixture
def watched(landbridge, base, tmp_path):
    shutil.copy(base[0], tmp_path / "initramfs")
    shutil.copy(base[1], tmp_path / "disk.img")
    machine = Watched(landbridge, tmp_path, ["--drive", f"D:={tmp_path}"], ["--write", str(tmp_path / "disk.img")])
    machine.start_agent()
    try:
        assert machine.exec("busybox", "true").status == 0
        yield machine
    finally:
        machine.stop()


def test_memory_is_given_back(watched):
    """What the guest has freed is the host's again."""
    before = watched.memory("VmRSS")
    result = watched.exec("busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=256M", "count=1")
    assert result.status == 0, result
    grown = watched.memory("VmHWM") - before
    assert grown > 150_000, (before, grown)
    assert until(lambda: watched.memory("VmRSS") - before < grown / 2, 60), (before, grown, watched.memory("VmRSS"))


@pytest.mark.parametrize("command, arguments", [
    ("system_powerdown", {}),
    ("send-key", {"keys": [{"type": "qcode", "data": key} for key in ("ctrl", "alt", "delete")]}),
])
def test_asked_to_power_off(watched, command, arguments):
    """The power button and Ctrl-Alt-Del end the machine in order: all is written."""
    assert watched.exec("sh", "-c", "echo kept >/etc/kept").status == 0
    watched.tell(command, **arguments)
    assert until(lambda: watched.qemu.poll() is not None, 60)
    disk = os.path.join(watched.work, "disk.img")
    state = subprocess.run(["dumpe2fs", "-h", disk], capture_output=True, text=True, check=True).stdout
    kept = subprocess.run(["debugfs", "-R", "cat /etc/kept", disk], capture_output=True, text=True, check=True).stdout
    assert kept == "kept\n" and re.search(r"state: +clean\n", state), (kept, state)


def test_clock_after_a_pause(watched):
    """The guest's clock stands still with the machine, and is right with the first use of the link."""
    def off():
        result = watched.exec("busybox", "date", "+%s")
        assert result.status == 0, result
        return abs(int(result.out) - time.time())

    assert off() < 3
    watched.tell("stop")
    began = time.monotonic()
    assert until(lambda: time.monotonic() - began > 15, 20)
    watched.tell("cont")
    assert off() < 3
    assert re.search(rb"the clock is set: it was 1[0-9]{4} ms behind", watched.exec("busybox", "dmesg").out)


class Leased(Machine):
    """One whose command line says nothing of the network."""

    def command(self, words):
        append = words.index("-append") + 1
        words[append] = re.sub(r"landbridge\.(ip|gateway|dns)=\S+ ", "", words[append])
        return words


def test_address_is_leased(landbridge, base, tmp_path):
    """From QEMU's own network, and the name server with it."""
    shutil.copy(base[0], tmp_path / "initramfs")
    machine = Leased(landbridge, tmp_path, ["--drive", f"D:={tmp_path}"], [base[1]])
    machine.start_agent()
    try:
        assert machine.exec("busybox", "true").status == 0
        assert until(lambda: b"nameserver 10.0.2.3" in machine.exec("cat", "/etc/resolv.conf").out, 30)
        seen = machine.exec("sh", "-c", "busybox ifconfig eth0; busybox route -n").text
        assert "inet addr:10.0.2.15" in seen and re.search(r"^0\.0\.0\.0\s+10\.0\.2\.2", seen, re.M), seen
    finally:
        machine.stop()


# --- settings and users ------------------------------------------------------------------

OWN = """[automount]
root = /drives
mountFsTab = false
[filesystem]
umask = 027
[interop]
appendWindowsPath = false
[network]
generateHosts = false
generateResolvConf = false
hostname = ferry
[time]
useWindowsTimezone = false
[user]
default = 1000
"""
LOOK = """umask; hostname; id -u; ls -d /drives/c /mnt/c /mnt/fstab/here; cat /etc/hosts | head -n 1; cat /etc/resolv.conf | head -n 1
echo $PATH | grep -c /c/; date +%Z; cat /etc/timezone; true"""

# Stands for an image whose name service knows more than /etc/passwd.
GETENT = """#!/bin/sh
case "$*" in
"-- passwd remote") echo "remote:x:5000:5001:Far,away:/srv:/bin/sh" ;;
"-- initgroups remote") echo "remote   5001 5002 27" ;;
*) exit 2 ;;
esac
"""


def day_image(path, base, conf, **files):
    with images.TarImage(path, base) as tar:
        images.add_user(tar, "ann", 1000, "/bin/sh", {})
        tar.file("etc/fstab", "tmpfs /mnt/fstab tmpfs mode=755 0 0\n")
        tar.dir("mnt/fstab")
        tar.file("etc/hosts", "own hosts\n")
        tar.file("etc/resolv.conf", "own resolv\n")
        tar.file("etc/wsl.conf", conf)
        for name, (text, mode) in files.items():
            tar.file(name.replace("__", "/"), text, mode)
    return path


def test_settings_of_a_day(landbridge, store, debian_tar):
    """Each key does what wsl.conf(5) says of it."""
    image = day_image(str(store / "own.tar"), debian_tar, OWN)
    result = landbridge.run(image, "--", "sh", "-c", LOOK, env={"TZ": "Asia/Tokyo"})
    assert result.lines[:3] == ["0027", "ferry", "1000"], result
    assert "/drives/c" in result.lines and "/mnt/c" not in result.lines, result
    assert "own hosts" in result.lines and "own resolv" in result.lines and "0" in result.lines, result
    assert "JST" not in result.lines and "Asia/Tokyo" not in result.lines, result


def test_user_of_the_name_service(landbridge, store, debian_tar):
    """Who is not in /etc/passwd, with all that his image says of him and of everybody."""
    environment = "# all\nexport FERRY=\"two words\"\nPATH=/opt/own:/usr/bin:/bin\nUSER=nobody\nLANG=C\n"
    image = day_image(str(store / "far.tar"), debian_tar, "[user]\ndefault = remote\n",
                      usr__bin__getent=(GETENT, 0o755), etc__environment=(environment, 0o644))
    script = f'id -u; id -G; echo "$HOME|$USER|$SHELL|$FERRY|$LANG"; echo "$PATH"; mount | grep fstab; {LOOK}'
    result = landbridge.run(image, "--", "sh", "-c", script, env={"TZ": "Asia/Tokyo"})
    assert result.lines[:3] == ["5000", "5001 27 5002", "/srv|remote|/bin/sh|two words|C"], result
    assert result.lines[3].startswith("/opt/own:/usr/bin:/bin:/run/landbridge/bin:"), result
    assert "tmpfs on /mnt/fstab" in result.text and "/mnt/c" in result.lines, result
    assert "JST" in result.lines and "Asia/Tokyo" in result.lines and "0022" in result.lines, result
    assert "own hosts" not in result.lines and "own resolv" not in result.lines, result
    result = landbridge.run("--user", "nobody-at-all", image, "--", "true")
    assert result.status == 125 and b"there is no user nobody-at-all in the guest" in result.err, result
