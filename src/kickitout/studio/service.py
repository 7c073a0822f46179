"""What the studio can do, as plain functions of recipes; no web here.

Every reply comes from the rooms below, the ones that the command line calls, so a kick is the same samples everywhere.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kickitout._version import __version__
from kickitout.audio import decode_comment, decode_sound
from kickitout.descriptors import FIELDS, card, level_curve, pitch_curve
from kickitout.descriptors.image import COLUMNS, HIGH_HZ, LOW_HZ, ROWS, SCALOGRAM_FLOOR_DB, scalogram
from kickitout.errors import UserError
from kickitout.export.kits.build import build_kit
from kickitout.export.kits.formats import FORMATS, check_formats
from kickitout.export.kits.package import write_kit, zip_name
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import KitSource
from kickitout.export.sounds import SoundFormat, encode_kick, telling_name
from kickitout.generation.invert import EncoderSession, find_encoder, invert
from kickitout.generation.load import find_model_file
from kickitout.generation.match import ROUNDS, MatchResult, match_seed, match_targets
from kickitout.generation.model import Model, Played, goes_by
from kickitout.generation.recipe import CHANGED, is_sound_of, read_recipe, rounded
from kickitout.generation.source import decode_kick
from kickitout.generation.vary import blend, morph, vary
from kickitout.identity import identity_in
from kickitout.models.controls import MOVED_BY, TARGETS, Target
from kickitout.studio.opening import opening_seed
from kickitout.studio.recipes import (
    Recipe,
    check_model,
    controls_of,
    finite,
    from_latent,
    full_recipe,
    noise_of,
    play,
)
from kickitout.studio.replies import Sounding, known, pack
from kickitout.units import UNITS

if TYPE_CHECKING:
    from kickitout.metrics.fingerprints import Learned


class TrainingKick(NamedTuple):
    """The nearest training kick. limit: below it a sound is a near-copy, None where too few are known to say."""

    name: str
    wave: np.ndarray  # [T]
    distance: float
    limit: float | None


class References:
    """The sounds a model learned from, where the user says in which folder they are."""

    def __init__(self, folder: Path) -> None:
        from kickitout.datasets.build import read_dataset
        from kickitout.metrics.memorisation import CopyDetector

        dataset = read_dataset([folder])
        self.digest = dataset.digest
        self._waves = dataset.waves
        self._names = [row.name for row in dataset.rows]
        self._library = CopyDetector.of(dataset.waves, dataset.groups)

    def nearest(self, wave: np.ndarray) -> TrainingKick:
        index, distance = self._library.nearest(wave)
        return TrainingKick(self._names[index], self._waves[index], distance, self._library.threshold)


def find_learned(model: Model, name: str | Path) -> Learned | str:
    """The fingerprints of what a model learned, or the sentence that says why there are none. name: where it is."""
    from kickitout.metrics.fingerprints import learned_file, read_learned

    way_out = "; a studio that is started with the folder of them compares with the kicks themselves"
    path = learned_file(find_model_file(Path(name)))
    if not path.exists():
        return f"no fingerprints of its training kicks lie beside this model{way_out}"
    try:
        learned = read_learned(path)
    except UserError as error:
        return f"{error}{way_out}"
    if learned.digest != model.info.dataset.get("digest"):
        return f"{path.name} is of other kicks than this model learned from{way_out}"
    return learned


class StudioService:
    """A model, and what the page does with it. name: where the model is, for its encoder."""

    def __init__(self, model: Model, name: str | Path = "default", references: References | None = None) -> None:
        self.model, self.name, self.references = model, name, references

    # What there is -----------------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        """The model, its controls, and the units of everything."""
        info = self.model.info
        return {
            "version": __version__,
            "model": {
                "name": info.name,
                "sha256": self.model.digest,
                "step": info.step,
                "channels": info.channels,
                "rate": info.sample_rate,
                "length": info.length,
                "kicks": info.dataset.get("kicks"),
                "sources": info.dataset.get("sources", []),
            },
            "opening": self.opening,
            "has_latent": bool(info.latent_size),
            "no_encoder": self.encoder_or_reason if isinstance(self.encoder_or_reason, str) else "",
            "targets": [_target(t) for t in TARGETS.values() if MOVED_BY[t.name].name in info.controls],
            "controls": info.controls,
            "fields": [field._asdict() for field in FIELDS],
            "formats": [{"name": form.name, "title": form.title} for form in FORMATS.values()],
            "references": None if self.references is None else self.references.digest,
        }

    @cached_property
    def encoder_or_reason(self) -> EncoderSession | str:
        """The model's encoder, or the sentence that says why there is none."""
        if not self.model.info.latent_size:
            return f"model {self.model.info.name}: it makes kicks from seeds alone; the default model can do more"
        try:
            return EncoderSession(find_encoder(self.name))
        except UserError as error:
            return str(error)

    @cached_property
    def opening(self) -> int:
        """The seed of the kick that the page opens with."""
        return opening_seed(self.model)

    @cached_property
    def learned_or_reason(self) -> Learned | str:
        return find_learned(self.model, self.name)

    # Kicks -------------------------------------------------------------------------------------------------------

    def render(self, recipes: Sequence[Recipe]) -> bytes:
        return self._pack([Sounding(play(self.model, recipe).wave, recipe) for recipe in recipes])

    def vary(self, recipe: Recipe, seeds: Sequence[int], amount: float) -> bytes:
        """One variation a seed. A seed is a direction, amount how far to go."""
        controls = controls_of(recipe)
        made = vary(self.model, self._latent(recipe), seeds, amount, controls)
        return self._pack([self._of_latent(one, controls, amount=amount) for one in made])

    def blend(self, recipes: Sequence[Recipe], weights: Sequence[float]) -> bytes:
        """The kick between kicks."""
        return self._pack([self._of_latent(blend(self.model, [self._latent(r) for r in recipes], weights))])

    def morph(self, first: Recipe, last: Recipe, count: int) -> bytes:
        """`count` kicks from the one to the other, both included."""
        none = np.zeros(len(self.model.info.controls), np.float32)
        ends = [none if controls_of(r) is None else controls_of(r) for r in (first, last)]
        turned = (ends[0], ends[1]) if any(np.any(end) for end in ends) else None
        made = morph(self.model, self._latent(first), self._latent(last), count, turned)  # type: ignore[arg-type]
        shares = np.linspace(0, 1, count, dtype=np.float32)
        sounds = [
            self._of_latent(one, None if turned is None else (1 - s) * ends[0] + s * ends[1])
            for one, s in zip(made, shares, strict=True)
        ]
        return self._pack(sounds)

    def match(self, targets: dict[str, float], recipe: Recipe, rounds: int = ROUNDS) -> bytes:
        """A kick whose controls move until its card meets the targets. rounds: renders at most."""
        check_model(self.model, recipe)
        controls = controls_of(recipe)
        if recipe.latent is not None:
            found = match_targets(
                self.model, targets, latent=np.array(recipe.latent, np.float32), controls=controls, rounds=rounds
            )
            origin: dict[str, Any] = {"latent": recipe.latent}
        else:
            found = match_targets(self.model, targets, noise_of(self.model, recipe), controls=controls, rounds=rounds)
            origin = {"seed": recipe.seed, "start": recipe.start}
        return self._matched(found, Recipe(**origin, controls=rounded(found.controls), targets=targets))

    def match_seed(self, targets: dict[str, float], seed: int) -> bytes:
        """The same from a new seed, as `kick generate --seed` does it."""
        found = match_seed(self.model, targets, seed)
        controls = rounded(found.controls)
        return self._matched(found, Recipe(seed=seed, start=found.start, controls=controls, targets=targets))

    def _matched(self, found: MatchResult, recipe: Recipe) -> bytes:
        lines = [
            {
                "name": line.target.name,
                "unit": line.target.unit,
                "error_unit": line.error_unit,
                "reached": line.reached,
                "reachable": line.reachable,
                **known({"requested": line.requested, "achieved": line.achieved, "error": line.error}),
            }
            for line in found.lines
        ]
        finite(self.model, Played(found.wave, found.latent))
        return self._pack([Sounding(found.wave, recipe)], lines=lines, renders=found.renders)

    # The user's own sound ----------------------------------------------------------------------------------------

    def invert(self, data: bytes, name: str) -> bytes:
        """A sound file: the kick of its recipe, if this model generated it; otherwise its reconstruction."""
        recipe = self._recipe_in(data, name)
        restored = None if recipe is None else self._restored(recipe, data, name)
        if restored is not None:
            return restored
        changed = "" if recipe is None else CHANGED
        wave = decode_kick(data, name, self.model.info.channels)
        own = Sounding(np.atleast_2d(wave), None, name)
        odd = "".join(f"; {note}" for note in decode_sound(data, name).notes)
        if isinstance(self.encoder_or_reason, str):
            said = f"{self.encoder_or_reason}{odd}"
            return self._pack([own], kind="inverted", said=said, analysis=self._analysis(own.wave.mean(axis=0)))
        inverted = invert(self.model, self.encoder_or_reason, wave, identity=identity_in(data, name))
        reconstructed = self.model.render(latent=inverted.latent)
        found = self._analysis(own.wave.mean(axis=0))
        said = f"{changed}{inverted.said}{odd}"
        return self._pack([own, self._of_latent(reconstructed)], kind="inverted", said=said, analysis=found)

    def _recipe_in(self, data: bytes, name: str) -> dict[str, Any] | None:
        """The recipe in a file that this very model made; None in any other, which is a sound like others."""
        try:
            text = data.decode() if data[:1] == b"{" else decode_comment(data, name)
            found = read_recipe(text, name)
        except (UserError, UnicodeDecodeError):
            if data[:1] == b"{":
                raise UserError(f"{name}: no recipe of a kick; a recipe is what the studio saves as one") from None
            return None
        mine = goes_by(self.model, found.get("model_sha256")) and "source" not in found
        if not mine and data[:1] == b"{":
            digest = str(found.get("model_sha256", ""))[:12] or "no digest"
            raise UserError(f"{name}: made by another model ({digest}); start the studio with that one")
        return found if mine else None

    def _restored(self, found: dict[str, Any], data: bytes, name: str) -> bytes | None:
        """None for a file whose samples are others by now: a sound of the user's own."""
        try:
            recipe = Recipe.model_validate(found)
        except ValueError as error:
            raise UserError(f"{name}: its recipe is damaged; drop the sound without it, or another one") from error
        played = play(self.model, recipe)
        exact = False
        if "shape" in found:
            said = "made by this model and shaped for a kit since; this is the kick it was shaped from"
        elif data[:1] == b"{":
            said = "the kick of this recipe"
        else:
            sound = decode_sound(data, name)
            if not is_sound_of(sound, played.wave, found):
                return None
            try:
                form = SoundFormat(sound.container.lower(), str(found.get("bits")), int(found.get("rate", 0)))
                exact = encode_kick(found, played.wave, form, comment=decode_comment(data, name))[1] == data
            except (UserError, TypeError, ValueError):  # in a form by now that is not written here
                exact = False
            said = "made here: its state is back, the same file bit for bit" if exact else (
                "made here: its state is back, the same samples in another file"
            )  # fmt: skip
        return self._pack([Sounding(played.wave, recipe)], kind="restored", said=said, exact=exact)

    # Analysis ----------------------------------------------------------------------------------------------------

    def analyse(self, recipe: Recipe) -> dict[str, Any]:
        """Curves and spectrogram of a kick, from the analysis behind its card, and its nearest training kick."""
        return self._analysis(play(self.model, recipe).wave.mean(axis=0))

    def _analysis(self, wave: np.ndarray) -> dict[str, Any]:
        pitch_s, hz = pitch_curve(wave)
        level_s, db = level_curve(wave)
        seen = (
            np.round((scalogram(wave) - SCALOGRAM_FLOOR_DB) * (255 / -SCALOGRAM_FLOOR_DB)).clip(0, 255).astype(np.uint8)
        )
        return {
            "pitch": {"ms": _list(1000 * pitch_s, 2), "hz": _list(hz, 2)},
            "level": {"ms": _list(1000 * level_s, 2), "db": _list(db.clip(-120, 20), 1)},
            "spectrogram": {
                "rows": ROWS, "columns": COLUMNS, "low_hz": LOW_HZ, "high_hz": HIGH_HZ, "floor_db": SCALOGRAM_FLOOR_DB,
                "data": base64.b64encode(seen.tobytes()).decode(),
            },
            "nearest": self._nearest(wave),
        }  # fmt: skip

    def _nearest(self, wave: np.ndarray) -> dict[str, Any]:
        if self.references is not None:
            found = self.references.nearest(wave)
            return {"known": True, "name": found.name, "distance": found.distance, "limit": found.limit, "by": "sounds"}
        learned = self.learned_or_reason
        if isinstance(learned, str):
            return {"known": False, "why": learned}
        name, distance = learned.nearest(wave)
        return {"known": True, "name": name, "distance": distance, "limit": learned.threshold, "by": "fingerprints"}

    def nearest(self, recipe: Recipe) -> bytes:
        """The kick and the nearest training kick, to be played one after the other."""
        if self.references is None:
            raise UserError("the training kicks are not here to be played; start the studio with the folder of them")
        played = play(self.model, recipe)
        found = self.references.nearest(played.wave.mean(axis=0))
        other = np.repeat(found.wave[None], self.model.info.channels, axis=0)
        return self._pack([Sounding(played.wave, recipe), Sounding(other, None, found.name)], distance=found.distance)

    # Taking it away ----------------------------------------------------------------------------------------------

    def file(self, recipe: Recipe, form: SoundFormat) -> tuple[str, bytes]:
        """Name and bytes of a sound file; the bytes that `kick generate` writes for the same recipe."""
        played = play(self.model, recipe)
        whole = full_recipe(self.model, recipe)
        data = encode_kick(whole, played.wave, form)[1]
        return telling_name(whole, card(played.wave.mean(axis=0)), form), data

    def kit(self, recipes: Sequence[Recipe], plan: Plan, formats: Sequence[str]) -> tuple[str, bytes]:
        """Name and bytes of a kit as a zip."""
        check_formats(formats, plan)
        plan.check_size(len(recipes))
        kicks = []
        for number, recipe in enumerate(recipes, 1):
            whole = full_recipe(self.model, recipe)
            label = telling_name(whole, {}, SoundFormat()).removeprefix("kick_").rsplit(".", 1)[0]
            wave = np.asarray(play(self.model, recipe).wave, np.float32)
            if not np.abs(wave).max() > 0:
                raise UserError(f"kick {number} of the kit is silent; leave it out")
            kicks.append(KitSource(label, label, wave, json.loads(json.dumps(whole))))
        with tempfile.TemporaryDirectory(prefix="kick-studio-") as folder:
            out = Path(folder) / plan.stem
            write_kit(build_kit(kicks, plan), self.model, out, formats, zipped=True)
            return f"{plan.stem}.zip", zip_name(out).read_bytes()

    # -------------------------------------------------------------------------------------------------------------

    def _latent(self, recipe: Recipe) -> np.ndarray:
        """The latent of a kick. Raises UserError for a model without one."""
        if not self.model.info.latent_size:
            raise UserError(str(self.encoder_or_reason))
        return play(self.model, recipe).latent

    def _of_latent(self, played: Played, controls: np.ndarray | None = None, **more: Any) -> Sounding:
        return Sounding(finite(self.model, played).wave, from_latent(played, controls, **more))

    def _pack(self, sounds: Sequence[Sounding], **more: Any) -> bytes:
        return pack(self.model, sounds, **more)


def _target(target: Target) -> dict[str, Any]:
    """What the page needs of a target."""
    named = {key: getattr(target, key) for key in ("name", "field", "unit", "low", "high", "meaning")}
    return named | {"scale": UNITS[target.unit].scale}


def _list(values: np.ndarray, digits: int) -> list[float]:
    return [float(x) for x in np.round(values, digits)]
