"""How much silence is before a sound: moved, not rendered anew; said in the recipe, and rendered again from it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from kits import FormulaModel, small_kit

from kickitout.audio import decode_sound, read_comment, read_sound
from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.export.jobs import GenerationJob
from kickitout.export.sounds import SoundFormat, file_of_recipe
from kickitout.generation.recipe import find_latent, is_sound_of, stated_pre_roll
from kickitout.sound import ONSET, SAMPLE_RATE

pytestmark = pytest.mark.light
WAYS = [(0.0, -ONSET), (1.45, 0), (1.0, 44 - ONSET), (10.0, 441 - ONSET)]  # ms, and by how many samples it is later


def samples_of(model, folder, **form):
    ((path, _),) = GenerationJob.of(model, folder, SoundFormat(**form)).write([7])
    return path, read_sound(path).samples


@pytest.mark.parametrize(("ms", "later"), WAYS)
def test_the_sound_is_moved_and_nothing_else(ms, later, model, tmp_path):
    _, usual = samples_of(model, tmp_path / "usual")
    path, moved = samples_of(model, tmp_path / "moved", pre_roll_ms=ms)
    assert len(moved) == len(usual) + later
    np.testing.assert_array_equal(moved[max(0, later) :], usual[max(0, -later) :])
    assert not moved[: max(0, later)].any()
    assert json.loads(read_comment(path))["pre_roll_ms"] == ms


@pytest.mark.parametrize("more", [{}, {"rate": 48_000}, {"bits": "32f", "rate": 96_000}, {"format": "flac"}])
def test_a_file_is_rendered_again_with_its_silence_bit_for_bit(more, model, tmp_path, capsys):
    path, samples = samples_of(model, tmp_path, pre_roll_ms=0.0, **more)
    again = tmp_path / f"again{path.suffix}"
    assert main(["recipe", str(path), "--render", str(again)]) == 0
    assert again.read_bytes() == path.read_bytes()
    assert "not those of its recipe" not in capsys.readouterr().err
    recipe = json.loads(read_comment(path))
    played = next(iter(model.play(model_noise(model))))
    assert is_sound_of(read_sound(path), played, recipe)
    assert not is_sound_of(read_sound(path), played, {**recipe, "pre_roll_ms": 1.45})
    assert len(samples)


def model_noise(model):
    from kickitout.generation.noise import normal

    return normal([7], model.info.noise_size)


def test_a_kick_without_silence_is_still_known_as_the_one_it_is(model, tmp_path):
    usual, _ = samples_of(model, tmp_path / "usual")
    moved, _ = samples_of(model, tmp_path / "moved", pre_roll_ms=0.0)
    found, other = (find_latent(model, path) for path in (moved, usual))
    np.testing.assert_array_equal(found.latent, other.latent)
    assert "its latent is known" in found.said  # its recipe was believed


@pytest.mark.parametrize("command", ["generate", "vary", "morph", "kit"])
def test_every_command_that_writes_sounds_can_begin_them_at_once(command, model, tmp_path):
    source, _ = samples_of(model, tmp_path / "source")
    given = {"vary": [str(source)], "morph": [str(source), str(source)], "kit": [str(source), "--no-zip"]}
    number = [] if command == "kit" else ["-n", "2"]
    for name, how in (("usual", []), ("moved", ["--pre-roll", "0"])):
        assert main([command, *given.get(command, []), *number, *how, "-o", str(tmp_path / name)]) == 0
    usual = sorted((tmp_path / "usual").rglob("*.wav"))
    moved = sorted((tmp_path / "moved").rglob("*.wav"))
    assert [path.name for path in usual] == [path.name for path in moved]
    for a, b in zip(usual, moved, strict=True):
        np.testing.assert_array_equal(read_sound(a).samples[ONSET:], read_sound(b).samples)


def test_the_sounds_of_a_kit_are_rendered_again_with_their_silence():
    model = FormulaModel()
    kit, usual = (dict(small_kit(layers=1, round_robins=2, **how).files()) for how in ({"pre_roll_ms": 5.0}, {}))
    for name, data in kit.items():
        recipe = json.loads(decode_comment(data))
        assert file_of_recipe(recipe, name, model=model) == data
        early = round(0.005 * SAMPLE_RATE) - ONSET
        np.testing.assert_array_equal(decode_sound(data, name).samples[early:], decode_sound(usual[name], name).samples)


def decode_comment(data):
    import io

    import soundfile

    with soundfile.SoundFile(io.BytesIO(data)) as file:
        return file.comment


@pytest.mark.parametrize("ms", [-0.1, 500.1, float("nan"), float("inf")])
def test_a_silence_that_nobody_needs_is_refused_and_in_a_recipe_it_is_none(ms):
    with pytest.raises(UserError, match="0 to 500 ms before the onset work"):
        SoundFormat(pre_roll_ms=ms)
    with pytest.raises(UserError, match="0 to 500 ms before the onset work"):
        small_kit(pre_roll_ms=ms)
    assert stated_pre_roll({"pre_roll_ms": ms}) is None


@pytest.mark.parametrize("value", [True, "0", None, [0]])
def test_what_is_no_number_is_no_silence(value):
    assert stated_pre_roll({"pre_roll_ms": value}) is None
