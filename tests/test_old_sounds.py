"""Sounds of earlier versions, rendered again from the recipes inside them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from earlier import FIRST_DEFAULT, OLD

from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.generation.earlier import DEFAULT_MODELS
from kickitout.generation.load import load_model
from kickitout.generation.recipe import render_recipe
from kickitout.models.files import find_model_file

pytestmark = pytest.mark.decides

SOUNDS = json.loads((OLD / "sounds.json").read_text())


@pytest.mark.parametrize("known", SOUNDS, ids=[known["file"] for known in SOUNDS])
def test_a_sound_of_before_is_rendered_again_by_its_recipe(known, tmp_path):
    """Of a seed, varied, asked for, with a part kept, and of a kit. Processors differ below -100 dB, which is a third
    of a step of 16 bits; rounding to them is half a step on either side."""
    from kickitout.export.sounds import file_of_recipe

    recipe, model = known["recipe"], load_model(FIRST_DEFAULT)
    if "shape" in recipe:
        (tmp_path / "again.wav").write_bytes(file_of_recipe(recipe, known["file"], model=model))
        with wave.open(str(tmp_path / "again.wav")) as file:
            data = file.readframes(file.getnframes())
        made = np.frombuffer(data, "<i2").astype(float)
    else:
        made = render_recipe(recipe, model, known["file"], (OLD / "kick_000007.wav").read_bytes()).wave[0] * 32767.0
    assert [len(made), 1] == known["shape"]
    np.testing.assert_allclose(made[::300], known["every_300th"], rtol=0, atol=2.0)


def test_a_file_of_before_says_its_recipe_and_is_rendered_again(tmp_path, capsys):
    assert main(["recipe", str(OLD / "kick_000007.wav")]) == 0
    assert json.loads(capsys.readouterr().out) == SOUNDS[0]["recipe"]
    again = ["--render", str(tmp_path / "again.wav"), "--model", str(FIRST_DEFAULT)]
    assert main(["recipe", str(OLD / "kick_000007.wav"), *again]) == 0
    assert "its samples are not those" not in capsys.readouterr().err


def test_a_sound_of_the_first_default_says_where_that_model_is_had():
    another = SimpleNamespace(digest="f" * 64, path=None)
    with pytest.raises(UserError) as refused:
        render_recipe(SOUNDS[0]["recipe"], another, "kick.wav")
    for words in ("kick.wav: made by the model kickgan-at-large", "it is the default of kickitout 0.1.0",
                  "git cat-file blob 9c5baa92745d > default-0.1.0.onnx", "give the file of that model"):  # fmt: skip
        assert words in str(refused.value)


def test_every_default_is_in_the_table_with_what_git_calls_it():
    """A model that takes the place of another in the package gets its line in `generation.earlier`."""
    for path in (FIRST_DEFAULT, find_model_file(Path("default"))):
        data = path.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        assert DEFAULT_MODELS[load_model(path).digest].blob == blob


@pytest.mark.once
def test_every_earlier_default_is_had_from_a_clone_as_is_said(model, tmp_path):
    git = shutil.which("git") or pytest.skip("no git")

    def said(*command: str) -> bytes:
        return subprocess.run([git, *command], cwd=OLD, capture_output=True, check=False).stdout

    if said("rev-parse", "--is-shallow-repository").strip() != b"false":
        pytest.skip("no clone with its history")
    for identity in DEFAULT_MODELS.keys() - {model.digest}:
        (tmp_path / "default.onnx").write_bytes(said("cat-file", "blob", DEFAULT_MODELS[identity].blob[:12]))
        assert load_model(tmp_path / "default.onnx").digest == identity


def test_a_sound_of_a_model_that_is_not_at_hand_names_it():
    recipe = SOUNDS[0]["recipe"] | {"model": "mine", "model_sha256": "f" * 64}
    with pytest.raises(UserError, match=r"made by the model mine \(ffffffffffff\).*give the file of that model"):
        render_recipe(recipe, load_model("default"), "kick.wav")
