"""Write the card of a model: what it learned from, how well it does, what it cannot do.

    kick lab measure model-card RUN_FOLDER --learned FOLDER --unseen FOLDER [FOLDER ...] > default.md

All figures are measured here: sounds of the model, of the procedural synthesiser and of the training kicks, each held
against real kicks that none of them has seen. Those of machines that the model learned from are left out. Intervals are
95 % percentile bootstraps over the sounds of both sets.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.datasets.build import Dataset
from kickitout.descriptors import cards
from kickitout.generation.generate import generate
from kickitout.generation.invert import EncoderSession, find_encoder, invert_wave
from kickitout.generation.load import load_model
from kickitout.generation.match import measured
from kickitout.generation.model import Model
from kickitout.metrics.distance import diversity, energy_distance_of, pairwise
from kickitout.metrics.embeddings import embed_bands
from kickitout.metrics.memorisation import audit
from kickitout.metrics.resampling import wilson
from kickitout.synthesis.procedural import synthesise
from kickitout.training.run_folder import RunFolder
from kicklab.data import FREE
from kicklab.experiments.calibration import control_errors, controls_text
from kicklab.experiments.endings import HEAD, endings_row
from kicklab.experiments.unheard import read_unheard
from kicklab.spectra import log_spectral_distance

SAMPLES = 512
AUDITED = 512
REQUESTS = 40
RECONSTRUCTED = range(40)
SHOWN_FIELDS = (
    "pitch_start_hz", "pitch_end_hz", "sweep_ms", "attack_ms", "click_level_db", "click_centroid_hz", "decay_t20_ms",
    "decay_t60_ms", "stop_db", "tail_db", "infra_share", "sub_share", "body_share", "air_share", "dc", "pre_echo_db",
    "tail_noise_db", "comb_db",
)  # fmt: skip


def distance_with_interval(real: np.ndarray, other: np.ndarray, draws: int = 200, seed: int = 0) -> str:
    """Energy distance of two embedded sets and its interval, as text."""
    rr, ro, oo = pairwise(real, real), pairwise(real, other), pairwise(other, other)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        i, j = rng.integers(0, len(real), len(real)), rng.integers(0, len(other), len(other))
        found.append(energy_distance_of(rr[np.ix_(i, i)], ro[np.ix_(i, j)], oo[np.ix_(j, j)], i, j))
    low, high = np.quantile(found, [0.025, 0.975])
    return f"{energy_distance_of(rr, ro, oo):.2f} | {low:.2f} to {high:.2f}"


def spread_text(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return " / ".join(f"{q:.3g}" for q in np.quantile(known, [0.05, 0.5, 0.95])) if len(known) else "undefined"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path)
    parser.add_argument("--unseen", type=Path, nargs="+", required=True)
    parser.add_argument(
        "--learned", type=Path, action="append", required=True, help="the recorded part of its training kicks"
    )


def run(args: argparse.Namespace) -> Iterator[str]:
    model, run = load_model(args.run), RunFolder(args.run)
    info, shots = model.info, [e for e in run.entries() if e["kind"] == "snapshot"]
    known = read_unheard(args.learned, args.unseen)
    unseen, learned = known.strangers, known.learned
    fakes = generate(range(SAMPLES), model)
    rendered, _ = synthesise(range(1_000_000, 1_000_000 + SAMPLES))
    reference = embed_bands(unseen.waves)
    half = np.array([row.group % 2 for row in unseen.rows], dtype=bool)

    minutes = shots[-1]["seconds"] / 60
    best = next(e for e in shots if e["step"] == info.step)
    yield (
        f"""# The model in the package: {info.name}, step {info.step}

`default.onnx`: {(args.run / "model.onnx").stat().st_size / 1e6:.1f} MB, plays `eps [B, {info.noise_size}]` (or a latent
`[B, {info.latent_size}]`) and {len(info.controls)} controls -> `waveform [B, {info.channels}, {info.length}]` at {
            info.sample_rate
        } Hz; identity `{model.digest[:16]}...`.
`default.encoder.onnx`: {(args.run / "model.encoder.onnx").stat().st_size / 1e6:.1f} MB, a kick -> its latent.

## Intended use

New kick drum one-shots for music, and a first sound for whoever installs the package. Not for judging what the method
can do with more sounds: train on your own.

## What it learned from

{info.dataset["kicks"]} kicks, some of them held out from training, and no other sound; dataset digest
`{info.dataset["digest"][:16]}`.

| source | licence | kicks |
|---|---|--:|"""
    )
    for row in info.dataset["sources"]:
        yield f"| {row['source']} | {row['licence']} | {row['kicks']} |"
    config = info.config
    parts = []
    if config["augmentation_mix"]:
        parts.append(
            f"The augmentation mix (`kickitout.augmentation.mix`) made {config['augmentation_mix']} more of them: new "
            "sweeps, tops, rooms, noise floors, drive."
        )
    if config["variants"]:
        parts.append(f"Of each, {config['variants']} light variants were made: pitch, decay, drive, tilt, click.")
    if before := [run["model"] for run in info.dataset.get("before", [])]:
        parts.append(
            f"The run began with the weights of another, and so did each of those before it: {'; '.join(before)}."
        )
    if info.step <= config["critics_from"]:
        parts.append("It learned from reconstruction alone: no critic joined before this snapshot.")
    against = (
        f"all kicks, too few being held out: {best['score']:.2f}" if best["floor"] is None
        else f"held-out kicks: {best['score']:.2f} (real-vs-real baseline {best['floor']:.2f})"
    )  # fmt: skip
    if before and best["floor"] is not None:
        against += "; of these, runs before it may have learned from some"
    yield (
        f"""
{" ".join(parts)}
Trained for {minutes:.0f} minutes on one CPU thread, {shots[-1]["step"]} steps of {info.config["batch"]}; the
{config["monitor"]["export"]} snapshot is kept. Its score against {against}.

