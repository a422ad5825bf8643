"""Who may run what: the host's policy file, the guest's [interop] users, and the audit log."""
import contextlib
import json
import os
import shutil
import subprocess

import pytest

import images
from processes import children_of, name_of

POLICY = r"""# only these
default deny
deny *\whoami.exe
allow C:\windows\system32\*
allow d:/tools/*
batch off
env FERRY
running 2
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    path = tmp_path_factory.mktemp("policy") / "policy"
    path.write_text(POLICY)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def strict(landbridge, policy):
    """The same front door, under the policy."""
    return type(landbridge)(landbridge.env["LANDBRIDGE_HOME"], LANDBRIDGE_POLICY=str(policy))


@pytest.fixture(scope="module")
def results(strict, store, user_image, tools, tmp_path_factory):
    """One boot, in which root and one more may."""
    image = str(store / "interop-users.tar")
    shutil.copy(user_image, image)
    with images.TarImage(image) as tar:
        tar.file("etc/wsl.conf", "[interop]\nusers = root, 1002\n")
    drive = tmp_path_factory.mktemp("drive")
    (drive / "tools").mkdir()
    shutil.copy(tools / "probe.exe", drive / "probe.exe")
    shutil.copy(tools / "probe.exe", drive / "tools" / "probe.exe")
    (drive / "tools" / "x.bat").write_bytes(b"@echo hi\r\n")
    for file in drive.rglob("*"):
        os.chmod(file, 0o755)
    commands = {
        "allowed": 'cmd.exe /c "exit 3"',
        "tools": "/mnt/d/tools/probe.exe exit 4",
        "named": "whoami.exe",
        "default": "/mnt/d/probe.exe exit 0",
        "batch": "/mnt/d/tools/x.bat",
        "env": "export WSLENV=FERRY:OTHER FERRY=boat OTHER=x; /mnt/d/tools/probe.exe env FERRY; /mnt/d/tools/probe.exe env OTHER",
        "listed": "perl -e '$) = $( = 1002; $> = $< = 1002; exec @ARGV' /mnt/d/tools/probe.exe exit 4",
        "user": "perl -e '$) = $( = 1000; $> = $< = 1000; exec @ARGV' /mnt/d/tools/probe.exe exit 4",
        "full": "for i in 1 2; do /mnt/d/tools/probe.exe wait & done; for i in $(seq 100); do /mnt/d/tools/probe.exe exit 0 2>/tmp/full; "
                "s=$?; test $s = 125 && break; sleep 0.1; done; cat /tmp/full >&2; kill %1 %2; wait; exit $s",
    }
    return strict.batch(commands, "--user", "root", "--drive", f"D:={drive}", image)


def one_line(result, status, word):
    assert result.status == status and result.err.count(b"\n") == 1 and word in result.err, result


def test_policy_allows_what_it_names(results):
    assert results["allowed"].status == 3 and results["tools"].status == 4, (results["allowed"], results["tools"])


def test_policy_refuses_the_rest_and_says_why(results):
    one_line(results["named"], 126, rb"policy forbids it (deny *\whoami.exe)")
    one_line(results["default"], 126, b"policy forbids it (default deny)")
    one_line(results["batch"], 126, b"policy runs no scripts (batch off)")


def test_policy_lists_the_variables(results):
    assert results["env"].lines == ["boat", "(unset)"], results["env"]


def test_policy_limits_what_runs(results):
    one_line(results["full"], 125, b"as many as the host's policy allows")


def test_users_of_interop(results):
    one_line(results["user"], 125, b"not for this user")
    assert results["listed"].status == 4, results["listed"]


def test_audit_log_has_it(results, strict):
    with open(os.path.join(strict.env["LANDBRIDGE_HOME"], "audit.log"), encoding="utf-8") as file:
        text = file.read()
    for line in (r"uid=0 run D:\tools\probe.exe: probe.exe exit 4", r"refused D:\probe.exe", " exit 4\n"):
        assert line in text, text
    assert os.stat(os.path.join(strict.env["LANDBRIDGE_HOME"], "audit.log")).st_mode & 0o77 == 0


@pytest.mark.parametrize("text, mode, word", [("deny tools\n", 0o600, b"line 1"), ("default deny\n", 0o622, b"others may write"),
                                              ("sessions off\n", 0o600, b"Windows host")])
def test_policy_that_is_wrong_starts_nothing(landbridge, tmp_path, text, mode, word):
    path = tmp_path / "policy"
    path.write_text(text)
    path.chmod(mode)
    one_line(landbridge.run("--", "true", env={"LANDBRIDGE_POLICY": str(path)}), 125, word)


def test_policy_on_a_drive_of_the_guest_is_no_policy(landbridge, tmp_path):
    (tmp_path / "policy").write_text("default deny\n")
    result = landbridge.run("--drive", f"D:={tmp_path}", "--", "true", env={"LANDBRIDGE_POLICY": str(tmp_path / "policy")})
    one_line(result, 125, b"on a drive that the guest may write to")


def test_doctor_of_a_host(landbridge, tmp_path):
    result = landbridge.call("doctor")
    assert result.status == 0 and all(line.split()[0] in ("ok", "note") for line in result.lines), result
    (tmp_path / "policy").write_text("deny tools\n")
    result = landbridge.call("doctor", "--json", env={"LANDBRIDGE_POLICY": str(tmp_path / "policy")})
    report = {line["check"]: line for line in map(json.loads, result.lines)}
    assert result.status == 1 and report["policy"]["state"] == "fail" and "line 1" in report["policy"]["text"], result


def test_memory(landbridge, tools, tmp_path):
    """A limit on the memory of all Windows programs of a machine, and three quarters of it for each, who is told so;
    the group that holds them is gone with the machine. Where there can be none, that is said."""
    policy = tmp_path / "policy"
    policy.write_text("memory 256M\n")
    policy.chmod(0o600)
    rationed = type(landbridge)(landbridge.env["LANDBRIDGE_HOME"], LANDBRIDGE_POLICY=str(policy))
    doctor = json.loads(next(line for line in rationed.call("doctor", "--json").lines if '"memory"' in line))
    try:
        started = rationed.call("start", "--name", "rationed", "--drive", f"D:={tools}")
        assert started.status == 0, started
        assert (b"of their own each" in started.err) == (doctor["state"] == "note"), (started, doctor)
        few, many = (rationed.call("exec", "rationed", "/mnt/d/probe.exe", "take", mib) for mib in ("80", "400"))
        assert (few.status, few.text) == (0, "80\n"), few
        assert many.status == 0 and 80 < int(many.text) < 192, many
        machine = json.loads(rationed.call("list", "--json").text)
        agent = next(m["agent"] for m in machine if m["name"] == "rationed")
        names = {pid: name_of(pid) or "" for pid in [agent, *children_of(agent)]}
        assert any(name.startswith("wineserver") for name in names.values()), names
        groups = {}
        for pid in names:
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cgroup", encoding="ascii") as f:
                groups[pid] = "/landbridge-rationed-" in f.read()
        if doctor["state"] == "ok":  # what the guest writes to its drives is not theirs
            assert {names[pid] for pid in groups if not groups[pid]} <= {"lb-drive"}, (names, groups)
    finally:
        rationed.call("stop", "rationed")
    left = subprocess.run(["find", "/sys/fs/cgroup", "-name", "landbridge-rationed-*"], capture_output=True, check=False)
    assert left.stdout == b"", left
