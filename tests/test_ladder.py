"""Real kicks made worse step by step: every score sees what it claims to see."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.metrics.embeddings import DEFAULTS
from kickitout.metrics.score import Found
from kickitout.synthesis.procedural import synthesise
from kicklab.experiments.ladder import CLAIMS, FAULTS, Rung, claimed, ladder, ladder_table, ladder_text, sees

pytestmark = pytest.mark.decides

KICKS, DRAWS = 96, 30


@pytest.mark.slow
def test_on_rendered_kicks_every_score_sees_what_it_claims():
    """One test, for the ladder takes a minute and several workers would each climb it."""
    rungs = ladder(synthesise(range(KICKS))[0], np.arange(KICKS), draws=DRAWS, faults=[*CLAIMS])
    assert [r for r in rungs if (r.fault, r.score) in claimed() and not r.sees] == []
    assert claimed() <= {(r.fault, r.score) for r in rungs}
    by = {r.score: r for r in rungs if r.fault == "copies"}
    assert by["near_duplicates"].values[-1] > 0.8
    assert by["energy_bands-1"].values[-1] < by["energy_bands-1"].values[0] + 0.3  # why the audit is needed


@pytest.mark.long
def test_recorded_kicks_bear_the_claims_out(real_data):
    from kickitout.datasets.build import read_dataset

    dataset = read_dataset(real_data / "kicks-open")
    found = ladder(dataset.waves, np.array([row.group for row in dataset.rows]), draws=60, faults=[*CLAIMS])
    broken = [r for r in found if (r.fault, r.score) in claimed() and not r.sees]
    assert broken == []


@pytest.mark.parametrize("embedding", DEFAULTS, ids=lambda e: e.name)
def test_each_embedding_makes_claims_of_its_own(embedding):
    scores = {score for _, score in claimed() if embedding.name in score}
    for kind in ("frechet", "kid", "precision", "recall", "coverage", "two_sample_logistic"):
        assert any(score.startswith(kind) for score in scores)


def test_every_claim_is_about_a_fault_that_can_be_made():
    assert set(CLAIMS) <= set(FAULTS)


def test_seeing_means_worse_each_step_and_outside_at_the_end():
    clean = Found("x", 1.0, "", "lower", (0.5, 1.5))
    assert sees([1.0, 1.2, 2.0], clean)
    assert sees([1.0, 0.9, 2.0], clean)  # the first step may hide a difference of the halves
    assert not sees([1.0, 1.2, 1.4], clean)
    assert not sees([1.0, 3.0, 2.0], clean)
    assert sees([1.0, 0.9, 0.2], clean._replace(better="higher"))


def test_the_table_names_claims_and_broken_ones():
    in_order = sorted(claimed(), key=lambda claim: list(CLAIMS).index(claim[0]))
    rungs = [Rung(fault, score, (0.0, 1.0, 2.0, 3.0), True) for fault, score in in_order]
    text = ladder_text(rungs)
    assert "* comb_lines" in text
    assert "NOT SEEN" not in text
    broken = [r._replace(sees=False) if (r.fault, r.score) == ("comb", "comb_lines") else r for r in rungs]
    assert "CLAIMED, NOT SEEN" in ladder_text(broken)
    row = next(line for line in ladder_table(broken).splitlines() if line.startswith("| `comb_lines`"))
    assert row.split("|")[2 + list(CLAIMS).index("comb")].strip() == "**no**"
    row = next(line for line in ladder_table(rungs).splitlines() if line.startswith("| `near_duplicates`"))
    assert row.split("|")[2 + list(CLAIMS).index("copies")].strip() == "**yes**"


def test_a_sound_is_cut_while_it_is_loud_and_others_are_left_alone():
    time = np.arange(22050) / 44100
    kicks = np.stack([np.exp(-time / 0.08) * np.sin(2 * np.pi * 55 * time)] * 4)
    cut = FAULTS["cut while loud"].apply(kicks, 0.5, kicks)
    assert np.array_equal(cut[2:], kicks[2:])
    ends = [int(np.flatnonzero(np.abs(wave) > 1e-9)[-1]) for wave in cut[:2]]
    assert ends[0] == ends[1]
    assert 0.05 < ends[0] / 44100 < 0.16  # -15 dB re peak after 0.138 s of this decay
    assert np.array_equal(cut[0, : ends[0] - 88], kicks[0, : ends[0] - 88])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_kicks_that_can_be_scored(fault):
    pytest.importorskip("torch")
    kicks, reference = synthesise(range(6))[0], synthesise(range(10, 16))[0]
    for step in FAULTS[fault].steps:
        made = FAULTS[fault].apply(kicks, min(step, 6) if fault == "few kinds" else step, reference)
        assert made.shape == kicks.shape
        assert np.isfinite(made).all()
