"""What the two channels of a stereo kick differ by: noise and a click of their own, above the harmonic part.

Mid is the mean of the channels and side half of their difference. A side has no partials, and nothing below 345 Hz: the
low end stays in the middle, as it has to on a record.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.models.kickae.click import Click

BEGIN_LOG = -5.0  # of the curves of level, -43 dB: where the noise of the middle begins too


class Side(nn.Module):
    """Curves of level for a second noise, and a patch for the bands above the lowest."""

    def __init__(self, width: int, noise_bands: int, click_width: int, bands: int, style: int) -> None:
        """width: channels of the decoder's last features; noise_bands: curves to draw; style: numbers of a style."""
        super().__init__()
        self.to_levels = nn.Conv1d(width, noise_bands, 3, padding=1)
        self.click = Click(click_width, bands - 1, style)
        with torch.no_grad():
            self.to_levels.weight.mul_(0.3)
            self.to_levels.bias.fill_(BEGIN_LOG)  # type: ignore[union-attr]  # it has a bias

    def patch(self, style: Tensor) -> tuple[Tensor, Tensor]:
        """[B, style] -> patch, and which part of the noise is added to it, as a click's: nothing in the lowest band."""
        patch, gain = (F.pad(part, (0, 0, 1, 0)) for part in self.click(style))
        return patch, gain

    @staticmethod
    def other(noise: Tensor) -> Tensor:
        """Noise [B, noise bands, L] that has nothing to do with this one at any moment: its own half a sound later."""
        return noise.roll(noise.shape[2] // 2, dims=2)
