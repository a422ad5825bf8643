"""busybox_boot: the baseline for boot time: a busybox init that does the same steps
as /init, on the same QEMU, kernel, image and modules, written as one would by hand."""
import os
import re
import shlex
import shutil
import subprocess
import tempfile

INIT = r"""#!/bin/busybox sh
set +e
B=/bin/busybox
$B mount -t proc proc /proc; $B mount -t sysfs sysfs /sys; $B mount -t devtmpfs dev /dev
while read m; do $B insmod /modules/$m; done </modules/order
until [ -b /dev/vda ]; do :; done
$B mkdir -p /sysroot
$B mount -t ext4 /dev/vda /sysroot
for d in proc sys dev; do $B mount --move /$d /sysroot/$d; done
$B mkdir -p /sysroot/dev/pts /sysroot/dev/shm /sysroot/mnt/c
$B mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /sysroot/dev/pts
$B mount -t tmpfs shm /sysroot/dev/shm; $B mount -t tmpfs run /sysroot/run; $B mount -t tmpfs tmp /sysroot/tmp
$B mount -t cgroup2 cgroup /sysroot/sys/fs/cgroup
$B hostname budget
$B ip link set lo up; $B ip link set eth0 up
$B ip addr add 10.0.2.15/24 dev eth0; $B ip route add default via 10.0.2.2
$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=mmap C: /sysroot/mnt/c
$B mount -t binfmt_misc binfmt /sysroot/proc/sys/fs/binfmt_misc
echo ':WSLInterop:M::MZ::/init:P' >/sysroot/proc/sys/fs/binfmt_misc/register
echo 'nameserver 10.0.2.3' >/sysroot/etc/resolv.conf; echo budget >/sysroot/etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 budget\n' >/sysroot/etc/hosts
$B grep '^[a-z]*:.*:1000:' /sysroot/etc/passwd
exec $B switch_root /sysroot /bin/sh -c '%s; echo o >/proc/sysrq-trigger; sleep 9'
"""


def cpio(entries):
    """A newc archive of (name, mode, data): kernel, driver-api/early-userspace/buffer-format."""
    out = b""
    for n, (name, mode, data) in enumerate(entries + [("TRAILER!!!", 0, b"")], 1):
        raw = name.encode() + b"\0"
        head = [n, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
        out += b"070701" + b"".join(b"%08X" % h for h in head) + raw
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


def module_files(kernel, names, missing=True):
    """The files of these modules, in this order; missing=False: those that are not built in."""
    with open(os.path.join(kernel, "release"), encoding="utf-8") as f:
        base = os.path.join(kernel, "modules", f.read().strip())
    with open(base + "/modules.dep", encoding="utf-8") as f:
        paths = [line.split(":")[0] for line in f]
    by_name = {re.sub(r"\.ko.*", "", os.path.basename(p)).replace("-", "_"): os.path.join(base, p) for p in paths}
    return [by_name[n] for n in names if missing or n in by_name]


def archive(build, modules, init, extra=()):
    """An initramfs with these modules and /init; extra: (name in it, file)."""
    entries = [(d, 0o40755, b"") for d in ("bin", "dev", "proc", "sys", "modules")]
    files = module_files(os.path.join(build, "kernel"), modules)
    order = "".join(os.path.basename(p) + "\n" for p in files)
    entries.append(("modules/order", 0o100644, order.encode()))
    entries.append(("init", 0o100755, init))
    for name, path in [("modules/" + os.path.basename(p), p) for p in files] + list(extra):
        with open(path, "rb") as f:
            entries.append((name, 0o100755, f.read()))
    return cpio(entries)


def busybox(build, modules, command):
    return archive(build, modules, (INIT % command).encode(), [("bin/busybox", shutil.which("busybox"))])


def loader(build, modules):
    with open(os.path.join(build, "bench", "insmod"), "rb") as f:
        return archive(build, modules, f.read())


def qemu(dry_run, initrd):
    """Landbridge's own QEMU command line, with another initramfs and its serial line on our stdout."""
    words = shlex.split(dry_run)
    words[words.index("-initrd") + 1] = initrd
    append = words.index("-append") + 1
    words[append] = re.sub(r" landbridge\.\S+", "", words[append])
    for i, word in enumerate(words):
        if word.startswith("socket,id=console"):
            words[i] = "stdio,id=console,signal=off"
        elif word.startswith("socket,id="):
            words[i] = re.sub(r"socket,(id=\w+),.*", r"null,\1", word)
    return words


def boot(dry_run, initramfs):
    """What the guest wrote to its serial line."""
    with tempfile.NamedTemporaryFile(suffix=".cpio") as f:
        f.write(initramfs)
        f.flush()
        done = subprocess.run(
            qemu(dry_run, f.name), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=180, check=False,
        )
    return done.stdout.decode("utf-8", "replace")
