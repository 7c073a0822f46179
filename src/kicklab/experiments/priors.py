"""What a prior is fitted to and how wide it is: other priors over the latents of one model, held against the judge.

    kick lab measure priors LEARNED UNSEEN [--model default] [-n 512] [--mix 6000]

LEARNED: the recordings that the model learned from. Nothing is trained: the encoder finds latents of the recordings and
of the augmentation mix that its config makes of them, and its decoder plays draws of mixtures over them. *clusters*
are those of k-means, as in the prior of the config `kickae`; *each latent* is a mixture with as many components
as latents. The width is that of the components, re what the clusters leave; that of the pitch's contour may be another.
It is for choices, so it is of the first half of UNSEEN.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from kickitout import load_model
from kickitout.augmentation.mix import picked_evenly
from kickitout.descriptors.contour import SIZE as CONTOUR
from kickitout.generation.noise import normal
from kickitout.metrics.compare import RECOGNISED, compare_features
from kickitout.metrics.features import measure_features
from kickitout.metrics.memorisation import audit
from kickitout.metrics.report import number
from kickitout.models.kickae.config import KickAEConfig
from kickitout.models.kickae.prior import fit_mixture
from kickitout.training.config import load_config
from kicklab.critics_trial import TOLD
from kicklab.experiments import judge as judging
from kicklab.experiments.endings import MEASURED_ENDINGS, SEEDS
from kicklab.experiments.mixes import latents_of, learned_mix, rendered
from kicklab.markdown import markdown_table

SHOWN = (RECOGNISED, "recall_bands-1_k5", "recall_drum-type-1_k5", "frechet_limit_bands-1_pca16",
         "frechet_limit_drum-type-1_pca16")  # fmt: skip


class Mixture(NamedTuple):
    """means: [K, Z]; weights: [K]; spread: [Z, Z], a lower triangle that all components share."""

    weights: np.ndarray
    means: np.ndarray
    spread: np.ndarray

    def moved(self, noise: np.ndarray, width: float | Sequence[float]) -> np.ndarray:
        """Draws [n, Z] of components that are `width` times as wide, in each direction [Z] or in all, by standard
        normal noise [n, Z]."""
        return self.means[picked_evenly(self.weights, len(noise))] + np.multiply(width, noise @ self.spread.T)


def clusters(latents: np.ndarray, components: int) -> Mixture:
    """The clusters of k-means over latents [n, Z]."""
    return Mixture(*(part.numpy() for part in fit_mixture(torch.from_numpy(latents), components)))


def priors(latents: np.ndarray, recordings: int, weights: np.ndarray, components: int) -> Iterator[tuple[str, Mixture]]:
    """Names and mixtures. latents: [n, Z], those of the recordings first; weights: what each of these counts."""
    own = clusters(latents, components)
    yield f"{components} clusters", own
    yield f"{3 * components} clusters", clusters(latents, 3 * components)
    for count in (len(latents), recordings + (len(latents) - recordings) // 4):
        name = f"each latent, {count - recordings} of the mix"
        yield name, Mixture(np.ones(count), latents[:count], own.spread)
    yield "each latent, recordings alone", Mixture(np.ones(recordings), latents[:recordings], own.spread)
    yield "each latent, recordings alone, by source", Mixture(weights, latents[:recordings], own.spread)


def tried(latent_size: int) -> list[list[float]]:
    """Widths of components, one for each number of a latent, the contour of the pitch first: alike in all, and those of
    the config kickae-at-large."""
    large = load_config("kickae-at-large").model
    assert isinstance(large, KickAEConfig)
    configs = [*(KickAEConfig(component_width=width) for width in (1.0, 0.5, 0.25)), large]
    return [config.model_copy(update={"latent": latent_size - CONTOUR}).component_widths for config in configs]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path, help="the recordings that the model learned from")
    parser.add_argument("unseen", type=Path, nargs="+", help="recordings that it did not")
    parser.add_argument("--model", default="default", help="a model with an encoder, as `kick generate` takes it")
    parser.add_argument("--half", choices=("first", "second"), default="first", help="of the recordings, as in `judge`")
    parser.add_argument("-n", type=int, default=SEEDS, help="draws of each prior")
    parser.add_argument("--mix", type=int, default=6000, help="rows of the augmentation mix")


def run(args: argparse.Namespace) -> Iterator[str]:
    model, judge = load_model(args.model), judging.asked_judge(args)
    learned = learned_mix(model, judge.learned, args.mix)
    recordings, codes = len(learned.recordings), model.info.noise_codes
    latents = latents_of(model, np.concatenate([learned.recordings, learned.mix]))
    noise = normal(range(args.n), latents.shape[1] + codes)  # one stream for both: neither is the other's

    def row(name: str, width: str, contour: str, found: np.ndarray) -> list[str]:
        waves = rendered(model, np.concatenate([found, noise[: len(found), -codes:]], axis=1))
        features = measure_features(waves)
        scores = {f.name: f.value for f in compare_features(judge.real, features, draws=0)}
        told = float(np.mean([value for name, value in scores.items() if name.startswith(TOLD)]))
        ends = [ending.middle(ending.of(features.cards)) for ending in MEASURED_ENDINGS]
        copies = 100 * float(audit(waves, judge.learned.waves, judge.learned.groups).copies.mean())
        return [name, width, contour, *(number(x) for x in (*(scores[score] for score in SHOWN), told, *ends, copies))]

    rows = [row("none: the mix, reconstructed", "", "", latents[recordings : recordings + args.n])]
    components = min(model.info.config["model"]["components"], len(latents) // 6)
    for kind, mixture in priors(latents, recordings, learned.weights, components):
        for widths in tried(latents.shape[1]):
            contour, *_, width = widths
            rows.append(row(kind, f"{width:g}", f"{contour:g}", mixture.moved(noise[:, :-codes], widths)))
    yield f"{judge.about} {args.n} draws each; identity {model.digest[:12]}.\n"
    scores = [*SHOWN, "C2ST, mean", *(ending.name for ending in MEASURED_ENDINGS), "near-duplicates, %"]
    yield from markdown_table(["prior", "width", "of the contour", *scores], rows)
