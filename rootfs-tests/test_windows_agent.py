"""landbridge.exe, the agent for a Windows host, under Wine: a guest without a VM calls it over TCP, under TLS."""
import os
import re
import shlex
import shutil
import signal as signals
import socket
import struct
import subprocess
import time

import pytest

from border import field, frame, EXIT, FAILED, HELLO, OPEN
from drive import HERE
from frontdoor import BUILD, LANDBRIDGE
from processes import name_of, until
from test_launch import ARGS, pe32

pytestmark = HERE

WINE, SERVER = "/usr/lib/wine/wine64", "/usr/lib/wine/wineserver64"
PROGRAM, BYTES, CONNECT, LISTEN = 1, 2, 3, 4
TTY = 1


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Prefix:
    """A Windows of Wine's, with a server that ends with it."""

    def __init__(self, where):
        self.dir = str(where)
        self.c = os.path.join(self.dir, "drive_c")
        self.env = {**os.environ, "WINEPREFIX": self.dir, "WINEDEBUG": "-all", "LANDBRIDGE_HOME": "C:\\landbridge"}
        self.call("version")

    def call(self, *words):
        return subprocess.run([WINE, f"{BUILD}/landbridge.exe", *words], env=self.env, capture_output=True, check=False, timeout=120)

    def start(self, *words, image=f"{BUILD}/landbridge.exe", terminal=None):
        if terminal is None:
            return subprocess.Popen([WINE, image, *words], env=self.env, stderr=subprocess.PIPE, text=True)
        return subprocess.Popen(["setsid", "-c", WINE, image, *words], env=self.env, stdin=terminal, stdout=terminal, stderr=terminal)

    def programs(self, name):
        """Processes of the Windows program of that name, which is this test's own."""
        return [int(p) for p in os.listdir("/proc") if p.isdigit() and name_of(int(p)) == name]

    def close(self):
        subprocess.run([SERVER, "-k"], env=self.env, check=False)
        subprocess.run([SERVER, "-w"], env=self.env, check=False)


class Guest:
    """What a guest has for programs, in a mount namespace: the broker, the client, and the drive C: at /mnt/c. PID 1 is a
    shell, which makes the file /run/off when it is told to power off."""

    def __init__(self, prefix, link, key):
        script = (f"mount -t tmpfs none /run && mount -t tmpfs none /mnt && mkdir -p /run/landbridge/bin /mnt/c && "
                  f"ln -s {BUILD}/init /run/landbridge/bin/landbridge-run && exec {BUILD}/p9drive {prefix.c} /mnt/c")
        self.space = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE)
        assert self.space.stdout.readline() == b"mounted\n"
        self.socket = f"/proc/{self.space.pid}/root/run/landbridge/interop.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.socket)
            listener.listen(64)
            fd = listener.fileno()
            first = f"trap '>/run/off' RTMIN+4; (exec -a landbridge-broker {BUILD}/init {link} {shlex.quote(str(key))}) & while kill -0 $!; do wait; done"
            self.broker = subprocess.Popen(["nsenter", "-t", str(self.space.pid), "-m", "unshare", "-p", "-f", "--kill-child", "bash", "-c", first],
                                           pass_fds=(3,), preexec_fn=lambda: os.dup2(fd, 3), stderr=subprocess.PIPE, text=True)

    def start(self, script, **more):
        return subprocess.Popen(["nsenter", "-t", str(self.space.pid), "-m", "bash", "-c",
                                 f"cd /mnt/c; PATH=$PATH:/run/landbridge/bin; {script}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                **{"stdin": subprocess.DEVNULL, **more})

    def run(self, script, timeout=60):
        child = self.start(script)
        child.out, child.err = child.communicate(timeout=timeout)
        child.text = child.out.decode()
        return child

    def ask(self, kind, *fields):
        """(code, line) of FAILED, or EXIT's code and nothing, as no client of ours would ask."""
        hello = b"LANDBRDG" + struct.pack("<HH", 2, 2) + b"e" * 16 + bytes(16)
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.socket)
            s.sendall(frame(HELLO, 0, hello.ljust(48, b"\0")) + frame(OPEN, 1, field(9, struct.pack("<I", kind)) + b"".join(fields)))
            with s.makefile("rb") as f:
                while True:
                    length, what, _, _, _ = struct.unpack("<IBBHI", f.read(12))
                    payload = f.read(length)
                    if what == FAILED:
                        return struct.unpack("<I", payload[:4])[0], payload[8:-1].decode()
                    if what == EXIT:
                        return struct.unpack("<I", payload)[0], ""

    def close(self):
        self.broker.kill()  # TERM is not for it
        self.broker.communicate()
        self.space.kill()
        self.space.communicate()


def program(name, *args, flags=0):
    name = name.encode() + b"\0"
    return [field(1, struct.pack("<I", flags)), field(2, name), field(3, name), *(field(3, a.encode() + b"\0") for a in args)]


def enroll(where, *names):
    for name in names:
        subprocess.run([LANDBRIDGE, "enroll", name, "--dir", where], check=True, stdout=subprocess.DEVNULL)
    return where


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return enroll(tmp_path_factory.mktemp("keys"), "boat", "other")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory, probe):
    made = Prefix(tmp_path_factory.mktemp("windows"))
    shutil.copy(probe, os.path.join(made.c, "probe.exe"))
    yield made
    made.close()


