"""What the studio can do, as the functions of its API: recipes in, kicks out. The functions of `kickitout` do it."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, Json, model_validator

import kickitout
from kickitout import frontend
from kickitout.errors import UserError
from kickitout.studio.model import StudioModel
from kickitout.studio.replies import or_null, packed

if TYPE_CHECKING:
    from kickitout.generation.draw import DrawnPoint
    from kickitout.generation.generate import Kick
    from kickitout.generation.model import Model

MOST_AT_ONCE = 64  # kicks in one reply: 6 MB
MOST_IN_A_KIT = 16
MOST_KIT_FILES = 256
LONGEST_LATENT = 4097  # numbers
LONGEST_NAME = 255  # characters, as file systems have it
MOST_NUMBERS = 128  # of a row of drawn curves

Seed = Annotated[int, Field(ge=0, le=frontend.LARGEST_SEED)]
Single = Annotated[float, Field(ge=-3e38, le=3e38)]  # fits into single precision


class Recipe(BaseModel):
    """What renders a kick: a seed or a latent, and values of the controls.

    start: which of a seed's starts; targets, varied, morphed, amount, style: what it came from, kept for the file;
    curves: that are drawn over it; length_s: the most seconds that it rings.
    """

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    seed: Seed | None = None
    start: Seed | None = None
    latent: list[Single] | None = Field(None, max_length=LONGEST_LATENT)
    controls: list[Single] | None = Field(None, max_length=64)
    targets: dict[str, float] | None = None
    varied: str | None = Field(None, max_length=LONGEST_NAME)
    morphed: list[Annotated[str, Field(max_length=LONGEST_NAME)]] | None = Field(None, max_length=2)
    amount: float | None = None
    curves: dict[str, Annotated[list[Any], Field(max_length=MOST_NUMBERS)]] | None = Field(None, max_length=8)
    length_s: float | None = None
    style: dict[str, str | int] | None = None
    model_sha256: str | None = Field(None, max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _upgraded(cls, data: Any) -> Any:
        return frontend.upgraded_recipe(data) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _one_origin(self) -> Recipe:
        if (self.seed is None) == (self.latent is None):
            raise ValueError("a recipe has a seed or a latent, and not both")
        return self

    def known(self) -> dict[str, Any]:
        """What it says; nothing that was left open."""
        return self.model_dump(exclude_none=True) | {"format": 2}


Recipes = Annotated[list[Recipe], Field(min_length=1, max_length=MOST_AT_ONCE)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RecipeBody(_Body):
    recipe: Recipe


class RecipesBody(_Body):
    recipes: Recipes


class VaryBody(RecipeBody):
    seeds: list[Seed] = Field(min_length=1, max_length=MOST_AT_ONCE)
    amount: float = 0.3


class BlendBody(RecipesBody):
    weights: list[float] = Field(min_length=1, max_length=MOST_AT_ONCE)


class MorphBody(_Body):
    first: Recipe
    last: Recipe
    n: int = Field(5, ge=2, le=MOST_AT_ONCE)


class MatchBody(_Body):
    """targets: pitch and tone in Hz, decay and sweep in ms, click, balance and drive in dB. From a recipe or a seed.

    rounds: renders at most, of a recipe; few are enough while a control moves. steady: whether its pitch shall rest,
    for which other kicks of a seed are tried. length_s: the most seconds that it rings, without it as many as its
    recipe says, or 0.5.
    """

    targets: dict[str, float] = Field(max_length=16)
    steady: bool = False
    recipe: Recipe | None = None
    seed: Seed | None = None
    length_s: float | None = None
    rounds: int = Field(frontend.ROUNDS, ge=1, le=frontend.ROUNDS)


class DrawBody(RecipeBody):
    """Points of a pitch curve (ms, Hz) and of a level curve (ms, dB) over a recipe; none: no such curve.

    rounds: renders at most; few are enough while a point moves.
    """

    pitch: list[tuple[float, float]] = Field([], max_length=MOST_NUMBERS)
    level: list[tuple[float, float]] = Field([], max_length=MOST_NUMBERS)
    rounds: int = Field(frontend.DRAW_ROUNDS, ge=1, le=frontend.DRAW_ROUNDS)


class KitBody(_Body):
    recipes: list[Recipe] = Field(min_length=1, max_length=MOST_IN_A_KIT)
    name: str = "Studio Kit"
    velocity_layers: int = 4
    round_robin: int = 4
    formats: list[str] = list(kickitout.kit_formats(usual=True))
    note: str | None = None
    bits: str = "24"


class Packed(Response):
    """Sounds, as the head of `kickitout.studio.replies` says."""

    media_type = "application/octet-stream"


class StudioService:
    """What the page does with a model. Its public methods are addresses of the API, but for `play` and `route`."""

    def __init__(self, now: StudioModel) -> None:
        self._now = now

    def play(self, model: Model) -> None:
        """Go on with another model, which has learned from other kicks; the page is to be loaded again."""
        self._now = StudioModel(model)

    def route(self, name: str) -> Callable[..., Any]:
        """A public method for requests: each is answered to its end by the model that is played when it comes."""

        @functools.wraps(getattr(self, name))
        def answered(*args: Any, **kwargs: Any) -> Any:
            return getattr(StudioService(self._now), name)(*args, **kwargs)

        return answered

    @property
    def model(self) -> Model:
        return self._now.model

    def about(self) -> dict[str, Any]:
        """The model, its controls, and the fields of a card."""
        return self._now.about()

    def opening(self) -> Packed:
        """What the page opens with: one kick, and in the JSON what `about` says."""
        return Packed(self._now.opened())

    # Kicks -------------------------------------------------------------------------------------------------------

    def map(
        self,
        first: Annotated[int, Query(ge=0, le=frontend.LARGEST_SEED - MOST_AT_ONCE)] = 0,
        n: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 24,
        style: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None,
    ) -> Packed:
        """The kicks of seeds in a row: cards and samples. style: of the model, within which they are drawn."""
        seeds = range(first, first + n)
        if style is not None:
            return self._packed(list(kickitout.generate_kicks(seeds, self.model, style=style, threads=1)))
        return self._packed([kickitout.kick_of({"seed": seed}, self.model) for seed in seeds])

    def render(self, body: RecipesBody) -> Packed:
        """Kicks from their recipes."""
        return self._packed([kickitout.kick_of(recipe.known(), self.model) for recipe in body.recipes])

    def vary(self, body: VaryBody) -> Packed:
        """One variation a seed: a seed is a direction, amount how far to go."""
        return self._packed(kickitout.vary(body.recipe.known(), body.seeds, body.amount, self.model))

    def blend(self, body: BlendBody) -> Packed:
        """The kick between kicks."""
        return self._packed([kickitout.blend([recipe.known() for recipe in body.recipes], body.weights, self.model)])

    def morph(self, body: MorphBody) -> Packed:
        """The kicks from one to another, both included."""
        return self._packed(kickitout.morph(body.first.known(), body.last.known(), body.n, self.model))

    def match(self, body: MatchBody) -> Packed:
        """A kick that meets targets, each with its error; from a recipe, or from a new seed."""
        starts = [
            one.known() if isinstance(one, Recipe) else one for one in (body.recipe, body.seed) if one is not None
        ]
        if len(starts) != 1:
            raise UserError("give a recipe or a seed, and not both")
        request = kickitout.TargetRequest(body.targets, steady=body.steady)
        (kick,) = kickitout.match(starts, request, self.model, length_s=body.length_s, rounds=body.rounds)
        matched = kick.match  # None for a new seed without targets
        lines = [
            {
                "name": line.target.name,
                "unit": line.target.unit,
                "error_unit": line.error_unit,
                "reached": line.reached,
                "reachable": line.reachable,
                **or_null({"requested": line.requested, "achieved": line.achieved, "error": line.error}),
            }
            for line in (matched.lines if matched else ())
        ]
        pitched = (
            "pitch" in body.targets or body.steady
        ) and body.rounds == frontend.ROUNDS  # not while a control moves
        return self._packed(
            [kick], lines=lines, unrest=kick.unrest if pitched else "", renders=matched.renders if matched else 1
        )

    def draw(self, body: DrawBody) -> Packed:
        """A kick under a pitch curve and a level curve, and what it does at each point."""
        kick = kickitout.draw(body.recipe.known(), body.pitch, body.level, self.model, rounds=body.rounds)
        return self._packed([kick], points=_points(kick.points))

    def invert(self, data: bytes, name: str) -> Packed:
        """A sound file: the kick of its recipe, or its own sound, with the card, and its reconstruction."""
        found = frontend.open_sound(self.model, self._now.encoder, data, name)
        if found.own is None:
            assert found.kick is not None
            return self._packed([found.kick], kind="restored", said=found.said, exact=found.exact)
        own = frontend.as_kick(found.own)
        both = [own] if found.kick is None else [own, found.kick]
        return self._packed(both, [name], kind="inverted", said=found.said, analysis=self._analysis(found.own))

    def fit(
        self, data: bytes, name: str, n: int, key: str | None = None, bpm: float | None = None,
        style: str | None = None, pitch: float | None = None, decay: float | None = None,
    ) -> Packed:  # fmt: skip
        """A loop as a sound file: kicks for it, what was found in it, and how all are played in its mix. The last sound
        is the first kick as its seed had it. key and bpm: of the loop, instead of what would be detected; pitch and
        decay: targets of the kicks."""
        targets = {name: value for name, value in (("pitch", pitch), ("decay", decay)) if value is not None}
        given: dict[str, Any] = {"key": key, "bpm": bpm, "style": style, "targets": targets}
        found, head = frontend.fit_in_mixes(self.model, data, name, n, **given)
        (unfitted,) = kickitout.generate_kicks([found.kicks[0].seed], self.model, style=style)
        return self._packed([*(one.kick for one in found.kicks), unfitted], **head)

    # Measures ----------------------------------------------------------------------------------------------------

    def analyse(self, body: RecipeBody) -> dict[str, Any]:
        """Curves, a spectrogram and the nearest training kick."""
        recipe = body.recipe.known()
        found = self._analysis(kickitout.kick_of(recipe, self.model).channels)
        drawn = frontend.measure_curves(recipe, self.model)
        if drawn is None:
            return found
        return found | {"drawn": {"points": _points(drawn.points), "zero_db": drawn.zero_db}}

    def nearest(self, body: RecipeBody) -> Packed:
        """A kick and the nearest training kick, where those are known."""
        if self._now.training is None:
            raise UserError("the training kicks are not here to be played; start the studio with the folder of them")
        kick = kickitout.kick_of(body.recipe.known(), self.model)
        name, distance, wave = self._now.training.nearest(kick.channels.mean(axis=0))
        other = frontend.as_kick(np.repeat(wave[None], self.model.info.channels, axis=0))
        return self._packed([kick, other], ["", name], distance=distance)

    def _analysis(self, wave: np.ndarray) -> dict[str, Any]:
        found = frontend.analyse(wave)
        (pitch_s, hz), (level_s, db), levels = found.pitch, found.level, found.spectrogram
        seen = np.round((levels - found.floor_db) * (255 / -found.floor_db)).clip(0, 255).astype(np.uint8)
        rows, columns = levels.shape
        return {
            "pitch": {"ms": _list(1000 * pitch_s, 2), "hz": _list(hz, 2)},
            "level": {"ms": _list(1000 * level_s, 2), "db": _list(db.clip(-120, 20), 1)},
            "spectrogram": {
                "rows": rows, "columns": columns, "low_hz": found.low_hz, "high_hz": found.high_hz,
                "floor_db": found.floor_db, "data": base64.b64encode(seen.tobytes()).decode(),
            },
            "nearest": self._nearest(wave.mean(axis=0)),
        }  # fmt: skip

    def _nearest(self, wave: np.ndarray) -> dict[str, Any]:
        learned = self._now.training or self._now.learned
        if isinstance(learned, str):
            return {"known": False, "why": learned}
        name, distance, *_ = learned.nearest(wave)
        by = "sounds" if self._now.training else "fingerprints"
        return {"known": True, "name": name, "distance": distance, "limit": learned.threshold, "by": by}

    # Files -------------------------------------------------------------------------------------------------------

    def file(
        self, recipe: Annotated[Json[Recipe], Query()], format: Literal["wav", "flac"] = "wav",
        bits: Literal["16", "24", "32f"] = "24", rate: int = 44_100,
    ) -> Response:  # fmt: skip
        """A sound file, named by what is in it. recipe: as JSON."""
        name, data = frontend.sound_file(self.model, recipe.known(), format, bits, rate)
        return _download(name, data, f"audio/{format}")

    def kit(self, body: KitBody) -> Response:
        """A kit for samplers, as a zip."""
        if len(body.recipes) * body.velocity_layers * body.round_robin > MOST_KIT_FILES:
            raise UserError(
                f"{len(body.recipes)} kicks with {body.velocity_layers} layers of {body.round_robin} robins are "
                f"more than {MOST_KIT_FILES} files; fewer of any work, and `kick kit` makes larger kits"
            )
        recipes = [recipe.known() for recipe in body.recipes]
        name, data = frontend.kit_zip(
            self.model, recipes, body.name, body.formats, layers=body.velocity_layers, round_robins=body.round_robin,
            note=body.note or None, bits=body.bits,
        )  # fmt: skip
        return _download(name, data, "application/zip")

    # -------------------------------------------------------------------------------------------------------------

    def _packed(self, made: Sequence[Kick], names: Sequence[str] = (), **more: Any) -> Packed:
        return Packed(packed(self.model.info, made, names, **more))


def _points(points: Sequence[DrawnPoint]) -> list[dict[str, Any]]:
    told = [or_null({"achieved": one.achieved, "error": one.error}) for one in points]
    return [
        {"curve": one.curve, "ms": one.ms, "drawn": one.drawn, **more} for one, more in zip(points, told, strict=True)
    ]


def _list(values: np.ndarray, digits: int) -> list[float]:
    return [float(x) for x in np.round(values, digits)]


def _download(name: str, data: bytes, kind: str) -> Response:
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return Response(data, media_type=kind, headers={"content-disposition": f'attachment; filename="{plain}"'})
