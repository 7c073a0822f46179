"""Which recordings are strange to a model: neither learned from, nor of a machine that was learned from.

A TR-808 in another sampling is near none of the sounds of the first by correlation, and yet the same machine. So what
is of a source that was learned from, by its label or by a near-duplicate of one of its sounds, judges no model.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.datasets.build import Dataset, read_dataset
from kickitout.errors import UserError
from kicklab.sources import sources_of


class Unheard(NamedTuple):
    """Sounds of a dataset, and which of them a model has heard.

    learned: what it learned from; heard: [n] bool, learned from; who: [n], the source of each by `sources_of`, numbered
    from 0.
    """

    learned: Dataset
    dataset: Dataset
    heard: np.ndarray
    who: np.ndarray

    @property
    def strange(self) -> np.ndarray:
        """[n] bool: not learned from, nor of a source that was."""
        return ~self.heard & ~np.isin(self.who, self.who[self.heard])

    @property
    def strangers(self) -> Dataset:
        """The sounds that are strange."""
        return self.dataset.take(np.flatnonzero(self.strange))

    @property
    def left_out(self) -> int:
        """How many were not learned from and are of a source that was."""
        return int((~self.heard & ~self.strange).sum())


def unheard(learned: Dataset, both: Dataset) -> Unheard:
    """both: a dataset of what was learned from and of what was not. Raises UserError where all was learned from."""
    known = {row.sound for row in learned.rows}
    heard = np.array([row.sound in known for row in both.rows])
    if heard.all():
        raise UserError("no recording is left to judge by: all of them were learned from")
    return Unheard(learned, both, heard, np.unique(sources_of(both.rows), return_inverse=True)[1])


def read_unheard(learned: list[Path], unseen: list[Path]) -> Unheard:
    """As `unheard`, of folders. Raises UserError where no sound is strange."""
    found = unheard(read_dataset(learned), read_dataset([*learned, *unseen]))
    if not found.strange.any():
        raise UserError("no recording is left to judge by: all are of sources that were learned from")
    return found


def strange_rows(dataset: Dataset, rows: np.ndarray, known: Unheard) -> np.ndarray:
    """Those of rows [n] of another dataset of the same sounds that are strange. Raises UserError where none is."""
    strange = {row.sound for row in known.strangers.rows}
    found = [i for i in rows if dataset.rows[i].sound in strange]
    if not found:
        raise UserError(f"all {len(rows)} held out were heard, or are of sources that were; more sounds would help")
    return np.array(found)
