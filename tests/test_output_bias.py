"""A constant under the tanh: chosen or measured before the first step, kept with the weights, and no weight itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from toy import toy, toy_dataset

from kickitout.generation.load import load_model
from kickitout.generation.noise import normal
from kickitout.models.families import make_critic, make_generator
from kickitout.models.output import mode_under_tanh
from kickitout.training.budget import Until
from kickitout.training.checkpoint import load_newest
from kickitout.training.config import load_config
from kickitout.training.loop import make_task
from kickitout.training.run_folder import RunFolder
from kickitout.training.session import train

pytestmark = pytest.mark.decides


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return toy_dataset(tmp_path_factory.mktemp("kicks") / "some", 12)


def task(config: str, dataset, *changes: str):
    waves = torch.from_numpy(dataset.waves)[:, None]
    return make_task(load_config(config, [*toy(config), *changes]), Accelerator(cpu=True), waves)


@pytest.mark.parametrize("config", ["dcgan", "dcgan-stft", "dcgan-bands", "specgan"])
def test_a_generator_begins_where_most_of_the_data_is(config, dataset):
    begun = task(config, dataset, "model.output_bias=data")
    encoded = begun.encoded(begun.waves)
    assert begun.g.output_bias == mode_under_tanh(encoded)
    counts, edges = np.histogram(encoded.clamp(-1, 1).numpy(), 63, (-1, 1))
    fullest = edges[counts.argmax()] / 2 + edges[counts.argmax() + 1] / 2
    made = begun.g(begun.latents(0, -1, slice(None)))
    assert made.mean().item() == pytest.approx(fullest, abs=0.05)  # without it within 0.02 of mid-grey
    if config in ("dcgan-stft", "dcgan-bands"):  # their silence is 0
        assert begun.g.output_bias == 0


@pytest.mark.once
def test_the_constant_is_in_the_checkpoint_and_in_the_model_and_nothing_else_changes(dataset, tmp_path):
    config = load_config("dcgan", [*toy("dcgan"), "model.output_bias=data", "ema=0.9"])
    for end in (1, 2):  # the second start reads it from the checkpoint
        train(dataset, config, tmp_path / "run", Until(steps=end), device="cpu", export=end == 2)
    found = load_newest(RunFolder(tmp_path / "run").latest)
    assert found is not None
    kept = {key: value.item() for key, value in found[0].items() if key.endswith("output_bias")}
    measured = task("dcgan", dataset, "model.output_bias=data", "held_out=0.15").g.output_bias.item()
    assert kept == {f"network/{name}output_bias": measured for name in ("generator/", "average/module.")}
    waves = load_model(tmp_path / "run").play(normal([3], config.model.latent))
    assert np.isfinite(waves).all()
    plain, moved = (task("dcgan", dataset, *more).g.state_dict() for more in ([], ["model.output_bias=-2"]))
    assert moved.keys() - plain.keys() == {"output_bias"}
    assert all(torch.equal(value, moved[key]) for key, value in plain.items())


def test_a_critic_without_batch_norm_can_start_with_the_published_weights():
    shape, found = (1, 64, 64), {}
    for name, more in (("batch", []), ("none", ["model.critic_norm=none", "model.critic_start=published"])):
        config = load_config("dcgan", ["model.channels=64", *more]).model
        torch.manual_seed(0)
        make_generator(config, shape)
        critic = make_critic(config, shape)
        found[name] = [m.weight.std().item() for m in critic.modules() if isinstance(m, torch.nn.Conv2d)]
    assert found["none"] == pytest.approx(found["batch"], rel=0.2)
    assert all(deviation == pytest.approx(0.02, rel=0.25) for deviation in found["none"])
