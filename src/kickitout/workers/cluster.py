"""Workers of a Ray cluster: one that is there, or one of this machine that is started for the command.

Its machines share the folders that the command names, have the same kickitout installed, and work in the folder where
the command was given. Only items and results travel through Ray: files are written where they belong by whoever makes
them. A task whose worker or machine dies is begun again elsewhere, three times.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from kickitout._version import __version__
from kickitout.cpus import usable_cpus
from kickitout.errors import UserError
from kickitout.workers.threads import ONE_THREAD

CONNECT_SECONDS = 5.0  # until an address is taken for one where nobody answers
JOIN_SECONDS = 30.0  # until what answers is taken for no cluster; Ray itself hears that after 40 at the latest
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))  # RFC 9113, 3.4: as gRPC begins
ENDS_SECONDS = 60.0  # for what is under way to end when it has been stopped
STORE_BYTES = 256 << 20  # of a cluster of our own for items and results: a few MB are there at a time
SOCKETS = "/tmp" if os.path.isdir("/tmp") else None  # a socket's name has about a hundred letters at most
RECOUNT_SECONDS = 5.0  # machines come and go


class Cluster:
    """The same as `Processes`, elsewhere. where: "auto" or HOST:PORT; most: workers at a time."""

    def __init__(self, where: str, most: int | None) -> None:
        try:
            import ray
        except ImportError as error:
            raise UserError(
                f"ray {where}: needs the extra 'cluster': pip install '.[cluster]'; workers of this machine do without"
            ) from error
        self._ray, self._most, self._under_way = ray, most, set[Any]()
        self._place: tempfile.TemporaryDirectory[str] | None = None  # logs and sockets of a cluster of our own
        address = os.environ.get("RAY_ADDRESS") or "local" if where == "auto" else where
        logging.getLogger("ray").setLevel(logging.ERROR)
        self._joined = ray.is_initialized()  # by whoever uses this as a library: it is theirs to end
        if not self._joined:
            how: dict[str, Any] = {"runtime_env": {"env_vars": ONE_THREAD}, "log_to_driver": False}
            if address == "local":
                self._place = tempfile.TemporaryDirectory(prefix="kick-ray-", dir=SOCKETS, ignore_cleanup_errors=True)
                how |= {"num_cpus": most or usable_cpus(), "object_store_memory": STORE_BYTES}
                how |= {"_temp_dir": self._place.name, "include_dashboard": False}
            else:
                _somebody_answers(where, address)
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            with _own_signals(), _no_longer_than(None if address == "local" else JOIN_SECONDS, where):
                try:
                    ray.init(address=address, configure_logging=False, **how)
                except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
                    raise UserError(f"ray {where}: {_first_line(error)}") from error
        self._task = ray.remote(num_cpus=1, max_retries=3)(_do_on_host)
        self._counted, self._cores = -RECOUNT_SECONDS, 1

    @property
    def number(self) -> int:
        """How many work at a time by now."""
        if time.monotonic() - self._counted > RECOUNT_SECONDS:
            self._counted = time.monotonic()
            self._cores = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        return min(self._cores, self._most or self._cores)

    def start(self, work: Callable[[Any], Any], item: Any) -> Any:
        ticket = self._task.remote(os.getcwd(), __version__, work, item)
        self._under_way.add(ticket)
        return ticket

    def wait(self, tickets: Collection[Any]) -> Collection[Any]:
        ready, _ = self._ray.wait(list(tickets), num_returns=1)
        return ready

    def result(self, ticket: Any) -> Any:
        self._under_way.discard(ticket)
        exceptions = self._ray.exceptions
        try:
            refusal, result = self._ray.get(ticket)
        except exceptions.RayTaskError:
            raise  # a bug of the work keeps its traceback
        except exceptions.RayError as error:
            raise UserError(
                f"a worker has died ({type(error).__name__}: {_first_line(error)}); the same command goes on"
            ) from error
        if refusal:
            raise UserError(refusal)
        return result

    def close(self) -> None:
        try:
            for ticket in self._under_way:
                with contextlib.suppress(Exception):
                    self._ray.cancel(ticket)  # heard as Ctrl-C
            if self._under_way:
                left = list(self._under_way)
                self._ray.wait(left, num_returns=len(left), timeout=ENDS_SECONDS)
        finally:
            if not self._joined:
                self._ray.shutdown()
            if self._place is not None:
                self._place.cleanup()


def _do_on_host(folder: str, version: str, work: Callable[[Any], Any], item: Any) -> tuple[str, Any]:
    """In a worker. Returns (why not, what the work returned)."""
    host = socket.gethostname()
    if version != __version__:
        return f"{host} has kickitout {__version__}, not {version}; install the same on every machine", None
    try:
        os.chdir(folder)
    except OSError:
        return f"{host} has no folder {folder}; the machines of a cluster need to share it", None
    try:
        return "", work(item)
    except UserError as error:
        return str(error), None


def _somebody_answers(where: str, address: str) -> None:
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise UserError(f"ray {where}: {address} is no address of a cluster; HOST:PORT works, as `ray start` says it")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS) as line:
            line.sendall(HTTP2)
            answer = line.recv(9)
    except TimeoutError:
        answer = b""
    except (OSError, OverflowError) as error:
        raise UserError(
            f"ray {where}: nobody answers at {address} ({_first_line(error).lower()}); `ray start --head` begins a "
            "cluster, and auto one of this machine alone"
        ) from error
    if answer[3:4] != HTTP2[-6:-5] and not os.environ.get("RAY_USE_TLS"):
        raise _no_cluster(where)


def _no_cluster(where: str) -> UserError:
    return UserError(
        f"ray {where}: what answers there is no Ray cluster, or one of another version, or this machine is not part "
        "of it yet; `ray start --address HOST:PORT` joins one"
    )


class _Late(BaseException):
    """Not an Exception: Ray goes on trying after those."""


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; who had it gets it back, and signals that came meanwhile are delivered then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit:  # Ray's answer to SIGTERM
        signal.signal(signal.SIGTERM, old)
        signal.raise_signal(signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, old)


@contextmanager
def _no_longer_than(seconds: float | None, where: str) -> Iterator[None]:
    """Raises UserError then. Only where a signal can wake us, which is the main thread of anything but Windows."""
    in_main = threading.current_thread() is threading.main_thread()
    if seconds is None or not in_main or not hasattr(signal, "SIGALRM"):
        yield
        return

    def late(_number: int, _frame: Any) -> None:
        raise _Late

    old = signal.signal(signal.SIGALRM, late)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _Late as error:
        raise _no_cluster(where) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, old)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
