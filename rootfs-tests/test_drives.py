"""Drives: where they are, who may write, mount -t drvfs, wslpath in the guest.

Each test runs for both ways that drives travel: QEMU's virtio-9p, and the link."""
import os
import shutil
import subprocess
import time

import pytest

import images
from machine import Machine, own_initramfs
from processes import until

TYPES = {"virtio-9p": "9p", "link": "fuse.drvfs"}


@pytest.fixture(scope="module", params=sorted(TYPES))
def way(request):
    """How drives travel; `--drives-by` has it."""
    return request.param


@pytest.fixture(scope="module")
def results(landbridge, tools, way):
    (tools / "moved").unlink(missing_ok=True)
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
                   "test -d /run/WSL && echo WSL; grep -o ' /mnt/wsl tmpfs rw' /proc/mounts; stat -c %a /mnt/wsl",
        "init": "findmnt -n /init 2>/dev/null || grep ' /init ' /proc/self/mountinfo; echo x 2>/dev/null >/init || echo read-only",
    }
    commands["cwd"] = "cd /mnt/d/sub && ../probe.exe cwd; WSLENV=P/p P=/mnt/d/sub ../probe.exe env P"
    commands["off"] = ("cd / && umount /tmp/y && umount /tmp/x && ls /tmp/x /tmp/y && mount -o remount,ro /mnt/c && "
                       "! touch /mnt/c/no 2>/dev/null && mount -o remount,rw /mnt/c && touch /mnt/c/no && rm /mnt/c/no && "
                       "umount /mnt/d && ls /mnt/d && mount -t drvfs d: /mnt/d && cat /mnt/d/sub/note")
    return landbridge.batch(commands, "--name", "boat", "--drive", f"D:={tools}", "--drives-by", way)


def test_mounted(results, way):
    text, kind = results["mounts"].text, TYPES[way]
    assert len(results["mounts"].lines) == 2 and f" - {kind} C: " in text and f" - {kind} D: " in text, text


def test_program_on_a_drive(results):
    assert results["cwd"].lines == ["D:\\sub", "D:\\sub"], results["cwd"]


def test_umount_and_remount(results):
    assert (results["off"].status, results["off"].text) == (0, "/tmp/x:\n\n/tmp/y:\non the host\n"), results["off"]


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
    assert results["helpers"].lines == ["/usr/bin/wslpath", "/usr/bin/wslpath", "mount.drvfs", "WSL", " /mnt/wsl tmpfs rw", "1777"], results["helpers"]
    assert results["init"].lines[-1] == "read-only", results["init"]


def test_read_only_drive(landbridge, tools, way):
    result = landbridge.run("--drive", f"D:={tools},ro", "--drives-by", way, "--", "sh", "-c", "cat /mnt/d/sub/note; touch /mnt/d/no")
    assert result.status != 0 and result.out == b"on the host\n" and b"Read-only" in result.err, result


def test_user_with_the_same_uid(landbridge, user_image, tmp_path, way):
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
    result = landbridge.run("--drive", f"D:={drive}", "--drives-by", way, user_image, "--", "sh", "-c", "echo mine >/mnt/d/f && cat /mnt/d/f")
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
def fstab(landbridge, debian_tar, store, tools, way):
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
    return landbridge.batch(commands, "--drive", f"D:={tools}", "--drives-by", way, image)


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


# --- drives of the link alone ----------------------------------------------------------

CONF = """[automount]
options = "umask=027,fmask=117,noexec"
"""


