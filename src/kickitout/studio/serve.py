"""The server: one process, one port of 127.0.0.1."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import kickitout
from kickitout.errors import UserError
from kickitout.package import remove_copies

if TYPE_CHECKING:
    from uvicorn import Server

    from kickitout.studio.service import StudioService

ADDRESS = "127.0.0.1"
END_SECONDS = 2.0  # after Ctrl-C; replies that are on their way are whole by then
TAKEN = "taken, perhaps by a studio that is open already"


def listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1; port 0 is any free one. Raises UserError when it is taken."""
    if not 0 <= port <= 65_535:
        raise UserError(f"--port {port}: 1024 to 65535 work, 0 takes any that is free")
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
        raise UserError(f"--port {port}: {why}; another one works, 0 takes any that is free") from error
    return sock


def serve(
    model: str | Path = "default", port: int = 8808, *, train: str | PathLike[str] | None = None,
    runs: str | PathLike[str] = "runs", ready: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """Serve the studio on 127.0.0.1 until Ctrl-C: a page to play, shape, compare and save kicks.

    port: 0 takes any that is free. train: the folder of the kicks that the model learned from; the page then shows the
    nearest of them. runs: the folder in which the page trains models. ready: hears the address when the page answers.
    Raises UserError, before it begins, where the web server is missing (the extra `studio`), for a port that is taken,
    and as `load_model` does.

        kickitout.serve("runs/mine", 9000)
    """
    if any(find_spec(name) is None for name in ("fastapi", "uvicorn")):
        raise UserError("kick studio needs a web server: pip install 'kickitout[studio]', or make studio in a checkout")
    sock = listen(port)
    try:
        with ThreadPoolExecutor(1) as pool:  # the model is read while the server is imported
            loading = pool.submit(_service, model, None if train is None else Path(train))
            import uvicorn

            from kickitout.studio.routes import make_app

            app = make_app(loading.result(), Path(runs))
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="on", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        address = f"http://{ADDRESS}:{sock.getsockname()[1]}/"
        threading.Thread(target=_tell, args=(server, ready, address), daemon=True).start()
        with _ending_soon(server):
            server.run(sockets=[sock])
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


def _service(model: str | Path, train: Path | None) -> StudioService:
    from kickitout import frontend
    from kickitout.studio.service import StudioService

    service = StudioService(kickitout.load_model(model), None if train is None else frontend.TrainingKicks(train))
    service.about()  # opens the encoder, too
    return service


def _tell(server: Server, ready: Callable[[str], None], address: str) -> None:
    """Say that it answers, once it does."""
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.005)
    ready(address)
