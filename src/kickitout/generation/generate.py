"""Many kicks, in order, on all cores; each with the recipe that re-makes it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kickitout._version import __version__
from kickitout.cpus import usable_cpus
from kickitout.descriptors import BLOCK_ROWS
from kickitout.errors import UserError
from kickitout.generation.load import DEFAULT, load_model
from kickitout.generation.match import MatchResult, check_targets, match_seed
from kickitout.generation.model import Model, ModelInfo
from kickitout.generation.noise import check_seeds, normal
from kickitout.generation.onnx_backend import TOGETHER
from kickitout.generation.reject import Drawn, OutlierRejection

T = TypeVar("T")


def generate(seeds: Sequence[int], model: str | Path | Model = DEFAULT, *, gate: bool = False) -> np.ndarray:
    """One kick a seed: [n, 22050] float32 at 44.1 kHz, peak 0.97; [n, 2, 22050] from a stereo model.

    The same seed and model give the same samples, whatever else is asked for in the same call. gate: kicks unlike those
    that the model learned from are drawn again, see `generation.gate`; all others stay as they are.
    """
    played = load_model(model) if isinstance(model, (str, Path)) else model
    if gate:
        waves = list(each_drawn(OutlierRejection.of(played), seeds, lambda _, drawn: drawn.wave))
    else:
        waves = list(each_kick(played, seeds, lambda _, wave: wave))
    shape = (0, played.info.channels, played.info.length)
    stacked = np.stack(waves) if waves else np.empty(shape, np.float32)
    return stacked[:, 0] if played.info.channels == 1 else stacked


def each_kick(
    model: Model, seeds: Sequence[int], use: Callable[[int, np.ndarray], T], threads: int | None = None
) -> Iterator[T]:
    """use(seed, wave [channels, T]) for every seed, results in the order of the seeds, as soon as each is there.

    Kicks are played and used on `threads` threads (all cores by default), eight at a time where there are so many; at
    most 32 a thread are under way, however many are asked for.
    """
    seeds = check_seeds(seeds)
    threads = threads or usable_cpus()

    def some(part: Sequence[int]) -> list[T]:
        waves = model.play(normal(part, model.info.latent))
        return [use(seed, _finite(model, seed, wave)) for seed, wave in zip(part, waves, strict=True)]

    return _each(seeds, TOGETHER if len(seeds) >= threads * TOGETHER else 1, some, threads)


def each_matched(
    model: Model, seeds: Sequence[int], request: Mapping[str, float], use: Callable[[int, MatchResult], T],
    threads: int | None = None,
) -> Iterator[T]:  # fmt: skip
    """use(seed, answer) for every seed: its kick with the knobs turned to what was asked (see `generation.ask`)."""
    request = check_targets(request)
    seeds = check_seeds(seeds)

    def one(part: Sequence[int]) -> list[T]:
        answer = match_seed(model, request, part[0])
        _finite(model, part[0], answer.wave)
        return [use(part[0], answer)]

    return _each(seeds, 1, one, threads or usable_cpus())


def each_drawn(
    gate: OutlierRejection, seeds: Sequence[int], use: Callable[[int, Drawn], T], threads: int | None = None,
    request: Mapping[str, float] | None = None,
) -> Iterator[T]:  # fmt: skip
    """use(seed, kick) for every seed, each through the gate; asked for what a request says, if there is one."""
    request = check_targets(request) if request else None
    seeds = check_seeds(seeds)
    threads = threads or usable_cpus()
    share = min(BLOCK_ROWS, len(seeds) // threads)
    size = 1 if request else max(1, share // TOGETHER * TOGETHER or share)

    def some(part: Sequence[int]) -> list[T]:
        return [use(seed, drawn) for seed, drawn in zip(part, gate.draw(part, request), strict=True)]

    return _each(seeds, size, some, threads)


def _finite(model: Model, seed: int, wave: np.ndarray) -> np.ndarray:
    if not np.isfinite(wave).all():
        raise UserError(f"model {model.info.name}: seed {seed} is not a finite sound; its training has diverged")
    return wave


def _each(
    seeds: Sequence[int], size: int, some: Callable[[Sequence[int]], list[T]], threads: int
) -> Generator[T, None, None]:
    """some(part) for parts of `size` seeds, on threads; its results one by one, in order."""
    parts = range(0, len(seeds), size)
    with closing(_in_order(len(parts), lambda i: some(seeds[parts[i] : parts[i] + size]), threads)) as blocks:
        for block in blocks:
            yield from block


def _in_order(count: int, at: Callable[[int], T], threads: int) -> Generator[T, None, None]:
    """at(0), at(1) ... at(count - 1), on threads; at most a few a thread are under way."""
    if threads == 1 or count == 1:
        yield from map(at, range(count))
        return
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[T]] = deque()
        try:
            for i in range(count):
                under_way.append(pool.submit(at, i))
                if len(under_way) >= 4 * threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def sound_recipe(model: Model, seed: int | None, **more: Any) -> dict[str, Any]:
    """What re-makes a sound: it is written into each file as JSON. seed: None for a kick that came from a place."""
    known: dict[str, Any] = {"kickitout": __version__, "model": model.info.name, "model_sha256": model.digest}
    known |= {} if seed is None else {"seed": seed}
    return known | {"learned_from": _learned_from(model.info)} | more


def _learned_from(info: ModelInfo) -> dict[str, Any]:
    """All that a model learned from, in short: digest of its dataset, how many kicks, and under which licences."""
    licences: dict[str, int] = {}
    for dataset in info.learned_from:
        for part in dataset.get("sources", []):
            licences[part["licence"]] = licences.get(part["licence"], 0) + part["kicks"]
    kicks = sum(dataset.get("kicks", 0) for dataset in info.learned_from)
    return {"digest": info.dataset.get("digest", ""), "kicks": kicks, "licences": licences}