def agent_on(prefix, port, key):
    return prefix.start("agent", "--listen", f"tcp:127.0.0.1:{port}", "--key", f"Z:{key}")


def says_hello(guest):
    return until(lambda: guest.run("landbridge-run /mnt/c/probe.exe exit 0").returncode == 0, 60)


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def guest(prefix, keys, port):
    agent = agent_on(prefix, port, keys / "boat.host.key")
    made = Guest(prefix, f"tcp:127.0.0.1:{port}", keys / "boat.guest.key")
    assert says_hello(made), "no program has run"
    made.agent = agent
    yield made
    made.close()
    agent.kill()
    agent.communicate()


@pytest.mark.parametrize("code, status", [(0, 0), (1, 1), (255, 255), (256, 255), (259, 3), (0xC0000005, 139), (0xFFFFFFFF, 255)])
def test_exit_codes(guest, code, status):
    done = guest.run(f"landbridge-run /mnt/c/probe.exe exit {code}")
    assert done.returncode == status and done.err.count(b"\n") <= (code == 0xC0000005), done.err
    assert guest.ask(PROGRAM, *program("C:\\probe.exe", "exit", str(code))) == (code, "")


def test_argv_is_exact(guest):
    quoted = " ".join("'" + a.replace("'", "'\\''") + "'" for a in ARGS)
    done = guest.run(f"landbridge-run /mnt/c/probe.exe args {quoted}")
    assert done.text.split("\n")[:-1] == ARGS, done.err


def test_streams_are_apart_and_complete(guest):
    done = guest.run("landbridge-run /mnt/c/probe.exe both 10240")
    assert done.returncode == 0, done.err[-200:]
    assert done.out == b"o" * 10 * 1024 * 1024 and done.err == b"e" * 10 * 1024 * 1024


def test_stdin_to_the_end(guest, tmp_path):
    (tmp_path / "much").write_bytes(os.urandom(10 * 1024 * 1024))
    for way in (f"landbridge-run /mnt/c/probe.exe cat <{tmp_path}/much", f"cat {tmp_path}/much | landbridge-run /mnt/c/probe.exe cat"):
        done = guest.run(f"{way} >{tmp_path}/back; cmp {tmp_path}/much {tmp_path}/back")
        assert done.returncode == 0 and done.err.strip() == str(10 * 1024 * 1024).encode(), done.err


def test_stdin_not_taken_is_not_lost(guest, tmp_path):
    (tmp_path / "f").write_text("".join(f"{n}\n" for n in range(5)))
    loop = guest.run(f"while read l; do landbridge-run /mnt/c/probe.exe exit 0; echo $l; done <{tmp_path}/f")
    assert loop.text.split() == list("01234"), loop.err
    for way in (f"cat {tmp_path}/f | {{{{ {{}} }}}}", f"{{{{ {{}} }}}} <{tmp_path}/f"):
        done = guest.run(way.format("landbridge-run /mnt/c/probe.exe line; cat;"))
        assert done.text.split() == list("01234"), (way, done.err)


