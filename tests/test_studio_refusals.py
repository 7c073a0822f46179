"""Whatever else is sent to the studio is answered with one sentence, in the words of the page."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
from fastapi.openapi.models import OpenAPI
from studio import HOME, refused

from kickitout.audio import encode_sound
from kickitout.sound import SAMPLE_RATE
from kickitout.studio.guard import LARGEST_JSON, LARGEST_SOUND
from kickitout.studio.wording import in_words_of_the_page

pytestmark = pytest.mark.light


def test_hostile_sounds_are_answered_with_a_sentence(client):
    wav = encode_sound(np.zeros(4410, np.float32), SAMPLE_RATE)
    for data, words in (
        (b"", "empty"),
        (b"hello there", "text, not audio"),
        (b"\x00" * 1000, "not an audio file"),
        (wav, "silent"),
        (wav[:200], "truncated"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", "damaged"),
        (b"{" * 100_000, "no recipe"),
        (b'{"kickitout": "1", "seed": 1e999}', "another model"),
    ):
        refused(client.post("/api/invert?name=x.wav", content=data), 400, words)


def test_a_body_that_is_not_sent_as_json_is_told_how(client):
    reply = client.post("/api/match", content=b'{"seed": 7, "targets": {}}', headers={"content-type": "text/plain"})
    refused(reply, 422, "send it with Content-Type: application/json")


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/api/render", b"{bad", "JSON decode error"),
        ("/api/render", b"[" * 50_000, ""),
        ("/api/render", b'{"recipes": []}', "recipes"),
        ("/api/render", b'{"recipes": [{}]}', "a seed or a latent"),
        ("/api/render", b'{"recipes": [{"seed": -1}]}', "greater than or equal to 0"),
        ("/api/render", b'{"recipes": [{"seed": 1, "latent": [1]}]}', "not both"),
        ("/api/render", b'{"recipes": [{"seed": 1}], "extra": 1}', "extra"),
        ("/api/render", b'{"recipes": [{"latent": [NaN]}]}', "finite"),
        ("/api/vary", b'{"recipe": {"seed": 1}, "seeds": [99999999999999999999]}', "seeds"),
        ("/api/match", b'{"targets": {"pitch": "loud"}, "seed": 1}', "targets.pitch"),
    ],
)
def test_bad_json_is_422_and_a_sentence(client, path, body, words):
    reply = client.post(path, content=body, headers={"content-type": "application/json"})
    refused(reply, 422 if words else reply.status_code, words)
    assert 400 <= reply.status_code < 500


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/api/render", {"recipes": [{"latent": [1.0, 2.0]}]}, "2 numbers given"),
        ("/api/render", {"recipes": [{"seed": 1, "controls": [1.0]}]}, "1 numbers given"),
        ("/api/render", {"recipes": [{"seed": 1, "model_sha256": "abc"}]}, "another model"),
        ("/api/vary", {"recipe": {"seed": 1}, "seeds": [1], "amount": 9}, "from 0"),
        ("/api/match", {"targets": {"loudness": 1}, "seed": 1}, "known are"),
        ("/api/match", {"targets": {"pitch": 1e9}, "seed": 1}, "can be asked for"),
        ("/api/match", {"targets": {"pitch": 50}}, "a recipe or a seed, and not both"),
        ("/api/match", {"targets": {"pitch": 50}, "recipe": {"seed": 1, "controls": [1.0]}}, "1 numbers given"),
        ("/api/kit", {"recipes": [{"seed": 1}], "name": "../../etc"}, ""),
        ("/api/kit", {"recipes": [{"seed": 1}], "name": ""}, "visible characters"),
        ("/api/kit", {"recipes": [{"seed": 1}], "formats": ["exe"]}, "choose from"),
        (
            "/api/kit",
            {"recipes": [{"seed": 1}] * 16, "velocity_layers": 8, "round_robin": 8, "formats": ["sfz"]},
            "256 files",
        ),
    ],
)
def test_what_makes_no_sense_is_400_and_a_sentence(client, path, body, words):
    reply = client.post(path, json=body)
    if words:
        refused(reply, 400, words)
    else:  # a name with slashes is a name, not a way through folders
        assert reply.headers["content-disposition"] == 'attachment; filename="_-..-etc.zip"'


def test_what_is_too_large_is_not_even_read(client):
    too_much = {"content-length": str(LARGEST_SOUND + 1)}
    refused(client.post("/api/invert", content=iter([b"x"]), headers=too_much), 413, "larger than 64 MB")
    chunks = (b"x" * 2**20 for _ in range(LARGEST_JSON // 2**20 + 1))  # without a length
    refused(client.post("/api/render", content=chunks), 413, "larger than 2 MB")
    refused(client.get("/api/file", params={"recipe": "x" * 62_000}), 414, "longer than")
    refused(client.post("/api/invert", content=b"x", headers={"content-length": "-5"}), 413, "larger")


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/..%2f..%2fguard.py", "/%2e%2e/guard.py", "/js/../../guard.py", "/js//etc/passwd"]
)
def test_there_is_no_way_out_of_the_pages_folder(client, path):
    refused(client.get(path), 404, "no such page")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"host": "evil.example"}, "Host"),
        ({"host": "127.0.0.1.evil.example:8808"}, "Host"),
        ({"host": ""}, "Host"),
        ({"origin": "http://evil.example"}, "Origin"),
        ({"origin": "null"}, "Origin"),
        ({"origin": "http://[::1"}, "Origin"),
        ({"origin": "http://127.0.0.1:9999"}, "Origin"),
        ({"sec-fetch-site": "cross-site"}, "another page"),
    ],
)
def test_other_pages_and_other_names_are_refused(client, headers, words):
    refused(client.post("/api/render", json={"recipes": [{"seed": 1}]}, headers=headers), 403, words)


def test_the_page_may_ask_and_scripts_may(client):
    for headers in ({"origin": HOME, "sec-fetch-site": "same-origin"}, {"host": "localhost:8808"}, {}):
        assert client.get("/api/about", headers=headers).status_code == 200


def test_every_answer_forbids_what_the_page_does_not_need(client):
    for path in ("/", "/js/main.js", "/api/about", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert client.get("/js/main.js").headers["content-type"].startswith("text/javascript")


def test_the_api_describes_itself(client):
    said = client.get("/api/openapi.json").json()
    OpenAPI.model_validate(said)
    posts = {path for path, ways in said["paths"].items() if "post" in ways}
    verbs = ("render", "vary", "blend", "morph", "match", "draw", "invert", "analyse", "nearest", "fit", "kit")
    training = ("begin", "sound", "check", "train", "stop", "keep", "use")
    assert posts == {*(f"/api/{verb}" for verb in verbs), *(f"/api/training/{verb}" for verb in training)}
    for ways in said["paths"].values():
        for way in ways.values():
            assert way["description"]
            assert "4XX" in way["responses"]


# The words of the page


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"note": "H"}, "note H: not a note"),
        ({"note": "B9"}, "note B9: kicks are tuned from"),
        ({"velocity_layers": 9}, "velocity layers 9: 1 to 8 work"),
        ({"round_robin": 0}, "round robins 0: 1 to 8 work"),
        ({"velocity_layers": 8, "round_robin": 8}, "untick Hydrogen"),
        ({"formats": []}, "formats ''"),
        ({"name": ""}, "name '': 1 to 80"),
        ({"name": "half a \ud83e"}, "name 'half a"),
        ({"bits": "8"}, "bits 8"),
    ],
)
def test_what_a_kit_cannot_be_is_said_without_options_of_the_command_line(client, order, words):
    body = {"recipes": [{"seed": 1}], **order}
    reply = client.post("/api/kit", content=json.dumps(body), headers={"content-type": "application/json"})
    refused(reply, 400, words)
    assert "--" not in reply.json()["error"]


def test_a_sentence_is_put_into_other_words_where_the_page_has_another_way():
    assert in_words_of_the_page("my--note.wav: too long") == "my--note.wav: too long"
    advice = "made by another model; give the file of that model as the model"
    assert in_words_of_the_page(advice) == "made by another model; start the studio with the file of that model"
