"""A loop that is sent to the studio: kicks for it, what was heard, and one sentence for what is no loop."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
from fit_loops import spec
from studio import refused, sounds

from kickitout.audio import encode_sound
from kickitout.fitting.given import Given
from kickitout.fitting.level import loudness_of
from kickitout.fitting.loop import read_loop
from kickitout.fitting.mix import mixed
from kickitout.fitting.search import CLEAR_DB
from kickitout.sound import SAMPLE_RATE
from kickitout.studio.guard import LARGEST_SOUND
from kicklab.loops import beatless, render_loop

pytestmark = pytest.mark.light


@pytest.fixture(scope="module")
def wave():
    return render_loop(spec())


@pytest.fixture(scope="module")
def reply(client, wave):
    return sounds(client.post("/api/fit?name=mine.wav&n=1", content=encode_sound(wave, SAMPLE_RATE)))


def test_the_page_gets_kicks_with_recipes_what_was_heard_and_why(reply):
    head, waves = reply
    assert len(waves) == len(head["sounds"]) == 2  # one kick, and the seed's own
    assert head["fit"]["key"]["tonic"] == "F"
    assert head["fit"]["tempo"]["bpm"] == pytest.approx(124, rel=0.02)
    first = head["fit"]["kicks"][0]
    assert first["masking_after_db"] < max(first["masking_before_db"], CLEAR_DB)
    assert "tuned to" in head["reasons"][0]
    assert any(line.startswith("bass: F") for line in head["found"])
    assert max(head["low"]) == 0.0
    assert len(head["low"]) * head["low_s"] == pytest.approx(head["fit"]["seconds"], abs=0.2)


def test_the_gains_that_the_page_is_told_make_all_mixes_equally_loud(reply, wave):
    head, waves = reply
    loop, gains, kick = read_loop(wave), head["gains"], head["fit"]["kicks"][0]
    made = {
        "alone": (loop.samples, gains["alone"]),
        "before": (mixed(loop, waves[1].mean(axis=0), gains["unfitted_kick"]), gains["unfitted"]),
        "fitted": (mixed(loop, waves[0].mean(axis=0), kick["gain_db"]), gains["kicks"][0]),
        "ducked": (
            mixed(loop, waves[0].mean(axis=0), kick["gain_db"], kick["targets"]["decay"] / 1000), gains["ducked"][0],
        ),
    }  # fmt: skip
    levels = [loudness_of(mix, SAMPLE_RATE) + gain for mix, gain in made.values()]
    assert max(levels) - min(levels) < 0.05
    assert max(np.abs(mix).max() * 10 ** (gain / 20) for mix, gain in made.values()) == pytest.approx(0.97, abs=0.005)


def test_what_is_no_loop_is_a_sentence(client):
    silence = encode_sound(np.zeros(2 * SAMPLE_RATE, np.float32), SAMPLE_RATE)
    short = encode_sound(0.5 * np.sin(np.arange(8820) / 20).astype(np.float32), SAMPLE_RATE)
    long = encode_sound(0.1 * np.sin(np.arange(20 * 60 * 8000) / 20).astype(np.float32), 8000)
    for data, words in (
        (b"", "mine: an empty file"),
        (b"\x1a\x45\xdf\xa3" + bytes(4000), "mine: a video"),
        (silence, "mine: silent"),
        (short, "mine: 0.2 s long; a loop of 1 s or more works"),
        (long, "20 min long; at most 120 s are read: cut it first"),
    ):
        refused(client.post("/api/fit?name=mine", content=data), 400, words)
    refused(client.post("/api/fit?n=99", content=silence), 422, "n:")
    too_large = {"content-length": str(LARGEST_SOUND + 1)}
    refused(
        client.post("/api/fit", content=b"x", headers=too_large), 413, "larger than 64 MB; a loop has at most 120 s"
    )


def test_what_is_said_of_a_loop_is_taken_and_kicks_are_of_the_style(client, wave):
    data = encode_sound(wave, SAMPLE_RATE)
    head, waves = sounds(client.post("/api/fit?n=1&key=Am&bpm=93.5&style=808", content=data))
    assert head["fit"]["key"]["tonic"] == "A"
    assert head["fit"]["tempo"]["bpm"] == 93.5
    assert any("A minor" in line for line in head["found"])
    assert {sound["recipe"]["style"]["name"] for sound in head["sounds"]} == {"808"}
    first = head["fit"]["kicks"][0]
    loop = read_loop(wave, SAMPLE_RATE, Given.of("Am", 93.5))
    unfitted = mixed(loop, waves[1].mean(axis=0), head["gains"]["unfitted_kick"])
    fitted = mixed(loop, waves[0].mean(axis=0), first["gain_db"])
    levels = [loudness_of(mix, SAMPLE_RATE) for mix in (unfitted, fitted)]
    assert levels[0] + head["gains"]["unfitted"] == pytest.approx(levels[1] + head["gains"]["kicks"][0], abs=0.05)


@pytest.mark.parametrize(("query", "words"), [
    ("key=H", "key 'H': a tonic works"),
    ("bpm=900", "bpm 900: 30 to 300"),
    ("style=polka", "polka"),
])  # fmt: skip
def test_what_cannot_be_said_of_a_loop_is_a_sentence(client, wave, query, words):
    refused(client.post(f"/api/fit?n=1&{query}", content=encode_sound(wave, SAMPLE_RATE)), 400, words)


def test_only_the_page_itself_may_send_a_loop(client, wave):
    data = encode_sound(wave[:SAMPLE_RATE], SAMPLE_RATE)
    refused(client.post("/api/fit", content=data, headers={"origin": "http://elsewhere.example"}), 403, "another page")


def test_what_is_not_heard_is_said(client):
    head, _ = sounds(client.post("/api/fit?n=1", content=encode_sound(beatless("noise", 0), SAMPLE_RATE)))
    said = "\n".join(head["found"])
    assert "no beat is heard" in said
    assert "key: none is heard" in said
