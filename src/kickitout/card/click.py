"""The click: what is above 2 kHz when the drum is hit."""

from itertools import pairwise

import numpy as np

from kickitout.card.block import CLICK_HZ, Block, Measured, fast_length, gather, to_db, unless
from kickitout.card.fields import Why

LEAD_MS = 1.0  # the click band rings a little before the onset
LEVEL_MS = 20.0
LENGTH_MS = 50.0
LENGTH_SHARE = 0.9
FADE_MS = 3.0  # at the end of the piece that goes into the spectrum
QUIET_DB = -60.0  # a click below this has no length and no colour
OCTAVES_HZ = (2000.0, 4000.0, 8000.0, 16000.0)


def measure(block: Block) -> Measured:
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
    piece = gather(block.click_band, block.onset - lead, lead + length)  # [n, lead + length]
    energy = piece.astype(np.float64) ** 2
    count = lead + block.samples(LEVEL_MS)
    level = to_db(energy[:, :count].sum(axis=1) / block.energy)

    passed = np.cumsum(energy, axis=1)
    share = passed / np.maximum(passed[:, -1:], 1e-30)
    there = np.argmax(share >= LENGTH_SHARE, axis=1)
    click_ms = np.maximum(there + 1 - lead, 0) * 1000 / block.rate

    fade = block.samples(FADE_MS)
    window = np.ones(count, np.float32)
    window[-fade:] = np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    size = fast_length(count, 2)
    spectrum = np.fft.rfft(piece[:, :count] * window, size)
    freqs = np.arange(size // 2 + 1) * (block.rate / size)
    power = spectrum.real.astype(np.float64) ** 2 + spectrum.imag.astype(np.float64) ** 2 + 1e-20
    high = freqs >= CLICK_HZ
    centroid = power[:, high] @ freqs[high] / power[:, high].sum(axis=1)

    weighted, total = np.zeros(block.n), np.zeros(block.n)
    for low_hz, high_hz in pairwise(OCTAVES_HZ):
        band = power[:, (freqs >= low_hz) & (freqs < high_hz)]
        if band.shape[1] == 0:  # a low sample rate
            continue
        weighted += np.exp(np.log(band).mean(axis=1)) * band.shape[1]
        total += band.sum(axis=1)

    quiet = (level < QUIET_DB, Why.NO_CLICK)
    return {
        "click_ms": unless(click_ms, quiet),
        "click_level_db": block.known(level),
        "click_centroid_hz": unless(centroid, quiet),
        "click_flatness": unless(weighted / total, quiet),
    }
