"""The guest's files for its Windows programs: \\\\wsl.localhost\\NAME."""
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile

import pytest

import frontdoor
from processes import children_of, name_of, until

GUEST = "\\\\wsl.localhost\\boat"


def processes_named(name, below):
    return [p for p in children_of(below) if name_of(p) == name]


@pytest.fixture(scope="module")
def results(landbridge, tools):
    """One boot, whose Windows programs root starts."""
    return landbridge.batch({
        "type": rf"echo of the guest >/root/notes.txt; cd /mnt/d && cmd.exe /c 'type {GUEST}\root\notes.txt'",
        "old": rf"cd /mnt/d && cmd.exe /c 'type \\wsl$\BOAT\root\notes.txt'",
        "wslenv": "echo by WSLENV >/root/by.txt; cd /mnt/d && WSLENV=F/p F=/root/by.txt cmd.exe /c 'type %F%'",
        "cwd": "mkdir -p /root/here && cd /root/here && /mnt/d/probe.exe cwd",
        "relative": "cd /root/here && echo beside >f.txt && cmd.exe /c 'type f.txt'",
        "rooted": r"cd /root/here && cmd.exe /c 'type \root\here\f.txt'",
        "program": "cp /mnt/d/probe.exe ~/ && ~/probe.exe exit 5",
        "program_args": "cd /etc && ~/probe.exe args a 'b c'",
        "write": r"cd /root/here && cmd.exe /c 'echo from Windows>new.txt' && cat new.txt && stat -c %U new.txt",
        "append": r"cd /root/here && cmd.exe /c 'echo more>>new.txt' && wc -l <new.txt && "
                  r"cmd.exe /c 'ren new.txt other.txt & mkdir sub & del f.txt' && ls",
        "link": r"ln -s /etc/os-release /root/here/absolute && cd /root/here && cmd.exe /c 'type absolute' && "
                r"cmd.exe /c 'type \root\here\absolute' | cmp - /etc/os-release",
        "dir": rf"cd /mnt/d && cmd.exe /c 'for %i in ({GUEST}\root\here\*) do @echo %~nxi'",
        "drive": rf"cd /mnt/d && echo over there >x.txt && cmd.exe /c 'type {GUEST}\mnt\d\x.txt'",
        "other": r"cd /mnt/d && cmd.exe /c 'type \\wsl.localhost\ship\root\notes.txt'",
        "elsewhere": r"cd / && WSL_DISTRO_NAME=ship /mnt/d/probe.exe cwd",
        "run": r"cp /bin/true /root/elf.exe; cd /mnt/d; landbridge-run /root/elf.exe; cmd.exe /c '" + GUEST + r"\root\elf.exe'",
        "bare": "cd /root/here && env -i /mnt/d/probe.exe cwd",
    }, "--name", "boat", "--drive", f"D:={tools}", timeout=400)


@pytest.mark.parametrize("name, text", [
    ("type", "of the guest"), ("old", "of the guest"), ("wslenv", "by WSLENV"), ("cwd", GUEST + "\\root\\here"),
    ("relative", "beside"), ("rooted", "beside"), ("bare", GUEST + "\\root\\here")])
def test_reads(results, name, text):
    assert results[name].status == 0 and results[name].text.strip() == text, results[name]
    assert not results[name].err, results[name]


def test_program_of_the_guest(results):
    assert results["program"].status == 5, results["program"]
    assert results["program_args"].lines == ["a", "b c"], results["program_args"]


def test_writes(results):
    assert results["write"].lines == ["from Windows", "root"], results["write"]
    assert results["append"].lines == ["2", "other.txt", "sub"], results["append"]
    assert sorted(results["dir"].lines) == ["absolute", "other.txt"], results["dir"]


def test_absolute_link_stays_in_the_guest(results):
    assert results["link"].status == 0 and "ID=debian" in results["link"].text, results["link"]


def test_only_this_machines(results):
    """Nor the host's drives once more, by way of the guest."""
    assert b"denied" in results["drive"].err, results["drive"]
    assert results["other"].status != 0, results["other"]
    assert results["elsewhere"].text.startswith("C:\\"), results["elsewhere"]


def test_runs_no_linux_program(results):
    assert results["run"].status != 0, results["run"]


# --- whose rights they are -------------------------------------------------------------


@pytest.fixture(scope="module")
def rights(landbridge, tools, user_image):
    """One boot, in which root, ann and then another user start programs."""
    def ann(command):
        return "setpriv --reuid 1000 --regid 1000 --init-groups env HOME=/home/ann sh -c " + shlex.quote(command)

    shadow = rf"cd /mnt/d; cmd.exe /c 'type {GUEST}\etc\shadow'"
    return landbridge.batch({
        "root": shadow,
        "ann": ann(shadow),
        "anns": ann("cd && echo a >a.txt && cmd.exe /c 'type a.txt & echo b>b.txt' && stat -c %U:%G b.txt"),
        "anns_program": ann("cp /mnt/d/probe.exe ~ && ~/probe.exe exit 5"),
        "groups": "mkdir /srv/ferry && chgrp ferry /srv/ferry && chmod 770 /srv/ferry",
        "anns_group": ann(rf"cd /mnt/d && cmd.exe /c 'echo x>{GUEST}\srv\ferry\x'; stat -c %U /srv/ferry/x"),
        "root_as_ann": shadow,
        "drop": "mkdir -p /srv/other && chown 65534 /srv/other; cd /srv/other; "
                "setpriv --reuid 65534 --regid 65534 --clear-groups /mnt/d/probe.exe cwd",
        "late": ann("cd && /mnt/d/probe.exe cwd"),
        "late_program": ann("~/probe.exe exit 5"),
    }, "--name", "boat", "--user", "root", "--drive", f"D:={tools}", user_image, shell="bash -lc", timeout=400)


