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

LOAD, BARE = "build/bench/p9load", "build/bench/p9bare"
RUNS = int(os.environ.get("BENCH_RUNS", "15"))
SECONDS = os.environ.get("P9_SECONDS", "0.3")
# Message sizes: one that all take (the largest of diod), and those among which
# each server's best is looked for.
SAME, SIZES = 65560, (65560, 131096, 262168, 524312, 1 << 20)

# name, work, depth, how many times faster than diod it must be
CASES = [
    ("getattr, one at a time", "getattr", 1, 1.7),
    ("stat, 16 at a time", "stat", 16, 6.0),
    ("4 KiB reads, 16 at a time", "rand4k", 16, 3.0),
    ("sequential read, same size", "read", 8, 1.4),
    ("sequential write, same size", "write", 8, 1.1),
    ("create, write, read, remove", "file", 1, 1.3),
]
# The same, each server at its best size; and a loop that does nothing but move the bytes.
BEST_CASES = [
    ("sequential read, best size", "read", 8, 2.5, "sendfile"),
    ("sequential write, best size", "write", 8, 1.8, "pwrite"),
]


class Servers:
    """The servers on one CPU, over one directory in memory."""

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
            "echo": self.start(BARE, "echo", self.path("echo")),
            "sendfile": self.start(BARE, "sendfile", self.path("sendfile"), big),
            "pwrite": self.start(BARE, "pwrite", self.path("pwrite"), os.path.join(self.tree, "written")),
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
        if work in ("read", "write", "sendfile", "pwrite"):  # per 64 KiB, whatever the message size
            r["cpu"] *= 65536 / (msize - 24)
        return r

    def best_size(self, name, work):
        """The message size at which this server moves most; it may be capped by what the server takes."""
        sizes = [s for s in SIZES if name != "diod" or s <= SAME]
        cost = {s: min(self.load(name, work, 8, s)["cpu"] for _ in range(3)) for s in sizes}
        return min(cost, key=cost.get)

    def stop(self):
        for process in self.running.values():
            process.send_signal(signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.dir)


def median(results, key):
    return measure.median([r[key] for r in results])


def compare(servers, name, cases, least):
    """A line for each server; how many times faster the first is than the second, and whether that will do."""
    def run(args):
        return lambda: servers.load(*args)

    results = measure.interleaved({server: run((server, *args)) for server, args in cases.items()}, RUNS)
    cpu = {server: median(r, "cpu") for server, r in results.items()}
    first, second, *bare = list(cpu)
    ratio = cpu[second] / cpu[first]
    for server, r in results.items():
        print(f"{name:32} {server:9} {cases[server][2] >> 10:5} {cpu[server] / 1000:8.2f} {median(r, 'p50') / 1000:8.1f} "
              f"{median(r, 'p99') / 1000:9.1f} {median(r, 'mb'):8.0f}", end="")
        if server == first:
            print(f"   {ratio:5.2f} x {second} (wanted: {least}){'' if ratio >= least else '  MISSED'}", end="")
        if server in bare:
            print(f"   {cpu[second] / cpu[server]:5.2f} x {second}: a bare loop, the most there is to have", end="")
        print(flush=True)
    return ratio >= least


def against_diod(servers):
    for name, work, depth, least in CASES:
        yield compare(servers, name, {"p9d": (work, depth, SAME), "diod": (work, depth, SAME)}, least)
    for name, work, depth, least, bare in BEST_CASES:
        ours, theirs = (servers.best_size(server, work) for server in ("p9d", "diod"))
        yield compare(servers, name, {"p9d": (work, depth, ours), "diod": (work, depth, theirs),
                                      bare: (bare, depth, ours)}, least)


def main():
    servers = Servers(max(os.sched_getaffinity(0)))
    print(f"bench_p9: {measure.machine()}; everything on one CPU; CPU in us per operation (bulk: per 64 KiB)")
    print(f"{'what':32} {'server':9} {'KiB':>5} {'CPU':>8} {'p50':>8} {'p99':>9} {'MB/s':>8}")
    good = []
    try:
        if "diod" in servers.running:
            good += against_diod(servers)
        else:
            print("diod is not installed: not compared")
        good.append(compare(servers, "getattr, beside an echo",
                            {"p9d": ("getattr", 1, SAME), "echo": ("echo", 1, SAME)}, round(1 / 1.3, 2)))
        size = servers.best_size("p9d", "read")
        good.append(compare(servers, "sequential read, beside sendfile",
                            {"p9d": ("read", 8, size), "sendfile": ("sendfile", 8, size)}, 0.7))
    finally:
        servers.stop()
    print(f"bench_p9: {sum(good)} of {len(good)} ratios met")


main()
