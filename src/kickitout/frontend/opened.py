"""From sound files to kicks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kickitout.audio import decode_comment, decode_sound
from kickitout.errors import UserError
from kickitout.export.sounds import SoundFormat, encode_kick
from kickitout.generation.generate import Kick
from kickitout.generation.invert import EncoderSession, encoder_of
from kickitout.generation.model import Model, check_latent, goes_by
from kickitout.generation.recipe import check_maker, invert_file, is_sound_of, oddities, recipe_in
from kickitout.generation.source import decode_kick
from kickitout.kicks import kick_of


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
        return Opened(f"{encoder}{oddities(data, name, model.info.channels)}", own, None)
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
    except (UserError, TypeError, ValueError, OverflowError):  # in a form by now that is not written here
        exact = False
    same = "the same file bit for bit" if exact else "the same samples in another file"
    return Opened(f"made here: its state is back, {same}", None, kick, exact)


def as_kick(wave: np.ndarray) -> Kick:
    """A sound [channels, T] of no model as a kick without a recipe. Raises UserError for nothing."""
    return Kick(None, wave, {})
