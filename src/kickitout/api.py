"""What `kickitout` offers in Python beside kicks (`kickitout.kicks`) and scores (`kickitout.scoring`): cards, training,
shards.

A room's own function often asks for more than a caller wants to say. Sounds are float32 at 44.1 kHz with the onset at
sample 64, [22050] from a mono model and [2, 22050] (left, right) from a stereo one.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kickitout.datasets.measured import read_cards
from kickitout.descriptors import card as measure_card
from kickitout.drawing import png
from kickitout.errors import UserError, need_extra, refuse_other
from kickitout.export.jobs import generation_job
from kickitout.export.shard_folder import ShardFolder
from kickitout.export.shards import ShardWork
from kickitout.files import check_new_file, write_whole
from kickitout.generation.generate import generate
from kickitout.generation.invert import encoder_beside
from kickitout.generation.load import load_model
from kickitout.generation.match import Targets
from kickitout.generation.styles import some_styles, styles_file
from kickitout.generation.tail import MODEL_S
from kickitout.kicks import ModelLike
from kickitout.models.files import DEFAULT, find_model_file, notice_file
from kickitout.sound import SAMPLE_RATE
from kickitout.training.sheet import GAP, tile
from kickitout.workers import Workers

if TYPE_CHECKING:
    from kickitout.datasets.build import Dataset
    from kickitout.training.from_sounds import Told
    from kickitout.training.overview import PathOrPaths
    from kickitout.training.session import Result


def card(sound: str | PathLike[str] | np.ndarray, rate: float | None = None) -> dict[str, Any]:
    """The kick card: pitch, sweep, attack, click, decay, levels and artefacts of one sound, field name -> number.

    sound: a wave [T], mono, at `rate` Hz (44,100 without it); or the file of one sound, measured as `kick card` does,
    from its onset on, up to 4 s (`read_cards` takes folders and archives). A number is NaN where the sound has no such
    thing, "note" is text. docs/kick-card.md defines each field with its unit. Raises UserError for a file that cannot
    be read, a wave that is not mono float, a rate below 16 kHz, and a rate with a file, which says its own.

    >>> import kickitout
    >>> import numpy as np
    >>> time = np.arange(22050) / 44100
    >>> found = kickitout.card(np.exp(-time / 0.1) * np.sin(2 * np.pi * 55 * time))
    >>> found["note"], round(found["pitch_end_hz"], 2)
    ('A1', 55.0)
    """
    if isinstance(sound, np.ndarray):
        return measure_card(sound, SAMPLE_RATE if rate is None else rate)
    if rate is not None:
        raise UserError(f"{sound}: a file says its own rate; leave out rate={rate:g}")
    refuse_other(sound, "sound", "a file or a wave (an array of NumPy)", str, PathLike)
    found = list(islice(read_cards([sound]), 2))
    if len(found) != 1:
        raise UserError(f"{sound}: {'several sounds' if found else 'no sound'}; read_cards gives the card of each")
    if isinstance(found[0], UserError):
        raise found[0]
    return found[0].card


def train(
    sounds: Dataset | PathOrPaths, out: str | PathLike[str], *, config: str = "kickae", changes: Sequence[str] = (),
    steps: int | None = None, seconds: float | None = None, began: float | None = None, device: str = "auto",
    precision: Literal["float32", "bfloat16"] = "float32", accumulate: int = 1, threads: int | None = None,
    watch: Callable[[Told], None] = lambda _: None,
) -> Result:  # fmt: skip
    """Train a model on a folder of kicks, or go on with the run in the folder `out`; the model lies there at the end.

    config: one that `configs` lists, or a YAML file; changes: as "batch=32". steps: over all starts of the run; or
    seconds on the clock, over all starts and until the model is written, 1200 without either. They count from now, or
    from `began` (as `time.monotonic` has it), and not while the process is stopped (SIGSTOP, SIGCONT). device: "cpu",
    "cuda" or "mps"; precision: of the networks' sums; accumulate: parts that a batch is worked off in, for less memory;
    threads: of PyTorch, the quickest without it.

    watch hears of everything as it happens, and `kind` says of what: "reading" (done, total), "plan" (the dataset with
    its refused files, the config), "report" (step, seconds, left, kicks_per_second, losses; or an event in words), and
    "result", which is returned as well: reason ("done", "interrupted", "stopped" by the monitor, "used up" where the
    budget was), why, step, best_step, best_score (lower is better), timing. Of several processes (torchrun) the first
    one tells. Ctrl-C saves and returns.

    Raises UserError where PyTorch is missing (the extra `train`), for an option that cannot be, for fewer than eight
    kicks, for a folder that holds another run, and for a budget that is too short.

        result = kickitout.train("my-kicks/", "runs/mine", seconds=1200)
        waves = kickitout.generate(range(16), "runs/mine")
    """
    need_extra("training", "train", "torch", "accelerate")
    if steps is not None and seconds is not None:
        raise UserError("steps and seconds both say how long to train; give one of them")
    for name, value in (("steps", steps), ("threads", threads), ("accumulate", accumulate)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise UserError(f"{name}={value!r}: a whole number from 1 on works")
    if seconds is not None and not (isinstance(seconds, numbers.Real) and 0 <= seconds < math.inf):
        raise UserError(f"seconds={seconds!r}: more than 0 work, for instance 1200")
    from kickitout.training.budget import DEFAULT_BUDGET, TimeBudget, Until
    from kickitout.training.clock import process_clock
    from kickitout.training.config import load_config
    from kickitout.training.engine import make_accelerator
    from kickitout.training.from_sounds import train_on

    settings = load_config(config, changes)
    with process_clock() as clock:
        until = (
            TimeBudget(DEFAULT_BUDGET if seconds is None else seconds, clock, began) if steps is None else Until(steps)
        )
        engine = make_accelerator(device, precision, accumulate)
        return train_on(sounds, settings, Path(out), until, engine, threads, watch)


def configs() -> dict[str, str]:
    """The training configs of the package: name -> what it is for. Raises UserError where PyTorch is missing.

    "kickae" in kickitout.configs()
    """
    need_extra("a training config", "train", "torch", "accelerate")
    from kickitout.training.config import config_names, load_config

    return {name: load_config(name).about for name in config_names()}


def resolve_config(config: str, changes: Sequence[str] = ()) -> dict[str, Any]:
    """A training config of the package, or of a YAML file, with every key resolved. changes: as "batch=32".

    Raises UserError where PyTorch is missing, for a config that is not there, and for a key or value that is wrong.

        kickitout.resolve_config("dcgan", ["batch=32"])["batch"]
    """
    need_extra("a training config", "train", "torch", "accelerate")
    from kickitout.training.config import load_config

    return load_config(config, changes).model_dump(mode="json")


def export_model(run: str | PathLike[str], out: str | PathLike[str], *, force: bool = False) -> list[Path]:
    """Write the model of a run folder as one file, and beside it its encoder, its NOTICE and its styles where it has
    some. Returns what it wrote.

    Raises UserError for a run without a finished model, for a damaged one, for an ending that is another than the
    model's, and where a file is in the way (force replaces it).

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in kickitout.export_model("default", f"{folder}/mine.onnx")]
    ['mine.encoder.onnx', 'mine.NOTICE.txt', 'mine.styles.json', 'mine.onnx']
    """
    source, out = find_model_file(Path(run)), Path(out)
    if out.suffix != source.suffix:
        raise UserError(f"{out}: this run's model is a {source.suffix} file; give a name that ends in it")
    beside = [(where(source), where(out)) for where in (encoder_beside, notice_file, styles_file)]
    for place in (out, *(place for _, place in beside)):  # what is beside another model would not fit
        check_new_file(place, force=force)
    load_model(source)  # a damaged model is not passed on
    written = []
    for part, place in beside:
        if part.exists():
            written.append(write_whole(place, part.read_bytes(), follow=True))
        else:
            place.unlink(missing_ok=True)
    return [*written, write_whole(out, source.read_bytes(), follow=True)]


def style_sheet(out: str | PathLike[str], model: ModelLike = DEFAULT, kicks: int = 12, *, force: bool = False) -> Path:
    """Draw the first `kicks` kicks of each style of a model as a PNG: a row a style, in the order of `styles`; each
    tile has a spectrogram (30 Hz to 18 kHz, 70 dB) over the waveform. Returns the file.

    Raises UserError for a model without styles, for a name that does not end in .png, and where a file is in the way
    (force replaces it).

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kickitout.style_sheet(f"{folder}/styles.png", kicks=1).name
    'styles.png'
    """
    out = Path(out)
    if out.suffix.lower() != ".png":
        raise UserError(f"{out}: sheets are drawn as PNG; choose a name that ends in .png")
    check_new_file(out, force=force)
    if kicks < 1:
        raise UserError(f"kicks={kicks}: a row has 1 kick or more")
    played = load_model(model)
    rows = [
        [np.pad(tile(wave.reshape(-1, wave.shape[-1]).mean(axis=0)), ((0, GAP), (0, GAP)))
         for wave in generate(range(kicks), played, style=name)]
        for name in some_styles(played)
    ]  # fmt: skip
    return write_whole(out, png(np.rint(255 * np.block(rows)).astype(np.uint8)), follow=True)


def shard_folder(
    out: str | PathLike[str], seeds: range, each: int, *, cards: bool = True, model: ModelLike = DEFAULT,
    targets: Targets | None = None, reject_outliers: bool = False, style: str | None = None,
    length_s: float = MODEL_S,
    format: str = "wav", bits: str = "24", rate: int = SAMPLE_RATE, pre_roll_ms: float | None = None,
) -> ShardFolder:  # fmt: skip
    """What `write_shards` writes, to watch it: `write(workers)` yields each tar file as it is there, with what
    `reject_outliers` has counted. Raises UserError as `write_shards` does.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shards = kickitout.shard_folder(folder, range(4), 2)
    ...     len(shards), shards.kicks_there()
    (2, 0)
    """
    job = generation_job(out, model=model, targets=targets, reject_outliers=reject_outliers, style=style,
                         length_s=length_s, format=format, bits=bits, rate=rate, pre_roll_ms=pre_roll_ms)  # fmt: skip
    return ShardFolder(ShardWork(job, cards), seeds, each)


def write_shards(
    out: str | PathLike[str], seeds: range, each: int, *, model: ModelLike = DEFAULT,
    targets: Targets | None = None, reject_outliers: bool = False, style: str | None = None,
    length_s: float = MODEL_S,
    cards: bool = True, format: str = "wav", bits: str = "24", rate: int = SAMPLE_RATE,
    pre_roll_ms: float | None = None, workers: int = 1,
) -> list[Path]:  # fmt: skip
    """Write kicks into tar files of `each` kicks (WebDataset's layout), with their recipes and cards; index.json lists
    them. Returns the tar files.

    The same call continues a folder that has been begun. targets: as in `match`. reject_outliers: resample kicks unlike
    those that the model learned from. style: as in `generate`. length_s: the most seconds that a kick rings. rate in
    Hz. pre_roll_ms: silence before the onset, 1.45 ms without it. workers: processes; with more than one, call this
    below `if __name__ == "__main__":`. Raises UserError for a folder that holds something else, and as `generate` does.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in kickitout.write_shards(folder, range(4), 2, cards=False)]
    ['kicks-000000-000001.tar', 'kicks-000002-000003.tar']
    """
    folder = shard_folder(out, seeds, each, cards=cards, model=model, targets=targets, reject_outliers=reject_outliers,
                          style=style, length_s=length_s, format=format, bits=bits, rate=rate,
                          pre_roll_ms=pre_roll_ms)  # fmt: skip
    with Workers(workers) as pool:
        for _ in folder.write(pool):
            pass
    return [folder.path / name for name in folder.names()]
