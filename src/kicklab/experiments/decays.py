"""Why a model's kicks end as they do: its recordings, their augmentation mix, the decoder or the prior.

    kick lab measure decays LEARNED [--model default] [-n 512]

LEARNED: the recordings that the model learned from. Rows: these, weighted by source as its training weights them; the
mix that its config makes of them; that mix as its encoder and decoder make it again; its seeds. What the second adds is
the mix's doing, what the third adds the decoder's, and what the last adds the prior's. Intervals are 95 % bootstraps,
of recordings over their sources.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.augmentation.mix import ENDINGS, augmentation_mix
from kickitout.descriptors import Cards, cards
from kickitout.errors import UserError
from kickitout.generation.invert import EncoderSession, find_encoder
from kickitout.generation.noise import normal
from kickitout.scoring import mono
from kickitout.training.training_set import weights_of
from kicklab.experiments.c2st import rendered
from kicklab.experiments.endings import DRAWS, SEEDS, source_draws
from kicklab.experiments.judge import MEASURED_ENDINGS, quantiles
from kicklab.markdown import markdown_table, with_interval


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path, help="the recordings that the model learned from")
    parser.add_argument("--model", default="default", help="a model with an encoder, as `kick generate` takes it")
    parser.add_argument("-n", type=int, default=SEEDS, help="kicks of the mix, and seeds from 0 on")


def run(args: argparse.Namespace) -> Iterator[str]:
    model, learned = load_model(args.model), read_dataset(args.learned)
    config = model.info.config
    if not config.get("augmentation_mix"):
        raise UserError(f"--model {args.model}: learned from no augmentation mix; the model in the package did")
    sources = [row.source for row in learned.rows]
    weights = weights_of(sources, config["source_power"])
    mix = augmentation_mix(learned.waves, args.n, config["seed"], ENDINGS[config["mix_endings"]], weights).waves
    encoder = EncoderSession(find_encoder(args.model))
    codes = normal(range(args.n), model.info.noise_codes)
    latents = np.concatenate([np.stack([encoder.encode(wave) for wave in mix]), codes], axis=1)
    drawn = np.random.default_rng(0).choice(len(weights), len(weights), p=weights / weights.sum())
    who = np.unique(np.array(sources)[drawn], return_inverse=True)[1]
    rows = [_row("recordings, by source", cards(learned.waves[drawn]), source_draws(who))]
    made = {"their mix": mix, "the mix, reconstructed": rendered(model, latents)}
    for name, waves in (made | {"seeds": mono(generate(range(args.n), model))}).items():
        random = np.random.default_rng(0)
        rows.append(_row(name, cards(waves), [random.integers(0, args.n, args.n) for _ in range(DRAWS)]))
    yield f"{len(learned)} recordings; {args.n} kicks each; identity {model.digest[:12]}.\n"
    yield from markdown_table(["kicks", *(ending.name for ending in MEASURED_ENDINGS)], rows)


def _row(name: str, found: Cards, draws: list[np.ndarray]) -> list[str]:
    cells = []
    for ending in MEASURED_ENDINGS:
        values = ending.of(found)
        low, high = quantiles([ending.middle(values[rows]) for rows in draws])
        cells.append(with_interval(ending.middle(values), low, high, ".3g"))
    return [name, *cells]
