"""Kicks from formulas: parameters with units -> waveform, so that what a kick measures is known beforehand.

Waveforms: float32 [22050] at 44.1 kHz, mono, silent before sample ONSET, peak PEAK, mean 0, silent at the end.
One seed gives one kick: its noise comes from its own counter-based generator (Philox), and every kick is computed by
itself, over contiguous time, so the samples are the same alone and in a batch, bit for bit. Time runs from one sample
before ONSET: sample ONSET + m sounds at t = (m + 1) / SAMPLE_RATE, the first moment at which a sine is not zero.

Processors differ in the last bits of sin, exp, tanh, of sums and of transforms. So these are computed in float64 and
rounded to float32, where what they differ by is lost but for one sample in some million; between them stand only
products and sums of two numbers, which IEEE 754 defines to the last bit. A seed's kick of 16 bits is the same bytes
everywhere.

    kick = AC(body + click + noise + room(body + click + noise))      each layer scaled by its energy

`oscillator` has the body, `layers` the rest, `parameters` what each may be, and `styles` how they are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.synthesis.layers import click_layer, noise_layer, room_layer
from kickitout.synthesis.oscillator import driven_body
from kickitout.synthesis.parameters import OFF_DB, KickParameters
from kickitout.synthesis.signal import AUDIBLE, BLOCKS_LENGTH, SUMMED_AT_ONCE, Wave, at_level, energy_of, summed
from kickitout.synthesis.styles import draw_parameters

HIGH_PASS_HZ = 20.0  # corner of the final high-pass: below hearing, it takes the offset out as every sound card does
FADE = 441  # samples: the last 10 ms, half a cosine, for kicks still sounding at 500 ms
_FADE_GAINS = (0.5 + 0.5 * np.cos(np.pi * np.arange(1, FADE + 1) / FADE)).astype(np.float32)
_RAMP = (np.arange(1, SUMMED_AT_ONCE + 1) / SUMMED_AT_ONCE).astype(np.float32)
_POLE = 2 * math.pi * HIGH_PASS_HZ * SUMMED_AT_ONCE / SAMPLE_RATE
_GROW = np.exp(_POLE * np.arange(BLOCKS_LENGTH // SUMMED_AT_ONCE))
_SHRINK = np.exp(-_POLE * np.arange(BLOCKS_LENGTH // SUMMED_AT_ONCE)) * (1 - math.exp(-_POLE)) / SUMMED_AT_ONCE


def render_kick(parameters: KickParameters) -> Wave:
    """The kick as float32 [LENGTH]. The first half wave of its body is positive."""
    parts, envelope = _layers(parameters)
    active = summed(parts)
    active -= _below_corner(active)
    active = active[:AUDIBLE]
    active[-FADE:] *= _FADE_GAINS
    # A body cut off in mid-cycle leaves a mean behind; it is taken out under the body's own envelope, which hides it.
    shape = envelope.copy()
    late = len(shape) - (AUDIBLE - FADE)
    if late > 0:
        shape[-late:] *= _FADE_GAINS[:late]
    shape *= float(active.sum(dtype=np.float64) / shape.sum(dtype=np.float64))
    active[: len(shape)] -= shape
    wave = np.zeros(LENGTH, np.float32)
    np.multiply(active, PEAK / np.abs(active).max(), out=wave[ONSET:])
    return wave


def layers(parameters: KickParameters) -> dict[str, Wave]:
    """The layers that sound, each [LENGTH], on one common scale: 'body' (driven), 'click', 'noise', 'room'.

    Before the high-pass, the fade and the peak; the levels in KickParameters hold between these arrays.
    """
    parts, _ = _layers(parameters)
    return {name: np.pad(part, (ONSET, AUDIBLE - len(part))) for name, part in parts.items()}


def _layers(p: KickParameters) -> tuple[dict[str, Wave], Wave]:
    """The layers from sample ONSET on (each [<= AUDIBLE]), and the envelope of the body."""
    body, envelope = driven_body(p)
    energy = energy_of(body)
    parts = {"body": body}
    if p.click_level_db > OFF_DB:
        parts["click"] = at_level(click_layer(p), energy, p.click_level_db)
    if p.noise_level_db > OFF_DB:
        parts["noise"] = at_level(noise_layer(p), energy, p.noise_level_db)
    if p.room_level_db > OFF_DB:
        parts["room"] = at_level(room_layer(p, parts), energy, p.room_level_db)
    return parts, envelope


def synthesise(
    seeds: Sequence[int], styles: str | Sequence[str | None] | None = None
) -> tuple[Wave, list[KickParameters]]:
    """Kicks of the procedural synthesiser, without a model: float32 [n, 22050] at 44.1 kHz, and the parameters of each.

    The same seed and style give the same kick, whatever else is rendered in the same call. styles: one for all, one a
    seed, or None, which draws them, too. The parameters (pitch_start_hz, sweep_ms, decay_ms, click_level_db, ...) are
    what the kick measures. Raises UserError for a seed that is none and for a style that is not known.

    >>> import kickitout
    >>> waves, parameters = kickitout.synthesise([0, 1], "909")
    >>> waves.shape, round(parameters[0].pitch_end_hz, 1)
    ((2, 22050), 47.2)
    """
    # A kick at a time on purpose: its arrays of 88 kB stay in the cache, and no sum depends on its neighbours.
    if isinstance(seeds, int | np.integer):
        raise UserError(f"seeds {seeds}: give a list of them, for instance [{seeds}] or range(16)")
    per_seed = [styles] * len(seeds) if styles is None or isinstance(styles, str) else list(styles)
    if len(per_seed) != len(seeds):
        raise UserError(f"{len(per_seed)} styles for {len(seeds)} seeds: give one style for all, or one for each seed")
    parameters = [draw_parameters(seed, style) for seed, style in zip(seeds, per_seed, strict=True)]
    waves = np.empty((len(parameters), LENGTH), np.float32)
    for wave, one in zip(waves, parameters, strict=True):
        wave[:] = render_kick(one)
    return waves, parameters


def _below_corner(x: Wave) -> Wave:
    """The part of x [BLOCKS_LENGTH] below HIGH_PASS_HZ: means of blocks, a one-pole low-pass, joined by straight lines.

    The pole y[k] = a y[k-1] + (1 - a) x[k] is (1 - a) a^k cumsum(a^-j x[j]): no loop, and a^-1375 = e^63 has room in
    a float64.
    """
    slow = np.zeros(BLOCKS_LENGTH // SUMMED_AT_ONCE + 1, np.float32)
    slow[1:] = np.cumsum(x.reshape(-1, SUMMED_AT_ONCE).sum(axis=1, dtype=np.float64) * _GROW) * _SHRINK
    return (slow[:-1, None] + (slow[1:] - slow[:-1])[:, None] * _RAMP).ravel()
