"""Stereo kicks of KickAE: a side that is learned beside the mid, and a low end that stays in the middle."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from toy import no_silence, shared_run, toy, write_kicks

from kickitout.audio import encode_sound, read_sound, write_sound
from kickitout.cli import main
from kickitout.cli.train import read_text
from kickitout.datasets.build import is_wide, read_dataset
from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.generation.inpaint import joined
from kickitout.generation.invert import EncoderSession, find_encoder, invert_wave
from kickitout.generation.load import load_model
from kickitout.generation.match import match_seed
from kickitout.generation.noise import normal
from kickitout.generation.source import decode_kick
from kickitout.generation.vary import variations
from kickitout.models.kickae.encoder import AutoEncoder
from kickitout.models.player import RISE
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.studio.model import StudioModel
from kickitout.studio.service import StudioService
from kickitout.training import autoencoding, start
from kickitout.training import reconstruction_loss as reconstruction
from kickitout.training.autoencoding import AutoencodingTask
from kickitout.training.config import load_config
from kickitout.training.from_sounds import plan
from kicklab.benches import training as bench

KICKS = 12


def hiss(seed, level=0.3):
    """A decaying noise above 1 kHz, [LENGTH]."""
    noise = np.random.default_rng(seed).standard_normal(LENGTH)
    spectrum = np.fft.rfft(noise) * (np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE) > 1000)
    t = np.arange(LENGTH) / SAMPLE_RATE
    return (level * np.fft.irfft(spectrum, LENGTH) * np.exp(-t / 0.05) * (t > ONSET / SAMPLE_RATE)).astype(np.float32)


def every_other_wide(folder):
    """Kicks of which every other one is wide."""
    write_kicks(folder, KICKS)
    for i, path in enumerate(sorted(folder.iterdir())):
        if i % 2:
            mid = read_sound(path).samples[:, 0]
            side = hiss(i)
            write_sound(path, 0.7 * np.stack([mid + side, mid - side], axis=1), SAMPLE_RATE, bits="24", force=True)
    return read_dataset([folder])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return every_other_wide(tmp_path_factory.mktemp("side") / "kicks")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    return shared_run(tmp_path_factory, "kickae-stereo", every_other_wide)


def task(dataset, *changes):
    config = load_config("kickae-stereo", [*toy("kickae-stereo"), *changes])
    waves = np.stack([dataset.waves, dataset.sides], axis=1)
    return AutoencodingTask(config, Accelerator(cpu=True), torch.from_numpy(waves))


def test_every_other_kick_is_told_to_be_wide(dataset):
    wide = is_wide(dataset.waves, dataset.sides)
    assert wide.sum() == KICKS // 2
    assert not is_wide(dataset.waves, 0.03 * dataset.waves).any()
    assert is_wide(dataset.waves, 0.04 * dataset.waves).all()


@pytest.mark.slow
def test_a_stereo_model_plays_left_and_right(finished):
    waves = generate(range(4), finished)
    assert waves.shape == (4, 2, LENGTH)
    assert np.abs(waves).max() == pytest.approx(PEAK, abs=1e-4)
    assert (np.abs(waves[:, 0] - waves[:, 1]).max(axis=1) > 1e-4).all()
    alone = generate([3], finished)
    assert np.array_equal(alone[0], waves[3])
    assert no_silence(waves)


def test_the_low_end_stays_in_the_middle(dataset):
    """Whatever the weights are: the sides of a decoder with loud ones hold nothing below 200 Hz."""
    network = task(dataset).networks["generator"].decoder.eval()
    with torch.no_grad():
        network.side.to_levels.bias.fill_(0.0)
        network.side.click.atoms.weight.mul_(10)
        size = network.config.latent_size + network.config.noise_code
        latent = torch.randn(8, size, generator=torch.Generator().manual_seed(1))
        picture = network(latent)
    representation = task(dataset).representation
    with torch.no_grad():
        side = representation.decode(picture[:, 16:]).numpy()
    power = np.abs(np.fft.rfft(side * np.hanning(LENGTH), axis=1)) ** 2
    hz = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE)
    low = power[:, hz < 200].sum(axis=1) / power.sum(axis=1)
    assert (10 * np.log10(low) < -50).all()
    assert side.std() > 0.01


def test_the_middle_is_what_a_mono_model_of_the_same_weights_plays(dataset):
    stereo = task(dataset).networks["generator"]
    config = load_config("kickae-stereo", [*toy("kickae-stereo"), "model.stereo=false"])
    mono = AutoEncoder(config.model, 16, (1, 128, 128))
    missing = mono.load_state_dict(stereo.state_dict(), strict=False)
    assert all("side" in key for key in missing.unexpected_keys)
    size = config.model.latent_size + config.model.noise_code
    latent = torch.randn(3, size, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        both, mid = stereo.eval().decoder(latent), mono.eval().decoder(latent)
    assert both.shape == (3, 32, 1, 1408)
    assert torch.allclose(both[:, :16], mid, atol=1e-6)


def test_wide_kicks_turn_the_side_up_and_mono_ones_down(dataset):
    wide = np.abs(dataset.sides).max(axis=1) > 0.01
    slopes = {}
    for name, rows, level in (("wide", np.flatnonzero(wide), -9.0), ("mono", np.flatnonzero(~wide), -4.0)):
        learner = task(dataset, "weights.repulsion=0", "critics_from=1000", "batch=6")
        network = learner.networks["generator"]
        with torch.no_grad():
            network.decoder.side.to_levels.bias.fill_(level)
        learner.step(torch.from_numpy(rows), 60, slice(0, 6))
        slopes[name] = network.decoder.side.to_levels.bias.grad.sum().item()
    assert slopes["mono"] > 0 > slopes["wide"]  # what is descended


def test_a_mono_model_begins_a_stereo_one(dataset, finished, monkeypatch):
    fresh = dict(task(dataset).networks["generator"].named_parameters())
    known = dict(task(dataset, f"start={finished}").networks["generator"].named_parameters())
    tables = start._tables
    monkeypatch.setattr(
        start, "_tables", lambda *args: {key: value for key, value in tables(*args).items() if "side." not in key}
    )
    begun = dict(task(dataset, f"start={finished}").networks["generator"].named_parameters())
    for name, weight in begun.items():
        assert torch.equal(weight, fresh[name] if "side." in name else known[name]), name
    assert not torch.equal(known["decoder.side.click.mix.0.weight"], fresh["decoder.side.click.mix.0.weight"])
    assert not torch.equal(known["encoder.by_side.0.weight"], fresh["encoder.by_side.0.weight"])


def test_a_stereo_model_begins_a_mono_one(dataset, finished):
    config = load_config("kickae", [*toy("kickae"), "variants=0", f"start={finished}"])
    mono = AutoencodingTask(config, Accelerator(cpu=True), torch.from_numpy(dataset.waves)[:, None]).networks[
        "generator"
    ]
    known = dict(task(dataset, f"start={finished}").networks["generator"].named_parameters())
    for name, weight in mono.named_parameters():
        assert torch.equal(weight, known[name]), name


def test_a_stereo_kick_is_heard_with_its_side(finished):
    model, encoder = load_model(finished), EncoderSession(find_encoder(finished))
    mid = generate([1], finished)[0].mean(axis=0)
    mid = mid * np.float32(PEAK / np.abs(mid).max())  # prepared
    side = hiss(5)
    near, far = (encoder.encode(np.stack([mid + x, mid - x])) for x in (0 * side, side))
    assert np.abs(encoder.encode(mid) - near).max() < 1e-4
    assert np.abs(far - near).max() > 1e-3  # a few steps have taught the encoder little of the side
    data = encode_sound(np.stack([mid + side, mid - side], axis=1) * 0.5, SAMPLE_RATE, bits="24")
    heard = invert_wave(model, encoder, decode_kick(data, "wide.wav", 2), rounds=0)
    assert heard.latent.shape == (model.info.latent_size,)
    assert decode_kick(data, "wide.wav").shape == (LENGTH,)


def test_a_kick_on_one_side_is_heard_at_the_level_of_others(finished):
    mid = generate([1], finished)[0].mean(axis=0)
    data = encode_sound(np.stack([mid, 0 * mid], axis=1), SAMPLE_RATE, bits="24")
    both = decode_kick(data, "left.wav", 2)
    assert np.abs(both).max() == pytest.approx(PEAK, abs=1e-4)
    encoder = EncoderSession(find_encoder(finished))
    assert np.allclose(encoder.encode(both), encoder.encode(0.5 * both), atol=1e-4)


def test_a_stereo_model_is_asked_varied_and_joined(finished):
    model = load_model(finished)
    answer = match_seed(model, {"pitch": 50.0}, 0)
    assert answer.wave.shape == (2, LENGTH)
    place = model.render(normal([0], model.info.noise_size)).latent
    for kick in variations(model, place, [0, 1], 1.0):
        assert kick.wave.shape == (2, LENGTH)
    kept = generate([2], finished)[0]
    one = joined(kept, variations(model, place, [0], 1.0)[0], "body")
    assert one.wave.shape == (2, LENGTH)
    assert np.abs(one.wave).max() == pytest.approx(PEAK, abs=1e-4)
    body = slice(ONSET + 2000, ONSET + 8000)  # the click is over: what is left is the kept kick, left and right
    assert np.allclose(one.wave[:, body], one.gain * kept[:, body], atol=1e-5)


def test_the_commands_keep_the_width_of_a_file(finished, tmp_path):
    mid = generate([1], finished)[0].mean(axis=0)
    wide = tmp_path / "wide.wav"
    write_sound(wide, 0.7 * np.stack([mid + hiss(1), mid - hiss(1)], axis=1), SAMPLE_RATE, bits="24")
    out = tmp_path / "kept"
    assert main(["vary", str(wide), "--model", str(finished), "-n", "1", "--keep", "click", "-o", str(out)]) == 0
    (made,) = out.glob("*.wav")
    samples = read_sound(made).samples
    assert samples.shape[1] == 2
    again = tmp_path / "again.wav"
    command = ["recipe", str(made), "--render", str(again), "--source", str(wide), "--model", str(finished)]
    assert main(command) == 0
    assert np.array_equal(read_sound(again).samples, samples)
    answer = StudioService(StudioModel(load_model(finished))).invert(wide.read_bytes(), "wide.wav").body
    (size,) = struct.unpack_from("<I", answer)
    assert json.loads(answer[4 : 4 + size])["channels"] == 2


def test_training_says_that_stereo_kicks_become_mono(dataset):
    mono, stereo = (plan(dataset, load_config(name, toy(name))) for name in ("kickae", "kickae-stereo"))
    assert f"stereo: {KICKS // 2} of the {KICKS} kicks" in "\n".join(read_text(mono))
    assert "  stereo: " not in "\n".join(read_text(stereo))


def test_the_bench_trains_a_stereo_step(monkeypatch):
    monkeypatch.setattr(bench, "load_config", lambda name, changes=(): load_config(name, [*toy(name), *changes]))
    assert bench.bench_training("kickae-stereo", steps=1).step_seconds > 0


def test_variants_are_refused_for_stereo():
    with pytest.raises(UserError, match="variants"):
        load_config("kickae-stereo", ["variants=2"])


def test_sounds_are_compared_as_the_player_finishes_them(dataset, monkeypatch):
    compared = []

    def recorded(bands, wave, shift=0, known=None):
        compared.append(wave.detach())
        return reconstruction.STFTFeatures(bands, wave, shift, known)

    monkeypatch.setattr(autoencoding, "STFTFeatures", recorded)
    learner = task(dataset, "critics_from=1000")
    learner.waves[..., :ONSET] = 0.1  # what no finished sound has
    learner.step(torch.arange(4), 0, slice(0, 4))
    assert len(compared) >= 4  # real and made, mid and side
    for wave in compared:
        assert not wave[:, : ONSET - RISE].any()
        assert wave[:, ONSET - 1].any()
