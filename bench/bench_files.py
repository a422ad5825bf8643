#!/usr/bin/python3
"""bench_files: `landbridge mount` of a guest's files, through agent, virtual machine
and broker, and beside it the same files with the server on this machine.

The difference is the way. BENCH_AGAINST=DIR names the build directory of another
tree; its way is then measured in turn with this one's.
"""
import contextlib
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
import measure  # noqa: E402

FILES, PIECE, PIECES = 100, 1 << 20, 8
MAKE = (f"mkdir -p /tmp/bench && cd /tmp/bench && for i in $(seq {FILES}); do echo x >f$i; done; "
        f"head -c {PIECE * PIECES} /dev/zero >bulk; echo ready; sleep 1000000")


def wait(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench_files: unable to {what} within {seconds} s")
        time.sleep(0.05)


@contextlib.contextmanager
def guests_folder(build, top):
    """The guest's /tmp/bench as `build` mounts it."""
    program, socket, folder = os.path.join(build, "landbridge"), os.path.join(top, "agent"), os.path.join(top, "folder")
    os.mkdir(folder)
    env = {**os.environ, "LANDBRIDGE_HOME": os.path.abspath(os.path.join(build, "bench", "home"))}
    run = subprocess.Popen([program, "run", "--socket", socket, "--", "sh", "-c", MAKE], env=env, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE)
    try:
        assert run.stdout.readline() == b"ready\n"
        subprocess.run([program, "mount", "--socket", socket, "--user", "root", folder], check=True, env=env)
        yield os.path.join(folder, "tmp", "bench")
        subprocess.run(["fusermount3", "-u", folder], check=True)
    finally:
        run.terminate()
        run.wait()


@contextlib.contextmanager
def local_folder(top):
    """The same files with the server beside us."""
    tree, folder, socket = (os.path.join(top, name) for name in ("tree", "local", "p9d"))
    os.makedirs(tree)
    os.mkdir(folder)
    subprocess.run(["sh", "-c", f"cd {tree} && for i in $(seq {FILES}); do echo x >f$i; done; "
                    f"head -c {PIECE * PIECES} /dev/zero >bulk"], check=True)
    server = subprocess.Popen(["build/p9d", "--listen", "unix:" + socket, "--root", tree])
    try:
        wait(lambda: os.path.exists(socket), 5, "start p9d")
        user = ["--user", "root"] if os.getuid() == 0 else []
        subprocess.run(["build/landbridge", "mount", "--server", "unix:" + socket, *user, folder], check=True)
        yield folder
        subprocess.run(["fusermount3", "-u", folder], check=True)
    finally:
        server.terminate()
        server.wait()


def stat_files(root):
    for i in range(1, FILES + 1):
        os.stat(f"{root}/f{i}")


def read_bulk(root):
    with open(f"{root}/bulk", "rb", buffering=0) as f:
        while f.read(PIECE):
            pass


CASES = [("stat a file, us", stat_files, 1e6 / FILES), ("sequential read, ms per MiB", read_bulk, 1e3 / PIECES)]


def main():
    other = os.environ.get("BENCH_AGAINST")
    with contextlib.ExitStack() as stack:
        top = stack.enter_context(tempfile.TemporaryDirectory(prefix="filesbench", dir="/dev/shm"))
        roots = {}
        for name, build in [("guest", "build"), *([("other build", other)] if other else [])]:
            os.mkdir(os.path.join(top, name))
            roots[name] = stack.enter_context(guests_folder(build, os.path.join(top, name)))
        roots["local"] = stack.enter_context(local_folder(os.path.join(top, "here")))
        rows = []
        for what, work, scale in CASES:
            results = measure.interleaved({name: lambda root=root: measure.timed(lambda: work(root)) * scale
                                           for name, root in roots.items()})
            medians = [measure.median(results[name]) for name in roots]
            rows.append([what, *medians, *(m / medians[0] for m in medians[1:])])
    measure.table("a guest's files through landbridge mount",
                  ["what", *roots, *(f"{name} / guest" for name in list(roots)[1:])], rows)


main()
