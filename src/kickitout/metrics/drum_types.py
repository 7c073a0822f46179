"""The drum-type network in the package: what a sound is taken for, and 64 numbers that describe it.

Its card, model_files/drum_types.md, says what it learned from and how often it is right. Numbers are comparable only
within one version of its file.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kickitout.errors import UserError
from kickitout.generation.graph import open_graph, read_graph
from kickitout.package import package_folder
from kickitout.stored import upgraded

NAME = "drum-type-1"
METADATA = "kickitout-drum-types"  # key of the JSON in the file: types, dataset, settings
KICK_TYPE = "kick"


class DrumTypes(NamedTuple):
    """n sounds, a row each."""

    embedding: np.ndarray  # float32 [n, 64]
    logits: np.ndarray  # float32 [n, types]

    @property
    def types(self) -> np.ndarray:
        """[n] which type each sound is most likely of, as an index into `DrumClassifier.names`."""
        return self.logits.argmax(axis=1)


class DrumClassifier:
    """The network in a file. Raises UserError when it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        refusal = f"{path}: not a drum-type network, or damaged; kick lab measure drum-types makes one"
        self._session = open_graph(read_graph(path), refusal)
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA not in metadata:
            raise UserError(refusal)
        self.about: dict[str, Any] = upgraded(json.loads(metadata[METADATA]))
        self.names: list[str] = self.about["types"]  # of the types, in the order of the logits

    def classify(self, waves: np.ndarray) -> DrumTypes:
        """[n, 22050] waveforms with their onset at ONSET, n >= 1. One by one: no neighbour changes a digit."""
        rows = waves.astype(np.float32)[:, None]
        parts = [self._session.run(["embedding", "logits"], {"waveform": row}) for row in rows]
        return DrumTypes(np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))


@functools.cache
def packaged() -> DrumClassifier:
    """The network of the package."""
    return DrumClassifier(package_folder("model_files") / "drum_types.onnx")


def classify(waves: np.ndarray) -> DrumTypes:
    """[n, 22050] through the network of the package."""
    return packaged().classify(waves)


def embed_types(waves: np.ndarray) -> np.ndarray:
    """[n, 22050] -> [n, 64]."""
    return classify(waves).embedding