def test_one_output_is_in_order(guest):
    done = guest.run("landbridge-run /mnt/c/probe.exe turns 200 2>&1")
    assert done.text.split() == [f"{'oe'[i % 2]}{i}" for i in range(200)], done.err


def test_environment_is_laid_over(guest):
    done = guest.run("export Ferry=boat PaTh=evil; WSLENV=Ferry landbridge-run /mnt/c/probe.exe env FERRY; "
                     "landbridge-run /mnt/c/probe.exe env FERRY; landbridge-run /mnt/c/probe.exe env SystemRoot; "
                     "WSLENV=PaTh landbridge-run /mnt/c/probe.exe env PATH")
    lines = done.text.split("\n")
    assert lines[0] == "boat" and lines[1] == "(unset)" and lines[2].lower() == "c:\\windows", done.text
    assert "system32" in lines[3].lower(), "the guest may not set what changes which code runs"


def test_directory_is_mapped(guest):
    done = guest.run("mkdir -p 'a dir' && cd 'a dir' && landbridge-run ../probe.exe cwd")
    assert done.text.strip() == "C:\\a dir" and done.err == b"", done.err


def test_directory_that_is_not_there(guest):
    """The user's instead; said where somebody may have meant it: on a drive, as on Linux."""
    for where, lines in (("/etc", 0), ("-", 0), ("tr.", 1)):
        more = "export WSL_DISTRO_NAME=boat; cd /etc" if where == "-" else f"mkdir -p {where} && cd {where}"
        done = guest.run(f"{more} && landbridge-run /mnt/c/probe.exe cwd")
        assert done.text.lower().startswith("c:\\users") and done.err.count(b"\n") == lines, (where, done.text, done.err)


def test_batch_files_by_the_hardened_rules(guest, prefix):
    with open(os.path.join(prefix.c, "say.bat"), "w", encoding="ascii") as f:
        f.write("@echo [%1]\r\n@exit /b 3\r\n")
    done = guest.run("landbridge-run /mnt/c/say.bat 'a&echo b'")
    assert done.returncode == 3 and done.text.strip() == '["a&echo b"]', (done.text, done.err)
    done = guest.run("landbridge-run /mnt/c/say.bat %PATH%")
    assert done.returncode == 126 and b"%" in done.err, done.err


def test_what_cannot_run_says_so(guest, prefix):
    shutil.copy("/bin/true", os.path.join(prefix.c, "elf.exe"))
    with open(os.path.join(prefix.c, "x86.exe"), "wb") as f:
        f.write(pe32())
    for name, status, why in (("none", 127, "No such file"), ("elf", 126, "not a Windows program"), ("x86", 126, "32-bit")):
        done = guest.run(f"landbridge-run /mnt/c/{name}.exe")
        assert done.returncode == status and why in done.err.decode() and done.err.count(b"\n") == 1, (name, done.err)


def test_what_is_not_served_yet_says_so(guest):
    asked = {"terminals": (PROGRAM, *program("C:\\probe.exe", flags=TTY)),
             "drives": (BYTES, field(10, b"drive:C\0")),
             "ports": (LISTEN, field(11, b"tcp:127.0.0.1:2000\0")),
             "connect": (CONNECT, field(11, b"tcp:127.0.0.1:2000\0"))}
    for word, question in asked.items():
        code, text = guest.ask(*question)
        assert code == 126 and word in text and "\n" not in text, (word, code, text)


def test_twenty_at_once(guest):
    """With fifty, Wine's server now and then holds the agent up for longer than the 2 s that a guest waits (doc/WINDOWS)."""
    done = guest.run("for i in $(seq 20); do { landbridge-run /mnt/c/probe.exe exit $i; test $? = $i || echo bad $i; } & done; "
                     "wait; echo done", timeout=180)
    assert done.text == "done\n" and done.err == b"", (done.text, done.err)


def test_client_that_is_killed_takes_all_along(guest, prefix, probe):
    shutil.copy(probe, os.path.join(prefix.c, "orphan.exe"))
    client = guest.start("exec landbridge-run /mnt/c/orphan.exe spawn")
    assert client.stdout.readline().strip().isdigit()
    assert until(lambda: len(prefix.programs("orphan.exe")) == 1), "its child is there, and it has gone"
    client.kill()
    client.communicate()
    assert until(lambda: not prefix.programs("orphan.exe"))


