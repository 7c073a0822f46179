"""The table of how kicks end."""

from __future__ import annotations

import numpy as np
from toy import write_kicks

from kickitout.cli import main
from kicklab.experiments.endings import endings_row, halves_by_source
from kicklab.experiments.model_card import conditions


def test_a_source_lies_in_one_half_and_the_halves_are_alike_in_size():
    sources = ["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["d"]
    first = halves_by_source(sources)
    assert {s for s, f in zip(sources, first, strict=True) if f} == {"a", "d"}
    assert first.sum() == 6


def test_a_row_says_how_many_stop_with_the_interval_over_sources():
    time = np.arange(22050) / 44100
    ringing = np.sin(2 * np.pi * 55 * time) * np.exp(-time / 0.08)
    stopped = ringing * (time < 0.1)
    row = endings_row("both", np.stack([ringing, ringing, stopped, stopped]).astype(np.float32), ["a", "a", "b", "b"])
    assert "| both | 4 | 50 [0, 100] % |" in row
    assert "| 0 [0, 0] % |" in row  # below 30 Hz
    assert row.endswith("|  |")


def test_a_row_of_recordings_says_how_many_their_files_cut():
    waves = np.sin(2 * np.pi * 55 * np.arange(22050) / 44100)[None].repeat(4, axis=0).astype(np.float32)
    known = np.array([22050, 22050 - 441, 9000, 9000])
    assert endings_row("some", waves, None, known).endswith("| 50 [0, 100] % |")


def test_recordings_and_models_stand_in_one_table(tmp_path, capsys):
    kicks = write_kicks(tmp_path / "kicks", 6)
    assert main(["lab", "measure", "endings", str(kicks), "-n", "4"]) == 0
    said = capsys.readouterr().out
    assert [line.split("|")[1].strip() for line in said.splitlines()[2:]] == [
        "kicks",
        "kicks, first half",
        "**default**",
    ]


def test_a_card_says_what_the_licences_of_its_sources_ask_for():
    free = [{"licence": "CC0-1.0"}, {"licence": "public-domain"}]
    assert conditions(free) == "The sources above set no conditions."
    assert conditions([*free, {"licence": "MIT"}, {"licence": "MIT"}]).startswith("Sources under MIT ask that")
