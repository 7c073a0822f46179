"""For those who build an interface, as the studio is one: what it needs beside the functions of `kickitout`.

A recipe is JSON, as `kickitout.kick_of` takes it; files come and go as bytes; waves are float32 [channels, T] at
44.1 kHz. Nothing is kept between two calls, and nothing here knows of the web.

What a request may ask for: seeds to LARGEST_SEED, as many `rounds` as ROUNDS in `kickitout.match` and DRAW_ROUNDS in
`kickitout.draw`, MOST_KICKS in `fit_in_mixes`. FIELDS: the fields of a kick card with unit, meaning and decimals.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kickitout.audio import decode_comment, decode_sound
from kickitout.descriptors import FIELDS, Cards, cards, cards_of_each, level_curve, pitch_curve
from kickitout.descriptors.image import SCALOGRAM_FLOOR_DB, SCALOGRAM_HIGH_HZ, SCALOGRAM_LOW_HZ, scalogram
from kickitout.errors import UserError
from kickitout.export.kits.build import build_kit
from kickitout.export.kits.formats import check_formats
from kickitout.export.kits.package import write_package, zip_name
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import KitSource
from kickitout.export.sounds import SoundFormat, encode_kick, recipe_name
from kickitout.fitting.page import MOST_KICKS, fit_in_mixes
from kickitout.generation.curves import KEY as CURVES
from kickitout.generation.curves import stated_curves
from kickitout.generation.draw import ROUNDS as DRAW_ROUNDS
from kickitout.generation.draw import DrawnPoint, measure_under, points_of
from kickitout.generation.drawable import drawable
from kickitout.generation.generate import Kick
from kickitout.generation.invert import EncoderSession, encoder_of
from kickitout.generation.load import find_model_file, notice_of
from kickitout.generation.match import ROUNDS
from kickitout.generation.model import Model, check_latent, goes_by
from kickitout.generation.noise import LARGEST_SEED, normal
from kickitout.generation.recipe import check_maker, invert_file, is_sound_of, oddities, recipe_in
from kickitout.generation.reject import OutlierRejection
from kickitout.generation.source import decode_kick
from kickitout.generation.tail import first_half_second
from kickitout.kicks import kick_of
from kickitout.models.controls import CONTROLS, MOVED_BY, TARGETS
from kickitout.sound import SAMPLE_RATE
from kickitout.stored import upgraded_recipe
from kickitout.training.background import BackgroundRun, TrainingRequest, find_background_runs
from kickitout.units import UNITS

if TYPE_CHECKING:
    from kickitout.metrics.fingerprints import Learned

__all__ = [
    "DRAW_ROUNDS",
    "FIELDS",
    "LARGEST_SEED",
    "MOST_KICKS",
    "ROUNDS",
    "Analysis",
    "BackgroundRun",
    "CurvesMeasured",
    "Opened",
    "TrainingKicks",
    "TrainingRequest",
    "analyse",
    "as_kick",
    "controls_of",
    "drawable",
    "find_background_runs",
    "find_learned",
    "find_model_file",
    "fit_in_mixes",
    "kit_zip",
    "measure",
    "measure_curves",
    "measure_each",
    "notice_of",
    "open_encoder",
    "open_sound",
    "outliers",
    "play_seeds",
    "recipe_name",
    "sound_file",
    "targets_of",
    "upgraded_recipe",
]


# From sound files to kicks --------------------------------------------------------------------------------------------


class Opened(NamedTuple):
    """What a sound file is to a model.

    said: in words. own: the file's sound [channels, 22050] as the model reads it; None for a file whose recipe renders
    its kick. kick: of the recipe, or the model's reconstruction; None where the model has no encoder. exact: it is the
    file of that kick, bit for bit.
    """

    said: str
    own: np.ndarray | None
    kick: Kick | None
    exact: bool = False


def open_encoder(model: Model) -> EncoderSession | str:
    """The model's encoder, for `open_sound`, or the sentence that says why there is none.

    Raises UserError for nothing.
    """
    try:
        check_latent(model.info)
        return encoder_of(model)
    except UserError as error:
        return str(error)


def open_sound(model: Model, encoder: EncoderSession | str, data: bytes, name: str) -> Opened:
    """The bytes of a sound file or of a recipe: the kick of its recipe, if this model made it as it is; otherwise its
    reconstruction, see `kickitout.invert`.

    encoder: of `open_encoder`. name: begins every message. Raises UserError for what is no sound, a damaged recipe, and
    the recipe of another model.
    """
    recipe = _recipe_in(model, data, name)
    restored = None if recipe is None else _restored(model, recipe, data, name)
    if restored is not None:
        return restored
    wave = decode_kick(data, name, model.info.channels)
    own = np.atleast_2d(wave)
    if isinstance(encoder, str):
        return Opened(f"{encoder}{oddities(data, name)}", own, None)
    found = invert_file(model, encoder, wave, data, name, changed=recipe is not None)
    return Opened(found.said, own, kick_of({"latent": found.latent.tolist()}, model))


def _recipe_in(model: Model, data: bytes, name: str) -> dict[str, Any] | None:
    """The recipe in a file that this very model made; None in any other, which is a sound like others."""
    is_recipe = data[:1] == b"{"
    try:
        found = recipe_in(data.decode() if is_recipe else decode_comment(data, name), name)
    except (UserError, UnicodeDecodeError):
        if is_recipe:
            raise UserError(f"{name}: no recipe of a kick; a recipe is what the studio saves as one") from None
        return None
    mine = goes_by(model, found.get("model_sha256")) and "source" not in found
    if not mine and is_recipe:
        check_maker(found, model, name)
        raise UserError(f"{name}: the recipe of a kick that a sound file is a part of; drop the sound itself")
    return found if mine else None


def _restored(model: Model, found: dict[str, Any], data: bytes, name: str) -> Opened | None:
    """None for a file whose samples are others by now: a sound of the user's own."""
    try:
        kick = kick_of(found, model)
    except UserError as error:
        raise UserError(f"{name}: its recipe is damaged; drop the sound without it, or another one") from error
    if "shape" in found:
        return Opened("made by this model and shaped for a kit since; this is the kick it was made from", None, kick)
    if data[:1] == b"{":
        return Opened("the kick of this recipe", None, kick)
    sound = decode_sound(data, name)
    if not is_sound_of(sound, kick.channels, found):
        return None
    try:
        form = SoundFormat(sound.container.lower(), str(found.get("bits")), int(found.get("rate", 0)))
        exact = encode_kick(found, kick.channels, form, comment=decode_comment(data, name))[1] == data
    except (UserError, TypeError, ValueError):  # in a form by now that is not written here
        exact = False
    same = "the same file bit for bit" if exact else "the same samples in another file"
    return Opened(f"made here: its state is back, {same}", None, kick, exact)


