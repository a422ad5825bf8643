"""A guest whose link is TCP under TLS, over QEMU's own user network: as of a VM that is not Landbridge's."""
import contextlib
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import threading

import pytest

import images
import overlink
from frontdoor import TOP
from machine import Machine, own_initramfs
from processes import command_of, until

sys.path.insert(0, os.path.join(TOP, "scripts"))
import busybox_boot  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Wire:
    """Takes what calls one port to another, until it is cut: both ends hear of that, and who calls again gets through."""

    def __init__(self, port):
        self.port, self.ends = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                near.close()
                continue
            self.ends += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=ends, daemon=True).start()

    @staticmethod
    def carry(here, there):
        with contextlib.suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)
        for end in (here, there):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self):
        assert self.ends
        while self.ends:
            with contextlib.suppress(OSError):
                self.ends.pop().shutdown(socket.SHUT_RDWR)


class Caller(Machine):
    """It calls 10.0.2.2, which is this host's 127.0.0.1 for it."""

    def __init__(self, landbridge, work, drive=(), image=(), says_link=True, wire=None):
        self.port, self.says_link, self.wire = free_port(), says_link, None
        if wire:
            self.wire = wire(self.port)
        super().__init__(landbridge, work, list(drive), image)
        assert until((work / "console").exists)
        self.console = socket.socket(socket.AF_UNIX)
        self.console.connect(str(work / "console"))
        self.said = b""

    def command(self, words):
        append = words.index("-append") + 1
        port = self.wire.listener.getsockname()[1] if self.wire else self.port
        link = f"landbridge.link=tcp:10.0.2.2:{port}" if self.says_link else ""
        words[append] = re.sub(r"landbridge\.link=\S+", link, words[append])
        return words

    def listen(self, key, at="127.0.0.1"):
        self.agent = self.landbridge.start("agent", "--listen", f"tcp:{at}:{self.port}", "--key", key,
                                           "--socket", f"{self.work}/agent.sock", *self.drive)
        return self.agent

    def hang_up(self):
        self.agent.terminate()
        return self.agent.communicate(timeout=30)[1].decode()

    def hears(self, text, seconds=60):
        """Whether the guest's console says so in time."""
        self.console.settimeout(0.2)

        def said():
            try:
                self.said += self.console.recv(65536)
            except TimeoutError:
                pass
            return text.encode() in self.said
        return until(said, seconds)

    def stop(self):
        if self.wire:
            self.wire.listener.close()
        self.console.close()
        super().stop()


@pytest.fixture(scope="module")
def keys(landbridge, tmp_path_factory):
    where = tmp_path_factory.mktemp("keys")
    for name in ("boat", "other"):
        assert landbridge.call("enroll", name, "--dir", where).status == 0
    return where


@pytest.fixture(scope="module")
def bare(landbridge, tmp_path_factory):
    """An initramfs without a key."""
    path = tmp_path_factory.mktemp("bare") / "initramfs"
    own_initramfs(landbridge, [], path)
    return path


@pytest.fixture(scope="module")
def machine(landbridge, tmp_path_factory, tools, keys, bare):
    drive = ["--drive", f"D:={tools}"]
    work = tmp_path_factory.mktemp("machine")
    shutil.copy(bare, work)
    with open(work / "initramfs", "ab") as out:
        out.write(busybox_boot.cpio([("landbridge.key", 0o100600, (keys / "boat.guest.key").read_bytes())]))
    made = Caller(landbridge, work, drive, wire=Wire)
    yield made
    made.stop()


def hexadecimal(path):
    """The private key in a key file."""
    with open(path, encoding="ascii") as f:
        return re.search(r"^own = ([0-9a-f]{64})$", f.read(), re.M)[1]


def test_enroll(landbridge, tmp_path):
    """Two files for their owner alone, the guest's two lines, and no key on the terminal."""
    link = "tcp:192.0.2.7:4711"
    done = landbridge.call("enroll", "boat", "--dir", tmp_path, "--link", link)
    assert done.status == 0 and f"link = {link}\nkey = /etc/landbridge.key\n" in done.text, done
    assert sorted(os.listdir(tmp_path)) == ["boat.guest.key", "boat.host.key"]
    for name in os.listdir(tmp_path):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        assert hexadecimal(tmp_path / name) not in done.text
    before = (tmp_path / "boat.host.key").read_bytes()
    again = landbridge.call("enroll", "boat", "--dir", tmp_path)
    assert again.status == 125 and len(again.err.splitlines()) == 1 and b"File exists" in again.err, again
    assert (tmp_path / "boat.host.key").read_bytes() == before
    os.remove(tmp_path / "boat.host.key")
    again = landbridge.call("enroll", "boat", "--dir", tmp_path)
    assert again.status == 125 and os.listdir(tmp_path) == ["boat.guest.key"], "no half of a pair is left"


@pytest.mark.parametrize("fault, says", [
    (lambda p: p.unlink(), "No such file"), (lambda p: p.chmod(0o640), "others can read it"),
    (lambda p: p.write_text("own = 1\n"), "no key of a link"),
    (lambda p: p.write_text(p.read_text() + "until = 1000000000\n"), "has expired")])
