"""Kicks -> sound files named by their seed, each with the recipe that re-makes it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from kickitout.audio import encode_sound, refuse_flac, resample
from kickitout.errors import UserError
from kickitout.files import make_folder, write_whole
from kickitout.generation.generate import each_drawn, each_kick, each_matched, sound_recipe
from kickitout.generation.inpaint import Joined
from kickitout.generation.match import MatchResult
from kickitout.generation.model import Model, Played
from kickitout.generation.noise import check_seeds
from kickitout.generation.recipe import scaled, stated_gain
from kickitout.generation.reject import Drawn, OutlierRejection
from kickitout.sound import SAMPLE_RATE

T = TypeVar("T")
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
        if self.format not in ("wav", "flac") or self.bits not in ("16", "24", "32f"):
            raise UserError(
                f"{self.format} with {self.bits} bits can't be written; .wav and .flac, 16, 24 and 32f work"
            )
        if self.format == "flac" and self.bits == "32f":
            raise UserError("--bits 32f: FLAC holds whole numbers only; use --bits 24, or --format wav")
        if self.format == "flac":
            refuse_flac(self.rate)


def file_name(seed: int, form: SoundFormat) -> str:
    """The name of a seed's file.

    >>> file_name(7, SoundFormat())
    'kick_000007.wav'
    """
    return f"kick_{seed:06d}.{form.format}"


def telling_name(recipe: Mapping[str, Any], card: Mapping[str, float | str], form: SoundFormat) -> str:
    """The name of a file that says what is in it: note, time to fall by 20 dB, and where it came from.

    A seed's own kick has its seed, any other a part of the digest of what makes it. What a card lacks is left out.

    >>> telling_name({"seed": 42}, {"note": "F#1", "decay_t20_ms": 280.4}, SoundFormat())
    'kick_Fs1_280ms_s000042.wav'
    >>> telling_name({"seed": 42, "knobs": [2.0]}, {"note": "", "decay_t20_ms": math.nan}, SoundFormat("flac"))
    'kick_s000042-21d0.flac'
    """
    parts = ["kick"]
    if card.get("note"):
        parts.append(str(card["note"]).replace("#", "s"))
    decay = card.get("decay_t20_ms")
    if isinstance(decay, float) and math.isfinite(decay):
        parts.append(f"{decay:.0f}ms")
    turned = {k: recipe[k] for k in ("start", "place", "knobs") if k in recipe and np.any(recipe[k])}
    digest = hashlib.sha256(json.dumps(turned, sort_keys=True).encode()).hexdigest()
    if "seed" in recipe:
        parts.append(f"s{recipe['seed']:06d}" + (f"-{digest[:4]}" if turned else ""))
    else:
        parts.append(f"p{digest[:6]}")
    return f"{'_'.join(parts)}.{form.format}"


def encode_kick(model: Model, seed: int | None, wave: np.ndarray, form: SoundFormat, **more: Any) -> bytes:
    """[channels, T] -> the bytes of a sound file. more: what else its recipe says."""
    return encode_recipe(_recipe(model, seed, form, **more), wave, form)


def _recipe(model: Model, seed: int | None, form: SoundFormat, **more: Any) -> dict[str, Any]:
    return sound_recipe(model, seed, bits=form.bits, rate=form.rate, **more)


def encode_recipe(recipe: dict[str, Any], wave: np.ndarray, form: SoundFormat, *, again: bool = False) -> bytes:
    """[channels, T] -> the bytes of a sound file with its recipe inside. again: see `encode_stated`."""
    return encode_stated(recipe, wave, form, again=again)[1]


def encode_stated(
    recipe: dict[str, Any], wave: np.ndarray, form: SoundFormat, *, again: bool = False
) -> tuple[dict[str, Any], bytes]:
    """The same, and the recipe as it is inside.

    At another rate a kick may peak above full scale, between the samples it was made of. Whole numbers would clip it:
    it is made quieter as a whole, and its recipe says by how many dB, so that it can be made again. again: the recipe
    is that of a file and says all; one that says no gain is of a file that was not made quieter, but clipped.
    """
    samples = wave[0] if len(wave) == 1 else np.ascontiguousarray(wave.T)
    if form.rate != SAMPLE_RATE:
        samples = resample(samples, SAMPLE_RATE, form.rate)
    if form.bits != "32f":
        gain_db = stated_gain(recipe) or (0.0 if again else headroom(samples))
        if gain_db:
            recipe, samples = {**recipe, "gain_db": gain_db}, scaled(samples, gain_db)
    comment = json.dumps(recipe, sort_keys=True)
    return recipe, encode_sound(samples, form.rate, format=form.format, bits=form.bits, comment=comment)


def headroom(samples: np.ndarray) -> float:
    """By how many dB (0.0, or below it) samples must be made quieter to stay within full scale; in steps of 0.01 dB.

    >>> headroom(np.array([0.5, -1.0])), headroom(np.array([0.5, -1.05]))
    (0.0, -0.43)
    """
    peak = float(np.abs(samples).max(initial=0.0))
    return math.floor(-2000 * math.log10(peak)) / 100 if peak > 1 else 0.0


def write_kicks(
    model: Model,
    seeds: Sequence[int],
    folder: Path,
    form: SoundFormat | None = None,
    *,
    request: Mapping[str, float] | None = None,
    told: Callable[[int, MatchResult], None] = lambda _seed, _answer: None,
    gate: OutlierRejection | None = None,
    force: bool = False,
    threads: int | None = None,
) -> Generator[Path, None, None]:
    """Write one file a seed and yield its path; each file appears whole or not at all.

    request: what the kicks shall measure, see `generation.ask`; told: hears each answer. gate: draws kicks again that
    are unlike what the model learned from. Raises UserError before anything is made when a file is in the way and
    `force` is not set.
    """
    form = form or SoundFormat()
    begin_files(seeds, folder, form, force=force)

    def write(kick: Kick) -> Path:
        if kick.answer is not None:
            told(kick.seed, kick.answer)
        return write_whole(folder / file_name(kick.seed, form), encode_recipe(kick.recipe, kick.wave, form))

    yield from each_sound(model, seeds, form, request or {}, gate, write, threads)


def begin_files(seeds: Sequence[int], folder: Path, form: SoundFormat, *, force: bool = False) -> None:
    """Make the folder. Raises UserError for seeds that are none, or are there twice, and for files in the way."""
    check_seeds(seeds)
    if not isinstance(seeds, range) and len(set(seeds)) < len(seeds):
        raise UserError("--seeds: a seed is there twice; each seed makes one file")
    refuse_in_the_way(folder, (file_name(seed, form) for seed in seeds), force=force)
    make_folder(folder)


class Kick(NamedTuple):
    """A seed's kick before it is a file. answer: what came of a request, if there was one."""

    seed: int
    wave: np.ndarray  # [channels, T]
    recipe: dict[str, Any]
    answer: MatchResult | None


