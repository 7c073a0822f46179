"""Why a model's kicks end as they do: its recordings, their augmentation mix, the decoder or the prior.

    kick lab measure decays LEARNED [--model default] [-n 512]

LEARNED: the recordings that the model learned from. Rows: these, drawn as often as its training weights their sources,
and reconstructed; the mix that its config would make of them with other endings, and the mix that it makes; that mix
reconstructed; its seeds. What the mix adds to the recordings is its doing, what its reconstruction adds is the
decoder's, and what the seeds add is the prior's. Intervals are 95 % bootstraps, those of recordings over their sources.

T40 and T60 are medians of those kicks that have one, and a kick that is cut first has none. So below the table stands
how many of the recordings that have one, each counted once, still have it when they are reconstructed, by how much it
differs there, and how many others get one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.augmentation.mix import ENDINGS
from kickitout.descriptors import cards
from kickitout.generation.model import Model
from kickitout.generation.noise import normal
from kickitout.scoring import mono
from kicklab.experiments.endings import DRAWS, MEASURED_ENDINGS, SEEDS, Fields, source_draws, span_of
from kicklab.experiments.mixes import endings_of, latents_of, learned_mix, rendered
from kicklab.markdown import markdown_table, with_interval


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path, help="the recordings that the model learned from")
    parser.add_argument("--model", default="default", help="a model with an encoder, as `kick generate` takes it")
    parser.add_argument("-n", type=int, default=SEEDS, help="of each: recordings drawn, kicks of the mix, seeds")


def run(args: argparse.Namespace) -> Iterator[str]:
    model, n, dataset = load_model(args.model), args.n, read_dataset(args.learned)
    learned = learned_mix(model, dataset, n)
    drawn = np.random.default_rng(0).choice(len(learned.weights), n, p=learned.weights / learned.weights.sum())
    who = np.unique(np.array(learned.sources)[drawn], return_inverse=True)[1]
    recorded, again = (cards(waves).values for waves in (learned.recordings, _reconstructed(model, learned.recordings)))
    own = endings_of(model)
    others = {
        f"their mix, endings *{name}*": learned_mix(model, dataset, n, name).mix for name in ENDINGS if name != own
    }
    made = {
        **others,
        f"their mix, endings *{own}*, as learned": learned.mix,
        "the mix, reconstructed": _reconstructed(model, learned.mix),
        "seeds": mono(generate(range(n), model)),
    }
    random = np.random.default_rng(0)
    alone, sources = [random.integers(0, n, n) for _ in range(DRAWS)], source_draws(who)
    rows = [
        _row("recordings, by source", _of(recorded, drawn), sources),
        _row("recordings, by source, reconstructed", _of(again, drawn), sources),
        *(_row(name, cards(waves).values, alone) for name, waves in made.items()),
    ]
    yield f"{len(learned.recordings)} recordings; {n} kicks each; identity {model.digest[:12]}.\n"
    yield from markdown_table(["kicks", *(ending.name for ending in MEASURED_ENDINGS)], rows)
    yield ""
    for drop in (40, 60):
        yield _kept(f"T{drop}", recorded[f"decay_t{drop}_ms"], again[f"decay_t{drop}_ms"])


def _reconstructed(model: Model, waves: np.ndarray) -> np.ndarray:
    """[n, T], with the noise codes of the first n seeds."""
    codes = normal(range(len(waves)), model.info.noise_codes)
    return rendered(model, np.concatenate([latents_of(model, waves), codes], axis=1))


def _of(found: Fields, rows: np.ndarray) -> Fields:
    return {name: values[rows] for name, values in found.items()}


def _kept(name: str, recorded: np.ndarray, again: np.ndarray) -> str:
    """recorded, again: [m] ms of the same kicks, NaN where one has none."""
    there, then = np.isfinite(recorded), np.isfinite(again)
    both, new = there & then, then & ~there
    said = f"- {name}: {there.sum()} recordings have one; reconstructed {both.sum()} of them still have it"
    if both.any():
        low, middle, high = np.quantile((again - recorded)[both], [0.25, 0.5, 0.75])
        said += f", {middle:+.3g} ms off (median; quartiles {low:+.3g} and {high:+.3g})"
    got = f", of {np.median(again[new]):.3g} ms (median)" if new.any() else ""
    return f"{said}, and {new.sum()} others get one{got}."


def _row(name: str, found: Fields, draws: Sequence[np.ndarray]) -> list[str]:
    cells = []
    for ending in MEASURED_ENDINGS:
        values = ending.of(found)
        cells.append(with_interval(ending.middle(values), *span_of(ending.middle, values, draws), ".3g"))
    return [name, *cells]
