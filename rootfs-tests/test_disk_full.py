"""No room where a machine keeps its Windows: each side says so in a line, and nothing hangs."""
import os
import subprocess
import time

import pytest

from frontdoor import FrontDoor


@pytest.fixture(scope="module")
def small(home, landbridge, tmp_path_factory):
    """A front door to whose machines a small file system belongs, with the Wine prefix of all tests; resize(KiB)."""
    if os.geteuid() != 0:
        pytest.skip("mounts a tmpfs")
    assert landbridge.run("--", "cmd.exe", "/c", "ver").status == 0
    place = tmp_path_factory.mktemp("small")
    (place / "wine").mkdir()
    (place / "machines").mkdir()
    (place / "wine.made").write_text("")
    subprocess.run(["mount", "--bind", home / "wine", place / "wine"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", place / "machines"], check=True)

    def resize(kib):
        subprocess.run(["mount", "-o", f"remount,size={kib}k", place / "machines"], check=True)

    yield FrontDoor(place), resize, place / "machines"
    for name in ("machines", "wine"):
        subprocess.run(["umount", "-l", place / name], check=True)


def test_full_before_the_start(small):
    """The guest comes up; a program is refused; both are told why."""
    door, resize, machines = small
    with open(machines / "filler", "wb") as filler:
        filler.write(bytes(1 << 20))
    resize(1 << 10)
    begin = time.monotonic()
    result = door.run("--name", "full", "--", "bash", "-lc", "cmd.exe /c ver; echo $?")
    assert result.text == "125\n" and result.status == 0 and time.monotonic() - begin < 60, result
    said = result.err.decode().splitlines()
    assert len(said) == 2 and all("no room" in line for line in said), result
    resize(16 << 10)
    (machines / "filler").unlink()


def test_full_while_it_runs(small):
    """A program that writes hears of it; others run; the machine ends, and comes up again."""
    door, resize, machines = small
    assert door.run("--name", "fills", "--", "bash", "-lc", "cmd.exe /c ver").status == 0
    used = os.statvfs(machines)
    resize((used.f_blocks - used.f_bfree) * used.f_frsize // 1024 + 2048)
    script = (r"cmd.exe /c ver >/dev/null; dd if=/dev/zero of=/mnt/c/big bs=64k 2>&1; "
              r"cmd.exe /c 'copy C:\windows\notepad.exe C:\n.exe'; echo copy $?; cmd.exe /c 'exit 3'; echo run $?")
    result = door.run("--name", "fills", "--", "bash", "-lc", script, timeout=120)
    assert "No space left on device" in result.text and b"Disk full" in result.err, result
    assert "copy 1" in result.lines and "run 3" in result.lines, result
    resize(16 << 10)
    result = door.run("--name", "fills", "--", "bash", "-lc", "rm /mnt/c/big; cmd.exe /c 'exit 5'")
    assert result.status == 5, result
