"""A guest's end of the link, without a guest: doc/PROTOCOL in a few lines."""
import os
import socket
import struct
import threading

HELLO, PING, PONG, OPEN, STARTED, FAILED, DATA, EOF, CLOSED, CREDIT, EXIT, ABORT = 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 26, 27
WINDOW = 262144


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack("<IBBHI", len(payload), kind, flags, 0, stream) + payload


def field(tag, value):
    return struct.pack("<HHI", tag, 0, len(value)) + value


class Refused(Exception):
    """FAILED: its code and line."""

    def __init__(self, payload):
        self.code, self.error = struct.unpack("<II", payload[:8])
        self.text = payload[8:-1].decode()
        super().__init__(self.text)


class Stream:
    """A stream of bytes, with a socket's sendall, recv and close."""

    def __init__(self, border, number):
        self.border, self.number = border, number
        self.started = self.refused = self.over = None
        self.input, self.credit, self.ended = b"", WINDOW, False

    def sendall(self, data):
        while data:
            with self.border.changed:
                assert self.border.changed.wait_for(lambda: self.credit or self.over is not None, 20)
                if self.over is not None:
                    raise BrokenPipeError
                part = data[: min(self.credit, 65536)]
                self.credit -= len(part)
            self.border.send(frame(DATA, self.number, part))
            data = data[len(part):]

    def recv(self, count):
        with self.border.changed:
            assert self.border.changed.wait_for(lambda: self.input or self.ended or self.over is not None, 20), "no answer"
            part, self.input = self.input[:count], self.input[count:]
        if part:
            self.border.send(frame(CREDIT, self.number, struct.pack("<I", len(part)), 1))
        return part

    def close(self):
        """As a program does that closes its socket."""
        if self.over is None:
            self.border.send(frame(ABORT, self.number))

    def wait_over(self, seconds=20):
        with self.border.changed:
            return self.border.changed.wait_for(lambda: self.over is not None, seconds)


class Border:
    """Waits for one agent to call, and is its guest's router from then on."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.listener.settimeout(60)
        self.streams, self.changed, self.sending = {}, threading.Condition(), threading.Lock()
        self.up, self.next, self.epoch = False, 1, os.urandom(16)
        self.socket = self.drives = None

    def answer(self):
        self.socket, _ = self.listener.accept()
        self.hello(bytes(16))
        threading.Thread(target=self.run, daemon=True).start()
        with self.changed:
            assert self.changed.wait_for(lambda: self.up, 20)
        return self

    def close(self):
        self.listener.close()
        if self.socket:
            self.socket.shutdown(socket.SHUT_RDWR)

    def send(self, data):
        with self.sending:
            self.socket.sendall(data)

    def hello(self, echo):
        self.send(frame(HELLO, 0, b"LANDBRDG" + struct.pack("<HH", 2, 2) + self.epoch + echo + bytes(4)))

    def take(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def run(self):
        try:
            while True:
                length, kind, flags, _, number = struct.unpack("<IBBHI", self.take(12))
                payload = self.take(length)
                with self.changed:
                    self.handle(kind, flags, number, payload)
                    self.changed.notify_all()
        except (EOFError, OSError):
            with self.changed:
                for stream in self.streams.values():
                    stream.over = stream.over or "the link is lost"
                self.changed.notify_all()

    def handle(self, kind, flags, number, payload):
        if kind == HELLO:
            self.up = payload[28:44] == self.epoch
            self.drives = hello_drives(payload[48:])
            self.hello(payload[12:28])
        elif kind == PING:
            self.send(frame(PONG, 0))
        elif number in self.streams:
            self.handle_stream(self.streams[number], kind, flags, payload)

    @staticmethod
    def handle_stream(stream, kind, flags, payload):
        if kind == STARTED:
            stream.started = True
        elif kind == FAILED:
            stream.refused = Refused(payload)
            stream.over = kind
        elif kind == DATA:
            stream.input += payload
        elif kind == EOF:
            stream.ended = True
        elif kind == EXIT:
            stream.over = kind
        elif kind == CREDIT and flags == 0:
            stream.credit += struct.unpack("<I", payload)[0]

    def open_bytes(self, service, uid=None):
        """A started stream to a service; Refused."""
        with self.changed:
            stream = Stream(self, self.next)
            self.streams[self.next] = stream
            self.next += 2
        fields = field(9, struct.pack("<I", 2)) + field(10, service.encode() + b"\0")
        if uid is not None:
            fields += field(8, struct.pack("<I", uid))
        self.send(frame(OPEN, stream.number, fields))
        with self.changed:
            assert self.changed.wait_for(lambda: stream.started or stream.over is not None, 20)
        if stream.refused:
            raise stream.refused
        return stream


def hello_drives(fields):
    """{letter: read-only} of HELLO's fields."""
    drives = {}
    while fields:
        tag, _, length = struct.unpack("<HHI", fields[:8])
        if tag == 2:
            drives[chr(fields[8])] = bool(fields[9])
        fields = fields[8 + length:]
    return drives
