"""Where the kicks of a kit come from: seeds of a model, or sound files.

A kick is float32 [C, T] at 44.1 kHz (C is 1, or 2 for left and right) with its onset at sample ONSET. One from a model
is as long as it rings, or as the model makes it; one from a file keeps its length, up to LONGEST_S.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import numpy as np

from kickitout._version import __version__
from kickitout.audio import decode_comment
from kickitout.audio.containers import read_whole
from kickitout.datasets.scan import UNSTATED, Candidate, Refused, scan
from kickitout.errors import UserError, one_line
from kickitout.export.kits.pitching import CLOSE_CENTS
from kickitout.export.kits.tuning import NoteTarget, find_note
from kickitout.generation.generate import Kick, generate_kicks
from kickitout.generation.match import MatchResult, Targets
from kickitout.generation.model import Model
from kickitout.generation.reject import OutlierRejection, RejectionTally
from kickitout.generation.source import decode_whole_kick
from kickitout.generation.tail import MODEL_S
from kickitout.generation.targets import TargetRequest
from kickitout.models.controls import MOVED_BY, TARGETS
from kickitout.notes import to_hz


@dataclass(frozen=True)
class KitSource:
    """A kick that goes into a kit. name: for messages; label: in the names of its sounds; recipe: of the kick before it
    is shaped.

    source and licence: of a file, as its folder's index.csv states them.
    """

    name: str
    label: str
    wave: np.ndarray
    recipe: dict[str, Any]
    source: str = UNSTATED
    licence: str = UNSTATED
    word: str = "kick"  # names of its files begin with it
    match: MatchResult | None = None  # the result of its targets

    @property
    def made_by(self) -> str:
        """The model that generated the file of this kick, and its identity; "" for a recording, or a part of one."""
        recipe = self.recipe.get("source", {}).get("recipe", {})
        if "model" not in recipe or "keep" in recipe:
            return ""
        return one_line(f"{recipe['model']}, identity {recipe.get('model_sha256', '(not finished)')}")


def kicks_of_model(
    model: Model, seeds: Sequence[int], rejection: OutlierRejection | None = None, length_s: float = MODEL_S,
    style: str | None = None, targets: Targets | None = None, note: NoteTarget | None = None,
) -> list[KitSource]:  # fmt: skip
    """One kick a seed. rejection, length_s, style, targets: as in `generation.generate_kicks`. note: what it is going
    to be tuned to, None for the nearest. The model makes it at a note that is asked for, as a target of its pitch does,
    for resampling by some semitones would change its length and its click; and with targets at the nearest, lest tuning
    moves it away from them. Raises UserError for a seed that is silent, for one that cannot be tuned, and for a style
    that the model does not have."""
    found, of_style, request = [], "" if style is None else f"{style}_", TargetRequest.of(targets)
    asked = bool(request) or note is not None
    twice = asked and "pitch" not in request.targets and MOVED_BY["pitch"].name in model.info.controls
    uncounted = None if rejection is None else replace(rejection, tally=RejectionTally())

    def kicks(seeds: Sequence[int], asked: TargetRequest, rejection: OutlierRejection | None) -> Iterator[Kick]:
        return generate_kicks(seeds, model, asked, reject_outliers=rejection or False, style=style, length_s=length_s)

    for seed, kick in zip(seeds, kicks(seeds, request, uncounted if twice else rejection), strict=True):
        if twice:
            kick = next(kicks([seed], _in_tune(kick, request, note), rejection))
        if not np.abs(kick.channels).max() > 0:
            raise UserError(f"seed {kick.seed}: silent; choose another seed, or a model that has learned more")
        wave = np.asarray(kick.channels, np.float32)
        label = f"{of_style}s{kick.seed:06d}"
        match = kick.match if request else None  # of what was asked for: the note is tuned to at last
        if match is not None:
            match = replace(match, lines=tuple(line for line in match.lines if line.target.name in request.targets))
        found.append(KitSource(f"seed {kick.seed}", label, wave, kick.recipe, word=model.info.word, match=match))
    return found


def _in_tune(kick: Kick, request: TargetRequest, note: NoteTarget | None) -> TargetRequest:
    """The targets of a kick, and the pitch that it is tuned to, where it has one that can be asked for.

    With targets so near to it that tuning has next to nothing to do: ten cents of resampling can move the decay of a
    kick that lies on a plateau by a fifth.
    """
    hz, pitch = float(kick.card["pitch_end_hz"]), TARGETS["pitch"]
    if math.isnan(hz):
        return request
    goal = to_hz(find_note(hz, note, f"seed {kick.seed}"))
    if not pitch.low <= goal <= pitch.high:
        return request
    tolerance = {**request.tolerance, "pitch": CLOSE_CENTS} if request.targets else {}
    return replace(request, targets={**request.targets, "pitch": goal}, tolerance=tolerance)


def kicks_of_files(paths: Sequence[Path], most: int | None = None) -> tuple[list[KitSource], list[Refused]]:
    """The kicks of files, folders and zip archives, in the order of `dataset.scan`, but kick2 before kick10; at most
    the first `most` good ones.

    A file that was given by its own name has to be good; one in a folder or archive may be refused, and is listed then.
    Raises UserError when there is none left.
    """
    found = scan(paths)
    by_name = {path for path in paths if path.is_file() and path.suffix.lower() != ".zip"}
    good: list[KitSource] = []
    refused = list(found.refused)
    for candidate in _by_number(found.candidates):
        if most is not None and len(good) == most:
            break
        try:
            good.append(_load(candidate))
        except UserError as error:
            if candidate.path in by_name:
                raise
            refused.append(Refused(candidate.name, str(error).removeprefix(f"{candidate.name}: ")))
    if not good:
        raise UserError(f"{refused[0].name}: {refused[0].reason} (and no other sound is there)")
    return good, refused


def _by_number(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Numbers in the names of each folder that was given as people count; what was given stays in its order."""

    def counted(part: str) -> list[tuple[int, str]]:
        return [_counted(run) if run.isdecimal() else (0, run) for run in re.split(r"(\d+)", part)]

    def place(one: Candidate) -> list[list[tuple[int, str]]]:
        return [counted(part) for part in (*PurePosixPath(one.name).parts[:-1], PurePosixPath(one.name).stem, one.name)]

    given = itertools.groupby(candidates, lambda one: one.name.partition("/")[0])
    return [one for _, group in given for one in sorted(group, key=place)]


