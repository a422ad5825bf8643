"""An image's systemd, where wsl.conf asks for it: Debian's, in namespaces of its own."""
import os
import tempfile
import time

import pytest

import frontdoor
import images
from frontdoor import BUILD
from processes import until

IMAGE = os.path.join(BUILD, "images", "systemd.tar")
# The first session waits for as long as an emulated processor needs.
SOAK = os.environ.get("LANDBRIDGE_SOAK") == "1"
CONF = "[boot]\nsystemd = true\ninitTimeout = 120000\n"
ANN = {"name": "ann", "uid": 1000, "shell": "/bin/dash", "groups": {"pilots": 2002}}


@pytest.fixture(scope="module")
def door(home):
    with tempfile.TemporaryDirectory(prefix="lb") as run:
        yield frontdoor.FrontDoor(home, XDG_RUNTIME_DIR=run)


@pytest.fixture(scope="class")
def guest(door, store, tools):
    """Up, with the first session over."""
    image = images.debian(str(store / "systemd.tar"), IMAGE, user=ANN, wsl_conf=CONF)
    result = door.call("start", "--memory", "1G", "--drive", f"D:={tools}", "--name", "sysd", image)
    assert (result.status, result.out, result.err) == (0, b"", b""), result
    result = door.call("exec", "sysd", "systemctl", "is-system-running", "--wait")
    assert (result.status, result.out, result.err) == (0, b"running\n", b""), result
    yield lambda *args, user="ann", **kw: door.call("exec", "--user", user, "sysd", "--", *args, **kw)
    door.call("stop", "sysd")


class TestOneMachine:
    def test_pid_1(self, guest):
        result = guest("sh", "-c", "cat /proc/1/comm /proc/sys/kernel/hostname; hostname; systemctl --failed --no-legend")
        assert (result.lines, result.err) == (["systemd", "sysd", "sysd"], b""), result

    def test_session(self, guest):
        """One of logind's, with the user's own systemd and its bus."""
        result = guest("sh", "-c", "echo $XDG_RUNTIME_DIR; loginctl show-session $XDG_SESSION_ID -p Name -p Leader --value; "
                       "echo $PPID; cat /proc/self/cgroup; systemctl --user is-system-running --wait")
        session, (runtime, *shown, leader, group, user) = result.err, result.lines
        assert (runtime, session, user) == ("/run/user/1000", b"", "running"), result
        assert sorted(shown) == sorted(["ann", leader]), result
        assert "/user.slice/user-1000.slice/session-" in group, result

    def test_session_ends(self, guest):
        session = guest("sh", "-c", "echo $XDG_SESSION_ID").text.strip()
        assert session
        assert until(lambda: session not in guest("loginctl", "list-sessions", "--no-legend").text.split()), session

    def test_drive_later(self, guest, door, tools):
        """The machine mounts and serves it, not its systemd, which would end it with itself."""
        assert door.call("drive", "add", "sysd", f"E:={tools}").status == 0
        assert "probe.exe" in guest("ls", "/mnt/e").text.split()
        assert guest("sh", "-c", "cat /proc/[0-9]*/comm | grep -c landbridge-driv").text == "0\n"
        assert door.call("drive", "remove", "sysd", "E:").status == 0
        assert guest("sh", "-c", "grep -c ^E: /proc/mounts").text == "0\n"

    def test_terminal(self, guest, door):
        result = door.call("shell", "--user", "ann", "sysd", stdin=b"tty; loginctl session-status | grep -c pts; exit 3\n")
        assert result.status == 3, result

    def test_status_and_streams(self, guest):
        result = guest("sh", "-c", "cat; echo bad >&2; exit 7", stdin=b"in\n")
        assert (result.status, result.out, result.err) == (7, b"in\n", b"bad\n"), result
        assert guest("no-such-program").status == 127

    def test_output_is_whole(self, guest):
        """What was left behind still has the output, and EXIT waits for it."""
        result = guest("sh", "-c", "(sleep 2; echo late) & exit 5")
        assert (result.status, result.out) == (5, b"late\n"), result

    def test_nothing_outlives_its_client(self, guest, door):
        client = door.start("exec", "sysd", "--", "sh", "-c", "(sleep 777 &); echo up; sleep 778")
        assert client.stdout.readline() == b"up\n"
        client.kill()
        client.communicate()
        assert until(lambda: guest("sh", "-c", "cat /proc/[0-9]*/cmdline | grep -a -c 'sleep.77[78]'").text == "0\n")

    def test_exe(self, guest):
        """From a session, and from a unit; a restart of systemd-binfmt takes the handler from nobody."""
        assert guest("/mnt/d/probe.exe", "exit", "7").status == 7
        result = guest("sh", "-c", "systemctl restart systemd-binfmt; systemd-run -q --wait --pipe /mnt/d/probe.exe exit 9",
                       user="root")
        assert result.status == 9 and b"masked" in result.err, result
        assert guest("/mnt/d/probe.exe", "exit", "8").status == 8

    def test_mounts_go_in_and_not_out(self, guest, door):
        """What is mounted inside is nobody else's: the guest's files are as the machine has them."""
        assert guest("sh", "-c", "mkdir /mnt/x && mount -t tmpfs none /mnt/x && touch /mnt/x/inside", user="root").status == 0
        with tempfile.TemporaryDirectory() as path:
            result = door.call("cp", "sysd:/mnt/x", path)
            assert (result.status, os.listdir(os.path.join(path, "x"))) == (0, []), result

    def test_journal_has_the_boot(self, guest):
        result = guest("journalctl", "-b", "--no-pager", "-t", "landbridge", "-g", "^ready", user="root")
        assert result.status == 0 and b" ms, " in result.out, result

    def test_kill_everybody(self, guest):
        """PID 1 of the machine and its daemons are out of reach."""
        guest("sh", "-c", "kill -9 -1; kill -9 1", user="root")
        assert until(lambda: guest("true").status == 0, 60)

    def test_no_bus(self, guest):
        """Long after the boot nobody waits for one."""
        guest("systemctl", "stop", "dbus.socket", "dbus.service", user="root")
        start = time.monotonic()
        result = guest("echo", "hello")
        assert (result.status, result.text) == (0, "hello\n") and b"landbridge: no session of systemd's: " in result.err, result
        assert time.monotonic() - start < 60  # initTimeout: 120
        guest("systemctl", "start", "dbus.socket", user="root")
        assert until(lambda: guest("true").err == b"", 60)

    def test_end(self, guest, door, tools):
        """The machine ends with it, after what it runs has been asked to; as the last test of it."""
        assert guest("systemd-run", "-p", "ExecStop=/bin/sh -c 'sleep 12; echo stopped >/mnt/d/said'", "sleep", "1000",
                     user="root").status == 0
        if SOAK:
            assert door.call("stop", "sysd").status == 0
        else:
            guest("systemctl", "poweroff", user="root")
        assert until(lambda: "sysd" not in door.call("list").text, 60)
        assert (tools / "said").read_text() == "stopped\n"


def test_image_without_systemd(landbridge, store, busybox_image):
    path = str(store / "none.tar")
    with images.TarImage(path, busybox_image) as image:
        image.file("etc/wsl.conf", "[boot]\nsystemd = true\n")
    result = landbridge.run(path, "--", "sh", "-c", "exit 3")
    assert (result.status, result.out) == (3, b""), result
    assert b"landbridge: systemd: unable to find systemd in this image: No such file or directory" in result.err, result
