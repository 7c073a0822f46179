"""What is said of runs on their way: click and rumble, what critics know, the plain weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from test_lab_evidence import POINT, evidence

from kicklab.evidence import LAST, Evidence
from kicklab.paper.milestones import PATTERNS, memory_sentence, milestone_rows, pattern, pattern_sentence

pytestmark = pytest.mark.decides


def with_points(levels: dict[str, list[float]], last: float = 0.0, **of_row: list[dict[str, Any]]) -> Evidence:
    """of_row: row -> what a seed's milestones add to POINT."""
    e = evidence(levels, last=last)
    for name, seeds in of_row.items():
        e.rows[name] = replace(e.rows[name], logs=tuple((POINT | seed,) * (LAST + 1) for seed in seeds))
    return e


def cards(click: float, rumble: float) -> dict[str, Any]:
    off = dict.fromkeys(PATTERNS["click"], click) | dict.fromkeys(PATTERNS["rumble"], rumble)
    return {"scores": [{"name": f"card_{name}_sd", "value": value, "real": 0.25} for name, value in off.items()]}


def critic(auc: float, real: float) -> dict[str, Any]:
    return {"critic": {"auc": auc, "unseen": {"real": real}}}


def test_click_and_rumble_are_means_of_the_fields_that_describe_them_and_dead_seeds_count_for_nothing():
    point = POINT | cards(2.0, 0.5)
    assert (pattern(point, "click"), pattern(point, "rumble"), pattern(point, "click", "real")) == (2.0, 0.5, 0.25)
    e = with_points({"a": [2.0, 3.0, 60.0]}, a=[cards(1.0, 0.5), cards(2.0, 0.75), cards(30.0, 40.0)])
    said = pattern_sentence(e, ["a"])
    assert "off in click by 1 to 2 (<em>a</em>) sd, recordings among themselves by 0.250" in said
    assert "in rumble by 0.5 to 0.75 (<em>a</em>) sd" in said
    assert pattern_sentence(evidence({"a": [2.0, 3.0]}), ["a"]) == ""


def test_critics_that_know_their_kicks_by_heart_are_told_from_those_that_do_not():
    levels = {"a": [2.0, 2.1], "b": [3.0, 3.1]}
    one, other = [critic(0.99, 0.0), critic(0.96, 0.25)], [critic(0.5, 1.0)] * 2
    said = memory_sentence(with_points(levels, a=one, b=other), "ab")
    assert said == (
        "The critics of seeds of <em>a</em> that are alive know their kicks by heart (area under the curve against "
        "unseen ones 0.960 to 0.990; of the unseen ones they call 75 to 100 % fake); those of other rows do "
        "not: 0.500 (<em>b</em>). That may be their sources as well, of which the unseen ones are none. Of the rows "
        "whose critics do, none is shown to get worse over the last two milestones."
    )
    worse = with_points(levels, last=2.0, a=[critic(0.99, 0.0)] * 2, b=[critic(0.99, 0.0)] * 2)
    assert memory_sentence(worse, "ab").endswith("<em>a</em> and <em>b</em> get worse over the last two milestones.")
    assert memory_sentence(with_points(levels, a=[critic(0.9, 0.0)] * 2), "a").startswith("No critic knows")
    assert memory_sentence(evidence(levels), "ab") == ""


def test_a_table_has_a_line_for_each_milestone_and_what_recordings_are_among_themselves():
    copies = [{"name": "near_copies", "value": 0.5, "real": 0.01}, {"name": "envelopes", "value": 4.0, "real": 1.5}]
    seed = cards(1.0, 0.5) | critic(0.99, 0.25) | {"losses": [{"loss/d": 0.3}, {"step": 2}]}
    seed["scores"] = seed["scores"] + copies
    head, rows = milestone_rows(with_points({"a": [2.0, 3.0], "b": [4.0, 5.0]}, a=[seed, seed]))
    assert len(rows) == 2 * (LAST + 1) + 1
    first, silent, beside = (dict(zip(head, row, strict=True)) for row in (rows[0], rows[LAST + 1], rows[-1]))
    assert (first["row"], first["sounds"]) == ("a", "1")
    told = {column: text.split(" ")[0] for column, text in first.items()}
    assert told["alive"] == "2"
    assert (told["critic's loss"], told["calls unseen fake"], told["near-copies"]) == ("0.300", "0.750", "0.500")
    assert (told["click [sd]"], told["rumble [sd]"], told["envelopes [dB]"]) == ("1.00", "0.500", "4.00")
    assert told["of plain weights"] == "2.50"
    assert silent["click [sd]"] == silent["critic's loss"] == "–"
    assert (beside["near-copies"], beside["click [sd]"], beside["envelopes [dB]"]) == ("0.0100", "0.250", "1.50")
