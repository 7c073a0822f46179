"""Degrade real kicks step by step: each score must see the faults that it claims to see.

One half of the real kicks (by group) is the reference; the other half is degraded and scored against it. A score
sees a fault when no step is better than the one before, and the last is outside of the score's own 95 % interval on the
untouched half. The first step may be better than none: the halves differ by themselves, and a little of a fault can
hide that.

kick lab measure ladder my-kicks/                                                  the scores of the package
kick lab measure ladder my-kicks/ --embedding clap.onnx --embedding-rate 48000     those in an embedding of your own
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.cli.options import add_workers, read_workers, workers_said
from kickitout.cli.values import positive
from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kickitout.files import check_new_file, write_whole
from kickitout.metrics.cards import CARD_UNITS
from kickitout.metrics.compare import compare_features
from kickitout.metrics.embeddings import DEFAULTS, KNOWN_EMBEDDINGS, Embedding, find_embeddings
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.memorisation import LEAST_TRAIN, audit
from kickitout.metrics.report import COPIES, halves, near_duplicates, number, refuse_too_alike
from kickitout.metrics.resampling import NO_INTERVAL
from kickitout.metrics.score import Found, refuse_too_few
from kickitout.sound import ONSET, PEAK, SAMPLE_RATE
from kickitout.workers import Workers
from kicklab.markdown import markdown_table

CUT_LOUD_DB = -15.0  # well above the -25 dB below which a sound that stops was over (`descriptors.endings`)
Apply = Callable[[np.ndarray, float, np.ndarray], np.ndarray]  # (waves [n, T], step, reference [m, T]) -> [n, T]


class Fault(NamedTuple):
    """A way to make kicks worse, in steps from mild to strong."""

    steps: tuple[float, ...]
    unit: str
    apply: Apply
    needs: str | None = None  # a package


def _filtered(waves: np.ndarray, gain: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    hz = np.fft.rfftfreq(waves.shape[1], 1 / SAMPLE_RATE)
    return np.fft.irfft(np.fft.rfft(waves) * gain(hz), waves.shape[1])


def _low_passed(waves: np.ndarray, cutoff_hz: float, _: np.ndarray) -> np.ndarray:
    """Fourth-order Butterworth magnitude, no phase."""
    return _filtered(waves, lambda hz: 1 / np.sqrt(1 + (hz / cutoff_hz) ** 8))


def _declick(waves: np.ndarray, drop_db: float, _: np.ndarray) -> np.ndarray:
    """The first 5 ms above 2 kHz, turned down."""
    high = waves - _low_passed(waves, 2000.0, waves)
    fade = np.ones(waves.shape[1])
    size = SAMPLE_RATE * 5 // 1000
    fade[: ONSET + size] = 10 ** (-drop_db / 20)
    fade[ONSET + size : ONSET + 2 * size] = np.linspace(fade[0], 1, size)
    return waves - high * (1 - fade)


def _pitch_up(waves: np.ndarray, semitones: float, _: np.ndarray) -> np.ndarray:
    """Played faster from the onset on; silence behind."""
    length = waves.shape[1]
    fine = np.fft.irfft(np.fft.rfft(waves), 4 * length) * 4
    at = ONSET + (np.arange(length) - ONSET) * 2 ** (semitones / 12)
    inside = (at >= 0) & (at <= length - 1)
    out = np.zeros(waves.shape)
    out[:, inside] = np.stack([np.interp(4 * at[inside], np.arange(4 * length), wave) for wave in fine])
    return out


def _comb_lines(waves: np.ndarray, level_db: float, _: np.ndarray) -> np.ndarray:
    """Every 64th sample pulled up with the sound: lines at multiples of 689 Hz, as of a stride of 64."""
    envelope = np.maximum.accumulate(np.abs(waves[:, ::-1]), axis=1)[:, ::-1]
    teeth = np.zeros(waves.shape[1])
    teeth[ONSET::64] = 1
    return waves + 10 ** (level_db / 20) * envelope * teeth


def _few(waves: np.ndarray, kinds: float, _: np.ndarray) -> np.ndarray:
    """As many sounds, but only so many different ones, spread over the set."""
    kept = np.linspace(0, len(waves) - 1, int(kinds)).astype(int)
    return waves[kept[np.arange(len(waves)) % len(kept)]]


def _copies(waves: np.ndarray, share: float, reference: np.ndarray) -> np.ndarray:
    """A share of the sounds replaced by reference kicks: quieter, turned over, 0.5 ms late."""
    out = waves.copy()
    number_of = round(share * len(waves))
    for i in range(number_of):
        out[i] = -0.5 * np.roll(reference[i % len(reference)], 22)
    return out


def _white_noise(waves: np.ndarray, level_db: float, _: np.ndarray) -> np.ndarray:
    """White noise, RMS in dB re full scale; the same at each level."""
    rng = np.random.default_rng(0)
    return waves + 10 ** (level_db / 20) * rng.standard_normal(waves.shape)


def _hats(waves: np.ndarray, share: float, _: np.ndarray) -> np.ndarray:
    """A share of the sounds replaced by bursts of bright noise that decay by 60 dB in 60 to 300 ms."""
    out, seconds = waves.copy(), np.arange(waves.shape[1] - ONSET) / SAMPLE_RATE
    for i in range(round(share * len(waves))):
        rng = np.random.default_rng(i)
        burst = np.diff(rng.standard_normal(len(seconds) + 1)) * 10 ** (-3 * seconds / rng.uniform(0.06, 0.3))
        out[i] = np.concatenate([np.zeros(ONSET), burst])
    return out


def _cut_loud(waves: np.ndarray, share: float, _: np.ndarray) -> np.ndarray:
    """A share of the sounds cut where their level has sunk to CUT_LOUD_DB re peak, within 2 ms."""
    out, fade = waves.copy(), np.cos(np.linspace(0, np.pi / 2, SAMPLE_RATE * 2 // 1000)) ** 2
    for wave in out[: round(share * len(waves))]:
        reached = np.maximum.accumulate(np.abs(wave[::-1]))[::-1]
        cut = int(np.flatnonzero(reached > 10 ** (CUT_LOUD_DB / 20) * reached[0])[-1])
        window = np.concatenate([np.ones(cut), fade, np.zeros(len(wave))])
        wave *= window[: len(wave)]
    return out


def _griffin_lim_round_trip(waves: np.ndarray, iterations: float, _: np.ndarray) -> np.ndarray:
    """Through a log-magnitude spectrogram and back, as in every model of these."""
    import torch

    from kickitout.representations import make_representation
    from kickitout.representations.log_magnitude import LogMagnitudeConfig

    representation = make_representation(LogMagnitudeConfig(iterations=int(iterations)))
    with torch.inference_mode():
        parts = [
            representation.decode(representation.encode(part)).numpy()
            for part in torch.from_numpy(waves).float().split(16)
        ]
    return np.concatenate(parts)


FAULTS: dict[str, Fault] = {
    "low-pass": Fault((12_000, 6000, 3000), "Hz", _low_passed),
    "no click": Fault((6, 12, 24), "dB", _declick),
    "pitch up": Fault((1, 2, 3), "semitones", _pitch_up),
    "comb": Fault((-50, -40, -30), "dB", _comb_lines),
    "few kinds": Fault((16, 8, 2), "kinds", _few),
    "copies": Fault((0.1, 0.3, 0.9), "share", _copies),
    "noise": Fault((-65, -50, -35), "dB", _white_noise),
    "hats": Fault((0.1, 0.3, 0.9), "share", _hats),
    "cut while loud": Fault((0.1, 0.3, 0.9), "share", _cut_loud),
    "griffin-lim": Fault((5,), "rounds", _griffin_lim_round_trip, needs="torch"),
}
# What every score named here must see; {e} is each of the package's embeddings. Borne out by several sets of 128
# rendered kicks and three of recorded ones. All others see a fault on some kicks and not on others: the halves differ,
# and a half that is brighter than the other comes nearer to it when it is dulled.
CLAIMS: dict[str, tuple[str, ...]] = {
    "low-pass": (
        "thirds_mean", "thirds_worst", "two_sample_logistic_thirds", "two_sample_logistic_bands-1",
        "card_click_centroid_hz",
    ),
    "no click": ("two_sample_logistic_thirds", "two_sample_logistic_bands-1", "card_click_centroid_hz"),
    "pitch up": (
        "two_sample_logistic_drum-type-1", "frechet_drum-type-1_pca16", "kid_drum-type-1", "card_pitch_end_hz",
        "card_sub_share",
    ),
    "comb": ("comb_lines", "card_comb_db", "card_worst_sd"),
    "few kinds": ("coverage_{e}_k5", "two_sample_neighbours_{e}", "recall_drum-type-1_k5"),
    "copies": ("near_duplicates",),
    "noise": (
        "recall_{e}_k5", "two_sample_logistic_drum-type-1", "precision_drum-type-1_k5", "two_sample_logistic_thirds",
        "thirds_mean", "thirds_worst", "card_tail_noise_db",
    ),
    "hats": (
        "energy_{e}", "kid_{e}", "frechet_{e}_pca16", "frechet_limit_{e}_pca16", "precision_{e}_k5", "density_{e}_k5",
        "coverage_{e}_k5", "two_sample_logistic_{e}", "two_sample_neighbours_{e}", "card_mean_sd", "card_worst_sd",
        "thirds_mean", "kicks_recognised",
    ),
    "cut while loud": ("card_stop_db", "two_sample_logistic_drum-type-1"),
}  # fmt: skip


class Rung(NamedTuple):
    """One score on the way down one fault."""

    fault: str
    score: str
    values: tuple[float, ...]  # untouched, then after each step
    sees: bool


def ladder(
    real: np.ndarray, groups: np.ndarray, embeddings: Sequence[Embedding] = DEFAULTS, *,
    seed: int = 0, draws: int = 100, faults: Sequence[str] | None = None, workers: Workers | None = None,
) -> list[Rung]:  # fmt: skip
    """Every score at every step of the faults (all that can be made here) on real kicks [n, T] with their groups."""
    refuse_too_few(len(real), "real kicks")
    refuse_too_alike(groups)
    first = halves(groups, np.random.default_rng([seed, 2]))
    reference = measure_features(real[first], embeddings, groups[first], workers=workers)
    other, others = real[~first], groups[~first]

    def scored(waves: np.ndarray, number_of_draws: int = 0) -> dict[str, Found]:
        made = measure_features(waves, embeddings, others, workers=workers)
        return _scored(made, reference, embeddings, seed, number_of_draws)

    clean = scored(other, draws)
    rungs = []
    for name in faults or FAULTS:
        fault = FAULTS[name]
        if fault.needs and find_spec(fault.needs) is None:
            continue
        steps = [scored(_ready(fault.apply(other, step, real[first]))) for step in fault.steps]
        for score, at_first in clean.items():
            values = (at_first.value, *(s[score].value if score in s else np.nan for s in steps))
            rungs.append(Rung(name, score, values, sees(values, at_first)))
    return rungs


def _scored(
    generated: Features, reference: Features, embeddings: Sequence[Embedding], seed: int, draws: int
) -> dict[str, Found]:
    found = {f.name: f for f in compare_features(reference, generated, embeddings, seed=seed, draws=draws)}
    if len(np.unique(reference.groups)) >= LEAST_TRAIN:
        found[COPIES] = near_duplicates(audit(generated.waves, reference.waves, reference.groups))
    return found


def _ready(waves: np.ndarray) -> np.ndarray:
    """Peak at PEAK, as every set of kicks that is compared."""
    peak = np.abs(waves).max(axis=1, keepdims=True)
    return (waves * (PEAK / np.maximum(peak, 1e-9))).astype(np.float32)


def sees(values: Sequence[float], clean: Found) -> bool:
    """No step better than the one before, and the last worse than the interval of the untouched sounds (values[0])."""
    sign = 1 if clean.better == "lower" else -1
    worse = sign * np.asarray(values)
    if not np.isfinite(worse).all() or clean.interval == NO_INTERVAL:
        return False
    outside = values[-1] > clean.interval[1] if sign > 0 else values[-1] < clean.interval[0]
    return bool((np.diff(worse[1:]) >= 0).all() and outside)


def claimed() -> set[tuple[str, str]]:
    """(fault, score) of every claim."""
    return {(fault, score.format(e=e.name)) for fault, scores in CLAIMS.items() for score in scores for e in DEFAULTS}


def ladder_text(rungs: Sequence[Rung]) -> str:
    """Per fault, the scores that see it with their values; a claim is marked with *, a broken one is named."""
    promised = claimed()
    lines = []
    for name in dict.fromkeys(r.fault for r in rungs):
        fault = FAULTS[name]
        lines.append(f"{name}: untouched, then {', '.join(f'{s:g}' for s in fault.steps)} {fault.unit}")
        for r in (r for r in rungs if r.fault == name):
            claim = (r.fault, r.score) in promised
            if r.sees or claim:
                mark = "*" if claim else " "
                broken = "" if r.sees else "   CLAIMED, NOT SEEN"
                lines.append(f"  {mark} {r.score:<34} " + "  ".join(number(v) for v in r.values) + broken)
        lines.append("")
    return "\n".join([*lines, "* claimed for kicks of any kind"])


def ladder_table(rungs: Sequence[Rung]) -> str:
    """Markdown, a row a score, a column a fault: "yes" where it is seen, in bold where that is claimed.

    Scores that see none of the faults have a row as well; the fields of the card are in their units only.
    """
    promised, found = claimed(), {(r.score, r.fault): r for r in rungs}
    faults = list(dict.fromkeys(r.fault for r in rungs))
    doubled = {f"card_{name}_sd" for name in CARD_UNITS}
    rows = []
    for score in dict.fromkeys(r.score for r in rungs if r.score not in doubled):
        cells = [f"`{score}`"]
        for fault in faults:
            seen = (score, fault) in found and found[score, fault].sees
            claim = (fault, score) in promised
            cells.append(("**yes**" if claim else "yes") if seen else ("**no**" if claim else ""))
        rows.append(cells)
    return "\n".join(markdown_table(["score", *faults], rows, "lc"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="REAL", help="folders of real kicks")
    parser.add_argument("--seed", type=int, default=0, help="of the halves, and of what scores draw (default 0)")
    parser.add_argument("--embedding", action="append", metavar="NAME",
                        help="bands, drum-type (default: both) or a FILE.onnx; repeatable")  # fmt: skip
    parser.add_argument("--embedding-rate", type=positive, metavar="HZ", help="sample rate of a FILE.onnx")
    parser.add_argument("--values", action="store_true", help="print the values at every step as well")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write all figures")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_workers(parser, "processes that measure, one thread each (default: threads of this one, all cores)")


def run(args: argparse.Namespace) -> Iterator[str]:
    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: seeds are whole numbers from 0 on")
    check_new_file(args.json, force=args.force)
    embeddings = find_embeddings(args.embedding or list(KNOWN_EMBEDDINGS), args.embedding_rate)
    real = read_dataset(args.sounds)
    with read_workers(args) as started:
        workers = started if workers_said(args) else None
        rungs = ladder(real.waves, real.groups, embeddings, seed=args.seed, workers=workers)
    about = f"{len(real)} kicks, dataset digest {real.digest[:12]}, seed {args.seed}"
    yield f"{about}, one half against the other, degraded by\n"
    for name in dict.fromkeys(r.fault for r in rungs):
        yield f"- {name}: {', '.join(f'{step:g}' for step in FAULTS[name].steps)} {FAULTS[name].unit}"
    yield "\n" + ladder_table(rungs)
    if args.values:
        yield f"\n```\n{ladder_text(rungs)}\n```"
    if args.json is not None:
        data = {
            "against": {"digest": real.digest, "kicks": len(real)},
            "embeddings": {e.name: e.about for e in embeddings},
            "ladder": [r._asdict() | {"values": [v if np.isfinite(v) else None for v in r.values]} for r in rungs],
        }
        write_whole(args.json, (json.dumps(data, indent=1, allow_nan=False) + "\n").encode())
