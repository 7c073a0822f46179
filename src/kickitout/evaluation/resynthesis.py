"""How like a kick is what the model makes of it again, read against what magnitude codecs make of the same kick."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kickitout.card import cards
from kickitout.evaluation.bootstrap import median_interval
from kickitout.evaluation.ceiling import ceilings, log_spectral_distance
from kickitout.evaluation.resampling import wilson
from kickitout.generation.listen import ROUNDS, Ear, hear
from kickitout.generation.model import Model

CLOSE_CENTS = 10.0
MAGNITUDES = ("logmag", "mel")  # codecs whose phase is rebuilt (Griffin-Lim)


class Again(NamedTuple):
    """n kicks made again. distances: log-spectral, dB [n]; cents: of the end pitch [n], NaN where either has none;
    seconds: processor time of finding one."""

    rounds: int
    distances: np.ndarray
    cents: np.ndarray
    seconds: float


def made_again(model: Model, ear: Ear, waves: np.ndarray, rounds: int = ROUNDS) -> Again:
    """Every kick of waves [n, T], prepared, found in the model and played."""
    began = time.process_time()
    places = [hear(model, ear, wave, rounds).place for wave in waves]
    seconds = (time.process_time() - began) / len(waves)
    again = np.stack([model.turn(place=place).wave.mean(axis=0) for place in places])
    hz = [cards(x).values["pitch_end_hz"] for x in (waves, again)]
    return Again(rounds, log_spectral_distance(waves, again), 1200 * np.abs(np.log2(hz[1] / hz[0])), seconds)


def best_magnitude(waves: np.ndarray) -> tuple[str, np.ndarray]:
    """The magnitude codec that loses least of these kicks, and its log-spectral distance to each: dB [n]."""
    found = {c.codec: c.values["lsd"] for c in ceilings(waves, MAGNITUDES) if c.codec in MAGNITUDES}
    name = min(found, key=lambda codec: float(np.median(found[codec])))
    return name, found[name]


def again_text(rows: Sequence[Again], codec: str, ceiling: np.ndarray) -> str:
    """The rows as a Markdown table, the codec's own round trip last."""
    head = ["made again by", "n", "log-spectral distance", f"below {codec} of the same kick", f"below {codec}'s median",
            "pitch: median", "pitch within 10 cents", "processor time"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    for row in rows:
        known = row.cents[np.isfinite(row.cents)]
        name = f"the model, {row.rounds} rounds of refining" if row.rounds else "the model, from its encoder"
        cells = [name, str(len(ceiling)), _median(row.distances, "dB"), _share(row.distances < ceiling),
                 _share(row.distances < np.median(ceiling)), _median(known, "cents"),
                 f"{_share(known <= CLOSE_CENTS)}, n={len(known)}", f"{row.seconds:.1f} s"]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    lines.append(f"| {codec}, Griffin-Lim | {len(ceiling)} | {_median(ceiling, 'dB')} | | | | | |")
    return "\n".join(lines)


def _median(values: np.ndarray, unit: str) -> str:
    if not len(values):
        return "unknown"
    middle, (low, high) = median_interval(values)
    return f"{middle:.2f} {unit} [{low:.2f}, {high:.2f}]"


def _share(hits: np.ndarray) -> str:
    low, high = wilson(int(hits.sum()), len(hits))
    return f"{100 * hits.mean():.0f} % [{100 * low:.0f}, {100 * high:.0f}]" if len(hits) else "unknown"
