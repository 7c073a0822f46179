"""How far a kick that its file cut while it was loud is still known after it was changed.

`prepare` says up to which sample a recording speaks for its kick. Pitch and sweep move that place; a decay that is
made shorter, a cut or a trim before it end the sound by themselves, and then all of it is known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kickitout.audio.prepare import CUT_FADE_SAMPLES, loud_at
from kickitout.augmentation.effects import sweep_places
from kickitout.augmentation.mix import AugmentationMix, MixRanges, draw_plan
from kickitout.augmentation.variants import AugmentRanges, draw_changes
from kickitout.sound import LENGTH, ONSET
from kickitout.synthesis.signal import Wave

SLACK = 441  # samples: 10 ms; a layer and a kept click move the body by 4 ms each, an onset is found within 1 ms


def known_after(
    known: int, changed: Wave, semitones: float = 0.0, sweep_semitones: float = 0.0, sweep_ms: float = 1.0
) -> int:
    """Samples of a changed kick [LENGTH] that are known, where `known` were before: LENGTH where that is all.

    >>> hum = np.sin(2 * np.pi * 50 * np.arange(LENGTH) / 44_100)
    >>> known_after(ONSET + 8000, hum, semitones=12) == ONSET + 4000 - SLACK
    True
    """
    end = ONSET + (known - ONSET) / 2 ** (semitones / 12)
    if sweep_semitones > 0:  # a flattened sweep ends later, but for its top
        end = ONSET + float(np.searchsorted(sweep_places(sweep_semitones, sweep_ms), end))
    if end >= LENGTH - CUT_FADE_SAMPLES:
        return LENGTH
    last = max(ONSET, int(end) - SLACK)
    return last if loud_at(changed, last) else LENGTH


def known_of_variants(
    variants: Wave, known: Sequence[int], count_per_kick: int | Sequence[int], seed: int,
    ranges: AugmentRanges | None = None, identities: Sequence[str] | None = None,
) -> NDArray[np.int64]:  # fmt: skip
    """[n * count]: of `producer_variants` with the same arguments, of kicks of which `known` [n] samples are."""
    counts = np.broadcast_to(np.asarray(count_per_kick), len(known)).tolist()
    names = [str(i) for i in range(len(known))] if identities is None else identities
    found, row = np.full(len(variants), LENGTH, np.int64), 0
    for start, name, count in zip(known, names, counts, strict=True):
        for v in range(count):
            if start < LENGTH:
                found[row] = known_after(start, variants[row], draw_changes(name, v, seed, ranges).semitones)
            row += 1
    return found


def known_of_mix(
    mix: AugmentationMix, known: Sequence[int], seed: int, ranges: MixRanges | None = None
) -> NDArray[np.int64]:
    """[count]: of an `augmentation_mix` with that seed and those ranges, of kicks of which `known` [n] samples are."""
    found = np.full(len(mix.waves), LENGTH, np.int64)
    for row, own in enumerate(mix.body.tolist()):
        if own >= 0 and known[own] < LENGTH:
            plan = draw_plan(row, seed, len(known), ranges)
            v = plan.value
            moves = (
                (v["semitones"], v["sweep_semitones"], v["sweep_ms"])
                if plan.processed
                else (draw_changes("", 0, plan.seed).semitones,)
            )
            found[row] = known_after(known[own], mix.waves[row], *moves)
    return found
