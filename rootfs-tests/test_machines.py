"""Machines that stay: start, list, stop, shell, exec, mount, log by name; what is left of dead ones."""
import json
import os
import pwd
import signal
import subprocess
import tempfile
import time

import pexpect
import pytest

import frontdoor
import images
from processes import children_of, command_of, gone, name_of, until

UP = ["sh", "-c", "echo up; exec sleep 1000"]


@pytest.fixture(scope="module")
def door(home):
    """A front door whose machines are its own."""
    with tempfile.TemporaryDirectory(prefix="lb") as run:
        yield frontdoor.FrontDoor(home, XDG_RUNTIME_DIR=run)
        assert os.listdir(os.path.join(run, "landbridge")) == [], "machines were left"


def machines(door):
    result = door.call("list", "--json")
    assert result.status == 0, result
    return {m["name"]: m for m in json.loads(result.out)}


@pytest.fixture(scope="class")
def boat(door, tools):
    result = door.call("start", "--drive", f"D:={tools}", "boat")
    assert (result.status, result.out, result.err) == (0, b"", b""), result
    yield door
    result = door.call("stop", "boat")
    assert (result.status, result.out, result.err) == (0, b"", b""), result
    assert "boat" not in machines(door)


class TestOneMachine:
    """All in one machine, which outlived the command that started it."""

    def test_list(self, boat):
        machine = machines(boat)["boat"]
        assert machine["phase"] == "up" and "-name" in command_of(machine["qemu"])
        assert name_of(machine["agent"]) == "lb-agent"
        assert boat.call("list").text.split()[:2] == ["boat", "up"]

    def test_exec(self, boat):
        result = boat.call("exec", "boat", "--", "sh", "-c", "cat; uname -n; exit 9", stdin=b"in\n")
        assert (result.status, result.out, result.err) == (9, b"in\nboat\n", b""), result
        result = boat.call("exec", "--user", "nobody", "boat", "id", "-un")
        assert (result.status, result.out) == (0, b"nobody\n"), result

    def test_doctor(self, boat):
        """Both sides, and that one of them is not well."""
        result = boat.call("doctor", "--json", "boat")
        report = {(line["check"], line["state"]) for line in map(json.loads, result.lines)}
        assert result.status == 0 and {("binfmt", "ok"), ("exe", "ok"), ("drives", "ok")} <= report, result
        assert boat.call("exec", "boat", "sh", "-c", "echo 0 >/proc/sys/fs/binfmt_misc/WSLInterop").status == 0
        result = boat.call("doctor", "--json", "boat")
        assert result.status == 1 and {"binfmt", "exe"} == {
            line["check"] for line in map(json.loads, result.lines) if line["state"] == "fail"}, result
        assert boat.call("exec", "boat", "sh", "-c", "echo 1 >/proc/sys/fs/binfmt_misc/WSLInterop").status == 0

    def test_exe(self, boat):
        assert boat.call("exec", "boat", "/mnt/d/probe.exe", "exit", "7").status == 7

    def test_shell(self, boat):
        assert boat.call("shell", "boat", stdin=b"exit 3\n").status == 3

    def test_mount(self, boat, tmp_path):
        assert boat.call("mount", "--user", "root", "boat", tmp_path).status == 0
        assert (tmp_path / "etc" / "passwd").exists()
        subprocess.run(["fusermount3", "-u", tmp_path], check=True)

    def test_log(self, boat):
        boat.call("exec", "--user", "root", "boat", "sh", "-c", "echo ahoy >/dev/console")
        assert until(lambda: b"ahoy" in boat.call("log", "boat").out)

    def test_log_is_bounded(self, boat):
        """Some 1.6 MB on the console: the newest part of it stays."""
        boat.call("exec", "--user", "root", "boat", "sh", "-c", "seq 240000 >/dev/console; echo the last >/dev/console")
        assert until(lambda: boat.call("log", "boat").out.rstrip().endswith(b"the last"), 30)
        assert len(boat.call("log", "boat").out) <= 1 << 20

    def test_same_name(self, boat):
        for command in (["start", "boat"], ["start", "--name", "boat"], ["run", "--name", "boat", "--", "true"]):
            result = boat.call(*command)
            assert result.status == 125 and b"running already" in result.err, result
            assert len(result.err.splitlines()) == 1

    def test_gui_without_display(self, boat):
        env = {k: v for k, v in boat.env.items() if not k.endswith("DISPLAY")}
        if env != boat.env:
            pytest.skip("the machine was started with a display")
        result = boat.call("exec", "boat", "/mnt/c/windows/notepad.exe", timeout=30)
        assert result.status == 126 and b"DISPLAY" in result.err and len(result.err.splitlines()) == 1, result

    def test_nothing_that_rules_the_host(self, boat, tools):
        """No device and no set-uid file on a drive; modes are the drive's own."""
        script = ("cd /mnt/d; mknod null c 1 3; cp /bin/true own; chmod 4755 own; chmod 750 own; stat -c %a own; "
                  "install -m 4711 /bin/true copied; mkdir -m 1777 dir && stat -c %a dir; ls")
        result = boat.call("exec", "--user", "root", "boat", "sh", "-c", script)
        assert result.lines[:2] == ["777", "777"], result
        assert b"mknod" in result.err, result
        for name in os.listdir(tools):
            status = os.lstat(tools / name)
            assert not status.st_mode & 0o4000 and not status.st_rdev, name
        for name in ("own", "copied"):
            (tools / name).unlink(missing_ok=True)
        (tools / "dir").rmdir()


