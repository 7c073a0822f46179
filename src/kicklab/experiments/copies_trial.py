"""Test the search for copies: false alarms on held-out kicks, and planted copies found.

Real kicks are divided by group, again and again: one part plays the training kicks, the other the sounds of a
model that copies nothing. Among those, copies of training kicks are planted, changed as copies usually are: level,
polarity, start, format, rate, equaliser, noise.

    kick lab measure copies-trial FOLDER [FOLDER ...] [--splits 50] [--share 0.5]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.audio import lossy, resample
from kickitout.datasets.build import read_dataset
from kickitout.metrics.memorisation import audit
from kickitout.metrics.resampling import bootstrap_counts
from kickitout.sound import LENGTH, SAMPLE_RATE

Change = Callable[[np.ndarray], np.ndarray]  # float32 [T] -> [T]
PLANTED = 32  # copies of each kind in a split
NOISE = 10 ** (-50 / 20)  # RMS re the peak


def tilted(wave: np.ndarray, db_a_decade: float) -> np.ndarray:
    """A mild equaliser: 0 dB at 100 Hz, from 20 Hz on rising evenly."""
    decades = np.log10(np.maximum(np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE), 20) / 100)
    return np.fft.irfft(np.fft.rfft(wave) * 10 ** (db_a_decade * decades / 20), len(wave))


def shifted(wave: np.ndarray, samples: int) -> np.ndarray:
    """Later (or earlier) by so many samples, silence before (or behind)."""
    out = np.zeros_like(wave)
    if samples >= 0:
        out[samples:] = wave[: len(wave) - samples]
    else:
        out[:samples] = wave[-samples:]
    return out


def resampled(wave: np.ndarray, rate: int) -> np.ndarray:
    """At another rate and back, as long as before."""
    back = resample(resample(wave, SAMPLE_RATE, rate), rate, SAMPLE_RATE)
    return np.pad(back, (0, max(0, len(wave) - len(back))))[: len(wave)]


def noisy(wave: np.ndarray) -> np.ndarray:
    """With white noise at NOISE."""
    return wave + NOISE * np.abs(wave).max() * np.random.default_rng(0).standard_normal(len(wave))


CHANGES: dict[str, Change] = {
    "itself": lambda w: w,
    "6 dB down": lambda w: w / 2,
    "turned over": lambda w: -w,
    "1 ms late": lambda w: shifted(w, 44),
    "1 ms early": lambda w: shifted(w, -44),
    "8 bits": lambda w: np.round(w * 127) / 127,
    "48 kHz and back": lambda w: resampled(w, 48_000),
    "22.05 kHz and back": lambda w: resampled(w, 22_050),
    "MP3": lambda w: lossy(w, SAMPLE_RATE, "MP3"),
    "Ogg Vorbis, quality 5": lambda w: lossy(w, SAMPLE_RATE, "OGG"),
    "tilted by +3 dB a decade": lambda w: tilted(w, 3),
    "tilted by -3 dB a decade": lambda w: tilted(w, -3),
    "noise at -50 dB": noisy,
    "tilted, turned over, quiet, late": lambda w: -0.3 * shifted(tilted(w, 2), 22),
}


class Split(NamedTuple):
    """One division: groups and kicks to train on, the copy threshold, and what became of both kinds of sounds."""

    groups: int
    train: int
    held_out: int
    threshold: float
    groups_out: np.ndarray  # [held_out] the group of each held-out kick
    called: np.ndarray  # [held_out] bool: called a copy
    found: dict[str, float]  # change -> share of planted copies found; empty where none were planted

    @property
    def accused(self) -> float:
        """Share of the held-out kicks called copies."""
        return float(self.called.mean())


def trial(
    waves: np.ndarray, groups: np.ndarray, splits: int = 50, share: float = 0.5, planted: int = PLANTED, seed: int = 0
) -> Iterator[Split]:
    """Divide `waves` [n, T] by group so many times, with this share of the groups to train on."""
    groups = np.unique(groups, return_inverse=True)[1]
    number = int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    for _ in range(splits):
        known = (rng.permutation(number) < round(share * number))[groups]
        train, others = waves[known], waves[~known]
        chosen = np.sort(rng.permutation(len(train))[:planted])
        copies = [change(wave) for change in CHANGES.values() for wave in train[chosen]]
        sounds = np.concatenate([others, np.array(copies, np.float32).reshape(-1, LENGTH)])
        found = audit(sounds, train, groups[known])
        hits = found.copies[len(others) :].reshape(len(CHANGES), -1)
        yield Split(
            len(np.unique(groups[known])),
            len(train),
            len(others),
            found.threshold,
            groups[~known],
            found.copies[: len(others)],
            {name: float(row.mean()) for name, row in zip(CHANGES, hits, strict=True) if planted},
        )


def accused_interval(splits: list[Split], draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95 % of the mean share of false accusations, by a bootstrap over groups: the splits share their kicks."""
    who = np.concatenate([s.groups_out for s in splits])
    hits, held = np.bincount(who, np.concatenate([s.called for s in splits])), np.bincount(who)
    counts = bootstrap_counts(len(held), draws, np.random.default_rng(seed))
    low, high = np.quantile(counts @ hits / (counts @ held), [0.025, 0.975])
    return float(low), float(high)


def trial_text(splits: list[Split]) -> str:
    """A table of all splits: false accusations with their interval and scatter, and the copies that were found."""
    called = np.concatenate([s.called for s in splits])
    accused, thresholds = np.array([s.accused for s in splits]), np.array([s.threshold for s in splits])
    first, (low, high) = splits[0], accused_interval(splits)
    lines = [
        f"{len(splits)} splits by group: about {first.train} kicks of {first.groups} groups to train on, "
        f"{first.held_out} held out",
        f"copy threshold: {np.median(thresholds):.4f} (median; {thresholds.min():.4f} to {thresholds.max():.4f})",
        f"held-out kicks called copies: {called.mean():.2%}, 95 % interval {low:.2%} to {high:.2%} "
        f"(groups resampled); in 95 of 100 splits below {np.quantile(accused, 0.95):.2%}",
    ]
    if first.found:
        number = min(PLANTED, first.train)
        lines += ["", f"planted copies found, of {number} training kicks a split:"]
        for name in first.found:
            shares = np.array([s.found[name] for s in splits])
            lines.append(f"  {name:34s} {shares.mean():7.2%}  (least {shares.min():.2%})")
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+")
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--share", type=float, nargs="+", default=[0.5], help="of the groups to train on")


def run(args: argparse.Namespace) -> Iterator[str]:
    dataset = read_dataset(args.sounds)
    groups = dataset.groups
    yield f"{len(dataset)} kicks, dataset digest {dataset.digest[:12]}, seed 0"
    for share in args.share:
        yield f"\n```\n{trial_text(list(trial(dataset.waves, groups, args.splits, share)))}\n```"
