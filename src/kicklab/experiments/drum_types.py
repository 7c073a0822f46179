"""Train the drum-type network, write it into the package, and print its card.

    kick lab measure drum-types --kicks K --drums D --unseen-kicks UK --unseen-drums UD --out drum_types.onnx > card.md

K and UK are folders of kicks; D and UD hold a folder for each type. Of K and D it learns from what asks for no notice,
and not from what no producer would call a kick. The unseen ones take no part in learning or in its end; all figures of
the card are measured on them, through the file that was written.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from kickitout._version import __version__
from kickitout.augmentation.changes import repitch
from kickitout.datasets.groups import near_duplicate_groups
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.export.model_file import graph_bytes
from kickitout.files import write_whole
from kickitout.generation.graph import graph_identity
from kickitout.metrics.drum_types import METADATA, NAME, DrumClassifier, DrumTypes
from kickitout.metrics.resampling import wilson
from kickitout.sound import LENGTH, ONSET
from kickitout.synthesis.procedural import synthesise
from kicklab.experiments.drum_type_training import (
    KICK,
    NONE,
    READ_FIELDS,
    TYPE_NAMES,
    TYPE_OF,
    DrumTypeSettings,
    Labelled,
    free_of_conditions,
    read_labelled,
    teach,
)
from kicklab.experiments.nondrums import NONDRUM_KINDS, kind_of, nondrums
from kicklab.sources import share_by_source, sources_of

SEMITONES = (-12, -7, -4, 4, 7, 12)
MADE = 512  # rendered kicks
FRESH_SEEDS = 2 * 10**6  # seeds that nobody has learned from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name in ("--kicks", "--drums", "--unseen-kicks", "--unseen-drums"):
        parser.add_argument(name, type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep", action="store_true", help="teach nothing: the card of the network that is there")


def run(args: argparse.Namespace) -> Iterator[str]:
    torch.set_num_threads(1)  # the order of sums, and so the weights, depend on it
    learned = free_of_conditions(read_labelled(args.kicks, args.drums))
    unseen = read_labelled(args.unseen_kicks, args.unseen_drums)
    if not args.keep:
        write_whole(args.out, taught_graph(learned))
    yield drum_type_card(DrumClassifier(args.out), learned, unseen)


def taught_graph(learned: Labelled) -> bytes:
    """The ONNX file of a network that is taught now, with what there is to say about it inside."""
    settings, began = DrumTypeSettings(), time.process_time()
    taught = teach(learned, settings, lambda line: print(line, file=sys.stderr, flush=True))
    about = {
        "name": NAME,
        "version": __version__,
        "types": TYPE_NAMES,
        "type_of_folder": TYPE_OF,
        "settings": asdict(settings),
        "step": taught.step,
        "held_out": {"sounds": taught.held_out, "loss": taught.loss, "accuracy": taught.accuracy},
        "learned_from": taught.sizes,
        "dataset": dataset_of(learned),
    }
    print(f"taught in {(time.process_time() - began) / 60:.1f} minutes of CPU time", file=sys.stderr)
    feed, metadata = {"waveform": torch.zeros(2, LENGTH)}, json.dumps(about, sort_keys=True)
    return graph_bytes(taught.network, feed, ["embedding", "logits"], metadata, METADATA)


def dataset_of(data: Labelled) -> dict[str, object]:
    """What it learned from, as it travels inside the file."""
    rows = data.dataset.rows
    counted = Counter((row.source, row.licence) for row in rows)
    return {
        "digest": data.dataset.digest,
        "sounds": len(rows),
        "groups": len({row.group for row in rows}),
        "sources": [{"source": s, "licence": lic, "sounds": n} for (s, lic), n in sorted(counted.items())],
    }


def share_in_words(hits: np.ndarray) -> str:
    """A share with its 95 % interval, in percent."""
    low, high = wilson(int(hits.sum()), len(hits))
    return f"{100 * hits.mean():.1f} % ({100 * low:.1f} to {100 * high:.1f}), n = {len(hits)}"


def drum_type_card(classifier: DrumClassifier, learned: Labelled, unseen: Labelled) -> str:
    """The model card: every number is measured here, or was when the network was taught."""
    if not learned.dataset.has_digest(classifier.about["dataset"]["digest"]):
        raise UserError(f"{classifier.path} has learned from other sounds than these")
    found, is_kick = classifier.classify(unseen.dataset.waves), unseen.types == TYPE_NAMES.index(KICK)
    sections = [
        opening(classifier, found),
        what_it_learned(classifier, learned),
        how_often_right(found.types, learned, unseen),
        made_sounds(classifier, unseen.dataset.waves[is_kick], unseen.dataset.waves),
        spread_of_kicks(found.embedding[is_kick], unseen.dataset.waves[is_kick]),
        CARD_LIMITS,
    ]
    return "\n\n".join(sections)


def opening(classifier: DrumClassifier, found: DrumTypes) -> str:
    data = classifier.path.read_bytes()
    return f"""# The drum-type network: {NAME}

