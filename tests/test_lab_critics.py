"""The study of critics: intervals over folds and seeds, cells that are taken up again, and what the rule says."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from test_judge import folders  # noqa: F401

from kickitout.cli import main
from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kicklab.critics_trial import NEAR_DUPLICATES, comparisons, read_cells, verdict
from kicklab.crossed import crossed_mean
from kicklab.experiments import critics
from kicklab.folder import Lab
from kicklab.forks import Milestone
from kicklab.paper import trial

ABOUT = {"fork": "run", "data": "d", "steps": 10, "ahead": 2, "ema": 0.7, "sounds": 64, "folds": [20, 21, 20, 20]}
ABOUT |= {"left out": 3, "step": 7}
RNG = np.random.default_rng(0)


def test_where_folds_do_not_differ_the_interval_is_students_over_seeds():
    seeds = np.array([0.1, 0.4, 0.2, 0.3, 0.9])
    wanted = ttest_1samp(seeds, 0).confidence_interval()
    found = crossed_mean(np.tile(seeds, (4, 1)))
    assert found == pytest.approx((seeds.mean(), wanted.low, wanted.high))
    assert crossed_mean(np.tile(seeds, (4, 1)).T) == pytest.approx(found)
    assert np.isnan(crossed_mean(np.ones((1, 1))).low)


def test_the_interval_holds_the_mean_as_often_as_it_says():
    hits = 0
    for _ in range(400):
        folds, seeds, rest = RNG.standard_normal((4, 1)), RNG.standard_normal((1, 5)), RNG.standard_normal((4, 5))
        found = crossed_mean(1.0 + folds + seeds + rest)
        hits += found.low < 1.0 < found.high
    assert 370 <= hits <= 398  # 95 % of 400 is 380, and its deviation is 4.4


def write(folder, arm, seed, *readings, about=ABOUT):
    """A cell whose readings are (steps, seconds, what is added to every accuracy, recall, copies)."""
    rng = np.random.default_rng(seed)
    told, recall = 0.7 + 0.01 * rng.standard_normal(4), 0.8 + 0.01 * rng.standard_normal(4)
    found = []
    for steps, seconds, more, recalled, copies in readings:
        scores = {"two_sample_logistic_thirds": list(told + more), "recall_bands-1_k5": list(recall + recalled)}
        scores |= {NEAR_DUPLICATES: [0.2 + copies], critics.RECOGNISED: [0.9]}
        found.append({"steps": steps, "seconds": seconds, "scores": scores})
    folder.mkdir(exist_ok=True)
    (folder / f"{arm}-{seed}.json").write_text(json.dumps({"about": about, "readings": found}))


def jitter(seed):
    return 0.002 * (seed - 1)


@pytest.fixture
def cells(tmp_path):
    """critics bring 0.06 and cost recall after as many minutes; features bring nothing."""
    for seed in range(3):
        write(tmp_path / "cells", "on", seed, (10, 60, 0, 0, 0), (20, 120, 0, 0.1, 0), (30, 180, 0, 0.2, 0))
        write(tmp_path / "cells", "critics", seed, (10, 130, -0.06 + jitter(seed), 0, 0))
        write(tmp_path / "cells", "features", seed, (10, 170, jitter(seed), 0, 0.1))
    return tmp_path / "cells"


def test_the_rule_is_of_accuracy_copies_and_recall(cells):
    steps, minutes, *others = [verdict(one) for one in comparisons(read_cells(cells)[1])]
    assert steps.startswith("**critics, equal steps**: C2ST -0.060 [-0.065, -0.055], with 3 seeds: enough to ship.")
    assert minutes.endswith("not enough; worse: recall_bands-1_k5.")
    assert all("a fall of 0.04 is outside the interval; worse: near-duplicates" in said for said in others)


def test_the_paper_says_what_the_rule_says(cells, tmp_path):
    compared = comparisons(read_cells(cells)[1])
    assert trial.trial_answered(compared[:1]).endswith("lower the accuracy of C2ST by 0.04 at no cost (critics).")
    assert "is not shown" in trial.trial_answered(compared)  # as many minutes cost recall
    moved, *worse = trial.trial_sentences(compared)
    assert "−0.060 [−0.065, −0.055] (critics, equal steps)" in moved
    assert moved.endswith("with 3 seeds.")
    assert "Worse with critics, equal minutes: recall_bands-1_k5." in worse
    assert "do not lower" in trial.trial_answered(compared[2:])
    (tmp_path / "begun" / "critics").mkdir(parents=True)
    assert trial.read_trial(Lab(tmp_path / "begun")) == trial.read_trial(Lab(tmp_path / "none")) == []


def test_one_seed_excludes_nothing_that_its_folds_do_not(tmp_path):
    write(tmp_path / "cells", "on", 0, (10, 60, 0, 0, 0))
    write(tmp_path / "cells", "critics", 0, (10, 130, 0, 0, 0))
    path = tmp_path / "cells" / "critics-0.json"
    data = json.loads(path.read_text())
    data["readings"][0]["scores"]["two_sample_logistic_thirds"] = [0.6, 0.8, 0.55, 0.75]
    path.write_text(json.dumps(data))
    (said, _) = [verdict(one) for one in comparisons(read_cells(tmp_path / "cells")[1])]
    assert "with 1 seed: not enough, but a fall of 0.04 is not excluded" in said


def test_the_tables_are_printed_without_training(cells, capsys):
    assert main(["lab", "measure", "critics", str(cells)]) == 0
    said = capsys.readouterr().out
    assert "81 recordings of unseen sources in 4 folds" in said
    assert "the start weighs 3 %" in said  # 0.7^10
    assert "| measure | on, 10 steps | on, 20 steps | on, 30 steps | critics, 10 steps | features, 10 steps |" in said
    assert "| minutes of one core | 1.0 | 2.0 | 3.0 | 2.2 | 2.8 |" in said


def test_cells_of_two_studies_do_not_mix(cells, capsys):
    write(cells, "on", 3, (10, 60, 0, 0, 0), about=ABOUT | {"steps": 11})
    assert main(["lab", "measure", "critics", str(cells)]) == 2
    assert "of another study than the cells beside it" in capsys.readouterr().err
    with pytest.raises(UserError, match=r"no cells; --run RUN trains them"):
        read_cells(cells / "nothing")


def test_a_study_is_taken_up_where_it_was_left(tmp_path, monkeypatch):
    begun = []

    class Forked:
        step, config = 5, SimpleNamespace(name="toy")

        def __init__(self, *_):
            pass

        def kicks(self, _):
            return np.zeros((8, 4))

        def go_on(self, changes, seed, milestones, ahead, kicks):
            begun.append((changes == {}, seed, ahead))
            for steps in milestones:
                if len(begun) == 5:
                    raise KeyboardInterrupt
                yield Milestone(steps, 1.0 * steps, np.zeros((kicks, 4)))

    scores = {"two_sample_x": [0.5] * 4, NEAR_DUPLICATES: [0.0], "recall_x": [0.5] * 4}
    monkeypatch.setattr(critics, "Fork", Forked)
    monkeypatch.setattr(critics, "read_dataset", lambda _: SimpleNamespace(digest="d" * 64))
    judges = SimpleNamespace(folds=[[0], [1]], left_out=0, recorded=None, learned=[0])
    monkeypatch.setattr(critics, "judges_of", lambda *_: judges)
    monkeypatch.setattr(critics, "scores_of", lambda *_: scores)
    monkeypatch.setattr(critics, "_read", lambda *_: scores)
    words = ["lab", "measure", "critics", str(tmp_path / "c"), "a", "b", "--run", "r", "--seeds", "2", "--steps", "4"]
    assert main([*words, "--longer", "6"]) == 130  # stopped
    assert main([*words, "--longer", "6"]) == 0
    critics_or_features, on = (False, 60), (True, 0)
    first, second = (
        [(is_on, seed, ahead) for is_on, ahead in (critics_or_features, on, critics_or_features)] for seed in (0, 1)
    )
    assert begun == [*first, *second[:2], *second[1:]]
    on = json.loads((tmp_path / "c" / "on-1.json").read_text())
    assert [one["steps"] for one in on["readings"]] == [4, 6]


def test_folds_hold_whole_machines_that_were_not_learned_from(folders):  # noqa: F811
    learned, unseen = folders
    heard = read_dataset(learned)
    both = read_dataset([learned, unseen])
    judges = critics.judges_of(heard, both)
    assert len(judges.folds) == critics.FOLDS
    assert sum(map(len, judges.folds)) + judges.left_out == len(both) - len(heard)
    assert len(judges.recorded) == len(heard)
    known = {row.sound: row.source for row in both.rows}
    waves = {wave.tobytes(): known[row.sound] for wave, row in zip(both.waves, both.rows, strict=True)}
    sources = [{waves[wave.tobytes()] for wave in real.waves} for real in judges.folds]
    assert len(set.union(*sources)) == sum(map(len, sources))
    assert not any(name.startswith("heard") for name in set.union(*sources))
    found = critics.scores_of(judges.recorded, judges)
    assert {len(values) for name, values in found.items() if name.startswith(critics.COMPARED)} == {critics.FOLDS}
    assert all(0 <= value <= 1 for name, values in found.items() if name.startswith("two_sample_") for value in values)


def test_the_committed_cells_decide_what_the_pages_say():
    """All five seeds, every arm: critics stay off, and the model is no GAN."""
    cells = read_cells(Path(__file__).parents[1] / "docs" / "evidence" / "critics")[1]
    compared = comparisons(cells)
    assert {one.name for one in compared} == {
        f"{arm}, equal {what}" for arm in ("critics", "features") for what in ("steps", "minutes")
    }
    assert all(len(one.arm) == 5 for one in compared)
    assert all("not enough, and a fall of 0.04 is outside the interval" in verdict(one) for one in compared)
