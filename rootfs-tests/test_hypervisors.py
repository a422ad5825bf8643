"""Guests that somebody else boots: what landbridge initramfs writes, and an agent beside it."""
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import textwrap

import pytest

import images
import overlink
from frontdoor import BUILD, TOP, VSOCK_DIR
from machine import Machine
from processes import command_of, until

DISK = os.path.join(BUILD, "images", "debian.ext4")
KERNEL = os.path.join(BUILD, "kernel", "vmlinux")
VSOCK = os.path.join(VSOCK_DIR, "vhost-device-vsock")
EMULATED = "console=ttyS0 quiet panic=-1 nokaslr cryptomgr.notests tsc=reliable no_timer_check mitigations=off"


class Plain(Machine):
    """QEMU with what its own manual has, and nothing of landbridge's command line."""

    def __init__(self, landbridge, work, initramfs, *devices, append="landbridge.link=serial:landbridge.0"):
        self.landbridge, self.work, self.drive, self.agent = landbridge, work, [], None
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none", "-machine", "q35", "-accel", "tcg",
             "-cpu", "max", "-m", "512M", "-kernel", KERNEL, "-initrd", initramfs, "-append", f"{EMULATED} {append}",
             "-drive", f"if=virtio,format=raw,snapshot=on,file={DISK}", "-serial", f"file:{work}/console", *devices],
            stdin=subprocess.DEVNULL)

    def hang_up(self):
        """Whoever kills an agent leaves its Wine behind, and that the prefix for which the next test waits."""
        if self.agent and self.agent.poll() is None:
            self.agent.terminate()
            self.agent.communicate(timeout=30)

    def stop(self):
        self.hang_up()
        super().stop()


@pytest.fixture(scope="module")
def initramfs(landbridge, tmp_path_factory):
    path = tmp_path_factory.mktemp("initramfs") / "guest"
    path.write_text("an old one")
    path.chmod(0o644)
    done = landbridge.call("initramfs", "-o", path)
    assert done.status == 0 and done.err == b"", done
    assert KERNEL in done.text and done.lines[-1] == "landbridge.link=serial:landbridge.0", done
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and os.listdir(path.parent) == ["guest"]
    return path


@pytest.mark.parametrize("options, says", [
    (["--kernel", KERNEL, "--modules", "/nonexistent"], "unable to use the modules in /nonexistent"),
    (["--key", "/nonexistent"], "unable to use the key /nonexistent: No such file"),
    (["--kernel", "/etc/passwd"], "not a Linux kernel")])
def test_initramfs_that_cannot_be_made(landbridge, tmp_path, options, says):
    """One line, and the one that was there stays."""
    (tmp_path / "guest").write_text("an old one")
    done = landbridge.call("initramfs", "-o", tmp_path / "guest", *options)
    assert done.status == 125 and says in done.err.decode() and len(done.err.splitlines()) == 1, done
    assert os.listdir(tmp_path) == ["guest"] and (tmp_path / "guest").read_text() == "an old one"


def test_initramfs_of_another_kernel(landbridge, initramfs, tmp_path):
    """Named, it is the same as the one that is taken by itself."""
    modules, = os.scandir(os.path.join(BUILD, "kernel", "modules"))
    done = landbridge.call("initramfs", "-o", tmp_path / "guest", "--kernel", KERNEL, "--modules", modules.path)
    assert done.status == 0 and KERNEL in done.text, done
    assert (tmp_path / "guest").read_bytes() == initramfs.read_bytes()


def test_plain_qemu(landbridge, tmp_path, initramfs):
    machine = Plain(landbridge, tmp_path, initramfs, "-device", "virtio-serial-pci",
                    "-chardev", f"socket,id=link,path={tmp_path}/link,server=on,wait=off",
                    "-device", "virtserialport,chardev=link,name=landbridge.0")
    try:
        machine.start_agent()
        result = machine.exec("sh", "-c", "uname -s; cat /proc/1/comm; exit 5")
        assert result.status == 5 and result.lines == ["Linux", "init"], result
        assert machine.exec("bash", "-lc", "cmd.exe /c echo hi").text == "hi\r\n"
    finally:
        machine.stop()


