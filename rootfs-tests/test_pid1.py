"""/init as PID 1 of namespaces, without a machine: the real program, as root of
nothing but a busybox tree. Milliseconds instead of seconds."""
import contextlib
import errno
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

import pytest

import p9client
from frontdoor import BUILD

INIT = os.path.join(BUILD, "init")
BUSYBOX = "/bin/busybox"
UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net"]

# doc/PROTOCOL: the frames with which a client asks for a program.
HELLO = struct.pack("<IBBHI", 48, 1, 0, 0, 0) + b"LANDBRDG" + struct.pack("<HH32xI", 2, 2, 0)
OPEN_PROGRAM = struct.pack("<IBBHI", 12, 16, 0, 0, 1) + struct.pack("<HHII", 9, 0, 4, 1)


def can_unshare():
    return subprocess.run([*UNSHARE, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_unshare(), reason="namespaces need root here")


def until(condition, seconds=10):
    """Retries on a condition; the last answer, whatever it is, counts."""
    end = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return answer


class Guest:
    """A tree with /init in it, and PID 1 when it runs."""

    def __init__(self, root):
        self.root = root
        for name in ("bin", "sbin", "usr/bin", "etc/profile.d", "proc", "sys", "dev", "run", "tmp", "root", "mnt"):
            os.makedirs(self.path(name))
        shutil.copy(INIT, self.path("init"))
        shutil.copy(BUSYBOX, self.path("bin/busybox"))
        for name in ("sh", "sleep", "cat", "mount", "id", "hostname", "ls", "true", "kill", "rm", "mv"):
            os.symlink("busybox", self.path(f"bin/{name}"))
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def boot_command(self, script):
        self.write("command", "#!/bin/sh\n" + script, 0o755)
        self.write("etc/wsl.conf", self.read("etc/wsl.conf") + "[boot]\ncommand = /command\n")

    def fstab_command(self, script):
        """Stands for a mount -a that takes its time."""
        os.unlink(self.path("bin/mount"))
        self.write("bin/mount", "#!/bin/sh\n" + script, 0o755)
        self.write("etc/fstab", "tmpfs /mnt tmpfs defaults 0 0\n")

    @contextlib.contextmanager
    def running(self, log=None, wait_for="ready:", program="/init"):
        """PID 1's number outside, once it is up; killed at the end if need be."""
        log = log or open(self.path("log"), "wb")
        with subprocess.Popen([*UNSHARE, "--root=" + str(self.root), program],
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log) as outer:
            try:
                children = f"/proc/{outer.pid}/task/{outer.pid}/children"
                pid = int(until(lambda: open(children, encoding="utf-8").read().split())[0])
                assert until(lambda: wait_for in self.read("log")), self.read("log")
                yield Pid1(pid, outer)
            finally:
                outer.kill()
        log.close()


class Pid1:
    def __init__(self, pid, outer):
        self.pid, self.outer = pid, outer

    def status(self, key):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as f:
            return [int(n) for n in re.findall(rf"^{key}\S*\s+(\d+)", f.read(), re.M)]

    def children(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="utf-8") as f:
            return [int(pid) for pid in f.read().split()]

    def broker(self):
        return self.named("landbridge-broker")

    def p9d(self):
        return self.named("p9d")

    def socket(self, name):
        return f"/proc/{self.pid}/root/run/landbridge/{name}"

    def named(self, name):
        return [pid for pid in self.children() if name_of(pid) == name]

    def inside(self, *command):
        return subprocess.run(["nsenter", "-t", str(self.pid), "-a", "-r", *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20, check=False)


def switches(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return re.findall(r"ctxt_switches:\s+(\d+)", f.read())


def name_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
            return f.read().split("\0")[0]
    except OSError:
        return ""


@pytest.fixture
def guest(tmp_path):
    return Guest(tmp_path / "root")


def test_boots_and_keeps_the_socket(guest):
    with guest.running() as init:
        for name in ("wslpath", "wslinfo", "wslview", "landbridge-run", "mount.drvfs"):
            assert init.inside("ls", f"/run/landbridge/bin/{name}").returncode == 0
        sockets = init.inside("cat", "/proc/net/unix").stdout
        assert "/run/landbridge/interop.sock" in sockets
        assert init.inside("/run/landbridge/bin/wslinfo", "--networking-mode").stdout == "none\n"


def test_skips_with_a_note(guest):
    with guest.running():
        log = guest.read("log")
    assert "binfmt: the table of handlers is the host's; left alone" in log
    assert "unable" not in log


def test_settings_and_names(guest):
    guest.write("etc/wsl.conf", "[network]\nhostname = my_boat\nthis is wrong\n[interop]\nenabled = perhaps\n")
    with guest.running() as init:
        assert init.inside("hostname").stdout == "myboat\n"
        assert init.inside("cat", "/etc/hostname").stdout == "myboat\n"
        log = guest.read("log")
    assert "/etc/wsl.conf:3: this is wrong: no = comes after the key; the line is ignored" in log and "/etc/wsl.conf:5: enabled: a value it cannot have" in log


@pytest.mark.parametrize("encode", [
    lambda text: b"\xef\xbb\xbf" + text.encode(),
    lambda text: text.encode("utf-16"),
    lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    lambda text: ("#" * 80 + "\n").encode() * 100 + text.encode() + b"# more than is read\n" * 2000,
])
def test_settings_of_any_file(guest, encode):
    """Editors of the host write byte order marks and UTF-16; of a long file what was read holds."""
    with open(guest.path("etc/wsl.conf"), "wb") as f:
        f.write(encode("[network]\nhostname = my-boat\n[fileServer]\nenabled = false\n"))
    with guest.running() as init:
        assert init.inside("hostname").stdout == "my-boat\n"
        assert not os.path.exists(init.socket("p9d.sock"))
        assert ("only that much counts" in guest.read("log")) == (os.path.getsize(guest.path("etc/wsl.conf")) > 32768)


def test_switches_switch(guest):
    guest.write("etc/wsl.conf", "[interop]\nenabled = false\n[fileServer]\nenabled = false\n")
    guest.boot_command("echo ${WSL_INTEROP-none} >/saw\n")
    with guest.running() as init:
        assert init.inside("ls", "/run/landbridge/bin").stdout.split() == [
                "landbridge-doctor", "mount.drvfs", "p9d", "wslinfo", "wslpath"]
        assert not os.path.exists(init.socket("p9d.sock"))
        assert until(lambda: guest.read("saw")) == "none\n"
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(init.socket("interop.sock"))
            client.sendall(HELLO + OPEN_PROGRAM)
            said = b"".join(iter(lambda: client.recv(4096), b""))
        assert b"[interop] enabled = false" in said, said


def test_unsupported_settings_are_said(guest):
    guest.write("etc/wsl.conf", "[gpu]\nenabled = true\n[landbridge]\nip = 10.0.0.1/8\nwrite = true\n[boot]\nsystemd = true\n")
    with guest.running():
        log = guest.read("log")
    assert "/etc/wsl.conf:2: enabled: not supported yet" in log
    assert "/etc/wsl.conf:4: ip: this goes on the kernel's command line" in log
    assert "/etc/wsl.conf:5: write: unknown key" in log
    assert "systemd: unable to find systemd in this image" in log


def test_check_config(guest):
    """What counts, and where it comes from, without a boot."""
    guest.write("etc/wsl.conf", "[filesystem]\numask = 077\n[network]\nhostname = a b\nnonsense\n")
    check = [guest.path("init"), "--check-config", guest.path("etc/wsl.conf")]
    result = subprocess.run(check, capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines()
    assert result.returncode == 1, result
    assert f"umask = 077 # {guest.path('etc/wsl.conf')}:2" in lines and "[network]" in lines, result
    assert f'hostname = "a b" # {guest.path("etc/wsl.conf")}:4' in lines and "cgroups = v2 # fixed here" in lines, result
    assert "enabled = true # default" in lines, result
    assert result.stderr.count("\n") == 1 and ":5: nonsense: no = comes after the key" in result.stderr, result
    guest.write("again", "\n".join(line for line in lines if not line.startswith(("ip ", "gateway ", "timezone ",
                "partition ", "subvolume ", "drives ", "dns ", "host ", "name ", "user ", "link ", "key "))))
    check[-1] = guest.path("again")
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0, "it reads what it prints"
    check[-1] = guest.path("none")
    assert subprocess.run(check, capture_output=True, check=False).returncode == 2


def test_image_keeps_no_trace(guest):
    def tree():
        return sorted(os.path.join(d, n) for d, dirs, files in os.walk(guest.root) for n in dirs + files)

    guest.write("log", "")
    before = tree()
    with guest.running() as init:
        assert init.inside("ls", "/sbin/mount.drvfs", "/etc/profile.d/landbridge.sh").returncode == 0
        os.kill(init.pid, signal.SIGTERM)
        assert init.outer.wait(10) == 0
    assert tree() == before


def test_placeholder_of_a_crash_is_removed(guest):
    with guest.running() as init:
        os.kill(init.pid, signal.SIGKILL)
        init.outer.wait(10)
    assert os.path.getsize(guest.path("sbin/mount.drvfs")) == 0
    with guest.running() as init:
        os.kill(init.pid, signal.SIGTERM)
        init.outer.wait(10)
    assert not os.path.exists(guest.path("sbin/mount.drvfs"))


@pytest.mark.parametrize("number", [37, 38, 39, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT,
                                    signal.SIGPWR])
def test_power_signals_end_it(guest, number):
    with guest.running() as init:
        os.kill(init.pid, number)
        assert init.outer.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGSEGV, signal.SIGALRM, 64])
def test_other_signals_do_not(guest, number):
    with guest.running() as init:
        os.kill(init.pid, number)
        assert init.inside("true").returncode == 0
        time.sleep(0.05)
        assert init.outer.poll() is None


def test_usr1_is_halt_by_busybox_alone(guest):
    """To others it says to open something again."""
    guest.write("sbin/halt", "", 0o755)
    with guest.running() as init:
        os.kill(init.pid, signal.SIGUSR1)
        time.sleep(0.05)
        assert init.inside("true").returncode == 0 and init.outer.poll() is None
        os.unlink(guest.path("sbin/halt"))
        os.symlink("../bin/busybox", guest.path("sbin/halt"))
        os.kill(init.pid, signal.SIGUSR1)
        assert init.outer.wait(10) == 0


@pytest.mark.parametrize("number", [38, signal.SIGTERM, signal.SIGUSR2, signal.SIGINT])
def test_power_off_while_a_step_hangs(guest, number):
    guest.fstab_command("echo hangs >/up; exec sleep 1000\n")
    with guest.running(wait_for="") as init:
        assert until(lambda: guest.read("up"))
        begin = time.monotonic()
        os.kill(init.pid, number)
        assert init.outer.wait(20) == 0
        assert time.monotonic() - begin < 8


def test_log_that_nobody_reads(guest):
    """PID 1 drops lines rather than wait."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    with guest.running(log=os.fdopen(writer, "wb"), wait_for="") as init:
        for _ in range(2):
            old = until(init.broker)
            os.kill(old[0], signal.SIGKILL)
            assert until(lambda: [pid for pid in init.broker() if pid != old[0]])
        os.kill(init.pid, signal.SIGTERM)
        assert init.outer.wait(10) == 0
    os.close(reader)


def test_link_of_the_settings(guest):
    guest.write("etc/wsl.conf", "[landbridge]\nlink = unix:/run/landbridge/link\n")
    with guest.running() as init:
        assert until(lambda: os.path.exists(init.socket("link")))


def test_reaps_a_storm(guest):
    guest.boot_command("i=0; while [ $i -lt 500 ]; do (true &) ; i=$((i + 1)); done; echo done >/done\n")
    with guest.running() as init:
        assert until(lambda: guest.read("done"), 30)
        assert until(lambda: init.children() == init.broker())


def test_broker_comes_back(guest):
    with guest.running() as init:
        for _ in range(3):
            old = until(init.broker)
            os.kill(old[0], signal.SIGKILL)
            new = until(lambda: [pid for pid in init.broker() if pid != old[0]])
            assert new, guest.read("log")
        assert guest.read("log").count("the broker ended") == 3


def kill_until_it_stays_down(init, named, call):
    """How often it had to be killed, at most 20 times."""
    for count in range(20):
        call()
        if not (pids := until(named, 5)):
            return count
        os.kill(pids[0], signal.SIGKILL)
        assert until(lambda pid=pids[0]: pid not in init.children())
    return 20


@pytest.mark.parametrize("name, socket_name, what", [("broker", "interop.sock", "sessions: the broker"),
                                                     ("p9d", "p9d.sock", "p9d: the file server")])
def test_daemon_that_keeps_dying_stays_down(guest, name, socket_name, what):
    """Ten ends in 30 s: then one line says so, and nobody waits for it in vain."""
    with guest.running() as init:
        def call():
            with socket.socket(socket.AF_UNIX) as s, contextlib.suppress(OSError):
                s.connect(init.socket(socket_name))

        assert kill_until_it_stays_down(init, getattr(init, name), call) == 10, guest.read("log")
        log = guest.read("log")
        assert log.count(f"{what} ended 10 times in 30 s: it stays down") == 1, log
        with socket.socket(socket.AF_UNIX) as s:
            assert s.connect_ex(init.socket(socket_name)) == errno.ECONNREFUSED
        assert init.inside("/bin/true").returncode == 0, "PID 1 goes on"


def test_makes_nothing_through_links_elsewhere(guest):
    """A dangling link into /run is the way of systemd-resolved; others are the image's own affair."""
    os.makedirs(guest.path("srv"))
    os.symlink("/srv/run/x/hostname", guest.path("etc/hostname"))
    with guest.running() as init:
        assert os.listdir(guest.path("srv")) == []
        # The link itself is hidden for the run.
        assert init.inside("cat", "/etc/hostname").stdout == init.inside("hostname").stdout != ""
        os.kill(init.pid, signal.SIGTERM)
        assert init.outer.wait(10) == 0
    assert os.readlink(guest.path("etc/hostname")) == "/srv/run/x/hostname"


def test_covers_a_dangling_link_into_run(guest):
    os.symlink("../run/x/hostname", guest.path("etc/hostname"))
    with guest.running() as init:
        assert init.inside("cat", "/etc/hostname").stdout == init.inside("hostname").stdout != ""
        os.kill(init.pid, signal.SIGTERM)
        assert init.outer.wait(10) == 0
    assert os.readlink(guest.path("etc/hostname")) == "../run/x/hostname"


@pytest.mark.parametrize("kind", ["directory", "link to busybox", "dangling link"])
def test_image_with_an_init_of_its_own(guest, kind):
    """Nothing but the name is hidden; where that cannot be, ours has another one."""
    os.rename(guest.path("init"), guest.path("ours"))
    if kind == "directory":
        os.mkdir(guest.path("init"))
    else:
        os.symlink("sbin/init", guest.path("init"))
        os.symlink("/bin/busybox" if kind == "link to busybox" else "/nowhere", guest.path("sbin/init"))
    with guest.running(program="/ours") as init:
        assert init.inside("sh", "-c", "echo fine").stdout == "fine\n"
        assert init.inside("/run/landbridge/bin/wslinfo", "--networking-mode").stdout == "none\n"
        assert init.inside("/init").stderr.startswith("init: not PID 1") == (kind != "directory")
        os.kill(init.pid, signal.SIGTERM)
        assert init.outer.wait(10) == 0
    assert os.path.isdir(guest.path("init")) if kind == "directory" else os.readlink(guest.path("init")) == "sbin/init"


def test_helpers_without_a_path(guest):
    """As under sudo, cron and env -i, whether or not /bin is /usr/bin."""
    with guest.running() as init:
        for name in ("/usr/bin", "/bin"):
            assert init.inside(f"{name}/wslinfo", "--networking-mode").stdout == "none\n"
            assert init.inside("ls", f"{name}/wslpath").returncode == 0
        os.kill(init.pid, signal.SIGTERM)
        assert init.outer.wait(10) == 0
    for name in ("ls", "busybox", "cat"):
        os.rename(guest.path(f"bin/{name}"), guest.path(f"usr/bin/{name}"))
    shutil.rmtree(guest.path("bin"))
    os.symlink("usr/bin", guest.path("bin"))
    with guest.running() as init:
        assert init.inside("/bin/wslinfo", "--networking-mode").stdout == "none\n"
        assert init.inside("cat", "/proc/self/mounts").stdout.count("/bin/wslinfo ") == 1


def test_helpers_come_back(guest):
    """Whatever is removed of them, again and again."""
    def there():
        return sorted(os.listdir(init.socket("bin"))) == names if os.path.isdir(init.socket("bin")) else False

    with guest.running() as init:
        names = sorted(os.listdir(init.socket("bin")))
        for command in ("rm /run/landbridge/bin/wslpath", "mv /run/landbridge/bin/wslinfo /tmp", "rm -r /run/landbridge/bin",
                        "mv /run/landbridge/bin /run/landbridge/old", "rm /run/landbridge/bin/*"):
            init.inside("sh", "-c", command)
            assert until(there), command
        before = switches(init.pid)
        time.sleep(1)
        assert switches(init.pid) == before


def test_sockets_cannot_be_removed(guest):
    with guest.running() as init:
        for name in ("interop.sock", "p9d.sock"):
            init.inside("sh", "-c", f"rm -f /run/landbridge/{name}; mv /run/landbridge/{name} /tmp/x; rm -rf /run/landbridge")
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(init.socket(name))
        assert until(lambda: os.path.islink(init.socket("bin/wslpath")))
        os.kill(init.pid, signal.SIGTERM)
        assert init.outer.wait(10) == 0


@pytest.mark.parametrize("wants", [True, False])
def test_boot_command_without_a_host(guest, wants):
    """It waits for the host's PATH, but not for long, and says when it has none."""
    guest.write("etc/wsl.conf", f"[interop]\nappendWindowsPath = {str(wants).lower()}\n")
    guest.boot_command("echo $PATH >/saw\n")
    with guest.running():
        assert until(lambda: guest.read("saw")).endswith(":/bin:/usr/games:/usr/local/games:/run/landbridge/bin\n")
        assert ("boot.command has no Windows PATH" in guest.read("log")) == wants


def test_proc_is_mounted_as_everywhere(guest):
    """With other flags the kernel gives no user namespace a /proc of its own."""
    with guest.running() as init:
        mounts = {line.split()[1]: line.split()[3].split(",") for line in init.inside("cat", "/proc/mounts").stdout.splitlines()}
    assert {"nosuid", "nodev", "noexec", "relatime"} <= set(mounts["/proc"]) and "noatime" not in mounts["/proc"]
    assert any(o.startswith("size=") for o in mounts["/run/shm"]) and "size=5120k" in mounts["/run/lock"]


def may_go_last():
    return subprocess.run(["sh", "-c", "echo -900 >/proc/self/oom_score_adj"], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


@pytest.mark.skipif(not may_go_last(), reason="needs CAP_SYS_RESOURCE")
def test_our_daemons_go_last(guest):
    with guest.running() as init:
        with open(f"/proc/{until(init.broker)[0]}/oom_score_adj", encoding="utf-8") as f:
            assert int(f.read()) == -900


def test_files_are_served(guest):
    """By a server that starts when somebody first calls, through a socket that
    PID 1 holds: clients wait while the server is away."""
    guest.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n")
    guest.write("secret", "roots", 0o600)
    guest.write("open", "all's", 0o644)
    with guest.running() as init:
        assert init.p9d() == []
        socket = init.socket("p9d.sock")
        with p9client.Client(socket, uid=0) as root, p9client.Client(socket) as default:
            assert root.read("secret") == b"roots"
            assert default.read("open") == b"all's"
            with pytest.raises(PermissionError):
                default.read("secret")
        guest.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        os.kill(init.p9d()[0], signal.SIGKILL)
        with p9client.Client(socket) as later:
            assert later.read("secret") == b"roots"  # no uid 1000 any more: root is the default
        assert "p9d: the file server ended; it is started again when somebody calls" in guest.read("log")


def test_no_way_in_to_the_files(guest):
    """The boot goes on, and says what follows."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", guest.path("run")], check=True)
    try:
        os.makedirs(guest.path("run/landbridge/p9d.sock"))
        with guest.running():
            assert re.search(r"p9d: unable to listen anywhere: .* \(the host cannot see", guest.read("log"))
    finally:
        subprocess.run(["umount", guest.path("run")], check=True)


def test_files_are_the_default_users(guest):
    guest.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n")
    guest.write("etc/wsl.conf", "[user]\ndefault = bob\n")
    guest.write("bobs", "yes", 0o600)
    os.chown(guest.path("bobs"), 1001, 1001)
    guest.write("secret", "roots", 0o600)
    with guest.running() as init, p9client.Client(init.socket("p9d.sock")) as c:
        assert c.read("bobs") == b"yes"
        with pytest.raises(PermissionError):
            c.read("secret")


def test_power_off_asks_before_it_kills(guest):
    guest.boot_command("trap 'echo term >/asked; exit 0' TERM\necho up >/up\nwhile :; do sleep 0.1; done\n")
    with guest.running() as init:
        assert until(lambda: guest.read("up"))
        begin = time.monotonic()
        os.kill(init.pid, 38)
        assert init.outer.wait(10) == 0
        assert guest.read("asked") == "term\n"
        assert time.monotonic() - begin < 2  # nobody is left: no waiting for the sake of it


def test_power_off_kills_the_stubborn(guest):
    guest.boot_command("trap '' TERM HUP\necho up >/up\nwhile :; do sleep 0.1; done\n")
    with guest.running() as init:
        assert until(lambda: guest.read("up"))
        os.kill(init.pid, 38)
        assert init.outer.wait(15) == 0


def test_idle_means_asleep(guest):
    with guest.running() as init:
        with p9client.Client(init.socket("p9d.sock")) as c:
            assert c.read("etc/passwd")
        ours = [init.pid, until(init.p9d)[0]]  # the broker looks for a link that is not there
        time.sleep(0.3)
        before = [switches(pid) for pid in ours]
        time.sleep(2)
        assert [switches(pid) for pid in ours] == before


def test_memory(guest):
    """Once what it has started is up, which shares its program."""
    def pss(pid):
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
            return int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M)[1])

    with guest.running() as init:
        assert until(lambda: pss(init.pid) <= 200), pss(init.pid)


def test_not_init_when_asked_by_a_wrong_name():
    done = subprocess.run([INIT], capture_output=True, text=True, check=False)
    assert done.returncode == 100 and done.stderr.count("\n") == 1
    done = subprocess.run(["wslinfo", "--nonsense"], executable=INIT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("wslinfo: usage")
    done = subprocess.run(["mount.drvfs", "C:"], executable=INIT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("mount.drvfs: usage")
    done = subprocess.run(["mount.drvfs", "//server/x", "/tmp"], executable=INIT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 32 and done.stderr.count("\n") == 1


def test_drive_of_the_link(guest, landbridge, tmp_path):
    """No machine, no word on a command line: the agent that comes has a drive. It waits for the next one when that
    goes, and goes itself when that has none."""
    guest.write("etc/wsl.conf", "[landbridge]\nlink = unix:/run/landbridge/link\n[automount]\noptions = uid=5,umask=027\n")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "f").write_text("far away")
    with guest.running() as init:
        assert until(lambda: os.path.exists(init.socket("link")))
        link = os.path.join(os.path.dirname(init.socket("link")), "link")
        for turn in (1, 2):
            agent = landbridge.start("agent", "--link", f"unix:{link}", "--socket", tmp_path / "a",
                                     "--drive", f"D:={tmp_path}/c")
            try:
                assert until(lambda: init.inside("cat", "/mnt/d/f").stdout == "far away", 30), guest.read("log")
                assert init.inside("ls", "-n", "/mnt/d/f").stdout.split()[:3] == ["-rwxr-x---", "1", "5"]
                assert init.inside("sh", "-c", f"echo {turn} >/mnt/d/g").returncode == 0
                assert (tmp_path / "c" / "g").read_text() == f"{turn}\n"
            finally:
                agent.terminate()
                agent.communicate(timeout=30)
        assert "D: /mnt/d fuse.drvfs" in init.inside("cat", "/proc/mounts").stdout
        agent = landbridge.start("agent", "--link", f"unix:{link}", "--socket", tmp_path / "a", "--drive", f"E:={tmp_path}")
        try:
            assert until(lambda: "D: /mnt/d" not in init.inside("cat", "/proc/mounts").stdout, 30), guest.read("log")
            assert init.inside("ls", "/mnt/d").stdout == ""
        finally:
            agent.terminate()
            agent.communicate(timeout=30)
