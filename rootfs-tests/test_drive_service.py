"""The host's drives as the guest's root gets them: the real agent, without a VM."""
import contextlib
import errno
import fcntl
import os
import shlex
import signal
import socket
import stat
import struct
import subprocess
import threading
import time

import pytest

import frontdoor
import p9client
from border import Border, Refused, field, frame
from processes import children_of, gone, name_of, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="starts agents of other users")

USER = 54321
SECRET = b"the host's own"


class Host:
    """An agent with D: (and E:, the same read-only), and what lies beside them."""

    def __init__(self, work, user):
        self.work, self.user, self.drive = work, user, work / "d"
        for name in ("c", "d", "e", "home", "outside"):
            (work / name).mkdir()
            os.chown(work / name, user, user)
        (work / "outside" / "secret").write_bytes(SECRET)
        (work / "outside" / "secret").chmod(0o666)
        os.chmod(work, 0o777)
        self.agent = self.border = None
        self.prepare = ""

    def start(self):
        """C: has no Windows, so that no Wine prefix is made."""
        self.border = Border(self.work / "link")
        os.chmod(self.work / "link", 0o777)
        command = [frontdoor.LANDBRIDGE, "agent", "--link", f"unix:{self.work}/link", "--socket", f"{self.work}/a",
                   *[word for c in "CD" for word in ("--drive", f"{c}:={self.work}/{c.lower()}")],
                   "--drive", f"E:={self.work}/e,ro"]
        if self.prepare:
            command = ["unshare", "-m", "sh", "-ec", f"{self.prepare}; exec {shlex.join(command)}"]
        self.agent = subprocess.Popen(command, user=self.user, group=self.user, extra_groups=[], stderr=subprocess.PIPE,
                                      env={**os.environ, "LANDBRIDGE_HOME": f"{self.work}/home"})
        self.border.answer()
        return self

    def servers(self):
        return [pid for pid in children_of(self.agent.pid) if name_of(pid) == "lb-drive"]

    def client(self, letter="D", **how):
        return p9client.Client(self.border.open_bytes(f"drive:{letter}"), **how)

    def stop(self):
        self.agent.terminate()
        self.agent.communicate(timeout=20)
        self.border.close()


@contextlib.contextmanager
def hosting(tmp_path_factory, user, prepare=""):
    work = tmp_path_factory.mktemp("drives")
    for up in (work.parent, work.parent.parent):
        up.chmod(up.stat().st_mode | 0o055)
    host = Host(work, user)
    host.prepare = prepare.format(work=work)
    try:
        yield host.start()
    finally:
        host.stop()


@pytest.fixture(scope="module", params=[0, USER], ids=["root", "user"])
def host(request, tmp_path_factory):
    with hosting(tmp_path_factory, request.param) as made:
        yield made


@pytest.fixture
def client(host):
    return host.client(uid=1000, user="ann")


def fails(error, call, *args, **kwargs):
    with pytest.raises(OSError) as raised:
        call(*args, **kwargs)
    wanted = error if isinstance(error, tuple) else (error,)
    assert raised.value.errno in wanted, raised.value


# --- what is served ---------------------------------------------------------------


def test_hello_tells_the_drives(host):
    assert host.border.drives == {"C": False, "D": False, "E": True}


def test_files(host, client):
    """Whoever the guest's user is, files are the agent's user's."""
    client.put("made", b"ferry", 0o640)
    made = os.stat(host.drive / "made")
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (host.user, host.user, 0o640)
    assert (host.drive / "made").read_bytes() == client.read("made") == b"ferry"
    client.mkdir("dir")
    client.rename("made", "dir/moved")
    client.link("dir/moved", "again")
    client.symlink("link", "dir/moved")
    assert set(client.list()) >= {"dir", "again", "link"} and os.readlink(host.drive / "link") == "dir/moved"
    assert client.getattr("again")["nlink"] == 2
    client.unlink("again")
    client.unlink("link")
    client.unlink("dir/moved")
    client.unlink("dir", is_dir=True)
    assert os.listdir(host.drive) == []


def test_who_attaches_does_not_matter(host):
    for how in ({"uid": 0}, {"uid": 1000}, {"uid": 4294967294}, {"user": "root"}, {"user": "no such user"}, {}):
        assert host.client(**how).getattr()["uid"] == 0


