"""Log-mel spectrogram: small, with rows as the ear counts them, fine in the sub and coarse in the air."""

from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor

from kickitout.representations.base import Representation, RepresentationSettings
from kickitout.representations.griffin_lim import ITERATIONS, GriffinLim
from kickitout.representations.level import LevelScale
from kickitout.representations.stft import Stft, check_grid
from kickitout.sound import SAMPLE_RATE

SOLVER_ROUNDS = 8  # multiplicative updates from mel to linear bins
TINY = 1e-12  # -120 dB as power: keeps quotients finite


class LogMelConfig(RepresentationSettings):
    """Numbers that define the mel spectrogram."""

    name: Literal["mel"] = "mel"
    n_fft: int = 2048  # samples: 46 ms, bins of 21.5 Hz, about as fine as the lowest mel bands
    hop: int = 173  # samples: 3.9 ms
    mels: int = Field(128, ge=8)  # rows
    frames: int = 128  # columns
    low_hz: float = Field(20.0, ge=0)
    high_hz: float = Field(20_000.0, le=SAMPLE_RATE / 2)
    floor_db: float = Field(-80.0, ge=-160, le=-20)  # re full scale sine
    ceiling_db: float = Field(6.0, ge=0, le=40)  # a band sums the three bins of a sine: +1.8 dB
    iterations: int = Field(ITERATIONS, ge=1)  # of Griffin-Lim

    @model_validator(mode="after")
    def check(self) -> "LogMelConfig":
        check_grid(self.n_fft, self.hop, self.frames)
        if self.high_hz <= self.low_hz:
            raise ValueError(f"high_hz={self.high_hz}: must be above low_hz={self.low_hz}")
        empty = int((mel_filters(self.n_fft, self.mels, self.low_hz, self.high_hz).sum(1) == 0).sum())
        if empty:
            raise ValueError(
                f"mels={self.mels} at n_fft={self.n_fft}: {empty} bands fall between two bins; "
                f"mels={self.mels // 2} or n_fft={self.n_fft * 2} works better"
            )
        return self


def hz_to_mel(hz: Tensor) -> Tensor:
    """Frequency to mel by the formula of HTK: 2595 log10(1 + f / 700)."""
    return 2595 * torch.log10(1 + hz / 700)


def mel_to_hz(mel: Tensor) -> Tensor:
    """Inverse of `hz_to_mel`."""
    return 700 * (10 ** (mel / 2595) - 1)


def mel_filters(n_fft: int, mels: int, low_hz: float, high_hz: float) -> Tensor:
    """Triangles of height 1, evenly spaced on the HTK mel scale, each falling to 0 at its neighbours' peaks.

    Returns [mels, n_fft / 2 + 1], to be applied to power. Height 1 (not area 1) keeps the level of a tone readable.
    """
    edges = hz_to_mel(torch.tensor([low_hz, high_hz], dtype=torch.float64))
    corners = mel_to_hz(torch.linspace(float(edges[0]), float(edges[1]), mels + 2, dtype=torch.float64))
    left, peak, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]  # [mels, 1]
    hz = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * SAMPLE_RATE / n_fft  # [bins]
    rise, fall = (hz - left) / (peak - left), (right - hz) / (right - peak)
    return torch.minimum(rise, fall).clamp(min=0).float()


class LogMel(Representation):
    """[B, 22050] <-> [B, 1, mels, frames]; row 0 is the lowest band. Default [B, 1, 128, 128]."""

    exportable = False
    phase = "rebuilt"
    filters: Tensor
    inverse: Tensor

    def __init__(self, config: LogMelConfig) -> None:
        super().__init__()
        self.config: LogMelConfig = config
        self.stft = Stft(config.n_fft, config.hop, config.frames)
        self.griffin_lim = GriffinLim(self.stft, config.iterations)
        self.scale = LevelScale(config.floor_db, config.ceiling_db)
        filters = mel_filters(config.n_fft, config.mels, config.low_hz, config.high_hz)
        self.register_buffer("filters", filters, persistent=False)  # [mels, bins]
        self.register_buffer("inverse", torch.linalg.pinv(filters.double()).float(), persistent=False)  # [bins, mels]

    @property
    def representation_shape(self) -> tuple[int, int, int]:
        return 1, self.config.mels, self.config.frames

    def encode(self, wave: Tensor) -> Tensor:
        power = self.stft.power(wave) @ self.filters.T  # [B, N, mels]
        return self.scale.to_representation((power + TINY).sqrt() - TINY**0.5).transpose(1, 2)[
            :, None
        ]  # [B, 1, mels, N]

    def decode(self, representation: Tensor) -> Tensor:
        power = self.scale.to_magnitude(representation[:, 0].transpose(1, 2)).square()  # [B, N, mels]
        return self.griffin_lim((self.spread(power) + TINY**2).sqrt())

    def spread(self, power: Tensor) -> Tensor:
        """Power of mel bands [B, N, mels] -> power of linear bins [B, N, bins], >= 0, that explains it.

        Starts from the pseudo-inverse, made positive, and improves by multiplicative updates
        (Lee & Seung 2001, papers.nips.cc/paper/1861): they keep signs and never raise the squared error.
        """
        wanted = power @ self.filters  # [B, N, bins]
        estimate = (power @ self.inverse.T).clamp(min=0) + 1e-3 * wanted  # nothing may start at 0: it would stay there
        for _ in range(SOLVER_ROUNDS):
            estimate = estimate * (wanted / (estimate @ self.filters.T @ self.filters + TINY))
        return estimate
