"""wslview: what is registered for a file's kind opens it, and what cannot be opened is said."""
import pytest


@pytest.fixture(scope="module")
def seen(landbridge, tmp_path_factory):
    """What each try said, in one guest: {its name: (status, output)}."""
    drive = tmp_path_factory.mktemp("drive")
    drive.chmod(0o755)
    (drive / "mark it.bat").write_text("echo %~nx0>D:\\run.txt\r\n")
    (drive / "keep.bat").write_text("echo %~nx1>D:\\kept.txt\r\n")
    (drive / "tide table.ferry").write_text("high at noon\n")
    script = r"""
        try() { echo "== $1"; shift; "$@" 2>&1; echo "status $?"; }
        wait_for() { for i in $(seq 100); do [ -s "$1" ] && break; sleep 0.1; done; cat "$1"; }
        reg.exe add 'HKCR\.ferry' /ve /d ferryfile /f >/dev/null
        reg.exe add 'HKCR\ferryfile\shell\open\command' /ve /d 'cmd.exe /c D:\keep.bat "%1"' /f >/dev/null
        cd /mnt/d
        try program wslview 'mark it.bat'; wait_for run.txt
        try document wslview '/mnt/d/tide table.ferry'; wait_for kept.txt
        try missing wslview /nonesuch
        try url wslview ferry:none
        try usage wslview
        try sudo env -i wslview
    """
    done = landbridge.run("--drive", f"D:={drive}", "--", "bash", "-lc", script, timeout=180)
    parts = done.text.replace("\r", "").split("== ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in parts}


@pytest.mark.parametrize("name, status, says", [
    ("program", 0, "mark it.bat"), ("document", 0, "tide table.ferry"),
    ("missing", 1, "wslview: unable to open /nonesuch: No such file or directory"),
    ("url", 1, "no application associated"), ("usage", 1, "wslview: usage: wslview FILE|URL"),
    ("sudo", 1, "wslview: usage: wslview FILE|URL")])
def test_each_kind(seen, name, status, says):
    assert says in seen[name] and f"status {status}" in seen[name], seen