@pytest.mark.parametrize("signal, status", [("INT", 130), ("TERM", 143)])
def test_signal_ends_the_program(guest, prefix, probe, signal, status):
    shutil.copy(probe, os.path.join(prefix.c, "ended.exe"))
    client = guest.start("exec landbridge-run /mnt/c/ended.exe hang")
    assert client.stdout.readline() == b"ready\n"
    client.send_signal(getattr(signals, f"SIG{signal}"))
    client.communicate(timeout=30)
    assert client.returncode in (status, 128 - status)
    assert until(lambda: not prefix.programs("ended.exe"))


def test_policy_and_audit(prefix, keys, probe):
    """A policy as on Linux; one that others may write to is none."""
    shutil.copy(probe, os.path.join(prefix.c, "denied.exe"))
    os.makedirs(os.path.join(prefix.c, "landbridge"), exist_ok=True)
    policy = os.path.join(prefix.c, "landbridge", "policy")
    with open(policy, "w", encoding="ascii") as f:
        f.write("deny C:\\denied.exe\nbatch off\n")
    os.chmod(policy, 0o666)
    port = free_port()
    words = ("agent", "--listen", f"tcp:127.0.0.1:{port}", "--key", f"Z:{keys}/boat.host.key")
    done = prefix.call(*words)
    assert done.returncode == 125 and b"others may write" in done.stderr, done.stderr
    os.chmod(policy, 0o644)
    agent = prefix.start(*words)
    other = Guest(prefix, f"tcp:127.0.0.1:{port}", keys / "boat.guest.key")
    try:
        assert says_hello(other)
        done = other.run("landbridge-run /mnt/c/DENIED.exe exit 0")
        assert done.returncode == 126 and b"policy forbids it (deny C:\\denied.exe)" in done.err, done.err
        assert b"runs no scripts" in other.run("echo >no.bat; landbridge-run /mnt/c/no.bat").err
        with open(os.path.join(prefix.c, "landbridge", "audit.log"), encoding="utf-8") as f:
            log = f.read()
        assert "refused C:\\denied.exe: DENIED.exe exit 0\n" in log and "run C:\\probe.exe: probe.exe exit 0\n" in log and " exit 0\n" in log, log
    finally:
        other.close()
        agent.kill()
        agent.communicate()
        os.unlink(policy)


@pytest.mark.parametrize("name, length, word", [("LANDBRIDGE_POLICY", 257, b"too long"), ("LANDBRIDGE_HOME", 257, b"too long"),
                                                ("LANDBRIDGE_POLICY", 250, b"cannot be opened")])
def test_setting_that_is_no_use_starts_nothing(prefix, keys, name, length, word):
    """260 characters with the drive's three: what somebody set to limit guests must not count as not set."""
    env = {**prefix.env, name: "C:\\" + "x" * length}
    done = subprocess.run([WINE, f"{BUILD}/landbridge.exe", "agent", "--listen", f"tcp:127.0.0.1:{free_port()}", "--key",
                           f"Z:{keys}/boat.host.key"], env=env, capture_output=True, check=False, timeout=120)
    assert done.returncode == 125 and word in done.stderr and done.stderr.count(b"\n") == 1, done.stderr


def test_agent_that_is_killed_fails_its_callers(prefix, keys, probe):
    """125 within 2 s, and its programs end with it."""
    shutil.copy(probe, os.path.join(prefix.c, "lost.exe"))
    port = free_port()
    shutil.copy(f"{BUILD}/landbridge.exe", os.path.join(prefix.c, "ferry.exe"))
    agent = prefix.start("agent", "--listen", f"tcp:127.0.0.1:{port}", "--key", f"Z:{keys}/boat.host.key", image="C:\\ferry.exe")
    other = Guest(prefix, f"tcp:127.0.0.1:{port}", keys / "boat.guest.key")
    try:
        assert says_hello(other)
        client = other.start("exec landbridge-run /mnt/c/lost.exe hang")
        assert client.stdout.readline() == b"ready\n"
        # As Windows ends one: a SIGKILL in the middle of a call to a socket leaves that open in Wine's server.
        subprocess.run([WINE, "taskkill", "/f", "/im", "ferry.exe"], env=prefix.env, stdout=subprocess.DEVNULL, check=True)
        begin = time.monotonic()
        _, err = client.communicate(timeout=30)
        assert client.returncode == 125 and err.count(b"\n") == 1, err
        assert time.monotonic() - begin < 2
        assert until(lambda: not prefix.programs("lost.exe"))
    finally:
        other.close()
        agent.kill()
        agent.communicate()


