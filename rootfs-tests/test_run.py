"""`landbridge run`: exit statuses, bytes, images, bad input, nothing left behind."""
import hashlib
import os
import re
import signal
import subprocess

import pytest

import images
from processes import children_of, gone, until


def sha(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
            else hashlib.sha256(f.read()).hexdigest()


@pytest.mark.parametrize("command, status", [
    (["sh", "-c", "exit 3"], 3),
    (["true"], 0),
    (["sh", "-c", "kill -9 $$"], 128 + 9),
    (["/no/such/program"], 127),
    (["/etc/passwd"], 126),
])
def test_exit_status(landbridge, command, status):
    result = landbridge.run("--", *command)
    assert result.status == status, result
    if status in (126, 127):
        assert len(result.err.splitlines()) == 1 and command[0].encode() in result.err


def test_bytes_are_exact(landbridge):
    """50 MB out through stdout, their sum through stderr."""
    script = "head -c 50000000 /dev/urandom | tee /dev/shm/x; sha256sum </dev/shm/x >&2"
    result = landbridge.run("--memory", "768M", "--", "sh", "-c", script, timeout=300)
    assert result.status == 0, result.err
    assert len(result.out) == 50000000
    assert hashlib.sha256(result.out).hexdigest() == result.err.split()[0].decode()


def test_stdin_is_passed_on(landbridge):
    data = os.urandom(3_000_000)
    result = landbridge.run("--", "sha256sum", stdin=data)
    assert result.out.split()[0].decode() == hashlib.sha256(data).hexdigest(), result
    assert result.err == b""


def test_command_has_no_terminal(landbridge):
    script = 'tty; for f in 0 1 2; do test -t $f && echo tty $f; done; printf "%s|%s|%s" "$HOME" "$USER" "$0"'
    result = landbridge.run("--", "sh", "-c", script)
    assert result.out == b"not a tty\n/root|root|sh", result


def test_name(landbridge):
    result = landbridge.run("--name", "ferry", "--", "sh", "-c", 'echo "$WSL_DISTRO_NAME $(uname -n)"')
    assert result.out == b"ferry ferry\n", result


def test_raw_and_qcow2_are_not_written(landbridge, store, busybox_image):
    raw = images.disk_from_tar(str(store / "plain.img"), busybox_image, "64M")
    qcow2 = str(store / "plain.qcow2")
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, qcow2], check=True)
    for path in (raw, qcow2):
        before = sha(path)
        result = landbridge.run(path, "--", "sh", "-c", "echo changed >/etc/mark && cat /etc/mark")
        assert (result.status, result.out) == (0, b"changed\n"), result
        assert sha(path) == before


def test_disk_that_names_another_file(landbridge, store, busybox_image):
    """A guest could have written that into its disk: only who vouches for it gets it."""
    raw = images.disk_from_tar(str(store / "base.img"), busybox_image, "64M")
    qcow2 = str(store / "overlay.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", qcow2], check=True)
    result = landbridge.run(qcow2, "--", "true")
    assert result.status == 125 and b"backing file" in result.err and b"--format" in result.err, result
    assert result.err.count(b"\n") == 1, result
    assert landbridge.run("--format", "qcow2", qcow2, "--", "sh", "-c", "exit 3").status == 3


