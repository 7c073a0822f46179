"""Waveform <-> short-time spectrum, on a grid of frames that covers exactly one kick.

Waveforms: [B, 22050]. Spectra: complex [B, N, n_fft / 2 + 1], frames before bins as an FFT likes it. The N frames are
laid over the kick so that the same amount of padding stands before and after it; every sample is seen by a frame with
a window that is not small, so the inverse is exact to float32 rounding, at the edges too.

Levels: bins are scaled so that a full scale sine at a bin centre reads 1.0 (0 dB), and full scale DC too.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kickitout.sound import LENGTH

Window = Literal["hann", "kaiser"]  # kaiser: with a beta of 12
SILENCE = 1e-16  # power: -160 dB, far below any floor; bounds the slope of the square root


def check_grid(n_fft: int, hop: int, frames: int) -> None:
    """Raise ValueError, which says what would work, for a grid of frames that cannot be inverted."""
    if n_fft < 64 or n_fft % 4:
        raise ValueError(f"n_fft={n_fft}: must be a multiple of 4, at least 64; 512, 1024 and 2048 work")
    if not 0 < hop <= n_fft // 2:
        raise ValueError(f"hop={hop}: must be 1..{n_fft // 2}, half of n_fft={n_fft} or less")
    span = (frames - 1) * hop + n_fft
    pad, most = span - LENGTH, 2 * (n_fft - n_fft // 8)
    if not 0 <= pad <= most:
        least_hop = max(1, -(-(LENGTH - n_fft) // max(1, frames - 1)))
        most_hop = (LENGTH - n_fft + most) // max(1, frames - 1)
        raise ValueError(
            f"frames={frames} at hop={hop} and n_fft={n_fft} cover {span} samples for a kick of {LENGTH}: "
            f"with {frames} frames a hop of {least_hop}..{most_hop} works, if it is at most {n_fft // 2}"
        )


class Stft(nn.Module):
    """Short-time Fourier transform of a kick, and its least-squares inverse.

    The inverse divides by the sum of squared windows: the waveform whose spectrum is nearest to the given one
    (Griffin & Lim 1984, doi.org/10.1109/TASSP.1984.1164317, equation 6).
    """

    window: Tensor
    dual: Tensor

    def __init__(self, n_fft: int, hop: int, frames: int, window: Window = "hann") -> None:
        super().__init__()
        check_grid(n_fft, hop, frames)
        self.n_fft, self.hop, self.frames, self.bins = n_fft, hop, frames, n_fft // 2 + 1
        self.span = (frames - 1) * hop + n_fft  # samples under all frames together
        self.left = (self.span - LENGTH) // 2  # of them before the kick
        self.pieces = -(-n_fft // hop)  # frames that overlap at a sample, rounded up

        made = (torch.hann_window if window == "hann" else torch.kaiser_window)(n_fft, dtype=torch.float64)
        square_sum = overlap_add((made**2).expand(1, frames, n_fft), hop)[0, self.left : self.left + LENGTH]
        self.register_buffer("window", made.float(), persistent=False)  # [n_fft]
        self.register_buffer("dual", (1 / square_sum).float(), persistent=False)  # [22050]
        self.scale = 2 / float(made.sum())  # a full scale sine reads 1.0

    def frame_start(self, frame: int) -> int:
        """Sample of the kick at which a frame begins; negative where it reaches into the padding."""
        return frame * self.hop - self.left

    def framed(self, wave: Tensor) -> Tensor:
        """[B, 22050] -> windowed frames [B, N, n_fft]."""
        padded = F.pad(wave, (self.left, self.span - LENGTH - self.left))
        return padded.unfold(1, self.n_fft, self.hop) * self.window

    def unframed(self, frames: Tensor) -> Tensor:
        """Frames [B, N, n_fft], not yet windowed -> [B, 22050]: the exact inverse of `framed` and its window."""
        return overlap_add(frames * self.window, self.hop)[:, self.left : self.left + LENGTH] * self.dual

    def forward(self, wave: Tensor) -> Tensor:
        """[B, 22050] -> complex [B, N, n_fft / 2 + 1]; 1.0 is a full scale sine."""
        return halve_edges(torch.fft.rfft(self.framed(wave * self.scale)))

    def power(self, wave: Tensor) -> Tensor:
        """[B, 22050] -> |spectrum|^2 [B, N, n_fft / 2 + 1]; smooth at silence, which a magnitude is not."""
        spectrum = self(wave)
        return spectrum.real.square() + spectrum.imag.square()

    def magnitude(self, wave: Tensor) -> Tensor:
        """[B, 22050] -> |spectrum| [B, N, n_fft / 2 + 1], with a gradient of 0 at silence."""
        return (self.power(wave) + SILENCE).sqrt() - SILENCE**0.5

    def inverse(self, spectrum: Tensor) -> Tensor:
        """Complex [B, N, n_fft / 2 + 1] -> [B, 22050]."""
        return self.unframed(torch.fft.irfft(double_edges(spectrum), self.n_fft)) / self.scale


def overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Frames [B, N, n_fft], each `hop` samples after the one before -> their sum [B, at least (N - 1) hop + n_fft].

    Each frame is cut into pieces of `hop` samples, and piece p of frame n is added to slot n + p: a few shifted sums
    instead of a scatter, which also exports to ONNX as nothing but padding and adding.
    """
    batch, count, n_fft = frames.shape
    pieces = -(-n_fft // hop)
    last, slots = pieces - 1, count + pieces - 1
    padded = F.pad(frames, (0, pieces * hop - n_fft, last, last))  # [B, N + 2 (pieces - 1), pieces * hop]
    total = padded[:, last : last + slots, :hop]  # [B, slots, hop]
    for p in range(1, pieces):
        total = total + padded[:, last - p : last - p + slots, p * hop : (p + 1) * hop]
    return total.reshape(batch, slots * hop)


def edge_weights(bins: int, edge: float, like: Tensor) -> Tensor:
    """[bins]: `edge` at DC and Nyquist, which have no mirror image, and 1 elsewhere."""
    weights = torch.ones(bins, dtype=like.real.dtype, device=like.device)
    weights[0] = weights[-1] = edge
    return weights


def halve_edges(spectrum: Tensor) -> Tensor:
    """One-sided scaling: DC and Nyquist hold all of their component, other bins half of it."""
    return spectrum * edge_weights(spectrum.shape[-1], 0.5, spectrum)


def double_edges(spectrum: Tensor) -> Tensor:
    """Undoes `halve_edges`."""
    return spectrum * edge_weights(spectrum.shape[-1], 2.0, spectrum)
