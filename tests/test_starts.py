"""`kick lab measure starts`: runs begun with several models, scored against kicks that none of them learned from."""

from __future__ import annotations

import argparse
import shutil
import time

import pytest
from toy import shared_run, toy_dataset

from kickitout.metrics.features import measure_features
from kickitout.synthesis.procedural import synthesise
from kickitout.training.session import Result
from kicklab.experiments import starts


@pytest.fixture
def compared(tmp_path, tmp_path_factory, monkeypatch):
    """The rows of arguments, and the runs that were asked for; each comes to the same toy model."""
    finished, asked = shared_run(tmp_path_factory, "dcgan-bands"), []
    monkeypatch.setattr(starts, "DRAWS", 4)

    def train_on(sounds, config, out, until, engine, threads, watch):
        asked.append((len(sounds), config.start, until.seconds, until.clock, engine.device.type, threads))
        shutil.copytree(finished, out, dirs_exist_ok=True)
        return Result(7, 1.0, "interrupted" if len(sounds) == 9 else "done", "", 7, 0.0, 0.0)

    monkeypatch.setattr(starts, "train_on", train_on)
    parser = argparse.ArgumentParser()
    starts.add_arguments(parser)
    learned, real = toy_dataset(tmp_path / "kicks", 64), measure_features(synthesise(range(1000, 1064))[0])

    def rows(*words):
        args = parser.parse_args(["-", "-n", "64", "--runs", str(tmp_path / "runs"), *words])
        return list(starts.started_runs(args, learned, args.start or ["default", "none"], real))

    return rows, asked


def test_each_start_is_trained_on_so_many_files_for_so_many_minutes_of_the_processor(compared):
    rows, asked = compared
    recordings, as_it_is, *trained = rows("--files", "8,400", "--minutes", "2")
    assert recordings[:3] == ["64", "the recordings themselves", ""]
    assert as_it_is[:3] == ["0", "default", "0"]
    assert [row[:3] for row in trained] == [[n, start, "7"] for n in ("8", "64") for start in ("default", "none")]
    how = (120.0, time.process_time, "cpu", 1)
    assert asked == [(n, start, *how) for n in (8, 64) for start in ("default", "none")]
    energy = 3 + starts.SHOWN.index("energy_bands-1")
    values = [float(row[energy].split()[0]) for row in (recordings, as_it_is, trained[0])]
    assert values[0] < values[1] < values[2] - 1  # of the toy


def test_one_that_is_interrupted_ends_the_command(compared, capsys):
    rows, asked = compared
    with pytest.raises(SystemExit, match="130"):
        rows("--files", "9,8", "--start", "none")
    assert len(asked) == 1
    assert "the same command goes on" in capsys.readouterr().err