# From recipes to files ------------------------------------------------------------------------------------------------


def as_kick(wave: np.ndarray) -> Kick:
    """A sound [channels, T] of no model as a kick without a recipe. Raises UserError for nothing."""
    return Kick(None, wave, {})


def sound_file(
    model: Model, recipe: Mapping[str, Any], format: str = "wav", bits: str = "24", rate: int = SAMPLE_RATE
) -> tuple[str, bytes]:
    """Name and bytes of a sound file; the bytes that `kickitout.write_kicks` writes for the same recipe.

    format: "wav" or "flac"; bits: "16", "24" or "32f"; rate: Hz. Raises UserError for a recipe that this model cannot
    render, and for a format that is none.
    """
    form = SoundFormat(format, bits, rate)
    kick = kick_of(recipe, model)
    name = recipe_name(kick.recipe, kick.card, model.info.word)
    return f"{name}.{form.format}", encode_kick(kick.recipe, kick.channels, form)[1]


def kit_zip(
    model: Model, recipes: Sequence[Mapping[str, Any]], name: str, formats: Sequence[str], *, layers: int = 4,
    round_robins: int = 4, note: str | None = None, bits: str = "24",
) -> tuple[str, bytes]:  # fmt: skip
    """Name and bytes of a kit as a zip: `kickitout.write_kit`, from recipes.

    Raises UserError for a recipe that this model cannot render, a silent kick, and what a format cannot hold.
    """
    plan = Plan(name, layers, round_robins, note, bits)
    check_formats(formats, plan)
    plan.check_size(len(recipes))
    sources = []
    for number, kick in enumerate((kick_of(recipe, model) for recipe in recipes), 1):
        label = kick.name.removeprefix(f"{model.info.word}_")
        if not np.abs(kick.channels).max() > 0:
            raise UserError(f"kick {number} of the kit is silent; leave it out")
        recipe = json.loads(json.dumps(kick.recipe))
        wave = np.asarray(kick.channels, np.float32)
        sources.append(KitSource(label, label, wave, recipe, word=model.info.word))
    made = build_kit(sources, plan)  # while there is no folder that Ctrl-C could leave behind
    with tempfile.TemporaryDirectory(prefix="kick-kit-") as folder:
        out = Path(folder) / plan.stem
        write_package(made, model, out, formats, zipped=True)
        return f"{plan.stem}.zip", zip_name(out).read_bytes()


# What is measured -----------------------------------------------------------------------------------------------------


class Analysis(NamedTuple):
    """Curves and spectrogram of a sound, from the analysis behind its kick card.

    pitch: seconds and Hz; level: seconds and dB re full scale; spectrogram: [rows, columns] dB re its peak, from low_hz
    (row 0) to high_hz on a logarithmic scale, never below floor_db.
    """

    pitch: tuple[np.ndarray, np.ndarray]
    level: tuple[np.ndarray, np.ndarray]
    spectrogram: np.ndarray
    low_hz: float = SCALOGRAM_LOW_HZ
    high_hz: float = SCALOGRAM_HIGH_HZ
    floor_db: float = SCALOGRAM_FLOOR_DB


