"""Images of every kind: virtual disks of other makers, and what is refused of them."""
import hashlib
import os
import shutil
import struct
import subprocess

import pytest

import images
from frontdoor import BUILD, LANDBRIDGE
from processes import children_of, command_of, gone, name_of, until


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


# --- what is no root file system, and where one is hidden ---------------------------

def mkfs(path, make, tree, size):
    """A disk with an (ordinary) tree {path: bytes, None for a directory}."""
    top = path + ".d"
    for name, data in tree.items():
        os.makedirs(os.path.join(top, name if data is None else os.path.dirname(name)), exist_ok=True)
        if data is not None:
            with open(os.path.join(top, name), "wb") as f:
                f.write(data)
    with open(path, "wb") as f:
        f.truncate(size)
    subprocess.run([*make, top, path], check=True, stdout=subprocess.DEVNULL)
    return path


EXT4, BTRFS = ["mke2fs", "-q", "-t", "ext4", "-d"], ["mkfs.btrfs", "-q", "-r"]
BOOT = {"grub/grub.cfg": b"", "vmlinuz-6.1": b""}


def one_line(result, *words):
    assert result.status == 125 and len(result.err.splitlines()) == 1 and result.out == b"", result
    for word in words:
        assert word in result.err.decode(), result


def test_boot_partition_alone(landbridge, tmp_path):
    disk = mkfs(str(tmp_path / "boot.img"), EXT4, BOOT, 16 << 20)
    one_line(landbridge.run(disk, "--", "true"), "no root file system", "/dev/vda is ext4", "vmlinuz-6.1", "--partition")


def test_boot_beside_lvm(landbridge, tmp_path):
    fs = mkfs(str(tmp_path / "boot.fs"), EXT4, BOOT, 8 << 20)
    disk = str(tmp_path / "lvm.img")
    with open(disk, "wb") as f:
        f.truncate(32 << 20)
    table = "label: gpt\nstart=2048, size=16384, type=L\nstart=18432, size=16384, type=E6D6D379-F507-44C2-A23C-238F2A3DF928\n"
    subprocess.run(["sfdisk", "-q", disk], input=table.encode(), check=True)
    with open(fs, "rb") as f:
        change(disk, (2048 * 512, f.read()), (18433 * 512, b"LABELONE" + bytes(16) + b"LVM2 001"))
    one_line(landbridge.run(disk, "--", "true"), "LVM", "grub", "copy its volume")
    change(disk, (512, bytes(16 * 1024)), (446, bytes(64)))  # no table: the volume is the disk
    change(disk, (510, b"\0\0"), (512, b"LABELONE" + bytes(16) + b"LVM2 001"))
    one_line(landbridge.run(disk, "--", "true"), "LVM", disk)


def test_btrfs_without_a_system(landbridge, tmp_path):
    disk = mkfs(str(tmp_path / "b.img"), BTRFS, {"@data": None, "@home": None}, 120 << 20)
    one_line(landbridge.run(disk, "--", "true"), "/dev/vda is btrfs", "@data", "@home", "--subvolume")


# As root of the file system: a subvolume, the system in it, and nothing above it.
SUBVOLUME = """set -e
perl -e 'open(D, "<", "/") or die; my $a = pack("q a4088", 0, $ARGV[0]); ioctl(D, 0x5000940e, $a) or die "$!"' NAME
mkdir /NAME/bin /NAME/etc; cp /busybox /NAME/bin/sh; cp /busybox /NAME/bin/grep; echo NAME >/NAME/etc/here
perl -e 'rename("/$_", "/old-$_") for qw(bin etc usr)'
"""


