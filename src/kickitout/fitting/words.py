"""What was heard in a loop and why a kick is as it is, a sentence a line."""

from __future__ import annotations

import math
from collections.abc import Collection

from kickitout.fitting.bass import HIGHEST_HZ
from kickitout.fitting.loop import USUAL_BPM, Loop
from kickitout.fitting.room import COVERED_DB, Room
from kickitout.fitting.search import AS_ASKED, FittedKick
from kickitout.generation.match import measured
from kickitout.generation.targets import TargetRequest, TargetResult
from kickitout.models.controls import TARGETS
from kickitout.notes import NOTE_NAMES, note_name
from kickitout.units import plain_number

SEMITONE, LONGER = 2 ** (1 / 12), 1.1  # by so much a pitch begins higher, or falls for longer, than that of the seed


def heard_lines(loop: Loop, given: Collection[str] = ()) -> list[str]:
    """What was heard in a loop, a sentence a line; what was not heard is said as well. given: names of targets."""
    tempo, key, bass = loop.tempo, loop.key, loop.bass
    first = f"first beat at {tempo.first_beat:.2f} s"
    if tempo.given:
        lines = [f"tempo: {tempo.bpm:g} BPM as given, {first}"]
    elif tempo.known:
        lines = [f"tempo: {tempo.bpm:.2f} BPM (or half of it), {first}, confidence {tempo.confidence:.2f}"]
    else:
        no_beat = f"no beat is heard (confidence {tempo.confidence:.2f})"
        lines = [f"tempo: {no_beat}; kicks are compared at {USUAL_BPM:.0f} BPM"]
    if key.given:
        lines.append(f"key: {key.name} as given")
    elif key.known:
        sure = f"confidence {key.confidence:.2f} that {NOTE_NAMES[key.tonic]} is the tonic"
        lines.append(f"key: {key.name}, {sure}; {key.mode} is less sure")
    else:
        lines.append(f"key: none is heard (confidence {key.confidence:.2f})")
    if bass.known:
        shares = bass.classes()
        most = [pc for pc in sorted(range(12), key=lambda pc: (-round(float(shares[pc]), 6), pc)) if shares[pc] >= 0.05]
        names = ", ".join(f"{NOTE_NAMES[pc]} {100 * shares[pc]:.0f} %" for pc in most[:4])
        lines.append(f"bass: {names}, around {note_name(bass.lowest)}, confidence {bass.confidence:.2f}")
    else:
        lines.append(f"bass: no steady notes below {HIGHEST_HZ:.0f} Hz are heard (confidence {bass.confidence:.2f})")
    if loop.tonic is None and "pitch" not in given:
        lines.append("tuning: neither key nor bass is heard, so the kicks keep their own pitch")
    return lines


def room_lines(room: Room, given: Collection[str] = ()) -> list[str]:
    """What is free around the beats. given: names of targets."""
    short = "" if "decay" in given else ", so short kicks that a click carries are asked for"
    low = (
        f"low end: busy when the kick comes{short}"
        if room.taken
        else f"low end: free for {room.free_ms:.0f} ms after a beat, of {room.beat_ms:.0f} ms to the next one"
    )
    if room.click_hz is not None:
        high = f"hats: {room.hats_db:.0f} dB more at the beats; the least around {room.click_hz / 1000:g} kHz"
    elif room.hats_db >= COVERED_DB:
        high = f"hats: none are heard at the beats; the {room.hats_db:.0f} dB more there are of other sounds"
    else:
        high = "hats: nothing covers a click on the beat"
    return [low, high]


def given_style(style: str | None) -> list[str]:
    """The style that was given, where one was."""
    return [] if style is None else [f"style: {style} as given"]


def given_targets(asked: TargetRequest) -> list[str]:
    """The targets that were given, where there are some."""
    said = [f"{name} {plain_number(value)} {TARGETS[name].unit}" for name, value in asked.targets.items()]
    said += ["a pitch that rests"] if asked.steady else []
    return [f"asked for: {', '.join(said)}"] if said else []


