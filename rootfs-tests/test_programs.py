"""What is a program here: batch files, scripts, other systems' programs; and what keeps the handlers for them."""
import json
import os
import struct

import pytest

ARGS = ["", "a b", "a\\b", "a b\\", "x&y", "a|b^c", "<in>out", "a!b", "(x)", "caf\u00e9", "a,b;c=d", "'q'", "/x", "&"]


def pe(subsystem, signature=b"PE\0\0"):
    """The head of a PE file for that subsystem; or of something else that begins with MZ."""
    head = bytearray(512)
    head[:2], head[0x18], head[0x3c] = b"MZ", 0x40, 0x40
    head[0x40:0x44] = signature
    struct.pack_into("<H", head, 0x44, 0x8664)
    struct.pack_into("<H", head, 0x40 + 24 + 68, subsystem)
    return bytes(head)


MISC = "/proc/sys/fs/binfmt_misc"
AGAIN = "for i in $(seq 50); do /mnt/d/probe.exe exit 3; test $? = 3 && break; sleep 0.1; done; /mnt/d/probe.exe exit 3"

FILES = {
    "args.bat": b"@echo off\r\n:next\r\nif [%1]==[] goto end\r\necho %1\r\nshift\r\ngoto next\r\n:end\r\n",
    "tell.CMD": b"@\"%~dp0probe.exe\" args %*\r\n",
    "status.cmd": b"@exit /b 7\r\n",
    "cwd.bat": b"@cd\r\n",
    "p.ps1": b"Write-Output hi\r\n",
    "shell.cmd": b"#!/bin/sh -u\necho \"sh $- $0 $*\"\nexit 5\n",
    "ape": b"MZqFpD='\n'\necho \"ape $*\"; exit 6\n",
    "efi.exe": pe(10),
    "dos.exe": b"MZ" + bytes(30) + b"\x21\xcd" * 20,
    "ne.exe": pe(0, b"NE\0\0"),
    "cut.exe": pe(3)[:70],
}


def quoted(args):
    return " ".join("'" + a.replace("'", "'\\''") + "'" for a in args)


@pytest.fixture(scope="module")
def drive(tools, tmp_path_factory):
    """D:, with what is run there."""
    path = tmp_path_factory.mktemp("programs")
    for name, text in FILES.items():
        (path / name).write_bytes(text)
    (path / "probe.exe").write_bytes((tools / "probe.exe").read_bytes())
    (path / "a dir").mkdir()
    (path / "a dir" / "sp ace.bat").write_bytes(b"@echo [%~1]\r\n")
    for file in path.rglob("*"):
        os.chmod(file, 0o755)
    return path


