"""Seeds -> many sound files, on threads, by processes or on other machines: what to generate, as data."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from kickitout.descriptors.limits import Limits
from kickitout.errors import UserError
from kickitout.export.sounds import SoundFormat, encode_kick, file_name, refuse_in_the_way
from kickitout.files import make_folder, write_whole
from kickitout.generation.curves import Curves
from kickitout.generation.draw import DrawnPoint
from kickitout.generation.generate import Kick, check_alone, check_threads, each_kick
from kickitout.generation.load import load_model
from kickitout.generation.match import Targets
from kickitout.generation.model import Model
from kickitout.generation.noise import check_seeds
from kickitout.generation.reject import OutlierRejection, RejectionTally
from kickitout.generation.styles import in_style, named_by
from kickitout.generation.tail import MODEL_S, check_length
from kickitout.generation.targets import MatchResult, TargetRequest
from kickitout.models.files import DEFAULT
from kickitout.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from kickitout.workers import Workers

CHUNK = 32  # kicks that a worker is sent at a time

T = TypeVar("T")
Answer: TypeAlias = MatchResult | tuple[DrawnPoint, ...] | None  # of targets, or of curves


@dataclass(frozen=True)
class GenerationJob:
    """What to generate, as data that is sent to workers: each of them opens the model for itself, once.

    model: as `load_model` takes it; digest: of the model it was where the job was given; request: what the kicks are
    asked for; limits: of an outlier rejection, if there is one; folder: where files go; style: of the model; length_s:
    the most seconds that a kick rings; curves: that every kick follows.
    """

    model: str
    digest: str
    folder: Path
    form: SoundFormat
    request: TargetRequest = field(default_factory=TargetRequest)
    limits: Limits | None = None
    style: str | None = None
    length_s: float = MODEL_S
    curves: Curves | None = None

    @classmethod
    def of(
        cls, model: str | PathLike[str] | Model, folder: Path, form: SoundFormat | None = None,
        targets: Targets | None = None, *, reject_outliers: bool = False, style: str | None = None,
        length_s: float = MODEL_S, curves: Curves | None = None,
    ) -> GenerationJob:  # fmt: skip
        """Raises UserError for a model that cannot be played, for a style that it does not have, and for targets and a
        length that cannot be asked for."""
        played, form = load_model(model), form or SoundFormat()
        limits = OutlierRejection.of(played).limits if reject_outliers else None
        name = str(model if isinstance(model, str | PathLike) else played.path)
        _opened.clear()
        _opened[name, played.digest] = played
        in_style(played, style)
        length_s = check_length(length_s)
        request = TargetRequest.of(targets).within(length_s)
        form.refuse_targets(request.targets)
        check_alone(curves, request, reject_outliers)
        form = replace(form, word=named_by(played.info.word, style))
        return cls(name, played.digest, folder, form, request, limits, style, length_s, curves)

    @property
    def word(self) -> str:
        """What its sounds are: "kick", also where their files are named by a style."""
        return self.form.word.removesuffix(f"_{self.style}")

    def open(self) -> Model:
        """Raises UserError where the model is another one here."""
        key = self.model, self.digest
        if (model := _opened.get(key)) is None:  # and not looked up again: another thread may have put its own there
            model = load_model(self.model)
            if model.digest != self.digest:
                raise UserError(
                    f"{self.model}: a worker has another model under this name; the workers need to share it"
                )
            _opened.clear()
            _opened[key] = model
        return model

    def rejection(self) -> OutlierRejection | None:
        """One that has sampled nothing yet."""
        return None if self.limits is None else OutlierRejection(self.open(), self.limits)

    def each_kick(
        self, use: Callable[[Kick], T], seeds: Sequence[int], rejection: OutlierRejection | None, threads: int = 1
    ) -> Generator[T, None, None]:
        """use(kick) for every seed, in order, on the thread that makes the kick."""
        return each_kick(use, seeds, self.open(), self.request, reject_outliers=rejection or False, style=self.style,
                         length_s=self.length_s, curves=self.curves, threads=threads)  # fmt: skip

    def write(
        self, seeds: Sequence[int], *, rejection: OutlierRejection | None = None, workers: Workers | None = None,
        threads: int | None = None, force: bool = False,
    ) -> Generator[tuple[Path, Answer], None, None]:  # fmt: skip
        """Write one file a seed, by workers or on threads of this process; yields its path and the result of its
        targets or curves.

        rejection: of `rejection`, counts what was resampled. Each file appears whole or not at all. Raises UserError
        before a kick is made for seeds that are none, or are there twice, and where a file is in the way and `force`
        is not set.
        """
        check_seeds(seeds)
        if not isinstance(seeds, range) and len(set(seeds)) < len(seeds):
            raise UserError("seeds: one is there twice; each seed makes one file")
        refuse_in_the_way(self.folder, (file_name(seed, self.form) for seed in seeds), force=force)
        make_folder(self.folder)
        if workers is None:
            yield from self._written(seeds, rejection, check_threads(threads))
            return
        chunks = (seeds[i : i + CHUNK] for i in range(0, len(seeds), CHUNK))
        for _, (written, tally) in workers.each(self.write_files, chunks, in_order=True):
            if rejection is not None:
                rejection.tally.join(tally)
            yield from written

    def _written(
        self, seeds: Sequence[int], rejection: OutlierRejection | None, threads: int
    ) -> Generator[tuple[Path, Answer], None, None]:
        def write(kick: Kick) -> tuple[Path, Answer]:
            data = encode_kick(kick.recipe, kick.channels, self.form)[1]
            return write_whole(self.folder / f"{kick.name}.{self.form.format}", data), kick.match or kick.points or None

        with closing(self.each_kick(write, seeds, rejection, threads)) as written:
            yield from written

    def write_files(self, seeds: Sequence[int]) -> tuple[list[tuple[Path, Answer]], RejectionTally]:
        """As a worker: a file a seed, whatever is there. Returns paths, matches without their sounds, and the tally."""
        rejection = self.rejection()
        written = [
            (path, replace(answer, wave=np.empty((0, 0), np.float32)) if isinstance(answer, MatchResult) else answer)
            for path, answer in self._written(seeds, rejection, 1)
        ]
        return written, rejection.tally if rejection else RejectionTally()

    def written_since(self, since: float, seeds: Sequence[int]) -> int:
        """How many of the seeds' files have been written since then (seconds since 1970)."""
        there = {p.name: p.stat().st_mtime for p in self.folder.iterdir()} if self.folder.is_dir() else {}
        return sum(there.get(file_name(seed, self.form), 0.0) >= since - 0.01 for seed in seeds)


