"""The table of how long the kicks of styles ring."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.audio import write_sound
from kickitout.cli import main
from kickitout.sound import SAMPLE_RATE
from kicklab.experiments import style_tails
from kicklab.experiments.style_tails import sounds_at, tails_line


def ringing(t20_ms: float, seconds: float) -> np.ndarray:
    """A sine of 50 Hz that falls 20 dB in so long."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.9 * np.sin(2 * np.pi * 50 * t) * 10 ** (-t / (t20_ms / 1000))).astype(np.float32)


def test_decays_that_are_cut_off_count_as_longer_than_all_that_are_known():
    waves = [ringing(100, 0.4), ringing(200, 0.9), ringing(300, 2.0), ringing(5000, 2.0), ringing(5000, 2.0)]
    name, n, past, t20, quartiles, t40 = tails_line("sines", (waves, np.arange(5)), 2.0)
    assert (name, n) == ("sines", 5)
    assert str(past).startswith("60 % [")  # 100 ms is over by 400 ms, and 200 ms is 50 dB down by 500 ms
    assert float(str(t20).split()[0]) == pytest.approx(300, abs=12)  # the peak is a quarter of a cycle behind the onset
    assert str(quartiles).endswith(" to longer")
    assert "longer]" in str(t20)
    assert float(str(t40).split()[0]) == pytest.approx(600, abs=12)


def test_what_is_more_than_50_db_down_does_not_sound():
    wave = ringing(100, 1.0)
    assert sounds_at(wave, round(0.24 * SAMPLE_RATE))
    assert not sounds_at(wave, round(0.26 * SAMPLE_RATE))
    assert not sounds_at(wave, len(wave))


def test_each_style_stands_beside_its_recordings_by_source(tmp_path, capsys, monkeypatch):
    for i, t20_ms in enumerate((150, 250, 350)):
        write_sound(tmp_path / f"{i}.wav", ringing(t20_ms, 1.0), SAMPLE_RATE)
    call = ["lab", "measure", "style-tails", str(tmp_path), "-n", "4"]
    assert main(call) == 2
    assert "none of these sounds is in kicklab/styles.csv" in capsys.readouterr().err
    monkeypatch.setattr(style_tails, "style_labels", lambda: dict.fromkeys(sounds_of(tmp_path), "808"))
    assert main(call) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["808, recordings", "`--style 808`"]
    assert lines[2].split("|")[2].strip() == "3"
    assert float(lines[2].split("|")[4].split()[0]) == pytest.approx(250, abs=12)


def sounds_of(folder):
    from kickitout import read_dataset

    return [row.sound for row in read_dataset([folder]).rows]
