"""wsl.exe, and landbridge.exe exec: Windows programs under Wine that call the guest of the Windows agent."""
import os
import shutil
import subprocess

import pytest

from drive import HERE
from frontdoor import BUILD
from processes import until
from test_windows_agent import WINE, Guest, Prefix, agent_on, enroll, free_port, says_hello

pytestmark = HERE

CMD = "landbridge-run /mnt/c/windows/system32/cmd.exe /c"


class Ferry(Prefix):
    """A Windows with wsl.exe on C:, and what is called there from outside of any guest."""

    def wsl(self, *words, **more):
        return subprocess.run([WINE, "C:\\wsl.exe", *words], env=self.env, capture_output=True, check=False, timeout=60,
                              **{"cwd": self.c, "stdin": subprocess.DEVNULL, **more})


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return enroll(tmp_path_factory.mktemp("keys"), "boat", "raft")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory, probe):
    made = Ferry(tmp_path_factory.mktemp("windows"))
    shutil.copy(probe, os.path.join(made.c, "probe.exe"))
    shutil.copy(f"{BUILD}/landbridge.exe", os.path.join(made.c, "wsl.exe"))
    shutil.copy(f"{BUILD}/landbridge.exe", os.path.join(made.c, "landbridge.exe"))
    yield made
    made.close()


class Pair:
    """A guest and its agent."""

    def __init__(self, prefix, keys, name):
        port = free_port()
        self.agent = agent_on(prefix, port, keys / f"{name}.host.key")
        self.guest = Guest(prefix, f"tcp:127.0.0.1:{port}", keys / f"{name}.guest.key")
        assert says_hello(self.guest), "no program has run"

    def close(self):
        self.guest.close()
        self.agent.kill()
        self.agent.communicate()


@pytest.fixture(scope="module")
def guest(prefix, keys):
    made = Pair(prefix, keys, "boat")
    yield made.guest
    made.close()


@pytest.fixture
def raft(prefix, keys):
    made = Pair(prefix, keys, "raft")
    yield made.guest
    made.close()


def test_uname_from_cmd(guest):
    """The guest that asked answers: by its own mount namespace, which no other has."""
    done = guest.run(f"{CMD} 'C:\\wsl.exe -e uname -a'")
    assert done.out.split() == subprocess.run(["uname", "-a"], capture_output=True, check=True).stdout.split() and done.returncode == 0, done.err
    done = guest.run(f"{CMD} 'C:\\wsl.exe -e readlink /proc/self/ns/mnt'")
    assert done.text == os.readlink(f"/proc/{guest.space.pid}/ns/mnt") + "\n", done.err


def test_from_outside(prefix, guest):
    """A program that no guest has started; by exec, too."""
    done = prefix.wsl("-e", "readlink", "/proc/self/ns/mnt")
    assert done.stdout.decode() == os.readlink(f"/proc/{guest.space.pid}/ns/mnt") + "\n", done.stderr
    done = prefix.call("exec", "boat", "--", "sh", "-c", "cat; echo no >&2; exit 7")
    assert done.returncode == 7 and done.stderr == b"no\n", done.stderr
    done = prefix.call("exec", "boot", "true")
    assert done.returncode == 125 and done.stderr.count(b"\n") == 1 and b"no agent of that name" in done.stderr, done.stderr


def test_exit_codes(guest, prefix):
    for code in (0, 1, 2, 42, 125, 127, 128, 254, 255):
        done = prefix.wsl("-e", "sh", "-c", f"exit {code}")
        assert done.returncode == code and done.stderr == b"", (code, done.stderr)
    done = guest.run(f"for i in 0 7 255; do {CMD} \"C:\\\\wsl.exe -e sh -c \\\"exit $i\\\"\"; echo $?; done")
    assert done.text.split() == ["0", "7", "255"], done.err
    assert prefix.wsl("-e", "sh", "-c", "kill -TERM $$").returncode == 143
    done = prefix.wsl("-e", "no-such-command")
    assert done.returncode == 127 and done.stderr.count(b"\n") == 1, done.stderr


