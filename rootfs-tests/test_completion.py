"""Shell completion: every command and option that --help tells of, and no other."""
import re
import shutil
import subprocess

import pytest

from frontdoor import LANDBRIDGE


def said(*args):
    done = subprocess.run([LANDBRIDGE, *args], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


@pytest.fixture(scope="module")
def commands():
    """name: its options, as help has them."""
    names = re.findall(r"^  ([a-z-]+)  ?", said("help"), re.M)
    names += re.findall(r"; ([a-z-]+): ", said("help"))
    assert {"run", "set", "set-default", "enroll"} <= set(names), names
    found = {name: options_in(said("help", name)) | {"--help"} for name in names}
    found["start"] |= found["run"]
    return found


def bash(words):
    """What bash would offer for the last of the words."""
    script = ('eval "$(' + LANDBRIDGE + ' completion bash)"; landbridge() { echo "boat up 1 x"; }; '
              'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _landbridge; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", "landbridge", *words], capture_output=True, text=True, check=True)
    assert done.stderr == "", done
    return {word for word in done.stdout.split() if not re.fullmatch("-[a-z]", word)}


def test_bash(commands):
    assert bash([""]) == bash(["help", ""]) == set(commands) | {"help", "version"}
    assert bash(["st"]) == {"start", "stop"}
    for name, options in commands.items():
        assert bash([name, "-"]) == options, name
    assert bash(["run", "--dri"]) == {"--drive", "--drives-by"}
    assert bash(["shell", "b"]) == bash(["drive", "add", "b"]) == {"boat"}
    assert bash(["drive", ""]) == {"add", "remove", "list"} and bash(["drive", "re"]) == {"remove"}


def test_zsh(commands):
    script = said("completion", "zsh")
    assert set(re.search(r"verbs=\((.*)\)", script)[1].split()) == set(commands) | {"help", "version"}
    for name, options in commands.items():
        line = re.search(rf"^\t{name}\) flags=\((.*)\)", script, re.M)[1]
        assert {word for word in line.split() if word.startswith("--")} == options, name
    if shutil.which("zsh"):
        subprocess.run(["zsh", "-n"], input=script, text=True, check=True)


def test_fish(commands):
    script = said("completion", "fish")
    assert set(re.search(r"-f -a '(.*)'", script)[1].split()) == set(commands) | {"help", "version"}
    for name, options in commands.items():
        found = re.findall(rf"__fish_seen_subcommand_from {name}' -l (\S+)", script)
        assert {"--" + option for option in found} == options, name
    if shutil.which("fish"):
        subprocess.run(["fish", "--no-execute"], input=script, text=True, check=True)


def test_no_other():
    done = subprocess.run([LANDBRIDGE, "completion", "tcsh"], capture_output=True, text=True, check=False)
    assert done.returncode == 125 and "bash, zsh or fish" in done.stderr and done.stdout == ""