def test_a_key_that_will_not_do(landbridge, tmp_path, fault, says):
    landbridge.call("enroll", "boat", "--dir", tmp_path)
    fault(tmp_path / "boat.host.key")
    done = landbridge.call("agent", "--listen", f"tcp:127.0.0.1:{free_port()}", "--key", tmp_path / "boat.host.key",
                           "--socket", tmp_path / "a")
    assert done.status == 125 and says in done.err.decode() and len(done.err.splitlines()) == 1, done


def test_host_with_another_key_is_refused(machine, keys):
    """The guest says so once however often it calls; the host says each time that it was hung up on."""
    agent = machine.listen(keys / "other.host.key")
    assert machine.hears("the other side has another key than the one known here"), machine.said
    line = agent.stderr.readline().decode()
    assert re.match(r"landbridge: refused a guest from 127\.0\.0\.1:\d+: the other side", line), line
    assert agent.stderr.readline().decode().startswith("landbridge: refused a guest")
    assert machine.landbridge.call("exec", "--socket", f"{machine.work}/agent.sock", "--", "true").status == 125
    machine.hang_up()
    assert machine.said.count(b"the other side has another key than the one known here") == 1, machine.said


def test_guest_with_another_key_is_refused(machine, keys, tmp_path):
    """The right host, which takes the guest for another."""
    right, other = ((keys / f"{name}.host.key").read_text() for name in ("boat", "other"))
    peer = re.compile(r"^peer = .*$", re.M)
    mixed = tmp_path / "mixed.key"
    mixed.touch(0o600)
    mixed.write_text(peer.sub(peer.search(other)[0], right))
    agent = machine.listen(mixed)
    line = agent.stderr.readline().decode()
    assert re.fullmatch(r"landbridge: refused a guest from 127\.0\.0\.1:\d+: the other side has another key than "
                        r"the one known here\n", line), line
    assert machine.hears("does not answer, or does not know our key"), machine.said
    machine.hang_up()


def test_programs_and_sessions(machine, keys):
    machine.listen(keys / "boat.host.key")
    assert machine.exec("sh", "-c", "exit 7").status == 7
    result = machine.exec("bash", "-lc", "cmd.exe /c echo hi; /mnt/d/probe.exe exit 5")
    assert result.status == 5 and result.text == "hi\r\n", result
    assert machine.exec("sh", "-c", "head -c 3000000 /dev/zero | wc -c").text == "3000000\n"
    overlink.session(machine)


def test_bytes_arrive_as_they_are(machine):
    data = os.urandom(2_000_000)
    result = machine.landbridge.call("exec", "--socket", f"{machine.work}/agent.sock", "--", "cat", stdin=data)
    assert result.status == 0 and result.out == data


def test_who_knocks_without_a_key_changes_nothing(machine):
    """A browser, and forty who say nothing: refused with a line each, and the link stays."""
    before = machine.exec("sh", "-c", "dmesg | grep -c 'host is connected'").text
    with socket.create_connection(("127.0.0.1", machine.port)) as s:
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        s.settimeout(10)
        while s.recv(1024):
            pass
    line = machine.agent.stderr.readline().decode()
    assert "refused a guest from 127.0.0.1:" in line and "does not offer TLS 1.2" in line, line
    silent = [socket.create_connection(("127.0.0.1", machine.port)) for _ in range(40)]
    lines = [machine.agent.stderr.readline().decode() for _ in range(40)]
    assert sum("too many others" in line for line in lines) == 8, lines
    assert sum("did not answer in time" in line for line in lines) == 32, lines
    for s in silent:
        s.close()
    assert machine.exec("sh", "-c", "dmesg | grep -c 'host is connected'").text == before


def test_openssl_meets_only_what_a_link_has(machine):
    """No version, cipher or key but those, as another program sees it."""
    def client(*words):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{machine.port}", *words], input=b"",
                              capture_output=True, timeout=30, check=False)
    refused = [client("-tls1_1"), client("-tls1_3"), client("-cipher", "ECDHE-RSA-AES128-GCM-SHA256"),
               client("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"), client("-tls1_2", "-groups", "X25519"),
               client("-tls1_2")]
    assert all(done.returncode for done in refused), refused
    assert b"Cipher is ECDHE" not in b"".join(done.stdout for done in refused[:5])
    assert machine.exec("true").status == 0


def test_key_is_nowhere_to_be_seen(machine, keys):
    own = hexadecimal(keys / "boat.guest.key")
    assert machine.exec("stat", "-c", "%a %U", "/run/landbridge/key").text == "600 root\n"
    look = machine.exec("sh", "-c", "cat /proc/cmdline /proc/[0-9]*/cmdline /proc/[0-9]*/environ; dmesg; ls /landbridge*")
    assert own not in look.text and "landbridge-broker" in look.text, look
    assert own.encode() not in machine.said
    for pid in (machine.agent.pid, machine.qemu.pid):
        for name in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{name}", "rb") as f:
                assert hexadecimal(keys / "boat.host.key").encode() not in f.read()


