"""Training on against training from scratch: kept, gone on with, and read as intervals say; as a toy."""

from __future__ import annotations

import numpy as np
import pytest
from toy import toy, toy_dataset

from kickitout.errors import UserError
from kickitout.metrics.embeddings import BANDS
from kickitout.synthesis.procedural import synthesise
from kicklab.experiments.race import (
    SCRATCH,
    TUNED,
    Race,
    closing_text,
    race_baseline,
    race_text,
    read_race,
    run_race,
    score_race,
)

pytestmark = pytest.mark.decides

TOY = (*toy("dcgan-bands"), "monitor.every=1000")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    dataset = toy_dataset(tmp_path_factory.mktemp("race") / "kicks", 40)
    return dataset.take(np.arange(24)), dataset.take(np.arange(24, 40))


@pytest.fixture(scope="module")
def race(tmp_path_factory):
    """Both begin afresh, and with the quickest config: that weights arrive is tested in test_start.py."""
    return Race(tmp_path_factory.mktemp("race") / "runs", (0.0, 2.0, 5.0), (0,), 12, "none", TOY, "dcgan-bands")


def test_a_race_is_run_once_and_goes_on_with_what_is_missing(race, parts):
    clock = iter(range(1000)).__next__  # every look at it is a second later
    assert run_race(race, parts[0], clock=clock, racers=(SCRATCH,))
    assert race.kept(SCRATCH, 0, 5.0).exists()
    assert not race.place(TUNED, 0).exists()
    assert run_race(race, parts[0], clock=clock)
    made, about = read_race(race)
    assert set(made) == {(racer, seconds) for racer in (TUNED, SCRATCH) for seconds in race.milestones}
    assert all(waves.shape == (12, 22050) for sets in made.values() for waves in sets)
    for racer in (TUNED, SCRATCH):
        ran = [about[racer, seconds][0] for seconds in race.milestones]
        assert 0 == ran[0]["steps"] < ran[1]["steps"] < ran[2]["steps"]
        assert tuple(one["seconds"] for one in ran) == race.milestones
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
    made = {(TUNED, 0.0): [far], (SCRATCH, 0.0): [far], (TUNED, 60.0): near, (SCRATCH, 60.0): [far, far]}
    first, last = lines = score_race(made, unseen, BANDS)
    assert (first.seconds, last.seconds) == (0.0, 60.0)
    assert first.gained == (0, (0, 0))
    assert last.behind[1][0] > 5
    assert last.gained[1][0] > 5
    assert last.value[TUNED][2] == pytest.approx([last.value[TUNED][0]] * 2, abs=3)
    floor = race_baseline(parts[0], unseen, BANDS)
    assert floor[1][0] <= floor[0] <= floor[1][1]
    text = race_text(lines, BANDS.name, floor)
    assert "training on has come 90 % after 0.9 min and training from scratch never." in text
    assert "ahead at 1 of 2 milestones (1 min)." in text
    (same,) = score_race({(TUNED, 60.0): near, (SCRATCH, 60.0): near[::-1]}, unseen, BANDS)
    low, high = same.behind[1]
    assert low <= 0 <= high


def test_the_scores_at_the_end_stand_beside_real_ones(parts):
    learned, unseen = parts
    noise = (np.random.default_rng(0).standard_normal((24, 22050)) * 0.3).astype(np.float32)
    near = synthesise(range(2000, 2024))[0]
    made = {(TUNED, 0.0): [noise], (SCRATCH, 0.0): [noise], (TUNED, 60.0): [near], (SCRATCH, 60.0): [noise]}
    lines = closing_text(made, learned, unseen, draws=20).splitlines()
    assert lines[0].startswith("| after 1 min |")
    assert {line.count(" | ") for line in lines if line.startswith("| `")} == {4}
    (energy,) = (line for line in lines if line.startswith("| `energy_bands-1`"))
    _, recordings, tuned, scratch, beside = (cell.split()[0].strip("`") for cell in energy.strip("| ").split(" | "))
    assert max(float(recordings), float(tuned), float(beside)) < 10 < float(scratch)


def test_a_score_that_a_set_does_not_have_is_left_open_in_its_row(parts, monkeypatch):
    """The card of noise or silence has fields too few of the sounds know."""
    from kickitout.metrics.report import score_features

    def without(one, real, **more):
        found = score_features(one, real, **more)
        return [score for score in found if len(one) != 20 or score.name != "energy_bands-1"]

    monkeypatch.setattr("kicklab.experiments.race.report.score_features", without)
    near = synthesise(range(2000, 2024))[0]
    lines = closing_text({(TUNED, 60.0): [near[:20]], (SCRATCH, 60.0): [near]}, *parts, draws=20).splitlines()
    (energy,) = (line for line in lines if line.startswith("| `energy_bands-1`"))
    assert energy.split(" | ")[2] == "–"
    assert "–" not in energy.split(" | ")[3]