def each_sound(
    model: Model, seeds: Sequence[int], form: SoundFormat, request: Mapping[str, float], gate: OutlierRejection | None,
    use: Callable[[Kick], T], threads: int | None = None,
) -> Iterator[T]:  # fmt: skip
    """use(kick) for every seed: its own kick, or what came of a request, or of drawing it through a gate."""

    def plain(seed: int, wave: np.ndarray, **more: Any) -> T:
        return use(Kick(seed, wave, _recipe(model, seed, form, **more), None))

    def asked(seed: int, answer: MatchResult, **more: Any) -> T:
        turned = {"knobs": rounded(answer.knobs), "start": answer.start, "request": dict(request)}
        return use(Kick(seed, answer.wave, _recipe(model, seed, form, **turned | more), answer))

    def drawn(seed: int, kick: Drawn) -> T:
        if kick.answer is not None:
            return asked(seed, kick.answer, **kick.recipe)
        return plain(seed, kick.wave, **kick.recipe)

    if gate is not None:
        return each_drawn(gate, seeds, drawn, threads, request)
    if request:
        return each_matched(model, seeds, request, asked, threads)
    return each_kick(model, seeds, plain, threads)


def written_since(since: float, folder: Path, seeds: Sequence[int], form: SoundFormat) -> int:
    """How many of the seeds' files have been written since then (seconds since 1970)."""
    there = {p.name: p.stat().st_mtime for p in folder.iterdir()} if folder.is_dir() else {}
    return sum(there.get(file_name(seed, form), 0.0) >= since - 0.01 for seed in seeds)


def write_places(
    model: Model,
    made: Sequence[tuple[str, Played]],
    folder: Path,
    form: SoundFormat,
    *,
    force: bool = False,
    **more: Any,
) -> list[Path]:
    """Write kicks that came from places, not from seeds: (name without its ending, kick). more: for their recipes."""
    refuse_in_the_way(folder, (f"{name}.{form.format}" for name, _ in made), force=force)
    make_folder(folder)
    return [
        write_whole(
            folder / f"{name}.{form.format}",
            encode_kick(model, None, played.wave, form, place=rounded(played.place), **more),
        )
        for name, played in made
    ]


def write_kept(
    model: Model,
    made: Sequence[tuple[str, Joined]],
    kept: tuple[str, bytes, str],
    folder: Path,
    form: SoundFormat,
    *,
    force: bool = False,
    **more: Any,
) -> list[Path]:
    """Write kicks that keep a part of a sound file: (name without its ending, kick). kept: the file's name, its bytes
    and the part. Each recipe has the file's digest: with the file and the model it is the same sound again."""
    refuse_in_the_way(folder, (f"{name}.{form.format}" for name, _ in made), force=force)
    make_folder(folder)
    source = {"file": kept[0], "sha256": hashlib.sha256(kept[1]).hexdigest()}
    more |= {"keep": kept[2], "source": source}
    return [
        write_whole(
            folder / f"{name}.{form.format}",
            encode_kick(model, None, one.wave, form, place=rounded(one.made.place), **more),
        )
        for name, one in made
    ]


def rounded(values: np.ndarray) -> list[float]:
    """float32 numbers as the shortest decimals that give the same float32 back."""
    return [float(str(np.float32(x))) for x in values]


def refuse_in_the_way(folder: Path, names: Iterable[str], *, force: bool) -> None:
    """Raise UserError where one of the files is there already and `force` is not set."""
    there = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    in_the_way = [name for name in names if name in there] if there else []
    if in_the_way and not force:
        more = f" (and {len(in_the_way) - 1} more)" if len(in_the_way) > 1 else ""
        raise UserError(f"{folder / in_the_way[0]}: exists{more}; --force replaces it, another place keeps it")
