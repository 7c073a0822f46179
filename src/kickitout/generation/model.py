"""What every model that can be played has in common, whatever runs it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kickitout.errors import UserError
from kickitout.sound import LENGTH, SAMPLE_RATE

FORMAT = "kickitout-model-1"
LARGEST_LATENT = 4097  # numbers of noise a sound
LARGEST_FILE = 512 * 2**20  # bytes: a file that is larger was never written by this project
METADATA_KEY = "kickitout"  # under which a model file keeps the JSON of its ModelInfo


@dataclass(frozen=True)
class ModelInfo:
    """The metadata inside a model file."""

    name: str
    latent: int
    channels: int = 1  # 1 mono, 2 left and right
    sample_rate: int = SAMPLE_RATE
    length: int = LENGTH
    version: str = ""  # of the kickitout that wrote it
    step: int = 0
    recipe: dict[str, Any] = field(default_factory=dict)
    corpus: dict[str, Any] = field(default_factory=dict)  # digest, number of kicks, sources and licences
    format: str = FORMAT

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, where: str) -> ModelInfo:
        """Raises UserError when the text is not the metadata of a model that this version can play."""
        try:
            data = json.loads(text)
            if data.get("format") != FORMAT:
                raise UserError(
                    f"{where}: written in format {data.get('format')!r} and this version reads {FORMAT!r}; "
                    "export it again with this version"
                )
            info = cls(**{f.name: data[f.name] for f in fields(cls) if f.name in data})
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError(f"{where}: its metadata is damaged; export the model again") from error
        whole = all(isinstance(v, int) for v in (info.latent, info.channels, info.length, info.sample_rate))
        if not whole or not 1 <= info.latent <= LARGEST_LATENT or info.channels not in (1, 2) or info.length != LENGTH:
            raise UserError(f"{where}: its metadata asks for sizes no model has; export the model again")
        return info


def check_size(path: Path) -> None:
    """Raises UserError for a file too large to be a model, before any of it is read; OSError when it is not there."""
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"{path}: over {LARGEST_FILE >> 20} MiB, no model is that large; give a model file")


class Model(Protocol):
    """A model that can be played."""

    info: ModelInfo
    digest: str  # sha256 of the file, hex; empty for a model that is still training

    def play(self, eps: np.ndarray) -> np.ndarray:
        """One kick: standard normal noise [1, latent] float32 -> [channels, T] float32. Safe from several threads."""
        ...


def render(model: Model, seeds: Sequence[int]) -> np.ndarray:
    """[n, channels, T]: one kick a seed, each played alone, so that its neighbours cannot change it."""
    from kickitout.generation.noise import normal

    eps = normal(seeds, model.info.latent)
    out = np.empty((len(seeds), model.info.channels, model.info.length), np.float32)
    for i in range(len(seeds)):
        out[i] = model.play(eps[i : i + 1])
    return out
