"""Ports of the host that lead into a guest: landbridge forward, and those that are the guest's (--ports)."""
import json
import os
import signal
import socket
import struct

import pytest

import images
from processes import children_of, name_of, until
from test_tls import free_port

# Takes all that comes until its end, and then says how much: both halves of a connection, one after the other.
COUNT = """perl -e 'use IO::Socket::INET; $l = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1:7000", ReuseAddr => 1);
while ($c = $l->accept) { if (!fork) { $n = 0; while ($r = sysread $c, $x, 65536) { $n += $r } print $c $n; exit } close $c }'"""


PORTS = 1000 if os.environ.get("LANDBRIDGE_SOAK") else 200  # one after the other

# All but some.
POLICY = "ports 1-21999\nports 23000-65535\n"


@pytest.fixture(scope="module")
def machine(landbridge, tmp_path_factory):
    policy = tmp_path_factory.mktemp("policy") / "policy"
    policy.write_text(POLICY)
    policy.chmod(0o600)
    done = landbridge.call("start", "--ports", "ported", env={"LANDBRIDGE_POLICY": str(policy)})
    assert done.status == 0, done
    landbridge.call("exec", "ported", "--", "sh", "-c", f"setsid {COUNT} >/dev/null 2>&1 </dev/null &")
    assert until(lambda: "1B58" in landbridge.call("exec", "ported", "--", "cat", "/proc/net/tcp").text)
    yield "ported"
    landbridge.call("stop", "ported")


def listening(port):
    def there():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    return there


@pytest.fixture
def forward(landbridge, machine):
    started = []

    def start(*words, port):
        started.append(landbridge.start("forward", machine, *words))
        assert until(listening(port)), started[-1].communicate(timeout=5)
        return started[-1]
    yield start
    for child in started:
        child.terminate()
        child.communicate(timeout=20)


def test_halves_of_a_connection(forward):
    """What was sent after the end of one half comes back: bytes unchanged in number, and its end."""
    port = free_port()
    child = forward(f"{port}:localhost:7000", port=port)
    for size in (0, 5, 3_000_000):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
            s.sendall(bytes(size))
            s.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda s=s: s.recv(100), b""))
            assert answer == str(size).encode()
    assert until(lambda: children_of(child.pid) == []), "a connection's process ends with it"


def test_many_at_once(forward):
    port = free_port()
    forward(f"127.0.0.1:{port}:127.0.0.1:7000", port=port)
    open_ones = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(20)]
    for n, s in enumerate(open_ones):
        s.sendall(b"x" * n)
        s.shutdown(socket.SHUT_WR)
    for n, s in enumerate(open_ones):
        assert s.recv(100) == str(n).encode()
        s.close()


def test_nobody_there(forward):
    """The caller is hung up on, and the line says who refused."""
    port = free_port()
    child = forward(f"{port}:127.0.0.1:7001", port=port)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        assert s.recv(1) == b""
    line = child.stderr.readline().decode()
    assert line == "landbridge: unable to reach tcp:127.0.0.1:7001 from the guest: Connection refused\n", line


def test_reset_crosses(forward, landbridge, machine):
    """A caller that is gone without a word does not leave its other half behind in the guest."""
    port = free_port()
    child = forward(f"{port}:localhost:7000", port=port)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
        s.sendall(b"x")
        assert until(lambda: "1B58" in connections(landbridge, machine))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert until(lambda: children_of(child.pid) == [])
    assert until(lambda: "1B58" not in connections(landbridge, machine))


def connections(landbridge, machine):
    """Those of the guest that are established."""
    table = landbridge.call("exec", machine, "--", "cat", "/proc/net/tcp").lines
    return "\n".join(line for line in table if line.split()[3] == "01")


@pytest.mark.parametrize("words, says", [
    (["8080:80"], "unable to understand 8080:80"), ([], "say which port"), (["localhost:8081:localhost:80"], "give a number")])
def test_refused(landbridge, machine, words, says):
    done = landbridge.call("forward", machine, *words)
    assert done.status == 125 and says in done.err.decode() and len(done.err.splitlines()) == 1, done


def test_port_that_is_taken(landbridge, machine):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        done = landbridge.call("forward", machine, str(s.getsockname()[1]))
    assert done.status == 125 and b"Address already in use" in done.err, done


def test_guest_makes_the_host_connect_nowhere(landbridge, machine):
    """Its root asks at the broker's socket for a connection of the host: refused by the host."""
    ask = r"""perl -e 'use IO::Socket::UNIX; $s = IO::Socket::UNIX->new("/run/landbridge/interop.sock");
$h = "LANDBRDG" . pack("SS", 2, 2) . "\0" x 36; $a = "tcp:127.0.0.1:22\0";
$o = pack("SSLL", 9, 0, 4, 3) . pack("SSL", 11, 0, length $a) . $a;
print $s pack("LCCSL", length $h, 1, 0, 0, 0), $h, pack("LCCSL", length $o, 16, 0, 0, 1), $o; $s->flush;
sysread $s, $x, 2000; print ord(substr($x, 4)), " ", substr($x, 20, -1)'"""
    result = landbridge.call("exec", machine, "--user", "root", "--", "sh", "-c", ask)
    assert result.text == "18 the host does not serve such streams (connect)", result


