"""A drive without a border between: the agent's file server and the guest's file
system on this machine, with both sides changing the same directory."""
import contextlib
import errno
import fcntl
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from drive import HERE, Drive, describe, tree
from processes import COUNTER, until

ROUNDS = 10000 if os.environ.get("LANDBRIDGE_SOAK") else 700
pytestmark = HERE


class Changes:
    """One random change of the tree at a time; what cannot be done is not."""

    DIRS = ["", "p", "p/q", "r"]
    NAMES = ["a", "b", "c", "dd", "e f"]

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.acts = [self.write, self.append, self.truncate, self.replace, self.unlink, self.rename,
                     self.chmod, self.write_and_keep_time, self.makedirs, self.rmtree, self.symlink,
                     self.link, self.mkdir, self.rmdir]

    def path(self, root):
        return os.path.join(root, self.random.choice(self.DIRS), self.random.choice(self.NAMES))

    def bytes(self):
        return self.random.randbytes(self.random.choice([0, 1, 10, 5000, 9000]))

    def one(self, root):
        act = self.random.choice(self.acts)
        with contextlib.suppress(OSError):
            act(root, self.path(root))
        return act.__name__

    def write(self, _root, path):
        with open(path, "wb") as f:
            f.write(self.bytes())

    def append(self, _root, path):
        with open(path, "ab") as f:
            f.write(self.bytes())

    def truncate(self, _root, path):
        os.truncate(path, self.random.choice([0, 3, 4096, 10000]))

    def replace(self, _root, path):
        with open(path + ".new", "wb") as f:
            f.write(self.bytes())
        os.rename(path + ".new", path)

    def unlink(self, _root, path):
        os.unlink(path)

    def rename(self, root, path):
        os.rename(path, self.path(root))

    def chmod(self, _root, path):
        os.chmod(path, self.random.choice([0o600, 0o644, 0o755]))

    def write_and_keep_time(self, _root, path):
        st = os.stat(path)
        with open(path, "r+b") as f:
            f.write(self.bytes()[:4] or b"z")
        os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))

    def makedirs(self, root, _path):
        os.makedirs(os.path.join(root, self.random.choice(self.DIRS)), exist_ok=True)

    def rmtree(self, root, _path):
        name = self.random.choice(self.DIRS)
        if name and self.random.random() < 0.3:
            shutil.rmtree(os.path.join(root, name))

    def symlink(self, _root, path):
        os.symlink(f"to{self.random.randrange(9)}", path)

    def link(self, root, path):
        os.link(path, self.path(root))

    def mkdir(self, _root, path):
        os.mkdir(path)

    def rmdir(self, _root, path):
        os.rmdir(path)


@pytest.mark.parametrize("seed, watched", [(1, False), (2, True)])
def test_never_stale(drive, watch, seed, watched):
    """Behind a fence the guest sees what the host has, whoever changed it and whatever
    the guest's kernel had kept of it before, and whoever is being told of changes."""
    changes = Changes(seed)
    for name in Changes.DIRS:
        os.makedirs(os.path.join(drive.host, name), exist_ok=True)
    for number in range(ROUNDS):
        if watched and number % 20 == 0:
            watch(*(os.path.join(drive.guest, name) for name in Changes.DIRS))
        on_host = changes.random.random() < 0.7
        act = changes.one(drive.host if on_host else drive.guest)
        if changes.random.random() < 0.3:
            with contextlib.suppress(OSError):  # the host may just have removed it
                tree(drive.guest)
        drive.fence()
        assert tree(drive.guest) == tree(drive.host), (number, "host" if on_host else "guest", act)


@pytest.mark.parametrize("within", ["", "part", "part/f"])
def test_fence_anywhere(drive, within):
    """A mount may show a part of the drive alone."""
    os.makedirs(os.path.join(drive.host, "part"))
    host, guest = (os.path.join(top, "part", "f") for top in (drive.host, drive.guest))
    for number in range(300):
        with open(host, "w", encoding="utf-8") as f:
            f.write(str(number))
        os.makedirs(f"{host}.{number}.d")
        drive.fence(within)
        with open(guest, encoding="utf-8") as f:
            assert f.read() == str(number)
        assert os.path.exists(f"{guest}.{number}.d")
        assert not os.path.exists(f"{guest}.{number + 1}.d")


