"""The agent dies, stops, comes back; a guest that somebody else started."""
import os
import shlex
import signal
import socket
import subprocess
import time

import pexpect
import pytest

import overlink
from border import Border
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


def test_one_socket_for_many_agents(landbridge, tmp_path):
    """Of agents that start together, where a dead one left its socket, one gets the path and is heard."""
    path = tmp_path / "a"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    agents = [landbridge.start("agent", "--link", f"unix:{tmp_path}/none", "--socket", path) for _ in range(8)]
    assert until(lambda: sum(a.poll() is None for a in agents) == 1, 60), [a.poll() for a in agents]
    for agent in agents:
        if agent.poll() is not None:
            _, err = agent.communicate()
            assert agent.returncode == 125 and len(err.splitlines()) == 1 and str(path).encode() in err, err
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
    left = next(a for a in agents if a.poll() is None)
    left.terminate()
    left.communicate(timeout=30)
    assert os.listdir(tmp_path) == []


def test_queue_of_the_link_is_full(landbridge, tmp_path):
    """TERM ends an agent that cannot get through to its guest."""
    with socket.socket(socket.AF_UNIX) as link:
        link.bind(str(tmp_path / "link"))
        link.listen(0)
        others = []
        while True:
            other = socket.socket(socket.AF_UNIX)
            other.setblocking(False)
            others.append(other)
            if other.connect_ex(str(tmp_path / "link")):
                break
        agent = landbridge.start("agent", "--link", f"unix:{tmp_path}/link", "--socket", tmp_path / "a")
        assert until((tmp_path / "a").exists, 60)
        agent.terminate()
        agent.communicate(timeout=20)
        assert agent.returncode == 0
        for other in others:
            other.close()


def test_agent_that_cannot_begin_says_why(landbridge, tmp_path):
    command = shlex.join([LANDBRIDGE, "agent", "--link", f"unix:{tmp_path}/l", "--socket", f"{tmp_path}/a"])
    done = subprocess.run(["sh", "-c", f"ulimit -n 6; exec {command}"], env=landbridge.env, capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == 125 and len(done.stderr.splitlines()) == 1, done
    assert b"unable to" in done.stderr
    done = landbridge.call("agent", "--link", f"unix:{tmp_path}/l")
    assert done.status == 125 and len(done.err.splitlines()) == 1 and b"--socket" in done.err, done


@pytest.mark.parametrize("agreed", [False, True], ids=["refused", "agreed"])
def test_agent_without_namespaces(landbridge, tmp_path, agreed):
    """It says what is open and goes on, where --no-sandbox agrees; else it starts no Windows program."""
    border = Border(tmp_path / "link")
    words = ["--no-sandbox"] if agreed else []
    agent = landbridge.start_without_namespaces("agent", "--link", f"unix:{tmp_path}/link", "--socket", tmp_path / "a", *words)
    about = border.answer().open_bytes("about")
    text = b""
    while part := about.recv(65536):
        text += part
    wine = next(line for line in text.decode().splitlines() if " wine " in line)
    border.close()
    agent.terminate()
    _, err = agent.communicate(timeout=30)
    assert ("--no-sandbox" in wine and wine.startswith("fail ")) is not agreed, wine
    assert (b"Windows programs may" in err) is agreed, err


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
    machine.exec("sh", "-c", "setsid sh -c '/mnt/d/probe.exe both 2000000 >/dev/null 2>/tmp/err; echo $? >/tmp/status' >/dev/null 2>&1 &")
    assert until(lambda: machine.exec("sh", "-c", "grep -qs ^probe /proc/[0-9]*/comm").status == 0)
    machine.agent.kill()
    machine.agent.communicate()
    machine.start_agent()
    assert until(lambda: machine.exec("cat", "/tmp/status").status == 0, 20)
    assert machine.exec("cat", "/tmp/status").text == "125\n"
    assert len(machine.exec("tail", "-n", "1", "/tmp/err").text) > 0
    assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6


def test_wines_server_is_killed(machine):
    """Who runs then hears of it within 2 s, nothing is left of its programs, and the next one runs: each time, as what
    was starting again just then was sometimes left half alive, and nothing started under that. The next one that comes
    while Wine starts again, too: its end took Wine's own programs along."""
    for _ in range(3):
        machine.exec("sh", "-c", "rm -f /tmp/hung /tmp/ready; setsid bash -lc \"cmd.exe /c 'start D:\\\\probe.exe wait'\" "
                                 ">/dev/null 2>&1 </dev/null &")
        machine.exec("sh", "-c", "setsid sh -c '/mnt/d/probe.exe hang >/tmp/ready; echo $? >/tmp/hung' >/dev/null 2>&1 </dev/null &")
        assert until(lambda: "ready" in machine.exec("cat", "/tmp/ready").text, 30)
        family = [child for child in children_of(machine.agent.pid) if name_of(child) != "lb-drive"]
        server = next(child for child in family if name_of(child).startswith("wineserver"))
        os.kill(server, signal.SIGKILL)
        assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status in (6, 125)
        assert until(gone(family), 2 + 3)
        assert until(lambda: machine.exec("cat", "/tmp/hung").text == "125\n", 10), machine.exec("cat", "/tmp/hung")
        assert "Wine's server has ended" in machine.agent.stderr.readline().decode()
        assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6
    family = children_of(machine.agent.pid)
    machine.agent.terminate()
    _, rest = machine.agent.communicate(timeout=30)
    assert gone(family)() and b"server has ended" not in rest, rest
    machine.start_agent()
    assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6


def test_stopped_agent_is_noticed(machine):
    overlink.stopped_agent(machine)


@pytest.mark.parametrize("end", [overlink.end_agent, overlink.end_broker])
def test_killed_under_fifty_programs(machine, end):
    overlink.fifty_programs(machine, end, machine.start_agent if end is overlink.end_agent else lambda: None)


def test_other_drives(landbridge, machine, tmp_path):
    """Of a drive that is the guest's alone both sides tell; one that is the agent's alone is mounted."""
    (tmp_path / "note").write_text("on the host\n")
    if machine.agent:
        machine.agent.terminate()
        machine.agent.communicate(timeout=30)
    agent = landbridge.start("agent", "--link", f"unix:{machine.work}/link", "--socket", f"{machine.work}/agent.sock",
                             "--drive", f"E:={tmp_path}")
    said = agent.stderr.readline().decode()
    assert "has the drive D:" in said, said
    machine.agent = agent
    assert until(lambda: machine.exec("cat", "/mnt/e/note").text == "on the host\n", 30)
    log = machine.exec("dmesg").text
    assert "drive D: is here" in log and "drive E:" not in log, log