# --- ports of the guest that are the host's by themselves -----------------------------------------

def listen_in_guest(landbridge, machine, port, address="127.0.0.1"):
    """Something that listens there says which port it was called at; ended by `pkill -f`."""
    family = "INET6" if ":" in address else "INET"
    landbridge.call("exec", machine, "--", "sh", "-c", f"""setsid perl -e 'use Socket qw(:all); socket(L, AF_{family}, SOCK_STREAM, 0);
setsockopt(L, SOL_SOCKET, SO_REUSEADDR, 1); $a = inet_pton(AF_{family}, "{address}");
bind(L, "{family}" eq "INET" ? pack_sockaddr_in({port}, $a) : pack_sockaddr_in6({port}, $a)) or die; listen(L, 5);
while (accept(C, L)) {{ syswrite C, "guest {port}"; close C }}' >/dev/null 2>&1 </dev/null &""")


def end_in_guest(landbridge, machine, port):
    landbridge.call("exec", machine, "--", "sh", "-c",
                    f"for p in /proc/[0-9]*; do grep -qs '[g]uest {port}' $p/cmdline && kill ${{p#/proc/}}; done")


def answer(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
            return b"".join(iter(lambda: s.recv(100), b"")).decode()
    except OSError as e:
        return str(e)


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::", "::1"])
def test_port_that_listens(landbridge, machine, address):
    """It is the host's while something listens in the guest, and no longer."""
    port = free_port()
    assert "refused" in answer(port)
    listen_in_guest(landbridge, machine, port, address)
    assert until(lambda: answer(port) == f"guest {port}", 20), answer(port)
    end_in_guest(landbridge, machine, port)
    assert until(lambda: "refused" in answer(port), 20)


def test_port_that_the_host_refuses(landbridge, machine):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        taken = s.getsockname()[1]
        for port, says in ((80, "the host gives no port below 1024"), (22500, "the host's policy file does not give it"),
                           (taken, "the host is unable to listen there: Address already")):
            line = f"port {port} is not the host's: {says}"
            for _ in range(2):
                listen_in_guest(landbridge, machine, port)
                assert until(lambda line=line: line in said(landbridge, machine)), (port, says)
                end_in_guest(landbridge, machine, port)
            assert said(landbridge, machine).count(line) == 1, "once, however often it is tried"
    assert "refused" in answer(22500)


def said(landbridge, machine):
    return landbridge.call("exec", machine, "--", "dmesg").text


def test_nobody_else_is_let_in(landbridge, machine):
    """It is 127.0.0.1 that listens, and no other address of this host."""
    port = free_port()
    listen_in_guest(landbridge, machine, port, "0.0.0.0")
    assert until(lambda: answer(port) == f"guest {port}", 20), answer(port)
    for address in "127.0.0.2", "::1":
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=20)
    end_in_guest(landbridge, machine, port)


# Listens at the ports from $1 to $2 as user $3 until it is told to end; each says what it is.
MANY = r"""perl -e 'use Socket; use POSIX; ($from, $to, $uid) = @ARGV; $) = $( = $uid; $> = $< = $uid; for $p ($from .. $to) {
socket(my $l, AF_INET, SOCK_STREAM, 0); setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1);
bind($l, pack_sockaddr_in($p, INADDR_LOOPBACK)) or die $!; listen($l, 5); push @l, [$l, $p] }
$| = 1; print "listens\n"; """
KEEP = "sleep'"
ONCE = """for (@l) { ($l, $p) = @$_; accept($c, $l) or die; syswrite $c, "guest $p"; close $c }'"""


def many(landbridge, machine, first, last, uid, then):
    """The program, while it listens."""
    child = landbridge.start("exec", machine, "--user", "root", "--", "sh", "-c", f"{MANY}{then} {first} {last} {uid}")
    assert child.stdout.readline() == b"listens\n", child.communicate(timeout=20)
    return child


def test_one_user_leaves_room(landbridge, machine):
    """Of 20 ports of one user 16 are the host's, one of another's is, and who waited follows when there is room."""
    crowd = many(landbridge, machine, 21000, 21019, 1234, KEEP)

    def reached(first, last):
        return sum(listening(port)() for port in range(first, last + 1))
    assert until(lambda: reached(21000, 21019) == 16, 20), reached(21000, 21019)
    other = many(landbridge, machine, 21020, 21020, 1235, KEEP)
    assert until(listening(21020), 20)
    assert reached(21000, 21019) == 16
    more = many(landbridge, machine, 21021, 21040, 0, KEEP)
    assert until(lambda: reached(21021, 21040) == 32 - 18, 20), "32 are the most, with the machine's own"
    crowd.terminate()
    assert until(lambda: reached(21021, 21040) == 20, 20), "who waited"
    assert said(landbridge, machine).count("is not the host's: no more than 32 are") == 4 + 6
    for child in crowd, other, more:
        child.terminate()
        child.communicate(timeout=20)
    assert until(lambda: reached(21000, 21040) == 0, 20)


