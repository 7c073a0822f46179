"""Two machines with a network between them and a folder they share, as network namespaces of this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosts import ADDRESSES, two_hosts, why_not
from test_shards import digests, order

pytest.importorskip("ray", reason="needs the extra 'cluster'")

pytestmark = pytest.mark.long
HEAD = ADDRESSES[0]
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}  # of this cluster, which nobody else sees
DRIVER = """
import json, sys
sys.path.insert(0, {tests!r})
from test_shards import order
from kickitout.workers import Workers
assert order("set", "--ray", "{head}:6379") == 0
with Workers(None, "{head}:6379") as workers:
    where = "__import__('time').sleep(0.2) or __import__('ray').util.get_node_ip_address()"
    print(json.dumps(sorted(set(host for _, host in workers.each(eval, [where] * 8)))))
"""


@pytest.fixture
def hosts() -> Iterator[tuple[list[str], dict[str, str]]]:
    """How to run something on the first of two machines of a cluster: how its command begins, and its variables."""
    if reason := why_not():
        pytest.skip(reason)
    place = tempfile.mkdtemp(prefix="kick-ray-", dir="/tmp")  # short: the names of sockets have 107 letters at most
    env = {**os.environ, **TOKEN, "RAY_TMPDIR": place}
    try:
        with two_hosts() as machines:
            head = ["--head", "--port", "6379", "--include-dashboard=false", "--temp-dir", place]
            for host, address, how in zip(machines, ADDRESSES, (head, ["--address", f"{HEAD}:6379"]), strict=True):
                start = ["start", *how, "--node-ip-address", address, "--num-cpus", "1", "--disable-usage-stats"]
                on = [*host, sys.executable, "-m", "ray.scripts.scripts"]
                subprocess.run([*on, *start], env=env, check=True, capture_output=True, timeout=120)
            yield machines[0], env
    finally:
        shutil.rmtree(place, ignore_errors=True)


def test_two_machines_write_the_same_bytes_as_one_worker(hosts, tmp_path):
    first, env = hosts
    code = DRIVER.format(tests=str(Path(__file__).parent), head=HEAD)
    command = [*first, sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [*ADDRESSES]  # both of them worked
    assert order(tmp_path / "one", "--workers", 1) == 0
    assert digests(tmp_path / "set") == digests(tmp_path / "one")