def test_root_reads_what_root_may(rights):
    assert rights["root"].text.startswith("root:"), rights["root"]


def test_user_reads_what_the_user_may(rights):
    """Also when root's programs, which still may be there, had root's rights before."""
    assert b"denied" in rights["ann"].err and "root:" not in rights["ann"].text, rights["ann"]
    assert rights["anns"].lines == ["a", "ann:ann"], rights["anns"]
    assert rights["anns_group"].lines == ["ann"], rights["anns_group"]
    assert rights["anns_program"].status == 5, rights["anns_program"]
    assert b"denied" in rights["root_as_ann"].err, rights["root_as_ann"]


def test_second_user_ends_it(rights):
    """Whose programs would have the first one's files."""
    assert rights["drop"].status == 0 and GUEST not in rights["drop"].text, rights["drop"]
    assert rights["late"].status == 0 and GUEST not in rights["late"].text, rights["late"]
    assert rights["late_program"].status == 126 and b"guest's files" in rights["late_program"].err, rights["late_program"]


# --- its end -----------------------------------------------------------------------------


def mounts_left():
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return [line for line in file if "fuse.landbridge" in line]


@pytest.fixture
def boat(landbridge, tools):
    """A machine in which a Windows program sits in the guest's files."""
    run = landbridge.start("run", "--name", "boat", "--drive", f"D:={tools}", "--", "bash", "-lc",
                           "cd /root; cp /mnt/d/probe.exe .; ./probe.exe hang & read x; ./probe.exe exit 7; echo then $?")
    assert run.stdout.readline().strip() == b"ready", run.communicate()
    yield run
    run.terminate()
    run.communicate(timeout=60)


def go_on(boat):
    boat.stdin.write(b"\n")
    boat.stdin.flush()


def test_file_server_dies(boat):
    """Its programs get errors; the next one has the files again."""
    server, = processes_named("lb-files", boat.pid)
    os.kill(server, signal.SIGKILL)
    assert until(lambda: not processes_named("lb-files", boat.pid))
    go_on(boat)
    assert boat.stdout.readline().strip() == b"then 7"


@pytest.mark.parametrize("name", ["lb-share", "lb-agent", "qemu"])
def test_nothing_is_left(boat, name):
    """Whatever of it is killed while the files are in use."""
    before = [p for n in ("lb-share", "lb-files", "lb-agent") for p in processes_named(n, boat.pid)]
    assert len(before) >= 3
    for pid in processes_named(name, boat.pid) or [p for p in children_of(boat.pid) if "qemu" in name_of(p)]:
        os.kill(pid, signal.SIGKILL)
    if name == "lb-share":
        go_on(boat)
        assert boat.stdout.readline().startswith(b"then 126")
    boat.terminate()
    boat.wait(60)
    assert until(lambda: not [p for p in before if os.path.exists(f"/proc/{p}")])
    assert not mounts_left()


def test_stops_while_in_use(boat):
    boat.terminate()
    boat.wait(60)
    assert not mounts_left()


def test_ordinary_user_of_the_host(tools):
    """In a user namespace, where all files are his."""
    if os.geteuid() != 0:
        pytest.skip("is one already")
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(prefix="lb") as top:
        os.chmod(top, 0o755)
        env = {"PATH": os.environ["PATH"]}
        for name in ("HOME", "LANDBRIDGE_HOME", "XDG_RUNTIME_DIR"):
            env[name] = os.path.join(top, name)
            os.mkdir(env[name], 0o700)
            os.chown(env[name], nobody.pw_uid, nobody.pw_gid)
        os.mknod(os.path.join(top, "fuse"), stat.S_IFCHR | 0o666, os.makedev(10, 229))
        os.chmod(os.path.join(top, "fuse"), 0o666)
        shutil.copytree(tools, os.path.join(top, "d"))
        script = ("cd /root; echo mine >f; cmd.exe /c 'type f & echo more>>f & echo new>g'; cat f; stat -c %u g; "
                  "cp /mnt/d/probe.exe .; ./probe.exe exit 5; echo $?")
        done = subprocess.run(["unshare", "-m", "sh", "-c", f"mount --bind {top}/fuse /dev/fuse && exec \"$@\"", "-", "setpriv",
                               "--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups",
                               frontdoor.LANDBRIDGE, "run", "--drive", f"D:={top}/d,ro", "--", "bash", "-lc", script],
                              env=env, capture_output=True, timeout=300, check=False)
    assert done.stdout.decode().split() == ["mine", "mine", "more", "0", "5"], done
