"""Recordings that ring past 500 ms, cut there and continued: level and pitch of the tail against the true one.

    kick lab measure tails RECORDINGS [RECORDINGS ...] [--drawn RECORDING --image docs/images/tails.png]

Of each recording that still sounds where a model's kick ends, the first 500 ms are continued as `--length` continues
kicks, and compared with what the recording goes on with. Intervals are 95 % bootstraps of the median over recordings.
Below: how many of a model's kicks ring on, and what they cost. The image has one recording, its continuation, and the
model's kick of SEEDS, of a style if one is named, whose tail is most like it.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from kickitout.datasets.scan import scan
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.files import write_whole
from kickitout.generation.generate import generate_kicks
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.generation.source import decode_whole_kick
from kickitout.generation.tail import MODEL_S, first_half_second, ring_on
from kickitout.sound import FADE_OUT, LENGTH, SAMPLE_RATE
from kickitout.training.sheet import png_of
from kicklab.markdown import median_text

SOUNDS_DB = -50.0  # re peak, at the end of the half second: what is quieter has no tail to speak of
FLOOR_DB = -70.0  # re peak: levels below are one
AT_S = (0.7, 1.0)
LEVEL_S, PITCH_S = 0.05, 0.2  # windows around them
TONAL_DB = -40.0  # re peak: a tail that is quieter at AT_S[0] has no pitch to speak of
SEEDS = 256
TURNS = 5  # of a time, of which the least counts
LENGTH_S = 2.0
HEAD = """| recordings | n | level at 700 ms | without a tail | level at 1 s | without | pitch at 700 ms |
|---|--:|--:|--:|--:|--:|--:|"""


class Tail(NamedTuple):
    """A recording [T] and its first half second, continued [T']; both as loud as they are, peak 1 in the first."""

    name: str
    true: np.ndarray
    made: np.ndarray


def tails_of(folder: Path) -> Iterator[Tail]:
    """The recordings of a folder that sound at the end of the half second and go on for longer than AT_S[0]."""
    for candidate in scan([folder]).candidates:
        try:
            with candidate.open() as file:
                true = decode_whole_kick(file.read(), candidate.name).mean(axis=0, dtype=np.float64)
        except UserError:  # longer than any kick, or none
            continue
        true = true / max(np.abs(true[:LENGTH]).max(), 1e-9)
        if len(true) < (AT_S[0] + LEVEL_S) * SAMPLE_RATE:
            continue
        if level_db(true, (LENGTH - FADE_OUT) / SAMPLE_RATE - LEVEL_S / 2) > SOUNDS_DB:
            half = first_half_second(true[None]).astype(np.float32)
            yield Tail(candidate.name, true, ring_on(half, LENGTH_S)[0].astype(np.float64))


def level_db(wave: np.ndarray, at_s: float) -> float:
    """RMS in LEVEL_S around a time, as the peak of a sine, not below FLOOR_DB."""
    first = round((at_s - LEVEL_S / 2) * SAMPLE_RATE)
    part = wave[first : first + round(LEVEL_S * SAMPLE_RATE)]
    power = float(np.square(part).sum()) * 2 / round(LEVEL_S * SAMPLE_RATE)
    return max(10 * math.log10(max(power, 1e-12)), FLOOR_DB)


def low_hz(wave: np.ndarray, at_s: float) -> float:
    """The strongest frequency from 20 to 300 Hz in PITCH_S around a time."""
    first, size = round((at_s - PITCH_S / 2) * SAMPLE_RATE), 1 << 18
    part = wave[first : first + round(PITCH_S * SAMPLE_RATE)]
    seen = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))
    low, high = (round(hz * size / SAMPLE_RATE) for hz in (20, 300))
    at = low + int(seen[low:high].argmax())
    a, b, c = np.log(np.maximum(seen[at - 1 : at + 2], 1e-30))
    return (at + 0.5 * (a - c) / min(a - 2 * b + c, -1e-9)) * SAMPLE_RATE / size


def tails_row(name: str, tails: list[Tail]) -> str:
    """A line of the table."""
    cells = [name, str(len(tails))]
    for at_s in AT_S:
        # A file that ended by itself is silent from there on; one that was cut says nothing of it.
        known = [t for t in tails if len(t.true) > (at_s + LEVEL_S) * SAMPLE_RATE
                 or level_db(t.true, len(t.true) / SAMPLE_RATE - LEVEL_S / 2) < SOUNDS_DB - 10]  # fmt: skip
        true = np.array([level_db(t.true, at_s) for t in known])
        made = np.array([level_db(t.made, at_s) for t in known])
        cells += [_cell(np.abs(made - true), "dB"), _cell(true - FLOOR_DB, "dB")]
    tonal = [t for t in tails if level_db(t.true, AT_S[0]) > TONAL_DB and level_db(t.made, AT_S[0]) > FLOOR_DB]
    cents = [1200 * abs(math.log2(low_hz(t.made, AT_S[0]) / low_hz(t.true, AT_S[0]))) for t in tonal]
    cells.append(_cell(np.array(cents), "cents"))
    return f"| {' | '.join(cells)} |"


def _cell(errors: np.ndarray, unit: str) -> str:
    return f"{median_text(errors, '.1f')} {unit}" if len(errors) else "-"


