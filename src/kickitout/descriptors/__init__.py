"""The kick card: one sound in producer's numbers, each with a unit and a definition.

Waves: float [n, T] or [T], mono, any level and length; kicks here are 500 ms at 44.1 kHz with the onset at sample 64,
but the card finds the onset itself. All measures but the levels (loudness, true peak, dc) are the same at any gain.
A field that a sound does not have is NaN (note: ""), and the card says why. numpy only; blocks of waves at a time.

`FIELDS` names fields and units; the definitions stand with the measures: `pitch`, `level`, `click`, `loudness`,
`artefacts`. Terms: the *peak* is the largest |sample|; the *onset* is the first sample at -40 dB re peak; the *end* is
behind the last sample above -80 dB re peak.
"""

import math
import numbers
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from kickitout.cpus import usable_cpus
from kickitout.descriptors.artefacts import measure_artefacts
from kickitout.descriptors.block import BLOCK_ROWS, SoundBlock, make_block, refusals, slices
from kickitout.descriptors.click import measure_click
from kickitout.descriptors.endings import measure_endings
from kickitout.descriptors.fields import FIELD_NAMES, FIELDS, Cards, Field, Why, format_card
from kickitout.descriptors.level import level_curves, measure_level, trace_level
from kickitout.descriptors.loudness import measure_loudness, measure_shares
from kickitout.descriptors.pitch import measure_pitch, trace_periods, trace_rest
from kickitout.errors import UserError
from kickitout.sound import SAMPLE_RATE

__all__ = [
    "FIELDS",
    "FIELD_NAMES",
    "Cards",
    "Field",
    "Why",
    "card",
    "cards",
    "cards_by_length",
    "cards_of_each",
    "format_card",
    "level_curve",
    "periods",
    "pitch_curve",
    "pitch_drift",
    "pitch_rest",
    "pitch_scatter",
]

KEPT_BYTES = (32 << 20) - (64 << 10)  # the most that raises glibc's threshold, less its own header
LEAST_RATE = 16_000  # Hz: the click needs a band above 2 kHz
MOST_RATE = 768_000  # no converter is faster


def _checked_waves(waves: np.ndarray, dimensions: int, rate: float) -> np.ndarray:
    waves = np.asarray(waves)
    if waves.ndim != dimensions or not np.issubdtype(waves.dtype, np.floating):
        shape = "[n, T]" if dimensions == 2 else "[T]"
        raise UserError(f"a card reads mono float waves {shape}, not {waves.dtype} {list(waves.shape)}")
    if not isinstance(rate, numbers.Real) or not LEAST_RATE <= rate <= MOST_RATE:
        raise UserError(f"a card needs a sample rate of {LEAST_RATE} to {MOST_RATE} Hz, not {rate!r}")
    return waves


