"""How loud: shares of the spectrum, K-weighted loudness, peaks, offset."""

from functools import lru_cache

import numpy as np

from kickitout.descriptors.block import Grid, Measured, SoundBlock, gather, row_energy, to_db

BLOCK_MS = 400.0  # the gating block of ITU-R BS.1770
INFRA_HZ = 30.0
SUB_HZ, BODY_HZ, AIR_HZ = 60.0, 250.0, 4000.0
PRINTED_GAIN = 1.0049948  # at high frequencies, of the high-pass as printed (b = 1, -2, 1); -0.691 counts on it
TAPS = 12  # samples on each side of a point between the samples
_DISTANCE = np.array([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75])[:, None] - np.arange(-TAPS, TAPS + 1)
KERNEL = (np.sinc(_DISTANCE) * np.cos(np.clip(_DISTANCE / (TAPS + 1), -1, 1) * (np.pi / 2)) ** 2).astype(np.float32)


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


@lru_cache(maxsize=16)
def _weights(grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """K-weighting of the body band, complex64 [its bins]; of the click band's energy, and that band's own, float32."""
    gain = k_weighting(grid.freqs, grid.rate).astype(np.complex64)
    split = grid.split[grid.click_bin :]
    own = split**2
    return gain[: len(grid.body_gain)] * grid.body_gain, own * np.abs(gain[grid.click_bin :]) ** 2, own


def k_weighted(block: SoundBlock, start: np.ndarray, count: int) -> np.ndarray:
    """Sum of the squares of the K-weighted wave from `start` [n] on for `count` samples, float64 [n].

    The body band is weighted in time; the weights of the click band, which change by 2 dB in all, only in frequency:
    its energy in that time is taken to have the colour of its energy in the whole wave.
    """
    low, weighted, own = _weights(block.grid)
    step = block.step
    body = gather(block.low_band(low), -(-start // step), -(-count // step))
    colour = (block.click_power * weighted).sum(axis=1) / np.maximum((block.click_power * own).sum(axis=1), 1e-30)
    return step * row_energy(body) + colour * row_energy(gather(block.click_band, start, count))


def true_peak(block: SoundBlock) -> np.ndarray:
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
    around = np.pad(wave, ((0, 0), (TAPS, TAPS)))
    value = np.zeros((len(row), len(KERNEL)), np.float32)
    for tap in range(2 * TAPS + 1):  # one by one: a matrix product would add in an order of its own
        value += around[row, column + tap][:, None] * KERNEL[:, tap]
    np.maximum.at(best, row, np.abs(value).max(axis=1))
    return best


def shares(block: SoundBlock) -> list[np.ndarray]:
    """Share of the energy below INFRA_HZ, below SUB_HZ, from there to BODY_HZ, and above AIR_HZ, float64 [n] each.

    The bin that holds an edge is divided.
    """
    first, bins = block.grid.click_bin, block.spectrum
    place = [hz * block.n_fft / block.rate + 0.5 for hz in (INFRA_HZ, SUB_HZ, BODY_HZ, AIR_HZ)]  # to k + 0.5
    (infra, sub, body, air), parts = [int(p) for p in place], [p - int(p) for p in place]
    infra_part, sub_part, body_part, air_part = parts
    low = np.square(bins.real[:, : body + 1]) + np.square(bins.imag[:, : body + 1])
    low[:, 0] /= 2  # all others stand for two
    high = block.click_power[:, air - first :]
    below_infra = low[:, :infra].sum(axis=1) + infra_part * low[:, infra]
    below_sub = low[:, :sub].sum(axis=1) + sub_part * low[:, sub]
    between = low[:, sub:body].sum(axis=1) - sub_part * low[:, sub] + body_part * low[:, body]
    above_air = high.sum(axis=1) - high[:, -1] / 2 - air_part * high[:, 0]
    total = block.energy * (block.n_fft / 2)  # Parseval
    return [below_infra / total, below_sub / total, between / total, np.maximum(above_air, 0) / total]


def measure_shares(block: SoundBlock) -> Measured:
    """infra_share, sub_share, body_share, air_share: energy of the whole wave below 30 Hz, below 60 Hz, from 60 to 250
    Hz, above 4 kHz, re all.

    crest_db: sample peak re RMS of the first 400 ms from the onset on, so that silence behind the sound does not count.
    dc: mean of the wave from the onset until it is over (see `Block.gone`) under a Hann window, which hides the wave's
    own swing; 1 is full scale.
    """
    infra, sub, body, air = shares(block)
    count = block.samples(BLOCK_MS)
    square = row_energy(gather(block.wave, block.onset, count)) / count

    swing = block.body_band
    at = np.arange(swing.shape[1], dtype=np.float32) * block.step
    span = np.maximum(block.gone - block.onset, block.step)
    turn = (at - (block.onset - block.step / 2)[:, None].astype(np.float32)) / span[:, None].astype(np.float32)
    window = 1 - np.cos(np.float32(2 * np.pi) * np.clip(turn, 0, 1))
    offset = (window * swing).sum(axis=1) / np.maximum(window.sum(axis=1), 1e-9)

    return {
        "infra_share": block.known(infra),
        "sub_share": block.known(sub),
        "body_share": block.known(body),
        "air_share": block.known(air),
        "crest_db": block.known(-to_db(square)),
        "dc": block.known(offset * block.peak),
    }


def measure_loudness(block: SoundBlock) -> Measured:
    """loudness_lufs: ITU-R BS.1770-5 for a sound shorter than a programme: one gating block of 400 ms that begins at
    the onset, filled with silence where the wave is shorter; -0.691 + 10 log10 of its K-weighted mean square; one
    channel; no gate. It is what a meter's momentary loudness (EBU Tech 3341) reaches.

    true_peak_dbtp: see `true_peak`.
    """
    count = block.samples(BLOCK_MS)
    mean_square = k_weighted(block, block.onset, count) / count
    scale_db = 20 * np.log10(block.peak)
    return {
        "loudness_lufs": block.known(-0.691 + to_db(mean_square) + scale_db),
        "true_peak_dbtp": block.known(20 * np.log10(true_peak(block)) + scale_db),
    }
