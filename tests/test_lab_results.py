"""Estimates over seeds, and the sentences that are made of them: they change with the numbers."""

from __future__ import annotations

import dataclasses
import math
import re
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from kicklab.paper.charts import Axis, Bar, Series, forest, lines, scatter
from kicklab.paper.upconv import against_first, crossed, factor_levels
from kicklab.paper.words import against_baseline, against_ceiling, compared, figure, ranked
from kicklab.results import Estimate, Results, estimate_of
from kicklab.study import load_study

pytestmark = pytest.mark.decides


def estimate(row: str, value: float, half: float = 0.5, seeds: int = 3, **more: object) -> Estimate:
    span = value - half, value + half
    plain = Estimate(row, "energy_bands-1", "dB", "lower", value, *span, seeds, (64, 64), 0.1, True)
    return dataclasses.replace(plain, **more)  # type: ignore[arg-type]


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


def test_one_seed_of_a_trained_row_is_not_firm_and_one_of_a_reference_is():
    assert not estimate_of([run(1.0, 0.9, 1.2)]).firm
    assert estimate_of([run(1.0, 0.9, 1.2, "reals")]).firm
    assert not estimate_of([run(1.0, None, None), run(2.0, None, None)]).firm  # type: ignore[arg-type]


def test_a_share_stays_between_0_and_1():
    runs = [run(0.9, 0.7, 1.0) | {"score": "recall_bands-1_k5", "better": "higher"} for _ in range(2)]
    e = estimate_of(runs)
    assert 0 <= e.low < e.high <= 1


def test_intervals_that_overlap_show_no_difference_and_others_do():
    a, near, far = estimate("a", 1.0), estimate("b", 1.8), estimate("c", 2.5)
    assert "no difference is shown" in compared(a, near, "distance")
    assert "<em>a</em> is better than <em>c</em>" in compared(a, far, "distance")
    assert "<em>c</em> is worse than <em>a</em>" in compared(far, a, "distance")
    higher = [dataclasses.replace(e, better="higher") for e in (a, far)]
    assert "<em>a</em> is worse than <em>c</em>" in compared(*higher, "share")


def test_a_comparison_with_what_is_missing_or_loose_says_so():
    assert "was not measured" in compared(None, None, "distance")
    assert "of all but <em>a</em>" in compared(estimate("a", 1), None, "distance")
    assert "one seed gives no interval" in compared(estimate("a", 1), estimate("b", 9, seeds=1), "distance")


def test_the_ranking_changes_with_the_numbers():
    first = ranked([estimate("a", 1.0), estimate("b", 3.0), estimate("c", 3.2)], "distance")
    assert first.startswith("<em>a</em> has the lowest distance (1.00 dB [0.500, 1.50])")
    assert "overlaps with no other" in first
    second = ranked([estimate("a", 3.4), estimate("b", 3.0), estimate("c", 9.0)], "distance")
    assert second.startswith("<em>b</em> has the lowest")
    assert "no difference from it is shown for <em>a</em>" in second
    assert "<em>c</em>" not in second
    assert "No row has an interval" in ranked([estimate("a", 1.0, seeds=1)], "distance")


def test_rows_are_sorted_into_better_worse_and_not_shown():
    base = estimate("base", 5.0)
    text = against_baseline([estimate("good", 1), estimate("bad", 9), estimate("same", 5.4), base], base, "distance")
    assert "better is <em>good</em>" in text
    assert "worse is <em>bad</em>" in text
    assert "no difference is shown for <em>same</em>" in text
    assert "no interval over seeds" in against_baseline([base], estimate("base", 5, seeds=1), "distance")


def test_rows_are_read_against_the_ceilings_of_their_representations():
    ceiling = estimate("ceiling", 1.0, trained=False, seeds=1)
    text = against_ceiling([(estimate("near", 1.2), ceiling), (estimate("far", 4.0), ceiling)], "distance")
    assert "shown in distance for <em>near</em>" in text
    assert "1 of 2 rows is shown to be worse than what the representation allows: <em>far</em>" in text


def test_numbers_stand_with_unit_and_interval():
    assert figure(estimate("a", -1.0)) == "−1.00 dB [−1.50, −0.500]"
    assert figure(estimate("a", 1.0, low=math.nan, high=math.nan)) == "1.00 dB"


def test_a_level_of_a_factor_is_compared_over_all_levels_of_the_other_and_its_seeds_are_no_more_than_there_are():
    ups = {"transposed": 10.0, "nearest": 1.0, "bilinear": 2.0, "pixel-shuffle": 9.0}
    losses = {"no loss": 0.0, "differentiated": 0.5, "detached": 4.0}  # more than the seeds scatter
    rows = [
        run(up + loss + 0.1 * seed, up + loss + 0.1 * seed - 0.2, up + loss + 0.1 * seed + 0.2)
        | {"row": f"{a} + {b}", "study": "upconv", "share": 1.0, "seed": seed, "score": "profile_radius"}
        for a, up in ups.items()
        for b, loss in losses.items()
        for seed in range(3)
    ]
    paper = SimpleNamespace(study=load_study, results=Results(rows))
    found = {e.row: e for e in factor_levels(paper, "up-sampling", "profile_radius")}  # type: ignore[arg-type]
    assert {row: round(e.value - found["nearest"].value, 9) for row, e in found.items()} == {
        "transposed": 9, "nearest": 0, "bilinear": 1, "pixel-shuffle": 8,
    }  # fmt: skip
    assert {e.seeds for e in found.values()} == {3}
    assert found["bilinear"].apart(found["nearest"])  # the losses do not blur what they all share
    told = against_first(list(found.values()), "off by")
    assert "<em>nearest</em>, <em>bilinear</em> and <em>pixel-shuffle</em> are shown to be better" in told
    rows = [r for r in rows if r["row"] != "nearest + detached"]
    paper = SimpleNamespace(study=load_study, results=Results(rows))
    assert crossed(paper, "up-sampling")["transposed"] == ["transposed + no loss", "transposed + differentiated"]  # type: ignore[arg-type]


def test_names_from_outside_cannot_break_the_page():
    assert "<em>&lt;b&gt;</em>" in ranked([estimate("<b>", 1.0)], "distance")
    assert "&lt;b&gt;" in forest([Bar("<b>", 1, 0.5, 2)], Axis("distance"), "title")


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
    none = np.array([np.nan])
    assert "none has both" in scatter([Series("", none, none)], Axis("a"), Axis("b"), "empty")
