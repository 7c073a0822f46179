"""Find which step of a model a classifier two-sample test sees: its decoder, noise between latents, or its prior.

    kick lab measure c2st LEARNED UNSEEN [--model default] [--half first]

Real kicks are those of `judge`: half of the recordings that no model learned from. Against them stand the other half;
the model's reconstructions of that other half, from the encoder alone; the same with the jitter of training on each
latent; and kicks of as many seeds. What a step adds to the accuracy of the classifier is what it sees of that step.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.descriptors.contour import SIZE
from kickitout.generation.noise import normal
from kickitout.metrics.compare import compare_features
from kickitout.metrics.features import measure_features
from kickitout.metrics.report import number
from kicklab.experiments.judge import Judge
from kicklab.experiments.mixes import latents_of, rendered

SHOWN = ("two_sample_", "frechet_limit_", "recall_", "card_worst_sd")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path, help="the recordings that the model learned from")
    parser.add_argument("unseen", type=Path, nargs="+", help="recordings that it did not")
    parser.add_argument("--model", default="default", help="a model, as `kick generate --model` takes it")
    parser.add_argument("--half", choices=("first", "second"), default="first", help="of the recordings, as in `judge`")


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model(args.model)
    judge = Judge(read_dataset(args.learned), read_dataset([args.learned, *args.unseen]), args.half)
    originals, info = judge.other_waves, model.info
    found_latents = latents_of(model, originals)
    noise = normal(range(len(originals)), found_latents.shape[1] + info.noise_codes)  # one stream: no part is another's
    latents = np.concatenate([found_latents, noise[:, found_latents.shape[1] :]], axis=1)
    jitter = np.zeros_like(latents)
    inside = slice(SIZE, found_latents.shape[1])
    jitter[:, inside] = info.config["model"]["noise"] * noise[:, inside]
    sets = {
        "the other half": originals,
        "reconstructed": rendered(model, latents),
        "with the jitter of training": rendered(model, latents + jitter),
        "seeds": generate(range(len(originals)), model),
    }
    found = {
        name: {f.name: f for f in compare_features(judge.real, measure_features(waves, groups=groups), draws=0)}
        for (name, waves), groups in zip(sets.items(), [judge.others.groups] * 3 + [None], strict=True)
    }
    yield (
        f"{len(judge.waves)} recordings of the {args.half} half; {len(originals)} of the other, reconstructed by "
        f"{info.name}, step {info.step}, identity {model.digest[:12]}.\n"
    )
    yield f"| measure | {' | '.join(sets)} |\n|---|{'--:|' * len(sets)}"
    for name in found["seeds"]:
        if name.startswith(SHOWN):
            notes = [one[name].note if name.startswith("card") else "" for one in found.values()]
            cells = [
                f"{number(one[name].value)} {note}".strip() for one, note in zip(found.values(), notes, strict=True)
            ]
            yield f"| {name} | {' | '.join(cells)} |"