def generation_job(
    out: str | PathLike[str], *, model: str | PathLike[str] | Model = DEFAULT, targets: Targets | None = None,
    reject_outliers: bool = False, style: str | None = None, length_s: float = MODEL_S,
    curves: Curves | None = None, format: str = "wav", bits: str = "24", rate: int = SAMPLE_RATE,
    pre_roll_ms: float | None = None,
) -> GenerationJob:  # fmt: skip
    """What `write_kicks` and `write_shards` write, as data that workers are sent: for many files, and to watch them.

    Its `write(seeds, workers=...)` yields each file as it is there, with the result of its targets or curves. targets,
    reject_outliers, style, length_s, curves: as in `generate_kicks`; format, bits, rate, pre_roll_ms: as in
    `write_kicks`. Raises UserError as those do.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for path, _ in kickitout.generation_job(folder, format="flac").write(range(2)):
    ...         print(path.name)
    kick_000000.flac
    kick_000001.flac
    """
    form = SoundFormat(format, bits, rate, pre_roll_ms)
    return GenerationJob.of(model, Path(out), form, targets, reject_outliers=reject_outliers, style=style,
                            length_s=length_s, curves=curves)  # fmt: skip


_opened: dict[tuple[str, str], Model] = {}  # the model of the last job, by name and digest
