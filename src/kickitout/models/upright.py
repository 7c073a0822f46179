"""One polarity for all kicks, inside the graph: each begins with a positive half wave, as prepared kicks do.

The rule is that of `audio.prepare.polarity`: the sign of the first half wave of the body that reaches STRONG of the
body's peak, where the body is the wave through a Gaussian low-pass. Here the low-pass runs over means of STEP samples,
which see the peak of a half wave up to 0.5 % too low, so the two agree but for kicks that lie as near to a tie: of
1000 seeds of the first default 5 do not, where 175 began downwards. A tie is where a half wave reaches almost exactly
STRONG. Within rounding of one (1e-5 of the peak) lie about 4 of 100,000 kicks, which two processors may turn
differently; on one processor a sound is the same alone and in a batch, as the sign is of its samples, which are. Drive
comes behind it: how hard a kick is driven does not turn it over.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.audio.prepare import PULSE_HZ, STRONG
from kickitout.sound import LENGTH, SAMPLE_RATE

STEP = 7  # samples: it divides LENGTH; 5 cost twice the time, and see 0.3 % instead of 0.5 %
REACH = 4.5  # standard deviations: what is cut off is below float32


class Upright(nn.Module):
    """Waveforms [B, C, T] -> the same, turned over as a whole where their mean of the channels begins downwards."""

    kernel: Tensor
    ramp: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", body_kernel(), persistent=False)  # [1, 1, K]
        self.register_buffer("ramp", torch.linspace(2.0, 1.0, LENGTH // STEP), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        return wave * self.sign(wave)

    def sign(self, wave: Tensor) -> Tensor:
        """[B, C, T] -> [B, 1, 1], 1.0 or -1.0; 1.0 for silence."""
        mid = wave.mean(dim=1).unflatten(1, (-1, STEP)).mean(dim=2)  # [B, T / STEP]
        body = F.conv1d(mid[:, None], self.kernel, padding=self.kernel.shape[2] // 2)[:, 0]
        strong = (body.abs() >= STRONG * body.abs().amax(dim=1, keepdim=True)).to(body.dtype)
        first = (strong * self.ramp).argmax(dim=1, keepdim=True)  # the ramp falls, so the first of the strong is alone
        down = (body.gather(1, first) < 0).to(wave.dtype)
        return (1.0 - 2.0 * down)[:, :, None]


def body_kernel() -> Tensor:
    """[1, 1, K]: the Gaussian low-pass of `audio.prepare.polarity` in steps of STEP samples; its sum is 1."""
    deviation = math.sqrt(math.log(2)) / (2 * math.pi * PULSE_HZ) * SAMPLE_RATE / STEP  # of its response, in steps
    half = math.ceil(REACH * deviation)
    kernel = torch.exp(-0.5 * (torch.arange(-half, half + 1, dtype=torch.float64) / deviation) ** 2)
    return (kernel / kernel.sum()).to(torch.float32)[None, None]
