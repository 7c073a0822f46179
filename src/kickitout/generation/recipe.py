"""What re-renders a kick: written into every file, read from it, and rendered to the same samples again."""

from __future__ import annotations

import hashlib
import json
import numbers
import reprlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kickitout._version import __version__
from kickitout.audio import Sound, decode_sound, read_comment, read_sound, resample
from kickitout.audio.prepare import prepare
from kickitout.errors import UserError, refuse_other
from kickitout.generation.curves import KEY as CURVES
from kickitout.generation.curves import under
from kickitout.generation.earlier import where_had
from kickitout.generation.inpaint import KEPT_PARTS, joined
from kickitout.generation.invert import EncoderSession, Inversion, encoder_of, invert_wave
from kickitout.generation.match import start_noise
from kickitout.generation.model import Model, Played, check_latent, goes_by
from kickitout.generation.noise import LARGEST_SEED
from kickitout.generation.shaping import Shape, shape
from kickitout.generation.source import decode_kick, decode_whole_kick, read_bytes, sample_bytes, wave_of
from kickitout.generation.tail import ring_on, stated_length
from kickitout.identity import identity_in
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kickitout.stored import RECIPE_FORMAT, upgraded_recipe

LONGEST_PRE_ROLL_MS = 500.0
QUIETEST_DB = 60.0  # a recipe that says more is damaged
CHANGED = "changed since this model made it, so heard as a sound of your own; "
RECIPE = "the recipe"  # begins the messages about one that comes from no file
WIDE = 0.1  # side re mid, RMS: below it nobody misses the side of a kick
ROUNDED = 1.5 * 2.0**-15  # a step and a half of a file of 16 bits


def sound_recipe(model: Model, seed: int | None, **more: Any) -> dict[str, Any]:
    """What re-renders a sound: it is written into each file as JSON. seed: None for a kick that came from a latent."""
    known: dict[str, Any] = {"kickitout": __version__, "model": model.info.name, "model_sha256": model.digest}
    known |= {} if seed is None else {"seed": seed}
    return known | {"format": RECIPE_FORMAT, "learned_from": model.info.learned_in_short()} | more


def latent_recipe(model: Model, latent: np.ndarray, **more: Any) -> dict[str, Any]:
    """The recipe of a kick that came from a latent. more: where that came from."""
    return sound_recipe(model, None, latent=rounded(latent), **more)


def rounded(values: np.ndarray) -> list[float]:
    """float32 numbers as the shortest decimals that give the same float32 back."""
    return [float(str(np.float32(x))) for x in values]


def recipe_in(text: str | None, where: str, *, as_written: bool = False) -> dict[str, Any]:
    """The recipe in a file's comment, in the words of format 2 or as it is. Raises UserError when there is none."""
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "kickitout" not in found:
        raise UserError(f"{where}: has no recipe inside; only files that kickitout made carry one")
    return found if as_written else upgraded_recipe(found)


