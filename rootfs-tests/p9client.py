"""A 9P2000.L client of a few lines: reads a file as a user."""
import os
import socket
import struct

TVERSION, TATTACH, TWALK, TLOPEN, TREAD, TCLUNK, RLERROR = 100, 104, 110, 12, 116, 120, 7
NOFID = NOUID = 0xFFFFFFFF
MSIZE = 65536


def text(s):
    data = s.encode()
    return struct.pack("<H", len(data)) + data


class Client:
    """Attached to the root as `uid`, or as nobody in particular, with fid 0."""

    def __init__(self, path, uid=NOUID):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self.call(TVERSION, struct.pack("<I", MSIZE) + text("9P2000.L"), tag=0xFFFF)
        self.call(TATTACH, struct.pack("<II", 0, NOFID) + text("") + text("") + struct.pack("<I", uid))

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
