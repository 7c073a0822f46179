"""A kick -> its sound file, with the recipe that re-renders it; and recipes -> the same files again."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kickitout.audio import decode_sound, encode_sound, read_comment, read_sound, refuse_flac, resample
from kickitout.errors import UserError
from kickitout.export.wav_chunks import SamplerZone, with_zone
from kickitout.files import make_folder, write_whole
from kickitout.generation.curves import KEY as CURVES
from kickitout.generation.generate import Kick
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.generation.recipe import (
    begun,
    check_pre_roll,
    damaged,
    needs_model,
    recipe_in,
    render_recipe,
    same_samples,
    scaled,
    stated_gain,
    stated_pre_roll,
)
from kickitout.generation.source import read_bytes
from kickitout.models.files import DEFAULT
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
        object.__setattr__(self, "bits", str(self.bits))
        if isinstance(self.rate, int | np.integer) or (isinstance(self.rate, float) and self.rate.is_integer()):
            object.__setattr__(self, "rate", int(self.rate))  # recipes are JSON
        else:
            raise UserError(f"rate {self.rate}: a whole number of Hz works, for instance 48000")
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise UserError(f"rate {self.rate}: {LOWEST_RATE} to {HIGHEST_RATE} Hz work, for instance 48000")
        if self.format not in ("wav", "flac") or self.bits not in ("16", "24", "32f"):
            raise UserError(
                f"{self.format} with {self.bits} bits can't be written; .wav and .flac, 16, 24 and 32f work"
            )
        if self.format == "flac" and self.bits == "32f":
            raise UserError("bits 32f: FLAC holds whole numbers only; use 24 bits, or WAV")
        if self.format == "flac":
            refuse_flac(self.rate)
        check_pre_roll(self.pre_roll_ms)
        object.__setattr__(self, "pre_roll_ms", None if self.pre_roll_ms is None else float(self.pre_roll_ms))

    def refuse_targets(self, targets: Mapping[str, float]) -> None:
        """Raise UserError for a tone that files of this rate cannot hold."""
        if (tone := targets.get("tone", 0.0)) >= self.rate / 2:
            holds = f"files of {self.rate} Hz hold what lies below {self.rate / 2:g} Hz"
            raise UserError(f"tone {tone:g} Hz: {holds}; a lower tone, or a higher rate works")


def file_name(seed: int, form: SoundFormat) -> str:
    """The name of a seed's file.

    >>> file_name(7, SoundFormat())
    'kick_000007.wav'
    """
    return f"{form.word}_{seed:06d}.{form.format}"


def recipe_name(recipe: Mapping[str, Any], card: Mapping[str, float | str] | None = None, word: str = "kick") -> str:
    """A name that says what is in a kick: note, time to fall by 20 dB, and where it came from.

    A seed's own kick has its seed, any other a part of the digest of what makes it. What a card lacks is left out.
    Raises UserError for nothing.

    >>> recipe_name({"seed": 42}, {"note": "F#1", "decay_t20_ms": 280.4})
    'kick_Fs1_280ms_s000042'
    >>> recipe_name({"seed": 42, "controls": [2.0]})
    'kick_s000042-21d0'
    """
    parts, card = [word], card or {}
    if card.get("note"):
        parts.append(str(card["note"]).replace("#", "s"))
    decay = card.get("decay_t20_ms")
    if isinstance(decay, float) and math.isfinite(decay):
        parts.append(f"{decay:.0f}ms")
    # The digest is of the words of format 1, so that a kick keeps its name.
    words = {"start": "start", "latent": "place", "controls": "knobs", CURVES: CURVES}
    turned = {old: recipe[new] for new, old in words.items() if new in recipe and np.any(recipe[new])}
    digest = hashlib.sha256(json.dumps(turned, sort_keys=True).encode()).hexdigest()
    if "seed" in recipe:
        parts.append(f"s{recipe['seed']:06d}" + (f"-{digest[:4]}" if turned else ""))
    else:
        parts.append(f"p{digest[:6]}")
    return "_".join(parts)


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
        raise damaged(where, error) from error


class Rerendered(NamedTuple):
    """A file that was rendered again. same: whether its samples are those of the file with the recipe."""

    path: Path
    same: bool


def render_file(
    sound: str | PathLike[str], out: str | PathLike[str], model: str | PathLike[str] | Model = DEFAULT, *,
    source: str | PathLike[str] | None = None, force: bool = False,
) -> Rerendered:  # fmt: skip
    """Write the sound of the recipe in a file into the file `out`, in the format of its ending, bit for bit.

    source: as in `render`. Returns the file, and whether its samples are those of `sound`. Raises UserError as `render`
    does, and where `out` exists (force replaces it).

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (kick,) = kickitout.write_kicks(kickitout.generate_kicks([7]), folder)
    ...     kickitout.render_file(kick, f"{folder}/again.wav").same
    True
    """
    sound, out = Path(sound), Path(out)
    comment = read_comment(sound)
    recipe, format = recipe_in(comment, str(sound)), out.suffix.lower().lstrip(".") or "wav"
    if "kit" in recipe and format != "wav":
        raise UserError(f"{out}: the sounds of a kit are WAV files; choose a name that ends in .wav")
    played = load_model(model) if needs_model(recipe) else None
    data = None if source is None else read_bytes(source)
    made = file_of_recipe(recipe, str(sound), played, data, comment=comment, format=format)
    refuse_in_the_way(out.parent, [out.name], force=force)
    make_folder(out.parent)
    try:
        a, b = read_sound(sound), decode_sound(made, str(out))
        same = a.rate == b.rate and same_samples(a.samples, b.samples)
    except UserError:  # a damaged sound can still be rendered again
        same = False
    return Rerendered(write_whole(out, made, follow=True), same)


def headroom(samples: np.ndarray) -> float:
    """By how many dB (0.0, or below it) samples must be made quieter to stay within full scale; in steps of 0.01 dB.

    >>> headroom(np.array([0.5, -1.0])), headroom(np.array([0.5, -1.05]))
    (0.0, -0.43)
    """
    peak = float(np.abs(samples).max(initial=0.0))
    return math.floor(-2000 * math.log10(peak)) / 100 if peak > 1 else 0.0


def write_kicks(
    kicks: Iterable[Kick], folder: str | PathLike[str], *, format: str = "wav", bits: str = "24",
    rate: int = SAMPLE_RATE, pre_roll_ms: float | None = None, force: bool = False,
) -> list[Path]:  # fmt: skip
    """Write kicks into a folder, each under its name and with its recipe inside; each file appears whole or not at all.

    bits: "16", "24" or "32f". rate in Hz. pre_roll_ms: silence before the onset, 1.45 ms without it. For very many see
    `generation_job`. Raises UserError for a file in the way (force replaces it), two kicks of one name, a name that is
    a path, another format, and a tone that was asked for and files of this rate cannot hold.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in kickitout.write_kicks(kickitout.generate_kicks([7, 8]), folder, bits="16")]
    ['kick_000007.wav', 'kick_000008.wav']
    """
    form, folder = SoundFormat(format, bits, rate, pre_roll_ms), Path(folder)
    made = list(kicks)
    for kick in made:
        if Path(kick.name).name != kick.name:
            raise UserError(f"a kick is named {kick.name!r}: a name of a file works, and no path")
        form.refuse_targets(kick.recipe.get("targets", {}))
    names = [kick.name for kick in made]
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise UserError(f"{folder}: two of the kicks are named {twice[0]}; write them into folders of their own")
    refuse_in_the_way(folder, [f"{name}.{format}" for name in names], force=force)
    make_folder(folder)
    return [
        write_whole(folder / f"{kick.name}.{format}", encode_kick(kick.recipe, kick.channels, form)[1]) for kick in made
    ]


def refuse_in_the_way(folder: Path, names: Iterable[str], *, force: bool) -> None:
    """Raise UserError where one of the files is there already and `force` is not set."""
    there = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    in_the_way = [name for name in names if name in there] if there else []
    if in_the_way and not force:
        more = f" (and {len(in_the_way) - 1} more)" if len(in_the_way) > 1 else ""
        raise UserError(f"{folder / in_the_way[0]}: exists{more}; force replaces it, another place keeps it")