# --- vsock, as unix sockets on the host ---------------------------------------------------

class OverVsock(Plain):
    """The device is a program beside QEMU, vhost-device-vsock, which has Firecracker's convention: what the guest
    calls at port P is a connection to the socket PATH_P."""
    PORT = 4711

    def __init__(self, landbridge, work, initramfs, host):
        self.device = subprocess.Popen([VSOCK, "--guest-cid", "3", "--socket", f"{work}/device", "--uds-path", f"{work}/vsock"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert until((work / "device").exists)
        self.host = host  # its drive D:
        super().__init__(landbridge, work, initramfs, "-object", "memory-backend-memfd,id=memory,size=512M,share=on",
                         "-machine", "memory-backend=memory", "-chardev", f"socket,id=vsock,path={work}/device",
                         "-device", "vhost-user-vsock-pci,chardev=vsock", append=f"landbridge.link=vsock:2:{self.PORT}")

    def listen(self, key):
        self.agent = self.landbridge.start("agent", "--listen", f"unix:{self.work}/vsock_{self.PORT}", "--key", key,
                                           "--socket", f"{self.work}/agent.sock", "--drive", f"D:={self.host}")

    def stop(self):
        super().stop()
        self.device.kill()
        self.device.wait()


@pytest.fixture(scope="module")
def keys(landbridge, tmp_path_factory):
    where = tmp_path_factory.mktemp("keys")
    for name in ("boat", "other"):
        done = landbridge.call("enroll", name, "--dir", where, "--link", "vsock:2:4711")
        assert done.status == 0 and "link = vsock:2:4711\n" in done.text and "--listen vsock:CID:PORT" in done.text, done
    return where


@pytest.fixture(scope="module")
def over_vsock(landbridge, tmp_path_factory, keys, tools):
    if not os.path.exists(VSOCK):
        pytest.skip("there is no vhost-device-vsock (make vsock-device)")
    work = tmp_path_factory.mktemp("vsock")
    assert landbridge.call("initramfs", "-o", work / "guest", "--key", keys / "boat.guest.key").status == 0
    machine = OverVsock(landbridge, work, work / "guest", tools)
    yield machine
    machine.stop()


def test_vsock_host_with_another_key(over_vsock, keys):
    over_vsock.listen(keys / "other.host.key")
    line = over_vsock.agent.stderr.readline().decode()
    assert line == "landbridge: refused a guest from the hypervisor: the other side has another key than the one known here\n"
    over_vsock.hang_up()


def test_vsock(over_vsock, keys):
    over_vsock.listen(keys / "boat.host.key")
    assert over_vsock.exec("sh", "-c", "exit 7").status == 7
    result = over_vsock.exec("bash", "-lc", "cmd.exe /c echo hi; head -c 3000000 /dev/zero | wc -c")
    assert result.lines == ["hi", "3000000"], result
    data = os.urandom(2_000_000)
    result = over_vsock.landbridge.call("exec", "--socket", f"{over_vsock.work}/agent.sock", "--", "cat", stdin=data)
    assert result.status == 0 and result.out == data


# Calls the agent's port as the broker does, and says what is no key. (The device forgets to tell of an end with
# bytes unread, so nothing more.)
CALL = """perl -e 'socket(S, 40, 1, 0) or die; connect(S, pack("S S L L L", 40, 0, 4711, 2, 0)) or die "$!";
alarm 20; syswrite(S, "LANDBKEY" . "x" x 32); print "end\n" unless sysread(S, $x, 1)'"""


def test_vsock_ordinary_user_of_the_guest(over_vsock):
    """He reaches the port, and neither has the key nor takes the link from the broker."""
    before = over_vsock.exec("sh", "-c", "dmesg | grep -c 'host is connected'").text
    result = over_vsock.exec("setpriv", "--reuid", "65534", "--clear-groups", "sh", "-c",
                             f"cat /run/landbridge/key; {CALL}")
    assert result.text == "end\n" and b"Permission denied" in result.err, result
    assert "refused a guest from the hypervisor" in over_vsock.agent.stderr.readline().decode()
    assert over_vsock.exec("sh", "-c", "dmesg | grep -c 'host is connected'").text == before


def test_vsock_files(over_vsock):
    """p9d at port 564, by the way from the host into the guest."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(f"{over_vsock.work}/vsock")
        s.sendall(b"CONNECT 564\n")
        assert s.recv(32).startswith(b"OK ")
        s.sendall(struct.pack("<IBHIH", 21, 100, 0xffff, 65536, 8) + b"9P2000.L")
        assert s.recv(64).endswith(b"9P2000.L")


def test_vsock_agent_comes_back(over_vsock, keys):
    over_vsock.agent.kill()
    over_vsock.agent.communicate()
    over_vsock.listen(keys / "boat.host.key")
    assert over_vsock.exec("sh", "-c", "exit 3").status == 3


def test_vsock_sessions_files_and_drive(over_vsock, tools, tmp_path):
    overlink.session(over_vsock)
    overlink.files(over_vsock, tmp_path)
    overlink.drive(over_vsock, tools)


def test_vsock_stopped_agent_is_noticed(over_vsock):
    overlink.stopped_agent(over_vsock)


@pytest.mark.parametrize("end", [overlink.end_agent, overlink.end_broker])
def test_vsock_killed_under_fifty_programs(over_vsock, keys, end):
    overlink.fifty_programs(over_vsock, end, lambda: over_vsock.listen(keys / "boat.host.key") if end is overlink.end_agent else None)


def test_vsock_hangs_up(over_vsock):
    """An agent that ends in order says nothing, and lets go of Wine's prefix."""
    assert until(lambda: over_vsock.exec("true").status == 0)
    over_vsock.agent.terminate()
    assert over_vsock.agent.communicate(timeout=30)[1] == b""


def test_vsock_wall(landbridge, tmp_path, keys, tools):
    """Where others could reach the hypervisor's socket, or put one in its place."""
    tmp_path.chmod(0o755)
    done = landbridge.call("agent", "--listen", f"unix:{tmp_path}/v_1", "--key", keys / "boat.host.key", "--socket", tmp_path / "a",
                           "--drive", f"D:={tools}")
    assert done.status == 125 and b"not yours alone" in done.err and len(done.err.splitlines()) == 1, done


class Ours:
    """A machine of `landbridge run --link vsock`, as overlink has one."""

    def __init__(self, landbridge, work, *drive):
        self.landbridge, self.work = landbridge, work
        self.run = landbridge.start("run", "--name", "deep", "--link", "vsock", "--net", "none", "--socket", f"{work}/agent.sock",
                                    *drive, "--", "sh", "-c", "echo up; sleep 1000")

    def exec(self, *command):
        return self.landbridge.call("exec", "--socket", f"{self.work}/agent.sock", "--", *command)

    def device(self):
        """Its process, as long as there is one."""
        return next((pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                     if VSOCK in command_of(pid) and any(word.endswith("/deep/device") for word in command_of(pid))), None)


@pytest.mark.skipif(not os.path.exists(VSOCK), reason="there is no vhost-device-vsock (make vsock-device)")
def test_machine_of_ours_over_vsock(landbridge, tmp_path, tools):
    """Without a network. Its device is a process of the machine's, and when that ends, so does the machine."""
    machine = Ours(landbridge, tmp_path, "--drive", f"D:={tools}")
    try:
        assert machine.run.stdout.readline() == b"up\n"
        result = machine.exec("bash", "-lc", "stat -c %a /run/landbridge/key; grep -o landbridge.link=vsock /proc/cmdline; "
                              "ls /dev/vport* /dev/virtio-ports; cmd.exe /c echo hi; exit 9")
        assert result.status == 9 and result.lines == ["600", "landbridge.link=vsock", "hi"], result
        overlink.session(machine)
        os.kill(machine.device(), signal.SIGKILL)
        _, err = machine.run.communicate(timeout=60)
        assert machine.run.returncode == 125 and len(err.splitlines()) == 1 and b"vsock device ended" in err, err
        assert machine.device() is None
    finally:
        machine.run.kill()


def test_machine_over_vsock_needs_a_device(landbridge, tmp_path):
    (tmp_path / "qemu-system-x86_64").symlink_to(shutil.which("qemu-system-x86_64"))
    if os.access("/dev/vhost-vsock", os.R_OK | os.W_OK):
        pytest.skip("this host has one")
    done = landbridge.call("run", "--link", "vsock", "--dry-run", env={"PATH": str(tmp_path)})
    assert done.status == 125 and b"unable to make a vsock device" in done.err and len(done.err.splitlines()) == 1, done


# --- libvirt, as doc/HYPERVISORS has it ----------------------------------------------------

def page(pattern):
    """What the page has of something, without its indentation."""
    with open(os.path.join(TOP, "doc", "HYPERVISORS"), encoding="ascii") as f:
        return textwrap.dedent(re.search(pattern, f.read(), re.M | re.S)[0])


class Libvirt:
    """Its daemon in session mode, of an ordinary user: it changes nothing of this machine's own."""
    ENV = {"XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_DATA_HOME": "data", "HOME": "."}
    CONF = 'stdio_handler = "file"\nsecurity_driver = "none"\ncgroup_controllers = []\nnamespaces = []\n'

    def __init__(self, work):
        self.work = work
        self.env = {**os.environ, **{name: str(work / sub) for name, sub in self.ENV.items()}}
        root = os.geteuid() == 0
        self.user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if root else []
        for sub in ("run", "config/libvirt", "cache", "data"):
            (work / sub).mkdir(0o700, parents=True)
        (work / "config/libvirt/qemu.conf").write_text(self.CONF)
        if root:
            subprocess.run(["chown", "-R", "65534:65534", work], check=True)
        self.daemon = subprocess.Popen([*self.user, "libvirtd"], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert until((work / "run/libvirt/libvirt-sock").exists, 20)

    def virsh(self, *words):
        return subprocess.run([*self.user, "virsh", "-q", "-c", "qemu:///session", *words], env=self.env, cwd="/", text=True,
                              capture_output=True, timeout=60, check=False)

    def stop(self):
        self.virsh("destroy", "boat")
        self.daemon.terminate()
        self.daemon.wait(30)


@pytest.mark.skipif(not shutil.which("libvirtd") or not shutil.which("virsh"),
                    reason="there is no libvirt (libvirt-daemon-driver-qemu, libvirt-clients)")
def test_libvirt(landbridge, initramfs):
    """The page's XML, but for its directory and what this machine lacks (KVM, a kernel that is packed)."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="libvirt."))  # where that user comes, too
    work.chmod(0o755)
    disk = images.disk_from_tar(str(work / "disk.raw"), images.busybox(str(work / "box.tar")), "64M")
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", disk, work / "disk.qcow2"], check=True)
    shutil.copy(KERNEL, work / "vmlinuz")
    shutil.copy(initramfs, work / "guest.initramfs")
    xml = page(r"^  <domain.*</domain>$").replace("DIR/", f"{work}/").replace("type='kvm'", "type='qemu'")
    (work / "boat.xml").write_text(xml.replace("panic=-1", EMULATED.removeprefix("console=ttyS0 ")))
    libvirt = Libvirt(work)
    machine = Plain.__new__(Plain)
    machine.landbridge, machine.work, machine.drive, machine.agent = landbridge, work, [], None
    machine.qemu = libvirt.daemon
    try:
        done = libvirt.virsh("create", str(work / "boat.xml"))
        assert done.returncode == 0, done
        machine.start_agent()
        result = machine.exec("sh", "-c", "busybox hostname; exit 6")
        assert result.status == 6 and result.text == "boat\n", result
        assert libvirt.virsh("shutdown", "boat").returncode == 0
        assert until(lambda: libvirt.virsh("list", "--name").stdout.strip() == "", 60)
    finally:
        machine.hang_up()
        libvirt.stop()
        shutil.rmtree(work)
