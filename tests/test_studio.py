"""The studio's API: the same kicks as everywhere, every verb, models that can do less, and the server itself."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import signal
import socket
import subprocess
import sys
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from copy import copy
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
from fastapi.testclient import TestClient
from studio import HOME, refused, running, sounds, unpack
from toy import write_kicks

import kickitout
from kickitout.audio import decode_sound, encode_sound
from kickitout.cli import main
from kickitout.descriptors import card, cards
from kickitout.errors import UserError
from kickitout.frontend import TrainingKicks
from kickitout.generation.match import starts_tried
from kickitout.generation.noise import normal
from kickitout.generation.reject import ATTEMPTS
from kickitout.generation.targets import MOST_TRIES, TargetRequest
from kickitout.sound import SAMPLE_RATE
from kickitout.studio import opening
from kickitout.studio.front import Front, there
from kickitout.studio.guard import Guard
from kickitout.studio.model import StudioModel
from kickitout.studio.opening import best
from kickitout.studio.routes import make_app
from kickitout.studio.service import StudioService
from kickitout.synthesis.procedural import synthesise

pytestmark = pytest.mark.light


# The same kicks everywhere


def test_a_seed_is_the_same_samples_on_the_page_and_in_the_library(client):
    head, waves = sounds(client.get("/api/map", params={"first": 40, "n": 3}))
    assert np.array_equal(waves[:, 0], kickitout.generate([40, 41, 42]))
    assert [sound["recipe"]["seed"] for sound in head["sounds"]] == [40, 41, 42]
    measured = card(waves[1, 0])
    assert head["sounds"][1]["card"]["pitch_end_hz"] == measured["pitch_end_hz"]


@pytest.mark.parametrize("rate", [65_536, 88_211, 192_001])
def test_a_file_at_a_rate_that_flac_cannot_hold_is_a_sentence(client, tmp_path, capsys, rate):
    reply = client.get("/api/file", params={"recipe": '{"seed": 42}', "format": "flac", "bits": "24", "rate": rate})
    assert reply.status_code == 400
    assert str(rate) in reply.json()["error"]
    assert "work" in reply.json()["error"]
    assert main(["generate", "-n", "1", "--format", "flac", "--rate", str(rate), "-o", str(tmp_path / "a")]) == 2
    assert str(rate) in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


# The kick that it opens with


def test_it_opens_with_the_kick_of_the_map_that_the_rule_finds(client, model):
    """After another model has come into the package: write its digest and seed into opening.KNOWN."""
    seed = client.get("/api/about").json()["opening"]
    assert seed == best(cards(kickitout.generate(range(192))), model)
    measured = card(kickitout.generate([seed])[0])
    assert 45 <= measured["pitch_end_hz"] <= 60
    assert measured["pitch_start_hz"] > 1.5 * measured["pitch_end_hz"]
    assert measured["loudness_lufs"] > -14
    head, waves = sounds(client.get("/api/opening"))
    assert np.array_equal(waves[:, 0], kickitout.generate([seed]))
    assert head["about"] == client.get("/api/about").json()
    assert 'href="api/opening"' in client.get("/").text


def test_another_model_opens_with_the_best_of_its_first_kicks(model, monkeypatch):
    monkeypatch.setattr(opening, "KNOWN", {})
    found = cards(kickitout.generate(range(opening.LOOKED_AT)))
    assert opening.opening_seed(model) == best(found, model) != 0

    class Diverged:
        info, digest, path = model.info, "0" * 64, None

        def play(self, eps, controls=None):
            return np.full((len(eps), 1, model.info.length), np.nan, np.float32)

    assert opening.opening_seed(Diverged()) == 0


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, 3),  # all wishes are met: the loudest
        ({"pitch_end_hz": (50, 50, 50, 90)}, 2),
        ({"click_level_db": (-20, -20, np.nan, np.nan)}, 1),
        ({"loudness_lufs": (-20, -20, -20, -20)}, 0),
        ({"loudness_lufs": (-20, -19, np.nan, np.nan)}, 1),  # silent ones
        ({"pitch_end_hz": (np.nan,) * 4, "sweep_ms": (np.nan,) * 4}, 3),  # no kicks at all
        ({"comb_db": (0, 0, 0, 20)}, 2),  # outside of what the model learned from
    ],
)
def test_what_it_opens_with_misses_fewest_wishes_and_is_the_loudest_of_those(model, changed, wanted):
    found = cards(np.repeat(kickitout.generate([50]), 4, axis=0))
    found.values["loudness_lufs"] = np.array([-15.0, -14.0, -13.0, -12.0])
    for name, values in changed.items():
        found.values[name] = np.array(values, float)
    assert best(found, model) == wanted


@pytest.mark.parametrize(("form", "bits", "rate"), [("wav", "24", 44100), ("wav", "32f", 48000), ("flac", "16", 96000)])
def test_a_file_is_the_same_bytes_from_the_page_and_from_the_command_line(client, tmp_path, form, bits, rate):
    args = ["--format", form, "--bits", bits, "--rate", str(rate)]
    assert main(["generate", "--seeds", "42", "-q", "-o", str(tmp_path), *args]) == 0
    query = {"recipe": '{"seed": 42}', "format": form, "bits": bits, "rate": rate}
    reply = client.get("/api/file", params=query)
    assert reply.content == (tmp_path / f"kick_000042.{form}").read_bytes()
    found = card(kickitout.generate([42])[0])
    note, decay = str(found["note"]).replace("#", "s"), round(float(found["decay_t20_ms"]))
    assert f'filename="kick_{note}_{decay}ms_s000042.{form}"' in reply.headers["content-disposition"]
    sound = decode_sound(reply.content, "it")
    assert (sound.rate, sound.container) == (rate, form.upper())


def test_a_request_is_answered_to_its_end_by_the_model_that_it_came_to(model, monkeypatch):
    service, kick_of = StudioService(StudioModel(model)), kickitout.kick_of

    def while_another_is_chosen(*given):
        service.play(None)
        return kick_of(*given)

    monkeypatch.setattr(kickitout, "kick_of", while_another_is_chosen)
    found, _ = unpack(service.route("map")(0, 2).body)
    assert [sound["recipe"]["seed"] for sound in found["sounds"]] == [0, 1]
    with pytest.raises(UserError, match="model None"):
        service.route("map")(0, 1)


def test_a_matched_kick_is_the_same_bytes_as_the_command_lines(client, tmp_path):
    asked = ["--pitch", "50Hz", "--decay", "180ms"]
    assert main(["generate", "--seeds", "7", "-q", "-o", str(tmp_path), *asked]) == 0
    head, _ = sounds(client.post("/api/match", json={"targets": {"pitch": 50, "decay": 180}, "seed": 7}))
    recipe = json.dumps(head["sounds"][0]["recipe"])
    assert client.get("/api/file", params={"recipe": recipe}).content == (tmp_path / "kick_000007.wav").read_bytes()


def test_a_matched_kick_that_rings_on_is_the_same_bytes_as_the_command_lines(client, tmp_path):
    """One search for the length that is asked for: a search for half a second first may find another start."""
    asked = ["--decay", "420ms", "--length", "2s"]
    assert main(["generate", "--seeds", "14", "-q", "-o", str(tmp_path), *asked]) == 0
    head, _ = sounds(client.post("/api/match", json={"targets": {"decay": 420}, "seed": 14, "length_s": 2}))
    recipe = json.dumps(head["sounds"][0]["recipe"])
    assert client.get("/api/file", params={"recipe": recipe}).content == (tmp_path / "kick_000014.wav").read_bytes()
    reply = client.post("/api/match", json={"targets": {}, "seed": 14, "length_s": 9})
    assert reply.status_code == 400
    assert "9" in reply.json()["error"]


def test_a_variation_is_the_command_lines(client, model):
    head, waves = sounds(client.post("/api/vary", json={"recipe": {"seed": 3}, "seeds": [5], "amount": 0.4}))
    from kickitout.generation.vary import variations

    latent = model.render(normal([3], model.info.noise_size)).latent
    assert np.array_equal(waves[0], variations(model, latent, [5], 0.4)[0].wave)
    again, same = sounds(client.post("/api/render", json={"recipes": [head["sounds"][0]["recipe"]]}))
    assert np.array_equal(same, waves)
    assert again["sounds"][0]["name"] == head["sounds"][0]["name"]


# Every verb


def test_a_match_says_what_was_achieved_and_how_far_off_that_is(client):
    head, waves = sounds(client.post("/api/match", json={"targets": {"pitch": 52.0}, "recipe": {"seed": 11}}))
    (line,) = head["lines"]
    achieved = card(waves[0, 0])["pitch_end_hz"]
    assert line["achieved"] == pytest.approx(achieved)
    assert line["error"] == pytest.approx(1200 * np.log2(achieved / 52.0))
    assert line["reached"] == (abs(line["error"]) <= 10)  # cents
    quick, _ = sounds(client.post("/api/match", json={"targets": {"pitch": 52.0}, "recipe": {"seed": 11}, "rounds": 1}))
    assert quick["renders"] == 1


def test_a_seed_without_targets_is_its_own_kick(client):
    head, waves = sounds(client.post("/api/match", json={"targets": {}, "seed": 12}))
    assert head["lines"] == []
    assert np.array_equal(waves[0], kickitout.generate([12]))


def test_controls_keep_their_values_in_a_variation(client):
    matched, waves = sounds(client.post("/api/match", json={"targets": {"drive": 18.0}, "recipe": {"seed": 3}}))
    recipe = matched["sounds"][0]["recipe"]
    varied, same = sounds(client.post("/api/vary", json={"recipe": recipe, "seeds": [1], "amount": 0.0}))
    assert varied["sounds"][0]["recipe"]["controls"][-1] == 18.0
    assert np.abs(same - waves).max() < 1e-4


def test_a_morph_has_both_its_ends(client):
    _, waves = sounds(client.post("/api/morph", json={"first": {"seed": 1}, "last": {"seed": 2}, "n": 3}))
    assert np.abs(waves[[0, 2], 0] - kickitout.generate([1, 2])).max() < 1e-4
    assert np.abs(waves[1] - waves[0]).max() > 0.05


def test_a_blend_of_one_is_that_one_and_weights_have_to_fit(client):
    _, waves = sounds(client.post("/api/blend", json={"recipes": [{"seed": 4}], "weights": [2.0]}))
    assert np.abs(waves[0, 0] - kickitout.generate([4])[0]).max() < 1e-4
    for weights in ([1.0, 1.0], [-1.0], [0.0]):
        refused(client.post("/api/blend", json={"recipes": [{"seed": 4}], "weights": weights}), 400, "one for each")


def test_what_the_command_writes_is_played_by_the_page_too(client):
    """The start of a seed may lie far behind what one search looks at, and a name may fill what file systems take."""
    farthest = ATTEMPTS * starts_tried(TargetRequest({"decay": 200.0}, tries=MOST_TRIES))
    for recipe in ({"seed": 7, "start": farthest}, {"seed": 7, "varied": f"{'k' * 251}.wav"},
                   {"seed": 7, "morphed": [f"{'k' * 251}.wav", "b.wav"]}):  # fmt: skip
        assert client.post("/api/render", json={"recipes": [recipe]}).status_code == 200
    too_long = {"seed": 7, "morphed": ["k" * 256, "b.wav"]}
    assert client.post("/api/render", json={"recipes": [too_long]}).status_code == 422


def test_an_analysis_is_the_cards_own(client):
    from kickitout.descriptors import level_curve, pitch_curve

    wave = kickitout.generate([9])[0]
    look = client.post("/api/analyse", json={"recipe": {"seed": 9}}).json()
    assert look["pitch"]["hz"] == pytest.approx(pitch_curve(wave)[1], abs=0.006)
    assert len(look["level"]["db"]) == len(level_curve(wave)[1])
    refused(client.post("/api/nearest", json={"recipe": {"seed": 9}}), 400, "the folder of them")


def test_without_the_training_kicks_their_fingerprints_tell_the_nearest_one(model, tmp_path):
    from kickitout.metrics.fingerprints import Learned

    elsewhere = copy(model)
    elsewhere.path = tmp_path / "m.onnx"
    elsewhere.path.write_bytes(b"")  # the model itself is loaded already
    beside = tmp_path / "m.learned.json"

    def nearest():
        with TestClient(make_app(StudioModel(elsewhere)), base_url=HOME) as client:
            return client.post("/api/analyse", json={"recipe": {"seed": 9}}).json()["nearest"]

    assert not nearest()["known"]
    assert "no fingerprints" in nearest()["why"]
    kicks = np.concatenate([synthesise(range(3))[0], kickitout.generate([9])])
    names = ["a", "b", "c", "folder/itself.wav"]
    own = str(model.info.dataset["digest"])
    for digest, data in ((own, None), ("0" * 64, None), (own, b"{}")):
        beside.write_bytes(data or Learned.of(kicks, names, np.arange(4), digest).to_bytes())
        found = nearest()
        if digest == own and data is None:
            assert (found["known"], found["name"], found["by"]) == (True, "folder/itself.wav", "fingerprints")
            assert found["distance"] < 1e-3
        else:
            assert not found["known"]
            assert ("damaged" if data else "other kicks") in found["why"]
            assert "the folder of them" in found["why"]


def test_with_the_training_kicks_the_nearest_one_is_told_and_played(model, tmp_path):
    folder = write_kicks(tmp_path / "train", 6)
    with TestClient(make_app(StudioModel(model, TrainingKicks(folder))), base_url=HOME) as client:
        nearest = client.post("/api/analyse", json={"recipe": {"seed": 9}}).json()["nearest"]
        assert (nearest["known"], nearest["by"]) == (True, "sounds")
        assert 0 < nearest["distance"] <= 1
        assert nearest["limit"] is None  # six are too few to say what is too near
        head, waves = sounds(client.post("/api/nearest", json={"recipe": {"seed": 9}}))
        assert head["sounds"][1]["name"] == nearest["name"]
        own = encode_sound(waves[1, 0], SAMPLE_RATE)
        own_sound, _ = sounds(client.post("/api/invert", content=own))
        assert own_sound["analysis"]["nearest"]["distance"] < 0.01  # a training kick itself
        assert own_sound["analysis"]["nearest"]["name"] == nearest["name"]


def test_a_kit_is_made_of_recipes(client, tmp_path):
    body = {"recipes": [{"seed": 1}, {"seed": 2}], "name": "Two", "velocity_layers": 2, "round_robin": 1}
    reply = client.post("/api/kit", json=body)
    assert reply.headers["content-disposition"] == 'attachment; filename="Two.zip"'
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        names = archive.namelist()
        assert {"Two/Two.sfz", "Two/drumkit.xml", "Two/kit.json"} <= set(names)
        samples = [name for name in names if name.endswith(".wav")]
        archive.extract(samples[0], tmp_path)
    assert len(samples) == 4
    again = tmp_path / "again.wav"
    assert main(["recipe", str(tmp_path / samples[0]), "--render", str(again)]) == 0
    assert again.read_bytes() == (tmp_path / samples[0]).read_bytes()


# Models that can do less, and the server itself


def test_a_model_without_a_latent_plays_and_says_what_it_cannot_do(model):
    from dataclasses import replace

    from kickitout.generation.model import Played

    class Plain:
        info = replace(model.info, latent_size=0, controls=[], noise_codes=0, name="plain")
        digest, path = "0" * 64, None
        play = staticmethod(model.play)

        def render(self, noise=None, latent=None, controls=None):
            return Played(model.play(noise)[0], np.zeros(0, np.float32))

    with TestClient(make_app(StudioModel(Plain())), base_url=HOME) as client:
        assert client.get("/api/about").json()["has_latent"] is False
        assert client.get("/api/about").json()["opening"] == best(cards(kickitout.generate(range(24))), model)
        sounds(client.get("/api/map", params={"n": 2}))
        refused(client.post("/api/vary", json={"recipe": {"seed": 1}, "seeds": [1]}), 400, "seeds alone")
        refused(client.post("/api/match", json={"targets": {"pitch": 50}, "seed": 1}), 400, "seeds alone")
        head, waves = sounds(client.post("/api/invert", content=encode_sound(synthesise([1])[0][0], SAMPLE_RATE)))
        assert len(waves) == 1
        assert "seeds alone" in head["said"]


def test_the_page_waits_for_no_model_and_its_first_kick_for_no_api():
    opened: Future[bytes] = Future()
    api: Future = Future()
    client = TestClient(Guard(Front(opened, api)), base_url=HOME)
    assert "<title>kick studio</title>" in client.get("/").text
    assert client.get("/js/main.js").headers["content-type"] == "text/javascript; charset=utf-8"
    refused(client.post("/js/main.js"), 405, "not with POST")
    opened.set_result(b"the first kick")
    assert client.get("/api/opening").content == b"the first kick"
    api.set_exception(UserError("m.onnx: damaged"))
    for path in ("/api/opening", "/api/about"):
        refused(client.get(path), 503, "m.onnx: damaged")


def test_a_request_that_is_given_up_ends_what_others_wait_for_not():
    async def given_up() -> None:
        waiting = asyncio.create_task(there(api))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    api: Future[int] = Future()
    with ThreadPoolExecutor(1) as other:  # browsers of other tests may have a loop running in this one
        other.submit(lambda: asyncio.run(given_up())).result()
    assert api.set_running_or_notify_cancel()


def test_the_address_of_a_model_that_is_not_there_is_never_told(tmp_path, capfd):
    assert main(["studio", "--port", "0", "--model", str(tmp_path / "none.onnx")]) == 2
    told = capfd.readouterr()
    assert told.out == ""
    assert "there is no such model" in told.err


def test_a_damaged_model_ends_the_studio_with_its_sentence(tmp_path):
    damaged = tmp_path / "m.onnx"
    damaged.write_bytes(b"no graph")
    with running("--model", str(damaged)) as (_, process):
        assert process.wait(timeout=60) == 2
        assert f"kick: {damaged}: not a model that can be played" in process.stderr.read()


def test_the_command_serves_on_this_machine_alone_and_needs_no_torch():
    with running() as (address, process):
        where = urlsplit(address)
        with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=20)) as link:
            link.request("GET", "/api/map?n=1")
            _, waves = unpack(link.getresponse().read())
        assert np.array_equal(waves[0], kickitout.generate([0]))
        maps = Path(f"/proc/{process.pid}/maps")
        assert "libtorch" not in (maps.read_text() if maps.exists() else "")
        taken = subprocess.run([sys.executable, "-m", "kickitout", "studio", "--port", str(where.port)],
                               capture_output=True, text=True)  # fmt: skip
        assert taken.returncode == 2
        assert "taken, perhaps by a studio" in taken.stderr
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be sent Ctrl-C alone")
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.once
def test_ctrl_c_ends_it_while_a_sound_is_sent_and_a_kit_is_made(times):
    """It waited for the end of both; a second Ctrl-C printed tracebacks."""
    with running() as (address, process):
        where = urlsplit(address)
        order = json.dumps({"recipes": [{"seed": seed} for seed in range(16)], "velocity_layers": 8, "round_robin": 2,
                            "formats": ["sfz"]}).encode()  # fmt: skip
        head = f"HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\nContent-Length: "
        with socket.create_connection((where.hostname, where.port)) as kit, \
             socket.create_connection((where.hostname, where.port)) as sound:  # fmt: skip
            kit.sendall(f"POST /api/kit {head}{len(order)}\r\n\r\n".encode() + order)
            sound.sendall(f"POST /api/invert {head}9000000\r\n\r\n".encode() + b"RIFF" * 100)
            with closing(http.client.HTTPConnection(where.hostname, where.port, timeout=20)) as link:
                link.request("GET", "/api/about")  # answered: by now it has heard of the others
                link.getresponse().read()
            for _ in range(times):
                process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""
