"""Stereo kicks of KickGAN: a side that is learned beside the mid, and a low end that stays in the middle."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from toy import no_silence, toy, write_kicks

from kickitout.audio import encode_sound, write_sound
from kickitout.corpus.build import build_corpus
from kickitout.errors import UserError
from kickitout.generation.ask import ask_seed
from kickitout.generation.generate import generate
from kickitout.generation.inpaint import inpaint
from kickitout.generation.listen import Ear, decode_kick, find_ear, hear
from kickitout.generation.load import load_model
from kickitout.generation.vary import vary
from kickitout.models.kickgan import AutoEncoder
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kickitout.training import start
from kickitout.training.autoencoding import AutoencodingTask
from kickitout.training.loop import Until, train
from kickitout.training.recipe import load_recipe

KICKS = 12


def hiss(seed, level=0.3):
    """A decaying noise above 1 kHz, [LENGTH]."""
    noise = np.random.default_rng(seed).standard_normal(LENGTH)
    spectrum = np.fft.rfft(noise) * (np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE) > 1000)
    t = np.arange(LENGTH) / SAMPLE_RATE
    return (level * np.fft.irfft(spectrum, LENGTH) * np.exp(-t / 0.05) * (t > ONSET / SAMPLE_RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Kicks of which every other one is wide."""
    folder = write_kicks(tmp_path_factory.mktemp("side") / "kicks", KICKS)
    from kickitout.audio import read_sound

    for i, path in enumerate(sorted(folder.iterdir())):
        if i % 2:
            mid = read_sound(path).samples[:, 0]
            side = hiss(i)
            write_sound(path, 0.7 * np.stack([mid + side, mid - side], axis=1), SAMPLE_RATE, bits="24", force=True)
    return build_corpus([folder])


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory):
    run = tmp_path_factory.mktemp("side") / "run"
    train(corpus, load_recipe("kickgan-stereo", toy("kickgan-stereo")), run, Until(steps=3), device="cpu")
    return run


def task(corpus, *changes):
    recipe = load_recipe("kickgan-stereo", [*toy("kickgan-stereo"), *changes])
    waves = np.stack([corpus.waves, corpus.sides], axis=1)
    return AutoencodingTask(recipe, Accelerator(cpu=True), torch.from_numpy(waves))


def test_a_wide_kick_is_corpus_of_mid_and_side(corpus):
    wide = np.abs(corpus.sides).max(axis=1) > 0.01
    assert wide.sum() == KICKS // 2


def test_a_stereo_model_plays_left_and_right(finished):
    waves = generate(range(4), finished)
    assert waves.shape == (4, 2, LENGTH)
    assert np.abs(waves).max() == pytest.approx(0.97, abs=1e-4)
    assert (np.abs(waves[:, 0] - waves[:, 1]).max(axis=1) > 1e-4).all()
    alone = generate([3], finished)
    assert np.array_equal(alone[0], waves[3])
    assert no_silence(waves)


def test_the_low_end_stays_in_the_middle(corpus):
    """Whatever the weights are: the sides of a decoder with loud ones hold nothing below 200 Hz."""
    network = task(corpus).networks["generator"].decoder.eval()
    with torch.no_grad():
        network.side.to_levels.bias.fill_(0.0)
        network.side.click.atoms.weight.mul_(10)
        latent = torch.randn(8, network.config.known + network.config.grain, generator=torch.Generator().manual_seed(1))
        picture = network(latent)
    codec = task(corpus).codec
    with torch.no_grad():
        side = codec.decode(picture[:, 16:]).numpy()
    power = np.abs(np.fft.rfft(side * np.hanning(LENGTH), axis=1)) ** 2
    hz = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE)
    low = power[:, hz < 200].sum(axis=1) / power.sum(axis=1)
    assert (10 * np.log10(low) < -50).all()
    assert side.std() > 0.01