def test_read_only(host):
    (host.work / "e" / "f").write_bytes(b"kept")
    client = host.client("E")
    assert client.read("f") == b"kept"
    for call in (lambda: client.put("new", b""), lambda: client.unlink("f"), lambda: client.mkdir("new"),
                 lambda: client.open("f", os.O_RDWR), lambda: client.setattr(client.walk("f"), mode=0o777),
                 lambda: client.setxattr("f", "user.x", b"x"), lambda: client.rename("f", "g")):
        fails(errno.EROFS, call)


def test_kinds(host, client):
    """Pipes and sockets are what they are; devices are the host's affair."""
    client.mknod("fifo", stat.S_IFIFO | 0o600)
    client.mknod("socket", stat.S_IFSOCK | 0o600)
    assert stat.S_ISFIFO(os.stat(host.drive / "fifo").st_mode) and stat.S_ISSOCK(os.stat(host.drive / "socket").st_mode)
    assert client.list()["fifo"] == 1 and client.list()["socket"] == 12
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(host.drive / "bound"))
    assert stat.S_ISSOCK(client.getattr("bound")["mode"])
    for kind in (stat.S_IFCHR, stat.S_IFBLK):
        fails((errno.EPERM, errno.EACCES), client.mknod, "device", kind | 0o666, (1, 3))
    fails(errno.ENXIO, client.open, "fifo")
    for name in ("fifo", "socket", "bound"):
        client.unlink(name)
    assert "device" not in client.list()


def test_no_rights_of_their_own(host, client):
    """Set-uid files would be the host user's programs."""
    for with_metadata in (host.client(options="metadata"), client):
        with_metadata.put("f", b"", 0o6755)
        with_metadata.setattr(with_metadata.walk("f"), mode=0o6777)
        fails(errno.EOPNOTSUPP, with_metadata.setxattr, "f", "security.capability",
              struct.pack("<IIIII", 0x2000001, 1 << 7, 0, 0, 0))
        assert not os.stat(host.drive / "f").st_mode & 0o7000
        assert "security.capability" not in os.listxattr(host.drive / "f")
        client.unlink("f")
    with_metadata = host.client(options="metadata")
    with_metadata.mknod("null", stat.S_IFCHR | 0o666, (1, 3))
    assert stat.S_ISREG(os.stat(host.drive / "null").st_mode) and os.stat(host.drive / "null").st_size == 0
    with_metadata.unlink("null")


def test_options(host):
    """Owners and modes that only the guest knows, and that the next attach finds again."""
    fails(errno.EINVAL, host.client, options="uid=1000,colour=red")
    client = host.client(uid=1000, options="metadata,uid=7,umask=022")
    client.put("f", b"", 0o640)
    client.setattr(client.walk("f"), mode=0o4711, uid=55, gid=56)
    (host.drive / "hosts").write_bytes(b"")
    os.chown(host.drive / "hosts", host.user, host.user)
    for options, f, hosts in (("metadata,uid=8", (0o4711, 55, 56), (0o777, 8, 0)),
                              ("uid=9,gid=10,fmask=0111", (0o666, 9, 10), (0o666, 9, 10))):
        client = host.client(options=options)
        for name, wanted in (("f", f), ("hosts", hosts)):
            seen = client.getattr(name)
            assert (seen["mode"], seen["uid"], seen["gid"]) == (stat.S_IFREG | wanted[0], *wanted[1:]), (options, name)
    assert client.getxattr("f") == b"" and os.listxattr(host.drive / "f") == ["user.landbridge.meta"]
    fails(errno.ENOENT, client.walk, "F")
    assert host.client(options="case=off").getattr("F")["uid"] == 0
    client.unlink("f")
    client.unlink("hosts")


def test_unlinked_but_open(host, client):
    fid = client.create("gone")
    client.write(fid, b"0123456789")
    client.unlink("gone")
    client.setattr(fid, size=4)
    client.setattr(fid, mode=0o400)
    client.write(fid, b"xy", 4)
    seen = client.stat(fid)
    assert (seen["size"], seen["nlink"], seen["mode"]) == (6, 0, stat.S_IFREG | 0o555)
    assert client.pread(fid) == b"0123xy"
    client.put("taken", b"by the host")
    reader = client.open("taken")
    os.unlink(host.drive / "taken")
    client.setattr(reader, size=2)
    client.setattr(reader, mode=0o400)
    assert client.pread(reader) == b"by" and client.stat(reader)["mode"] == stat.S_IFREG | 0o555


