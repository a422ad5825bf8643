"""A directory as a drive of this machine's own (p9drive), what is to be seen in it, and
who watches it."""
import contextlib
import ctypes
import errno
import os
import stat
import struct
import subprocess

import pytest

from frontdoor import BUILD
from processes import until

MODES = ["", "guest-locks"]
HERE = [
    pytest.mark.skipif(os.getuid() != 0, reason="only root can mount without a helper"),
    pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE"),
]


class Drive:
    def __init__(self, tmp, mode):
        self.mode = mode
        self.host, self.guest = str(tmp / "host"), str(tmp / "guest")
        os.makedirs(self.host, exist_ok=True)
        os.makedirs(self.guest, exist_ok=True)
        args = [os.path.join(BUILD, "p9drive"), self.host, self.guest] + ([mode] if mode else [])
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"mounted\n"

    def close(self):
        """How many requests it took."""
        assert until(lambda: subprocess.run(["umount", self.guest], check=False).returncode == 0)
        said = self.process.stdout.read().split()
        assert self.process.wait(10) == 0
        self.process.stdout.close()
        return int(said[0])

    def fence(self, within=""):
        """All that the host has changed until now has come here, wherever on the drive it is asked."""
        with pytest.raises(OSError) as error:
            os.getxattr(os.path.join(self.guest, within), "user.landbridge.fence")
        assert error.value.errno == errno.ENODATA


def describe(path):
    st = os.lstat(path)
    # Owners and modes are the drive's. Not how many links it has: another one that the
    # host makes is not told of the file.
    seen = [stat.S_IFMT(st.st_mode), st.st_mtime_ns]
    if os.path.islink(path):
        return seen + [os.readlink(path)]
    if os.path.isdir(path):
        return seen + sorted(os.listdir(path))
    with open(path, "rb") as f:
        return seen + [st.st_size, f.read()]


def tree(root):
    seen = {".": describe(root)}
    for top, dirs, files in os.walk(root):
        for name in dirs + files:
            path = os.path.join(top, name)
            seen[os.path.relpath(path, root)] = describe(path)
    return seen


class Watcher:
    """inotify(7): what is told of the directories and files given, as (path, names of the events, cookie)."""

    NAMES = {0x2: "MODIFY", 0x4: "ATTRIB", 0x8: "CLOSE_WRITE", 0x40: "MOVED_FROM", 0x80: "MOVED_TO", 0x100: "CREATE",
             0x200: "DELETE", 0x400: "DELETE_SELF", 0x40000000: "ISDIR", 0x8000: "IGNORED"}

    def __init__(self, *paths):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self.paths = {self.libc.inotify_add_watch(self.fd, path.encode(), 0x7ce): path for path in paths}
        self.paths.pop(-1, None)  # of what is not there
        self.seen = []

    def read(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                data = os.read(self.fd, 65536)
                while data:
                    watch, mask, cookie, size = struct.unpack_from("iIII", data)
                    name = data[16:16 + size].rstrip(b"\0").decode()
                    what = " ".join(text for bit, text in self.NAMES.items() if mask & bit)
                    self.seen.append((os.path.join(self.paths[watch], name) if name else self.paths[watch], what, cookie))
                    data = data[16 + size:]
        return self.seen

    def hears(self, count):
        return until(lambda: len(self.read()) >= count, 10)

    def named(self):
        return [(os.path.basename(path), what) for path, what, _ in self.read()]

    def close(self):
        os.close(self.fd)
