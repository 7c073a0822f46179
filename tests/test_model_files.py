"""Model files: what is exported, what it says, what is refused, and graphs that are opened in threads."""

from __future__ import annotations

import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from toy import assert_eight_a_call, shared_run

import kickitout
from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.generation.graph import open_graph, read_graph
from kickitout.generation.invert import find_encoder
from kickitout.generation.load import load_model
from kickitout.generation.model import ModelInfo
from kickitout.generation.noise import normal
from kickitout.models.files import find_model_file, notice_of

pytestmark = pytest.mark.light


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    pytest.importorskip("torch", reason="training needs the train extra")
    return shared_run(tmp_path_factory, "dcgan-bands")


@pytest.mark.parametrize("name", ["dcgan-bands", "dcgan-stft", "kickae"])
def test_an_exported_model_plays_what_torch_plays(name, tmp_path, tmp_path_factory):
    torch = pytest.importorskip("torch", reason="training needs the train extra")
    shared = shared_run(tmp_path_factory, name)
    run = Path(shutil.copytree(shared, tmp_path / "run"))
    from accelerate import Accelerator

    from kickitout.datasets.build import read_dataset
    from kickitout.training.config import read_config
    from kickitout.training.loop import Run
    from kickitout.training.run_folder import RunFolder

    recipe = read_config(json.loads((run / "config.json").read_text()), name)
    again = Run(read_dataset([shared.parent / "kicks"]), recipe, RunFolder(run), Accelerator(cpu=True))
    list(again.begin())
    again.load_best()
    player, model = again.task.player(), load_model(run)
    assert_eight_a_call(model)
    eps = normal(range(8), model.info.noise_size)
    with torch.inference_mode():
        heard = player(torch.from_numpy(eps))
        expected = (heard[0] if isinstance(heard, tuple) else heard).numpy()
    made = model.play(eps)
    # Torch without vector kernels takes other sines than ONNX Runtime, which has its own: 1.2e-4 was seen there.
    plain = torch.backends.cpu.get_cpu_capability() == "DEFAULT"
    assert np.abs(made - expected).max() < (2e-4 if plain else 1e-4)


def test_a_model_file_says_what_it_learned_from_and_nothing_of_the_machine(run):
    info = load_model(run).info
    assert info.dataset["kicks"] == 24
    assert info.config["name"] == info.name == "dcgan-bands"
    data = (run / "model.onnx").read_bytes()
    assert b"site-packages" not in data
    assert str(run.parent).encode() not in data


def test_export_copies_a_model_that_plays_the_same(run, tmp_path, capsys):
    assert main(["export", str(run), "-o", str(tmp_path / "mine.onnx")]) == 0
    np.testing.assert_array_equal(kickitout.generate([1], tmp_path / "mine.onnx"), kickitout.generate([1], run))
    assert main(["export", str(run), "-o", str(tmp_path / "mine.onnx")]) == 2
    assert main(["export", str(run), "-o", str(tmp_path / "mine.safetensors")]) == 2
    assert "ends in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda data: data[: len(data) // 2], "damaged or incomplete"),
        (lambda data: b"", "damaged or incomplete"),
        (lambda data: b"RIFF....WAVE", "damaged or incomplete"),
        (lambda data: data + b"\x3b", "damaged or incomplete"),  # a group, which ONNX has nowhere
        (lambda data: data + b"\x3a\xff\xff\x01", "damaged or incomplete"),  # a graph longer than the file
        (lambda data: data + b"\x80" * 11, "damaged or incomplete"),  # a number without an end
        (lambda data: data.replace(b"kickitout-model-2", b"kickitout-model-9"), "kickitout-model-9.*reads"),
        (lambda data: data.replace(b'"noise_size": 6', b'"noise_size": 7'), "does not fit its metadata"),
        (lambda data: data.replace(b'"noise_size": 6', b'"noise_size": x'), "metadata is damaged"),
        (lambda data: data.replace(b'"channels": 1', b'"channels": 9'), "sizes no model has|damaged"),
    ],
)
def test_a_model_file_that_is_damaged_or_of_another_kind_is_refused(run, tmp_path, damage, sentence, capsys):
    path = tmp_path / "m.onnx"
    path.write_bytes(damage((run / "model.onnx").read_bytes()))
    with pytest.raises(UserError, match=sentence):
        load_model(path)
    assert main(["generate", "--model", str(path), "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("kick: ")
    assert not (tmp_path / "out").exists()


def test_an_onnx_file_of_another_project_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    x = onnx.helper.make_tensor_value_info("x", 1, [1])
    y = onnx.helper.make_tensor_value_info("y", 1, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9),
        tmp_path / "o.onnx",
    )
    with pytest.raises(UserError, match="not one that kickitout made"):
        load_model(tmp_path / "o.onnx")


@pytest.mark.parametrize(
    "dataset",
    [{"sources": [1]}, {"sources": None}, {"sources": [{"licence": ["a"], "kicks": 1}]}, {"kicks": "3"}, {"before": 1}],
)
def test_metadata_whose_dataset_is_none_is_damaged(dataset):
    with pytest.raises(UserError, match="m: its metadata is damaged; export the model again"):
        ModelInfo.from_json(ModelInfo("m", 6, dataset=dataset).to_json(), "m")


def test_a_start_that_said_nothing_of_its_sounds_is_read(tmp_path):
    before = {"model": "m", "digest": None, "kicks": None, "sources": None}  # as exports write it
    info = ModelInfo.from_json(ModelInfo("m\n\x1b", 6, dataset={"kicks": 3, "before": [before]}).to_json(), "m")
    assert info.learned_in_short() == {"digest": "", "kicks": 3, "licences": {}}
    assert info.name == "m \ufffd"


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="this system has no devices with names")
@pytest.mark.parametrize("suffix", ["onnx", "safetensors"])
def test_a_device_is_no_model(tmp_path, suffix):
    (tmp_path / f"m.{suffix}").symlink_to("/dev/null")
    with pytest.raises(UserError, match="a device or a pipe, not a model"):
        load_model(tmp_path / f"m.{suffix}")


