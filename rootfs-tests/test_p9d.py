"""The kernel's own 9P client against p9d: a guest of busybox, p9d and p9check
on Debian's kernel, with an ext4 file system to serve, in every cache mode."""
import os
import socket
import subprocess

import pytest

import p9guest
from frontdoor import BUILD


SECONDS = 200 if p9guest.SOAK else 3  # of fsx, in each of three modes
LIMIT = 400 + 6 * SECONDS


@pytest.mark.timeout(LIMIT + 60)
def test_kernel_client(tmp_path):
    p9guest.make_initramfs(tmp_path, "guest")
    command = p9guest.qemu(tmp_path, f"p9check.seconds={SECONDS}",
                           [f"format=raw,file={p9guest.disk(tmp_path, 'disk', '256M')}"])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=LIMIT, text=True, errors="replace", check=False)
    print(done.stdout)
    if "guest: 0 failed" not in done.stdout:
        pytest.fail("the guest's verdict was not good:\n" + done.stdout[-4000:])


def test_no_tcp(tmp_path):
    """Who is at the other end of one nobody can tell: neither by name nor as an open socket, whether anyone is there or not."""
    p9d = os.path.join(BUILD, "p9d")
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as closed:
        there, _ = listener.accept()
        closed.shutdown(socket.SHUT_RDWR)
        for where in ("tcp:127.0.0.1:5640", f"fd:{listener.fileno()}", f"fd:{there.fileno()}"):
            done = subprocess.run([p9d, "--root", tmp_path, "--listen", where], capture_output=True, timeout=20, check=False,
                                  pass_fds=[listener.fileno(), there.fileno()])
            assert done.returncode == 1 and where.encode() in done.stderr and len(done.stderr.splitlines()) == 1, done
        there.close()
