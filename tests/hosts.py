"""Two hosts on one machine: network namespaces with a cable between them. Needs Linux, root and iproute2."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

ADDRESSES = ("10.77.0.1", "10.77.0.2")
CABLE = ("veth-kick-a", "veth-kick-b")


def why_not() -> str:
    """Why there can be no hosts here; empty where there can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "network namespaces need Linux and root"
    if shutil.which("ip") is None:
        return "network namespaces need iproute2"
    tried = subprocess.run(["ip", "netns", "add", "kick-try"], capture_output=True)
    subprocess.run(["ip", "netns", "del", "kick-try"], capture_output=True)
    return "" if tried.returncode == 0 else "network namespaces are not allowed here"


@contextlib.contextmanager
def two_hosts() -> Iterator[tuple[list[str], list[str]]]:
    """What to put before a command, to run it on the one or on the other."""
    names = [f"kick-{os.getpid()}-{i}" for i in (0, 1)]
    try:
        for name in names:
            _ip("netns", "add", name)
        _ip("link", "add", CABLE[0], "netns", names[0], "type", "veth", "peer", "name", CABLE[1], "netns", names[1])
        for name, end, address in zip(names, CABLE, ADDRESSES, strict=True):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", end)
            _ip("-n", name, "link", "set", end, "up")
            _ip("-n", name, "link", "set", "lo", "up")
        first, second = (["ip", "netns", "exec", name] for name in names)
        yield first, second
    finally:
        for name in names:
            there = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()
            subprocess.run(["kill", "-9", *there], capture_output=True)  # what was started there ends with it
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
