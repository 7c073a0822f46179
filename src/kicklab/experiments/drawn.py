"""How near kicks come to drawn curves.

    kick lab measure drawn [--model MODEL] [-n 64]

Each of n seeds is drawn over with four pairs of curves: a club kick's fall, a step, a rise, and a wobble that no
recording has. Errors are read from the finished sound by the kick card's analysis, at each of its periods (pitch) and
every 5 ms once the model's click is over (level, from 35 ms on), where the curve is above -40 dB of the kick at its
loudest.
The last columns count kicks: those whose own median is within what is just heard. Where several partials or a noise are
as loud as the fundamental, the card's periods go from one to another, and no oscillator can follow that.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from kickitout.generation.curves import GRID, LAST_MS, Curves
from kickitout.generation.draw import AUDIBLE_CENTS, AUDIBLE_DB, ROUNDS, follow, measure_under
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.generation.noise import normal

DRAWN = {
    "fall": Curves([(0, 220), (60, 55), (400, 48)], [(0, 0), (100, -3), (300, -20), (480, -35)]),
    "step": Curves([(0, 400), (20, 90), (120, 60), (480, 40)], [(0, -3), (40, 0), (120, -20), (480, -38)]),
    "rise": Curves([(0, 100), (100, 45), (480, 80)], [(0, -12), (80, -3), (480, -6)]),
    "wobble": Curves([(0, 200), (50, 60), (150, 90), (250, 50), (400, 70)],
                     [(0, 0), (60, -10), (120, -2), (180, -12), (240, -4), (480, -30)]),
}  # fmt: skip
FIRST_SEED = 40_000
CLICK_MS = 35.0  # so long the model's click may be heard
QUIETEST_DB = -40.0


class Followed(NamedTuple):
    """Errors of one kick at each moment. before, cents: of the pitch, without and with the bend; db: of the level."""

    before: np.ndarray
    cents: np.ndarray
    db: np.ndarray


def followed(model: Model, seed: int, curves: Curves) -> Followed:
    """One seed's kick under curves."""
    noise = normal([seed], model.info.noise_size)
    cents = []
    for rounds in (1, ROUNDS):
        found, played, _ = follow(lambda one: model.render(noise, drawing=one), curves, rounds)
        measured = measure_under(found, model.render(noise, drawing=found.drawing).wave, played.wave)
        inside = (measured.pitch_ms < LAST_MS) & (found.db_at(measured.pitch_ms) > QUIETEST_DB)
        cents.append(1200 * np.abs(measured.off_at(measured.pitch_ms[inside])))
    inside = (GRID > CLICK_MS) & (GRID < LAST_MS) & (curves.db_at(GRID) > QUIETEST_DB)
    return Followed(cents[0], cents[1], np.abs(measured.level_db - curves.db_at(GRID))[inside])


def drawn_text(rows: Mapping[str, Sequence[Followed]]) -> str:
    """The errors as a Markdown table: medians and 90th percentiles over all moments of all kicks."""
    head = ["drawn", "n", "pitch, uncorrected", "corrected", "90 % within", f"within {AUDIBLE_CENTS:.0f} cents",
            "level", "90 % within", f"within {AUDIBLE_DB:.0f} dB"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    for name, row in {**rows, "all": [one for part in rows.values() for one in part]}.items():
        before, cents, db = (np.concatenate(parts) for parts in zip(*row, strict=True))
        near = [sum(np.median(one.cents) <= AUDIBLE_CENTS for one in row),
                sum(np.median(one.db) <= AUDIBLE_DB for one in row)]  # fmt: skip
        cells = [name, str(len(row)), f"{np.median(before):.1f} cents", f"{np.median(cents):.1f} cents",
                 f"{np.percentile(cents, 90):.0f}", f"{near[0]} of {len(row)}", f"{np.median(db):.2f} dB",
                 f"{np.percentile(db, 90):.1f}", f"{near[1]} of {len(row)}"]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=64, help="seeds (default 64)")


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model(args.model)
    followed(model, 0, DRAWN["fall"])  # the first call of a process is slower
    began = time.process_time()
    rows = {name: [followed(model, FIRST_SEED + i, curves) for i in range(args.n)] for name, curves in DRAWN.items()}
    yield drawn_text(rows)
    each = (time.process_time() - began) / (len(rows) * args.n)
    yield f"\nModel `{model.digest[:16]}`, seeds from {FIRST_SEED} on; {each:.2f} s of processor time a kick."
