"""The spectra of sounds and of their spectrograms, a row a sound, and how far the averages of two sets lie apart.

- `third_octaves`: power in third octaves of 20 Hz to 16 kHz, of the whole sound.
- `stft_spectra`: the log-magnitude STFT as an image, and its power spectrum along time, along frequency, and over
  the distance from the origin (azimuthal integration, Durall et al. 2020, arxiv.org/abs/2003.01826). Up-convolution
  leaves too much or too little at the fine end, and a spectrogram has two axes that need not fail alike.
- `comb_lines`: lines at the multiples of rate / 2^k in the sound itself: strides of transposed convolutions, numbers of
  sub-bands, hops.

All in dB. What is compared is the mean over the sounds, and the spread (standard deviation) over them; the distance is
the root mean square over the bands. Lower is better.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from kickitout.descriptors.artefacts import BESIDE, LINES_HZ, PERIODS, hann
from kickitout.sound import SAMPLE_RATE

CENTRES_HZ = 1000 * 2.0 ** (np.arange(-17, 13) / 3)  # 30 third octaves, 20 Hz to 16 kHz (base 2, IEC 61260-1)
THIRDS_FLOOR_DB = -100.0  # re the energy of the sound
WINDOW, HOP, ROWS, COLUMNS = 512, 173, 256, 128  # of the spectrogram: 11.6 ms, 3.9 ms; 86 Hz a row, Nyquist left out
IMAGE_FLOOR_DB = -80.0  # re full scale sine
COMB_FRAME = 2048  # samples, of the frames that are searched for lines
SILENT_POWER = 1e-10  # mean square, -100 dBFS: a quieter frame says nothing about lines


def third_octaves(waves: np.ndarray) -> np.ndarray:
    """[n, T] -> [n, 30] dB re the energy of the sound, at least THIRDS_FLOOR_DB. A band within a bin takes its part."""
    power = np.abs(np.fft.rfft(waves.astype(np.float64))) ** 2
    edges = np.concatenate([CENTRES_HZ, [CENTRES_HZ[-1] * 2 ** (1 / 3)]]) * 2 ** (-1 / 6)
    bins = (np.arange(power.shape[1] + 1) - 0.5) * SAMPLE_RATE / waves.shape[1]
    running = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1)], axis=1)
    place = np.interp(edges, bins, np.arange(len(bins)))
    low = np.floor(place).astype(int)
    at_edges = running[:, low] + (place - low) * (running[:, low + 1] - running[:, low])
    share = np.diff(at_edges, axis=1) / np.maximum(running[:, -1:], 1e-20)
    return np.maximum(10 * np.log10(share + 1e-20), THIRDS_FLOOR_DB)


def stft_image(waves: np.ndarray) -> np.ndarray:
    """[n, T] -> [n, ROWS, COLUMNS] log magnitude in dB re full scale sine, at least IMAGE_FLOOR_DB."""
    window = hann(WINDOW).astype(np.float32)
    missing = (COLUMNS - 1) * HOP + WINDOW - waves.shape[1]
    padded = np.pad(waves.astype(np.float32), ((0, 0), (WINDOW // 2, max(missing - WINDOW // 2, 0))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=1)[:, ::HOP][:, :COLUMNS]
    magnitude = np.abs(np.fft.rfft(frames * window))[..., :ROWS] * (2 / window.sum())
    return np.maximum(20 * np.log10(magnitude + 1e-9), IMAGE_FLOOR_DB).swapaxes(1, 2)


def stft_spectra(waves: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[n, T] -> power spectra of the spectrogram in dB: along time [n, 65], frequency [n, 129], radius [n, 65].

    The mean of each spectrogram is taken out first: it is the level, and says nothing of texture.
    """
    images = stft_image(waves)
    half = np.fft.rfft2(images - images.mean(axis=(1, 2), keepdims=True))  # the other half of the columns is the same
    power = (half.real**2 + half.imag**2) / (ROWS * COLUMNS)
    twice, rings = _rings()
    along_time = power.mean(axis=1)
    along_frequency = (power @ twice / COLUMNS)[:, : ROWS // 2 + 1]
    return _to_db(along_time), _to_db(along_frequency), _to_db(power.reshape(len(power), -1) @ rings)


@lru_cache
def _rings() -> tuple[np.ndarray, np.ndarray]:
    """How often a column of the half plane counts, [65], and the shares of its points in each ring, [256 * 65, 65]."""
    columns = np.arange(COLUMNS // 2 + 1)
    twice = np.where((columns == 0) | (columns == COLUMNS // 2), 1.0, 2.0)
    radius = np.rint(np.hypot(np.abs(np.fft.fftfreq(ROWS))[:, None], columns / COLUMNS) * COLUMNS).astype(int).ravel()
    weight = np.tile(twice, ROWS)
    inside = radius <= COLUMNS // 2
    rings = np.zeros((len(radius), COLUMNS // 2 + 1))
    rings[inside, radius[inside]] = weight[inside] / np.bincount(radius[inside], weight[inside])[radius[inside]]
    return twice.astype(np.float32), rings.astype(np.float32)


def _to_db(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(power + 1e-6)  # -60 dB re one dB^2: below any texture of sound


def comb_lines(waves: np.ndarray) -> np.ndarray:
    """[n, T] -> [n, len(PERIODS)] mean height in dB of the lines at multiples of rate / period over their surroundings.

    Log spectra of frames of 2048 samples, averaged over the frames that sound. `comb_db` of the kick card is the
    largest over the periods too, but of the frames from the onset to the end: it is some tenths of a dB away.
    """
    missing = -waves.shape[1] % COMB_FRAME
    frames = np.pad(waves, ((0, 0), (0, missing))).reshape(len(waves), -1, COMB_FRAME).astype(np.float32)
    level = 10 * np.log10(np.abs(np.fft.rfft(frames * hann(COMB_FRAME).astype(np.float32))) ** 2 + 1e-12)
    sounding = (frames**2).mean(axis=2) > SILENT_POWER
    share = sounding / np.maximum(sounding.sum(axis=1, keepdims=True), 1)
    mean = np.einsum("nf,nfb->nb", share, level)
    low, high = (hz * COMB_FRAME / SAMPLE_RATE for hz in LINES_HZ)
    found = np.empty((len(waves), len(PERIODS)))
    for column, period in enumerate(PERIODS):
        spacing = COMB_FRAME // period
        line = np.arange(-(-low // spacing), high // spacing + 1).astype(int) * spacing
        around = np.mean([mean[:, line + shift] for shift in BESIDE], axis=0)
        found[:, column] = (mean[:, line] - around).mean(axis=1)
    return found


def mean_and_spread(levels: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation [draws, bands] over sounds [n, bands], drawn as counts [draws, n] says."""
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = share @ levels
    return mean, np.sqrt((share @ levels**2 - mean**2).clip(0))


def spectra_apart(
    real: np.ndarray, generated: np.ndarray, real_counts: np.ndarray, generated_counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """[draws], [draws] dB: root mean square over the bands of the difference of the means, and of the spreads."""
    (mean_r, spread_r), (mean_g, spread_g) = (
        mean_and_spread(real, real_counts), mean_and_spread(generated, generated_counts)
    )  # fmt: skip
    return np.sqrt(((mean_g - mean_r) ** 2).mean(axis=1)), np.sqrt(((spread_g - spread_r) ** 2).mean(axis=1))
