"""What an ordinary user may do in a guest, and what nobody can do to it."""
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import tarfile
import threading

import pexpect
import pytest

import frontdoor
import images
from processes import until

WRONG = "[general]\nguiApplications = true\nthis is wrong\n[interop]\nappendWindowsPaths = false\n[gpu]\nenabled = false\n"
FSTAB = "LABEL=NONE /boot/efi vfat umask=0077 0 1\n"

# How often the broker is killed.
KILLS = int(os.environ.get("LANDBRIDGE_KILLS", "100" if os.environ.get("LANDBRIDGE_SOAK") == "1" else "3"))

OOM = r"""for p in /proc/[0-9]*; do
    name=$(tr "\0" "\n" <$p/cmdline | head -n 1) && read -r score <$p/oom_score_adj && echo "$name $score"
done 2>/dev/null | grep -e ^landbridge -e ^sh | sort -u"""


@pytest.fixture(scope="module")
def results(landbridge, user_image):
    commands = {
        "namespace": "unshare -Urpf --mount-proc sh -c 'id -u; echo $$; ls -d /proc/[0-9]*'",
        "oom": f"sh -c {shlex.quote(OOM)}; true",
        "kernel": "grep -ic microsoft /proc/version /proc/sys/kernel/osrelease",
        "full": "for d in /dev/shm /run/shm /run/lock; do dd if=/dev/zero of=$d/$$ bs=1M 2>&1 | grep -o 'No space.*'; done",
        "hungry": "tail /dev/zero; echo $?",
        "after": "df --output=pcent /dev/shm /run/lock | tail -n 2; dmesg | grep -c 'Killed process'; "
                 "dmesg | grep 'Killed process' | grep -vc '(tail)'; rm -f /dev/shm/* /run/lock/*",
    }
    return landbridge.batch(commands, "--memory", "320M", user_image)


def test_namespace_with_a_proc_of_its_own(results):
    """As rootless containers make one."""
    assert results["namespace"].lines == ["0", "1", "/proc/1"], results["namespace"]


def test_full_memory_ends_no_one_else(results):
    """All that anybody may fill is full, and then somebody wants more memory than there is left."""
    assert results["full"].lines == ["No space left on device"] * 3, results["full"]
    assert results["hungry"].lines == ["137"], results["hungry"]
    assert results["after"].text.split() == ["100%", "100%", "1", "0"], results["after"]


def test_ours_go_last(results):
    scores = dict(line.rsplit(" ", 1) for line in results["oom"].lines)
    ours = {"landbridge-broker", "landbridge-session"}
    assert scores.pop("sh") == "0" and ours <= set(scores) <= ours | {"landbridge-drive"}, results["oom"]
    assert set(scores.values()) == {"-900"}, results["oom"]


@pytest.mark.parametrize("hosts, servers", [("/c/none", "/mnt/wsl/resolv.conf"), ("/var/none/hosts", "/var/run/none/resolv.conf")])
def test_names_resolve_through_any_link(landbridge, store, busybox_image, hosts, servers):
    """As an image has them that was exported from WSL 2, or made for systemd-resolved."""
    path = str(store / "links.tar")
    shutil.copy(busybox_image, path)
    with images.TarImage(path) as image:
        image.link("var/run", "/run")
        image.link("etc/hosts", hosts)
        image.link("etc/resolv.conf", servers)
    result = landbridge.run(path, "--", "cat", "/etc/hosts", "/etc/resolv.conf")
    assert (result.status, result.err) == (0, b"") and "127.0.0.1\tlocalhost" in result.text and "\nnameserver " in result.text, result


@pytest.mark.parametrize("command", ["kill -9 $(pidof landbridge-broker)", "kill -9 -1", "kill -9 $PPID"])
def test_prompt_comes_back(landbridge, command):
    """A new session stands for one that what carried it has lost."""
    child = landbridge.terminal()
    child.sendline("X=old; echo $((1 + 1))two")
    child.expect_exact("2two\r\n")
    child.expect(frontdoor.PROMPT)
    child.sendline(command)
    child.expect("this is a new session\r\n")
    child.expect(frontdoor.PROMPT)
    child.sendline("exit 7$X")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 7, child.before


def test_command_is_not_run_twice(landbridge):
    result = landbridge.run("--", "sh", "-c", "echo once; kill -9 $(pidof landbridge-broker); sleep 100")
    assert (result.status, result.out) == (125, b"once\n"), result


KILLER = f"""#!/bin/sh
echo "$PATH" >/run/path
cmd.exe /c exit 6; echo $? >/run/status
until [ -e /run/begin ]; do sleep 0.1; done
i=0
while [ $i -lt {KILLS} ]; do
    p=$(pidof landbridge-broker) && kill -9 $p && i=$((i + 1)) && echo $i >/run/killed
    until q=$(pidof landbridge-broker) && [ "$q" != "$p" ]; do sleep 0.05; done
    sleep {1.1 if KILLS < 10 else 3.5}
done
echo done >/run/killed
"""


