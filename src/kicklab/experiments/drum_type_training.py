"""Teach the drum-type network: recorded drums, variants of them, rendered kicks, and sounds that are no drum.

A plain loop on one thread: seeded, the same weights twice. Levels and polarity need no teaching: the network's front
end does not see them. What is varied is pitch, decay, tilt, drive, another's click, the place of the onset, hiss, and
the top octave. Groups of near-duplicates are held out whole; the snapshot that is kept has the least loss on them.

Types alone would let all kicks fall onto one point, and a distance between sets of kicks would measure nothing. So the
64 numbers must also tell the fields of the kick card of every sound (of kicks and of others), through a linear map that
is thrown away afterwards.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from kickitout.augmentation.variants import AugmentRanges, producer_variants
from kickitout.datasets.build import Dataset, read_dataset, split
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise
from kickitout.synthesis.styles import Range
from kickitout.training.randomness import noise, stream
from kicklab.data import FREE
from kicklab.experiments.drum_type_network import COLUMNS, EMBEDDING, NETWORK_BANDS, DrumTypeNet
from kicklab.experiments.model_data import left_out
from kicklab.experiments.nondrums import nondrums

KICK, NONE = "kick", "no drum"
# Folder -> type. Nine claps and six cowbells are too few to be learned by themselves.
TYPE_OF = {
    "kick": KICK, "snare": "snare", "clap": "snare", "rim": "rim", "tom": "tom", "hihat_closed": "hat",
    "hihat_open": "hat", "cymbal": "cymbal", "percussion": "percussion", "cowbell": "percussion",
}  # fmt: skip
TYPE_NAMES = [*dict.fromkeys(TYPE_OF.values()), NONE]
READ_FIELDS = (
    "pitch_start_hz", "pitch_end_hz", "sweep_ms", "attack_ms", "click_level_db", "click_centroid_hz", "decay_t20_ms",
    "sub_share", "body_share", "air_share",
)  # fmt: skip
KICK_RANGES = AugmentRanges()
OTHER_RANGES = AugmentRanges(semitones=Range(-3.0, 3.0, chance=0.8))  # a tom four semitones down may be a kick
FRESH = 10**6  # first seed of what is rendered to be held out


@dataclass(frozen=True)
class DrumTypeSettings:
    """How the shipped network was taught."""

    seed: int = 0
    steps: int = 800
    batch: int = 64
    rate: float = 2e-3  # of AdamW, warmed up over 50 steps, falling to 0 along a cosine
    weight_decay: float = 0.05
    smoothing: float = 0.05  # of the labels
    mixing: float = 0.3  # Beta(a, a) of mixup (Zhang et al. 2018, arxiv.org/abs/1710.09412)
    fields: float = 0.3  # weight of the kick card's fields
    averaged: float = 0.98  # of the weights over the steps
    held_out: float = 0.15  # share of the groups
    check_every: int = 100  # steps
    sounds_a_type: int = 1000  # recorded ones and variants of them, about
    rendered: int = 800  # kicks
    nondrums: int = 1200


class Labelled(NamedTuple):
    """Recorded drums and the type of each, an index into TYPE_NAMES."""

    dataset: Dataset
    types: np.ndarray  # [n]
    folders: list[str]  # [n] as they were named


class Pool(NamedTuple):
    """Sounds to learn from, as the network's front end sees them."""

    spectrograms: Tensor  # float16 [n, 1, NETWORK_BANDS, COLUMNS]
    types: Tensor  # int64 [n]
    fields: Tensor  # float32 [n, READ_FIELDS], NaN where undefined


class Taught(NamedTuple):
    """The network, and what was seen of the held-out sounds while it learned."""

    network: DrumTypeNet
    step: int  # of the snapshot that was kept
    loss: float  # on the held-out sounds, and accuracy; both a mean over the types
    accuracy: float
    sizes: dict[str, int]  # type -> sounds to learn from, variants and rendered ones counted
    held_out: int  # recorded sounds


def read_labelled(kicks: Sequence[Path], drums: Sequence[Path]) -> Labelled:
    """Folders of kicks, and folders with a folder for each of TYPE_OF.

    Raises UserError for a folder of another name, or when near-duplicates are labelled differently.
    """
    both = read_dataset([*kicks, *drums])
    tops = {Path(path).resolve().name for path in kicks}
    folders = []
    for row in both.rows:
        parts = row.name.split("/")
        folder = KICK if parts[0] in tops else parts[-2]
        if folder not in TYPE_OF:
            raise UserError(f"{row.name}: {folder!r} is not a type of drum; {', '.join(TYPE_OF)} work")
        folders.append(folder)
    types = np.array([TYPE_NAMES.index(TYPE_OF[folder]) for folder in folders])
    of_group: dict[int, set[int]] = defaultdict(set)
    for row, kind in zip(both.rows, types, strict=True):
        of_group[row.group].add(int(kind))
    torn = [row.name for row in both.rows if len(of_group[row.group]) > 1]
    if torn:
        raise UserError(f"{torn[0]}: near-duplicates of it are labelled as another type ({len(torn)} such sounds)")
    return Labelled(both, types, folders)


