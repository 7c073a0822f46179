"""Between which values the fields of a card lie in the sounds that a model learned from, and which lie outside.

Limits are the 1 % and the 99 % quantile of each field, widened on both sides by a share of the way between them, the
more the fewer sounds there are: `WIDER` + `FEW` / sqrt(n). Ratios (Hz, ms) are widened in octaves, shares in log-odds.
Traces of a machine have only an upper limit, `ARTEFACTS`: what nobody hears is never a fault, however clean the sounds
were, and what no good kick has always is one, however worn they were. A field that some sounds lack may
be missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from kickitout.descriptors import Cards, cards
from kickitout.descriptors.fields import FIELDS, Why
from kickitout.errors import UserError

TAIL = 0.01  # quantiles at both ends
WIDER, FEW = 0.1, 2.0
LEAST_KNOWN = 8  # sounds that have a field, before it has limits
COMMON = 0.5  # share of the sounds that have a field, before it has limits
RARELY = 0.02  # share of the sounds that may lack a field that a sound must have
MOST_MEASURED = 8192  # cards, evenly taken from more sounds
CARDS_TOGETHER = 256  # sounds copied at once: 22 MB
NOT_LIMITED = ("note", "cents", "loudness_lufs", "true_peak_dbtp")  # a note is as good as another; level is set last
# Fields of kicks alone.
OF_KICKS = ("pitch_start_hz", "pitch_end_hz", "sweep_ms", "infra_share", "sub_share", "body_share")
LEAST_MS = 0.1
ODDS = 1e-6  # a share below it, or as near to 1, is 0 or 1


class Artefact(NamedTuple):
    """Values of a field that has only an upper limit. clean: without any; harmless: what is never outside;
    worst: what always is, for kicks."""

    clean: float
    harmless: float
    worst: float


ARTEFACTS = {
    "dc": Artefact(0.0, 0.002, 0.05),
    "pre_echo_db": Artefact(-120.0, -60.0, -30.0),
    "tail_noise_db": Artefact(-120.0, -80.0, -30.0),
    "comb_db": Artefact(0.0, 2.0, 6.0),
    "clipped": Artefact(0.0, 12.0, 1000.0),
    "stop_db": Artefact(0.0, 30.0, 60.0),  # `descriptors.endings.STOP_DB`; a recording that is cut while loud has 60
}
BROKEN = {Why.EMPTY: "silent", Why.NOT_FINITE: "not_finite", Why.SILENT: "silent"}  # sounds that have no card
FIELD_UNITS = {f.name: f.unit for f in FIELDS}


@dataclass(frozen=True)
class Limits:
    """spans: field -> the least and the most, in its unit. needed: fields that a sound must have. sounds: how many
    were measured; 0 where nothing is known but `ARTEFACTS`."""

    spans: dict[str, tuple[float, float]]
    needed: tuple[str, ...] = field(default=())
    sounds: int = 0

    def excess(self, found: Cards) -> dict[str, np.ndarray]:
        """How far outside each sound is: field -> [n], 0 inside, 1 as far out as the limits are apart.

        A needed field that is not there counts 1. Beside the fields are "silent" and "not_finite": infinite where a
        sound is.
        """
        broken = found.whys["note"]
        out = {
            name: np.where(np.isin(broken, [why for why, n in BROKEN.items() if n == name]), np.inf, 0.0)
            for name in ("silent", "not_finite")
        }
        whole = ~np.isin(broken, list(BROKEN))
        for name, (low, high) in self.spans.items():
            x, (least, most) = even_scale(name, found[name]), even_scale(name, np.array([low, high]))
            over = x - most if name in ARTEFACTS else np.maximum(least - x, x - most)
            way = over / max(most - least, 1e-9)
            missing = 1.0 if name in self.needed else 0.0
            out[name] = np.where(whole, np.where(np.isfinite(x), np.maximum(way, 0.0), missing), 0.0)
        return out

    def to_data(self) -> dict[str, Any]:
        """Ready for JSON."""
        spans = {name: list(span) for name, span in self.spans.items()}
        return {"spans": spans, "needed": list(self.needed), "sounds": self.sounds}

    @classmethod
    def from_data(cls, data: Any, where: str) -> Limits:
        """Raises UserError for what are no limits."""
        try:
            spans = {str(k): (float(low), float(high)) for k, (low, high) in data["spans"].items()}
            needed, sounds = tuple(map(str, data["needed"])), int(data["sounds"])
            known = set(FIELD_UNITS) - set(NOT_LIMITED)
            if not set(spans) <= known or not set(needed) <= set(spans) or sounds < 0:
                raise ValueError("fields that have no limits")
            if not all(math.isfinite(low) and math.isfinite(high) and low <= high for low, high in spans.values()):
                raise ValueError("limits that are none")
            return cls(spans, needed, sounds)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise UserError(f"{where}: its limits are damaged or of another version; export the model again") from error


def limits_of(waves: np.ndarray, kind: str = "kick") -> Limits:
    """The limits of sounds [n, T] at 44.1 kHz. kind: "kick", or "any" for other one-shots."""
    rows = np.linspace(0, len(waves) - 1, min(len(waves), MOST_MEASURED)).astype(int)
    parts = [cards(waves[rows[i : i + CARDS_TOGETHER]]) for i in range(0, len(rows), CARDS_TOGETHER)]
    return limits_of_cards(Cards.join(parts), kind)


def limits_of_cards(found: Cards, kind: str = "kick") -> Limits:
    """The same from cards that are at hand."""
    spans, needed = dict(artefact_limits(kind).spans), []
    for name in FIELD_UNITS:
        if name in NOT_LIMITED or (kind != "kick" and name in OF_KICKS):
            continue
        x = even_scale(name, found[name])
        known = x[np.isfinite(x)]
        if len(known) < max(LEAST_KNOWN, COMMON * len(x)):
            continue
        low, high = np.quantile(known, [TAIL, 1 - TAIL])
        more = (WIDER + FEW / math.sqrt(len(known))) * (high - low)
        if name in ARTEFACTS:
            clean, harmless, worst = ARTEFACTS[name]
            most = max(_from_even_scale(name, high + more), harmless)
            spans[name] = clean, min(most, worst) if kind == "kick" else most
            continue
        spans[name] = _from_even_scale(name, low - more), _from_even_scale(name, high + more)
        if len(known) >= (1 - RARELY) * len(x):
            needed.append(name)
    return Limits(spans, tuple(needed), len(found))


def artefact_limits(kind: str = "kick") -> Limits:
    """What holds for sounds of which nothing is known. Other one-shots may end in what would be noise in a kick."""
    kept = {name: one for name, one in ARTEFACTS.items() if kind == "kick" or name != "tail_noise_db"}
    return Limits({name: (one.clean, one.worst) for name, one in kept.items()})


def even_scale(name: str, values: np.ndarray) -> np.ndarray:
    """Values of a field where distances are alike: octaves of Hz and ms, log-odds of shares, sizes of offsets."""
    x = np.asarray(values, np.float64)
    unit = FIELD_UNITS[name]
    if unit in ("Hz", "ms"):
        return np.log2(np.maximum(x, LEAST_MS))
    if unit == "0..1":
        share = np.clip(x, ODDS, 1 - ODDS)
        return np.log2(share / (1 - share))
    if name == "clipped":
        return np.log2(1 + x)
    return np.abs(x) if name == "dc" else x


def _from_even_scale(name: str, x: float) -> float:
    """The reverse, to five digits."""
    unit = FIELD_UNITS[name]
    if unit in ("Hz", "ms"):
        value = 2**x
    elif unit == "0..1":
        value = 1 / (1 + 2**-x)
        value = 0.0 if value <= ODDS else 1.0 if value >= 1 - ODDS else value
    else:
        value = 2**x - 1 if name == "clipped" else x
    return float(f"{value:.5g}")
