#!/usr/bin/python3
"""bench_launch: what the bridge adds to starting a program, without a VM between.

A command is started by the agent, the guest's broker and a session, joined by
unix sockets, and beside it directly. Who asks is this process, in the words of doc/PROTOCOL,
so that no client's own start is counted; and then landbridge exec, where it is.
The fastest tenth tells best what the bridge costs; a busy machine shows in the
median.
"""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
import measure  # noqa: E402

RUNS = 20 * measure.RUNS
BUDGET_MS = 0.5
COMMAND = "/bin/true"


class Bridge:
    """An agent and a broker that know each other."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="launchbench", dir="/dev/shm")
        self.agent_socket, link = self.path("agent"), "unix:" + self.path("link")
        env = {**os.environ, "LANDBRIDGE_HOME": os.path.abspath("build/bench/home")}
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("interop"))
            listener.listen(64)
            self.broker = self.start_broker(listener, link)
        self.agent = subprocess.Popen(["build/landbridge", "agent", "--link", link, "--socket", self.agent_socket],
                                      env=env, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 120  # the first time Wine makes itself a home
        while self.launch() != 0:
            if time.monotonic() > end or self.agent.poll() is not None:
                sys.exit("bench_launch: unable to start a program through an agent and a broker")
            time.sleep(0.1)

    def path(self, name):
        return os.path.join(self.dir, name)

    @staticmethod
    def start_broker(listener, link):
        fd = listener.fileno()
        return subprocess.Popen(["landbridge-broker", link], executable="build/init", pass_fds=(3,),
                                preexec_fn=lambda: os.dup2(fd, 3), stderr=subprocess.DEVNULL)

    def launch(self):
        return subprocess.run(["build/landbridge", "exec", "--socket", self.agent_socket, "--", COMMAND],
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode

    def stop(self):
        for process in (self.agent, self.broker):
            process.terminate()
            process.wait()
        shutil.rmtree(self.dir)


def frame(kind, stream, payload):
    return struct.pack("<IBBHI", len(payload), kind, 0, 0, stream) + payload


def field(tag, value):
    return struct.pack("<HHI", tag, 0, len(value)) + value


HELLO = frame(1, 0, b"LANDBRDG" + struct.pack("<HH16s16sI", 2, 2, os.urandom(16), bytes(16), 0))
OPEN = frame(16, 1, field(9, struct.pack("<I", 1)) + field(1, struct.pack("<I", 2 | 8)) + field(2, COMMAND.encode() + b"\0") +
               field(3, COMMAND.encode() + b"\0"))
EXIT = 26


def ask(path):
    """A whole call: OPEN, and all frames to EXIT."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(HELLO + OPEN)
        data, kind = b"", 0
        while kind != EXIT:
            data += s.recv(65536)
            while len(data) >= 12 and len(data) >= 12 + int.from_bytes(data[:4], "little"):
                length, kind = struct.unpack("<IB", data[:5])
                assert kind != 18, data  # FAILED
                data = data[12 + length:]


QUIET = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]


def paced(run):
    """Times it, after a pause such as people make, and most scripts."""
    time.sleep(0.03)
    return measure.timed(run)


def spawn(*command):
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=QUIET)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def main():
    if not shutil.which("wine64", path="/usr/lib/wine:" + os.environ["PATH"]):
        sys.exit("bench_launch: not measured: an agent needs Wine")
    bridge = Bridge()
    exec_ = [os.path.abspath("build/landbridge"), "exec", "--socket", bridge.agent_socket, "--", COMMAND]
    try:
        results = measure.interleaved({
            "directly": lambda: paced(lambda: spawn(COMMAND)),
            "through the bridge": lambda: paced(lambda: ask(bridge.agent_socket)),
            "by landbridge exec": lambda: paced(lambda: spawn(*exec_)),
            "(landbridge --version)": lambda: paced(lambda: spawn(exec_[0], "--version")),
        }, RUNS)
    finally:
        bridge.stop()
    rows, base = [], None
    for name, values in results.items():
        fast, middle = (1000 * measure.percentile(values, share) for share in (0.1, 0.5))
        base = base or fast
        rows.append([name, fast, middle, fast - base])
    measure.table("starting a program, ms", ["how", "p10", "p50", "p10 beyond directly"], rows)
    print(f"bench_launch: the bridge adds {rows[1][3]:.2f} ms (budget: {BUDGET_MS})")


main()
