"""Seed -> sound: the same alone, in a batch, through the library, the command line and the file."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from overshooting import seeds_that_overshoot
from toy import assert_eight_a_call

import kickitout
from kickitout.audio import read_comment, read_sound
from kickitout.cli import main
from kickitout.generation.load import load_model
from kickitout.generation.noise import normal
from kickitout.generation.onnx_backend import OnnxModel
from kickitout.models.files import find_model_file
from kickitout.sound import PEAK, SAMPLE_RATE

pytestmark = pytest.mark.light


def test_the_default_model_makes_kicks():
    waves = kickitout.generate(range(8))
    assert waves.shape == (8, 22050)
    assert waves.dtype == np.float32
    assert np.isfinite(waves).all()
    np.testing.assert_allclose(np.abs(waves).max(axis=1), PEAK, atol=1e-5)
    assert len({w.tobytes() for w in waves}) == 8


def test_a_seed_sounds_the_same_alone_in_a_batch_and_on_any_number_of_threads():
    from kickitout.generation.generate import generate_kicks

    model, seeds = load_model(), range(5, 47)
    alone = np.stack([model.render(normal([seed], model.info.noise_size)).wave[0] for seed in seeds])
    np.testing.assert_array_equal(kickitout.generate([7])[0], alone[2])
    np.testing.assert_array_equal(kickitout.generate(seeds), alone)
    for threads in (1, 3):
        fresh = OnnxModel(find_model_file(Path("default")))
        waves = [kick.wave for kick in generate_kicks(seeds, fresh, threads=threads)]
        np.testing.assert_array_equal(np.stack(waves), alone)


def test_the_default_model_plays_eight_kicks_a_call():
    assert_eight_a_call(OnnxModel(find_model_file(Path("default"))))


def test_the_default_model_draws_from_all_that_it_learned():
    onnx = pytest.importorskip("onnx", reason="reading a graph's tables needs the train extra")
    from onnx import numpy_helper

    info, path = load_model().info, find_model_file(Path("default"))
    (means,) = (t for t in onnx.load(str(path)).graph.initializer if t.name.startswith("prior.means"))
    assert info.config["model"]["component_means"] == "latents"  # all recordings first
    assert means.dims[0] == info.config["model"]["components"]
    assert len(np.unique(numpy_helper.to_array(means), axis=0)) > 0.99 * means.dims[0]  # a kick may be there twice
    assert info.dataset["kicks"] < info.config["model"]["components"] < info.limits["sounds"]


@pytest.mark.parametrize("both_at_once", [False, True])
def test_where_a_call_of_eight_differs_in_a_bit_kicks_are_played_one_by_one(both_at_once, monkeypatch):
    model = OnnxModel(find_model_file(Path("default")))
    calls, run = [], model._run

    def rounded_otherwise(eps, **more):
        calls.append(len(eps))
        if len(eps) > 1 and both_at_once:
            model.together = False  # what another thread finds meanwhile
        waves, found = run(eps, **more)
        return (waves if len(eps) == 1 or both_at_once else np.nextafter(waves, np.float32(1))), found

    monkeypatch.setattr(model, "_run", rounded_otherwise)
    eps = normal(range(24), model.info.noise_size)
    made = model.play(eps)
    np.testing.assert_array_equal(made, np.concatenate([run(eps[i : i + 1])[0] for i in range(24)]))
    assert calls == [1] * 8 + [8] + [1] * 16


def test_no_seeds_are_no_kicks():
    assert kickitout.generate([]).shape == (0, 22050)


def test_the_command_writes_what_the_library_makes(tmp_path, capsys):
    assert main(["generate", "--seeds", "3,10-11", "-o", str(tmp_path), "--bits", "32f"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == [str(tmp_path / f"kick_{s:06d}.wav") for s in (3, 10, 11)]
    for path, wave in zip(printed, kickitout.generate([3, 10, 11]), strict=True):
        sound = read_sound(path)
        assert sound.rate == 44_100
        np.testing.assert_array_equal(sound.samples[:, 0], wave)


@pytest.mark.parametrize(
    ("form", "bits", "step"), [("wav", "16", 2**-15), ("wav", "24", 2**-23), ("flac", "24", 2**-23)]
)
def test_every_format_holds_the_samples_to_its_resolution(form, bits, step, tmp_path):
    assert main(["generate", "-n", "1", "-q", "-o", str(tmp_path), "--format", form, "--bits", bits]) == 0
    (path,) = tmp_path.iterdir()
    np.testing.assert_allclose(read_sound(path).samples[:, 0], kickitout.generate([0])[0], atol=step)


def test_another_rate_is_a_resampled_kick_of_the_same_length(tmp_path):
    assert main(["generate", "-n", "1", "-q", "-o", str(tmp_path), "--rate", "96000"]) == 0
    (path,) = tmp_path.iterdir()
    sound = read_sound(path)
    assert sound.rate == 96_000
    assert len(sound.samples) == 48_000


def test_the_recipe_in_a_file_makes_the_same_file_again(tmp_path, capsys):
    main(["generate", "--seed", "42", "-n", "1", "-q", "-o", str(tmp_path / "a")])
    (path,) = (tmp_path / "a").iterdir()
    recipe = json.loads(read_comment(path))
    assert recipe["seed"] == 42
    assert recipe["model_sha256"] == load_model().digest
    capsys.readouterr()
    assert main(["recipe", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == recipe
    main(["generate", "--seed", str(recipe["seed"]), "-n", "1", "-q", "-o", str(tmp_path / "b")])
    assert (tmp_path / "b" / path.name).read_bytes() == path.read_bytes()


def test_existing_files_are_kept_unless_forced(tmp_path, capsys):
    args = ["generate", "-n", "3", "-q", "-o", str(tmp_path)]
    assert main(args) == 0
    mine = tmp_path / "kick_000001.wav"
    mine.write_bytes(b"mine")
    assert main([*args[:2], "2", *args[3:]]) == 2
    assert "exists (and 1 more); force replaces it" in capsys.readouterr().err
    assert mine.read_bytes() == b"mine"
    assert main([*args, "--force"]) == 0
    assert mine.read_bytes() != b"mine"


def test_a_thousand_kicks_are_under_way_a_few_at_a_time(monkeypatch):
    from kickitout.generation.generate import generate_kicks, in_order

    model, begun, encoded = load_model(), [], []

    def play(eps, controls=None):
        begun.append(len(eps))
        return OnnxModel.play(model, eps, controls)

    monkeypatch.setattr(model, "play", play)
    found = generate_kicks(range(1000), model, threads=2)
    written = in_order(lambda kick: encoded.append(kick.seed), found, threads=2)
    next(written)
    assert sum(begun) <= 80  # eight groups of eight, and one more for what is encoded
    assert len(encoded) <= 8
    written.close()
    found.close()
    assert sum(begun) <= 80


def test_a_fault_while_writing_leaves_no_half_file(tmp_path, monkeypatch, capsys):
    import errno
    import os

    real_replace, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real_replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    assert main(["generate", "-n", "8", "-q", "-o", str(tmp_path)]) == 2
    assert "the disk is full" in capsys.readouterr().err
    left = list(tmp_path.iterdir())
    assert len(left) == 2
    assert all(len(read_sound(path).samples) == 22050 for path in left)


@pytest.fixture(scope="module")
def overshooting():
    return seeds_that_overshoot(2)


@pytest.mark.parametrize(("form", "bits"), [("wav", "24"), ("wav", "16"), ("flac", "24")])
def test_a_kick_that_would_clip_at_another_rate_is_made_quieter_as_a_whole(overshooting, form, bits, tmp_path):
    from kickitout.audio import resample

    seeds = ",".join(map(str, overshooting))
    args = ["generate", "--seeds", seeds, "--rate", "48000", "-q", "--format", form, "--bits", bits]
    assert main([*args, "-o", str(tmp_path)]) == 0
    for seed in overshooting:
        path = tmp_path / f"kick_{seed:06d}.{form}"
        recipe = json.loads(read_comment(path))
        assert -1 < recipe["gain_db"] < 0
        wave = resample(kickitout.generate([seed])[0], SAMPLE_RATE, 48_000)
        exact = wave * 10 ** (recipe["gain_db"] / 20)
        assert 0.998 < np.abs(exact).max() <= 1  # 0.01 dB are 0.1 %
        np.testing.assert_allclose(read_sound(path).samples[:, 0], exact, atol=2.0 ** (1 - int(bits)))
        again = tmp_path / f"again.{form}"
        assert main(["recipe", str(path), "--render", str(again), "--force"]) == 0
        assert again.read_bytes() == path.read_bytes()


def test_a_kick_that_does_not_clip_is_left_alone(overshooting, tmp_path):
    seed = str(overshooting[0])
    for rate, bits in (("44100", "24"), ("48000", "32f"), ("22050", "24")):
        out = tmp_path / rate
        assert main(["generate", "--seeds", seed, "--rate", rate, "--bits", bits, "-q", "-o", str(out)]) == 0
        (path,) = out.iterdir()
        assert "gain_db" not in json.loads(read_comment(path))
    at_441 = read_sound(tmp_path / "44100" / f"kick_{overshooting[0]:06d}.wav").samples[:, 0]
    np.testing.assert_allclose(at_441, kickitout.generate([overshooting[0]])[0], atol=2**-23)


@pytest.mark.parametrize(("form", "bits"), [("wav", "16"), ("wav", "24"), ("flac", "16")])
def test_a_file_that_clipped_before_gains_were_stated_is_rendered_again_as_it_is(form, bits, overshooting, tmp_path):
    from kickitout.audio import encode_sound, resample
    from kickitout.generation.recipe import sound_recipe

    seed = overshooting[0]
    wave = resample(kickitout.generate([seed])[0], SAMPLE_RATE, 48_000)
    assert np.abs(wave).max() > 1
    recipe = sound_recipe(load_model(), seed, bits=bits, rate=48_000)
    comment = json.dumps(recipe, sort_keys=True)
    path, again = tmp_path / f"before.{form}", tmp_path / f"again.{form}"
    path.write_bytes(encode_sound(wave, 48_000, format=form, bits=bits, comment=comment))
    assert np.abs(read_sound(path).samples).max() >= 1 - 2.0 ** (1 - int(bits))
    assert main(["recipe", str(path), "--render", str(again)]) == 0
    assert again.read_bytes() == path.read_bytes()


def test_a_kick_that_was_made_quieter_is_known_again(overshooting, tmp_path):
    from kickitout.generation.recipe import find_latent

    main(["generate", "--seeds", str(overshooting[0]), "--rate", "48000", "-q", "-o", str(tmp_path)])
    path = tmp_path / f"kick_{overshooting[0]:06d}.wav"
    assert find_latent(load_model(), path).said == "made by this model, so its latent is known"


@pytest.mark.parametrize("nonsense", [12.0, -100, "loud", None, True, [1]])
def test_a_gain_that_is_nonsense_is_none(nonsense):
    from kickitout.generation.recipe import stated_gain

    assert stated_gain({"gain_db": nonsense}) == 0.0


def test_a_file_of_format_1_is_rendered_again_with_the_recipe_that_it_has(tmp_path):
    from kickitout.audio import encode_sound, read_comment
    from kickitout.generation.recipe import recipe_in, sound_recipe

    model = load_model()
    recipe = {k: v for k, v in sound_recipe(model, 3).items() if k != "format"}
    recipe |= {"knobs": [1.0, *[0.0] * (len(model.info.controls) - 1)], "bits": "24", "rate": SAMPLE_RATE}
    wave = model.render(normal([3], model.info.noise_size), controls=recipe["knobs"]).wave
    old, again = tmp_path / "old.wav", tmp_path / "again.wav"
    old.write_bytes(encode_sound(wave[0], SAMPLE_RATE, bits="24", comment=json.dumps(recipe, sort_keys=True)))
    assert main(["recipe", str(old), "--render", str(again)]) == 0
    assert again.read_bytes() == old.read_bytes()
    upgraded = recipe_in(read_comment(old), "old.wav")
    assert upgraded["controls"] == recipe["knobs"]
    assert (upgraded["format"], "knobs" in upgraded) == (2, False)
    assert sound_recipe(model, 3)["format"] == 2


def test_what_is_done_with_a_kick_is_done_on_the_thread_that_made_it():
    """So that two threads make and write twice as many kicks as one: nothing waits for a third."""
    from kickitout.generation.generate import each_kick

    def use(kick):
        return kick.seed, threading.get_ident(), kick.wave.tobytes()

    one, two = (list(each_kick(use, range(40), load_model(), threads=threads)) for threads in (1, 2))
    assert {thread for _, thread, _ in one} == {threading.get_ident()}
    assert len({thread for _, thread, _ in two}) <= 2
    assert threading.get_ident() not in {thread for _, thread, _ in two}
    assert [(seed, wave) for seed, _, wave in two] == [(seed, wave) for seed, _, wave in one]
