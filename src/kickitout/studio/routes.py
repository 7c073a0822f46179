"""The API's paths. What is bad about a request is one sentence, {"error": ...}, with a status of 4xx."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from kickitout._version import __version__
from kickitout.cpus import usable_cpus
from kickitout.errors import UserError
from kickitout.export.kits.formats import FORMATS
from kickitout.export.kits.plan import Plan
from kickitout.export.sounds import SoundFormat
from kickitout.generation.match import ROUNDS
from kickitout.generation.noise import LARGEST_SEED
from kickitout.studio.files import Page
from kickitout.studio.guard import Guard
from kickitout.studio.recipes import Recipe
from kickitout.studio.service import StudioService
from kickitout.studio.wording import words_of_the_page

MOST_AT_ONCE = 64  # kicks in one reply: 6 MB
MOST_IN_A_KIT = 16
MOST_KIT_FILES = 256
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RenderBody(_Body):
    recipes: list[Recipe] = Field(min_length=1, max_length=MOST_AT_ONCE)


class VaryBody(_Body):
    recipe: Recipe
    seeds: list[Seed] = Field(min_length=1, max_length=MOST_AT_ONCE)
    amount: float = 0.3


class BlendBody(_Body):
    recipes: list[Recipe] = Field(min_length=1, max_length=MOST_AT_ONCE)
    weights: list[float] = Field(min_length=1, max_length=MOST_AT_ONCE)


class MorphBody(_Body):
    first: Recipe
    last: Recipe
    n: int = Field(5, ge=2, le=MOST_AT_ONCE)


class MatchBody(_Body):
    """targets: pitch and tone in Hz, decay and sweep in ms, click, balance and drive in dB. Of a recipe or a seed.

    rounds: renders at most, of a recipe; few are enough while a control moves.
    """

    targets: dict[str, float] = Field(max_length=16)
    recipe: Recipe | None = None
    seed: Seed | None = None
    rounds: int = Field(ROUNDS, ge=1, le=ROUNDS)


class RecipeBody(_Body):
    recipe: Recipe


class KitBody(_Body):
    recipes: list[Recipe] = Field(min_length=1, max_length=MOST_IN_A_KIT)
    name: str = "Studio Kit"
    velocity_layers: int = 4
    round_robin: int = 4
    formats: list[str] = list(FORMATS)
    note: str | None = None
    bits: str = "24"


class Packed(Response):
    """See `kickitout.studio.replies`."""

    media_type = "application/octet-stream"


PACKED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
WRONG: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "what is wrong, in one sentence",
        "content": {
            "application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}
        },
    }
}  # fmt: skip


@asynccontextmanager
async def _few_threads(_: FastAPI) -> AsyncIterator[None]:
    """Few requests are worked on at once, the others wait: each holds sounds in memory."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = 2 * usable_cpus()
    yield


def make_app(service: StudioService) -> FastAPI:
    """The studio as an ASGI app."""
    app = FastAPI(
        title="kick studio",
        version=__version__,
        description="A local page for kicks. Binary replies: see kickitout.studio.replies.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # FastAPI's own page of the API is fetched from elsewhere
        redoc_url=None,
        responses=WRONG,
        lifespan=_few_threads,
    )
    app.add_middleware(Guard)
    _say_what_is_wrong(app)
    _add_paths(app, service)
    app.mount("/", Page(service.opening), name="page")
    return app


