"""Windows programs from the guest's bash: argv, cwd, streams, exit codes, numbers."""
import os
import struct
import subprocess
import time

import pexpect
import pytest

ARGS = ["", "a b", "a\\b", "a b\\", 'a"b', 'a\\"b', "\\", '"', "*.c", "%PATH%", "$HOME", "caf\u00e9 \U0001f600", "tab\there", "-x",
        "&|<>^"]


def pe32():
    """The smallest program for 32 bits: it returns 7."""
    head = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x14c, 1, 0, 0, 0, 224, 0x103)
    head += struct.pack("<HBBIIIIII", 0x10b, 2, 0, 512, 0, 0, 4096, 4096, 8192)
    head += struct.pack("<IIIHHHHHHIIIIHH", 0x400000, 4096, 512, 4, 0, 0, 0, 4, 0, 0, 8192, 512, 0, 3, 0)
    head += struct.pack("<IIIIII", 1 << 20, 4096, 1 << 20, 4096, 0, 16) + bytes(128)
    head += b".text\0\0\0" + struct.pack("<IIIIIIHHI", 16, 4096, 512, 512, 0, 0, 0, 0, 0x60000020)
    return head.ljust(512, b"\0") + b"\xb8\7\0\0\0\xc3".ljust(512, b"\0")


def asked(program):
    """A command that opens a program as no client of ours would, and prints what the border answers (doc/PROTOCOL)."""
    def frame(kind, stream, payload=b""):
        return struct.pack("<IBBHI", len(payload), kind, 0, 0, stream) + payload

    def field(tag, value):
        return struct.pack("<II", tag, len(value)) + value

    hello = b"LANDBRDG" + struct.pack("<HH", 2, 2) + b"e" * 16 + bytes(16)
    name = program.encode() + b"\0"
    fields = field(9, struct.pack("<I", 1)) + field(2, name) + field(3, name)
    sent = frame(1, 0, hello.ljust(48, b"\0")) + frame(16, 1, fields)
    return ("perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un(shift)) || die $!; "
            f"syswrite(S, pack(qq(H*), qq({sent.hex()}))); $| = 1; alarm 30; "
            "while (sysread(S, $b, 65536)) { print $b }' /run/landbridge/interop.sock")


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    """A directory of the host that no guest may change; e/ is a drive, read-only."""
    return tmp_path_factory.mktemp("fixed")


