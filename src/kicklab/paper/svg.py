"""Charts as SVG to stand inside a page, without a plotting library.

Text and axes take the colour of the text around them and series take the page's --c0 to --c7, so a chart is right on
paper and on a dark page. Series differ in dash and marker as well as in colour: colours are those of Okabe & Ito, told
apart by nearly all eyes, and a print in grey still tells the lines apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

STYLES = 8  # colours, dashes and markers, see style.css
DASHES = ("", "6 3", "2 2", "8 3 2 3", "10 4", "4 2 1 2", "1 3", "12 3 3 3")
FONT = 11


@dataclass(frozen=True)
class Axis:
    """One direction of a chart. unit: "Hz", "ms", "dB", or empty."""

    label: str
    unit: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None

    @property
    def title(self) -> str:
        return f"{self.label} [{self.unit}]" if self.unit else self.label


@dataclass(frozen=True)
class Line:
    """A curve, with a band around it where low and high are given. style: which colour and dash."""

    name: str
    x: np.ndarray
    y: np.ndarray
    style: int = 0
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    points: bool = False  # markers at the values
    plain: bool = False  # the colour of the text, thick: what is real


@dataclass(frozen=True)
class Bar:
    """A row of a forest plot: an estimate with its interval, and a mark for what it is read against."""

    name: str
    value: float
    low: float
    high: float
    style: int = 0
    mark: float = math.nan  # of its representation's ceiling


class Scale:
    """Values to pixels, and where the ticks are."""

    def __init__(self, axis: Axis, values: np.ndarray, start: float, end: float) -> None:
        known = values[np.isfinite(values)]
        if axis.log:
            known = known[known > 0]
        low = axis.low if axis.low is not None else (float(known.min()) if len(known) else 0.0)
        high = axis.high if axis.high is not None else (float(known.max()) if len(known) else 1.0)
        if axis.log:
            low = max(low, 1e-12)
            high = max(high, low * 1.01)
        elif high <= low:
            low, high = low - 0.5, high + 0.5
        if axis.low is None and not axis.log:
            low -= 0.04 * (high - low)
        if axis.high is None and not axis.log:
            high += 0.04 * (high - low)
        self.axis, self.low, self.high, self.start, self.end = axis, low, high, start, end

    def __call__(self, value: float) -> float:
        value = min(max(value, self.low), self.high)
        if self.axis.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values inside."""
        if self.axis.log:
            decades = math.log10(self.high / self.low)
            steps = (1, 2, 5) if decades < 2.5 else (1, 3) if decades < 3.5 else (1,)
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            found = [s * 10.0**e for e in range(first, last + 1) for s in steps]
            return [v for v in found if self.low * 0.999 <= v <= self.high * 1.001]
        raw = (self.high - self.low) / about
        power = 10 ** math.floor(math.log10(raw))
        step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [i * step for i in range(first, int(self.high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """A value at an axis: 20, 0.5, 2k, 10k.

    >>> [tick_text(v) for v in (20.0, 0.5, 2000.0, 0.0, -0.25)]
    ['20', '0.5', '2k', '0', '−0.25']
    """
    text = f"{value / 1000:.4g}k" if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "−")


def _open(width: float, height: float, title: str) -> list[str]:
    return [
        f'<svg class="chart" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>'
    ]


def _frame(x: Scale, y: Scale, xs: bool = True) -> list[str]:
    """Axes with ticks and titles. x runs right, y runs up."""
    parts = []
    left, right, top, bottom = x.start, x.end, y.end, y.start
    for value in x.ticks() if xs else []:
        at = x(value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 14:.1f}" text-anchor="middle">{tick_text(value)}</text>')
    for value in y.ticks():
        at = y(value)
        parts.append(f'<line class="grid" x1="{left:.1f}" x2="{right:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{left - 5:.1f}" y="{at + 3.5:.1f}" text-anchor="end">{tick_text(value)}</text>')
    parts.append(
        f'<rect class="frame" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"/>'
    )
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    parts.append(f'<text x="{middle_x:.1f}" y="{bottom + 30:.1f}" text-anchor="middle">{escape(x.axis.title)}</text>')
    parts.append(
        f'<text transform="translate({left - 40:.1f} {middle_y:.1f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y.axis.title)}</text>"
    )
    return parts


def marker(x: float, y: float, style: int, size: float = 3.4) -> str:
    """A small shape of a style's colour: disc, square, triangle, diamond, and the same hollow."""
    kind, hollow = style % 4, " hollow" if style % STYLES >= 4 else ""
    css = f'class="m c{style % STYLES}{hollow}"'
    if kind == 0:
        return f'<circle {css} cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"/>'
    shapes: dict[int, list[tuple[float, float]]] = {
        1: [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        2: [(0, -1.25), (1.2, 1), (-1.2, 1)],
        3: [(0, -1.45), (1.3, 0), (0, 1.45), (-1.3, 0)],
    }
    points = " ".join(f"{x + size * a:.1f},{y + size * b:.1f}" for a, b in shapes[kind])
    return f'<polygon {css} points="{points}"/>'


def lines(series: Sequence[Line], x_axis: Axis, y_axis: Axis, title: str, *, width: int = 340, height: int = 240,
          legend: bool = True, across: float | None = None) -> str:  # fmt: skip
    """Curves over one pair of axes. across: a level that is marked, what chance or silence gives."""
    every_x = np.concatenate([s.x for s in series]) if series else np.zeros(0)
    heights: list[np.ndarray] = [v for s in series for v in (s.y, s.low, s.high) if v is not None]
    every_y = np.concatenate(heights or [np.zeros(0)])
    if across is not None:
        every_y = np.append(every_y, across)
    columns = 1 if width < 400 else 2
    rows = math.ceil(len(series) / columns) if legend else 0
    x = Scale(x_axis, every_x, 52, width - 12)
    y = Scale(y_axis, every_y, height - 38, 12)
    parts = _open(width, height + 15 * rows, title) + _frame(x, y)
    if across is not None:
        parts.append(f'<line class="across" x1="{x.start}" x2="{x.end}" y1="{y(across):.1f}" y2="{y(across):.1f}"/>')
    for s in series:
        parts += _curve(s, x, y)
    for i, s in enumerate(series if legend else ()):
        parts += _key_entry(s, 14 + (i % columns) * (width / columns), height + 4 + 15 * (i // columns))
    return "".join([*parts, "</svg>"])


def _key_entry(s: Line, x: float, y: float) -> list[str]:
    css = "real" if s.plain else f"l c{s.style % STYLES}"
    dash = "" if s.plain else f' stroke-dasharray="{DASHES[s.style % STYLES]}"'
    line = f'<line class="{css}" x1="{x:.0f}" x2="{x + 26:.0f}" y1="{y:.0f}" y2="{y:.0f}"{dash}/>'
    text = f'<text x="{x + 32:.0f}" y="{y + 4:.0f}">{escape(s.name)}</text>'
    return [line, marker(x + 13, y, s.style) if s.points else "", text]


def key(series: Sequence[Line], title: str, *, width: int = 760) -> str:
    """What the lines of several charts are, once for all of them."""
    wide = max(80, *(48 + int(6.2 * len(s.name)) for s in series))
    columns = max(1, width // wide)
    parts = _open(wide * min(columns, len(series)), 10 + 17 * math.ceil(len(series) / columns), title)
    for i, s in enumerate(series):
        parts += _key_entry(s, 4 + wide * (i % columns), 12 + 17 * (i // columns))
    return "".join([*parts, "</svg>"])


def _curve(s: Line, x: Scale, y: Scale) -> list[str]:
    good = np.isfinite(s.x) & np.isfinite(s.y)
    points = [(x(float(a)), y(float(b))) for a, b in zip(s.x[good], s.y[good], strict=True)]
    if not points:
        return []
    parts = []
    if s.low is not None and s.high is not None:
        there = [f"{x(float(a)):.1f},{y(float(b)):.1f}" for a, b in zip(s.x[good], s.high[good], strict=True)]
        back = [f"{x(float(a)):.1f},{y(float(b)):.1f}" for a, b in zip(s.x[good], s.low[good], strict=True)]
        parts.append(f'<polygon class="band c{s.style % STYLES}" points="{" ".join(there + back[::-1])}"/>')
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    css = "real" if s.plain else f"l c{s.style % STYLES}"
    dash = "" if s.plain else f' stroke-dasharray="{DASHES[s.style % STYLES]}"'
    parts.append(f'<polyline class="{css}"{dash} points="{path}"/>')
    if s.points:
        parts += [marker(a, b, s.style) for a, b in points]
    return parts


def forest(bars: Sequence[Bar], axis: Axis, title: str, *, width: int = 660, real: float = math.nan,
           real_name: str = "real against real", mark_name: str = "") -> str:  # fmt: skip
    """Estimates with their intervals, one under the other. real: a level that is marked over the whole height."""
    named = max((len(b.name) for b in bars), default=8)
    left, high = min(60 + 6.2 * named, 0.5 * width), 21
    bottom = 16 + high * len(bars)
    values = np.array([v for b in bars for v in (b.value, b.low, b.high, b.mark)] + [real])
    x = Scale(axis, values, left, width - 70)
    notes = int(math.isfinite(real)) + int(any(math.isfinite(b.mark) for b in bars))
    parts = _open(width, bottom + 40 + 16 * notes, title)
    for value in x.ticks(6):
        at = x(value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="8" y2="{bottom}"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 14}" text-anchor="middle">{tick_text(value)}</text>')
    parts.append(
        f'<text x="{(left + width - 70) / 2:.0f}" y="{bottom + 30}" text-anchor="middle">{escape(axis.title)}</text>'
    )
    if math.isfinite(real):
        parts.append(f'<line class="across" x1="{x(real):.1f}" x2="{x(real):.1f}" y1="8" y2="{bottom}"/>')
    for i, b in enumerate(bars):
        y = 20 + high * i
        parts.append(f'<text x="{left - 8:.0f}" y="{y + 4}" text-anchor="end">{escape(b.name)}</text>')
        if math.isfinite(b.low) and math.isfinite(b.high):
            parts.append(
                f'<line class="l c{b.style % STYLES}" x1="{x(b.low):.1f}" x2="{x(b.high):.1f}" y1="{y}" y2="{y}"/>'
            )
        if math.isfinite(b.mark):
            at = x(b.mark)
            parts.append(f'<path class="ceiling" d="M{at:.1f} {y - 7}v14m-3 -14h6m-6 14h6"/>')
        if math.isfinite(b.value):
            parts.append(marker(x(b.value), y, b.style, 4))
            parts.append(f'<text x="{width - 62}" y="{y + 4}">{short(b.value)}</text>')
    y = bottom + 46
    if math.isfinite(real):
        parts.append(f'<line class="across" x1="{left:.0f}" x2="{left + 26:.0f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{left + 32:.0f}" y="{y + 4}">{escape(real_name)}: {short(real)}</text>')
        y += 16
    if notes > int(math.isfinite(real)):
        parts.append(f'<path class="ceiling" d="M{left + 13:.0f} {y - 7}v14m-3 -14h6m-6 14h6"/>')
        parts.append(f'<text x="{left + 32:.0f}" y="{y + 4}">{escape(mark_name)}</text>')
    return "".join([*parts, "</svg>"])


def scatter(
    series: Sequence[Line], x_axis: Axis, y_axis: Axis, title: str, *, width: int = 220, height: int = 210
) -> str:
    """Points over one pair of axes; each series in its style."""
    x = Scale(x_axis, np.concatenate([s.x for s in series]), 52, width - 10)
    y = Scale(y_axis, np.concatenate([s.y for s in series]), height - 38, 12)
    parts = _open(width, height, title) + _frame(x, y)
    if not any((np.isfinite(s.x) & np.isfinite(s.y)).any() for s in series):
        parts.append(
            f'<text x="{(x.start + x.end) / 2:.0f}" y="{height / 2:.0f}" text-anchor="middle">none has both</text>'
        )
    for s in series:
        good = np.isfinite(s.x) & np.isfinite(s.y)
        for a, b in zip(s.x[good], s.y[good], strict=True):
            parts.append(f'<circle class="dot {"plain" if s.plain else f"c{s.style % STYLES}"}" '
                         f'cx="{x(float(a)):.1f}" cy="{y(float(b)):.1f}" r="1.8"/>')  # fmt: skip
    return "".join([*parts, "</svg>"])


def short(value: float) -> str:
    """Three digits that count, for print.

    >>> short(0.1234), short(-12.34), short(1234.5), short(float("nan"))
    ('0.123', '−12.3', '1230', '–')
    """
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{round(value, digits if digits else 2 - math.floor(math.log10(abs(value)))):.{min(digits, 8)}f}"
    if abs(value) < 1e-4:
        text = f"{value:.2e}"
    return text.replace("-", "−")