def test_the_middle_is_what_a_mono_model_of_the_same_weights_plays(corpus):
    stereo = task(corpus).networks["generator"]
    recipe = load_recipe("kickgan-stereo", [*toy("kickgan-stereo"), "model.stereo=false"])
    mono = AutoEncoder(recipe.model, 16, (1, 128, 128))
    missing = mono.load_state_dict(stereo.state_dict(), strict=False)
    assert all("side" in key for key in missing.unexpected_keys)
    latent = torch.randn(3, recipe.model.known + recipe.model.grain, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        both, mid = stereo.eval().decoder(latent), mono.eval().decoder(latent)
    assert both.shape == (3, 32, 1, 1408)
    assert torch.allclose(both[:, :16], mid, atol=1e-6)


def test_wide_kicks_turn_the_side_up_and_mono_ones_down(corpus):
    wide = np.abs(corpus.sides).max(axis=1) > 0.01
    slopes = {}
    for name, rows, level in (("wide", np.flatnonzero(wide), -9.0), ("mono", np.flatnonzero(~wide), -4.0)):
        learner = task(corpus, "weights.spread=0", "critics_from=1000", "batch=6")
        network = learner.networks["generator"]
        with torch.no_grad():
            network.decoder.side.to_levels.bias.fill_(level)
        learner.opt_g.param_groups[0]["lr"] = 0.0
        learner.step(torch.from_numpy(rows), 60, slice(0, 6))
        slopes[name] = network.decoder.side.to_levels.bias.grad.sum().item()
    assert slopes["mono"] > 0 > slopes["wide"]  # what is descended


def test_a_mono_model_begins_a_stereo_one(corpus, finished, monkeypatch):
    fresh = dict(task(corpus).networks["generator"].named_parameters())
    known = dict(task(corpus, f"start={finished}").networks["generator"].named_parameters())
    tables = start._tables
    monkeypatch.setattr(
        start, "_tables", lambda *args: {key: value for key, value in tables(*args).items() if "side." not in key}
    )
    begun = dict(task(corpus, f"start={finished}").networks["generator"].named_parameters())
    for name, weight in begun.items():
        assert torch.equal(weight, fresh[name] if "side." in name else known[name]), name
    assert not torch.equal(known["decoder.side.click.mix.0.weight"], fresh["decoder.side.click.mix.0.weight"])
    assert not torch.equal(known["encoder.by_side.0.weight"], fresh["encoder.by_side.0.weight"])


def test_a_stereo_model_begins_a_mono_one(corpus, finished):
    recipe = load_recipe("kickgan", [*toy("kickgan"), "variants=0", f"start={finished}"])
    AutoencodingTask(recipe, Accelerator(cpu=True), torch.from_numpy(corpus.waves)[:, None])


def test_a_stereo_kick_is_heard_with_its_side(finished):
    model, ear = load_model(finished), Ear(find_ear(finished))
    mid = generate([1], finished)[0].mean(axis=0)
    side = hiss(5)
    near, far = (ear.place(np.stack([mid + x, mid - x])) for x in (0 * side, side))
    assert np.array_equal(ear.place(mid), near)
    assert np.isfinite(far).all()
    data = encode_sound(np.stack([mid + side, mid - side], axis=1) * 0.5, SAMPLE_RATE, bits="24")
    heard = hear(model, ear, decode_kick(data, "wide.wav", 2), rounds=0)
    assert heard.place.shape == (model.info.places,)
    assert decode_kick(data, "wide.wav").shape == (LENGTH,)


def test_a_stereo_model_is_asked_varied_and_joined(finished):
    model = load_model(finished)
    answer = ask_seed(model, {"pitch": 50.0}, 0)
    assert answer.wave.shape == (2, LENGTH)
    place = answer.place
    for kick in vary(model, place, [0, 1], 1.0):
        assert kick.wave.shape == (2, LENGTH)
    kept = np.stack([generate([2], finished)[0][0]] * 2)
    (one,) = inpaint(model, place, kept, [0], "body", 1.0)
    assert one.wave.shape == (2, LENGTH)
    assert np.abs(one.wave).max() == pytest.approx(0.97, abs=1e-4)


def test_variants_are_refused_for_stereo():
    with pytest.raises(UserError, match="variants"):
        load_recipe("kickgan-stereo", ["variants=2"])