@pytest.fixture(scope="module")
def results(landbridge, tools, fixed):
    """One boot in which every command below runs from bash."""
    quoted = " ".join("'" + a.replace("'", "'\\''") + "'" for a in ARGS)
    commands = {
        "exit7": 'cmd.exe /c "exit 7"',
        "cd": 'cd /mnt/c/windows && cmd.exe /c "echo %CD%"',
        "whoami": "whoami.exe",
        "args": f"/mnt/d/probe.exe args {quoted}",
        "cwd": "mkdir -p '/mnt/d/a dir' && cd '/mnt/d/a dir' && ../probe.exe cwd",
        "space": "cp /mnt/d/probe.exe '/mnt/d/a dir/pro be.exe'",
        "cwdlost": "cd /etc && WSL_DISTRO_NAME=other script -qec '/mnt/d/probe.exe cwd' /dev/null",
        "streams": "/mnt/d/probe.exe both 300",
        "cat": "head -c 300000 /dev/zero | /mnt/d/probe.exe cat",
        "lines": "seq 5 | while read l; do /mnt/d/probe.exe exit 0; echo $l; done",
        "taken": "seq 3 | { /mnt/d/probe.exe line; cat; }",
        "file": "seq 3 >/tmp/f; { /mnt/d/probe.exe line; cat; } </tmp/f",
        "missing": "landbridge-run 'C:\\none.exe'",
        "notdrive": "cp /mnt/d/probe.exe /tmp/p.exe && WSL_DISTRO_NAME=other /tmp/p.exe cwd",
        "env": "WSLENV=FERRY FERRY=boat /mnt/d/probe.exe env FERRY",
        "envnot": "FERRY=boat /mnt/d/probe.exe env FERRY",
        "envown": "WSLENV=CFG/p CFG=/etc/hostname /mnt/d/probe.exe env CFG",
        "dumb": "TERM=dumb script -qec '/mnt/d/probe.exe args a' /dev/null",
        "pipeclosed": "/mnt/d/probe.exe both 3000 2>/dev/null | head -c 10; echo ${PIPESTATUS[1]}",
        "binfmt": "cat /proc/sys/fs/binfmt_misc/WSLInterop",
        "which": "command -v notepad.exe; echo $PATH",
        "hundred": "for i in $(seq 100); do /mnt/d/probe.exe exit $((i % 256)); test $? = $((i % 256)) || echo bad $i; done; "
                   "echo done",
        "fifty": "for i in $(seq 50); do { /mnt/d/probe.exe exit $i; test $? = $i || echo bad $i; } & done; wait; echo done",
        "zombies": "cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z '",
        "left": "cat /proc/[0-9]*/comm | grep -c '^probe'",
        "script": r"""printf '#!/bin/sh\ntouch "${0%/*}/escaped"\n' >/mnt/d/x.sh; chmod +x /mnt/d/x.sh; """ + asked("D:\\x.sh"),
        "elf": r"""cp /bin/true /mnt/d/elf.exe; """ + asked("D:\\elf.exe"),
        "fakepe": r"""printf 'MZ\ntouch /mnt/d/escaped\n' >/mnt/d/mz.exe; """ + asked("D:\\mz.exe"),
        "folder": asked("D:\\"),
        "x86": "landbridge-run /mnt/d/x86.exe",
        "nodll": "landbridge-run /mnt/d/nodll.exe",
        "link": r"""cmd.exe /c 'type D:\hosts-own.txt'""",
        "cmdscript": r"""cmd.exe /c 'D:\x.sh'""",
        "unix": r"""cmd.exe /c 'start /wait /unix /usr/bin/touch {}'""".format(os.path.join(tools, "escaped")),
        "readonly": r"""cmd.exe /c 'echo x>E:\new.txt'; cmd.exe /c 'type E:\old.txt & del E:\old.txt'""",
        "writable": r"""cmd.exe /c 'echo x>D:\new.txt' && cat /mnt/d/new.txt""",
        "oddcwd": "for d in 'c:d' 'tr.' aux; do mkdir -p \"/mnt/d/$d\" && cd \"/mnt/d/$d\" && /mnt/d/probe.exe cwd; done",
        "byhand": "/init /mnt/c/windows/system32/cmd.exe /c 'echo hi' && /init /mnt/d/probe.exe args a 'b c' && "
                  "/init /mnt/d/probe.exe cwd && cd / && /init cmd.exe /c 'exit 4'",
        "order": "/mnt/d/probe.exe turns 200 2>&1 | cat; /mnt/d/probe.exe turns 200 >/tmp/turns 2>&1; cat /tmp/turns",
        "apart": "/mnt/d/probe.exe turns 3 2>/dev/null; /mnt/d/probe.exe turns 3 >/dev/null",
        "cmdtext": """cmd.exe /c 'echo "a b"&echo c'""",
        "cmdwords": r"""cmd.exe /c echo 'x&echo z' && cmd.exe /c echo 'x&y^z' '>D:\no' && cmd.exe /c 'D:\a dir\pro be.exe' args 'a b' 'c d'""",
        "case": "/mnt/c/Windows/System32/cmd.exe /c ver && ls -d /mnt/c/Users && ls \"$(wslpath -u 'C:\\Windows\\notepad.exe')\"",
        "dirs": "IFS=:; for d in $PATH; do test -d \"$d\" || echo \"missing $d\"; done",
        "utf8": "mkdir -p /mnt/d/names/\u042f && cmd.exe /c 'dir /b D:\\names' | cat",
        "setx": "for i in 1 2 3; do reg.exe add 'HKCU\\Environment' /v LB_TURN /d turn$i /f >/dev/null; "
                "cmd.exe /c 'echo %LB_TURN%'; done",
        "sudo": "env -i /mnt/d/probe.exe exit 5",
    }
    with open(os.path.join(tools, "x86.exe"), "wb") as file:
        file.write(pe32())
    with open(os.path.join(tools, "probe.exe"), "rb") as file, open(os.path.join(tools, "nodll.exe"), "wb") as other:
        other.write(file.read().replace(b"msvcrt.dll\0", b"nodllx.dll\0"))
    for code in (0, 1, 255, 256, 0x10000, 0xC0000005, 0xFFFFFFFF, 0x100):
        commands[f"code{code}"] = f"/mnt/d/probe.exe exit {code}"
    os.makedirs(os.path.join(fixed, "e"))
    with open(os.path.join(fixed, "e", "old.txt"), "w") as file:
        file.write("old")
    with open(os.path.join(fixed, "secret"), "w") as file:
        file.write("secret")
    os.symlink(os.path.join(fixed, "secret"), os.path.join(tools, "hosts-own.txt"))
    return landbridge.batch(commands, "--drive", f"D:={tools}", "--drive", f"E:={fixed}/e,ro", timeout=580)


def test_exit_code_of_cmd(results):
    assert results["exit7"].status == 7, results["exit7"]


@pytest.mark.parametrize("code, status", [(0, 0), (1, 1), (255, 255), (256, 255), (0x10000, 255), (0xC0000005, 139),
                                          (0xFFFFFFFF, 255), (0x100, 255)])
def test_exit_codes(results, code, status):
    assert results[f"code{code}"].status == status, results[f"code{code}"]


