"""Guests for p9d's tests: Debian's kernel, an initramfs made of busybox, p9d,
p9check and a script, and QEMU without anything else."""
import glob
import os
import shutil
import stat
import subprocess

BUILD = os.environ.get("LANDBRIDGE_BUILD", "build")
SOAK = os.environ.get("LANDBRIDGE_SOAK") == "1"
HERE = os.path.join(os.path.dirname(__file__), "p9")
MODULES = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "9p", "9pnet_fd", "fuse"]
APPLETS = ("sh mount umount insmod mkdir rm cp sed cat tar find sort cmp md5sum usleep poweroff grep stat ifconfig "
           "switch_root pidof").split()


def module_files(names):
    """The modules and all they need, in the order to load them."""
    kernel = os.path.join(BUILD, "kernel")
    with open(os.path.join(kernel, "release"), encoding="ascii") as f:
        top = os.path.join(kernel, "modules", f.read().strip())
    needs = {}
    with open(os.path.join(top, "modules.dep"), encoding="ascii") as f:
        for line in f:
            name, _, rest = line.partition(":")
            needs[name] = rest.split()
    by_name = {os.path.basename(n).split(".ko")[0]: n for n in needs}
    order = []

    def add(path):
        for need in needs[path]:
            add(need)
        if path not in order:
            order.append(path)

    for name in names:
        add(by_name[name])
    return [os.path.join(top, path) for path in order]


def write_cpio(out, root):
    """A newc archive of a directory, as the kernel unpacks it."""
    paths = ["."]
    for top, dirs, files in os.walk(root):
        paths += [os.path.relpath(os.path.join(top, n), root) for n in sorted(dirs + files)]
    for n, path in enumerate(sorted(paths) + ["TRAILER!!!"], 1):
        full = os.path.join(root, path)
        data, mode = b"", 0
        if path != "TRAILER!!!":
            mode = os.lstat(full).st_mode
            if stat.S_ISREG(mode):
                with open(full, "rb") as f:
                    data = f.read()
            elif stat.S_ISLNK(mode):
                data = os.readlink(full).encode()
        name = path.encode() + b"\0"
        fields = [n, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name
        out.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))


def make_p9check(path):
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-static", "-o", path,
                    *sorted(glob.glob(os.path.join(HERE, "*.c")))], check=True)


def make_initramfs(tmp, init, modules=(), extra=None):
    """tmp/initramfs, whose /init is the script p9/`init`. `extra` (a directory)
    goes in as /p9."""
    root = tmp / "root"
    for name in ("bin", "modules", "proc", "sys", "dev", "new"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin" / "busybox")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    for program in ("p9d", "p9mount"):
        shutil.copy(os.path.join(BUILD, program), root / "bin" / program)
    make_p9check(root / "bin" / "p9check")
    shutil.copy(os.path.join(HERE, init), root / "init")
    if extra:
        shutil.copytree(extra, root / "p9")
    files = module_files([*MODULES, *modules])
    for path in files:
        shutil.copy(path, root / "modules")
    (root / "modules" / "order").write_text("".join(os.path.basename(p) + "\n" for p in files))
    with open(tmp / "initramfs", "wb") as out:
        write_cpio(out, root)


def disk(tmp, name, size):
    """An empty ext4 disk (sparse)."""
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-b", "4096", tmp / name, size], check=True)
    return tmp / name


def qemu(tmp, append, disks, *more, cpus=1, memory=512):
    """The command line. `disks` ("format=raw,file=...") are /dev/vda, vdb, ..."""
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "qemu64",
               "-smp", str(cpus), "-m", str(memory), "-nodefaults", "-no-user-config", "-nographic", "-no-reboot",
               "-serial", "stdio", "-kernel", os.path.join(BUILD, "kernel", "vmlinux"), "-initrd", tmp / "initramfs",
               "-append", "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off nokaslr " + append]
    for n, options in enumerate(disks):
        command += ["-drive", f"if=none,id=d{n},{options}", "-device", f"virtio-blk-pci,drive=d{n}"]
    return command + list(more)
