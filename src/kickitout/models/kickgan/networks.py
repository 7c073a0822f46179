"""KickGAN: an adversarial auto-encoder on sub-bands, whose decoder is an oscillator, a click and a noise.

An encoder says where a real kick lies in a small latent space, a decoder makes it again from there, and critics judge
what the decoder makes between and around the known places (after Makhzani et al. 2015, arxiv.org/abs/1511.05644, and
Larsen et al. 2016, arxiv.org/abs/1512.09300). A few hundred kicks are too few for a critic alone to teach from; the
reconstruction teaches from the first step on.

The decoder has one part for each thing a kick consists of, so that none of them has to be learned as a wave: the body
is a set of partials on a contour of pitch (`models.body`), whose loudness a small convolutional network draws as
curves; the click is a short patch of all sub-bands; the air is noise under curves of level, one for a sub-band and more
for the lowest, where it also is the rumble around the partials. The contour is no output of the network but part of the
latent, measured from real kicks (`kickitout.descriptors.contour`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.descriptors.contour import SIZE
from kickitout.models.controls import CONTROL_INPUTS
from kickitout.models.kickgan.click import CLICK_FRAMES, SLOPE, Click
from kickitout.models.kickgan.harmonic import BAND_HZ, Body, frame_seconds, stretched
from kickitout.models.kickgan.side import Side
from kickitout.models.kickgan.upsampling import UpsamplingStack
from kickitout.settings import Settings

START = 11  # frames: 11 * 2^5 * 4 = 1408, the length of a sub-band picture
STRETCH = 4  # frames of a sub-band between two points of a curve: 1.5 ms
CLICK_FROM = 16  # frame: 1 ms before the onset
CLICK_MS = (20.0, 35.0)  # what the click's knobs turn: all before the first, nothing after the second
TONE_HZ = 4000.0
LOUDEST_LOG = 3.0  # of a curve of level: 26 dB
QUIETEST_LOG = -12.0  # -104 dB
STEEPEST_GAIN = 3.5  # the decay knob lifts a tail by 30 dB at most
PIECES = (12, 2, 2, 2)  # that the noise of the lowest bands is cut into, each with a level of its own; else one
NOISE_FROM = 1 / 64  # of the lowest band: 22 Hz
DEEP = 8  # pieces below 345 Hz: rooms and rumble around the partials, in the middle alone
DEEP_BEGIN_LOG = -4.0  # of their levels: a noise that begins below the partials is masked by them and never learns
LEAST_NORM = 1e-6  # of a choice of noise: none at all is silence and not a division by nothing
LOW_BANDS = 2  # that the encoder reads as waves: below 2.8 kHz
GRAIN_SEED = 20161101  # of the tables of noise, which are no weights: every model has the same


Width = Annotated[int, Field(ge=4, le=2048)]


class KickGANConfig(Settings):
    """Numbers that define encoder, decoder and prior."""

    family: Literal["kickgan"] = "kickgan"
    latent: int = Field(64, ge=2, le=512)  # beside the contour of the pitch
    # of the decoder, at 22, 44, ... 352 points
    widths: tuple[Width, Width, Width, Width, Width] = (160, 128, 112, 96, 64)
    click_width: int = Field(192, ge=4, le=512)
    style: int = Field(128, ge=4, le=1024)  # what modulates every step of the decoder
    harmonics: int = Field(8, ge=1, le=32)
    modes: int = Field(4, ge=0, le=16)  # partials at other multiples of the pitch, which the network chooses
    grain: int = Field(24, ge=2, le=128)  # tables of noise, mixed anew for each kick
    encoder_width: int = Field(64, ge=4, le=1024)
    noise: float = Field(0.15, ge=0, le=2)  # added to the latents, whose deviation is 1
    components: int = Field(64, ge=1, le=2048)  # of the mixture over the latents
    stereo: bool = False  # a side beside the mid: from 345 Hz on the channels may differ

    @property
    def known(self) -> int:
        """Numbers of a latent that an encoder finds: contour and the rest, without the grain."""
        return SIZE + self.latent


class Decoder(nn.Module):
    """Latent -> sub-band picture. A latent is contour code, what the encoder found, and a choice of noise."""

    tables: Tensor  # [grain, pieces * L]
    joins: Tensor  # [bands, pieces]: 1 where a piece belongs to a band
    clicking: Tensor  # [L]: 1 where a click is, 0 behind it
    multiples: Tensor  # [harmonics]
    octaves: Tensor  # [bands, 1]: of each band above TONE_HZ; 0 for the lowest, which has the body
    seconds: Tensor  # [L], 0 before 10 ms

    def __init__(self, config: KickGANConfig, bands: int) -> None:
        super().__init__()
        self.config, self.bands = config, bands
        self.pieces = (*PIECES, *([1] * bands))[:bands]
        self.partials = config.harmonics + config.modes
        frames = START * 2 ** len(config.widths) * STRETCH
        self.body = Body(frames)
        self.mapping = nn.Sequential(
            nn.Linear(config.known, config.style), nn.LeakyReLU(SLOPE),
            nn.Linear(config.style, config.style), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        first = config.widths[0]
        self.project = nn.Linear(config.style, first * START)
        self.doublings = UpsamplingStack((first, *config.widths), config.style)
        self.to_curves = nn.Conv1d(config.widths[-1], 2 * self.partials + 1 + sum(self.pieces), 3, padding=1)
        self.to_modes = nn.Linear(config.style, max(1, config.modes))
        self.click = Click(config.click_width, bands, config.style)
        self.side = (
            Side(config.widths[-1], sum(self.pieces) - DEEP, config.click_width // 2, bands, config.style)
            if config.stereo else None
        )  # fmt: skip
        tables = grain_tables(config.grain, self.pieces, frames)
        since_ms = frame_seconds(frames) * 1000
        middles = (torch.arange(bands) + 0.5) * BAND_HZ
        octaves = torch.log2(middles / TONE_HZ)
        octaves[0] = 0.0
        band_of = torch.arange(bands).repeat_interleave(torch.tensor(self.pieces))
        self.register_buffer("tables", tables, persistent=False)
        self.register_buffer("joins", (band_of == torch.arange(bands)[:, None]).float(), persistent=False)
        self.register_buffer("clicking", ((CLICK_MS[1] - since_ms) / (CLICK_MS[1] - CLICK_MS[0])).clamp(0, 1),
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

    def forward(self, latent: Tensor, knobs: Tensor | None = None) -> Tensor:
        """latent: [B, known + grain]; knobs: [B, 8], none turned without them.

        Returns [B, 16, 1, 1408]; [B, 32, 1, 1408] with a side, whose bands come last.
        """
        known, grain = latent.split([self.config.known, self.config.grain], dim=1)
        return self.takes(known, [grain], knobs)[0]

    def takes(self, known: Tensor, grains: Sequence[Tensor], knobs: Tensor | None = None) -> list[Tensor]:
        """The same kicks [B, known] with other noise each time: for each [B, grain] a picture as `forward` returns."""
        p, side = self.partials, self.side
        turned = known.new_zeros(len(known), len(CONTROL_INPUTS)) if knobs is None else knobs
        semitones, depth, time, decay, click, tone, balance, _ = turned.split(1, dim=1)
        style = self.mapping(known)
        x = F.leaky_relu(self.project(style), SLOPE).unflatten(1, (-1, START))  # [B, 160, 11]
        x = self.doublings(x, style)  # [B, 64, 352]
        curves = self.to_curves(x)
        levels = curves[:, 2 * p :] if side is None else torch.cat([curves[:, 2 * p :], side.to_levels(x)], dim=1)
        levels = levels.clamp(QUIETEST_LOG, LOUDEST_LOG).exp()
        curves = stretched(torch.cat([curves[:, : 2 * p], levels], dim=1), STRETCH)  # [B, 55, 1408], 77 with a side
        amplitudes, levels = curves.split([2 * p, levels.shape[1]], dim=1)
        body = levels[:, 0] * self._body(known[:, :SIZE], style, amplitudes, semitones, depth, time, balance)
        click_of_mid, click_of_side = self.click(style), None if side is None else side.patch(style)
        gain = self._click_gain(click, tone)
        fall = (decay[:, :, None] * (self.seconds * (math.log(10) / 2))).clamp(max=STEEPEST_GAIN).exp()
        of_mid, of_side = levels[:, 1 : 1 + sum(self.pieces)], levels[:, 1 + sum(self.pieces) :]
        found = []
        for grain in grains:
            unit = grain / grain.norm(dim=1, keepdim=True).clamp(min=LEAST_NORM)
            mixed = unit @ self.tables  # unit deviation: white noise, turned
            noise = mixed.unflatten(1, (sum(self.pieces), -1))
            bands = _with_click(self.joins @ (noise * of_mid), *click_of_mid)
            parts = [bands[:, :1] + body[:, None], bands[:, 1:] * gain]
            if click_of_side is not None:
                noise_of_side = Side.other(noise[:, DEEP:]) * of_side
                bands = _with_click(self.joins[:, DEEP:] @ noise_of_side, *click_of_side)
                parts += [bands[:, :1], bands[:, 1:] * gain]
            found.append((torch.cat(parts, dim=1) * fall)[:, :, None])
        return found

    def _body(self, code: Tensor, style: Tensor, amplitudes: Tensor, semitones: Tensor, depth: Tensor, time: Tensor,
              balance: Tensor) -> Tensor:  # fmt: skip
        """[B, L]"""
        modes = torch.exp2(self.to_modes(style))[:, : self.config.modes]
        whole = self.multiples + 0.0 * style[:, :1]  # [B, harmonics]
        cosine, sine = amplitudes.split(self.partials, dim=1)
        pitch = self.body.pitch(code, semitones, depth, time)
        return self.body(pitch, torch.cat([whole, modes], dim=1), cosine, sine, balance)

    def _click_gain(self, click: Tensor, tone: Tensor) -> Tensor:
        """[B, 1] twice -> [B, bands - 1, L]."""
        db = click[:, :, None] + tone[:, :, None] * self.octaves[1:]  # [B, bands - 1, 1]
        return torch.exp(db * self.clicking * (math.log(10) / 20))


def _with_click(air: Tensor, patch: Tensor, gain: Tensor) -> Tensor:
    """Noise [B, bands, L], and what `Click` returns -> [B, bands, L]."""
    frames = air.shape[2] - CLICK_FROM - CLICK_FRAMES
    begin = air[:, :, CLICK_FROM : CLICK_FROM + CLICK_FRAMES]
    return air + F.pad(patch + gain * begin, (CLICK_FROM, frames))


def grain_tables(count: int, pieces: tuple[int, ...], frames: int) -> Tensor:
    """[count, sum(pieces) * frames]: white noise for every sub-band, those with several pieces cut by frequency.

    The pieces of the lowest band are half octaves from NOISE_FROM on: spectra fall so steeply there that an octave
    under one level was 5 dB too loud at its upper end. Without the lowest eight kicks had 2 to 3 dB too little beside
    their partials. The sum of the pieces of any other band is white.
    """
    generator = torch.Generator().manual_seed(GRAIN_SEED)
    whole = torch.randn(count, len(pieces), frames, generator=generator)
    share = torch.linspace(0, 1, frames // 2 + 1)  # of a band, for each of its bins
    rows = []
    for band, parts in enumerate(pieces):
        if band == 0:
            edges = [NOISE_FROM ** (1 - part / parts) for part in range(parts + 1)]
        else:
            edges = [0.0, *(2.0 ** (part + 1 - parts) for part in range(parts))]
        edges[-1] = 2.0  # the last bin belongs to the last piece
        spectrum = torch.fft.rfft(whole[:, band])
        cut = [spectrum * ((share >= a) & (share < b)) for a, b in pairwise(edges)]
        rows += [torch.fft.irfft(piece, frames) for piece in cut]
    return torch.cat(rows, dim=1).half().float()  # half the size of a file


class Encoder(nn.Module):
    """Sub-band picture and log-mel picture -> latent, each of its numbers with mean 0 and deviation 1 over a batch.

    Batch norm throughout, and one without scale and shift at the end: without it the latents shrink to a point and the
    decoder learns the mean of all kicks.
    """

    def __init__(self, config: KickGANConfig, mel: tuple[int, int, int]) -> None:
        super().__init__()
        w = config.encoder_width
        self.by_bands = nn.Sequential(
            *_down(LOW_BANDS, w // 2, 4), *_down(w // 2, w, 4), *_down(w, 2 * w, 4), *_down(2 * w, 2 * w, 2),
            nn.Flatten(), nn.Linear(2 * w * START, 2 * w),
        )  # fmt: skip
        self.by_mel = nn.Sequential(
            *_down(mel[1], 2 * w, 2), *_down(2 * w, 2 * w, 2), *_down(2 * w, 2 * w, 2), *_down(2 * w, 2 * w, 2),
            nn.Flatten(), nn.Linear(2 * w * (mel[2] // 16), 2 * w),
        )  # fmt: skip
        self.by_side = self._of_side(w, mel) if config.stereo else None
        self.join = nn.Sequential(
            nn.BatchNorm1d(4 * w), nn.LeakyReLU(SLOPE), nn.Linear(4 * w, 4 * w),
            nn.BatchNorm1d(4 * w), nn.LeakyReLU(SLOPE), nn.Linear(4 * w, config.latent),
            nn.BatchNorm1d(config.latent, affine=False),
        )  # fmt: skip

    @staticmethod
    def _of_side(w: int, mel: tuple[int, int, int]) -> nn.Sequential:
        """What is added to what the mel picture of the mid says; nothing to begin with."""
        last = nn.Linear(w * (mel[2] // 16), 2 * w)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        return nn.Sequential(*_down(mel[1], w, 4), *_down(w, w, 4), nn.Flatten(), last)

    def forward(self, picture: Tensor, mel: Tensor) -> Tensor:
        """picture: [B, 16 or 32, 1, 1408]; mel: [B, 1 or 2, 128, 128], whose bands are read as channels.

        Returns [B, latent].
        """
        by_mel = self.by_mel(mel[:, 0])
        if self.by_side is not None:
            by_mel = by_mel + self.by_side(mel[:, 1])
        return self.join(torch.cat([self.by_bands(picture[:, :LOW_BANDS, 0]), by_mel], dim=1))


class AutoEncoder(nn.Module):
    """Encoder and decoder as one module with one forward, so that it trains on several processes too."""

    def __init__(self, config: KickGANConfig, bands: int, mel: tuple[int, int, int]) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(config, mel), Decoder(config, bands)

    def forward(self, picture: Tensor, mel: Tensor, code: Tensor, jitter: Tensor, grain: Tensor,
                between: Tensor | None = None) -> list[Tensor]:  # fmt: skip
        """Pictures [B, C, 1, 1408], [B, 1 or 2, 128, 128] and contour codes [B, 9] -> takes of the pictures made again.

        jitter: [B, latent], noise for the latents; grain: [takes, B, grain], which noise the sounds are made of.
        between: [B, 1] in [0, 1]. With it, one more batch is made, of latents so far on the way to their neighbour's;
        its gradient reaches the decoder only.
        """
        z = self.encoder(picture, mel)
        made = self.decoder.takes(torch.cat([code, z + jitter], dim=1), grain.unbind())
        if between is not None:
            path = torch.cat([code, z.detach()], dim=1)
            other = neighbours(len(code))
            path = torch.lerp(path, path[other], between)
            blurred = path + torch.cat([torch.zeros_like(code), jitter[other]], dim=1)
            made += self.decoder.takes(blurred, [grain[0][other]])
        return made


def neighbours(count: int) -> list[int]:
    """Who is whose neighbour in a batch: two by two, so that processes that share a batch need not see each other's.

    >>> neighbours(5)
    [1, 0, 3, 2, 4]
    """
    return [min(i ^ 1, count - 1) for i in range(count)]


def _down(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    taps = 2 * stride + 1
    convolve = nn.Conv1d(inputs, outputs, taps, stride, taps // 2, bias=False)
    return [convolve, nn.BatchNorm1d(outputs), nn.LeakyReLU(SLOPE)]
