"""Distributions: import, export, remove, and machines of them."""
import hashlib
import io
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tarfile
import tempfile

import pytest

import frontdoor
import images
from processes import children_of, gone, name_of, until

DISK_TAR = os.path.join(frontdoor.TOP, "scripts", "disk-tar")


@pytest.fixture(scope="module")
def door(home):
    """A front door whose machines and distributions are its own."""
    with tempfile.TemporaryDirectory(prefix="lb") as run:
        yield frontdoor.FrontDoor(home, XDG_RUNTIME_DIR=run)


def place(door, *names):
    return os.path.join(door.env["LANDBRIDGE_HOME"], "distributions", *names)


def left(door):
    """All that is there, whatever it is called."""
    return sorted(os.listdir(place(door))) if os.path.exists(place(door)) else []


def listed(door):
    return {m["name"]: m for m in json.loads(door.call("list", "--json").out)}


def good(result):
    assert result.status == 0 and result.err == b"", result
    return result


def one_line(result, *words):
    assert result.status == 125 and result.out == b"" and len(result.err.splitlines()) == 1, result
    for word in words:
        assert word in result.err.decode(), result


@pytest.fixture(scope="module")
def busybox(store):
    return images.busybox(str(store / "kept.tar"), ("sh", "mount", "cat", "dd", "rm", "sync", "id", "uname"))


def used(path):
    return os.stat(path).st_blocks * 512


# --- a life -------------------------------------------------------------------------

@pytest.fixture(scope="class")
def boat(door, busybox):
    good(door.call("import", "boat", busybox))
    yield door
    door.call("stop", "boat")
    good(door.call("remove", "boat"))
    assert left(door) == [] and "boat" not in listed(door)


class TestOneDistribution:
    """In this order: each finds what the one before left."""

    def test_list(self, boat):
        assert boat.call("list").text.split()[:2] == ["boat", "stopped"]
        assert listed(boat)["boat"]["directory"] == place(boat, "boat")

    def test_run_is_kept(self, boat):
        before = used(place(boat, "boat", "disk.qcow2"))
        script = "uname -n; echo kept >/root/f; dd if=/dev/urandom of=/root/big bs=1M count=32 2>/dev/null; sync"
        result = boat.run("boat", "--", "sh", "-c", script)
        assert (result.status, result.out) == (0, b"boat\n"), result
        assert used(place(boat, "boat", "disk.qcow2")) > before + (30 << 20)

    def test_exec_starts_it(self, boat):
        result = boat.call("exec", "boat", "--", "sh", "-c", "cat /root/f; rm /root/big; sync; sync")
        assert (result.status, result.out) == (0, b"kept\n"), result
        assert listed(boat)["boat"]["phase"] == "up"
        assert boat.call("shell", "boat", stdin=b"exit 4\n").status == 4

    def test_what_is_deleted_gives_room(self, boat):
        disk = place(boat, "boat", "disk.qcow2")
        assert until(lambda: used(disk) < 30 << 20, 30), used(disk)

    @pytest.mark.parametrize("command", [["remove", "boat"], ["export", "boat", "/dev/null"], ["run", "boat"],
                                         ["start", "boat"], ["start", "--name", "other", "boat"]])
    def test_one_at_a_time(self, boat, command):
        one_line(boat.call(*command), "boat", "running", "landbridge stop boat")

    def test_power_cut(self, boat, tmp_path):
        """What was synced is in the tar, though only the journal has it."""
        assert boat.call("exec", "boat", "--", "sh", "-c", "echo late >/root/late; sync").status == 0
        machine = listed(boat)["boat"]
        os.kill(machine["qemu"], signal.SIGKILL)
        assert until(lambda: listed(boat)["boat"]["phase"] == "stopped", 20)
        good(boat.call("export", "boat", tmp_path / "t.tar"))
        with tarfile.open(tmp_path / "t.tar") as tar:
            assert tar.extractfile("./root/late").read() == b"late\n"
        result = boat.run("boat", "--", "cat", "/root/late")
        assert (result.status, result.out) == (0, b"late\n"), result

    def test_dry_run(self, boat):
        line = boat.call("run", "--dry-run", "boat").text
        assert "discard=unmap" in line and place(boat, "boat", "disk.qcow2") in line and "snapshot" not in line, line


