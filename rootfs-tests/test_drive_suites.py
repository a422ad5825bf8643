"""Suites that others wrote on a drive of the host's, in a Debian guest (p9/suite has them;
test_p9suites runs them on the kernel's own 9P client)."""
import os
import shlex
import shutil

import pytest

import p9guest
from test_p9suites import IMAGE

SUITES = ["fio", "dbench", "postmark", "stress-ng", "git"] if p9guest.SOAK else ["dbench", "postmark", "git"]
SECONDS = 1800 if p9guest.SOAK else 250


@pytest.fixture(scope="module")
def verdicts(landbridge, tmp_path_factory):
    drive = tmp_path_factory.mktemp("suites")
    shutil.copytree(os.path.join(p9guest.HERE, "suite"), drive / "suite")
    env = shlex.join(["CACHE=mmap", f"LONG={int(p9guest.SOAK)}", "HOME=/tmp"])
    # stress-ng and git change owners and modes, and look
    commands = {"again": "umount /mnt/d && mount -t drvfs D: /mnt/d -o metadata && cp -r /mnt/d/suite /tmp"}
    for suite in SUITES:
        commands[suite] = (f"mkdir /mnt/d/work && {env} timeout -k 10 {SECONDS} sh -x /tmp/suite/{suite} /mnt/d/work 2>&1 && "
                           "rm -r /mnt/d/work && ls /mnt/d")
    return landbridge.batch(commands, "--memory", "1G", "--drive", f"D:={drive}", IMAGE,
                            timeout=SECONDS * len(SUITES))


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.timeout(SECONDS * len(SUITES))
def test_suite(verdicts, suite):
    assert verdicts["again"].status == 0, verdicts["again"]
    assert verdicts[suite].status == 0 and verdicts[suite].lines[-1] == "suite", verdicts[suite].text[-4000:]
