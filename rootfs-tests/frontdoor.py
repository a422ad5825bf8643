"""`landbridge` as a person calls it: the commands under test and their results."""
import base64
import os
import shlex
import signal
import subprocess

import pexpect

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("LANDBRIDGE_BUILD", os.path.join(TOP, "build"))
LANDBRIDGE = os.path.join(BUILD, "landbridge")
VSOCK_DIR = os.path.join(BUILD, "vsock", "usr", "bin")  # what `make vsock-device` fetched
PROMPT = r"[$#%] $"

# Which link the machines of `run` and `start` have: LANDBRIDGE_TEST_LINK=tcp runs any test over TLS, vsock over that.
OVER = {"tcp": ["--net", "host", "--link", "tcp"], "vsock": ["--link", "vsock"]}.get(os.environ.get("LANDBRIDGE_TEST_LINK"), [])


def linked(args):
    """The command line, with the link that was asked for."""
    args = [str(a) for a in args]
    if args and args[0] in ("run", "start") and not {"--link", "--net", "--dry-run"} & set(args):
        args[1:1] = OVER
    return args


class Result:
    """What one command left: exit status and the bytes of its two streams."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def lines(self):
        return self.text.splitlines()

    def __repr__(self):
        return f"<status {self.status}\n out {self.out[-2000:]!r}\n err {self.err[-2000:]!r}>"


class FrontDoor:
    """Runs build/landbridge with a state directory of its own."""

    def __init__(self, home, **env):
        self.env = {**os.environ, "PATH": f"{os.environ['PATH']}:{VSOCK_DIR}", "LANDBRIDGE_HOME": str(home), **env}

    def run(self, *args, stdin=b"", timeout=180, env=None):
        """`landbridge run ARGS`, to its end."""
        return self.call("run", *args, stdin=stdin, timeout=timeout, env=env)

    def call(self, *args, stdin=b"", timeout=180, env=None):
        process = self.start(*args, env=env)
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
            raise AssertionError(f"landbridge {args} hung: {Result(None, out, err)}") from None
        return Result(process.returncode, out, err)

    def start(self, *args, env=None):
        """`landbridge ARGS` with pipes, still running."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([LANDBRIDGE, *linked(args)], env={**self.env, **(env or {})}, **pipes)

    def start_without_namespaces(self, *args):
        """The same where this user may have none: of a user namespace's own, so that nobody else's are touched."""
        script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$@"'
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(["unshare", "-Ur", "sh", "-c", script, "sh", LANDBRIDGE, *linked(args)], env=self.env, **pipes)

    def terminal(self, *args, timeout=90, **kwargs):
        """`landbridge run ARGS` on a terminal of its own, at its first prompt."""
        child = pexpect.spawn(LANDBRIDGE, linked(["run", *args]), env={**self.env, "TERM": "dumb"}, timeout=timeout,
                              encoding="utf-8", codec_errors="replace", echo=True, **kwargs)
        child.expect(PROMPT)
        return child

    def batch(self, commands, *args, shell="bash -lc", timeout=300):
        """One boot, many commands: {name: command} -> {name: Result}.

        Each command runs in a login shell of its own with an empty stdin."""
        script = ["cd /tmp"]
        for name, command in commands.items():
            script.append(
                f"{shell} {shlex.quote(command)} >/tmp/.out 2>/tmp/.err </dev/null; s=$?; "
                f'echo "@{name} $s $(base64 -w0 </tmp/.out) $(base64 -w0 </tmp/.err)"')
        whole = self.run(*args, "--", "bash", "-lc", "\n".join(script), timeout=timeout)
        results = {}
        for line in whole.lines:
            if line.startswith("@"):
                name, status, *streams = line[1:].split(" ")
                results[name] = Result(int(status), *map(base64.b64decode, streams))
        missing = set(commands) - set(results)
        assert not missing, f"no result of {missing}: {whole}"
        return results
