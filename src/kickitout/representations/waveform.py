"""The waveform itself as a representation of one row: what a generator of raw sound makes.

A kick of 22050 samples is laid into 22528 = 22 * 4^5, so that five strides of four, as in WaveGAN (Donahue et al. 2019,
arxiv.org/abs/1802.04208), lead to it from a first grid of 22 cells; their 16384 = 16 * 4^5 began with 16.
"""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from kickitout.representations.base import Representation, RepresentationSettings
from kickitout.sound import LENGTH

ROW_LENGTH = 22_528  # samples: 22 * 4^5
ROW_LEFT = (ROW_LENGTH - LENGTH) // 2  # samples before the kick: what the edges of convolutions spoil is cut away


class WaveformConfig(RepresentationSettings):
    """There is nothing to choose."""

    name: Literal["wave"] = "wave"


class Waveform(Representation):
    """[B, 22050] <-> [B, 1, 1, 22528]: silence is put around the kick, and cut off again."""

    exportable = True
    phase = "kept"

    def __init__(self, config: WaveformConfig) -> None:
        super().__init__()
        self.config: WaveformConfig = config

    @property
    def representation_shape(self) -> tuple[int, int, int]:
        return 1, 1, ROW_LENGTH

    def encode(self, wave: Tensor) -> Tensor:
        return F.pad(wave, (ROW_LEFT, ROW_LENGTH - LENGTH - ROW_LEFT))[:, None, None]

    def decode(self, representation: Tensor) -> Tensor:
        return representation[:, 0, 0, ROW_LEFT : ROW_LEFT + LENGTH]
