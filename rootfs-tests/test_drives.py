"""Drives: where they are, who may write, mount -t drvfs, wslpath in the guest."""
import os
import shutil
import subprocess

import pytest

import images
from machine import Machine, own_initramfs
from processes import until


@pytest.fixture(scope="module")
def results(landbridge, tools):
    (tools / "sub").mkdir(exist_ok=True)
    (tools / "sub" / "note").write_text("on the host\n")
    commands = {
        "paths": "wslpath -w /mnt/d/sub/note; wslpath -w /mnt/d; wslpath -m /mnt/d/new/file; wslpath 'D:\\sub\\note'; "
                 "wslpath -u 'd:/a/../b'; wslpath -w /etc/passwd; wslpath '\\\\wsl.localhost\\boat\\etc\\passwd'; "
                 "wslpath '\\\\wsl$\\boat\\etc'; wslpath '\\\\?\\D:\\x'; wslpath -w '/mnt/d/a:b'",
        "mounts": "grep ' /mnt/[cd] ' /proc/self/mountinfo",
        "write": "echo from the guest >/mnt/d/made && cat /mnt/d/sub/note && mv /mnt/d/made /mnt/d/moved",
        "again": "mkdir /tmp/x && mount -t drvfs D: /tmp/x && cat /tmp/x/sub/note && wslpath -w /tmp/x/sub/note",
        "sub": "mkdir /tmp/y && mount -t drvfs 'D:\\sub' /tmp/y && cat /tmp/y/note",
        "ro": "mkdir /tmp/z && mount -t drvfs D: /tmp/z -o ro && cat /tmp/z/sub/note && touch /tmp/z/no",
        "after": "touch /mnt/d/still-writable && echo yes",
        "none": "mkdir /tmp/w && mount -t drvfs Q: /tmp/w",
        "badpath": "wslpath 'Q:\\x'",
        "info": "wslinfo --networking-mode; wslinfo --wsl-version",
        "helpers": "command -v wslpath; readlink -f $(command -v wslpath); test -x /sbin/mount.drvfs && echo mount.drvfs; "
                   "test -d /run/WSL && echo WSL",
        "init": "findmnt -n /init 2>/dev/null || grep ' /init ' /proc/self/mountinfo; echo x 2>/dev/null >/init || echo read-only",
    }
    return landbridge.batch(commands, "--name", "boat", "--drive", f"D:={tools}")


def test_mounted(results):
    lines = results["mounts"].lines
    assert len(lines) == 2 and " - 9p C: " in lines[0] + lines[1] and " - 9p D: " in lines[0] + lines[1], lines


def test_read_and_write(results, tools):
    assert results["write"].text == "on the host\n", results["write"]
    assert (tools / "moved").read_text() == "from the guest\n"


def test_mount_by_hand(results):
    assert results["again"].lines == ["on the host", "D:\\sub\\note"], results["again"]
    assert results["sub"].text == "on the host\n", results["sub"]
    assert results["ro"].status != 0 and results["ro"].text == "on the host\n", results["ro"]
    assert results["after"].text == "yes\n", results["after"]
    assert results["none"].status == 32 and len(results["none"].err.splitlines()) == 1, results["none"]


def test_wslpath(results):
    assert results["paths"].lines == [
        "D:\\sub\\note", "D:\\", "D:/new/file", "/mnt/d/sub/note", "/mnt/d/b",
        "\\\\wsl.localhost\\boat\\etc\\passwd", "/etc/passwd", "/etc", "/mnt/d/x", "D:\\a\uf03ab",
    ], results["paths"]
    assert results["badpath"].status == 1 and len(results["badpath"].err.splitlines()) == 1


def test_helpers(results):
    assert results["helpers"].lines == ["/usr/bin/wslpath", "/usr/bin/wslpath", "mount.drvfs", "WSL"], results["helpers"]
    assert results["init"].lines[-1] == "read-only", results["init"]


def test_read_only_drive(landbridge, tools):
    result = landbridge.run("--drive", f"D:={tools},ro", "--", "sh", "-c", "cat /mnt/d/sub/note; touch /mnt/d/no")
    assert result.status != 0 and result.out == b"on the host\n" and b"Read-only" in result.err, result


