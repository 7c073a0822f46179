"""Kicks -> sound files named by their seed, each with the recipe that re-makes it."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import struct
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.audio import encode_sound, read_comment, refuse_flac, resample
from kickitout.cpus import usable_cpus
from kickitout.descriptors.limits import Limits
from kickitout.errors import UserError
from kickitout.export.wav_chunks import SamplerZone, with_zone
from kickitout.files import make_folder, write_whole
from kickitout.generation.generate import Kick, in_order, kicks
from kickitout.generation.load import DEFAULT, load_model
from kickitout.generation.match import MatchResult
from kickitout.generation.model import Model
from kickitout.generation.noise import check_seeds
from kickitout.generation.recipe import (
    begun,
    check_pre_roll,
    needs_model,
    read_recipe,
    render_recipe,
    scaled,
    stated_gain,
    stated_pre_roll,
)
from kickitout.generation.reject import OutlierRejection, RejectionTally
from kickitout.generation.source import read_bytes
from kickitout.sound import SAMPLE_RATE

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000  # Hz


@dataclass(frozen=True)
class SoundFormat:
    """How a sound is written."""

    format: str = "wav"  # "wav" | "flac"
    bits: str = "24"  # "16" | "24" | "32f"
    rate: int = SAMPLE_RATE  # Hz
    pre_roll_ms: float | None = None  # from the first sample to the onset; None: ONSET samples, 1.45 ms
    word: str = "kick"  # the names of files begin with it

    def __post_init__(self) -> None:
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise UserError(f"--rate {self.rate}: {LOWEST_RATE} to {HIGHEST_RATE} Hz work, for instance 48000")
        if self.format not in ("wav", "flac") or self.bits not in ("16", "24", "32f"):
            raise UserError(
                f"{self.format} with {self.bits} bits can't be written; .wav and .flac, 16, 24 and 32f work"
            )
        if self.format == "flac" and self.bits == "32f":
            raise UserError("--bits 32f: FLAC holds whole numbers only; use --bits 24, or --format wav")
        if self.format == "flac":
            refuse_flac(self.rate)
        check_pre_roll(self.pre_roll_ms)


def file_name(seed: int, form: SoundFormat) -> str:
    """The name of a seed's file.

    >>> file_name(7, SoundFormat())
    'kick_000007.wav'
    """
    return f"{form.word}_{seed:06d}.{form.format}"


def word_of(model: Model) -> str:
    """What a model makes: "kick", or "sound" where it learned from other one-shots (`--kind any`)."""
    return "sound" if model.info.config.get("kind") == "any" else "kick"


def telling_name(recipe: Mapping[str, Any], card: Mapping[str, float | str], form: SoundFormat) -> str:
    """The name of a file that says what is in it: note, time to fall by 20 dB, and where it came from.

    A seed's own kick has its seed, any other a part of the digest of what makes it. What a card lacks is left out.

    >>> telling_name({"seed": 42}, {"note": "F#1", "decay_t20_ms": 280.4}, SoundFormat())
    'kick_Fs1_280ms_s000042.wav'
    >>> telling_name({"seed": 42, "controls": [2.0]}, {"note": "", "decay_t20_ms": math.nan}, SoundFormat("flac"))
    'kick_s000042-21d0.flac'
    """
    parts = ["kick"]
    if card.get("note"):
        parts.append(str(card["note"]).replace("#", "s"))
    decay = card.get("decay_t20_ms")
    if isinstance(decay, float) and math.isfinite(decay):
        parts.append(f"{decay:.0f}ms")
    # The digest is of the words of format 1, so that a kick keeps its name.
    words = {"start": "start", "latent": "place", "controls": "knobs"}
    turned = {old: recipe[new] for new, old in words.items() if new in recipe and np.any(recipe[new])}
    digest = hashlib.sha256(json.dumps(turned, sort_keys=True).encode()).hexdigest()
    if "seed" in recipe:
        parts.append(f"s{recipe['seed']:06d}" + (f"-{digest[:4]}" if turned else ""))
    else:
        parts.append(f"p{digest[:6]}")
    return f"{'_'.join(parts)}.{form.format}"


def encode_kick(
    recipe: dict[str, Any], wave: np.ndarray, form: SoundFormat, *, comment: str | None = None
) -> tuple[dict[str, Any], bytes]:
    """A kick [channels, T] -> its recipe as a sound file says it, and the bytes of the file, with that inside.

    At another rate a kick may peak above full scale, between the samples it was made of. Whole numbers would clip it:
    it is made quieter as a whole, and its recipe says by how many dB, so that it can be rendered again.
    comment: of the file that is rendered again; its recipe says all, and one that says no gain is of a file that was
    not made quieter, but clipped.
    """
    if not comment:
        begins = {} if form.pre_roll_ms is None else {"pre_roll_ms": form.pre_roll_ms}
        recipe = {**recipe, "bits": form.bits, "rate": form.rate, **begins}
    samples = begun(wave[0] if len(wave) == 1 else np.ascontiguousarray(wave.T), stated_pre_roll(recipe))
    if form.rate != SAMPLE_RATE:
        samples = resample(samples, SAMPLE_RATE, form.rate)
    if form.bits != "32f":
        gain_db = stated_gain(recipe) or (0.0 if comment else headroom(samples))
        if gain_db:
            recipe, samples = {**recipe, "gain_db": gain_db}, scaled(samples, gain_db)
    comment = comment or json.dumps(recipe, sort_keys=True)
    data = encode_sound(samples, form.rate, format=form.format, bits=form.bits, comment=comment)
    if "kit" in recipe:
        place = recipe["kit"]
        data = with_zone(data, SamplerZone(place["key"], *place["velocities"]), form.rate)
    return recipe, data


def file_of_recipe(
    recipe: Mapping[str, Any], where: str, model: Model | None = None, source: bytes | None = None, *,
    comment: str | None = None, format: str = "wav",
) -> bytes:  # fmt: skip
    """The sound file that carries `recipe`, bit for bit. model, source, where: as `render_recipe` has them.

    comment: the recipe as a file has it that is rendered again.
    """
    wave = render_recipe(recipe, model, where, source).wave
    try:
        rate, bits = int(recipe.get("rate", SAMPLE_RATE)), str(recipe.get("bits", "24"))
        form = SoundFormat(format, bits, rate, stated_pre_roll(recipe))
        return encode_kick(dict(recipe), wave, form, comment=comment)[1]
    except (KeyError, TypeError, ValueError, OverflowError, struct.error) as error:
        raise UserError(f"{where}: its recipe is damaged ({error})") from error


def render_file(
    sound: Path, to: Path, model: str | Path | Model = DEFAULT, *, source: Path | None = None, force: bool = False
) -> Path:
    """Write the sound of the recipe in a file again, into the file `to`: of the same format bit for bit.

    source: as `render_recipe` has it. Raises UserError where `to` exists and `force` is not set.
    """
    comment = read_comment(sound)
    recipe, format = read_recipe(comment, str(sound)), to.suffix.lower().lstrip(".") or "wav"
    if "kit" in recipe and format != "wav":
        raise UserError(f"{to}: the sounds of a kit are WAV files; choose a name that ends in .wav")
    played = (load_model(model) if isinstance(model, (str, Path)) else model) if needs_model(recipe) else None
    data = None if source is None else read_bytes(source)
    made = file_of_recipe(recipe, str(sound), played, data, comment=comment, format=format)
    refuse_in_the_way(to.parent, [to.name], force=force)
    make_folder(to.parent)
    return write_whole(to, made)


def headroom(samples: np.ndarray) -> float:
    """By how many dB (0.0, or below it) samples must be made quieter to stay within full scale; in steps of 0.01 dB.

    >>> headroom(np.array([0.5, -1.0])), headroom(np.array([0.5, -1.05]))
    (0.0, -0.43)
    """
    peak = float(np.abs(samples).max(initial=0.0))
    return math.floor(-2000 * math.log10(peak)) / 100 if peak > 1 else 0.0


def write_kicks(
    model: Model, seeds: Sequence[int], folder: Path, form: SoundFormat | None = None, *,
    targets: Mapping[str, float] | None = None, rejection: OutlierRejection | None = None,
    force: bool = False, threads: int | None = None,
) -> Generator[tuple[Path, MatchResult | None], None, None]:  # fmt: skip
    """Write one file a seed and yield its path and what came of the targets; each file appears whole or not at all.

    targets, rejection, threads: see `generation.generate.kicks`. Raises UserError before a kick is made when a file is
    in the way and `force` is not set.
    """
    form = form or SoundFormat(word=word_of(model))
    begin_files(seeds, folder, form, force=force)
    threads = threads or usable_cpus()

    def write(kick: Kick) -> tuple[Path, MatchResult | None]:
        path = folder / file_name(kick.seed or 0, form)
        return write_whole(path, encode_kick(kick.recipe, kick.wave, form)[1]), kick.match

    with (
        closing(kicks(model, seeds, targets, rejection, threads)) as made,
        closing(in_order(write, made, threads)) as written,
    ):
        yield from written


def write_named(
    named: Sequence[tuple[str, Kick]], folder: Path, form: SoundFormat, *, force: bool = False
) -> list[Path]:
    """Write kicks under names of their own (without an ending). Raises UserError where a file is in the way."""
    refuse_in_the_way(folder, (f"{name}.{form.format}" for name, _ in named), force=force)
    make_folder(folder)
    return [
        write_whole(folder / f"{name}.{form.format}", encode_kick(kick.recipe, kick.wave, form)[1])
        for name, kick in named
    ]


@dataclass(frozen=True)
class GenerationJob:
    """What to generate, as data that is sent to workers: each of them opens the model for itself, once.

    model: as `load_model` takes it; digest: of the file it had where the job was given; targets: as in
    `generation.match`; limits: of an outlier rejection, if there is one; folder: where files go.
    """

    model: str
    digest: str
    folder: Path
    form: SoundFormat
    targets: Mapping[str, float]
    limits: Limits | None = None

    def open(self) -> Model:
        """Raises UserError where the model is another one here."""
        return _opened(self.model, self.digest)

    def rejection(self) -> OutlierRejection | None:
        """One that has sampled nothing yet."""
        return None if self.limits is None else OutlierRejection(self.open(), self.limits)

    def kicks(self, seeds: Sequence[int], rejection: OutlierRejection | None) -> Iterator[Kick]:
        """On one thread, in order."""
        return kicks(self.open(), seeds, self.targets, rejection, threads=1)

    def write_files(self, seeds: Sequence[int]) -> tuple[list[tuple[Path, MatchResult | None]], RejectionTally]:
        """Write a file a seed, whatever is there. Returns paths, matches without their sounds, and the tally."""
        rejection = self.rejection()
        options: dict[str, Any] = {"targets": self.targets, "rejection": rejection, "force": True, "threads": 1}
        written = [
            (path, match and replace(match, wave=np.empty((0, 0), np.float32)))
            for path, match in write_kicks(self.open(), seeds, self.folder, self.form, **options)
        ]
        return written, rejection.tally if rejection else RejectionTally()


@functools.lru_cache(maxsize=1)
def _opened(name: str, digest: str) -> Model:
    model = load_model(name)
    if model.digest != digest:
        raise UserError(f"{name}: a worker has another model under this name; the workers need to share it")
    return model


def begin_files(seeds: Sequence[int], folder: Path, form: SoundFormat, *, force: bool = False) -> None:
    """Make the folder. Raises UserError for seeds that are none, or are there twice, and for files in the way."""
    check_seeds(seeds)
    if not isinstance(seeds, range) and len(set(seeds)) < len(seeds):
        raise UserError("--seeds: a seed is there twice; each seed makes one file")
    refuse_in_the_way(folder, (file_name(seed, form) for seed in seeds), force=force)
    make_folder(folder)


def written_since(since: float, folder: Path, seeds: Sequence[int], form: SoundFormat) -> int:
    """How many of the seeds' files have been written since then (seconds since 1970)."""
    there = {p.name: p.stat().st_mtime for p in folder.iterdir()} if folder.is_dir() else {}
    return sum(there.get(file_name(seed, form), 0.0) >= since - 0.01 for seed in seeds)


def refuse_in_the_way(folder: Path, names: Iterable[str], *, force: bool) -> None:
    """Raise UserError where one of the files is there already and `force` is not set."""
    there = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    in_the_way = [name for name in names if name in there] if there else []
    if in_the_way and not force:
        more = f" (and {len(in_the_way) - 1} more)" if len(in_the_way) > 1 else ""
        raise UserError(f"{folder / in_the_way[0]}: exists{more}; --force replaces it, another place keeps it")
