"""KickGAN: an adversarial auto-encoder on sub-bands, whose decoder is a small one-dimensional generator.

An encoder says where a real kick lies in a small latent space, a decoder makes it again from there, and critics judge
what the decoder makes between and around the known places (after Makhzani et al. 2015, arxiv.org/abs/1511.05644, and
Larsen et al. 2016, arxiv.org/abs/1512.09300). A few hundred kicks are too few for a critic alone to teach from; the
reconstruction teaches from the first step on. The phase of a kick's body is learnable because every kick begins at the
same sample with the same polarity.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.settings import Settings

START = 11  # frames: 11 * 2^7 = 1408, the length of a sub-band picture
REACH = 207  # frames: 75 ms
SLOPE = 0.2  # of every leaky ReLU


Width = Annotated[int, Field(ge=4, le=2048)]


class KickGANConfig(Settings):
    """Numbers that define encoder, decoder and prior."""

    family: Literal["kickgan"] = "kickgan"
    latent: int = Field(32, ge=2, le=512)
    # of the decoder, at 22, 44, ... 1408 frames
    widths: tuple[Width, Width, Width, Width, Width, Width, Width] = (256, 256, 192, 160, 128, 96, 64)
    style: int = Field(128, ge=4, le=1024)  # what modulates every step of the decoder
    encoder_width: int = Field(64, ge=4, le=1024)
    noise: float = Field(0.2, ge=0, le=2)  # added to the latents, whose deviation is 1
    components: int = Field(40, ge=1, le=256)  # of the mixture over the latents
    stereo: Literal[False] = False  # mono only, for now


class Modulated(nn.Module):
    """Doubling, convolution, batch norm whose scale and shift come from the style, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, style: int) -> None:
        super().__init__()
        self.convolve = nn.Conv1d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm1d(outputs, affine=False)
        self.style = nn.Linear(style, 2 * outputs)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[B, inputs, L], [B, style] -> [B, outputs, 2 L]."""
        x = self.norm(self.convolve(F.interpolate(x, scale_factor=2.0, mode="nearest")))
        scale, shift = self.style(style)[:, :, None].chunk(2, dim=1)
        return F.leaky_relu(x * (1 + scale) + shift, SLOPE)


class Restless(nn.Module):
    """Takes a slow mean off every band: a kick has no sound below 20 Hz, and no steady lines.

    What does not move in a band is a line at the band's edge (a multiple of 1378 Hz), and in the lowest band it is DC.
    One minus a Hann window of REACH frames is a high-pass: nothing at 0 Hz, half at 13 Hz, all from 27 Hz on.
    """

    slow: Tensor

    def __init__(self, bands: int) -> None:
        super().__init__()
        window = torch.hann_window(REACH, periodic=False)
        self.register_buffer("slow", (window / window.sum()).repeat(bands, 1, 1), persistent=False)  # [16, 1, REACH]

    def forward(self, bands: Tensor) -> Tensor:
        """[B, 16, L] -> [B, 16, L]."""
        return bands - F.conv1d(bands, self.slow, padding=REACH // 2, groups=len(self.slow))


class Decoder(nn.Module):
    """Latent -> sub-band picture."""

    def __init__(self, config: KickGANConfig, bands: int) -> None:
        super().__init__()
        first = config.widths[0]
        self.mapping = nn.Sequential(
            nn.Linear(config.latent, config.style), nn.LeakyReLU(SLOPE),
            nn.Linear(config.style, config.style), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        self.project = nn.Linear(config.style, first * START)
        pairs = zip((first, *config.widths), config.widths, strict=False)
        self.doublings = nn.ModuleList(Modulated(a, b, config.style) for a, b in pairs)
        self.to_bands = nn.Conv1d(config.widths[-1], bands, 5, padding=2, bias=False)
        self.rest = Restless(bands)
        with torch.no_grad():  # begin near silence: a loud beginning is pushed down so hard that it stays silent
            self.to_bands.weight.mul_(0.05)

    def forward(self, z: Tensor) -> Tensor:
        """z: [B, latent]. Returns [B, 16, 1, 1408], about in [-1, 1]."""
        style = self.mapping(z)
        x = F.leaky_relu(self.project(style), SLOPE).unflatten(1, (-1, START))  # [B, 256, 11]
        for double in self.doublings:
            x = double(x, style)  # [B, 256, 22] ... [B, 64, 1408]
        return self.rest(self.to_bands(x).tanh())[:, :, None]


class Encoder(nn.Module):
    """Sub-band picture and log-mel picture -> latent, each of its numbers with mean 0 and deviation 1 over a batch.

    Batch norm throughout, and one without scale and shift at the end: without it the latents shrink to a point and the
    decoder learns the mean of all kicks.
    """

    def __init__(self, config: KickGANConfig, bands: int, mel: tuple[int, int, int]) -> None:
        super().__init__()
        w = config.encoder_width
        self.by_bands = nn.Sequential(
            *_down1d(bands, w, 4), *_down1d(w, w, 4), *_down1d(w, 2 * w, 4), *_down1d(2 * w, 2 * w, 2),
            nn.Flatten(), nn.Linear(2 * w * START, 2 * w),
        )  # fmt: skip
        self.by_mel = nn.Sequential(
            *_down2d(mel[0], w // 2), *_down2d(w // 2, w // 2), *_down2d(w // 2, w), *_down2d(w, w), *_down2d(w, w),
            nn.Flatten(), nn.Linear(w * (mel[1] // 32) * (mel[2] // 32), 2 * w),
        )  # fmt: skip
        self.join = nn.Sequential(
            nn.BatchNorm1d(4 * w), nn.LeakyReLU(SLOPE), nn.Linear(4 * w, config.latent),
            nn.BatchNorm1d(config.latent, affine=False),
        )  # fmt: skip

    def forward(self, picture: Tensor, mel: Tensor) -> Tensor:
        """picture: [B, 16, 1, 1408]; mel: [B, 1, 128, 128]. Returns [B, latent]."""
        return self.join(torch.cat([self.by_bands(picture[:, :, 0]), self.by_mel(mel)], dim=1))


class AutoEncoder(nn.Module):
    """Encoder and decoder as one module with one forward, so that it trains on several processes too."""

    def __init__(self, config: KickGANConfig, bands: int, mel: tuple[int, int, int]) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(config, bands, mel), Decoder(config, bands)

    def forward(self, picture: Tensor, mel: Tensor, jitter: Tensor, between: Tensor | None = None) -> list[Tensor]:
        """[B, 16, 1, 1408], [B, 1, 128, 128], noise for the latents [B, latent] -> the pictures made again.

        between: [B, 1] in [0, 1]. With it, a second batch is made, of latents so far on the way to their neighbour's;
        its gradient reaches the decoder only.
        """
        z = self.encoder(picture, mel)
        again = self.decoder(z + jitter)
        if between is None:
            return [again]
        known = z.detach()
        return [again, self.decoder(torch.lerp(known, known.roll(1, dims=0), between) + jitter.roll(1, dims=0))]


def _down1d(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    taps = 2 * stride + 1
    convolve = nn.Conv1d(inputs, outputs, taps, stride, taps // 2, bias=False)
    return [convolve, nn.BatchNorm1d(outputs), nn.LeakyReLU(SLOPE)]


def _down2d(inputs: int, outputs: int) -> list[nn.Module]:
    convolve = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)
    return [convolve, nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE)]
