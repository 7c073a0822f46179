"""A kick and a few numbers -> the samples of one sound of the kit, the same ones whenever it is asked again.

In this order: turned over, resampled (pitch and length change together, as on a turntable), filtered, levelled. The
onset stays at sample ONSET. The filter is of minimum phase: nothing sounds before the onset, and as its gain never
jumps, neither does the phase of the body. It is made from its gain by the real cepstrum (Oppenheim & Schafer 1975).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kickitout.audio import resample
from kickitout.sound import ONSET, SAMPLE_RATE

TILT_HZ = 60.0  # from here on a tilt counts: near the lowest partial of a kick, below its harmonics
CLICK_HZ = 2000.0  # half of a shelf's dB is reached here: the kick card's click begins at 2 kHz
MOST_CENTS = 3600.0  # a kit moves a kick by two octaves, and by what its tuning takes to get there
LEAST_FFT = 32_768  # samples: the filter rings for 10 ms, so nothing wraps around


@dataclass(frozen=True)
class Shape:
    """What makes a sound of the kit from its kick. tilt_db: dB an octave above TILT_HZ; click_db: above CLICK_HZ."""

    inverted: bool = False
    cents: float = 0.0
    tilt_db: float = 0.0
    click_db: float = 0.0
    gain_db: float = 0.0


def shape(wave: np.ndarray, by: Shape) -> np.ndarray:
    """wave [C, T], onset at ONSET -> float32 [C, T'] with the onset at ONSET."""
    x = varispeed(-wave if by.inverted else wave, by.cents)
    x = colour(x, by.tilt_db, by.click_db)
    return x * np.float32(10 ** (by.gain_db / 20))


def varispeed(wave: np.ndarray, cents: float) -> np.ndarray:
    """[C, T] moved by `cents`: float32 [C, T / ratio]. The ratio is exact to a rate of 1 Hz, 0.04 cents.

    Raises ValueError beyond MOST_CENTS: samples would have no end.
    """
    if not abs(cents) <= MOST_CENTS:  # NaN as well
        raise ValueError(f"{cents} cents; up to {MOST_CENTS:.0f} work")
    rate = round(SAMPLE_RATE * 2 ** (-cents / 1200))
    if rate == SAMPLE_RATE:
        return np.ascontiguousarray(wave, dtype=np.float32)
    x = resample(np.ascontiguousarray(wave.T), SAMPLE_RATE, rate).T
    early = round(ONSET * rate / SAMPLE_RATE) - ONSET  # samples by which the onset now comes too late
    x = x[:, early:] if early >= 0 else np.pad(x, ((0, 0), (-early, 0)))
    return np.ascontiguousarray(x)


def colour(wave: np.ndarray, tilt_db: float, click_db: float) -> np.ndarray:
    """[C, T] with its spectrum tilted above TILT_HZ and its click raised: float32 [C, T]."""
    if tilt_db == 0 and click_db == 0:
        return wave
    size = max(LEAST_FFT, 1 << (wave.shape[1] + LEAST_FFT // 4).bit_length())
    spectrum = np.fft.rfft(wave.astype(np.float64), size) * _shelf_and_tilt(size, tilt_db, click_db)
    return np.fft.irfft(spectrum, size)[:, : wave.shape[1]].astype(np.float32)


def gain_db(hz: np.ndarray, tilt_db: float, click_db: float) -> np.ndarray:
    """The filter's gain at each frequency.

    >>> [round(float(g), 1) for g in gain_db(np.array([15.0, 60.0, 1920.0]), -3.0, 0.0)]  # 5 octaves above TILT_HZ
    [-0.1, -1.5, -15.0]
    """
    tilt = tilt_db * 0.5 * np.log2(1 + (hz / TILT_HZ) ** 2)
    return tilt + click_db * hz**2 / (hz**2 + CLICK_HZ**2)


@lru_cache(maxsize=16)
def _shelf_and_tilt(size: int, tilt_db: float, click_db: float) -> np.ndarray:
    """Complex gain [size / 2 + 1]."""
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    cepstrum = np.fft.irfft(np.log(10) / 20 * gain_db(hz, tilt_db, click_db), size)
    cepstrum[1 : size // 2] *= 2  # what lies before time 0 is folded behind it
    cepstrum[size // 2 + 1 :] = 0
    return np.exp(np.fft.rfft(cepstrum))
