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
        """wave [B, T], or mid and side [B, 2, T] for a stereo model; contour [B, 9], see `kickitout.card.contour`.

        Returns [B, known].
        """
        channels = wave[:, None] if wave.dim() == 2 else wave
        bands = self.codec.encode(channels[:, 0])  # the side is read as mel alone
        return self.body.place(contour, self.encoder(bands, self.mel.encode_channels(channels)))
