"""Pure tones: errors of frequency, phase and envelope by representation and by model family."""

from __future__ import annotations

import math

import numpy as np

from kickitout.sound import SAMPLE_RATE
from kicklab.paper.charts import Axis, Series, forest, lines
from kicklab.paper.context import Paper, labelled, section
from kicklab.paper.shared import bars, score_table
from kicklab.paper.words import (
    are,
    figure,
    leading,
    listed,
    missing,
    name,
    ranked,
)

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
SINE_FIGURE = (
    "Generated sounds as tones: energy of the nearest decaying sine over the rest (higher is better), and how far "
    "its phase at the onset is from 0 (lower is better; the dashed line is what a phase by chance has)."
)
CHANCE_DEG = 90.0  # the median error of a phase that is drawn at random
SINE_TABLE = (
    "Tones. For generated sounds, how far they are from being tones and how far pitches and decays are from those of "
    "the data; for representations also what each known tone loses on the round trip."
)
WAVES = "The first 60 ms of the generated sound whose purity is the median of its row (first seed)."
MARK = "ceiling of the row’s representation"
SHOWN_SAMPLES = 2646  # samples: 60 ms


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
    snr, phase = bars(paper, "sine", "tone_snr", "trained"), bars(paper, "sine", "tone_phase", "trained")
    art = forest(snr, Axis("SNR of the nearest tone", "dB"), "SNR of tones", mark_name=MARK, width=620)
    axis = Axis("error of phase at the onset", "degrees", low=0)
    art += forest(phase, axis, "phase of tones", mark_name=MARK, width=620, real=CHANCE_DEG, real_name="by chance")
    parts = [
        study.question,
        f"<b>Representations.</b> {_tone_ceilings(paper)}",
        f"<b>Model families.</b> {' '.join(sentences)} {_by_chance(paper)}",
        paper.figure("fig-sine", art, SINE_FIGURE),
        score_table(paper, "sine", "table-sine", TONE_SCORES, SINE_TABLE),
        _tone_waves(paper),
    ]
    return section("sine", f"4.3 {study.title}", *parts, level=3)


def _tone_ceilings(paper: Paper) -> str:
    """What each representation does to a tone before anything is learned."""
    told = []
    for score, words in (("tone_snr", "a signal-to-noise ratio"), ("tone_phase", "an error of phase")):
        found = [e for e in paper.results.estimates("sine", score, "ceiling") if math.isfinite(e.value)]
        found.sort(key=lambda e: e.value, reverse=bool(found) and found[0].better == "higher")
        if found:
            ends = [found[0], found[-1]] if len(found) > 1 else found
            told.append(f"{words} of {' to '.join(f'{figure(e)} ({name(e.row)})' for e in ends)}")
    if not told:
        return "No representation has been tried on tones yet."
    return f"Encoded and decoded, without any network, tones have {' and '.join(told)}."


def _tone_waves(paper: Paper) -> str:
    """The generated tone of median purity of each row."""
    art = []
    for row in paper.results.rows("sine", "trained"):
        entries = paper.entries("sine", row)
        if not entries:
            continue
        waves, snr = paper.made(entries[0])["waves"], paper.curves(entries[0])["tone_snr_db"]
        order = np.argsort(np.nan_to_num(snr, nan=-99.0), kind="stable")
        wave = waves[int(order[len(order) // 2])][:SHOWN_SAMPLES]
        line = Series(row, np.arange(0, SHOWN_SAMPLES, 3) / SAMPLE_RATE * 1000, wave[::3].astype(float))
        axes = Axis("time", "ms"), Axis("amplitude", low=-1, high=1)
        art.append(labelled(row, lines([line], *axes, f"wave of {row}", width=300, height=120, legend=False)))
    return paper.figure("fig-tones", "".join(art), WAVES, wide=True) if art else ""


def _by_chance(paper: Paper) -> str:
    """Whose phases are shown to be better than chance."""
    found = [e for e in paper.results.estimates("sine", "tone_phase", "trained") if e.firm]
    if not found:
        return ""
    better = [e for e in found if e.high < CHANCE_DEG]
    who = f": {listed([name(e.row) for e in better])}" if 0 < len(better) < len(found) else ""
    return (
        f"A phase by chance is off by {CHANCE_DEG:.0f} degrees; {are(len(better), len(found), 'row')} shown "
        f"to be better than that{who}."
    )


def sine_finding(paper: Paper) -> list[str]:
    base = paper.study("sine").baseline
    ceiling = paper.ceiling_of("sine", base)
    plain = paper.estimate("sine", ceiling, "tone_phase") if ceiling else None
    told = []
    if plain is not None:
        told.append(f"The representation of the published DCGAN shifts the phase of a tone by {figure(plain)}.")
    trained = paper.results.estimates("sine", "tone_phase", "trained")
    told += [_by_chance(paper), f"Of the models, {ranked(trained, 'error of phase')}"]
    pure = leading(paper.results.estimates("sine", "tone_snr", "trained"))
    if pure is not None:
        told.append(
            f"The purest tones come from {name(pure[0].row)}, with a signal-to-noise ratio of {figure(pure[0])}."
        )
    return told
