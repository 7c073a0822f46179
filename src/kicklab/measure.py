"""From made sounds to scores: each with its interval, its n, and the real-vs-real baseline.

Kicks are scored as `kick score` does, and then for traces of up-sampling and for patterns; tones for what is wrong with
them. Reads only what is kept in a cell, and the laboratory's sounds, so it can be done again at any time.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.errors import UserError
from kickitout.metrics.cards import wasserstein_drawn
from kickitout.metrics.distance import diversity, pairwise
from kickitout.metrics.embeddings import BANDS, embed_bands
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.memorisation import LEAST_TRAIN, audit
from kickitout.metrics.report import SPLITS, Beside, copies_score, over_halves, real_vs_real, score_features
from kickitout.metrics.resampling import bootstrap_counts, groups_of_both, interval, median_interval
from kickitout.metrics.score import Found, Score
from kickitout.metrics.two_sample import logistic_hits
from kicklab.cells import Cell
from kicklab.data import embedded_kicks, tone_data
from kicklab.folder import Lab, read_arrays, read_json, write_json
from kicklab.make import from_16_bits, made_path
from kicklab.patterns import PAIRS, course, links
from kicklab.sources import sources_of
from kicklab.spectra import coarser, stride_lines
from kicklab.tones import Fits, fit_tones, pitches_and_decays
from kicklab.two_sample import two_sample_test

MEASURES_VERSION = 2  # of what is measured: raised, everything is measured again
LAB_DRAWS = 200
FEWEST_VALUES = 16  # known values


def measured_cell(lab: Lab, cell: Cell) -> dict[str, Any] | None:
    """What was measured of a cell; None where that is still to be done."""
    path = lab.cell(cell.identity) / "measured.json"
    found = read_json(path) if path.exists() else None
    return found if found and found["version"] == MEASURES_VERSION else None


def measure_cell(lab: Lab, cell: Cell, draws: int = LAB_DRAWS) -> None:
    """Measure what was made of a cell, unless that is done."""
    if measured_cell(lab, cell) is not None:
        return
    folder = lab.cell(cell.identity)
    points, measuring = [], 0.0
    for i, share in enumerate(cell.milestones if cell.source == "trained" else (1.0,)):
        began, path = time.process_time(), made_path(folder, i)
        arrays, about = read_arrays(path), read_json(path.with_suffix(".json"))
        found = (kick_scores if cell.data == "kicks" else tone_scores)(lab, cell, arrays, draws)
        measuring += time.process_time() - began
        spent = about.pop("cost_seconds") + measuring  # both from the beginning on
        points.append({"share": share, **about, "cost_seconds": spent, **found})
    known = {
        "version": MEASURES_VERSION, "source": cell.source, "row": cell.row,
        "config": cell.config.name if cell.config else "",
        "representation": cell.representation_label, "seed": cell.seed, "kicks": cell.kicks, "budget": str(cell.budget),
        "data": cell.data, "fold": cell.fold[0] if cell.fold else None, "milestones": points,
    }  # fmt: skip
    write_json(folder / "measured.json", _without_nan(known))


def _without_nan(data: Any) -> Any:
    """The same with None for what is not a number, as JSON wants it."""
    if isinstance(data, dict):
        return {k: _without_nan(v) for k, v in data.items()}
    if isinstance(data, list | tuple):
        return [_without_nan(v) for v in data]
    return None if isinstance(data, float) and not np.isfinite(data) else data


# -- kicks ------------------------------------------------------------------------------------------------------------


BothCounts = tuple[np.ndarray, np.ndarray]  # how often each real and each generated sound is drawn


@dataclass(frozen=True)
class SoundSet:
    """What the scores of this file read of n sounds, a row each."""

    features: Features
    levels: np.ndarray  # [n, bands, times] dB
    lead_ms: np.ndarray  # [n]
    profiles: dict[str, np.ndarray]  # spectra of the representations, [n, points] dB; empty where there are none

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: np.ndarray) -> SoundSet:
        """The sounds `rows` (indices or a mask)."""
        return SoundSet(
            self.features.take(rows), self.levels[rows], self.lead_ms[rows],
            {name: values[rows] for name, values in self.profiles.items()},
        )  # fmt: skip


def measured_set(waves: np.ndarray, groups: np.ndarray | None = None) -> SoundSet:
    """Measure waves [n, T] on one thread."""
    went = course(waves)
    return SoundSet(measure_features(waves, groups=groups, threads=1), went.levels, went.lead_ms, {})


def confirm_cell(lab: Lab, identity: str) -> bool:
    """Score what a measured cell made against the sounds that confirm, once. Returns whether that was to be done.

    Raises UserError where there are none.
    """
    path = lab.cell(identity) / "measured.json"
    known, confirm = read_json(path), lab.sounds("kicks").confirm
    if confirm is None:
        raise UserError(f"{lab.path}: no kicks that confirm; name them once: kick lab run STUDY DATA --confirm OTHERS")
    wanted = known["source"] in ("trained", "reals") and known["data"] == "kicks"  # these are the recordings beside
    if not wanted or "confirmed" in known["milestones"][-1]:
        return False
    real, heard = embedded_kicks(confirm), np.zeros(len(confirm), bool)
    if known.get("fold") is not None:
        heard = lab.sounds("kicks").more(known["fold"])
    for i, point in enumerate(known["milestones"]):
        arrays = read_arrays(made_path(path.parent, i))
        point["confirmed"] = distances_to(real, arrays)
        for kind in point["confirmed"].values():
            kind["away"] = [None if learned else x for learned, x in zip(heard, kind["away"], strict=True)]
    if len(arrays["waves"]) >= (~heard).sum():
        made = embed_bands(from_16_bits(arrays["waves"]))
        unseen, theirs = sources_of(confirm.rows)[~heard], arrays.get("sources")  # theirs: of recordings
        point["told_apart"] = two_sample_test(real[~heard], made, unseen, made_sources=theirs)._asdict()
    write_json(path, known)
    return True


def distances_to(
    real: np.ndarray, arrays: dict[str, np.ndarray], averaged: np.ndarray | None = None
) -> dict[str, dict[str, Any]]:
    """Of what the averaged weights made, and the plain ones: all that an energy distance needs of it.

    real: [n, D] embedded; averaged: what the averaged weights made, where that is embedded already.

    away: mean distance of each real sound, in their order, from all that was made; within: mean distance between two
    that were made.
    """
    found = {}
    for name in arrays.keys() & {"waves", "waves_raw"}:
        there = averaged if name == "waves" else None
        made = embed_bands(from_16_bits(arrays[name])) if there is None else there
        away = pairwise(real, made).mean(axis=1)
        found[name] = {"away": [round(float(x), 4) for x in away], "within": round(diversity(made), 4)}
    return found


_KNOWN: dict[str, SoundSet] = {}  # the kicks of the laboratory that was asked for last, by their digest


def real_kicks(data: Path) -> SoundSet:
    """The kicks of the laboratory that nothing was trained on."""
    test = Lab(data.parent).sounds("kicks").test
    if test.digest not in _KNOWN:
        _KNOWN.clear()
        groups = np.unique([row.group for row in test.rows], return_inverse=True)[1]
        _KNOWN[test.digest] = measured_set(test.waves, groups)
    return _KNOWN[test.digest]


@lru_cache(maxsize=1)
def real_beside(data: Path) -> Beside:
    """Halves of them against each other, in the scores of `kick score`."""
    return real_vs_real(real_kicks(data).features)


def kick_scores(lab: Lab, cell: Cell, arrays: dict[str, np.ndarray], draws: int) -> dict[str, Any]:
    """All scores of a set of kicks, its distances to each real one, and how quiet its tails are."""
    waves = from_16_bits(arrays["waves"])
    made = replace(measured_set(waves), profiles=_prefixed(arrays, "picture_"))
    real = replace(real_kicks(lab.data), profiles=_prefixed(arrays, "real_"))
    beside, reference = real_beside(lab.data), lab.sounds("kicks").test.digest
    scores = score_features(made.features, real.features, draws=draws, beside=beside, reference=reference)
    scores += own_scores(real, made, reference, draws)
    train = cell.learned(lab.sounds("kicks"))
    groups = np.unique([row.group for row in train.rows], return_inverse=True)[1]
    if cell.source != "reals" and len(np.unique(groups)) >= LEAST_TRAIN:
        scores.append(copies_score(audit(waves, train.waves, groups), reference))
    noise = made.features.cards["tail_noise_db"]
    known = noise[np.isfinite(noise)]
    return {
        "scores": [s.as_data() for s in scores],
        "distances": distances_to(real.features.embedded[BANDS.name], arrays, made.features.embedded[BANDS.name]),
        "tail_noise_db": round(float(np.median(known)), 2) if len(known) else None,
    }


def _prefixed(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def own_scores(real: SoundSet, made: SoundSet, reference: str, draws: int) -> list[Score]:
    """Traces of up-sampling and patterns, each beside the mean over splits of the real kicks into halves."""
    found = lab_scores(real, made, draws)
    beside, sizes = over_halves(
        real.features.groups, np.random.default_rng([0, 3]), SPLITS,
        lambda first: lab_scores(real.take(first), real.take(~first), 0),
    )  # fmt: skip
    return [
        Score(
            f.name, f.value, f.interval, f.n or (len(real), len(made)), reference, f.unit, f.better,
            mean_of_known([one.value for one in beside.get(f.name, [])]), sizes, 0, f.note,
        )
        for f in found
    ]  # fmt: skip


def mean_of_known(values: list[float]) -> float:
    """The mean of what is no NaN, which is NaN where there is none: halves of few kicks may lack what the whole has."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


