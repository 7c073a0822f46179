"""The click: what is above 2 kHz when the drum is hit."""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from kickitout.descriptors.block import CLICK_FROM_HZ, Grid, Measured, SoundBlock, fast_length, gather, to_db, unless
from kickitout.descriptors.fields import Why

LEAD_MS = 1.0  # the click band rings a little before the onset
LEVEL_MS = 20.0
LENGTH_MS = 50.0
LENGTH_SHARE = 0.9
FADE_MS = 3.0  # at the end of the piece that goes into the spectrum
QUIET_CLICK_DB = -60.0  # a click below this has no length and no colour
OCTAVES_HZ = (2000.0, 4000.0, 8000.0, 16000.0)


@lru_cache(maxsize=16)
def _window(grid: Grid) -> np.ndarray:
    """1 from the lead on, faded at the end of LEVEL_MS, float32 [samples]."""
    count, fade = grid.samples(LEAD_MS) + grid.samples(LEVEL_MS), grid.samples(FADE_MS)
    window = np.ones(count, np.float32)
    window[-fade:] = np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    return window


def measure_click(block: SoundBlock) -> Measured:
    """click_level_db: energy of the click band (half-cosine from 1.6 to 2.4 kHz, -3 dB at 2 kHz) in the first 20 ms
    after the onset (-40 dB re peak) re energy of the whole wave.

    click_ms: time after the onset by which 90 % of the click band's energy of the first 50 ms has passed; 1.15 tau for
    exp(-t / tau).

    click_centroid_hz: mean frequency from 2 kHz up, weighted with the energy of the first 20 ms.

    click_flatness: geometric re arithmetic mean of that energy over the bins (Johnston 1988), taken in each octave of
    2-4-8-16 kHz and averaged with the octaves' energies, so that neither tilt nor an empty top octave counts. About 0
    for a tone, exp(-0.577) = 0.56 for noise, 1 for an impulse.
    """
    lead = block.samples(LEAD_MS)
    length = block.samples(LENGTH_MS)
    window = _window(block.grid)
    piece = gather(block.click_band, block.onset - lead, lead + length)  # [n, lead + length]
    passed = np.cumsum(np.square(piece), axis=1, dtype=np.float64)
    level = to_db(passed[:, len(window) - 1] / block.energy)

    there = np.argmax(passed >= LENGTH_SHARE * passed[:, -1:], axis=1)
    click_ms = np.maximum(there + 1 - lead, 0) * 1000 / block.rate

    size = fast_length(len(window), 2)
    windowed = np.zeros((block.n, size))
    windowed[:, : len(window)] = piece[:, : len(window)] * window
    spectrum = np.fft.rfft(windowed)
    freqs = np.arange(size // 2 + 1) * (block.rate / size)
    first = int(np.searchsorted(freqs, CLICK_FROM_HZ))
    power = spectrum.real[:, first:] ** 2 + spectrum.imag[:, first:] ** 2 + 1e-20
    freqs = freqs[first:]
    centroid = (power * freqs).sum(axis=1) / power.sum(axis=1)

    weighted, total = np.zeros(block.n), np.zeros(block.n)
    for low, high in pairwise(np.searchsorted(freqs, OCTAVES_HZ).tolist()):
        band = power[:, low:high]
        if low == high:  # a low sample rate
            continue
        weighted += np.exp(np.log(band).mean(axis=1)) * band.shape[1]
        total += band.sum(axis=1)

    quiet = (level < QUIET_CLICK_DB, Why.NO_CLICK)
    return {
        "click_ms": unless(click_ms, quiet),
        "click_level_db": block.known(level),
        "click_centroid_hz": unless(centroid, quiet),
        "click_flatness": unless(weighted / total, quiet),
    }
