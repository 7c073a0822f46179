"""What a model is called by: its weights and graph, whatever else its file says; and what it was called before."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from earlier import FIRST_DEFAULT, OLD

import kickitout
from kickitout.audio import read_comment
from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.generation.graph import graph_identity
from kickitout.generation.invert import encoder_of, find_encoder
from kickitout.generation.load import load_model
from kickitout.generation.model import METADATA_KEY, ModelInfo, goes_by
from kickitout.generation.recipe import find_latent, sound_recipe

pytestmark = pytest.mark.light

OF_FORMAT_1 = "efe711cb630d9a9ace50c81ec7ca7c53dbb444888b99a2047e4aeaaedd88c830"  # of the file, as sha256sum has it
METADATA_1 = (OLD / "model.json").read_text()


def varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def with_metadata(data: bytes, text: str, key: str = METADATA_KEY) -> bytes:
    """An ONNX file with one entry of metadata more, which is the one that counts."""
    return data + field(14, field(1, key.encode()) + field(2, text.encode()))


@pytest.fixture(scope="module")
def packaged():
    return FIRST_DEFAULT.read_bytes()


@pytest.fixture(scope="module")
def first():
    """The first default model."""
    return load_model(FIRST_DEFAULT)


@pytest.fixture(scope="module")
def of_format_1(packaged):
    """The file of that model as it was in format 1, byte for byte."""
    text = packaged[packaged.rindex(b'{"channels": ') :]
    ours = field(14, field(1, METADATA_KEY.encode()) + field(2, text))
    assert packaged.endswith(ours)
    return with_metadata(packaged.removesuffix(ours), METADATA_1)


def test_the_first_default_is_the_one_it_was(of_format_1, first):
    assert first.digest == "c2e73e3470e926e2c42228091fb1533855cdfb2d5424715a33d466404a66993a"
    assert hashlib.sha256(of_format_1).hexdigest() == OF_FORMAT_1
    assert graph_identity(of_format_1, "") == first.digest
    assert ModelInfo.from_json(METADATA_1, "old") == first.info
    assert goes_by(first, OF_FORMAT_1)
    assert not goes_by(first, "0" * 64)


def test_what_is_noted_in_a_model_file_does_not_change_what_it_is(packaged, first, tmp_path):
    noted = json.loads(first.info.to_json())
    noted["dataset"]["scores"] = {"energy_bands-1": [0.16, 0.1, 0.23]}
    data = with_metadata(packaged, json.dumps(noted)) + field(2, b"another program") + field(6, b"words")
    assert graph_identity(data, "") == first.digest
    (tmp_path / "noted.onnx").write_bytes(data)
    kickitout.write_kit(tmp_path / "kit", [3], model=first, layers=1, round_robins=1, formats=["sfz"])
    (wav,) = (tmp_path / "kit").rglob("*.wav")
    np.testing.assert_array_equal(kickitout.render(wav, tmp_path / "noted.onnx"), kickitout.render(wav, first))


def test_another_weight_another_operator_or_another_function_is_another_model(packaged, first):
    known = first.digest
    middle = len(packaged) // 2
    moved = packaged[:middle] + bytes([packaged[middle] ^ 1]) + packaged[middle + 1 :]
    for other in (moved, packaged + field(8, b"\x10\x15"), packaged + field(25, b"")):
        assert graph_identity(other, "") != known


def test_the_order_of_the_fields_in_a_file_means_nothing():
    graph, operators, doc = field(7, b"graph"), field(8, b"\x10\x14"), field(6, b"words")
    assert graph_identity(doc + operators + graph, "") == graph_identity(graph + operators, "")
    assert graph_identity(graph + operators + b"\x08\x0a\x29" + bytes(8) + b"\x25" + bytes(4), "") == graph_identity(
        graph + operators, ""
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\x3a", b"\x3a\x05abc", b"\x80", b"\xff" * 11, b"\x3a" + b"\xff" * 9 + b"\x01", b"\x3b\x3c", b"\x0f\x00",
        b"\x09\x00", b"\x0d\x00",
    ],
    ids=["no length", "cut", "cut number", "endless number", "longer than memory", "group", "no such type",
         "cut 64 bits", "cut 32 bits"],
)  # fmt: skip
def test_fields_that_are_none_are_the_sentence_of_a_damaged_file(data):
    with pytest.raises(UserError, match=r"^m.onnx: damaged$"):
        graph_identity(data, "m.onnx: damaged")


def test_a_recipe_of_format_1_finds_the_file_it_was_made_with(of_format_1, tmp_path):
    """Of a model of one's own: there, only the file itself says that it had that digest."""
    mine = with_metadata(of_format_1, METADATA_1.replace("kickgan-at-large", "mine"))
    (tmp_path / "mine.onnx").write_bytes(mine)
    model = load_model(tmp_path / "mine.onnx")
    recipe = sound_recipe(model, 7) | {"model_sha256": hashlib.sha256(mine).hexdigest()}
    np.testing.assert_array_equal(kickitout.render(recipe, model), kickitout.generate([7], FIRST_DEFAULT)[0])
    with pytest.raises(UserError, match="made by the model mine"):
        kickitout.render(recipe)
    (tmp_path / "mine.onnx").unlink()
    with pytest.raises(UserError, match="made by the model mine"):
        kickitout.render(recipe, model)


