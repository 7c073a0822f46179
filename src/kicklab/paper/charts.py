"""Charts of the paper: matplotlib figures as SVG that stands inside the page.

Colours become the page's CSS variables, so that a chart is right on paper and on a dark page; texts stay texts. Series
differ in dash and marker as well as in colour: colours are those of Okabe & Ito, which nearly all eyes can tell apart,
and a print in grey still tells the lines apart. The same results give the same bytes.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis as MatplotlibAxis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

HUES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#a0568a",
    "#b07800",
    "#3a3a3a",
    "#2f9fd6",
    "#7a4b00",
)  # see style.css
SERIES_STYLES = len(HUES)
INK, RULE, BACKGROUND = "#1a1a1a", "#cfcfc8", "#fffefb"
VARIABLES = {colour: f"var(--c{i})" for i, colour in enumerate(HUES)}
VARIABLES |= {INK: "currentColor", RULE: "var(--rule)", BACKGROUND: "var(--paper)"}
DASHES = ("-", (0, (4, 2)), (0, (1.4, 1.4)), (0, (5, 2, 1.4, 2)), (0, (6, 2.6)), (0, (2.6, 1.4, 0.8, 1.4)),
          (0, (0.8, 2)), (0, (7, 2, 2, 2)))  # fmt: skip
SOFT_TICKS = [-3, -1, -0.3, 0, 0.3, 1, 3, 10, 30, 100]
MARKERS = ("o", "s", "^", "D")  # filled, then hollow
CHART_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "kickitout", "text.parse_math": False, "font.size": 11,
    "font.family": ["sans-serif"], "font.sans-serif": ["DejaVu Sans"], "axes.unicode_minus": True,
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.linewidth": 0.7, "axes.grid": True, "axes.axisbelow": True, "grid.color": RULE, "grid.linewidth": 0.6,
    "axes.facecolor": "none", "figure.facecolor": "none", "xtick.major.size": 0, "ytick.major.size": 0,
    "xtick.labelsize": 10, "ytick.labelsize": 10, "axes.labelsize": 11, "legend.frameon": False, "legend.fontsize": 10,
    "path.simplify": False,
}  # fmt: skip
REAL_LOOK: dict[str, Any] = {"color": INK, "linewidth": 2.4, "alpha": 0.8}
LEVEL_LOOK: dict[str, Any] = {
    "color": INK,
    "linewidth": 1.1,
    "linestyle": (0, (5, 4)),
    "alpha": 0.8,
}  # what chance or real kicks give


@dataclass(frozen=True)
class Axis:
    """One direction of a chart. unit: "Hz", "ms", "dB", or empty."""

    label: str
    unit: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None
    soft: float = 0.0  # scale asinh(value / soft); 0: linear

    @property
    def title(self) -> str:
        return f"{self.label} [{self.unit}]" if self.unit else self.label

    def limits(self, values: np.ndarray) -> tuple[float, float]:
        """From where to where it runs to hold all finite values; a little farther than a value, and no farther than
        a limit that is given."""
        known = values[np.isfinite(values) & ((values > 0) | (not self.log))]
        low = self.low if self.low is not None else float(known.min()) if len(known) else 0.0
        high = self.high if self.high is not None else float(known.max()) if len(known) else 1.0
        if self.log:
            low = max(low, 1e-12)
            return low, max(high, low * 1.01)
        if high <= low:
            low, high = low - 0.5, high + 0.5
        margin = self.soft or 0.04 * (high - low)
        return (low - margin if self.low is None else low), (high + margin if self.high is None else high)

    def put_on(self, axis: MatplotlibAxis, values: np.ndarray) -> tuple[float, float]:
        """Limits, round ticks and title of a matplotlib axis. Returns the limits."""
        low, high = self.limits(values)
        direction = "x" if axis is axis.axes.xaxis else "y"
        if self.soft:
            getattr(axis.axes, f"set_{direction}scale")("asinh", linear_width=self.soft)
        else:
            axis.axes.set(**{f"{direction}scale": "log" if self.log else "linear"})
        axis.axes.set(**{f"{direction}lim": (low, high)})
        decades = math.log10(high / low) if self.log else 0.0
        steps = (1.0, 2.0, 5.0) if decades < 2.5 else (1.0, 3.0) if decades < 3.5 else (1.0,)
        locator = LogLocator(subs=steps, numticks=20) if self.log else MaxNLocator(5, steps=[1, 2, 2.5, 5, 10])
        axis.set_major_locator(FixedLocator(SOFT_TICKS) if self.soft else locator)
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(value)))
        axis.set_label_text(self.title)
        return low, high


@dataclass(frozen=True)
class Series:
    """A curve, with a band around it where low and high are given. style: which colour and dash."""

    name: str
    x: np.ndarray
    y: np.ndarray
    style: int = 0
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    points: bool = False  # markers at the values
    joined: bool = True  # by a line
    plain: bool = False  # the colour of the text, thick: what is real

    @property
    def look(self) -> dict[str, Any]:
        """How matplotlib draws it."""
        if self.plain:
            return REAL_LOOK
        style = self.style % SERIES_STYLES
        dash = DASHES[style] if self.joined else ""
        line = {"color": HUES[style], "linestyle": dash, "linewidth": 1.7, "gid": "l"}
        return line | (marker(style) if self.points else {})


def marker(style: int, size: float = 6.5) -> dict[str, Any]:
    """A small shape of a style's colour: disc, square, triangle, diamond, and the same hollow."""
    colour = HUES[style % SERIES_STYLES]
    face = BACKGROUND if style % SERIES_STYLES >= len(MARKERS) else colour
    return {"marker": MARKERS[style % len(MARKERS)], "markersize": size, "markeredgecolor": colour,
            "markerfacecolor": face}  # fmt: skip


