"""[interop] appendWindowsPath = shims: one directory of the host's programs' names in place of the Windows PATH."""
import os
import shutil

import pytest

import images
from frontdoor import FrontDoor
from processes import until

SHIMS = "/run/landbridge/shims/bin"
TO = "/run/landbridge/shims/to"
CONF = "[interop]\nappendWindowsPath = shims\n[boot]\ncommand = \"echo $PATH >/run/boot-path\"\n"
NAME = "shims"
# In the order of the Windows PATH.
FIRST = ["Tell.exe", "Twice.EXE", "ls.exe", "Status.bat", "MIXED.Cmd", "both.exe", "both.com", "Script.bat", ".hidden.exe", "note.txt", "bad\tname.exe"]
SECOND = ["twice.exe", "Second.exe"]


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """With a prefix of its own, whose PATH the tests change."""
    return FrontDoor(tmp_path_factory.mktemp("shims"))


@pytest.fixture(scope="module")
def work(tmp_path_factory, probe):
    """D: with two directories of programs, and E: with one more, whose changes nobody tells."""
    top = tmp_path_factory.mktemp("programs")
    for folder, names in (("d/one", FIRST), ("d/two words", SECOND), ("d/aside", []), ("e", ["silent.exe"]), ("f/late", ["late.exe"])):
        os.makedirs(top / folder)
        for name in names:
            put(probe, top / folder / name)
    (top / "d" / "one" / "Status.bat").write_bytes(b"@exit /b 7\r\n")
    (top / "d" / "one" / "MIXED.Cmd").write_bytes(b"@exit /b 8\r\n")
    (top / "d" / "one" / "Script.bat").write_bytes(b"#!/bin/sh\necho guest $0 $1\n")
    return top


def put(probe, path):
    shutil.copy(probe, path)
    os.chmod(path, 0o755)


@pytest.fixture(scope="module")
def machine(door, work, debian_tar, store):
    ann = {"name": "ann", "uid": 1000, "shell": "/bin/bash", "groups": {}}
    image = images.debian(str(store / "shims.tar"), debian_tar, user=ann, wsl_conf=CONF)
    with images.TarImage(str(store / "fstab.tar"), image) as tar:
        tar.file("etc/fstab", "E: /mnt/e drvfs cache=none 0 0\n")
        tar.dir("mnt/e")
    drives = ["--drive", f"D:={work}/d", "--drive", f"E:={work}/e", "--drives-by", "link"]
    path = "D:\\one;D:\\two words;F:\\late;E:\\"
    done = door.run("--name", NAME, *drives, "--", "reg.exe", "add", "HKCU\\Environment", "/v", "PATH", "/d", path, "/f")
    assert done.status == 0, done
    done = door.call("start", "--name", NAME, *drives, str(store / "fstab.tar"))
    assert done.status == 0, done

    def sh(script, *words):
        return door.call("exec", *words, NAME, "--", "bash", "-c", script)
    try:
        assert until(lambda: sh("command -v silent.exe").status == 0, 60), sh(f"ls -l {SHIMS} | tail; dmesg | tail")
        yield sh
    finally:
        door.call("stop", NAME)


@pytest.mark.parametrize("name", ["Tell.exe", "tell.exe", "Tell", "tell"])
def test_program_has_all_its_names(machine, name):
    done = machine(f"{name} args 'a b' c; {name} exit 5")
    assert (done.status, done.lines) == (5, ["a b", "c"]), done


def test_program_is_where_the_host_has_it(machine):
    done = machine(f"readlink {TO}/tell; wslpath -w $(readlink {TO}/tell); cd /mnt/d/aside && tell cwd; "
                   "landbridge-run TELL exit 3; echo $?; cmd /c 'exit 4'; echo $?")
    assert done.lines == ["/mnt/d/one/Tell.exe", "D:\\one\\Tell.exe", "D:\\aside", "3", "4"], done


@pytest.mark.parametrize("call", ["./Tell.exe", "./tell", "/tmp/mine", "env -i {SHIMS}/Tell.exe", "bash -c 'exec -a other tell \"$@\"' -",
                                  "setpriv --no-new-privs --reset-env {SHIMS}/tell", "landbridge-run {SHIMS}/tell"])
def test_program_by_another_way(machine, call):
    """From its directory, by a user's link, without an environment, as another program."""
    call = call.format(SHIMS=SHIMS)
    done = machine(f"ln -sfn {SHIMS}/tell /tmp/mine; cd {SHIMS}; {call} args 'a b'; {call} exit 5")
    assert (done.status, done.lines) == (5, ["a b"]), done


