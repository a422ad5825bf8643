"""bridge: an agent and a broker that know each other, with no VM between, and a caller that costs nothing."""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

COMMAND = "/bin/true"


class Bridge:
    """Joined by a unix socket, or with `tls` by TCP under TLS."""

    def __init__(self, tls=False):
        self.dir = tempfile.mkdtemp(prefix="launchbench", dir="/dev/shm")
        self.agent_socket = self.path("agent")
        self.env = {**os.environ, "LANDBRIDGE_HOME": os.path.abspath("build/bench/home")}
        guest, host = self.tcp() if tls else self.unix()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("interop"))
            listener.listen(64)
            self.broker = self.start_broker(listener, guest)
        self.agent = subprocess.Popen(["build/landbridge", "agent", *host, "--socket", self.agent_socket],
                                      env=self.env, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 120  # the first time Wine makes itself a home
        while self.launch() != 0:
            if time.monotonic() > end or self.agent.poll() is not None:
                sys.exit("bench: unable to start a program through an agent and a broker")
            time.sleep(0.1)

    def unix(self):
        link = "unix:" + self.path("link")
        return [link], ["--link", link]

    def tcp(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            link = f"tcp:127.0.0.1:{s.getsockname()[1]}"
        subprocess.run(["build/landbridge", "enroll", "bench", "--dir", self.dir], env=self.env, check=True,
                       stdout=subprocess.DEVNULL)
        return [link, self.path("bench.guest.key")], ["--listen", link, "--key", self.path("bench.host.key")]

    def path(self, name):
        return os.path.join(self.dir, name)

    @staticmethod
    def start_broker(listener, link):
        fd = listener.fileno()
        return subprocess.Popen(["landbridge-broker", *link], executable="build/init", pass_fds=(3,),
                                preexec_fn=lambda: os.dup2(fd, 3), stderr=subprocess.DEVNULL)

    def command(self, *words):
        return [os.path.abspath("build/landbridge"), "exec", "--socket", self.agent_socket, "--", *words]

    def launch(self):
        return subprocess.run(self.command(COMMAND), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode

    def stop(self):
        self.agent.terminate()
        self.broker.kill()  # PID 1's TERM to all is not for it
        for process in (self.agent, self.broker):
            process.wait()
        shutil.rmtree(self.dir)


def frame(kind, stream, payload):
    return struct.pack("<IBBHI", len(payload), kind, 0, 0, stream) + payload


def field(tag, value):
    return struct.pack("<HHI", tag, 0, len(value)) + value


NO_STDIN = 8  # interop/wire/wire.h
HELLO = frame(1, 0, b"LANDBRDG" + struct.pack("<HH16s16sI", 2, 2, os.urandom(16), bytes(16), 0))
OPEN = frame(16, 1, field(9, struct.pack("<I", 1)) + field(1, struct.pack("<I", NO_STDIN)) + field(2, COMMAND.encode() + b"\0") +
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
