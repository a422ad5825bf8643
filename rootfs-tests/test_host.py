"""The host half's own: more sessions in a guest, Wine's prefix, the emergency shell."""
import os
import signal
import subprocess
import time

import pexpect
import pytest

import frontdoor
from processes import children_of, name_of, until

UP = ["sh", "-c", "echo up; exec sleep 1000000"]
SOAK = os.environ.get("LANDBRIDGE_SOAK") == "1"
LAUNCHES = int(os.environ.get("LANDBRIDGE_LAUNCHES", "1000" if SOAK else "30"))
AT_ONCE = 200 if SOAK else 20


def child_named(run, name):
    """The first child of `landbridge run` with this name, as ps(1) shows it."""
    return next(pid for pid in children_of(run) if name_of(pid).startswith(name))


@pytest.fixture(scope="class")
def guest(landbridge, tools, tmp_path_factory):
    """A running guest: (front door, socket)."""
    socket = tmp_path_factory.mktemp("s") / "agent"
    run = landbridge.start("run", "--drive", f"D:={tools}", "--socket", socket, "--", *UP)
    assert run.stdout.readline() == b"up\n", run.communicate()
    yield landbridge, socket, run.pid
    run.terminate()
    run.communicate(timeout=60)
    assert run.returncode == 128 + signal.SIGTERM
    assert not socket.exists()


