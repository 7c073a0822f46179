"""Many kicks, in order, on all cores; each with the recipe that re-makes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from kickitout.cpus import usable_cpus
from kickitout.descriptors import BLOCK_ROWS
from kickitout.errors import UserError
from kickitout.generation.load import DEFAULT, load_model
from kickitout.generation.match import MatchResult, check_targets, match_seed
from kickitout.generation.model import Model
from kickitout.generation.noise import check_seeds, normal
from kickitout.generation.onnx_backend import TOGETHER
from kickitout.generation.recipe import rounded, sound_recipe
from kickitout.generation.reject import OutlierRejection

S = TypeVar("S")
T = TypeVar("T")


class Kick(NamedTuple):
    """A kick of a model before it is a file. match: what came of its targets, if there were any."""

    seed: int | None  # None: it came from a latent
    wave: np.ndarray  # [channels, T]
    recipe: dict[str, Any]  # what re-makes it; its file adds how it is written
    match: MatchResult | None = None


def generate(seeds: Sequence[int], model: str | Path | Model = DEFAULT, *, reject_outliers: bool = False) -> np.ndarray:
    """One kick a seed: [n, 22050] float32 at 44.1 kHz, peak 0.97; [n, 2, 22050] from a stereo model.

    The same seed and model give the same samples, whatever else is generated in the same call. reject_outliers: kicks
    unlike those that the model learned from are resampled, see `generation.reject`; all others stay as they are. Raises
    UserError for a seed that is none and for a model that cannot be played.

    >>> generate([7]).shape
    (1, 22050)
    """
    played = load_model(model) if isinstance(model, (str, Path)) else model
    rejection = OutlierRejection.of(played) if reject_outliers else None
    waves = [kick.wave for kick in kicks(played, seeds, rejection=rejection)]
    shape = (0, played.info.channels, played.info.length)
    stacked = np.stack(waves) if waves else np.empty(shape, np.float32)
    return stacked[:, 0] if played.info.channels == 1 else stacked


def kicks(
    model: Model, seeds: Sequence[int], targets: Mapping[str, float] | None = None,
    rejection: OutlierRejection | None = None, threads: int | None = None,
) -> Generator[Kick, None, None]:  # fmt: skip
    """The kick of every seed, in the order of the seeds, as soon as each is there.

    targets: what each shall measure, see `generation.match`. rejection: resamples kicks that are out of range. They are
    generated on `threads` threads (all cores by default), a few at a time where there are so many; at most four such
    groups a thread are under way, however many seeds there are. Raises UserError for a sound that is not finite.
    """
    seeds, targets, threads = check_seeds(seeds), check_targets(targets or {}), threads or usable_cpus()

    def group(part: Sequence[int]) -> list[Kick]:
        if rejection is not None:
            return [_kick(seed, one.wave, one.match, **one.recipe)
                    for seed, one in zip(part, rejection.sample(part, targets), strict=True)]  # fmt: skip
        if targets:
            found = [match_seed(model, targets, seed) for seed in part]
            return [_kick(seed, match.wave, match) for seed, match in zip(part, found, strict=True)]
        waves = model.play(normal(part, model.info.noise_size))
        return [_kick(seed, wave) for seed, wave in zip(part, waves, strict=True)]

    def _kick(seed: int, wave: np.ndarray, match: MatchResult | None = None, **more: Any) -> Kick:
        if not np.isfinite(wave).all():
            raise UserError(f"model {model.info.name}: seed {seed} is not a finite sound; its training has diverged")
        if match is not None:
            more = {"controls": rounded(match.controls), "start": match.start, "targets": targets} | more
        return Kick(seed, wave, sound_recipe(model, seed, **more), match)

    if targets:
        size = 1
    elif rejection is not None:  # cards are quicker together
        share = min(BLOCK_ROWS, len(seeds) // threads)
        size = max(1, share // TOGETHER * TOGETHER or share)
    else:
        size = TOGETHER if len(seeds) >= threads * TOGETHER else 1
    return _flat(in_order(group, (seeds[i : i + size] for i in range(0, len(seeds), size)), threads))


def _flat(blocks: Generator[list[T], None, None]) -> Generator[T, None, None]:
    with closing(blocks):
        for block in blocks:
            yield from block


def in_order(use: Callable[[S], T], items: Iterable[S], threads: int) -> Generator[T, None, None]:
    """use(item) for every item, on threads, results in the order of the items; at most four a thread are under way."""
    if threads == 1:
        yield from map(use, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[T]] = deque()
        try:
            for item in items:
                under_way.append(pool.submit(use, item))
                if len(under_way) >= 4 * threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
