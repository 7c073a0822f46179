"""How loud: shares of the spectrum, K-weighted loudness, peaks, offset."""

from functools import lru_cache

import numpy as np

from kickitout.card.block import Block, Measured, gather, to_db

BLOCK_MS = 400.0  # the gating block of ITU-R BS.1770
SUB_HZ, BODY_HZ, AIR_HZ = 60.0, 250.0, 4000.0
PRINTED_GAIN = 1.0049948  # at high frequencies, of the high-pass as printed (b = 1, -2, 1); -0.691 counts on it
TAPS = 12  # samples on each side of a point between the samples


def k_weighting(freqs: np.ndarray, rate: float) -> np.ndarray:
    """Complex gain of the K-weighting at each frequency, for digital filters at any rate.

    ITU-R BS.1770-5 prints the two filters' coefficients at 48 kHz only. Undoing the bilinear transform gives the analog
    shelf and high-pass below; both are transformed back at `rate`, with w = tan(pi f / rate) / tan(pi f0 / rate).

    >>> np.round(20 * np.log10(abs(k_weighting(np.array([100.0, 997.0, 10000.0]), 48000))), 2).tolist()
    [-1.13, 0.69, 4.04]
    """

    def ratio(centre_hz: float) -> np.ndarray:
        turns = np.minimum(np.asarray(freqs, np.float64) / rate, 0.4999)
        return 1j * np.tan(np.pi * turns) / np.tan(np.pi * centre_hz / rate)

    s = ratio(1681.974450955533)
    top = 10 ** (3.999843853973347 / 20)
    q = 0.7071752369554196
    shelf = (top * s**2 + top**0.4996667741545416 / q * s + 1) / (s**2 + s / q + 1)
    s = ratio(38.13547087602444)
    high_pass = s**2 / (s**2 + s / 0.5003270373238773 + 1)
    return shelf * high_pass * PRINTED_GAIN


@lru_cache(maxsize=4)
def _k_weighting(n_fft: int, rate: float) -> np.ndarray:
    return k_weighting(np.fft.rfftfreq(n_fft, 1 / rate), rate).astype(np.complex64)


def true_peak(block: Block) -> np.ndarray:
    """Largest |value| of each wave at four times its rate, re sample peak, [n].

    ITU-R BS.1770-5 annex 2 oversamples everything; the same maximum is found by evaluating the band-limited
    interpolation (Hann-windowed sinc, 24 samples) at quarters of a sample around every local maximum above -3 dB.
    """
    wave = block.wave
    row, column = block.high
    here = np.abs(wave[row, column])
    before, after = np.maximum(column - 1, 0), np.minimum(column + 1, block.length - 1)
    top = (here >= np.abs(wave[row, before])) & (here >= np.abs(wave[row, after]))
    row, column = row[top], column[top]
    best = np.ones(block.n)
    reach = np.arange(-TAPS, TAPS + 1)
    points = np.array([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75])
    distance = points[:, None] - reach
    kernel = np.sinc(distance) * np.cos(np.clip(distance / (TAPS + 1), -1, 1) * (np.pi / 2)) ** 2  # [6, 25]
    around = np.pad(wave, ((0, 0), (TAPS, TAPS)))[row[:, None], column[:, None] + reach + TAPS]  # [maxima, 25]
    value = np.abs(around @ kernel.T.astype(wave.dtype)).max(axis=1)
    np.maximum.at(best, row, value)
    return best


def energy_below(block: Block, hz: float) -> np.ndarray:
    """Energy below a frequency, float64 [n]; the bin that holds it gives its part."""
    place = hz * block.n_fft / block.rate + 0.5  # bin k reaches from k - 0.5 to k + 0.5
    whole = int(place)
    return block.power[:, :whole].sum(axis=1, dtype=np.float64) + (place - whole) * block.power[:, whole]


def measure(block: Block) -> Measured:
    """sub_share, body_share, air_share: energy of the whole wave below 60 Hz, from 60 to 250 Hz, above 4 kHz, re all.

    loudness_lufs: ITU-R BS.1770-5 for a sound shorter than a programme: one gating block of 400 ms that begins at the
    onset, filled with silence where the wave is shorter; -0.691 + 10 log10 of its K-weighted mean square; one channel;
    no gate. It is what a meter's momentary loudness (EBU Tech 3341) reaches.

    true_peak_dbtp: see `true_peak`. crest_db: sample peak re RMS of the same 400 ms, so that silence behind the sound
    does not count. dc: mean of the wave from onset to end (-80 dB) under a Hann window, which hides the wave's own
    swing; 1 is full scale.
    """
    below_sub, below_body, below_air = (energy_below(block, hz) for hz in (SUB_HZ, BODY_HZ, AIR_HZ))
    total = block.power.sum(axis=1, dtype=np.float64)

    count = block.samples(BLOCK_MS)
    piece = gather(block.wave, block.onset, count)
    square = np.einsum("nt,nt->n", piece, piece) / count
    weight = _k_weighting(block.n_fft, block.rate)
    piece = gather(np.fft.irfft(block.spectrum * weight, block.n_fft), block.onset, count)
    mean_square = np.einsum("nt,nt->n", piece, piece) / count
    scale_db = 20 * np.log10(block.peak)

    swing = block.body_band
    at = np.arange(swing.shape[1]) * block.step
    turn = (at - block.onset[:, None] + block.step / 2) / np.maximum(block.end - block.onset, block.step)[:, None]
    window = (1 - np.cos(2 * np.pi * turn)) * ((turn > 0) & (turn < 1))
    offset = np.einsum("nt,nt->n", window, swing) / np.maximum(window.sum(axis=1), 1e-9)

    return {
        "sub_share": block.known(below_sub / total),
        "body_share": block.known((below_body - below_sub) / total),
        "air_share": block.known(np.maximum(total - below_air, 0) / total),
        "loudness_lufs": block.known(-0.691 + to_db(mean_square) + scale_db),
        "true_peak_dbtp": block.known(20 * np.log10(true_peak(block)) + scale_db),
        "crest_db": block.known(-to_db(square)),
        "dc": block.known(offset * block.peak),
    }