def tick_text(value: float) -> str:
    """A value at an axis: 20, 0.5, 2k, 10k.

    >>> [tick_text(v) for v in (20.0, 0.5, 2000.0, 0.0, -0.25)]
    ['20', '0.5', '2k', '0', '−0.25']
    """
    value = round(value, 12)
    text = f"{value / 1000:.4g}k" if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "−")


def lines(series: Sequence[Series], x_axis: Axis, y_axis: Axis, title: str, *, width: int = 340, height: int = 240,
          across: float | Sequence[float] = (), band: tuple[float, float] | None = None) -> str:  # fmt: skip
    """Curves over one pair of axes. across: levels that are marked, what chance or silence gives; band: a span."""
    levels = [across] if isinstance(across, float) else list(across)
    columns = 1 if width < 400 else 2
    under = 15 * math.ceil(len(series) / columns)
    heights = [v for s in series for v in (s.y, s.low, s.high) if v is not None]
    every_y = np.concatenate([*heights, np.array([*levels, *(band or ())])])
    with matplotlib.rc_context(CHART_STYLE):
        axes = _chart_axes(width, height + under, left=52, right=12, top=12, bottom=38 + under)
        x_limits = x_axis.put_on(axes.xaxis, np.concatenate([np.zeros(0), *(s.x for s in series)]))
        y_limits = y_axis.put_on(axes.yaxis, every_y)
        for level in levels:
            axes.axhline(level, **LEVEL_LOOK)
        if band is not None:
            axes.axhspan(*band, color=INK, alpha=0.1, linewidth=0)
        for s in series:
            good = np.isfinite(s.x) & np.isfinite(s.y)
            x = np.clip(s.x[good], *x_limits)
            if s.low is not None and s.high is not None:
                low, high = (np.clip(v[good], *y_limits) for v in (s.low, s.high))
                axes.fill_between(
                    x, low, high, color=HUES[s.style % SERIES_STYLES], alpha=0.16, linewidth=0, clip_on=False
                )
            axes.plot(x, np.clip(s.y[good], *y_limits), clip_on=False, **s.look)
        _legend(axes, [_entry(s) for s in series], columns)
        return _svg(axes, title)


