#!/usr/bin/python3
"""bench_bulk: bytes of a program in the guest to the host, beside a bare copy.

One guest, one run: its stdout by `landbridge exec`, through session, broker,
port, agent; and in turn the same number of bytes written straight to a second
port of the same virtio-serial device, with nobody but the kernel between. Each
program's stdout is a pipe; so a third row has one pipe before that port, which
is the most that any bridge can reach in this guest.
"""
import os
import socket
import sys
import tempfile
import time

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "rootfs-tests")]
import measure  # noqa: E402
from frontdoor import FrontDoor  # noqa: E402
from machine import Machine, own_initramfs  # noqa: E402

MEGABYTES = int(os.environ.get("BENCH_BULK_MB", "64"))
RUNS = min(measure.RUNS, 5)
BUDGET = 0.33
PORT = "bare.0"
# Ready, then as much as was asked for, then the end is known by the count.
COPY = "p=/dev/$(grep -l %s /sys/class/virtio-ports/*/name | cut -d/ -f5); dd if=/dev/zero of=$p bs=64k count=%d 2>/dev/null"
PIPE = COPY.replace("of=$p bs=64k count=%d 2>/dev/null", "bs=64k count=%d 2>/dev/null | dd of=$p bs=64k 2>/dev/null")
DATA = "dd if=/dev/zero bs=64k count=%d 2>/dev/null"


class TwoPorts(Machine):
    """A machine with one more port, whose host end is a socket of ours."""

    def command(self, words):
        return [*words, "-chardev", "socket,id=bare,path=bare,server=on,wait=off",
                "-device", f"virtserialport,chardev=bare,name={PORT}"]


def counted(read, total):
    """Seconds from the first byte to the last."""
    first, left = None, total
    while left > 0:
        got = len(read(1 << 20))
        if not got:
            sys.exit(f"bench_bulk: {left} of {total} bytes did not come")
        first = first or time.perf_counter()
        left -= got
    return time.perf_counter() - first


def command(machine, script):
    return machine.landbridge.start("exec", "--socket", os.path.join(machine.work, "agent.sock"), "--", "sh", "-c",
                                    script)


def bridge(machine):
    process = command(machine, DATA % (MEGABYTES * 16))
    process.stdin.close()
    seconds = counted(lambda n: os.read(process.stdout.fileno(), n), MEGABYTES << 20)
    assert process.wait() == 0
    return MEGABYTES / seconds


def bare(machine, script=COPY):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.path.join(machine.work, "bare"))
        process = command(machine, script % (PORT, MEGABYTES * 16))
        process.stdin.close()
        seconds = counted(s.recv, MEGABYTES << 20)
        assert process.wait() == 0
    return MEGABYTES / seconds


def main():
    with tempfile.TemporaryDirectory(prefix="bulkbench", dir="/dev/shm") as work:
        landbridge = FrontDoor(os.environ.get("LANDBRIDGE_HOME", os.path.abspath("build/bench/home")))
        os.mkdir(os.path.join(work, "drive"))
        drive = ["--drive", f"E:={work}/drive"]
        own_initramfs(landbridge, drive, os.path.join(work, "initramfs"))
        machine = TwoPorts(landbridge, work, drive)
        try:
            machine.start_agent()
            if machine.exec("true").status != 0:
                sys.exit("bench_bulk: the guest did not come up")
            results = measure.interleaved({"bare copy": lambda: bare(machine),
                                           "by way of a pipe": lambda: bare(machine, PIPE),
                                           "through the bridge": lambda: bridge(machine)}, RUNS)
        finally:
            machine.stop()
    middle = {name: measure.median(values) for name, values in results.items()}
    measure.table("stdout out of a guest, MB/s", ["how", "p50", "of a bare copy"],
                  [[name, value, value / middle["bare copy"]] for name, value in middle.items()])
    print(f"bench_bulk: {middle['through the bridge'] / middle['bare copy']:.2f} x a bare copy (budget: {BUDGET}), "
          f"{middle['through the bridge'] / middle['by way of a pipe']:.2f} x one pipe")


main()
