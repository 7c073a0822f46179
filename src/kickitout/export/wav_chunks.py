"""The chunks by which a sampler knows, from a WAV alone, its key and its velocities: `smpl` and `inst`.

Multimedia Programming Interface and Data Specifications 1.0 (IBM & Microsoft 1991) has the container, the Multimedia
Standards Update 3.0 (Microsoft 1994) both chunks. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class SamplerZone:
    """Where a sound lies. key: the MIDI key on which it plays as it is, and the only one; velocities both included."""

    key: int
    low_velocity: int = 1
    high_velocity: int = 127


def smpl_chunk(zone: SamplerZone, rate: int) -> bytes:
    """Root key and sample period, no loop: it plays once.

    Nine 32-bit words: manufacturer, product, sample period in ns, root key, fraction of a semitone above it, SMPTE
    format, SMPTE offset, number of loops, bytes of private data.
    """
    return struct.pack("<4sI9I", b"smpl", 36, 0, 0, round(1e9 / rate), zone.key, 0, 0, 0, 0, 0)


def inst_chunk(zone: SamplerZone) -> bytes:
    """Root key, cents, gain in dB, lowest and highest key, lowest and highest velocity: seven bytes and a filler."""
    low, high = zone.low_velocity, zone.high_velocity
    return struct.pack("<4sI7Bx", b"inst", 7, zone.key, 0, 0, zone.key, zone.key, low, high)


def with_zone(wav: bytes, zone: SamplerZone, rate: int) -> bytes:
    """A RIFF WAVE file with both chunks behind its samples."""
    body = wav[8:] + smpl_chunk(zone, rate) + inst_chunk(zone)
    return struct.pack("<4sI", b"RIFF", len(body)) + body
