"""What is said of a loop and of a kick for it: only what was measured, and what was missed by name."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from fit_loops import spec

import kickitout
from kickitout.datasets.doctor.suspects import LEAST_LOW
from kickitout.fitting import words
from kickitout.fitting.loop import read_loop
from kickitout.fitting.room import COVERED_DB, find_room
from kickitout.fitting.search import CLEAR_DB, Fitter, pool_of
from kickitout.fitting.words import heard_lines, reason_line, room_lines, why_line
from kickitout.generation.match import measured
from kickitout.generation.targets import TargetRequest
from kickitout.models.controls import TARGETS
from kicklab.loop_books import DEVELOPMENT
from kicklab.loops import render_loop

pytestmark = pytest.mark.light

FOUR = (0, 4, 8, 12)


@pytest.fixture(scope="module")
def held_fit():
    """Four kicks for a loop whose bass plays with them, with hats on the beats."""
    return kickitout.fit(render_loop(spec(bass=DEVELOPMENT.basses["long"], hats=FOUR, snare=(), chords="none")), 4)


def falling(start: float, sweep: float) -> dict[str, float]:
    return {"pitch_start_hz": start, "sweep_ms": sweep}


def said_of(fit, monkeypatch, was: dict[str, float], now: dict[str, float]) -> str:
    """The reason of a kick whose pitch was asked to fall from higher, with these cards of its seed and of itself."""
    monkeypatch.setattr(words, "measured", lambda _: was)
    one = fit.kicks[0]
    match = SimpleNamespace(lines=())
    return reason_line(replace(one, kick=SimpleNamespace(card=now, match=match), higher=True), fit.loop, fit.room)


@pytest.mark.parametrize(("was", "now", "said"), [
    (falling(110.9, 25.0), falling(84.3, float("nan")), ""),
    (falling(126.0, 39.0), falling(126.5, 41.0), ""),
    (falling(126.0, 39.0), falling(136.0, 41.0), "its pitch falls from 136 Hz, higher than the seed's 126 Hz"),
    (falling(182.0, 98.0), falling(533.0, 43.0), "its pitch falls from 533 Hz, higher than the seed's 182 Hz"),
    (falling(182.0, 20.0), falling(180.0, 43.0), "its pitch falls for 43 ms, longer than the seed's 20 ms"),
    (falling(float("nan"), float("nan")), falling(180.0, 43.0), ""),
])  # fmt: skip
def test_a_pitch_is_said_to_fall_from_higher_or_for_longer_only_where_the_cards_say_so(
    held_fit, monkeypatch, was, now, said
):
    assert re.sub(r"(; )?covers .*", "", said_of(held_fit, monkeypatch, was, now)) == said


def test_a_kick_that_does_not_rest_on_its_note_is_said_not_to_and_comes_behind_those_that_do(held_fit):
    falls = "its pitch still falls by 234 cents"
    one = next(one for one in held_fit.kicks if not one.unrest)
    assert f", but {falls} there; falls by" in reason_line(replace(one, unrest=falls), held_fit.loop, held_fit.room)
    assert " there; " not in reason_line(one, held_fit.loop, held_fit.room)
    resting = [not kick.unrest for kick in held_fit.kicks]
    assert resting == sorted(resting, reverse=True)


def test_what_plays_under_a_bass_is_still_a_kick(held_fit):
    """Where the bass leaves no room it is short and has a click, but no tick: most of it lies below 250 Hz."""
    assert held_fit.room.taken
    for one in held_fit.kicks:
        card = one.kick.card
        assert card["sub_share"] + card["body_share"] == pytest.approx(one.low_share)
        assert one.low_share >= LEAST_LOW
        assert one.targets["decay"] >= 55
        assert one.kick.card["pitch_end_hz"] < 100


def test_what_is_said_of_each_kick_is_in_its_card(held_fit):
    for one, reason in zip(held_fit.kicks, held_fit.reasons, strict=True):
        was, now = measured(one.before[None]), one.kick.card
        if found := re.search(r"falls from (\d+) Hz, higher than the seed's (\d+) Hz", reason):
            assert [int(hz) for hz in found.groups()] == [round(now["pitch_start_hz"]), round(was["pitch_start_hz"])]
            assert now["pitch_start_hz"] > was["pitch_start_hz"] > 0
        if found := re.search(r"for (\d+) ms, longer than the seed's (\d+) ms", reason):
            assert [int(ms) for ms in found.groups()] == [round(now["sweep_ms"]), round(was["sweep_ms"])]
            assert now["sweep_ms"] > was["sweep_ms"] > 0
        assert f"falls by 20 dB in {now['decay_t20_ms']:.0f} ms" in reason
    assert any("its pitch falls" in reason for reason in held_fit.reasons)


def with_line(fit, name: str, requested: float, achieved: float):
    line = TargetRequest({name: requested}).line(TARGETS[name], achieved)
    kick = fit.kicks[0].kick
    return replace(fit.kicks[0], kick=kick._replace(match=replace(kick.match, lines=(line,))), higher=False)


@pytest.mark.parametrize(("name", "requested", "achieved", "said"), [
    ("tone", 3000.0, 3800.0, "its click around 3.8 kHz; 3.0 kHz, where the hats have least, was asked for and missed"),
    ("tone", 3000.0, 3100.0, "its click around 3.1 kHz, where the hats have least"),
    ("tone", 3000.0, float("nan"), "its click has no place that can be measured; 3.0 kHz, where the hats have least"),
    ("decay", 80.0, 102.0, "in 102 ms, longer than the 80 ms that were asked for, as the bass plays with it"),
    ("decay", 40.0, 21.0, "in 21 ms, shorter than the 40 ms that were asked for"),
    ("decay", 40.0, 41.0, "in 41 ms, as the bass plays with it"),
    ("decay", 40.0, float("nan"), "in a time that cannot be measured; 40 ms were asked for"),
    ("click", -6.0, -20.0, "click at -20 dB, quieter than the -6 dB that were asked for to be heard above the bass"),
    ("click", -6.0, -2.0, "click at -2 dB, louder than the -6 dB that were asked for"),
    ("click", -6.0, -6.3, "click at -6 dB to be heard above the bass"),
    ("pitch", 50.0, 51.0, "34 cents above "),
    ("pitch", 50.0, float("nan"), "without a clear pitch: "),
])  # fmt: skip
def test_a_target_that_was_missed_is_named(held_fit, name, requested, achieved, said):
    one = with_line(held_fit, name, requested, achieved)
    assert said in reason_line(one, held_fit.loop, held_fit.room)


def test_the_data_of_a_fit_name_what_was_achieved_and_missed(held_fit, tmp_path):
    kickitout.write_fit(held_fit, tmp_path)
    data = json.loads((tmp_path / "fit.json").read_text("utf-8"))
    for one, told in zip(held_fit.kicks, data["kicks"], strict=True):
        assert told["achieved"]["decay"] == pytest.approx(one.kick.card["decay_t20_ms"], abs=0.01)
        assert set(told["missed"]) == {name for name, line in one.lines.items() if not line.reached}
    assert data["key"]["confidence_of"] == "tonic"


def test_more_masking_than_that_of_the_seed_is_said_in_words(held_fit):
    one = held_fit.kicks[0]
    for before, after, said in (
        (-32.0, -26.4, "covers 5.6 dB more of the bass than the seed's own kick; masking"),
        (-31.8, -31.5, "covers 0.3 dB more of the bass than the seed's own kick, too little to be heard; masking"),
    ):
        assert said in why_line(replace(one, before_db=before, after_db=after), held_fit.loop, held_fit.room)
    less = why_line(replace(one, before_db=-12.0, after_db=-26.4), held_fit.loop, held_fit.room)
    assert "more of the bass" not in less


def test_a_kick_that_masks_more_than_its_seed_comes_behind_those_that_mask_less(held_fit):
    fitter = Fitter(held_fit.loop, held_fit.room, kickitout.load_model())
    good = held_fit.kicks[0]
    bent = replace(good, seed=1, before_db=-32.0, after_db=-26.4)
    plain = replace(good, seed=2, before_db=-12.0, after_db=-14.0)
    unheard = replace(good, seed=3, before_db=CLEAR_DB - 5, after_db=CLEAR_DB - 1)
    assert [one.seed for one in fitter._chosen([bent, plain, unheard], 3)] == [3, 2, 1]


def test_a_kick_of_the_loop_itself_is_no_hat():
    loop = read_loop(render_loop(spec(kick=FOUR, hats=(), snare=(), chords="none")))
    room = find_room(loop)
    assert room.hats_db >= COVERED_DB
    assert room.click_hz is None
    assert "hats: none are heard at the beats" in room_lines(room)[1]
    both = find_room(read_loop(render_loop(spec(kick=FOUR, hats=FOUR, snare=(), chords="none", drum_db=0.0))))
    assert both.click_hz is not None


def test_the_confidence_of_a_key_is_said_to_be_that_of_its_tonic(held_fit):
    (line,) = [line for line in heard_lines(held_fit.loop) if line.startswith("key: ")]
    key = held_fit.loop.key
    assert line == f"key: {key.name}, confidence {key.confidence:.2f} that F is the tonic; {key.mode} is less sure"


def test_the_kicks_of_a_fit_are_of_different_seeds(held_fit):
    assert len({one.seed for one in held_fit.kicks}) == 4


def test_a_seed_comes_twice_only_where_too_few_suit(held_fit):
    fitter = Fitter(held_fit.loop, held_fit.room, kickitout.load_model())
    good = replace(held_fit.kicks[0], before_db=-5.0)
    found = [replace(good, seed=seed, after_db=after) for seed, after in ((1, -29.0), (1, -28.0), (2, -20.0))]
    assert [one.seed for one in fitter._chosen(found, 2)] == [1, 2]
    assert [one.seed for one in fitter._chosen(found, 3)] == [1, 1, 2]
    worse = replace(good, seed=3, before_db=-27.0, after_db=-26.0)
    assert [one.seed for one in fitter._chosen([*found, worse], 3)] == [1, 1, 2]


def test_more_pairs_are_tried_than_kicks_are_given_first_of_new_seeds(held_fit):
    model = kickitout.load_model()
    fitter = Fitter(held_fit.loop, held_fit.room, model)
    pairs = fitter._pairs(range(64), pool_of(model, range(64)), np.arange(64), 12, 12)
    begun, later = pairs[:12], pairs[12:]
    assert len({at for at, _ in begun}) == 12
    assert len(set(pairs)) == len(pairs) == 24
    assert later[0][0] not in {at for at, _ in begun}
