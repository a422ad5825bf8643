"""Drives that come to a machine that runs, and go: landbridge drive."""
import os
import re
import shutil
import signal

import pytest

from processes import children_of, name_of, until

NAME = "later"
POLICY = "deny D:\\secret\\*\n"


@pytest.fixture(scope="module")
def work(tmp_path_factory, tools, probe):
    """e, to come as a drive; d, which is D: from the start, with what the policy forbids; policy."""
    top = tmp_path_factory.mktemp("later")
    shutil.copytree(tools, top / "e")
    (top / "e" / "f").write_text("far away\n")
    (top / "e" / "sub").mkdir(exist_ok=True)
    (top / "d" / "secret").mkdir(parents=True)
    shutil.copy(probe, top / "d" / "secret" / "probe.exe")
    (top / "d" / "policy").write_text(POLICY)
    (top / "d" / "policy").chmod(0o600)
    (top / "own").mkdir()
    shutil.copy(top / "d" / "policy", top / "own" / "policy")
    return top


@pytest.fixture(scope="module")
def running(landbridge, work):
    done = landbridge.call("start", "--name", NAME, "--drive", f"D:={work}/d",
                           env={"LANDBRIDGE_POLICY": str(work / "own" / "policy")})
    assert done.status == 0, done
    yield Machine(landbridge, work)
    landbridge.call("stop", NAME)


class Machine:
    def __init__(self, landbridge, work):
        self.door, self.work = landbridge, work

    def drive(self, *words):
        return self.door.call("drive", *words)

    def add(self, words=None):
        done = self.drive("add", NAME, words or f"E:={self.work}/e")
        assert (done.status, done.out, done.err) == (0, b"", b""), done

    def remove(self, letter="E:"):
        done = self.drive("remove", NAME, letter)
        assert (done.status, done.out) == (0, b""), done
        return done.err.decode()

    def list(self):
        return self.drive("list", NAME).lines

    def sh(self, script, *args):
        return self.door.call("exec", NAME, "--", "bash", "-c", script, "bash", *args)

    def start(self, script):
        """Its first line has been read."""
        child = self.door.start("exec", NAME, "--", "bash", "-c", script)
        assert child.stdout.readline() == b"ready\n", child.communicate(timeout=20)
        return child


@pytest.fixture
def machine(running):
    """With the drives of its start."""
    yield running
    for line in running.list():
        if line[0] not in "CD":
            running.remove(line[:2])


@pytest.fixture
def there(machine):
    machine.add()
    return machine


def seconds_of(err):
    """What time(1) of bash says there."""
    minutes, seconds = re.search(r"real\s+(\d+)m([\d.]+)s", err.decode()).groups()
    return 60 * int(minutes) + float(seconds)


def test_comes_while_programs_run(machine, work):
    """A shell and a Windows program, which were there before: both have it at once, as if from the start."""
    shell = machine.start("echo ready; read x; cat /mnt/e/f; wslpath -w /mnt/e/f; wslpath 'E:\\f'")
    program = machine.start("/mnt/e/probe.exe hang 2>/dev/null; cd /mnt/c; echo ready; read x; "
                            "cmd.exe /c 'type E:\\f & dir /b E:\\f'")
    machine.add()
    for child, said in ((shell, b"far away\nE:\\f\n/mnt/e/f\n"), (program, b"far away\nf\r\n")):
        out, err = child.communicate(b"\n", timeout=60)
        assert (out.lower(), err) == (said.lower(), b""), (out, err)
    machine.remove()


def test_windows_programs(there, work):
    """By its letter, from a directory of it, by a translated variable, and from it."""
    done = there.sh("cd /mnt/e; export P=/mnt/e/f WSLENV=P/p; cmd.exe /c 'echo %CD% %P%& echo new>E:\\made& dir E:'; "
                    "./probe.exe exit 7; echo $?; cat made")
    assert done.lines[0] == "E:\\ E:\\f", done
    assert "Directory of E:" in done.text and done.lines[-2:] == ["7", "new"], done
    assert (work / "e" / "made").read_text() == "new\n"


def test_mounted_as_at_boot(there):
    options = there.sh("grep -E '^[DE]: ' /proc/mounts | sort | cut -d' ' -f3-; stat -c '%a %u' /mnt/d /mnt/e").lines
    assert len(options) == 4 and options[0] == options[1] and options[2] == options[3], options


