"""One thread for libraries that would take all cores: on several, sums may differ in their last digits."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)  # read by a library when it is loaded, and inherited by processes


_lock = threading.Lock()
_within = 0  # blocks that are open, of any thread
_given: dict[str, str] = {}  # of ONE_THREAD, by the user, while one is
_before = ExitStack()  # what the last of them brings back


@contextmanager
def one_thread() -> Iterator[None]:
    """For libraries that are loaded in the block, processes that are started in it, and, where threadpoolctl is
    installed, what numpy has loaded before. May be entered by several threads: behind the last of them all is as it was
    before the first."""
    global _within
    with _lock:
        if _within == 0:
            _limit()
        _within += 1
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if _within == 0:
                _before.close()


def environment_outside() -> dict[str, str]:
    """The environment as it is outside of such blocks: for a process that chooses its threads by itself."""
    with _lock:
        return {name: value for name, value in os.environ.items() if not _within or name not in ONE_THREAD} | _given


def _limit() -> None:
    if "numpy" in sys.modules and find_spec("threadpoolctl"):
        import threadpoolctl

        _before.enter_context(threadpoolctl.threadpool_limits(1))
    _given.update({name: os.environ[name] for name in ONE_THREAD if name in os.environ})
    os.environ.update(ONE_THREAD)
    _before.callback(_restore)


def _restore() -> None:
    for name in ONE_THREAD:
        os.environ.pop(name, None)
    os.environ.update(_given)
    _given.clear()
