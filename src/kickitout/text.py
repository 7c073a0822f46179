"""Words and columns as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that somebody may have meant. likeness: 0..1, of difflib.

    >>> nearest("genrate", ["generate", "kit"]), nearest("--budgt", ["--budget", "--out"]), nearest("-x", ["-n"])
    ('generate', '--budget', None)
    """
    import difflib  # here, so that `kick --help` does not wait for it

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return found[0] if found and len(word) > 2 else None


def columns(rows: Sequence[Sequence[str]], left: int | None = None) -> str:
    """Rows of cells, each column as wide as its widest cell. left: how many columns of words there are; numbers stand
    to the right.

    >>> print(columns([["kick", "Hz"], ["deep", "8.5"]], left=1))
    kick   Hz
    deep  8.5
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = [str.ljust if left is None or i < left else str.rjust for i in range(len(widths))]
    return "\n".join("  ".join(s(c, w) for s, c, w in zip(sides, row, widths, strict=True)).rstrip() for row in rows)
