"""Whole sources are learned from or kept unseen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kickitout.datasets.build import Dataset, ManifestRow
from kickitout.errors import UserError
from kickitout.sound import LENGTH
from kicklab.data import FOLDS, load, parts_table, read_kicks, save
from kicklab.sources import PER_SOURCE, capped, held_out_sources, machine_of, sources_of

pytestmark = pytest.mark.decides

ROW = ManifestRow("a", "f", "s0", "one", "CC0-1.0", 44_100, 1, 0.5, 0.0, False, False, 0.0, 0.0, 0.0, 0.0, 0)


def row(number: int, source: str, group: int) -> ManifestRow:
    return replace(ROW, sound=f"s{number}", source=source, group=group)


def test_near_duplicates_and_names_of_one_machine_join_sources():
    rows = [
        row(0, "a", 0), row(1, "b", 0), row(2, "b", 1), row(3, "c", 2),
        row(4, "tdm/LinnLM1", 3), row(5, "tdm/AkaiLinn", 4), row(6, "unstated", 5), row(7, "unstated", 6),
    ]  # fmt: skip
    found = sources_of(rows)
    assert len({*found[:3]}) == 1
    assert found[4] == found[5] == machine_of(rows[4])
    assert len({*found}) == 5  # what states no source is one of its own


def test_no_source_is_most_of_a_part_and_which_sounds_are_kept_depends_on_the_sounds_alone():
    rows = [row(i, "big", i) for i in range(40)] + [row(i, "small", i) for i in range(40, 43)]
    sources = sources_of(rows)
    kept = capped(rows, sources, 10)
    assert (kept[:40].sum(), kept[40:].sum()) == (10, 3)
    back = capped(rows[::-1], sources[::-1], 10)
    np.testing.assert_array_equal(kept, back[::-1])


def test_a_share_of_the_sounds_is_held_out_in_whole_sources():
    sources = np.repeat([f"s{i}" for i in range(20)], [1, 2, 3, 4, 5] * 4)
    taken = held_out_sources(sources, 0.25, 0)
    assert 0.15 <= taken.mean() <= 0.25
    assert not set(sources[taken]) & set(sources[~taken])


def noises(count: int, first: int, source: str, sources: int) -> Dataset:
    """Sounds of which none is like another."""
    waves = np.random.default_rng(first).standard_normal((count, LENGTH)).astype(np.float32)
    rows = tuple(row(first + i, f"{source} {i % sources}", i) for i in range(count))
    return Dataset(waves, np.zeros_like(waves), rows, (), {}, ())


@pytest.fixture
def folders(monkeypatch):
    """Folders of such sounds by name."""
    known = {"mine": noises(300, 0, "mine", 12), "new": noises(80, 600, "new", 5), "alike": noises(70, 900, "mine", 5)}

    def joined(paths: list[str]) -> Dataset:
        parts = [known[path] for path in paths]
        whole = np.concatenate([part.waves for part in parts])
        rows = [r for part in parts for r in part.rows]
        rows = [replace(r, group=i) for i, r in enumerate(rows)]
        return Dataset(whole, np.zeros_like(whole), tuple(rows), (), {}, ())

    monkeypatch.setattr("kicklab.data.read_dataset", joined)


def test_parts_share_no_source_and_are_known_by_name(folders, tmp_path):
    data = read_kicks(["mine"], confirm=["mine", "new"])
    assert data.confirm is not None
    by_part = {name: {r.source for r in part.rows} for name, part in data.parts.items()}
    assert len(by_part["train"]) > len(by_part["test"]) > 1
    assert not by_part["train"] & by_part["test"]
    assert by_part["confirm"] == {f"new {i}" for i in range(5)}
    assert data.repeated == 300
    assert len(data.train) + len(data.test) == 12 * PER_SOURCE
    save(data, tmp_path / "data")
    again = load(tmp_path / "data")
    assert {k: v.digest for k, v in again.parts.items()} == {k: v.digest for k, v in data.parts.items()}
    lines = parts_table(again).splitlines()
    assert lines[0] == "part,source,resampled_with,name,sound"
    joined = {line.split(",")[2] for line in lines[1:] if line.startswith("confirm,")}
    assert joined == {f"new {i}" for i in range(5)}
    assert len(lines) == 1 + sum(len(part) for part in data.parts.values())


def test_more_data_are_those_that_confirm_but_for_a_fold_of_their_sources_that_may_be_passed_on(folders):
    data = read_kicks(["mine"], confirm=["new"])
    assert data.confirm is not None
    rows = list(data.confirm.rows)
    rows[0] = replace(rows[0], licence="unclear")
    data = replace(data, confirm=replace(data.confirm, rows=tuple(rows)))
    sources = np.array([r.source for r in rows])
    unseen = []
    for fold in range(FOLDS):
        more = data.more(fold)
        assert not more[0]
        assert not set(sources[more]) & set(sources[data.folds == fold])
        unseen.append(set(sources[data.folds == fold]))
        learned = data.of(None, 0.1, 0, fold)
        assert {r.sound for r in learned.rows} == {r.sound for r in data.train.rows} | {
            r.sound for r, taken in zip(rows, more, strict=True) if taken
        }
        np.testing.assert_array_equal(learned.waves[len(data.train) :], data.confirm.waves[more])
        assert not {r.group for r in data.train.rows} & {r.group for r in learned.rows[len(data.train) :]}
    assert set.union(*unseen) == set(sources)  # each source is unseen once
    assert sum(len(part) for part in unseen) == len(set(sources))


def test_a_machine_that_is_learned_from_is_not_scored_against_under_another_name(folders, monkeypatch):
    monkeypatch.setattr("kicklab.data.machine_of", lambda one: {"new 0": "mine 0"}.get(one.source, one.source))
    data = read_kicks(["mine"], ["new"])
    assert {r.source for r in data.test.rows} == {f"new {i}" for i in range(1, 5)}
    assert data.related == 16


def test_a_source_in_two_parts_is_refused(folders):
    with pytest.raises(UserError, match="source 'mine 0' is among the kicks to train on and in --against"):
        read_kicks(["mine"], ["alike"])
    with pytest.raises(UserError, match="0 kicks of other sources in --confirm: too few"):
        read_kicks(["mine"], confirm=["alike"])
