"""Images of every kind: virtual disks of other makers, and what is refused of them."""
import hashlib
import os
import struct
import subprocess

import pytest

import images


def sha(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


@pytest.fixture(scope="module")
def raw(store, busybox_image):
    return images.disk_from_tar(str(store / "disks.img"), busybox_image, "64M")


def converted(raw, path, form, options=None):
    subprocess.run(["qemu-img", "convert", "-O", form, *(["-o", options] if options else []), raw, path], check=True)
    return path


# name: QEMU's format, its options
DISKS = {
    "a.vhdx": ("vhdx", None),
    "fixed.vhdx": ("vhdx", "subformat=fixed"),
    "a.vhd": ("vpc", None),
    "fixed.vhd": ("vpc", "subformat=fixed"),
    "a.vmdk": ("vmdk", None),
    "stream.vmdk": ("vmdk", "subformat=streamOptimized"),
    "a.vdi": ("vdi", None),
}


@pytest.mark.parametrize("name", DISKS)
def test_virtual_disk(landbridge, store, raw, name):
    """By its bytes, whatever it is called."""
    disk = converted(raw, str(store / name.replace(".", "-")), *DISKS[name])
    before = sha(disk)
    result = landbridge.run(disk, "--", "sh", "-c", "echo changed >/etc/mark && cat /etc/mark")
    assert (result.status, result.out) == (0, b"changed\n"), result
    assert sha(disk) == before
    # What the disk is, and not what it would be as a raw one.
    line = landbridge.call("run", "--dry-run", disk).text
    assert f"format={DISKS[name][0]},file={disk}" in line, line


@pytest.mark.parametrize("name", ["a.vhdx", "a.vhd", "a.vdi"])
def test_virtual_disk_is_written(landbridge, store, raw, name):
    form = DISKS[name][0]
    disk = converted(raw, str(store / f"written-{name}"), form)
    result = landbridge.run("--write", "--format", name.split(".")[1], disk, "--", "sh", "-c", "echo changed >/etc/mark")
    assert result.status == 0, result
    back = str(store / "back.img")
    subprocess.run(["qemu-img", "convert", "-f", form, "-O", "raw", disk, back], check=True)
    mark = subprocess.run(["debugfs", "-R", "cat /etc/mark", back], capture_output=True, text=True, check=True).stdout
    assert mark == "changed\n"


def change(path, *puts):
    with open(path, "r+b") as f:
        for at, data in puts:
            f.seek(at)
            f.write(data)
    return path


def with_parent(store, raw, name):
    """Disks that want another file, and how each is told to."""
    path = str(store / f"parent-{name}")
    if name == "text.vmdk":  # its extents are files beside it
        return converted(raw, path, "vmdk", "subformat=twoGbMaxExtentSparse")
    if name == "child.vmdk":
        base = converted(raw, str(store / "base.vmdk"), "vmdk")
        subprocess.run(["qemu-img", "create", "-q", "-f", "vmdk", "-b", base, "-F", "vmdk", path], check=True)
        return path
    form = name.rsplit(".", 1)[1]
    converted(raw, path, {"vhd": "vpc"}.get(form, form))
    return change(path, {"vhdx": (0x310004, b"\2"), "vhd": (63, b"\4"), "vdi": (76, b"\4")}[form])


@pytest.mark.parametrize("name, word", [("text.vmdk", "extent"), ("child.vmdk", "parent"), ("a.vhdx", "merge"),
                                        ("a.vhd", "merge"), ("a.vdi", "merge")])
def test_disk_with_a_parent(landbridge, store, raw, name, word):
    disk = with_parent(store, raw, name)
    result = landbridge.call("run", "--dry-run", disk)
    assert result.status == 125 and result.out == b"", result
    assert len(result.err.splitlines()) == 1 and word in result.err.decode() and disk in result.err.decode(), result
    if name == "child.vmdk":  # who vouches for it gets it
        assert landbridge.call("run", "--dry-run", "--format", "vmdk", disk).status == 0
        assert landbridge.run("--format", "vmdk", disk, "--", "sh", "-c", "exit 3").status == 3


def test_stream_is_not_written(landbridge, store, raw):
    disk = converted(raw, str(store / "s.vmdk"), *DISKS["stream.vmdk"])
    result = landbridge.call("run", "--dry-run", "--write", disk)
    assert result.status == 125 and len(result.err.splitlines()) == 1 and b"--write" in result.err, result


def test_raw_by_its_word(landbridge, store, raw):
    """--format says raw of what looks like more."""
    disk = converted(raw, str(store / "r.vhd"), *DISKS["fixed.vhd"])
    assert "format=raw" in landbridge.call("run", "--dry-run", "--format", "raw", disk).text
    assert os.path.getsize(disk) > os.path.getsize(raw)


# --- roots that are not written to -------------------------------------------------

@pytest.fixture(scope="module")
def links_tar(store, tmp_path_factory):
    """Two names of one file."""
    tar = images.busybox(str(store / "links.tar"))
    with images.TarImage(tar) as image:
        image.dir("srv")
        image.file("srv/a", "a\n")
        image.hard_link("srv/b", "srv/a")
    return tar


LINKS = """cd /srv; s() { busybox stat -c '%d %i %h' "$@"; }
[ "$(s a)" = "$(s b)" ] && echo same
[ $(busybox stat -c %d a) = $(busybox stat -c %d .) ] && echo one device
[ $(busybox du -xs . | busybox cut -f1) = $(busybox du -s . | busybox cut -f1) ] && echo all of it
before=$(s a); echo b >>a; cat b
[ "$(s a)" = "$(s b)" ] && [ "$(s a)" = "$before" ] && echo still
"""


@pytest.mark.parametrize("make", ["mkfs.erofs -zlz4hc {path} {{dir}}", "mksquashfs {{dir}} {path} -quiet"])
def test_hard_links_below_a_layer(landbridge, store, links_tar, make):
    """Two names stay one file with one number, also when it is written to."""
    path = str(store / f"links.{make.split()[0]}")
    disk = images.from_tar(path, links_tar, make.format(path=path))
    result = landbridge.run(disk, "--", "sh", "-c", LINKS)
    assert result.lines == ["same", "one device", "all of it", "a", "b", "still"], result


def test_hard_links_of_a_directory(landbridge, tmp_path, links_tar):
    """9p has no handles for files: the two part when one is written to."""
    subprocess.run(["tar", "-C", tmp_path, "-xpf", links_tar], check=True)
    tmp_path.chmod(0o755)
    result = landbridge.run(tmp_path, "--", "sh", "-c", LINKS)
    assert result.lines[:3] == ["same", "one device", "all of it"], result


# --- xfs -----------------------------------------------------------------------------

# mkfs.xfs(8), "prototype": the smallest root.
XFS = """/none
0 0
d--755 0 0
bin d--755 0 0
busybox ---755 0 0 %s
sh l--777 0 0 busybox
grep l--777 0 0 busybox
$
etc d--755 0 0
$
$
"""


@pytest.fixture
def xfs(tmp_path):
    (tmp_path / "proto").write_text(XFS % images.BUSYBOX)
    disk = str(tmp_path / "x.img")
    with open(disk, "wb") as f:
        f.truncate(320 << 20)  # it takes no less
    subprocess.run(["/usr/sbin/mkfs.xfs", "-q", "-p", tmp_path / "proto", disk], check=True)
    return disk


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def add_feature(disk):
    """One that no kernel knows: sb_features_incompat, and the superblock's sum."""
    with open(disk, "r+b") as f:
        block = bytearray(f.read(512))
        struct.pack_into(">I", block, 216, struct.unpack_from(">I", block, 216)[0] | 1 << 20)
        struct.pack_into("<I", block, 224, 0)
        struct.pack_into("<I", block, 224, crc32c(block))
        f.seek(0)
        f.write(block)


def test_xfs(landbridge, xfs):
    result = landbridge.run(xfs, "--", "grep", " / ", "/proc/mounts")
    assert result.status == 0 and " / xfs rw" in result.text, result
    add_feature(xfs)
    result = landbridge.run(xfs, "--", "true")
    err = result.err.decode()
    assert result.status == 125 and len(err.splitlines()) == 1, result
    assert "kernel seems too old" in err and "--kernel" in err and "fsck" not in err, result