@pytest.mark.parametrize("name, option", [("@", []), ("root", []), ("deep", ["--subvolume", "/deep"])])
def test_btrfs_subvolume(landbridge, tmp_path, debian_tar, name, option):
    tar = str(tmp_path / "b.tar")
    with images.TarImage(tar, debian_tar) as image, open(images.BUSYBOX, "rb") as f:
        image.file("busybox", f.read(), 0o755)
    disk = str(tmp_path / "b.img")
    with open(disk, "wb") as f:
        f.truncate(600 << 20)
    images.from_tar(disk, tar, ("rm -rf {dir}/root; " if name == "root" else "") + f"mkfs.btrfs -q -r {{dir}} {disk}")
    result = landbridge.run("--write", disk, "--", "/bin/sh", "-c", SUBVOLUME.replace("NAME", name))
    assert result.status == 0, result
    result = landbridge.run(*option, disk, "--", "sh", "-c", "read x </etc/here; echo $x; grep ' / / ' /proc/self/mountinfo; "
                            f"grep ' /{name} / ' /proc/self/mountinfo")
    assert result.lines[0] == name and f"/{name} / rw" in result.text and "btrfs" in result.text, result
    if option:
        one_line(landbridge.run(disk, "--", "true"), "--subvolume", name)
        one_line(landbridge.run("--subvolume", "none", disk, "--", "true"), "--subvolume", name)


def test_tar_with_a_prefix(landbridge, tmp_path, busybox_image):
    """As distributions ship them: everything below root.x86_64/."""
    top = tmp_path / "top" / "root.x86_64"
    top.mkdir(parents=True)
    subprocess.run(["tar", "-C", top, "-xpf", busybox_image], check=True)
    tar = str(tmp_path / "prefix.tar")
    subprocess.run(["tar", "-C", tmp_path / "top", "-cf", tar, "root.x86_64"], check=True)
    result = landbridge.run(tar, "--", "sh", "-c", "echo here")
    assert (result.status, result.out) == (0, b"here\n"), result
    # The same as a directory is named.
    one_line(landbridge.run(tmp_path / "top", "--", "true"), "--subvolume", "/etc")
    result = landbridge.run("--subvolume", "root.x86_64", tmp_path / "top", "--", "sh", "-c", "echo here")
    assert (result.status, result.out) == (0, b"here\n"), result


