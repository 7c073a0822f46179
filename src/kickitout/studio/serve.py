"""The server: one process, one port of 127.0.0.1."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from kickitout.errors import UserError

if TYPE_CHECKING:
    from uvicorn import Server

    from kickitout.studio.desk import Desk

ADDRESS = "127.0.0.1"
TAKEN = "taken, perhaps by a studio that is open already"


def listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1; port 0 is any free one. Raises UserError when it is taken."""
    if not 0 <= port <= 65_535:
        raise UserError(f"--port {port}: 1024 to 65535 work, 0 takes any that is free")
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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


def serve(model: str | Path, port: int, train: Path | None, ready: Callable[[str], None]) -> None:
    """Serve the studio until Ctrl-C. ready: hears the address when it answers. Raises UserError before it begins."""
    sock = listen(port)
    try:
        with ThreadPoolExecutor(1) as pool:  # the model is read while the server is imported
            loading = pool.submit(_desk, model, train)
            import uvicorn

            from kickitout.studio.routes import make_app

            app = make_app(loading.result())
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="on")
        server = uvicorn.Server(config)
        address = f"http://{ADDRESS}:{sock.getsockname()[1]}/"
        threading.Thread(target=_tell, args=(server, ready, address), daemon=True).start()
        server.run(sockets=[sock])
    finally:
        sock.close()


def _desk(model: str | Path, train: Path | None) -> Desk:
    from kickitout.generation.load import load_model
    from kickitout.studio.desk import Desk, References

    desk = Desk(load_model(model), model, None if train is None else References(train))
    desk.about()  # opens the encoder, too
    return desk


def _tell(server: Server, ready: Callable[[str], None], address: str) -> None:
    """Say that it answers, once it does."""
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.005)
    ready(address)
