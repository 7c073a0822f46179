"""New kicks from old, as producers make them: variants of a kick, each with changes of its own.

A variant takes the changes (`augmentation.changes`) in this order:

    variant = drive(tilt(reshape_decay(repitch(layer(click, kick)))))

No change reads another row than its own: a variant is the same alone and in any batch. Representations are augmented,
in other ways, in `kickitout.training.critic_augmentation`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from kickitout.augmentation.changes import CHANGE_LIMITS, drive, layer, repitch, reshape_decay, tilt
from kickitout.augmentation.shape import checked_wave, first_at
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kickitout.synthesis.parameters import Limit, checked_seed
from kickitout.synthesis.signal import Wave
from kickitout.synthesis.styles import Range

SOFT_MS = 5.0  # a kick that stays below -12 dB re peak for so long has no click to lend


@dataclass(frozen=True)
class AugmentRanges:
    """How often (`chance`) and how far each change goes; `otherwise` is always the setting that changes nothing."""

    semitones: Range = field(default=Range(-4.0, 4.0, chance=0.8))
    keep_click: float = 0.5  # share of the re-pitched that keep their click
    decay_factor: Range = field(default=Range(0.6, 1.5, log=True, chance=0.6, otherwise=1.0))
    tilt_db_per_octave: Range = field(default=Range(-1.2, 1.2, chance=0.5))
    drive_db: Range = field(default=Range(1.0, 10.0, chance=0.4))
    crossover_ms: Range = field(default=Range(5.0, 12.0, log=True, chance=0.3))  # of a layered click; 0 stands for none

    def __post_init__(self) -> None:
        if isinstance(self.keep_click, bool) or not 0 <= self.keep_click <= 1:
            raise UserError(f"keep_click={self.keep_click!r}: must be a share from 0 to 1")
        for name, limit in CHANGE_LIMITS.items():
            check_range(name, getattr(self, name), limit, 1.0 if name == "decay_factor" else 0.0)


def check_range(name: str, span: Range, limit: Limit, neutral: float | None) -> None:
    """Raise UserError for a range outside `limit`, or one whose `otherwise` is not `neutral`, which changes nothing.

    neutral: None where a parameter says how and not whether.
    """
    low, high, unit = limit
    if not low <= span.low <= span.high <= high:
        raise UserError(
            f"{name}: from {span.low:g} to {span.high:g}; a range within {low:g} to {high:g} {unit}".rstrip()
        )
    if not 0 <= span.chance <= 1:
        raise UserError(f"{name}: a chance of {span.chance:g}; 0 to 1 work")
    if neutral is None and span.chance < 1:
        raise UserError(f"{name}: a chance of {span.chance:g}; 1 works: it says how, not whether")
    if neutral is not None and span.otherwise != neutral:
        raise UserError(f"{name}: otherwise={span.otherwise:g}; must be {neutral:g}, which changes nothing")


@dataclass(frozen=True)
class Changes:
    """What is done to one kick. donor: which of the kicks that lend their click, as a share of their number, [0, 1)."""

    semitones: float = 0.0
    keep_click: bool = False
    decay_factor: float = 1.0
    tilt_db_per_octave: float = 0.0
    drive_db: float = 0.0
    crossover_ms: float = 0.0
    donor: float = 0.0


def draw_changes(identity: str, variant: int, seed: int, ranges: AugmentRanges | None = None) -> Changes:
    """The changes of one variant of one kick, from its identity, the number and the seed, and nothing else.

    A draw in which everything stays as it is becomes a re-pitch, unless those are switched off.
    """
    return _draw(_key(identity, checked_seed(seed)), variant, ranges or AugmentRanges())


def apply_changes(wave: Wave, changes: Changes, click_of: Wave | None = None) -> Wave:
    """The variant. Without `click_of` no click is layered."""
    if click_of is not None and changes.crossover_ms > 0:
        wave = layer(click_of, wave, changes.crossover_ms)
    if changes.semitones != 0:
        wave = repitch(wave, changes.semitones, changes.keep_click)
    if changes.decay_factor != 1:
        wave = reshape_decay(wave, changes.decay_factor)
    if changes.tilt_db_per_octave != 0:
        wave = tilt(wave, changes.tilt_db_per_octave)
    return drive(wave, changes.drive_db)


def producer_variants(
    waves: Wave | Sequence[Wave],
    count_per_kick: int | Sequence[int],
    seed: int,
    ranges: AugmentRanges | None = None,
    clicks_from: Wave | Sequence[Wave] | None = None,
    identities: Sequence[str] | None = None,
) -> Wave:
    """float32 [n * count, LENGTH] from waves [n, LENGTH]; row i * count + v is variant v of kick i.

    count_per_kick: of all, or of each; then the rows of a kick stand behind those of the kicks before it.
    Each depends on its own kick and that one's identity, v and the seed: not on the kick's place, nor on its
    neighbours. identities: as in `kickitout.identity`; of waves that have none the place decides. clicks_from: the
    kicks [m, LENGTH] whose clicks are layered, the training split for one; without them none is, and those that begin
    softly lend none.
    """
    least = 0 if np.ndim(count_per_kick) else 1  # of each; all of them have some
    if isinstance(count_per_kick, bool) or np.min(count_per_kick) < least:
        raise UserError(f"count_per_kick={count_per_kick!r}: must be a whole number from 1 on")
    counts = np.broadcast_to(np.asarray(count_per_kick), len(waves)).tolist()
    seed, ranges = checked_seed(seed), ranges or AugmentRanges()
    donors = [] if clicks_from is None else [one for one in clicks_from if has_click(one)]
    out = np.empty((sum(counts), LENGTH), np.float32)
    row = 0
    for i, (wave, count) in enumerate(zip(waves, counts, strict=True)):
        wave = checked_wave(wave, f"waves[{i}]")
        key = _key(str(i) if identities is None else identities[i], seed)
        for v in range(count):
            changes = _draw(key, v, ranges)
            out[row] = apply_changes(wave, changes, donor_of(wave, donors, changes.donor))
            row += 1
    return out


def donor_of(wave: Wave, donors: Sequence[Wave], place: float) -> Wave | None:
    """The chosen one, or the next if that is the kick itself."""
    first = int(place * len(donors))
    for donor in (*donors[first : first + 2], *donors[:1])[:2]:
        if not np.array_equal(donor, wave):
            return donor
    return None


def has_click(wave: Wave) -> bool:
    """Does it begin at once? One that stays below -12 dB re peak for SOFT_MS has no click to lend."""
    return first_at(checked_wave(wave, "one of clicks_from"), 0.25) - ONSET < SOFT_MS / 1000 * SAMPLE_RATE


def _key(identity: str, seed: int) -> bytes:
    return hashlib.sha256(seed.to_bytes(8, "little") + identity.encode()).digest()


def _draw(key: bytes, variant: int, ranges: AugmentRanges) -> Changes:
    """Two numbers for every range and two more, whatever comes of them, so that no draw shifts another."""
    digest = hashlib.sha256(key + int(variant).to_bytes(8, "little")).digest()
    random = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
    places = random.random((len(CHANGE_LIMITS) + 1, 2)).tolist()
    value = {name: getattr(ranges, name).at(*place) for name, place in zip(CHANGE_LIMITS, places, strict=False)}
    keep, donor = places[-1]
    changes = Changes(**value, keep_click=keep < ranges.keep_click, donor=donor)
    untouched = all(getattr(changes, f.name) == f.default for f in fields(Changes) if f.name in CHANGE_LIMITS)
    if untouched and ranges.semitones.chance > 0:
        return Changes(ranges.semitones.at(0.0, places[0][1]), changes.keep_click, donor=donor)
    return changes
