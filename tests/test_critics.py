"""Critics of KickAE that compare with recordings: what they see, when they learn, and what frozen ones teach."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from toy import TOY_KICKAE

from kickitout.errors import UserError
from kickitout.representations import LogMelConfig, make_representation
from kickitout.sound import PEAK
from kickitout.synthesis.procedural import synthesise
from kickitout.training.autoencoding import AutoencodingTask
from kickitout.training.checkpoint import pack_task, unpack_task
from kickitout.training.config import load_config
from kickitout.training.critics import FinishedSight, feature_distance
from kickitout.training.randomness import batch_indices

SEEN = ["critics_compare=recordings", "critics_ahead=2", "critics_from=0", "instance_noise=0.1"]
KICKS, RECORDED = 12, 6
MEMORIES = "running_mean", "running_var", "num_batches_tracked"


@pytest.fixture(scope="module")
def waves():
    return torch.from_numpy(synthesise(range(KICKS))[0].astype(np.float32))[:, None]


@pytest.fixture(scope="module")
def task(waves):
    return lambda *changes: AutoencodingTask(
        load_config("kickae", [*TOY_KICKAE, *SEEN, *changes]),
        Accelerator(cpu=True),
        waves,
        None,
        torch.ones(RECORDED),
    )


def state(task, kind):
    return {name: value.clone() for name, value in task.networks[kind].state_dict().items()}


def changed(before, after):
    """In anything but what batch norms remember of activations, which play no part in training."""
    return any(not torch.equal(x, after[name]) for name, x in before.items() if not name.endswith(MEMORIES))


def take(task, steps):
    for step in steps:
        rows = torch.from_numpy(batch_indices(0, step, 4, KICKS))
        figures = task.step(rows, step, slice(0, 4))
        assert all(np.isfinite(value) for value in figures.values()), figures
    return figures


def test_neither_level_nor_polarity_gives_a_made_sound_away(waves):
    config = load_config("kickae", TOY_KICKAE)
    sight = FinishedSight(make_representation(config.representation), make_representation(LogMelConfig()))
    plain = sight(waves[:2, 0])
    other = sight(-0.2 * waves[:2, 0])
    assert torch.allclose(plain.bands, other.bands, atol=1e-5)
    assert torch.allclose(plain.mel, other.mel, atol=1e-3)
    assert float(sight.representation.decode(other.bands).abs().max()) == pytest.approx(PEAK, abs=0.02)


def test_critics_learn_alone_and_then_the_decoder_by_their_verdict(task):
    learner = task()
    before = [state(learner, kind) for kind in ("generator", "critic", "critic prior")]
    figures = take(learner, range(2))
    assert not changed(before[0], state(learner, "generator"))
    assert changed(before[1], state(learner, "critic"))
    assert changed(before[2], state(learner, "critic prior"))
    assert "grad/g" not in figures
    critic = state(learner, "critic")
    assert {"loss/g", "loss/d", "grad/g"} <= take(learner, [2]).keys()
    assert changed(before[0], state(learner, "generator"))
    assert changed(critic, state(learner, "critic"))


def test_frozen_critics_teach_by_their_features(task):
    learner = task("critics_teach=features")
    take(learner, range(2))
    before = [state(learner, kind) for kind in ("generator", "critic")]
    figures = take(learner, [2])
    assert "loss/features" in figures
    assert "loss/d" not in figures
    assert changed(before[0], state(learner, "generator"))
    assert not changed(before[1], state(learner, "critic"))


def test_the_prior_that_the_critics_see_is_part_of_the_state(task):
    whole, first, second = task(), task(), task()
    take(whole, range(4))
    take(first, range(3))
    unpack_task(second, pack_task(first), "here")
    take(second, [3])
    assert not changed(state(whole, "generator"), state(second, "generator"))
    assert not changed(state(whole, "critic"), state(second, "critic"))


def test_only_recordings_are_real_to_them(task, waves):
    learner = task()
    kicks = learner._made(torch.arange(4), slice(0, 4), 0, judged=True)
    real, made = learner._compared(kicks, 0, slice(0, 4))
    recorded = learner.sight(waves[:RECORDED, 0] * learner.finish).bands
    assert all(bool((one == recorded).flatten(1).all(dim=1).any()) for one in real.bands)
    assert len(made.bands) == len(real.bands) == 4
    drawn = learner.g.decoder(learner.critic_prior(_eps(learner)[2:]))
    assert torch.equal(kicks.mids[-1], drawn)
    reconstructed = torch.cat([kicks.waves[0][:2], learner.representation.decode(drawn) * learner.finish])
    assert torch.allclose(made.bands, learner.sight(reconstructed).bands, atol=1e-5)


def _eps(learner):
    return torch.randn(4, learner.critic_prior.inputs, generator=learner._noise(0, "prior"))


def test_features_that_are_distributed_alike_are_near():
    rng = torch.Generator().manual_seed(0)
    real, alike, spread = (torch.randn(400, 3, generator=rng) * size for size in (1.0, 1.0, 2.0))
    assert abs(float(feature_distance([real], [alike]))) < 0.02
    assert float(feature_distance([real], [spread])) > 0.1  # the same mean
    points = torch.tensor([[0.0], [1.0]])
    # Between the sets 4 on average (4, 5, 3, 4), within each 1: (2 * 4 - 1 - 1) / 1.
    assert float(feature_distance([points], [points + 4])) == pytest.approx(6.0)


@pytest.mark.parametrize("changes", [["critics_ahead=0", "critics_teach=features"], ["critics_compare=batch"]])
def test_critics_that_cannot_teach_are_refused(changes):
    with pytest.raises(UserError, match=r"set critics_ahead: 100|set critics_compare: recordings"):
        load_config("kickae", [*TOY_KICKAE, *SEEN, *changes])