@pytest.fixture(scope="class")
def boat(landbridge, store, debian_tar, tools, tmp_path_factory):
    """A machine in which somebody ends the broker again and again."""
    image = str(store / "killer.tar")
    with images.TarImage(image, debian_tar) as tar:
        tar.file("etc/wsl.conf", "[boot]\ncommand = /killer\n")
        tar.file("killer", KILLER, 0o755)
    door = frontdoor.FrontDoor(landbridge.env["LANDBRIDGE_HOME"], XDG_RUNTIME_DIR=str(tmp_path_factory.mktemp("run")))
    result = door.call("start", "--drive", f"D:={tools}", "--name", "boat", image)
    assert result.status == 0, result
    yield door
    assert door.call("stop", "boat").status == 0


class Load(threading.Thread):
    """Calls of the machine one after the other, until it is told to stop; how each ended."""

    def __init__(self, door, *command):
        super().__init__()
        self.door, self.command, self.over, self.ends = door, command, False, {}

    def run(self):
        while not self.over:
            status = self.door.call("exec", "boat", "--", *self.command, timeout=60).status
            self.ends[status] = self.ends.get(status, 0) + 1


REMOVED = r"""cd /proc/sys/fs/binfmt_misc
for i in 1 2 3 4 5 6; do
    if [ $i -gt 3 ]; then echo -1 >status; else echo -1 >WSLInterop; fi
    n=0; until [ -e WSLInterop ]; do n=$((n + 1)); [ $n -lt 50 ] || exit 1; sleep 0.1; done
    /mnt/d/probe.exe exit 4; echo $?
done
echo 0 >WSLInterop
rm -f /run/landbridge/interop.sock; rm -f /run/landbridge/bin/landbridge-run
until [ -L /run/landbridge/bin/landbridge-run ]; do sleep 0.1; done
head -n 1 WSLInterop; echo 1 >WSLInterop
/run/landbridge/bin/landbridge-run /mnt/d/probe.exe exit 5; echo $?"""


class TestOneMachine:
    """All in one machine."""

    def test_boot_command_has_the_windows_path(self, boat):
        """As a session has it; and so do those that come without one, as from cron and ssh."""
        assert until(lambda: boat.call("exec", "boat", "--", "cat", "/run/status").text == "6\n", 30)
        result = boat.call("exec", "boat", "--", "sh", "-c", "cat /run/path; echo $PATH; cat /run/landbridge/path")
        command, session, published = result.lines
        assert command == session and command.endswith(":" + published), result
        assert "/mnt/c/windows" in published, result

    def test_removed_handler_comes_back(self, boat):
        """One that is switched off stays so."""
        result = boat.call("exec", "boat", "--", "sh", "-c", REMOVED)
        assert result.lines == ["4"] * 6 + ["disabled", "5"], result

    def test_broker_is_killed_under_load(self, boat):
        """A call that its death meets fails within its time, with 125; PID 1 keeps nothing of it."""
        def said(*command):
            return boat.call("exec", "boat", "--", *command)

        def ours():
            return said("sh", "-c", "grep -h -e VmData -e VmStk /proc/1/status; ls /proc/1/fd | wc -l").text

        before = ours()
        loads = [Load(boat, "sh", "-c", "exit 3"), Load(boat, "/mnt/d/probe.exe", "exit", "3"),
                 Load(boat, "dd", "if=/dev/zero", "of=/dev/null", "bs=1M", "count=100")]
        for load in loads:
            load.start()
        try:
            assert said("touch", "/run/begin").status in (0, 125)
            assert until(lambda: said("cat", "/run/killed").text == "done\n", 30 + 20 * KILLS)
        finally:
            for load in loads:
                load.over = True
            for load in loads:
                load.join()
        print(KILLS, "kills:", [load.ends for load in loads])
        for load, status in zip(loads, (3, 3, 0)):
            assert load.ends.get(status) and set(load.ends) <= {status, 125}, load.ends
        assert until(lambda: said("true").status == 0)
        assert ours() == before


@pytest.fixture(scope="module")
def odd_image(store, debian_tar):
    """Settings that nobody understands, a line of fstab that fails, a file in a drive's place."""
    path = str(store / "odd.tar")
    with images.TarImage(path, debian_tar) as tar:
        tar.file("etc/wsl.conf", WRONG)
        tar.file("etc/fstab", FSTAB)
        tar.dir("boot/efi")
        tar.dir("mnt")
        tar.file("mnt/d", "no directory\n")
    return path


SAID = ["settings: /etc/wsl.conf:2: guiApplications: not supported yet", "settings: /etc/wsl.conf:3: ",
        "settings: /etc/wsl.conf:5: appendWindowsPaths: unknown key", "automount: unable to mount the drive D: on /mnt/d",
        "fstab: mount: /boot/efi: "]


def test_what_is_wrong_is_shown_at_the_prompt(landbridge, odd_image, tools):
    child = landbridge.terminal("--drive", f"D:={tools}", odd_image)
    for text in SAID:
        assert f"landbridge: {text}" in child.before, child.before
    child.sendline("exit 3")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3


