"""The encoder of KickAE, the auto-encoder that trains it, and what a model file holds of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kickitout.models.kickae.click import SLOPE
from kickitout.models.kickae.config import KickAEConfig
from kickitout.models.kickae.decoder import START, Decoder
from kickitout.representations.base import Representation

LOW_BANDS = 2  # that the encoder reads as waves: below 2.8 kHz


class Encoder(nn.Module):
    """Sub-bands and log-mel -> latent, each of its numbers with mean 0 and deviation 1 over a batch.

    Batch norm throughout, and one without scale and shift at the end: without it the latents shrink to a point and the
    decoder learns the mean of all kicks.
    """

    def __init__(self, config: KickAEConfig, mel: tuple[int, int, int]) -> None:
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
        """What the log-mel of the side adds to that of the mid; nothing to begin with."""
        last = nn.Linear(w * (mel[2] // 16), 2 * w)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        return nn.Sequential(*_down(mel[1], w, 4), *_down(w, w, 4), nn.Flatten(), last)

    def forward(self, bands: Tensor, mel: Tensor) -> Tensor:
        """bands: [B, 16 or 32, 1, 1408]; mel: [B, 1 or 2, 128, 128], whose bands are read as channels.

        Returns [B, latent].
        """
        by_mel = self.by_mel(mel[:, 0])
        if self.by_side is not None:
            by_mel = by_mel + self.by_side(mel[:, 1])
        return self.join(torch.cat([self.by_bands(bands[:, :LOW_BANDS, 0]), by_mel], dim=1))


class AutoEncoder(nn.Module):
    """Encoder and decoder as one module with one forward, so that it trains on several processes too."""

    def __init__(self, config: KickAEConfig, bands: int, mel: tuple[int, int, int]) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(config, mel), Decoder(config, bands)

    def forward(self, bands: Tensor, mel: Tensor, code: Tensor, jitter: Tensor, noise_codes: Tensor,
                between: Tensor | None = None, drawn: Tensor | None = None) -> list[Tensor]:  # fmt: skip
        """Sub-bands [B, C, 1, 1408], log-mel [B, 1 or 2, 128, 128], contour codes [B, 9] -> reconstructed sub-bands.

        jitter: [B, latent], noise for the latents; noise_codes: [samples, B, noise code], each a sample of every kick.
        between: [B, 1] in [0, 1]. With it comes one more batch, of latents so far on the way to their neighbour's; its
        gradient reaches the decoder only. drawn: [B, latent_size + noise code], latents that come as one more batch.
        """
        z = self.encoder(bands, mel)
        made = self.decoder.samples(torch.cat([code, z + jitter], dim=1), noise_codes.unbind())
        if between is not None:
            path = torch.cat([code, z.detach()], dim=1)
            other = neighbours(len(code))
            path = torch.lerp(path, path[other], between)
            blurred = path + torch.cat([torch.zeros_like(code), jitter[other]], dim=1)
            made += self.decoder.samples(blurred, [noise_codes[0][other]])
        if drawn is not None:
            made.append(self.decoder(drawn))
        return made


def neighbours(count: int) -> list[int]:
    """Who is whose neighbour in a batch: two by two, so that processes that share a batch need not see each other's.

    >>> neighbours(5)
    [1, 0, 3, 2, 4]
    """
    return [min(i ^ 1, count - 1) for i in range(count)]


class EncoderExport(nn.Module):
    """Waveform and contour -> latent: the encoder with the representations it reads, as a model file holds it.

    It finds no noise code: none is better than another.
    """

    def __init__(self, both: AutoEncoder, representation: Representation, mel: Representation) -> None:
        super().__init__()
        self.encoder, self.body, self.representation, self.mel = both.encoder, both.decoder.body, representation, mel

    def forward(self, wave: Tensor, contour: Tensor) -> Tensor:
        """wave [B, T], or mid and side [B, 2, T] for a stereo model; contour [B, 9] (`descriptors.contour`).

        Returns [B, latent_size].
        """
        channels = wave[:, None] if wave.dim() == 2 else wave
        bands = self.representation.encode(channels[:, 0])  # the side is read as mel alone
        return torch.cat([self.body.codes(contour), self.encoder(bands, self.mel.encode_channels(channels))], dim=1)


def _down(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    taps = 2 * stride + 1
    convolve = nn.Conv1d(inputs, outputs, taps, stride, taps // 2, bias=False)
    return [convolve, nn.BatchNorm1d(outputs), nn.LeakyReLU(SLOPE)]