def test_wrong_key_is_refused(prefix, keys):
    port = free_port()
    shutil.copy(keys / "boat.host.key", keys / "lock.host.key")  # its name is not another agent's
    agent = agent_on(prefix, port, keys / "lock.host.key")
    other = Guest(prefix, f"tcp:127.0.0.1:{port}", keys / "other.guest.key")
    try:
        assert "refused a guest from 127.0.0.1" in agent.stderr.readline()
        done = other.run("landbridge-run /mnt/c/probe.exe exit 0")
        assert done.returncode == 125 and done.err.count(b"\n") == 1, done.err
    finally:
        agent.kill()
        agent.communicate()
        other.close()


def wake_ups(pid):
    """How often its threads have gone to sleep so far."""
    count = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as f:
            count += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M)[1])
    return count


def test_agent_is_asleep_when_idle(guest):
    """Also while a program runs that says nothing."""
    client = guest.start("exec landbridge-run /mnt/c/probe.exe hang")
    assert client.stdout.readline() == b"ready\n"
    try:
        def quiet():
            before = wake_ups(guest.agent.pid)
            time.sleep(3)
            return wake_ups(guest.agent.pid) == before
        assert until(quiet, 20)
    finally:
        client.kill()
        client.communicate()


def test_ctrl_c_ends_agent_and_programs(prefix, keys, probe):
    shutil.copy(probe, os.path.join(prefix.c, "left.exe"))
    port = free_port()
    ours, theirs = os.openpty()
    agent = prefix.start("agent", "--listen", f"tcp:127.0.0.1:{port}", "--key", f"Z:{keys}/boat.host.key", terminal=theirs)
    other = Guest(prefix, f"tcp:127.0.0.1:{port}", keys / "boat.guest.key")
    try:
        assert says_hello(other)
        client = other.start("exec landbridge-run /mnt/c/left.exe hang")
        assert client.stdout.readline() == b"ready\n"
        os.write(ours, b"\3")
        assert agent.wait(20) == 0
        assert client.wait(20) == 125
        client.communicate()
        assert until(lambda: not prefix.programs("left.exe"))
    finally:
        other.close()
        agent.kill()
        agent.wait()
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("mode", [0o644, 0o622])
def test_key_that_others_can_read_is_none(prefix, keys, tmp_path, mode):
    """Nor is one that they can change."""
    shutil.copy(keys / "boat.host.key", tmp_path / "open")
    os.chmod(tmp_path / "open", mode)
    done = prefix.call("agent", "--listen", f"tcp:127.0.0.1:{free_port()}", "--key", f"Z:{tmp_path}/open")
    assert done.returncode == 125 and b"others can read it" in done.stderr, done.stderr


@pytest.mark.parametrize("words", [["--link", "unix:x"], ["--listen", "vsock:3:5", "--key", "k"], ["--listen", "vsock:3:5000"],
                                   ["--socket", "a"], ["--ports"]])
def test_options_that_do_nothing_are_refused(prefix, keys, words):
    if "--listen" not in words and "--link" not in words:
        words = words + ["--listen", f"tcp:127.0.0.1:{free_port()}", "--key", f"Z:{keys}/boat.host.key"]
    words = [f"Z:{keys}/boat.host.key" if w == "k" else w for w in words]
    done = prefix.call("agent", *words)
    assert done.returncode == 125 and b"not there on a Windows host" in done.stderr, done.stderr


def test_help_and_version(prefix):
    assert prefix.call("version").stdout.startswith(b"landbridge ")
    done = prefix.call("--help")
    assert done.returncode == 0 and b"agent --listen" in done.stdout and b"--socket" not in done.stdout
    done = prefix.call("run")
    assert done.returncode == 125 and done.stderr.count(b"\n") == 1, done.stderr
