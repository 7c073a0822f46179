"""Commands without the start of another Python, which takes half a second each."""

from __future__ import annotations

from collections.abc import Iterable

from kickitout.cli import main


def code_of(words: Iterable[object]) -> int:
    """The exit code of a command."""
    try:
        return main([str(word) for word in words])
    except SystemExit as done:
        return int(done.code or 0)