def _add_paths(app: FastAPI, service: StudioService) -> None:
    @app.get("/api/about")
    def about() -> dict[str, Any]:
        """The model, its controls, and the fields of a card."""
        return service.about()

    @app.get("/api/map", response_class=Packed, responses=PACKED)
    def map_of_seeds(
        first: Annotated[int, Query(ge=0, le=LARGEST_SEED - MOST_AT_ONCE)] = 0,
        n: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 24,
    ) -> Packed:
        """The kicks of seeds in a row: cards and samples."""
        return Packed(service.render([Recipe(seed=seed) for seed in range(first, first + n)]))

    @app.post("/api/render", response_class=Packed, responses=PACKED)
    def render(body: RenderBody) -> Packed:
        """Kicks from their recipes."""
        return Packed(service.render(body.recipes))

    @app.post("/api/vary", response_class=Packed, responses=PACKED)
    def vary(body: VaryBody) -> Packed:
        """One variation a seed: a seed is a direction, amount how far to go."""
        return Packed(service.vary(body.recipe, body.seeds, body.amount))

    @app.post("/api/blend", response_class=Packed, responses=PACKED)
    def blend(body: BlendBody) -> Packed:
        """The kick between kicks."""
        return Packed(service.blend(body.recipes, body.weights))

    @app.post("/api/morph", response_class=Packed, responses=PACKED)
    def morph(body: MorphBody) -> Packed:
        """The kicks from one to another."""
        return Packed(service.morph(body.first, body.last, body.n))

    @app.post("/api/match", response_class=Packed, responses=PACKED)
    def match(body: MatchBody) -> Packed:
        """A kick that meets targets, each with its error; from a recipe, or from a new seed."""
        if body.recipe is not None and body.seed is None:
            return Packed(service.match(body.targets, body.recipe, body.rounds))
        if body.seed is not None and body.recipe is None:
            return Packed(service.match_seed(body.targets, body.seed))
        raise UserError("give a recipe or a seed, and not both")

    sound_body = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}

    @app.post("/api/invert", response_class=Packed, responses=PACKED,
              openapi_extra={"requestBody": {"required": True, **sound_body}})  # fmt: skip
    async def invert(request: Request, name: Annotated[str, Query(max_length=200)] = "the sound") -> Packed:
        """A sound file, as the body: its recipe, if this model generated it; otherwise its card and reconstruction."""
        data = await request.body()
        if not data:
            raise UserError(f"{name}: an empty file (0 bytes); drop a sound")
        return Packed(await anyio.to_thread.run_sync(service.invert, data, name))

    @app.post("/api/analyse")
    def analyse(body: RecipeBody) -> dict[str, Any]:
        """Curves, a spectrogram and the nearest training kick."""
        return service.analyse(body.recipe)

    @app.post("/api/nearest", response_class=Packed, responses=PACKED)
    def nearest(body: RecipeBody) -> Packed:
        """A kick and the nearest training kick, where those are known."""
        return Packed(service.nearest(body.recipe))

    @app.get("/api/file", response_class=Response)
    def file(
        recipe: str,
        format: Literal["wav", "flac"] = "wav",
        bits: Literal["16", "24", "32f"] = "24",
        rate: int = 44_100,
    ) -> Response:
        """A sound file, named by what is in it. recipe: as JSON."""
        with words_of_the_page():
            name, data = service.file(_parsed(recipe), SoundFormat(format, bits, rate))
        return _download(name, data, f"audio/{format}")

    @app.post("/api/kit", response_class=Response)
    def kit(body: KitBody) -> Response:
        """A kit for samplers, as a zip."""
        with words_of_the_page():
            plan = Plan(body.name, body.velocity_layers, body.round_robin, body.note or None, body.bits)
            if len(body.recipes) * body.velocity_layers * body.round_robin > MOST_KIT_FILES:
                raise UserError(
                    f"{len(body.recipes)} kicks with {body.velocity_layers} layers of {body.round_robin} robins are "
                    f"more than {MOST_KIT_FILES} files; fewer of any work, and `kick kit` makes larger kits"
                )
            name, data = service.kit(body.recipes, plan, body.formats)
        return _download(name, data, "application/zip")


def _parsed(text: str) -> Recipe:
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _download(name: str, data: bytes, kind: str) -> Response:
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return Response(data, media_type=kind, headers={"content-disposition": f'attachment; filename="{plain}"'})


def _say_what_is_wrong(app: FastAPI) -> None:
    @app.exception_handler(UserError)
    def user_error(_: Request, error: UserError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 400)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query"))
        where = where if where and not where.isdecimal() else "the request"
        message = str(first["msg"]).removeprefix("Value error, ")
        if message[1:2].islower():
            message = message[:1].lower() + message[1:]
        return JSONResponse({"error": f"{where[:120]}: {message[:200]}"}, 422)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        text = {
            404: f"{request.url.path[:120]}: there is no such page here",
            405: f"{request.url.path[:120]}: not with {request.method}",
        }.get(error.status_code, str(error.detail))
        return JSONResponse({"error": text}, error.status_code, headers=error.headers)
