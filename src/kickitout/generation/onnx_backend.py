"""A model file played by ONNX Runtime: numpy in, numpy out, no torch.

    eps [n, noise_size] -> waveform [n, channels, T]
    eps [n, noise_size], latent [n, latent_size], given [n, 1], knobs [n, k] -> waveform [n, channels, T], place [n, ..]

Where something is drawn, the graph is opened a second time, with the inputs for it (`drawable`).

A graph calls its controls `knobs` and the latent that it gives back `place`: names in files, which stay. eps is noise.

One thread a call, and many calls at once from many threads. Eight kicks a call are quicker than eight calls, but a kick
has to be the same samples alone and among others, to the last bit. Graphs are written so that it is; as that is in the
hands of the processor and of ONNX Runtime as well, the first eight are played both ways, and where a bit differs this
and all others are played one by one. What is left of a number that eight does not divide is too.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from kickitout.errors import UserError
from kickitout.generation.drawable import Drawing, drawable
from kickitout.generation.graph import graph_identity, open_graph, read_graph, run_graph
from kickitout.generation.model import METADATA_KEY, ModelInfo, Played, as_row, check_latent, no_contour
from kickitout.models.controls import CONTROLS

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
        self.path: Path | None = path.absolute()  # what lies beside it is found from another working folder too
        self._drawn: Any = None  # the session whose pitch can be drawn, once it was needed
        self.together: bool | None = None  # whether eight a call are the same as alone; None: not tried yet
        self.moved_together: bool | None = None  # the same with controls moved
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

    def play(self, eps: np.ndarray, controls: np.ndarray | None = None) -> np.ndarray:
        out = np.empty((len(eps), self.info.channels, self.info.length), np.float32)
        if controls is not None and self.moved_together is None and len(eps) >= TOGETHER:
            self._try_moved_together(eps[:TOGETHER])
        for first in range(0, len(eps), TOGETHER):
            rows, kicks = eps[first : first + TOGETHER], out[first : first + TOGETHER]
            moved = None if controls is None else controls[first : first + TOGETHER]
            if len(rows) == TOGETHER and (self.together if moved is None else self.moved_together):
                kicks[:] = self._run(rows, controls=moved)[0]
                continue
            kicks[:] = self._alone(rows, moved)
            if len(rows) == TOGETHER and self.together is None and moved is None:
                same = self._same_together(rows, kicks)
                with self._lock:
                    self.together = same and self.together is not False  # what one thread has seen, none forgets
        return out

    def _alone(self, eps: np.ndarray, controls: np.ndarray | None) -> np.ndarray:
        rows = [None] * len(eps) if controls is None else [row[None] for row in controls]
        return np.concatenate([self._run(eps[i : i + 1], controls=row)[0] for i, row in enumerate(rows)])

    def _try_moved_together(self, eps: np.ndarray) -> None:
        """The same with every control moved: drive has a tanh that is none at 0 dB."""
        spans = {control.name: (control.low, control.high) for control in CONTROLS}
        low, high = np.array([spans.get(name, (-1.0, 1.0)) for name in self.info.controls]).T
        rows = (low + (high - low) * np.linspace(0, 1, len(eps))[:, None]).astype(np.float32)
        same = self._same_together(eps, self._alone(eps, rows), rows)
        with self._lock:
            self.moved_together = same and self.moved_together is not False

    def _same_together(self, eps: np.ndarray, alone: np.ndarray, controls: np.ndarray | None = None) -> bool:
        try:
            return np.array_equal(self._run(eps, controls=controls)[0], alone)
        except UserError:  # a graph for one kick a call
            return False

    def render(
        self, noise: np.ndarray | None = None, latent: np.ndarray | None = None, controls: np.ndarray | None = None,
        drawing: Drawing | None = None,
    ) -> Played:  # fmt: skip
        if latent is not None or (controls is not None and np.any(controls)):
            check_latent(self.info)
        noise = np.zeros((1, self.info.noise_size), np.float32) if noise is None else noise
        latent = None if latent is None else as_row(latent, self.info.latent_size)
        row = as_row(controls, len(self.info.controls))
        wave, found = self._run(noise, latents=latent, controls=row, drawing=drawing)
        return Played(wave[0], found[0])

    def _drawable(self) -> Any:
        """The graph with the inputs of a drawing. Raises UserError for one that has no contour, and for a file that was
        replaced since it was opened."""
        with self._lock:
            if self._drawn is None:
                data = None
                if self.path is not None and self.info.latent_size:
                    graph = read_graph(self.path)
                    if graph_identity(graph, self._fails) != self.digest:
                        raise UserError(f"{self.path}: holds another model than the one that was opened; open it again")
                    data = drawable(graph)
                if data is None:
                    raise no_contour(self.info)
                self._drawn = open_graph(data, self._fails)
            return self._drawn

    def _run(
        self, eps: np.ndarray, latents: np.ndarray | None = None, controls: np.ndarray | None = None,
        drawing: Drawing | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """Waveforms [n, channels, T] and latents [n, latent_size], empty for a graph without.

        latents [n, latent_size]; controls [n, K]; drawing: of a single kick.
        """
        info, n = self.info, len(eps)
        feed, session = {"eps": eps}, self._session
        if drawing is not None:
            feed, session = feed | drawing.feed(), self._drawable()
        if not info.latent_size:
            (waves,) = run_graph(self._session, feed, self._fails)
            return self._checked(waves, n), np.zeros((n, 0), np.float32)
        feed["latent"] = np.zeros((n, info.latent_size), np.float32) if latents is None else latents
        feed["given"] = np.full((n, 1), float(latents is not None), np.float32)
        feed["knobs"] = np.zeros((n, len(info.controls)), np.float32) if controls is None else controls
        waves, found = run_graph(session, feed, self._fails)
        return self._checked(waves, n), found

    def _checked(self, waves: np.ndarray, count: int) -> np.ndarray:
        if waves.shape != (count, self.info.channels, self.info.length):
            raise UserError(self._fails)
        return waves


_WORKS = "give a model.onnx that `kick train` or `kick export` wrote, a run folder, or 'default'"
