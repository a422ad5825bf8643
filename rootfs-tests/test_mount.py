"""`landbridge mount`: a guest's files as a folder of the host, through FUSE. First
with p9d on this machine, then with a guest."""
import ctypes
import errno
import fcntl
import mmap
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from frontdoor import BUILD, LANDBRIDGE
from processes import COUNTER, children_of, gone, name_of, until

P9D = os.path.join(BUILD, "p9d")
MANY = 20000  # more than there are fids to keep
pytestmark = pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")


def mount(*args, status=0):
    result = subprocess.run([LANDBRIDGE, "mount", *map(str, args)], capture_output=True, text=True, timeout=60)
    assert result.returncode == status, result
    return result


def is_mounted(path):
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        return any(line.split()[1] == str(path) for line in mounts)


def unmount(path):
    subprocess.run(["fusermount3", "-u", path], check=True)


class Server:
    """p9d on a tree of its own, and the ways to see it."""

    def __init__(self, tmp):
        self.tree = tmp / "tree"
        self.tree.mkdir()
        self.socket = tmp / "s"
        self.tmp = tmp
        self.process = subprocess.Popen([P9D, "--listen", f"unix:{self.socket}", "--root", self.tree])
        assert until(self.socket.exists)

    def mount(self, name, *args):
        path = self.tmp / name
        path.mkdir()
        user = ["--user", "root"] if os.getuid() == 0 else []
        mount("--server", f"unix:{self.socket}", *user, *args, path)
        return path

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("served"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def folder(server):
    path = server.mount("m")
    yield path
    unmount(path)


def test_posix(server, folder, p9check):
    """Open files that lose their names, O_EXCL, links, odd names, holes, attributes,
    locks between two mounts, and what one changes the other sees."""
    other = server.mount("other")
    (folder / "t").mkdir()
    result = subprocess.run([p9check, "posix-alone", folder / "t", other / "t"], capture_output=True, text=True,
                            timeout=120)
    unmount(other)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("mode", ["", "mmap"])
def test_random_operations(folder, p9check, mode):
    result = subprocess.run([p9check, "fsx", folder / f"fsx{mode}", "4", "1", *mode.split()], capture_output=True,
                            text=True, timeout=60)
    assert result.returncode == 0, result.stdout


def described(root):
    """Everything about each name below a directory."""
    found = []
    for base, dirs, files in os.walk(root):
        for name in dirs + files:
            path = os.path.join(base, name)
            st = os.lstat(path)
            content = (os.readlink(path) if stat.S_ISLNK(st.st_mode)
                       else open(path, "rb").read() if stat.S_ISREG(st.st_mode) else None)
            size = 0 if stat.S_ISDIR(st.st_mode) else st.st_size
            attributes = {a: os.getxattr(path, a, follow_symlinks=False)
                          for a in os.listxattr(path, follow_symlinks=False)}
            found.append((os.path.relpath(path, root), st.st_mode, st.st_uid, st.st_gid, st.st_nlink, size,
                          st.st_mtime_ns, content, attributes))
    return sorted(found, key=lambda entry: entry[0])


def test_tree(server, folder, tmp_path):
    """A tree goes in and comes back as it was, to the nanosecond."""
    tree = tmp_path / "tree"
    subprocess.run(["cp", "-a", "/usr/include/linux", tree], check=True)
    (tree / "link").symlink_to("/no/such")
    os.link(tree / "fs.h", tree / "twin")
    os.mkfifo(tree / "pipe")
    os.setxattr(tree / "fs.h", "user.note", b"x" * 3000)
    os.setxattr(tree / "fs.h", "user.empty", b"")
    (tree / ("n" * 255)).touch()
    os.utime(tree / "twin", ns=(1, 1234567890123456789))
    subprocess.run(["cp", "-a", tree, folder / "copy"], check=True)
    assert described(server.tree / "copy") == described(tree)
    assert described(folder / "copy") == described(tree)
    subprocess.run(["rm", "-r", folder / "copy"], check=True)
    assert not (server.tree / "copy").exists()


@pytest.mark.parametrize("journal", ["delete", "truncate", "persist"])
def test_no_update_is_lost(server, journal):
    """Whoever has a lock sees the file as it is, also where the kernel may remember."""
    mounts = [server.mount(f"cached-{journal}-{i}", "--cache", "1") for i in range(2)]
    path = f"count-{journal}"
    db = sqlite3.connect(server.tree / path)
    db.execute("CREATE TABLE t (n)")
    db.execute("INSERT INTO t VALUES (0)")
    db.commit()
    writers = [subprocess.Popen([sys.executable, "-c", COUNTER, m / path, journal, "50"]) for m in mounts * 2]
    status = [w.wait(300) for w in writers]
    for m in mounts:
        unmount(m)
    assert status == [0] * 4
    assert db.execute("SELECT n FROM t").fetchone() == (200,)
    db.close()


def test_mapping_under_a_lock(server):
    """What was written through a mapping under a lock is there for who has it next."""
    one, other = (server.mount(f"mapped-{i}", "--cache", "1") for i in range(2))
    (one / "page").write_bytes(bytes(4096))
    with open(one / "page", "r+b") as a, open(other / "page", "r+b") as b:
        mapped = [mmap.mmap(f.fileno(), 4096) for f in (a, b)]
        for i in range(1, 101):
            f, m = ((a, mapped[0]), (b, mapped[1]))[i % 2]
            fcntl.lockf(f, fcntl.LOCK_EX)
            assert m[0] == i - 1
            m[0] = i
            fcntl.lockf(f, fcntl.LOCK_UN)
        for m in mapped:
            m.close()
    for m in (one, other):
        unmount(m)


def test_time_of_a_link(folder):
    (folder / "dangling").symlink_to("nowhere")
    os.utime(folder / "dangling", ns=(10**18, 10**18), follow_symlinks=False)
    for _ in range(3):
        assert os.lstat(folder / "dangling").st_atime_ns == 10**18


def test_attribute_replaced_by_nothing(folder):
    path = folder / "attributed"
    path.touch()
    with pytest.raises(OSError) as no:
        os.setxattr(path, "user.none", b"", os.XATTR_REPLACE)
    assert no.value.errno == errno.ENODATA
    assert os.listxattr(path) == []
    os.setxattr(path, "user.some", b"thing")
    os.setxattr(path, "user.some", b"", os.XATTR_REPLACE)
    assert os.getxattr(path, "user.some") == b""


def test_holes(server, folder):
    with open(folder / "sparse", "wb") as f:
        f.write(b"x" * 4096)
        f.seek(1 << 20)
        f.write(b"y" * 4096)
        f.truncate(4 << 20)
    with open(server.tree / "sparse", "rb") as theirs, open(folder / "sparse", "rb") as ours:
        for whence in (os.SEEK_DATA, os.SEEK_HOLE):
            for at in (0, 4096, 1 << 19, 1 << 20):
                assert os.lseek(ours.fileno(), at, whence) == os.lseek(theirs.fileno(), at, whence)
        with pytest.raises(OSError) as none:
            os.lseek(ours.fileno(), 2 << 20, os.SEEK_DATA)
        assert none.value.errno == errno.ENXIO
    subprocess.run(["cp", "--sparse=auto", folder / "sparse", folder / "copied"], check=True)
    assert (server.tree / "copied").stat().st_blocks < 1024


def rename_with(source, target, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.renameat2(-100, os.fsencode(source), -100, os.fsencode(target), flags)
    return 0 if done == 0 else ctypes.get_errno()


def test_renaming_with_flags(folder):
    noreplace, exchange, whiteout = 1, 2, 4
    one, two = folder / "r1", folder / "r2"
    one.write_text("one")
    two.mkdir()
    assert rename_with(one, two, noreplace) == errno.EEXIST
    assert rename_with(one, two, exchange) == 0
    assert one.is_dir() and two.read_text() == "one"
    assert rename_with(two, folder / "r3", noreplace) == 0
    assert (folder / "r3").read_text() == "one" and not two.exists()
    assert rename_with(folder / "r3", two, exchange) == errno.ENOENT
    assert rename_with(folder / "r3", two, whiteout) == errno.EINVAL


def test_git(folder, tmp_path):
    work = folder / "work"
    subprocess.run(["git", "init", "-q", work], check=True)
    for i in range(100):
        (work / f"{i}.c").write_text(f"int f{i}(void) {{ return {i}; }}\n")
    git = ["git", "-C", work, "-c", "user.name=x", "-c", "user.email=x@x", "-c", "gc.auto=0", "-c", "safe.directory=*"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    assert subprocess.run([*git, "status", "--porcelain"], capture_output=True, check=True).stdout == b""
    subprocess.run([*git, "fsck", "--strict"], capture_output=True, check=True)
    subprocess.run(["gcc", "-shared", "-o", work / "lib.so", *sorted(work.glob("*.c"))], check=True)
    assert os.path.getsize(work / "lib.so") > 0


def test_many_files(server, folder):
    """More than the server has fids for: those of files nobody uses are given
    up, and found again; also from a directory that was open all the time."""
    for d in ("a", "b"):
        (server.tree / "many" / d).mkdir(parents=True)
        for i in range(MANY // 2):
            (server.tree / "many" / d / str(i)).write_bytes(b"%d" % i)
    held = os.open(folder / "many" / "a", os.O_RDONLY)
    first = os.open(folder / "many" / "a" / "0", os.O_RDONLY)
    for d in ("a", "b"):
        names = os.listdir(folder / "many" / d)
        assert len(names) == MANY // 2
        for name in names:
            assert os.lstat(folder / "many" / d / name).st_size == len(name)
    assert len(os.listdir(f"/proc/{server.process.pid}/fd")) < 100
    assert os.read(first, 10) == b"0"
    assert os.stat("77", dir_fd=held).st_size == 2
    with open(os.open("4711", os.O_RDONLY, dir_fd=held), encoding="ascii") as f:
        assert f.read() == "4711"
    os.close(first)
    os.close(held)


def test_seen_at_once(server, folder):
    """What others do to the files shows in the next system call."""
    below, above = server.tree / "shown", folder / "shown"
    below.write_text("")
    for i in range(200):
        with open(below, "a", encoding="ascii") as f:
            f.write("x")
        assert above.stat().st_size == i + 1
        assert above.read_text() == "x" * (i + 1)
    below.rename(server.tree / "moved")
    assert not above.exists() and (folder / "moved").exists()
    (server.tree / "moved").unlink()
    assert not (folder / "moved").exists()


def test_directories_that_move(server, folder):
    """Below an open directory that others have moved, and moved again."""
    (server.tree / "one" / "two").mkdir(parents=True)
    (server.tree / "one" / "two" / "f").write_text("deep")
    fd = os.open(folder / "one" / "two", os.O_RDONLY)
    (server.tree / "one").rename(server.tree / "elsewhere")
    with open(os.open("f", os.O_RDONLY, dir_fd=fd), encoding="ascii") as f:
        assert f.read() == "deep"
    (server.tree / "elsewhere" / "two").rename(server.tree / "two")
    assert (folder / "two" / "f").read_text() == "deep"
    assert os.stat("f", dir_fd=fd).st_size == 4
    os.close(fd)


def test_interrupted(folder):
    """A lock that is waited for can be given up: the server is told so."""
    path = folder / "locked"
    path.touch()
    holder = os.fork()
    if holder == 0:
        fd = os.open(path, os.O_RDWR)
        fcntl.lockf(fd, fcntl.LOCK_EX)
        signal.pause()
    assert until(lambda: not can_lock(path))
    signal.signal(signal.SIGALRM, lambda *_: interrupted())
    with open(path, "r+b") as f:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(InterruptedError):
            fcntl.lockf(f, fcntl.LOCK_EX)
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    assert until(lambda: can_lock(path))


def interrupted():
    raise InterruptedError


def can_lock(path):
    with open(path, "r+b") as f:
        try:
            fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            return False


def test_flock(folder):
    """A lock of flock(2) goes with the last descriptor, and the next one has it."""
    path = folder / "flocked"
    path.touch()
    holder = subprocess.Popen(["flock", path, "sleep", "0.5"])
    assert until(lambda: subprocess.run(["flock", "-n", path, "true"], check=False).returncode == 1)
    assert subprocess.run(["flock", path, "echo", "second"], capture_output=True, timeout=20, check=True).stdout
    assert holder.wait(10) == 0


def test_locks_go_with_any_descriptor(folder):
    """fcntl(2): whichever descriptor of the file a process closes."""
    path = folder / "closed"
    path.touch()
    with open(path, "r+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        assert not other_can_lock(path)
        with open(path, "rb"):
            pass
        assert other_can_lock(path)


def other_can_lock(path):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if can_lock(path) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_acl_decides(server, folder):
    """A default ACL says what new files may be; no umask has a say, here or there."""
    if not shutil.which("setfacl"):
        pytest.skip("setfacl is not there")
    (server.tree / "acl").mkdir()
    subprocess.run(["setfacl", "-d", "-m", "u::rwx,g::---,o::---", server.tree / "acl"], check=True)
    os.close(os.open(folder / "acl" / "f", os.O_CREAT | os.O_WRONLY, 0o666))
    assert stat.S_IMODE((folder / "acl" / "f").stat().st_mode) == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="remounting is root's")
def test_many_forgotten_at_once(tmp_path):
    """More than there are tags to say so with: the server keeps none of them."""
    server = Server(tmp_path)
    path = server.mount("m")

    def held():
        return sum(len(os.listdir(f"/proc/{p}/fd")) for p in children_of(server.process.pid))

    (server.tree / "crowd").mkdir()
    for i in range(9000):
        (server.tree / "crowd" / str(i)).touch()
        os.stat(path / "crowd" / str(i))
    pid = next(int(p) for p in os.listdir("/proc") if p.isdigit() and names(p, path) and name_of(p) == "lb-mount")
    assert held() > 5000  # the kernel may have forgotten some by then
    os.kill(pid, signal.SIGSTOP)
    # Drops what the kernel has cached of this mount, in one go. mount(8) would ask the mount first.
    remount = [sys.executable, "-c", f"import ctypes; ctypes.CDLL(None).mount(None, {os.fsencode(path)!r}, None, 32, None)"]
    try:
        subprocess.run(remount, timeout=20, check=True)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert until(lambda: held() < 500), held()
    unmount(path)
    server.stop()


def test_odd_names_of_servers(tmp_path):
    """A comma in a path is no option of FUSE's."""
    odd = tmp_path / "a,ro,b"
    odd.mkdir()
    server = Server(odd)
    path = server.mount("m")
    (path / "f").write_text("x")
    unmount(path)
    server.stop()


def test_modes_of_new_files(folder):
    """Ours is the umask that counts."""
    before = os.umask(0o002)
    for mode in (0o666, 0o640, 0o777, 0o444):
        os.close(os.open(folder / f"mode{mode:o}", os.O_CREAT | os.O_WRONLY, mode))
        assert stat.S_IMODE((folder / f"mode{mode:o}").stat().st_mode) == mode & ~0o002
    os.umask(before)


def test_read_only(server):
    (server.tree / "kept").write_text("x")
    path = server.mount("ro", "--read-only")
    assert (path / "kept").read_text() == "x"
    with pytest.raises(OSError, match="Read-only"):
        (path / "kept").write_text("y")
    unmount(path)


def test_cached(server):
    """With --cache listing is a question for each directory, and files that others change
    are still read as they are."""
    (server.tree / "dir").mkdir()
    for i in range(300):
        (server.tree / "dir" / str(i)).write_bytes(b"x" * i)
    path = server.mount("cached", "--cache", "60")
    with os.scandir(path / "dir") as entries:
        assert {e.name: e.stat().st_size for e in entries} == {str(i): i for i in range(300)}
    assert (path / "dir" / "7").read_bytes() == b"x" * 7
    (server.tree / "dir" / "7").write_bytes(b"longer than before")
    assert (path / "dir" / "7").read_bytes() == b"longer than before"
    unmount(path)


def pass_on(source, sink, change):
    """9P messages from one socket to another, until one of them ends."""
    data = b""
    while piece := source.recv(1 << 20):
        data += piece
        while len(data) >= 4 and len(data) >= int.from_bytes(data[:4], "little"):
            size = int.from_bytes(data[:4], "little")
            sink.sendall(change(data[:size]))
            data = data[size:]
    sink.shutdown(socket.SHUT_RDWR)


def ask_for_less(message):
    """Tread asks for at most 5000 bytes."""
    if message[4] != 116:
        return message
    return message[:19] + min(5000, int.from_bytes(message[19:23], "little")).to_bytes(4, "little")


@pytest.mark.parametrize("args", [[], ["--cache", "60"]])
def test_short_answers(server, tmp_path, args):
    """A server that gives less than it was asked for has not come to the end of the file."""
    content = os.urandom(1 << 20)
    (server.tree / "whole").write_bytes(content)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen(1)

    proxy = os.fork()  # not a thread: a page fault waits with the interpreter's lock held
    if proxy == 0:
        client, _ = listener.accept()
        remote = socket.socket(socket.AF_UNIX)
        remote.connect(str(server.socket))
        threading.Thread(target=pass_on, args=(remote, client, lambda m: m), daemon=True).start()
        pass_on(client, remote, ask_for_less)
        os._exit(0)
    path = tmp_path / "m"
    path.mkdir()
    mount("--server", f"unix:{tmp_path}/s", *args, path)
    try:
        assert (path / "whole").read_bytes() == content
        with open(path / "whole", "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            assert mapped[:] == content
    finally:
        unmount(path)
        listener.close()
        os.waitpid(proxy, 0)


def test_silent_server(server, tmp_path):
    """Whoever waits for a server that says nothing can be killed; later all goes on."""
    path = server.mount("silent")
    (server.tree / "f").write_text("x")
    stopped = [server.process.pid, *children_of(server.process.pid)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        waiter = subprocess.Popen(["stat", path / "f"], stdout=subprocess.DEVNULL)
        assert until(lambda: in_kernel(waiter.pid, "request_wait_answer"))
        waiter.kill()
        assert waiter.wait(10) == -signal.SIGKILL
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert (path / "f").read_text() == "x"
    unmount(path)


def in_kernel(pid, function):
    with open(f"/proc/{pid}/wchan", encoding="ascii") as f:
        return f.read() == function


def test_server_goes(tmp_path):
    """No hanging: requests fail, the folder goes, the process ends."""
    server = Server(tmp_path)
    (server.tree / "f").write_text("x")
    path = tmp_path / "m"
    path.mkdir()
    with subprocess.Popen([LANDBRIDGE, "mount", "--foreground", "--server", f"unix:{server.socket}", path],
                          stderr=subprocess.PIPE, text=True) as process:
        assert until(lambda: is_mounted(path))
        fd = os.open(path / "f", os.O_RDONLY)
        server.stop()
        assert until(lambda: not is_mounted(path))
        for use in (lambda: os.pread(fd, 1, 0), lambda: os.close(fd)):
            with pytest.raises(OSError, match="not connected"):
                use()
        assert process.wait(10) == 125
        assert "is gone" in process.stderr.read()


def test_unmounting_ends_it(server):
    path = server.mount("short")
    pids = [int(p) for p in os.listdir("/proc") if p.isdigit() and names(p, path)]
    assert pids
    unmount(path)
    assert until(gone(pids))
    assert server.process.poll() is None


def names(pid, path):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as f:
            return str(path) in f.read()
    except OSError:
        return False


def test_mistakes(server, tmp_path):
    (tmp_path / "file").touch()
    for args, word in [(["--server", f"unix:{server.socket}", tmp_path / "none"], "No such file"),
                       (["--server", f"unix:{server.socket}", tmp_path / "file"], "Not a directory"),
                       (["--server", f"unix:{tmp_path}/none", tmp_path], "file server"),
                       (["--socket", tmp_path / "none", tmp_path], "agent")]:
        result = mount(*args, status=125)
        assert word in result.stderr and len(result.stderr.splitlines()) == 1, result
    assert not is_mounted(tmp_path)


# --- a guest's -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def guest(landbridge, tmp_path_factory):
    socket = tmp_path_factory.mktemp("s") / "agent"
    run = landbridge.start("run", "--socket", socket, "--", "sh", "-c", "echo up; exec sleep 1000")
    assert run.stdout.readline() == b"up\n", run.communicate()
    yield landbridge, socket, run
    run.terminate()
    run.communicate(timeout=60)


@pytest.fixture(scope="module")
def guests_files(guest, tmp_path_factory):
    path = tmp_path_factory.mktemp("guest")
    mount("--socket", guest[1], "--user", "root", path)
    yield path
    if is_mounted(path):
        unmount(path)


def in_guest(guest, *command):
    result = guest[0].call("exec", "--socket", guest[1], "--", *command)
    assert result.status == 0, result
    return result.text


def test_guest(guest, guests_files):
    """Both sides see what the other does, at once."""
    assert (guests_files / "etc" / "os-release").resolve() == guests_files / "usr" / "lib" / "os-release"
    (guests_files / "root" / "from-host").write_text("from the host\n")
    assert in_guest(guest, "cat", "/root/from-host") == "from the host\n"
    in_guest(guest, "sh", "-c", "echo more >>/root/from-host; mkdir /root/d; ln -s x /root/d/l")
    assert (guests_files / "root" / "from-host").read_text() == "from the host\nmore\n"
    assert os.readlink(guests_files / "root" / "d" / "l") == "x"
    assert (guests_files / "proc" / "version").read_text() == in_guest(guest, "cat", "/proc/version")
    data = os.urandom(3 << 20)
    (guests_files / "root" / "big").write_bytes(data)
    assert in_guest(guest, "sh", "-c", "wc -c </root/big").strip() == str(len(data))
    assert (guests_files / "root" / "big").read_bytes() == data


def test_guest_user(guest, tmp_path):
    """Another user of the guest has that user's rights and no more."""
    mount("--socket", guest[1], "--user", "nobody", tmp_path)
    assert (tmp_path / "etc" / "passwd").read_text().startswith("root:")
    with pytest.raises(PermissionError):
        (tmp_path / "etc" / "shadow").read_text()
    with pytest.raises(PermissionError):
        (tmp_path / "etc" / "new").touch()
    assert not os.access(tmp_path / "etc" / "passwd", os.W_OK)
    (tmp_path / "tmp" / "nobodys").touch()
    assert in_guest(guest, "stat", "-c", "%U", "/tmp/nobodys") == "nobody\n"
    unmount(tmp_path)


def test_guest_mistakes(guest, tmp_path):
    result = mount("--socket", guest[1], "--user", "nosuchuser", tmp_path, status=125)
    assert "nosuchuser" in result.stderr and len(result.stderr.splitlines()) == 1, result


def test_guest_goes(guest, guests_files):
    """The guest powers off: the folder is gone, nothing is left to clean up."""
    (guests_files / "etc" / "hostname").read_text()
    guest[2].terminate()
    guest[2].communicate(timeout=60)
    assert until(lambda: not is_mounted(guests_files), 15)
    assert os.listdir(guests_files) == []