def reason_line(one: FittedKick, loop: Loop, room: Room) -> str:
    """Why a kick is as it is, by its card: its note, its decay, its sweep, its click, and whether it masks more than
    its seed. What was asked for and missed is named."""
    low, lines, parts = _low_end(loop), one.lines, []
    if one.midi is not None and "pitch" in lines:
        name = note_name(one.midi)
        asked = f"{plain_number(lines['pitch'].requested)} Hz ({name})"
        note = asked if one.interval == AS_ASKED else f"{name}, the {one.interval} of {NOTE_NAMES[loop.tonic or 0]}"
        parts.append(_tuning(lines["pitch"], note) + (f", but {one.unrest} there" if one.unrest else ""))
    if "decay" in lines and "decay" not in one.given:
        with_it = f"{low} plays with it" if loop.bass.known else f"{low} is busy with it"
        reason = with_it if room.taken else f"the low end is free for {room.free_ms:.0f} ms"
        parts.append(_decay(lines["decay"], reason))
    if one.higher and (fall := _fall(one)):
        parts.append(fall)
    if "click" in lines and "click" not in one.given and (lines["click"].reached or not one.given):
        parts.append(_click(lines["click"], f"to be heard above {low}"))
    if "tone" in lines and "tone" not in one.given:
        parts.append(_tone(lines["tone"]))
    parts += [_as_asked(line) for name, line in lines.items() if name in one.given and name != "pitch"]
    if one.more_db > 0:
        heard = "" if one.masks_more else ", too little to be heard"
        parts.append(f"covers {one.more_db:.1f} dB more of {low} than the seed's own kick{heard}")
    return "; ".join(parts)


def _tuning(line: TargetResult, note: str) -> str:
    if line.reached:
        return f"tuned to {note} ({line.error:+.0f} cents)"
    if not math.isfinite(line.error):
        return f"without a clear pitch: {note}, was asked for and missed"
    side = "above" if line.error > 0 else "below"
    return f"{abs(line.error):.0f} cents {side} {note}, which was asked for and missed"


def _decay(line: TargetResult, reason: str) -> str:
    if not math.isfinite(line.achieved):
        return f"falls by 20 dB in a time that cannot be measured; {line.requested:.0f} ms were asked for, as {reason}"
    side = "longer" if line.error > 0 else "shorter"
    missed = "" if line.reached else f", {side} than the {line.requested:.0f} ms that were asked for"
    return f"falls by 20 dB in {line.achieved:.0f} ms{missed}, as {reason}"


def _as_asked(line: TargetResult) -> str:
    """A target that was given."""
    name, unit = line.target.name, line.target.unit
    asked = f"{plain_number(line.requested)} {unit}"
    if not math.isfinite(line.achieved):
        return f"{name} {asked} was asked for, and it has none that can be measured"
    got = f"{name} {plain_number(line.achieved)} {unit}"
    return f"{got}, as asked" if line.reached else f"{got}, and {asked} was asked for and missed"


def _fall(one: FittedKick) -> str:
    """How its pitch falls otherwise than that of the seed's own kick, as far as both cards say so; else nothing."""
    was, card = measured(one.before[None]), one.kick.card
    start, sweep = float(card["pitch_start_hz"]), float(card["sweep_ms"])
    if not math.isfinite(sweep):  # it falls by less than a semitone
        return ""
    said = []
    if start > SEMITONE * was["pitch_start_hz"]:
        said.append(f"from {start:.0f} Hz, higher than the seed's {was['pitch_start_hz']:.0f} Hz")
    if sweep > LONGER * was["sweep_ms"]:
        said.append(f"for {sweep:.0f} ms, longer than the seed's {was['sweep_ms']:.0f} ms")
    return f"its pitch falls {', and '.join(said)}" if said else ""


def _click(line: TargetResult, reason: str) -> str:
    if not math.isfinite(line.achieved):
        return f"without a click that can be measured; {line.requested:.0f} dB were asked for {reason}"
    if line.reached:
        return f"click at {line.achieved:.0f} dB {reason}"
    side = "louder" if line.error > 0 else "quieter"
    return f"click at {line.achieved:.0f} dB, {side} than the {line.requested:.0f} dB that were asked for {reason}"


def _tone(line: TargetResult) -> str:
    best = f"{line.requested / 1000:.1f} kHz, where the hats have least,"
    if not math.isfinite(line.achieved):
        return f"its click has no place that can be measured; {best} was asked for"
    if line.reached:
        return f"its click around {line.achieved / 1000:.1f} kHz, where the hats have least"
    return f"its click around {line.achieved / 1000:.1f} kHz; {best} was asked for and missed"


def why_line(one: FittedKick, loop: Loop, room: Room) -> str:
    """The line of a kick: `reason_line`, and what it leaves of the bass."""
    reason = reason_line(one, loop, room)
    if not math.isfinite(one.after_db):
        return reason
    masking = f"masking of {_low_end(loop)} below 150 Hz {one.before_db:.1f} dB before, {one.after_db:.1f} dB after"
    return f"{reason}; {masking}" if reason else masking


def _low_end(loop: Loop) -> str:
    return "the bass" if loop.bass.known else "the low end"
