"""Differentiable augmentation: what the critic sees of real and generated kicks is changed alike.

After Zhao et al. 2020 (arxiv.org/abs/2006.10738). A critic that sees each of a few hundred kicks in one form only
learns them by heart; the changes must be differentiable, for the generator learns through them, and must not leak into
what is generated, so each is applied with a probability below one (Karras et al. 2020, arxiv.org/abs/2006.06676).
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor

from kickitout.settings import Settings


class AugmentConfig(Settings):
    """How often, and how far."""

    probability: float = Field(0.0, ge=0, le=0.95)  # of each change, for each kick; 0 switches all off
    shift_rows: float = Field(0.0, ge=0, le=0.25)  # share of the frequency axis
    shift_columns: float = Field(0.03, ge=0, le=0.25)  # share of the time axis: 3 % is 15 ms
    gain: float = Field(0.2, ge=0, le=1)  # representations are scaled by up to 1 +- this
    cutout: float = Field(0.25, ge=0, le=0.75)  # side of the blanked rectangle as a share of each axis
    # What a representation has where there is no sound (levels: -1): gains keep it, rectangles are filled with it.
    silence: float = Field(0.0, ge=-1, le=1)


CRITIC_DRAWS = 8  # random numbers a kick


def draws(batch: int, noise: Generator, share: slice, like: Tensor) -> Tensor:
    """[CRITIC_DRAWS, B]: this process's share of the random numbers of a global batch.

    Drawn on the CPU and for the whole batch, so that every device and every number of processes sees the same.
    """
    return torch.rand(CRITIC_DRAWS, batch, generator=noise)[:, share].to(like.device, like.dtype)


def augment(encoded: Tensor, config: AugmentConfig, u: Tensor) -> Tensor:
    """[B, C, H, W] -> the same shape; each kick changed on its own. u: [CRITIC_DRAWS, B] in [0, 1)."""
    if config.probability == 0:
        return encoded
    _, _, h, w = encoded.shape
    rescaled, moved, blanked = (u[:3] < config.probability).to(encoded.dtype)
    encoded = encoded - config.silence
    encoded = encoded * (1 + rescaled * (2 * u[3] - 1) * config.gain).view(-1, 1, 1, 1)
    rows = (moved * (2 * u[4] - 1) * config.shift_rows * h).round().long()
    columns = (moved * (2 * u[5] - 1) * config.shift_columns * w).round().long()
    encoded = _shifted(encoded, rows, columns)
    return encoded * _holes(h, w, blanked, config.cutout, u[6:8]) + config.silence


def _shifted(encoded: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Move each kick by whole cells; the edge is repeated into the gap."""
    b, _, h, w = encoded.shape
    if not (rows.any() or columns.any()):
        return encoded
    y = (torch.arange(h, device=encoded.device)[None] - rows[:, None]).clamp(0, h - 1)  # [B, H]
    x = (torch.arange(w, device=encoded.device)[None] - columns[:, None]).clamp(0, w - 1)  # [B, W]
    index = torch.arange(b, device=encoded.device)[:, None, None]
    return encoded.permute(0, 2, 3, 1)[index, y[:, :, None], x[:, None, :]].permute(0, 3, 1, 2)


def _holes(h: int, w: int, blanked: Tensor, share: float, place: Tensor) -> Tensor:
    """[B, 1, H, W] of ones, with a rectangle of zeros where `blanked` [B] is 1. place: [2, B] in [0, 1)."""
    tall, wide = max(1, round(h * share)), max(1, round(w * share))
    top, left = (place[0] * (h - tall + 1)).floor(), (place[1] * (w - wide + 1)).floor()
    y, x = torch.arange(h, device=place.device)[None], torch.arange(w, device=place.device)[None]
    in_rows = (y >= top[:, None]) & (y < top[:, None] + tall)  # [B, H]
    in_columns = (x >= left[:, None]) & (x < left[:, None] + wide)  # [B, W]
    hole = (in_rows[:, :, None] & in_columns[:, None, :]).to(place.dtype) * blanked.view(-1, 1, 1)
    return (1 - hole)[:, None]
