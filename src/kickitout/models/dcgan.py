"""DCGAN (Radford, Metz & Chintala 2016, arxiv.org/abs/1511.06434), for representations of any even shape.

To the letter in its defaults: a uniform latent of 100, projected to a small grid of 1024 maps, doubled by transposed
convolutions (kernel 4, stride 2) with halved maps, batch norm and ReLU everywhere but at the output (tanh); the critic
is the mirror image with LeakyReLU 0.2 and no batch norm at its input; all weights start as N(0, 0.02). At 64 x 64 this
is figure 1 of the paper; a larger representation takes more doublings from the same 1024. An axis that can be halved
less often than the other joins the doublings later.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from kickitout.errors import UserError
from kickitout.models.output import OutputBias, add_output_bias, biased
from kickitout.models.upsample import Stride, Upsampling, kernel, upsample
from kickitout.settings import Settings

RepresentationShape = tuple[int, int, int]  # channels, rows (frequency), columns (time)
SMALLEST_GRID = 4  # cells an axis: where the paper starts


class DCGANConfig(Settings):
    """Numbers that define generator and critic; stored inside every checkpoint and model file."""

    family: Literal["dcgan"] = "dcgan"
    latent: int = Field(100, ge=1, le=4096)
    prior: Literal["uniform", "normal"] = "uniform"
    channels: int = Field(1024, ge=4, le=8192)  # maps on the smallest grid, halved at each doubling
    least_channels: int = Field(8, ge=1, le=1024)  # halving stops here
    upsampling: Upsampling = "transposed"
    last_upsampling: Upsampling | None = None  # of the last step; None: as the others
    critic_norm: Literal["batch", "none"] = "batch"  # "none" for objectives with a gradient penalty
    critic_start: Literal["published", "he"] | None = None  # None: as published with batch norm, He's without
    output_bias: OutputBias = 0.0
    stereo: bool = False  # mid and side, the side after the mid along the channels


def grid(shape: RepresentationShape) -> tuple[tuple[int, int], list[Stride]]:
    """The smallest grid of a representation and the strides that lead from it to the size of that.

    >>> grid((1, 64, 64))
    ((4, 4), [(2, 2), (2, 2), (2, 2), (2, 2)])
    >>> grid((16, 1, 22))
    ((1, 11), [(1, 2)])
    """
    cells, halvings = [], []
    for size in shape[1:]:
        count = 0
        while size % 2 == 0 and size // 2 >= SMALLEST_GRID:
            size, count = size // 2, count + 1
        cells.append(size)
        halvings.append(count)
    steps = max(halvings)
    strides = [(2 if i >= steps - halvings[0] else 1, 2 if i >= steps - halvings[1] else 1) for i in range(steps)]
    if steps == 0 or cells[0] * cells[1] > 256:
        raise UserError(
            f"a DCGAN cannot build a representation of {shape[1]} x {shape[2]}: it doubles a small grid, so each axis "
            "must be a small number times a power of two; 64 x 64, 256 x 128 and 1 x 1408 work"
        )
    return (cells[0], cells[1]), strides


def widths(config: DCGANConfig, steps: int) -> list[int]:
    """Maps on each grid before the representation, from the smallest on."""
    return [max(config.channels >> i, config.least_channels) for i in range(steps)]


class Generator(nn.Module):
    """Latent -> representation."""

    def __init__(self, config: DCGANConfig, shape: RepresentationShape) -> None:
        super().__init__()
        size, strides = grid(shape)
        maps = widths(config, len(strides))
        # A transposed convolution of one cell is the paper's "project and reshape"; as a convolution it treats each
        # kick of a batch alone, so that a seed sounds the same whatever it is generated with.
        self.project = nn.Sequential(
            nn.ConvTranspose2d(config.latent, maps[0], size, bias=False), nn.BatchNorm2d(maps[0]), nn.ReLU(True)
        )
        doublings: list[nn.Module] = []
        for stride, inputs, outputs in zip(strides, maps, maps[1:], strict=False):
            up = upsample(config.upsampling, inputs, outputs, stride, size)
            doublings.append(nn.Sequential(up, nn.BatchNorm2d(outputs), nn.ReLU(True)))
            size = (size[0] * stride[0], size[1] * stride[1])
        self.doublings = nn.Sequential(*doublings)
        last = config.last_upsampling or config.upsampling
        self.to_picture = upsample(last, maps[-1], shape[0], strides[-1], size)
        self.apply(start_as_published)
        add_output_bias(self, config.output_bias)

    def forward(self, z: Tensor) -> Tensor:
        """z: [B, latent]. Returns [B, C, H, W] in [-1, 1]."""
        x = self.project(z[:, :, None, None])  # [B, 1024, 4, 4] for a 64 x 64 representation
        x = self.doublings(x)  # [B, 128, 32, 32]
        return biased(self, self.to_picture(x)).tanh()  # [B, C, 64, 64]


class Critic(nn.Module):
    """Representation -> how real it is, as a logit (the paper's discriminator; its sigmoid is in the objective)."""

    def __init__(self, config: DCGANConfig, shape: RepresentationShape) -> None:
        super().__init__()
        cells, strides = grid(shape)
        maps = [shape[0], *reversed(widths(config, len(strides)))]
        size = (shape[1], shape[2])
        layers: list[nn.Module] = []
        for i, stride in enumerate(reversed(strides)):
            taps, padding = kernel(stride, size, doubled=4, kept=3)
            normalise = config.critic_norm == "batch" and i > 0
            layers.append(nn.Conv2d(maps[i], maps[i + 1], taps, stride, padding, bias=not normalise))
            if normalise:
                layers.append(nn.BatchNorm2d(maps[i + 1]))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            size = (size[0] // stride[0], size[1] // stride[1])
        self.halvings = nn.Sequential(*layers)
        self.judge = nn.Conv2d(maps[-1], 1, cells)
        start = config.critic_start or ("published" if config.critic_norm == "batch" else "he")
        self.apply(start_as_published if start == "published" else start_without_norm)

    def forward(self, encoded: Tensor) -> Tensor:
        """encoded: [B, C, H, W]. Returns logits [B]."""
        return self.judge(self.halvings(encoded)).flatten()  # [B, 1024, 4, 4] -> [B]


def start_without_norm(module: nn.Module) -> None:
    """Weights that keep the level from layer to layer (He et al. 2015, arxiv.org/abs/1502.01852), biases 0.

    The published N(0, 0.02) relies on batch norm: without it a critic of seven layers began with logits near 1e-8.
    """
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, a=0.2)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def start_as_published(module: nn.Module) -> None:
    """Weights N(0, 0.02), batch norm scales N(1, 0.02), biases 0."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
