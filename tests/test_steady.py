"""Kicks that are asked to rest on their pitch: others of a seed are tried, and what glides all the same is said."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kickitout
from kickitout import TargetRequest
from kickitout.cli import main
from kickitout.descriptors import pitch_rest
from kickitout.errors import UserError
from kickitout.generation.match import match_seeds
from kickitout.generation.targets import FAR, MatchResult, missed_by
from kickitout.notes import SEMITONE_CENTS
from kicklab.experiments.steady import ask, resting

SEEDS = range(12)
A1 = TargetRequest({"pitch": 55.0}, steady=True)


def moves(kick: kickitout.Kick) -> float:
    return max(map(abs, pitch_rest(kick.channels.mean(axis=0))))


@pytest.fixture(scope="module")
def steady() -> list[kickitout.Kick]:
    return list(kickitout.generate_kicks(SEEDS, targets=A1))


def test_kicks_that_shall_rest_do_where_many_of_the_others_glide(steady):
    plain = kickitout.match(SEEDS, {"pitch": 55.0})
    gliding = [moves(kick) > SEMITONE_CENTS for kick in plain]
    assert 2 <= sum(gliding) < len(plain)  # or there is nothing to try others for
    assert all(kick.match.reached and moves(kick) <= SEMITONE_CENTS for kick in steady)
    for kick, before, glides in zip(steady, plain, gliding, strict=True):
        same = np.array_equal(kick.wave, before.wave)
        assert same != glides  # one that rests is the kick that it was


def test_a_kick_that_rests_is_the_same_alone_and_from_its_recipe(steady):
    i = next(i for i, kick in enumerate(steady) if kick.match.tries > 1)
    (alone,) = kickitout.match([SEEDS[i]], A1)
    assert alone == steady[i]
    np.testing.assert_array_equal(kickitout.render(steady[i].recipe), steady[i].wave)


def test_a_kick_can_be_asked_to_rest_on_its_own_pitch():
    found = kickitout.match(SEEDS, TargetRequest(steady=True))
    own = kickitout.generate(SEEDS)
    for kick, wave in zip(found, own, strict=True):
        assert kick.match.reached
        assert moves(kick) <= SEMITONE_CENTS
        rests = max(map(abs, pitch_rest(wave))) <= SEMITONE_CENTS
        assert np.array_equal(kick.wave, wave) == rests == (kick.match.start == 0)
    assert {rests.match.start == 0 for rests in found} == {True, False}


def test_it_is_read_as_long_as_the_kick_rings():
    """Past half a second a pitch may move on: what is heard there counts."""
    longer = kickitout.match(range(6), TargetRequest({"pitch": 50.0}, steady=True), length_s=2.0)
    assert all(moves(kick) <= SEMITONE_CENTS for kick in longer if kick.match.reached)
    assert sum(kick.match.reached for kick in longer) >= 5
    assert any(kick.channels.shape[1] > 22050 for kick in longer)


def test_what_glides_comes_behind_what_rests_and_what_has_no_pitch_last():
    assert missed_by((), (20.0, 5.0)) < missed_by((), (150.0, 5.0)) < missed_by((), (-20.0, 300.0))
    assert missed_by((), (math.nan, math.nan)) == (FAR - 1, FAR)
    resting = MatchResult(np.zeros((1, 1)), np.zeros(1), (), 1, moves=(40.0, 99.0))
    assert resting.reached
    assert not resting.unrest
    assert not resting.recipe
    gliding = replace(resting, moves=(-140.0, 10.0))
    assert not gliding.reached
    assert gliding.unrest == "its pitch still rises by 140 cents"
    assert gliding.recipe == {"missed": {"steady": 140.0}}
    silent = replace(resting, moves=(math.nan, math.nan))
    assert silent.unrest == "it has too few periods to tell whether its pitch rests"
    assert silent.recipe == {"missed": {"steady": None}}
    assert replace(silent, moves=None).reached


def test_fewer_tries_give_the_one_that_moves_least():
    model = kickitout.load_model("default")
    one, three = (
        match_seeds(model, TargetRequest({"pitch": 55.0}, tries=tries, steady=True), SEEDS) for tries in (1, 3)
    )
    assert all(b.missed_by <= a.missed_by for a, b in zip(one, three, strict=True))
    assert sum(a.reached for a in one) < sum(b.reached for b in three)


def test_the_command_line_asks_for_it_and_says_where_it_helps(tmp_path, capsys):
    call = ["generate", "-n", "8", "--note", "A1", "-o", str(tmp_path / "a")]
    assert main(call) == 0
    assert "they do not rest on it; --steady tries other kicks of their seeds" in capsys.readouterr().err
    assert main([*call[:-1], str(tmp_path / "b"), "--steady"]) == 0
    said = capsys.readouterr()
    assert "targets: 8 of 8 kicks meet all" in said.err
    assert "rest on it" not in said.err
    sounds = kickitout.read_cards(sorted((tmp_path / "b").glob("*.wav")))
    assert [sound.unrest for sound in sounds] == [""] * 8
    assert main([*call[:-1], str(tmp_path / "c"), "--steady", "--tries", "1", "--force"]) == 0
    said = capsys.readouterr().err
    assert "misses: its pitch" in said
    assert "rest on it" not in said


def test_a_kit_asks_for_kicks_that_rest_and_changes_none_that_did(tmp_path, capsys):
    call = ["kit", "-n", "4", "--note", "A1", "--formats", "sfz", "--no-zip", "--round-robin", "1"]
    call += ["--velocity-layers", "1"]
    starts, said = [], []
    for name, more in (("a", []), ("b", ["--steady"]), ("c", ["--steady", "--tries", "1"])):
        assert main([*call, "-o", str(tmp_path / name), *more]) == 0
        said.append(capsys.readouterr().err)
        starts.append([kickitout.read_recipe(path)["start"] for path in sorted((tmp_path / name).rglob("*.wav"))])
    rested = [not sound.unrest for sound in kickitout.read_cards(sorted((tmp_path / "a").rglob("*.wav")))]
    assert 0 < sum(rested) < 4
    assert [a == b for a, b in zip(*starts[:2], strict=True)] == rested
    assert "seed 0: its pitch still falls by" in said[0]
    assert "; a steady one of its seed can be asked for" in said[0]
    assert "does not rest" not in said[1]
    assert "misses: pitch" not in said[2]  # the note is tuned to at last
    assert "a steady one of its seed" not in said[2]  # it was asked for
    assert main(["kit", str(tmp_path / "b"), "--steady", "-o", str(tmp_path / "d")]) == 2
    assert "--steady and targets generate kicks" in capsys.readouterr().err


def test_shards_of_kicks_that_rest_are_no_continuation_of_others(tmp_path, capsys):
    call = ["generate", "-n", "4", "--shards", "2", "--note", "A1", "-o", str(tmp_path), "--workers", "1"]
    assert main(call) == 0
    assert main([*call, "--steady"]) == 2
    assert "steady False, not True" in capsys.readouterr().err
    index = tmp_path / "index.json"
    data = json.loads(index.read_text("utf-8"))
    del data["steady"]  # as before a kick could be asked to rest
    index.write_text(json.dumps(data), "utf-8")
    assert main(call) == 0
    other = [*call[:-3], str(tmp_path / "s"), *call[-2:], "--steady"]
    assert main(other) == 0
    capsys.readouterr()
    assert main(other[:-1]) == 2
    assert "steady True, not False" in capsys.readouterr().err


def test_what_is_no_answer_to_whether_it_shall_rest_is_refused():
    with pytest.raises(UserError, match="steady 'yes': True, or False"):
        TargetRequest({"pitch": 50.0}, steady="yes")
    assert TargetRequest(steady=True)
    assert not TargetRequest()


def test_the_experiment_counts_what_rests_and_what_it_costs():
    model = kickitout.load_model("default")
    plain, steady = (ask(model, 33, 8, steady=steady) for steady in (False, True))
    assert plain.in_tune == steady.in_tune == 8
    assert sum(resting(plain.waves)) < sum(resting(steady.waves)) == 8
    assert plain.seconds > 0
    time = np.arange(22050) / 44100
    tone, glide = (
        np.exp(-time / 0.15) * np.sin(2 * np.pi * hz) for hz in (60 * time, 60 * time + 40 * np.exp(-4 * time))
    )
    assert resting(np.stack([tone, -glide, np.zeros(22050)])) == [True, False]  # silence has no pitch


def test_what_the_changelog_says_of_kicks_that_glide_is_in_the_table():
    page = Path("docs/asking.md").read_text("utf-8")
    rows = re.findall(r"^\| ([A-G]\d)(, steady)? \| .* \| (\d+) of (\d+) \(", page, re.M)
    gliding = [1 - int(rest) / int(n) for _, steady, rest, n in rows if not steady]
    assert len(gliding) == 4
    assert [round(3 * min(gliding)), round(3 * max(gliding))] == [1, 2]  # "one in three to two in three"
    resting_ones = [(int(rest), int(n)) for _, steady, rest, n in rows if steady]
    assert sum(rest for rest, _ in resting_ones) == sum(n for _, n in resting_ones) == 512  # "none of 512 does"
