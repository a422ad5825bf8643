"""The kernel's own 9P client against p9d: a guest of busybox, p9d and p9check
on Debian's kernel, with an ext4 file system to serve, in every cache mode."""
import subprocess

import pytest

import p9guest


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
