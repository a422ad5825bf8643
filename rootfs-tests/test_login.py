"""Who a session is: user, groups, environment, shell, terminal, job control."""
import os
import shutil

import pexpect
import pytest

import frontdoor
import images

IDENTITY = ('id -u; id -G; echo "$HOME|$USER|$LOGNAME|$SHELL|$0|$PWD"; umask; '
            'echo "$TERM"; grep SigIgn /proc/self/status; grep SigBlk /proc/self/status')


def test_first_user_is_the_default(landbridge, user_image):
    result = landbridge.run(user_image, "--", "sh", "-c", IDENTITY)
    uid, groups, env, umask, _term, ignored, blocked = result.lines
    assert uid == "1000" and sorted(groups.split()) == ["1000", "2001", "2002"], result
    assert env == "/home/ann|ann|ann|/bin/dash|sh|/home/ann", result
    assert umask == "0022"
    assert ignored.endswith("0" * 16) and blocked.endswith("0" * 16), result


@pytest.mark.parametrize("args, conf, name", [
    (["--user", "root"], None, "root"),
    ([], "[user]\ndefault = bob\n", "bob"),
    (["--user", "ann"], "[user]\ndefault = bob\n", "ann"),
])
def test_who_decides(landbridge, store, debian_tar, user_image, args, conf, name):
    path = str(store / "two-users.tar")
    if not os.path.exists(path):
        images.debian(path, user_image, user={"name": "bob", "uid": 1001, "shell": "/bin/bash", "groups": {}})
    image = path
    if conf:
        image = str(store / f"conf-{name}.tar")
        shutil.copy(path, image)
        with images.TarImage(image) as tar:
            tar.file("etc/wsl.conf", conf)
    result = landbridge.run(*args, image, "--", "sh", "-c", 'echo "$USER $(id -un)"')
    assert result.text == f"{name} {name}\n", result


def test_default_that_is_nobody(landbridge, store, busybox_image):
    path = str(store / "ghost.tar")
    shutil.copy(busybox_image, path)
    with images.TarImage(path) as image:
        image.file("etc/wsl.conf", "[user]\ndefault = ghost\n")
    result = landbridge.run(path, "--", "id")
    assert result.status == 125 and b"there is no user ghost in the guest" in result.err and b"--user root" in result.err, result
    assert landbridge.run("--user", "root", path, "--", "id", "-u").text == "0\n"


def test_environment_of_a_session(landbridge, debian_tar):
    result = landbridge.run("--name", "boat", "--", "env")
    env = dict(line.partition("=")[::2] for line in result.lines)
    assert env["WSL_DISTRO_NAME"] == "boat" and env["NAME"] == "boat"
    assert env["WSL_INTEROP"] == "/run/landbridge/interop.sock"
    assert env["HOME"] == "/root" and env["LANG"]
    assert not [name for name in env if name.startswith("LANDBRIDGE")], env


@pytest.fixture(scope="module")
def shell(landbridge, user_image):
    """An interactive login shell of root's."""
    child = landbridge.terminal("--user", "root", dimensions=(30, 100))
    yield child
    if child.isalive():
        leave(child, "exit 0")


def leave(shell, command):
    """Types the last command and returns the exit status of `landbridge run`."""
    shell.sendline(command)
    shell.expect(pexpect.EOF)
    shell.close()
    return shell.exitstatus


def say(shell, command, expect):
    shell.sendline(command)
    return shell.expect(expect)


def test_terminal_is_real(shell):
    say(shell, "tty; stat -c '%U %G %a' $(tty); ps -o tty= -p $$ 2>/dev/null; echo $0", "/dev/pts/0\r\n")
    shell.expect("root tty 6[02]0\r\n")  # Debian's /root/.profile says mesg n
    shell.expect("-bash\r\n")


def test_window_size_follows(shell):
    say(shell, "stty size", "30 100\r\n")
    shell.setwinsize(41, 77)
    say(shell, "until stty size | grep -q '41 77'; do :; done; stty size", "41 77\r\n")


def interrupt(shell):
    """Ctrl-C until it works: bash names the job before it hands the terminal over."""
    for _ in range(20):
        shell.sendintr()
        if shell.expect([frontdoor.PROMPT, pexpect.TIMEOUT], timeout=1) == 0:
            return


def test_interrupt_and_suspend(shell):
    # Once it says go, the job itself is in the foreground, and no more the shell.
    job = "sh -c 'echo $((1 + 1)) go; exec sleep 1000'"
    shell.sendline(job)
    shell.expect_exact("2 go\r\n")
    shell.sendintr()
    say(shell, "echo status $?", "status 130\r\n")
    shell.sendline(job)
    shell.expect_exact("2 go\r\n")
    shell.sendcontrol("z")
    shell.expect("Stopped")
    say(shell, "jobs", r"\[1\]\+  Stopped +sh -c .*\r\n")
    shell.sendline("fg")
    shell.expect_exact("exec sleep 1000'\r\n")
    interrupt(shell)
    say(shell, "echo again $?", "again 130\r\n")


def test_exit_status_of_the_shell(landbridge, user_image):
    child = landbridge.terminal(user_image)
    say(child, "echo $0 $(id -un); stty -a | grep -o 'icanon\\|isig'", "-dash ann\r\n")
    assert leave(child, "exit 6") == 6


def test_terminal_is_restored(landbridge):
    """stty says the same before and after, also when the session is killed."""
    outer = pexpect.spawn("/bin/sh", env={**landbridge.env, "PS1": "outer$ "}, encoding="utf-8", timeout=90)
    outer.expect_exact("outer$ ")
    outer.sendline("stty -g >/tmp/before.$$; echo ok")
    outer.expect_exact("ok\r\n")
    for ending in ("exit 0", "kill -9 $$"):
        outer.sendline(f"{frontdoor.LANDBRIDGE} run; stty -g | cmp - /tmp/before.$$ && echo same")
        outer.expect(r"root@\w+:\S*# $")
        outer.sendline(ending)
        outer.expect_exact("same\r\n")
    outer.sendline("rm /tmp/before.$$; exit")
    outer.wait()