@pytest.mark.parametrize("options", ["", "mmap"])
def test_random_operations(drive, p9check, options):
    result = subprocess.run([p9check, "fsx", os.path.join(drive.guest, "fsx"), "4", "1", *options.split()],
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout


def test_seen_without_a_fence(drive):
    """Nobody asks, and the guest's kernel hears of it all the same."""
    host, guest = os.path.join(drive.host, "f"), os.path.join(drive.guest, "f")
    for number in range(50):
        assert not os.path.exists(guest)
        with open(host, "w", encoding="utf-8") as f:
            f.write(str(number))
        assert until(lambda: os.path.exists(guest), 2)
        with open(guest, encoding="utf-8") as f:
            assert until(lambda f=f, number=number: f.seek(0) == 0 and f.read() == str(number), 2)
        os.utime(host, (1, number))
        assert until(lambda number=number: os.stat(guest).st_mtime == number, 2)
        os.unlink(host)
        assert until(lambda: not os.path.exists(guest), 2)


def test_appends_of_both(drive):
    """Each end puts its lines behind the other's."""
    host, guest = os.path.join(drive.host, "log"), os.path.join(drive.guest, "log")
    with open(guest, "a", encoding="utf-8") as f, open(host, "a", encoding="utf-8") as g:
        for number in range(100):
            f.write(f"guest {number}\n")
            f.flush()
            g.write(f"host {number}\n")
            g.flush()
    drive.fence()
    with open(guest, encoding="utf-8") as f:
        assert f.read() == "".join(f"guest {n}\nhost {n}\n" for n in range(100))


def test_file_without_a_name(drive):
    """Open files live on when one side or the other has removed them."""
    for remove in drive.host, drive.guest:
        path = os.path.join(drive.guest, "gone")
        with open(path, "w+b") as f:
            f.write(b"0123456789")
            f.flush()
            os.unlink(os.path.join(remove, "gone"))
            drive.fence()
            f.seek(3)
            assert f.read() == b"3456789"
            f.truncate(4)
            os.fchmod(f.fileno(), 0o444)
            st = os.fstat(f.fileno())
            assert (st.st_size, st.st_mode & 0o777) == (4, 0o555)
        assert not os.path.exists(path)


def test_truncated_when_opened(drive):
    path = os.path.join(drive.guest, "f")
    for text in "0123456789", "ab":
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    with open(os.path.join(drive.host, "f"), encoding="utf-8") as f:
        assert f.read() == "ab"


def test_links_of_one_file(drive):
    """What can change by another name, where nobody watches, is asked for each time."""
    a, b = os.path.join(drive.host, "a"), os.path.join(drive.host, "b")
    with open(a, "w", encoding="utf-8") as f:
        f.write("one")
    os.link(a, b)
    for text in "two", "three", "four":
        assert os.stat(os.path.join(drive.guest, "a")).st_nlink == 2
        with open(b, "w", encoding="utf-8") as f:
            f.write(text)
        with open(os.path.join(drive.guest, "a"), encoding="utf-8") as f:
            assert f.read() == text


def test_link_that_comes_and_goes(drive):
    """Bytes that were read while another name could change them are not kept when it is gone; nor those from before."""
    os.mkdir(os.path.join(drive.host, "d"))
    path, other = os.path.join(drive.host, "f"), os.path.join(drive.host, "d", "other")
    seen = os.path.join(drive.guest, "f")

    def read():
        with open(seen, encoding="utf-8") as f:
            return f.read()

    with open(path, "w", encoding="utf-8") as f:
        f.write("first")
    assert read() == "first"
    os.link(path, other)
    os.utime(path)
    drive.fence()
    assert os.stat(seen).st_nlink == 2
    with open(other, "a", encoding="utf-8") as f:
        f.write(" second")
    assert read() == "first second"
    with open(other, "a", encoding="utf-8") as f:
        f.write(" third")
    os.unlink(other)
    os.utime(path)
    drive.fence()
    assert read() == "first second third"


def test_more_changes_than_the_kernel_keeps(drive):
    """The queue overflows: all is forgotten, and nothing is wrong."""
    os.mkdir(os.path.join(drive.host, "d"))
    for number in range(20):
        with open(os.path.join(drive.host, "d", f"{number}"), "w", encoding="utf-8") as f:
            f.write("old")
    tree(drive.guest)
    server = next(int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_child(pid, drive.process.pid))
    os.kill(server, signal.SIGSTOP)
    for number in range(20000):
        os.mkfifo(os.path.join(drive.host, "d", f"x{number}"))
    for number in range(20):
        with open(os.path.join(drive.host, "d", f"{number}"), "w", encoding="utf-8") as f:
            f.write(f"new {number}")
    os.kill(server, signal.SIGCONT)
    drive.fence()
    for number in range(20):
        with open(os.path.join(drive.guest, "d", f"{number}"), encoding="utf-8") as f:
            assert f.read() == f"new {number}"
    assert len(os.listdir(os.path.join(drive.guest, "d"))) == 20020


def is_child(pid, parent):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1]) == parent
    return False


