"""Estimates over seeds, and the sentences that are made of them: they change with the numbers."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from kicklab.paper.charts import Axis, Series, lines
from kicklab.paper.words import name
from kicklab.results import estimate_of

pytestmark = pytest.mark.decides


def run(value: float, low: float, high: float, source: str = "trained") -> dict[str, object]:
    return {
        "row": "a", "score": "energy_bands-1", "unit": "dB", "better": "lower",
        "value": value, "low": low, "high": high, "real": 0.25, "n_real": 64, "n_made": 256, "source": source,
    }  # fmt: skip


def test_an_estimate_adds_the_scatter_of_sounds_and_of_seeds():
    e = estimate_of([run(1.0, 0.9, 1.2), run(2.0, 1.9, 2.2), run(3.0, 2.9, 3.2)])
    assert e.value == pytest.approx(2.0)
    seeds = 4.302652729911275 * 1.0 / math.sqrt(3)  # Student's t for two degrees of freedom, deviation 1
    assert e.low == pytest.approx(2.0 - math.hypot(0.1, seeds))
    assert e.high == pytest.approx(2.0 + math.hypot(0.2, seeds))
    assert (e.seeds, e.real, e.n) == (3, 0.25, (64, 256))


def test_a_share_stays_between_0_and_1():
    runs = [run(0.9, 0.7, 1.0) | {"score": "recall_bands-1_k5", "better": "higher"} for _ in range(2)]
    e = estimate_of(runs)
    assert 0 <= e.low < e.high <= 1


@pytest.mark.parametrize(
    ("score", "lowest", "highest"),
    [("diversity_bands-1", 0, math.inf), ("thirds_mean", 0, math.inf), ("tone_w", 0, math.inf), ("card_unknown", 0, 1),
     ("near_duplicates", 0, 1), ("kicks_recognised", 0, 1), ("energy_bands-1", -math.inf, math.inf)],
)  # fmt: skip
def test_an_interval_stays_within_what_a_score_allows(score, lowest, highest):
    e = estimate_of([run(value, value, value) | {"score": score} for value in (0.1, 0.2, 0.9)])
    scatter = 4.302652729911275 * math.sqrt(0.38 / 2) / math.sqrt(3)
    assert (e.low, e.high) == pytest.approx((max(0.4 - scatter, lowest), min(0.4 + scatter, highest)))


def test_names_from_outside_cannot_break_the_page():
    assert name("<b>") == "<em>&lt;b&gt;</em>"


def ticks(axis: Axis, values: np.ndarray) -> tuple[list[float], tuple[float, float]]:
    """The ticks of a matplotlib axis, and its limits."""
    x = Figure().add_subplot().xaxis
    low, high = axis.put_on(x, values)
    return [round(float(t), 9) for t in x.get_majorticklocs() if low <= t <= high * 1.001], (low, high)


def test_axes_have_round_ticks_and_hold_all_values():
    found, (low, high) = ticks(Axis("x"), np.array([0.13, 9.7, np.nan]))
    assert found == [0, 2.5, 5, 7.5, 10]
    assert low <= 0.13 < 9.7 <= high
    found, (low, high) = ticks(Axis("x", log=True), np.array([30.0, 18_000.0, -1.0]))
    assert found == [30, 100, 300, 1000, 3000, 10_000]
    assert (low, high) == (30, 18_000)


def test_a_chart_stands_inside_a_page_whatever_its_names_and_is_the_same_again():
    x = np.arange(5.0)
    series = [Series("<b> $x$ & co", x, x**2, 1, x**2 - 1, x**2 + 1, points=True), Series("real", x, x, plain=True)]
    drawn = lines(series, Axis("time", "ms"), Axis("level", "dB"), 'a "title"', across=3.0)
    assert drawn == lines(series, Axis("time", "ms"), Axis("level", "dB"), 'a "title"', across=3.0)
    tree = ElementTree.fromstring(drawn)
    assert {"<b> $x$ & co", "real", "time [ms]", "level [dB]"} <= {e.text for e in tree.iter("text")}
    assert not re.search(r"""\bid=|url\(|href|#[0-9a-f]{6}|<style""", drawn)  # nothing that meets the rest of a page
    assert "var(--c1)" in drawn
    assert "currentColor" in drawn


def test_an_axis_is_linear_about_zero_and_logarithmic_far_from_it():
    found, (low, high) = ticks(Axis("x", soft=0.3), np.array([-0.2, 40.0]))
    assert found == [-0.3, 0, 0.3, 1, 3, 10, 30]
    assert -1 < low < -0.2 < 40 <= high
    x = np.arange(3.0)
    assert lines([Series("a", x, x)], Axis("x"), Axis("y", soft=0.3), "t", band=(-0.3, 0.8)).count("<path") > 2
