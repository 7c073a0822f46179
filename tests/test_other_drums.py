"""Snares, claps and toms where kicks are expected: --kind any trains on them, and what is of kicks alone steps back."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from toy import toy, write_kicks

from kickitout.audio import read_sound, write_sound
from kickitout.cli import main
from kickitout.datasets.doctor.check import check
from kickitout.generation.load import load_model
from kickitout.sound import SAMPLE_RATE
from kickitout.workers import Workers

torch = pytest.importorskip("torch")


def write_claps(folder, count=24):
    """Bursts of noise above 800 Hz, without any pitch or body."""
    folder.mkdir(parents=True)
    seconds = np.arange(SAMPLE_RATE // 3) / SAMPLE_RATE
    for i in range(count):
        rng = np.random.default_rng(i)
        noise = rng.standard_normal(len(seconds)) * np.exp(-seconds / rng.uniform(0.02, 0.08))
        spectrum = np.fft.rfft(noise)
        spectrum[: round(800 * len(seconds) / SAMPLE_RATE)] = 0
        burst = np.fft.irfft(spectrum, len(seconds))
        write_sound(folder / f"clap {i:02d}.wav", (0.8 * burst / np.abs(burst).max()).astype(np.float32), SAMPLE_RATE)
    return folder


def train_toy(folder, out, *more):
    changes = [part for change in toy("kickae") for part in ("--set", change)]
    command = ["train", str(folder), *more, *changes, "--steps", "2", "--threads", "1", "--out", str(out)]
    return main(command)


def plays(run, tmp_path, sound, capsys):
    """Generate, ask, vary, keep and measure with a run's model."""
    model = ["--model", str(run), "-n", "1"]
    assert main(["generate", *model, "-o", str(tmp_path / "g")]) == 0
    assert [path.name for path in (tmp_path / "g").iterdir()] == ["sound_000000.wav"]  # it may be no kick
    assert "1 sound in" in capsys.readouterr().err
    assert main(["generate", *model, "--decay", "90ms", "--pitch", "80Hz", "-o", str(tmp_path / "a")]) == 0
    assert main(["vary", str(sound), *model, "-o", str(tmp_path / "v")]) == 0
    assert main(["vary", str(sound), *model, "--keep", "body", "-o", str(tmp_path / "k")]) == 0
    assert main(["card", str(sound)]) == 0
    assert "pitch" in capsys.readouterr().out


def test_claps_train_and_play_as_kicks_do(tmp_path, capsys):
    claps, run = write_claps(tmp_path / "claps"), tmp_path / "run"
    assert train_toy(claps, run, "--kind", "any") == 0
    said = capsys.readouterr().err
    assert "24 kicks in 24 groups" in said
    assert "expect" not in said  # what to expect of so many files is known for kicks only
    config = json.loads((run / "config.json").read_text())
    assert config["kind"] == "any"
    assert load_model(run).info.config["kind"] == "any"
    plays(run, tmp_path, next(iter(sorted(claps.iterdir()))), capsys)


@pytest.mark.long
def test_real_drums_of_every_sort_train(real_data, tmp_path, capsys):
    drums = tmp_path / "drums"
    drums.mkdir()
    for sort in ("snare", "tom", "clap"):
        for path in sorted((real_data / "drums-open" / sort).iterdir())[:8]:
            shutil.copy(path, drums)
    run = tmp_path / "run"
    assert train_toy(drums, run, "--kind", "any") == 0
    snare = next(path for path in sorted(drums.iterdir()) if "snare" in path.name)
    plays(run, tmp_path, snare, capsys)


def test_the_doctor_suspects_claps_where_kicks_are_expected_and_nowhere_else(tmp_path):
    claps = write_claps(tmp_path / "claps", 8)
    kicks, other = (check([claps], cache=False, workers=Workers(1), kind=kind) for kind in ("kick", "any"))
    assert len(kicks.suspects) == 8
    assert not other.suspects
    assert other.forecast == "known for kicks only"


def test_two_hits_are_no_one_shot_of_any_sort(tmp_path):
    folder = write_kicks(tmp_path / "kicks", 1)
    (path,) = folder.iterdir()
    once = read_sound(path).samples[:, 0]
    write_sound(path, np.concatenate([once, once, once]), SAMPLE_RATE, bits="24", force=True)
    (suspect,) = check([folder], cache=False, workers=Workers(1), kind="any").suspects
    assert "a one-shot is one" in suspect.suspicions[0].reason


def test_the_mix_of_kicks_is_refused_for_other_drums(tmp_path, capsys):
    claps = write_claps(tmp_path / "claps", 8)
    command = ["train", str(claps), "--config", "kickae-at-large", "--kind", "any", "--out", str(tmp_path / "run")]
    assert main(command) == 2
    assert "set augmentation_mix to 0" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_a_run_from_before_there_was_a_kind_goes_on(tmp_path, capsys):
    kicks, run = write_kicks(tmp_path / "kicks", 16), tmp_path / "run"
    assert train_toy(kicks, run) == 0
    config = json.loads((run / "config.json").read_text())
    del config["kind"]
    (run / "config.json").write_text(json.dumps(config))
    assert train_toy(kicks, run) == 0
    assert train_toy(kicks, run, "--kind", "any") == 2
    assert "kind" in capsys.readouterr().err