def test_a_sound_of_format_1_says_its_own_latent(first):
    sound = OLD / "kick_000007.wav"
    assert json.loads(read_comment(sound))["model_sha256"] == OF_FORMAT_1
    assert find_latent(first, sound).said == "made by this model, so its latent is known"


def test_the_encoder_of_another_model_is_refused(packaged, tmp_path, capsys):
    sound = OLD / "kick_000007.wav"
    path = tmp_path / "mine.onnx"
    path.write_bytes(packaged)
    encoder = find_encoder("default").read_bytes()
    assert encoder_of(load_model()).model_digest == load_model().digest
    text = json.dumps({"model_sha256": "ab" * 32})
    (tmp_path / "mine.encoder.onnx").write_bytes(with_metadata(encoder, text))
    with pytest.raises(UserError, match=r"mine.encoder.onnx: the encoder of another model \(abababababab\)"):
        encoder_of(load_model(path))
    (tmp_path / "mine.encoder.onnx").write_bytes(with_metadata(encoder, METADATA_1))  # of format 1, which said nothing
    assert encoder_of(load_model(path)).model_digest == ""
    (tmp_path / "mine.encoder.onnx").write_bytes(with_metadata(encoder, "["))
    assert main(["vary", str(sound), "--seed", "1", "--model", str(path), "-o", str(tmp_path / "v")]) == 0
    with pytest.raises(UserError, match=r"mine.encoder.onnx: not an encoder \(damaged"):
        encoder_of(load_model(path))


def test_an_encoder_names_the_model_it_was_exported_with(tmp_path_factory):
    pytest.importorskip("torch", reason="training needs the train extra")
    from toy import shared_run

    model = load_model(shared_run(tmp_path_factory, "kickae"))
    assert encoder_of(model).model_digest == model.digest


def test_a_model_that_torch_plays_is_its_weights_and_how_they_are_played(tmp_path):
    pytest.importorskip("torch", reason="training needs the train extra")
    from safetensors import safe_open
    from safetensors.numpy import load, save
    from toy import toy_tensors

    def digest_of(data: bytes) -> str:
        (tmp_path / "m.safetensors").write_bytes(data)
        return load_model(tmp_path / "m.safetensors").digest

    data = toy_tensors()
    known = digest_of(data)
    with safe_open(tmp_path / "m.safetensors", framework="np") as file:
        info = json.loads(file.metadata()[METADATA_KEY])
    tensors = load(data)
    again = save(tensors, {METADATA_KEY: json.dumps(info | {"step": 9})})
    other = save(tensors | {min(tensors): tensors[min(tensors)] + 1}, {METADATA_KEY: json.dumps(info)})
    assert digest_of(again) == known
    assert digest_of(other) != known
