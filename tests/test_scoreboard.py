"""Several sets against the same kicks: one table, with the floor in front."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.metrics.compare import MEASURES, RECOGNISED
from kickitout.metrics.embeddings import Embedding
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.report import COPIES
from kickitout.metrics.score import Found
from kickitout.metrics.spectra import third_octaves
from kickitout.synthesis.procedural import synthesise
from kicklab.experiments.scoreboard import column, floor, scoreboard_text

QUICK = (Embedding("quick", third_octaves),)


@pytest.fixture(scope="module")
def real() -> Features:
    return measure_features(synthesise(range(128))[0], QUICK)


def test_the_floor_is_the_mean_of_halves_and_their_range(real):
    found = floor(real, None, QUICK, splits=6)
    assert "64 and 64, 6 times" in found.about
    accuracy = found.scores["two_sample_logistic_quick"]
    assert accuracy.interval[0] <= accuracy.value <= accuracy.interval[1]
    assert accuracy.value == pytest.approx(0.5, abs=0.08)
    assert found.scores["diversity_quick"].value == pytest.approx(1, abs=0.1)
    assert found.scores[RECOGNISED].n is None  # of all, not of halves
    assert COPIES not in found.scores


def test_the_table_has_a_row_a_score_and_a_column_a_set(real):
    dull = np.fft.irfft(np.fft.rfft(real.waves) * (np.fft.rfftfreq(22050, 1 / 44100) < 2000), 22050)
    copies = Found(COPIES, 0.25, "share of sounds", "lower", (0.2, 0.3), headline=True)
    columns = [
        floor(real, copies, QUICK, splits=2),
        column("dull", "128 kicks", measure_features(dull.astype(np.float32), QUICK), real, None, QUICK, draws=20),
        column("same", "the same", real, real, copies, QUICK, draws=20),
    ]
    lines = scoreboard_text(columns).splitlines()
    assert lines[1] == "- **dull**: 128 kicks"
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    assert table[0] == ["score", "better", "real-vs-real baseline", "dull", "same"]
    rows = {row[0].strip("`"): row[1:] for row in table[1:]}
    assert len(rows) == sum(measure.headline for measure in MEASURES) + 1
    assert rows["precision_quick_k5"][0] == "higher"
    assert rows["near_duplicates"][1:] == ["0.25 [0.2, 0.3]", "", "0.25 [0.2, 0.3]"]
    assert rows["precision_quick_k5"][3].startswith("1 [")
    assert "dB at" in rows["thirds_worst"][2]
    assert "dB at" not in rows["thirds_worst"][1]  # of halves, another band each time
    chosen = [
        line.split("`")[1] for line in scoreboard_text(columns, ["thirds_mean", COPIES]).splitlines() if "`" in line
    ]
    assert chosen == ["thirds_mean", COPIES]
