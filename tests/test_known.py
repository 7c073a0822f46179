"""A kick that its file cut while it was loud teaches nothing beyond: from preparation to the loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from toy import toy

from kickitout.audio import Sound
from kickitout.audio.prepare import CUT_FADE_SAMPLES, END_FADE_SAMPLES, prepare
from kickitout.augmentation import effects
from kickitout.augmentation.changes import repitch, reshape_decay
from kickitout.augmentation.known import SLACK, known_after, known_of_mix, known_of_variants
from kickitout.augmentation.mix import ENDINGS, augmentation_mix
from kickitout.augmentation.variants import producer_variants
from kickitout.representations.pqmf import SubBands, SubBandsConfig
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kickitout.training.autoencoding import WINDOW_KNOWN, AutoencodingTask
from kickitout.training.config import load_config
from kickitout.training.reconstruction_loss import (
    Known,
    STFTFeatures,
    energy_score,
    harmonic_distance,
    level_bias,
    level_distance,
    spectral_distance,
)


def decaying(seconds: float, db_a_second: float, hz: float = 50.0) -> np.ndarray:
    """A kick that begins at once and falls evenly, as it lies in a file."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.9 * np.cos(2 * np.pi * hz * t) * 10 ** (-db_a_second * t / 20)).astype(np.float32)


def prepared(wave: np.ndarray):
    return prepare(Sound(wave[:, None], SAMPLE_RATE, "flac"))


# -- preparation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wave", "known"),
    [
        (decaying(0.2, 50), ONSET + 8820 - END_FADE_SAMPLES),  # -10 dB where the file ends
        (decaying(0.2, 220), ONSET + 8820 - END_FADE_SAMPLES),  # -44 dB
        (decaying(0.2, 300), LENGTH),  # -60 dB: it is over
        (np.pad(decaying(0.2, 300), (0, 2000)), LENGTH),
        (np.pad(decaying(0.2, 50), (0, 2000)), LENGTH),  # whoever cut it there went on, in silence
        (decaying(0.2, 50) * np.linspace(1, 0, 8820, dtype=np.float32) ** 4, LENGTH),  # a fade of its own
        (decaying(1.0, 20), LENGTH - CUT_FADE_SAMPLES),  # the window ends it
        (decaying(1.0, 200), LENGTH),
    ],
)
def test_a_recording_speaks_for_its_kick_up_to_where_it_was_cut(wave, known):
    assert prepared(wave).known == pytest.approx(known, abs=2)  # of the onset
    assert prepared(-wave).known == prepared(wave).known


# -- changes ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cut() -> tuple[np.ndarray, int]:
    """A kick of 200 ms that was cut at -10 dB, and its known samples."""
    found = prepared(decaying(0.2, 50))
    return found.mid, found.known


def test_the_end_of_what_is_known_moves_with_the_pitch(cut):
    wave, known = cut
    for semitones in (-5.0, 4.0, 12.0):
        wanted = ONSET + (known - ONSET) / 2 ** (semitones / 12) - SLACK
        assert known_after(known, repitch(wave, semitones), semitones) == pytest.approx(wanted, abs=1)
    longer = prepared(decaying(0.45, 20))
    assert known_after(longer.known, repitch(longer.mid, -4.0), -4.0) == LENGTH  # its end lies behind the window


def test_a_sweep_uses_a_kick_up_earlier(cut):
    """The body ends a ms / ln 10 earlier, a = 2^(semitones / 12) - 1."""
    wave, known = cut
    after = known_after(known, effects.sweep(wave, 12.0, 40.0), 0.0, 12.0, 40.0)
    assert after == pytest.approx(known - SLACK - 0.040 * SAMPLE_RATE / np.log(10), abs=2)


def test_what_ends_before_by_itself_is_known_whole(cut):
    wave, known = cut
    assert known_after(known, wave) == known - SLACK
    assert known_after(known, effects.cut(wave, 120.0, 10.0)) == LENGTH
    assert known_after(known, reshape_decay(wave, 0.25)) < LENGTH  # -40 dB: it is still there
    quiet = prepared(decaying(0.2, 150))
    assert quiet.known < LENGTH
    assert known_after(quiet.known, reshape_decay(quiet.mid, 0.25)) == LENGTH
    assert known_after(known, effects.trim(wave, -6.0, 5.0)) == LENGTH


def test_variants_and_the_mix_say_of_each_row_how_far_it_is_known(cut):
    wave, known = cut
    whole = prepared(decaying(0.4, 200))
    assert whole.known == LENGTH
    kicks, until = np.stack([wave, whole.mid]), [known, whole.known]
    varied = producer_variants(kicks, [6, 2], 3)
    found = known_of_variants(varied, until, [6, 2], 3)
    assert (found[:6] < LENGTH).any()
    assert (found[6:] == LENGTH).all()
    for row in np.flatnonzero(found < LENGTH):  # there is sound up to there, and none beyond what the file had
        assert np.abs(varied[row, found[row] - 441 : found[row]]).max() > 0.003
        assert np.abs(varied[row, found[row] + 2 * SLACK + END_FADE_SAMPLES :]).max() < 0.03
    mix = augmentation_mix(kicks, 40, 0, ENDINGS["trimmed"])
    found = known_of_mix(mix, until, 0, ENDINGS["trimmed"])
    assert (found[mix.body != 0] == LENGTH).all()
    assert 0 < (found < LENGTH).sum() < (mix.body == 0).sum()  # the others end by themselves, or behind the window