def test_directory_is_mapped(results):
    assert results["cd"].text.strip().lower() == "c:\\windows", results["cd"]
    assert results["cwd"].text.strip() == "D:\\a dir", results["cwd"]
    assert "(using the default directory)" in results["cwdlost"].text, results["cwdlost"]


def test_whoami(results):
    assert results["whoami"].status == 0 and "\\" in results["whoami"].text, results["whoami"]


def test_argv_is_exact(results):
    assert results["args"].lines == ARGS, results["args"]


def test_streams_are_apart_and_complete(results):
    assert results["streams"].out == b"o" * 300 * 1024
    assert results["streams"].err == b"e" * 300 * 1024


def test_stdin_to_the_end(results):
    assert results["cat"].out == bytes(300000) and results["cat"].err.strip() == b"300000", results["cat"]


def test_stdin_not_taken_is_not_lost(results):
    assert results["lines"].lines == list("12345"), results["lines"]
    assert results["taken"].lines == list("123"), results["taken"]
    assert results["file"].lines == list("123"), results["file"]


@pytest.mark.parametrize("name, status", [("missing", 127), ("notdrive", 126)])
def test_what_cannot_run_says_so(results, name, status):
    assert results[name].status == status, results[name]
    assert len(results[name].err.splitlines()) == 1, results[name]


@pytest.mark.parametrize("name, why", [("script", b"not a Windows program"), ("elf", b"not a Windows program"),
                                       ("fakepe", b"is cut short"), ("folder", b"unable to run D:")])
def test_host_runs_only_windows_programs(results, tools, name, why):
    """Wine would run a Linux program on the host: also a guest that asks without our client gets none."""
    length, kind, flags, _, stream = struct.unpack_from("<IBBHI", results[name].out)
    while kind != 18:
        results[name].out = results[name].out[12 + length:]
        length, kind, flags, _, stream = struct.unpack_from("<IBBHI", results[name].out)
    assert struct.unpack_from("<I", results[name].out, 12)[0] == 126 and why in results[name].out, results[name]
    assert not os.path.exists(os.path.join(tools, "escaped"))


def test_wine_is_behind_a_wall(results, tools, fixed):
    """No link leads out of a drive, nothing of the host's own runs, and what is read-only stays as it is."""
    assert b"secret" not in results["link"].out and results["link"].status != 0, results["link"]
    assert not os.path.exists(os.path.join(tools, "escaped")), (results["cmdscript"], results["unix"])
    assert os.listdir(os.path.join(fixed, "e")) == ["old.txt"] and b"old" in results["readonly"].out, results["readonly"]
    assert results["writable"].text.strip() == "x", results["writable"]


def test_program_for_32_bits_is_refused(results):
    assert results["x86"].status == 126 and b"32-bit" in results["x86"].err, results["x86"]


def test_missing_dll_says_so(results):
    assert results["nodll"].status == 126 and results["nodll"].err.count(b"\n") == 1, results["nodll"]
    assert b"nodll.exe: a DLL is missing" in results["nodll"].err, results["nodll"]


def test_environment_by_wslenv(results):
    assert results["env"].text == "boat\n"
    assert results["envnot"].text == "(unset)\n"


def test_path_of_the_guest_by_wslenv(results):
    assert results["envown"].text.startswith("\\\\wsl.localhost\\") and results["envown"].text.endswith("\\etc\\hostname\n")


def test_terminal_that_cannot_draw_gets_plain_text(results):
    assert results["dumb"].out.endswith(b"a\r\n") and b"\x1b" not in results["dumb"].out, results["dumb"]


def test_reader_gone_ends_the_program(results):
    assert results["pipeclosed"].lines == ["oooooooooo" + "0"], results["pipeclosed"]


def test_registration(results):
    entry = results["binfmt"].lines
    assert entry[0] == "enabled" and "flags: PF" in entry and "magic 4d5a" in entry, entry


def test_windows_path_is_imported(results):
    found, path = results["which"].lines
    assert found.lower() == "/mnt/c/windows/system32/notepad.exe"
    assert len(path.split(":")) == len(set(path.split(":"))), path
    assert path.index("/usr/bin") < path.index("/run/landbridge/bin") < path.lower().index("/mnt/c/windows")


def test_directory_that_windows_cannot_name(results):
    """The program runs, in its user's directory, and a line says so."""
    assert results["oddcwd"].status == 0 and len(results["oddcwd"].err.splitlines()) == 3, results["oddcwd"]
    assert results["oddcwd"].text.lower().count("c:\\users") == 3, results["oddcwd"]


def test_piped_text_is_utf8(results):
    assert results["utf8"].lines == ["\u042f"], results["utf8"]