@pytest.fixture(scope="module")
def results(landbridge, drive):
    """One boot in which every command below runs from bash."""
    commands = {
        "bat": f"cd /mnt/d && ./tell.CMD {quoted(ARGS)}",
        "batwords": "cd /mnt/d && ./args.bat a '&calc' '\"&echo INJECTED'",
        "percent": "cd /mnt/d && ./tell.CMD '%OS%' '50%'",
        "newline": "cd /mnt/d && ./tell.CMD 'a\nb'",
        "status": "/mnt/d/status.cmd",
        "cwd": "cd '/mnt/d/a dir' && ../cwd.bat && './sp ace.bat' 'x y'",
        "name": "PATH=$PATH:/mnt/d; landbridge-run STATUS; echo $?; landbridge-run tell x 'y z'; landbridge-run /mnt/d/Status",
        "case": "landbridge-run NOTEPAD.EXE /none; landbridge-run whoami; landbridge-run WhoAmI.exe",
        "ps1": "landbridge-run /mnt/d/p.ps1 a",
        "shell": "cd /mnt/d && ./shell.cmd a 'b c'; echo $?; cp shell.cmd /tmp/x.bat; /tmp/x.bat; echo $?",
        "elf": "cp /bin/echo /tmp/elf.cmd; /tmp/elf.cmd a 'b c'",
        "offdrive": "printf '@echo x\\r\\n' >/tmp/off.bat; chmod +x /tmp/off.bat; /tmp/off.bat",
        "ape": "/mnt/d/ape a 'b c'; echo $?; cp /mnt/d/ape /tmp/ape; /tmp/ape d",
        **{kind: f"/mnt/d/{kind}.exe" for kind in ("efi", "dos", "ne", "cut")},
        "detach": "landbridge-run --detach /mnt/d/probe.exe later 500 'D:\\detached'; echo $?; "
                  "for i in $(seq 100); do test -e /mnt/d/detached && break; sleep 0.1; done; ls /mnt/d/detached",
        "nostdin": "seq 3 | { landbridge-run --no-stdin /mnt/d/probe.exe cat; cat; }",
        "indir": "cd /; landbridge-run --cwd '/mnt/d/a dir' /mnt/d/probe.exe cwd",
        "indirno": "landbridge-run --cwd /etc /mnt/d/probe.exe cwd; echo $?; landbridge-run --cwd /none /mnt/d/probe.exe cwd",
        "usage": "landbridge-run --what x",
        "flushed": f"echo -1 >{MISC}/status; {AGAIN}",
        "removed": f"echo -1 >{MISC}/WSLInterop; {AGAIN}",
        "behind": f"echo ':other:M::MZ::/bin/false:' >{MISC}/register; {AGAIN}; s=$?; echo -1 >{MISC}/other; exit $s",
        "extension": f"echo ':other:E::exe::/bin/false:' >{MISC}/register; {AGAIN}; s=$?; echo -1 >{MISC}/other; exit $s",
        "more": f"echo ':other:M::MZqFpD::/bin/echo:' >{MISC}/register; /mnt/d/ape x; echo -1 >{MISC}/other",
        "off": f"echo 0 >{MISC}/WSLInterop; /mnt/d/probe.exe exit 3; echo $?; echo 1 >{MISC}/WSLInterop; /mnt/d/probe.exe exit 3",
        "long": "/mnt/d/probe.exe args $(head -c 40000 /dev/zero | tr '\\0' x)",
        "fits": "/mnt/d/probe.exe args $(head -c 32000 /dev/zero | tr '\\0' x) | wc -c",
        "longenv": "V=$(head -c 40000 /dev/zero | tr '\\0' x) WSLENV=V /mnt/d/probe.exe cwd",
        "gone": "mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone; /mnt/d/probe.exe cwd",
        "wslenv": "export P=/mnt/d/x L=/mnt/d/a:/mnt/d/b:/etc W=w U=u WSLENV=P/p:L/l:W/w:U/u; "
                  "for v in P L W U; do /mnt/d/probe.exe env $v; done",
        "badflag": "WSL_DISTRO_NAME=other WSLENV=Q/z:R/p:S/p Q=1 R=/$(printf %070000d 0) S=x /mnt/d/probe.exe env S",
        "doctor": "landbridge-doctor",
        "doctorjson": "landbridge-doctor --json",
        "doctoroff": f"echo 0 >{MISC}/WSLInterop; landbridge-doctor; s=$?; echo 1 >{MISC}/WSLInterop; exit $s",
        "doctorhelp": "landbridge-doctor --what",
        "conf": "cat /run/binfmt.d/zz-WSLInterop.conf",
    }
    return landbridge.batch(commands, "--drive", f"D:={drive}", timeout=400)


def one_line(result, status, word):
    assert result.status == status and result.err.count(b"\n") == 1 and word in result.err, result


def test_batch_file_gets_its_arguments(results):
    assert results["bat"].status == 0 and results["bat"].lines == ARGS, results["bat"]
    assert results["cwd"].text.split("\r\n")[:2] == ["D:\\a dir", "[x y]"], results["cwd"]
    assert results["status"].status == 7, results["status"]


def test_batch_file_is_no_way_to_run_a_command(results):
    assert not [l for l in results["batwords"].lines if l.startswith("INJECTED")], results["batwords"]
    one_line(results["newline"], 126, b"argument 1")
    one_line(results["percent"], 126, b"argument 1 has a %")


