"""From a finished kick to its latent in a model, so that it can be reconstructed, varied and morphed.

The model's encoder says about where a kick lies; then the latent is moved until the levels of its bands are nearer
(`generation.refine`), and its pitch until the card says the same of both. The same kick gives the same latent, whatever
was asked before.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.descriptors import cards
from kickitout.descriptors.contour import SIZE, contours
from kickitout.errors import UserError
from kickitout.generation.graph import open_graph, read_graph
from kickitout.generation.model import METADATA_KEY, Model
from kickitout.generation.noise import normal
from kickitout.generation.refine import Render, levels, refine
from kickitout.identity import seed_of
from kickitout.models.files import find_model_file
from kickitout.sound import LENGTH, PEAK

REFINING_ROUNDS = 3  # of refining, some 70 renders each
TUNINGS = 6  # renders for the pitch, before it is moved in another way
CLOSE_CENTS = 1.0
FAR_CENTS = 5.0  # from here on another way is tried
MOST_CENTS = 600.0  # by which a tail is moved: beyond, card and contour speak of different partials
WINDOWS = (2048, 512, 128)  # samples, of the spectra that are compared
FLOOR_DB = -60.0  # re a sine at full scale; what is quieter counts as silence
LEAST_PEAK = 1e-3  # of a mid: a quieter one is not blown up


class Inversion(NamedTuple):
    """A kick's latent [latent_size]; before and after: how far the spectra of the first guess and of the last are from
    the kick's, in dB, see `_distance`. sound: the file or wave that was inverted; said: how near the model comes;
    model: the identity of the one that it is a latent of, "" for one that is still training."""

    latent: np.ndarray
    before: float
    after: float
    said: str = ""
    sound: str | Path | np.ndarray | None = None
    model: str = ""


OTHERS_DB = 8  # apart are two different kicks: `kick lab measure reconstruction`


def nearness(after: float) -> str:
    """How near the model comes, as a sentence."""
    return f"reconstructed, {after:.1f} dB apart on average where either sounds (two different kicks: {OTHERS_DB} dB)"


class EncoderSession:
    """The encoder that belongs to a model file: `wave [1, T], contour [1, 9] -> latent [1, known]`.

    That of a stereo model reads mid and side, wave [1, 2, T].
    """

    def __init__(self, path: Path) -> None:
        refusal = f"{path}: not an encoder (damaged or incomplete ONNX); export the model again"
        self._session = open_graph(read_graph(path), refusal)
        inputs = {i.name: i.shape[1:] for i in self._session.get_inputs()}
        metadata = self._session.get_modelmeta().custom_metadata_map
        self._stereo = inputs.get("wave") == [2, LENGTH]
        wanted = {"wave": [2, LENGTH] if self._stereo else [LENGTH], "contour": [SIZE]}
        if METADATA_KEY not in metadata or inputs != wanted:
            raise UserError(f"{path}: an ONNX file, but not an encoder that kickitout made; export the model again")
        try:  # the identity of its model; format 1 had none
            self.model_digest = str(json.loads(metadata[METADATA_KEY]).get("model_sha256", ""))
        except (ValueError, AttributeError, RecursionError) as error:
            raise UserError(refusal) from error

    def encode(self, wave: np.ndarray, contour: np.ndarray | None = None) -> np.ndarray:
        """[T], or left and right [2, T], prepared -> [known]. contour [9]: of the pitch, where it is known already."""
        both = np.stack(_mid_side(wave))
        numbers = contours(both[:1]).numbers if contour is None else contour[None].astype(np.float32)
        row = both[None] if self._stereo else both[:1]
        (found,) = self._session.run(None, {"wave": row, "contour": numbers})
        return found[0]


def _mid_side(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[T], or left and right [2, T] -> mid and side [T], at the level that a model learned from: the mid has a peak of
    PEAK. What is mono stays as it is."""
    x = np.asarray(wave, np.float32)
    if x.ndim == 1:
        return x, np.zeros_like(x)
    mid, side = x.mean(axis=0), (x[0] - x[1]) / 2
    gain = np.float32(PEAK / max(float(np.abs(mid).max()), LEAST_PEAK))
    return gain * mid, gain * side


def encoder_beside(model: Path) -> Path:
    """Where the encoder of a model file is, if it has one."""
    return model.with_name(model.name.removesuffix(model.suffix) + ".encoder.onnx")


def find_encoder(model: str | Path) -> Path:
    """The encoder's file of a model file, of the run folder it lies in, or of "default". Raises UserError."""
    path = find_model_file(Path(model))
    beside = encoder_beside(path)
    if not beside.exists():
        raise UserError(
            f"{path}: no encoder beside it ({beside.name}), so it can't start from a sound; KickAE models can"
        )
    return beside


