#!/usr/bin/python3
"""bench_drives: one tree of 5,000 files in 100 directories in one guest four times: on a
drive of the link, on QEMU's virtio-9p and virtiofs (where this host has a virtiofsd and we
are root), and on the guest's own ext4; with the work that people do there.

A row is the work's time as a ratio to ext4: the first time, with nothing in memory (cold),
and the best of three after it (warm). Work that changes the tree is done once.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

DIRS, FILES, SOURCES = 100, 50, 20
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
MOUNTS = r"""
for module in 9pnet_virtio 9p virtiofs; do /mnt/e/busybox modprobe $module; done
mkdir -p /nine /fs
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=mmap nine /nine || echo "no virtio-9p"
mount -t virtiofs fs /fs || echo "no virtiofs"
cp -a /mnt/d/tree ~/tree; tar cf /dev/shm/tree.tar -C ~ tree
"""
SCRIPT = r"""
cd "$1/tree" || exit
git config --global --add safe.directory '*'
us() { a=$(date +%s%N); "$@" >/dev/null 2>&1; b=$(date +%s%N); echo -n "$(((b - a) / 1000)) "; }
cold() { sync; echo 3 >/proc/sys/vm/drop_caches; }
row() { echo -n "ROW $way $1 "; shift; cold; for i in 0 1 2 3; do us "$@"; done; echo; }
once() { echo -n "ROW $way $1 "; shift; cold; us "$@"; echo; }
tars() { tar c . | cat; }
compile() { for f in c/*.c; do gcc -Ic -fsyntax-only $f; done; }
way=$2
once stat stat d50/f20
row git-status git status
row find find . -type f
row find-size find . -size +1000
row tar tars
row grep-r grep -r zzzzq .
row compile compile
cd ..
once untar tar xf /dev/shm/tree.tar --one-top-level=new
once clone git clone -q --no-local tree cloned
once remove rm -r new
once write dd if=/dev/zero of=bulk bs=1M count=100 conv=fsync
once read dd if=bulk of=/dev/null bs=1M
"""
WORKS = ("git-status", "find", "find-size", "tar", "grep-r", "compile")
ONCE = ("stat", "untar", "clone", "remove", "write", "read")


def make_tree(top):
    words = random.Random(1)
    for number in range(DIRS * FILES):
        path = os.path.join(top, f"d{number // FILES}", f"f{number % FILES}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            f.write("".join(f"{words.randrange(1 << 64):x}\n" for _ in range(words.randrange(10, 300))))
    os.mkdir(os.path.join(top, "c"))
    for number in range(SOURCES):
        with open(os.path.join(top, "c", f"own{number}.h"), "w", encoding="ascii") as f:
            f.write(f"int f{number}(int);\n")
        with open(os.path.join(top, "c", f"s{number}.c"), "w", encoding="ascii") as f:
            f.write("".join(f'#include "own{i}.h"\n' for i in range(SOURCES)) + f"int f{number}(int x) {{ return x; }}\n")
    git = ["git", "-C", top, "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "tree"]):
        subprocess.run([*git, *words], check=True)


def start_virtiofsd(tmp):
    """QEMU's own daemon, and what QEMU needs for it."""
    if os.geteuid() != 0 or not os.access(VIRTIOFSD, os.X_OK):
        return None, []
    daemon = subprocess.Popen([VIRTIOFSD, f"--socket-path={tmp}/socket", "-o", f"source={tmp}/fs", "-o", "sandbox=chroot",
                               "-o", "cache=auto"], stderr=subprocess.DEVNULL)
    while not os.path.exists(f"{tmp}/socket") and daemon.poll() is None:
        time.sleep(0.05)
    return daemon, ["-object memory-backend-memfd,id=ram,size=1G,share=on", "-numa node,memdev=ram",
                    f"-chardev socket,id=fs,path={tmp}/socket", "-device vhost-user-fs-pci,chardev=fs,tag=fs"]


def run(tmp):
    """{(way, work): [cold, warm...]}, in microseconds."""
    daemon, devices = start_virtiofsd(tmp)
    devices += [f"-fsdev local,id=nine,path={tmp}/nine,security_model=none", "-device virtio-9p-pci,fsdev=nine,mount_tag=nine"]
    options = [word for device in devices for word in ("--qemu", device)]
    command = "sh /mnt/e/mounts; for way in link:/mnt/d fs:/fs nine:/nine ext4:$HOME; do sh /mnt/e/script ${way#*:} ${way%%:*}; done"
    try:
        out = subprocess.run(["build/landbridge", "run", "--user", "root", "--memory", "1G", "--drive", f"D:={tmp}/link",
                              "--drive", f"E:={tmp}/tools", *options, "build/images/p9suite.ext4", "--", "bash", "-c", command],
                             capture_output=True, text=True, check=False).stdout
    finally:
        if daemon:
            daemon.kill()
            daemon.wait()
    rows = [line.split() for line in out.splitlines() if line.startswith("ROW ")]
    ways = {row[1] for row in rows}
    if not {"link", "ext4"} <= ways or len(rows) != len(ways) * (len(WORKS) + len(ONCE)):
        sys.exit(f"bench_drives: unable to measure: {out[-1000:]}")
    return {(way, work): [int(n) for n in times] for _, way, work, *times in rows}


def main():
    with tempfile.TemporaryDirectory(prefix="drivebench") as tmp:
        make_tree(os.path.join(tmp, "link", "tree"))
        for way in ("nine", "fs"):
            shutil.copytree(os.path.join(tmp, "link"), os.path.join(tmp, way), symlinks=True)
        os.mkdir(os.path.join(tmp, "tools"))
        for name, text in (("script", SCRIPT), ("mounts", MOUNTS)):
            with open(os.path.join(tmp, "tools", name), "w", encoding="ascii") as f:
                f.write(text)
        shutil.copy("/bin/busybox", os.path.join(tmp, "tools"))
        results = run(tmp)
    ways = [(way, name) for way, name in (("link", "a drive"), ("fs", "virtiofs"), ("nine", "virtio-9p")) if (way, "find") in results]
    print(f"A drive beside others in one guest, {DIRS * FILES} files: times as large as ext4's (whose ms), cold and warm")
    print(f"{'':12} {'ext4':>16}" + "".join(f"{name + ' cold':>16} {'warm':>6}" for _, name in ways))
    for work in WORKS:
        ext4 = results[("ext4", work)]
        print(f"{work:12} {ext4[0] // 1000:9} {min(ext4[1:]) // 1000:6}" + "".join(
            f"{results[(way, work)][0] / ext4[0]:16.2f} {min(results[(way, work)][1:]) / min(ext4[1:]):6.2f}" for way, _ in ways))
    print("Once, with nothing in memory")
    for work in ONCE:
        ext4 = results[("ext4", work)][0]
        print(f"{work:12} {ext4 / 1000:9.1f} {'':6}" + "".join(f"{results[(way, work)][0] / ext4:16.2f} {'':6}" for way, _ in ways))


main()
