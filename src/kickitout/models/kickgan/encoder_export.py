"""From a finished kick to its place among a model's latents: the encoder as one module, with the pictures it reads."""

from __future__ import annotations

from torch import Tensor, nn

from kickitout.models.kickgan.networks import AutoEncoder
from kickitout.representations.base import Representation


class EncoderExport(nn.Module):
    """Waveform and contour -> place, without its grain: noise has no better place than another."""

    def __init__(self, both: AutoEncoder, representation: Representation, mel: Representation) -> None:
        super().__init__()
        self.encoder, self.body, self.representation, self.mel = both.encoder, both.decoder.body, representation, mel

    def forward(self, wave: Tensor, contour: Tensor) -> Tensor:
        """wave [B, T], or mid and side [B, 2, T] for a stereo model; contour [B, 9] (`descriptors.contour`).

        Returns [B, known].
        """
        channels = wave[:, None] if wave.dim() == 2 else wave
        bands = self.representation.encode(channels[:, 0])  # the side is read as mel alone
        return self.body.place(contour, self.encoder(bands, self.mel.encode_channels(channels)))
