"""The development loops: all books that the code which hears loops may be fitted to.

What was held out from a version of that code, and looked at, is development for the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kicklab.loop_books import DEVELOPMENT, OTHER_TABLES, composed_loop, draw_loop, elsewhere, walking_loop
from kicklab.loop_songs import song_loop
from kicklab.loop_styles import styled_loop
from kicklab.loops import LoopSpec

BOOKS: Mapping[str, Callable[[int], LoopSpec]] = {
    "tables": lambda number: draw_loop((DEVELOPMENT, OTHER_TABLES)[number % 2], number),
    "walks": walking_loop,
    "phrases": composed_loop,
    "phrases from another chord": elsewhere,
    "styles": styled_loop,
    "songs": song_loop,
}


def development_loop(number: int) -> LoopSpec:
    """Of the books in turn."""
    return list(BOOKS.values())[number % len(BOOKS)](number)
