"""The monitor: each known death is seen when it is there, said in words, and acted on with patience."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.sound import ONSET
from kickitout.synthesis.procedural import synthesise
from kickitout.training.config import MonitorConfig
from kickitout.training.monitor import Monitor, Trouble, detect, make_reference, view
from kickitout.training.objectives import LN_2, OBJECTIVES


@pytest.fixture(scope="module")
def real():
    waves, _ = synthesise(range(96))
    return waves


@pytest.fixture(scope="module")
def reference(real):
    return make_reference(real[:64], real[64:])


def names(losses, fakes, reference, objective="bce"):
    return [t.name for t in detect(losses, view(fakes), reference, OBJECTIVES[objective])]


HEALTHY = {"loss/d": 0.5, "loss/g": 1.2, "critic/right": 0.8}


def test_good_kicks_and_healthy_losses_show_no_trouble(real, reference):
    other, _ = synthesise(range(1000, 1064))
    assert names(HEALTHY, other, reference) == []


def test_losses_at_ln_2_are_a_stall(real, reference):
    stalled = {"loss/d": LN_2 + 0.001, "loss/g": LN_2 - 0.004, "critic/right": 0.5}
    assert names(stalled, real[:64], reference) == ["stall at ln 2"]
    assert names(stalled, real[:64], reference, "hinge") == []  # the number means nothing there


def test_a_critic_that_is_always_right_is_one_sided(real, reference):
    assert names({"loss/d": 0.01, "loss/g": 5, "critic/right": 1.0}, real[:64], reference) == ["one-sided critic"]


def test_silence_is_seen(reference):
    assert "silence" in names(HEALTHY, np.zeros((16, 22050), np.float32), reference)


def test_clicks_without_a_body_are_seen(real, reference):
    clicks = real[:64] * (np.arange(22050) < ONSET + 900)
    assert "no body" in names(HEALTHY, clicks.astype(np.float32), reference)


def test_collapse_is_seen(real, reference):
    noise = np.random.default_rng(0).normal(0, 1e-4, (64, 22050))
    assert "collapse" in names(HEALTHY, (real[:1] + noise).astype(np.float32), reference)


def test_comb_lines_are_seen(real, reference):
    lines = np.zeros((1, 22050), np.float32)
    lines[:, ONSET::128] = 0.05  # what a wrong up-convolution leaves: every 344 Hz
    assert "comb lines" in names(HEALTHY, real[:64] + lines, reference)


def test_hiss_is_seen(real, reference):
    hiss = np.random.default_rng(0).normal(0, 0.1, (64, 22050)).astype(np.float32)
    assert "hiss" in names(HEALTHY, real[:64] + hiss, reference)


def test_a_trouble_counts_after_patience_and_only_without_a_better_score():
    monitor = Monitor(MonitorConfig(patience=2, rollbacks=1))
    trouble = [Trouble("hiss", "hiss in the tail")]
    assert monitor.judge(100, 5.0, trouble)[0] == "best"
    assert monitor.judge(200, 4.0, trouble)[0] == "best"
    assert monitor.judge(300, 4.5, trouble)[0] == "go on"
    verdict, why = monitor.judge(400, 4.5, trouble)
    assert verdict == "rollback"
    assert "hiss in the tail" in why
    assert monitor.judge(500, 4.5, trouble)[0] == "go on"  # a new start, with new patience
    assert monitor.judge(600, 4.5, trouble)[0] == "stop"
    assert (monitor.best_step, monitor.best_score) == (200, 4.0)


def test_of_equal_snapshots_the_first_is_the_best():
    monitor = Monitor(MonitorConfig())
    assert [monitor.judge(step, score, [])[0] for step, score in ((1, 3.0), (2, 2.0), (3, 2.0))] == [
        "best", "best", "go on",
    ]  # fmt: skip
    assert monitor.best_step == 2


def test_a_monitor_that_only_warns_never_acts():
    monitor = Monitor(MonitorConfig(patience=1, on_trouble="warn"))
    monitor.judge(1, 1.0, [])
    for step in range(2, 9):
        assert monitor.judge(step, 2.0, [Trouble("hiss", "hiss")])[0] == "go on"


def test_a_score_that_is_not_a_number_is_never_the_best():
    monitor = Monitor(MonitorConfig())
    assert monitor.judge(1, float("nan"), [])[0] == "go on"
    assert monitor.best_step == -1


def test_too_few_held_out_kicks_are_made_up_from_all(real):
    few = make_reference(real[:20], real[20:23])
    assert len(few.held_out) == 23