def model_lines(name: str, model: Model, n: int) -> list[str]:
    """How many kicks of a model ring on, what their cards know then, and the ratio of processor times of one run."""
    usual, long = (list(generate_kicks(range(n), model, length_s=length_s)) for length_s in (MODEL_S, LENGTH_S))
    ringing = [i for i in range(n) if long[i].channels.shape[1] > LENGTH]
    if not ringing:
        return [f"None of {n} kicks of {name} ring past 500 ms."]
    shown = [np.stack([_padded(kicks[i].channels.mean(axis=0)) for i in ringing]) for kicks in (usual, long)]
    half, whole = (int(np.isfinite(cards(waves, threads=1)["decay_t60_ms"]).sum()) for waves in shown)
    seconds = np.array([long[i].channels.shape[1] for i in ringing]) / SAMPLE_RATE

    def used(seeds: list[int], length_s: float) -> float:
        began = time.thread_time()
        for _ in generate_kicks(seeds, model, length_s=length_s, threads=1):
            pass
        return time.thread_time() - began

    ratios = []
    for seeds in (list(range(n)), ringing):
        turns = [(used(seeds, MODEL_S), used(seeds, LENGTH_S)) for _ in range(TURNS)]
        ratios.append(min(turn[1] for turn in turns) / min(turn[0] for turn in turns))
    return [
        f"Of {n} kicks of {name} {len(ringing)} ring past 500 ms with `--length {LENGTH_S:g}s`, to "
        f"{np.median(seconds):.2f} s (median). Their card knows T60 of {whole}, and of {half} from 500 ms. "
        f"{LENGTH_S:g} s cost {ratios[0]:.2f} times the processor time of 500 ms, and {ratios[1]:.2f} times for kicks "
        "that ring on."
    ]


def _padded(wave: np.ndarray) -> np.ndarray:
    """A wave of LENGTH samples as it is, a longer one with silence up to LENGTH_S."""
    return wave if len(wave) == LENGTH else np.pad(wave, (0, round(LENGTH_S * SAMPLE_RATE) - len(wave)))


def tails_png(recording: Tail, kick: np.ndarray, made_by: str) -> bytes:
    """Spectrograms of a recording, of its continued half second and of a model's kick [T], and their levels."""
    shown = {
        f"recording: {Path(recording.name).stem}": recording.true,
        "its first 500 ms, continued": recording.made,
        made_by: kick,
    }
    figure = Figure((10.0, 5.6), dpi=100, layout="constrained")
    panels = figure.subplot_mosaic([["0", "1", "2"], ["level"] * 3], height_ratios=[1.2, 1])
    for i, (title, wave) in enumerate(shown.items()):
        panel, whole = panels[str(i)], np.zeros(round(LENGTH_S * SAMPLE_RATE))
        whole[: len(wave)] = wave[: len(whole)]
        *_, image = panel.specgram(whole, NFFT=4096, Fs=SAMPLE_RATE, noverlap=3584, pad_to=16384, vmin=-130, vmax=-30)
        image.set_cmap("magma")
        panel.set(title=title, ylim=(20, 300), xlabel="s", ylabel="Hz" if i == 0 else "")
        panel.axvline(MODEL_S, color="white", linewidth=0.8, linestyle=":")
    at_s = np.arange(0.05, LENGTH_S - LEVEL_S, 0.01)
    for (title, wave), style in zip(shown.items(), ("-", "--", "-"), strict=True):
        panels["level"].plot(at_s, [level_db(wave / np.abs(wave).max(), t) for t in at_s], style, label=title)
    panels["level"].axvline(MODEL_S, color="grey", linewidth=0.8, linestyle=":")
    panels["level"].set(xlabel="s", ylabel="dB re peak", ylim=(FLOOR_DB, 0), xlim=(0, LENGTH_S))
    panels["level"].legend()
    return png_of(figure)


def most_like(model: Model, wave: np.ndarray, style: str | None) -> tuple[int, np.ndarray]:
    """The seed, of the first SEEDS of a style, whose levels are most like those of a wave [T], and its kick [T]."""
    at_s = np.arange(0.1, LENGTH_S - LEVEL_S, 0.1)
    wanted = np.array([level_db(wave, t) for t in at_s])
    best: tuple[float, int, np.ndarray] | None = None
    for kick in generate_kicks(range(SEEDS), model, style=style, length_s=LENGTH_S):
        made = kick.channels.mean(axis=0, dtype=np.float64)
        apart = float(np.abs([level_db(made, t) for t in at_s] - wanted).mean())
        if best is None or apart < best[0]:
            best = apart, kick.seed or 0, made
    assert best is not None
    return best[1:]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--model", default="default", help="a model, as `kick generate --model` takes it")
    parser.add_argument("-n", type=int, default=SEEDS, help="kicks of the model, from seed 0 on")
    parser.add_argument("--drawn", metavar="NAME", help="draw the recording whose name ends so")
    parser.add_argument("--style", help="draw the kick that is most like it from a style")
    parser.add_argument("--image", type=Path, default=Path("docs/images/tails.png"))


def run(args: argparse.Namespace) -> Iterator[str]:
    model, drawn = load_model(args.model), False
    yield HEAD
    for folder in args.recordings:
        tails = list(tails_of(folder))
        yield tails_row(folder.name, tails)
        for tail in (tail for tail in tails if args.drawn and tail.name.endswith(args.drawn) and not drawn):
            drawn = True
            seed, kick = most_like(model, tail.true, args.style)
            made_by = f"the model's seed {seed}" + (f" of {args.style}" if args.style else "")
            write_whole(args.image, tails_png(tail, kick, made_by))
    if args.drawn and not drawn:
        raise UserError(f"--drawn {args.drawn}: no recording that rings past 500 ms has a name that ends so")
    yield ""
    yield from model_lines(args.model, model, args.n)
