"""One file, examined: its row, its prepared sound, its kick card and facts; kept under the digest of the file.

A kept examination is a FLAC file (24 bits) with the prepared sound, and the figures as JSON in its comment: written
whole, the sound checked by the CRCs of the format and the figures by a digest before them, never unpickled. One that
cannot be read counts as absent. The folder may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.audio import decode_sound, encode_sound, read_comment, read_sound
from kickitout.audio.prepare import PREPARE_VERSION
from kickitout.datasets.build import ManifestRow, describe_sound, refusal
from kickitout.datasets.doctor.facts import Facts, measure_facts
from kickitout.datasets.scan import Candidate, Refused
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.files import make_folder, write_whole
from kickitout.sound import LENGTH, SAMPLE_RATE

EXAMINE_VERSION = 7  # raise it whenever a row, a card or a fact changes


@dataclass(frozen=True, eq=False)
class Examined:
    """card: name -> value, NaN where undefined; reasons: why. wave: the prepared mid, float32 [LENGTH]."""

    row: ManifestRow
    card: dict[str, float | str]
    reasons: dict[str, str]
    facts: Facts
    wave: np.ndarray


def cache_folder() -> Path | None:
    """Where examinations are kept: $XDG_CACHE_HOME/kickitout, or ~/.cache/kickitout; None for a user without a home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given)
    if not base.is_absolute():  # as the XDG specification wants it
        try:
            base = Path.home() / ".cache"
        except RuntimeError:  # no HOME, and no entry in passwd: docker run --user 12345
            return None
    if not base.is_absolute():
        return None
    return base / "kickitout" / f"examined-{PREPARE_VERSION}.{EXAMINE_VERSION}"


def examine(candidate: Candidate, cache: Path | None) -> Examined | Refused:
    """Decode, prepare and measure a file, or take what the cache keeps under its digest. Never raises for a file."""
    try:
        with candidate.open() as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            place = cache / digest[:2] / f"{digest}.flac" if cache else None
            kept = recall(place) if place else None
            if kept is not None:
                row = replace(kept.row, name=candidate.name, source=candidate.source, licence=candidate.licence)
                return replace(kept, row=row)
            file.seek(0)
            sound = decode_sound(file, candidate.name)
            row, prepared = describe_sound(candidate, sound, file, digest)
        measured = cards(prepared.mid[None])
        found = Examined(row, measured.row(0), measured.reasons(0), measure_facts(sound, prepared), prepared.mid)
    except UserError as error:
        return refusal(candidate, error)
    except OSError as error:  # a disk that fails in the middle
        return Refused(candidate.name, (error.strerror or str(error)).lower())
    if place:
        with contextlib.suppress(UserError):  # a full or forbidden disk costs time, not the report
            make_folder(place.parent)
            keep(place, found)
    return found


def keep(place: Path, found: Examined) -> None:
    """Write an examination to `place`, whole."""
    figures = json.dumps(as_data(found))
    write_whole(place, encode_sound(found.wave, SAMPLE_RATE, format="flac", bits="24", comment=_signed(figures)))


def recall(place: Path) -> Examined | None:
    """The examination at `place`, or None when it is absent, damaged or of another make."""
    try:
        if not place.is_file():
            return None
        wave = read_sound(place).samples
        comment = read_comment(place) or ""
        figures = json.loads(comment[64:])
        card = {name: math.nan if value is None else value for name, value in figures["card"].items()}
        if wave.shape != (LENGTH, 1) or comment != _signed(comment[64:]):
            return None
        figures["row"]["notes"] = tuple(figures["row"]["notes"])
        return Examined(ManifestRow(**figures["row"]), card, figures["reasons"], Facts(**figures["facts"]), wave[:, 0])
    except (UserError, OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _signed(text: str) -> str:
    """The text behind its sha256: FLAC's own checksums are of samples, not of comments."""
    return hashlib.sha256(text.encode()).hexdigest() + text


def as_data(found: Examined) -> dict[str, Any]:
    """All but the wave, ready for JSON: None for what is undefined."""
    card = {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in found.card.items()}
    return {"row": asdict(found.row), "card": card, "reasons": found.reasons, "facts": asdict(found.facts)}