def test_unknown_names(door):
    for command in (["stop", "nobody"], ["shell", "nobody"], ["exec", "nobody", "true"], ["log", "nobody"],
                    ["mount", "nobody", "/tmp"]):
        result = door.call(*command)
        assert result.status == 125 and b"nobody" in result.err and len(result.err.splitlines()) == 1, result


def test_two_runs_have_two_names(door):
    runs = [door.start("run", "--", *UP) for _ in range(2)]
    for run in runs:
        assert run.stdout.readline() == b"up\n"
    assert sorted(machines(door)) == ["debian", "debian-2"]
    for run in runs:
        run.terminate()
        run.communicate(timeout=60)
    assert machines(door) == {}


def test_two_share_the_prefix(door, home, tmp_path):
    """Where none can have a layer of its own, two with the same drives have Wine and its server together."""
    assert door.run("--", "cmd.exe", "/c", "ver").status == 0
    shared = tmp_path / "no:layers"
    shared.mkdir()
    subprocess.run(["cp", "-a", home / "wine", shared], check=True)
    (shared / "wine.made").write_text("")
    for name in ("images", "modules"):
        os.symlink(home / name, shared / name)
    here = frontdoor.FrontDoor(shared, XDG_RUNTIME_DIR=door.env["XDG_RUNTIME_DIR"])
    runs = [here.start("run", "--", "bash", "-lc", "cmd.exe /c exit 5; echo $?; exec sleep 1000") for _ in range(2)]
    for run in runs:
        assert run.stdout.readline() == b"5\n"
    families = [children_of(machine["agent"]) for machine in machines(here).values()]
    names = [name_of(process) for family in families for process in family]
    assert len(families) == 2 and len([name for name in names if name.startswith("wineserver")]) == 1, names
    for run in runs:
        run.terminate()
        run.communicate(timeout=60)
    assert os.listdir(shared / "wine" / "tmp") and not (shared / "machines" / "debian" / "upper").exists()


def test_run_is_stopped_by_another(door):
    run = door.start("run", "--", *UP)
    assert run.stdout.readline() == b"up\n"
    assert door.call("stop", "debian").status == 0
    _, err = run.communicate(timeout=30)
    assert run.returncode == 125 and b"stopped by landbridge stop" in err and len(err.splitlines()) == 1, err


def family_of(door, run):
    """All processes of a machine, Wine's among them."""
    assert run.stdout.readline() == b"up\n"
    machine = machines(door)["debian"]
    return [run.pid, machine["supervisor"], *children_of(run.pid), *children_of(machine["supervisor"])], machine


