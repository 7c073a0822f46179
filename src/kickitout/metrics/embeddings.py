"""The embeddings that scores are made in, and how a user names them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.errors import UserError
from kickitout.metrics import drum_types, embedding
from kickitout.metrics.encoder import OnnxEncoder


class Embedding(NamedTuple):
    """Any map from sounds to points; scores are comparable only within one."""

    name: str  # with its version
    embed: Callable[[np.ndarray], np.ndarray]  # [n, T] -> [n, D], finite
    unit: str = ""  # of a root-mean-square difference of two points, if it has one
    squared: str = ""
    about: str = ""  # where it comes from, and what it does to a sound before it reads it


BANDS = Embedding(
    embedding.BANDS_VERSION, embedding.embed_bands, "dB a cell", "dB^2 a cell", "levels in bands, nothing learned"
)
DRUM_TYPES = Embedding(drum_types.NAME, drum_types.embed_types, about="the drum-type network of the package")
DEFAULTS = (BANDS, DRUM_TYPES)
KNOWN_EMBEDDINGS = {"bands": BANDS, "drum-type": DRUM_TYPES}
ELSEWHERE = ("clap", "vggish", "panns")


def find_embeddings(names: Sequence[str], rate: int | None = None) -> tuple[Embedding, ...]:
    """The embeddings called "bands" or "drum-type", or in ONNX files (see `encoder`); rate: of the files, in Hz.

    Raises UserError for what cannot be had. Nothing is ever downloaded.
    """
    found = []
    for name in dict.fromkeys(names):
        if name in KNOWN_EMBEDDINGS:
            found.append(KNOWN_EMBEDDINGS[name])
        elif Path(name).suffix.lower() == ".onnx":
            mine = OnnxEncoder(Path(name), rate)
            found.append(Embedding(mine.name, mine.embed, about=mine.about))
        elif name.lower() in ELSEWHERE:
            raise UserError(
                f"--embedding {name}: it is not in this package and never downloaded; export your own copy of it as "
                f"ONNX, waveform [B, T] -> embedding [B, D], and give the file: --embedding {name.lower()}.onnx"
            )
        else:
            raise UserError(f"--embedding {name}: not known; {', '.join(KNOWN_EMBEDDINGS)} or a FILE.onnx work")
    if rate is not None and all(e in KNOWN_EMBEDDINGS.values() for e in found):
        raise UserError(f"--embedding-rate {rate}: it belongs to an embedding in a FILE.onnx, and there is none")
    return tuple(found)
