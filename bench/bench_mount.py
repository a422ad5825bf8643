#!/usr/bin/python3
"""bench_mount: `landbridge mount` beside sshfs, which does the same over ssh's file
protocol: both through FUSE, both with a server on this machine, nothing cached.

Everything is on one CPU and the two run in turn; figures are medians of the
clock.
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
import measure  # noqa: E402

FILES, BULK, PIECE = 300, 32 << 20, 1 << 20
SFTP_SERVER = "/usr/lib/openssh/sftp-server"
UNCACHED = "dir_cache=no,attr_timeout=0,entry_timeout=0,negative_timeout=0"


class Mounts:
    """One directory in memory, seen twice."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mountbench", dir="/dev/shm")
        self.tree, self.started = self.path("tree"), []
        os.mkdir(self.tree)
        for i in range(FILES):
            with open(os.path.join(self.tree, f"f{i}"), "wb") as f:
                f.write(bytes(1000))
        with open(os.path.join(self.tree, "bulk"), "wb") as f:
            f.write(bytes(BULK))
        self.start("build/p9d", "--listen", "unix:" + self.path("s"), "--root", self.tree)
        self.wait(lambda: os.path.exists(self.path("s")))
        os.mkdir(self.path("landbridge"))
        user = ["--user", "root"] if os.getuid() == 0 else []
        subprocess.run(["build/landbridge", "mount", "--server", "unix:" + self.path("s"), *user,
                        self.path("landbridge")], check=True)
        self.sshfs()

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, *command, **kwargs):
        self.started.append(subprocess.Popen(command, **kwargs))

    def sshfs(self):
        ours, theirs = socket.socketpair()
        self.start(SFTP_SERVER, stdin=theirs, stdout=theirs)
        os.mkdir(self.path("sshfs"))
        self.start("sshfs", "-f", "-o", "passive," + UNCACHED, ":" + self.tree, self.path("sshfs"), stdin=ours,
                   stdout=ours)
        self.wait(lambda: os.path.ismount(self.path("sshfs")))

    def wait(self, condition):
        end = time.monotonic() + 5
        while not condition():
            if time.monotonic() > end:
                sys.exit("bench_mount: unable to start a server within 5 s")
            time.sleep(0.01)

    def stop(self):
        for name in ("landbridge", "sshfs"):
            subprocess.run(["fusermount3", "-u", self.path(name)], check=False)
        for process in self.started:
            process.terminate()
            process.wait()
        shutil.rmtree(self.dir)


def stat_files(root):
    for i in range(FILES):
        os.stat(f"{root}/f{i}")


def list_files(root):
    with os.scandir(root) as entries:
        assert sum(e.stat().st_size for e in entries if e.name != "bulk") >= 1000 * FILES


def read_files(root):
    for i in range(FILES):
        with open(f"{root}/f{i}", "rb", buffering=0) as f:
            assert len(f.read(4096)) == 1000


def make_files(root):
    for i in range(FILES):
        with open(f"{root}/new{i}", "wb", buffering=0) as f:
            f.write(b"x" * 1000)
        os.unlink(f"{root}/new{i}")


def read_bulk(root):
    with open(f"{root}/bulk", "rb", buffering=0) as f:
        while f.read(PIECE):
            pass


def write_bulk(root):
    with open(f"{root}/written", "wb", buffering=0) as f:
        for _ in range(BULK // PIECE):
            f.write(bytes(PIECE))


CASES = [
    ("stat a file", stat_files, FILES),
    ("list a directory with attributes, per file", list_files, FILES),
    ("open, read, close a small file", read_files, FILES),
    ("create, write, close, remove", make_files, FILES),
    ("sequential read, per MiB", read_bulk, BULK >> 20),
    ("sequential write, per MiB", write_bulk, BULK >> 20),
]


def main():
    for needed in (SFTP_SERVER, "/usr/bin/sshfs", "/dev/fuse"):
        if not os.path.exists(needed):
            sys.exit(f"bench_mount: not compared: there is no {needed}")
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cpus)})
    mounts, rows = Mounts(), []
    try:
        for name, work, count in CASES:
            roots = {which: mounts.path(which) for which in ("landbridge", "sshfs")}
            results = measure.interleaved({
                which: lambda root=root: measure.timed(lambda: work(root)) * 1e6 / count
                for which, root in roots.items()})
            ours, theirs = (measure.median(results[which]) for which in roots)
            rows.append([name, ours, theirs, theirs / ours])
    finally:
        mounts.stop()
    os.sched_setaffinity(0, cpus)
    measure.table("landbridge mount beside sshfs, us", ["what", "landbridge", "sshfs", "ratio"], rows)


main()
