"""What phase reconstruction usually costs: plain Griffin-Lim over one file in NumPy, and the race against it.

`griffin_lim_benchmark` times both on the same magnitudes, in turns, so that a busy machine slows both alike.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kickitout.representations.griffin_lim import ITERATIONS, GriffinLim
from kickitout.representations.stft import Stft, double_edges
from kickitout.sound import LENGTH

KICKS_A_TURN = 4  # kicks in a turn of the race
QUIETEST_BIN = 1e-4  # -80 dB re full scale sine: quieter bins do not count in the log-spectral distance


def reference_griffin_lim(
    magnitude: NDArray[np.float32], hop: int, left: int, iterations: int = 100, seed: int | None = 0
) -> NDArray[np.float32]:
    """Plain Griffin-Lim (1984, doi.org/10.1109/TASSP.1984.1164317) on |FFT| [N, n_fft / 2 + 1] -> waveform [22050].

    Starts from random phases, or from zero phase where seed is None. Arithmetic is in single precision,
    the transforms of all frames are one call, the spectrum is normalised without a detour over angles.
    """
    frames, n_fft = len(magnitude), 2 * (magnitude.shape[1] - 1)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
    starts = range(0, frames * hop, hop)
    span = (frames - 1) * hop + n_fft

    def overlap_add(pieces: NDArray[np.float32]) -> NDArray[np.float32]:
        total = np.zeros(span, np.float32)
        for start, piece in zip(starts, pieces, strict=True):
            total[start : start + n_fft] += piece
        return total

    inside = slice(left, left + LENGTH)
    weight = np.zeros(span, np.float32)  # 0 outside of the kick: what falls there is dropped
    weight[inside] = 1 / overlap_add(np.broadcast_to(window**2, (frames, n_fft)).copy())[inside]

    def synthesis(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
        return overlap_add(np.fft.irfft(spectrum, n_fft).astype(np.float32, copy=False) * window) * weight

    phasor = np.ones(magnitude.shape, np.complex64)
    if seed is not None:
        angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, magnitude.shape)
        phasor[:] = np.exp(1j * angle)
    silence = np.float32(1e-10)
    for _ in range(iterations):
        padded = synthesis(magnitude * phasor)
        seen = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
        spectrum = np.fft.rfft(seen * window).astype(np.complex64, copy=False)
        np.divide(spectrum, np.maximum(np.abs(spectrum), silence), out=phasor)
    return synthesis(magnitude * phasor)[inside]


def magnitude_distance(stft: Stft, wave: Tensor, magnitude: Tensor) -> Tensor:
    """RMS over all bins of the difference in dB between a waveform's spectrum and the wanted one. -> [B].

    Both are raised by QUIETEST_BIN first, so that bins below -80 dB agree with each other whatever they hold.
    """
    ratio = (stft(wave).abs() + QUIETEST_BIN) / (magnitude + QUIETEST_BIN)
    return (20 * ratio.log10()).square().mean((1, 2)).sqrt()


def spectral_convergence(stft: Stft, wave: Tensor, magnitude: Tensor) -> Tensor:
    """Length of the error of |spectrum| over the length of the wanted one, in dB. -> [B]."""
    error = (stft(wave).abs() - magnitude).flatten(1).norm(dim=1)
    return 20 * (error / magnitude.flatten(1).norm(dim=1)).log10()


@dataclass(frozen=True)
class GriffinLimBenchmark:
    """Two ways from magnitude to waveform. Times: medians over kicks, one thread as torch is set; errors: means."""

    kicks: int
    iterations: int
    reference_iterations: int
    ms: float  # a kick
    reference_ms: float
    lsd_db: float
    reference_lsd_db: float
    convergence_db: float
    reference_convergence_db: float

    @property
    def ratio(self) -> float:
        """How many times faster."""
        return self.reference_ms / self.ms


def griffin_lim_benchmark(
    waves: Tensor,
    n_fft: int = 512,
    hop: int = 173,
    frames: int = 128,
    iterations: int = ITERATIONS,
    reference_iterations: int = 100,
    seed: int | None = 0,
) -> GriffinLimBenchmark:
    """Races both over the magnitudes of `waves` [B, 22050], a group of kicks each in turns."""
    stft = Stft(n_fft, hop, frames)
    ours = GriffinLim(stft, iterations)
    with torch.no_grad():
        magnitude = stft(waves).abs()  # [B, N, bins]
        ours(magnitude[:KICKS_A_TURN])  # warm up: plans of the FFT, memory
        times, reference_times, made, reference_made = [], [], [], []
        for group in magnitude.split(KICKS_A_TURN):
            start = time.perf_counter()
            made.append(ours(group))
            times.append((time.perf_counter() - start) / len(group))
            for raw in (double_edges(group) / stft.scale).numpy():
                start = time.perf_counter()
                array = reference_griffin_lim(raw, hop, stft.left, reference_iterations, seed)
                reference_times.append(time.perf_counter() - start)
                reference_made.append(torch.from_numpy(array))
        wave, reference = torch.cat(made), torch.stack(reference_made)
        return GriffinLimBenchmark(
            kicks=len(waves),
            iterations=iterations,
            reference_iterations=reference_iterations,
            ms=1e3 * float(np.median(times)),
            reference_ms=1e3 * float(np.median(reference_times)),
            lsd_db=float(magnitude_distance(stft, wave, magnitude).mean()),
            reference_lsd_db=float(magnitude_distance(stft, reference, magnitude).mean()),
            convergence_db=float(spectral_convergence(stft, wave, magnitude).mean()),
            reference_convergence_db=float(spectral_convergence(stft, reference, magnitude).mean()),
        )
