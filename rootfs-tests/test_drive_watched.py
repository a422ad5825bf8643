"""What the host changes is told to those who watch in the guest; and whoever looks
meanwhile sees what is there."""
import contextlib
import os
import random
import subprocess
import threading

import pytest

from drive import HERE, tree
from processes import until

pytestmark = HERE


def test_inotify_sees_the_hosts_changes(drive, watch):
    """Each once, in order, with what is there already to be seen; and the host sees none of it again."""
    os.mkdir(os.path.join(drive.host, "d"))
    here, there = watch(os.path.join(drive.guest, "d")), watch(os.path.join(drive.host, "d"))
    at = os.path.join(drive.host, "d")
    closes = [("f", "CLOSE_WRITE")] if drive.mode else []

    def expect(changes, *events):
        before, host_before = len(here.read()), len(there.read())
        changes()
        assert here.hears(before + len(events)), here.named()[before:]
        assert there.hears(host_before + 1)
        drive.fence()
        assert here.named()[before:] == list(events), here.named()[before:]
        return here.read()[before:]

    def put(mode, text):
        with open(os.path.join(at, "f"), mode, encoding="utf-8") as f:
            f.write(text)

    expect(lambda: os.close(os.open(os.path.join(at, "f"), os.O_WRONLY | os.O_CREAT)), ("f", "CREATE"), *closes)
    expect(lambda: put("a", "hello"), ("f", "MODIFY"), *closes)
    with open(os.path.join(drive.guest, "d", "f"), encoding="utf-8") as f:
        assert f.read() == "hello"
    expect(lambda: os.chmod(os.path.join(at, "f"), 0o600), ("f", "ATTRIB"))
    pair = expect(lambda: os.rename(os.path.join(at, "f"), os.path.join(at, "g")), ("f", "MOVED_FROM"), ("g", "MOVED_TO"))
    assert pair[0][2] == pair[1][2] != 0
    expect(lambda: os.mkdir(os.path.join(at, "sub")), ("sub", "CREATE ISDIR"))
    expect(lambda: os.symlink("nowhere", os.path.join(at, "l")), ("l", "CREATE"))
    expect(lambda: os.mkfifo(os.path.join(at, "p")), ("p", "CREATE"))
    for name in ("g", "l", "p"):
        expect(lambda name=name: os.unlink(os.path.join(at, name)), (name, "DELETE"))
    expect(lambda: os.rmdir(os.path.join(at, "sub")), ("sub", "DELETE ISDIR"))
    hosts = there.named()
    assert len([e for e in hosts if "CREATE" in e[1]]) == 4 and len([e for e in hosts if "DELETE" in e[1]]) == 4, hosts
    assert os.listdir(os.path.join(drive.guest, "d")) == os.listdir(at) == []


def test_inotify_of_a_file_and_of_a_read_only_mount(drive, watch):
    """`tail -f` watches the file itself."""
    with open(os.path.join(drive.host, "log"), "w", encoding="utf-8"):
        pass
    subprocess.run(["mount", "-o", "remount,bind,ro", drive.guest], check=True)
    here = watch(os.path.join(drive.guest, "log"))
    with open(os.path.join(drive.host, "log"), "a", encoding="utf-8") as f:
        f.write("line")
        f.flush()
        assert here.hears(1) and here.read()[0][1] == "MODIFY", here.read()
    os.unlink(os.path.join(drive.host, "log"))
    assert until(lambda: "DELETE_SELF" in [what for _, what, _ in here.read()], 10), here.read()


@pytest.mark.parametrize("count", [300])
def test_inotify_misses_nothing_of_a_burst(drive, watch, count):
    """Made, written, renamed to another directory and removed, faster than it can be told: each of it once."""
    for name in ("a", "b"):
        os.mkdir(os.path.join(drive.host, name))
    one, two = (watch(os.path.join(drive.guest, name)) for name in ("a", "b"))
    for i in range(count):
        a, b = (os.path.join(drive.host, name, str(i)) for name in ("a", "b"))
        with open(a, "w", encoding="utf-8") as f:
            f.write("x")
        os.rename(a, b)
        os.unlink(b)
    names = sorted(map(str, range(count)))

    def told(watcher, what):
        return sorted(name for name, event in watcher.named() if event == what)
    assert until(lambda: len(told(two, "DELETE")) >= count, 60), len(told(two, "DELETE"))
    drive.fence()
    assert told(one, "CREATE") == told(one, "MOVED_FROM") == told(two, "MOVED_TO") == told(two, "DELETE") == names
    assert os.listdir(os.path.join(drive.guest, "b")) == []
    assert not [e for e in one.named() if e[1] == "DELETE"] and not [e for e in two.named() if e[1] == "CREATE"]


def test_inotify_misses_nothing_of_a_trickle(drive, watch):
    """The second change comes while the first is being told, or is over, or who tells it goes to rest."""
    os.mkdir(os.path.join(drive.host, "d"))
    here, pause, names = watch(os.path.join(drive.guest, "d")), random.Random(1), []
    for number in range(80):
        for name in f"{number}a", f"{number}b":
            names.append(name)
            os.mknod(os.path.join(drive.host, "d", name))
            threading.Event().wait(pause.random() * 0.01)
        assert here.hears(len(names)), (number, len(here.read()), len(names))
    assert here.named() == [(name, "CREATE") for name in names]


# --- and nothing else changes -----------------------------------------------------------

def rename(old, other):
    os.rename(old, other)


def make_and_remove(old, _other):
    os.unlink(old)
    os.mkdir(old)
    os.rmdir(old)


def swap_kinds(old, other):
    """A directory has the file's name for a while, and is moved away."""
    os.unlink(old)
    os.mkdir(other + ".dir")
    os.rename(other + ".dir", old)
    os.rename(old, other + ".dir")
    os.rmdir(other + ".dir")


@pytest.mark.parametrize("change", [rename, make_and_remove, swap_kinds])
def test_watching_changes_nothing(drive, watch, change):
    """While it is told what happened to a name, the name means what it means now: what was told
    late was done, in the guest's kernel, to the file that had the name by then."""
    for name in "d", "e":
        os.mkdir(os.path.join(drive.host, name))
    watch(os.path.join(drive.guest, "d"))
    old, other = os.path.join(drive.host, "d", "old"), os.path.join(drive.host, "e", "other")
    for number in range(20):
        for size in range(20):
            with open(old, "w", encoding="utf-8") as f:
                f.write("x" * size)
            change(old, other)
        for look in range(10):
            with open(old, "a", encoding="utf-8") as f:
                f.write("x")
            drive.fence()
            assert tree(drive.guest) == tree(drive.host), (number, look)