def test_read_only(machine, work):
    """For the guest's root and for Windows programs."""
    machine.add(f"G:={work}/own,ro")
    assert f"G:={work}/own,ro" in machine.list()
    done = machine.sh("cat /mnt/g/policy; touch /mnt/g/new; rm -f /mnt/g/policy; cmd.exe /c 'echo x>G:\\new'")
    assert done.lines[0] == POLICY.strip() and os.listdir(work / "own") == ["policy"], done
    machine.remove("G:")


def test_policy_holds_for_it(machine, work):
    """The host's name of a file counts, whichever drive it is asked for by."""
    machine.add(f"E:={work}/d/secret")
    done = machine.sh("/mnt/e/probe.exe exit 7; echo $?")
    assert done.lines == ["126"] and b"policy" in done.err, done
    machine.remove()


def test_goes_while_it_is_used(machine, work):
    """What was written is on the host; what is open, and the directory one is in, fail at once from then on."""
    machine.add()
    user = machine.start("cd /mnt/e; exec 3<>held; echo kept >&3; echo ready; read x; "
                         "time { echo lost >&3; cat <&3; ls .; }; mountpoint /mnt/e; ls -d /mnt/e")
    assert "/mnt/e was in use" in machine.remove()
    out, err = user.communicate(b"\n", timeout=30)
    text = err.decode()
    assert text.count("Transport endpoint is not connected") >= 2 and b"lost" not in out, (out, text)
    assert seconds_of(err) < 2, text
    assert text.count("No such file") == 2, text
    assert (work / "e" / "held").read_text() == "kept\n"
    assert machine.sh("cmd.exe /c 'if exist E:\\ (echo there) else (echo gone)'; wslpath 'E:\\f'").lines[0] == "gone"
    machine.add()
    assert machine.sh("cat /mnt/e/held").text == "kept\n"
    machine.remove()


def test_mount_that_is_left(machine):
    """One in another namespace, where nobody unmounts it: an error at once, and umount(8) takes it."""
    machine.add()
    away = machine.start("mkdir -p /srv/kept; mount --bind /mnt/e /srv/kept; unshare -m bash -c '"
                         "echo ready; read x; time cat /srv/kept/f; umount /srv/kept && echo unmounted'")
    machine.remove()
    out, err = away.communicate(b"\n", timeout=30)
    assert out == b"unmounted\n" and b"Transport endpoint is not connected" in err, (out, err)
    assert seconds_of(err) < 2, err


def test_binds_go_too(machine):
    """And mounts of it by hand: what lies in another first."""
    machine.add()
    machine.sh("mkdir -p /srv/bound /srv/by-hand; mount --bind /mnt/e/sub /srv/bound; mount -t drvfs E: /srv/by-hand; "
               "mount --bind /srv/bound /srv/by-hand/sub")
    assert int(machine.sh("grep -c ^E: /proc/mounts").text) >= 4  # and where those are shown, too
    assert machine.remove() == ""
    assert machine.sh("grep -c ^E: /proc/mounts").text == "0\n"


@pytest.mark.parametrize("words, says", [
    (["add", "nobody", "E:={work}/e"], "unable to find the machine nobody"),
    (["add", NAME, "D:={work}/e"], "it has one, {work}/d"),
    (["add", NAME, "C:={work}/e"], "it has one"),
    (["add", NAME, "E:={work}/none"], "No such file or directory"),
    (["add", NAME, "E:={work}/e/f"], "not a directory"),
    (["add", NAME, "E:={work}/d/secret,ro"], "lies in D:, which is not"),
    (["add", NAME, "E:={work}/own"], "the guest may write to"),
    (["add", NAME, "E:={home}/wine/drive_c/users"], "Landbridge's own Wine prefix"),
    (["remove", NAME, "E:"], "it has none"),
    (["remove", NAME, "D:"], "was started with it"),
    (["remove", "nobody", "D:"], "unable to find the machine nobody"),
])
def test_refused(machine, work, words, says):
    before = machine.list()
    done = machine.drive(*[w.format(work=work, home=machine.door.env["LANDBRIDGE_HOME"]) for w in words])
    assert done.status == 125 and says.format(work=work) in done.err.decode(), done
    assert len(done.err.splitlines()) == 1 and machine.list() == before


def test_machine_that_could_not(machine):
    """One that an older Landbridge started has no such socket."""
    top = os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/landbridge-{os.geteuid()}"
    top = next(t for t in (f"{top}/landbridge/{NAME}", f"/tmp/landbridge-{os.geteuid()}/{NAME}") if os.path.isdir(t))
    os.rename(f"{top}/drives", f"{top}/hidden")
    try:
        done = machine.drive("add", NAME, f"E:={machine.work}/e")
    finally:
        os.rename(f"{top}/hidden", f"{top}/drives")
    assert done.status == 125 and b"stop and start it" in done.err and len(done.err.splitlines()) == 1, done


