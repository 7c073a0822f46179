"""How many processors may be used: the mask, the cgroup, and who asks."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kickitout import cpus
from kickitout.cpus import cgroup_quota, usable_cpus

pytestmark = pytest.mark.light

SRC = Path(cpus.__file__).parent


def _groups(tmp_path: Path, lines: str, **files: str) -> tuple[Path, Path]:
    """A file as /proc/self/cgroup, and a tree as /sys/fs/cgroup; file names with / for __."""
    (tmp_path / "self").write_text(lines)
    for name, text in files.items():
        path = tmp_path / "fs" / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "self", tmp_path / "fs"


def test_a_quota_of_version_2_is_read(tmp_path):
    assert cgroup_quota(*_groups(tmp_path, "0::/a/b\n", a__b__cpu_DOT_max="150000 100000\n")) == 1.5


def test_a_quota_of_a_group_above_holds_for_those_below(tmp_path):
    files = {"a__b__cpu_DOT_max": "max 100000\n", "a__cpu_DOT_max": "200000 50000\n"}
    assert cgroup_quota(*_groups(tmp_path, "0::/a/b\n", **files)) == 4


def test_a_container_that_sees_its_group_as_the_root_is_read_there(tmp_path):
    lines = "0::/kubepods/pod1/c1\n"  # of the host: no such folder in the container
    assert cgroup_quota(*_groups(tmp_path, lines, cpu_DOT_max="50000 100000\n")) == 0.5


@pytest.mark.parametrize("controllers", ["cpu,cpuacct", "cpuacct,cpu", "cpu"])
def test_a_quota_of_version_1_is_read(tmp_path, controllers):
    folder = "cpu" if controllers == "cpuacct,cpu" else controllers  # systemd makes a link named cpu
    files = {
        f"{folder}__docker__x__cpu_DOT_cfs_quota_us": "300000\n",
        f"{folder}__docker__x__cpu_DOT_cfs_period_us": "100000\n",
        f"{folder}__cpu_DOT_cfs_quota_us": "-1\n",
        f"{folder}__cpu_DOT_cfs_period_us": "100000\n",
    }
    lines = f"9:cpuset:/docker/x\n4:{controllers}:/docker/x\n0::/\n"
    assert cgroup_quota(*_groups(tmp_path, lines, **files)) == 3


@pytest.mark.parametrize("text", ["max 100000\n", "", "0 100000\n", "200000 0\n", "\xff\n", "many few\n"])
def test_no_quota_and_a_file_that_says_nothing_are_no_limit(tmp_path, text):
    assert cgroup_quota(*_groups(tmp_path, "0::/\n", cpu_DOT_max=text)) == math.inf


def test_a_system_without_cgroups_has_no_limit(tmp_path):
    assert cgroup_quota(tmp_path / "none", tmp_path) == math.inf


def test_a_part_of_a_processor_is_one(monkeypatch):
    monkeypatch.setattr(cpus, "_allowed", lambda: 128)
    for quota, threads in ((0.5, 1), (1.5, 2), (math.inf, 128), (200.0, 128)):
        monkeypatch.setattr(cpus, "cgroup_quota", lambda quota=quota: quota)
        assert usable_cpus() == threads


def test_a_system_that_has_no_masks_or_refuses_to_say_counts_its_processors(monkeypatch):
    def refuse(_):
        raise PermissionError

    monkeypatch.setattr(cpus, "cgroup_quota", lambda: math.inf)
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    monkeypatch.setattr(os, "sched_getaffinity", refuse, raising=False)
    assert usable_cpus() == 7
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cpus() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cpus() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity masks")
def test_a_process_bound_to_one_processor_starts_one_thread():
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
        "import importlib\nmade = importlib.import_module('kickitout.generation.generate')\n"
        "made.in_order = lambda use, items, threads: (x for x in [[threads]])\n"
        "print(*made.generate_kicks(range(99), made.load_model()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "1", done.stderr


def test_nothing_else_counts_the_processors():
    asks = re.compile(r"os\.cpu_count|sched_getaffinity|process_cpu_count|multiprocessing\.cpu_count")
    found = [path.name for path in SRC.rglob("*.py") if asks.search(path.read_text("utf-8"))]
    assert found == ["cpus.py"]
