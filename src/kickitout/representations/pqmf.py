"""Sixteen sub-bands, critically sampled: a kick becomes 16 short signals, and its body fits into one of them.

A cosine-modulated filter bank with nearly perfect reconstruction (Nguyen 1994, doi.org/10.1109/78.258122). Band k is
the prototype lowpass p, moved to (2k + 1) pi / 2M:

    h_k[n] = 2 p[n] cos((2k + 1) pi / 2M (n - (L - 1) / 2) + (-1)^k pi / 4),   n = 0..L - 1

Synthesis runs the analysis filters backwards in time, so decode is the transpose of encode and nothing is delayed.
Bands overlap with their neighbours only; there the phase terms cancel the alias, and what remains is as small as the
stop band.
"""

from functools import lru_cache
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import model_validator
from torch import Tensor

from kickitout.representations.base import Representation, RepresentationSettings
from kickitout.sound import LENGTH

FRAMED_LENGTH = 22_528  # samples: 1408 frames of 16, and 1408 = 11 * 128 is friendly to doublings
LEFT = 240  # samples before the kick: the onset (sample 64) is at frame 19 of 16 samples
DESIGN_ROUNDS = 40  # of Newton's method; it settles in about 20
# The body of a kick stands 12 dB above full scale in band 0 (16 samples become one, of the same energy); clicks fall by
# 2-3 dB a band. Rounded so that in each band the peaks of 95 % of 88 drum machine kicks stay below 0.7 (below 0.9 in
# band 0): 3 dB are left for kicks with more click than those.
BAND_GAIN_DB = (-13.0, -7.0, -4.0, -1.0, 1.0, 4.0, 6.0, 7.0, 9.0, 12.0, 14.0, 15.0, 17.0, 19.0, 21.0, 23.0)


class SubBandsConfig(RepresentationSettings):
    """Numbers that define the filter bank."""

    name: Literal["pqmf"] = "pqmf"
    bands: Literal[16] = 16  # of 1378 Hz
    taps: Literal[352, 384, 416] = 416  # samples: 9.4 ms; stop band -103 dB (-85 with the shorter ones)
    band_gain_db: tuple[float, ...] = BAND_GAIN_DB  # applied by encode, taken off by decode

    @model_validator(mode="after")
    def check(self) -> "SubBandsConfig":
        if len(self.band_gain_db) != self.bands:
            raise ValueError(f"band_gain_db has {len(self.band_gain_db)} numbers: must have {self.bands}, one a band")
        return self


class SubBands(Representation):
    """[B, 22050] <-> [B, 16, 1, 1408]: bands as channels, from the lowest; 2756 frames a second.

    Waveforms are cut into blocks of 16 samples, which stand as channels beside the 16 bands: so a stride of 16 is none,
    and a transposed convolution a plain one. The cosines of a synthesis filter change their sign every 2M samples and
    are the same otherwise, so decoding is a product with 2M of them and a short filter for each (Vaidyanathan 1993,
    Multirate Systems and Filter Banks, section 8.5): 4 MFLOP a kick, where all filters written out take 19. Those short
    filters are a two-dimensional convolution over one row, at which ONNX Runtime is faster: a whole kick took 8 % less.
    """

    exportable = True
    phase = "kept"
    analysis: Tensor
    cosines: Tensor
    window: Tensor

    def __init__(self, config: SubBandsConfig) -> None:
        super().__init__()
        self.config: SubBandsConfig = config
        filters = torch.from_numpy(filter_bank(config.bands, config.taps))
        gain = 10 ** (torch.tensor(config.band_gain_db, dtype=torch.float64) / 20)[:, None]
        blocks = filters.unflatten(1, (-1, config.bands)).transpose(1, 2)  # [band, sample of 16, tap of 26]
        cosines = torch.from_numpy(modulation(config.bands, config.taps)[:, : 2 * config.bands])
        turns = torch.from_numpy(prototype(config.bands, config.taps)).unflatten(0, (-1, 2 * config.bands))  # [13, 32]
        signed = turns * (-1.0) ** torch.arange(len(turns))[:, None]
        self.register_buffer("analysis", (blocks * gain[:, :, None]).float().contiguous(), persistent=False)
        self.register_buffer("cosines", (cosines / gain).T.float().contiguous(), persistent=False)  # [32, band]
        window = signed.flip(0).T[:, None, None].float().contiguous()
        self.register_buffer("window", window, persistent=False)  # [32, 1, 1, 13]

    @property
    def representation_shape(self) -> tuple[int, int, int]:
        return self.config.bands, 1, FRAMED_LENGTH // self.config.bands

    def encode(self, wave: Tensor) -> Tensor:
        return F.conv1d(self.framed(wave).transpose(1, 2), self.analysis)[:, :, None]  # [B, 16, 1, 1408]

    @property
    def around(self) -> int:
        """Samples by which half of a filter stands out before its frame, and behind."""
        return (self.config.taps - self.config.bands) // 2

    def framed(self, wave: Tensor) -> Tensor:
        """[B, 22050] -> [B, 1408 + taps / 16 - 1, 16]: all that the filters reach, in frames."""
        padded = F.pad(wave, (LEFT + self.around, FRAMED_LENGTH - LENGTH - LEFT + self.around))
        return padded.unflatten(1, (-1, self.config.bands))

    def within(self, frames: Tensor) -> Tensor:
        """The reverse of `framed`."""
        return frames.flatten(1)[:, LEFT + self.around : LEFT + self.around + LENGTH]

    def decode(self, representation: Tensor) -> Tensor:
        if representation.requires_grad and not torch.onnx.is_in_onnx_export():
            return _Decoding.apply(representation, self)
        return self._synthesised(representation)

    def _synthesised(self, representation: Tensor) -> Tensor:
        bands = self.config.bands
        turned = torch.matmul(self.cosines, representation.squeeze(2))[:, :, None]  # [B, 32, 1, 1408]
        edge = self.config.taps // bands - 1
        parts = F.conv2d(F.pad(turned, (edge, edge)), self.window, groups=2 * bands, dilation=(1, 2))[:, :, 0]
        blocks = parts[:, :bands, 1:] + parts[:, bands:, :-1]  # [B, 16, 1408 + 25]
        return self.within(blocks.transpose(1, 2))

    def known_frames(self, known: Tensor) -> Tensor:
        """Frames [B] that depend on the first `known` samples [B] of a waveform alone."""
        return (known + LEFT + self.around - self.config.taps) // self.config.bands + 1