def test_guest_that_cannot(machine):
    """Where it has something else, nothing is left of it on the host either."""
    machine.sh("echo >/mnt/e")
    done = machine.drive("add", NAME, f"E:={machine.work}/e")
    assert done.status == 125 and b"unable to mount the drive E: on /mnt/e" in done.err, done
    assert len(done.err.splitlines()) == 1 and len(machine.list()) == 2
    assert machine.sh("rm /mnt/e; cmd.exe /c 'if exist E:\\ (echo there) else (echo gone)'").text == "gone\r\n"


def test_automount_is_off(machine):
    """What the boot read of wsl.conf says so: the guest has no mount then, and the person hears of it."""
    conf = "/run/landbridge/wsl.conf"
    root = ("exec", "--user", "root", NAME, "--", "sh", "-c")
    assert machine.door.call(*root, f"cp {conf} /root/conf; printf '[automount]\nenabled = false\n' >{conf}").status == 0
    try:
        done = machine.drive("add", NAME, f"E:={machine.work}/e")
        assert done.status == 0 and b"[automount] enabled is false: mount it by hand" in done.err, done
        assert machine.sh("grep -c ^E: /proc/mounts").text == "0\n"
    finally:
        machine.door.call(*root, f"cat /root/conf >{conf}")


def test_guest_asks_in_vain(machine, work):
    """Neither its root nor a user gets a drive that the host has not given, or takes one away there."""
    for user in ("root", "nobody"):
        done = machine.door.call("exec", "--user", user, NAME, "--", "bash", "-c",
                                 "cd /; (exec -a landbridge-automount /init E mount); (exec -a landbridge-automount /init D unmount); "
                                 f"(exec -a mount.drvfs /init E: /srv)")
        assert b"E:" in done.err, done
        assert machine.list() == [f"C:={machine.door.env['LANDBRIDGE_HOME']}/wine/drive_c", f"D:={work}/d"]
    assert machine.sh("grep -c ^E: /proc/mounts; exec -a landbridge-automount /init D mount >/dev/null").text == "0\n"
    assert machine.sh("ls /mnt/d").lines == ["policy", "secret"]


def test_nothing_is_left(machine, work):
    """Of twenty that came and went: no process, descriptor or mount, here or there."""
    pids = [pid for pid in processes_of(machine) if name_of(pid) in ("lb-machine", "lb-agent")]
    assert len(pids) == 2
    machine.add()
    machine.remove()
    assert until(lambda: names_of(machine) == ["lb-drive"] * len(machine.list())), names_of(machine)
    count = "grep -la . /proc/[0-9]*/cmdline | wc -l; grep -c . /proc/mounts"  # the kernel's threads have none

    def all_there_is():
        return [names_of(machine), [len(os.listdir(f"/proc/{pid}/fd")) for pid in pids],
                [len(open(f"/proc/{pid}/mountinfo", encoding="utf-8").readlines()) for pid in pids], machine.sh(count).lines]

    before = None
    while before != (before := all_there_is()):
        pass  # until what was there before is gone
    for i in range(20):
        machine.add(f"E:={work}/{'e' if i % 2 else 'd/secret'}")
        machine.remove()
    assert until(lambda: all_there_is() == before), (before, all_there_is())


def processes_of(machine):
    """The machine's on the host, its supervisor first."""
    listed = machine.door.call("list", "--json").text
    agent = int(re.search(r'"name": ?"later".*?"agent": ?(\d+)', listed)[1])
    with open(f"/proc/{agent}/stat", encoding="utf-8") as f:
        top = int(f.read().rpartition(")")[2].split()[1])
    return [top, *children_of(top)]


def names_of(machine):
    """But those of Wine, which come and go by themselves."""
    return sorted(n for n in map(name_of, processes_of(machine)) if n and (n.startswith("lb-dr") or n.startswith("lb-pl")))


def test_one_that_is_cut_short(machine, work):
    """Whoever asks goes: what he asked for is there or not, and the next one is served."""
    for _ in range(5):
        child = machine.door.start("drive", "add", NAME, f"E:={work}/e")
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=20)
        machine.drive("remove", NAME, "E:")
    assert until(lambda: machine.drive("remove", NAME, "E:").status == 125 and len(machine.list()) == 2)
    machine.add()
    assert machine.sh("cat /mnt/e/f").text == "far away\n"
    machine.remove()
