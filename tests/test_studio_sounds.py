"""Sound files that the studio opens: those made here are back as they were, others are inverted."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import soundfile

pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
from overshooting import seeds_that_overshoot
from studio import refused, sounds

import kickitout
from kickitout.audio import decode_comment, decode_sound, encode_sound
from kickitout.descriptors import card
from kickitout.export.sounds import SoundFormat, encode_kick
from kickitout.generation.recipe import sound_recipe
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

pytestmark = pytest.mark.light


@pytest.mark.parametrize("form", [SoundFormat(), SoundFormat("wav", "16", 48_000), SoundFormat("flac", "24", 96_000)])
def test_a_file_made_here_brings_its_state_back_bit_for_bit(client, form):
    matched, waves = sounds(client.post("/api/match", json={"targets": {"pitch": 50}, "recipe": {"seed": 5}}))
    recipe = matched["sounds"][0]["recipe"]
    query = {"recipe": json.dumps(recipe), "format": form.format, "bits": form.bits, "rate": form.rate}
    data = client.get("/api/file", params=query).content
    head, again = sounds(client.post("/api/invert?name=mine", content=data))
    assert (head["kind"], head["exact"]) == ("restored", True)
    assert np.array_equal(again, waves)
    assert {k: head["sounds"][0]["recipe"][k] for k in recipe} == recipe


def test_a_saved_recipe_does_too_and_a_changed_file_is_not_called_exact(client, model):
    head, _ = sounds(client.post("/api/invert?name=x.json", content=json.dumps({"kickitout": "1", "seed": 4,
                                                                         "model_sha256": model.digest})))  # fmt: skip
    assert head["sounds"][0]["recipe"]["seed"] == 4
    data = bytearray(encode_kick(sound_recipe(model, 4), kickitout.generate([4])[:1], SoundFormat())[1])
    data[-402] ^= 1  # the last bit of a sample
    head, _ = sounds(client.post("/api/invert", content=bytes(data)))
    assert (head["kind"], head["exact"]) == ("restored", False)


@pytest.mark.parametrize(
    "part", ['"seed": -1', '"seed": 7.5', '"seed": 1, "latent": [0.5]', '"latent": 3', '"start": 1']
)
def test_a_damaged_recipe_is_a_sentence(client, model, part):
    saved = f'{{"kickitout": "1", "format": 2, "model_sha256": "{model.digest}", {part}}}'
    refused(client.post("/api/invert?name=x.json", content=saved), 400, "x.json: its recipe is damaged")


def test_a_file_that_was_made_quieter_brings_its_state_back(client):
    """At 48 kHz some kicks peak above full scale."""
    (seed,) = seeds_that_overshoot(1)
    asked = {"recipe": json.dumps({"seed": seed}), "format": "wav", "bits": "24", "rate": 48_000}
    data = client.get("/api/file", params=asked).content
    assert b"gain_db" in data
    head, _ = sounds(client.post("/api/invert?name=mine.wav", content=data))
    assert (head["kind"], head["exact"]) == ("restored", True)


@pytest.mark.parametrize("container", ["WAVEX", "RF64"])
def test_a_kick_made_here_is_known_in_containers_that_are_not_written_here(client, model, container):
    data = encode_kick(sound_recipe(model, 4), kickitout.generate([4])[:1], SoundFormat())[1]
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", SAMPLE_RATE, 1, "PCM_24", format=container) as file:
        file.comment = decode_comment(data, "a")
        file.write(decode_sound(data, "a").samples)
    head, _ = sounds(client.post("/api/invert?name=x", content=buffer.getvalue()))
    assert (head["kind"], head["exact"]) == ("restored", False)


def test_what_was_odd_about_a_file_is_said(client):
    data = bytearray(encode_sound(synthesise([3])[0][0], SAMPLE_RATE))
    at = data.index(b"data") + 4
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "little") + 36).to_bytes(4, "little")
    head, _ = sounds(client.post("/api/invert?name=x.wav", content=bytes(data)))
    assert "promises 36 bytes of samples more" in head["said"]


def test_an_edited_kick_is_a_sound_of_ones_own(client, model):
    wave = kickitout.generate([4])[:, ::2]
    data = encode_kick(sound_recipe(model, 4), wave, SoundFormat())[1]
    head, waves = sounds(client.post("/api/invert?name=x.wav", content=data))
    assert head["kind"] == "inverted"
    assert head["said"].startswith("changed since this model made it")
    assert len(waves) == 2
    cards = [sound["card"]["pitch_end_hz"] for sound in head["sounds"]]
    assert cards == pytest.approx([2 * card(kickitout.generate([4])[0])["pitch_end_hz"]] * 2, rel=0.01)


@pytest.mark.parametrize(("form", "rate"), [("wav", 44_100), ("flac", 48_000)])
def test_a_sound_of_ones_own_gets_a_card_and_the_models_version(client, form, rate):
    wave = synthesise([3])[0][0]
    data = encode_sound(wave, rate, format=form, bits="24")
    head, waves = sounds(client.post("/api/invert?name=my kick.wav", content=data))
    assert head["kind"] == "inverted"
    own, again = head["sounds"]
    assert own["recipe"] is None
    assert own["name"] == "my kick.wav"
    assert again["recipe"]["latent"]
    assert "dB apart" in head["said"]
    assert head["analysis"]["spectrogram"]["rows"] * head["analysis"]["spectrogram"]["columns"] > 0
    _, played = sounds(client.post("/api/render", json={"recipes": [again["recipe"]]}))
    assert np.array_equal(played[0], waves[1])


def test_a_name_is_said_once_whatever_is_in_it(client):
    reply = client.post("/api/invert?name=text%0A%F0%9F%A5%81", content=b"no sound")
    assert reply.status_code == 400
    assert reply.json()["error"].count("text") == 2  # the name, and what is in the file


def test_a_number_too_large_for_single_precision_is_refused(client):
    for part in ({"latent": [1e300]}, {"seed": 1, "controls": [1e300]}):
        assert client.post("/api/render", json={"recipes": [part]}).status_code == 422


@pytest.mark.parametrize(("form", "subtype"), [("AIFF", "PCM_24"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")])
def test_every_format_of_producers_is_inverted_and_stereo_too(client, form, subtype):
    wave = synthesise([3])[0][0]
    file = io.BytesIO()
    soundfile.write(file, np.stack([wave, wave], axis=1), SAMPLE_RATE, subtype, format=form)
    head, waves = sounds(client.post(f"/api/invert?name=kick.{form.lower()}", content=file.getvalue()))
    assert (head["kind"], len(waves)) == ("inverted", 2)
    ratio = head["sounds"][0]["card"]["pitch_end_hz"] / card(wave)["pitch_end_hz"]
    assert ratio == pytest.approx(1, abs=0.01)


def test_a_long_kick_is_played_measured_and_saved_as_long_as_it_rings(client, model):
    lengths = [kick.channels.shape[1] for kick in kickitout.generate_kicks(range(256), model, length_s=2)]
    rings, ends = int(np.argmax(lengths)), lengths.index(22_050)
    recipes = [{"seed": rings, "length_s": 2}, {"seed": ends, "length_s": 2}, {"seed": rings}]
    head, waves = sounds(client.post("/api/render", json={"recipes": recipes}))
    long, over, usual = (sound["length"] for sound in head["sounds"])
    assert over == usual == 22_050 < long == head["length"]
    (kick,) = kickitout.generate_kicks([rings], model, length_s=2)
    np.testing.assert_array_equal(waves[0], kick.channels)
    assert not waves[1, :, over:].any()
    assert head["sounds"][0]["card"] == pytest.approx({k: None if v != v else v for k, v in kick.card.items()})
    told = client.post("/api/analyse", json={"recipe": recipes[0]}).json()
    assert told["level"]["ms"][-1] > 1000
    saved = client.get("/api/file", params={"recipe": json.dumps(recipes[0]), "bits": "32f"}).content
    np.testing.assert_array_equal(decode_sound(saved, "x").samples[:, 0], kick.wave)
    head, waves = sounds(client.post("/api/invert?name=x.wav", content=saved))
    assert (head["kind"], head["exact"], waves.shape[2]) == ("restored", True, long)
    head, _ = sounds(client.post("/api/vary", json={"recipe": recipes[0], "seeds": [0], "amount": 0.1}))
    assert head["sounds"][0]["recipe"]["length_s"] == 2
    refused(client.post("/api/render", json={"recipes": [{"seed": rings, "length_s": 9}]}), 400, "recipe is damaged")
