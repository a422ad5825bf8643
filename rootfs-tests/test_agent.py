"""The agent dies, stops, comes back; a guest that somebody else started."""
import os
import shlex
import signal
import time

import pexpect
import pytest

from frontdoor import LANDBRIDGE
from machine import Machine, own_initramfs
from processes import children_of, gone, name_of, until


def agent_of(pid):
    """The agent among the processes of a `landbridge run`."""
    return next(child for child in children_of(pid) if name_of(child) == "lb-agent")


def test_agent_dies_under_a_session(landbridge):
    """125 within 2 s, and nothing is left running."""
    child = landbridge.start("run", "--", "sh", "-c", "echo up; exec sleep 1000")
    assert child.stdout.readline() == b"up\n"
    family = children_of(child.pid)
    os.kill(agent_of(child.pid), signal.SIGKILL)
    begin = time.monotonic()
    _, err = child.communicate(timeout=30)
    assert child.returncode == 125 and len(err.splitlines()) == 1, err
    assert time.monotonic() - begin < 2 + 3, "2 s to notice, and the guest's power-off"
    assert until(gone(family))


def test_terminal_is_restored_when_the_agent_dies(landbridge):
    outer = pexpect.spawn("/bin/sh", env={**landbridge.env, "PS1": "outer$ ", "TERM": "dumb"}, encoding="utf-8", timeout=90)
    outer.expect_exact("outer$ ")
    outer.sendline(f"stty -g >/tmp/tty.$$; {LANDBRIDGE} run; echo status $?; stty -g | cmp - /tmp/tty.$$ && echo sa''me")
    outer.expect(r"root@\w+:\S*# $")
    os.kill(agent_of(outer.pid), signal.SIGKILL)
    outer.expect_exact("status 125\r\n")
    outer.expect_exact("same\r\n")
    outer.sendline("rm /tmp/tty.$$; exit")
    outer.expect(pexpect.EOF)


@pytest.fixture(scope="module")
def machine(landbridge, tmp_path_factory, tools):
    drive = ["--drive", f"D:={tools}"]
    work = tmp_path_factory.mktemp("machine")
    own_initramfs(landbridge, drive, work)
    made = Machine(landbridge, work, drive)
    yield made
    made.stop()


def test_agent_by_hand(machine):
    machine.start_agent()
    result = machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 5")
    assert result.status == 5, result


def test_agent_comes_back(machine):
    """Killed in the middle of a program's output; the next one serves again."""
    machine.exec("sh", "-c", "setsid sh -c '/mnt/d/probe.exe both 2000000 >/dev/null 2>/tmp/err; echo $? >/tmp/status' &")
    assert until(lambda: machine.exec("sh", "-c", "grep -qs ^probe /proc/[0-9]*/comm").status == 0)
    machine.agent.kill()
    machine.agent.communicate()
    machine.start_agent()
    assert until(lambda: machine.exec("cat", "/tmp/status").status == 0, 20)
    assert machine.exec("cat", "/tmp/status").text == "125\n"
    assert len(machine.exec("tail", "-n", "1", "/tmp/err").text) > 0
    assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6


def test_stopped_agent_is_noticed(machine):
    """A stopped agent answers nobody: 125 within about 2 s, one line."""
    script = ("sleep 1; t=$(date +%s%N); /mnt/d/probe.exe exit 3 2>/tmp/stopped; s=$?; "
              "echo $s $((($(date +%s%N) - t) / 1000000)) >/tmp/took")
    machine.exec("sh", "-c", f"rm -f /tmp/took; setsid sh -c {shlex.quote(script)} >/dev/null 2>&1 &")
    machine.agent.send_signal(signal.SIGSTOP)
    time.sleep(5)  # nothing can be asked of the guest while its agent is stopped
    machine.agent.send_signal(signal.SIGCONT)
    assert until(lambda: machine.exec("cat", "/tmp/took").status == 0, 20)
    status, took = machine.exec("cat", "/tmp/took").text.split()
    assert status == "125" and int(took) < 3000
    assert len(machine.exec("cat", "/tmp/stopped").lines) == 1
    assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6