`drum_types.onnx`: {len(data) / 1e6:.2f} MB, `waveform [B, {LENGTH}]` (44.1 kHz, onset at sample {ONSET}) ->
`embedding [B, {found.embedding.shape[1]}]`, `logits [B, {len(TYPE_NAMES)}]`; identity
`{graph_identity(data, str(classifier.path))[:16]}...`.

## Intended use

`kick score` reports which share of a set this network takes for kicks, and distances between sets in its embedding.
Gain and polarity change nothing. Do not use it to judge single sounds: it often misclassifies a low tom or an odd kick,
and a sound that it takes for a kick may still be a bad one."""


def what_it_learned(classifier: DrumClassifier, learned: Labelled) -> str:
    about = classifier.about
    settings, held_out = about["settings"], about["held_out"]
    counted = Counter((row.source.split("/")[0], row.licence) for row in learned.dataset.rows)
    folders = {name: ", ".join(f for f, t in TYPE_OF.items() if t == name) for name in TYPE_NAMES} | {NONE: "(made)"}
    recorded = [int((learned.types == i).sum()) for i in range(len(TYPE_NAMES))]
    return f"""## What it learned from

{len(learned.types)} recorded sounds, {held_out["sounds"]} of them only held out to end the training (groups of
near-duplicates whole), dataset digest `{learned.dataset.digest[:16]}`; variants of them as producers make them,
{settings["rendered"]} rendered kicks, and {settings["nondrums"]} sounds that are no drum hit
({", ".join(NONDRUM_KINDS)}).

| source | licence | sounds |
|---|---|--:|
{rows([source, licence, n] for (source, licence), n in sorted(counted.items()))}

| type | folders | recorded | to learn from, with variants |
|---|---|--:|--:|
{rows([name, folders[name], n, about["learned_from"][name]] for name, n in zip(TYPE_NAMES, recorded, strict=True))}

{settings["steps"]} steps of {settings["batch"]} on one CPU thread; the snapshot of step {about["step"]} had the
least loss on what was held out, and took {100 * held_out["accuracy"]:.1f} % of it for the right type (mean over the
types)."""


def how_often_right(guess: np.ndarray, learned: Labelled, unseen: Labelled) -> str:
    truth, kick = unseen.types, TYPE_NAMES.index(KICK)
    right, is_kick, sources = guess == truth, truth == kick, sources_of(unseen.dataset.rows)
    known = near_learned(learned.dataset.waves, unseen.dataset.waves)
    each = [right[truth == i].mean() for i in range(len(TYPE_NAMES) - 1)]
    table = [
        [int(((truth == i) & (guess == j)).sum()) for j in range(len(TYPE_NAMES))] for i in range(len(TYPE_NAMES) - 1)
    ]
    folders = np.array(unseen.folders)
    taken = [
        f"{folder} {int((guess[folders == folder] == kick).sum())} of {int((folders == folder).sum())}"
        for folder in TYPE_OF
        if folder != KICK and (folders == folder).any()
    ]
    return f"""## How often it is right

On {len(truth)} sounds of other sources, which took no part (dataset digest `{unseen.dataset.digest[:16]}`).
Intervals: 95 % (Wilson) over sounds, and over sources where that is said: sounds of one machine are alike.

| | |
|---|---|
| kicks recognised as kicks | {share_in_words(guess[is_kick] == kick)} |
| the same, interval over sources | {by_source(guess[is_kick] == kick, sources[is_kick])} |
| other drums taken for kicks | {share_in_words(guess[~is_kick] == kick)} |
| all types | {share_in_words(right)} |
| mean over the types | {100 * np.mean(each):.1f} % |

{int(known.sum())} of them are near-duplicates of a sound it learned from. Without these:

