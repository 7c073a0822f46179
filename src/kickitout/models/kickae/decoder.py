"""The decoder of KickAE: an oscillator, a click and a filtered noise, one part for each thing a kick consists of.

KickAE is an auto-encoder of kicks on sub-bands: an encoder finds where a real kick lies in a small latent space, and a
decoder of oscillator and noise, as in DDSP (Engel et al. 2020, arxiv.org/abs/2001.04643), reconstructs it from there.
The reconstruction teaches. Critics of what the decoder makes between and around the latents of real kicks (Makhzani et
al. 2015, arxiv.org/abs/1511.05644; Larsen et al. 2016, arxiv.org/abs/1512.09300) are an option of its training
(`critics_from`) that no shipped weights have used.

No part has to be learned as a wave. The harmonic part (`harmonic`) is a set of partials on a contour of pitch, whose
loudness a small convolutional network draws as curves; the click (`click`) is a short patch of all sub-bands; the
filtered noise (`noise`) lies under curves of level, one for a sub-band and more for the lowest, where it also is the
rumble around the partials. The contour is no output of the network but part of the latent, measured from real kicks
(`kickitout.descriptors.contour`). `encoder` finds latents, `prior` draws them, `player` puts it all together.

Names of parameters and buffers that are saved are those of model files and checkpoints: `body` is the harmonic part,
`doublings` are the up-sampling steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.descriptors.contour import SIZE
from kickitout.models.controls import CONTROL_NAMES
from kickitout.models.kickae.click import CLICK_FRAMES, SLOPE, Click
from kickitout.models.kickae.config import KickAEConfig
from kickitout.models.kickae.harmonic import BAND_HZ, Harmonic, frame_seconds, stretched
from kickitout.models.kickae.noise import DEEP, FilteredNoise
from kickitout.models.kickae.side import Side
from kickitout.models.upsample import convolve_doubled

START = 11  # frames: 11 * 2^5 * 4 = 1408, the length of a sub-band
STRETCH = 4  # frames of a sub-band between two points of a curve: 1.5 ms
CLICK_FROM = 16  # frame: 1 ms before the onset
HEAD_MS = (20.0, 35.0)  # what the click's controls move: all before the first, nothing after the second
TONE_HZ = 4000.0
LOUDEST_LOG = 3.0  # of a curve of level: 26 dB
QUIETEST_LOG = -12.0  # -104 dB
STEEPEST_GAIN = 3.5  # the control `decay` lifts a tail by 30 dB at most
DEEP_BEGIN_LOG = -4.0  # of the deep levels: a noise that begins below the partials is masked by them and never learns


class Controls(NamedTuple):
    """What the table of controls moves, [B, 1] each, in the units of `kickitout.models.controls`."""

    pitch: Tensor
    sweep_depth: Tensor
    sweep_time: Tensor
    decay: Tensor
    click: Tensor
    click_tone: Tensor
    balance: Tensor
    drive: Tensor  # of the finished wave: see `player`


class Decoder(nn.Module):
    """Latent and noise code -> sub-bands. A latent is the code of the contour, and what the encoder finds."""

    clicking: Tensor  # [L]: 1 where a click is, 0 behind it
    multiples: Tensor  # [harmonics]
    octaves: Tensor  # [bands, 1]: of each band above TONE_HZ; 0 for the lowest, which has the partials
    seconds: Tensor  # [L], 0 before 10 ms

    def __init__(self, config: KickAEConfig, bands: int) -> None:
        super().__init__()
        self.config = config
        self.partials = config.harmonics + config.modes
        frames = START * 2 ** len(config.widths) * STRETCH
        self.body = Harmonic(frames)
        self.mapping = nn.Sequential(
            nn.Linear(config.latent_size, config.style), nn.LeakyReLU(SLOPE),
            nn.Linear(config.style, config.style), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        self.noise = FilteredNoise(config.noise_code, bands, frames)
        first = config.widths[0]
        self.project = nn.Linear(config.style, first * START)
        self.doublings = UpsamplingStack((first, *config.widths), config.style)
        self.to_curves = nn.Conv1d(config.widths[-1], 2 * self.partials + 1 + self.noise.count, 3, padding=1)
        self.to_modes = nn.Linear(config.style, max(1, config.modes))
        self.click = Click(config.click_width, bands, config.style)
        self.side = (
            Side(config.widths[-1], self.noise.count - DEEP, config.click_width // 2, bands, config.style)
            if config.stereo else None
        )  # fmt: skip
        since_ms = frame_seconds(frames) * 1000
        middles = (torch.arange(bands) + 0.5) * BAND_HZ
        octaves = torch.log2(middles / TONE_HZ)
        octaves[0] = 0.0
        self.register_buffer("clicking", ((HEAD_MS[1] - since_ms) / (HEAD_MS[1] - HEAD_MS[0])).clamp(0, 1),
                             persistent=False)  # fmt: skip
        multiples = torch.arange(1, config.harmonics + 1, dtype=torch.float32)
        self.register_buffer("multiples", multiples, persistent=False)
        self.register_buffer("octaves", octaves[:, None], persistent=False)
        self.register_buffer("seconds", (since_ms / 1000 - 0.01).clamp(min=0), persistent=False)
        with torch.no_grad():  # partials at an audible level, noise far below them
            self.to_curves.weight.mul_(0.3)
            begin = torch.zeros(len(self.to_curves.weight))
            noise = 2 * self.partials + 1
            begin[noise:] = -5.0
            begin[noise : noise + DEEP] = DEEP_BEGIN_LOG
            self.to_curves.bias = nn.Parameter(begin)
            self.to_modes.weight.mul_(0.1)
            self.to_modes.bias.copy_(torch.linspace(0.6, 2.0, max(1, config.modes)))  # octaves above the pitch

    def forward(self, latent: Tensor, controls: Tensor | None = None) -> Tensor:
        """latent: [B, latent + noise code]; controls: [B, K], all at zero without them.

        Returns [B, 16, 1, 1408]; [B, 32, 1, 1408] with a side, whose bands come last.
        """
        latent, code = latent.split([self.config.latent_size, self.config.noise_code], dim=1)
        return self.samples(latent, [code], controls)[0]

    def samples(self, latent: Tensor, noise_codes: Sequence[Tensor], controls: Tensor | None = None) -> list[Tensor]:
        """The same kicks [B, latent] with other noise each time: sub-bands as `forward` returns for each noise code."""
        p, side = self.partials, self.side
        turned = latent.new_zeros(len(latent), len(CONTROL_NAMES)) if controls is None else controls
        control = Controls(**dict(zip(CONTROL_NAMES, turned.split(1, dim=1), strict=True)))
        style = self.mapping(latent)
        x = F.leaky_relu(self.project(style), SLOPE).unflatten(1, (-1, START))  # [B, 160, 11]
        x = self.doublings(x, style)  # [B, 64, 352]
        curves = self.to_curves(x)
        levels = curves[:, 2 * p :] if side is None else torch.cat([curves[:, 2 * p :], side.to_levels(x)], dim=1)
        levels = levels.clamp(QUIETEST_LOG, LOUDEST_LOG).exp()
        curves = stretched(torch.cat([curves[:, : 2 * p], levels], dim=1), STRETCH)  # [B, 55, 1408], 77 with a side
        amplitudes, levels = curves.split([2 * p, levels.shape[1]], dim=1)
        harmonic = levels[:, 0] * self._harmonic(latent[:, :SIZE], style, amplitudes, control)
        click_of_mid, click_of_side = self.click(style), None if side is None else side.patch(style)
        gain = self._click_gain(control.click, control.click_tone)
        fall = (control.decay[:, :, None] * (self.seconds * (math.log(10) / 2))).clamp(max=STEEPEST_GAIN).exp()
        of_mid, of_side = levels[:, 1 : 1 + self.noise.count], levels[:, 1 + self.noise.count :]
        found = []
        for code in noise_codes:
            white = self.noise.white(code)
            bands = _with_click(self.noise(white, of_mid), *click_of_mid)
            parts = [bands[:, :1] + harmonic[:, None], bands[:, 1:] * gain]
            if click_of_side is not None:
                bands = _with_click(self.noise(Side.other(white[:, DEEP:]), of_side), *click_of_side)
                parts += [bands[:, :1], bands[:, 1:] * gain]
            found.append((torch.cat(parts, dim=1) * fall)[:, :, None])
        return found

    def _harmonic(self, code: Tensor, style: Tensor, amplitudes: Tensor, control: Controls) -> Tensor:
        """[B, L]"""
        modes = torch.exp2(self.to_modes(style))[:, : self.config.modes]
        whole = self.multiples + 0.0 * style[:, :1]  # [B, harmonics]
        cosine, sine = amplitudes.split(self.partials, dim=1)
        pitch = self.body.pitch(code, control.pitch, control.sweep_depth, control.sweep_time)
        return self.body(pitch, torch.cat([whole, modes], dim=1), cosine, sine, control.balance)

    def _click_gain(self, click: Tensor, tone: Tensor) -> Tensor:
        """[B, 1] twice -> [B, bands - 1, L]."""
        db = click[:, :, None] + tone[:, :, None] * self.octaves[1:]  # [B, bands - 1, 1]
        return torch.exp(db * self.clicking * (math.log(10) / 20))


def _with_click(noise: Tensor, patch: Tensor, gain: Tensor) -> Tensor:
    """Noise [B, bands, L], and what `Click` returns -> [B, bands, L]."""
    frames = noise.shape[2] - CLICK_FROM - CLICK_FRAMES
    begin = noise[:, :, CLICK_FROM : CLICK_FROM + CLICK_FRAMES]
    return noise + F.pad(patch + gain * begin, (CLICK_FROM, frames))


class Modulated(nn.Module):
    """Doubling, convolution, batch norm whose scale and shift come from the style, leaky ReLU.

    A batch norm that is modulated by a style is that of de Vries et al. (2017, arxiv.org/abs/1707.00683).
    """

    def __init__(self, inputs: int, outputs: int, style: int) -> None:
        super().__init__()
        self.convolve = nn.Conv1d(inputs, outputs, 3, bias=False)
        self.norm = nn.BatchNorm1d(outputs, affine=False)
        self.style = nn.Linear(style, 2 * outputs)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[B, inputs, L], [B, style] -> [B, outputs, 2 L]."""
        scale, shift = self.style(style)[:, :, None].chunk(2, dim=1)
        return F.leaky_relu(self.norm(convolve_doubled(x, self.convolve.weight)) * (1 + scale) + shift, SLOPE)

    def joined(self) -> tuple[Tensor, Tensor]:
        """Weight [2 outputs, style] and bias of a style that does what the norm has learned as well."""
        weights, biases = self.style.weight.chunk(2), self.style.bias.chunk(2)
        inverse = torch.rsqrt(self.norm.running_var + self.norm.eps)  # type: ignore[arg-type,operator]  # both are kept
        mean: Tensor = self.norm.running_mean  # type: ignore[assignment]
        weight, bias = weights[0] * inverse[:, None], (1 + biases[0]) * inverse
        return torch.cat([weight, weights[1] - mean[:, None] * weight]), torch.cat([bias, biases[1] - mean * bias])


class UpsamplingStack(nn.ModuleList):
    """Several of them, one after another: what draws the curves.

    What a norm has learned is a scale and a shift too: once it is known, it joins the style, and all styles are one
    product.
    """

    def __init__(self, widths: Sequence[int], style: int) -> None:
        """widths: channels before the first, and behind each."""
        super().__init__(Modulated(a, b, style) for a, b in pairwise(widths))
        self.widths = widths[1:]

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[B, widths[0], L], [B, style] -> [B, widths[-1], L 2^n]."""
        steps: list[Modulated] = list(self)  # type: ignore[arg-type]  # a module list does not say of what
        if self.training:
            for double in steps:
                x = double(x, style)
            return x
        weights, biases = zip(*(double.joined() for double in steps), strict=True)
        styles = F.linear(style, torch.cat(weights), torch.cat(biases))[:, :, None]
        parts = styles.split([width for width in self.widths for _ in range(2)], dim=1)
        for double, scale, shift in zip(steps, parts[::2], parts[1::2], strict=True):
            x = F.leaky_relu(convolve_doubled(x, double.convolve.weight) * scale + shift, SLOPE)
        return x
