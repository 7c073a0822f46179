"""Write the audio fingerprints of the kicks that a model learned from.

    kick lab measure fingerprints FOLDER -o src/kickitout/model_files/default.learned.json

`kick train` writes those of a run by itself. Prints how well they tell copies that were changed as
`copies-trial` changes them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kickitout.datasets.build import read_dataset
from kickitout.files import write_whole
from kickitout.generation.generate import generate
from kickitout.metrics.fingerprints import Learned, fingerprint_distances, fingerprints
from kickitout.metrics.memorisation import CopyDetector
from kicklab.experiments.copies_trial import CHANGES

COMPARED = 128  # sounds of the model in the package, to compare both distances


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, default=None)


def run(args: argparse.Namespace) -> Iterator[str]:
    dataset = read_dataset(args.sounds)
    learned = Learned.of_dataset(dataset)
    data = learned.to_bytes()
    if args.out:
        yield str(write_whole(args.out, data))
    yield "```"
    limit = "no limit" if learned.threshold is None else f"limit {learned.threshold:.4f}"
    yield f"{len(dataset)} kicks, dataset digest {dataset.digest[:12]}, {len(data) / 1000:.0f} kB, {limit}"
    for name, change in CHANGES.items():
        copies = np.array([change(wave) for wave in dataset.waves], np.float32)
        found = fingerprint_distances(fingerprints(copies), learned.prints)
        right = np.mean(found.argmin(axis=1) == np.arange(len(dataset)))
        below = 0.0 if learned.threshold is None else np.mean(found.min(axis=1) < learned.threshold)
        yield f"  {name:34s} called copies {below:7.2%}, of the right kick {right:7.2%}"
    waves = generate(range(COMPARED))
    sounds = CopyDetector.of(dataset.waves, dataset.groups)
    exact = np.array([sounds.nearest(wave)[1] for wave in waves])
    rough = fingerprint_distances(fingerprints(waves), learned.prints).min(axis=1)
    apart = np.abs(rough - exact)
    yield (
        f"  {COMPARED} sounds of the model: {np.median(apart):.3f} from the memorisation distance (median; "
        f"95 % within {np.quantile(apart, 0.95):.3f}); correlation {np.corrcoef(rough, exact)[0, 1]:.3f}"
    )
    yield "```"
