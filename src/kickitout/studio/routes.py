"""The API: its addresses, and what is wrong with a request as one sentence, {"error": ...}."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Annotated, Any

import anyio.to_thread
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

import kickitout
from kickitout import frontend
from kickitout.cpus import usable_cpus
from kickitout.errors import UserError
from kickitout.studio.front import Front
from kickitout.studio.guard import SOUND_OF_A_FOLDER, Guard
from kickitout.studio.model import StudioModel
from kickitout.studio.service import LONGEST_NAME, Packed, StudioService
from kickitout.studio.training import TrainingService
from kickitout.studio.wording import in_words_of_the_page

ROUTES: dict[str, tuple[str, type[Response]]] = {  # method of the service -> how it is called, and what it replies
    "about": ("GET", JSONResponse),
    "opening": ("GET", Packed),
    "map": ("GET", Packed),
    "render": ("POST", Packed),
    "vary": ("POST", Packed),
    "blend": ("POST", Packed),
    "morph": ("POST", Packed),
    "match": ("POST", Packed),
    "draw": ("POST", Packed),
    "analyse": ("POST", JSONResponse),
    "nearest": ("POST", Packed),
    "file": ("GET", Response),
    "kit": ("POST", Response),
}
OF_TRAINING = {  # address -> method of the training service, and how it is called
    "": ("state", "GET"),
    "/file": ("file", "GET"),
    "/begin": ("begin", "POST"),
    "/check": ("look_through", "POST"),
    "/train": ("train", "POST"),
    "/stop": ("stop", "POST"),
    "/keep": ("keep", "POST"),
    "/use": ("use", "POST"),
}
BINARY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
WRONG: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "what is wrong, in one sentence",
        "content": {
            "application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}
        },
    }
}  # fmt: skip


def make_app(now: StudioModel, runs: Path = Path("runs")) -> Guard:
    """The studio as an ASGI app, all of it there at once. runs: the folder in which the page trains."""
    opened: Future[bytes] = Future()  # nobody waits for it where the API is there
    api: Future[ASGIApp] = Future()
    api.set_result(make_api(now, runs))
    return Guard(Front(opened, api))


def make_api(now: StudioModel, runs: Path) -> FastAPI:
    """All that is no file of the page."""
    service = StudioService(now)
    app = FastAPI(
        title="kick studio",
        version=kickitout.__version__,
        description="A local page for kicks. Binary replies: see kickitout.studio.replies.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # FastAPI's own page of the API is fetched from elsewhere
        redoc_url=None,
        responses=WRONG,
    )
    app.add_middleware(FewThreads)
    _say_what_is_wrong(app)
    for name, (method, reply) in ROUTES.items():
        binary: dict[int | str, dict[str, Any]] = {200: BINARY} if reply is Packed else {}
        app.add_api_route(f"/api/{name}", service.route(name), methods=[method], response_class=reply, responses=binary)

    @app.post("/api/invert", response_class=Packed, responses={200: BINARY},
              openapi_extra={"requestBody": {"required": True, **BINARY}})  # fmt: skip
    async def invert(request: Request, name: Annotated[str, Query(max_length=LONGEST_NAME)] = "the sound") -> Packed:
        """A sound file, as the body: the kick of its recipe, or its own sound with its card and reconstruction."""
        data = await request.body()
        if not data:
            raise UserError(f"{name}: an empty file (0 bytes); drop a sound")
        return await anyio.to_thread.run_sync(service.route("invert"), data, name)

    @app.post("/api/fit", response_class=Packed, responses={200: BINARY},
              openapi_extra={"requestBody": {"required": True, **BINARY}})  # fmt: skip
    async def fit(
        request: Request, name: Annotated[str, Query(max_length=LONGEST_NAME)] = "the loop",
        n: Annotated[int, Query(ge=1, le=frontend.MOST_KICKS)] = 4,
        key: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None, bpm: float | None = None,
        style: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None,
        pitch: float | None = None, decay: float | None = None,
    ) -> Packed:  # fmt: skip
        """A loop as a sound file, as the body: n kicks that leave it its bass, and what was found in it. key and bpm:
        of the loop, instead of what would be detected; style, pitch in Hz and decay in ms: of the kicks."""
        data = await request.body()
        if not data:
            raise UserError(f"{name}: an empty file (0 bytes); drop a loop")
        return await anyio.to_thread.run_sync(service.route("fit"), data, name, n, key, bpm, style, pitch, decay)

    _train(app, TrainingService(service, runs))
    return app


def _train(app: FastAPI, training: TrainingService) -> None:
    for address, (name, method) in OF_TRAINING.items():
        app.add_api_route(f"/api/training{address}", getattr(training, name), methods=[method], response_model=None)

    @app.post(SOUND_OF_A_FOLDER, openapi_extra={"requestBody": {"required": True, **BINARY}})
    async def sound(
        request: Request, name: Annotated[str, Query(max_length=LONGEST_NAME)],
        path: Annotated[str, Query(max_length=2000)],
    ) -> dict[str, int]:  # fmt: skip
        """A file, as the body, into a folder that was begun; how many it has by now, and their bytes."""
        return await anyio.to_thread.run_sync(training.put, name, path, await request.body())


class FewThreads:
    """Few requests are worked on at once, the others wait: each holds sounds in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 2 * usable_cpus()
        await self.app(scope, receive, send)


def _say_what_is_wrong(app: FastAPI) -> None:
    @app.exception_handler(UserError)
    def user_error(_: Request, error: UserError) -> JSONResponse:
        return JSONResponse({"error": in_words_of_the_page(str(error))}, 400)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if isinstance(first.get("input"), bytes) and "json" not in request.headers.get("content-type", ""):
            return JSONResponse({"error": "the request: not JSON; send it with Content-Type: application/json"}, 422)
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
