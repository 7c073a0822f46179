"""Figures as Markdown: tables, and values with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from kickitout.metrics.resampling import median_interval, wilson

ALIGNED = {"l": "---", "r": "--:", "c": ":-:"}


def markdown_table(head: Sequence[object], rows: Iterable[Sequence[object]], align: str = "lr") -> Iterator[str]:
    """The lines of a table, each row as it is there. align: l, r or c a column; the last one goes on to the end.

    >>> print("\\n".join(markdown_table(["kick", "Hz", "ms"], [["deep", 41.2, 300]])))
    | kick | Hz | ms |
    |---|--:|--:|
    | deep | 41.2 | 300 |
    """
    yield _line(head)
    yield f"|{'|'.join(ALIGNED[side] for side in align.ljust(len(head), align[-1]))}|"
    yield from map(_line, rows)


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def with_interval(value: float, low: float, high: float, form: str = ".2f", unit: str = "") -> str:
    """A value, its unit and its interval.

    >>> with_interval(1.234, 1.1, 1.4), with_interval(12.3, 10.0, 14.6, ".0f", " dB")
    ('1.23 [1.10, 1.40]', '12 dB [10, 15]')
    """
    return f"{value:{form}}{unit} [{low:{form}}, {high:{form}}]"


def median_text(values: np.ndarray, form: str = ".2f", unit: str = "", none: str = "unknown") -> str:
    """Median of [n] finite values with its 95 % interval, a bootstrap."""
    if not len(values):
        return none
    middle, span = median_interval(values)
    return with_interval(middle, *span, form, unit)


def share_text(hits: int, n: int, form: str = ".0f", none: str = "unknown") -> str:
    """The share of n in percent with its 95 % interval (Wilson).

    >>> share_text(1, 4), share_text(0, 0)
    ('25 % [5, 70]', 'unknown')
    """
    low, high = wilson(hits, n)
    return with_interval(100 * hits / n, 100 * low, 100 * high, form, " %") if n else none
