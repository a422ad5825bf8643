#!/usr/bin/python3
"""bench_links: what a launch costs over each link, in one run.

Over a unix socket with no VM between, as bench_launch has it; and in one guest over
virtio-serial and over vsock, each beside bare echoes over a second port of the same
device: one byte there and back, and the same with the program started between, by a
process that is there already. What a link costs is what it is beyond that. Over vsock a
second broker serves, started by hand. The launches are asked for as bench_launch does.
"""
import os
import socket
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "rootfs-tests")]
import measure  # noqa: E402
from bridge import COMMAND, Bridge, ask  # noqa: E402
from frontdoor import VSOCK_DIR, FrontDoor  # noqa: E402
from machine import Machine  # noqa: E402
from processes import until  # noqa: E402

RUNS = 5 * measure.RUNS
DEVICE = os.path.join(VSOCK_DIR, "vhost-device-vsock")
PORT, BARE_PORT = 4711, 4712
# Answers each byte with itself; a t when the program has run.
ECHO = f"while (sysread(S, $c, 1) > 0) {{ system('{COMMAND}') if $c eq 't'; syswrite(S, $c) }}"
ECHO_SERIAL = ("p=/dev/$(grep -l bare.0 /sys/class/virtio-ports/*/name | cut -d/ -f5); "
               f"exec perl -e \"open(S, '+<', '$p') or die; {ECHO.replace('$', chr(92) + '$')}\"")
ECHO_VSOCK = (f"exec perl -e \"socket(L, 40, 1, 0) && bind(L, pack('S S L L L', 40, 0, {BARE_PORT}, 0xffffffff, 0)) && listen(L, 1) "
              f"&& accept(S, L) or die; {ECHO.replace('$', chr(92) + '$')}\"")
# The broker's listening socket is 3.
BROKER = ("umask 077; cat >/run/bench.key; exec perl -MSocket -MPOSIX -e 'socket(L, AF_UNIX, SOCK_STREAM, 0) && "
          "bind(L, sockaddr_un(\"/run/bench.sock\")) && listen(L, 8) && dup2(fileno(L), 3) or die; "
          f"exec {{ \"/init\" }} \"landbridge-broker\", \"vsock:2:{PORT}\", \"/run/bench.key\"'")


class TwoLinks(Machine):
    """A machine with a second port, and a vsock device."""

    def __init__(self, landbridge, work, drive):
        self.device = subprocess.Popen([DEVICE, "--socket", f"{work}/device", "--uds-path", f"{work}/vsock"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert until(lambda: os.path.exists(f"{work}/device"))
        super().__init__(landbridge, work, drive)

    def command(self, words):
        return [*words, "-chardev", "socket,id=bare,path=bare,server=on,wait=off",
                "-device", "virtserialport,chardev=bare,name=bare.0",
                "-object", "memory-backend-memfd,id=memory,size=512M,share=on", "-machine", "memory-backend=memory",
                "-chardev", "socket,id=vsock,path=device", "-device", "vhost-user-vsock-pci,chardev=vsock"]

    def start(self, script, stdin=b""):
        """A process in the guest that stays."""
        process = self.landbridge.start("exec", "--socket", f"{self.work}/agent.sock", "--", "sh", "-c", script)
        process.stdin.write(stdin)
        process.stdin.close()
        return process

    def stop(self):
        super().stop()
        self.device.kill()
        self.device.wait()


def serial_echo(machine):
    machine.start(ECHO_SERIAL)
    s = socket.socket(socket.AF_UNIX)
    s.connect(f"{machine.work}/bare")
    return s


def vsock_echo(machine):
    machine.start(ECHO_VSOCK)
    for _ in range(100):
        s = socket.socket(socket.AF_UNIX)
        s.connect(f"{machine.work}/vsock")
        s.sendall(f"CONNECT {BARE_PORT}\n".encode())
        if s.recv(64).startswith(b"OK"):
            return s
        s.close()
        time.sleep(0.1)
    sys.exit("bench_links: the guest does not listen")


def echo(s, byte):
    s.sendall(byte)
    assert s.recv(1) == byte


def answers(path):
    try:
        ask(path)
        return True
    except (OSError, AssertionError, ValueError):
        return False


def vsock_agent(machine, drive):
    """Its socket."""
    path, keys = f"{machine.work}/agent2.sock", f"{machine.work}/keys"
    os.mkdir(keys, 0o700)
    assert machine.landbridge.call("enroll", "bench", "--dir", keys, "--link", f"vsock:2:{PORT}").status == 0
    agent = machine.landbridge.start("agent", "--listen", f"unix:{machine.work}/vsock_{PORT}", "--key", f"{keys}/bench.host.key",
                                     "--socket", path, *drive)
    with open(f"{keys}/bench.guest.key", "rb") as key:
        machine.start(BROKER, key.read())
    if not until(lambda: answers(path), 60):
        sys.exit("bench_links: no link over vsock")
    return agent, path


def paced(run):
    time.sleep(0.03)
    return measure.timed(run)


def spawn():
    pid = os.posix_spawn(COMMAND, [COMMAND], os.environ)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def measured(machine, drive):
    machine.start_agent()
    if machine.exec("true").status != 0:
        sys.exit("bench_links: the guest did not come up")
    agent, over_vsock = vsock_agent(machine, drive)
    bridge = Bridge()
    ports = {"serial": serial_echo(machine), "vsock": vsock_echo(machine)}
    agents = {"unix": bridge.agent_socket, "serial": f"{machine.work}/agent.sock", "vsock": over_vsock}
    try:
        cases = {("unix", "directly"): spawn, ("unix", "launch"): lambda: ask(agents["unix"])}
        for name, s in ports.items():
            cases[name, "echo"] = lambda s=s: echo(s, b"e")
            cases[name, "echo that starts it"] = lambda s=s: echo(s, b"t")
            cases[name, "launch"] = lambda name=name: ask(agents[name])
        return measure.interleaved({key: lambda run=run: paced(run) for key, run in cases.items()}, RUNS)
    finally:
        agent.terminate()
        agent.wait()
        bridge.stop()


def main():
    if not os.path.exists(DEVICE):
        print("bench_links: not measured: there is no vhost-device-vsock (make vsock-device)")
        return
    with tempfile.TemporaryDirectory(prefix="linkbench", dir="/dev/shm") as work:
        landbridge = FrontDoor(os.environ.get("LANDBRIDGE_HOME", os.path.abspath("build/bench/home")))
        os.mkdir(f"{work}/drive")
        drive = ["--drive", f"E:={work}/drive"]
        assert landbridge.call("initramfs", "-o", f"{work}/initramfs").status == 0
        machine = TwoLinks(landbridge, work, drive)
        try:
            results = measured(machine, drive)
        finally:
            machine.stop()
    fast = {key: 1000 * measure.percentile(values, 0.1) for key, values in results.items()}
    measure.table("starting a program over a link, ms", ["link", "what", "p10", "p50"],
                  [[*key, fast[key], 1000 * measure.median(values)] for key, values in results.items()])
    print(f"bench_links: beyond starting it: unix {fast['unix', 'launch'] - fast['unix', 'directly']:.2f} ms", end="")
    for link in ("serial", "vsock"):
        print(f", {link} {fast[link, 'launch'] - fast[link, 'echo that starts it']:.2f} ms "
              f"({fast[link, 'launch'] / fast[link, 'echo']:.1f} x an echo)", end="")
    print()


main()