def test_tar_of_something_else(landbridge, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    tar = str(tmp_path / "n.tar")
    subprocess.run(["tar", "-C", tmp_path, "-cf", tar, "notes.txt"], check=True)
    one_line(landbridge.run(tar, "--", "true"), "no /etc", "notes.txt")


def test_tar_of_a_link_to_the_host(landbridge, tmp_path):
    """All there is is a link to a system of the host's: that is not what somebody gave us."""
    (tmp_path / "host" / "etc").mkdir(parents=True)
    (tmp_path / "boat").symlink_to(tmp_path / "host")
    tar = str(tmp_path / "n.tar")
    subprocess.run(["tar", "-C", tmp_path, "-cf", tar, "boat"], check=True)
    one_line(landbridge.run(tar, "--", "true"), "no /etc", "boat")


# --- what a tar keeps, and what goes wrong with one ----------------------------------

def small_tree(top):
    """A root that has capabilities, attributes and ACLs."""
    for name in ("bin", "etc"):
        (top / name).mkdir(parents=True)
    for name in ("bin/sh", "bin/ping"):
        (top / name).write_bytes(open(images.BUSYBOX, "rb").read())
        (top / name).chmod(0o755)
    subprocess.run(["/usr/sbin/setcap", "cap_net_raw+ep", top / "bin" / "ping"], check=True)
    subprocess.run(["setfattr", "-n", "user.note", "-v", "hel\nlo", top / "etc"], check=True)
    subprocess.run(["setfacl", "-m", "u:1234:rwx", top / "etc"], check=True)
    subprocess.run(["setfacl", "-d", "-m", "g:77:rx", top / "etc"], check=True)
    return top


def attributes(disk, name):
    return subprocess.run(["debugfs", "-R", f"ea_list {name}", disk], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    top = tmp_path_factory.mktemp("tree")
    try:
        return small_tree(top)
    except subprocess.CalledProcessError:
        pytest.skip("no attributes or ACLs here, or not root")


MAKE_IMAGE = os.path.join(BUILD, "make-image")


@pytest.mark.parametrize("pack", ["", "gzip", "xz -0", "zstd -q", "bzip2"])
def test_tar_keeps_attributes(tree, tmp_path, pack):
    tar, disk = str(tmp_path / "a.tar"), str(tmp_path / "a.ext4")
    # ACLs as text, as tar writes them.
    subprocess.run(["tar", "--xattrs", "--xattrs-include=user.*", "--xattrs-include=security.*", "--acls", "-C", tree,
                    "-cf", tar, "."], check=True)
    if pack:
        with open(tar + ".p", "wb") as f:
            subprocess.run([*pack.split(), "-c", tar], stdout=f, check=True)
        tar += ".p"
    subprocess.run([MAKE_IMAGE, tar, disk], check=True)
    assert "security.capability (20) = 01 00 00 02 00 20 00 00" in attributes(disk, "/bin/ping")
    etc = attributes(disk, "/etc")
    assert "user.note (6) = " in etc and "posix_acl_access (28)" in etc and "posix_acl_default (28)" in etc, etc
    assert "d2 04 00 00" in etc and "4d 00 00 00" in etc, etc
    assert "security" not in attributes(disk, "/bin/sh")
    assert subprocess.run(["e2fsck", "-fn", disk], capture_output=True, check=False).returncode == 0


def test_killed_while_it_makes_a_disk(home, landbridge, debian_tar, tmp_path):
    """Nobody works on for who was killed, and nothing half made is left."""
    tar = shutil.copy(debian_tar, tmp_path / "killed.tar")
    run = landbridge.start("run", tar, "--", "true")
    assert until(lambda: any(name_of(child) in ("tar", "mke2fs") for child in children_of(run.pid)), 60)
    family = children_of(run.pid)
    run.kill()
    run.communicate()
    working = [child for child in family if name_of(child) in ("tar", "mke2fs", "fakeroot")]
    assert until(gone(working), 5), [name_of(child) for child in family]
    assert until(gone(family), 60), [name_of(child) for child in family]
    faked = [command_of(int(pid)) for pid in os.listdir("/proc") if pid.isdigit() and (name_of(pid) or "").startswith("faked")]
    assert not any(str(home) in " ".join(command) for command in faked), faked
    assert not [name for name in os.listdir(home / "images") if name.startswith(".new")]


@pytest.mark.parametrize("odd", ["fifo", "huge"])
@pytest.mark.parametrize("names", [["passwd"], ["group", "hostname", "hosts", "fstab", "wsl.conf"]])
def test_odd_texts_in_an_image(landbridge, tmp_path, busybox_image, names, odd):
    """A FIFO in the place of a text keeps nobody waiting; one of 1 TiB fills no memory."""
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    subprocess.run(["tar", "-C", root, "-xpf", busybox_image], check=True)
    for name in names:
        path = root / "etc" / name
        path.unlink(missing_ok=True)
        if odd == "fifo":
            os.mkfifo(path)
        else:
            with open(path, "wb") as file:
                file.truncate(1 << 40)
    result = landbridge.run("--memory", "256M", root, "--", "sh", "-c", "echo in", timeout=120)
    assert result.out == b"in\n" or (names == ["passwd"] and result.status == 126 and result.err), result


def test_capability_counts_in_the_guest(landbridge, tree, tmp_path, debian_tar):
    """A program that may more than its user."""
    tar = str(tmp_path / "c.tar")
    with images.TarImage(tar, debian_tar) as image, open(images.BUSYBOX, "rb") as f:
        data = f.read()
        info = image._member("bin/busybox", b"0", 0o755, 0, 0)
        info.size = len(data)
        info.pax_headers = {"SCHILY.xattr.security.capability": (bytes([1, 0, 0, 2, 1]) + bytes(15)).decode("latin-1")}
        f.seek(0)
        image.tar.addfile(info, f)
    result = landbridge.run("--user", "nobody", tar, "--", "/bin/busybox", "chown", "1:1", "/etc/motd")
    assert result.status == 0, result  # cap_chown


@pytest.mark.skipif(not os.environ.get("LANDBRIDGE_SOAK"), reason="takes more than a minute: make soak")
@pytest.mark.timeout(600)
def test_tar_of_many_files(landbridge, tmp_path, busybox_image):
    """More of them than a disk of that size would have inodes for by itself."""
    with images.TarImage(str(tmp_path / "m.tar"), busybox_image) as image:
        for i in range(200):
            image.dir(f"srv/{i}")
            for j in range(1000):
                image.file(f"srv/{i}/{j}", b"")
    result = landbridge.run(tmp_path / "m.tar", "--", "sh", "-c", "ls /srv | wc -l; ls /srv/199 | wc -l".replace("wc", "busybox wc"),
                            timeout=500)
    assert result.lines == ["200", "1000"], result


def damage(data, kind):
    return data[:len(data) * 2 // 3] if kind == "cut" else data[:200000] + b"x" * 20 + data[200020:]


@pytest.mark.parametrize("pack, kind", [("cat", "cut"), ("gzip", "cut"), ("gzip", "changed"), ("xz -0", "cut"), ("zstd -q", "cut")])
def test_damaged_tar(landbridge, tmp_path, busybox_image, pack, kind):
    with open(busybox_image, "rb") as f:
        data = subprocess.run([*pack.split(), *(["-c"] if pack != "cat" else [])], stdin=f, capture_output=True, check=True).stdout
    (tmp_path / "d.tar").write_bytes(damage(data, kind))
    one_line(landbridge.run(tmp_path / "d.tar", "--", "true"), "unable to make a disk of", "damaged", "copy it again")


def test_full_disk(landbridge, tmp_path, busybox_image):
    """With nothing left for a log either."""
    script = (f"mount -t tmpfs -o size=1m none {tmp_path} && LANDBRIDGE_HOME={tmp_path} exec {LANDBRIDGE} run "
              f"{busybox_image} -- true")
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("not root")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, env=landbridge.env, check=False)
    assert done.returncode == 125 and done.stderr.count(b"\n") == 1, done
    assert b"No space left" in done.stderr and b"LANDBRIDGE_HOME" in done.stderr, done
    assert os.listdir(tmp_path) == []


# --- more disks, and QEMU's own options ---------------------------------------------------

def test_more_disks(landbridge, store, busybox_image, tmp_path):
    """In their order behind the root's; a system on one of them is not the root."""
    second = images.disk_from_tar(str(store / "second.img"), busybox_image, "64M")
    subprocess.run(["debugfs", "-w", "-R", "mkdir /second", second], check=True, capture_output=True)
    third = converted(second, str(store / "third"), "qcow2")
    before = sha(third)
    script = ("ls /second; mkdir /tmp/b /tmp/c; busybox mount -t ext4 /dev/vdb /tmp/b && echo new >/tmp/b/second/f; "
              "busybox mount -t ext4 -o ro /dev/vdc /tmp/c && ls /tmp/c/second; cat /sys/block/vdc/ro; busybox umount /tmp/b; "
              "cat /sys/class/dmi/id/product_serial")
    result = landbridge.run("--disk", second, "--disk", f"{third},ro", "--qemu=-smbios type=1,serial=s-1", busybox_image, "--",
                            "sh", "-c", script.replace("mkdir", "busybox mkdir"))
    assert (result.status, result.lines) == (0, ["1", "s-1"]), result
    text = subprocess.run(["debugfs", "-R", "cat /second/f", second], capture_output=True, text=True, check=True).stdout
    assert text == "new\n" and sha(third) == before


@pytest.mark.parametrize("given, words", [("{}/none", "No such file"), ("/dev/null", "it is none"), ("{}", "it is none")])
def test_no_disk(landbridge, tmp_path, given, words):
    one_line(landbridge.call("run", "--dry-run", "--disk", given.format(tmp_path)), words)


def test_disk_that_names_another(landbridge, store, raw):
    child = str(store / "child.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", child], check=True)
    one_line(landbridge.call("run", "--dry-run", "--disk", child), "backing file")


def test_qemu_refuses(landbridge, busybox_image):
    one_line(landbridge.run("--qemu=-frobnicate", busybox_image, "--", "true"), "frobnicate")