@dataclass(frozen=True)
class Dot:
    """A value with its interval, on a line of its own."""

    name: str
    value: float
    low: float
    high: float
    style: int = 0


def dots(found: Sequence[Dot], axis: Axis, title: str, *, width: int = 340, across: float | None = None) -> str:
    """Values with their intervals, one below the other, the first on top. across: a level that is marked."""
    every = np.array([*(v for d in found for v in (d.value, d.low, d.high)), *([] if across is None else [across])])
    with matplotlib.rc_context(CHART_STYLE):
        axes = _chart_axes(width, 22 * len(found) + 62, left=150, right=12, top=10, bottom=42)
        low, high = axis.put_on(axes.xaxis, every)
        if across is not None:
            axes.axvline(across, **LEVEL_LOOK)
        for place, d in enumerate(found):
            colour = HUES[d.style % SERIES_STYLES]
            axes.plot(np.clip([d.low, d.high], low, high), [place] * 2, color=colour, linewidth=1.7, gid="l")
            axes.plot([d.value], [place], linestyle="", gid="m", **marker(d.style))
        axes.set_yticks(range(len(found)), [d.name for d in found])
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        return _svg(axes, title)


def _chart_axes(
    width: float, height: float, left: float = 0, right: float = 0, top: float = 0, bottom: float = 0
) -> Axes:
    """Axes of a figure of so many pixels with these margins."""
    figure = Figure((width / 72, height / 72))
    inner = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    return figure.add_axes(inner)


def _entry(s: Series) -> Line2D:
    return Line2D([], [], label=s.name, **s.look)


def _legend(axes: Axes, entries: Sequence[Line2D], columns: int, left: float = 14) -> None:
    if entries:
        place = (left / (72 * axes.figure.get_figwidth()), 0)  # type: ignore[union-attr]
        axes.figure.legend(handles=entries, loc="lower left", bbox_to_anchor=place, ncols=columns, borderpad=0,
                           handlelength=2.6, labelspacing=0.25, borderaxespad=0.1)  # fmt: skip


def _svg(axes: Axes, title: str) -> str:
    """The figure without what only a file of its own needs: no header, no style for all elements, no ids.

    Shapes that are defined once and used by their ids are put where they are used. Groups that were named keep their
    name as a class.
    """
    text, figure = io.StringIO(), axes.figure
    figure.savefig(text, format="svg", metadata={"Date": None})  # type: ignore[union-attr]
    whole = text.getvalue()
    drawn = whole[whole.index("<g id=") : whole.rindex("</svg>")]
    shapes = dict(re.findall(r'<path id="(\w+)" (d="[^"]*")', drawn))
    drawn = re.sub(r"<defs>.*?</defs>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(
        r'<use xlink:href="#(\w+)" x="([^"]+)" y="([^"]+)"',
        lambda m: f'<path {shapes[m[1]]} transform="translate({m[2]} {m[3]})"', drawn,
    )  # fmt: skip
    drawn = re.sub(r' id="([lm])"', r' class="\1"', drawn)
    drawn = re.sub(
        r' (id|clip-path)="[^"]*"| transform="rotate\(-0 [^"]*"|\n *', lambda m: " "[: m[0][0] == "\n"], drawn
    )
    for colour, variable in VARIABLES.items():
        drawn = drawn.replace(colour, variable)
    width, height = (72 * v for v in figure.get_size_inches())  # type: ignore[union-attr]
    return (
        f'<svg class="chart" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>{drawn}</svg>'
    )


def standalone(drawn: str) -> bytes:
    """A chart as a file of its own, on the paper's background, which no page gives colours."""
    for colour, variable in VARIABLES.items():
        drawn = drawn.replace(variable, colour)
    ground = f'</title><rect width="100%" height="100%" fill="{BACKGROUND}"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" color="{INK}" font-family="sans-serif" '
    return drawn.replace("<svg ", head, 1).replace("</title>", ground, 1).encode()


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