def test_directory_that_nobody_has_looked_at(drive):
    """What the guest was told along with others changes like what it asked for."""
    for name in "a", "b", "c":
        os.mkdir(os.path.join(drive.host, name), 0o755)
    for name in "a", "b":
        os.stat(os.path.join(drive.guest, name))
    os.utime(os.path.join(drive.host, "c"), (1, 2))
    drive.fence()
    assert os.stat(os.path.join(drive.guest, "c")).st_mtime == 2
    with open(os.path.join(drive.host, "c", "f"), "wb"):
        pass
    drive.fence()
    assert describe(os.path.join(drive.guest, "c")) == describe(os.path.join(drive.host, "c"))


def test_what_has_no_name_is_kept_so(drive):
    """A name that is not there is asked for once, and then seen when it comes."""
    os.mkdir(os.path.join(drive.host, "d"))
    path = os.path.join(drive.guest, "d", "none")
    with pytest.raises(FileNotFoundError):
        os.stat(path)
    with pytest.raises(OSError) as error:
        os.open(path, os.O_RDONLY)
    assert error.value.errno == errno.ENOENT
    os.symlink("x", os.path.join(drive.host, "d", "none"))
    drive.fence()
    assert os.readlink(path) == "x"


def test_locks_hold_on_the_host(drive):
    """Of both kinds and both ways, unless they are the guest's own."""
    paths = [os.path.join(top, "f") for top in (drive.host, drive.guest)]
    with open(paths[0], "w", encoding="utf-8"):
        pass
    for lock in fcntl.flock, fcntl.lockf:
        for ours, others in paths, reversed(paths):
            with open(ours, "r+", encoding="utf-8") as f, open(others, "r+", encoding="utf-8") as g:
                lock(f, fcntl.LOCK_EX)
                try:
                    lock(g, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    held = False
                except BlockingIOError:
                    held = True
                assert held == (drive.mode == ""), (lock, ours)


@pytest.mark.parametrize("journal, mode", [("delete", ""), ("truncate", ""), ("persist", ""), ("wal", "guest-locks")])
def test_database_of_both(tmp_path, journal, mode):
    """SQLite's judgement, two on the host and two in the guest: no update is lost. All of a
    write-ahead log's users are to be on one machine, so there they are all in the guest."""
    with contextlib.closing(Drive(tmp_path, mode)) as drive:
        db = sqlite3.connect(os.path.join(drive.host, "db"))
        db.execute(f"PRAGMA journal_mode={journal}")  # to change it, one must be alone
        db.execute("CREATE TABLE t (n)")
        db.execute("INSERT INTO t VALUES (0)")
        db.commit()
        db.close()
        counters = [subprocess.Popen([sys.executable, "-c", COUNTER, os.path.join(top, "db"), journal, "50"])
                    for top in (drive.guest if mode else drive.host, drive.guest) * 2]
        status = [counter.wait(250) for counter in counters]
        assert status == [0] * 4
        db = sqlite3.connect(os.path.join(drive.guest, "db"))
        assert [db.execute(ask).fetchone() for ask in ("SELECT n FROM t", "PRAGMA integrity_check")] == [(200,), ("ok",)]
        db.close()


# --- a server that goes ---------------------------------------------------------------

def server_of(drive):
    def find():
        return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_child(pid, drive.process.pid)
                and not is_zombie(pid)]
    assert until(find)
    return find()[0]


