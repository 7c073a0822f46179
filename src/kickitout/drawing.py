"""Images of a sound without a plotting library: waveform and curves as SVG, spectrogram as PNG.

Waves: float [T]. SVG lines take the colour of the text around them, so a page is right in light and in dark.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

DRAWN_DB = -70.0  # re the loudest: black in a spectrogram
DRAWN_HZ = 30.0
# Black through violet and orange to pale yellow: the lightness rises evenly, so it reads in grey as well.
SPECTROGRAM_COLOURS = ((0, 0, 4), (62, 15, 103), (150, 44, 104), (221, 81, 58), (252, 165, 10), (252, 255, 164))


def wave_svg(wave: np.ndarray, width: int = 240, height: int = 48) -> str:
    """The extent of a wave in each column of pixels, an <svg> to stand inside a page."""
    points = _outline(wave, width, height)
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="waveform">'
        f'<polygon points="{points}" fill="currentColor"/></svg>'
    )


def spectrogram_png(wave: np.ndarray, rate: float, width: int = 240, height: int = 64) -> bytes:
    """Level over time and frequency (logarithmic from DRAWN_HZ up to 20 kHz or half the rate), DRAWN_DB to 0 re the
    loudest. Hann windows of 46 ms at 44.1 kHz."""
    size = 2 ** round(math.log2(0.046 * rate))
    starts = np.linspace(0, max(len(wave) - 1, 1), width).astype(int)
    padded = np.pad(np.asarray(wave, dtype=np.float64), (size // 2, size))
    frames = np.stack([padded[at : at + size] for at in starts.tolist()]) * np.hanning(size)
    power = np.abs(np.fft.rfft(frames)) ** 2  # [width, bins]
    hz = np.geomspace(DRAWN_HZ, min(20_000.0, rate / 2), height)[::-1]
    bins = np.minimum(np.round(hz * size / rate).astype(int), size // 2)
    level = 10 * np.log10(np.maximum(power[:, bins] / max(float(power.max()), 1e-30), 1e-12))
    return png(np.round(255 * np.clip(1 - level.T / DRAWN_DB, 0, 1)).astype(np.uint8))


def png(pixels: np.ndarray, colours: Sequence[tuple[int, int, int]] = SPECTROGRAM_COLOURS) -> bytes:
    """uint8 [height, width], 0 to 255 along `colours`, to the bytes of a PNG with a palette."""
    height, width = pixels.shape
    place = np.linspace(0, len(colours) - 1, 256)
    stops = np.arange(len(colours))
    palette = np.stack([np.interp(place, stops, channel) for channel in np.array(colours).T], axis=1).astype(np.uint8)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1)  # a 0 before each row: no filter

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts)


def data_uri(kind: str, data: bytes) -> str:
    """Bytes to stand in a page: kind is a media type."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@dataclass(frozen=True)
class Panel:
    """One curve: x in ms, y in unit, or a wave (y at even distances, drawn as its extent) when x is None."""

    title: str
    y: np.ndarray
    x: np.ndarray | None = None
    logarithmic: bool = False
    bottom: float | None = None  # the lowest y to show; the data's own if None


def plot_svg(rows: Sequence[tuple[str, Sequence[Panel]]], span_ms: float) -> str:
    """A file of its own: a line of panels for each (title, panels), all over 0 to span_ms."""
    wide, high, left, top = 300, 120, 50, 44
    across = max((len(panels) for _, panels in rows), default=0)
    width, height = across * (wide + left) + 20, len(rows) * (high + top + 26)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        "<style>svg{background:#fff;color:#222;font:11px sans-serif}"
        "@media(prefers-color-scheme:dark){svg{background:#151515;color:#ddd}}"
        "text{fill:currentColor}.f{fill:none;stroke:currentColor;opacity:.35}"
        ".l{fill:none;stroke:#d9480f;stroke-width:1.5}.w{fill:#d9480f}</style>",
    ]
    for r, (title, panels) in enumerate(rows):
        y0 = r * (high + top + 26) + top
        parts.append(f'<text x="{left}" y="{y0 - 24}" font-weight="bold">{escape(title)}</text>')
        for p, panel in enumerate(panels):
            parts += _panel(panel, p * (wide + left) + left, y0, wide, high, span_ms)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel, x0: int, y0: int, wide: int, high: int, span_ms: float) -> list[str]:
    inside = [f'<text x="{x0}" y="{y0 - 6}">{escape(panel.title)}</text>']
    inside.append(f'<rect class="f" x="{x0}" y="{y0}" width="{wide}" height="{high}"/>')
    for ms in (0, span_ms / 2, span_ms):
        inside.append(
            f'<text x="{x0 + wide * ms / span_ms:.0f}" y="{y0 + high + 14}" text-anchor="middle">{ms:.0f}</text>'
        )
    if panel.x is None:
        points = _outline(panel.y, wide, high)
        return [*inside, f'<polygon class="w" transform="translate({x0} {y0})" points="{points}"/>']
    if len(panel.y) == 0:
        return [*inside, f'<text x="{x0 + 8}" y="{y0 + high // 2}">none</text>']
    low = float(panel.y.min()) if panel.bottom is None else panel.bottom
    top = max(float(panel.y.max()), low * 1.01 if panel.logarithmic else low + 1)
    y = np.clip(panel.y, low, top)
    share = np.log(y / low) / math.log(top / low) if panel.logarithmic else (y - low) / (top - low)
    points = " ".join(
        f"{x0 + wide * min(ms / span_ms, 1):.1f},{y0 + high * (1 - part):.1f}"
        for ms, part in zip(panel.x.tolist(), share.tolist(), strict=True)
    )
    for value, at in ((top, y0 + 9), (low, y0 + high)):
        inside.append(f'<text x="{x0 - 4}" y="{at}" text-anchor="end">{value:.0f}</text>')
    return [*inside, f'<polyline class="l" points="{points}"/>']


def _outline(wave: np.ndarray, width: int, height: int) -> str:
    """Upper edge from left to right, then the lower one back; the peak touches the frame."""
    wave = np.asarray(wave, dtype=np.float64)
    parts = np.array_split(wave / max(float(np.abs(wave).max(initial=0)), 1e-9), width)
    upper = [float(part.max(initial=-1)) if len(part) else 0.0 for part in parts]
    lower = [float(part.min(initial=1)) if len(part) else 0.0 for part in parts]
    middle = height / 2
    there = [f"{i},{middle - v * (middle - 1) - 0.4:.1f}" for i, v in enumerate(upper)]
    back = [f"{i},{middle - v * (middle - 1) + 0.4:.1f}" for i, v in reversed(list(enumerate(lower)))]
    return " ".join(there + back)
