"""A client that nobody here wrote, and that is not the kernel's: Debian's diodls
and diodcat against p9d."""
import os
import stat
import subprocess

import pytest

from processes import until

P9D = os.path.join(os.environ.get("LANDBRIDGE_BUILD", "build"), "p9d")
NAMES = ["plain", "with space", "caf\u00e9", "x" * 255]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("tree")
    root.chmod(0o755)
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "f").write_text("deep\n")
    (root / "many").mkdir()
    for i in range(1000):  # more than one message holds
        (root / "many" / f"{i:040}").touch()
    (root / "names").mkdir()
    for name in NAMES:
        (root / "names" / name).write_text(name)
    (root / "big").write_bytes(os.urandom(3 * 1024 * 1024 + 17))
    (root / "secret").write_text("root's")
    (root / "secret").chmod(0o600)
    os.utime(root / "big", (1234567890, 1234567890))
    return root


@pytest.fixture(scope="module")
def server(tree, tmp_path_factory):
    """What diodls takes for --server."""
    where = str(tmp_path_factory.mktemp("run") / "s")
    process = subprocess.Popen([P9D, "--listen", f"unix:{where}", "--root", tree])
    assert until(lambda: os.path.exists(where), 10)
    yield where
    assert process.poll() is None  # nothing has ended it
    process.terminate()
    process.wait(10)


def run(tool, server, *args):
    return subprocess.run([f"/usr/sbin/{tool}", "--server", server, "--aname", "", "--timeout", "20", *args],
                          capture_output=True, check=False, env={"TZ": "UTC"})


def test_lists(server, tree):
    for name in ("", "many", "names", "deep/er"):
        done = run("diodls", server, *([name] if name else []))
        assert done.returncode == 0, done
        listed = set(done.stdout.decode().splitlines()) - {".", ".."}
        assert listed == set(os.listdir(tree / name))


def test_long_lists(server, tree):
    done = run("diodls", server, "-l")
    lines = {line.split()[-1]: line for line in done.stdout.decode().splitlines()}
    big = lines["big"]
    assert str((tree / "big").stat().st_size) in big and "Feb 13 23:31" in big, big
    assert lines["secret"].startswith(stat.filemode(0o100600)) and lines["deep"].startswith("d")


def test_reads(server, tree):
    for name in ["big", "deep/er/f"] + [f"names/{n}" for n in NAMES]:
        done = run("diodcat", server, name)
        assert (done.returncode, done.stdout) == (0, (tree / name).read_bytes()), name


def test_says_what_is_wrong(server):
    done = run("diodcat", server, "missing")
    assert done.returncode != 0 and b"No such file" in done.stderr, done
    done = run("diodls", server, "names/plain/x")
    assert done.returncode != 0 and done.stderr, done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be somebody else")
def test_as_a_user(server):
    assert run("diodcat", server, "--uid", "0", "secret").stdout == b"root's"
    done = run("diodcat", server, "--uid", "54321", "secret")
    assert done.returncode != 0 and b"Permission denied" in done.stderr, done
    assert run("diodcat", server, "--uid", "54321", "deep/er/f").stdout == b"deep\n"
