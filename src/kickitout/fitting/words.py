"""What was heard in a loop and why a kick is as it is, a sentence a line."""

from __future__ import annotations

import math

from kickitout.fitting.bass import HIGHEST_HZ
from kickitout.fitting.loop import USUAL_BPM, Loop
from kickitout.fitting.room import Room
from kickitout.fitting.search import FittedKick
from kickitout.notes import NOTE_NAMES, note_name


def heard_lines(loop: Loop) -> list[str]:
    """What was heard in a loop, a sentence a line; what was not heard is said as well."""
    tempo, key, bass = loop.tempo, loop.key, loop.bass
    lines = [
        f"tempo: {tempo.bpm:.2f} BPM (or half of it), first beat at {tempo.first_beat:.2f} s, "
        f"confidence {tempo.confidence:.2f}"
        if tempo.known
        else f"tempo: no beat is heard (confidence {tempo.confidence:.2f}); kicks are compared at {USUAL_BPM:.0f} BPM",
        f"key: {key.name}, confidence {key.confidence:.2f}"
        if key.known
        else f"key: none is heard (confidence {key.confidence:.2f})",
    ]
    if bass.known:
        shares = bass.classes()
        most = [pc for pc in sorted(range(12), key=lambda pc: (-round(float(shares[pc]), 6), pc)) if shares[pc] >= 0.05]
        names = ", ".join(f"{NOTE_NAMES[pc]} {100 * shares[pc]:.0f} %" for pc in most[:4])
        lines.append(f"bass: {names}, around {note_name(bass.lowest)}, confidence {bass.confidence:.2f}")
    else:
        lines.append(f"bass: no steady notes below {HIGHEST_HZ:.0f} Hz are heard (confidence {bass.confidence:.2f})")
    if loop.tonic is None:
        lines.append("tuning: neither key nor bass is heard, so the kicks keep their own pitch")
    return lines


def room_lines(room: Room) -> list[str]:
    """What is free around the beats."""
    low = (
        "low end: busy when the kick comes, so kicks are short and a click carries them"
        if room.taken
        else f"low end: free for {room.free_ms:.0f} ms after a beat, of {room.beat_ms:.0f} ms to the next one"
    )
    high = (
        "hats: nothing covers a click on the beat"
        if room.click_hz is None
        else f"hats: {room.hats_db:.0f} dB more at the beats; the least around {room.click_hz / 1000:g} kHz"
    )
    return [low, high]


def reason_line(one: FittedKick, loop: Loop, room: Room) -> str:
    """Why a kick is as it is: its note, its decay, its sweep, its click."""
    parts, low = [], _low_end(loop)
    measured = {line.target.name: line for line in one.kick.match.lines} if one.kick.match else {}
    if one.midi is not None and "pitch" in measured:
        tonic = NOTE_NAMES[loop.tonic or 0]
        off = f"{measured['pitch'].error:+.0f} cents"
        parts.append(f"tuned to {note_name(one.midi)}, the {one.interval} of {tonic} ({off})")
    if "decay" in measured:
        with_it = f"{low} plays with it" if loop.bass.known else f"{low} is busy with it"
        reason = with_it if room.taken else f"the low end is free for {room.free_ms:.0f} ms"
        parts.append(f"falls by 20 dB in {measured['decay'].achieved:.0f} ms, as {reason}")
    if one.higher:
        parts.append(f"its pitch falls from higher and for longer, above {low}")
    if "click" in measured:
        parts.append(f"click at {measured['click'].achieved:.0f} dB to be heard above it")
    if "tone" in measured:
        parts.append(f"its click around {measured['tone'].achieved / 1000:.1f} kHz, where the hats have least")
    return "; ".join(parts)


def why_line(one: FittedKick, loop: Loop, room: Room) -> str:
    """The line of a kick: `reason_line`, and what it leaves of the bass."""
    reason = reason_line(one, loop, room)
    if not math.isfinite(one.after_db):
        return reason
    masking = f"masking of {_low_end(loop)} below 150 Hz {one.before_db:.1f} dB before, {one.after_db:.1f} dB after"
    return f"{reason}; {masking}" if reason else masking


def _low_end(loop: Loop) -> str:
    return "the bass" if loop.bass.known else "the low end"