def same_samples(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two sounds [T, C] of one rate are the same but for the rounding of their files."""
    return a.shape == b.shape and bool(np.abs(a - b).max(initial=0.0) <= ROUNDED)


def stated_gain(recipe: Mapping[str, Any]) -> float:
    """By how many dB a file is quieter than its kick, as its recipe says; 0.0 where it says nothing, or nonsense."""
    gain_db = recipe.get("gain_db")
    if isinstance(gain_db, bool) or not isinstance(gain_db, int | float) or not -QUIETEST_DB <= gain_db <= 0:
        return 0.0
    return float(gain_db)


def check_pre_roll(ms: float | None) -> None:
    """Raise UserError for a time before the onset that no file is written with."""
    if ms is None:
        return
    if not isinstance(ms, numbers.Real) or not 0 <= ms <= LONGEST_PRE_ROLL_MS:
        said = f"{ms:g}" if isinstance(ms, numbers.Real) else repr(ms)
        raise UserError(f"pre-roll {said}: 0 to {LONGEST_PRE_ROLL_MS:g} ms before the onset work")


def stated_pre_roll(recipe: Mapping[str, Any]) -> float | None:
    """The ms before the onset in a file, as its recipe says; None where it says nothing, or nonsense."""
    ms = recipe.get("pre_roll_ms")
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms <= LONGEST_PRE_ROLL_MS:
        return None
    return float(ms)


def stated_numbers(recipe: Mapping[str, Any], key: str) -> np.ndarray | None:
    """The numbers that a recipe has as its latent or its controls: float32, None where it has none. Raises ValueError
    for nonsense."""
    try:
        return np.array(recipe[key], np.float32) if key in recipe else None
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{key}={reprlib.repr(recipe[key])}: a list of numbers works") from error


def stated_whole(recipe: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """The whole number that a recipe has as its seed or its start, 0 to LARGEST_SEED. Raises ValueError for nonsense,
    and KeyError where it has none and there is no default."""
    value = recipe[key] if default is None else recipe.get(key, default)
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or not 0 <= whole <= LARGEST_SEED:
        raise ValueError(f"{key}={reprlib.repr(value)}: a whole number from 0 to {LARGEST_SEED} works")
    return int(whole)


def begun(samples: np.ndarray, pre_roll_ms: float | None) -> np.ndarray:
    """Samples [T] or [T, C] at SAMPLE_RATE whose onset is at ONSET, with so many ms before it; None: as they are.

    >>> int(begun(np.arange(100), 0)[0]), len(begun(np.arange(100), 2))
    (64, 124)
    """
    if pre_roll_ms is None:
        return samples
    more = round(pre_roll_ms * SAMPLE_RATE / 1000) - ONSET
    return samples[-more:] if more < 0 else np.pad(samples, ((more, 0), *((0, 0),) * (samples.ndim - 1)))


def scaled(samples: np.ndarray, gain_db: float) -> np.ndarray:
    """float32 samples that are louder by so many dB."""
    return samples * np.float32(10 ** (gain_db / 20)) if gain_db else samples


def is_sound_of(sound: Sound, wave: np.ndarray, recipe: Mapping[str, Any]) -> bool:
    """Whether a file still holds the kick [C, T] that its recipe speaks of, at any rate and in any format."""
    samples = begun(np.ascontiguousarray(wave.T), stated_pre_roll(recipe))
    samples = samples if sound.rate == SAMPLE_RATE else resample(samples, SAMPLE_RATE, sound.rate)
    return same_samples(sound.samples, np.clip(scaled(samples, stated_gain(recipe)), -1, 1))


def needs_model(recipe: Mapping[str, Any]) -> bool:
    """Whether a sound comes from a model; that of a kit may come from a sound file alone."""
    return "source" not in recipe or "keep" in recipe


def render_recipe(
    recipe: Mapping[str, Any], model: Model | None = None, where: str = RECIPE,
    source: bytes | np.ndarray | None = None,
) -> Played:  # fmt: skip
    """The sound of a recipe, as it was before a file's gain, silence, rate and bits; a kit's sound tuned and shaped.

    model: that of the recipe. source: the bytes of the sound file that a kit's sound was made from, or of which a kick
    keeps a part; its samples, where that was no file. where: begins every message. Raises UserError for another model
    or file, for what is missing, for a damaged recipe and for a sound that is not finite.
    """
    recipe = upgraded_recipe(recipe)
    try:
        if needs_model(recipe):
            played = _of_model(recipe, model, where)
            if "keep" in recipe:
                played = played._replace(wave=_with_kept(recipe, played, where, source))
            played = played._replace(wave=ring_on(played.wave, stated_length(recipe)))
        else:
            name = str(recipe["source"]["file"])
            data, _ = _checked_source(recipe, where, source, f"made from {name}")
            played = Played(decode_whole_kick(data, name), np.zeros(0, np.float32))
        if "shape" in recipe:
            played = played._replace(wave=shape(played.wave, Shape(**recipe["shape"])))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise damaged(where, error) from error
    check_finite(played.wave, where)
    return played


def damaged(where: str, error: Exception) -> UserError:
    """What is to be said of a recipe. where: begins the message; error: what is wrong with it."""
    return UserError(f"{where if where == RECIPE else f'{where}: its recipe'} is damaged ({error})")


def check_finite(wave: np.ndarray, where: str) -> None:
    """Raise UserError for a sound that is not finite. where: begins the message."""
    if not np.isfinite(wave).all():
        raise UserError(f"{where}: this is not a finite sound; its controls or its latent are too far out")


def check_maker(recipe: Mapping[str, Any], model: Model | None, where: str) -> Model:
    """The model, where it is the one that made the kick of a recipe. Raises UserError. where: begins the message."""
    digest = str(recipe.get("model_sha256", ""))
    if model is not None and goes_by(model, digest):
        return model
    if recipe.get("kickitout") == "procedural":
        raise UserError(f"{where}: `kick synth` rendered it, seed {recipe.get('seed', 0)}, and renders it again")
    named = f"{where}: made by the model {recipe.get('model', '?')} ({digest[:12] or 'no digest'})"
    other = "" if model is None else f", another model than this one ({model.digest[:12]})"
    raise UserError(f"{named}{other}; {where_had(digest)}give the file of that model as the model")


def _of_model(recipe: dict[str, Any], model: Model | None, where: str) -> Played:
    model = under(check_maker(recipe, model, where), recipe)
    controls, latent = stated_numbers(recipe, "controls"), stated_numbers(recipe, "latent")
    if latent is not None:
        return model.render(latent=latent, controls=controls)
    noise = start_noise(model, stated_whole(recipe, "seed"), stated_whole(recipe, "start", 0))
    return model.render(noise, controls=controls)


def _with_kept(recipe: dict[str, Any], played: Played, where: str, source: bytes | np.ndarray | None) -> np.ndarray:
    name, part = str(recipe["source"]["file"]), recipe["keep"]
    if part not in KEPT_PARTS:
        raise ValueError(f"keep={part!r}")
    data, samples = _checked_source(recipe, where, source, f"keeps the {part} of {name}")
    wave = decode_kick(data, name, len(played.wave)) if samples is None else wave_of(samples, len(played.wave))
    return joined(wave, played, part).wave


def _checked_source(
    recipe: dict[str, Any], where: str, source: bytes | np.ndarray | None, why: str
) -> tuple[bytes, np.ndarray | None]:
    """The bytes that the recipe names by their digest, and the samples where it is those that were given."""
    name, digest = str(recipe["source"]["file"]), str(recipe["source"]["sha256"])
    if source is None:
        raise UserError(f"{where}: {why}; give that file as the source")
    data, samples = (source, None) if isinstance(source, bytes) else (sample_bytes(source), source)
    if hashlib.sha256(data).hexdigest() != digest:
        raise UserError(f"{where}: made from another {name} ({digest[:12]}); give that file as the source")
    return data, samples


def latent_of(comment: str | None, model: Model) -> np.ndarray | None:
    """The latent a recipe speaks of, where `model` made the sound with no control moved; None otherwise.

    A sound of a kit has been tuned and shaped since, one that keeps a part of a file is the latent's in the other part
    only, and one under drawn curves follows those, so they are no longer the sound of that latent.
    """
    try:
        recipe = recipe_in(comment, "")
    except UserError:
        return None
    changed_since = any(key in recipe for key in ("shape", "keep", CURVES))
    if not goes_by(model, recipe.get("model_sha256")) or np.any(recipe.get("controls", [])) or changed_since:
        return None
    try:
        if "latent" in recipe:
            latent = np.array(recipe["latent"], np.float32)
            return latent if latent.shape == (model.info.latent_size,) and np.isfinite(latent).all() else None
        if "seed" in recipe:
            return model.render(start_noise(model, int(recipe["seed"]), int(recipe.get("start", 0)))).latent
    except (TypeError, ValueError, OverflowError):  # damaged: a sound like others
        pass
    return None


def find_latent(model: Model, sound: str | PathLike[str] | np.ndarray) -> Inversion:
    """The latent of a sound in a model, and how near the model comes to it.

    A file that this model made says its own latent; any other, or a prepared wave, is inverted.
    """
    check_latent(model.info)
    if isinstance(sound, np.ndarray):
        return invert_wave(model, encoder_of(model), wave_of(sound))._replace(sound=sound)
    refuse_other(sound, "sound", "a file or a wave (an array of NumPy)", str, PathLike)
    path, name = Path(sound), str(sound)
    comment = read_comment(path)  # what is no sound is refused before it is read whole
    made_here = latent_of(comment, model)
    if made_here is not None and recipe_of_file(model, path) is not None:
        return Inversion(made_here, 0.0, 0.0, "made by this model, so its latent is known", path, model.digest)
    data = read_bytes(path)
    wave = decode_kick(data, name, model.info.channels)
    found = invert_file(model, encoder_of(model), wave, data, name, changed=made_here is not None)
    return found._replace(sound=path)


def invert_file(
    model: Model, encoder: EncoderSession, wave: np.ndarray, data: bytes, name: str, *, changed: bool
) -> Inversion:
    """The latent of the kick `wave` in a sound file's bytes, and all that is to be said of it. changed: the file was
    made by this model once."""
    found = invert_wave(model, encoder, wave, identity=identity_in(data, name))
    odd = oddities(data, name, model.info.channels)
    return found._replace(said=f"{CHANGED if changed else ''}{found.said}{odd}")


def recipe_of_file(model: Model, sound: str | PathLike[str]) -> dict[str, Any] | None:
    """The recipe in a sound file that `model` made by it, alone, and that nobody has changed since; None for another.

    Raises UserError for a file that cannot be read.
    """
    comment = read_comment(Path(sound))
    try:
        recipe = recipe_in(comment, str(sound))
        if not goes_by(model, recipe.get("model_sha256")) or any(key in recipe for key in ("shape", "keep", "source")):
            return None
        made = render_recipe(recipe, model)
    except UserError:  # none, or a damaged one: a sound like others
        return None
    return recipe if is_sound_of(read_sound(sound), made.wave, recipe) else None


def oddities(data: bytes, name: str, channels: int = 1) -> str:
    """What decoding and preparing a sound file noticed, to be said behind a sentence; "" for nothing. channels: of the
    model that takes it."""
    sound = decode_sound(data, name)
    found, notes = prepare(sound), list(sound.notes)
    if channels == 1 and float(np.sqrt(np.mean(found.side**2))) > WIDE * float(np.sqrt(np.mean(found.mid**2))):
        notes.append("it is stereo, and is taken as mono: the mean of its channels")
    notes += ["it begins downwards, and was turned over"] if found.flipped else []
    if found.cut_s and found.known < LENGTH:
        notes.append("it rings on after the 500 ms that are heard of it, as its variations do with a length above that")
    return "".join(f"; {note}" for note in notes)