def lab_scores(real: SoundSet, made: SoundSet, draws: int) -> list[Found]:
    """The measures of this file. Without draws there are no intervals."""
    drawn = (
        np.concatenate([np.ones((1, len(x))), bootstrap_counts(len(x), draws, _rng(name), x.features.groups)])
        for name, x in (("real", real), ("made", made))
    )
    counts = next(drawn), next(drawn)
    return [*_artefact_scores(real, made, counts), *_pattern_scores(real, made, counts)]


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng([0, zlib.crc32(name.encode())])


def _lower_is_better(
    name: str, drawn: np.ndarray, unit: str, lowest: float = -np.inf, highest: float = np.inf
) -> Found:
    return Found(name, float(drawn[0]), unit, "lower", interval(float(drawn[0]), drawn[1:], (lowest, highest)))


def _mean(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means over sounds [n, ...], drawn as counts [draws, n] say: [draws, ...]."""
    share = counts / counts.sum(axis=1, keepdims=True)
    return (share @ values.reshape(len(values), -1)).reshape(len(counts), *values.shape[1:])


def _artefact_scores(real: SoundSet, made: SoundSet, counts: BothCounts) -> list[Found]:
    found, groups = [], (real.features.groups, made.features.groups)
    for name, values in made.profiles.items():
        apart = _mean(values, counts[1]) - _mean(real.profiles[name], counts[0])
        found.append(_lower_is_better(f"profile_{name}", np.sqrt((apart**2).mean(axis=1)), "dB", 0.0))
        fine = apart[:, apart.shape[1] * 3 // 4 :]
        found.append(_lower_is_better(f"profile_{name}_fine", np.abs(fine.mean(axis=1)), "dB", 0.0))
        found.append(_spectrum_probe(f"probe_{name}", real.profiles[name], values, groups, len(counts[0]) - 1))
    for axis, name in (("time", "picture_time"), ("frequency", "picture_frequency")):
        lines = [stride_lines(x.features.spectra[name])[:, None] for x in (real, made)]
        above = _mean(lines[1], counts[1])[:, 0] - _mean(lines[0], counts[0])[:, 0]
        found.append(_lower_is_better(f"stride_lines_{axis}", above, "dB"))
    sound = [x.features.spectra["picture_radius"] for x in (real, made)]
    found.append(_spectrum_probe("probe_sound", sound[0], sound[1], groups, len(counts[0]) - 1))
    return found


def _spectrum_probe(
    name: str, real: np.ndarray, made: np.ndarray, groups: tuple[np.ndarray, np.ndarray], draws: int
) -> Found:
    """How often a linear probe on spectra alone tells real from generated: accuracy on sounds it has not seen."""
    rng, n = _rng(name), min(len(real), len(made))
    rows = np.sort(rng.permutation(len(real))[:n]), np.sort(rng.permutation(len(made))[:n])
    groups = groups[0][rows[0]], groups[1][rows[1]]
    hits = logistic_hits(coarser(real[rows[0]]), coarser(made[rows[1]]), rng, groups).astype(np.float64)
    counts = bootstrap_counts(2 * n, draws, _rng(f"{name}, drawn"), groups_of_both(*groups))
    drawn = np.concatenate([np.ones((1, 2 * n)), counts])
    accuracy = _lower_is_better(name, drawn @ hits / drawn.sum(axis=1), "", 0.0, 1.0)
    return accuracy._replace(n=(n, n), note="accuracy; chance is 0.5")


def _pattern_scores(real: SoundSet, made: SoundSet, counts: BothCounts) -> list[Found]:
    apart = _mean(made.levels, counts[1]) - _mean(real.levels, counts[0])  # [draws, bands, times]
    found = [_lower_is_better("envelopes", np.sqrt((apart**2).mean(axis=(1, 2))), "dB", 0.0)]
    known = np.isfinite(real.lead_ms), np.isfinite(made.lead_ms)
    if min(k.sum() for k in known) >= FEWEST_VALUES:
        lead = wasserstein_drawn(
            real.lead_ms[known[0]], made.lead_ms[known[1]], counts[0][:, known[0]], counts[1][:, known[1]]
        )
        found.append(_lower_is_better("lead", lead, "ms", 0.0))
    away = np.abs(links(made.features.cards, counts[1]) - links(real.features.cards, counts[0]))  # [draws, pairs]
    for (a, b), column in zip(PAIRS, away.T, strict=True):
        if np.isfinite(column).all():
            found.append(_lower_is_better(f"link_{a}~{b}", column, "rank correlation", 0.0, 2.0))
    there = np.isfinite(away).all(axis=0)
    if there.any():
        found.append(_lower_is_better("links_mean", away[:, there].mean(axis=1), "rank correlation", 0.0, 2.0))
    return found


# -- tones ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def real_tones() -> Fits:
    """The tones of the test part."""
    return fit_tones(tone_data().test.waves)


def tone_scores(lab: Lab, cell: Cell, arrays: dict[str, np.ndarray], draws: int) -> dict[str, Any]:
    """How far sounds are from tones, and the set of them from the set of real ones."""
    test = lab.sounds("tones").test
    fits, ideal = fit_tones(from_16_bits(arrays["waves"])), real_tones()
    reference, n = test.digest, (len(test), len(arrays["waves"]))
    scores = []

    def middle(name: str, unit: str, better: str, of: Callable[[Fits], np.ndarray]) -> None:
        values, beside = of(fits), of(ideal)
        values, beside = values[np.isfinite(values)], beside[np.isfinite(beside)]
        if len(values) >= FEWEST_VALUES:
            value, spread = median_interval(values, draws=max(draws, 2))
            sizes = (len(beside), len(values))
            scores.append(
                Score(name, value, spread, sizes, reference, unit, better, float(np.median(beside)), sizes)  # type: ignore[arg-type]
            )

    middle("tone_snr", "dB", "higher", lambda f: f.snr_db)
    middle("tone_phase", "degrees", "lower", lambda f: np.abs(f.phase_deg))
    middle("tone_wobble", "cents", "lower", lambda f: f.wobble_cents)
    middle("tone_envelope", "dB", "lower", lambda f: f.envelope_db)
    for name, unit, of in (
        ("tone_pitch_spread", "octaves", lambda f: np.log2(f.hz)),
        ("tone_decay_spread", "octaves", lambda f: np.log2(f.decay_ms)),
    ):
        a, b = of(ideal), of(fits)
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
        if len(b) >= FEWEST_VALUES:
            counts = [
                np.concatenate([np.ones((1, len(x))), bootstrap_counts(len(x), draws, _rng(name + str(i)))])
                for i, x in enumerate((a, b))
            ]
            f = _lower_is_better(name, wasserstein_drawn(a, b, *counts), unit, 0.0)
            half = len(a) // 2
            beside = float(wasserstein_drawn(a[:half], a[half:], np.ones((1, half)), np.ones((1, len(a) - half)))[0])
            scores.append(
                Score(f.name, f.value, f.interval, n, reference, unit, "lower", beside, (half, len(a) - half))
            )
    if "rows" in arrays:  # a ceiling: the tones are known
        hz, ms = pitches_and_decays(len(lab.sounds("tones").train), 0)
        known = hz[arrays["rows"]], ms[arrays["rows"]]
        cents, percent = 1200 * np.abs(np.log2(fits.hz / known[0])), 100 * np.abs(fits.decay_ms / known[1] - 1)
        for name, unit, values in (("tone_pitch", "cents", cents), ("tone_decay", "%", percent)):
            value, spread = median_interval(values[np.isfinite(values)], draws=max(draws, 2))
            scores.append(Score(name, value, spread, n, reference, unit, "lower", 0.0, n))
    return {"scores": [s.as_data() for s in scores]}
