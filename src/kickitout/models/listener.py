"""From a finished kick to its place among a model's latents: the encoder as one module, with the pictures it reads."""

from __future__ import annotations

import torch
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
        parts = [wave] if wave.dim() == 2 else wave.unbind(1)
        mel = torch.cat([self.mel.encode(part) for part in parts], dim=1)
        return self.body.place(contour, self.encoder(self.codec.encode(parts[0]), mel))  # the side is read as mel alone
