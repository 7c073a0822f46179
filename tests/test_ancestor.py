"""The failure that this project began with, in closed form, in the rebuilt network, and named by the monitor."""

from __future__ import annotations

import math
from importlib.resources import files

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from toy import write_kicks

from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.models.ancestor import AncestorConfig, Critic, Generator
from kickitout.models.output import mode_under_tanh
from kickitout.synthesis.procedural import synthesise
from kickitout.training.config import load_config
from kickitout.training.loop import make_task
from kickitout.training.monitor import Reference, View, detect
from kickitout.training.objectives import OBJECTIVES, bce_generator, bce_to_labels
from kicklab.study import RowConfig, Study, rows_of

pytestmark = pytest.mark.decides

FLAT_GENERATOR = math.log(2)
FLAT_CRITIC = ((math.log(1 + math.exp(-1)) + 1 - 1.05) + math.log(2)) / 2
SMALL = [
    "model.channels=16", "model.doublings=5", "model.latent=16", "batch=8", "optim_d.lr=0.01",
    "representation.hop=256", "representation.frames=87", "representation.bins=64",
]  # fmt: skip
ONCE = ["model.critic_sigmoid=false", "labels.real=[0.9, 0.9]", "labels.fake=[0.0, 0.0]"]


def task(*changes: str):
    row = rows_of(Study(title="t", question="q", rows={"a": RowConfig(config="ancestor", set=changes)}), lambda _: [])[
        0
    ]
    waves = torch.from_numpy(synthesise(range(16))[0])[:, None]
    return make_task(row.resolved(0), Accelerator(cpu=True), waves)


def test_a_saturated_critic_behind_a_second_sigmoid_has_these_losses():
    sure_of_real, sure_of_made = torch.full((4,), 40.0).sigmoid(), torch.full((4,), -40.0).sigmoid()
    critic = bce_to_labels(sure_of_real, sure_of_made, torch.full((4,), 1.05), torch.full((4,), 0.05))
    assert bce_generator(sure_of_made).item() == pytest.approx(FLAT_GENERATOR, abs=1e-6)
    assert critic.item() == pytest.approx(FLAT_CRITIC, abs=1e-6)
    assert (round(FLAT_GENERATOR, 4), round(FLAT_CRITIC, 4)) == (0.6931, 0.4782)


def test_what_reaches_the_generator_vanishes_with_the_slope_of_the_first_sigmoid():
    logits = torch.tensor([-2.0, -8.0, -16.0], requires_grad=True)
    bce_generator(logits.sigmoid()).backward()
    once = torch.sigmoid(logits.detach().sigmoid()) - 1
    slope = logits.detach().sigmoid() * (1 - logits.detach().sigmoid())
    torch.testing.assert_close(logits.grad, once * slope / 3)
    assert logits.grad is not None
    assert abs(logits.grad[2].item()) < 1e-6 * abs(once[2].item())


def test_with_an_offset_it_begins_where_most_of_its_spectrograms_are():
    begun = task(*SMALL, *ONCE, "model.output_bias=data")
    encoded = begun.encoded(begun.waves)
    with torch.no_grad():
        made = begun.g(begun.latents(0, 0, slice(0, 8)))
    assert made.median().item() == pytest.approx(torch.tanh(mode_under_tanh(encoded)).item(), abs=0.05)
    assert task(*SMALL, *ONCE).g.state_dict().keys() | {"output_bias"} == begun.g.state_dict().keys()


