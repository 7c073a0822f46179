"""stdout and stderr as a command needs them: always there, and able to print any text.

Redirected into a file or a pipe they may be of an encoding that has neither minus signs nor the letters of a name:
cp1252 on Windows, Latin-1 or ASCII in old locales. Under pythonw, in a service, or after `2>&-`, they are absent.
"""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

LOOKALIKES = {
    "−": "-", "‐": "-", "‑": "-", "–": "-", "—": "-", "×": "x", "÷": "/", "±": "+-", "·": "*", "•": "*", "≤": "<=",
    "≥": ">=", "≈": "~", "≠": "!=", "→": "->", "←": "<-", "∞": "inf", "‘": "'", "’": "'", "“": '"', "”": '"', "«": '"',
    "»": '"', "°": " deg", "§": "section ", "‰": " per mille", "⁄": "/", "♭": "b", "♯": "#", "β": "beta", "λ": "lambda",
    "μ": "u", "σ": "sigma", "Δ": "delta", "Σ": "sum", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O",
    "ł": "l", "Ł": "L", "\N{REPLACEMENT CHARACTER}": "?",
}  # fmt: skip


def lookalike(character: str) -> str:
    r"""A character in ASCII: what looks or reads like it, without its accents, or its number.

    >>> [lookalike(c) for c in "−×é…キ"]
    ['-', 'x', 'e', '...', '\\u30ad']
    """
    known = LOOKALIKES.get(character)
    if known is None:
        parts = unicodedata.normalize("NFKD", character)
        known = "".join(LOOKALIKES.get(c, c) for c in parts if not unicodedata.combining(c))
    return known if known.isascii() else character.encode("ascii", "backslashreplace").decode("ascii")


def _in_place_of(raw: bool) -> Callable[[UnicodeError], tuple[str | bytes, int]]:
    """A handler of codecs. raw: bytes of a name that are no text, kept as surrogates, are written as they are."""

    def replaced(error: UnicodeError) -> tuple[str | bytes, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        out: list[str | bytes] = []
        for character in error.object[error.start : error.end]:
            if not 0xDC80 <= ord(character) <= 0xDCFF:
                out.append(lookalike(character))
            elif raw and "-".encode(error.encoding) == b"-":
                out.append(bytes([ord(character) - 0xDC00]))
            else:
                out.append("?")
        if any(isinstance(part, bytes) for part in out):
            return b"".join(part.encode(error.encoding) if isinstance(part, str) else part for part in out), error.end
        return "".join(str(part) for part in out), error.end

    return replaced


codecs.register_error("kickitout.terminal", _in_place_of(False))
codecs.register_error("kickitout.file", _in_place_of(True))


@contextmanager
def console() -> Iterator[None]:
    """Within the block stdout and stderr are there and print any text, whatever their encoding."""
    with ExitStack() as after:
        _fill_descriptors()
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is None:
                nowhere = after.enter_context(open(os.devnull, "w", encoding="utf-8"))
                after.callback(setattr, sys, name, None)
                setattr(sys, name, nowhere)
            elif hasattr(stream, "reconfigure"):
                with suppress(OSError, ValueError):  # closed, or of somebody who knows better
                    stream.reconfigure(errors="kickitout.terminal" if stream.isatty() else "kickitout.file")
        yield


def _fill_descriptors() -> None:
    """Open 0, 1 and 2 where they are closed: or else the next file to be opened is what libraries print into."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