| | |
|---|---|
| kicks recognised as kicks | {share_in_words(guess[is_kick & ~known] == kick)} |
| other drums taken for kicks | {share_in_words(guess[~is_kick & ~known] == kick)} |
| all types | {share_in_words(right[~known])} |

Rows: what it is; columns: what it is taken for.

| | {" | ".join(TYPE_NAMES)} | right |
|---|{"--:|" * (len(TYPE_NAMES) + 1)}
{rows([f"**{name}**", *line, f"{100 * r:.0f} %"] for name, line, r in zip(TYPE_NAMES, table, each, strict=False))}

Taken for kicks, by folder: {", ".join(taken)}."""


def by_source(hits: np.ndarray, sources: np.ndarray) -> str:
    """A share with its 95 % interval over sources, in percent."""
    share, low, high = share_by_source(hits, sources)
    return f"{share:.1f} % ({low:.1f} to {high:.1f}), {len(np.unique(sources))} sources"


def rows(cells: Iterable[Sequence[object]]) -> str:
    """Lines of a Markdown table."""
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in cells)


def near_learned(learned: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """[n] bool: unseen sounds that share a group with a sound that was learned from."""
    joined = near_duplicate_groups(np.concatenate([learned, unseen]))
    return np.isin(joined[len(learned) :], joined[: len(learned)])


def made_sounds(classifier: DrumClassifier, kicks: np.ndarray, hits: np.ndarray) -> str:
    """A table of made sounds: the share of each kind that is taken for kicks."""
    seeds = range(FRESH_SEEDS, FRESH_SEEDS + 40 * len(NONDRUM_KINDS))
    broken, kinds = nondrums(seeds, hits), np.array([kind_of(seed) for seed in seeds])
    made = {
        "rendered kicks": synthesise(range(FRESH_SEEDS, FRESH_SEEDS + MADE))[0],
        **{
            f"the unseen kicks, {n:+d} semitones": np.stack([repitch(wave, float(n)) for wave in kicks])
            for n in SEMITONES
        },
        **{f"no drum: {name}": broken[kinds == name] for name in NONDRUM_KINDS},
    }
    kick = TYPE_NAMES.index(KICK)
    return f"""| made sounds | recognised as kicks |
|---|---|
{rows([name, share_in_words(classifier.classify(waves).types == kick)] for name, waves in made.items())}"""


def spread_of_kicks(points: np.ndarray, waves: np.ndarray) -> str:
    """What the embedding still knows of a kick, by cross-validated linear regression of the kick card."""
    values = np.linalg.eigvalsh(np.cov(points.T.astype(np.float64)))[::-1]
    axes = int((np.cumsum(values) / values.sum() < 0.95).sum()) + 1
    table, found = cards(waves).values, []
    for name in READ_FIELDS:
        goal = table[name].astype(np.float64)
        goal = np.log(np.maximum(goal, 1e-2)) if name.endswith(("_hz", "_ms")) else goal
        known = np.isfinite(goal)
        found.append(f"{name} {explained(points[known], goal[known]):.2f}")
    return f"""Kicks do not fall onto one point: {axes} axes hold 95 % of the variance of the unseen kicks, and linear
regression on the embedding explains of their cards (R2 on sounds it was not fitted to): {", ".join(found)}."""


def explained(points: np.ndarray, goal: np.ndarray, folds: int = 5) -> float:
    """Share of the variance of goal [n] that ridge regression on points [n, D] predicts of sounds it has not seen."""
    x = np.concatenate([(points - points.mean(0)) / points.std(0).clip(1e-6), np.ones((len(points), 1))], axis=1)
    fold, guess = np.arange(len(x)) % folds, np.empty(len(x))
    for k in range(folds):
        a, b = x[fold != k], goal[fold != k]
        guess[fold == k] = x[fold == k] @ np.linalg.solve(a.T @ a + 3 * np.eye(x.shape[1]), a.T @ b)
    return 1 - float(((goal - guess) ** 2).mean() / goal.var())


CARD_LIMITS = """## Limits

- Drum machines and a few acoustic sets: hardly any processed, layered or genre-specific percussion was heard.
- Hats, cymbals, rims and percussion are confused with each other; `kick score` makes no use of those names.
- What is no drum hit is known by the kinds above. Another kind of broken sound may pass for a drum.
- Only the first 500 ms are heard.

Licence of the weights: MIT, as the code. The sources above set no conditions."""
