"""Pure tones: errors of frequency, phase and envelope by picture and by family."""

from __future__ import annotations

import math

import numpy as np

from kickitout.lab.paper.context import Paper, labelled, section
from kickitout.lab.paper.shared import bars, score_table
from kickitout.lab.paper.svg import Axis, Line, forest, lines
from kickitout.lab.paper.words import (
    figure,
    missing,
    name,
    ranked,
)
from kickitout.sound import SAMPLE_RATE

TONE_SCORES = (
    ("tone_snr", "SNR of the nearest tone [dB]"),
    ("tone_phase", "phase [degrees]"),
    ("tone_wobble", "wobble [cents]"),
    ("tone_envelope", "envelope [dB]"),
    ("tone_pitch_spread", "pitches [octaves]"),
    ("tone_decay_spread", "decays [octaves]"),
    ("tone_pitch", "pitch lost [cents]"),
    ("tone_decay", "decay lost [%]"),
)
FIGURE = (
    "Generated sounds as tones: energy of the nearest decaying sine over the rest (higher is better), and how far "
    "its phase at the onset is from 0 (lower is better)."
)
TABLE = (
    "Tones. For generated sounds, how far they are from being tones and how far pitches and decays are from those of "
    "the data; for pictures also what each known tone has lost on the round trip."
)
WAVES = "The first 60 ms of the generated sound whose purity is the median of its row (first seed)."
MARK = "ceiling of the row’s own picture"
SHOWN = 2646  # samples: 60 ms


def sine(paper: Paper) -> str:
    study = paper.study("sine")
    if not paper.has("sine"):
        return section("sine", f"4.3 {study.title}", missing(study.title, "sine"), level=3)
    sentences = [
        ranked(paper.results.estimates("sine", score, "trained"), words)
        for score, words in (
            ("tone_snr", "signal-to-noise ratio of the nearest tone"),
            ("tone_phase", "error of phase"),
            ("tone_wobble", "wobble of the frequency"),
            ("tone_envelope", "error of the envelope"),
        )
    ]
    still = ranked(paper.results.estimates("sine", "tone_phase", "ceiling"), "error of phase")
    snr, phase = bars(paper, "sine", "tone_snr", "trained"), bars(paper, "sine", "tone_phase", "trained")
    art = forest(snr, Axis("SNR of the nearest tone", "dB"), "SNR of tones", mark_name=MARK, width=620)
    axis = Axis("error of phase at the onset", "degrees", low=0)
    art += forest(phase, axis, "phase of tones", mark_name=MARK, width=620)
    parts = [
        study.question,
        f"<b>Pictures.</b> Before anything is learned, {still} {_tone_pictures(paper)}",
        f"<b>Families.</b> {' '.join(sentences)}",
        paper.figure("fig-sine", art, FIGURE),
        score_table(paper, "sine", "table-sine", TONE_SCORES, TABLE),
        _tone_waves(paper),
    ]
    return section("sine", f"4.3 {study.title}", *parts, level=3)


def _tone_pictures(paper: Paper) -> str:
    found = [e for e in paper.results.estimates("sine", "tone_snr", "ceiling") if math.isfinite(e.value)]
    if len(found) < 2:
        return ""
    best, worst = max(found, key=lambda e: e.value), min(found, key=lambda e: e.value)
    return f"The round trip leaves tones with {figure(worst)} ({name(worst.row)}) to {figure(best)} ({name(best.row)})."


def _tone_waves(paper: Paper) -> str:
    """The generated tone of median purity of each row."""
    art = []
    for row in paper.results.rows("sine", "trained"):
        entries = paper.entries("sine", row)
        if not entries:
            continue
        waves, snr = paper.made(entries[0])["waves"], paper.curves(entries[0])["tone_snr_db"]
        order = np.argsort(np.nan_to_num(snr, nan=-99.0))
        wave = waves[int(order[len(order) // 2])][:SHOWN]
        line = Line(row, np.arange(0, SHOWN, 3) / SAMPLE_RATE * 1000, wave[::3].astype(float))
        axes = Axis("time", "ms"), Axis("", low=-1, high=1)
        art.append(labelled(row, lines([line], *axes, f"wave of {row}", width=300, height=120, legend=False)))
    return paper.figure("fig-tones", "".join(art), WAVES, wide=True) if art else ""


def sine_finding(paper: Paper) -> str:
    return f"On pure tones, {ranked(paper.results.estimates('sine', 'tone_phase', 'trained'), 'error of phase')}"