def test_write_keeps_changes_and_leaves_no_trace(landbridge, store, busybox_image):
    raw = images.disk_from_tar(str(store / "write.img"), busybox_image, "64M")
    result = landbridge.run("--write", raw, "--", "sh", "-c", "echo changed >/etc/mark")
    assert result.status == 0, result
    listing = subprocess.run(["debugfs", "-R", "ls -p /", raw], capture_output=True, text=True, check=True).stdout
    sbin = subprocess.run(["debugfs", "-R", "ls -p /sbin", raw], capture_output=True, text=True, check=True).stdout
    mark = subprocess.run(["debugfs", "-R", "cat /etc/mark", raw], capture_output=True, text=True, check=True).stdout
    assert mark == "changed\n"
    assert "/init/" not in listing and "mount.drvfs" not in sbin
    assert subprocess.run(["e2fsck", "-fn", raw], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("command", ["halt", "poweroff", "kill -USR1 1"])
def test_halt_powers_off(landbridge, store, busybox_image, command):
    """As busybox asks; more mounts than any table are undone, and nothing of ours stays."""
    raw = images.disk_from_tar(str(store / f"{command.split()[0]}.img"), busybox_image, "64M")
    name = "n" * 200
    script = (f"i=0; while [ $i -lt 450 ]; do mkdir -p /dev/m/{name}$i; busybox mount -t tmpfs t /dev/m/{name}$i; i=$((i+1)); done; "
              f"grep -c {name} /proc/mounts; grep -o ' /proc proc [a-z,]*' /proc/mounts; "
              "cat /proc/sys/net/ipv4/ping_group_range /proc/self/oom_score_adj; stat -c %g /dev/tty; "
              f"ls -d /mnt/c /mnt/wsl; sync; busybox {command}; exec sleep 100")
    result = landbridge.run("--write", raw, "--", "sh", "-c", script.replace("stat ", "busybox stat "))
    assert result.lines == ["450", " /proc proc rw,nosuid,nodev,noexec,relatime", "0\t2147483647", "0", "5", "/mnt/c", "/mnt/wsl"], result
    left = subprocess.run(["debugfs", "-R", "ls -p /mnt", raw], capture_output=True, text=True, check=True).stdout
    state = subprocess.run(["dumpe2fs", "-h", raw], capture_output=True, text=True, check=True).stdout
    assert "/c/" not in left and "/wsl/" not in left and re.search(r"state: +clean\n", state), (left, state)


def test_directory_image(landbridge, tmp_path, busybox_image):
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    subprocess.run(["tar", "-C", root, "-xpf", busybox_image], check=True)
    result = landbridge.run(root, "--", "sh", "-c", "echo changed >/etc/mark && cat /etc/mark")
    assert (result.status, result.out) == (0, b"changed\n"), result
    assert not (root / "etc" / "mark").exists() and not (root / "init").exists()
    result = landbridge.run("--write", root, "--", "sh", "-c", "echo changed >/etc/mark")
    assert result.status == 0, result
    assert (root / "etc" / "mark").read_text() == "changed\n"
    assert not (root / "init").exists() and not (root / "sbin" / "mount.drvfs").exists()


@pytest.mark.parametrize("make", ["mkfs.erofs -zlz4hc {path} {{dir}}", "mksquashfs {{dir}} {path} -quiet"])
def test_read_only_file_systems(landbridge, store, busybox_image, make):
    """A root that cannot be written to by its nature gets a layer that can."""
    name = make.split()[0]
    disk = images.from_tar(str(store / name), busybox_image, make.format(path=store / name))
    result = landbridge.run(disk, "--", "sh", "-c", "echo x >/bin/new && cat /bin/new && cat /proc/mounts")
    assert result.status == 0 and result.lines[0] == "x", result
    assert " / overlay rw" in result.text, result


def partitioned(path, fs):
    """A disk with a data partition first and the root file system second."""
    table = "label: gpt\nstart=2048, size=16384, type=L\nstart=18432, size=131072, type=L\n"
    with open(path, "wb") as disk:
        disk.truncate(80 << 20)
    subprocess.run(["sfdisk", "-q", path], input=table.encode(), check=True)
    data = path + ".data"
    with open(data, "wb") as f:
        f.truncate(8 << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", data], check=True)
    with open(path, "r+b") as disk:
        for part, start in ((data, 2048), (fs, 18432)):
            disk.seek(start * 512)
            with open(part, "rb") as f:
                disk.write(f.read())
    return path


def test_partitions(landbridge, store, busybox_image):
    fs = images.disk_from_tar(str(store / "part.fs"), busybox_image, "64M")
    disk = partitioned(str(store / "disk.img"), fs)
    result = landbridge.run(disk, "--", "sh", "-c", "echo here")
    assert (result.status, result.out) == (0, b"here\n"), result
    result = landbridge.run("--partition", "2", disk, "--", "sh", "-c", "echo here")
    assert (result.status, result.out) == (0, b"here\n"), result
    result = landbridge.run("--partition", "1", disk, "--", "sh", "-c", "echo here")
    assert result.status == 125 and len(result.err.splitlines()) == 1 and b"lost+found" in result.err, result


def bad_inputs(tmp):
    garbage = tmp / "garbage.img"
    garbage.write_bytes(os.urandom(1 << 20))
    kernel = tmp / "kernel"
    kernel.write_bytes(b"not a kernel")
    return {
        "no image": ([str(tmp / "none.img"), "--", "true"], 125, "none.img", {}),
        "garbage image": ([str(garbage), "--", "true"], 125, "root", {}),
        "bad kernel": (["--kernel", str(kernel), "--", "true"], 125, "kernel", {}),
        "no kernel": (["--kernel", str(tmp / "nokernel"), "--", "true"], 125, "nokernel", {}),
        "no drive directory": (["--drive", f"D:={tmp}/none", "--", "true"], 125, "none", {}),
        "bad drive letter": (["--drive", f"1:={tmp}", "--", "true"], 125, "1:", {}),
        "bad memory": (["--memory", "lots", "--", "true"], 125, "lots", {}),
        "bad option": (["--frobnicate", "--", "true"], 125, "frobnicate", {}),
        "no qemu": (["--", "true"], 125, "qemu", {"PATH": str(tmp)}),
        "bad user": (["--user", "nobodyhere", "--", "true"], 125, "nobodyhere", {}),
        "timeout": (["--timeout", "1", "--", "true"], 124, "1 s", {}),
    }


@pytest.mark.parametrize("case", ["no image", "garbage image", "bad kernel", "no kernel", "no drive directory",
                                  "bad drive letter", "bad memory", "bad option", "no qemu", "bad user", "timeout"])
def test_bad_input_is_one_line(landbridge, tmp_path, case):
    args, status, word, env = bad_inputs(tmp_path)[case]
    result = landbridge.run(*args, env=env)
    assert result.status == status, result
    assert result.out == b""
    assert len(result.err.splitlines()) == 1 and word in result.err.decode(), result


def test_image_without_shell(landbridge, store):
    empty = images.busybox(str(store / "shell-less.tar"), applets=(), passwd="root:x:0:0::/root:/bin/nosh\n")
    child = landbridge.start("run", empty, "--", "/bin/sh", "-c", "true")
    out, err = child.communicate(timeout=120)
    assert child.returncode == 127 and b"/bin/sh" in err and len(err.splitlines()) == 1, (out, err)


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_everything(landbridge, sig):
    child = landbridge.start("run", "--", "sh", "-c", "echo up; exec sleep 1000")
    assert child.stdout.readline() == b"up\n"
    family = children_of(child.pid)
    assert family
    child.send_signal(sig)
    child.communicate(timeout=30)
    assert child.returncode == 128 + sig
    assert until(gone(family)), [open(f"/proc/{p}/cmdline").read() for p in family if os.path.exists(f"/proc/{p}")]


def test_kill_leaves_nothing(landbridge):
    child = landbridge.start("run", "--", "sh", "-c", "echo up; exec sleep 1000")
    assert child.stdout.readline() == b"up\n"
    family = children_of(child.pid)
    child.kill()
    child.communicate(timeout=30)
    assert until(gone(family))