## How far from real kicks

Energy distance, in dB (RMS difference of level over time-frequency cells), of {SAMPLES} sounds (seeds 0 to {
            SAMPLES - 1
        }) to {len(unseen)} real kicks from sources that
were no part of training (dataset digest `{unseen.digest[:16]}`); {known.left_out} more are of machines that it learned
from and are left out, here and below. Embedding `bands-1`. Lower is better.

| sounds | n | distance | 95 % interval |
|---|--:|--:|---|
| one half of these real kicks against the other, split by group | {int(half.sum())} and {int((~half).sum())} | {
            distance_with_interval(reference[half], reference[~half])
        } |
| the recorded kicks it learned from | {len(learned)} | {
            distance_with_interval(reference, embed_bands(learned.waves))
        } |
| **this model** | {SAMPLES} | {distance_with_interval(reference, embed_bands(fakes))} |
| the procedural synthesiser | {SAMPLES} | {distance_with_interval(reference, embed_bands(rendered))} |

Mean distance between two sounds: {diversity(embed_bands(fakes)):.1f} dB (real kicks: {diversity(reference):.1f}).

## The kick card of its sounds

5 % / median / 95 %.

| field | generated | learned from | unseen real kicks |
|---|---|---|---|"""
    )
    made, taught, other = (cards(w).values for w in (fakes, learned.waves, unseen.waves))
    for name in SHOWN_FIELDS:
        yield f"| {name} | {spread_text(made[name])} | {spread_text(taught[name])} | {spread_text(other[name])} |"
    found = audit(fakes[:AUDITED], learned.waves)
    copies = int(found.copies.sum())
    low, high = wilson(copies, AUDITED)
    yield (
        f"""
## How its kicks end

A kick *ends while it is loud* where its level falls by over 30 dB in 25 ms from above -25 dB re peak. Intervals of
recordings are over sources.

{endings_text(fakes, learned, unseen)}

## How near it comes to targets

Requests between the 5 % and the 95 % quantile of its own kicks, seed 0; each starts from another kick.

{controls_text(control_errors(model, REQUESTS))}

The model reconstructs {len(RECONSTRUCTED)} of the unseen kicks: {nearness_text(model, args.run, unseen)}.

## Near-duplicates

{copies} of {AUDITED} sounds ({100 * copies / AUDITED:.1f} %, 95 % interval {100 * low:.1f} to {100 * high:.1f} %) are
nearer to a training kick than the copy threshold ({found.threshold:.4f}); {100 * found.false_positives:.1f} % of kicks
that are no copies are nearer than that, too.

## Limits

- It learned from {len(learned)} recordings; the rest of its variety is what a producer's tools make of them. The ranges
  of those tools were set by hand while looking at statistics of one half of the {len(unseen) + known.left_out} unseen
  kicks, by source, those left out with them; no sound of them was learned from. `kick lab measure judge` holds it
  against the other half.
- The harmonic part is an oscillator with partials, the rest is noise: the model reconstructs a drum whose ring is
  neither only roughly.

Licence of the weights: MIT, as the code. {conditions(info.dataset["sources"])}"""
    )


def endings_text(fakes: np.ndarray, learned: Dataset, unseen: Dataset) -> str:
    """The table of endings: of the model, of what it learned from, and of real kicks it has not heard."""
    rows = [endings_row("**this model**", fakes)]
    for name, kicks in (("the recorded kicks it learned from", learned), ("unseen real kicks", unseen)):
        rows.append(endings_row(name, kicks.waves, [row.source for row in kicks.rows]))
    return "\n".join([HEAD, *rows])


def conditions(sources: Sequence[Mapping[str, Any]]) -> str:
    """What the licences of the sources ask of whoever passes the weights on."""
    licences = sorted({str(row["licence"]) for row in sources if str(row["licence"]).lower() not in FREE})
    if not licences:
        return "The sources above set no conditions."
    return (
        f"Sources under {', '.join(licences)} ask that their notices go with what holds a substantial part of them. "
        "The weights hold no recording; the notices are in `default.NOTICE.txt` all the same, and in each kit's papers."
    )


def nearness_text(model: Model, run: Path, unseen: Dataset) -> str:
    """How near the model's reconstructions come to kicks it has not heard."""
    encoder, cents, spectra = EncoderSession(find_encoder(run)), [], []
    for row in RECONSTRUCTED:
        at = row * len(unseen) // len(RECONSTRUCTED)
        wave = unseen.waves[at]
        found = invert_wave(model, encoder, wave, identity=unseen.rows[at].sound)
        again = model.render(latent=found.latent).wave
        spectra.append(float(log_spectral_distance(wave[None], again)[0]))
        pitches = [measured(w)["pitch_end_hz"] for w in (wave[None], again)]
        if np.isfinite(pitches).all():
            cents.append(abs(1200 * np.log2(pitches[1] / pitches[0])))
    return (
        f"log-spectral distance {np.median(spectra):.1f} dB (median), pitch within {np.median(cents):.0f}"
        f" cents (median) and {np.quantile(cents, 0.8):.0f} (80 %)"
    )
