"""Fixtures: the front door, images, the Wine prefix that all tests share."""
import os
import shutil
import signal
import subprocess

import pytest

import images
import p9guest
from drive import MODES, Drive, Watcher
from frontdoor import BUILD, TOP, FrontDoor

DEBIAN = os.path.join(BUILD, "images", "debian.tar")
ARTEFACTS = os.path.join(BUILD, "artefacts")

# A shell starts what goes to the background with SIGINT ignored, and all that is tested would inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """One state directory for the whole run: Wine's prefix takes 10 s to make."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def landbridge(home):
    return FrontDoor(home)


@pytest.fixture(scope="session")
def artefacts():
    os.makedirs(ARTEFACTS, exist_ok=True)
    return ARTEFACTS


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """Where images are made; removed at the end, they are large."""
    path = tmp_path_factory.mktemp("images")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def debian_tar():
    return DEBIAN


@pytest.fixture(scope="session")
def user_image(store):
    """Debian with ann (uid 1000, dash, two extra groups)."""
    ann = {"name": "ann", "uid": 1000, "shell": "/bin/dash", "groups": {"ferry": 2001, "pilots": 2002}}
    return images.debian(str(store / "user.tar"), DEBIAN, user=ann)


@pytest.fixture(scope="session")
def busybox_image(store):
    return images.busybox(str(store / "busybox.tar"))


@pytest.fixture(scope="session")
def probe(tmp_path_factory):
    """Path of the Windows program probe.exe (rootfs-tests/windows/probe.c)."""
    target = str(tmp_path_factory.mktemp("probe") / "probe.exe")
    source = os.path.join(TOP, "rootfs-tests", "windows", "probe.c")
    subprocess.run(["x86_64-w64-mingw32-gcc", "-Os", "-s", "-o", target, source, "-lshell32"], check=True)
    return target


@pytest.fixture(scope="session")
def tools(tmp_path_factory, probe):
    """A directory to be given as drive D:, with probe.exe in it."""
    path = tmp_path_factory.mktemp("tools")
    shutil.copy(probe, path / "probe.exe")
    os.chmod(path, 0o755)
    os.chmod(path / "probe.exe", 0o755)
    return path


@pytest.fixture(scope="session")
def p9check(tmp_path_factory):
    path = tmp_path_factory.mktemp("bin") / "p9check"
    p9guest.make_p9check(path)
    return path


@pytest.fixture(params=MODES, ids=["host-locks", "guest-locks"])
def drive(request, tmp_path):
    drive = Drive(tmp_path, request.param)
    yield drive
    drive.close()


@pytest.fixture
def watch():
    made = []

    def one(*paths):
        made.append(Watcher(*paths))
        if len(made) > 5:
            made.pop(0).close()
        return made[-1]
    yield one
    for watcher in made:
        watcher.close()