def analyse(wave: np.ndarray) -> Analysis:
    """Curves and spectrogram of a wave [channels, T], the mean of its channels. Raises UserError for nothing."""
    mono = wave.mean(axis=0)
    return Analysis(pitch_curve(mono), level_curve(mono), scalogram(mono))


def play_seeds(model: Model, seeds: Sequence[int]) -> np.ndarray:
    """The waves [n, channels, 22050] of seeds, whether they are finite or not; `kickitout.generate` refuses those that
    are not. Raises UserError for what is no seed."""
    return model.play(normal(seeds, model.info.noise_size))


def measure(waves: np.ndarray, threads: int | None = 1) -> Cards:
    """The kick cards of waves [n, channels, T]: field -> [n]. threads: all cores for None. Raises UserError for
    nothing."""
    return cards(waves.mean(axis=1), threads=threads)


def measure_each(made: Sequence[Kick]) -> list[tuple[dict[str, float | str], dict[str, str]]]:
    """The card of each kick, and for each field without a value the reason. Raises UserError for nothing."""
    return cards_of_each([kick.channels.mean(axis=0) for kick in made], threads=1)


def outliers(model: Model, found: Cards) -> np.ndarray:
    """Which cards lie outside of those that the model learned from: [n] bool. Raises UserError for nothing."""
    return np.any([over > 0 for over in OutlierRejection.of(model).limits.excess(found).values()], axis=0)


def targets_of(model: Model) -> list[dict[str, Any]]:
    """The targets that a kick of this model can meet: name, field of the kick card, unit, range, meaning and scale of
    each. Raises UserError for nothing."""
    keys = ("name", "field", "unit", "low", "high", "meaning")
    targets = [target for target in TARGETS.values() if MOVED_BY[target.name].name in model.info.controls]
    return [{key: getattr(one, key) for key in keys} | {"scale": UNITS[one.unit].scale} for one in targets]


def controls_of(model: Model) -> list[dict[str, Any]]:
    """The controls of this model: name, unit, range and meaning of each. Raises UserError for nothing."""
    known = [control for control in CONTROLS if control.name in model.info.controls]
    return [{key: getattr(one, key) for key in ("name", "unit", "low", "high", "meaning")} for one in known]


class CurvesMeasured(NamedTuple):
    """What a kick does under its curves: at each point that was drawn. zero_db: 0 dB of the level curve, in dB re full
    scale."""

    points: tuple[DrawnPoint, ...]
    zero_db: float


def measure_curves(recipe: Mapping[str, Any], model: Model) -> CurvesMeasured | None:
    """What the kick of a recipe does under its curves; None where none are drawn over it. Raises UserError for a recipe
    that this model cannot render."""
    curves = stated_curves(recipe)
    if curves is None:
        return None
    flat = {**recipe, CURVES: replace(curves, gain_db=()).written()}
    raw, wave = (first_half_second(kick_of(one, model).channels) for one in (flat, recipe))
    return CurvesMeasured(points_of(curves, measure_under(curves, raw, wave)), curves.zero_db(raw))


class TrainingKicks:
    """The sounds that a model learned from, in a folder. digest: of the dataset; threshold: below it a sound is a
    near-duplicate, None where too few are known to say. Raises UserError for a folder without kicks."""

    def __init__(self, folder: Path) -> None:
        from kickitout.datasets.build import read_dataset
        from kickitout.metrics.memorisation import CopyDetector

        dataset = read_dataset([folder])
        self.digest = dataset.digest
        self._waves = dataset.waves
        self._names = [row.name for row in dataset.rows]
        self._library = CopyDetector.of(dataset.waves, dataset.groups)
        self.threshold = self._library.threshold

    def nearest(self, wave: np.ndarray) -> tuple[str, float, np.ndarray]:
        """Name, distance (0 to 1) and wave [22050] of the kick that is nearest to the first half second of a wave
        [T]."""
        index, distance = self._library.nearest(first_half_second(wave))
        return self._names[index], distance, self._waves[index]


def find_learned(model: Model) -> Learned | str:
    """The fingerprints of what a model learned from, or the sentence that says why there are none. Raises UserError for
    nothing."""
    from kickitout.metrics.fingerprints import learned_file, read_learned

    way_out = "; a studio that is started with the folder of them compares with the kicks themselves"
    path = None if model.path is None else learned_file(model.path)
    if path is None or not path.exists():
        return f"no fingerprints of its training kicks lie beside this model{way_out}"
    try:
        learned = read_learned(path)
    except UserError as error:
        return f"{error}{way_out}"
    if learned.digest != model.info.dataset.get("digest"):
        return f"{path.name} is of other kicks than this model learned from{way_out}"
    return learned
