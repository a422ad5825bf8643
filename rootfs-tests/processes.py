"""Waiting on conditions, and looking at processes through /proc."""
import os
import time


def until(condition, seconds=10):
    """Retries until the condition holds; false when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def children_of(pid):
    """All descendants of a process."""
    found, queue = [], [pid]
    while queue:
        parent = queue.pop()
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children", encoding="ascii") as f:
                    kids = [int(k) for k in f.read().split()]
                found += kids
                queue += kids
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def name_of(pid):
    """What ps(1) calls a process; None when it is gone."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            return f.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


def command_of(pid):
    """A process's argv; empty when it is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
            return f.read().split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def gone(pids):
    """A condition: none of them runs any more."""
    def alive(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                return f.read().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False
    return lambda: not any(alive(p) for p in pids)


# FILE JOURNAL TIMES: counts up in a database that others count in, too.
COUNTER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=120, isolation_level=None)
db.execute("PRAGMA journal_mode=" + sys.argv[2])
db.execute("PRAGMA synchronous=off")
for i in range(int(sys.argv[3])):
    db.execute("BEGIN IMMEDIATE")
    n, = db.execute("SELECT n FROM t").fetchone()
    db.execute("UPDATE t SET n = ?", (n + 1,))
    db.execute("COMMIT")
"""