def test_agent_comes_back(machine, keys):
    """Killed in the middle of a program's output: 125 in the guest, and the next one serves again."""
    machine.exec("sh", "-c", "setsid sh -c '/mnt/d/probe.exe both 2000000 >/dev/null 2>/tmp/err; echo $? >/tmp/status' >/dev/null 2>&1 &")
    assert until(lambda: machine.exec("sh", "-c", "grep -qs ^probe /proc/[0-9]*/comm").status == 0)
    machine.agent.kill()
    machine.agent.communicate()
    machine.listen(keys / "boat.host.key", "0.0.0.0")
    assert machine.exec("true").status == 0
    assert until(lambda: machine.exec("cat", "/tmp/status").text == "125\n", 20)
    assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6


def test_stopped_agent_is_noticed(machine):
    overlink.stopped_agent(machine)


def test_files_and_drive(machine, tools, tmp_path):
    overlink.files(machine, tmp_path)
    overlink.drive(machine, tools)


def end_link(machine):
    """What is between the two goes, and neither of them; the guest calls again."""
    machine.wire.cut()


@pytest.mark.parametrize("end", [overlink.end_agent, overlink.end_broker, end_link])
def test_killed_under_fifty_programs(machine, keys, end):
    if machine.agent is None or machine.agent.poll() is not None:
        machine.listen(keys / "boat.host.key")
    overlink.fifty_programs(machine, end, lambda: machine.listen(keys / "boat.host.key") if end is overlink.end_agent else None)


def test_powers_off(machine, keys):
    """Nothing that an agent would complain of. A new one: Wine's server may have crashed under the fifty."""
    machine.hang_up()
    machine.listen(keys / "boat.host.key")
    assert machine.exec("bash", "-lc", "/mnt/d/probe.exe exit 6").status == 6
    assert machine.exec("sh", "-c", "kill -USR2 1").status in (0, 125)
    assert machine.qemu.wait(30) == 0
    assert machine.hang_up() == ""


def test_machine_of_ours_over_tcp(landbridge, tools):
    """Keys are made for it and in no file but the initramfs, which goes when the guest is up."""
    run = landbridge.start("run", "--name", "sealed", "--net", "host", "--link", "tcp", "--drive", f"D:={tools}", "--", "bash",
                           "-lc", "stat -c %a /run/landbridge/key; grep -o landbridge.link=[a-z]* /proc/cmdline; "
                           "cat /proc/cmdline | wc -l; cmd.exe /c echo hi; read x; exit 9")
    assert [run.stdout.readline() for _ in range(4)] == [b"600\n", b"landbridge.link=tcp\n", b"1\n", b"hi\r\n"]
    listed = landbridge.call("list", "--json").text
    assert '"sealed"' in listed, listed
    left = [name for top, _, names in os.walk(landbridge.env["LANDBRIDGE_HOME"]) for name in names if name.endswith(".key")]
    assert left == [] and not any("own" in word for word in command_of(run.pid))
    _, err = run.communicate(b"\n", timeout=60)
    assert run.returncode == 9 and err == b"", err


def test_machine_over_tcp_needs_a_network_that_reaches_the_host(landbridge):
    done = landbridge.run("--link", "tcp")
    assert done.status == 125 and b"--net host" in done.err and len(done.err.splitlines()) == 1, done


@pytest.mark.parametrize("key, says", [
    (None, "cannot read its key /run/landbridge/key: No such file"),
    (b"until = 1000000000\n", "the key has expired")])
def test_guest_with_no_key_that_will_do_says_so(landbridge, tmp_path, bare, keys, key, says):
    shutil.copy(bare, tmp_path)
    if key:
        with open(tmp_path / "initramfs", "ab") as out:
            out.write(busybox_boot.cpio([("landbridge.key", 0o100600, (keys / "boat.guest.key").read_bytes() + key)]))
    machine = Caller(landbridge, tmp_path)
    try:
        assert machine.hears(says), machine.said
    finally:
        machine.stop()


def test_lines_of_configuration(landbridge, tmp_path, bare, keys):
    """What enroll prints, in an image that somebody else boots; a key that others can read will not do."""
    port = free_port()
    shutil.copy(bare, tmp_path)
    tar = images.busybox(str(tmp_path / "box.tar"), ("sh", "mount", "chmod", "grep", "kill"))
    with images.TarImage(tar) as image:
        image.file("etc/landbridge.key", (keys / "boat.guest.key").read_bytes(), 0o644)
        image.file("etc/wsl.conf", f"[landbridge]\nlink = tcp:10.0.2.2:{port}\nkey = /etc/landbridge.key\n[boot]\n"
                                   "command = chmod 600 /etc/landbridge.key; for p in /proc/[0-9]*; do "
                                   "grep -q ^landbridge-broker $p/cmdline && kill -9 $(busybox basename $p); done\n")
    machine = Caller(landbridge, tmp_path, image=[tar], says_link=False)
    machine.port = port
    try:
        machine.listen(keys / "boat.host.key")
        assert machine.hears("cannot read its key /etc/landbridge.key: others can read it"), machine.said
        assert machine.exec("sh", "-c", "exit 4").status == 4
    finally:
        machine.stop()