def test_killed_run_leaves_nothing(door):
    run = door.start("run", "--", *UP)
    family, machine = family_of(door, run)
    run.kill()
    run.communicate()
    assert until(gone(family), 20), [command_of(p) for p in family]
    assert not os.path.exists(machine["directory"])


def test_all_killed_at_once(door):
    """Nobody is left to clean up: who comes next does."""
    run = door.start("run", "--", *UP)
    family, machine = family_of(door, run)
    for pid in family:
        if pid != machine["qemu"]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    run.communicate()
    assert until(gone([machine["qemu"]]), 10), "QEMU outlived its machine"
    assert os.path.exists(machine["directory"])
    assert machines(door) == {} and not os.path.exists(machine["directory"])


@pytest.mark.parametrize("command, words", [
    ("echo o >/proc/sysrq-trigger", "powered itself off"),
    ("echo c >/proc/sysrq-trigger", "panicked"),
])
def test_ends_of_a_guest(door, command, words):
    result = door.run("--", "sh", "-c", f"{command}; sleep 60")
    assert result.status == 125 and words in result.err.decode() and len(result.err.splitlines()) == 1, result


def test_halt_at_the_prompt(door):
    """A kernel that stops without switching off is a guest that is off: reboot(2) with CMD_HALT."""
    shell = door.terminal()
    shell.sendline("perl -e 'syscall(169, 0xfee1dead, 672274793, 0xcdef0123)'")
    shell.expect(pexpect.EOF, timeout=30)
    shell.close()
    assert shell.exitstatus == 0


def test_output_into_a_pipe(door):
    """run | tee log: a person types, so there are prompts, as with ssh."""
    outer = pexpect.spawn("/bin/sh", ["-c", f"{frontdoor.LANDBRIDGE} run | cat"], env={**door.env, "TERM": "dumb"},
                          timeout=90, encoding="utf-8")
    outer.expect(frontdoor.PROMPT)
    outer.sendline("exit")
    outer.expect(pexpect.EOF)


@pytest.mark.parametrize("args, words", [
    (["--memory", "64M"], "--memory"),
    (["--memory", "900G"], "--memory"),
    (["--cpus", "255"], "--cpus"),
])
def test_more_or_less_than_there_is(door, args, words):
    begin = time.monotonic()
    result = door.run(*args, "--", "true")
    assert result.status == 125 and words in result.err.decode() and len(result.err.splitlines()) == 1, result
    assert time.monotonic() - begin < 5


def test_least_memory(door):
    assert door.run("--memory", "128M", "--", "true").status == 0


@pytest.mark.parametrize("way, mode, own", [("link", b"777", False), ("virtio-9p", b"600", True)])
def test_ordinary_user(way, mode, own, busybox_image):
    """The same walls where the host's user is not root, and QEMU's own."""
    if os.geteuid() != 0:
        pytest.skip("is one already")
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(prefix="lb") as top:
        os.chmod(top, 0o755)
        home, drive, run = (os.path.join(top, n) for n in ("home", "drive", "run"))
        for path in (home, drive, run):
            os.mkdir(path, 0o700)
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        script = ("cd /mnt/c; touch f; chmod 4755 f; chmod 600 f; mknod null c 1 3; mkdir d; stat -c '%a %u' f; ls")
        env = {"PATH": os.environ["PATH"], "HOME": home, "LANDBRIDGE_HOME": home, "XDG_RUNTIME_DIR": run}
        image = images.disk_from_tar(os.path.join(top, "b.img"), busybox_image, "64M")
        os.chmod(image, 0o644)
        done = subprocess.run([frontdoor.LANDBRIDGE, "run", "--drives-by", way, "--drive", f"C:={drive}", image, "--", "sh", "-c", script],
                              env=env, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], capture_output=True,
                              timeout=180, check=False)
        uid = str(nobody.pw_uid if own else 0).encode()
        assert done.stdout.split() == [mode, uid, b"d", b"f"], done
        assert not os.stat(os.path.join(drive, "f")).st_mode & 0o4000
