"""Images for the tests, made from Debian's minbase or from busybox alone.

An image is a tar that `landbridge run` takes as it is; what a test adds is
appended to it (of two members with one name the later wins when unpacked).
"""
import io
import os
import shutil
import tarfile

BUSYBOX = "/bin/busybox"


class TarImage:
    """A tar to which files, directories and links are appended."""

    def __init__(self, path, base=None):
        self.path = path
        if base:
            shutil.copyfile(base, path)
        self.tar = tarfile.open(path, "a", format=tarfile.PAX_FORMAT)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.tar.close()

    def _member(self, name, kind, mode, uid, gid):
        info = tarfile.TarInfo("./" + name.lstrip("/"))
        info.type, info.mode, info.uid, info.gid = kind, mode, uid, gid
        return info

    def dir(self, name, mode=0o755, uid=0, gid=0):
        self.tar.addfile(self._member(name, tarfile.DIRTYPE, mode, uid, gid))

    def file(self, name, data, mode=0o644, uid=0, gid=0):
        data = data.encode() if isinstance(data, str) else data
        info = self._member(name, tarfile.REGTYPE, mode, uid, gid)
        info.size = len(data)
        self.tar.addfile(info, io.BytesIO(data))

    def link(self, name, target):
        info = self._member(name, tarfile.SYMTYPE, 0o777, 0, 0)
        info.linkname = target
        self.tar.addfile(info)

    def hard_link(self, name, target):
        info = self._member(name, tarfile.LNKTYPE, 0o644, 0, 0)
        info.linkname = "./" + target.lstrip("/")
        self.tar.addfile(info)

    def read(self, name):
        """The text of a member that the image has already."""
        name = name.lstrip("/")
        self.tar.fileobj.flush()
        with tarfile.open(self.path) as tar:  # one opened to append cannot be read
            found = [m for m in tar.getmembers() if m.name.removeprefix("./") == name]
            return tar.extractfile(found[-1]).read().decode()


def add_user(image, name, uid, shell, groups):
    """A user with a home directory and supplementary groups {name: gid}."""
    image.file("etc/passwd", image.read("etc/passwd") + f"{name}:x:{uid}:{uid}:,,,:/home/{name}:{shell}\n")
    lines = [f"{name}:x:{uid}:\n"] + [f"{g}:x:{gid}:{name}\n" for g, gid in groups.items()]
    image.file("etc/shadow", image.read("etc/shadow") + f"{name}:!:20000:0:99999:7:::\n", 0o640)
    image.file("etc/group", image.read("etc/group") + "".join(lines))
    image.dir(f"home/{name}", 0o755, uid, uid)


def debian(path, base, user=None, wsl_conf=None):
    """Debian's minbase, with a user {name, uid, shell, groups} and a wsl.conf."""
    with TarImage(path, base) as image:
        if user:
            add_user(image, **user)
        if wsl_conf:
            image.file("etc/wsl.conf", wsl_conf)
    return path


def busybox(path, applets=("sh", "mount", "ls", "cat", "id", "sleep"), passwd="root:x:0:0:root:/root:/bin/sh\n",
            program=BUSYBOX):
    """The smallest image: one static program. `applets` may be empty."""
    with TarImage(path) as image:
        for name in ("bin", "sbin", "etc", "root", "proc", "sys", "dev", "run", "tmp", "mnt"):
            image.dir(name)
        with open(program, "rb") as f:
            image.file("bin/busybox", f.read(), 0o755)
        for applet in applets:
            image.link(f"bin/{applet}", "busybox")
        image.file("etc/passwd", passwd)
        image.file("etc/group", "root:x:0:\n")
    return path


def from_tar(path, tar, make):
    """What the command `make` makes in `path` of the tar's content, which is in
    the directory {dir}: owners kept, without root."""
    work = path + ".d"
    os.makedirs(work)
    script = f"tar -C {work} -xpf {tar} && {make.format(dir=work)}"
    if os.system(f"fakeroot sh -c '{script}' >/dev/null") != 0:
        raise RuntimeError(f"cannot make {path}")
    shutil.rmtree(work)
    return path


def disk_from_tar(path, tar, size="900M"):
    """A raw ext4 disk with the tar's content."""
    return from_tar(path, tar, f"mke2fs -q -t ext4 -O ^has_journal -d {{dir}} {path} {size}")