def test_what_is_wrong_is_shown_with_a_command(landbridge, odd_image, tools):
    result = landbridge.run("--drive", f"D:={tools}", odd_image, "--", "sh", "-c", "echo out; exit 3")
    assert (result.status, result.out) == (3, b"out\n"), result
    said = result.err.decode().splitlines()
    assert all(line.startswith("landbridge: ") for line in said), said
    assert all(any(text in line for line in said) for text in SAID), said
    assert len(said) == len(SAID), said


def test_what_failed_is_told_once(landbridge, odd_image, tools, tmp_path):
    """And not again whenever the host comes back, which tries it again."""
    door = frontdoor.FrontDoor(landbridge.env["LANDBRIDGE_HOME"], XDG_RUNTIME_DIR=str(tmp_path))
    result = door.call("start", "--drive", f"D:={tools}", "--name", "odd", odd_image)
    assert result.status == 0, result

    def said(script):
        return door.call("exec", "odd", "--", "sh", "-c", script).text
    try:
        assert said("dmesg | grep -c 'unable to mount the drive D:'") == "1\n"
        for _ in range(2):
            said("kill -9 $(pidof landbridge-broker)")
            assert until(lambda: said("cmd.exe /c exit 3; echo $?") == "3\n", 30)
            assert until(lambda: said("pidof landbridge-automount || echo none") == "none\n", 30)
        assert said("dmesg | grep -c 'unable to mount the drive D:'") == "1\n"
    finally:
        assert door.call("stop", "odd").status == 0


def test_place_of_the_drives_is_a_link(landbridge, store, busybox_image, tools):
    """To a directory that is not there yet, as on systems that have all that changes in /var."""
    path = str(store / "ostree.tar")
    with images.TarImage(path) as tar:
        with tarfile.open(busybox_image) as base:
            for member in base.getmembers():
                if member.name != "./mnt":
                    tar.tar.addfile(member, base.extractfile(member) if member.isreg() else None)
        tar.link("mnt", "var/mnt")
    result = landbridge.run("--drive", f"D:={tools}", path, "--", "sh", "-c", "ls /mnt /mnt/d/probe.exe; /mnt/d/probe.exe exit 9")
    assert (result.status, result.lines, result.err) == (9, ["/mnt/d/probe.exe", "", "/mnt:", "c", "d"], b""), result


def debugfs(disk, *commands):
    script = "".join(c + "\n" for c in commands)
    subprocess.run(["debugfs", "-w", "-f", "-", disk], input=script, text=True, check=True, capture_output=True)


def free_of(disk, what):
    out = subprocess.run(["dumpe2fs", "-h", disk], check=True, capture_output=True, text=True).stdout
    return int(re.search(rf"^Free {what}:\s+(\d+)", out, re.M)[1])


@pytest.fixture(scope="module", params=["blocks", "inodes"])
def full_disk(request, store, busybox_image):
    """A root file system with not one block, or not one inode, left."""
    disk = images.disk_from_tar(str(store / f"full-{request.param}.img"), busybox_image, "16M")
    if request.param == "inodes":
        debugfs(disk, *(f"write /dev/null f{i}" for i in range(free_of(disk, "inodes"))))
    for i in range(100):
        size = 1024 * free_of(disk, "blocks") // (1 + i)
        if request.param == "inodes" or not size:
            break
        (store / "filler").write_bytes(b"x" * size)
        with contextlib.suppress(subprocess.CalledProcessError):
            debugfs(disk, f"write {store}/filler x{i}")
    assert free_of(disk, request.param) == 0
    return disk


def test_full_root(landbridge, full_disk, tools):
    """The disk is a snapshot, and what is written goes with the run: so it can be written to."""
    result = landbridge.run("--drive", f"D:={tools}", full_disk, "--", "sh", "-c", "echo yes >/new && cat /new; ls /mnt")
    assert (result.status, result.lines) == (0, ["yes", "c", "d", "wsl"]), result
    assert b"the root is full" in result.err and len(result.err.splitlines()) == 1, result


def test_full_root_that_is_kept(landbridge, full_disk, tmp_path):
    """What is written stays, so that it can be made less full."""
    disk = tmp_path / "full.img"
    shutil.copy(full_disk, disk)
    result = landbridge.run("--write", disk, "--", "sh", "-c", "rm -f /f* /x*; echo yes >/new")
    assert result.status == 0, result
    result = landbridge.run(disk, "--", "sh", "-c", "cat /new; ls / | grep -c '^[fx][0-9]'")
    assert result.lines == ["yes", "0"] and b"full" not in result.err, result


def test_looks_like_wsl_on_request(landbridge, results, store, busybox_image):
    assert results["kernel"].lines == ["/proc/version:0", "/proc/sys/kernel/osrelease:0"], results["kernel"]
    image = str(store / "like.tar")
    with images.TarImage(image, busybox_image) as tar:
        tar.file("etc/wsl.conf", "[landbridge]\nlooksLikeWsl = true\n")
    result = landbridge.run(image, "--", "cat", "/proc/version", "/proc/sys/kernel/osrelease")
    version, release = result.lines
    assert release.endswith("-microsoft-standard-WSL2") and version == f"Linux version {release}", result
