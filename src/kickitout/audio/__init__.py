"""Files <-> float32 arrays. Nothing else opens a sound file.

Samples: float32 [T, C], full scale is 1.0 (float files may exceed it). Rates in Hz. Every refusal is one `UserError`
sentence that begins with the name of the file.
"""

from kickitout.audio.decoding import (
    decode_comment,
    decode_sound,
    lossy,
    open_for_reading,
    read_comment,
    read_sound,
)
from kickitout.audio.encoding import SUBTYPES, encode_sound, refuse_flac, write_sound
from kickitout.audio.samples import Sound, channels_cancel, mid_side, resample, sounding

__all__ = [
    "SUBTYPES",
    "Sound",
    "channels_cancel",
    "decode_comment",
    "decode_sound",
    "encode_sound",
    "lossy",
    "mid_side",
    "open_for_reading",
    "read_comment",
    "read_sound",
    "refuse_flac",
    "resample",
    "sounding",
    "write_sound",
]
