"""Where a generator begins: a constant under the tanh of its output.

Most of a kick's spectrogram is silence, which a representation of levels puts at -1, while a generator without a bias
begins at 0, in mid-grey, and its critic needs no more than that to tell. The constant is no weight: it is chosen or
measured before the first step, and kept in checkpoint and model file.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

OutputBias = float | Literal["data"]  # 0: none, as published; "data": the mode of the training representations
MODE_BINS = 63  # odd, so that one of them has 0 in its middle; the lowest is at -0.984, whose atanh is -2.4


def add_output_bias(generator: nn.Module, bias: OutputBias) -> None:
    """Give a generator its constant; none, and no entry in its checkpoints, where it is 0."""
    if bias != 0:
        generator.register_buffer("output_bias", torch.tensor(0.0 if bias == "data" else bias))


def biased(generator: nn.Module, x: Tensor) -> Tensor:
    """What goes into the tanh."""
    bias = getattr(generator, "output_bias", None)
    return x if bias is None else x + bias


def mode_under_tanh(encoded: Tensor) -> Tensor:
    """The most frequent value of representations in [-1, 1], before a tanh: atanh of the middle of the fullest bin.

    >>> round(float(mode_under_tanh(torch.tensor([-1.0, -1.0, -0.99, 0.0, 0.3]))), 2)
    -2.41
    >>> float(mode_under_tanh(torch.tensor([-0.01, 0.0, 0.01, 0.6])))
    0.0
    """
    counts = torch.histc(encoded.clamp(-1, 1), MODE_BINS, -1, 1)
    return torch.atanh((2 * counts.argmax() + 1) / MODE_BINS - 1)
