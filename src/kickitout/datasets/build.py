"""Folders -> the dataset: aligned kicks, a row about each, and a reason for each file that was left out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from os import PathLike
from typing import Any, BinaryIO, TypeVar

import numpy as np

from kickitout.audio import Sound, decode_sound
from kickitout.audio.prepare import PREPARE_VERSION, Prepared, prepare
from kickitout.datasets.groups import near_duplicate_groups
from kickitout.datasets.scan import Candidate, Refused, scan
from kickitout.errors import UserError
from kickitout.identity import identity_of, is_identity
from kickitout.sound import LENGTH
from kickitout.stored import upgraded


@dataclass(frozen=True)
class ManifestRow:
    """What the manifest says about one kick.

    name: for display; file: sha256 of the file's bytes; sound: which sound it holds, see `kickitout.identity`; rate in
    Hz and channels as recorded; seconds: of the whole file; onset_s: seconds into it; dc re full scale and peak_db in
    dBFS, before the gain; group: the number that near-duplicates share; lone: one of several channels sounds;
    notes: what was odd about the file, see `Sound`; known: samples that the file speaks for, see `Prepared`.
    """

    name: str
    file: str
    sound: str
    source: str
    licence: str
    rate: int
    channels: int
    seconds: float
    onset_s: float
    flipped: bool
    cancelled: bool
    dc: float
    peak_db: float
    cut_s: float
    padded_s: float
    group: int
    lone: bool = False
    notes: tuple[str, ...] = ()
    known: int = LENGTH


COPY_OF = "the same sound as "
Rest = TypeVar("Rest")  # what travels with a row

WIDE_SIDE = 1e-3  # of the energy of the mid: -30 dB


@dataclass(frozen=True, eq=False)
class Dataset:
    """waves (mid) and sides: float32 [n, 22050]; a row each; and all that was not taken."""

    waves: np.ndarray
    sides: np.ndarray
    rows: tuple[ManifestRow, ...]
    refused: tuple[Refused, ...]
    ignored: dict[str, int]  # suffix -> files that are not sounds
    warnings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def groups(self) -> np.ndarray:
        """[n]: near-duplicates have the same number."""
        return np.array([row.group for row in self.rows])

    def take(self, kept: np.ndarray) -> Dataset:
        """The kicks `kept` (indices) as a dataset of their own; what was refused stays with the whole."""
        return Dataset(self.waves[kept], self.sides[kept], tuple(self.rows[i] for i in kept), (), {}, ())

    @cached_property
    def digest(self) -> str:
        """sha256 over the sounds alone: names and the order of files do not matter, PREPARE_VERSION does."""
        return _digest_of(row.sound for row in self.rows)

    def has_digest(self, digest: str) -> bool:
        """Whether `digest` is of these sounds; model files of before sounds had identities hold one of samples.

        That one is not the same on every processor: of the same sounds it may be denied, never of others affirmed.
        """
        return digest == self.digest or digest == _digest_of(
            hashlib.sha256(mid.tobytes() + side.tobytes()).hexdigest()
            for mid, side in zip(self.waves, self.sides, strict=True)
        )

    def manifest(self) -> dict[str, Any]:
        """All but the waveforms, ready for JSON."""
        return {
            "prepare_version": PREPARE_VERSION,
            "digest": self.digest,
            "counts": {
                "kicks": len(self.rows),
                "groups": len({row.group for row in self.rows}),
                "refused": len(self.refused),
                "ignored": sum(self.ignored.values()),
            },
            "rows": [asdict(row) for row in self.rows],
            "refused": [asdict(refused) for refused in self.refused],
            "ignored": dict(self.ignored),
            "warnings": list(self.warnings),
        }


def _digest_of(sounds: Iterable[str]) -> str:
    return hashlib.sha256("\n".join([f"prepare {PREPARE_VERSION}", *sorted(sounds)]).encode()).hexdigest()


def is_wide(mids: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """[n] bool: kicks [n, T] whose side has more than WIDE_SIDE of the energy of the mid."""
    of_side, of_mid = (np.einsum("nt,nt->n", x, x) for x in (sides, mids))
    return np.asarray(of_side > WIDE_SIDE * of_mid)


def read_dataset(
    paths: Sequence[str | PathLike[str]] | str | PathLike[str],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Scan, prepare and join into groups. progress(done, total) is called after each file.

    The dataset has `waves` (float32 [n, 22050], 44.1 kHz, onset at sample 64, peak 0.97), a row about each kick in
    `rows`, `groups` of near-duplicates, `refused` files and a `digest`. A file that fails is refused with its reason;
    the others are used. Raises UserError when none is left.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for seed, wave in enumerate(kickitout.generate([0, 1])):
    ...         _ = kickitout.write_sound(f"{folder}/{seed}.wav", wave, 44_100)
    ...     kickitout.read_dataset(folder).waves.shape
    (2, 22050)
    """
    found = scan(paths)
    refused = list(found.refused)
    outcomes = (_read_candidate(candidate) for candidate in found.candidates)
    rows, prepared = zip(*take_usable(outcomes, refused, len(found.candidates), progress), strict=True)
    waves = np.stack([sound.mid for sound in prepared])
    joined = near_duplicate_groups(waves, [row.sound for row in rows])
    return Dataset(
        waves=waves,
        sides=np.stack([sound.side for sound in prepared]),
        rows=tuple(replace(row, group=int(group)) for row, group in zip(rows, joined, strict=True)),
        refused=tuple(refused),
        ignored=found.ignored,
        warnings=(*found.warnings, *(f"{row.name}: {note}" for row in rows for note in row.notes)),
    )