def test_names_as_windows_has_them(results):
    assert results["name"].text.replace("\r", "").split("\n")[:3] == ["7", "x", "y z"], results["name"]
    assert results["name"].status == 7, results["name"]
    assert results["case"].status == 0 and results["case"].text.count("\\") == 2, results["case"]


def test_powershell_that_is_none_is_not_success(results):
    one_line(results["ps1"], 126, b"PowerShell")


def test_scripts_of_the_guest_keep_running(results):
    assert results["shell"].lines == ["sh u ./shell.cmd a b c", "5", "sh u /tmp/x.bat ", "5"], results["shell"]
    assert results["elf"].text == "a b c\n", results["elf"]
    assert (results["offdrive"].status, results["offdrive"].out) == (0, b"x\r\n"), results["offdrive"]


def test_ape_program_runs_in_the_guest(results):
    assert results["ape"].lines == ["ape a b c", "6", "ape d"] and results["ape"].status == 6, results["ape"]


@pytest.mark.parametrize("kind, word", [("efi", b"EFI firmware"), ("dos", b"DOS program"), ("ne", b"16-bit"), ("cut", b"cut short")])
def test_programs_of_others_are_told_apart(results, kind, word):
    one_line(results[kind], 126, word)


def test_detached_program_outlives_its_caller(results):
    assert results["detach"].lines == ["0", "/mnt/d/detached"], results["detach"]


def test_options_of_landbridge_run(results):
    assert results["nostdin"].lines == list("123") and results["nostdin"].err == b"0\n", results["nostdin"]
    assert results["indir"].text == "D:\\a dir\n", results["indir"]
    assert results["indirno"].lines == [r"\\wsl.localhost\debian\etc", "0"], results["indirno"]
    one_line(results["indirno"], 126, b"unable to start in /none: No such file or directory")
    one_line(results["usage"], 125, b"usage")


def test_too_long_for_windows_is_said(results):
    one_line(results["long"], 126, b"argument list too long for Windows (400")
    one_line(results["longenv"], 126, b"the variable V is too long for Windows (400")
    assert results["fits"].text.strip() == "32001", results["fits"]


def test_directory_that_was_removed(results):
    assert results["gone"].status == 0 and results["gone"].text.lower().startswith("c:\\users"), results["gone"]


def test_flags_of_wslenv(results):
    assert results["wslenv"].lines == ["D:\\x", r"D:\a;D:\b;\\wsl.localhost\debian\etc", "w", "(unset)"], results["wslenv"]
    assert results["badflag"].lines == ["x"]
    said = results["badflag"].err.decode().splitlines()
    assert len(said) == 2 and "leaving out R of WSLENV" in said[0] and "ignoring Q/z in WSLENV" in said[1], said


@pytest.mark.parametrize("name", ["flushed", "removed", "behind", "extension"])
def test_handler_comes_again_and_first(results, name):
    assert results[name].status == 3, results[name]


def test_handler_leaves_others_their_own(results):
    assert results["more"].text == "/mnt/d/ape x\n", results["more"]


def test_handler_that_is_switched_off_stays_off(results):
    assert results["off"].lines == ["126"] and results["off"].status == 3, results["off"]
    assert results["conf"].lines[-1] == ":WSLInterop:M::MZ::/init:PF", results["conf"]


def test_doctor_of_a_guest(results):
    found = {line.split()[1]: line.split()[0] for line in results["doctor"].lines}
    assert results["doctor"].status == 0, results["doctor"]
    for check in ("guest", "binfmt", "exe", "socket", "agent", "host", "wine", "policy", "drives", "path"):
        assert found.get(check) == "ok", results["doctor"]
    report = [json.loads(line) for line in results["doctorjson"].lines]
    assert {line["check"]: line["state"] for line in report} == found, results["doctorjson"]


def test_doctor_finds_what_is_wrong(results):
    found = {line.split()[1]: line.split()[0] for line in results["doctoroff"].lines}
    assert results["doctoroff"].status == 1 and found["binfmt"] == found["exe"] == "fail", results["doctoroff"]
    assert "echo 1 >" in results["doctoroff"].text, results["doctoroff"]
    one_line(results["doctorhelp"], 125, b"usage")
