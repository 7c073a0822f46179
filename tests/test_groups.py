"""Copies of one kick are one group, whatever was done to the file; other kicks are not."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import kickitout.datasets.groups as module
from kickitout.audio import Sound, decode_sound, resample
from kickitout.audio.prepare import prepare
from kickitout.datasets.groups import DUPLICATE, RELATED, _candidate_pairs, _GroupSpectra, near_duplicate_groups
from kickitout.similarity import similarity
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

pytestmark = pytest.mark.decides


def aligned(x: np.ndarray, rate: int = SAMPLE_RATE) -> np.ndarray:
    return prepare(Sound(x[:, None].astype(np.float32), rate)).mid


def through(x: np.ndarray, container: str, subtype: str) -> np.ndarray:
    buffer = io.BytesIO()
    soundfile.write(buffer, x, SAMPLE_RATE, format=container, subtype=subtype)
    return prepare(decode_sound(buffer.getvalue(), "a")).mid


def random_kicks(n: int) -> np.ndarray:
    """n kicks that differ in pitch, sweep and decay: float32 [n, 22050]."""
    rng = np.random.default_rng(0)
    t = np.arange(LENGTH) / SAMPLE_RATE
    hz, sweep, fall, decay = (rng.uniform(a, b, (n, 1)) for a, b in ((35, 90), (0, 400), (0.005, 0.05), (0.04, 0.3)))
    x = np.sin(2 * np.pi * (hz * t + sweep * fall * (1 - np.exp(-t / fall)))) * np.exp(-t / decay)
    return x.astype(np.float32)


def candidates(waves: np.ndarray) -> set[tuple[int, int]]:
    rows, columns = _candidate_pairs(_GroupSpectra.of(waves))
    return set(zip(rows.tolist(), columns.tolist(), strict=True))


def test_copies_of_a_kick_are_one_group(make_kick):
    rng = np.random.default_rng(0)
    x = 0.9 * make_kick(before=0.01) + 0.02 * rng.standard_normal(18_081).astype(np.float32) * make_kick(before=0.01)
    copies = [
        aligned(x),
        aligned(-0.1 * x),  # level and polarity
        aligned(x[300:]),  # crop
        np.roll(aligned(x), 40),  # a shift of 0.9 ms
        np.roll(-aligned(x), -44),
        aligned(resample(x, SAMPLE_RATE, 96_000), 96_000),
        aligned(resample(x, SAMPLE_RATE, 16_000), 16_000),
        through(x, "WAV", "PCM_U8"),
        through(x, "OGG", "VORBIS"),
        through(x, "MP3", "MPEG_LAYER_III"),
    ]
    others = [aligned(make_kick(end_hz=hz)) for hz in (42, 61, 75)]
    found = near_duplicate_groups(np.stack([others[0], *copies, *others[1:]]))
    assert found.tolist() == [0] + [1] * len(copies) + [2, 3]


def test_near_duplicates_of_near_duplicates_are_one_group(make_kick):
    chain = np.stack([aligned(make_kick(end_hz=50 + 0.45 * k)) for k in range(3)])
    assert similarity(chain[0], chain[1]) >= DUPLICATE
    assert similarity(chain[0], chain[2]) < DUPLICATE
    assert near_duplicate_groups(chain).tolist() == [0] * 3
    assert near_duplicate_groups(chain[[0, 2]]).tolist() == [0, 1]


def test_a_long_chain_is_cut_but_not_between_copies(make_kick):
    chain = [aligned(make_kick(end_hz=50 + 0.45 * k)) for k in range(12)]
    copies = [0.5 * np.roll(kick, 3) for kick in chain]
    found = near_duplicate_groups(np.stack([*chain, *copies]))
    assert (found[:12] == found[12:]).all()
    assert 2 <= len(set(found.tolist())) <= 6
    for group in set(found.tolist()):
        members = [kick for kick, own in zip(chain, found[:12], strict=True) if own == group]
        assert (
            min(similarity(a, b) for a in members for b in members) > 2 * RELATED**2 - 1
        )  # both are so near to one head


def test_many_rendered_kicks_are_not_one_group():
    waves, _ = synthesise(range(1500))
    found = near_duplicate_groups(waves)
    assert np.bincount(found).max() < 0.08 * len(waves)  # chained without an end it is 0.2


def test_the_similarity_is_exact_at_its_limits():
    rng = np.random.default_rng(0)
    waves = random_kicks(40)
    waves += 0.03 * rng.standard_normal(waves.shape).astype(np.float32) * np.abs(waves)  # something above the body
    sounds = _GroupSpectra.of(waves)
    rows, columns = np.triu_indices(40, 1)
    true = np.array([similarity(waves[i], waves[j]) for i, j in zip(rows, columns, strict=True)])
    for limit in (0.5, 0.8, 0.93, 0.97):
        found = sounds.similarities(rows, columns, (limit,))
        np.testing.assert_array_equal(found >= limit, true >= limit)


def test_similarity_is_a_cosine_over_shifts():
    x = random_kicks(1)[0] * np.hanning(LENGTH).astype(np.float32)
    assert similarity(x, x) == pytest.approx(1, abs=1e-5)
    assert similarity(x, -3 * x) == pytest.approx(1, abs=1e-5)
    assert similarity(x, np.roll(x, 44)) == pytest.approx(1, abs=1e-5)
    assert similarity(x, 0 * x) == 0


def test_no_pair_is_lost_before_it_is_measured():
    kicks = random_kicks(24)
    fade = np.exp(-np.arange(LENGTH) / 60_000)
    shifted = np.stack([np.roll(kick * fade, i - 12) for i, kick in enumerate(kicks)])
    waves = np.concatenate([kicks, -shifted.astype(np.float32)])
    pairs = candidates(waves)
    alike = {
        (i, j) for i in range(len(waves)) for j in range(i + 1, len(waves)) if similarity(waves[i], waves[j]) >= 0.97
    }
    assert len(alike) >= 24
    assert alike <= pairs


def test_noises_of_one_colour_are_not_one_group():
    noise = np.random.default_rng(0).standard_normal((50, LENGTH)).astype(np.float32)
    assert near_duplicate_groups(noise).tolist() == list(range(50))
    assert candidates(noise) == set()


def test_nothing_and_one_are_groups_too():
    assert near_duplicate_groups(np.zeros((0, LENGTH), np.float32)).tolist() == []
    assert near_duplicate_groups(random_kicks(1)).tolist() == [0]


@pytest.mark.once
def test_of_a_thousand_kicks_few_pairs_are_correlated(monkeypatch):
    """Half a million pairs are there; correlated in full, at the full rate, they would take ten minutes."""
    pairs = {"below 1.5 kHz": 0, "in full": 0}
    roughly, fully = _GroupSpectra.correlation, module.similarity

    def counted_roughly(self, rows, columns, bins, turns):
        pairs["below 1.5 kHz"] += len(rows)
        return roughly(self, rows, columns, bins, turns)

    def counted_fully(a, b):
        pairs["in full"] += 1
        return fully(a, b)

    monkeypatch.setattr(_GroupSpectra, "correlation", counted_roughly)
    monkeypatch.setattr(module, "similarity", counted_fully)
    near_duplicate_groups(random_kicks(1000))
    assert 0 < pairs["below 1.5 kHz"] < 0.05 * 499_500  # 1 %
    assert pairs["in full"] < 1000  # 4


# -- neither names nor order, and what a new sound moves ---------------------------------------------------------------


@pytest.fixture(scope="module")
def chained(make_kick):
    """Waves in two chains, some copies of others among them, and loners; and identities that sort otherwise."""
    low, high = ([aligned(make_kick(end_hz=hz + 0.4 * k)) for k in range(9)] for hz in (50, 70))
    copies = [0.5 * np.roll(wave, 3) for wave in (low[2], low[6], high[4])]
    loners = [aligned(make_kick(end_hz=hz)) for hz in (40, 95)]
    waves = np.stack([*low, *copies, *high, *loners]).astype(np.float32)
    names = [hashlib.sha256(wave.tobytes()).hexdigest() for wave in waves]
    alike = np.array([[similarity(a, b) for a in waves] for b in waves])
    return waves, names, alike


def groups_of(chained, members: list[int], by_identity: bool = True) -> dict[int, frozenset[int]]:
    """Sound -> those of its group, when the sounds come in this order."""
    waves, names, _ = chained
    found = near_duplicate_groups(waves[members], [names[i] for i in members] if by_identity else None)
    return {i: frozenset(j for j, g in zip(members, found, strict=True) if g == f)
            for i, f in zip(members, found, strict=True)}  # fmt: skip


@settings(max_examples=30)
@given(data=st.data())
def test_the_order_of_sounds_decides_no_group(chained, data):
    members = list(range(len(chained[0])))
    order = data.draw(st.permutations(members))
    assert groups_of(chained, order) == groups_of(chained, members)


def test_it_would_without_identities(chained):
    members = list(range(len(chained[0])))
    assert groups_of(chained, members, False) != groups_of(chained, members[::-1], False)


@settings(max_examples=30)
@given(data=st.data())
def test_a_new_sound_moves_only_what_hangs_together_with_it(chained, data):
    members = data.draw(st.lists(st.integers(0, len(chained[0]) - 1), min_size=2, unique=True))
    new, old = members[0], members[1:]
    touched, more = {new}, {new}
    while more:
        more = {j for i in more for j in old if chained[2][i, j] >= DUPLICATE} - touched
        touched |= more
    before, after = groups_of(chained, old), groups_of(chained, members)
    assert {i: before[i] for i in old if i not in touched} == {i: after[i] for i in old if i not in touched}


def test_names_of_files_decide_neither_groups_nor_what_is_held_out(chained, tmp_path):
    from kickitout.audio import write_sound
    from kickitout.datasets.build import read_dataset, split

    waves, known = chained[0], []
    for order in (1, -1):
        folder = tmp_path / f"named {order}"
        folder.mkdir()
        for place, i in enumerate(range(len(waves))[::order]):
            write_sound(folder / f"{place:02d}.wav", waves[i], SAMPLE_RATE)
        dataset = read_dataset(folder)
        groups: dict[int, set[str]] = {}
        for row in dataset.rows:
            groups.setdefault(row.group, set()).add(row.sound)
        held_out = [{dataset.rows[i].sound for i in split(dataset, 0.3, seed)[1]} for seed in range(4)]
        known.append((sorted(map(sorted, groups.values())), held_out, dataset.digest))
    assert known[0] == known[1]


def test_the_recorded_kicks_join_by_machine(real_data):
    from kickitout.datasets.build import read_dataset

    dataset = read_dataset(real_data / "kicks-open")
    group = {row.name: row.group for row in dataset.rows}
    near = group["kicks-open/smpl-tr-808/bd0010.flac"]
    assert group["kicks-open/smpl-tr-808/bd2510.flac"] == near  # the same 808, tone knob a quarter further
    assert group["kicks-open/uzu-bd/12-bd-mot4i.flac"] != near
