"""The filtered noise of KickAE: white noise in noise bands, each under a curve of level of its own.

A sub-band has one noise band, or several where spectra are steep. Which noise it is, a noise code chooses: a mix of
tables that every model has.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

NOISE_BANDS = (12, 2, 2, 2)  # of the lowest sub-bands; else one
NOISE_FROM = 1 / 64  # of the lowest sub-band: 22 Hz
DEEP = 8  # noise bands below 345 Hz: rooms and rumble around the partials, in the middle alone
LEAST_NORM = 1e-6  # of a noise code: none at all is silence and not a division by nothing
TABLES_SEED = 20161101  # of the tables, which are no weights: every model has the same


class FilteredNoise(nn.Module):
    """Noise code -> white noise; with levels, what it adds to each sub-band."""

    tables: Tensor  # [noise code, noise bands * L]
    joins: Tensor  # [bands, noise bands]: 1 where a noise band belongs to a sub-band

    def __init__(self, codes: int, bands: int, frames: int) -> None:
        super().__init__()
        per_band = (*NOISE_BANDS, *([1] * bands))[:bands]
        self.count = sum(per_band)
        owner = torch.arange(bands).repeat_interleave(torch.tensor(per_band))
        self.register_buffer("tables", noise_tables(codes, per_band, frames), persistent=False)
        self.register_buffer("joins", (owner == torch.arange(bands)[:, None]).float(), persistent=False)

    def white(self, code: Tensor) -> Tensor:
        """[B, noise code] -> [B, noise bands, L], of unit deviation."""
        unit = code / code.norm(dim=1, keepdim=True).clamp(min=LEAST_NORM)
        return (unit @ self.tables).unflatten(1, (self.count, -1))

    def forward(self, white: Tensor, levels: Tensor) -> Tensor:
        """[B, noise bands, L] twice -> [B, bands, L]. Those of a side lack the DEEP ones."""
        return self.joins[:, self.count - white.shape[1] :] @ (white * levels)


def noise_tables(count: int, per_band: tuple[int, ...], frames: int) -> Tensor:
    """[count, sum(per_band) * frames]: white noise for every sub-band, cut by frequency into its noise bands.

    Those of the lowest sub-band are half octaves from NOISE_FROM on: spectra fall so steeply there that an octave
    under one level was 5 dB too loud at its upper end. Without the lowest eight kicks had 2 to 3 dB too little beside
    their partials. The sum of the noise bands of any other sub-band is white.
    """
    generator = torch.Generator().manual_seed(TABLES_SEED)
    whole = torch.randn(count, len(per_band), frames, generator=generator)
    share = torch.linspace(0, 1, frames // 2 + 1)  # of a sub-band, for each of its bins
    rows = []
    for band, parts in enumerate(per_band):
        if band == 0:
            edges = [NOISE_FROM ** (1 - part / parts) for part in range(parts + 1)]
        else:
            edges = [0.0, *(2.0 ** (part + 1 - parts) for part in range(parts))]
        edges[-1] = 2.0  # the last bin belongs to the last noise band
        spectrum = torch.fft.rfft(whole[:, band])
        rows += [torch.fft.irfft(spectrum * ((share >= a) & (share < b)), frames) for a, b in pairwise(edges)]
    return torch.cat(rows, dim=1).half().float()  # half the size of a file
