"""A disk that is full in the middle of a file: one sentence, exit code 2, nothing half-written, all before it kept."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from toy import TOY, write_kicks

from kickitout.audio import read_sound


def with_files_up_to(size):
    """For subprocess: no file can grow over `size` bytes, which a program sees as it sees a full disk."""

    resource = pytest.importorskip("resource", reason="this system limits no files")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def kick(*args, limit):
    command = [sys.executable, "-m", "kickitout", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, preexec_fn=with_files_up_to(limit))


def test_generating_onto_a_full_disk(tmp_path):
    done = kick("generate", "-n", 4, "-o", tmp_path / "out", limit=40_000)  # a kick takes 66 kB
    assert done.returncode == 2
    assert "the disk is full" in done.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.long
def test_training_onto_a_full_disk_keeps_what_is_whole(tmp_path):
    pytest.importorskip("torch", reason="training needs the train extra")
    kicks = write_kicks(tmp_path / "kicks", 10)
    settings = [f"--set={change}" for change in [*TOY, "model.channels=128"]]
    args = ("train", kicks, "--config", "dcgan-bands", "--steps", 3, "--out", tmp_path / "run", *settings)
    done = kick(*args, limit=600_000)  # sheets and WAVs fit, snapshots of 8 kicks too, a checkpoint does not
    assert done.returncode == 2, done.stderr
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [p for p in (tmp_path / "run").rglob("*") if p.name.endswith((".part", ".fresh"))]
    again = kick(*args, limit=1 << 30)  # with room, the same command goes on
    assert again.returncode == 0, again.stderr
    for path in (tmp_path / "run").rglob("*.wav"):
        assert len(read_sound(path).samples) > 0