def _counted(digits: str) -> tuple[int, str]:
    """What stands in the order of numbers, for those as well that have more digits than Python makes an int of.

    >>> _counted("2") < _counted("0010") == _counted("10")
    True
    """
    number = "".join(str(int(digit)) for digit in digits).lstrip("0")
    return len(number), number


def kick_of_bytes(
    data: bytes, name: str, *, made_by: str | None = None, source: str = UNSTATED, licence: str = UNSTATED
) -> KitSource:
    """The kick in a sound file. made_by: the recipe that the file carries, if it does. Raises UserError."""
    recipe: dict[str, Any] = {
        "kickitout": __version__,
        "source": {"file": PurePath(name).name, "sha256": hashlib.sha256(data).hexdigest()},
    }
    if made_by is not None:
        recipe["source"]["recipe"] = json.loads(made_by)
    return KitSource(name, _label(name), decode_whole_kick(data, name), recipe, source, licence)


def _load(candidate: Candidate) -> KitSource:
    with candidate.open() as file:
        data = read_whole(file, 0, file.seek(0, os.SEEK_END), candidate.name)
    try:
        comment = decode_comment(data, candidate.name)
        made_by = comment if comment and '"kickitout"' in comment and isinstance(json.loads(comment), dict) else None
    except (UserError, ValueError, RecursionError):  # no sound (decoding says why), or a comment of somebody else
        made_by = None
    return kick_of_bytes(data, candidate.name, made_by=made_by, source=candidate.source, licence=candidate.licence)


def _label(name: str) -> str:
    """What is left of a file's name in the names of its sounds: letters and digits, of any script.

    >>> _label("folder/Küche & Bad #3.wav"), _label("....wav")
    ('Küche-Bad-3', 'sound')
    """
    text = unicodedata.normalize("NFC", PurePath(name).stem)
    return re.sub(r"[\W_]+", "-", text)[:24].strip("-") or "sound"


def ascii_label(label: str) -> str:
    """The same in the names of files: letters and digits that every system and player takes.

    >>> ascii_label("Küche-Bad-3"), ascii_label("Größe-1"), ascii_label("808_s000003")
    ('Kuche-Bad-3', 'Grosse-1', '808_s000003')
    """
    plain = unicodedata.normalize("NFKD", label.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"\W+", "-", plain).strip("-") or "sound"
