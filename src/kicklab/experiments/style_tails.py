"""How long the kicks of each style ring, beside the labelled recordings of it.

    kick lab measure style-tails RECORDINGS [RECORDINGS ...] [--length 2]

RECORDINGS hold the sounds of kicklab/styles.csv. A decay that a file or the length cuts off is longer than all that are
known, so medians and quartiles are of all kicks; one that falls on such a decay is said to be longer. Intervals are
95 %: over sources for recordings, over seeds for the model.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kickitout import load_model, read_dataset, styles
from kickitout.datasets.scan import scan
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.generation.generate import generate_kicks
from kickitout.generation.source import decode_whole_kick
from kickitout.sound import LENGTH, SAMPLE_RATE
from kicklab.experiments.endings import source_draws
from kicklab.experiments.styles import STYLE_SEEDS, style_labels
from kicklab.markdown import markdown_table, with_interval
from kicklab.sources import sources_of

HEAD = ["sounds", "n", "ring past 500 ms", "T20, median", "T20, quartiles", "T40, median"]
Kicks = tuple[list[np.ndarray], np.ndarray]  # sounds [T] of any length, and who made each, numbered from 0


def labelled_recordings(folders: Sequence[Path], length_s: float) -> dict[str, Kicks]:
    """Style -> recordings as long as they are, length_s at most. Raises UserError where none is labelled."""
    labels, rows = style_labels(), read_dataset(folders).rows
    styles = {row.name: (labels[row.sound], who) for row, who in zip(rows, sources_of(rows), strict=True)
              if row.sound in labels}  # fmt: skip
    found: dict[str, list[tuple[np.ndarray, str]]] = {}
    for candidate in scan(folders).candidates:
        if candidate.name in styles:
            style, who = styles[candidate.name]
            with candidate.open() as file:
                wave = decode_whole_kick(file.read(), candidate.name).mean(axis=0)
            found.setdefault(style, []).append((wave[: round(length_s * SAMPLE_RATE)], who))
    if not found:
        raise UserError("none of these sounds is in kicklab/styles.csv")
    return {style: ([w for w, _ in kicks], np.unique([who for _, who in kicks], return_inverse=True)[1])
            for style, kicks in sorted(found.items())}  # fmt: skip


def tails_line(name: str, kicks: Kicks, length_s: float) -> list[object]:
    """A line of the table."""
    waves, who = kicks
    size = round(length_s * SAMPLE_RATE)
    card = cards(np.stack([np.pad(wave, (0, size - len(wave))) for wave in waves]), threads=1)
    draws = source_draws(who)
    long = 100.0 * np.array([len(wave) > LENGTH and sounds_at(wave, LENGTH) for wave in waves])
    t20, t40 = (np.where(np.isnan(card[field]), np.inf, card[field]) for field in ("decay_t20_ms", "decay_t40_ms"))
    quartiles = " to ".join(_ms(np.quantile(t20, q, method="nearest")) for q in (0.25, 0.75))
    return [name, len(waves), _share(long, draws), _median(t20, draws), quartiles, _median(t40, draws)]


def sounds_at(wave: np.ndarray, sample: int) -> bool:
    """Whether more than -50 dB re peak comes at or behind a sample."""
    return bool(np.abs(wave[sample:]).max(initial=0.0) > 10 ** (-50 / 20) * np.abs(wave).max())


def _ms(value: float) -> str:
    return f"{value:.0f} ms" if np.isfinite(value) else "longer"


def _share(values: np.ndarray, draws: Sequence[np.ndarray]) -> str:
    low, high = np.quantile([values[rows].mean() for rows in draws], [0.025, 0.975])
    return with_interval(values.mean(), low, high, ".0f", " %")


def _median(values: np.ndarray, draws: Sequence[np.ndarray]) -> str:
    """Of values that may be beyond all that are known."""
    middles = [float(np.quantile(values[rows], 0.5, method="nearest")) for rows in draws]
    low, high = np.quantile(middles, [0.025, 0.975], method="nearest")
    return f"{_ms(np.quantile(values, 0.5, method='nearest'))} [{_ms(low)}, {_ms(high)}]".replace(" ms, ", ", ")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--model", default="default", help="a model with styles")
    parser.add_argument("--length", type=float, default=2.0, metavar="SECONDS", help="how long a kick may ring")
    parser.add_argument("-n", type=int, default=STYLE_SEEDS, help="kicks of each style, from seed 0 on")


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model(args.model)
    known, rows = styles(model), []
    for style, kicks in labelled_recordings(args.recordings, args.length).items():
        if style not in known:
            continue
        made = generate_kicks(range(args.n), model, style=style, length_s=args.length)
        waves = [kick.channels.mean(axis=0) for kick in made]
        rows.append(tails_line(f"{style}, recordings", kicks, args.length))
        rows.append(tails_line(f"`--style {style}`", (waves, np.arange(len(waves))), args.length))
    yield from markdown_table(HEAD, rows)