def is_zombie(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    return True


@pytest.fixture
def lasting(tmp_path):
    """Its server is killed; without open files there, it comes back as if nothing was."""
    drive = Drive(tmp_path, "guest-locks")
    yield drive
    drive.close()


def test_server_killed_between(lasting):
    """What was changed while nobody watched is seen as well."""
    changes = Changes(7)
    for name in Changes.DIRS:
        os.makedirs(os.path.join(lasting.host, name), exist_ok=True)
    for _ in range(12):
        for _ in range(20):
            changes.one(lasting.host if changes.random.random() < 0.5 else lasting.guest)
        lasting.fence()
        assert tree(lasting.guest) == tree(lasting.host)
        os.kill(server_of(lasting), signal.SIGKILL)
        for _ in range(5):
            changes.one(lasting.host)
        lasting.fence()
        assert tree(lasting.guest) == tree(lasting.host)


@contextlib.contextmanager
def killed_all_the_time(drive):
    """Its server is, and comes back, until what stands here is done."""
    stop = threading.Event()

    def kill():
        while not stop.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(server_of(drive), signal.SIGKILL)
            stop.wait(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        stop.set()
        killer.join()


@pytest.mark.parametrize("options", ["", "mmap"])
def test_server_killed_in_random_operations(lasting, p9check, options):
    with killed_all_the_time(lasting):
        result = subprocess.run([p9check, "fsx", os.path.join(lasting.guest, "fsx"), "5", "2", *options.split()],
                                capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout


def test_server_killed_while_writing(lasting):
    """Each write that was said to be done is on the host, at its place."""
    block, count = 4096, 1500
    path = os.path.join(lasting.guest, "f")
    with killed_all_the_time(lasting):
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        for number in range(count):
            data = bytes([number % 251]) * block
            assert os.pwrite(fd, data, number * block) == block
            if number % 7 == 0:
                assert os.pread(fd, block, number // 2 * block) == bytes([number // 2 % 251]) * block
        os.close(fd)
    with open(os.path.join(lasting.host, "f"), "rb") as f:
        for number in range(count):
            assert f.read(block) == bytes([number % 251]) * block, number
        assert f.read() == b""


def test_replaced_while_the_server_was_away(lasting):
    """An open file that is another now is not mistaken for it."""
    path = os.path.join(lasting.host, "f")
    with open(path, "w", encoding="utf-8") as f:
        f.write("first")
    fd = os.open(os.path.join(lasting.guest, "f"), os.O_RDONLY)
    assert os.read(fd, 2) == b"fi"
    os.kill(server_of(lasting), signal.SIGKILL)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write("second")
    os.rename(path + ".new", path)
    lasting.fence()
    with pytest.raises(OSError) as error:
        os.pread(fd, 5, 0)
    assert error.value.errno == errno.ESTALE
    os.close(fd)
    with open(os.path.join(lasting.guest, "f"), encoding="utf-8") as f:
        assert f.read() == "second"


def test_patience_ends(lasting):
    """While nobody can serve the directory programs wait for a while, and then hear so; and it comes back."""
    with open(os.path.join(lasting.host, "f"), "w", encoding="utf-8"):
        pass
    os.stat(os.path.join(lasting.guest, "f"))
    os.rename(lasting.host, lasting.host + ".away")
    os.kill(server_of(lasting), signal.SIGKILL)
    start = time.monotonic()
    with pytest.raises(OSError) as error:
        os.stat(os.path.join(lasting.guest, "other"))
    assert error.value.errno == errno.EIO and 3 < time.monotonic() - start < 30
    with pytest.raises(OSError) as error:
        os.stat(os.path.join(lasting.guest, "another"))
    assert error.value.errno == errno.EIO
    os.rename(lasting.host + ".away", lasting.host)
    assert until(lambda: os.path.exists(os.path.join(lasting.guest, "f")), 20)


def test_waiting_can_be_interrupted(lasting):
    """Somebody who waits for a server that does not come back at once ends when told to."""
    os.kill(server_of(lasting), signal.SIGSTOP)
    with subprocess.Popen(["stat", os.path.join(lasting.guest, "f")], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as waiter:
        with pytest.raises(subprocess.TimeoutExpired):
            waiter.wait(0.3)
        waiter.kill()
        assert until(lambda: waiter.poll() is not None, 10)
    os.kill(server_of(lasting), signal.SIGKILL)
    lasting.fence()


# --- how much is asked ----------------------------------------------------------------------

DIRS, FILES = 40, 50
EACH = 3  # requests for a directory


def lstat_each(root):
    """As `git status` does, in the order of its index."""
    for number in range(DIRS * FILES):
        os.lstat(os.path.join(root, f"d{number // FILES}", f"f{number % FILES}"))


def archive(root):
    subprocess.run("tar c --mode=777 . | cmp - ../expected.tar", shell=True, cwd=root, check=True)


def find_size(root):
    assert subprocess.run(["find", ".", "-size", "+1000"], cwd=root, check=True, capture_output=True).stdout == b""


def grep(root):
    run = subprocess.run(["grep", "-r", "^17 ", "."], cwd=root, check=True, capture_output=True)
    assert len(run.stdout.splitlines()) == DIRS


def list_long(root):
    run = subprocess.run(["ls", "-lR", "."], cwd=root, check=True, capture_output=True)
    assert len(run.stdout.splitlines()) > DIRS * FILES


def look_for_none(root):
    for number in range(DIRS * FILES):
        assert not os.path.exists(os.path.join(root, f"d{number // FILES}", f"none{number}"))


@pytest.fixture(scope="module")
def many_files(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("many")
    for number in range(DIRS * FILES):
        path = tmp / "host" / f"d{number // FILES}" / f"f{number % FILES}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number % FILES} " + "x" * (number * 7919 % 9000), encoding="utf-8")
    subprocess.run(["tar", "cf", "../expected.tar", "--mode=777", "."], cwd=tmp / "host", check=True)
    return tmp


@pytest.mark.parametrize("work", [lstat_each, archive, find_size, grep, list_long, look_for_none])
def test_cold_work_asks_for_directories(many_files, work):
    """A drive that was just mounted is asked about its directories, not its files."""
    drive = Drive(many_files, "guest-locks")
    try:
        work(drive.guest)
    finally:
        requests = drive.close()
    assert requests <= EACH * DIRS, requests


def test_large_reads(tmp_path):
    """Read ahead by whole messages."""
    drive = Drive(tmp_path, "guest-locks")
    try:
        with open(os.path.join(drive.host, "large"), "wb") as f:
            f.write(b"x" * (64 << 20))
        with open(os.path.join(drive.guest, "large"), "rb") as f:
            while f.read(65536):
                pass
    finally:
        requests = drive.close()
    assert requests < 100, requests


def test_attributes_that_a_drive_has_none_of(tmp_path):
    drive = Drive(tmp_path, "guest-locks")
    path = os.path.join(drive.guest, "f")
    try:
        with open(path, "wb", buffering=0) as f:
            for _ in range(500):
                f.write(b"x")
        for name, error in ("security.capability", errno.ENODATA), ("system.posix_acl_access", errno.EOPNOTSUPP):
            for _ in range(100):
                with pytest.raises(OSError) as caught:
                    os.getxattr(path, name)
                assert caught.value.errno == error
        os.setxattr(path, "user.x", b"1")
        assert os.getxattr(path, "user.x") == b"1"
    finally:
        requests = drive.close()
    assert requests < 550, requests
