"""Memory that one step frees is kept for the next.

The C library of Linux gives large blocks back to the system as soon as they are free, and gets them anew, page by page
and zeroed, a moment later: of a step of KickAE that was a fifteenth.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # parameters of mallopt(3), glibc
KEPT = 2**31 - 1  # bytes that may lie free
LARGEST = 2**25  # bytes of a block that still comes from what is kept: the most that glibc allows
USUAL = {MMAP_THRESHOLD: LARGEST, TRIM_THRESHOLD: 2 * LARGEST}  # where glibc's own rule ends up with such blocks


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """While it lasts, the process keeps what it frees; at the end it gives that back. Does nothing but on glibc."""
    try:
        mallopt, trim = ctypes.CDLL(None).mallopt, ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or none that can be opened so: Windows
        yield
        return
    if mallopt(MMAP_THRESHOLD, LARGEST):  # alone, the other would send every block to the system and back
        mallopt(TRIM_THRESHOLD, KEPT)
    try:
        yield
    finally:
        for parameter, value in USUAL.items():
            mallopt(parameter, value)
        trim(0)