def test_name_costs_no_look_at_the_drive(machine):
    """All names are one file in memory."""
    done = machine(f"stat -L -c '%F %s %a %U' {SHIMS}/* | sort -u; stat -c %i {SHIMS}/* | sort -u | wc -l; "
                   f"test $(ls {SHIMS} | wc -l) = $(ls {TO} | wc -l); echo $?; stat -f -c %T {SHIMS}")
    assert done.lines == ["regular file 2 755 root", "1", "0", "tmpfs"], done


def test_name_whose_program_is_gone(machine, work, probe):
    """One line, as of each program that is not there."""
    put(probe, work / "d" / "one" / "hasty.exe")
    assert until(lambda: machine(f"test -e {SHIMS}/hasty").status == 0, 20)
    assert machine(f"mv {TO}/hasty /run/hasty", "--user", "root").status == 0
    done = machine("hasty")
    assert (done.status, done.err.count(b"\n"), done.out) == (127, 1, b"") and b"hasty" in done.err, done
    machine(f"mv /run/hasty {TO}/hasty", "--user", "root")
    (work / "d" / "one" / "hasty.exe").unlink()
    assert until(lambda: machine(f"test -e {SHIMS}/hasty || test -L {TO}/hasty").status == 1, 20)


def test_session_that_changes_nothing(machine):
    """It leaves the process asleep where all drives tell of their changes: as if E: did, once it has been read for this session."""
    silent, path = "/run/landbridge/shims/silent", "/run/landbridge/shims/path"
    settle = f"test -e {silent} || exit 0; until test {silent} -nt {path}; do sleep 0.1; done; rm {silent}"
    look = (f"stat -c %i {path}; for p in /proc/[0-9]*; do grep -q ^landbridge-shims $p/cmdline && grep ctxt $p/status; done 2>/dev/null")

    def is_asleep():
        machine(settle, "--user", "root")
        seen.append([machine(look, "--user", "root").text for _ in range(2)])
        return seen[-1][0] == seen[-1][1] and seen[-1][0].count("\n") == 3
    seen = []
    try:
        assert until(is_asleep, 30), seen
    finally:
        machine(f"touch {silent}", "--user", "root")


def test_batch_file_keeps_its_extension(machine):
    done = machine("Status.bat; echo $?; status.bat; echo $?; MIXED.Cmd; echo $?; mixed.cmd; echo $?; command -v status || echo none")
    assert done.lines == ["7", "7", "8", "8", "none"], done


def test_program_of_the_guests_own(machine):
    """It only ends like one of the host's."""
    assert machine("script.bat x").lines == ["guest /mnt/d/one/Script.bat x"]


def test_order_of_the_windows_path(machine):
    """The first directory wins, and in one .com; what the guest has itself is the guest's."""
    done = machine(f"cd {TO}; for n in twice.exe Twice.EXE Twice twice second both both.exe ls ls.exe; do readlink $n; done; "
                   "command -v ls")
    one = "/mnt/d/one/"
    assert done.lines == [one + n for n in ["Twice.EXE"] * 4] + ["/mnt/d/two words/Second.exe"] + \
        [one + n for n in ("both.com", "both.exe", "ls.exe", "ls.exe")] + ["/usr/bin/ls"], done


def test_only_programs_are_there(machine):
    done = machine(f"ls -A {SHIMS} | grep -e hidden -e note.txt -e bad")
    assert done.out == b"" and done.status == 1, done


def test_path_has_one_directory(machine):
    done = machine("echo $PATH; cat /run/landbridge/path; cat /run/boot-path; bash -lc 'echo $PATH'")
    assert len(done.lines) == 4 and all(l.endswith(f"/run/landbridge/bin:{SHIMS}") for l in done.lines), done
    assert "/mnt/" not in done.text, done


def test_nothing_is_a_users_to_change(machine):
    done = machine(f"find /run/landbridge/shims -not -type l -writable; touch {SHIMS}/x /run/landbridge/shims/path || "
                   f"echo >>{SHIMS}/tell || ln -sf /bin/true {TO}/tell", "--user", "ann")
    assert done.status == 1 and done.out == b"" and done.err.count(b"\n") == 4, done