def _measure_block(block: SoundBlock, *, loudness: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    level, shape = level_curves(block)
    measures = [measure_pitch, measure_click, measure_shares, measure_artefacts] + [measure_loudness] * loudness
    found = {name: field for measure in measures for name, field in measure(block).items()}
    return found | measure_level(block, level, shape) | measure_endings(block, level)


@cache
def _keep_memory() -> None:
    """Let the process keep what a block needs: glibc gives it back to the system after each one and takes it again, a
    fifth of the time. Once a piece of (almost) 32 MB has been freed it keeps up to 64 MB; elsewhere nothing changes."""
    np.empty(KEPT_BYTES, np.uint8)


def cards(waves: np.ndarray, rate: float = SAMPLE_RATE, threads: int | None = None, *, loudness: bool = True) -> Cards:
    """The cards of waves [n, T]; each is the same, bit for bit, alone, in any batch and with any number of threads
    (all cores by default). loudness: False leaves loudness_lufs and true_peak_dbtp out, an eighth of the time."""
    waves = _checked_waves(waves, 2, rate)
    _keep_memory()
    out = Cards.blank(refusals(waves))
    good = np.flatnonzero(out.whys["note"] == Why.KNOWN)

    def fill(part: slice) -> None:
        at = good[part]
        for name, (values, why) in _measure_block(make_block(waves[at], rate), loudness=loudness).items():
            out.values[name][at] = values
            out.whys[name][at] = why

    parts = slices(len(good), BLOCK_ROWS)
    threads = min(threads or usable_cpus(), len(parts))
    if threads <= 1:
        for part in parts:
            fill(part)
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(threads) as pool:  # numpy computes outside of the interpreter's lock
            list(pool.map(fill, parts))
    return out


def card(wave: np.ndarray, rate: float = SAMPLE_RATE) -> dict[str, float | str]:
    """The card of one wave [T]: field name -> number, NaN where undefined; "note" -> string.

    >>> time = np.arange(22050) / 44100
    >>> found = card(np.exp(-time / 0.1) * np.sin(2 * np.pi * 55 * time))
    >>> found["note"], round(found["pitch_end_hz"], 2)
    ('A1', 55.0)
    """
    return cards(_checked_waves(wave, 1, rate)[None], rate).row(0)


def cards_by_length(waves: Sequence[np.ndarray], threads: int | None = None) -> Iterator[tuple[list[int], Cards]]:
    """The cards of waves [T] that may differ in length, those of one length together: which they are, and theirs."""
    for length in {len(wave) for wave in waves}:
        at = [i for i, wave in enumerate(waves) if len(wave) == length]
        yield at, cards(np.stack([waves[i] for i in at]), threads=threads)


def cards_of_each(
    waves: Sequence[np.ndarray], threads: int | None = None, *, louder_db: np.ndarray | None = None
) -> list[tuple[dict[str, float | str], dict[str, str]]]:
    """The card and the reasons of each of some waves [T], which may differ in length. louder_db: [n], by which each is
    louder than its wave."""
    found: dict[int, tuple[dict[str, float | str], dict[str, str]]] = {}
    for at, measured in cards_by_length(waves, threads):
        measured = measured if louder_db is None else measured.louder(louder_db[at])
        found |= {i: (measured.row(row), measured.reasons(row)) for row, i in enumerate(at)}
    return [found[i] for i in range(len(waves))]


def _one(wave: np.ndarray, rate: float) -> SoundBlock | None:
    waves = _checked_waves(wave, 1, rate)[None]
    return make_block(waves, rate) if refusals(waves)[0] == Why.KNOWN else None


def pitch_curve(wave: np.ndarray, rate: float = SAMPLE_RATE) -> tuple[np.ndarray, np.ndarray]:
    """The pitch over time that the card reads: seconds from the beginning of the wave, Hz. Empty for silence."""
    return periods(wave, rate)[:2]


def periods(wave: np.ndarray, rate: float = SAMPLE_RATE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points of `pitch_curve`, and how much each weighs (its energy: duration times squared amplitude)."""
    block = _one(wave, rate)
    return trace_periods(block) if block else (np.zeros(0), np.zeros(0), np.zeros(0))


def pitch_drift(wave: np.ndarray, rate: float = SAMPLE_RATE) -> float:
    """By how many cents the pitch falls where `pitch_end_hz` is measured, over two standard deviations of time; NaN for
    a sound without a pitch. A body whose pitch rests is within some cents; one that falls by a semitone and more has a
    last pitch, and no note."""
    return pitch_rest(wave, rate)[0]


def pitch_scatter(wave: np.ndarray, rate: float = SAMPLE_RATE) -> float:
    """By how many cents the periods of a sound scatter where `pitch_end_hz` is measured, around a line; NaN for a sound
    without a pitch. A tone has some cents; where it is a semitone and more, the pitch is a middle of many, and nobody
    hears it as a note."""
    return pitch_rest(wave, rate)[1]


def pitch_rest(wave: np.ndarray, rate: float = SAMPLE_RATE) -> tuple[float, float]:
    """`pitch_drift` and `pitch_scatter` of a sound, which are read from the same periods."""
    block = _one(wave, rate)
    return trace_rest(block) if block else (math.nan, math.nan)


def level_curve(wave: np.ndarray, rate: float = SAMPLE_RATE) -> tuple[np.ndarray, np.ndarray]:
    """The level over time that the card reads: seconds from the beginning of the wave, dB re full scale, from the onset
    on. Empty for silence."""
    block = _one(wave, rate)
    return trace_level(block) if block else (np.zeros(0), np.zeros(0))
