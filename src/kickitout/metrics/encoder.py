"""Bring your own encoder: any ONNX graph that turns sounds into points.

    one input   float32 [B, T], waveforms in [-1, 1], mono; B free or 1, T free or fixed
    an output   float32 [B, D], D >= 2: the only one of that shape, or the one called "embedding"
    a rate      the sample rate it was made for, in Hz: as metadata `sample_rate` in the file, or told beside it

A sound is resampled to that rate (soxr VHQ), then padded with silence at its end, or cut, to a fixed T; what was done
is part of `about`. Sounds go in one by one: no neighbour, and no batch size, can change a digit.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.audio import resample
from kickitout.errors import UserError
from kickitout.generation.graph import open_graph, read_graph
from kickitout.generation.model import METADATA_KEY
from kickitout.sound import LENGTH, SAMPLE_RATE

RATE_KEY = "sample_rate"
RATES_HZ = (8000, 192_000)
_ENCODER_WORKS = "an encoder takes waveforms, float32 [B, T], and gives points, float32 [B, D]"


class OnnxEncoder:
    """The graph in a file. rate: in Hz, where the file does not say it. Raises UserError when it is not an encoder."""

    def __init__(self, path: Path, rate: int | None = None) -> None:
        data = read_graph(path)
        self._session = open_graph(data, f"{path}: not an ONNX graph that can be run here; {_ENCODER_WORKS}")
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY in metadata:
            raise UserError(f"{path}: this model makes kicks and cannot embed them; {_ENCODER_WORKS}")
        self._path, self._told = path, rate
        self._input, samples = self._checked_input()
        self._output = self._checked_output()
        self.rate = _known_rate(path, metadata.get(RATE_KEY), rate)
        self._samples = samples or len(resample(np.zeros(LENGTH, np.float32), SAMPLE_RATE, self.rate))
        digest = hashlib.sha256(data).hexdigest()
        told = "" if RATE_KEY in metadata else f"-{self.rate}Hz"  # without it one name would have two meanings
        self.name = f"{path.stem}-{digest[:8]}{told}"
        numbers = self.embed(_short_sound()).shape[1]
        self.about = f"{path.name}, sha256 {digest[:16]}, {self.rate} Hz, {self._fitted()}, {numbers} numbers"

    def __reduce__(self) -> tuple[Any, ...]:
        """What is sent to a worker: where the file is."""
        return _open_once, (self._path, self._told, self.name)

    def embed(self, waves: np.ndarray) -> np.ndarray:
        """[n, T] waveforms at 44.1 kHz -> [n, D]."""
        return np.concatenate([self._one(wave) for wave in waves])

    def _one(self, wave: np.ndarray) -> np.ndarray:
        sound = resample(wave, SAMPLE_RATE, self.rate)[: self._samples]
        sound = np.pad(sound, (0, self._samples - len(sound)))[None]
        try:
            (point,) = self._session.run([self._output], {self._input: sound})
        except Exception as error:  # onnxruntime raises types of its own
            raise UserError(
                f"{self._path}: it cannot take a sound of {self._samples} samples; {_ENCODER_WORKS}"
            ) from error
        if point.ndim != 2 or len(point) != 1 or point.shape[1] < 2:
            raise UserError(f"{self._path}: one sound gives {list(point.shape)}; {_ENCODER_WORKS}")
        if not np.isfinite(point).all():
            raise UserError(f"{self._path}: a sound gives numbers that are not finite; does it take {self.rate} Hz?")
        return point

    def _checked_input(self) -> tuple[str, int | None]:
        """Its name and T, None where that is free."""
        inputs = self._session.get_inputs()
        found = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
        if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape) != 2:
            raise UserError(f"{self._path}: takes {found or 'nothing'}; {_ENCODER_WORKS}")
        batch, samples = inputs[0].shape
        if isinstance(batch, int) and batch != 1:
            raise UserError(f"{self._path}: takes {found}, and sounds go in one by one; export it with B free or 1")
        return inputs[0].name, samples if isinstance(samples, int) else None

    def _checked_output(self) -> str:
        outputs = self._session.get_outputs()
        fitting = [o.name for o in outputs if o.type == "tensor(float)" and len(o.shape) == 2]
        if "embedding" in fitting:
            return "embedding"
        if len(fitting) != 1:
            found = ", ".join(f"{o.name} {o.type} {o.shape}" for o in outputs)
            raise UserError(f'{self._path}: gives {found}; {_ENCODER_WORKS}, as its only one or called "embedding"')
        return str(fitting[0])

    def _fitted(self) -> str:
        sound, taken = LENGTH / SAMPLE_RATE, self._samples / self.rate
        if abs(taken - sound) < 1e-3:
            return f"sounds of {sound:.3f} s"
        return f"sounds of {sound:.3f} s {'padded with silence' if taken > sound else 'cut'} to {taken:.3f} s"


@functools.lru_cache(maxsize=4)
def _open_once(path: Path, rate: int | None, name: str) -> OnnxEncoder:
    """Once in a process."""
    encoder = OnnxEncoder(path, rate)
    if encoder.name != name:
        raise UserError(f"{path}: a worker has another file under this name; the workers need to share it")
    return encoder


def _known_rate(path: Path, inside: str | None, told: int | None) -> int:
    if inside is None and told is None:
        raise UserError(
            f"{path}: its sample rate is not known; say it as the embedding rate, "
            f"or write it into the file as metadata {RATE_KEY!r}"
        )
    try:
        rate = told if inside is None else int(inside)
    except ValueError as error:
        raise UserError(f"{path}: its metadata says {RATE_KEY}={inside!r}; a whole number of Hz works") from error
    assert rate is not None
    if told is not None and told != rate:
        raise UserError(f"{path}: made for {rate} Hz, as its metadata says, and the embedding rate says {told}")
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        raise UserError(f"{path}: a sample rate of {rate} Hz; {RATES_HZ[0]} to {RATES_HZ[1]} Hz work")
    return rate


def _short_sound() -> np.ndarray:
    """[1, LENGTH] a short sound: what is wrong with a graph shows before anything is measured."""
    t = np.arange(LENGTH) / SAMPLE_RATE
    return (np.sin(2 * np.pi * 60 * t) * np.exp(-t / 0.1)).astype(np.float32)[None]