def split(dataset: Dataset, share: float = 0.15, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Indices (train, held out), int64, ascending; about `share` of the groups are held out, whole.

    A group is held out when the hash of (seed, its smallest member's identity) falls below `share`: no file's fate
    depends on the others, so adding one reshuffles nothing. With two groups or more, each side gets at least one.
    """
    if not 0 < share < 1:
        raise UserError(f"share={share}: the held-out share must lie between 0 and 1; 0.15 works")
    smallest: dict[int, str] = {}
    for row in dataset.rows:
        smallest[row.group] = min(row.sound, smallest.get(row.group, row.sound))
    draw = {group: _hash_share(seed, digest) for group, digest in smallest.items()}
    held_out = {group for group, u in draw.items() if u < share}
    ranked = sorted(draw, key=lambda group: draw[group])
    held_out = (held_out | {ranked[0]}) - {ranked[-1]} if len(ranked) >= 2 else set()
    mask = np.array([row.group in held_out for row in dataset.rows], dtype=bool)
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def describe_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What happened to a folder between two manifests, in plain words; "" when they hold the same sounds.

    old: of either format.
    """
    old = upgraded(old)
    if old["digest"] == new["digest"]:
        return ""
    parts = []
    if old["prepare_version"] != new["prepare_version"]:
        parts.append(f"sounds are prepared differently (version {old['prepare_version']} -> {new['prepare_version']})")
    before = {row["name"]: row["file"] for row in old["rows"]}
    after = {row["name"]: row["file"] for row in new["rows"]}
    for names, what in (
        ([name for name in after if name not in before], "new"),
        ([name for name in before if name not in after], "gone"),
        ([name for name in after if before.get(name, after[name]) != after[name]], "changed"),
    ):
        if names:
            listed = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
            parts.append(f"{len(names)} {what} ({listed})")
    if not parts and any(not is_identity(row["sound"]) for row in (*old["rows"], *new["rows"])):
        return "the same files, which another version of kickitout identifies in another way"
    return "; ".join(parts) or "the same files give other samples (another version of the audio libraries)"


def take_usable(
    outcomes: Iterable[tuple[ManifestRow, Rest] | Refused],
    refused: list[Refused],
    total: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[tuple[ManifestRow, Rest]]:
    """The sounds that can be used, in order; the others join `refused`, copies of a sound that is there among them.

    progress(done, total) is called after each. Raises UserError where none can be used.
    """
    taken: dict[str, tuple[ManifestRow, Rest]] = {}  # by the identity of the sound
    for done, outcome in enumerate(outcomes, 1):
        if isinstance(outcome, Refused):
            refused.append(outcome)
        elif (first := taken.setdefault(outcome[0].sound, outcome)) is not outcome:
            refused.append(Refused(outcome[0].name, f"{COPY_OF}{first[0].name}"))
        if progress:
            progress(done, total)
    if not taken:
        why = "; ".join(f"{r.name}: {r.reason}" for r in refused[:3])
        raise UserError(f"none of {total} sound files could be used; {why}")
    return list(taken.values())


def refusal(candidate: Candidate, error: UserError) -> Refused:
    """A file that failed: the reason without the name, which stands beside it."""
    return Refused(candidate.name, str(error).removeprefix(f"{candidate.name}: "))


def describe_sound(candidate: Candidate, sound: Sound, file: BinaryIO, digest: str) -> tuple[ManifestRow, Prepared]:
    """A sound, prepared and described, and the file it is from; digest: sha256 of its bytes.

    Its group is not known yet (-1).
    """
    prepared = prepare(sound)
    row = ManifestRow(
        name=candidate.name,
        file=digest,
        sound=identity_of(sound, file),
        source=candidate.source,
        licence=candidate.licence,
        rate=sound.rate,
        channels=sound.channels,
        seconds=sound.seconds,
        onset_s=prepared.onset_s,
        flipped=prepared.flipped,
        cancelled=prepared.cancelled,
        dc=prepared.dc,
        peak_db=prepared.peak_db,
        cut_s=prepared.cut_s,
        padded_s=prepared.padded_s,
        group=-1,
        lone=prepared.lone,
        notes=sound.notes,
        known=prepared.known,
    )
    return row, prepared


def _read_candidate(candidate: Candidate) -> tuple[ManifestRow, Prepared] | Refused:
    try:
        with candidate.open() as file:
            sound = decode_sound(file, candidate.name)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return describe_sound(candidate, sound, file, digest)
    except UserError as error:
        return refusal(candidate, error)


def _hash_share(seed: int, digest: str) -> float:
    """A number in [0, 1) that depends on the seed and the content alone."""
    return int.from_bytes(hashlib.sha256(f"{seed} {digest}".encode()).digest()[:7], "big") / 2**56
