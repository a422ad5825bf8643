#!/usr/bin/python3
"""bench_exe: a Windows program from a guest's bash, beside a Linux one there.

One guest, one run, in turn: /bin/true, and whoami.exe with its output into a
file and on a terminal; then whoami.exe by hand in the host's Wine, whose server is
up. A second between the programs, as between those of a person; and none, as in a
script.
"""
import os
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "rootfs-tests")]
import measure  # noqa: E402
from frontdoor import FrontDoor  # noqa: E402

RUNS = min(measure.RUNS, 10)
BUDGET = 1.5
WHOAMI = "/mnt/c/windows/system32/whoami.exe"
# The last one from a directory of the guest's own, which the program then has as its own, too.
CASES = {"true": "/bin/true >/dev/null", "file": f"{WHOAMI} >/dev/null", "tty": WHOAMI, "home": f"{WHOAMI} >/dev/null"}
# On a terminal; the times go to a file, in microseconds.
SCRIPT = """
one() {{ local a=$EPOCHREALTIME; eval "$2"; local b=$EPOCHREALTIME; echo $1 $((${{b/./}} - ${{a/./}})) >>/tmp/times; sleep $pause; }}
whoami.exe; whoami.exe >/dev/null
for pause in 1 0; do
  : >/tmp/times
  for i in {runs}; do {turn}; done
  echo pause $pause >>/tmp/all; cat /tmp/times >>/tmp/all
done
"""


def guest(door):
    """{pause: {case: [ms...]}}"""
    turn = "; ".join(f"cd {'~' if name == 'home' else '/mnt/c'}; one {name} '{line}'" for name, line in CASES.items())
    script = SCRIPT.format(runs=" ".join(map(str, range(RUNS))), turn=turn)
    line = "cat >/tmp/s; script -qec 'bash /tmp/s' /dev/null >/dev/null </dev/null; cat /tmp/all"
    done = door.run("--", "bash", "-c", line, stdin=script.encode(), timeout=300)
    assert done.status == 0, done
    results = {}
    for name, value in map(str.split, done.lines):
        if name == "pause":
            times = results.setdefault(value, {case: [] for case in CASES})
        else:
            times[name].append(int(value) / 1000)
    return results


def wine(home):
    """ms, with the prefix that the machine had over it, where its drives are known."""
    loader, server = "/usr/lib/wine/wine64", "/usr/lib/wine/wineserver64"
    there = {"env": {**os.environ, "WINEPREFIX": f"{home}/wine", "WINEDEBUG": "-all", "WINESERVER": server},
             "cwd": f"{home}/wine/drive_c", "stdout": subprocess.DEVNULL}
    keeper = subprocess.Popen([loader, "cmd.exe", "/c", "pause"], stdin=subprocess.PIPE, **there)
    time.sleep(3)
    try:
        return [1000 * measure.timed(lambda: subprocess.run([loader, "whoami.exe"], **there)) for _ in range(RUNS)]
    finally:
        keeper.communicate(b"\n")
        subprocess.run([server, "-k"], **there)
        subprocess.run([server, "-w"], **there)


def main():
    with tempfile.TemporaryDirectory() as home:
        results = guest(FrontDoor(home))
        alone = measure.median(wine(home))
    rows = []
    for pause, what in (("1", "with pauses"), ("0", "one after the other")):
        true = measure.median(results[pause]["true"])
        for case in CASES:
            value = measure.median(results[pause][case])
            rows.append([f"{case}, {what}", value, value / true, value - alone])
    measure.table("from bash in a guest, ms", ["program", "median", "x true", "beyond wine64"], rows)
    print(f"bench_exe: {alone:.0f} ms by hand in Wine; {rows[1][2]:.2f} and {rows[2][2]:.2f} x /bin/true (goal: {BUDGET})")


main()
