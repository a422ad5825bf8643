#!/usr/bin/python3
"""bench_launch: what the bridge adds to starting a program, without a VM between.

A command is started by the agent, the guest's broker and a session, joined by
unix sockets, and beside it directly. Who asks is this process, in the words of doc/PROTOCOL,
so that no client's own start is counted; and then landbridge exec, where it is.
The fastest tenth tells best what the bridge costs; a busy machine shows in the
median.
"""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
import measure  # noqa: E402
from bridge import COMMAND, Bridge, ask  # noqa: E402

RUNS = 20 * measure.RUNS
BUDGET_MS = 0.5
QUIET = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]


def paced(run):
    """Times it, after a pause such as people make, and most scripts."""
    time.sleep(0.03)
    return measure.timed(run)


def spawn(*command):
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=QUIET)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def main():
    if not shutil.which("wine64", path="/usr/lib/wine:" + os.environ["PATH"]):
        sys.exit("bench_launch: not measured: an agent needs Wine")
    bridge = Bridge()
    exec_ = bridge.command(COMMAND)
    try:
        results = measure.interleaved({
            "directly": lambda: paced(lambda: spawn(COMMAND)),
            "through the bridge": lambda: paced(lambda: ask(bridge.agent_socket)),
            "by landbridge exec": lambda: paced(lambda: spawn(*exec_)),
            "(landbridge --version)": lambda: paced(lambda: spawn(exec_[0], "--version")),
        }, RUNS)
    finally:
        bridge.stop()
    rows, base = [], None
    for name, values in results.items():
        fast, middle = (1000 * measure.percentile(values, share) for share in (0.1, 0.5))
        base = base or fast
        rows.append([name, fast, middle, fast - base])
    measure.table("starting a program, ms", ["how", "p10", "p50", "p10 beyond directly"], rows)
    print(f"bench_launch: the bridge adds {rows[1][3]:.2f} ms (budget: {BUDGET_MS})")


main()