def test_unknown_names(door):
    for command in (["export", "nobody", "x"], ["remove", "nobody"], ["run", "nobody"], ["exec", "nobody", "true"]):
        one_line(door.call(*command), "nobody", "landbridge list")


# --- the same tree --------------------------------------------------------------------

CAPABILITY = (bytes([1, 0, 0, 2, 1]) + bytes(15)).decode("latin-1")
ACL = "user::rwx,user:1000:r--,group::r-x,mask::r-x,other::r--"
MORE = "user::rwx,user:7:rwx,group::r-x,mask::rwx,other::r-x"


@pytest.fixture(scope="module")
def all_sorts(store):
    """A tar with one of everything that a tree can have."""
    path = str(store / "sorts.tar")
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        def add(name, kind=tarfile.REGTYPE, data=b"", pax=None, **more):
            info = tarfile.TarInfo("./" + name)
            info.type, info.size, info.pax_headers, info.mtime = kind, len(data), pax or {}, 1000000000.25
            for key, value in {"mode": 0o777 if kind == tarfile.SYMTYPE else 0o755, **more}.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data))
        add("", tarfile.DIRTYPE, mode=0o751, uid=3, gid=4)
        for name in ("dev", "etc", "srv"):
            add(name, tarfile.DIRTYPE)
        add("dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3)
        add("srv/a", data=b"x" * 5000, mode=0o4711, uid=1000, gid=70000,
            pax={"SCHILY.xattr.user.k": "v", "SCHILY.xattr.security.capability": CAPABILITY, "SCHILY.acl.access": ACL})
        add("srv/acl", tarfile.DIRTYPE, pax={"SCHILY.acl.default": MORE})
        add("srv/b", tarfile.LNKTYPE, linkname="./srv/a", mode=0o4711, uid=1000, gid=70000)
        add("srv/block", tarfile.BLKTYPE, devmajor=259, devminor=1000)
        add("srv/fifo", tarfile.FIFOTYPE)
        for name in ("short", "l" * 100):
            add(f"srv/{name}", tarfile.SYMTYPE, linkname=name * 2)
        for name in ('"quoted" \\ = %', "n" * 200, "\u00e9", "\udcff", "-dash"):
            add(f"srv/{name}", data=name.encode("utf-8", "surrogateescape"), mode=0o600)
        add("srv/before", mtime=-5.5)
        add("srv/after", mtime=5000000000.75)
        add("srv/big", data=bytes(range(256)) * 8192)
        add("srv/many", tarfile.DIRTYPE)
        for n in range(2000):
            add(f"srv/many/{n}", mode=0o640)
    return path


def tree(path):
    with tarfile.open(path) as tar:
        return {m.name.removeprefix("./"): (
            m.type, m.mode, m.uid, m.gid, round(float(m.pax_headers.get("mtime", m.mtime)), 3), m.linkname,
            (m.devmajor, m.devminor) if m.isdev() else None, m.size if m.isreg() else 0,
            {k: v for k, v in m.pax_headers.items() if k.startswith("SCHILY")},
            hashlib.sha1(tar.extractfile(m).read()).digest() if m.isreg() else None) for m in tar}


def test_same_tree(door, all_sorts, tmp_path):
    """By content, owner, mode, time, link, device, attribute, capability and ACL; from a tar, and from disks."""
    good(door.call("import", "--size", "300M", "sorts", all_sorts))
    good(door.call("export", "sorts", tmp_path / "1.tar"))
    assert tree(tmp_path / "1.tar") == tree(all_sorts)
    first = (tmp_path / "1.tar").read_bytes()
    assert good(door.call("export", "sorts", "-")).out == first
    for form in ("qcow2", "vhdx"):
        good(door.call("export", "--format", form, "sorts", tmp_path / "disk"))
        good(door.call("import", form, tmp_path / "disk"))
        assert good(door.call("export", form, "-")).out == first
        good(door.call("remove", form))
    good(door.call("import", "again", tmp_path / "1.tar"))
    assert good(door.call("export", "again", "-")).out == first
    # Others read it as we do.
    listing = subprocess.run(["tar", "--xattrs", "--acls", "-tvvf", tmp_path / "1.tar"], capture_output=True, check=True)
    assert listing.stderr == b"" and b"user:1000:r--" in listing.stdout and b"user.k" in listing.stdout
    for name in ("sorts", "again"):
        good(door.call("remove", name))


def test_holes(door, tmp_path):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    with open(root / "holes", "wb") as file:
        for at in (0, 1 << 20, 3 << 30):
            file.seek(at)
            file.write(b"data")
        file.truncate(4 << 30)
    good(door.call("import", "holes", root))
    good(door.call("export", "holes", tmp_path / "t.tar"))
    good(door.call("remove", "holes"))
    assert os.path.getsize(tmp_path / "t.tar") < 1 << 20
    back = tmp_path / "back"
    back.mkdir()
    subprocess.run(["tar", "-C", back, "-xSf", tmp_path / "t.tar"], check=True)
    assert os.path.getsize(back / "holes") == 4 << 30 and used(back / "holes") < 1 << 20
    with open(back / "holes", "rb") as file:
        file.seek(3 << 30)
        assert file.read(5) == b"data\0"


def test_partitioned_disk(door, store, busybox, tmp_path):
    """The first partition with a system on it."""
    part, disk = images.disk_from_tar(str(store / "part.img"), busybox, "64M"), str(store / "whole.img")
    with open(part, "rb") as source, open(disk, "wb") as target:
        target.truncate(100 << 20)
        target.seek(20 << 20)
        shutil.copyfileobj(source, target)
    subprocess.run(["sfdisk", "-q", disk], input=b"label: gpt\nstart=2048,size=8192\nstart=40960,size=131072\n", check=True)
    good(door.call("import", disk))
    assert left(door) == ["whole"]
    good(door.call("export", "whole", tmp_path / "t.tar"))
    assert "bin/busybox" in tree(tmp_path / "t.tar")
    one_line(door.call("import", "--size", "1G", "x", disk), "--size")
    good(door.call("remove", "whole"))


def test_wsl(door, store, busybox):
    """Its name and first user are its own to say."""
    tar = str(store / "w.tar")
    with images.TarImage(tar, busybox) as image:
        image.file("etc/passwd", image.read("etc/passwd") + "ann:x:1234:1234::/:/bin/sh\n")
        image.file("etc/wsl-distribution.conf", "[oobe]\r\ndefaultUid = 1234\r\ndefaultName = Boat-1.2\r\n")
    subprocess.run(["gzip", "-f", tar], check=True)
    wsl = shutil.move(tar + ".gz", str(store / "file.wsl"))
    good(door.call("import", wsl))
    assert left(door) == ["Boat-1.2"]
    assert "landbridge.user=ann" in door.call("run", "--dry-run", "Boat-1.2").text
    assert "landbridge.user=root" in door.call("run", "--dry-run", "--user", "root", "Boat-1.2").text
    one_line(door.call("import", wsl), "Boat-1.2 already")
    good(door.call("import", "mine", wsl))
    for name in ("Boat-1.2", "mine"):
        good(door.call("remove", name))


def test_odd_wsl(door, tmp_path):
    """A text of 1 TiB, a FIFO and a link to the host's keep nobody waiting, and say nothing."""
    root = tmp_path / "odd"
    (root / "etc").mkdir(parents=True)
    with open(root / "etc" / "wsl-distribution.conf", "wb") as file:
        file.write(b"[oobe]\ndefaultUid=0\ndefaultName=../../x\n")
        file.truncate(1 << 40)
    os.mkfifo(root / "etc" / "wsl.conf")
    os.symlink("/etc/passwd", root / "etc" / "passwd")
    good(door.call("import", root, timeout=60))
    assert left(door) == ["odd"] and b"user" not in good(door.call("set", "odd")).out
    good(door.call("remove", "odd"))


# --- what goes wrong -----------------------------------------------------------------

def test_failed_import(door, tmp_path, busybox):
    with open(busybox, "rb") as file:
        (tmp_path / "cut.tar").write_bytes(file.read()[:400000])
    one_line(door.call("import", "cut", tmp_path / "cut.tar"), "damaged")
    one_line(door.call("import", "cut", tmp_path / "none"), "No such file")
    one_line(door.call("import", "../cut", busybox), "../cut")
    one_line(door.call("import", "cut", "/etc/passwd"), "no root file system")
    one_line(door.call("import", "--size", "2M", "cut", busybox), "--size")
    assert left(door) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_import(door, debian_tar, how):
    child = door.start("import", "half", debian_tar)
    assert until(lambda: any(name_of(c) in ("tar", "mke2fs") for c in children_of(child.pid)), 60)
    family = children_of(child.pid)
    child.send_signal(how)
    child.communicate()
    assert until(gone(family), 30), [name_of(c) for c in family]
    assert left(door) == []


def test_not_exported(door, tmp_path, busybox):
    """A file system that we do not read, and a place that is not there."""
    good(door.call("import", "boat", busybox))
    one_line(door.call("export", "boat", tmp_path / "no" / "f"), "No such file")
    disk = place(door, "boat", "disk.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "64M"], check=True)
    one_line(door.call("export", "boat", tmp_path / "f"), "qcow2")
    assert os.listdir(tmp_path) == [] and sorted(os.listdir(place(door, "boat"))) == ["disk.qcow2", "profile"]
    good(door.call("remove", "boat"))


def test_damaged_disk(store, busybox):
    """disk-tar believes nothing that it reads: it ends, and does not write for ever."""
    disk = images.disk_from_tar(str(store / "d.img"), busybox, "16M")
    with open(disk, "rb") as file:
        whole = file.read()
    seed = 1
    for _ in range(150):
        data = bytearray(whole[:4 << 20])
        for _ in range(20):
            seed = seed * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            data[(seed >> 33) % (200 << 10)] = seed >> 20 & 255
        with open(disk, "r+b") as file:
            file.write(data)
        done = subprocess.run([DISK_TAR, disk], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=20, check=False)
        assert done.returncode in (0, 1) and len(done.stderr.splitlines()) <= 1, done.stderr
        assert len(done.stdout) < 64 << 20


def test_blocks_without_end(tmp_path):
    """An extent tree of six levels, each of whose entries lead to the same block below."""
    (tmp_path / "top" / "etc").mkdir(parents=True)
    (tmp_path / "top" / "etc" / "tree").write_bytes(b"x" * 5 * 4096)
    (tmp_path / "top" / "etc" / "file").write_bytes(b"x" * 4096)
    disk = str(tmp_path / "disk")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", tmp_path / "top", disk, "16M"], check=True)

    def ask(command):
        return subprocess.run(["debugfs", "-R", command, disk], capture_output=True, text=True, check=True).stdout
    blocks = [int(word) for word in ask("blocks /etc/tree").split()]
    block, offset = re.search(r"located at block (\d+), offset (0x\w+)", ask("imap /etc/file")).groups()

    def node(depth, entries, child):
        return struct.pack("<HHHHI", 0xf30a, entries, entries, depth, 0) + struct.pack("<IIHH", 0, child, 0, 0) * entries
    with open(disk, "r+b") as file:
        for i, at in enumerate(blocks):
            file.seek(at * 4096)
            file.write(node(4 - i, 340 if i < 4 else 0, blocks[min(i + 1, 4)]))
        file.seek(int(block) * 4096 + int(offset, 16) + 40)
        file.write(node(5, 4, blocks[0]))
    done = subprocess.run([DISK_TAR, disk], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=100, check=False)
    assert done.returncode == 1 and b"have no end" in done.stderr, done.stderr


# --- settings ---------------------------------------------------------------------------

@pytest.fixture(scope="class")
def skiff(door, busybox):
    good(door.call("import", "skiff", busybox))
    yield door
    good(door.call("remove", "skiff"))
    assert good(door.call("set-default")).out == b""


class TestSettings:
    def test_they_count(self, skiff, tools):
        good(skiff.call("set", "skiff", "memory=300M", "cpus=2", "user=root", "net=none", f"drive=D:={tools},ro"))
        line = skiff.call("run", "--dry-run", "skiff").text
        for words in ("-m 300M", "-smp 2", "landbridge.user=root", "landbridge.drives=DC"):
            assert words in line, line
        assert "-netdev" not in line
        line = skiff.call("run", "--dry-run", "--memory", "256M", "--net", "host", "skiff").text
        assert "-m 256M" in line and "-netdev" in line and "-smp 2" in line, line

    def test_they_are_taken_back(self, skiff, tools):
        good(skiff.call("set", "skiff", "memory=300M", "cpus=2", "net=none", f"drive=D:={tools}"))
        good(skiff.call("set", "skiff", "cpus=", "net=", "user=", "drive=d:"))
        assert good(skiff.call("set", "skiff")).lines[1:] == ["memory = 300M"]
        assert "-smp 1" in skiff.call("run", "--dry-run", "skiff").text

    @pytest.mark.parametrize("word, says", [("cpus=0", "1 to 255"), ("write=1", "memory, cpus"), ("cpus", "KEY=VALUE"),
                                            ("drive=", "LETTER"), ("drive=foo", "LETTER"), ("drive=D:=/no/such", "/no/such")])
    def test_mistakes(self, skiff, word, says):
        before = good(skiff.call("set", "skiff")).out
        one_line(skiff.call("set", "skiff", "memory=1G", word), says)
        assert good(skiff.call("set", "skiff")).out == before

    def test_edited_by_hand(self, skiff):
        path = place(skiff, "skiff", "profile")
        with open(path, encoding="ascii") as file:
            text = file.read()
        for wrong, says in (("cpus = many\n", "many"), ("nonsense\n", "nonsense"), ("format = raw\n", "format")):
            with open(path, "w", encoding="ascii") as file:
                file.write(wrong)
            one_line(skiff.call("run", "skiff"), says, "profile")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)

    def test_default(self, skiff):
        one_line(skiff.call("shell"), "set-default")
        one_line(skiff.call("set-default", "nobody"), "nobody")
        good(skiff.call("set-default", "skiff"))
        assert good(skiff.call("set-default")).out == b"skiff\n"
        assert "landbridge.name=skiff" in skiff.call("run", "--dry-run").text
        assert "landbridge.name=other" in skiff.call("start", "--dry-run", "other").text
        assert "distributions" not in skiff.call("start", "--dry-run", "other").text
        assert skiff.call("shell", stdin=b"exit 6\n").status == 6
        assert listed(skiff)["skiff"]["phase"] == "up"
        one_line(skiff.call("compact", "skiff"), "running")
        good(skiff.call("stop", "skiff"))
        good(skiff.call("set-default", "-"))
        assert good(skiff.call("set-default")).out == b""
        good(skiff.call("set-default", "skiff"))  # removed with it


def test_compact(door, store, busybox, tmp_path):
    """What was deleted before anybody told the disk."""
    disk, junk = images.disk_from_tar(str(store / "c.img"), busybox, "64M"), tmp_path / "junk"
    junk.write_bytes(os.urandom(20 << 20))
    for command in (f"write {junk} junk", "rm junk"):
        subprocess.run(["debugfs", "-w", "-R", command, disk], check=True, capture_output=True)
    good(door.call("import", "full", disk))
    before, tar = used(place(door, "full", "disk.qcow2")), good(door.call("export", "full", "-")).out
    good(door.call("compact", "full"))
    assert used(place(door, "full", "disk.qcow2")) < before - (15 << 20)
    assert good(door.call("export", "full", "-")).out == tar
    assert sorted(os.listdir(place(door, "full"))) == ["disk.qcow2", "profile"]
    good(door.call("remove", "full"))


def test_resized(door, busybox, tmp_path):
    """Larger, then smaller, and with all that was in it; not smaller than that, nor what is no ext4."""
    tree = tmp_path / "tree"
    tree.mkdir()
    subprocess.run(["tar", "-C", tree, "-xpf", busybox], check=True)
    (tree / "junk").write_bytes(os.urandom(60 << 20))
    good(door.call("import", "--size", "300M", "room", tree))
    tar = hashlib.sha256(good(door.call("export", "room", "-")).out).digest()
    for size in "600M", "400M":
        good(door.call("compact", "--size", size, "room"))
        info = subprocess.run(["qemu-img", "info", "--output=json", place(door, "room", "disk.qcow2")], check=True, capture_output=True)
        assert json.loads(info.stdout)["virtual-size"] == int(size[:-1]) << 20
        assert hashlib.sha256(good(door.call("export", "room", "-")).out).digest() == tar
    one_line(door.call("compact", "--size", "128M", "room"), "what is in it needs ")
    assert hashlib.sha256(good(door.call("export", "room", "-")).out).digest() == tar
    good(door.call("remove", "room"))
    disk, trap = images.disk_from_tar(str(tmp_path / "d.img"), busybox, "64M"), tmp_path / "trap"
    subprocess.run(["tune2fs", "-M", f"/\nBlock size: PATH[$(>{trap})]", disk], check=True, capture_output=True)
    good(door.call("import", "hostile", disk))  # a shell that counts with what it says runs it
    good(door.call("compact", "--size", "200M", "hostile"))
    good(door.call("remove", "hostile"))
    assert not trap.exists()
    other = str(tmp_path / "other.img")
    subprocess.run(["mkfs.erofs", other, tree], check=True, capture_output=True)
    good(door.call("import", "other", other))
    one_line(door.call("compact", "--size", "1G", "other"), "no ext4")
    good(door.call("remove", "other"))


# --- container images --------------------------------------------------------------------

def layer(*members):
    """A tar of (name, kind or text, link)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, what, *more in members:
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = 0o755, 1000000000.5
            if isinstance(what, str):
                data = what.encode()
                info.size, info.uid = len(data), 12
                tar.addfile(info, io.BytesIO(data))
                continue
            info.type, info.linkname = what, more[0] if more else ""
            tar.addfile(info)
    return out.getvalue()


def packed(data, tool):
    return subprocess.run([tool, "-c"], input=data, capture_output=True, check=True).stdout if tool else data


def oci(path, layers, tools=("", "gzip", "zstd")):
    """An OCI layout as a directory; an index in the index, as docker writes it."""
    blobs = os.path.join(path, "blobs", "sha256")
    os.makedirs(blobs)

    def blob(data):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as file:
            file.write(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    manifest = {"layers": [blob(packed(data, tools[n % len(tools)])) for n, data in enumerate(layers)]}
    other = {**blob(b"{}"), "platform": {"architecture": "s390x", "os": "linux"}}
    mine = {**blob(json.dumps(manifest).encode()), "platform": {"architecture": machine, "os": "linux"}}
    index = {"manifests": [blob(json.dumps({"manifests": [other, mine]}).encode())]}
    for name, value in (("oci-layout", {"imageLayoutVersion": "1.0.0"}), ("index.json", index)):
        with open(os.path.join(path, name), "w", encoding="ascii") as file:
            json.dump(value, file)
    return path


def docker(path, layers):
    """What docker save wrote before it knew of OCI."""
    names = [f"{n:064x}/layer.tar" for n in range(len(layers))]
    manifest = json.dumps([{"Config": "c.json", "RepoTags": ["a:b"], "Layers": names}])
    with open(path, "wb") as file:
        file.write(layer(("manifest.json", manifest)))
    with tarfile.open(path, "a") as tar:
        for name, data in zip(names, layers):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


DIR, SYM, LINK = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
LAYERS = [
    layer(("usr", DIR), ("usr/lib", DIR), ("lib", SYM, "usr/lib"), ("etc", DIR), ("etc/gone", "1"), ("etc/kept", "1"),
          ("opt", DIR), ("opt/old", "1"), ("opt/sub", DIR), ("opt/sub/old", "1"), ("etc/a", "first"), ("etc/b", LINK, "etc/a"),
          ("etc/file", "was a file"), ("etc/dir", DIR), ("etc/dir/x", "1"), ("deep/er/f", "1")),
    layer(("lib/new", "through a link"), ("etc/.wh.gone", ""), ("opt/.wh..wh..opq", ""), ("opt/new", "2"),
          ("etc/a", "second"), ("etc/c", LINK, "etc/b"), ("etc/file", DIR), ("etc/file/y", "2"), ("etc/dir", "is a file")),
    layer(("etc/.wh.nothing", ""), ("./etc/last", "3"), ("opt/sub", DIR)),
]



@pytest.mark.parametrize("form", ["oci", "oci.tar", "docker.tar", "docker.gz"])
def test_layers(door, tmp_path, form):
    path = str(tmp_path / "image")
    if form.startswith("oci"):
        oci(path, LAYERS)
    else:
        docker(path, LAYERS)
    if form == "oci.tar":
        subprocess.run(["tar", "-C", path, "-cf", path + ".tar", "."], check=True)
        path += ".tar"
    if form == "docker.gz":
        subprocess.run(["gzip", path], check=True)
        path += ".gz"
    good(door.call("import", "--size", "256M", "layers", path))
    good(door.call("export", "layers", tmp_path / "t.tar"))
    good(door.call("remove", "layers"))
    with tarfile.open(tmp_path / "t.tar") as tar:
        found = {m.name.removeprefix("./"): m for m in tar if m.name != "."}
        texts = {n: tar.extractfile(m).read().decode() for n, m in found.items() if m.isreg()}
        second = tar.extractfile("./etc/c").read().decode()
    assert texts == {"etc/kept": "1", "etc/a": "second", "etc/b": "first", "usr/lib/new": "through a link", "opt/new": "2",
                     "etc/file/y": "2", "etc/dir": "is a file", "etc/last": "3", "deep/er/f": "1"}
    assert second == "first" and found["etc/c"].islnk() and found["lib"].linkname == "usr/lib"
    assert sorted(n for n, m in found.items() if m.isdir()) == ["deep", "deep/er", "etc", "etc/file", "opt", "opt/sub", "usr", "usr/lib"]
    assert found["etc/a"].uid == 12 and found["etc/a"].mode == 0o755 and found["deep"].mode == 0o755
    assert float(found["etc/a"].pax_headers["mtime"]) == 1000000000.5


def test_layers_write_nowhere_else(door, tmp_path):
    """Names and links that lead out lead nowhere, or into the image."""
    away = tmp_path / "away"
    away.mkdir()
    (away / "f").write_text("mine")
    bad = [layer(("etc", DIR), ("out", SYM, str(away)), ("up", SYM, "../" * 20 + str(away)), ("loop", SYM, "loop")),
           layer(("out/f", "written"), ("up/g", "written"), ("../" * 20 + str(away)[1:] + "/h", "written"),
                 (str(away) + "/i", "written"), ("out/.wh.f", ""))]
    good(door.call("import", "--size", "256M", "bad", oci(str(tmp_path / "bad"), bad)))
    assert os.listdir(away) == ["f"] and (away / "f").read_text() == "mine"
    good(door.call("export", "bad", tmp_path / "t.tar"))
    good(door.call("remove", "bad"))
    assert {n for n in tree(tmp_path / "t.tar") if n.startswith(str(away)[1:] + "/")} == {
        str(away)[1:] + "/" + n for n in "fghi"}
    for number, (members, says) in enumerate([([("loop", SYM, "loop"), ("loop/x", "")], "circles"),
                                              ([("x", LINK, "/etc/passwd")], "link to nothing"),
                                              ([("x", LINK, "../../etc/passwd")], "link to nothing")]):
        one_line(door.call("import", "bad", oci(str(tmp_path / f"worse{number}"), [layer(("etc", DIR), *members)])), says)


@pytest.mark.parametrize("what, says", [("missing", "missing"), ("cut", "damaged"), ("outside", "missing"), ("json", "understood")])
def test_damaged_layers(door, tmp_path, what, says):
    layers = [LAYERS[0] if what != "cut" else LAYERS[0][:5000]]
    path = docker(str(tmp_path / "d.tar"), layers)
    with tarfile.open(path, "a") as tar:
        info = tarfile.TarInfo("manifest.json")
        text = {"missing": '[{"Layers":["no/layer.tar"]}]', "outside": '[{"Layers":["../../../../etc/passwd"]}]',
                "json": "[{", "cut": None}[what]
        if text:
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    one_line(door.call("import", "d", path), says)
    assert left(door) == []


def test_layer_that_is_another(door, tmp_path):
    path = oci(str(tmp_path / "d"), LAYERS, ("",))
    blobs = os.path.join(path, "blobs", "sha256")
    largest = max(os.listdir(blobs), key=lambda n: os.path.getsize(os.path.join(blobs, n)))
    with open(os.path.join(blobs, largest), "ab") as file:
        file.write(b"more")
    one_line(door.call("import", "d", path), "damaged", largest)


def test_container_image_runs(door, busybox, tmp_path):
    with open(busybox, "rb") as file:
        data = file.read()
    path = docker(str(tmp_path / "box.tar"), [data, layer(("root/added", "here"))])
    result = door.run(path, "--", "cat", "/root/added")
    assert (result.status, result.out) == (0, b"here"), result
