"""Kicks with their recipes: from seeds, sounds and recipes to kicks that can be saved and gone on from.

Sounds are float32 at 44.1 kHz with the onset at sample 64: [22050] from a mono model and [2, 22050] (left, right) from
a stereo one; up to 4 s where `length_s` lets a kick ring on (`generation.tail`). A `Kick` has its sound as `wave`, its
kick card as `card`, what renders it again as `recipe`, and a `name` for its file. A kick begins with a sound (a file, a
prepared wave, what `invert` returned) or with a recipe: a `Kick`, or JSON like {"seed": 7} and {"latent": [...],
"controls": [...]}. A model is "default", a model file, a run folder, or one that is loaded already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from kickitout.audio import read_comment
from kickitout.errors import UserError, refuse_other
from kickitout.export.sounds import recipe_name
from kickitout.generation.curves import KEY as CURVES
from kickitout.generation.curves import Curves, Points
from kickitout.generation.draw import ROUNDS as DRAW_ROUNDS
from kickitout.generation.draw import check_rounds
from kickitout.generation.generate import Kick, drawn_kick, flat, generate_kicks, lasting, latent_kick
from kickitout.generation.inpaint import KEPT_PARTS, joined
from kickitout.generation.invert import Inversion
from kickitout.generation.load import load_model
from kickitout.generation.match import ROUNDS, Targets, check_controls, match_targets, start_noise
from kickitout.generation.model import Model, Played, as_row
from kickitout.generation.noise import check_seeds
from kickitout.generation.recipe import (
    RECIPE,
    check_finite,
    find_latent,
    needs_model,
    recipe_in,
    render_recipe,
    rounded,
)
from kickitout.generation.source import decode_kick, read_bytes, sample_bytes, wave_of
from kickitout.generation.tail import LENGTH_KEY, MODEL_S
from kickitout.generation.targets import TargetRequest
from kickitout.generation.vary import blend as blend_latents
from kickitout.generation.vary import check_amount, check_count, interpolate, variations
from kickitout.models.files import DEFAULT
from kickitout.starts import (
    RecipeLike,
    SoundLike,
    curves_in,
    file_of,
    length_of_sound,
    of_model,
    played_recipe,
    seconds_of,
    start_of,
    under_curves,
    whole_recipe,
)

ModelLike: TypeAlias = str | Path | Model


def read_recipe(sound: str | PathLike[str], *, as_written: bool = False) -> dict[str, Any]:
    """The recipe in a sound file that kickitout wrote. as_written: in the words of the version that wrote it.

    Raises UserError for a file that cannot be read and for one without a recipe.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kickitout.read_recipe(kickitout.write_kicks(kickitout.generate_kicks([7]), folder)[0])["seed"]
    7
    """
    refuse_other(sound, "file", "a path", str, PathLike)
    return recipe_in(read_comment(Path(sound)), str(sound), as_written=as_written)


def render(
    recipe: Mapping[str, Any] | str | PathLike[str],
    model: ModelLike = DEFAULT,
    *,
    source: str | PathLike[str] | np.ndarray | Kick | None = None,
) -> np.ndarray:
    """The sound of a recipe, or of the recipe inside a sound file that kickitout wrote: [T], or [2, T].

    The samples are those from before the file's sample format and rate; a sound of a kit is tuned and shaped. source:
    the sound file that a kit's sound was made from, or the sound of which a kick keeps its click or body, as `inpaint`
    was given it. A recipe that names no model is of this one. Raises UserError for a file without a recipe, a damaged
    one, another model, and another source.

    >>> import kickitout, tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kit = kickitout.write_kit(Path(folder) / "kit", [7], note="F1", formats=["sfz"]).folder
    ...     found = kickitout.card(kickitout.render(sorted(kit.rglob("*.wav"))[-1]))
    >>> found["note"]
    'F1'
    """
    refuse_other(recipe, "recipe", 'a file with one, or one like {"seed": 7},', Mapping, str, PathLike)
    where, found = (RECIPE, recipe) if isinstance(recipe, Mapping) else (str(recipe), read_recipe(recipe))
    played = load_model(model) if needs_model(found) else None
    if played is not None and isinstance(recipe, Mapping) and found.get("model_sha256") is None:
        found = {**found, "model_sha256": played.digest}
    if isinstance(source, Kick):
        source = flat(source.channels)
    given = read_bytes(source) if isinstance(source, str | PathLike) else source
    return flat(render_recipe(found, played, where, given).wave)


def kick_of(recipe: RecipeLike, model: ModelLike = DEFAULT) -> Kick:
    """The kick of a recipe of a model, with its whole recipe, its card and a name; `render` gives the wave alone.

    recipe: JSON like {"seed": 7} or {"latent": [...], "controls": [...]}, or a `Kick`. Raises UserError for another
    model, a damaged recipe, a sound that is not finite, and the recipe of what a kick became since (`render` gives it).

    >>> import kickitout
    >>> kickitout.kick_of({"seed": 7}).name
    'kick_s000007'
    """
    played_by = load_model(model)
    whole, played = played_recipe(recipe, played_by)
    return Kick(whole.get("seed"), played.wave, whole, name=recipe_name(whole, word=played_by.info.word))


def match(
    starts: Sequence[int | RecipeLike], targets: Targets, model: ModelLike = DEFAULT, *,
    length_s: float | None = None, rounds: int = ROUNDS,
) -> list[Kick]:  # fmt: skip
    """A kick a seed, with the model's controls moved until its kick card says what `targets` ask for.

    targets: pitch [Hz], sweep [ms], decay [ms to fall by 20 dB], click [dB re the whole], tone [Hz, centre of the
    click], balance [dB, sub re body], drive [dB]; a `TargetRequest` says the tolerances and the number of tries too.
    The `match` of each kick has `reached`, whether all are within their tolerance, and in `lines` what was requested
    and achieved, with the error in cents, per cent or dB. The method is a bracketed secant on each control. starts:
    seeds, of whose kicks one after the other is tried until one meets all targets, or recipes, whose own kick is moved
    in `rounds` renders at most (and a few that say what else it can reach). length_s: the most seconds that each kick
    rings, without it as many as its recipe says, or 0.5; that is what the card reads. Raises UserError for an unknown
    target, for one outside its range, and for a model without controls.

    >>> import kickitout
    >>> kick = kickitout.match([0], {"pitch": 50.0, "decay": 200.0})[0]
    >>> kick.match.reached, [line.target.name for line in kick.match.lines], kick.card["note"]
    (True, ['pitch', 'decay'], 'G1')
    """
    if isinstance(starts, Mapping | Kick | str) or not isinstance(starts, Iterable):
        raise UserError("match takes a list of seeds and recipes, for instance [7] or [kick]")
    played, request, rounds, begun = load_model(model), TargetRequest.of(targets), check_rounds(rounds), list(starts)
    seeds = check_seeds([start for start in begun if not isinstance(start, Mapping | Kick)])
    of_seeds = generate_kicks(seeds, played, request, length_s=seconds_of(length_s))
    lengths = [seconds_of(length_s, start) for start in begun]
    return [lasting(_match(start, request, played, rounds, length), length)
            if isinstance(start, Mapping | Kick) else next(of_seeds)
            for start, length in zip(begun, lengths, strict=True)]  # fmt: skip


def _match(recipe: RecipeLike, request: TargetRequest, model: Model, rounds: int, length_s: float) -> Kick:
    whole = whole_recipe(recipe, model)
    controls = as_row(whole.get("controls"), len(model.info.controls))[0]
    drawn = under_curves(model, whole)
    if "latent" in whole:
        latent = np.array(whole["latent"], np.float32)
        found = match_targets(drawn, request, latent=latent, controls=controls, rounds=rounds, length_s=length_s)
    else:
        noise = start_noise(model, whole["seed"], whole.get("start", 0))
        found = match_targets(drawn, request, noise, controls=controls, rounds=rounds, length_s=length_s)
    check_finite(found.wave, f"model {model.info.name}")
    origin: dict[str, Any] = {key: whole[key] for key in ("seed", "start", "latent", CURVES) if key in whole}
    whole = whole_recipe({**origin, "controls": rounded(found.controls), "targets": dict(request.targets)}, model)
    whole |= found.recipe
    return Kick(whole.get("seed"), found.wave, whole, found, recipe_name(whole, word=model.info.word))


def draw(
    start: int | RecipeLike, pitch: Points | None = None, level: Points | None = None, model: ModelLike = DEFAULT, *,
    length_s: float | None = None, rounds: int = DRAW_ROUNDS,
) -> Kick:  # fmt: skip
    """The kick of a seed or a recipe under a pitch curve and a level curve; click and noise stay the model's.

    pitch: points (ms after the onset, Hz or a note as "F1"), level: (ms, dB re the kick at its loudest), or either as
    text, "0:220 60:F1 400:48"; straight lines between them in octaves and in dB, and level before the first and behind
    the last; 0 to 490 ms, 20 to 1000 Hz, -60 to 12 dB. None leaves what a recipe has. The `points` of the kick
    say of each point what the card hears there (`achieved`, NaN where the kick has no pitch) and how far off that is
    (`error`, in cents or dB). The recipe holds what was drawn and what was found for it, in `rounds` renders at most.
    length_s: as in `match`. Raises UserError for points that cannot be drawn, and for a pitch curve over a model
    without a contour of pitch.

    The oscillator plays the curve and what is measured is corrected, as in iterative learning control (Arimoto et al.
    1984, doi.org/10.1002/rob.4620010203).

    >>> import kickitout
    >>> kick = kickitout.draw(7, pitch=[(0, 220), (60, 55), (400, 48)], level=[(0, 0), (300, -20)])
    >>> [(point.curve, point.ms) for point in kick.points if abs(point.error) < 25]
    [('pitch', 0.0), ('pitch', 60.0), ('pitch', 400.0), ('level', 0.0), ('level', 300.0)]
    """
    played = load_model(model)
    recipe = start if isinstance(start, Mapping | Kick) else {"seed": start}
    length, whole = seconds_of(length_s, recipe), whole_recipe(recipe, played)
    before = curves_in(whole)
    pitch, level = (
        (old if points is None else points)
        for points, old in ((pitch, before.pitch if before else ()), (level, before.level if before else ()))
    )
    own = {key: value for key, value in whole.items() if key not in (CURVES, LENGTH_KEY)}
    plain = Kick(whole.get("seed"), np.zeros((1, 1)), own)
    controls = as_row(own.get("controls"), len(played.info.controls))[0] if "controls" in own else None
    given: dict[str, Any] = {"latent": np.array(own["latent"], np.float32)} if "latent" in own else {
        "noise": start_noise(played, own["seed"], own.get("start", 0))}  # fmt: skip
    kick = drawn_kick(plain, Curves(pitch, level), played,
                      lambda drawing: played.render(**given, controls=controls, drawing=drawing),
                      check_rounds(rounds))  # fmt: skip
    return lasting(kick._replace(name=recipe_name(kick.recipe, word=played.info.word)), length)


def invert(sound: SoundLike | Kick, model: ModelLike = DEFAULT) -> Inversion:
    """The latent whose kick is most like a sound, and how near it comes: mean level difference in dB where either
    sounds, before and after refining (two different kicks are about 8 dB apart).

    A file that this model made says its own latent. Of any other sound an encoder guesses the latent, and a search
    refines it (GAN inversion, Zhu et al. 2016, arxiv.org/abs/1609.03552). Raises UserError for a file that is no single
    kick and for a model without an encoder.

    >>> import kickitout
    >>> found = kickitout.invert(kickitout.generate([7])[0])
    >>> found.after < 5
    True
    """
    if isinstance(sound, Inversion):
        return of_model(sound, load_model(model))
    return find_latent(load_model(model), flat(sound.channels) if isinstance(sound, Kick) else sound)


def vary(
    sound: SoundLike | RecipeLike, seeds: Sequence[int], amount: float = 0.3, model: ModelLike = DEFAULT, *,
    targets: Targets | None = None, length_s: float | None = None,
) -> list[Kick]:  # fmt: skip
    """One variation of a sound or of a recipe a seed. amount: 0 gives the sound back as the model reconstructs it, 1 is
    as far as kicks are apart, 2 the most. length_s: as in `match`.

    The controls of a recipe keep their values, and its curves stay drawn, also where it is read from a file that the
    model made. targets: what each variation shall measure, as in `match`: the sound in another key, say. Each
    is that one kick, bent as far as it goes; no others are tried. Raises UserError for an amount outside 0..2, and as
    `invert` and `match` do.

    >>> import kickitout
    >>> kicks = kickitout.vary(kickitout.generate([7])[0], range(3))
    >>> [kick.wave.shape for kick in kicks]
    [(22050,), (22050,), (22050,)]
    """
    amount = check_amount(amount)
    seconds_of(length_s)
    played, seeds, request = load_model(model), check_seeds(seeds), TargetRequest.of(targets)
    if request:  # before a sound is searched for, which takes seconds
        check_controls(played, request).within(length_of_sound(length_s, sound, played))
    start = start_of(sound, played)
    if "pitch" in request.targets and start.curves.get(CURVES, {}).get("pitch"):
        raise UserError(f"{start.stem}: its pitch is drawn, and no control moves it; draw another curve")
    length = start.length_s if length_s is None else length_s
    more = {"amount": amount} | ({"varied": start.file} if start.file else {})
    more |= start.curves
    made = variations(under_curves(played, start.curves), start.latent, seeds, amount, start.controls)
    kicks = [_kick(played, one, start.controls, f"{start.stem}_vary_{seed:06d}", start.said, **more)
             for one, seed in zip(made, seeds, strict=True)]  # fmt: skip
    return [lasting(_bent(kick, request, played, length) if request else kick, length) for kick in kicks]


def _bent(kick: Kick, request: TargetRequest, model: Model, length_s: float) -> Kick:
    """A kick that came from a latent, moved to targets; where it came from stays in its recipe."""
    found = _match(kick, request, model, ROUNDS, length_s)
    return found._replace(name=kick.name, said=kick.said, recipe={**kick.recipe, **found.recipe})


def morph(
    first: SoundLike | RecipeLike, last: SoundLike | RecipeLike, n: int = 5, model: ModelLike = DEFAULT, *,
    length_s: float | None = None,
) -> list[Kick]:  # fmt: skip
    """n kicks on the straight line between the latents of two sounds or recipes, both ends included; controls move
    along.

    The pitch is part of the latent, so halfway is one pitch halfway in semitones, not two bodies that beat. Curves stay
    drawn where both have the same. length_s: as in `match`. Raises UserError for n below 2, and as `invert` does.

    >>> import kickitout
    >>> deep, hard = kickitout.generate([7, 8])
    >>> [kick.card["note"] for kick in kickitout.morph(deep, hard, 3)]
    ['E1', 'F#1', 'G#1']
    """
    check_count(n)
    seconds_of(length_s)
    played = load_model(model)
    begin, end = start_of(first, played), start_of(last, played)
    length = max(begin.length_s, end.length_s) if length_s is None else length_s
    more: dict[str, Any] = {"morphed": [begin.file, end.file]} if begin.file and end.file else {}
    shared = begin.curves if begin.curves == end.curves else {}
    more |= shared
    made = interpolate(under_curves(played, shared), begin.latent, end.latent, n, (begin.controls, end.controls))
    shares = np.linspace(0, 1, n, dtype=np.float32)
    moved = [(1 - share) * begin.controls + share * end.controls for share in shares]
    kicks = [_kick(played, one, controls, f"{begin.stem}_to_{end.stem}_{i:02d}", **more)
             for i, (one, controls) in enumerate(zip(made, moved, strict=True))]  # fmt: skip
    kicks[0], kicks[-1] = kicks[0]._replace(said=begin.said), kicks[-1]._replace(said=end.said)
    return [lasting(kick, length) for kick in kicks]


def blend(
    sounds: Sequence[SoundLike | RecipeLike], weights: Sequence[float], model: ModelLike = DEFAULT, *,
    length_s: float | None = None,
) -> Kick:  # fmt: skip
    """The kick between several sounds or recipes, each drawn to by its weight; so are its controls. Drawn curves are
    none of its. length_s: as in `match`.

    Raises UserError for weights that are not one for each, below 0 or all 0, and as `invert` does.

    >>> import kickitout
    >>> kickitout.blend([{"seed": 7}, {"seed": 8}], [1, 1]).card["note"]
    'F#1'
    """
    seconds_of(length_s)
    played = load_model(model)
    starts = [start_of(sound, played) for sound in sounds]
    length = max((one.length_s for one in starts), default=MODEL_S) if length_s is None else length_s
    made, moved = blend_latents(played, [one.latent for one in starts], weights, [one.controls for one in starts])
    return lasting(_kick(played, made, moved, "blend"), length)


def inpaint(
    sound: SoundLike | Kick, seeds: Sequence[int], keep: Literal["click", "body"] = "click", amount: float = 1.0,
    model: ModelLike = DEFAULT, *, length_s: float | None = None,
) -> list[Kick]:  # fmt: skip
    """A sound's own click with a new body, or its body with a new click, one a seed.

    The new part comes from `vary` with the same seeds and amount. The click is what lies above 500 Hz in the first 20
    to 35 ms. length_s: as in `match`. The recipe of such a kick names the sound, which `render` has to be given as
    `source`. Raises UserError as `vary` does.

    >>> import kickitout
    >>> kick = kickitout.inpaint(kickitout.generate([7])[0], [0], keep="body")[0]
    >>> kick.recipe["keep"]
    'body'
    """
    amount = check_amount(amount)
    if keep not in KEPT_PARTS:
        raise UserError(f"keep={keep!r}: {' or '.join(KEPT_PARTS)}")
    seconds_of(length_s)
    played, seeds = load_model(model), check_seeds(seeds)
    length = length_of_sound(length_s, sound, played)
    found = invert(sound, played)
    name, part = file_of(found), found.sound
    if isinstance(part, np.ndarray):
        wave, data = wave_of(part, played.info.channels), sample_bytes(part)
    else:
        if part is None:
            raise UserError(f"{name}: this inversion does not say of which sound; give the file or the wave itself")
        data = read_bytes(part)
        wave = decode_kick(data, str(part), played.info.channels)
    source = {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
    kept = []
    for seed, made in zip(seeds, variations(played, found.latent, seeds, amount), strict=True):
        kick = latent_kick(played, made, f"{Path(name).stem}_keep_{keep}_{seed:06d}", found.said,
                           keep=keep, source=source, amount=amount)  # fmt: skip
        kept.append(lasting(kick._replace(channels=joined(wave, made, keep).wave), length))
    return kept


def _kick(model: Model, played: Played, controls: np.ndarray | None, name: str, said: str = "", **more: Any) -> Kick:
    """A kick that came from a latent. more: where that came from."""
    check_finite(played.wave, f"model {model.info.name}")
    moved = {"controls": rounded(controls)} if controls is not None and np.any(controls) else {}
    return latent_kick(model, played, name, said, **moved, **more)
