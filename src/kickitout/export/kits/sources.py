"""Where the kicks of a kit come from: seeds of a model, or sound files.

A kick is float32 [C, T] at 44.1 kHz (C is 1, or 2 for left and right) with its onset at sample ONSET. One from a model
is as long as the model makes it; one from a file keeps its length, up to MOST_SECONDS.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from kickitout._version import __version__
from kickitout.audio import Sound, channels_cancel, decode_sound, mid_side, read_comment, resample
from kickitout.audio.prepare import END_FADE_SAMPLES, prepare, resting_offset
from kickitout.datasets.scan import UNSTATED, Candidate, Refused, scan
from kickitout.errors import UserError
from kickitout.generation.generate import kicks
from kickitout.generation.model import Model
from kickitout.generation.reject import OutlierRejection
from kickitout.sound import ONSET, SAMPLE_RATE

MOST_SECONDS = 4.0
SILENT = 1e-4  # re peak: what follows the last sample above it is cut off
STEREO = 1e-3  # side re mid, RMS: below it two channels are one


@dataclass(frozen=True)
class KitSource:
    """A kick that goes into a kit. name: for messages; label: for file names; recipe: of the kick before it is shaped.

    source and licence: of a file, as its folder's index.csv states them.
    """

    name: str
    label: str
    wave: np.ndarray
    recipe: dict[str, Any]
    source: str = UNSTATED
    licence: str = UNSTATED


def kicks_of_model(model: Model, seeds: Sequence[int], rejection: OutlierRejection | None = None) -> list[KitSource]:
    """One kick a seed. rejection: see `generation.generate.kicks`. Raises UserError for a seed that is silent."""
    found = []
    for kick in kicks(model, seeds, rejection=rejection):
        if not np.abs(kick.wave).max() > 0:
            raise UserError(f"seed {kick.seed}: silent; choose another --seed, or a model that has learned more")
        wave = np.asarray(kick.wave, np.float32)
        found.append(KitSource(f"seed {kick.seed}", f"s{kick.seed:06d}", wave, kick.recipe))
    return found


def kicks_of_files(paths: Sequence[Path], most: int | None = None) -> tuple[list[KitSource], list[Refused]]:
    """The kicks of files, folders and zip archives, in the order of `dataset.scan`; at most the first `most` good ones.

    A file that was given by its own name has to be good; one in a folder or archive may be refused, and is listed then.
    Raises UserError when there is none left.
    """
    found = scan(paths)
    by_name = {path for path in paths if path.is_file() and path.suffix.lower() != ".zip"}
    good: list[KitSource] = []
    refused = list(found.refused)
    for candidate in found.candidates:
        if most is not None and len(good) == most:
            break
        try:
            good.append(_load(candidate))
        except UserError as error:
            if candidate.path in by_name:
                raise
            refused.append(Refused(candidate.name, str(error).removeprefix(f"{candidate.name}: ")))
    if not good:
        raise UserError(f"{refused[0].name}: {refused[0].reason} (and no other sound is there)")
    return good, refused


def kick_of_bytes(data: bytes, name: str, *, made_by: str | None = None, **more: str) -> KitSource:
    """The kick in a sound file. made_by: the recipe that the file carries, if it does.

    Everything is as the dataset prepares it (offset, onset), but nothing is cut but silence, and two channels stay two.
    Raises UserError, which begins with `name`.
    """
    sound = decode_sound(data, name)
    try:
        prepared = prepare(sound)
    except UserError as error:  # it does not know the name
        raise UserError(f"{name}: {error}") from error
    x = resample(_channels(sound), sound.rate, SAMPLE_RATE)
    start = round(prepared.onset_s * SAMPLE_RATE) - ONSET
    x = x[start:] if start >= 0 else np.pad(x, ((-start, 0), (0, 0)))
    loud = np.flatnonzero(np.abs(x).max(axis=1) > SILENT * np.abs(x).max())
    x = x[: loud[-1] + 1 + END_FADE_SAMPLES].copy()
    if len(x) > MOST_SECONDS * SAMPLE_RATE:
        raise UserError(
            f"{name}: {len(x) / SAMPLE_RATE:.1f} s of sound; a kit takes up to {MOST_SECONDS:.0f} s, cut it first"
        )
    x[:ONSET] *= _half_cosine(ONSET)
    x[-END_FADE_SAMPLES:] *= _half_cosine(END_FADE_SAMPLES)[::-1]
    recipe: dict[str, Any] = {
        "kickitout": __version__,
        "source": {"file": PurePath(name).name, "sha256": hashlib.sha256(data).hexdigest()},
    }
    if made_by is not None:
        recipe["source"]["recipe"] = json.loads(made_by)
    return KitSource(name, _label(name), np.ascontiguousarray(x.T), recipe, **more)


def _load(candidate: Candidate) -> KitSource:
    with candidate.open() as file:
        data = file.read()
    try:
        comment = read_comment(candidate.path) if candidate.member is None else None
        made_by = comment if comment and '"kickitout"' in comment and isinstance(json.loads(comment), dict) else None
    except (UserError, ValueError):  # no sound (decoding says why), or a comment in somebody else's words
        made_by = None
    return kick_of_bytes(data, candidate.name, made_by=made_by, source=candidate.source, licence=candidate.licence)


def _channels(sound: Sound) -> np.ndarray:
    """[T, C] without an offset: two channels that differ, else their mean (or the louder one where they cancel)."""
    mid, side = mid_side(sound.samples)
    wide = float(np.square(side, dtype=np.float64).sum()) > STEREO**2 * float(np.square(mid, dtype=np.float64).sum())
    x = sound.samples if wide and not channels_cancel(sound.samples) else mid[:, None]
    return x - np.array([resting_offset(channel, sound.rate) for channel in x.T], np.float32)


def _half_cosine(n: int) -> np.ndarray:
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)).astype(np.float32)[:, None]


def _label(name: str) -> str:
    """What is left of a file's name in the names of its sounds: letters and digits that every system and player takes.

    >>> _label("folder/Küche & Bad #3.wav")
    'Kuche-Bad-3'
    """
    plain = unicodedata.normalize("NFKD", PurePath(name).stem).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain)[:24].strip("-") or "sound"