# -- the loss ---------------------------------------------------------------------------------------------------------


BANDS = SubBands(SubBandsConfig())


def features(wave: torch.Tensor, known: Known | None, shift: int = 0) -> STFTFeatures:
    return STFTFeatures(BANDS.encode(wave), wave, shift, known)


def known_of(*samples: int) -> Known:
    until = torch.tensor(samples)
    return Known(until, BANDS.known_frames(until))


def noise(rows: int, seed: int) -> torch.Tensor:
    return 0.1 * torch.randn(rows, LENGTH, generator=torch.Generator().manual_seed(seed))


def all_losses(real: STFTFeatures, samples: list[STFTFeatures]) -> torch.Tensor:
    distances = [spectral_distance(real, part) for part in ("click", "low", "whole")]
    distances += [level_distance(real), harmonic_distance(real)]
    scores = [energy_score(real, samples, distance, 1.0) for distance in distances]
    return torch.stack([*scores, level_bias(real, samples, lambda figure: figure)])


@pytest.mark.parametrize("shift", [0, 17, 47])
@pytest.mark.parametrize("cut_at", [3000, 1000])  # behind and within the click
def test_nothing_is_taught_beyond_the_end_that_is_known(shift, cut_at):
    known = known_of(cut_at, 2 * LENGTH)
    waves = [noise(2, seed).requires_grad_() for seed in (1, 2)]
    losses = all_losses(features(noise(2, 0), known, shift), [features(w, known, shift) for w in waves])
    for loss in losses:
        slopes = torch.autograd.grad(loss, waves, retain_graph=True)
        for slope in slopes:
            assert (slope[0, cut_at:] == 0).all()
            assert slope[1, cut_at:].abs().max() > 0 or cut_at == 3000  # the click ends before
    total = torch.autograd.grad(losses.sum(), waves)
    for slope in total:
        assert slope[0, : cut_at - 600].abs().max() > 0
        assert slope[1, 20_000:].abs().max() > 0


def test_what_lies_beyond_changes_no_loss():
    known, real, made = known_of(3000, 2 * LENGTH), noise(2, 0), [noise(2, seed) for seed in (1, 2)]
    before = all_losses(features(real, known), [features(w, known) for w in made])
    for wave in (real, *made):
        wave[0, 3000:] = 5 * noise(1, 9)[0, 3000:]
    torch.testing.assert_close(all_losses(features(real, known), [features(w, known) for w in made]), before,
                               rtol=0, atol=0)  # fmt: skip


def test_a_mask_of_whole_kicks_changes_no_bit():
    real, made = noise(3, 0), [noise(3, seed) for seed in (1, 2)]
    plain = all_losses(features(real, None), [features(w, None) for w in made])
    masked = known_of(*[2 * LENGTH] * 3)
    assert torch.equal(all_losses(features(real, masked), [features(w, masked) for w in made]), plain)


def test_the_bias_of_a_batch_is_that_of_the_kicks_that_are_known_there():
    """One of two kicks is 6 dB too loud where the other is not known: no bias may come of the other's silence."""
    real = noise(2, 0)
    made = real.clone()
    made[1, 3000:] *= 2
    known = known_of(2 * LENGTH, 3000)
    whole = lambda figure: figure  # noqa: E731
    assert level_bias(features(real, known), [features(made, known)], whole).item() == 0
    both = features(real, None), [features(made, None)]
    assert level_bias(*both, whole).item() > 0.1


def test_frames_of_a_band_depend_on_what_is_known_and_decode_into_it():
    wave = noise(1, 0)
    known = torch.tensor([5000])
    frames = int(BANDS.known_frames(known))
    other = wave.clone()
    other[:, 5000:] = 0
    first, second = BANDS.encode(wave), BANDS.encode(other)
    assert torch.equal(first[..., :frames], second[..., :frames])
    assert not torch.equal(first[..., frames], second[..., frames])


def test_a_batch_without_cut_kicks_needs_no_mask():
    waves = torch.from_numpy(np.stack([prepared(decaying(0.4, 200, hz)).mid for hz in (50, 60, 70, 80)]))[:, None]
    known = torch.tensor([LENGTH, WINDOW_KNOWN, 9000, LENGTH])
    config = load_config("kickae", [*toy("kickae"), "start=none"])
    assert config.mask_cut
    task = AutoencodingTask(config, Accelerator(cpu=True), waves, known)
    assert task._known(torch.tensor([0, 1, 3])) is None
    found = task._known(torch.tensor([0, 2]))
    assert found.samples.tolist() == [2 * LENGTH, 9000]
    off = config.model_copy(update={"mask_cut": False})
    assert AutoencodingTask(off, Accelerator(cpu=True), waves, known)._known(torch.tensor([2])) is None