def free_of_conditions(data: Labelled) -> Labelled:
    """Those that ask for no notice: none travels with the network. What no producer would call a kick is not among
    them, see `model_data.left_out`. Raises UserError where nothing is left."""
    unwanted, rows = left_out(), data.dataset.rows
    kept = [i for i, row in enumerate(rows) if row.licence.lower() in FREE and row.sound not in unwanted]
    if not kept:
        raise UserError(
            f"{rows[0].name}: licence {rows[0].licence!r}, and none of these sounds is CC0 or in the public domain"
        )
    return Labelled(data.dataset.take(np.array(kept)), data.types[kept], [data.folders[i] for i in kept])


def make_pool(data: Labelled, part: np.ndarray, settings: DrumTypeSettings, network: DrumTypeNet, *,
              variants: int | None, rendered: range, others: range) -> Pool:  # fmt: skip
    """The recorded drums `part` (indices), variants of them, rendered kicks and sounds that are no drum.

    variants: of each sound, or None for as many as bring its type to `sounds_a_type`.
    """
    waves, types = data.dataset.waves[part], data.types[part]
    sounds, labels = [waves], [types]
    for kind, name in enumerate(TYPE_NAMES):
        mine = waves[types == kind]
        known = [data.dataset.rows[i].sound for i in part[types == kind]]
        if len(mine):
            count = max(1, round(settings.sounds_a_type / len(mine)) - 1) if variants is None else variants
            ranges = KICK_RANGES if name == KICK else OTHER_RANGES
            sounds.append(producer_variants(mine, count, settings.seed, ranges, mine, known))
            labels.append(np.full(len(sounds[-1]), kind))
    sounds += [synthesise(rendered)[0], nondrums(others, waves)]
    labels += [np.full(len(rendered), TYPE_NAMES.index(KICK)), np.full(len(others), TYPE_NAMES.index(NONE))]
    made = np.concatenate(sounds)
    rough = roughened(made, stream(settings.seed, "rough", rendered.start))
    return Pool(spectrograms(network, rough), torch.from_numpy(np.concatenate(labels)), _fields(made))


def roughened(waves: np.ndarray, seed: int) -> np.ndarray:
    """The sounds as other hands would have left them: onset up to 0.5 ms off, hiss at -75 to -40 dB, no top octave."""
    random = np.random.default_rng(seed)
    out = np.empty_like(waves)
    for i, wave in enumerate(waves):
        rough = np.roll(wave, int(random.integers(-24, 25)))
        if random.random() < 0.5:
            rough = rough + 10 ** (random.uniform(-75, -40) / 20) * random.standard_normal(len(rough))
        if random.random() < 0.2:
            spectrum = np.fft.rfft(rough)
            spectrum[round(random.uniform(8000, 18_000) * len(rough) / SAMPLE_RATE) :] = 0
            rough = np.fft.irfft(spectrum, len(rough))
        out[i] = rough
    return out


def spectrograms(network: DrumTypeNet, waves: np.ndarray) -> Tensor:
    """[n, T] -> float16 [n, 1, NETWORK_BANDS, COLUMNS]: computed once, since the front end learns nothing."""
    with torch.inference_mode():
        parts = [network.bands(part).half() for part in torch.from_numpy(waves).split(64)]
    return torch.cat(parts).clone()


def _fields(waves: np.ndarray) -> Tensor:
    """[n, READ_FIELDS]: hertz and milliseconds as logarithms."""
    table = cards(waves).values
    columns = []
    for name in READ_FIELDS:
        values = table[name].astype(np.float64)
        columns.append(np.log(np.maximum(values, 1e-2)) if name.endswith(("_hz", "_ms")) else values)
    return torch.from_numpy(np.stack(columns, axis=1)).float()


