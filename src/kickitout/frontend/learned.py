"""What a model learned from, and what of it is nearest to a sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kickitout.generation.model import Model
from kickitout.generation.tail import first_half_second
from kickitout.metrics.fingerprints import Learned, learned_file, read_learned
from kickitout.metrics.memorisation import CopyDetector


class TrainingKicks:
    """The sounds that a model learned from, in a folder. digest: of the dataset; threshold: below it a sound is a
    near-duplicate, None where too few are known to say. Raises UserError for a folder without kicks."""

    def __init__(self, folder: Path) -> None:
        dataset = read_dataset([folder])
        self.digest = dataset.digest
        self._waves = dataset.waves
        self._names = [row.name for row in dataset.rows]
        self._library = CopyDetector.of(dataset.waves, dataset.groups)
        self.threshold = self._library.threshold

    def nearest(self, wave: np.ndarray) -> tuple[str, float, np.ndarray]:
        """Name, distance (0 to 1) and wave [22050] of the kick that is nearest to the first half second of a wave
        [T]."""
        index, distance = self._library.nearest(first_half_second(wave))
        return self._names[index], distance, self._waves[index]


def find_learned(model: Model) -> Learned | str:
    """The fingerprints of what a model learned from, or the sentence that says why there are none. Raises UserError for
    nothing."""
    way_out = "; a studio that is started with the folder of them compares with the kicks themselves"
    path = None if model.path is None else learned_file(model.path)
    if path is None or not path.exists():
        return f"no fingerprints of its training kicks lie beside this model{way_out}"
    try:
        learned = read_learned(path)
    except UserError as error:
        return f"{error}{way_out}"
    if learned.digest != model.info.dataset.get("digest"):
        return f"{path.name} is of other kicks than this model learned from{way_out}"
    return learned
