"""How near a model reconstructs kicks that it has not heard, beside magnitude representations.

    kick lab measure reconstruction FOLDER [FOLDER ...] --learned LEARNED [--model MODEL] [-n 96]

The kicks are drawn from the folders with seed 0; those of machines that the model learned from are left out. Intervals
are 95 %: bootstraps of medians, Wilson's of shares.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from kickitout.descriptors import cards
from kickitout.generation.invert import (
    REFINING_ROUNDS,
    EncoderSession,
    apart_where_either_sounds,
    find_encoder,
    invert_wave,
)
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.models.kickae.click import CLICK_FRAMES
from kickitout.representations import SubBandsConfig, make_representation
from kickitout.representations.pqmf import LEFT
from kickitout.sound import ONSET
from kicklab.experiments.ceilings import ceilings
from kicklab.experiments.unheard import read_unheard
from kicklab.markdown import markdown_table, median_text, share_text
from kicklab.spectra import log_spectral_distance, third_octave_distance

IN_TUNE_CENTS = 10.0
LEVEL_FRAMES = 2  # of a sub-band: 0.7 ms, the deviation of what levels are averaged with
CLICK_UNTIL = (LEFT + ONSET) // 16 + CLICK_FRAMES  # frame of a sub-band: 12 ms after the onset
MAGNITUDES = ("logmag", "mel")  # representations whose phase is rebuilt (Griffin-Lim)


class Reconstruction(NamedTuple):
    """n kicks reconstructed. distances: log-spectral, dB [n]; thirds: in third octaves and 5 ms, dB [n]; told: as
    `kick vary` and the studio tell it, dB [n]; cents: of the end pitch [n], NaN where either has none; seconds:
    processor time of finding one, NaN where none was looked for."""

    name: str
    distances: np.ndarray
    thirds: np.ndarray
    told: np.ndarray
    cents: np.ndarray
    seconds: float


def reconstructed(
    model: Model, encoder: EncoderSession, waves: np.ndarray, names: Sequence[str], rounds: int = REFINING_ROUNDS
) -> Reconstruction:
    """Every kick of waves [n, T], prepared, found in the model and played; names: their identities."""
    began = time.process_time()
    latents = [invert_wave(model, encoder, wave, rounds, name).latent for wave, name in zip(waves, names, strict=True)]
    seconds = (time.process_time() - began) / len(waves)
    again = np.stack([model.render(latent=latent).wave.mean(axis=0) for latent in latents])
    name = f"the model, {rounds} rounds of refining" if rounds else "the model, from its encoder"
    return _compared(name, waves, again, seconds)


def noise_redrawn(waves: np.ndarray, seed: int = 0) -> Reconstruction:
    """Kicks [n, T] themselves, with noise of the same levels in place of all above the lowest sub-band after a click.

    No decoder that draws its noise part at random can be better, however well it finds levels and harmonic part.
    """
    representation = make_representation(SubBandsConfig())
    with torch.no_grad():
        bands = representation.encode(torch.from_numpy(waves)).numpy()  # [n, 16, 1, 1408]
        noise = np.random.default_rng(seed).standard_normal(bands.shape).astype(np.float32)
        drawn = np.sqrt(gaussian_filter1d(np.square(bands), LEVEL_FRAMES, axis=3)) * noise
        drawn[:, 0] = bands[:, 0]
        drawn[..., :CLICK_UNTIL] = bands[..., :CLICK_UNTIL]
        again = representation.decode(torch.from_numpy(drawn)).numpy()
    return _compared("itself, its noise drawn anew", waves, again, float("nan"))


def _compared(name: str, waves: np.ndarray, again: np.ndarray, seconds: float) -> Reconstruction:
    hz = [cards(x).values["pitch_end_hz"] for x in (waves, again)]
    cents = 1200 * np.abs(np.log2(hz[1] / hz[0]))
    told = np.array([apart_where_either_sounds(*pair) for pair in zip(waves, again, strict=True)])
    return Reconstruction(
        name, log_spectral_distance(waves, again), third_octave_distance(waves, again), told, cents, seconds
    )


def another_kick(waves: np.ndarray) -> Reconstruction:
    """Each kick against the next: how far apart kicks are that have nothing to do with one another."""
    return _compared("another kick", waves, np.roll(waves, 1, axis=0), float("nan"))


def best_magnitude(waves: np.ndarray) -> tuple[str, np.ndarray]:
    """The magnitude representation that loses least of these kicks, and its log-spectral distance to each: dB [n]."""
    found = {c.representation: c.values["lsd"] for c in ceilings(waves, MAGNITUDES) if c.representation in MAGNITUDES}
    name = min(found, key=lambda representation: float(np.median(found[representation])))
    return name, found[name]


def reconstruction_text(rows: Sequence[Reconstruction], representation: str, ceiling: np.ndarray) -> str:
    """The rows as a Markdown table, the representation's own round trip last."""
    head = ["reconstructed by", "n", "log-spectral distance", f"below {representation} of the same kick",
            f"below {representation}'s median", "thirds in 5 ms", "as it is told",
            "pitch: median", "pitch within 10 cents", "processor time"]  # fmt: skip
    n, lines = len(ceiling), []
    for row in rows:
        known = row.cents[np.isfinite(row.cents)]
        seconds = "" if np.isnan(row.seconds) else f"{row.seconds:.1f} s"
        near, below = (share_text(int((row.distances < limit).sum()), n) for limit in (ceiling, np.median(ceiling)))
        in_tune = share_text(int((known <= IN_TUNE_CENTS).sum()), len(known))
        lines.append([row.name, n, median_text(row.distances, unit=" dB"), near, below,
                      *(median_text(apart, unit=" dB") for apart in (row.thirds, row.told)),
                      median_text(known, unit=" cents"),
                      f"{in_tune}, n={len(known)}", seconds])  # fmt: skip
    lines.append([f"{representation}, Griffin-Lim", n, median_text(ceiling, unit=" dB"), *[""] * 7])
    return "\n".join(markdown_table(head, lines))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+")
    parser.add_argument("--learned", type=Path, action="append", required=True, help="recordings that it learned from")
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=96, help="kicks (default 96)")


def run(args: argparse.Namespace) -> Iterator[str]:
    model, encoder = load_model(args.model), EncoderSession(find_encoder(args.model))
    known = read_unheard(args.learned, args.sounds)
    dataset = known.strangers
    drawn = np.sort(np.random.default_rng(0).permutation(len(dataset))[: args.n])
    waves, names = dataset.waves[drawn], [dataset.rows[i].sound for i in drawn]
    rows = [reconstructed(model, encoder, waves, names, rounds) for rounds in (0, REFINING_ROUNDS)]
    rows += [noise_redrawn(waves), another_kick(waves)]
    yield reconstruction_text(rows, *best_magnitude(waves))
    yield (
        f"\nModel `{model.digest[:16]}`, {len(waves)} of {len(dataset)} kicks, dataset `{dataset.digest[:16]}`; "
        f"{known.left_out} of machines that it learned from are left out."
    )