@pytest.fixture(scope="module")
def owned(landbridge, debian_tar, store, tmp_path_factory):
    """Debian with ann and options, and a drive that is nobody's: its owner and modes are the options' affair."""
    drive = tmp_path_factory.mktemp("owned")
    (drive / "dir").mkdir()
    (drive / "dir" / "note").write_text("on the host\n")
    (drive / "dir" / "note").chmod(0o600)
    drive.chmod(0o700)
    ann = {"name": "ann", "uid": 1000, "shell": "/bin/dash", "groups": {}}
    image = images.debian(str(store / "owned.tar"), debian_tar, user=ann)
    with images.TarImage(str(store / "options.tar"), image) as tar:
        tar.file("etc/wsl.conf", CONF)
        for name in ("srv/d", "srv/dir", "srv/plain", "srv/bad"):
            tar.dir(name)
    stat = "stat -c '%u %g %a %n' "
    commands = {
        "boot": stat + "/mnt/d /mnt/d/dir /mnt/d/dir/note; findmnt -rno OPTIONS /mnt/d",
        "ann": "su ann -c 'id -u; cat /mnt/d/dir/note; echo mine >/mnt/d/dir/ann; echo more >>/mnt/d/dir/note; cat /mnt/d/dir/ann'",
        "again": "mount -t drvfs D: /srv/d -o uid=7,gid=8,umask=022 && " + stat + "/srv/d/dir /srv/d/dir/note && "
                 "mount -t drvfs 'D:\\dir' /srv/dir -o uid=9 && " + stat + "/srv/dir/note && "
                 "wslpath -w /srv/dir/note; wslpath -w /srv/d/dir; umount /srv/dir; umount /srv/d; "
                 "until test $(cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -c '^landbridge-drive$') = 2; do :; done",
        "bound": "mount -t drvfs 'D:\\dir' /srv/plain && " + stat + "/srv/plain/note; umount /srv/plain",
        "locks": "mount -t drvfs D: /srv/d -o locks=host && mount -t drvfs D: /srv/plain -o locks=host && "
                 "flock /srv/d/dir/note sh -c 'flock -n /srv/plain/dir/note true; echo $?; flock -n /mnt/d/dir/note true; echo $?'; "
                 "umount /srv/plain /srv/d",
        "cache": "for o in cache=none locks=guest; do mount -t drvfs D: /srv/d -o $o; stat /srv/d/dir/note >/dev/null; "
                 "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q 'landbridge-[d]rive D /srv/d' && d=$p; done; "
                 "a=$(grep rchar $d/io); stat /srv/d/dir/note >/dev/null; test \"$a\" = \"$(grep rchar $d/io)\"; echo $?; "
                 "umount /srv/d; done",
        "there": "mount -t drvfs D: /mnt/d -o noexec,uid=5",
        "timeout": "for t in 1 3600 0 3601 007 1x '' 99999999999 5,cache=none 5,locks=host; do mount -t drvfs D: /srv/d -o timeout=$t && umount /srv/d; echo $?; done",
        "badlocks": "mount -t drvfs D: /srv/bad -o locks=sometimes",
        "bad": "mount -t drvfs D: /srv/bad -o uid=7,frobnicate=1",
        "none": "mount -t drvfs Q: /srv/bad",
        "process": "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q ^landbridge-drive && "
                   "echo $(cat $p/oom_score_adj) $(readlink $p/cwd $p/fd/0) $(cut -d' ' -f6 $p/stat) ${p#/proc/}; done",
    }
    return landbridge.batch(commands, "--drive", f"D:={drive}", "--drives-by", "link", "--user", "root", str(store / "options.tar"))


def test_options_say_whose_files_are(owned):
    lines = owned["boot"].lines
    assert [line.split()[:2] for line in lines[:3]] == [["0", "0"]] * 3, owned["boot"]
    assert [line.split()[2] for line in lines[:3]] == ["750", "750", "640"], owned["boot"]
    assert {"nosuid", "nodev", "noatime", "noexec"} <= set(lines[3].split(",")), owned["boot"]


def test_mount_of_its_own(owned):
    assert owned["again"].lines == [
        "7 8 755 /srv/d/dir", "7 8 755 /srv/d/dir/note", "9 0 777 /srv/dir/note", "D:\\dir\\note", "D:\\dir",
    ], owned["again"]
    assert owned["bound"].lines == ["0 0 640 /srv/plain/note"], owned["bound"]


def test_locks_reach_the_host_when_asked_to(owned):
    """Two mounts, each with a server of its own, have only the host in common."""
    assert owned["locks"].lines == ["1", "0"], owned["locks"]


def test_nothing_is_kept_when_asked_to(owned):
    """Whether the second look asks whoever serves the drive."""
    assert owned["cache"].lines == ["1", "0"], owned["cache"]


