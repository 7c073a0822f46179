"""A model file played by ONNX Runtime: numpy in, numpy out, no torch.

    eps [n, noise_size] -> waveform [n, channels, T]
    eps [n, noise_size], latent [n, latent_size], given [n, 1], knobs [n, k] -> waveform [n, channels, T], place [n, ..]

A graph calls its controls `knobs` and the latent that it gives back `place`: names in files, which stay. eps is noise.

One thread a call, and many calls at once from many threads. Eight kicks a call are quicker than eight calls, but a kick
has to be the same samples alone and among others, to the last bit. Graphs are written so that it is; as that is in the
hands of the processor and of ONNX Runtime as well, the first eight are played both ways, and where a bit differs this
and all others are played one by one. What is left of a number that eight does not divide is too.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np

from kickitout.errors import UserError
from kickitout.generation.graph import graph_identity, open_graph, read_graph, run_graph
from kickitout.generation.model import METADATA_KEY, ModelInfo, Played, as_row, check_latent

TOGETHER = 8  # kicks a call


class OnnxModel:
    """A graph and what its metadata say."""

    def __init__(self, path: Path) -> None:
        data = read_graph(path)
        refusal = f"{path}: not a model that can be played (damaged or incomplete ONNX); {_WORKS}"
        self._session = open_graph(data, refusal)
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise UserError(f"{path}: an ONNX file, but not one that kickitout made; {_WORKS}")
        self.info = ModelInfo.from_json(metadata[METADATA_KEY], str(path))
        self._fails = f"{path}: its graph fails when it is played (damaged ONNX); {_WORKS}"
        self.digest = graph_identity(data, refusal)
        self.path: Path | None = path
        self.together: bool | None = None  # whether eight a call are the same as alone; None: not tried yet
        self._lock = Lock()
        inputs = {i.name: i.shape[1:] for i in self._session.get_inputs()}
        outputs = [o.shape[1:] for o in self._session.get_outputs()]
        info = self.info
        wanted, made = {"eps": [info.noise_size]}, [[info.channels, info.length]]
        if info.latent_size:
            wanted |= {"latent": [info.latent_size], "given": [1], "knobs": [len(info.controls)]}
            made.append([info.latent_size])
        if inputs != wanted or outputs != made:
            raise UserError(f"{path}: its graph does not fit its metadata; export the model again")

    def play(self, eps: np.ndarray) -> np.ndarray:
        out = np.empty((len(eps), self.info.channels, self.info.length), np.float32)
        for first in range(0, len(eps), TOGETHER):
            rows, kicks = eps[first : first + TOGETHER], out[first : first + TOGETHER]
            if len(rows) == TOGETHER and self.together:
                kicks[:] = self._run(rows)[0]
                continue
            for i in range(len(rows)):
                kicks[i] = self._run(rows[i : i + 1])[0][0]
            if len(rows) == TOGETHER and self.together is None:
                self._try_together(rows, kicks)
        return out

    def _try_together(self, eps: np.ndarray, alone: np.ndarray) -> None:
        try:
            same = np.array_equal(self._run(eps)[0], alone)
        except UserError:  # a graph for one kick a call
            same = False
        with self._lock:
            self.together = same and self.together is not False  # what one thread has seen, none forgets

    def render(
        self, noise: np.ndarray | None = None, latent: np.ndarray | None = None, controls: np.ndarray | None = None
    ) -> Played:
        if latent is not None or (controls is not None and np.any(controls)):
            check_latent(self.info)
        noise = np.zeros((1, self.info.noise_size), np.float32) if noise is None else noise
        wave, found = self._run(noise, latent, controls)
        return Played(wave[0], found[0])

    def _run(
        self, eps: np.ndarray, latent: np.ndarray | None = None, controls: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Waveforms [n, channels, T] and latents [n, latent_size], empty for a graph without; a latent and controls are
        those of all n."""
        info, n = self.info, len(eps)
        feed = {"eps": eps}
        if not info.latent_size:
            (waves,) = run_graph(self._session, feed, self._fails)
            return self._checked(waves, n), np.zeros((n, 0), np.float32)
        feed["latent"] = as_row(latent, info.latent_size).repeat(n, axis=0)
        feed["given"] = np.full((n, 1), float(latent is not None), np.float32)
        feed["knobs"] = as_row(controls, len(info.controls)).repeat(n, axis=0)
        waves, found = run_graph(self._session, feed, self._fails)
        return self._checked(waves, n), found

    def _checked(self, waves: np.ndarray, count: int) -> np.ndarray:
        if waves.shape != (count, self.info.channels, self.info.length):
            raise UserError(self._fails)
        return waves


_WORKS = "give a model.onnx that `kick train` or `kick export` wrote, a run folder, or 'default'"
