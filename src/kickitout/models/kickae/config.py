"""The numbers that define a KickAE."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kickitout.descriptors.contour import SIZE
from kickitout.settings import Settings

Width = Annotated[int, Field(ge=4, le=2048)]


class KickAEConfig(Settings):
    """Numbers that define encoder, decoder and prior."""

    # Runs and cells are known by its first name for good: see `training.frozen`.
    family: Literal["kickae"] = Field("kickae", json_schema_extra={"values": {"kickae": "kickgan"}})
    latent: int = Field(64, ge=2, le=512)  # beside the contour of the pitch
    # of the decoder, at 22, 44, ... 352 points
    widths: tuple[Width, Width, Width, Width, Width] = (160, 128, 112, 96, 64)
    click_width: int = Field(192, ge=4, le=512)
    style: int = Field(128, ge=4, le=1024)  # what modulates every step of the decoder
    harmonics: int = Field(8, ge=1, le=32)
    modes: int = Field(4, ge=0, le=16)  # partials at other multiples of the pitch, which the network chooses
    # Tables of noise, mixed anew for each kick.
    noise_code: int = Field(24, ge=2, le=128, json_schema_extra={"id": "grain"})
    encoder_width: int = Field(64, ge=4, le=1024)
    noise: float = Field(0.15, ge=0, le=2)  # added to the latents, whose deviation is 1
    components: int = Field(64, ge=1, le=2048)  # of the mixture over the latents
    # Where they lie: on clusters of k-means, six kicks or more in each, or on single kicks, all recordings first, which
    # count alike.
    component_means: Literal["clusters", "latents"] = "clusters"
    component_width: float = Field(1.0, gt=0, le=2)  # re what is left of the latents inside clusters
    contour_width: float = Field(1.0, gt=0, le=2)  # re that width, of the pitch's contour alone
    stereo: bool = False  # a side beside the mid: from 345 Hz on the channels may differ

    @property
    def latent_size(self) -> int:
        """Numbers of a whole latent: the contour of the pitch and what the encoder finds; the noise code is none."""
        return SIZE + self.latent

    @property
    def component_widths(self) -> list[float]:
        """One for each number of a whole latent."""
        return [self.contour_width * self.component_width] * SIZE + [self.component_width] * self.latent
