"""The table of continued recordings."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.audio import write_sound
from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.sound import SAMPLE_RATE
from kicklab.experiments.tails import Tail, level_db, low_hz, tails_of, tails_row


def ringing(hz: float, db_s: float, seconds: float = 2.0) -> np.ndarray:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.9 * np.sin(2 * np.pi * hz * t) * 10 ** (-db_s * t / 20)).astype(np.float32)


def test_level_and_pitch_are_those_of_a_sine():
    wave = ringing(47.3, 0)
    assert level_db(wave, 0.7) == pytest.approx(20 * np.log10(0.9), abs=0.2)  # 2.4 cycles in the window
    assert low_hz(wave, 0.7) == pytest.approx(47.3, rel=1e-3)  # 2 cents
    assert level_db(wave, 3.0) == -70


def test_a_sine_goes_on_as_it_was_and_silence_does_not():
    true = ringing(50, 30).astype(np.float64)
    row = tails_row("sines", [Tail("right", true, true), Tail("silent", true, true[:22050])])
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[:2] == ["sines", "2"]
    # 0.9 is -0.9 dB, and 21 dB less at 700 ms: silence is 48.1 dB off.
    assert cells[2] == "24.1 [0.0, 48.1] dB"
    assert cells[3] == "48.1 [48.1, 48.1] dB"


def test_recordings_that_end_sooner_have_no_tail_to_compare(tmp_path, capsys):
    for name, wave in {"long": ringing(50, 30), "over": ringing(50, 200), "cut": ringing(50, 30, 0.6)}.items():
        write_sound(tmp_path / f"{name}.wav", wave, SAMPLE_RATE)
    (tail,) = tails_of(tmp_path)
    assert tail.name.endswith("long.wav")
    assert level_db(tail.made, 1.0) == pytest.approx(level_db(tail.true, 1.0), abs=0.1)
    picture = tmp_path / "tails.png"
    options = ["-n", "8", "--drawn", "long.wav", "--image", str(picture)]
    assert main(["lab", "measure", "tails", str(tmp_path), *options]) == 0
    said = capsys.readouterr().out
    assert f"| {tmp_path.name} | 1 | 0.0 [0.0, 0.0] dB |" in said
    assert "ring past 500 ms" in said
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_a_picture_of_no_recording_is_one_sentence(tmp_path):
    from kicklab.cli.measure import load_experiment

    write_sound(tmp_path / "over.wav", ringing(50, 200), SAMPLE_RATE)
    module, parser = load_experiment("tails")
    with pytest.raises(UserError, match="has a name that ends so"):
        list(module.run(parser.parse_args([str(tmp_path), "--drawn", "none.wav"])))