class TestOneGuest:
    """All in one running guest."""

    def test_exec(self, guest):
        landbridge, socket, _ = guest
        result = landbridge.call("exec", "--socket", socket, "--", "sh", "-c", "cat; echo err >&2; exit 9", stdin=b"a\0b")
        assert (result.status, result.out, result.err) == (9, b"a\0b", b"err\n"), result
        result = landbridge.call("exec", "--socket", socket, "--user", "nobody", "id", "-un")
        assert (result.status, result.out) == (0, b"nobody\n"), result
        result = landbridge.call("exec", "--socket", socket, "/no/such")
        assert result.status == 127 and len(result.err.splitlines()) == 1, result

    def test_path_follows_mounts(self, guest):
        """The next session is ready before it is asked for, and knows what was mounted since."""
        landbridge, socket, _ = guest

        def shell(command):
            result = landbridge.call("exec", "--socket", socket, "--user", "root", "--", "sh", "-c", command)
            assert result.status == 0, result
            return result.text.strip()

        first = shell("echo $PATH")
        assert "/mnt/c/windows" in first.lower()
        shell("umount /mnt/c && mkdir /mnt/moved && mount -t drvfs C: /mnt/moved")
        assert shell("echo $PATH") == first.replace("/mnt/c/", "/mnt/moved/")
        shell("umount /mnt/moved && rmdir /mnt/moved && mount -t drvfs C: /mnt/c")
        assert shell("echo $PATH") == first

    def test_shell_without_a_terminal(self, guest):
        landbridge, socket, _ = guest
        result = landbridge.call("shell", "--socket", socket, stdin=b"echo $0; exit 3\n")
        assert (result.status, result.out) == (3, b"-bash\n"), result

    def test_interactive_cmd(self, guest):
        """cmd.exe on a terminal: a prompt, an echo, an exit code; Ctrl-C is 130."""
        landbridge, socket, _ = guest
        shell = pexpect.spawn(frontdoor.LANDBRIDGE, ["shell", "--socket", str(socket)],
                              env={**landbridge.env, "TERM": "xterm"}, timeout=60, encoding="utf-8",
                              codec_errors="replace", dimensions=(30, 100))
        shell.expect(r"~# $")
        shell.send("cd /mnt/d; cmd.exe\r")
        shell.expect(r"D:\\>")
        shell.send("echo ferry\r")
        shell.expect("ferry.*ferry.*>")
        shell.send("exit 5\r")
        shell.expect("# $")
        shell.send("echo rc=$?; ./probe.exe hang\r")
        shell.expect("rc=5\r\n")
        shell.expect("ready")
        shell.sendintr()
        shell.expect("# $")
        shell.send("echo rc=$?\r")
        shell.expect("rc=130\r\n")
        shell.expect("# $")
        shell.sendeof()
        shell.expect(pexpect.EOF)

    def test_signals_end_windows_programs(self, guest):
        landbridge, socket, _ = guest
        script = "cd /mnt/d; for s in INT TERM HUP; do timeout --preserve-status -s $s 1 ./probe.exe wait; echo $?; done"
        result = landbridge.call("exec", "--socket", socket, "bash", "-c", script)
        assert result.text.split() == ["130", "143", "129"], result

    def test_signal_while_wines_server_hangs(self, guest):
        """Nobody of Wine answers: TERM ends the command all the same, within about 2 s."""
        landbridge, socket, run = guest
        program = landbridge.start("exec", "--socket", socket, "/mnt/d/probe.exe", "hang")
        assert program.stdout.readline().strip() == b"ready"
        server = child_named(run, "wineserver")
        os.kill(server, signal.SIGSTOP)
        begin = time.monotonic()
        program.terminate()
        program.communicate(timeout=20)
        took = time.monotonic() - begin
        os.kill(server, signal.SIGCONT)
        assert program.returncode in (143, -signal.SIGTERM) and took < 3, (program.returncode, took)
        result = landbridge.call("exec", "--socket", socket, "/mnt/d/probe.exe", "exit", "3")
        assert result.status == 3, result

    def test_apart_from_the_host(self, guest):
        """Wine's server has PIDs, System V memory and /proc of its own, and goes first where memory is short."""
        landbridge, socket, run = guest
        landbridge.call("exec", "--socket", socket, "/mnt/d/probe.exe", "exit", "0")
        server = child_named(run, "wineserver")
        for kind in ("pid", "ipc", "mnt"):
            assert os.readlink(f"/proc/{server}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"), kind
        with open(f"/proc/{server}/oom_score_adj", encoding="ascii") as file:
            assert int(file.read()) >= 500
        if os.geteuid() == 0 and os.access("/sys/fs/cgroup/pids", os.W_OK):  # an ordinary user has RLIMIT_NPROC
            with open(f"/proc/{server}/cgroup", encoding="ascii") as file:
                group = next(line.split(":")[2] for line in file.read().split("\n") if ":pids:" in line)
            with open(f"/sys/fs/cgroup/pids{group}/pids.max", encoding="ascii") as file:
                assert int(file.read()) == 4096, group
        agent = child_named(run, "lb-agent")

        def none_of_the_host():
            inside = [int(name) for name in os.listdir(f"/proc/{server}/root/proc") if name.isdigit()]
            return 1 in inside and len(inside) <= len(children_of(agent)) + 1

        assert until(none_of_the_host)  # what waits for the next program is still coming and going

    @pytest.mark.timeout(300 + 4 * LAUNCHES)
    def test_nothing_leaks(self, guest):
        """After many launches, in a row and at once, all is held that was held before, on both sides."""
        landbridge, socket, run = guest
        agent = child_named(run, "lb-agent")
        call = ["exec", "--socket", socket, "--user", "root", "bash", "-c"]
        in_guest = ("b=$(pidof landbridge-broker | tr ' ' '\\n' | sort -n | head -n 1); ls /proc/$b/fd | wc -l; "
                    "ls -d /proc/[0-9]* | wc -l; grep VmRSS /proc/$b/status | tr -dc 0-9")

        def held():
            with open(f"/proc/{agent}/task/{agent}/children", encoding="ascii") as f:
                children = len(f.read().split())
            with open(f"/proc/{agent}/status", encoding="ascii") as f:
                memory = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
            there = [int(line) for line in landbridge.call(*call, in_guest).lines]
            return [len(os.listdir(f"/proc/{agent}/fd")), children, memory // 512] + there[:2] + [there[2] // 512]

        def launch(many, how, end):
            script = f"for i in $(seq {many}); do {{ /mnt/d/probe.exe exit $((i % 256)); test $? = $((i % 256)) || echo $i; }} {how} done; {end}"
            result = landbridge.call(*call, script, timeout=300 + 4 * LAUNCHES)
            assert (result.status, result.out, result.err) == (0, b"", b""), result

        launch(AT_ONCE, "&", "wait")
        before = held()
        launch(LAUNCHES, ";", ":")
        launch(AT_ONCE, "&", "wait")
        assert until(lambda: max(map(int.__sub__, held(), before)) <= 0, 20), (before, held())

    def test_batch_file(self, guest, tools):
        landbridge, socket, _ = guest
        (tools / "t.bat").write_bytes(b"@echo off\r\necho [%1] [%2]\r\nexit /b 5\r\n")
        (tools / "t.bat").chmod(0o755)
        script = "cd /mnt/d; landbridge-run ./t.bat 'a b' '\"&echo INJECTED'; echo $?"
        result = landbridge.call("exec", "--socket", socket, "bash", "-c", script)
        assert result.lines[-1] == "5" and not any(line.startswith("INJECTED") for line in result.lines), result

    def test_another_machine_has_its_own_windows(self, guest, tmp_path):
        """Registry, files, drives and programs: neither sees or ends the other's."""
        landbridge, socket, _ = guest
        made = landbridge.call("exec", "--socket", socket, "bash", "-c",
                               r"cmd.exe /c 'reg add HKCU\Boat /v a /d here /f'; echo mine >/mnt/c/windows/boat.txt")
        assert made.status == 0, made
        program = landbridge.start("exec", "--socket", socket, "bash", "-c", "echo up; exec /mnt/d/probe.exe wait")
        assert program.stdout.readline() == b"up\n"
        other = landbridge.run(
            "--name", "other", "--drive", f"E:={tmp_path}", "--", "bash", "-lc",
            r"cmd.exe /c 'reg query HKCU\Boat' >/dev/null 2>&1 && echo SEEN; ls /mnt; "
            r"cat /mnt/c/windows/boat.txt 2>/dev/null; echo other >/mnt/c/windows/boat.txt; "
            r"cmd.exe /c 'wineboot -k'; true")
        assert other.text.split() == ["c", "e", "wsl"], other
        kept = landbridge.call("exec", "--socket", socket, "cat", "/mnt/c/windows/boat.txt")
        assert kept.out == b"mine\n" and program.poll() is None, kept
        program.terminate()
        program.communicate(timeout=30)


def test_windows_of_a_machine_is_kept(landbridge):
    """What its programs and the guest changed is there when it runs again."""
    made = landbridge.run("--name", "keeper", "--", "bash", "-lc",
                          r"cmd.exe /c 'reg add HKCU\Boat /v a /d here /f' && rm /mnt/c/windows/win.ini")
    assert made.status == 0, made
    again = landbridge.run("--name", "keeper", "--", "bash", "-lc",
                           r"cmd.exe /c 'reg query HKCU\Boat'; ls /mnt/c/windows/win.ini")
    assert "here" in again.text and again.status == 2, again


def test_qemu_that_dies(landbridge):
    run = landbridge.start("run", "--", *UP)
    assert run.stdout.readline() == b"up\n"
    os.kill(child_named(run.pid, "qemu"), signal.SIGKILL)
    _, err = run.communicate(timeout=30)
    assert run.returncode == 125 and b"QEMU" in err and len(err.splitlines()) == 1, err


def test_power_off_at_the_prompt(landbridge):
    shell = landbridge.terminal()
    shell.sendline("kill -38 1")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0


def test_no_wine(landbridge):
    result = landbridge.run("--", "true", env={"LANDBRIDGE_WINE": "/none/wine64"})
    assert result.status == 125 and b"Wine" in result.err and len(result.err.splitlines()) == 1, result


def test_drive_c_without_windows(landbridge, probe, tmp_path):
    """The guest boots; a program says why it cannot run."""
    subprocess.run(["cp", probe, tmp_path / "probe.exe"], check=True)
    result = landbridge.run("--drive", f"C:={tmp_path}", "--", "sh", "-c", "ls /mnt/c; /mnt/c/probe.exe cwd")
    assert result.status == 126 and result.out == b"probe.exe\n" and b"no windows directory" in result.err, result
    assert len(result.err.splitlines()) == 1


def without(tmp_path, word):
    """Options for a kernel that lacks the modules with this word in their names."""
    kernel = os.path.realpath(os.path.join(frontdoor.BUILD, "kernel"))
    release = os.listdir(os.path.join(kernel, "modules"))[0]
    modules = tmp_path / release
    modules.mkdir()
    (modules / "kernel").symlink_to(os.path.join(kernel, "modules", release, "kernel"))
    with open(os.path.join(kernel, "modules", release, "modules.dep"), encoding="ascii") as f:
        (modules / "modules.dep").write_text("".join(line for line in f if word not in line))
    return ["--kernel", os.path.join(kernel, "vmlinux"), "--modules", str(modules)]


@pytest.fixture
def broken(tmp_path, busybox_image):
    """A boot that fails with a shell at hand: a read-only root, no overlay."""
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    subprocess.run(["tar", "-C", root, "-xpf", busybox_image], check=True)
    return [*without(tmp_path, "overlay"), str(root)]


@pytest.mark.parametrize("way, module", [("virtio-9p", "9p"), ("link", "fuse")])
def test_missing_drives_are_told(landbridge, tmp_path, way, module):
    """A kernel without the file system; the other one would do in its place."""
    wanted = [*without(tmp_path, module), "--drives-by", way]
    if way == "virtio-9p":
        result = landbridge.run(*wanted, "--", "sh", "-c", "until test -e /mnt/c/windows; do :; done; ls /mnt; exit 2")
        assert (result.status, result.out, result.err) == (2, b"c\nwsl\n", b""), result
        return
    result = landbridge.run(*wanted, "--", "sh", "-c", "ls /mnt; exit 2")
    assert (result.status, result.out) == (2, b"wsl\n"), result
    assert b"unable to mount the drive C: on /mnt/c: unable to open /dev/fuse" in result.err, result


def test_wrongs_of_a_machine_that_stays(landbridge, tmp_path):
    """The first session shows them, once; the log has them, and what the agent says."""
    try:
        started = landbridge.call("start", "--name", "lacking", *without(tmp_path, "fuse"))
        assert (started.status, started.err) == (0, b""), started
        told = []
        assert until(lambda: told.append(landbridge.call("exec", "lacking", "--", "sh", "-c", "exit 3")) or told[-1].err, 20)
        first, second = told[-1], landbridge.call("exec", "lacking", "--", "sh", "-c", "exit 3")
        assert first.status == 3 and b"unable to mount the drive C: on /mnt/c: unable to open /dev/fuse" in first.err, first
        assert first.err.count(b"\n") == 1, first
        assert (second.status, second.err) == (3, b""), second
        log = landbridge.call("log", "lacking").text
        assert "unable to mount the drive C:" in log, log
    finally:
        landbridge.call("stop", "lacking")


def test_failed_boot_names_the_step(landbridge, broken):
    result = landbridge.run(*broken, "--", "true")
    err = result.err.decode()
    assert result.status == 125 and "overlay" in err and len(err.splitlines()) == 1, result
    log = err.partition("(log: ")[2].rstrip(")\n")
    with open(log, encoding="utf-8", errors="replace") as f:
        assert "landbridge: failed " in f.read()


def test_emergency_shell(landbridge, broken):
    shell = pexpect.spawn(frontdoor.LANDBRIDGE, ["run", *broken], env=landbridge.env, timeout=90, encoding="utf-8",
                          codec_errors="replace")
    shell.expect("emergency shell")
    shell.expect("# ")
    shell.send("echo $((6 * 7))\r")
    shell.expect("42")
    shell.send("exit\r")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 125


CMD = "/mnt/c/windows/system32/cmd.exe /c 'exit 7'"


@pytest.mark.parametrize("agreed", [False, True], ids=["refused", "agreed"])
def test_no_sandbox(landbridge, tools, agreed):
    """Windows programs are refused with a line that says what would be open, or it is said once, before anything
    runs; the guest and its drives are there either way, those that are read-only too."""
    words = ["--no-sandbox"] if agreed else []
    run = landbridge.start_without_namespaces("run", *words, "--drive", f"D:={tools},ro", "--", "sh", "-c",
                                              f"ls /mnt/d/probe.exe; touch /mnt/d/x; {CMD}; echo $?; {CMD} 2>/dev/null; echo $?")
    out, err = run.communicate(timeout=180)
    said = [line for line in err.decode().splitlines() if "Windows programs may" in line]
    assert len(said) == 1 and "no namespaces for this user" in said[0], (out, err)
    assert out.decode().split() == ["/mnt/d/probe.exe", *["7" if agreed else "126"] * 2], (out, err)
    assert ("unable to run" in said[0] and "--no-sandbox" in said[0]) is not agreed, said
    assert run.returncode == 0 and not (tools / "x").exists(), (out, err)


def test_no_sandbox_of_a_machine_that_stays(landbridge):
    """Of start, too."""
    for words, status in ([], 126), (["--no-sandbox"], 7):
        started = landbridge.start_without_namespaces("start", "--name", "unboxed", *words)
        try:
            _, err = started.communicate(timeout=180)
            assert started.returncode == 0 and (b"Windows programs may" in err) == (status == 7), err
            done = landbridge.call("exec", "unboxed", "--", "sh", "-c", CMD)
            assert done.status == status, done
            assert ("Windows programs may" in landbridge.call("log", "unboxed").text) == (status == 7)
        finally:
            landbridge.call("stop", "unboxed")


@pytest.mark.parametrize("word", ["poweroff", "reboot"])
def test_emergency_shell_ends_as_told(landbridge, broken, word):
    """As the same words do in a guest that came up."""
    shell = pexpect.spawn(frontdoor.LANDBRIDGE, ["run", *broken], env=landbridge.env, timeout=90, encoding="utf-8",
                          codec_errors="replace")
    shell.expect("emergency shell")
    shell.expect("# ")
    shell.send(f"/bin/busybox {word}\r")
    shell.expect(pexpect.EOF, timeout=20)
    shell.close()
    assert shell.exitstatus == 125


def test_root_is_warned(landbridge):
    """On a terminal; and nobody else is."""
    if os.geteuid() != 0:
        pytest.skip("not root")
    shell = pexpect.spawn(frontdoor.LANDBRIDGE, ["run", "--", "echo", "in"], env=landbridge.env, timeout=90, encoding="utf-8")
    shell.expect("started as root")
    shell.expect("in\r\n")
    shell.expect(pexpect.EOF)


def test_qemus_sandbox(landbridge):
    """It is on in the command line, and in the process, whatever that is given."""
    command = landbridge.call("run", "--dry-run").text
    assert " -sandbox on," in command and "spawn=deny" in command and "elevateprivileges=deny" in command, command
    run = landbridge.start("run", "--", *UP)
    assert run.stdout.readline() == b"up\n"
    with open(f"/proc/{child_named(run.pid, 'qemu')}/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert status["Seccomp"] == "2" and int(status["Seccomp_filters"]) >= 2 and status["NoNewPrivs"] == "1", status
    run.terminate()
    run.communicate(timeout=60)
