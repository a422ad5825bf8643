"""Suites that others wrote, failures, and users, on the kernel's own 9P client
against p9d, in a Debian guest: each line of the plan is a test of its own.
p9/suites runs them in the guest, one after the other."""
import os
import re
import shutil
import subprocess
import time

import pytest

import p9guest

IMAGE = os.path.join(p9guest.BUILD, "images", "p9suite.ext4")
MODULES = ["9pnet_virtio", "loop", "vsock_loopback", "quota_v2", "virtiofs"]
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"  # of QEMU before 8.0: not everybody has one
CACHES = ("none", "mmap", "loose")
SHORT = """
    fio none, fio mmap, dbench mmap, postmark loose, stress-ng none, tar loose,
    users none, one-user mmap, filesystems loose, drives mmap, enospc mmap, edquot none, eio none, emfile none, vsock none
"""
PLAN = [tuple(line.split()) for line in SHORT.replace("\n", ",").split(",") if line.strip()]
if p9guest.SOAK:
    PLAN = [(suite, cache) for cache in CACHES for suite in [*dict(PLAN), "git", "many-files"]]


class Guest:
    """The running guest, and what it has said so far."""

    def __init__(self, tmp, command):
        self.log = tmp / "log"
        with open(self.log, "wb") as out:
            self.qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def verdict(self, suite, cache, seconds):
        """(its verdict, all the guest said from the suite before until then)"""
        end = time.monotonic() + seconds
        wanted = re.compile(rf"(?:\A|^suite: .*?$)((?:(?!^suite: ).*\n)*?)^suite: {suite} {cache}: (.*)$", re.M)
        while True:
            gone = self.qemu.poll() is not None
            text = self.log.read_text(errors="replace").replace("\r", "")
            found = wanted.search(text)
            if found:
                return found[2], found[1]
            if gone or time.monotonic() > end:
                return "the guest has ended" if gone else "no verdict in time", text[-4000:]
            time.sleep(0.2)

    def stop(self):
        if self.qemu.poll() is None:
            self.qemu.kill()
        self.qemu.wait()


def start_virtiofsd(tmp, drive):
    """The daemon and QEMU's options for it, where there is one."""
    if not os.path.exists(VIRTIOFSD) or os.geteuid() != 0:
        return None, []
    daemon = subprocess.Popen([VIRTIOFSD, f"--socket-path={tmp / 'fs.sock'}", "-o", f"source={drive}",
                               "-o", "sandbox=chroot"], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while not (tmp / "fs.sock").exists():
        if daemon.poll() is not None or time.monotonic() > end:
            daemon.kill()
            daemon.wait()
            return None, []
        time.sleep(0.05)
    return daemon, ["-chardev", f"socket,id=fs,path={tmp / 'fs.sock'}",
                    "-device", "vhost-user-fs-pci,chardev=fs,tag=fs-drive"]


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("p9suites")
    drive = tmp / "drive"
    (drive / "below").mkdir(parents=True)
    (drive / "below" / "file").write_text("of the host\n")
    daemon, virtiofs = start_virtiofsd(tmp, drive)
    shutil.copytree(p9guest.HERE, tmp / "p9")
    (tmp / "p9" / "plan").write_text("".join(f"{suite} {cache}\n" for suite, cache in PLAN))
    p9guest.make_initramfs(tmp, "boot", [m for m in MODULES if virtiofs or m != "virtiofs"], tmp / "p9")
    command = p9guest.qemu(
        tmp, f"p9.long={int(p9guest.SOAK)}",
        [f"format=raw,snapshot=on,file={IMAGE}", f"format=raw,file={p9guest.disk(tmp, 'served', '4G')}"],
        "-object", "memory-backend-memfd,id=ram,size=1024M,share=on", "-numa", "node,memdev=ram",
        "-fsdev", f"local,id=drive,path={drive},security_model=none",
        "-device", "virtio-9p-pci,fsdev=drive,mount_tag=drive", *virtiofs, cpus=2, memory=1024)
    machine = Guest(tmp, command)
    yield machine
    machine.stop()
    if daemon:
        daemon.kill()
        daemon.wait()
    (tmp / "served").unlink()


@pytest.mark.parametrize("suite,cache", PLAN)
@pytest.mark.timeout(2400 if p9guest.SOAK else 400)
def test_suite(guest, suite, cache):
    verdict, said = guest.verdict(suite, cache, 2100 if p9guest.SOAK else 360)
    print(verdict)
    if not verdict.startswith("ok"):
        pytest.fail(f"{suite}, cache={cache}: {verdict}\n{said}")
