"""How many processors this process may use, which is fewer than the machine has in a container or under a mask."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

OF_PROCESS = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")


def usable_cpus() -> int:
    """The number of threads that can run at a time: 1 or more.

    The smallest of what the machine has, what the affinity mask of this process allows (taskset, Slurm, `docker run
    --cpuset-cpus`), and the CPU time its cgroup is given, rounded up (`docker run --cpus`, a limit of Kubernetes,
    CPUQuota of systemd). `os.cpu_count` knows the first alone: 128 threads would share one core.
    """
    return max(1, math.ceil(min(_allowed(), cgroup_quota())))


def _allowed() -> int:
    process_cpu_count = getattr(os, "process_cpu_count", None)  # Python 3.13; also knows -X cpu_count
    if process_cpu_count is not None:
        return process_cpu_count() or 1
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    if affinity is not None:
        try:
            return len(affinity(0))
        except OSError:  # sandboxes (gVisor, seccomp) may refuse it
            pass
    return os.cpu_count() or 1


def cgroup_quota(of_process: Path = OF_PROCESS, cgroups: Path = CGROUPS) -> float:
    """Processors' worth of time that the cgroups of this process are given; infinite where there is no limit.

    A limit on a group holds for all groups below it, so each level up to the root is read. cgroups(7).
    """
    try:
        lines = of_process.read_text("utf-8", "replace").splitlines()
    except OSError:  # not Linux
        return math.inf
    quota = math.inf
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:  # version 2
            for folder in _upwards(cgroups, path):
                quota = min(quota, _quota_share(*_words_of(folder / "cpu.max")))
        elif "cpu" in controllers.split(","):  # version 1
            for root in (cgroups / controllers, cgroups / "cpu"):
                for folder in _upwards(root, path):
                    parts = _words_of(folder / "cpu.cfs_quota_us") + _words_of(folder / "cpu.cfs_period_us")
                    quota = min(quota, _quota_share(*parts))
    return quota


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """The folder of a cgroup and of all above it. In a container that sees its own as the root only that one exists."""
    inside = PurePosixPath(path.lstrip("/"))
    yield from (root / part for part in (inside, *inside.parents))


def _words_of(file: Path) -> list[str]:
    try:
        return file.read_text("ascii").split()
    except (OSError, ValueError):
        return []


def _quota_share(quota: str = "max", period: str = "100000", *_: str) -> float:
    """Microseconds of CPU time in each period of so many; "max" and -1 are no limit."""
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return math.inf
    return share if share > 0 else math.inf
