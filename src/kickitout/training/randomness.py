"""Random numbers that depend on where a run is, not on how it got there.

Every draw comes from a generator seeded by (seed, step, purpose). Nothing has to be saved for a resumed run to go on as
if it had not been interrupted, and several processes can draw the same global batch and take their share of it.

The labels of purposes ("order", "latents", ...) are frozen strings, whatever the code around them is called: another
label is another stream, so that runs go on as another run and the same config gives other weights. Whoever changes one
raises `kickitout.training.frozen.TRAINING_VERSION`.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def stream(seed: int, *place: int | str) -> int:
    """A 63-bit seed for one purpose at one place of a run, for instance stream(0, "latents", 7).

    >>> stream(0, "latents", 7)
    5506444540145176751
    """
    text = ":".join(str(part) for part in (seed, *place))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def noise(seed: int, *place: int | str) -> torch.Generator:
    """A CPU generator for one purpose at one place of a run."""
    return torch.Generator().manual_seed(stream(seed, *place))


def batch_indices(seed: int, step: int, batch: int, n: int) -> np.ndarray:
    """[batch] which of n kicks make up the batch of a step: each kick once an epoch, in a new order each time."""
    positions = np.arange(step * batch, (step + 1) * batch)
    epochs = positions // n
    order = {int(e): np.random.default_rng(stream(seed, "order", int(e))).permutation(n) for e in np.unique(epochs)}
    return np.array([order[int(e)][p] for e, p in zip(epochs, positions % n, strict=True)])
