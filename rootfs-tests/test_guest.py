"""What an ordinary user may do in a guest, and what nobody can do to it."""
import pytest


@pytest.fixture(scope="module")
def results(landbridge, user_image):
    commands = {
        "namespace": "unshare -Urpf --mount-proc sh -c 'id -u; echo $$; ls -d /proc/[0-9]*'",
    }
    return landbridge.batch(commands, user_image)


def test_namespace_with_a_proc_of_its_own(results):
    """As rootless containers make one."""
    assert results["namespace"].lines == ["0", "1", "/proc/1"], results["namespace"]
