"""Complex spectrogram with compressed magnitude: two channels that say all about a sound.

A bin X becomes X |X|^(p - 1): its phase as it is, its magnitude to the power p, so that quiet bins are seen too. With
p = 1/3, the default, decoding is c |c|^2: a polynomial, smooth everywhere, and a pixel at 0.05 is 75 dB down.

The representation has n_fft / 2 rows but a frame has one bin more. DC and Nyquist are real, so row 0 holds both: DC in
the first channel and Nyquist in the second. Nothing is lost.
"""

import math
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor

from kickitout.representations.base import Representation, RepresentationSettings
from kickitout.representations.stft import Stft, check_grid

LEAST_POWER = (
    1e-12  # re full scale power, -120 dB; bounds the slope of the power law, which is 10^4 for a silent bin at p = 1/3
)


class ComplexStftConfig(RepresentationSettings):
    """Numbers that define the complex spectrogram."""

    name: Literal["complexstft"] = "complexstft"
    n_fft: int = 512  # samples: 11.6 ms; n_fft / 2 rows
    hop: int = 173  # samples: 3.9 ms
    frames: int = 128  # columns
    power: float = Field(1 / 3, ge=0.2, le=1.0)  # of the magnitude; 1/3 decodes fastest
    ceiling_db: float = Field(3.0, ge=0, le=40)  # magnitude that becomes 1; loudest of real kicks: +0.8 dB

    @model_validator(mode="after")
    def check(self) -> "ComplexStftConfig":
        check_grid(self.n_fft, self.hop, self.frames)
        return self


class ComplexStft(Representation):
    """[B, 22050] <-> [B, 2, n_fft / 2, frames]: real and imaginary parts. Default [B, 2, 256, 128].

    Decoding costs about 34 MFLOP a kick at the default (two products of 256 x 257 numbers with each of 128 frames;
    the rest is below 1 MFLOP): a real inverse Fourier transform splits into a part that is even in time, from the real
    parts, and one that is odd, from the imaginary parts, and half of each says all.
    """

    exportable = True
    phase = "kept"
    cosines: Tensor
    sines: Tensor

    def __init__(self, config: ComplexStftConfig) -> None:
        super().__init__()
        self.config: ComplexStftConfig = config
        self.stft = Stft(config.n_fft, config.hop, config.frames)
        self.top = 10 ** (config.ceiling_db / 20)
        half = config.n_fft // 2
        turns = torch.arange(half)[:, None] * torch.arange(half + 1) % config.n_fft  # whole turns taken off
        angle = turns.double() * (2 * math.pi / config.n_fft)
        cosines, sines = angle.cos(), -angle.sin()
        sines[0] = torch.cos(math.pi * torch.arange(half + 1))  # Nyquist alternates; it belongs to the even part
        level = self.top / self.stft.scale / half  # what `encode` divided by, and the 2 / n_fft of the transform
        self.register_buffer("cosines", (level * cosines).float(), persistent=False)  # [bins, half + 1]
        self.register_buffer("sines", (level * sines).float(), persistent=False)  # [bins, half + 1]

    @property
    def representation_shape(self) -> tuple[int, int, int]:
        return 2, self.config.n_fft // 2, self.config.frames

    def encode(self, wave: Tensor) -> Tensor:
        spectrum = self.stft(wave) / self.top  # [B, N, bins + 1]
        real, imag = spectrum.real, spectrum.imag
        imag = torch.cat([real[..., -1:], imag[..., 1:-1]], -1)  # Nyquist where DC has no imaginary part
        pair = torch.stack([real[..., :-1], imag], 1)  # [B, 2, N, bins]
        square = pair.square().sum(1, keepdim=True) + LEAST_POWER
        return (pair * square ** ((self.config.power - 1) / 2)).transpose(2, 3)  # [B, 2, bins, N]

    def decode(self, representation: Tensor) -> Tensor:
        square = representation.square().sum(1, keepdim=True)  # [B, 1, bins, N]
        grow = (1 / self.config.power - 1) / 2  # 1 at p = 1/3: no power to compute
        pair = representation * (square if abs(grow - 1) < 1e-9 else (square + LEAST_POWER) ** grow)
        real, imag = pair.transpose(2, 3).unbind(1)  # [B, N, bins] each
        even = real @ self.cosines + imag[..., :1] * self.sines[0]  # [B, N, half + 1]
        odd = imag[..., 1:] @ self.sines[1:]  # [B, N, half + 1]; 0 at both ends
        first, second = even + odd, (even - odd)[..., 1:-1].flip(-1)
        return self.stft.unframed(torch.cat([first, second], -1))  # samples 0..half, half + 1..n_fft - 1
