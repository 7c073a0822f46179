"""Libraries in C that print on stderr by themselves what the caller says in its own words, or has mended."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_within = 0
_kept_descriptor = -1


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """What is printed on descriptor 2 in the block, by any thread, goes nowhere: for calls that print, and only those.

    May be nested, and entered by several threads; sys.stderr works again behind the last of them.
    """
    global _within, _kept_descriptor
    with _lock:
        _within += 1
        if _within == 1:
            _kept_descriptor = _redirected()
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if _within == 0 and _kept_descriptor >= 0:
                os.dup2(_kept_descriptor, 2)
                os.close(_kept_descriptor)
                _kept_descriptor = -1


def _redirected() -> int:
    """A copy of descriptor 2, which itself leads nowhere from now on; -1 where there is none."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:  # no descriptor is left: libraries may be heard
        return -1
    try:
        kept = os.dup(2)
        os.dup2(nowhere, 2)
        return kept
    except OSError:
        return -1
    finally:
        os.close(nowhere)
