#!/usr/bin/python3
"""bench_drives: one tree of 5,000 files in 100 directories on a drive of the link, on
one of QEMU's virtio-9p, and on the guest's own ext4, with the work that people do there.

Each guest has the tree twice: as drive D:, and copied to its root disk. A row is the
work's time on the drive as a ratio to ext4 in the same guest: the first time, with
nothing in memory, and the best of three after it.
"""
import os
import random
import subprocess
import sys
import tempfile

DIRS, FILES = 100, 50
SCRIPT = r"""
cd "$1" || exit
git config --global --add safe.directory '*'
us() { a=$(date +%s%N); "$@" >/dev/null 2>&1; b=$(date +%s%N); echo -n "$(((b - a) / 1000)) "; }
tars() { tar c . | cat; }
row() { echo -n "ROW $2 $1 "; shift 2; echo 3 >/proc/sys/vm/drop_caches; for i in 0 1 2 3; do us "$@"; done; echo; }
row "git-status" "$2" git status
row "find" "$2" find . -type f
row "find-size" "$2" find . -size +1000
row "tar" "$2" tars
row "grep-r" "$2" grep -r zzzzq .
"""


def make_tree(top):
    words = random.Random(1)
    for number in range(DIRS * FILES):
        path = os.path.join(top, f"d{number // FILES}", f"f{number % FILES}")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            f.write("".join(f"{words.randrange(1 << 64):x}\n" for _ in range(words.randrange(10, 300))))
    git = ["git", "-C", top, "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "tree"]):
        subprocess.run([*git, *words], check=True)


def run(way, tmp):
    """{(where, work): [cold, warm...]}, in microseconds."""
    command = "cp -a /mnt/d ~/tree; sh /mnt/e/script /mnt/d drive; sh /mnt/e/script ~/tree ext4"
    out = subprocess.run(["build/landbridge", "run", "--drives-by", way, "--user", "root", "--memory", "1G",
                          "--drive", f"D:={tmp}/tree", "--drive", f"E:={tmp}/tools", "build/images/p9suite.ext4",
                          "--", "bash", "-c", command], capture_output=True, text=True, check=False).stdout
    rows = [line.split() for line in out.splitlines() if line.startswith("ROW ")]
    if len(rows) != 10:
        sys.exit(f"bench_drives: unable to measure {way}: {out[-500:]}")
    return {(where, work): [int(n) for n in times] for _, where, work, *times in rows}


def main():
    with tempfile.TemporaryDirectory(prefix="drivebench") as tmp:
        make_tree(os.path.join(tmp, "tree"))
        os.mkdir(os.path.join(tmp, "tools"))
        with open(os.path.join(tmp, "tools", "script"), "w", encoding="ascii") as f:
            f.write(SCRIPT)
        ways = {way: run(way, tmp) for way in ("link", "virtio-9p")}
    print(f"A drive beside ext4 in the same guest, {DIRS * FILES} files: times as large, cold and warm (ms of ours)")
    print(f"{'':12} {'link cold':>16} {'link warm':>16} {'virtio-9p cold':>15} {'virtio-9p warm':>15}")
    for work in ("git-status", "find", "find-size", "tar", "grep-r"):
        cells = []
        for results in ways.values():
            drive, ext4 = results[("drive", work)], results[("ext4", work)]
            cells += [(drive[0] / ext4[0], drive[0]), (min(drive[1:]) / min(ext4[1:]), min(drive[1:]))]
        print(f"{work:12} {cells[0][0]:7.1f} ({cells[0][1] // 1000:6}) {cells[1][0]:7.1f} ({cells[1][1] // 1000:6}) "
              f"{cells[2][0]:15.1f} {cells[3][0]:15.1f}")


main()
