"""A model file played by ONNX Runtime: numpy in, numpy out, no torch.

One kick a call on one thread: the arithmetic is the same whether a kick is asked for alone or with a thousand others,
and many kicks run on many threads at once, which on a CPU is as fast as a batch.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from kickitout.errors import UserError
from kickitout.files import explain_os_error
from kickitout.generation.model import METADATA_KEY, ModelInfo, check_size


class OnnxModel:
    """Plays `eps [1, latent] -> waveform [1, channels, T]`."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        data = _read(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what goes wrong is said below, in one sentence
        try:
            # From bytes: a graph that points to other files on the disk is refused instead of followed.
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises types of its own, which share no base but Exception
            raise UserError(f"{path}: not a model that can be played (damaged or incomplete ONNX); {_WORKS}") from error
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise UserError(f"{path}: an ONNX file, but not one that kickitout made; {_WORKS}")
        self.info = ModelInfo.from_json(metadata[METADATA_KEY], str(path))
        self.digest = hashlib.sha256(data).hexdigest()
        inputs = [(i.name, i.shape[1:]) for i in self._session.get_inputs()]
        outputs = [o.shape[1:] for o in self._session.get_outputs()]
        if inputs != [("eps", [self.info.latent])] or outputs != [[self.info.channels, self.info.length]]:
            raise UserError(f"{path}: its graph does not fit its metadata; export the model again")

    def play(self, eps: np.ndarray) -> np.ndarray:
        (wave,) = self._session.run(None, {"eps": eps})
        return wave[0]


_WORKS = "give a model.onnx that `kick train` or `kick export` wrote, a run folder, or 'default'"


def _read(path: Path) -> bytes:
    try:
        check_size(path)
        return path.read_bytes()
    except OSError as error:
        raise explain_os_error(error, path) from error