def test_variables_of_the_registry_are_there_at_once(results):
    """Though what starts a program is started before it."""
    assert results["setx"].lines == ["turn1", "turn2", "turn3"], results["setx"]


def test_init_by_hand(results):
    assert results["byhand"].status == 4, results["byhand"]
    assert results["byhand"].text.replace("\r", "").split("\n")[:3] == ["hi", "a", "b c"], results["byhand"]


def test_one_output_is_in_order(results):
    """What a program writes to stdout and stderr in turns, where both are one pipe or file."""
    turns = [f"{'oe'[i % 2]}{i}" for i in range(200)]
    assert results["order"].text.split() == turns * 2, results["order"]
    assert results["apart"].text.split() == ["o0", "o2"] and results["apart"].err.split() == [b"e1"], results["apart"]


def test_command_of_cmd(results):
    """One argument is a command to the letter; of several each is a word, whatever is in it."""
    assert results["cmdtext"].text.split("\r\n") == ['"a b"', "c", ""], results["cmdtext"]
    assert results["cmdwords"].text.replace("\r", "").split("\n")[:4] == ['"x&echo z"', "x&y^z >D:\\no", "a b", "c d"], results["cmdwords"]


def test_windows_spellings_are_there(results):
    """Paths as they are written in scripts, and each directory of PATH."""
    assert results["case"].status == 0 and "Windows" in results["case"].text, results["case"]
    assert "missing /mnt" not in results["dirs"].text, results["dirs"]


def test_hundred_in_a_row_and_fifty_at_once(results):
    for name in ("hundred", "fifty"):
        assert results[name].lines == ["done"] and results[name].err == b"", results[name]
    assert results["zombies"].lines[-1] == "0", results["zombies"]
    assert results["left"].lines[-1] == "0", results["left"]


def test_no_environment_is_needed(results):
    assert results["sudo"].status == 5, results["sudo"]


def test_host_has_no_root_drive(landbridge, tools):
    results = landbridge.batch({"z": 'cmd.exe /c "if exist z:\\etc\\passwd (exit 1) else (exit 0)"'},
                               "--drive", f"D:={tools}")
    assert results["z"].status == 0, results["z"]


@pytest.fixture
def display():
    """A virtual X screen of its own."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
                              pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        yield f":{number.readline().strip()}"
    server.terminate()
    server.wait()


def window_with(title, display, seconds=60):
    """Waits for a window whose title holds the text."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        tree = subprocess.run(["xwininfo", "-root", "-tree", "-display", display], capture_output=True, text=True,
                              check=False).stdout
        for line in tree.splitlines():
            if title in line:
                return line
        time.sleep(0.2)
    return None


def test_notepad_opens_from_bash(landbridge, display, artefacts, tools):
    """The main job, on a real terminal: type notepad.exe, see its window."""
    (tools / "hello.txt").write_text("Hello from the guest's bash.\r\n")
    shell = landbridge_on(landbridge, display).terminal("--drive", f"D:={tools}")
    shell.sendline("notepad.exe 'D:\\hello.txt' &")
    try:
        assert window_with("hello.txt", display) or window_with("Notepad", display)
        picture = os.path.join(artefacts, "notepad.png")
        subprocess.run(["import", "-display", display, "-window", "root", picture], check=True)
        assert os.path.getsize(picture) > 1000
    finally:
        shell.sendline("exit 9")  # bash may warn of the job first: say it twice
        shell.sendline("exit 9")
        shell.expect(pexpect.EOF)
        shell.close()
    assert shell.exitstatus == 9


def test_console_beside_a_file(landbridge, tools):
    """Its question is seen and answered, wherever one of its outputs goes."""
    shell = landbridge.terminal("--drive", f"D:={tools}")
    try:
        for where, seen, kept in (("", "err word7", ""), ("2>/tmp/file", "out word7", "err word7"),
                                  (">/tmp/file", "err word7", "out word7")):
            shell.sendline(f"echo >/tmp/file; TERM=xterm /mnt/d/probe.exe ask {where}; echo \"status $?, $(cat /tmp/file)\"")
            shell.expect("the word\\?")
            shell.send("word7\r")
            shell.expect(f"{seen}.*status 0, {kept}\r\n")
    finally:
        shell.sendline("exit")
        shell.close()


def test_notepad_opens_the_guests_own_file(landbridge, display):
    """By its name in the guest's home, where no drive is."""
    run = landbridge_on(landbridge, display).start("run", "--", "bash", "-lc",
                                                   "cd; echo tide >notes.txt; exec notepad.exe notes.txt")
    try:
        assert window_with("notes.txt - Notepad", display)
    finally:
        run.terminate()
        run.communicate(timeout=60)


def landbridge_on(front_door, display):
    """The same front door with a display."""
    other = type(front_door)(front_door.env["LANDBRIDGE_HOME"], DISPLAY=display)
    return other
