"""Kicks -> sound files named by their seed, each with the recipe that re-makes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kickitout.audio import encode_sound, resample
from kickitout.errors import UserError
from kickitout.files import make_folder, write_whole
from kickitout.generation.generate import each_kick, sound_recipe
from kickitout.generation.model import Model
from kickitout.generation.noise import check_seeds
from kickitout.sound import SAMPLE_RATE

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000  # Hz


@dataclass(frozen=True)
class SoundFormat:
    """How a sound is written."""

    format: str = "wav"  # "wav" | "flac"
    bits: str = "24"  # "16" | "24" | "32f"
    rate: int = SAMPLE_RATE  # Hz

    def __post_init__(self) -> None:
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise UserError(f"--rate {self.rate}: {LOWEST_RATE} to {HIGHEST_RATE} Hz work, for instance 48000")
        if self.format == "flac" and self.bits == "32f":
            raise UserError("--bits 32f: FLAC holds whole numbers only; use --bits 24, or --format wav")


def file_name(seed: int, form: SoundFormat) -> str:
    """The name of a seed's file.

    >>> file_name(7, SoundFormat())
    'kick_000007.wav'
    """
    return f"kick_{seed:06d}.{form.format}"


def encode_kick(model: Model, seed: int, wave: np.ndarray, form: SoundFormat) -> bytes:
    """[channels, T] -> the bytes of a sound file."""
    samples = wave[0] if len(wave) == 1 else np.ascontiguousarray(wave.T)
    if form.rate != SAMPLE_RATE:
        samples = resample(samples, SAMPLE_RATE, form.rate)
    recipe = sound_recipe(model, seed, bits=form.bits, rate=form.rate)
    return encode_sound(samples, form.rate, format=form.format, bits=form.bits, comment=recipe)


def write_kicks(
    model: Model,
    seeds: Sequence[int],
    folder: Path,
    form: SoundFormat | None = None,
    *,
    force: bool = False,
    threads: int | None = None,
) -> Iterator[Path]:
    """Write one file a seed and yield its path; each file appears whole or not at all.

    Raises UserError before anything is made when a file is in the way and `force` is not set.
    """
    form = form or SoundFormat()
    check_seeds(seeds)
    if not isinstance(seeds, range) and len(set(seeds)) < len(seeds):
        raise UserError("--seeds: a seed is there twice; each seed makes one file")
    there = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    in_the_way = [name for name in (file_name(seed, form) for seed in seeds) if name in there] if there else []
    if in_the_way and not force:
        more = f" (and {len(in_the_way) - 1} more)" if len(in_the_way) > 1 else ""
        raise UserError(f"{folder / in_the_way[0]}: exists{more}; --force replaces it, another --seed or -o keeps it")
    make_folder(folder)

    def write(seed: int, wave: np.ndarray) -> Path:
        return write_whole(folder / file_name(seed, form), encode_kick(model, seed, wave, form))

    yield from each_kick(model, seeds, write, threads)
