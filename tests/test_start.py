"""A run that begins with the weights of a finished model: they arrive, and what does not fit is refused."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from toy import TOY_KICKAE, no_silence, shared_run, toy_dataset

from kickitout.datasets.build import read_dataset
from kickitout.descriptors.contour import SIZE, contours
from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.generation.recipe import sound_recipe
from kickitout.models.kickae.prior import LEAST_VARIANCE, fit_mixture
from kickitout.sound import LENGTH
from kickitout.training.autoencoding import AutoencodingTask
from kickitout.training.budget import Until
from kickitout.training.config import load_config
from kickitout.training.session import train


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    return shared_run(tmp_path_factory, "kickae")


@pytest.fixture(scope="session")
def dataset(finished):
    return read_dataset([finished.parent / "kicks"])


def test_a_finished_run_plays(finished):
    waves = generate([0, 1], finished)
    assert waves.shape == (2, LENGTH)
    assert no_silence(waves)
    assert (waves[0] != waves[1]).any()


def task(dataset, *changes):
    config = load_config("kickae", [*TOY_KICKAE, "variants=0", "model.harmonics=2", *changes])
    return AutoencodingTask(config, Accelerator(cpu=True), torch.from_numpy(dataset.waves)[:, None])


def test_a_run_begins_with_the_weights_of_another(dataset, finished):
    begun = task(dataset, f"start={finished}", "seed=5")
    fresh = task(dataset, "seed=5")
    other = task(dataset, f"start={finished}", "seed=6")
    for name, weight in begun.networks["generator"].named_parameters():
        assert torch.equal(weight, dict(other.networks["generator"].named_parameters())[name]), name
        assert torch.equal(weight, weight.half().float()), name  # as the model file has them
    moved = [
        name
        for name, weight in begun.networks["generator"].named_parameters()
        if not torch.equal(weight, dict(fresh.networks["generator"].named_parameters())[name])
    ]
    assert len(moved) > 20
    assert torch.equal(begun.codes, other.codes)


def test_contours_are_read_on_the_scale_of_the_model(dataset, finished):
    begun = task(dataset, f"start={finished}")
    body = begun.networks["generator"].decoder.body
    assert torch.allclose(body.spread @ body.inverse, torch.eye(9), atol=1e-4)
    inside = (begun.codes.abs() < 3.99).all(dim=1)
    known = torch.from_numpy(contours(dataset.waves).numbers)
    again = body.middle + begun.codes @ body.spread
    assert inside.sum() > 12
    assert torch.allclose(again[inside], known[inside], atol=1e-3)


@pytest.mark.long
def test_a_model_says_what_the_one_before_it_learned_from(dataset, finished, tmp_path):
    other = toy_dataset(tmp_path / "kicks", 26)
    first = load_model(finished)
    begin = shutil.copytree(finished, tmp_path / "first")
    for name, sounds, before in (("second", other, begin), ("third", dataset, tmp_path / "second")):
        config = load_config("kickae", [*TOY_KICKAE, "variants=0", "model.harmonics=2", f"start={before}"])
        train(sounds, config, tmp_path / name, Until(steps=1), device="cpu")
        shutil.rmtree(begin, ignore_errors=True)  # a run outlives the model that it began with
    second, third = load_model(tmp_path / "second"), load_model(tmp_path / "third")
    digest = {"first": dataset.digest, "second": other.digest}
    assert [part["digest"] for part in second.info.learned_from] == [digest["second"], digest["first"]]
    assert second.info.config["start"] == f"kickae, step {first.info.step}, sha256 {first.digest[:12]}"
    assert str(tmp_path) not in second.info.to_json()
    assert [part["digest"] for part in third.info.learned_from] == [digest["first"], digest["second"]]
    assert sound_recipe(third, 0)["learned_from"]["kicks"] == len(dataset) + len(other)


def test_another_size_is_refused_with_both_sizes(dataset, finished):
    with pytest.raises(
        UserError, match=r"to_curves.*is \[\d+.*\] in the config and \[\d+.*\] in the model.*start=none"
    ):
        task(dataset, f"start={finished}", "model.harmonics=6")  # as many curves more as the noise below 345 Hz has
    with pytest.raises(UserError, match=r"is \[\d+.*\] in the config and \[\d+.*\] in the model.*start=none"):
        task(dataset, f"start={finished}", "model.style=16")


def test_a_model_without_its_encoder_is_refused(dataset, finished, tmp_path):
    (tmp_path / "model.onnx").write_bytes((finished / "model.onnx").read_bytes())
    with pytest.raises(UserError, match="no encoder beside it"):
        task(dataset, f"start={tmp_path}")


def test_a_start_that_is_not_there_is_refused(dataset, tmp_path):
    with pytest.raises(UserError, match="there is no such model"):
        task(dataset, f"start={tmp_path / 'nowhere.onnx'}")


def test_a_start_means_nothing_to_a_dcgan():
    with pytest.raises(UserError, match="start='default' means nothing to dcgan"):
        load_config("dcgan", ["start=default"])


@pytest.mark.decides
def test_few_kicks_get_more_variants():
    config = load_config("kickae", ["variants=1", "least_rows=600"])
    assert [config.variants_for(n) for n in (6, 60, 250, 600, 5000)] == [99, 9, 2, 1, 1]
    assert load_config("kickae", ["variants=0", "least_rows=0"]).variants_for(10) == 0


@pytest.mark.decides
def test_the_mixture_over_latents_is_found_again():
    """Three clusters of one shape, of which a third, half and the rest of the latents are drawn."""
    rng = np.random.default_rng(0)
    means, covariance = np.array([[-6.0, 0, 2], [0, 6, 0], [5, -4, -3]]), np.diag([1.0, 0.25, 0.04])
    covariance[0, 1] = covariance[1, 0] = 0.3
    counts = np.array([1000, 1500, 500])
    drawn = [rng.multivariate_normal(m, covariance, n) for m, n in zip(means, counts, strict=True)]
    weights, found, factor = fit_mixture(torch.from_numpy(np.concatenate(drawn)).float(), 3)
    order = np.argsort(found[:, 0].numpy())
    assert np.allclose(found.numpy()[order], means, atol=0.1)
    assert np.allclose(weights.numpy()[order], counts / counts.sum(), atol=0.01)
    assert np.allclose(factor @ factor.T, covariance + LEAST_VARIANCE * np.eye(3), atol=0.05)


def test_components_at_the_latents_themselves_are_narrower_by_the_width():
    rng = np.random.default_rng(1)
    z = torch.from_numpy(rng.standard_normal((300, 3))).float()
    spread = fit_mixture(z, 10)[2]
    weights, means, factor = fit_mixture(z, 10, means=z[::3], width=0.5)
    assert torch.equal(means, z[::3])
    assert torch.equal(weights, torch.full((100,), 0.01))
    assert torch.allclose(factor, 0.5 * spread)
    each = torch.tensor([0.5, 1.0, 2.0])
    assert torch.allclose(fit_mixture(z, 10, width=each.tolist())[2], each[:, None] * spread)


@pytest.mark.parametrize("asked", [6, 500])
def test_components_lie_at_recordings_first(dataset, asked):
    """As many as asked for, or as there are kicks; what is left inside clusters, six kicks in each, says how wide."""
    kicks = len(dataset.waves)
    config = load_config("kickae", [*TOY_KICKAE, "variants=0", "model.harmonics=2", "model.component_means=latents",
                                    f"model.components={asked}", "model.component_width=0.5",
                                    "model.contour_width=0.4"])  # fmt: skip
    waves = torch.from_numpy(dataset.waves)[:, None]
    begun = AutoencodingTask(config, Accelerator(cpu=True), waves, recorded=torch.ones(4))
    prior, z = begun.player().prior, begun.latents(begun.auto_encoder()).cpu()
    rows = [0, 1, 2, 3, 4, kicks - 1] if asked == 6 else list(range(kicks))
    assert torch.equal(prior.means.cpu(), z[rows])
    width = torch.full((z.shape[1], 1), 0.5)
    width[:SIZE] = 0.2
    assert torch.allclose(prior.spread, width * fit_mixture(z, kicks // 6)[2])


def test_components_lie_on_clusters_of_six_kicks_or_more(dataset):
    assert len(task(dataset, "model.components=500").player().prior.means) == len(dataset.waves) // 6
