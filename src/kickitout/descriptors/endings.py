"""How a sound ends: whether it stops while it is loud, and how loud its tail is.

A recording that is cut at the end of its file, a gate, or a fade of one cycle are heard as a stop. A decay is not,
however short: it gets slower, in dB a millisecond, or stays as fast as it was.
"""

import numpy as np

from kickitout.descriptors.block import Measured, SoundBlock, to_db, unless
from kickitout.descriptors.fields import Why
from kickitout.descriptors.level import COARSE

STOP_MS = 25.0  # one cycle of 40 Hz
STOP_FROM_DB = -25.0  # re peak: what has sunk below was over
STOP_DB = 30.0  # a fall by more, in STOP_MS, is a stop; a decay with a T60 of 50 ms falls by so much
END_MARGIN_MS = 10.0  # the fade at the end of a file that the sound runs past is no stop
TAIL_MS = (300.0, 350.0)  # after the onset


def measure_endings(block: SoundBlock, level: np.ndarray) -> Measured:
    """stop_db: the largest fall in STOP_MS, of the level that the sound still reaches, from above STOP_FROM_DB.

    The level still reached is the largest that is yet to come, so that a gap between click and body is no fall. What
    the last 10 ms of the wave do is left out: there the wave ends, and not the sound.

    tail_db: mean level from 300 to 350 ms after the onset re peak.
    level: the finer of the block's level curves, in dB [n, M].
    """
    per_ms = block.rate / 1000 / block.step / COARSE  # points of the curve
    known = level.shape[1] - round(END_MARGIN_MS * per_ms)
    reached = np.maximum.accumulate(level[:, ::-1], axis=1)[:, ::-1]
    lag = round(STOP_MS * per_ms)
    falls = np.where(reached > STOP_FROM_DB, reached - np.roll(reached, -lag, axis=1), 0)[:, : max(known - lag, 0)]
    first = np.rint(block.onset[:, None] / block.step / COARSE + np.array(TAIL_MS) * per_ms).astype(int)
    at = np.arange(level.shape[1])
    inside = (at >= first[:, :1]) & (at < np.minimum(first[:, 1:], known))
    tail = np.where(inside, 10 ** (level / 10), 0).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    return {
        "stop_db": unless(falls.max(axis=1, initial=0), (np.full(block.n, known <= lag), Why.TOO_SHORT)),
        "tail_db": unless(to_db(tail), (~inside.any(axis=1), Why.TOO_SHORT)),
    }


def stops(stop_db: np.ndarray | float) -> np.ndarray:
    """Sounds that end while they are loud, bool as many as there are."""
    return np.asarray(np.nan_to_num(stop_db) > STOP_DB)
