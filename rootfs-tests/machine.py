"""A VM that a test starts itself, with an agent that it may kill."""
import os
import shlex
import shutil
import subprocess
import time

from processes import children_of, command_of, until


def own_initramfs(landbridge, drive, to):
    """Takes the initramfs of a `landbridge run`; it is there until the guest is up."""
    child = landbridge.start("run", *drive, "--", "true")

    def qemu():
        return next((c for c in map(command_of, children_of(child.pid)) if "-initrd" in c), None)
    assert until(qemu, 30)
    command = qemu()
    shutil.copy(command[command.index("-initrd") + 1], to)
    child.communicate(timeout=60)


class Machine:
    """QEMU as `landbridge run --dry-run` prints it, in the directory `work`,
    where the file `initramfs` must be."""

    def __init__(self, landbridge, work, drive, image=(), append=""):
        self.landbridge, self.work, self.drive = landbridge, work, drive
        command = shlex.split(landbridge.call("run", "--dry-run", *drive, *image).text)
        command[command.index("-append") + 1] += append
        self.qemu = subprocess.Popen(self.command(command), cwd=work, stdin=subprocess.DEVNULL)
        self.agent = None

    def command(self, words):
        """For a machine of another kind."""
        return words

    def start_agent(self):
        self.agent = self.landbridge.start("agent", "--link", f"unix:{self.work}/link", "--socket",
                                           f"{self.work}/agent.sock", *self.drive)

    def exec(self, *command, timeout=60):
        """Retried until the guest is up: the agent says 125 while it is not."""
        end = time.monotonic() + timeout
        while True:
            result = self.landbridge.call("exec", "--socket", os.path.join(self.work, "agent.sock"), "--", *command)
            if result.status != 125 or time.monotonic() > end or self.qemu.poll() is not None:
                return result
            time.sleep(0.2)

    def stop(self):
        for process in (self.qemu, self.agent):
            if process and process.poll() is None:
                process.kill()
            if process:
                process.wait()
