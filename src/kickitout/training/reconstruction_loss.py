"""Losses of reconstructed kicks against the real ones.

What a latent does not say of a kick, its noise above all, can't be reconstructed, only imitated. A distance alone then
teaches the average: smooth noise, a click without its ragged spectrum. Two samples of each kick cure it. The energy
score, d(real, one) + d(real, other) - d(one, other), is least where samples are distributed as the real kicks are
(Gneiting and Raftery 2007, doi.org/10.1198/016214506000001437; on spectra: Gritsenko et al. 2020,
arxiv.org/abs/2008.01160), and needs no critic. Its last term is the repulsion of the samples.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from kickitout.sound import ONSET, SAMPLE_RATE
from kickitout.training import fused

LEAST_MAGNITUDE = 1e-3  # of the spectrum of a full-scale sine: below -60 dB all levels are alike
BAND_RATE = SAMPLE_RATE // 16  # frames of a sub-band a second


KickPart = Literal["low", "whole", "click"]  # of a kick: its lowest sub-band, its waveform, the first 30 ms of that


class STFTResolution(NamedTuple):
    """A spectrum that is compared, bin by bin and in bands of about a third of an octave."""

    part: KickPart
    size: int  # samples a window
    bands: int
    low_hz: float  # where the bands begin and end
    high_hz: float
    together: int  # frames over which a band's level is averaged

    @property
    def rate(self) -> int:
        """Samples a second."""
        return BAND_RATE if self.part == "low" else SAMPLE_RATE


RESOLUTIONS = (
    STFTResolution(
        "low", 512, 14, 20.0, 200.0, 1
    ),  # 186 ms, 5.4 Hz a bin: shorter ones do not tell 31 Hz from the body
    STFTResolution("low", 128, 24, 25.0, 800.0, 1),  # 46 ms, 22 Hz a bin
    STFTResolution("low", 32, 8, 120.0, 1200.0, 2),  # 12 ms, 86 Hz a bin
    STFTResolution("whole", 512, 28, 300.0, 19_000.0, 2),  # 12 ms, 86 Hz a bin
    STFTResolution("whole", 128, 12, 1200.0, 20_000.0, 2),  # 3 ms, 344 Hz a bin
    STFTResolution("click", 256, 18, 600.0, 19_000.0, 1),  # 6 ms, 172 Hz a bin
    STFTResolution("click", 64, 8, 1500.0, 20_000.0, 1),  # 1.5 ms, 689 Hz a bin
)
CLICK = ONSET + 1323  # samples: of half a second a click is so small a part that its level was 10 dB off
CELL_FLOOR_DB = -90.0  # re the loudest cell of the real kick

Distance = Callable[[Any, Any], Tensor]


def energy_score(real: Any, samples: list[Any], distance: Distance, repulsion: float) -> Tensor:
    """Mean distance of the samples to the real kicks, less `repulsion` times half of the distance between two samples.

    samples: one or two. repulsion: 1 is the energy score; 0, or a single sample, is the plain distance.
    """
    near = sum((distance(real, sample) for sample in samples), start=torch.zeros(())) / len(samples)
    if len(samples) == 1 or repulsion == 0:
        return near
    return near - 0.5 * repulsion * distance(*samples)


class Known(NamedTuple):
    """How much of each kick its recording speaks for, int64 [B] each: samples of the waveform, frames of a sub-band."""

    samples: Tensor
    frames: Tensor


class STFTFeatures:
    """What the losses compare of a batch of kicks: sub-bands [B, C, 1, L] and waveforms [B, T].

    What a recording does not speak for is zero in all of them, for the real kick as for its samples: no distance, no
    slope, and no part in the mean of a batch. It counts as little as silence that is met.
    """

    def __init__(self, bands: Tensor, wave: Tensor, shift: int = 0, known: Known | None = None) -> None:
        """shift: samples by which frames are moved, so that none of a hop's places is always or never seen. known:
        None where that is all of each kick."""
        self.bands = bands[:, :, 0]
        parts = {"low": self.bands[:, 0, shift // 16 :], "whole": wave[:, shift:], "click": wave[:, shift:CLICK]}
        self.spectra = [fused.magnitudes(parts[r.part], r.size) for r in RESOLUTIONS]
        if known is not None:
            frames = torch.arange(self.bands.shape[-1], device=bands.device)
            self.bands = self.bands * (frames < known.frames[:, None, None]).to(bands)
            self.spectra = [
                spectrum * _whole_frames(resolution, spectrum, known, shift)
                for spectrum, resolution in zip(self.spectra, RESOLUTIONS, strict=True)
            ]
        with torch.no_grad():  # the distance knows their slope
            self.logs = [(spectrum + LEAST_MAGNITUDE).log_() for spectrum in self.spectra]
        self.cells = [
            fused.band_levels(spectrum, _third_octaves(resolution).to(spectrum), resolution.together)
            for spectrum, resolution in zip(self.spectra, RESOLUTIONS, strict=True)
        ]


def spectral_distance(scale: STFTFeatures, part: KickPart) -> Distance:
    """Of the spectra of a part at several resolutions (Yamamoto et al. 2020, arxiv.org/abs/1910.11480).

    Mean absolute difference of log magnitudes, plus that of the magnitudes relative to the kick's in `scale`: a sum
    over bins, and no Euclidean norm of them all as there. In the energy score of a norm noise in any bin makes good
    for what is wrong in the loudest: it was 5 dB too loud around the onset.
    """
    norms = [spectrum.mean(dim=(1, 2)).clamp(min=0.1 * LEAST_MAGNITUDE) for spectrum in scale.spectra]

    def distance(a: STFTFeatures, b: STFTFeatures) -> Tensor:
        found = scale.bands.new_zeros(())
        for resolution, x, y, p, q, norm in zip(RESOLUTIONS, a.logs, b.logs, a.spectra, b.spectra, norms, strict=True):
            if resolution.part == part:
                found = found + fused.log_and_linear_distance(p, q, (x, y), LEAST_MAGNITUDE, norm)
        return found / sum(resolution.part == part for resolution in RESOLUTIONS)

    return distance


def level_distance(scale: STFTFeatures) -> Distance:
    """Mean absolute difference of log power in bands, where noises of one level are alike before they are equal."""
    floors = _floors(scale)

    def distance(a: STFTFeatures, b: STFTFeatures) -> Tensor:
        found = scale.bands.new_zeros(())
        for p, q, floor in zip(a.cells, b.cells, floors, strict=True):
            found = found + 0.5 * ((p + floor).log() - (q + floor).log()).abs().mean()
        return found / len(floors)

    return distance


def level_bias(real: STFTFeatures, samples: Sequence[STFTFeatures], mean: Callable[[Tensor], Tensor]) -> Tensor:
    """Absolute difference of the mean log power in bands: of all samples of a batch, and of all its real kicks.

    Absolute differences are least at the median of what a latent leaves open, and levels are skewed; over all kicks the
    lowest noise was 5 dB too loud, and the second and third partials 2 dB too weak. mean: of a figure, over all who
    share the batch.
    """
    found = real.bands.new_zeros(())
    for i, (cells, floor) in enumerate(zip(real.cells, _floors(real), strict=True)):
        wanted = (cells + floor).log().mean(dim=0)  # [frames, bands]
        off = torch.stack([(sample.cells[i] + floor).log().mean(dim=0) for sample in samples]).mean(dim=0) - wanted
        found = found + 0.5 * (off * mean(off.detach()).sign()).mean()
    return found / len(real.cells)


def _floors(scale: STFTFeatures) -> list[Tensor]:
    """[B, 1, 1] for each resolution; never 0, where a kick has no known cell."""
    loudest = [cells.amax(dim=(1, 2), keepdim=True).clamp(min=1e-20) for cells in scale.cells]
    return [power * 10 ** (CELL_FLOOR_DB / 10) for power in loudest]


def harmonic_distance(scale: STFTFeatures) -> Distance:
    """Mean absolute error of the lowest band relative to its level in `scale`.

    The waveform of the body can be learned, because every kick starts at the same sample.
    """
    norm = scale.bands[:, 0].abs().mean(dim=1).clamp(min=LEAST_MAGNITUDE)

    def distance(a: STFTFeatures, b: STFTFeatures) -> Tensor:
        return ((a.bands[:, 0] - b.bands[:, 0]).abs().mean(dim=1) / norm).mean()

    return distance


def _whole_frames(resolution: STFTResolution, spectrum: Tensor, known: Known, shift: int) -> Tensor:
    """[B, frames, 1]: 1 where a frame lies wholly within what is known, else 0; of a spectrum [B, frames, bins]."""
    hop = resolution.size // 2
    ends = (torch.arange(spectrum.shape[1], device=spectrum.device) + 1) * hop
    until = known.frames - shift // 16 if resolution.part == "low" else known.samples - shift
    return (ends <= until[:, None]).to(spectrum)[..., None]


@functools.cache
def _third_octaves(resolution: STFTResolution) -> Tensor:
    """[bins, bands]: triangles in log frequency, each with a sum of 1; bands narrower than a bin are left out."""
    hz = torch.arange(resolution.size // 2 + 1) * (resolution.rate / resolution.size)
    edges = torch.from_numpy(np.geomspace(resolution.low_hz, resolution.high_hz, resolution.bands + 2)).float()
    rise = (hz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hz[:, None]) / (edges[2:] - edges[1:-1])
    weight = torch.minimum(rise, fall).clamp(0, 1)
    return weight[:, weight.sum(dim=0) > 1e-6] / weight.sum(dim=0)[weight.sum(dim=0) > 1e-6]
