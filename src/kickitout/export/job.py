"""What to make, as data that is sent to workers: each of them opens the model for itself, once."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kickitout.descriptors.limits import Limits
from kickitout.errors import UserError
from kickitout.export.sounds import Kick, SoundFormat, each_sound, encode_recipe, file_name
from kickitout.files import write_whole
from kickitout.generation.load import load_model
from kickitout.generation.match import MatchResult
from kickitout.generation.model import Model
from kickitout.generation.reject import OutlierRejection, Tally


@dataclass(frozen=True)
class Order:
    """model: as `load_model` takes it; digest: of the file it had where the order was given; request: as in
    `generation.ask`; limits: of a gate, if there is one; folder: where files go."""

    model: str
    digest: str
    folder: Path
    form: SoundFormat
    request: Mapping[str, float]
    limits: Limits | None = None

    def open(self) -> Model:
        """Raises UserError where the model is another one here."""
        return _opened(self.model, self.digest)

    def gate(self) -> OutlierRejection | None:
        """A gate that has let nothing through yet."""
        return None if self.limits is None else OutlierRejection(self.open(), self.limits)

    def kicks(self, seeds: Sequence[int], gate: OutlierRejection | None) -> Iterator[Kick]:
        """On one thread, in order."""
        return each_sound(self.open(), seeds, self.form, self.request, gate, lambda kick: kick, threads=1)

    def write_files(self, seeds: Sequence[int]) -> tuple[list[tuple[Path, MatchResult | None]], Tally]:
        """Write a file a seed, whatever is there. Returns paths, answers without their sounds, and what a gate says."""
        written, gate = [], self.gate()
        for kick in self.kicks(seeds, gate):
            path = self.folder / file_name(kick.seed, self.form)
            write_whole(path, encode_recipe(kick.recipe, kick.wave, self.form))
            written.append((path, kick.answer and replace(kick.answer, wave=np.empty((0, 0), np.float32))))
        return written, gate.tally if gate else Tally()


@functools.lru_cache(maxsize=1)
def _opened(name: str, digest: str) -> Model:
    model = load_model(name)
    if model.digest != digest:
        raise UserError(f"{name}: a worker has another model under this name; the workers need to share it")
    return model
