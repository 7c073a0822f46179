"""Targets of a producer's own in a fit: a note, a decay, a click in place of what the loop would ask for."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from commands import code_of
from fit_loops import spec

import kickitout
from kickitout.audio import write_sound
from kickitout.errors import UserError
from kickitout.fitting.search import GIVEN_TRIES, Fitter, pool_of
from kickitout.fitting.words import given_targets, reason_line
from kickitout.sound import SAMPLE_RATE
from kicklab.loops import render_loop


@pytest.fixture(scope="module")
def wave():
    return render_loop(spec())


@pytest.fixture(scope="module")
def given_fit(wave):
    return kickitout.fit(wave, 1, targets={"drive": 18.0, "sweep": 60.0})


@pytest.fixture
def fitter(given_fit):
    return Fitter(given_fit.loop, given_fit.room, kickitout.load_model())


def test_targets_that_are_given_take_the_place_of_what_the_loop_asks_for(wave, tmp_path):
    asked = {"pitch": 37.13, "decay": 300.0, "click": -20.0}
    found = kickitout.fit(wave, 1, targets=asked)
    assert "asked for: pitch 37.13 Hz, decay 300 ms, click -20 dB" in found.heard
    assert not any("are asked for" in line for line in found.heard)  # as it is where no decay is given
    for one, why in zip(found.kicks, found.why, strict=True):
        assert (one.midi, one.interval, one.given) == (26, "asked", set(asked))
        assert {name: one.targets[name] for name in asked} == asked
        assert all(one.lines[name].reached for name in asked)
        assert not one.unrest
        assert why.startswith("tuned to 37.13 Hz (D1) (")
        assert f"decay {one.kick.card['decay_t20_ms']:.4g} ms, as asked; click -" in why
        np.testing.assert_array_equal(kickitout.render(one.kick.recipe), one.kick.wave)
    kickitout.write_fit(found, tmp_path)
    data = json.loads((tmp_path / "fit.json").read_text("utf-8"))
    assert data["asked"] == asked
    assert [one["missed"] for one in data["kicks"]] == [[]]


def test_any_target_can_be_given(given_fit):
    (one,), asked = given_fit.kicks, dict(given_fit.asked.targets)
    assert {name: one.lines[name].requested for name in asked} == asked
    assert all(one.lines[name].reached for name in asked)
    assert set(one.kick.recipe["targets"]) == set(one.lines) == {*asked, "pitch", "decay", "tone"}
    missed = [line.target.name for line in one.lines.values() if not line.reached]
    assert sorted(one.kick.recipe.get("missed", {})) == sorted(missed)
    np.testing.assert_array_equal(kickitout.render(one.kick.recipe), one.kick.wave)


def test_tries_of_ones_own_and_kicks_that_rest_can_be_given(fitter):
    asked = kickitout.TargetRequest({"decay": 200.0}, tries=9, steady=True)
    fitter.given = asked
    kick, whole = fitter._with_given(3, replace(asked, targets={**asked.targets, "tone": 4000.0}))
    assert (whole.tries, whole.steady) == (9, True)
    assert kick.match.moves is not None
    assert not kick.unrest
    assert given_targets(asked) == ["asked for: decay 200 ms, a pitch that rests"]
    fitter.given = kickitout.TargetRequest({"decay": 200.0})
    assert fitter._with_given(3, fitter.given)[1].tries == GIVEN_TRIES


def test_a_seed_without_a_pitch_is_tuned_to_a_note_that_is_given(fitter):
    """The own kick of seed 40 has none that could be moved."""
    fitter.given = kickitout.TargetRequest({"pitch": 37.13})
    pool = pool_of(fitter.model, range(40, 41))
    assert fitter._pairs(range(40, 41), pool, np.zeros(1, int), 1, 1) == [(0, (26, "asked"))]


def test_what_is_given_and_missed_comes_last_and_is_said(fitter, given_fit):
    (one,) = given_fit.kicks
    assert not fitter._off(one)
    lines = [replace(line, achieved=200.0) if line.target.name == "sweep" else line for line in one.lines.values()]
    far = replace(one, kick=one.kick._replace(match=replace(one.kick.match, lines=tuple(lines))))
    assert fitter._off(far)
    assert "sweep 200 ms, and 60 ms was asked for and missed" in reason_line(far, given_fit.loop, given_fit.room)


@pytest.mark.parametrize(("targets", "words"), [
    ({"decay": 900.0}, "decay 900 ms: kicks for a loop fall by 20 dB in 450 ms at most"),
    ({"pitch": 4.0}, "pitch 4 Hz: from 20 to 400 Hz"),
    ({"loud": 4.0}, "loud: nothing a kick can be asked for"),
])  # fmt: skip
def test_targets_that_cannot_be_are_one_sentence_before_the_loop_is_heard(targets, words, tmp_path):
    with pytest.raises(UserError, match=words):
        kickitout.fit(tmp_path / "not there.wav", 1, targets=targets)


def test_the_command_line_takes_targets(wave, tmp_path, capsys):
    write_sound(tmp_path / "loop.wav", wave, SAMPLE_RATE)
    call = ["fit", str(tmp_path / "loop.wav"), "-n", "1", "-o", str(tmp_path / "a")]
    assert code_of([*call, "--note", "D1", "--tolerance", "note=5"]) == 0
    said = capsys.readouterr()
    assert "tuned to 36.71 Hz (D1) (" in said.out
    assert "targets: 1 of 1 kick meet what was given" in said.err
    assert code_of([*call, "--tolerance", "note=5"]) == 2
    assert "--tolerance: of targets, and none is given" in capsys.readouterr().err
    assert code_of(["fit", tmp_path / "none.wav", "--tone", "11500", "--rate", "22050", "-o", tmp_path / "b"]) == 2
    assert "files of 22050 Hz hold what lies below 11025 Hz" in capsys.readouterr().err  # before it looks for the loop
