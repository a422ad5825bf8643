"""landbridge-dhcp and Debian's dnsmasq, at the two ends of a cable between two network namespaces."""
import contextlib
import os
import re
import shutil
import subprocess
import time

import pytest

from frontdoor import BUILD
from processes import until

UNSHARE = ["unshare", "--net", "--mount", "--propagation", "private"]


def may_run():
    return (all(map(shutil.which, ("dnsmasq", "ip"))) and
            subprocess.run([*UNSHARE, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0)


pytestmark = pytest.mark.skipif(not may_run(), reason="dnsmasq-base, iproute2 and root are needed")


class Namespace:
    def __init__(self):
        self.holder = subprocess.Popen([*UNSHARE, "sleep", "1000"])
        assert until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n", "-m"]
        self.started = []
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command):
        return subprocess.run([*self.enter, *command], capture_output=True, text=True, check=True).stdout

    def start(self, *command, **kwargs):
        self.started.append(subprocess.Popen([*self.enter, *command], **kwargs))
        return self.started[-1]

    def end(self):
        for process in [*self.started, self.holder]:
            process.kill()
            process.wait()


class Network:
    def __init__(self, work):
        self.work = work
        self.server, self.client = Namespace(), Namespace()
        self.server.run("ip", "link", "add", "srv0", "type", "veth", "peer", "name", "cli0",
                        "netns", str(self.client.holder.pid))
        self.server.run("ip", "address", "add", "10.9.0.1/24", "dev", "srv0")
        self.server.run("ip", "link", "set", "srv0", "up")
        (work / "kmsg").touch()
        self.client.run("mount", "--bind", str(work / "kmsg"), "/dev/kmsg")
        (work / "landbridge-dhcp").symlink_to(os.path.join(BUILD, "init"))

    def serve(self, first, last):
        """A server that wants to be asked again after 5 s."""
        return self.server.start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=srv0", "--user=root",
            "--bind-interfaces", f"--dhcp-range={first},{last},255.255.255.0,2m", "--dhcp-option=option:T1,5",
            "--dhcp-option=option:router,10.9.0.1", "--dhcp-option=option:dns-server,10.9.0.3,10.9.0.4",
            "--dhcp-option=option:mtu,1400", "--domain=ferry.test", "--dhcp-authoritative", "--no-ping",
            f"--dhcp-leasefile={self.work}/leases", f"--pid-file={self.work}/pid",
            f"--log-facility={self.work}/server.log", "--log-dhcp")

    def ask(self):
        return self.client.start(str(self.work / "landbridge-dhcp"), "cli0", str(self.work / "resolv.conf"))

    def addresses(self):
        return re.findall(r"inet ([\d./]+)", self.client.run("ip", "-4", "address", "show", "cli0"))

    def said(self, name):
        with contextlib.suppress(FileNotFoundError):
            return (self.work / name).read_text()
        return ""

    def end(self):
        self.client.end()
        self.server.end()


@pytest.fixture
def network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.end()


def switches(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return re.findall(r"ctxt_switches:\s+(\d+)", f.read())


def test_lease(network):
    network.serve("10.9.0.50", "10.9.0.50")
    client = network.ask()
    assert until(lambda: network.addresses() == ["10.9.0.50/24"], 20), network.said("kmsg")
    assert until(lambda: "nameserver 10.9.0.4" in network.said("resolv.conf"))
    lines = [line for line in network.said("resolv.conf").splitlines() if not line.startswith("#")]
    assert lines == ["search ferry.test", "nameserver 10.9.0.3", "nameserver 10.9.0.4"]
    assert network.client.run("ip", "route", "show", "default").startswith("default via 10.9.0.1 dev cli0")
    assert "mtu 1400" in network.client.run("ip", "link", "show", "cli0")
    assert "cli0 has the address 10.9.0.50/24" in network.said("kmsg")
    # It sleeps until it renews, whatever else arrives.
    before = switches(client.pid)
    network.server.run("sh", "-c", "for i in 1 2 3 4 5; do ip neigh flush all; bash -c 'echo x >/dev/udp/10.9.0.50/9'; done")
    time.sleep(1)
    assert switches(client.pid) == before
    assert until(lambda: network.said("server.log").count("DHCPACK") >= 2, 20), network.said("server.log")
    assert network.addresses() == ["10.9.0.50/24"]


def test_server_comes_late(network):
    network.ask()
    assert until(lambda: "no DHCP server answers on cli0" in network.said("kmsg"), 60)
    network.serve("10.9.0.60", "10.9.0.60")
    assert until(lambda: network.addresses() == ["10.9.0.60/24"], 60), network.said("server.log")


def test_address_is_taken_back(network):
    server = network.serve("10.9.0.50", "10.9.0.50")
    network.ask()
    assert until(lambda: network.addresses() == ["10.9.0.50/24"], 20), network.said("kmsg")
    server.kill()
    server.wait()
    (network.work / "leases").unlink()
    network.serve("10.9.0.90", "10.9.0.90")
    assert until(lambda: network.addresses() == ["10.9.0.90/24"], 30), network.said("server.log")
    assert "takes back" in network.said("kmsg")


# Leases 10.9.0.7 for 6 s, to be renewed after 2, and never speaks again.
MUTE = r"""
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"srv0")
s.bind(("", 67))
for kind in (2, 5):
    ask = s.recv(2048)
    options = bytes([53, 1, kind, 54, 4, 10, 9, 0, 1, 51, 4, 0, 0, 0, 6, 58, 4, 0, 0, 0, 2, 59, 4, 0, 0, 0, 4,
                     1, 4, 255, 255, 255, 0, 255])
    s.sendto(bytes([2, 1, 6, 0]) + ask[4:8] + bytes(8) + bytes([10, 9, 0, 7]) + bytes(8) + ask[28:44] + bytes(192) +
             ask[236:240] + options, ("255.255.255.255", 68))
while s.recv(2048):
    print("asked", flush=True)
"""


def test_lease_ends(network):
    """What nobody renews is given up: asked for of the server, of everybody, and then removed."""
    with open(network.work / "asked", "wb") as asked:
        network.server.start("python3", "-c", MUTE, stdout=asked)
        network.ask()
        assert until(lambda: network.addresses() == ["10.9.0.7/24"], 20), network.said("kmsg")
        assert until(lambda: network.addresses() == [], 20)
    assert "has ended" in network.said("kmsg") and network.said("asked").count("asked") >= 2


@pytest.mark.parametrize("args", [[], ["none0"], ["lo", "a", "b"]])
def test_wrong_words(network, args):
    client = network.client.start(str(network.work / "landbridge-dhcp"), *args)
    assert client.wait(10) in (100, 111) and network.said("kmsg").count("\n") == 1
