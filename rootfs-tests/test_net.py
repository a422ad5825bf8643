"""`landbridge run --net`: what of the world, and of this host, a guest reaches."""
import contextlib
import os
import socket
import struct
import threading

import pexpect
import pytest

from frontdoor import FrontDoor
from processes import children_of, gone, name_of, until

READ = 'timeout 10 bash -c "exec 3<>/dev/tcp/{}/{}; head -c 5 <&3" 2>&1'


@contextlib.contextmanager
def greeter(address):
    """A server on this host that says hello to whoever connects."""
    with socket.create_server((address, 0)) as server:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as peer:
                        peer.sendall(b"hello")
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def outer_address():
    """The address with which this host goes out; None: it has no way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return None
        return s.getsockname()[0]


@pytest.fixture
def no_passt(tmp_path):
    """An environment whose PATH has everything but passt."""
    for directory in reversed(os.environ["PATH"].split(":")):
        for name in os.listdir(directory) if os.path.isdir(directory) else []:
            if name not in ("passt", "passt.avx2"):
                link = tmp_path / name
                link.unlink(missing_ok=True)
                link.symlink_to(os.path.join(directory, name))
    return {"PATH": str(tmp_path)}


def test_outside_but_not_this_host(landbridge):
    """Not even by the address at which QEMU's own network has the host."""
    outer = outer_address()
    if not outer:
        pytest.skip("this host has no way out, and passt needs one")
    with greeter("127.0.0.1") as inner_port, greeter(outer) as outer_port:
        result = landbridge.run("--net", "outside", "--", "sh", "-c",
                                READ.format("10.0.2.2", inner_port) + "; getent hosts host.landbridge; echo; " +
                                READ.format(outer, outer_port))
    inner, _, world = result.out.rpartition(b"\n")
    assert b"hello" not in inner and b"landbridge" not in inner and world == b"hello", result


def datagram(address, port):
    """A frame with a UDP datagram to it, as the guest's kernel would not make it."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + 8 + 5, 0, 0, 64, 17, 0,
                       socket.inet_aton("10.0.2.15"), socket.inet_aton(address))
    words = sum(struct.unpack("!10H", head))
    total = ~((words & 0xffff) + (words >> 16)) & 0xffff
    head = head[:10] + struct.pack("!H", total) + head[12:]
    return b"\xff" * 6 + b"\x02" + bytes(5) + b"\x08\x00" + head + struct.pack("!HHHH", 4000, port, 8 + 5, 0) + b"hello"


SEND = r"""perl -e 'open F, "</sys/class/net/eth0/ifindex"; $i = <F>; socket(S, 17, 3, 0x300) or die;
for (@ARGV) { send(S, pack("H*", $_), 0, pack("SnlSCCa8", 17, 0x800, $i, 0, 0, 6, "")) or die "$!" }' """


def test_forged_packets_stay(landbridge):
    """The guest's root makes its packets itself; only those to this host's inside are dropped."""
    outer = outer_address()
    if not outer:
        pytest.skip("this host has no way out, and passt needs one")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        inside.bind(("127.0.0.1", 0))
        outside.bind((outer, 0))
        outside.settimeout(20)
        port = inside.getsockname()[1]
        frames = [datagram(a, port) for a in ("127.0.0.1", "0.0.0.0")] + [datagram(outer, outside.getsockname()[1])]
        result = landbridge.run("--net", "outside", "--user", "root", "--", "sh", "-c",
                                SEND + " ".join(f.hex() for f in frames) + "; sleep 1")
        assert result.status == 0, result
        assert outside.recv(16) == b"hello"
        inside.setblocking(False)
        with pytest.raises(BlockingIOError):
            inside.recv(16)


def test_host_too(landbridge):
    with greeter("127.0.0.1") as port:
        result = landbridge.run("--net=host", "--", "sh", "-c",
                                f'{READ.format("10.0.2.2", port)}; {READ.format("host.landbridge", port)}')
    assert result.out == b"hellohello" and result.err == b"", result


def test_none(landbridge):
    result = landbridge.run("--net", "none", "--", "sh", "-c", "ls /sys/class/net; wslinfo --networking-mode; "
                            "getent hosts host.landbridge; echo $?")
    assert result.out == b"lo\nnone\n2\n" and result.err == b"", result


def test_without_passt(landbridge, no_passt):
    """By default a person is told; who asked for it gets an error."""
    child = FrontDoor(landbridge.env["LANDBRIDGE_HOME"], **no_passt).terminal()
    assert child.before.count("passt is not installed") == 1, child.before
    child.sendline("exit")
    child.expect(pexpect.EOF)
    result = landbridge.run("--net", "outside", "--", "true", env=no_passt)
    assert result.status == 125
    assert result.err.count(b"\n") == 1 and b"passt is not installed" in result.err, result


def test_passt_ends_with_the_guest(landbridge):
    process = landbridge.start("run", "--", "sleep", "60")

    def passts():
        return [pid for pid in children_of(process.pid) if (name_of(pid) or "").startswith("passt")]
    assert until(passts)
    ours = passts()
    process.kill()
    process.communicate()
    assert until(gone(ours))
