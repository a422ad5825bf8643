#!/usr/bin/python3
"""bench_p9: p9d beside Debian's diod and bare socket loops, one client for all.

Client and servers are pinned to one CPU and run in turn; figures are medians
of CPU time per operation (client and server together), which a busy machine
disturbs less than the clock; p50 and p99 are of the clock.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
import measure  # noqa: E402

LOAD = "build/bench/p9load"
RUNS = int(os.environ.get("BENCH_RUNS", "15"))
SECONDS = os.environ.get("P9_SECONDS", "0.3")
# Message sizes: one that all take (diod's best and largest), and p9d's best.
SAME, BEST = 65560, 1 << 20

# name, work, depth, msize of p9d, msize of diod, how many times faster it must be
CASES = [
    ("getattr, one at a time", "getattr", 1, SAME, SAME, 1.7),
    ("stat, 16 at a time", "stat", 16, SAME, SAME, 6.0),
    ("4 KiB reads, 16 at a time", "rand4k", 16, SAME, SAME, 3.0),
    ("sequential read, same size", "read", 8, SAME, SAME, 1.4),
    ("sequential read, best size", "read", 8, BEST, SAME, 2.5),
    ("sequential write, same size", "write", 8, SAME, SAME, 1.1),
    ("sequential write, best size", "write", 8, BEST, SAME, 1.8),
    ("create, write, read, remove", "file", 1, SAME, SAME, 1.3),
]


class Servers:
    """The four servers on one CPU, over one directory in memory."""

    def __init__(self, cpu):
        self.cpu = cpu
        self.dir = tempfile.mkdtemp(prefix="p9bench", dir="/dev/shm")
        self.tree = os.path.join(self.dir, "tree")
        os.mkdir(self.tree)
        for name, size in (("small", 0), ("written", 0), ("big", 64 << 20)):
            with open(os.path.join(self.tree, name), "wb") as f:
                f.write(bytes(size))
        big = os.path.join(self.tree, "big")
        self.running = {
            "p9d": self.start("build/p9d", "--listen", "unix:" + self.path("p9d"), "--root", self.tree),
            "echo": self.start(LOAD, "echo-server", self.path("echo")),
            "sendfile": self.start(LOAD, "sendfile-server", self.path("sendfile"), big),
        }
        if shutil.which("diod", path="/usr/sbin:" + os.environ.get("PATH", "")):
            self.running["diod"] = self.start("/usr/sbin/diod", "-f", "-n", "-N", "-l", self.path("diod"), "-e", self.tree)
        for name in self.running:
            self.wait(name)

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, *command):
        return subprocess.Popen(["taskset", "-c", str(self.cpu), *command], stderr=subprocess.DEVNULL)

    def wait(self, name):
        end = time.monotonic() + 5
        while not os.path.exists(self.path(name)):
            if time.monotonic() > end:
                sys.exit(f"bench_p9: unable to start {name}: its socket did not appear")
            time.sleep(0.01)

    def load(self, name, work, depth, msize):
        """One run of the client: {ops, ns, cpu, p50, p99, mb}."""
        command = ["taskset", "-c", str(self.cpu), LOAD, work, self.path(name)]
        if name == "diod":
            command.append(self.tree)
        command += ["--depth", str(depth), "--msize", str(msize), "--seconds", SECONDS]
        command += ["--pid", str(self.running[name].pid)]
        out = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
        r = dict(zip(("ops", "ns", "cpu", "p50", "p99", "mb"), map(float, out)))
        if work in ("read", "write", "sendfile"):  # per 64 KiB, whatever the message size
            r["cpu"] *= 65536 / (msize - 24)
        return r

    def stop(self):
        for process in self.running.values():
            process.send_signal(signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.dir)


def median(results, key):
    return measure.median([r[key] for r in results])


def compare(servers, name, cases, least):
    """Prints one line for each server and the ratio of the second to the first."""
    def run(args):
        return lambda: servers.load(*args)

    results = measure.interleaved({server: run((server, *args)) for server, args in cases.items()}, RUNS)
    cpu = {server: median(r, "cpu") for server, r in results.items()}
    for server, r in results.items():
        print(f"{name:30} {server:9} {cpu[server] / 1000:8.2f} {median(r, 'p50') / 1000:8.1f} "
              f"{median(r, 'p99') / 1000:9.1f} {median(r, 'mb'):8.0f}", end="")
        print() if server != list(results)[-1] else None
    first, second = list(cpu)
    ratio = cpu[second] / cpu[first]
    print(f"   {ratio:5.2f} x (wanted: {least} x){'' if ratio >= least else '  MISSED'}")
    return ratio >= least


def main():
    servers = Servers(max(os.sched_getaffinity(0)))
    print(f"bench_p9: {measure.machine()}; everything on one CPU; CPU in us per operation (bulk: per 64 KiB)")
    print(f"{'what':30} {'server':9} {'CPU':>8} {'p50':>8} {'p99':>9} {'MB/s':>8}")
    good = []
    try:
        if "diod" in servers.running:
            for name, work, depth, ours, theirs, least in CASES:
                good.append(compare(servers, name, {"p9d": (work, depth, ours), "diod": (work, depth, theirs)}, least))
        else:
            print("diod is not installed: not compared")
        good.append(compare(servers, "getattr, beside an echo",
                            {"p9d": ("getattr", 1, SAME), "echo": ("echo", 1, SAME)}, round(1 / 1.3, 2)))
        good.append(compare(servers, "sequential read, beside sendfile",
                            {"p9d": ("read", 8, BEST), "sendfile": ("sendfile", 8, BEST)}, 0.7))
    finally:
        servers.stop()
    print(f"bench_p9: {sum(good)} of {len(good)} ratios met")


main()