def encoder_of(model: Model) -> EncoderSession:
    """The encoder in the file beside a model's own. Raises UserError where there is none, or that of another model."""
    if model.path is None:
        raise UserError(f"model {model.info.name}: it has no file yet, so no encoder lies beside it; export it first")
    path = find_encoder(model.path)
    session = EncoderSession(path)
    if session.model_digest not in ("", model.digest):
        raise UserError(
            f"{path}: the encoder of another model ({session.model_digest[:12]}), and this one is {model.digest[:12]}; "
            "export the model again, or put its own encoder there"
        )
    return session


def invert_wave(
    model: Model, encoder: EncoderSession, wave: np.ndarray, rounds: int = REFINING_ROUNDS, identity: str = ""
) -> Inversion:
    """The latent in `model` whose kick is most like `wave` (prepared: see `kickitout.audio.prepare`).

    wave: [T], or left and right [2, T], of which a mono model hears the middle. rounds: of refining; 0 leaves what the
    encoder found, with its pitch made exact. identity: see `kickitout.identity`; the noise codes, which no
    encoder hears, are drawn by it, and the same for all sounds without one.
    """
    wave = np.ascontiguousarray(wave, np.float32)
    info = model.info
    known = info.latent_size - info.noise_codes

    def render(latent: np.ndarray) -> np.ndarray:
        made = model.render(latent=latent).wave
        return _mid_side(made[0] if len(made) == 1 else made)[0]

    mid, _ = _mid_side(wave)
    wanted = _spectra(mid)
    contour = contours(mid[None]).numbers[0]
    codes = normal([seed_of(identity)], info.noise_codes)[0]
    first = np.concatenate([encoder.encode(wave, contour), codes]).astype(np.float32)
    first = _tuned(render, encoder, wave, contour, first)
    before = _distance(wanted, _spectra(render(first)))
    if not rounds:
        return Inversion(first, before, before, nearness(before), model=model.digest)
    latent = refine(render, first, range(SIZE, known), levels(mid), rounds)  # the contour was measured
    latent = _tuned(render, encoder, wave, contour, latent)
    after = _distance(wanted, _spectra(render(latent)))
    if after > before:
        latent, after = first, before
    return Inversion(latent, before, after, nearness(after), model=model.digest)


def _tuned(
    render: Render, encoder: EncoderSession, wave: np.ndarray, contour: np.ndarray, latent: np.ndarray
) -> np.ndarray:
    """The latent with its contour moved until the card has the same end pitch as in `wave`.

    The whole contour is moved; where that does not do (the card may jump to another partial), its end alone. The
    encoder tells what a contour is as part of a latent.
    """
    goal = _end_hz(_mid_side(wave)[0])
    tried: list[tuple[float, np.ndarray]] = []
    for ends_only in (False, True):
        moved = contour.copy()
        for _ in range(TUNINGS):
            at = np.concatenate([encoder.encode(wave, moved)[:SIZE], latent[SIZE:]]).astype(np.float32)
            cents = 1200 * math.log2(_end_hz(render(at)) / goal)
            tried.append((abs(cents) if math.isfinite(cents) else math.inf, at))
            if not abs(cents) > CLOSE_CENTS or abs(moved[0] - contour[0]) * 1200 > MOST_CENTS:  # NaN: no pitch
                break
            moved[0] -= cents / 1200
            moved[-1] += ends_only * cents / 1200
        if min(tried, key=lambda found: found[0])[0] <= FAR_CENTS:
            break
    return min(tried, key=lambda found: found[0])[1]


def _end_hz(wave: np.ndarray) -> float:
    """NaN for a sound without a steady pitch."""
    return float(cards(wave[None])["pitch_end_hz"][0])


def apart_where_either_sounds(a: np.ndarray, b: np.ndarray) -> float:
    """How far apart two kicks [T] are told to be, in dB: 0 where nothing sounds. See `_distance`."""
    return _distance(_spectra(a), _spectra(b))


def _spectra(wave: np.ndarray) -> list[np.ndarray]:
    """Levels in dB re a sine at full scale, [frames, bins], one array a window; windows overlap by half."""
    wave = wave * (PEAK / max(float(np.abs(wave).max()), 1e-9))
    found = []
    for size in WINDOWS:
        frames = np.lib.stride_tricks.sliding_window_view(np.pad(wave, size // 2), size)[:: size // 2]
        magnitude = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) * (4 / size)
        found.append(np.maximum(20 * np.log10(np.maximum(magnitude, 1e-9)), FLOOR_DB))
    return found


def _distance(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    """Mean absolute difference in dB over the cells in which either sounds (is above FLOOR_DB), averaged over windows.

    Most cells of a kick are silent in both, and say nothing of how alike two kicks are: counted as 0 dB they make every
    pair look alike. 0 where nothing sounds.
    """
    return float(np.mean([_apart(x, y) for x, y in zip(a, b, strict=True)]))


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    sounds = np.maximum(a, b) > FLOOR_DB
    return float(np.abs(a - b)[sounds].mean()) if sounds.any() else 0.0