@pytest.mark.parametrize("ns", [0, 1, 1700000000123456789, -1, -5500000000, -10**18 + 1])
def test_times(host, client, ns):
    """Nanoseconds, and times before 1970, both ways."""
    client.put("t", b"")
    client.setattr(client.walk("t"), mtime=ns)
    assert os.stat(host.drive / "t").st_mtime_ns == ns
    os.utime(host.drive / "t", ns=(ns, ns - 1))
    assert (client.getattr("t")["atime"], client.getattr("t")["mtime"]) == (ns, ns - 1)
    client.unlink("t")


def test_locks(host, client):
    """Between two guests, and with the host's programs."""
    other = host.client()
    client.put("l", b"x" * 100)
    mine, theirs = client.open("l", os.O_RDWR), other.open("l", os.O_RDWR)
    assert client.lock(mine, 1, 0, 10) == 0
    assert other.lock(theirs, 1, 5, 10) == 1 and other.lock(theirs, 0, 5, 10) == 1 and other.lock(theirs, 1, 10, 10) == 0
    with open(host.drive / "l", "r+b") as f:
        for at, free in ((0, False), (10, False), (20, True)):
            lock = fcntl.lockf
            if free:
                lock(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, at)
            else:
                fails((errno.EAGAIN, errno.EACCES), lock, f, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, at)
        assert client.lock(mine, 0, 20, 1) == 1
        assert client.lock(mine, 1, owner=2, flags=4) == 0 and other.lock(theirs, 0, owner=2, flags=4) == 1
        fails(errno.EAGAIN, fcntl.flock, f, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert client.lock(mine, 2, owner=2, flags=4) == 0
        fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert client.lock(mine, 0, owner=2, flags=4) == 1
    assert client.lock(mine, 0, 20, 1) == 0
    other.socket.close()
    assert until(lambda: client.lock(mine, 1, 5, 20) == 0)
    client.unlink("l")


# --- what is not --------------------------------------------------------------------


@pytest.mark.parametrize("service,uid,code,words", [
    ("drive:F", 0, 127, "the host gives no drive F:"), ("drive:d", 0, 127, "no service drive:d"),
    ("drive:", 0, 127, "no service drive:"), ("drive:DD", 0, 127, "no service drive:DD"),
    ("drive:D:", 0, 127, "no service"), ("drive:../d", 0, 127, "no service"), ("files", 0, 127, "no service files"),
    ("drive:D", 1000, 126, "only the guest's root"),
])
def test_refusals(host, service, uid, code, words):
    with pytest.raises(Refused, match=words) as refused:
        host.border.open_bytes(service, uid)
    assert refused.value.code == code


def test_links_are_not_followed(host, client):
    outside = host.work / "outside"
    client.symlink("abs", str(outside))
    client.symlink("rel", "../outside")
    client.symlink("root", "/proc/self/root")
    assert client.readlink("abs") == str(outside) and stat.S_ISLNK(client.getattr("rel")["mode"])
    for name in ("abs", "rel", "root"):
        fails((errno.ENOENT, errno.ENOTDIR, errno.ELOOP), client.walk, f"{name}/secret")
        fails((errno.ENOTDIR, errno.ELOOP, errno.ENOENT), client.put, f"{name}/new", b"")
        fails((errno.ELOOP, errno.ENOTDIR), client.open, name)
        client.unlink(name)
    client.symlink("f", "../outside/secret")
    fails((errno.EOPNOTSUPP, errno.ELOOP), client.setattr, client.walk("f"), mode=0)
    fails((errno.EINVAL, errno.ELOOP), client.setattr, client.walk("f"), size=0)
    client.setattr(client.walk("f"), mtime=5)
    with contextlib.suppress(OSError):
        client.create("f", flags=os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    client.unlink("f")
    assert (outside / "secret").read_bytes() == SECRET and os.listdir(outside) == ["secret"]
    assert os.stat(outside / "secret").st_mtime_ns != 5 and stat.S_IMODE(os.stat(outside / "secret").st_mode) == 0o666


def test_top_is_the_top(host, client):
    (host.drive / "a" / "b").mkdir(parents=True)
    top = client.getattr()
    for path in ("..", "../..", "a/../..", "a/b/../../../.."):
        assert client.getattr(path) == top
    for name in ("a/b", "/", "", ".", "..", "x\0y"):
        fails((errno.EINVAL, errno.ENOENT), client.call, p9client.TMKDIR,
              struct.pack("<I", 0) + p9client.text(name) + struct.pack("<II", 0o755, 0))
    for options in ("..", "a/../..", str(host.work / "outside")):
        fails(errno.EINVAL, client.attach, 99, 0, options)
    os.rmdir(host.drive / "a" / "b")
    os.rmdir(host.drive / "a")


def test_moved_away(host, client):
    """A directory that the host moves out of the drive leads its holder nowhere."""
    (host.drive / "held").mkdir()
    os.chown(host.drive / "held", host.user, host.user)
    client.put("mine", b"")
    held = client.walk("held")
    os.rename(host.drive / "held", host.work / "outside" / "held")
    (host.work / "outside" / "held" / "late").write_bytes(SECRET)
    name = struct.pack("<I", held) + p9client.text("new")
    for call in (lambda: client.walk("..", held), lambda: client.walk("late", held),
                 lambda: client.call(p9client.TMKDIR, name + struct.pack("<II", 0o755, 0)),
                 lambda: client.call(p9client.TSYMLINK, name + p9client.text("x") + struct.pack("<I", 0)),
                 lambda: client.call(p9client.TUNLINKAT, name + struct.pack("<I", 0)),
                 lambda: client.call(p9client.TLCREATE, name + struct.pack("<III", os.O_RDWR, 0o644, 0)),
                 lambda: client.call(p9client.TRENAMEAT, struct.pack("<I", 0) + p9client.text("mine") + name)):
        fails(errno.ESTALE, call)
    client.call(p9client.TLOPEN, struct.pack("<II", held, os.O_RDONLY))
    fails(errno.ESTALE, client.call, p9client.TREADDIR, struct.pack("<IQI", held, 0, 4096))
    assert os.listdir(host.work / "outside" / "held") == ["late"]
    (host.work / "outside" / "held" / "late").unlink()
    (host.work / "outside" / "held").rmdir()
    client.unlink("mine")


def test_race_of_links_and_directories(host):
    """While a name is a directory and a link to outside by turns, nothing outside is found or made."""
    (host.drive / "real").mkdir()
    (host.drive / "real" / "inside").write_bytes(b"")
    os.chown(host.drive / "real", host.user, host.user)
    (host.drive / "fake").symlink_to("../outside")
    over = threading.Event()

    def swap():
        name = host.drive / "sub"
        while not over.is_set():
            for kind in ("real", "fake"):
                os.rename(host.drive / kind, name)
                os.rename(name, host.drive / kind)

    swapper = threading.Thread(target=swap)
    swapper.start()
    client, reached = host.client(), 0
    try:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for name in ("secret", "inside"):
                with contextlib.suppress(OSError):
                    fid = client.walk(f"sub/{name}")
                    assert name == "inside"
                    reached += 1
                    client.clunk(fid)
            with contextlib.suppress(OSError):
                client.clunk(client.create("sub/new"))
            with contextlib.suppress(OSError):
                client.unlink("sub/secret")
            with contextlib.suppress(OSError):
                client.rename("sub/inside", "sub/inside")
    finally:
        over.set()
        swapper.join()
    assert reached and os.listdir(host.work / "outside") == ["secret"]
    subprocess.run(["rm", "-r", host.drive / "real", host.drive / "fake"], check=True)


def test_mounts_below(tmp_path_factory):
    """What is mounted in a drive is in it, as for the host's programs; what the kernel makes up is not."""
    prepare = ("mkdir {work}/d/proc {work}/d/sys {work}/d/disk; mount -t proc none {work}/d/proc; "
               "mount -t sysfs none {work}/d/sys; mount -t tmpfs none {work}/d/disk; echo there >{work}/d/disk/f")
    with hosting(tmp_path_factory, 0, prepare) as host:
        client = host.client()
        assert client.read("disk/f") == b"there\n"
        for name in ("proc", "sys"):
            fails((errno.EACCES, errno.ENOENT), client.walk, name)
            fails((errno.EACCES, errno.ENOENT, FileNotFoundError), client.walk, f"{name}/self/root/etc")
        assert client.getattr("disk/..")["mode"] == client.getattr()["mode"]
        fails(errno.EXDEV, client.link, "disk/f", "f")


def test_floods(host):
    """Fids and wrong sizes end or fail their own stream alone."""
    client = host.client()
    wide = host.client()
    made = 0
    with pytest.raises(OSError) as raised:
        while made < 70000:
            wide.walk()
            made += 1
    assert raised.value.errno == errno.ENFILE and made > 500, made
    fails(errno.ENFILE, wide.walk)
    fails((errno.EINVAL, errno.EBADF), client.call, p9client.TREAD, struct.pack("<IQI", 0, 0, 0xFFFFFFFF))
    broken = host.border.open_bytes("drive:D")
    broken.sendall(struct.pack("<IBH", 0xFFFFFFFF, p9client.TVERSION, 0xFFFF))
    assert broken.wait_over()
    assert client.getattr()["uid"] == 0
    wide.socket.close()
    assert client.getattr()["uid"] == 0


# --- its processes --------------------------------------------------------------------


def status(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f)


def test_confined(host, client):
    """No more rights than the user who started the agent, and no descriptors but its own."""
    client.getattr()
    pid = host.servers()[-1]
    seen = status(pid)
    root = (1 << 1) | (1 << 3)  # DAC_OVERRIDE, FOWNER
    assert int(seen["CapEff"], 16) == int(seen["CapPrm"], 16) == (0 if host.user else root)
    assert (seen["Seccomp"], seen["NoNewPrivs"]) == ("2", "1")
    open_files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    paths = [path for path in open_files if path.startswith("/") and not path.startswith(("/proc/", "/dev/null"))]
    assert set(paths) <= {str(host.drive), "/"}, open_files
    assert sum(path.startswith("socket:") for path in open_files) == 1, open_files


def test_dead_server_ends_its_stream_alone(host, client):
    before = set(host.servers())
    other = host.client()
    new, = set(host.servers()) - before
    os.kill(new, signal.SIGKILL)
    assert other.socket.wait_over()
    assert client.getattr()["uid"] == 0
    assert host.client().getattr()["uid"] == 0
    assert until(lambda: new not in host.servers())


def test_number_of_streams(tmp_path_factory):
    with hosting(tmp_path_factory, 0) as host:
        streams = [host.border.open_bytes("drive:D") for _ in range(64)]
        with pytest.raises(Refused) as refused:
            host.border.open_bytes("drive:D")
        assert refused.value.code == 125
        assert until(lambda: len(host.servers()) == 64)
        for stream in streams:
            stream.close()
        assert until(lambda: not host.servers())
        assert host.client().getattr()["uid"] == 0


def test_nothing_outlives_the_agent(tmp_path_factory):
    for how in (signal.SIGTERM, signal.SIGKILL):
        with hosting(tmp_path_factory, USER) as host:
            client = host.client()
            client.put("f", b"kept")
            servers = host.servers()
            assert len(servers) == 1
            begin = time.monotonic()
            host.agent.send_signal(how)
            host.agent.wait(20)
            assert until(gone(servers), 3) and time.monotonic() - begin < 4
            assert (host.drive / "f").read_bytes() == b"kept"


# --- with Wine, and through a broker ---------------------------------------------------


def test_outlives_wines_server(landbridge, tmp_path):
    """It is the end of all Windows programs, and of nothing else."""
    (tmp_path / "d").mkdir()
    border = Border(tmp_path / "link")
    agent = landbridge.start("agent", "--link", f"unix:{tmp_path}/link", "--socket", tmp_path / "a", "--drive", f"D:={tmp_path}/d")
    try:
        border.answer()
        client, windows = p9client.Client(border.open_bytes("drive:D")), p9client.Client(border.open_bytes("drive:C"))
        assert "windows" in windows.list() and windows.walk("WINDOWS/SYSTEM32/CMD.exe")  # case=off

        os.set_blocking(agent.stderr.fileno(), False)
        said = bytearray()

        def lost():
            """It goes to the background first, and is the agent's child then."""
            with open(f"/proc/{agent.pid}/task/{agent.pid}/children", encoding="ascii") as f:
                for pid in map(int, f.read().split()):
                    if (name_of(pid) or "").startswith("wineserver"):
                        os.kill(pid, signal.SIGKILL)
            said.extend(agent.stderr.read() or b"")
            return b"Wine's server has ended" in said
        assert until(lost, 60), said
        client.put("f", b"there still")
        assert windows.list() and (tmp_path / "d" / "f").read_bytes() == b"there still"
    finally:
        agent.terminate()
        agent.communicate(timeout=30)
        border.close()


def ask_broker(directory, service, uid):
    """A socket that carries the stream's bytes, or the text of the refusal."""
    fields = field(9, struct.pack("<I", 2)) + field(10, service.encode() + b"\0")
    hello = frame(1, 0, b"LANDBRDG" + struct.pack("<HH", 2, 2) + bytes(36))
    asked = socket.socket(socket.AF_UNIX)
    asked.settimeout(20)
    here = os.open(".", os.O_RDONLY)
    os.chdir(directory)
    os.seteuid(uid)
    try:
        asked.connect("interop.sock")
    finally:
        os.seteuid(0)
        os.fchdir(here)
        os.close(here)
    asked.sendall(hello + frame(16, 1, fields))
    length, kind = struct.unpack("<IB", asked.recv(12, socket.MSG_WAITALL)[:5])
    payload = asked.recv(length, socket.MSG_WAITALL)
    return asked if kind == 17 else payload[8:-1].decode()


def test_through_a_broker(landbridge, tmp_path):
    """Another user of the guest gets no drive; root gets it, end to end."""
    from test_pid1 import Guest
    guest = Guest(tmp_path / "root")
    guest.write("etc/wsl.conf", "[landbridge]\nlink = unix:/run/landbridge/link\n")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "f").write_bytes(b"far away")
    with guest.running() as init:
        assert until(lambda: os.path.exists(init.socket("link")))
        run = os.path.dirname(init.socket("link"))
        agent = landbridge.start("agent", "--link", f"unix:{run}/link", "--socket", tmp_path / "a", "--drive", f"C:={tmp_path}/c")
        try:
            assert until(lambda: not isinstance(ask_broker(run, "drive:C", 0), str), 30)
            assert "only root" in ask_broker(run, "drive:C", 65534)
            assert "no drive Q:" in ask_broker(run, "drive:Q", 0)
            client = p9client.Client(ask_broker(run, "drive:C", 0))
            assert client.read("f") == b"far away"
            client.put("g", b"x" * 60000)
            assert (tmp_path / "c" / "g").stat().st_size == 60000
        finally:
            agent.terminate()
            agent.communicate(timeout=30)


READ = """perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un(shift)) || die $!;
my @parts = map { pack(qq(H*), $_) } @ARGV; $| = 1; alarm 30;
for (@parts) { syswrite(S, $_); my $b; sysread(S, $b, 65536); $all .= $b } print unpack(qq(H*), $all)' /run/landbridge/interop.sock"""


def message(kind, body, tag=1):
    return struct.pack("<IBH", 7 + len(body), kind, tag) + body


def test_layer_of_a_machine(landbridge):
    """C: is what the machine's Windows programs see there, and not the prefix that all share."""
    asked = field(9, struct.pack("<I", 2)) + field(10, b"drive:C\0")
    names = ("users", "note")
    parts = [
        frame(1, 0, b"LANDBRDG" + struct.pack("<HH", 2, 2) + bytes(36)) + frame(16, 1, asked),
        message(p9client.TVERSION, struct.pack("<I", 8192) + p9client.text("9P2000.L"), 0xFFFF),
        message(p9client.TATTACH, struct.pack("<II", 0, p9client.NOFID) + 2 * p9client.text("") + struct.pack("<I", 0)),
        message(p9client.TWALK, struct.pack("<IIH", 0, 1, 2) + b"".join(map(p9client.text, names))),
        message(p9client.TLOPEN, struct.pack("<II", 1, os.O_RDONLY)),
        message(p9client.TREAD, struct.pack("<IQI", 1, 0, 100)),
    ]
    result = landbridge.run("--", "bash", "-c", "cd /mnt/c && cmd.exe /c 'echo of this machine> C:\\users\\note' && "
                            + READ.replace("\n", " ") + " " + " ".join(part.hex() for part in parts))
    assert b"of this machine\r\n" in bytes.fromhex(result.text), result
    assert not os.path.exists(os.path.join(landbridge.env["LANDBRIDGE_HOME"], "wine", "drive_c", "users", "note"))
