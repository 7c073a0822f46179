"""Training on against training from scratch: kept, gone on with, and read as intervals say; as a toy."""

from __future__ import annotations

import numpy as np
import pytest
from toy import TOY_KICKGAN, toy_corpus

from kickitout.corpus.build import split
from kickitout.corpus.procedural import synthesise
from kickitout.errors import UserError
from kickitout.evaluation.embeddings import BANDS
from kickitout.lab.race import (
    SCRATCH,
    TUNED,
    Line,
    Race,
    race_text,
    reached,
    read_race,
    real_against_real,
    run_race,
    score_race,
)

TOY = (*(change for change in TOY_KICKGAN if not change.startswith("start=")), "variants=0", "monitor.every=1000")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    corpus = toy_corpus(tmp_path_factory.mktemp("race") / "kicks", 40)
    learned, unseen = split(corpus, 0.4, 1)
    return corpus.take(learned), corpus.take(unseen)


@pytest.fixture(scope="module")
def race(tmp_path_factory):
    """Both begin afresh: a toy has no finished model of its size; that weights arrive is tested in test_start.py."""
    return Race(tmp_path_factory.mktemp("race") / "runs", (2.0, 5.0), (0,), 12, "none", TOY)


def test_a_race_is_run_once_and_goes_on_with_what_is_missing(race, parts):
    clock = iter(range(1000)).__next__  # every look at it is a second later
    assert run_race(race, parts[0], clock=clock)
    made, about = read_race(race)
    assert set(made) == {(racer, seconds) for racer in (TUNED, SCRATCH) for seconds in race.milestones}
    assert all(waves.shape == (12, 22050) for sets in made.values() for waves in sets)
    for racer in (TUNED, SCRATCH):
        first, last = (about[racer, seconds][0] for seconds in race.milestones)
        assert 0 < first["steps"] < last["steps"]
        assert (first["seconds"], last["seconds"]) == race.milestones
    path = race.kept(TUNED, 0, 5.0)
    before = path.read_bytes()
    path.with_suffix(".json").unlink()
    assert run_race(race, parts[0], clock=clock)  # the run is there already and makes the same again
    assert path.read_bytes() == before
    race.kept(TUNED, 0, 2.0).with_suffix(".json").unlink()
    with pytest.raises(UserError, match="is at 5 s and has passed 2 s; give the milestones it began with"):
        run_race(race, parts[0], clock=clock)


def test_nearer_kicks_are_ahead_beyond_the_interval_and_the_same_ones_are_not(parts):
    unseen = parts[1]
    far = (np.random.default_rng(0).standard_normal((24, 22050)) * 0.3).astype(np.float32)
    near = [synthesise(range(2000 + k, 2024 + k))[0] for k in (0, 24)]
    made = {(TUNED, 0.0): [far], (TUNED, 60.0): near, (SCRATCH, 60.0): [far, far]}
    lines = score_race(made, unseen, BANDS)
    assert [line.seconds for line in lines] == [0.0, 60.0]
    assert lines[0].behind is None
    assert lines[1].behind[1][0] > 5
    assert lines[1].value[TUNED][2] == pytest.approx([lines[1].value[TUNED][0]] * 2, abs=3)
    floor = real_against_real(parts[0].waves, unseen, BANDS)
    assert floor[1][0] <= floor[0] <= floor[1][1]
    text = race_text(lines, BANDS.name, floor)
    assert "after 0.9; the interval has it ahead of training from scratch at 1 of 1 milestones (1 min)." in text
    same = score_race({(TUNED, 60.0): near, (SCRATCH, 60.0): near[::-1]}, unseen, BANDS)
    low, high = same[0].behind[1]
    assert low <= 0 <= high


def test_nothing_gained_is_said():
    lines = [Line(60.0 * k, {TUNED: (1.0 + k, (0.0, 3.0), [1.0 + k])}, None) for k in range(2)]
    assert reached(lines) is None
    assert "gains nothing in 1 minutes" in race_text(lines, "x", (0.0, (0.0, 0.0)))
