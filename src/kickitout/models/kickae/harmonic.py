"""The harmonic part of a kick as an oscillator: partials that follow one contour of pitch, in the lowest sub-band.

A network that draws the wave of a kick learns every period of it; one that says how loud each partial is learns curves
that are smooth (Engel et al. 2020, arxiv.org/abs/2001.04643, without their reverberation and noise). The pitch is no
output of a network at all: it is part of the latent (`kickitout.descriptors.contour`), so a note is met exactly.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.descriptors.contour import PLAIN_HZ, RANGE_HZ, SIZE, SPEEDS
from kickitout.representations.pqmf import LEFT
from kickitout.sound import ONSET, SAMPLE_RATE

BAND_HZ = SAMPLE_RATE / 32  # where the lowest of 16 sub-bands ends
FADE_HZ = 150.0  # below that edge, over which a partial goes silent
FRAME = 16  # samples a frame of a sub-band
FURTHEST_CODE = 4.0  # deviations, of a contour from the mean of the dataset
TURN_HZ = 60.0  # the control `balance` turns around it


def frame_seconds(frames: int) -> Tensor:
    """[frames]: when each frame of a sub-band is, in seconds after the onset."""
    return (torch.arange(frames) * FRAME - LEFT - ONSET) / SAMPLE_RATE


class Harmonic(nn.Module):
    """Contour and partials' amplitudes -> what sounds in the lowest sub-band."""

    seconds: Tensor  # [L]
    speeds: Tensor  # [8, 1]
    middle: Tensor  # [SIZE]: the mean of the dataset's contours
    spread: Tensor  # [SIZE, SIZE]: contour = middle + code @ spread, so that a code has deviation 1
    inverse: Tensor

    def __init__(self, frames: int) -> None:
        super().__init__()
        level = torch.zeros(SIZE)
        level[0] = math.log2(PLAIN_HZ)
        seconds = frame_seconds(frames)
        self.begun = int((seconds < 0).sum())  # the first frame after the onset
        self.register_buffer("seconds", seconds, persistent=False)
        self.register_buffer("speeds", torch.tensor(SPEEDS, dtype=torch.float32)[:, None], persistent=False)
        self.register_buffer("middle", level)
        self.register_buffer("spread", torch.eye(SIZE))
        self.register_buffer("inverse", torch.eye(SIZE))  # of spread

    def fit(self, contours: Tensor) -> None:
        """Take the scale of the codes from contours [n, SIZE]."""
        x = contours.double()
        self.middle.copy_(x.mean(dim=0))
        covariance = torch.cov(x.T) + 1e-4 * torch.eye(SIZE, dtype=torch.float64)
        values, axes = torch.linalg.eigh(covariance)
        self.spread.copy_((axes * values.sqrt()).T)
        self.settle()

    def settle(self) -> None:
        """What follows from middle and spread, once those are set."""
        self.inverse.copy_(torch.linalg.inv(self.spread.double()))

    def codes(self, contours: Tensor) -> Tensor:
        """[n, SIZE] -> [n, SIZE], within FURTHEST_CODE deviations."""
        return ((contours - self.middle) @ self.inverse).clamp(-FURTHEST_CODE, FURTHEST_CODE)

    def pitch(self, code: Tensor, semitones: Tensor, depth: Tensor, time: Tensor) -> Tensor:
        """[B, SIZE], controls [B, 1] each -> log2 of the frequency in Hz, [B, L]."""
        numbers = self.middle + code @ self.spread
        since = self.seconds.clamp(min=0) / (self.speeds * torch.exp2(time)[:, :, None])  # [B, 8, L]
        fall = _added(numbers[:, 1:], torch.exp(-since))
        pitch = numbers[:, :1] + fall * torch.exp2(depth)
        return (pitch + semitones / 12).clamp(math.log2(RANGE_HZ[0]), math.log2(BAND_HZ))

    def forward(self, pitch: Tensor, ratio: Tensor, cosine: Tensor, sine: Tensor, balance: Tensor) -> Tensor:
        """log2 Hz [B, L], partials re the pitch [B, P], their amplitudes [B, P, L] twice, control [B, 1] -> [B, L]."""
        hz = torch.exp2(pitch)
        # Summed in double precision: in single, two runtimes are 1e-3 of a turn apart after a few hundred turns.
        exact = _exact(hz)
        turns = torch.cumsum(hz.to(exact), dim=1) * (FRAME / SAMPLE_RATE)
        turns = turns - turns[:, self.begun : self.begun + 1]
        partial = hz[:, None] * ratio[:, :, None]  # [B, P, L]
        there = ((BAND_HZ - partial) / FADE_HZ).clamp(0, 1)
        twice = (
            2 * (math.log2(TURN_HZ) - torch.log2(ratio))[:, :, None] - 2 * pitch[:, None]
        )  # the octaves below TURN_HZ
        side = torch.tanh(twice)  # 1 for partials below, -1 above
        gain = there * torch.exp(balance[:, :, None] * (math.log(10) / 40) * side)
        turned = turns[:, None] * ratio[:, :, None].to(exact)
        angle = (2 * math.pi) * (turned - torch.floor(turned)).to(hz.dtype)
        waves = (cosine * torch.cos(angle) + sine * torch.sin(angle)) * gain
        return _added(waves.new_ones(1, waves.shape[1]), waves)


def _added(weights: Tensor, rows: Tensor) -> Tensor:
    """[B or 1, n], [B, n, L] -> the sum of the rows, each times its weight, [B, L].

    A product and no sum: ONNX Runtime would add up in another order for one kick than for several, and a kick is to be
    the same samples alone and among others. In double precision, which autocast leaves alone.
    """
    exact = _exact(rows)
    return (weights[:, None].to(exact) @ rows.to(exact))[:, 0].to(rows.dtype)


def _exact(x: Tensor) -> torch.dtype:
    return torch.float32 if x.device.type == "mps" else torch.float64


def stretched(curve: Tensor, times: int) -> Tensor:
    """[B, C, L] -> [B, C, times L], straight lines between the points, each in the middle of its `times` new ones.

    As torch's linear interpolation, which a graph can only say with tables of places to gather from.
    """
    channels = curve.shape[1]
    offsets = (torch.arange(times, dtype=curve.dtype, device=curve.device) + 0.5) / times - 0.5
    # What each new point takes of the point before, of its own and of the next: [times, 3], for every channel.
    shares = torch.stack([(-offsets).clamp(min=0), 1 - offsets.abs(), offsets.clamp(min=0)], dim=1)
    around = F.pad(curve, (1, 1), mode="replicate")
    found = F.conv1d(around, shares[:, None].repeat(channels, 1, 1), groups=channels)  # [B, C times, L]
    return found.unflatten(1, (channels, times)).transpose(2, 3).flatten(2)
