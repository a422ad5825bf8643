#!/usr/bin/python3
"""bench_shims: a Windows PATH of 40 directories with 125 programs each on a drive, as it
is and as one directory of names (appendWindowsPath = shims), in turns in one session.

What bash does with it: it looks for a command that is not there, each time another one,
and scans all commands as completion does, each first time with nothing in memory. And
how long the names took: from the first session on, and after a change on the host.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "rootfs-tests"))
import images  # noqa: E402

DIRS, PROGRAMS, TRIES, SCANS = 40, 125, 15, 3
NAME = "benchshims"
SHIMS = "/run/landbridge/shims/bin"
SCRIPT = r"""
own=${PATH%%:/run/landbridge/shims*}; shims=$PATH; directories=$own
for d in /mnt/d/p*; do directories=$directories:$d; done
us() { # what, whose PATH, script
	local a b path=${!2}
	a=$(date +%s%N); PATH=$path bash -c "$3" >/dev/null 2>&1; b=$(date +%s%N)
	echo "ROW $1 $2 $(((b - a) / 1000))"
}
for i in $(seq TRIES); do for how in directories shims; do
	us nothing $how :; us missing $how "command -v nosuchprogram$i"
done; done
for i in $(seq SCANS); do for how in directories shims; do
	echo 3 >/proc/sys/vm/drop_caches; bash -c :
	us nothing $how :; us first $how 'compgen -c | wc -l'; us again $how 'compgen -c | wc -l'
done; done
for how in directories shims; do echo "ROW count $how $(PATH=${!how} bash -c 'compgen -c' | grep -c '^prog.*exe$')"; done
"""


def call(*words):
    return subprocess.run(["build/landbridge", *words], capture_output=True, text=True, check=False)


def make(top):
    """The drive, with its programs, and the image."""
    for d in range(DIRS):
        os.makedirs(f"{top}/d/p{d:02}")
        for n in range(PROGRAMS):
            with open(f"{top}/d/p{d:02}/prog{d:02}-{n:03}.exe", "wb") as f:
                f.write(b"MZ")
            os.chmod(f.name, 0o755)
    with open(f"{top}/d/script", "w", encoding="ascii") as f:
        f.write(SCRIPT.replace("TRIES", str(TRIES)).replace("SCANS", str(SCANS)))
    return images.debian(f"{top}/shims.tar", "build/images/debian.tar", wsl_conf="[interop]\nappendWindowsPath = shims\n")


def waited(name):
    """Seconds until the guest has that name."""
    begun = time.monotonic()
    while call("exec", NAME, "--", "test", "-e", f"{SHIMS}/{name}").returncode != 0:
        if time.monotonic() - begun > 60:
            sys.exit(f"bench_shims: unable to measure: there is no {name}")
    return time.monotonic() - begun


def measured(top):
    drive = ["--name", NAME, "--drives-by", "link", "--drive", f"D:={top}/d"]
    path = ";".join(f"D:\\p{d:02}" for d in range(DIRS))
    call("run", *drive, "--", "reg.exe", "add", "HKCU\\Environment", "/v", "PATH", "/d", path, "/f")
    image = make(top)
    if call("start", *drive, image).returncode != 0:
        sys.exit("bench_shims: unable to start the guest")
    try:
        waits = [waited(f"prog{DIRS - 1:02}-{PROGRAMS - 1:03}")]
        with open(f"{top}/d/p07/later.exe", "wb") as f:
            f.write(b"MZ")
        waits.append(waited("later"))
        out = call("exec", "--user", "root", NAME, "--", "bash", "/mnt/d/script").stdout
    finally:
        call("stop", NAME)
    rows = {}
    for line in out.splitlines():
        if line.startswith("ROW "):
            _, what, how, number = line.split()
            rows.setdefault((what, how), []).append(int(number))
    if ("count", "shims") not in rows:
        sys.exit(f"bench_shims: unable to measure: {out[-500:]}")
    return waits, rows


def main():
    with tempfile.TemporaryDirectory(prefix="shimsbench") as top:
        os.environ["LANDBRIDGE_HOME"] = f"{top}/home"
        os.mkdir(f"{top}/home")
        os.mkdir(f"{top}/d")
        waits, rows = measured(top)
    bash = statistics.median(rows[("nothing", "directories")] + rows[("nothing", "shims")])
    print(f"{DIRS} directories with {PROGRAMS} programs each in PATH: medians, in ms beyond bash -c : ({bash / 1000:.1f})")
    print(f"{'':26} {'directories':>12} {'shims':>8} {'ratio':>8}")
    for name, what in (("a command that is not there", "missing"), ("all commands, first time", "first"), ("all commands, again", "again")):
        long, short = ((statistics.median(rows[(what, how)]) - bash) / 1000 for how in ("directories", "shims"))
        print(f"{name:26} {long:12.1f} {short:8.1f} " + (f"{long / short:7.1f}x" if short > 0 else "    none"))
    print("programs seen:", *(rows[("count", how)][0] for how in ("directories", "shims")))
    print(f"names there {waits[0]:.1f} s after the first session could begin; one more {waits[1]:.1f} s after its program")


main()
