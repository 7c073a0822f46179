"""What a producer says of a loop himself: its key, its tempo, and the style of the kicks."""

from __future__ import annotations

import json

import numpy as np
import pytest
from commands import code_of
from fit_loops import spec

import kickitout
from kickitout.audio import write_sound
from kickitout.errors import UserError
from kickitout.fitting.given import Given
from kickitout.fitting.loop import read_loop
from kickitout.fitting.search import tuned_notes
from kickitout.sound import SAMPLE_RATE
from kicklab.loops import beatless, render_loop

pytestmark = pytest.mark.light


@pytest.fixture(scope="module")
def wave():
    return render_loop(spec())


@pytest.mark.parametrize(("said", "tonic", "mode"), [
    ("F", 5, ""), ("F#", 6, ""), ("f", 5, ""), ("Am", 9, "minor"), ("AM", 9, "major"), ("F minor", 5, "minor"),
    ("Bb", 10, ""), ("bbm", 10, "minor"), ("C# Major", 1, "major"), (" Gmin ", 7, "minor"), ("E♭ maj", 3, "major"),
    ("Cb", 11, ""), ("8A", 9, "minor"), ("8b", 0, "major"), ("1A", 8, "minor"), ("12B", 4, "major"),
    ("04A", 5, "minor"), ("1m", 9, "minor"), ("1d", 0, "major"), ("12 d", 5, "major"), ("6m", 8, "minor"),
])  # fmt: skip
def test_a_key_is_read_as_people_write_it(said, tonic, mode):
    assert Given.of(said) == Given(tonic, mode)


@pytest.mark.parametrize("key", ["", "H", "F1", "A dorian", "minor", "A minor!", 3, "13A", "0A", "8M", "8C"])
def test_what_is_no_key_is_one_sentence(wave, key):
    with pytest.raises(UserError, match=r"a tonic works, alone or with its mode, for instance F, F#, Bb, Am or 'F min"):
        kickitout.fit(wave, 1, key=key)


@pytest.mark.parametrize("bpm", [0, 29.9, 301, -120, float("nan"), float("inf"), "124", True])
def test_what_is_no_tempo_is_one_sentence(wave, bpm):
    with pytest.raises(UserError, match=r"^bpm .*: 30 to 300 beats a minute work$"):
        kickitout.fit(wave, 1, bpm=bpm)


def test_a_style_that_is_not_there_lists_those_that_are(wave):
    with pytest.raises(UserError, match=f"style 'nope': .* has {', '.join(kickitout.styles())}"):
        kickitout.fit(wave, 1, style="nope")


def test_what_is_given_is_fitted_to_and_said_as_given(wave):
    found = kickitout.fit(wave, 2, key="Bb minor", bpm=62, style="808")
    said = "\n".join(found.heard)
    for line in ("key: A# minor as given\n", "tempo: 62 BPM as given, first beat", "style: 808 as given"):
        assert line in said
    assert "confidence" not in said.split("bass:")[0]
    assert found.loop.beats[1] - found.loop.beats[0] == pytest.approx(60 / 62)
    for one in found.kicks:
        assert one.midi in {midi for midi, _ in tuned_notes(10)}
        assert one.kick.recipe["style"] == {"name": "808", "seed": one.seed}
        np.testing.assert_array_equal(kickitout.render(one.kick.recipe), one.kick.wave)
        np.testing.assert_array_equal(one.before, kickitout.generate([one.seed], style="808")[0])


def test_a_tonic_alone_has_no_mode(wave):
    key = read_loop(wave, given=Given.of("G")).key
    assert (key.name, key.mode, key.known, key.given) == ("G", "", True, True)


@pytest.mark.parametrize("bpm", [30, 300])
def test_any_tempo_that_works_has_beats_also_in_a_short_loop_without_one(bpm):
    loop = read_loop(beatless("noise", 0)[: SAMPLE_RATE + 100], given=Given.of(None, bpm))
    assert loop.tempo.known
    assert loop.tempo.given
    assert 0 <= loop.beats[0] < loop.seconds


def test_the_command_takes_what_is_given_and_writes_it_down(wave, tmp_path, capsys):
    loop, out = write_sound(tmp_path / "loop.wav", wave, SAMPLE_RATE), tmp_path / "fitted"
    assert code_of(["fit", loop, "-n", "1", "-o", out, "--key", "G", "--bpm", "124", "--style", "club"]) == 0
    said = capsys.readouterr().err
    for line in ("key: G as given\n", "tempo: 124 BPM as given", "style: club as given"):
        assert line in said
    data = json.loads((out / "fit.json").read_text("utf-8"))
    assert data["key"] == {
        "tonic": "G", "mode": None, "confidence": None, "confidence_of": "tonic", "known": True, "given": True,
    }  # fmt: skip
    assert (data["tempo"]["bpm"], data["tempo"]["given"], data["tempo"]["confidence"]) == (124, True, None)
    assert data["style"] == "club"
    assert data["kicks"][0]["note"][:-1] in ("G", "D")


@pytest.mark.parametrize(("option", "value", "said"), [
    ("--key", "H", "key 'H': a tonic works"), ("--bpm", "1000", "bpm 1000: 30 to 300 beats a minute work"),
    ("--style", "nope", "style 'nope': the model "),
])  # fmt: skip
def test_a_wrong_value_on_the_command_line_is_one_sentence(wave, tmp_path, capsys, option, value, said):
    loop = write_sound(tmp_path / "loop.wav", wave, SAMPLE_RATE)
    assert code_of(["fit", loop, "-o", tmp_path / "out", option, value]) == 2
    assert said in (err := capsys.readouterr().err)
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