def test_user_with_the_same_uid(landbridge, user_image, tmp_path):
    """The tests run as root or as somebody; ann is 1000: give her a directory of hers."""
    drive = tmp_path / "hers"
    drive.mkdir(mode=0o755)
    if os.getuid() == 0:
        os.chown(drive, 1000, 1000)
    elif os.getuid() != 1000:
        pytest.skip("needs root or uid 1000 on the host")
    for parent in drive.parents:
        if parent.owner() and os.access(parent, os.W_OK) and str(parent) != "/tmp":
            os.chmod(parent, 0o755)
            if parent == tmp_path.parent.parent:
                break
    result = landbridge.run("--drive", f"D:={drive}", user_image, "--", "sh", "-c", "echo mine >/mnt/d/f && cat /mnt/d/f")
    assert result.out == b"mine\n", result
    assert (drive / "f").read_text() == "mine\n"


FSTAB = r"""# what users of other systems have
D: /srv/d drvfs ro 0 0
C: /mnt/c drvfs ro 0 0
D:\134sub /docs drvfs defaults 0 0
D:\134 /dd drvfs defaults 0 0
/mnt/d/sub /home/u none bind 0 0
LABEL=NONE /boot/efi vfat umask=0077 0 1
"""


@pytest.fixture(scope="module")
def fstab(landbridge, debian_tar, store, tools):
    (tools / "sub").mkdir(exist_ok=True)
    (tools / "sub" / "note").write_text("on the host\n")
    image = str(store / "fstab.tar")
    with images.TarImage(image, debian_tar) as tar:
        tar.file("etc/fstab", FSTAB)
        for name in ("srv/d", "docs", "dd", "home/u", "boot/efi"):
            tar.dir(name)
    options = "findmnt -rno OPTIONS --target "
    commands = {
        "notes": "cat /srv/d/sub/note /docs/note /dd/sub/note /home/u/note",
        "flags": "; ".join(options + d for d in ("/mnt/c", "/srv/d", "/mnt/d", "/docs")),
        "again": "grep -c . /proc/self/mounts; mount -a 2>/dev/null; mount -a 2>/dev/null; grep -c . /proc/self/mounts",
        "said": "dmesg | grep fstab",
    }
    return landbridge.batch(commands, "--drive", f"D:={tools}", image)


def test_lines_of_fstab_are_drives(fstab):
    assert fstab["notes"].lines == ["on the host"] * 4, fstab["notes"]
    before, after = fstab["again"].lines
    assert before == after, fstab["again"]


def test_drives_have_no_power_here(fstab):
    """A line of fstab says how; and no set-uid file of the host is a way to root."""
    flags = [set(line.split(",")) for line in fstab["flags"].lines]
    assert all({"nosuid", "nodev"} <= f for f in flags), fstab["flags"]
    assert [("ro" in f) for f in flags] == [True, True, False, False], fstab["flags"]


def test_line_that_failed_is_named(fstab):
    assert "/boot/efi" in fstab["said"].text, fstab["said"]


def test_empty_directories_of_the_image_stay(landbridge, tmp_path, store, busybox_image):
    """With a virtiofs device every letter is tried before Linux 6.9: what the image has where one could be is not removed."""
    virtiofsd = "/usr/lib/qemu/virtiofsd"
    if os.geteuid() != 0 or not os.access(virtiofsd, os.X_OK):
        pytest.skip("no virtiofsd, or not root")
    tar = str(store / "letters.tar")
    shutil.copy(busybox_image, tar)
    with images.TarImage(tar) as image:
        image.dir("mnt/q")
    disk = images.disk_from_tar(str(store / "letters.img"), tar, "64M")
    with subprocess.Popen([virtiofsd, f"--socket-path={tmp_path}/fs", "-o", f"source={tmp_path}", "-o", "sandbox=chroot"],
                          stderr=subprocess.DEVNULL) as daemon:
        assert until((tmp_path / "fs").exists, 20)

        class WithDevice(Machine):
            """With one more device, whose server is `daemon`."""

            def command(self, words):
                memory = words[words.index("-m") + 1]
                return [*words, "-object", f"memory-backend-memfd,id=ram,size={memory},share=on", "-numa", "node,memdev=ram",
                        "-chardev", f"socket,id=fs,path={tmp_path}/fs", "-device", "vhost-user-fs-pci,chardev=fs,tag=other"]

        own_initramfs(landbridge, [], tmp_path)
        machine = WithDevice(landbridge, tmp_path, [], [disk])
        try:
            machine.start_agent()
            result = machine.exec("sh", "-c", "ls /mnt; cat /sys/bus/virtio/devices/*/device")
            assert result.lines[:2] == ["c", "q"] and "0x001a" in result.lines, result
        finally:
            machine.stop()
            daemon.kill()