def test_argv_is_exact(prefix, guest):
    words = ["", "a b", 'q"q', "\\", "a\\\\", "\\\"", "%PATH%", "^&|<>", "*", "$HOME", "\u00e9"]
    done = prefix.wsl("-e", "printf", "[%s]\\n", *words)
    assert done.stdout.decode() == "".join(f"[{w}]\n" for w in words), done.stderr


def test_shell_has_the_line_to_the_letter(prefix, guest):
    done = guest.run(f"{CMD} 'C:\\wsl.exe -- echo \"$((6 * 7))  x\"'")
    assert done.text == "42  x\n", done.err
    done = prefix.wsl("--", "echo", "a;echo", "$0", "|", "tr", "a-z", "A-Z")
    assert done.stdout.decode().startswith("a\n") and "SH" in done.stdout.decode(), (done.stdout, done.stderr)


def test_streams(prefix, guest):
    data = os.urandom(3 * 1024 * 1024)
    done = prefix.wsl("-e", "sh", "-c", "cat; exit 3", stdin=None, input=data)
    assert done.stdout == data and done.stderr == b"" and done.returncode == 3
    done = prefix.wsl("-e", "sh", "-c", "cat >&2", stdin=None, input=data)
    assert done.stdout == b"" and done.stderr == data
    done = guest.run(f"{CMD} 'C:\\wsl.exe -e printf b\\na\\nb\\n | C:\\wsl.exe -e sort -u | C:\\wsl.exe -e wc -l'")
    assert done.text.split() == ["2"], done.err
    done = guest.run(f"{CMD} 'C:\\wsl.exe -e cat < NUL'")
    assert done.out == b"" and done.returncode == 0, done.err


def test_file_that_was_not_read_to_the_end(prefix, guest, tmp_path):
    """What the command did not take is still the next one's."""
    (tmp_path / "f").write_text("".join(f"{n}\n" for n in range(5)))
    with open(tmp_path / "f", "rb") as f:
        assert prefix.wsl("-e", "true", stdin=f).returncode == 0
        done = prefix.wsl("-e", "cat", stdin=f)
    assert done.stdout == b"0\n1\n2\n3\n4\n", done.stderr


def test_utf8(prefix, guest):
    done = guest.run(f"{CMD} 'C:\\wsl.exe -e printf %s \u00e4\u00f6\u00fc\u20ac'")
    assert done.text == "\u00e4\u00f6\u00fc\u20ac", (done.out, done.err)


def test_directory(prefix, guest):
    done = guest.run(f"mkdir -p 'a dir' && cd 'a dir' && {CMD} 'C:\\wsl.exe -e pwd'")
    assert done.text == "/mnt/c/a dir\n", done.err
    home = prefix.wsl("-e", "printenv", "HOME").stdout.decode().strip()
    os.makedirs(os.path.join(prefix.c, "a dir", "x"), exist_ok=True)
    for where, there in (("/etc", "/etc"), ("~", home), ("~/.", home), ("C:\\a dir\\x", "/mnt/c/a dir/x"),
                         ("a dir", "/mnt/c/a dir"), ("..", "/mnt/c")):
        done = prefix.wsl("--cd", where, "-e", "pwd")
        assert done.stdout.decode() == there + "\n", (where, done.stderr)
    done = prefix.wsl("--cd", "Z:\\etc", "-e", "pwd")
    assert done.returncode == 126 and done.stderr.count(b"\n") == 1 and b"Z:\\etc" in done.stderr, done.stderr
    done = prefix.wsl("-e", "pwd", cwd="/etc")  # which is Z:, a drive that the guest has not
    assert done.stdout.decode() == home + "\n" and done.stderr == b"", done.stderr


def test_user(prefix, guest):
    assert prefix.wsl("-u", "nobody", "-e", "id", "-un").stdout == b"nobody\n"
    done = prefix.wsl("-u", "nemo", "-e", "id")
    assert done.returncode == 125 and b"no user nemo" in done.stderr and done.stderr.count(b"\n") == 1, done.stderr


