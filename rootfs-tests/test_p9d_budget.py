"""What p9d costs while nobody asks it anything: memory and wake-ups. Numbers
are of the program as shipped (build/p9d, musl), without a guest."""
import os
import struct
import subprocess
import time

import pytest

import p9client
from processes import children_of, until

P9D = os.path.join(os.environ.get("LANDBRIDGE_BUILD", "build"), "p9d")
CONNECTIONS = 200
PER_CONNECTION_KIB, IDLE_SERVER_KIB = 16, 300
QUIET_S = 3  # how long nothing may run
CALM_S = 25  # and until when it has to have begun: threads end after 10 s

TGETATTR, TWALK = 24, 110


class Client(p9client.Client):
    def __init__(self, path):
        super().__init__(path, os.geteuid())

    def getattr(self, fid=0):
        return self.call(TGETATTR, struct.pack("<IQ", fid, 0x7FF))


def kib(pid, *names):
    """The sum of these lines of /proc/PID/smaps_rollup."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        lines = dict(line.split(":") for line in f.read().splitlines()[1:])
    return sum(int(lines[name].split()[0]) for name in names)


def processes(server):
    return [server.pid] + children_of(server.pid)


def private(server):
    return sum(kib(p, "Private_Clean", "Private_Dirty") for p in processes(server))


def switches(server):
    """How often any thread of the server has run so far."""
    total = 0
    for pid in processes(server):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    return total


def threads(server):
    return sum(len(os.listdir(f"/proc/{p}/task")) for p in processes(server))


def run_time(server):
    """Context switches, or None when a thread ended while they were counted."""
    try:
        return switches(server)
    except FileNotFoundError:
        return None


def is_quiet(server):
    before = run_time(server)
    time.sleep(QUIET_S)  # the time that is measured
    return before is not None and run_time(server) == before


@pytest.fixture
def served(tmp_path):
    path = str(tmp_path / "sock")
    with subprocess.Popen([P9D, "--listen", f"unix:{path}", "--root", str(tmp_path)]) as server:
        assert until(lambda: os.path.exists(path))
        yield server, path
        server.terminate()


def test_idle_server(served):
    server, path = served
    client = Client(path)
    for _ in range(100):
        client.getattr()
    assert until(lambda: threads(server) == len(processes(server)), CALM_S), "threads without work end"
    each = [kib(p, "Pss") for p in processes(server)]
    print(f"\nidle server: {' + '.join(map(str, each))} KiB (PSS of broker, worker)")
    assert len(each) == 2
    assert sum(each) < IDLE_SERVER_KIB
    client.getattr()


def test_no_wakeups(served):
    server, path = served
    clients = [Client(path) for _ in range(10)]
    start = time.monotonic()
    assert until(lambda: is_quiet(server), CALM_S)
    print(f"\nquiet for {QUIET_S} s, {time.monotonic() - start:.1f} s after the last request")
    for client in clients:
        client.getattr()


def test_idle_connections(served):
    server, path = served
    clients = [Client(path)]
    assert until(lambda: threads(server) == len(processes(server)), CALM_S)
    before = private(server)
    clients += [Client(path) for _ in range(CONNECTIONS)]
    for client in clients:
        client.call(TWALK, struct.pack("<IIH", 0, 1, 0))
        client.getattr(1)
    assert until(lambda: threads(server) == len(processes(server)), CALM_S)
    each = (private(server) - before) / CONNECTIONS
    print(f"\nidle connection: {each:.1f} KiB")
    assert each < PER_CONNECTION_KIB
    for client in clients:
        client.getattr(1)