def test_wrong_option_and_no_drive_are_named(owned):
    assert owned["timeout"].lines == ["0"] * 2 + ["32"] * 8, owned["timeout"]
    for name, word in (("bad", b"frobnicate"), ("badlocks", b"locks=sometimes"), ("there", b"umount it first"), ("none", b"Q:")):
        assert owned[name].status == 32 and owned[name].err.count(b"\n") == 1 and word in owned[name].err, owned[name]


def test_drive_is_a_daemon(owned):
    lines = [line.split() for line in owned["process"].lines]
    assert len(lines) == 2 and all(line[:3] == ["-900", "/", "/dev/null"] and line[3] == line[4] for line in lines), lines


def test_login_user_has_the_drive(landbridge, user_image, tmp_path):
    """Whatever his uid, and whoever the host's is."""
    (tmp_path / "note").write_text("on the host\n")
    (tmp_path / "note").chmod(0o600)
    tmp_path.chmod(0o700)
    result = landbridge.run("--drive", f"D:={tmp_path}", "--drives-by", "link", user_image, "--", "sh", "-c",
                            "id -u; cat /mnt/d/note; echo mine >/mnt/d/f; stat -c %u /mnt/d/f")
    assert result.lines == ["1000", "on the host", "1000"], result
    assert (tmp_path / "f").read_text() == "mine\n"


def test_agent_that_comes_later(landbridge, tools, tmp_path):
    """Its drives are mounted when it comes, and what was made for them goes with the run."""
    (tools / "sub").mkdir(exist_ok=True)
    (tools / "sub" / "note").write_text("on the host\n")
    how = ["--drive", f"D:={tools}", "--drives-by", "link"]
    own_initramfs(landbridge, how, tmp_path)
    machine = Machine(landbridge, tmp_path, how)
    machine.drive = ["--drive", f"D:={tools}"]
    try:
        machine.start_agent()
        assert until(lambda: machine.exec("cat", "/mnt/d/sub/note").text == "on the host\n", 30), machine.exec("dmesg")
        assert machine.exec("bash", "-lc", "cd /mnt/d/sub && ../probe.exe cwd").text == "D:\\sub\n"
        # Who waits for the host is told after the drive's timeout, and the drive comes back.
        look = "i=0; until stat /srv/$i 2>&1 | grep -q 'Input/output error'; do i=$((i + 1)); done; touch /tmp/told"
        machine.exec("sh", "-c", "mount -t drvfs D: /srv -o timeout=2 && { setsid sh -c \"$0\" >/dev/null 2>&1 & }", look)
        machine.agent.terminate()
        machine.agent.communicate(timeout=30)
        time.sleep(8)  # nothing can be asked of the guest meanwhile
        machine.drive = ["--drive", f"D:={tools}", "--drive", f"E:={tools}/sub"]
        machine.start_agent()
        assert until(lambda: machine.exec("cat", "/mnt/e/note").text == "on the host\n", 30), machine.exec("dmesg")
        assert machine.exec("ls", "/tmp/told").status == 0
        # It calls its host again by itself, which may be after the new one is there.
        assert until(lambda: machine.exec("cat", "/srv/sub/note").text == "on the host\n", 30)
        assert machine.exec("umount", "/srv").status == 0
        assert machine.exec("sh", "-c", "cat /proc/mounts | grep -c fuse.drvfs").text == "3\n"
    finally:
        machine.stop()


# What inotify(7) tells of the directory named: a line for each event, its mask and the name.
WATCH = """
$| = 1; my $fd = syscall(294, 0); syscall(254, $fd, $ARGV[0], 0x7c6) >= 0 or die; open(F, "<&=", $fd); print "ready\\n";
while (sysread(F, my $b, 4096)) {
    while (length $b) {
        my ($wd, $mask, $cookie, $len) = unpack("iIII", $b);
        printf "%x %s\\n", $mask, unpack("Z*", substr($b, 16, $len)); $b = substr($b, 16 + $len);
    }
}"""