def test_list_and_default(prefix, guest, raft):
    done = prefix.wsl("-l", "-q")
    assert sorted(done.stdout.split()) == [b"boat", b"raft"], done.stderr
    done = prefix.wsl("-e", "true")
    assert done.returncode == 125 and b"several" in done.stderr and done.stderr.count(b"\n") == 1, done.stderr
    for name, one in (("raft", raft), ("boat", guest)):
        assert prefix.wsl("--set-default", name).returncode == 0
        rows = [line.split() for line in prefix.wsl("-l", "-v").stdout.decode().splitlines()]
        assert rows[0] == ["NAME", "STATE", "VERSION"] and ["*", name, "Running", "2"] in rows, rows
        assert f"Default Distribution: {name}" in prefix.wsl("--status").stdout.decode()
        space = os.readlink(f"/proc/{one.space.pid}/ns/mnt") + "\n"
        for words in ((), ("-d", name)):
            assert prefix.wsl(*words, "-e", "readlink", "/proc/self/ns/mnt").stdout.decode() == space
    # The one that asks counts more than the default.
    done = raft.run(f"{CMD} 'C:\\wsl.exe -e readlink /proc/self/ns/mnt'")
    assert done.text == os.readlink(f"/proc/{raft.space.pid}/ns/mnt") + "\n", done.err
    done = prefix.wsl("--set-default", "nemo")
    assert done.returncode == 125 and done.stderr.count(b"\n") == 1, done.stderr


@pytest.mark.parametrize("words", [("--import", "a", "b", "c"), ("--export", "a", "b"), ("--install",), ("--unregister", "boat"), ("-x",),
                                   ("-l", "--online"), ("-d", "boat", "--system")])
def test_what_is_not_served_is_refused_by_name(prefix, words):
    done = prefix.wsl(*words)
    name = next(w for w in reversed(words) if w.startswith("-"))
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1 and name.encode() in done.stderr and done.stdout == b"", done


def test_terminate(prefix, keys):
    """The guest is told to power off, and nobody but the agent can be asked for that."""
    made = Pair(prefix, keys, "raft")
    try:
        assert prefix.wsl("--terminate", "raft").returncode == 0
        assert until(lambda: os.path.exists(f"/proc/{made.guest.space.pid}/root/run/off"))
        done = prefix.wsl("--terminate", "nemo")
        assert done.returncode == 125 and b"no agent of that name" in done.stderr, done.stderr
    finally:
        made.close()
    assert until(lambda: b"raft" not in prefix.wsl("-l", "-q").stdout), "its cookie goes with the agent"


def test_cookie_is_its_owners_alone(prefix, guest):
    """Wine counts the owner's group as the owner."""
    names = os.listdir(os.path.join(prefix.c, "landbridge", "agents"))
    assert "boat" in names
    for name in names:
        assert os.stat(os.path.join(prefix.c, "landbridge", "agents", name)).st_mode & 0o007 == 0


def test_policy_forbids_sessions(prefix, keys):
    policy = os.path.join(prefix.c, "landbridge", "policy")
    os.makedirs(os.path.dirname(policy), exist_ok=True)
    with open(policy, "w", encoding="ascii") as f:
        f.write("sessions off\nlog off\n")
    os.chmod(policy, 0o644)
    try:
        made = Pair(prefix, keys, "raft")
        try:
            done = made.guest.run(f"{CMD} 'C:\\wsl.exe -d raft -e true'")
            assert done.returncode == 125 and b"no agent of that name" in done.err, done.err
        finally:
            made.close()
    finally:
        os.unlink(policy)


def test_doctor(prefix, guest):
    done = prefix.call("doctor")
    lines = [line.split(None, 2) for line in done.stdout.decode().splitlines()]
    assert done.returncode == 0 and ["ok", "agent", "boat: the guest is there"] in lines and ["ok", "sessions"] in [l[:2] for l in lines], lines
    done = prefix.call("doctor", "--json", "nemo")
    assert done.returncode == 1 and b'"check": "session", "state": "fail"' in done.stdout, done