def test_changes_on_the_host(machine, work, probe):
    """One that comes, is renamed, goes: in its directory, and where it hides another. The others stay as they are."""
    one, two = work / "d" / "one", work / "d" / "two words"

    def now(name, target):
        script = f'test "$(command -v {name})" = "{target and SHIMS + "/" + name}" && test "$(readlink {TO}/{name})" = "{target}"'
        assert until(lambda: machine(script).status == 0, 20), machine(f"ls -l {TO} {SHIMS} | grep -i '{name[:5]}'")
    before = machine(f"stat -c %i {TO}/cmd.exe").text
    put(probe, one / "Later.exe")
    now("later", "/mnt/d/one/Later.exe")
    assert machine("later exit 6").status == 6
    os.rename(one / "Later.exe", one / "Fresh.exe")
    now("fresh", "/mnt/d/one/Fresh.exe")
    now("later", "")
    (one / "more.txt").write_text("no program")
    (one / "Twice.EXE").unlink()
    now("twice", "/mnt/d/two words/twice.exe")
    now("Twice.EXE", "")
    put(probe, one / "Twice.EXE")
    now("twice", "/mnt/d/one/Twice.EXE")
    (two / "twice.exe").unlink()
    (one / "Fresh.exe").unlink()
    now("Fresh", "")
    now("twice", "/mnt/d/one/Twice.EXE")
    (one / "both.com").unlink()
    now("both", "/mnt/d/one/both.exe")
    put(probe, one / "both.com")
    put(probe, two / "twice.exe")
    now("both", "/mnt/d/one/both.com")
    assert before == machine(f"stat -c %i {TO}/cmd.exe").text != ""


def test_directory_goes_and_comes(machine, work, probe):
    """What is there again is seen when a session begins."""
    one = work / "d" / "one"
    os.rename(one, work / "d" / "gone")
    assert until(lambda: machine(f"command -v tell || readlink {TO}/twice").text == "/mnt/d/two words/twice.exe\n", 20)
    os.rename(work / "d" / "gone", one)
    assert until(lambda: machine("tell exit 2").status == 2, 20), machine(f"ls {SHIMS}")


def test_drive_that_tells_nothing(machine, work, probe):
    """It is said, once, and a session that begins looks again."""
    put(probe, work / "e" / "later.exe")
    assert until(lambda: machine("later exit 2").status == 2, 20)
    done = machine("dmesg | grep -c 'warning shims: /mnt/e.* tells of no changes'", "--user", "root")
    assert done.text == "1\n", done


def test_drive_that_hangs(machine):
    """No session waits for it, nor does who looks for a command."""
    script = ("for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q '^landbridge-drive E ' && kill -{} ${{p#/proc/}} && "
              "found=1; done 2>/dev/null; test $found")
    assert machine(script.format("STOP"), "--user", "root").status == 0
    try:
        assert machine("command -v nosuchprogram || tell exit 3").status == 3
    finally:
        assert machine(script.format("CONT"), "--user", "root").status == 0
    assert machine("silent exit 4").status == 4


def test_process_that_dies_comes_again(machine):
    """And the links stay meanwhile."""
    pid = "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -c ^landbridge-shims"
    kill = "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in landbridge-shims*) kill -9 ${p#/proc/};; esac; done 2>/dev/null; tell exit 3"
    assert machine(kill, "--user", "root").status == 3
    assert until(lambda: machine(pid).text == "1\n", 20)
    assert machine("second exit 4").status == 4


def test_drive_that_comes_later(machine, door, work):
    """The Windows PATH had it all the while."""
    assert machine("command -v late").status == 1
    assert door.call("drive", "add", NAME, f"F:={work}/f").status == 0
    assert until(lambda: machine("late exit 8").status == 8, 20), machine(f"ls {SHIMS}; cat /run/landbridge/shims/path")
    assert machine("tell exit 9").status == 9
    assert door.call("drive", "remove", NAME, "F:").status == 0
    assert until(lambda: machine("command -v late").status == 1, 20), machine(f"ls {SHIMS}")
    assert machine("tell exit 9; silent exit 3").status == 3


def test_huge_directory_is_bounded(machine, work):
    """It is said, once, and leaves room for the others."""
    many = [work / "d" / "one" / f"many-{n}.exe" for n in range(3000)]
    for path in many:
        path.touch()
    said = "dmesg | grep -c 'warning shims: some programs have no link'"
    assert until(lambda: machine(said, "--user", "root").text == "1\n", 60), machine("df -i /run/landbridge/shims; dmesg | tail")
    assert until(lambda: 2000 < int(machine(f"ls {SHIMS} | grep -c '^many.*exe'").text) <= 2048, 60)
    assert machine("second exit 5").status == 5
    for path in many:
        path.unlink()
    assert until(lambda: machine("! command -v many-7 && tell exit 6").status == 6, 60), machine("df -i /run/landbridge/shims")