def test_it_has_the_layers_that_its_history_tells():
    shape = (1, 257, 173)
    generator, critic = Generator(AncestorConfig(), shape), Critic(AncestorConfig(), shape)
    ups = [m for m in generator.modules() if isinstance(m, torch.nn.ConvTranspose2d)]
    assert [m.out_channels for m in ups] == [256, 128, 64, 32, 16, 8, 4, 1]
    assert {(m.kernel_size, m.stride) for m in ups} == {((4, 4), (2, 2))}
    made = generator(torch.randn(2, 100))
    assert made.shape == (2, *shape)
    downs = [m for m in critic.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [m.out_channels for m in downs] == [4, 8, 16, 32, 64, 128, 256, 1]
    assert all(hasattr(m, "parametrizations") for m in downs)
    assert ((critic(made) > 0) & (critic(made) < 1)).all()


NOTHING = View(np.zeros((2, 2)), 0.0, 0.0, 1.0, 0.0, -90.0)
REFERENCE = Reference(NOTHING.embedded, NOTHING, 0.0)


@pytest.mark.slow
@pytest.mark.once
def test_the_rebuilt_network_falls_onto_both_constants_and_with_one_sigmoid_it_does_not():
    found = {}
    for name, changes in (("twice", []), ("once", ONCE)):
        trained = task(*SMALL, *changes)
        steps = [trained.step(torch.arange(8), step, slice(0, 8)) for step in range(80)]
        found[name] = {key: np.array([step[key] for step in steps[-20:]]) for key in ("loss/d", "loss/g", "grad/g")}
    twice, once = found["twice"], found["once"]
    np.testing.assert_allclose(twice["loss/g"], FLAT_GENERATOR, atol=0.002)
    assert twice["loss/d"].mean() == pytest.approx(FLAT_CRITIC, abs=0.005)
    assert once["loss/g"].mean() > 1
    assert twice["grad/g"].mean() < 0.01 * once["grad/g"].mean()
    says = {}
    for name, of in found.items():
        losses = {key: values.mean() for key, values in of.items()}
        losses |= {f"spread/{part}": of[f"loss/{part}"].std() for part in "dg"}
        says[name] = [trouble.name for trouble in detect(losses, NOTHING, REFERENCE, OBJECTIVES["bce"])]
    assert says == {"twice": ["losses that stand still"], "once": []}


def test_the_monitor_names_losses_that_sit_on_a_constant():
    flat = {"loss/g": FLAT_GENERATOR, "loss/d": FLAT_CRITIC, "spread/g": 1e-5, "spread/d": 3e-4}
    (trouble,) = detect(flat, NOTHING, REFERENCE, OBJECTIVES["bce"])
    assert "critic 0.4782, generator 0.6931" in trouble.sentence
    assert "the critic is saturated: is a sigmoid applied twice, are labels above 1?" in trouble.sentence
    for alive in ({"spread/g": 0.01}, {"spread/d": 0.02}):
        assert detect(flat | alive, NOTHING, REFERENCE, OBJECTIVES["bce"]) == []
    assert detect({k: v for k, v in flat.items() if "loss" in k}, NOTHING, REFERENCE, OBJECTIVES["bce"]) == []


@pytest.mark.slow
@pytest.mark.once
def test_a_training_whose_losses_sit_on_a_constant_is_told_why(tmp_path, capsys):
    """From step 60 on they do; it is told where the score stops improving by chance, which depends on the processor."""
    config = str(files("kicklab") / "configs" / "ancestor.yaml")
    watch = ["monitor.every=30", "monitor.sounds=8", "monitor.patience=1", "monitor.on_trouble=warn"]
    settings = [word for change in (*SMALL, *watch) for word in ("--set", change)]
    command = ["train", str(write_kicks(tmp_path / "kicks", 16)), "--config", config, *settings]
    assert main([*command, "--steps", "360", "--device", "cpu", "--threads", "1", "--out", str(tmp_path / "run")]) == 0
    told = "".join(capsys.readouterr()) + (tmp_path / "run" / "notebook.md").read_text("utf-8")
    assert "the critic is saturated: is a sigmoid applied twice, are labels above 1?" in told


def test_labels_belong_to_bce():
    with pytest.raises(UserError, match="labels mean nothing to hinge"):
        load_config("dcgan", ["objective=hinge", "labels.real=[0.9, 0.9]"])
