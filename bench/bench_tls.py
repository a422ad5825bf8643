#!/usr/bin/python3
"""bench_tls: what TLS costs a link: launches and bulk stdout over TCP under TLS beside a unix socket, with no VM
between, and what BearSSL alone does on one CPU (bench/tlsrecord.c)."""
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import measure  # noqa: E402
from bridge import Bridge, ask  # noqa: E402

MEGABYTES = 256
BUDGET = 0.6


def paced(bridge):
    time.sleep(0.03)
    return measure.timed(lambda: ask(bridge.agent_socket))


def bulk(bridge):
    """MB/s of a guest's stdout, from its first byte on."""
    script = f"dd if=/dev/zero bs=64k count={MEGABYTES * 16} 2>/dev/null"
    with subprocess.Popen(bridge.command("sh", "-c", script), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as run:
        left, start = MEGABYTES << 20, None
        while left > 0:
            got = len(os.read(run.stdout.fileno(), 1 << 20))
            if not got:
                sys.exit(f"bench_tls: {left} bytes did not come")
            start = start or time.perf_counter()
            left -= got
        return (MEGABYTES << 20) / 1e6 / (time.perf_counter() - start)


def records():
    """Milliseconds of a handshake, both sides; MB/s sealed and opened."""
    done = subprocess.run(["build/bench/tlsrecord"], capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def main():
    if not shutil.which("wine64", path="/usr/lib/wine:" + os.environ["PATH"]):
        sys.exit("bench_tls: not measured: an agent needs Wine")
    bridges = {"unix": Bridge(), "tcp, TLS": Bridge(tls=True)}
    try:
        launches = measure.interleaved({n: lambda b=b: paced(b) for n, b in bridges.items()}, 10 * measure.RUNS)
        rates = measure.interleaved({n: lambda b=b: bulk(b) for n, b in bridges.items()}, min(measure.RUNS, 5))
        alone = [records() for _ in range(5)]
    finally:
        for bridge in bridges.values():
            bridge.stop()
    handshake, speed = (measure.median(column) for column in zip(*alone))
    rows = [[name, *(1000 * measure.percentile(launches[name], share) for share in (0.1, 0.5)), measure.median(rates[name])]
            for name in bridges]
    measure.table("a link without a VM", ["link", "launch p10, ms", "p50", "stdout, MB/s"], rows)
    print(f"bench_tls: a handshake takes {handshake:.1f} ms of both sides; records alone, sealed and opened on one CPU: "
          f"{speed:.0f} MB/s; the link does {rows[1][3] / speed:.2f} x of that (budget: {BUDGET}), and "
          f"{rows[1][3] / rows[0][3]:.2f} x of the same chain over a unix socket")


main()
