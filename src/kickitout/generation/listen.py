"""From a finished kick to its place in a model, so that it can be made again, varied and morphed.

The model's encoder says about where a kick lies; then the place is moved in small random steps that are kept if the
model's kick sounds more like the given one. The same kick gives the same place, whatever was asked before.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.card.contour import SIZE, contours
from kickitout.errors import UserError
from kickitout.generation.graph import open_graph, read_graph
from kickitout.generation.load import find_model_file
from kickitout.generation.model import METADATA_KEY, Model
from kickitout.generation.noise import normal
from kickitout.sound import LENGTH, PEAK

STEPS = 60  # tries to come closer
FIRST_STEP = 0.3  # deviations of a latent
WINDOWS = (2048, 512, 128)  # samples, of the spectra that are compared
FLOOR = 1e-3  # re the largest magnitude of the kick: -60 dB


class Heard(NamedTuple):
    """A kick's place: place [places]; before and after: how far the spectra of the first
    guess and of the last are from the kick's, in dB, see `_distance`."""

    place: np.ndarray
    before: float
    after: float


class Ear:
    """The encoder that belongs to a model file: `wave [1, T], contour [1, 9] -> place [1, known]`."""

    def __init__(self, path: Path) -> None:
        refusal = f"{path}: not an encoder (damaged or incomplete ONNX); export the model again"
        self._session = open_graph(read_graph(path), refusal)
        inputs = {i.name: i.shape[1:] for i in self._session.get_inputs()}
        known = METADATA_KEY in self._session.get_modelmeta().custom_metadata_map
        if not known or inputs != {"wave": [LENGTH], "contour": [SIZE]}:
            raise UserError(f"{path}: an ONNX file, but not an encoder that kickitout made; export the model again")

    def place(self, wave: np.ndarray) -> np.ndarray:
        """[T], prepared -> [known]."""
        row = np.ascontiguousarray(wave[None], np.float32)
        (found,) = self._session.run(None, {"wave": row, "contour": contours(row).numbers})
        return found[0]


def ear_beside(model: Path) -> Path:
    """Where the encoder of a model file is, if it has one."""
    return model.with_name(model.name.removesuffix(model.suffix) + ".encoder.onnx")


def find_ear(model: str | Path) -> Path:
    """The encoder's file of a model file, of the run folder it lies in, or of "default". Raises UserError."""
    path = find_model_file(Path(model))
    ear = ear_beside(path)
    if not ear.exists():
        raise UserError(
            f"{path}: no encoder beside it ({ear.name}), so it can't start from a sound; KickGAN models can"
        )
    return ear


def hear(model: Model, ear: Ear, wave: np.ndarray, steps: int = STEPS) -> Heard:
    """The place in `model` whose kick is most like `wave` [T] (prepared: see `kickitout.corpus.prepare`)."""
    wave = np.ascontiguousarray(wave, np.float32)
    digest = hashlib.sha256(wave.tobytes()).digest()
    seed = int.from_bytes(digest[:6], "little")
    info = model.info
    known = info.places - info.grain
    place = np.concatenate([ear.place(wave), normal([seed], info.grain)[0]]).astype(np.float32)
    wanted = _spectra(wave)
    distance = before = _distance(wanted, _spectra(model.turn(place=place).wave.mean(axis=0)))
    draws = normal(range(seed, seed + steps), known) if steps else np.zeros((0, known))
    reach = FIRST_STEP
    for draw in draws:
        step = np.concatenate([reach * draw / np.sqrt(known / 4), np.zeros(info.grain)]).astype(np.float32)
        step[:SIZE] = 0  # the contour was measured, and spectra would not tell its octave
        for way in (step, -step):
            tried = place + way
            found = _distance(wanted, _spectra(model.turn(place=tried).wave.mean(axis=0)))
            if found < distance:
                place, distance, reach = tried, found, reach * 1.3
                break
        else:
            reach *= 0.93
    return Heard(place, before, distance)


def _spectra(wave: np.ndarray) -> list[np.ndarray]:
    """Log magnitudes in dB, [frames, bins], one array a window; windows overlap by half."""
    wave = wave * (PEAK / max(float(np.abs(wave).max()), 1e-9))
    found = []
    for size in WINDOWS:
        frames = np.lib.stride_tricks.sliding_window_view(np.pad(wave, size // 2), size)[:: size // 2]
        magnitude = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) * (4 / size)
        found.append(20 * np.log10(magnitude + FLOOR))
    return found


def _distance(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    """Mean absolute difference in dB over the windows; what lies below FLOOR in both differs by nothing."""
    return float(np.mean([np.abs(x - y).mean() for x, y in zip(a, b, strict=True)]))


def open_kick(path: Path) -> np.ndarray:
    """A sound file as a model hears it: [T], prepared. Raises UserError for what is no single kick."""
    from kickitout.audio import open_for_reading

    with open_for_reading(path) as file:
        return decode_kick(file.read(), str(path))


def decode_kick(data: bytes, name: str) -> np.ndarray:
    """The bytes of a sound file as `open_kick` has them. name: begins every message."""
    from kickitout.audio import decode_sound
    from kickitout.corpus.prepare import prepare

    try:
        return np.asarray(prepare(decode_sound(data, name)).mid)
    except UserError as error:
        text = str(error)
        raise error if name in text else UserError(f"{name}: {text}") from error


def find_place(model: Model, name: str | Path, sound: Path) -> tuple[np.ndarray, str]:
    """The place of a sound file in a model, and a sentence on how near the model comes to it.

    A file that this model made says its own place; any other is heard. name: where the model is, for its encoder.
    """
    from kickitout.audio import read_comment
    from kickitout.generation.remake import place_of

    if not model.info.places:
        raise UserError(
            f"model {model.info.name}: it makes kicks from seeds alone; the default model can start from a sound"
        )
    made_here = place_of(read_comment(sound), model)
    if made_here is not None:
        return made_here, "made by this model, so its place is known"
    heard = hear(model, Ear(find_ear(name)), open_kick(sound))
    return heard.place, f"made again, spectra {heard.after:.1f} dB apart on average (above -60 dB)"
