"""Processes of this machine that work, one thread each.

They are in groups of their own: Ctrl-C and SIGTERM reach the process that started them, which tells them to stop when
it closes them, so each is told once. A worker in the middle of something hears that as SIGTERM, and one whose work has
a handler of its own for that (training saves) ends as that wants. No worker outlives the process that started it.
"""

from __future__ import annotations

import _thread
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from queue import Empty, SimpleQueue
from typing import Any

from kickitout.errors import UserError
from kickitout.package import unpack_for_processes
from kickitout.workers.threads import one_thread

LISTEN_SECONDS = 1.0  # after which a wait listens to signals again: one that comes just before it blocks is not heard
IDLE_SECONDS = 2.0  # in which a worker that has stopped is sent home; then it goes by itself


class Processes:
    """number: how many work at a time."""

    def __init__(self, number: int, preload: Sequence[str] = ()) -> None:
        self.number = number
        unpack_for_processes()
        context = _context(preload)
        # Nothing is sent: a worker hears the end of a pipe when this process closes its side, or is gone.
        go_on, self._go_on = context.Pipe(duplex=False)
        live, self._live = context.Pipe(duplex=False)
        self._heard = go_on, live
        # Not `concurrent.futures.wait`, which locks all tickets at once: a signal that raises in the middle of that
        # leaves some locked, and the pool then waits for them for ever when it is closed.
        self._done: SimpleQueue[Future[Any]] = SimpleQueue()
        self._pool = ProcessPoolExecutor(number, context, initializer=_begin, initargs=self._heard)
        # All are started together: one that is started while another dies meets the pool's thread in the middle of its
        # list of them, which ends the thread and not the wait (CPython 3.11).
        self._pool._safe_to_dynamically_spawn_children = False  # type: ignore[attr-defined]

    def start(self, work: Callable[[Any], Any], item: Any) -> Future[Any]:
        """Have the work done; returns a ticket."""
        try:
            with one_thread(), _without_signals():  # a process is started when it is first needed
                ticket = self._pool.submit(_do_in_process, work, item)
                ticket.add_done_callback(self._done.put)
                return ticket
        except (RuntimeError, OSError) as error:  # BrokenProcessPool, or what comes of it in the middle of a start
            raise _died() from error

    def wait(self, tickets: Collection[Future[Any]]) -> Collection[Future[Any]]:
        """Those of the tickets, all that are under way, that are done: one or more, each told once."""
        done: set[Future[Any]] = set()
        while not done or not self._done.empty():
            with contextlib.suppress(Empty):
                done.add(self._done.get(timeout=LISTEN_SECONDS))
        return done

    def result(self, ticket: Future[Any]) -> Any:
        """What the work returned. Raises what it raised, and UserError where the worker is gone."""
        try:
            result = ticket.result()
        except BrokenProcessPool as error:
            raise _died() from error
        if isinstance(result, _Stopped):
            raise UserError("a worker was told to stop; the same command goes on")
        return result

    def close(self) -> None:
        """Stop what is under way, wait until what it writes is whole or gone, and end the workers."""
        self._go_on.close()
        try:
            self._pool.shutdown(cancel_futures=True)
        finally:  # also where a second Ctrl-C waits for nothing
            for end in (self._live, *self._heard):
                end.close()


def _context(preload: Sequence[str]) -> BaseContext:
    """Clean processes: a fork of this one would copy locks that other threads hold. Where much is to be imported first,
    they are forks of a server that has done so, on systems that have such."""
    if not preload or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


ENDS_US = {signal.SIGINT, signal.SIGTERM}


@contextlib.contextmanager
def _without_signals() -> Iterator[None]:
    """No Ctrl-C and no SIGTERM in the block, which holds locks. Processes that are started in it hear none until
    `_begin`, or else they would end in the middle of an import, with its traceback. Signals that came meanwhile are
    delivered at the end of the block."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS_US)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _died() -> UserError:
    return UserError(
        "a worker has died, perhaps of too little memory; the same command goes on, with fewer workers where it was "
        "that (a script of your own has to guard its start with `if __name__ == '__main__'`)"
    )


# -- in a worker -------------------------------------------------------------------------------------------------------


class _Stopped(BaseException):
    """Raised by a signal in the middle of something, and returned in place of its result."""


class _State:
    busy = False  # in the middle of something
    stopping = False  # nothing more is begun
    told = False  # by the process that started this one: not a signal from elsewhere
    ends = False  # when it has stopped
    limited: AbstractContextManager[None]


def _begin(go_on: Connection, live: Connection) -> None:
    with contextlib.suppress(AttributeError, OSError):  # Windows has no groups
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS_US)
    _State.limited = one_thread()
    _State.limited.__enter__()  # until its end
    threading.Thread(target=_stop_with, args=(go_on,), daemon=True).start()
    threading.Thread(target=_end_with, args=(live,), daemon=True).start()


def _terminate(_number: int, _frame: Any) -> None:
    told, _State.told = _State.told, False
    _State.ends |= not told
    if _State.busy:
        raise _Stopped
    if not told:
        os._exit(1)


def _stop_with(go_on: Connection) -> None:
    _heard_end(go_on)
    _State.stopping = True
    if _State.busy:
        _State.told = True
        _signal_main_thread()
    while _State.busy:
        time.sleep(0.01)
    time.sleep(IDLE_SECONDS)
    os._exit(0)


def _signal_main_thread() -> None:
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)  # wakes it up where it waits
    else:
        _thread.interrupt_main(signal.SIGTERM)


def _end_with(live: Connection) -> None:
    _heard_end(live)
    os._exit(1)  # what is under way has no final name yet, or can be gone on with


def _heard_end(pipe: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        pipe.recv_bytes()


def _do_in_process(work: Callable[[Any], Any], item: Any) -> Any:
    try:
        _State.busy = True
        return _Stopped() if _State.stopping else work(item)
    except _Stopped as stopped:
        if _State.ends:
            os._exit(1)
        return stopped
    finally:
        _State.busy = False
