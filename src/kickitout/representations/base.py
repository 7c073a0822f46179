"""What every representation is: waveforms encoded as arrays that a network can generate, and the way back.

Waveforms: float32 [B, 22050], mono at 44.1 kHz. Representations: float32 [B, C, H, W], of real kicks nearly all in
[-1, 1], so that a generator that ends in tanh can reach them.
"""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from kickitout.settings import Settings


class RepresentationSettings(Settings):
    """Base of the settings of a representation."""


class Representation(nn.Module, ABC):
    """Waveform <-> representation. Nothing in it is learned; its tables are buffers that are not saved with a model."""

    config: RepresentationSettings
    exportable: bool  # decode can be traced to ONNX: products, sums and convolutions, nothing complex
    phase: Literal["kept", "rebuilt"]  # or estimated where it is decoded

    @property
    @abstractmethod
    def representation_shape(self) -> tuple[int, int, int]:
        """(C, H, W): channels, height (frequency, if there is one), width (time)."""

    @abstractmethod
    def encode(self, wave: Tensor) -> Tensor:
        """Waveform [B, 22050] -> representation [B, C, H, W]. Differentiable, finite for silence too."""

    def encode_channels(self, waves: Tensor) -> Tensor:
        """Mids, and sides if there are any, [B, 1 or 2, 22050] -> the representations of each, one behind the other."""
        return torch.cat([self.encode(part) for part in waves.unbind(1)], dim=1)

    @abstractmethod
    def decode(self, representation: Tensor) -> Tensor:
        """Representation [B, C, H, W] -> waveform [B, 22050]. Differentiable, finite for any finite representation."""

    def forward(self, representation: Tensor) -> Tensor:
        """Same as `decode`: what follows a generator."""
        return self.decode(representation)
