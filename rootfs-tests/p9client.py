"""A 9P2000.L client of a few lines."""
import errno
import os
import socket
import struct

TVERSION, TATTACH, TWALK, TLOPEN, TREAD, TCLUNK, RLERROR = 100, 104, 110, 12, 116, 120, 7
TLCREATE, TSYMLINK, TMKNOD, TREADLINK, TGETATTR, TSETATTR, TREADDIR, TLOCK = 14, 16, 18, 22, 24, 26, 40, 52
TXATTRWALK, TXATTRCREATE, TLINK, TMKDIR, TRENAMEAT, TUNLINKAT, TWRITE = 30, 32, 70, 72, 74, 76, 118
NOFID = NOUID = 0xFFFFFFFF
MSIZE = 65536


def text(s):
    data = s.encode()
    return struct.pack("<H", len(data)) + data


class Client:
    """Attached to the root as `uid`, or as nobody in particular, with fid 0. `to` is a
    socket's path or something like a socket."""

    def __init__(self, to, uid=NOUID, options="", user=""):
        self.socket, self.last = to, 0
        if not hasattr(to, "sendall"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(20)
            self.socket.connect(str(to))
        self.call(TVERSION, struct.pack("<I", MSIZE) + text("9P2000.L"), tag=0xFFFF)
        self.attach(0, uid, options, user)

    def attach(self, fid, uid=NOUID, options="", user=""):
        self.call(TATTACH, struct.pack("<II", fid, NOFID) + text(user) + text(options) + struct.pack("<I", uid))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def call(self, kind, body, tag=1):
        self.socket.sendall(struct.pack("<IBH", 7 + len(body), kind, tag) + body)
        size, answer, got = struct.unpack("<IBH", self.take(7))
        body = self.take(size - 7)
        if answer == RLERROR:
            error = struct.unpack("<I", body)[0]
            raise OSError(error, os.strerror(error))
        assert (answer, got) == (kind + 1, tag)
        return body

    def take(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionResetError("the server closed the connection")
            data += part
        return data

    def read(self, path):
        names = path.split("/")
        self.call(TWALK, struct.pack("<IIH", 0, 1, len(names)) + b"".join(map(text, names)))
        try:
            self.call(TLOPEN, struct.pack("<II", 1, os.O_RDONLY))
            return self.call(TREAD, struct.pack("<IQI", 1, 0, MSIZE - 24))[4:]
        finally:
            self.call(TCLUNK, struct.pack("<I", 1))

    # Each of these takes a path from the root; new fids are never given back but by clunk().

    def walk(self, path="", fid=0):
        """A new fid of what is there, no more than 16 names away."""
        self.last += 1
        names = [name for name in path.split("/") if name]
        body = self.call(TWALK, struct.pack("<IIH", fid, self.last, len(names)) + b"".join(map(text, names)))
        if struct.unpack("<H", body[:2])[0] < len(names):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.last

    def clunk(self, fid):
        self.call(TCLUNK, struct.pack("<I", fid))

    def open(self, path, flags=os.O_RDONLY):
        fid = self.walk(path)
        self.call(TLOPEN, struct.pack("<II", fid, flags))
        return fid

    def parent(self, path):
        return self.walk(os.path.dirname(path)), text(os.path.basename(path))

    def create(self, path, mode=0o644, gid=0, flags=os.O_RDWR | os.O_CREAT):
        fid, name = self.parent(path)
        self.call(TLCREATE, struct.pack("<I", fid) + name + struct.pack("<III", flags, mode, gid))
        return fid

    def write(self, fid, data, offset=0):
        return struct.unpack("<I", self.call(TWRITE, struct.pack("<IQI", fid, offset, len(data)) + data))[0]

    def pread(self, fid, count=MSIZE - 24, offset=0):
        return self.call(TREAD, struct.pack("<IQI", fid, offset, count))[4:]

    def put(self, path, data, mode=0o644):
        fid = self.create(path, mode)
        assert self.write(fid, data) == len(data)
        self.clunk(fid)

    def mkdir(self, path, mode=0o755):
        fid, name = self.parent(path)
        self.call(TMKDIR, struct.pack("<I", fid) + name + struct.pack("<II", mode, 0))

    def mknod(self, path, mode, device=(0, 0)):
        fid, name = self.parent(path)
        self.call(TMKNOD, struct.pack("<I", fid) + name + struct.pack("<IIII", mode, *device, 0))

    def symlink(self, path, target):
        fid, name = self.parent(path)
        self.call(TSYMLINK, struct.pack("<I", fid) + name + text(target) + struct.pack("<I", 0))

    def readlink(self, path):
        return self.call(TREADLINK, struct.pack("<I", self.walk(path)))[2:].decode()

    def link(self, path, new):
        fid, name = self.parent(new)
        self.call(TLINK, struct.pack("<II", fid, self.walk(path)) + name)

    def unlink(self, path, is_dir=False):
        fid, name = self.parent(path)
        self.call(TUNLINKAT, struct.pack("<I", fid) + name + struct.pack("<I", 0x200 if is_dir else 0))

    def rename(self, path, new):
        (fid, name), (to, new_name) = self.parent(path), self.parent(new)
        self.call(TRENAMEAT, struct.pack("<I", fid) + name + struct.pack("<I", to) + new_name)

    def stat(self, fid):
        """mode, uid, gid, nlink, rdev, size; mtime and atime in ns."""
        body = self.call(TGETATTR, struct.pack("<IQ", fid, 0x7FF))[21:]
        mode, uid, gid, nlink, rdev, size, _, _, *times = struct.unpack("<IIIQQQQQqqqq", body[:84])
        return {"mode": mode, "uid": uid, "gid": gid, "nlink": nlink, "rdev": rdev, "size": size,
                "atime": times[0] * 10**9 + times[1], "mtime": times[2] * 10**9 + times[3]}

    def getattr(self, path=""):
        return self.stat(self.walk(path))

    def setattr(self, fid, mode=None, uid=None, gid=None, size=None, mtime=None):
        values = [(1, mode), (2, uid), (4, gid), (8, size), (0x120, mtime)]
        valid = sum(bit for bit, value in values if value is not None)
        self.call(TSETATTR, struct.pack("<IIIIIQqqqq", fid, valid, mode or 0, uid or 0, gid or 0, size or 0, 0, 0,
                                        *divmod(mtime or 0, 10**9)))

    def list(self, path=""):
        """{name: type} of a whole directory."""
        fid, offset, found = self.open(path), 0, {}
        while body := self.call(TREADDIR, struct.pack("<IQI", fid, offset, MSIZE - 24))[4:]:
            while body:
                offset, kind, length = struct.unpack("<QBH", body[13:24])
                found[body[24 : 24 + length].decode()] = kind
                body = body[24 + length :]
        self.clunk(fid)
        return found

    def lock(self, fid, kind, start=0, length=0, owner=1, flags=0):
        """kind: 0 to read, 1 to write, 2 none; flags 4: flock(2)'s. 0: done, 1: somebody else holds it."""
        body = struct.pack("<IBIQQI", fid, kind, flags, start, length, owner) + text("client")
        return self.call(TLOCK, body)[0]

    def getxattr(self, path, name=""):
        """A value; without a name, all names."""
        fid, self.last = self.walk(path), self.last + 1
        size = struct.unpack("<Q", self.call(TXATTRWALK, struct.pack("<II", fid, self.last) + text(name)))[0]
        value = self.pread(self.last, size) if size else b""
        self.clunk(self.last)
        return value

    def setxattr(self, path, name, value, flags=0):
        fid = self.walk(path)
        self.call(TXATTRCREATE, struct.pack("<I", fid) + text(name) + struct.pack("<QI", len(value), flags))
        if value:
            self.write(fid, value)
        self.clunk(fid)
