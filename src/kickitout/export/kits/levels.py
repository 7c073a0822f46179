"""How loud a kit is to be: the loudness of a full stroke in LUFS or its true peak in dBTP, as the kick card says."""

from __future__ import annotations

import re

from kickitout.errors import UserError

LEVEL_UNITS = {"loudness": "LUFS", "peak": "dBTP"}  # what all kicks of a kit share -> in what it is measured
CEILING_DBTP = -0.3  # no sound's true peak is higher: as near to full scale as the dataset's sample peak of 0.97
RANGES = {"LUFS": (-60.0, -3.0), "dBTP": (-40.0, CEILING_DBTP)}


def parse_level(level: str | float, match: str) -> float:
    """A level as people write it or as a number, in the unit of what is matched.

    >>> parse_level("-14 LUFS", "loudness"), parse_level("-1dBTP", "peak"), parse_level(-1, "peak")
    (-14.0, -1.0, -1.0)
    """
    text, unit = str(level), LEVEL_UNITS[match]
    low, high = RANGES[unit]
    what_works = f"{low:g} to {high:g} {unit} work, for instance {'-14LUFS' if unit == 'LUFS' else '-1dBTP'}"
    found = re.fullmatch(r"\s*([+-]?\d+(?:\.\d*)?)\s*([a-zA-Z]*)\s*", text)
    if not found:
        raise UserError(f"level {text}: no level; {what_works}")
    written = found[2].lower()
    for other, measured in LEVEL_UNITS.items():
        if other != match and written == measured.lower():
            raise UserError(f"level {text}: a match of {match} is in {unit}; one of {other} takes {measured}")
    if written not in ("", "db", unit.lower()):
        raise UserError(f"level {text}: no level; {what_works}")
    if not low <= float(found[1]) <= high:
        raise UserError(f"level {text}: {what_works}")
    return float(found[1])
