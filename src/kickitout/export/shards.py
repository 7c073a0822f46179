"""Kicks -> tar files of many kicks each, which say what is in them.

    kicks-000000-009999.tar
        kick_000000.json    its recipe and, unless that is left out, its kick card
        kick_000000.wav     the bytes that `kick generate --seed 0` writes
        kick_000001.json    ...

Files of one kick have one stem and stand side by side, as WebDataset reads them. Names, order and bytes depend on what
was ordered alone: no owner, no times.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from kickitout.descriptors import BLOCK_ROWS, cards_of_each
from kickitout.export.jobs import GenerationJob
from kickitout.export.sounds import encode_kick, file_name
from kickitout.files import writing_whole
from kickitout.generation.generate import Kick, itself
from kickitout.generation.reject import RejectionTally


@dataclass(frozen=True)
class Shard:
    """A tar file that is whole."""

    name: str
    kicks: int
    bytes: int
    sha256: str


def shard_name(seeds: range) -> str:
    """
    >>> shard_name(range(0, 10_000))
    'kicks-000000-009999.tar'
    """
    return f"kicks-{seeds[0]:06d}-{seeds[-1]:06d}.tar"


@dataclass(frozen=True)
class ShardWork:
    """What a worker does with the seeds of a shard. cards: whether each kick is measured."""

    job: GenerationJob
    cards: bool = True

    def __call__(self, seeds: range) -> tuple[Shard, RejectionTally]:
        """Make the kicks and write their shard, whole. Returns with it what an outlier rejection has counted."""
        name, size, digest, rejection = shard_name(seeds), 0, hashlib.sha256(), self.job.rejection()
        with writing_whole(self.job.folder / name) as file:
            for part in as_tar(self._members(self.job.each_kick(itself, seeds, rejection))):
                file.write(part)
                digest.update(part)
                size += len(part)
        return Shard(name, len(seeds), size, digest.hexdigest()), rejection.tally if rejection else RejectionTally()

    def _members(self, kicks: Iterator[Kick]) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) of all files, in order."""
        form = self.job.form
        while block := list(islice(kicks, BLOCK_ROWS)):
            for kick, told in zip(block, self._told(block), strict=True):
                name = file_name(kick.seed or 0, form)
                recipe, data = encode_kick(kick.recipe, kick.channels, form)
                yield f"{Path(name).stem}.json", json.dumps({"recipe": recipe, **told}, sort_keys=True).encode()
                yield name, data

    def _told(self, block: list[Kick]) -> Iterator[dict[str, Any]]:
        """What is said of each kick beside its recipe."""
        if not self.cards:
            yield from ({} for _ in block)
            return
        for card, reasons in cards_of_each([kick.channels.mean(axis=0) for kick in block], threads=1):
            yield {"card": {k: None if v != v else v for k, v in card.items()}, "reasons": reasons}  # NaN


def as_tar(members: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The bytes of a tar file (ustar) of (name, bytes), piece by piece: a TarFile would keep an object a member."""
    size = 0
    for name, data in members:
        info = tarfile.TarInfo(name)  # mode 644, of nobody, at the time 0
        info.size = len(data)
        yield (piece := info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % tarfile.BLOCKSIZE))
        size += len(piece)
    yield bytes(_tar_size(size) - size)


def _tar_size(size: int) -> int:
    """The size of a tar file with so many bytes of members: two empty blocks end it, and it is filled up."""
    return -(-(size + 2 * tarfile.BLOCKSIZE) // tarfile.RECORDSIZE) * tarfile.RECORDSIZE


def read_shard(path: Path, work: ShardWork, seeds: range) -> Shard | None:
    """The shard in a file; None where it is absent, damaged, or has other members than it should."""
    try:
        with open(path, "rb") as file:
            for name in _names(work, seeds):
                info = tarfile.TarInfo.frombuf(file.read(tarfile.BLOCKSIZE), "ascii", "strict")
                if info.name != name:
                    return None
                file.seek(-(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE, os.SEEK_CUR)
            end = file.tell()
            rest = file.read(tarfile.RECORDSIZE + tarfile.BLOCKSIZE)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, tarfile.TarError):
        return None
    whole = rest == bytes(_tar_size(end) - end)
    return Shard(path.name, len(seeds), end + len(rest), digest) if whole else None


def _names(work: ShardWork, seeds: range) -> Iterator[str]:
    for seed in seeds:
        name = file_name(seed, work.job.form)
        yield f"{Path(name).stem}.json"
        yield name
