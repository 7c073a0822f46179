"""Log-magnitude spectrogram: the classic one of SpecGAN (Donahue et al. 2019, arxiv.org/abs/1802.04208).

Its phase is thrown away and rebuilt, so decoding costs a few transforms and some of the truth.
"""

from typing import Literal

import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from kickitout.representations.base import Representation, RepresentationSettings
from kickitout.representations.griffin_lim import ITERATIONS, GriffinLim
from kickitout.representations.level import LevelScale
from kickitout.representations.stft import Stft, Window, check_grid


class LogMagnitudeConfig(RepresentationSettings):
    """Numbers that define the spectrogram."""

    name: Literal["logmag"] = "logmag"
    n_fft: int = 512  # samples: 11.6 ms, bins of 86 Hz
    hop: int = 173  # samples: 3.9 ms; 128 frames cover a kick
    bins: int = 256  # rows, from DC up; the Nyquist bin is dropped
    frames: int = 128  # columns
    floor_db: float = Field(-80.0, ge=-160, le=-20)  # re full scale sine
    ceiling_db: float = Field(3.0, ge=0, le=40)  # loudest of real kicks: +0.8 dB at n_fft 512
    iterations: int = Field(ITERATIONS, ge=1)  # of Griffin-Lim
    window: Window = "hann"

    @model_validator(mode="after")
    def check(self) -> "LogMagnitudeConfig":
        check_grid(self.n_fft, self.hop, self.frames)
        if not 1 <= self.bins <= self.n_fft // 2 + 1:
            raise ValueError(f"bins={self.bins}: must be 1..{self.n_fft // 2 + 1} for n_fft={self.n_fft}")
        return self


class LogMagnitude(Representation):
    """[B, 22050] <-> [B, 1, bins, frames]; row 0 is DC. Default [B, 1, 256, 128]."""

    exportable = False
    phase = "rebuilt"

    def __init__(self, config: LogMagnitudeConfig) -> None:
        super().__init__()
        self.config: LogMagnitudeConfig = config
        self.stft = Stft(config.n_fft, config.hop, config.frames, config.window)
        self.griffin_lim = GriffinLim(self.stft, config.iterations)
        self.scale = LevelScale(config.floor_db, config.ceiling_db)

    @property
    def representation_shape(self) -> tuple[int, int, int]:
        return 1, self.config.bins, self.config.frames

    def encode(self, wave: Tensor) -> Tensor:
        magnitude = self.stft.magnitude(wave)[..., : self.config.bins]  # [B, N, bins]
        return self.scale.to_representation(magnitude).transpose(1, 2)[:, None]  # [B, 1, bins, N]

    def decode(self, representation: Tensor) -> Tensor:
        magnitude = self.scale.to_magnitude(representation[:, 0].transpose(1, 2))  # [B, N, bins]
        return self.griffin_lim(F.pad(magnitude, (0, self.stft.bins - self.config.bins)).contiguous())
