"""The server: one process, one port of 127.0.0.1."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from kickitout import frontend
from kickitout.errors import UserError
from kickitout.package import remove_copies

if TYPE_CHECKING:
    from concurrent.futures import Future

    from starlette.types import ASGIApp
    from uvicorn import Server

    from kickitout.studio.model import StudioModel

ADDRESS = "127.0.0.1"
END_SECONDS = 2.0  # after Ctrl-C; replies that are on their way are whole by then
TAKEN = "taken, perhaps by a studio that is open already"


def listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1; port 0 is any free one. Raises UserError when it is taken."""
    if not 0 <= port <= 65_535:
        raise UserError(f"port {port}: 1024 to 65535 work, 0 takes any that is free")
    # Named as TCP: only then asyncio sends what is short at once, and does not wait 40 ms for the answer before it.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where the other option lets two programs share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((ADDRESS, port))
        sock.listen()  # now, and not when the server is ready: until then a second studio could bind it as well
    except OSError as error:
        sock.close()
        why = "not allowed" if error.errno in (errno.EACCES, errno.EPERM) and port < 1024 else TAKEN
        raise UserError(f"port {port}: {why}; another one works, 0 takes any that is free") from error
    return sock


def serve(
    model: str | Path = "default", port: int = 8808, *, train: str | PathLike[str] | None = None,
    runs: str | PathLike[str] = "runs", ready: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """Serve the studio on 127.0.0.1 until Ctrl-C: a page to play, shape, compare and save kicks.

    port: 0 takes any that is free. train: the folder of the kicks that the model learned from; the page then shows the
    nearest of them. runs: the folder in which the page trains models. ready: hears the address, in a thread of its own,
    as soon as requests are taken; they wait until there is an answer.
    Raises UserError where the web server is missing (the extra `studio`), for a port that is taken, for a model that is
    not there and, once it serves, for one that cannot be played.

        kickitout.serve("runs/mine", 9000)
    """
    if any(find_spec(name) is None for name in ("fastapi", "uvicorn")):
        raise UserError("kick studio needs a web server: pip install 'kickitout[studio]', or make studio in a checkout")
    frontend.find_model_file(Path(model))
    sock = listen(port)
    try:
        address = f"http://{ADDRESS}:{sock.getsockname()[1]}/"
        threading.Thread(target=ready, args=(address,), daemon=True).start()  # requests wait from now on
        from concurrent.futures import ThreadPoolExecutor

        import uvicorn

        from kickitout.studio.front import Front
        from kickitout.studio.guard import Guard

        pool = ThreadPoolExecutor(1)  # one thing after the other, the first kick first
        loaded = pool.submit(_load, model, None if train is None else Path(train))
        opened = pool.submit(lambda: loaded.result().opened())
        api = pool.submit(lambda: _api(loaded.result(), Path(runs)))
        server = uvicorn.Server(
            uvicorn.Config(
                Guard(Front(opened, api)), log_level="warning", access_log=False, server_header=False, lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )  # fmt: skip

        def end_if_failed(done: Future[ASGIApp]) -> None:
            server.should_exit = server.should_exit or done.exception() is not None

        api.add_done_callback(end_if_failed)
        with _ending_soon(server), pool:
            server.run(sockets=[sock])
        api.result()
    finally:
        sock.close()


@contextmanager
def _ending_soon(server: Server) -> Iterator[None]:
    """Have the first Ctrl-C or SIGTERM end the server, and without a traceback.

    It would wait for a body that is still being sent, which may never come to its end, and Python for a thread that is
    making a kit; what is cancelled would be printed. Nothing is lost: the studio keeps nothing.
    """
    log, first = logging.getLogger("uvicorn.error"), server.handle_exit

    def end(number: int, frame: FrameType | None) -> None:
        if server.should_exit:
            return
        log.disabled = True
        first(number, frame)
        threading.Thread(target=leave, daemon=True).start()

    def leave() -> None:
        if not ended.wait(END_SECONDS):
            remove_copies()
            os._exit(0)

    ended = threading.Event()
    server.handle_exit = end  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        log.disabled = False
        at_work = [thread for thread in threading.enumerate() if thread.name.startswith("AnyIO worker")]
        for thread in at_work:
            thread.join(0.1)  # those without work end with the server
        if not any(thread.is_alive() for thread in at_work):
            ended.set()


def _load(model: str | Path, train: Path | None) -> StudioModel:
    from kickitout.studio.model import StudioModel

    return StudioModel.load(model, train)


def _api(now: StudioModel, runs: Path) -> ASGIApp:
    from kickitout.studio.routes import make_api

    return make_api(now, runs)
