"""What answers first: the page, then the kick that it opens with, then the API, each from when it is there.

A page takes about as long to load as the model and the server's libraries do, so all of them load at the same time. A
request for what is not there yet waits for it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kickitout.errors import UserError
from kickitout.studio.guard import Refusal, refuse
from kickitout.studio.page_files import KINDS, OPENING, page_files

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T")


class Front:
    """An ASGI app. opened: the reply that the page opens with, until there is the API; api: answers all that is no file
    of the page. Where one of the two fails with a UserError, requests are refused with its sentence."""

    def __init__(self, opened: Future[bytes], api: Future[ASGIApp]) -> None:
        self.files = page_files()
        self.opened, self.api = opened, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")  # a lifespan has none
        name = "index.html" if path == "/" else path.removeprefix("/")
        try:
            if name in self.files:
                if scope["method"] not in ("GET", "HEAD"):
                    raise Refusal(405, f"{path[:120]}: not with {scope['method']}")
                await reply(send, self.files[name], KINDS[Path(name).suffix])
            elif path == f"/{OPENING}" and not self.api.done():
                await reply(send, await there(self.opened), "application/octet-stream")
            else:
                await (await there(self.api))(scope, receive, send)
        except Refusal as refusal:
            await refuse(refusal, send)


async def there(future: Future[T]) -> T:
    """What a thread is making, once it is there. Raises Refusal where it cannot be made."""
    try:
        return await asyncio.shield(asyncio.wrap_future(future))  # one who goes away does not end it for the others
    except UserError as error:
        raise Refusal(503, str(error)) from error


async def reply(send: Send, body: bytes, kind: str) -> None:
    """A whole reply."""
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
