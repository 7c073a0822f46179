"""The data doctor: what is in these folders, what is wrong with it, and what becomes of it in a dataset.

Every file is taken or refused as `read_dataset` does it, for the same reasons; nothing is written but the cache.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kickitout.audio import decode_sound, mid_side
from kickitout.cpus import usable_cpus
from kickitout.datasets.build import COPY_OF, take_usable
from kickitout.datasets.doctor.examined import Examined, as_data, cache_folder, examine
from kickitout.datasets.doctor.forecast import forecast, load_curve
from kickitout.datasets.doctor.suspects import Suspicion, suspicions
from kickitout.datasets.doctor.words import Section, headline, overview, sections
from kickitout.datasets.groups import near_duplicate_groups
from kickitout.datasets.scan import Candidate, Refused, scan
from kickitout.descriptors.endings import STOP_MS, stops
from kickitout.errors import UserError
from kickitout.files import make_folder
from kickitout.sound import LENGTH
from kickitout.workers import Workers

ALONE_FILES = 64  # files: below this starting other processes takes longer than it saves
FILES_SENT = 8  # files sent to a worker at a time
LATE_MS = 20.0  # before the onset; less is a margin
NOISE_DB = -50.0  # RMS before the onset re peak; a quiet recording room is below
QUIET_DBFS = -24.0  # peak; 16 bits keep 12 of them
SOUNDING_DB = -40.0  # re peak, where the window of 500 ms ends: audible behind a kick
ABRUPT_DB = -30.0  # re peak, in the last 1 ms of a file
COARSE_LEVELS = 256  # of 8 bits
FULL_DBFS = -0.1  # from here on a flat peak is clipped whatever its steps are
LOW_RATE = 32_000  # Hz: half of it is where the click of most recordings has ended
LENGTHS_MS = (0, 100, 200, 300, 500, 750, 1000, 2000, 5000, 30_001)  # edges of the histogram

FINDING_TEXTS = {
    "cancelled": "stereo whose channels cancel: the louder one is taken",
    "lone": "sounding in one channel alone: that one is taken, as mono",
    "odd": "oddly written: read all the same",
    "clipped": "clipped, or driven flat: learned as it is",
    "dc": "resting on an offset (DC): it is removed",
    "flipped": "first half wave downwards: turned over",
    "late": f"silence or noise of more than {LATE_MS:.0f} ms before the hit: cut off",
    "noisy": f"noise before the hit, above {NOISE_DB:.0f} dB re peak: it may be under the kick as well",
    "quiet": f"peak below {QUIET_DBFS:.0f} dBFS: raised, and its noise with it",
    "cut": "longer than 500 ms and still sounding there: faded out",
    "abrupt": "ends while it sounds: faded out over 2 ms",
    "coarse": f"coarse, {COARSE_LEVELS} different levels or fewer: learned as it is, with the noise of its steps",
    "dull": f"of a rate below {LOW_RATE} Hz: learned as it is, without the click above half of its rate",
    "stops": "ends while it is loud: learned as it is, so that kicks of the model may stop like it",
}


@dataclass(frozen=True)
class Finding:
    """One file and what was measured, in words."""

    name: str
    text: str


@dataclass(frozen=True)
class Suspect:
    """A file that is probably not one kick, and every rule that says so."""

    name: str
    suspicions: tuple[Suspicion, ...]


@dataclass(frozen=True, eq=False)
class DoctorReport:
    """taken, refused (copies of the same sound among them), ignored (suffix -> files): every file that was found.

    groups: names of near-duplicates, two or more each, first the ones taken, then exact copies. findings: a key of
    `titles` -> files; titles: what each is, and what becomes of it. waves: float32 [taken, 22050]. files: where each
    sound comes from, by name.
    """

    titles: ClassVar[Mapping[str, str]] = FINDING_TEXTS

    taken: tuple[Examined, ...]
    refused: tuple[Refused, ...]
    ignored: dict[str, int]
    warnings: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    copies: dict[str, str]  # refused as the same sound -> the name of that
    different: int  # groups among the taken, single ones included
    suspects: tuple[Suspect, ...]
    findings: dict[str, tuple[Finding, ...]]
    rates: dict[int, int]  # Hz -> files
    channels: dict[int, int]
    licences: dict[str, int]
    lengths: tuple[tuple[str, int], ...]  # "100-200 ms" -> files
    forecast: str
    waves: np.ndarray
    files: dict[str, Candidate]

    @cached_property
    def place(self) -> dict[str, int]:
        """The place of each sound among the taken, by name."""
        return {one.row.name: i for i, one in enumerate(self.taken)}

    def prepared(self, name: str) -> np.ndarray:
        """A sound that was taken as it is learned from: float32 [22050], mono, at 44.1 kHz, its onset at sample 64."""
        return np.asarray(self.waves[self.place[name]])

    def recorded(self, name: str) -> tuple[np.ndarray, int]:
        """A sound as it is in its file: the mean of its channels [T], and its rate in Hz. Raises UserError for a file
        that has gone."""
        with self.files[name].open() as file:
            sound = decode_sound(file, name)
        return mid_side(sound.samples)[0], sound.rate

    def headline(self) -> str:
        """How many were taken, refused, suspected and ignored."""
        return headline(self)

    def overview(self) -> list[tuple[str, str]]:
        """What the folder is made of: (name, text) each."""
        return overview(self)

    def sections(self) -> list[Section]:
        """Everything that was found, in lines, the weightiest first."""
        return sections(self)

    def as_data(self) -> dict[str, Any]:
        """All but the sounds, ready for JSON."""
        return {
            "counts": {
                "taken": len(self.taken),
                "different": self.different,
                "refused": len(self.refused),
                "ignored": sum(self.ignored.values()),
                "suspects": len(self.suspects),
                **{key: len(found) for key, found in self.findings.items()},
            },
            "forecast": self.forecast,
            "suspects": [asdict(suspect) for suspect in self.suspects],
            "groups": [list(names) for names in self.groups],
            "copies": self.copies,
            "findings": {key: [asdict(finding) for finding in found] for key, found in self.findings.items()},
            "refused": [asdict(refused) for refused in self.refused],
            "ignored": self.ignored,
            "warnings": list(self.warnings),
            "rates": self.rates,
            "channels": self.channels,
            "licences": self.licences,
            "lengths": dict(self.lengths),
            "kicks": [as_data(found) for found in self.taken],
        }


def check(
    paths: Sequence[str | PathLike[str]] | str | PathLike[str],
    progress: Callable[[int, int], None] | None = None,
    *,
    cache: bool | Path = True,
    workers: Workers | None = None,
    kind: str = "kick",
) -> DoctorReport:
    """Examine every sound file of folders and archives. progress(done, total) is called after each file.

    cache: keep what was measured under the digest of each file, in `cache_folder` or the one given. workers: by default
    one process a core, and none for few files; those of a cluster share the folders. kind: "kick", or "any" for other
    one-shots, of which none is suspect.

    The report has what was `taken` and `refused`, `groups` of near-duplicates, `suspects` that are probably no single
    kick, `findings` (clipped, late, noisy, ...) with their `titles`, and a `forecast` of how good a model of so many
    kicks becomes; `as_data()` is all of it for JSON, `prepared(name)` and `recorded(name)` are the sounds. Raises
    UserError when no file can be used.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = kickitout.write_sound(f"{folder}/kick.wav", kickitout.generate([7])[0], 44_100)
    ...     report = kickitout.check(folder, cache=False)
    >>> len(report.taken), len(report.refused), report.suspects
    (1, 0, ())
    """
    if kind not in ("kick", "any"):
        raise UserError(f"kind {kind!r}: 'kick' or 'any' works")
    listed = scan(paths)
    total = len(listed.candidates)
    refused = list(listed.refused)
    place, nothing_kept = _place_for(cache)
    outcomes = _examine_all(listed.candidates, place, workers)
    rows = (found if isinstance(found, Refused) else (found.row, found) for found in outcomes)
    taken = [one for _, one in take_usable(rows, refused, total, progress)]
    waves = np.empty((len(taken), LENGTH), np.float32)
    for i, one in enumerate(taken):
        waves[i] = one.wave
        taken[i] = replace(one, wave=waves[i])  # a view: the sounds are in memory once
    joined = near_duplicate_groups(waves, [one.row.sound for one in taken])
    names = [one.row.name for one in taken]
    copies = {one.name: one.reason.removeprefix(COPY_OF) for one in refused if one.reason.startswith(COPY_OF)}
    doubts = ((one.row.name, suspicions(one.card, one.facts, kind)) for one in taken)
    different = int(joined.max()) + 1
    return DoctorReport(
        taken=tuple(taken),
        refused=tuple(refused),
        ignored=listed.ignored,
        warnings=(*listed.warnings, *nothing_kept),
        groups=_named_groups(names, joined.tolist(), copies),
        copies=copies,
        different=different,
        suspects=tuple(Suspect(name, why) for name, why in doubts if why),
        findings={key: tuple(_findings_of(key, taken)) for key in FINDING_TEXTS},
        rates=dict(sorted(Counter(one.row.rate for one in taken).items())),
        channels=dict(sorted(Counter(one.row.channels for one in taken).items())),
        licences=dict(Counter(one.row.licence for one in taken).most_common()),
        lengths=_histogram([1000 * one.row.seconds for one in taken]),
        forecast=forecast(different, load_curve()) if kind == "kick" else "known for kicks only",
        waves=waves,
        files={candidate.name: candidate for candidate in listed.candidates},
    )


def _place_for(cache: bool | Path) -> tuple[Path | None, list[str]]:
    """Where examinations are kept, or nowhere, and the line that says why nowhere."""
    place = cache_folder() if cache is True else cache or None
    if cache and place is None:
        return None, [
            "this user has no home folder, so nothing is kept for a second look; XDG_CACHE_HOME names a place"
        ]
    if place is None:
        return None, []
    try:
        make_folder(place)
    except UserError as error:
        return None, [f"{error}; nothing is kept for a second look, XDG_CACHE_HOME names another place"]
    return place, []


def _examine_all(
    candidates: Sequence[Candidate], cache: Path | None, workers: Workers | None
) -> Iterator[Examined | Refused]:
    """Every candidate examined, in order, by one process a core where that is worth it."""
    parts = [candidates[i : i + FILES_SENT] for i in range(0, len(candidates), FILES_SENT)]
    few = len(candidates) < ALONE_FILES
    with nullcontext(workers) if workers else Workers(1 if few else min(usable_cpus(), len(parts))) as pool:
        for _, found in pool.each(partial(_examine_some, cache=cache), parts, in_order=True):
            yield from found


def _examine_some(candidates: Sequence[Candidate], cache: Path | None) -> list[Examined | Refused]:
    return [examine(candidate, cache) for candidate in candidates]


def _named_groups(names: list[str], group: list[int], copies: dict[str, str]) -> tuple[tuple[str, ...], ...]:
    members: dict[int, list[str]] = {}
    for name, number in zip(names, group, strict=True):
        members.setdefault(number, []).append(name)
    home = dict(zip(names, group, strict=True))
    for copy, original in copies.items():
        members[home[original]].append(copy)
    return tuple(tuple(group) for group in members.values() if len(group) > 1)


def _findings_of(key: str, taken: Sequence[Examined]) -> Iterator[Finding]:
    for one in taken:
        row, facts = one.row, one.facts
        text = None
        match key:
            case "cancelled" if row.cancelled:
                text = f"{row.channels} channels, less than 1 % of the energy is left in their mean"
            case "lone" if row.lone:
                text = f"{row.channels} channels"
            case "odd" if row.notes:
                text = "; ".join(row.notes)
            case "clipped" if facts.clipped > 0 and (row.peak_db > FULL_DBFS or not _coarse(one)):
                text = f"{facts.clipped} samples in flat runs at the peak of {round(row.peak_db, 1) + 0.0:.1f} dBFS"
            case "dc" if row.dc != 0:
                text = f"rests on {row.dc:+.4f} of full scale"
            case "flipped" if row.flipped:
                text = ""  # the title says it all
            case "late" if 1000 * row.onset_s > LATE_MS:
                text = f"the hit begins at {1000 * row.onset_s:.0f} ms"
            case "noisy" if facts.lead_db is not None and facts.lead_db > NOISE_DB:
                text = f"{facts.lead_db:.0f} dB re peak in the {1000 * row.onset_s:.0f} ms before the hit"
            case "quiet" if row.peak_db < QUIET_DBFS:
                text = f"its peak is {row.peak_db:.1f} dBFS"
            case "cut" if facts.tail_db is not None and facts.tail_db > SOUNDING_DB:
                text = f"{1000 * row.seconds:.0f} ms long, still at {facts.tail_db:.0f} dB re peak after 500 ms"
            case "abrupt" if facts.tail_db is None and facts.end_db > ABRUPT_DB:
                text = f"at {facts.end_db:.0f} dB re peak when it ends after {1000 * row.seconds:.0f} ms"
            case "coarse" if _coarse(one):
                text = f"{facts.levels} different levels, as of {math.log2(facts.levels):.1f} bits"
            case "dull" if row.rate < LOW_RATE:
                text = f"{row.rate} Hz, so nothing above {row.rate / 2:g} Hz"
            case "stops" if stops(float(one.card["stop_db"])):
                text = f"falls by {float(one.card['stop_db']):.0f} dB within {STOP_MS:.0f} ms"
        if text is not None:
            yield Finding(row.name, text)


def _coarse(one: Examined) -> bool:
    """Whether its samples have few values, and not because they are few; steps at its peak are none of clipping."""
    return one.facts.levels <= COARSE_LEVELS and one.row.seconds * one.row.rate >= 4 * COARSE_LEVELS


def _histogram(lengths_ms: list[float]) -> tuple[tuple[str, int], ...]:
    counts = np.histogram(lengths_ms, LENGTHS_MS)[0].tolist()
    labels = [f"{low}-{high} ms" for low, high in pairwise(LENGTHS_MS)]
    labels[-1] = f"from {LENGTHS_MS[-2]} ms"
    return tuple(zip(labels, counts, strict=True))
