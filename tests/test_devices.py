"""Devices that are not at hand: networks on the meta device, which refuses whatever belongs to another one."""

from __future__ import annotations

import pytest
import torch

from kickitout.errors import UserError
from kickitout.models.families import make_critic, make_generator, whole_shape
from kickitout.models.kickae.encoder import AutoEncoder
from kickitout.representations import LogMelConfig, make_representation
from kickitout.training.config import config_names, load_config
from kickitout.training.engine import make_accelerator

BATCH = 2
ADVERSARIAL = [name for name in config_names() if not name.startswith("kickae")]


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_networks_of_full_size_run_on_a_device_of_their_own(name):
    config = load_config(name)
    whole = whole_shape(config.model, make_representation(config.representation).representation_shape)
    with torch.device("meta"):
        g, d = make_generator(config.model, whole), make_critic(config.model, whole)
    made = g(torch.empty(BATCH, config.model.latent, device="meta"))
    assert made.shape == (BATCH, *whole)
    assert d(made).shape == (BATCH,)
    assert made.device.type == "meta"


def test_kickae_of_full_size_runs_on_a_device_of_its_own():
    model, bands = (
        load_config("kickae").model,
        make_representation(load_config("kickae").representation).representation_shape,
    )
    mel = make_representation(LogMelConfig()).representation_shape
    both = AutoEncoder(model, bands[0], mel).to("meta")
    shapes = (BATCH, model.latent), (2, BATCH, model.noise_code)
    latent, noise_codes = (torch.empty(*shape, device="meta") for shape in shapes)
    encoded = (torch.empty(BATCH, *shape, device="meta") for shape in (bands, mel))
    code, between = torch.empty(BATCH, 9, device="meta"), torch.empty(BATCH, 1, device="meta")
    made = both(*encoded, code, latent, noise_codes, between)
    assert [tuple(m.shape) for m in made] == 3 * [(BATCH, *bands)]


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_named_with_one_that_is(device):
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if there[device]:
        pytest.skip(f"this machine has {device}")
    with pytest.raises(UserError, match=f"device {device}: .* sees none; cpu works"):
        make_accelerator(device)