def test_watchers_hear_of_the_hosts_changes(landbridge, tmp_path):
    """A program in the guest that waits for files of a drive, which may be for reading only there."""
    work = tmp_path / "work"
    work.mkdir()
    run = landbridge.start("run", "--drive", f"D:={work},ro", "--", "perl", "-e", WATCH, "/mnt/d")
    try:
        def told(count):
            return [run.stdout.readline().decode().strip() for _ in range(count)]
        assert told(1) == ["ready"]
        (work / "new").write_text("x")
        assert told(2) == ["100 new", "2 new"]
        (work / "new").rename(work / "other")
        assert told(2) == ["40 new", "80 other"]
        (work / "other").chmod(0o600)
        assert told(1) == ["4 other"]
        (work / "other").unlink()
        assert told(1) == ["200 other"]
        (work / "sub").mkdir()
        assert told(1) == ["40000100 sub"]
    finally:
        run.terminate()
        run.communicate(timeout=60)
    assert os.listdir(work) == ["sub"]


def test_write_at_power_off(landbridge, tmp_path):
    """What a program writes when it is told to end is on the drive."""
    script = ("trap '' HUP; trap 'sleep 0.3; echo late >/mnt/d/late; exit' TERM; echo up >/mnt/d/up; "
              "while :; do sleep 0.1; done")
    result = landbridge.run("--drive", f"D:={tmp_path}", "--drives-by", "link", "--", "sh", "-c",
                            f'setsid sh -c "{script}" >/dev/null 2>&1 </dev/null & until test -e /mnt/d/up; do :; done; '
                            "kill -38 1; sleep 60")
    assert (tmp_path / "late").read_text() == "late\n", result


def test_drives_are_the_machines(landbridge, tools):
    """Other sessions have them; one that was mounted by hand outlives its session, however that ends."""
    def call(*words):
        return landbridge.call("exec", "drives", "--", *words)

    assert landbridge.call("start", "--drive", f"D:={tools}", "--drives-by", "link", "drives").status == 0
    try:
        assert "probe.exe" in call("ls", "/mnt/d").text
        assert call("sh", "-c", "umount /mnt/d && mkdir /tmp/d && mount -t drvfs D: /mnt/d").status == 0
        assert "probe.exe" in call("ls", "/mnt/d").text
        lost = landbridge.start("exec", "drives", "--", "sh", "-c",
                                "umount /mnt/d && mount -t drvfs D: /mnt/d && mount -t drvfs D: /tmp/d && echo up; sleep 1000")
        assert lost.stdout.readline() == b"up\n"
        lost.kill()
        lost.communicate()
        assert until(lambda: call("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 1000'").text == "1\n", 20)
        assert "probe.exe" in call("ls", "/mnt/d").text and "probe.exe" in call("ls", "/tmp/d").text
        assert call("sh", "-c", "umount /tmp/d /mnt/d; cat /proc/mounts | grep -c drvfs").text == "2\n"
        assert until(lambda: call("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'landbridge-[d]rive D'").text == "0\n", 20)
    finally:
        landbridge.call("stop", "drives")
@pytest.mark.parametrize("tag, there", [("other", ["c", "q"]), ("E:", ["c", "e", "q"])])
def test_virtiofs(landbridge, tmp_path, store, busybox_image, tag, there):
    """A drive where its tag is one. Before Linux 6.9 every letter is tried: what the image has where one could be is not removed."""
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
                        "-chardev", f"socket,id=fs,path={tmp_path}/fs", "-device", f"vhost-user-fs-pci,chardev=fs,tag={tag}"]

        assert landbridge.call("initramfs", "-o", tmp_path / "initramfs").status == 0
        machine = WithDevice(landbridge, tmp_path, [], [disk])
        try:
            machine.start_agent()
            result = machine.exec("sh", "-c", "ls /mnt; cat /sys/bus/virtio/devices/*/device")
            assert [line for line in result.lines if line in ("c", "e", "q")] == there and "0x001a" in result.lines, result
            if tag == "E:":
                result = machine.exec("sh", "-c", "echo far >/mnt/e/made && cat /mnt/e/made && grep ' /mnt/e ' /proc/mounts")
                assert result.lines[0] == (tmp_path / "made").read_text().strip() == "far" and " virtiofs rw," in result.lines[1], result
        finally:
            machine.stop()
            daemon.kill()
