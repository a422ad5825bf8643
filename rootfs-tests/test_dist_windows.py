"""make dist-windows: the folder that a Windows host needs, unpacked and used under Wine."""
import glob
import os
import shutil
import subprocess
import zipfile

import pytest

from drive import HERE
from frontdoor import BUILD, LANDBRIDGE, TOP
from processes import until
from test_windows_agent import WINE, Guest, Prefix, free_port, says_hello

pytestmark = HERE

FILES = ["README.txt", "at-logon.cmd", "init", "landbridge.exe", "wsl.exe"]


@pytest.fixture(scope="module")
def archive():
    subprocess.run(["make", "-C", TOP, "--no-print-directory", "dist-windows"], check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(os.path.join(BUILD, "landbridge-windows.zip")) as made:
        yield made


def test_contents(archive):
    assert archive.namelist() == [f"landbridge/{name}" for name in FILES]
    assert archive.read("landbridge/wsl.exe") == archive.read("landbridge/landbridge.exe")
    with open(f"{BUILD}/init", "rb") as init:
        assert archive.read("landbridge/init") == init.read()
    text = archive.read("landbridge/README.txt")
    assert text.count(b"\r\n") == text.count(b"\n") == 10 and text.isascii()


def test_from_logon_to_wsl(archive, tmp_path, probe):
    """The agent that the logon starts serves a guest, and wsl.exe beside it finds that."""
    prefix = Prefix(tmp_path / "windows")
    folder = os.path.join(prefix.c, "of ann & co")
    os.makedirs(folder)
    archive.extractall(folder)
    folder = os.path.join(folder, "landbridge")
    shutil.copy(probe, os.path.join(prefix.c, "probe.exe"))
    subprocess.run([LANDBRIDGE, "enroll", "boat", "--dir", folder], check=True, stdout=subprocess.DEVNULL)

    def wine(*words):
        return subprocess.run([WINE, *words], env=prefix.env, capture_output=True, check=False, timeout=120, cwd=folder, stdin=subprocess.DEVNULL)

    made = os.path.join(prefix.c, "users", "*", "AppData", "Roaming", "Microsoft", "Windows", "Start Menu", "Programs", "StartUp", "*.cmd")
    port, guest = free_port(), None
    try:
        assert wine("cmd", "/c", "at-logon.cmd").returncode == 1
        done = wine("cmd", "/c", "at-logon.cmd", f"tcp:127.0.0.1:{port}", "boat.host.key")
        assert done.returncode == 0 and glob.glob(made), done
        # What a logon starts; Wine's own (wineboot) starts no .cmd of that folder.
        script = "C:\\" + os.path.relpath(glob.glob(made)[0], prefix.c).replace("/", "\\")
        subprocess.run([WINE, "cmd", "/c", script], env=prefix.env, check=True, timeout=60, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        guest = Guest(prefix, f"tcp:127.0.0.1:{port}", os.path.join(folder, "boat.guest.key"))
        assert says_hello(guest), "no program has run"
        done = wine("wsl.exe", "-d", "boat", "-e", "readlink", "/proc/self/ns/mnt")
        assert done.stdout.decode() == os.readlink(f"/proc/{guest.space.pid}/ns/mnt") + "\n", done
        assert wine("cmd", "/c", "at-logon.cmd", "off").returncode == 0
        assert not glob.glob(made), "the next logon starts it, too"
    finally:
        if guest:
            guest.close()
        prefix.close()
    assert until(lambda: not prefix.programs("landbridge.exe"))
