"""`landbridge cp`: files between the host and a guest, and what a guest cannot make of that."""
import os
import pwd
import signal
import stat
import subprocess
import tempfile

import pytest

import frontdoor
import images
from processes import children_of, gone, name_of, until
from test_mount import described

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no FUSE")


def mounted():
    """The FUSE mounts of this host's."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        return sorted(line for line in mounts if " fuse.landbridge " in line)


@pytest.fixture(scope="module")
def boat(home):
    with tempfile.TemporaryDirectory(prefix="lb") as run:
        before = mounted()
        door = frontdoor.FrontDoor(home, XDG_RUNTIME_DIR=run)
        assert door.call("start", "boat").status == 0
        yield door
        assert os.listdir(run) == ["landbridge"] and mounted() == before, "a mount was left"
        assert door.call("stop", "boat").status == 0


def cp(door, *args, status=0):
    """Its one line, if it failed."""
    result = door.call("cp", *args)
    assert result.status == status and len(result.err.splitlines()) == (1 if status else 0), result
    assert result.out == b""
    return result.err.decode()


def guest(door, script):
    result = door.call("exec", "--user", "root", "boat", "sh", "-c", script)
    assert result.status == 0, result
    return result.text


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tree(boat, here):
    """A tree goes in and comes back as it was: owners, modes, times, links, attributes, holes."""
    tree = here / "tree"
    (tree / "sub" / "empty").mkdir(parents=True)
    (tree / "f").write_text("text")
    os.link(tree / "f", tree / "sub" / "twin")
    (tree / "link").symlink_to("/no/such")
    os.mkfifo(tree / "sub" / "pipe")
    os.setxattr(tree / "f", "user.note", b"x" * 300)
    (tree / ("n" * 255)).touch()
    with open(tree / "holes", "wb") as f:
        f.seek(20 << 20)
        f.write(b"end")
    (tree / "big").write_bytes(os.urandom(3 << 20))
    if os.geteuid() == 0:
        os.chown(tree / "sub", 1234, 4321)
    os.chmod(tree / "sub", 0o1711)
    for path in (tree / "link", tree / "f", tree / "sub", tree):
        os.utime(path, ns=(1, 1234567890123456789), follow_symlinks=False)
    cp(boat, "--user", "root", "tree", "boat:/root/copy")
    cp(boat, "--user", "root", "boat:/root/copy", ".")
    assert described("copy") == described(tree)
    assert os.stat("copy").st_mtime_ns == 1234567890123456789
    assert os.stat("copy/holes").st_blocks < 1000
    assert int(guest(boat, "stat -c %b /root/copy/holes")) < 1000
    # Over what is there, and into it.
    cp(boat, "--user", "root", "boat:/root/copy/.", "copy")
    assert described("copy") == described(tree)
    cp(boat, "--user", "root", "boat:/root/copy", "boat:/etc/hostname", "copy")
    assert described("copy/copy") == described(tree)
    assert os.path.exists("copy/hostname")


def test_names(boat, here):
    """Colons, dashes, blanks; homes; what is replaced."""
    for name in ("./a:b", "-f", ":c", "d e"):
        (here / name).write_text(name)
    cp(boat, "--user", "root", "--", "-f", "./a:b", ":c", "d e", "boat:")
    assert guest(boat, "cat ~/-f ~/a:b ~/:c ~/'d e'; rm ~/-f ~/:c") == "-f./a:b:cd e"
    cp(boat, "--user", "root", "boat:a:b", "./x:y")
    assert (here / "x:y").read_text() == "./a:b"
    cp(boat, "--user", "root", "./x:y/../d e", "boat:/root/", status=1)
    cp(boat, "--user", "root", "./d e", "boat:new")
    cp(boat, "--user", "root", "boat:new", "boat:newer")
    guest(boat, "mkdir -p /root/real; ln -sf /root/real /root/way; ln -sf /root/newer /root/file")
    cp(boat, "--user", "root", "./x:y", "boat:way")
    cp(boat, "--user", "root", "./x:y", "boat:/root/file")
    assert guest(boat, "cat /root/real/x:y /root/newer; readlink /root/file") == "./a:b./a:b/root/newer\n"


def test_mistakes(boat, here):
    (here / "f").touch()
    (here / "dangling").symlink_to("nowhere")
    for status, args, word in [
            (125, ("f", "nobody:/tmp"), "nobody"), (125, ("--user", "nosuch", "f", "boat:/tmp"), "nosuch"),
            (1, ("none", "boat:/tmp"), "copy none: No such file"), (1, ("boat:/none", "."), "boat:/none: No such file"),
            (1, ("f", "boat:/none/f"), "boat:/none/f: No such file"), (1, ("f", "boat:/tmp/none/"), "f: Not a directory"),
            (1, ("f", "f", "boat:/none"), "boat:/none: No such file"), (1, ("boat:/etc/hostname", "f/"), "Not a directory"),
            (1, ("boat:/etc/hostname", "dangling"), "leads nowhere"), (1, ("boat:/dev/null", "."), "devices"),
            (1, ("boat:/etc/hostname", "/dev/null"), "File exists"), (1, ("boat:/etc/none", "."), "boat:/etc/none"),
            (125, ("--user", "nobody", "f", "boat:"), "home in boat: there is none"),
            (125, ("--user", "nosuch", "boat:f", "."), "nosuch"), (1, ("--user", "nobody", "f", "boat:/etc"), "denied"),
            (1, ("--user", "nobody", "boat:/etc/shadow", "."), "denied")]:
        said = cp(boat, *args, status=status)
        assert word in said and said.startswith("landbridge: "), (args, said)
    assert sorted(os.listdir(here)) == ["dangling", "f"]
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    cp(boat, "boat:/etc/hostname", "boat:/none", "boat:/etc/os-release", ".", status=1)
    assert os.path.exists("hostname") and os.path.islink("os-release")


def test_rights(boat, here):
    """Nothing from the guest is set-id or a device; files of the host's keep that in the guest as root's."""
    guest(boat, "mkdir /tmp/rights; cd /tmp/rights; cp /bin/true own; chmod 6755 own; "
                "mknod \"$(printf 'null\\n\\033[2J\\302\\233m')\" c 1 3")
    assert "/null?[2Jm: a guest's devices" in cp(boat, "--user", "root", "boat:/tmp/rights", ".", status=1)
    assert stat.S_IMODE(os.stat("rights/own").st_mode) == 0o755 and os.listdir("rights") == ["own"]
    cp(boat, "--user", "nobody", "rights/own", "boat:/tmp/nobodys")
    assert guest(boat, "stat -c '%U %a' /tmp/nobodys") == "nobody 755\n"


def test_links_stay_in_the_guest(boat, here):
    (here / "secret").write_text("the host's")
    deep = "../" * 20 + str(here)
    guest(boat, f"mkdir /tmp/l; cd /tmp/l; ln -s {here} absolute; ln -s {deep} relative; ln -s {here}/secret file; "
                "ln -s /proc/self/root magic; ln -s /etc etc")
    (here / "f").write_text("for the guest")
    for way in ("absolute", "relative"):
        assert "No such file" in cp(boat, "--user", "root", f"boat:/tmp/l/{way}/secret", "got", status=1)
        cp(boat, "--user", "root", "f", f"boat:/tmp/l/{way}/got", status=1)
        cp(boat, "--user", "root", "f", f"boat:/tmp/l/{way}", status=1)
    cp(boat, "--user", "root", "f", "boat:/tmp/l/file", status=1)
    cp(boat, "--user", "root", "f", f"boat:/tmp/l/magic/{here}/got", status=1)
    assert sorted(os.listdir(here)) == ["f", "secret"] and (here / "secret").read_text() == "the host's"
    cp(boat, "--user", "root", "f", "boat:/tmp/l/etc/from-host")
    assert guest(boat, "cat /etc/from-host") == "for the guest"


def test_swapped_while_it_runs(boat, here):
    """A directory of the guest's is a link to the host's the next moment."""
    (here / "host" / "sub").mkdir(parents=True)
    (here / "host" / "sub" / "f").write_text("the host's")
    (here / "d" / "sub").mkdir(parents=True)
    for i in range(12):
        (here / "d" / "sub" / str(i)).write_text("copied")
    cp(boat, "--user", "root", "d", "boat:/tmp/d")
    swapper = boat.start("exec", "--user", "root", "boat", "sh", "-c", f"cd /tmp/d; ln -s {here}/host/sub way; echo up; "
                         "while mv sub dir && mv way sub && mv sub way && mv dir sub; do :; done")
    assert swapper.stdout.readline() == b"up\n"
    for _ in range(2):
        boat.call("cp", "--user", "root", "d", "boat:/tmp")
        boat.call("cp", "--user", "root", "boat:/tmp/d", "back")
    swapper.kill()
    swapper.communicate()
    assert os.listdir("host/sub") == ["f"] and (here / "host" / "sub" / "f").read_text() == "the host's"
    assert not any(p.name == "f" for p in (here / "back").glob("*/*") if not p.parent.is_symlink())


def test_full_disk(boat, here):
    """One line, and nothing of the file is left."""
    guest(boat, "mkdir /tmp/small && mount -t tmpfs -o size=1M none /tmp/small")
    (here / "d").mkdir()
    for i in range(4):
        (here / "d" / str(i)).write_bytes(b"x" * 700_000)
    assert "No space left" in cp(boat, "--user", "root", "d", "boat:/tmp/small", status=1)
    assert len(guest(boat, "ls -A /tmp/small/d").split()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle(boat, here, number):
    before = mounted()
    guest(boat, "test -e /root/long || fallocate -l 400M /root/long")
    (here / "out").mkdir()
    process = boat.start("cp", "--user", "root", "boat:/root/long", "out")
    assert until(lambda: os.listdir("out"), 30)
    family = children_of(process.pid)
    assert "lb-mount" in map(name_of, family)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == -number and err == b"", err
    assert until(gone(family)) and mounted() == before
    if number != signal.SIGKILL:
        assert os.listdir("out") == []


def test_between_guests(boat, here, busybox_image, store):
    """The other one is still on its way up, and who asks it waits."""
    (here / "f").write_text("from one to the other")
    ship = str(store / "slow.tar")
    with images.TarImage(ship, busybox_image) as image:
        image.file("etc/fstab", "none /mnt tmpfs\n")
        image.file("bin/mount", "#!/bin/sh\nbusybox sleep 2\n", 0o755)
    assert boat.call("start", "--name", "ship", ship).status == 0
    try:
        cp(boat, "--user", "root", "f", "ship:/root/first")
        cp(boat, "--user", "root", "f", "boat:/root/over")
        cp(boat, "--user", "root", "boat:/root/over", "boat:/etc/issue", "ship:/etc")
        cp(boat, "ship:/etc/over", "back")
        assert (here / "back").read_text() == "from one to the other"
    finally:
        boat.call("stop", "ship")


def test_ordinary_user(busybox_image):
    """Who is not root on the host has it, too; files are his then."""
    if os.geteuid() != 0:
        pytest.skip("is one already")
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(prefix="lb") as top:
        os.chmod(top, 0o755)
        home, run = os.path.join(top, "home"), os.path.join(top, "run")
        for path in (home, run):
            os.mkdir(path, 0o700)
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        image = images.disk_from_tar(os.path.join(top, "b.img"), busybox_image, "64M")
        os.chmod(image, 0o644)
        env = {"PATH": os.environ["PATH"], "HOME": home, "LANDBRIDGE_HOME": home, "XDG_RUNTIME_DIR": run}
        fuse = os.path.join(top, "fuse")
        os.mknod(fuse, stat.S_IFCHR, os.stat("/dev/fuse").st_rdev)
        os.chmod(fuse, 0o666)  # as it is where udev(7) has its say
        become = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /dev/fuse && exec "$@"', fuse, "setpriv",
                  f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", frontdoor.LANDBRIDGE]

        def call(*args):
            return subprocess.run([*become, *args], env=env, cwd=home, capture_output=True, timeout=180, check=False)

        started = call("start", "--name", "little", image)
        assert started.returncode == 0, started
        try:
            with open(os.path.join(home, "f"), "w", encoding="ascii") as f:
                f.write("mine")
            os.chown(os.path.join(home, "f"), nobody.pw_uid, nobody.pw_gid)
            os.chmod(os.path.join(home, "f"), 0o640)
            for args in (("f", "little:/etc/f"), ("little:/etc", "."), ("little:/bin/busybox", "b")):
                done = call("cp", *args)
                assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
            st = os.stat(os.path.join(home, "etc", "f"))
            assert (st.st_uid, stat.S_IMODE(st.st_mode)) == (nobody.pw_uid, 0o640)
            assert call("exec", "little", "ls", "-ln", "/etc/f").stdout.split()[2] == b"0"
            assert os.listdir(run) == ["landbridge"]
        finally:
            call("stop", "little")
