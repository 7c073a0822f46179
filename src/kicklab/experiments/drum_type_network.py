"""A small network that tells drums apart: waveform -> 64 numbers that describe it, and a logit a type.

The front end is fixed and part of the graph: levels in 57 log-spaced bands (six an octave, 25 Hz to 18 kHz) every
2.9 ms. Each band is one complex filter, a Hann-windowed sinusoid whose window is as long as its bandwidth asks for: 93
ms for the lows (15 Hz, so that 40 and 60 Hz are two sounds), 2.2 ms for the highs. It reads magnitudes relative to the
loudest cell, so gain and polarity change nothing.

The low bands are filtered at a sixteenth of the rate, behind two decimations by 4: short kernels, a small file.
"""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kickitout.sound import LENGTH, SAMPLE_RATE

BANDS_PER_OCTAVE = 6
LOWEST_HZ, NETWORK_BANDS = 25.0, 57  # up to 25 * 2^(57 / 6) = 18.1 kHz
HOP = 128  # samples between two columns: 2.9 ms
COLUMNS = -(-LENGTH // HOP)  # 173
RANGE_DB = 70.0  # below the loudest cell; what is quieter is silence
LONGEST_MS, SHORTEST_MS = 93.0, 2.2  # of a band's window
STAGES_HZ = (2000.0, 350.0, 0.0)  # lowest band edge that is filtered at the full rate, at a quarter, at a sixteenth
FINE_HOPS = (32, 16, 8)  # samples at the stage's rate between two readings: 0.7, 1.5, 2.9 ms, averaged to HOP
LOWPASS_TAPS = 64  # of a decimation by 4: -60 dB from 0.64 of the new rate on, flat to 0.36
EMBEDDING = 64


def band_edges_hz() -> Tensor:
    """[NETWORK_BANDS + 1] Hz, float64."""
    return LOWEST_HZ * 2 ** (torch.arange(NETWORK_BANDS + 1, dtype=torch.float64) / BANDS_PER_OCTAVE)


class LogBands(nn.Module):
    """Waveforms [B, 22050] -> [B, 1, NETWORK_BANDS, COLUMNS] in [0, 1]: 1 is the loudest cell, 0 is RANGE_DB below."""

    lowpass: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("lowpass", _lowpass(), persistent=False)  # [1, 1, LOWPASS_TAPS]
        edges = band_edges_hz()
        above = math.inf
        for stage, from_hz in enumerate(STAGES_HZ):
            mine = (edges[:-1] >= from_hz) & (edges[:-1] < above)
            kernels = _kernels(edges[:-1][mine], edges[1:][mine], SAMPLE_RATE / 4**stage)
            self.register_buffer(f"kernels_{stage}", kernels, persistent=False)  # [2 bands, 1, taps]
            above = from_hz

    def forward(self, wave: Tensor) -> Tensor:
        x = wave[:, None]  # [B, 1, T]
        powers = []
        for stage in range(len(STAGES_HZ)):
            if stage:
                x = F.conv1d(F.pad(x, (LOWPASS_TAPS // 2 - 2,) * 2), self.lowpass, stride=4)
            powers.append(self._power(x, stage))
        power = torch.cat(powers[::-1], dim=1)  # [B, NETWORK_BANDS, COLUMNS], the lowest first
        loudest = power.amax(dim=(1, 2), keepdim=True).clamp(min=1e-20)
        floor = 10 ** (-RANGE_DB / 10)
        return ((power / loudest + floor).log10() * (10 / RANGE_DB) + 1)[:, None]

    def _power(self, x: Tensor, stage: int) -> Tensor:
        """[B, 1, T / 4^stage] -> [B, bands of the stage, COLUMNS]."""
        kernels: Tensor = getattr(self, f"kernels_{stage}")
        hop, taps = FINE_HOPS[stage], kernels.shape[-1]
        readings = HOP // 4**stage // hop
        # The first window is centred on the middle of the first reading's hop; behind the sound there is silence.
        left = taps // 2 - hop // 2
        right = (COLUMNS * readings - 1) * hop + taps - left - x.shape[-1]
        parts = F.conv1d(F.pad(x, (left, right)), kernels, stride=hop)
        real, imaginary = parts.chunk(2, dim=1)
        power = real.square() + imaginary.square()  # [B, bands, COLUMNS * readings]
        return F.avg_pool1d(power, readings) if readings > 1 else power


def _kernels(low_hz: Tensor, high_hz: Tensor, rate: float) -> Tensor:
    """Complex filters of bands as [2 bands, 1, taps]: real parts, then imaginary ones; a sine of amplitude 1 reads 1.

    A Hann window of N samples has a -3 dB width of 1.44 rate / N: neighbours cross there.
    """
    seconds = (1.44 / (high_hz - low_hz)).clamp(SHORTEST_MS / 1000, LONGEST_MS / 1000)
    half = math.ceil(float(seconds.max()) * rate / 2)
    t = (torch.arange(2 * half, dtype=torch.float64) - half + 0.5) / rate  # s, even about 0
    inside = t[None].abs() / seconds[:, None]
    window = torch.where(inside < 0.5, 0.5 + 0.5 * torch.cos(2 * math.pi * inside), 0.0)
    window = 2 * window / window.sum(dim=1, keepdim=True)
    phase = 2 * math.pi * (low_hz * high_hz).sqrt()[:, None] * t
    return torch.cat([window * phase.cos(), window * phase.sin()]).float()[:, None]


def _lowpass() -> Tensor:
    """The filter before every fourth sample is kept: a Kaiser-windowed sinc, cut off at half of the new rate."""
    n = torch.arange(LOWPASS_TAPS, dtype=torch.float64) - (LOWPASS_TAPS - 1) / 2
    taps = torch.special.sinc(n / 4) * torch.kaiser_window(LOWPASS_TAPS, periodic=False, beta=6.0, dtype=torch.float64)
    return (taps / taps.sum()).float()[None, None]


class DrumTypeNet(nn.Module):
    """Waveforms [B, 22050] -> (embedding [B, EMBEDDING], logits [B, types])."""

    def __init__(self, types: int, widths: tuple[int, ...] = (16, 32, 48, 64), dropout: float = 0.3) -> None:
        super().__init__()
        self.bands = LogBands()
        maps = (1, *widths)
        self.steps = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(a, b, 3, stride=(1, 2) if i == 0 else 2, padding=1, bias=False),
                    nn.BatchNorm2d(b),
                    nn.ReLU(),
                )
                for i, (a, b) in enumerate(itertools.pairwise(maps))
            )
        )
        self.drop = nn.Dropout(dropout)
        self.embed = nn.Linear(3 * widths[-1] * 8, EMBEDDING)
        self.judge = nn.Linear(EMBEDDING, types)

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.describe(self.bands(wave))
        return embedding, self.judge(F.relu(embedding))

    def describe(self, spectrogram: Tensor) -> Tensor:
        """[B, 1, NETWORK_BANDS, COLUMNS] -> [B, EMBEDDING]."""
        x = self.steps(spectrogram)  # [B, 64, 8, 11]
        slots = [x[..., a:b].mean(dim=-1) for a, b in ((0, 2), (2, 5), (5, 11))]  # 0-46, 46-116, 116-500 ms
        return self.embed(self.drop(torch.cat([s.flatten(1) for s in slots], dim=1)))