def teach(data: Labelled, settings: DrumTypeSettings | None = None,
          watch: Callable[[str], None] = lambda _: None) -> Taught:  # fmt: skip
    """Train from nothing. watch: is told a line at each check of the held-out sounds."""
    settings = settings or DrumTypeSettings()
    torch.manual_seed(settings.seed)
    network = DrumTypeNet(len(TYPE_NAMES))
    train, held_out = split(data.dataset, settings.held_out, settings.seed)
    types = data.types
    sizes = [(int((types[part] == i).sum()) for part in (train, held_out)) for i in range(len(TYPE_NAMES) - 1)]
    few = [name for name, (here, there) in zip(TYPE_NAMES, sizes, strict=False) if here < 2 or there < 1]
    if few:
        raise UserError(f"too few sounds of {', '.join(few)}: each type needs some to learn from and some to hold out")
    pool = make_pool(
        data, train, settings, network, variants=None,
        rendered=range(settings.rendered), others=range(settings.nondrums),
    )  # fmt: skip
    unseen = make_pool(
        data, held_out, settings, network, variants=1,
        rendered=range(FRESH, FRESH + settings.rendered // 20), others=range(FRESH, FRESH + settings.nondrums // 20),
    )  # fmt: skip
    counted = Counter(TYPE_NAMES[i] for i in pool.types.tolist())
    watch(f"{len(train)} recorded sounds and {len(pool.types) - len(train)} made ones; {len(held_out)} held out")
    best = _descend(network, pool, unseen, settings, watch)
    if not best.state:
        raise UserError(f"rate={settings.rate}: the loss is not finite; a smaller rate works")
    network.load_state_dict(best.state)
    return Taught(network.eval(), best.step, best.loss, best.accuracy, dict(counted), len(held_out))


class _Snapshot(NamedTuple):
    step: int
    loss: float
    accuracy: float
    state: dict[str, Tensor]


def _descend(
    network: DrumTypeNet, pool: Pool, unseen: Pool, s: DrumTypeSettings, watch: Callable[[str], None]
) -> _Snapshot:
    """The loop. Returns the averaged weights with the least held-out loss."""
    reader = nn.Linear(EMBEDDING, len(READ_FIELDS))
    goal = _standardised(pool.fields)
    optimiser = torch.optim.AdamW([*network.parameters(), *reader.parameters()], s.rate, weight_decay=s.weight_decay)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(s.averaged), use_buffers=True)
    averaged: DrumTypeNet = average.module  # type: ignore[assignment]  # a copy of the network
    evenly = (1 / torch.bincount(pool.types, minlength=len(TYPE_NAMES)).float())[pool.types]  # each type as often
    best = _Snapshot(0, math.inf, 0.0, {})
    network.train()
    for step in range(s.steps):
        for group in optimiser.param_groups:
            group["lr"] = s.rate * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * float(np.cos(np.pi * step / s.steps)))
        random = noise(s.seed, "drum types", step)
        chosen = torch.multinomial(evenly, s.batch, generator=random)
        share = float(np.random.default_rng(stream(s.seed, "mix", step)).beta(s.mixing, s.mixing))
        other = chosen[torch.randperm(s.batch, generator=random)]
        spectrogram = share * _masked(pool.spectrograms[chosen].float(), random)
        spectrogram += (1 - share) * _masked(pool.spectrograms[other].float(), random)
        embedding = network.describe(spectrogram)
        logits = network.judge(F.relu(embedding))
        loss = torch.zeros(())
        for part, rows in ((share, chosen), (1 - share, other)):
            loss = loss + part * F.cross_entropy(logits, pool.types[rows], label_smoothing=s.smoothing)
            loss = loss + s.fields * part * _off(reader(embedding), goal[rows])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.update_parameters(network)
        if (step + 1) % s.check_every == 0 or step + 1 == s.steps:
            held_loss, accuracy = judge_held_out(averaged, unseen)
            if held_loss < best.loss:
                best = _Snapshot(step + 1, held_loss, accuracy, deepcopy(averaged.state_dict()))
            watch(f"step {step + 1}: loss {loss.item():.3f}; held out: loss {held_loss:.3f}, accuracy {accuracy:.3f}")
    return best


def judge_held_out(network: DrumTypeNet, unseen: Pool) -> tuple[float, float]:
    """Cross-entropy and accuracy, each a mean over the types."""
    network.eval()
    with torch.inference_mode():
        logits = torch.cat([network.judge(F.relu(network.describe(p.float()))) for p in unseen.spectrograms.split(128)])
    losses, hits = F.cross_entropy(logits, unseen.types, reduction="none"), logits.argmax(dim=1) == unseen.types
    there = [unseen.types == kind for kind in unseen.types.unique()]
    means = [(float(losses[rows].mean()), float(hits[rows].float().mean())) for rows in there]
    return float(np.mean([m[0] for m in means])), float(np.mean([m[1] for m in means]))


def _standardised(fields: Tensor) -> Tensor:
    """Mean 0 and deviation 1 of each column, NaN left as it is."""
    known = fields.isfinite()
    count = known.sum(dim=0).clamp(min=2)
    mean = fields.nan_to_num().sum(dim=0) / count
    spread = (((fields - mean).nan_to_num() * known).square().sum(dim=0) / count).sqrt()
    return (fields - mean) / spread.clamp(min=1e-6)


def _off(guess: Tensor, goal: Tensor) -> Tensor:
    """Mean square over the fields that are defined."""
    known = goal.isfinite()
    return ((guess - goal.nan_to_num()) * known).square().sum() / known.sum().clamp(min=1)


def _masked(spectrogram: Tensor, random: torch.Generator) -> Tensor:
    """Up to 7 bands and up to 19 columns of each spectrogram silenced (Park et al. 2019, arxiv.org/abs/1904.08779)."""
    out = spectrogram
    for axis, size, most in ((2, NETWORK_BANDS, 8), (3, COLUMNS, 20)):
        first = torch.randint(0, size, (len(spectrogram), 1), generator=random)
        width = torch.randint(0, most, (len(spectrogram), 1), generator=random)
        place = torch.arange(size)
        hidden = (place >= first) & (place < first + width)  # [B, size]
        out = out.masked_fill(hidden[:, None, :, None] if axis == 2 else hidden[:, None, None, :], 0.0)
    return out
