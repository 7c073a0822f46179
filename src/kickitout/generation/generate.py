"""Many kicks, in order, on all cores; each with the recipe that re-renders it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from kickitout.cpus import usable_cpus
from kickitout.descriptors import BLOCK_ROWS, card, pitch_rest
from kickitout.errors import UserError
from kickitout.generation.curves import KEY as CURVES
from kickitout.generation.curves import Curves
from kickitout.generation.draw import ROUNDS, DrawnPoint, RenderDrawing, follow
from kickitout.generation.load import load_model
from kickitout.generation.match import Targets, match_seeds
from kickitout.generation.model import Model, Played
from kickitout.generation.noise import check_seeds, normal
from kickitout.generation.onnx_backend import TOGETHER
from kickitout.generation.recipe import check_finite, latent_recipe, rounded
from kickitout.generation.reject import OutlierRejection
from kickitout.generation.styles import in_style, named_by, seed_recipe
from kickitout.generation.tail import LENGTH_KEY, MODEL_S, check_length, ring_on
from kickitout.generation.targets import MatchResult, TargetRequest
from kickitout.models.files import DEFAULT
from kickitout.notes import unrest_said
from kickitout.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from concurrent.futures import Future

S = TypeVar("S")
T = TypeVar("T")


class Kick(NamedTuple):
    """A kick of a model before it is a file. match: the result of its targets, if it has some."""

    seed: int | None  # None: it came from a latent
    channels: np.ndarray  # [channels, T]
    recipe: dict[str, Any]  # what re-renders it; its file adds how it is written
    match: MatchResult | None = None
    name: str = "kick"  # of its file, without an ending
    said: str = ""  # how near the model comes to the sound that it came from
    points: tuple[DrawnPoint, ...] = ()  # of the curves that were drawn over it, and what it does there

    def __eq__(self, other: object) -> bool:
        """Whether both make the same file."""
        if not isinstance(other, Kick) or (self.name, self.recipe) != (other.name, other.recipe):
            return False
        return np.array_equal(self.channels, other.channels)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.name, self.channels.tobytes()))

    @property
    def wave(self) -> np.ndarray:
        """[T], or left and right [2, T]."""
        return flat(self.channels)

    @property
    def card(self) -> dict[str, float | str]:
        """Its kick card, see `kickitout.card`."""
        return card(self.channels.mean(axis=0))

    @property
    def unrest(self) -> str:
        """How its pitch moves where the card measures it, in words; empty where it rests, or is none."""
        return unrest_said(*pitch_rest(self.channels.mean(axis=0)))


def flat(channels: np.ndarray) -> np.ndarray:
    """[T] of one channel, [2, T] of two: as the library gives sounds."""
    return channels[0] if len(channels) == 1 else channels


def latent_kick(model: Model, played: Played, name: str, said: str = "", **more: Any) -> Kick:
    """A kick that came from a latent. more: where that came from, for its recipe."""
    return Kick(None, played.wave, latent_recipe(model, played.latent, **more), name=name, said=said)


def drawn_kick(kick: Kick, curves: Curves, model: Model, render: RenderDrawing, rounds: int = ROUNDS) -> Kick:
    """The kick, under curves that it follows as far as it can. render: plays it with what is drawn of it."""
    found, played, points = follow(render, curves, rounds, held=model.info.latent_size > 0)
    check_finite(played.wave, f"model {model.info.name}")
    return kick._replace(channels=played.wave, recipe={**kick.recipe, CURVES: found.written()}, points=points)


def lasting(kick: Kick, length_s: float) -> Kick:
    """The kick as it rings on, for `length_s` at most, with a recipe that says so."""
    if length_s == MODEL_S:
        return kick
    return kick._replace(channels=ring_on(kick.channels, length_s), recipe={**kick.recipe, LENGTH_KEY: length_s})


def generate(
    seeds: Sequence[int], model: str | Path | Model = DEFAULT, *, reject_outliers: bool = False,
    style: str | None = None, length_s: float = MODEL_S,
) -> np.ndarray:  # fmt: skip
    """One kick a seed: [n, 22050] float32 at 44.1 kHz, peak 0.97; [n, 2, 22050] from a stereo model.

    The same seed and model give the same samples, whatever else is generated in the same call. reject_outliers: kicks
    unlike those that the model learned from are resampled, see `generation.reject`; all others stay as they are. style:
    one of `styles(model)`, within which the kicks are drawn. length_s: the most seconds that a kick rings, 0.5 to 4;
    the waves are as long, with silence behind kicks that end sooner. Raises UserError for a seed that is none, for a
    model that cannot be played, and for a style that it does not have.

    >>> generate([7]).shape
    (1, 22050)
    >>> generate([7], length_s=2).shape
    (1, 88200)
    """
    played = load_model(model)
    length = round(check_length(length_s) * SAMPLE_RATE)
    seeds = check_seeds(seeds)
    waves = np.zeros((len(seeds), played.info.channels, length), np.float32)
    kicks = generate_kicks(seeds, played, reject_outliers=reject_outliers, style=style, length_s=length_s)
    for wave, kick in zip(waves, kicks, strict=True):
        wave[:, : kick.channels.shape[1]] = kick.channels
    return waves[:, 0] if played.info.channels == 1 else waves


def generate_kicks(
    seeds: Sequence[int], model: str | Path | Model = DEFAULT, targets: Targets | None = None, *,
    reject_outliers: bool | OutlierRejection = False, style: str | None = None, length_s: float = MODEL_S,
    curves: Curves | None = None, threads: int | None = None,
) -> Generator[Kick, None, None]:  # fmt: skip
    """The kick of every seed with its recipe, in the order of the seeds, as soon as each is there.

    targets: what each shall measure, as in `match`. reject_outliers, style: as in `generate`; an `OutlierRejection`
    counts what it resamples. length_s: the most seconds that each rings; a kick ends where it is no longer heard.
    Targets are measured as long as it rings, outliers in its first 500 ms. curves: that all of them follow, as in
    `draw`. They are generated on `threads` threads (all cores by default), a few at a time where there are so many; at
    most four such groups a thread are under way, however many seeds there are. Raises UserError as `generate`, `match`
    and `draw` do, for a sound that is not finite, and for curves together with targets or outlier rejection.

    >>> import kickitout
    >>> for kick in kickitout.generate_kicks([7, 8]):
    ...     print(kick.name, kick.wave.shape, kick.recipe["seed"])
    kick_000007 (22050,) 7
    kick_000008 (22050,) 8
    """
    yield from each_kick(
        itself, seeds, model, targets, reject_outliers=reject_outliers, style=style, length_s=length_s, curves=curves,
        threads=threads,
    )  # fmt: skip


def itself(kick: Kick) -> Kick:
    """The kick: for `each_kick`."""
    return kick


def each_kick(
    use: Callable[[Kick], T], seeds: Sequence[int], model: str | Path | Model, targets: Targets | None = None, *,
    reject_outliers: bool | OutlierRejection = False, style: str | None = None, length_s: float = MODEL_S,
    curves: Curves | None = None, threads: int | None = None,
) -> Generator[T, None, None]:  # fmt: skip
    """use(kick) for every kick of `generate_kicks`, in their order, on the thread that makes the kick."""
    played, threads, length_s = in_style(load_model(model), style), check_threads(threads), check_length(length_s)
    seeds, request = check_seeds(seeds), TargetRequest.of(targets).within(length_s)
    check_alone(curves, request, reject_outliers)
    rejection = OutlierRejection.of(played) if reject_outliers is True else reject_outliers or None
    if rejection is not None and rejection.model.digest != played.digest:
        of = rejection.model.info.name
        raise UserError(f"outliers are rejected by the limits of another model ({of}); take those of this one")
    if rejection is not None and style is not None:
        rejection = replace(rejection, model=played)

    def group(part: Sequence[int]) -> list[Kick]:
        if rejection is not None:
            return [_kick(seed, one.wave, one.match, **one.recipe)
                    for seed, one in zip(part, rejection.sample(part, request, length_s), strict=True)]  # fmt: skip
        if request:
            found = match_seeds(played, request, part, length_s=length_s)
            return [_kick(seed, match.wave, match) for seed, match in zip(part, found, strict=True)]
        noise = normal(part, played.info.noise_size)
        if curves is not None:
            return [_drawn(seed, noise[i : i + 1], curves) for i, seed in enumerate(part)]
        return [_kick(seed, wave) for seed, wave in zip(part, played.play(noise), strict=True)]

    def _drawn(seed: int, noise: np.ndarray, curves: Curves) -> Kick:
        name = f"{named_by(played.info.word, style)}_{seed:06d}"
        begun = Kick(seed, noise, seed_recipe(played, seed), name=name)
        return lasting(drawn_kick(begun, curves, played, lambda one: played.render(noise, drawing=one)), length_s)

    def _kick(seed: int, wave: np.ndarray, match: MatchResult | None = None, **more: Any) -> Kick:
        if not np.isfinite(wave).all():
            raise UserError(f"model {played.info.name}: seed {seed} is not a finite sound; its training has diverged")
        if match is not None:
            told = {"start": match.start, "targets": dict(request.targets)} | match.recipe
            more = {"controls": rounded(match.controls)} | told | more
        name = f"{named_by(played.info.word, style)}_{seed:06d}"
        return lasting(Kick(seed, wave, seed_recipe(played, seed, **more), match, name), length_s)

    if request or rejection is not None:  # cards are quicker together
        share = min(BLOCK_ROWS, len(seeds) // threads)
        size = max(1, share // TOGETHER * TOGETHER or share)
    else:
        size = TOGETHER if len(seeds) >= threads * TOGETHER else 1
    parts = (seeds[i : i + size] for i in range(0, len(seeds), size))
    number = min(threads, max(1, -(-len(seeds) // size)))  # one group needs no thread of its own
    with closing(in_order(lambda part: [use(kick) for kick in group(part)], parts, number)) as groups:
        for made in groups:
            yield from made


def check_threads(threads: int | None) -> int:
    """The number of threads, all cores without one. Raises UserError for less than one."""
    if threads is not None and threads < 1:
        raise UserError(f"threads={threads}: 1 or more works")
    return threads or usable_cpus()


def check_alone(curves: Curves | None, request: TargetRequest, reject_outliers: object) -> None:
    """Raises UserError for curves together with targets or with outlier rejection."""
    if curves is not None and (request or reject_outliers):
        raise UserError(
            "curves are drawn over the kicks of seeds as they are; ask for targets and reject outliers first, and draw "
            "over what comes of it (kickitout.draw takes its recipe)"
        )


def in_order(use: Callable[[S], T], items: Iterable[S], threads: int) -> Generator[T, None, None]:
    """use(item) for every item, on threads, results in the order of the items; at most four a thread are under way."""
    if threads == 1:
        yield from map(use, items)
        return
    from concurrent.futures import ThreadPoolExecutor  # here: one kick needs none

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
