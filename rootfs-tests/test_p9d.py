"""The kernel's own 9P client against p9d: a guest of busybox, p9d and p9check
on Debian's kernel, with an ext4 file system to serve, in every cache mode."""
import os
import shutil
import stat
import subprocess

import pytest

BUILD = os.environ.get("LANDBRIDGE_BUILD", "build")
SOAK = os.environ.get("LANDBRIDGE_SOAK") == "1"
HERE = os.path.dirname(__file__)
MODULES = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "9p", "9pnet_fd"]


def module_files():
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

    for module in MODULES:
        add(by_name[module])
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


def make_initramfs(tmp):
    root = tmp / "root"
    for name in ("bin", "modules", "proc", "sys", "dev"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin" / "busybox")
    for applet in ("sh mount umount insmod mkdir rm sed cat tar find sort cmp md5sum usleep poweroff grep stat ifconfig").split():
        (root / "bin" / applet).symlink_to("busybox")
    shutil.copy(os.path.join(BUILD, "p9d"), root / "bin" / "p9d")
    subprocess.run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-static", "-o", root / "bin" / "p9check",
                    os.path.join(HERE, "p9", "p9check.c")], check=True)
    shutil.copy(os.path.join(HERE, "p9", "guest"), root / "init")
    files = module_files()
    for path in files:
        shutil.copy(path, root / "modules")
    (root / "modules" / "order").write_text("".join(os.path.basename(p) + "\n" for p in files))
    with open(tmp / "initramfs", "wb") as out:
        write_cpio(out, root)


def test_kernel_client(tmp_path):
    seconds = 200 if SOAK else 3
    make_initramfs(tmp_path)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", tmp_path / "disk", "256M"], check=True)
    done = subprocess.run(
        ["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "qemu64", "-smp", "1", "-m", "512",
         "-nodefaults", "-no-user-config", "-nographic", "-no-reboot", "-serial", "stdio",
         "-kernel", os.path.join(BUILD, "kernel", "vmlinux"), "-initrd", tmp_path / "initramfs",
         "-append", f"console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off nokaslr p9check.seconds={seconds}",
         "-drive", f"if=none,id=d,format=raw,file={tmp_path / 'disk'}", "-device", "virtio-blk-pci,drive=d"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400 + 6 * seconds,
        text=True, errors="replace", check=False)
    print(done.stdout)
    if "guest: 0 failed" not in done.stdout:
        pytest.fail("the guest's verdict was not good:\n" + done.stdout[-4000:])
