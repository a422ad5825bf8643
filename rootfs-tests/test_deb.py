"""Debian's packages: what they are made from fits the tree; make soak makes, installs and removes them."""
import glob
import os
import re
import shutil
import subprocess

import pytest

from frontdoor import TOP

DEB = os.path.join(TOP, "scripts", "deb")


def text(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def names(field):
    """The packages in a field of control, all its stanzas together."""
    found = re.findall(rf"^{field}:((?:.*\n)(?:[ \t].*\n)*)", text("scripts", "deb", "control"), re.M)
    assert found, field
    return {re.split(r"[ :(]", name.strip())[0] for value in found for name in value.split(",")} - {"${misc", "${shlibs"}


def group(name):
    return {p for line in re.findall(rf"^{name} (.*)$", text("scripts", "packages"), re.M) for p in line.split()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install` puts below /usr for a package."""
    root = tmp_path_factory.mktemp("root")
    done = subprocess.run(["make", "-C", TOP, "install", f"DESTDIR={root}", "PREFIX=/usr"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    yield root / "usr"
    shutil.rmtree(root)  # large, where the checkout has a kernel and images


def test_what_runs_is_depended_on():
    """What `make run` installs is what the package has apt install."""
    missing = group("run") - names("Depends") - names("Recommends")
    assert not missing, missing


def test_what_builds_is_depended_on():
    # gcc, make, libc6-dev and dpkg-dev are in every build chroot; the archive's keys are for fetching.
    given = {"gcc", "make", "libc6-dev", "dpkg-dev", "python3", "debian-archive-keyring"}
    assert group("build") - given <= names("Build-Depends")


def test_everything_installed_is_packaged(installed):
    claims = text("scripts", "deb", "landbridge.install").split()
    for path in installed.rglob("*"):
        if path.is_file():
            name = "usr/" + str(path.relative_to(installed))
            assert any(name.startswith(claim + "/") for claim in claims), name


def test_installed_finds_its_own(installed, tmp_path):
    """The program in bin finds its init in ../lib/landbridge, and the scripts each other."""
    done = subprocess.run([installed / "bin" / "landbridge", "doctor"], capture_output=True, text=True, check=False,
                          env={**os.environ, "LANDBRIDGE_HOME": str(tmp_path)})
    assert re.search(rf"^ok +init +{installed}/lib/landbridge/init$", done.stdout, re.M), done
    # Perl, with the module beside it.
    scripts = installed / "lib" / "landbridge"
    done = subprocess.run(["perl", "-c", scripts / "layers-tar"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    pages = {os.path.basename(p) for p in glob.glob(os.path.join(TOP, "doc", "*.[1-8]"))}
    assert pages and pages == {p.name for p in (installed / "share" / "man").rglob("*.[1-8]")}


def test_unit_is_one(installed):
    unit = installed / "lib" / "systemd" / "user" / "landbridge@.service"
    said = unit.read_text(encoding="utf-8")
    assert "\nExecStart=/usr/bin/landbridge start %i\n" in said and "@BINDIR@" not in said
    assert "\nExecStop=/usr/bin/landbridge stop %i\n" in said


@pytest.mark.skipif(not os.environ.get("LANDBRIDGE_SOAK"), reason="makes, installs and boots for a quarter of an hour")
@pytest.mark.timeout(7200)
def test_chroots():
    subprocess.run(["make", "-C", TOP, "check-deb", "SUITES=bookworm"], check=True)
