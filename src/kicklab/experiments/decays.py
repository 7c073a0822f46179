"""Why a model's kicks end as they do: its recordings, their augmentation mix, the decoder or the prior.

    kick lab measure decays LEARNED [--model default] [-n 512]

LEARNED: the recordings that the model learned from. Rows: these, drawn as often as its training weights their sources;
the mix that its config makes of them; that mix reconstructed; its seeds. What the second adds is the mix's doing, what
the third adds the decoder's, and what the last adds the prior's. Intervals are 95 % bootstraps, those of recordings
over their sources.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.descriptors import cards
from kickitout.generation.noise import normal
from kickitout.scoring import mono
from kicklab.experiments.endings import DRAWS, MEASURED_ENDINGS, SEEDS, Fields, source_draws, span_of
from kicklab.experiments.mixes import latents_of, learned_mix, rendered
from kicklab.markdown import markdown_table, with_interval


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path, help="the recordings that the model learned from")
    parser.add_argument("--model", default="default", help="a model with an encoder, as `kick generate` takes it")
    parser.add_argument("-n", type=int, default=SEEDS, help="of each: recordings drawn, kicks of the mix, seeds")


def run(args: argparse.Namespace) -> Iterator[str]:
    model, n = load_model(args.model), args.n
    learned = learned_mix(model, read_dataset(args.learned), n)
    latents = np.concatenate([latents_of(model, learned.mix), normal(range(n), model.info.noise_codes)], axis=1)
    drawn = np.random.default_rng(0).choice(len(learned.weights), n, p=learned.weights / learned.weights.sum())
    who = np.unique(np.array(learned.sources)[drawn], return_inverse=True)[1]
    sets = {
        "recordings, by source": learned.recordings[drawn],
        "their mix": learned.mix,
        "the mix, reconstructed": rendered(model, latents),
        "seeds": mono(generate(range(n), model)),
    }
    random = np.random.default_rng(0)
    draws = [source_draws(who), *([[random.integers(0, n, n) for _ in range(DRAWS)]] * 3)]
    rows = [_row(name, cards(waves).values, each) for (name, waves), each in zip(sets.items(), draws, strict=True)]
    yield f"{len(learned.recordings)} recordings; {n} kicks each; identity {model.digest[:12]}.\n"
    yield from markdown_table(["kicks", *(ending.name for ending in MEASURED_ENDINGS)], rows)


def _row(name: str, found: Fields, draws: Sequence[np.ndarray]) -> list[str]:
    cells = []
    for ending in MEASURED_ENDINGS:
        values = ending.of(found)
        cells.append(with_interval(ending.middle(values), *span_of(ending.middle, values, draws), ".3g"))
    return [name, *cells]
