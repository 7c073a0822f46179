"""Who may call the studio, and how much: this page from this machine, and nobody else.

A local server can be reached by every page that is open in the same browser. A foreign page that posts to it sends its
own Origin; one that has its name resolved to 127.0.0.1 (DNS rebinding) sends its own Host. Both are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_JSON = 2 * 2**20  # bytes: a kit of 92 latents is a tenth of that
LARGEST_SOUND = 64 * 2**20  # bytes: 30 s of stereo float at 192 kHz are 46 MB, as are 120 s at 48 kHz
SOUND_OF_A_FOLDER = "/api/training/sound"  # takes the files of a folder, one by one
ADVICE = {  # of the addresses that take sounds: what they are for
    "/api/invert": "a kick is a one-shot of at most 30 s",
    SOUND_OF_A_FOLDER: "a kick is a one-shot of at most 30 s, and larger archives are to be unpacked",
    "/api/fit": "a loop has at most 120 s: cut it first",
}
LONGEST_TARGET = 60_000  # bytes of path and query; the server itself refuses 64 kB without a sentence
NAMES = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Refusal(Exception):
    """status, and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Guard:
    """Wraps an app: checks Host, Origin and size before the app sees anything."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            check_sender(scope["path"], headers)
            if len(scope["raw_path"] or b"") + len(scope["query_string"]) > LONGEST_TARGET:
                raise Refusal(414, f"the address is longer than {LONGEST_TARGET} characters; send less")
            body = await whole_body(receive, headers, scope["path"])
        except Refusal as refusal:
            await refuse(refusal, send)
            return

        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {k.lower() for k, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in HEADERS.items() if k.encode() not in there),
                ]
            await send(message)

        await self.app(scope, replay, send_guarded)


def check_sender(path: str, headers: Mapping[str, str]) -> None:
    """Raise Refusal unless the request names this machine, and comes from the studio's own page or from no page."""
    host = headers.get("host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.lower() not in NAMES:
        raise Refusal(403, f"Host {host[:80]!r} is not this studio; open http://127.0.0.1 with its port")
    origin = headers.get("origin")
    if origin is not None and _host_of(origin) != host.lower():
        raise Refusal(403, f"Origin {origin[:80]!r} is another page; only the studio's own page may call")
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and path.startswith("/api/"):
        raise Refusal(403, "another page called; only the studio's own page may")


def _host_of(origin: str) -> str:
    """Name and port of an origin; "" for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


async def whole_body(receive: Receive, headers: Mapping[str, str], path: str) -> bytes:
    """The body, read here so that its size is known before anything looks into it."""
    limit = LARGEST_SOUND if path in ADVICE else LARGEST_JSON
    advice = ADVICE.get(path, ADVICE["/api/invert"])
    too_large = Refusal(413, f"larger than {limit >> 20} MB; {advice}")
    promised = headers.get("content-length", "0")
    if not promised.isdecimal() or int(promised) > limit:
        raise too_large
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "the connection ended before the whole request was here")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise too_large
        more = message.get("more_body", False)
    return b"".join(parts)


async def refuse(refusal: Refusal, send: Send) -> None:
    body = json.dumps({"error": str(refusal)}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close", **HEADERS}
    await send(
        {
            "type": "http.response.start",
            "status": refusal.status,
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