def agent_of(landbridge, machine):
    return next(m["agent"] for m in json.loads(landbridge.call("list", "--json").out) if m["name"] == machine)


def test_one_port_after_the_other(landbridge, machine):
    """Each is seen and gone, and nothing of it is left."""
    agent = agent_of(landbridge, machine)
    count = "ls $(dirname $(grep -la ^landbridge-broker /proc/[0-9]*/cmdline))/fd | wc -l"

    def held():
        guest = landbridge.call("exec", machine, "--user", "root", "--", "sh", "-c", count)
        return len(os.listdir(f"/proc/{agent}/fd")), int(guest.text)
    before = held()
    assert before[1] > 3, before
    for first in range(20000, 20000 + PORTS, 25):
        child = many(landbridge, machine, first, first + 24, 0, ONCE)
        for port in range(first, first + 25):
            assert until(lambda port=port: answer(port) == f"guest {port}", 20), port
        assert child.wait(20) == 0
        child.communicate()
        assert until(lambda first=first: all("refused" in answer(port) for port in range(first, first + 25)), 20), first
    assert until(lambda: max(map(int.__sub__, held(), before)) <= 0, 20), (before, held())


def test_flood_of_events(landbridge, machine):
    """Somebody who listens and ceases as fast as he can keeps nobody else from being seen, nor the broker busy."""
    flood = landbridge.start("exec", machine, "--", "perl", "-e", """use Socket; $| = 1; for (1 .. 1e9) {
socket(my $l, AF_INET, SOCK_STREAM, 0); listen($l, 5); print "on\n" if $_ == 100 }""")
    assert flood.stdout.readline() == b"on\n"
    port = free_port()
    listen_in_guest(landbridge, machine, port)
    assert until(lambda: answer(port) == f"guest {port}", 60), answer(port)
    end_in_guest(landbridge, machine, port)
    assert until(lambda: "refused" in answer(port), 60)
    flood.terminate()
    flood.communicate(timeout=20)


def test_connection_outlives_wines_server(landbridge, machine):
    """Programs end with it; who has nothing to do with Wine does not."""
    agent = agent_of(landbridge, machine)
    assert until(lambda: any((name_of(p) or "").startswith("wineserver") for p in children_of(agent)), 60)
    with socket.create_connection(("127.0.0.1", 7000), timeout=60) as s:
        s.sendall(b"abc")
        assert until(lambda: "1B58" in connections(landbridge, machine))
        os.kill(next(p for p in children_of(agent) if (name_of(p) or "").startswith("wineserver")), signal.SIGKILL)
        assert until(lambda: not any((name_of(p) or "").startswith("wineserver") for p in children_of(agent)))
        s.shutdown(socket.SHUT_WR)
        assert s.recv(100) == b"3"


def test_waiting_for_ports_wakes_nobody(landbridge, machine):
    """Nothing runs in the broker while no port changes."""
    look = "grep ctxt_switches /proc/$p/status"
    result = landbridge.call("exec", machine, "--", "sh", "-c", "p=$(grep -la ^landbridge-broker /proc/[0-9]*/cmdline | cut -d/ -f3); "
                             f"sleep 1; {look} >/tmp/a; sleep 5; {look} >/tmp/b; cmp /tmp/a /tmp/b && echo same")
    assert result.text == "same\n", result


def test_no_ports_at_all(landbridge, tmp_path):
    """What the policy forbids altogether is not asked for in vain."""
    (tmp_path / "policy").write_text("ports none\n")
    (tmp_path / "policy").chmod(0o600)
    done = landbridge.run("--ports", "--", "true", env={"LANDBRIDGE_POLICY": str(tmp_path / "policy")})
    assert done.status == 125 and b"says ports none" in done.err and len(done.err.splitlines()) == 1, done


def test_ports_stay_the_guests(landbridge, tmp_path):
    """localhostForwarding = false: nothing is forwarded, and nothing is asked for."""
    port = free_port()
    tar = images.busybox(str(tmp_path / "box.tar"), ("sh", "nc", "grep", "dmesg", "sleep"))
    with images.TarImage(tar) as image:
        image.file("etc/wsl.conf", "[landbridge]\nlocalhostForwarding = false\n")
    child = landbridge.start("run", "--ports", tar, "--", "sh", "-c", f"nc -l -p {port} </dev/null >/dev/null 2>&1 & until grep -q ':{port:04X} .* 0A' "
                             "/proc/net/tcp /proc/net/tcp6; do sleep 0.1; done; sleep 1; echo listens; read x")
    assert child.stdout.readline() == b"listens\n"
    assert "refused" in answer(port)
    child.communicate(b"\n", timeout=60)
