"""Embeddings that a user brings: graphs whose answers are known, and graphs that are refused in a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from toy import write_kicks

from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.metrics.embeddings import BANDS, DRUM_TYPES, find_embeddings
from kickitout.metrics.encoder import OnnxEncoder
from kickitout.models.files import find_model_file
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

onnx = pytest.importorskip("onnx")
helper = pytest.importorskip("onnx.helper")
FLOAT, INT = 1, 7


def write(path: Path, nodes, inputs, outputs, constants=(), **metadata: str) -> Path:
    """A graph from (name, type, shape) of its inputs and outputs."""
    ends = [[helper.make_tensor_value_info(*end) for end in ends] for ends in (inputs, outputs)]
    graph = helper.make_graph(nodes, "test", *ends, initializer=list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata)
    onnx.save(model, str(path))
    return path


def loudness(path: Path, samples: int | str = "T", batch: int | str = "B", name: str = "out", **metadata: str) -> Path:
    """Sound -> [mean, largest] of |x|."""
    nodes = [
        helper.make_node("Abs", ["x"], ["a"]),
        helper.make_node("ReduceMean", ["a", "axis"], ["mean"], keepdims=1),
        helper.make_node("ReduceMax", ["a", "axis"], ["most"], keepdims=1),
        helper.make_node("Concat", ["mean", "most"], [name], axis=1),
    ]
    axis = helper.make_tensor("axis", INT, [1], [1])
    return write(path, nodes, [("x", FLOAT, [batch, samples])], [(name, FLOAT, [batch, 2])], [axis], **metadata)


@pytest.fixture(scope="module")
def kicks() -> np.ndarray:
    return synthesise(range(5))[0]


def test_a_free_length_takes_the_sound_as_it_is(tmp_path, kicks):
    encoder = OnnxEncoder(loudness(tmp_path / "a.onnx"), SAMPLE_RATE)
    found = encoder.embed(kicks)
    np.testing.assert_allclose(found[:, 0], np.abs(kicks).mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(found[:, 1], np.abs(kicks).max(axis=1), rtol=1e-6)
    assert "sounds of 0.500 s, 2 numbers" in encoder.about


def test_the_rate_inside_the_file_counts(tmp_path, kicks):
    encoder = OnnxEncoder(loudness(tmp_path / "a.onnx", sample_rate="16000"))
    assert encoder.rate == 16_000
    np.testing.assert_allclose(encoder.embed(kicks)[:, 0], np.abs(kicks).mean(axis=1), rtol=0.1)


def test_a_fixed_length_is_padded_or_cut_and_says_so(tmp_path, kicks):
    longer = OnnxEncoder(loudness(tmp_path / "longer.onnx", 2 * LENGTH), SAMPLE_RATE)
    np.testing.assert_allclose(longer.embed(kicks)[:, 0], np.abs(kicks).mean(axis=1) / 2, rtol=1e-4)
    assert "padded with silence to 1.000 s" in longer.about
    shorter = OnnxEncoder(loudness(tmp_path / "shorter.onnx", 4410), SAMPLE_RATE)
    np.testing.assert_allclose(shorter.embed(kicks)[:, 0], np.abs(kicks[:, :4410]).mean(axis=1), rtol=1e-4)
    assert "cut to 0.100 s" in shorter.about


def test_a_sound_is_embedded_the_same_alone_and_among_others(tmp_path, kicks):
    encoder = OnnxEncoder(loudness(tmp_path / "a.onnx", batch=1), 22_050)
    np.testing.assert_array_equal(encoder.embed(kicks)[3:4], encoder.embed(kicks[3:4]))


def test_of_several_outputs_the_one_called_embedding_counts(tmp_path, kicks):
    nodes = [helper.make_node("Abs", ["x"], ["other"]), helper.make_node("Neg", ["x"], ["embedding"])]
    ends = [("other", FLOAT, ["B", LENGTH]), ("embedding", FLOAT, ["B", LENGTH])]
    path = write(tmp_path / "a.onnx", nodes, [("x", FLOAT, ["B", LENGTH])], ends)
    np.testing.assert_array_equal(OnnxEncoder(path, SAMPLE_RATE).embed(kicks), -kicks)


def one_node(path: Path, kind: str, takes, gives) -> Path:
    return write(path, [helper.make_node(kind, ["x"], ["y"])], [("x", *takes)], [("y", *gives)])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: one_node(p, "Abs", (FLOAT, ["B", 1, "T"]), (FLOAT, ["B", 1, "T"])), "takes x tensor.*waveforms"),
        (lambda p: one_node(p, "Abs", (INT, ["B", "T"]), (INT, ["B", "T"])), "takes x tensor.int64"),
        (lambda p: one_node(p, "Abs", (FLOAT, [8, "T"]), (FLOAT, [8, "T"])), "one by one; export it with B free"),
        (lambda p: one_node(p, "Shape", (FLOAT, ["B", "T"]), (INT, [2])), "gives y tensor.int64.*points"),
        (lambda p: one_node(p, "Log", (FLOAT, ["B", "T"]), (FLOAT, ["B", "T"])), "not finite; does it take 44100 Hz"),
        (lambda p: one_node(p, "Transpose", (FLOAT, ["B", "T"]), (FLOAT, ["T", "B"])), r"one sound gives \[22050, 1\]"),
        (lambda p: p.write_bytes(b"no graph") and p, "not an ONNX graph"),
        (lambda p: p, "does not exist|no such"),
        (lambda p: find_model_file(Path("default")), "makes kicks and cannot embed them"),
    ],
)
def test_a_wrong_graph_is_refused_in_a_sentence(tmp_path, make, says):
    with pytest.raises(UserError, match=says):
        OnnxEncoder(make(tmp_path / "a.onnx"), SAMPLE_RATE)


@pytest.mark.parametrize(
    ("told", "inside", "says"),
    [
        (None, {}, "embedding rate"),
        (16_000, {"sample_rate": "48000"}, "made for 48000 Hz.*says 16000"),
        (None, {"sample_rate": "fast"}, "a whole number of Hz works"),
        (100, {}, "8000 to 192000 Hz work"),
    ],
)
def test_a_rate_that_is_unknown_or_wrong_is_refused(tmp_path, told, inside, says):
    with pytest.raises(UserError, match=says):
        OnnxEncoder(loudness(tmp_path / "a.onnx", **inside), told)


def test_names_find_embeddings_and_nothing_is_downloaded(tmp_path):
    path = loudness(tmp_path / "mine.onnx")
    bands, drums, mine = find_embeddings(["bands", "drum-type", str(path), "bands"], 44_100)
    assert (bands, drums) == (BANDS, DRUM_TYPES)
    assert re.fullmatch(r"mine-[0-9a-f]{8}-44100Hz", mine.name)
    assert find_embeddings([str(path)], 16_000)[0].name != mine.name  # it is another embedding
    assert re.fullmatch(r"own-[0-9a-f]{8}", OnnxEncoder(loudness(tmp_path / "own.onnx", sample_rate="16000")).name)
    with pytest.raises(UserError, match="CLAP: it is not in this package and never downloaded"):
        find_embeddings(["CLAP"])
    with pytest.raises(UserError, match=r"clop: not known; bands, drum-type or a FILE\.onnx"):
        find_embeddings(["clop"])
    with pytest.raises(UserError, match=r"belongs to an embedding in a FILE\.onnx"):
        find_embeddings(["bands"], 16_000)


def test_the_command_scores_in_an_embedding_of_your_own(tmp_path, capsys):
    real = write_kicks(tmp_path / "real", 66)
    mine, out = loudness(tmp_path / "mine.onnx"), tmp_path / "scores.json"
    command = ["score", "default", "-n", "64", "--against", str(real), "--embedding", str(mine)]
    assert main(command) == 2
    assert "its sample rate is not known" in capsys.readouterr().err
    assert main([*command, "--embedding-rate", "16000", "--json", str(out), "--workers", "2"]) == 0
    printed = capsys.readouterr().out
    assert "mine.onnx, sha256" in printed
    assert "16000 Hz, sounds of 0.500 s" in printed
    data = json.loads(out.read_text())
    (name,) = data["embeddings"]
    names = {score["name"] for score in data["scores"]}
    assert {f"energy_{name}", f"frechet_{name}_pca2", f"coverage_{name}_k5", "kicks_recognised"} <= names
    assert not any("bands-1" in n for n in names)


def test_the_example_of_the_page_about_embeddings_makes_an_encoder(tmp_path, monkeypatch, kicks):
    pytest.importorskip("torch")
    page = (Path(__file__).parents[1] / "docs" / "embeddings.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "embeddings.md", "exec"), {})
    encoder = OnnxEncoder(tmp_path / "encoder.onnx")
    assert "16000 Hz, sounds of 0.500 s padded with silence to 1.000 s, 32 numbers" in encoder.about
    assert encoder.embed(kicks).shape == (5, 32)