@pytest.mark.parametrize("name", ["nowhere", "nowhere.onnx", "."])
def test_a_model_that_is_not_there_is_said_so(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"no such model|no finished model"):
        load_model(name)


def test_a_wav_is_not_a_model(tmp_path):
    path = tmp_path / "kick.wav"
    path.write_bytes(b"RIFF")
    with pytest.raises(UserError, match=r"models end in \.onnx or \.safetensors"):
        load_model(path)


def test_a_training_checkpoint_is_not_taken_for_a_model(run, capsys):
    (best,) = (run / "checkpoints").glob("best-*.safetensors")
    with pytest.raises(UserError, match="perhaps a checkpoint of training; give the run's folder"):
        load_model(best)


def test_a_run_without_a_model_yet_says_how_to_go_on(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="the `kick train` that began it goes on"):
        load_model(tmp_path)


def test_the_default_model_can_be_exported(tmp_path):
    assert main(["export", "default", "-o", str(tmp_path / "d.onnx")]) == 0
    np.testing.assert_array_equal(kickitout.generate([5], tmp_path / "d.onnx"), kickitout.generate([5]))


def test_an_exported_model_can_still_start_from_a_sound(tmp_path, capsys):
    out = tmp_path / "d.onnx"
    assert main(["export", "default", "-o", str(out)]) == 0
    names = ("d.encoder.onnx", "d.NOTICE.txt", "d.styles.json", "d.onnx")
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / name) for name in names]
    assert notice_of(out) == notice_of(find_model_file(Path("default")))
    assert find_encoder(out).read_bytes() == find_encoder("default").read_bytes()
    out.unlink()
    assert main(["export", "default", "-o", str(out)]) == 2  # the encoder of another model may be in the way
    assert "d.encoder.onnx: exists" in capsys.readouterr().err
    assert not out.exists()


def test_an_exported_model_is_not_left_with_the_encoder_of_another(run, tmp_path):
    (tmp_path / "mine.encoder.onnx").write_bytes(b"of another")
    assert main(["export", str(run), "-o", str(tmp_path / "mine.onnx"), "--force"]) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["mine.onnx"]


def test_graphs_that_are_opened_in_threads_leave_stdout_alone_and_print_nothing(capfd):
    data = read_graph(find_model_file(Path("default")))
    before = sys.stdout
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: open_graph(data, "no"), range(12)))
        assert all(refused(data[: len(data) // n]) for n in (2, 3))
    assert sys.stdout is before
    assert capfd.readouterr() == ("", "")


def refused(data):
    with pytest.raises(UserError, match="no"):
        open_graph(data, "no")
    return True
