"""From a finished kick to its place among a model's latents: the encoder as one module, with the pictures it reads."""

from __future__ import annotations

from torch import Tensor, nn

from kickitout.codecs.base import Codec
from kickitout.models.kickgan import AutoEncoder


class Listener(nn.Module):
    """Waveform and contour -> place, without its grain: noise has no better place than another."""

    def __init__(self, both: AutoEncoder, codec: Codec, mel: Codec) -> None:
        super().__init__()
        self.encoder, self.body, self.codec, self.mel = both.encoder, both.decoder.body, codec, mel

    def forward(self, wave: Tensor, contour: Tensor) -> Tensor:
        """wave [B, T]; contour [B, 9], see `kickitout.card.contour`. Returns [B, known]."""
        return self.body.place(contour, self.encoder(self.codec.encode(wave), self.mel.encode(wave)))
