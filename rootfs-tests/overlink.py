"""What holds of a machine whatever its link is: called for each."""
import os
import shlex
import signal
import subprocess
import time

import pexpect

from frontdoor import LANDBRIDGE
from processes import until


def session(machine):
    """A shell on a terminal, and its exit status."""
    shell = pexpect.spawn(LANDBRIDGE, ["shell", "--socket", f"{machine.work}/agent.sock"],
                          env={**machine.landbridge.env, "TERM": "dumb"}, encoding="utf-8", timeout=60)
    shell.expect(r"# $")
    shell.sendline("tty; exit 3")
    shell.expect("/dev/pts/")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 3


def files(machine, where):
    """The guest's, mounted on the host."""
    data = os.urandom(300_000)
    done = machine.landbridge.call("mount", "--user", "root", "--socket", f"{machine.work}/agent.sock", where)
    assert done.status == 0, done
    try:
        (where / "root" / "there").write_bytes(data)
        assert machine.exec("cat", "/root/there").out == data
    finally:
        subprocess.run(["fusermount3", "-u", where], check=True)


def drive(machine, host):
    """D:, which is the directory `host`: both ways, and no older than a program left it."""
    data = os.urandom(300_000)
    (host / "here").write_bytes(data)
    assert machine.exec("cat", "/mnt/d/here").out == data
    result = machine.exec("bash", "-lc", "cp /mnt/d/here /mnt/d/back; for i in 1 2 3; do "
                          "cmd.exe /c \"echo r$i>D:\\\\n\" && cat /mnt/d/n; done")
    assert result.text.split() == ["r1", "r2", "r3"] and (host / "back").read_bytes() == data, result
    for name in ("here", "back", "n"):
        (host / name).unlink()


def stopped_agent(machine):
    """It answers nobody: 125 within about 2 s, one line. For how long, until a busy machine has come to ask it."""
    script = ("sleep 1; t=$(date +%s%N); /mnt/d/probe.exe exit 3 2>/tmp/stopped; s=$?; "
              "echo $s $((($(date +%s%N) - t) / 1000000)) >/tmp/took")
    for seconds in (5, 10, 20):
        machine.exec("sh", "-c", f"rm -f /tmp/took; setsid sh -c {shlex.quote(script)} >/dev/null 2>&1 &")
        machine.agent.send_signal(signal.SIGSTOP)
        time.sleep(seconds)  # nothing can be asked of the guest while its agent is stopped
        machine.agent.send_signal(signal.SIGCONT)
        assert until(lambda: machine.exec("cat", "/tmp/took").status == 0, 20)
        status, took = machine.exec("cat", "/tmp/took").text.split()
        if status == "125":
            break
    assert status == "125" and int(took) < 3000, (status, took)
    assert len(machine.exec("cat", "/tmp/stopped").lines) == 1
    assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6


def end_agent(machine):
    machine.agent.kill()
    machine.agent.communicate()


def end_broker(machine):
    machine.landbridge.call("exec", "--socket", f"{machine.work}/agent.sock", "--", "sh", "-c", "kill -9 $(pidof landbridge-broker)")


def fifty_programs(machine, end, again):
    """Each ends with 125 and one line within 2 s of end(machine) (and 3 for fifty shells without KVM to say so); after
    again() the next one runs."""
    machine.exec("sh", "-c", "rm -f /tmp/[res].*; for i in $(seq 50); do setsid sh -c '/mnt/d/probe.exe hang >/tmp/r.$1 2>/tmp/e.$1; "
                 "s=$?; read t x </proc/uptime; echo $s ${t%.*} >/tmp/s.$1' - $i </dev/null >/dev/null 2>&1 & done")
    assert until(lambda: machine.exec("sh", "-c", "cat /tmp/r.* | grep -c ready").text == "50\n", 300)
    then = int(machine.exec("cut", "-d.", "-f1", "/proc/uptime").text)
    end(machine)
    again()
    assert until(lambda: machine.exec("sh", "-c", "cat /tmp/s.* | wc -l").text == "50\n", 20)
    ends = [line.split() for line in machine.exec("sh", "-c", "cat /tmp/s.*").lines]
    assert {status for status, _ in ends} == {"125"} and max(int(at) for _, at in ends) <= then + 2 + 3, (then, ends)
    assert machine.exec("sh", "-c", "cat /tmp/e.* | wc -l").text == "50\n"
    assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6
