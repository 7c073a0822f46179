"""A model file played by ONNX Runtime: numpy in, numpy out, no torch.

    eps [1, latent] -> waveform [1, channels, T]
    eps [1, latent], latent [1, places], given [1, 1], knobs [1, n] -> waveform [1, channels, T], place [1, places]

One kick a call on one thread: the arithmetic is the same whether a kick is asked for alone or with a thousand others,
and many kicks run on many threads at once, which on a CPU is as fast as a batch.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from kickitout.errors import UserError
from kickitout.generation.graph import open_graph, read_graph, run_graph
from kickitout.generation.model import METADATA_KEY, ModelInfo, Played, as_row, refuse_turning


class OnnxModel:
    """Plays `eps [1, latent] -> waveform [1, channels, T]`."""

    def __init__(self, path: Path) -> None:
        data = read_graph(path)
        self._session = open_graph(
            data, f"{path}: not a model that can be played (damaged or incomplete ONNX); {_WORKS}"
        )
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise UserError(f"{path}: an ONNX file, but not one that kickitout made; {_WORKS}")
        self.info = ModelInfo.from_json(metadata[METADATA_KEY], str(path))
        self._fails = f"{path}: its graph fails when it is played (damaged ONNX); {_WORKS}"
        self.digest = hashlib.sha256(data).hexdigest()
        self.path: Path | None = path
        inputs = {i.name: i.shape[1:] for i in self._session.get_inputs()}
        outputs = [o.shape[1:] for o in self._session.get_outputs()]
        info = self.info
        wanted, made = {"eps": [info.latent]}, [[info.channels, info.length]]
        if info.places:
            wanted |= {"latent": [info.places], "given": [1], "knobs": [len(info.knobs)]}
            made.append([info.places])
        if inputs != wanted or outputs != made:
            raise UserError(f"{path}: its graph does not fit its metadata; export the model again")

    def play(self, eps: np.ndarray) -> np.ndarray:
        return self.turn(eps).wave

    def turn(
        self, eps: np.ndarray | None = None, place: np.ndarray | None = None, knobs: np.ndarray | None = None
    ) -> Played:
        info = self.info
        feed = {"eps": np.zeros((1, info.latent), np.float32) if eps is None else eps}
        if not info.places:
            refuse_turning(info, place, knobs)
            (wave,) = run_graph(self._session, feed, self._fails)
            return Played(wave[0], np.zeros(0, np.float32))
        feed["latent"] = as_row(place, info.places)
        feed["given"] = np.full((1, 1), float(place is not None), np.float32)
        feed["knobs"] = as_row(knobs, len(info.knobs))
        wave, found = run_graph(self._session, feed, self._fails)
        return Played(wave[0], found[0])


_WORKS = "give a model.onnx that `kick train` or `kick export` wrote, a run folder, or 'default'"