class _Decoding(torch.autograd.Function):
    """`SubBands.decode` for training: the values of a frame lie side by side in memory, which takes half the time here.

    Its gradient is its transpose, the analysis without its gains; PyTorch's own of these filters takes many times as
    long.
    """

    @staticmethod
    def forward(ctx: Any, representation: Tensor, bands: SubBands) -> Tensor:
        ctx.bands, m = bands, bands.config.bands
        edge = bands.config.taps // m - 1
        turned = torch.matmul(representation.squeeze(2).transpose(1, 2), bands.cosines.T)  # [B, 1408, 32]
        parts = _windowed(F.pad(turned, (0, 0, edge, edge)), bands.window)
        return bands.within(parts[:, 1:, :m] + parts[:, :-1, m:])

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        bands: SubBands = ctx.bands
        frames = bands.framed(slope)
        turned = _windowed(torch.cat([frames[:, :-1], frames[:, 1:]], dim=2), bands.window.flip(3))  # [B, 1408, 32]
        return torch.matmul(turned, bands.cosines).transpose(1, 2)[:, :, None], None


def _windowed(frames: Tensor, window: Tensor) -> Tensor:
    """[B, L, 32] -> [B, L - 24, 32]: each column filtered by its row of window [32, 1, 1, 13], every second frame."""
    columns = frames.transpose(1, 2)[:, :, None]
    return F.conv2d(columns, window, groups=len(window), dilation=(1, 2))[:, :, 0].transpose(1, 2)


@lru_cache
def filter_bank(bands: int, taps: int) -> NDArray[np.float64]:
    """The analysis filters [bands, taps], of unit energy: white noise has the same level in a band as before."""
    return prototype(bands, taps) * modulation(bands, taps)


def modulation(bands: int, taps: int) -> NDArray[np.float64]:
    """What turns the prototype into the analysis filters: [bands, taps]. Every 2M samples only the sign changes."""
    n = np.arange(taps) - (taps - 1) / 2
    k = np.arange(bands)[:, None]
    return 2 * np.sqrt(bands) * np.cos((2 * k + 1) * np.pi / (2 * bands) * n + (-1.0) ** k * np.pi / 4)


def prototype(bands: int, taps: int) -> NDArray[np.float64]:
    """The symmetric lowpass of which all bands are made: [taps], cut-off pi / 2M, stop band from pi / M.

    Least energy in the stop band under the condition that p convolved with itself is zero at every multiple of 2M
    samples from its centre, which makes the bands' powers add up to a constant: the quadratic-constrained least
    squares of Nguyen (1994). Solved by Newton's method from a Kaiser-windowed sinc (Lin & Vaidyanathan 1998,
    doi.org/10.1109/97.681427). That start alone leaves a ripple of 60 dB down, this one none. Takes about 30 ms.
    """
    half = taps // 2
    n = np.arange(half) + 0.5  # the right half; p is even about its centre
    edge = np.pi / bands

    # Stop-band energy of P(w) = 2 sum p[n] cos(w n) as a quadratic form, integrated in closed form over edge..pi.
    def integral(lag: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(lag == 0, np.pi - edge, -np.sin(edge * lag) / np.where(lag == 0, 1, lag))

    energy = 2 * (integral(n[:, None] - n) + integral(n[:, None] + n))
    inverse = np.linalg.inv(energy + 1e-10 * np.eye(half))  # the smallest eigenvalues are rounding errors

    kaiser = np.kaiser(taps, 0.1102 * (100 - 8.7))[half:]  # 100 dB
    right = kaiser * np.sinc(1.08 / (2 * bands) * n) * 1.08 / (2 * bands)
    right /= np.sqrt(2 * bands * 2 * (right @ right))
    lags = np.arange(0, taps, 2 * bands)
    wanted = np.where(lags == 0, 1 / (2 * bands), 0.0)
    for _ in range(DESIGN_ROUNDS):
        whole = np.concatenate([right[::-1], right])
        padded = np.pad(whole, taps)
        seen = np.array([whole[: taps - lag] @ whole[lag:] for lag in lags])
        slope = np.stack([padded[taps + lag : 2 * taps + lag] + padded[taps - lag : 2 * taps - lag] for lag in lags])
        slope = slope[:, half:] + slope[:, :half][:, ::-1]  # by the right half alone
        multipliers = np.linalg.solve(slope @ inverse @ slope.T, wanted - seen + slope @ right)
        right = inverse @ slope.T @ multipliers
    return np.concatenate([right[::-1], right])
