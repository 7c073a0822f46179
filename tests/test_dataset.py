"""The dataset: its digest knows the sounds alone, its split keeps groups whole and stays put."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from kickitout.audio import write_sound
from kickitout.audio.prepare import find_onset
from kickitout.datasets.build import Dataset, describe_difference, read_dataset, split
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

pytestmark = [pytest.mark.light, pytest.mark.decides]


@pytest.fixture
def kicks(tmp_path, make_kick):
    """A folder of five kicks; d.flac is e.wav at another level and upside down."""
    folder = tmp_path / "kicks"
    folder.mkdir()
    for name, hz in (("a.wav", 40), ("b.wav", 50), ("c.wav", 60), ("e.wav", 80)):
        write_sound(folder / name, make_kick(end_hz=hz), SAMPLE_RATE)
    write_sound(folder / "d.flac", -0.3 * make_kick(before=0.05, end_hz=80), SAMPLE_RATE, bits="16")
    return folder


def fake_dataset(template: Dataset, waves: list[str], groups: list[int]) -> Dataset:
    rows = tuple(
        replace(template.rows[0], name=f"{w}.wav", sound=w, group=f) for w, f in zip(waves, groups, strict=True)
    )
    return replace(template, rows=rows)


def test_a_dataset_has_a_row_for_each_kick(kicks):
    seen = []
    dataset = read_dataset(kicks, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(k, 5) for k in range(1, 6)]
    assert len(dataset) == 5
    assert dataset.waves.shape == dataset.sides.shape == (5, LENGTH)
    assert dataset.waves.dtype == np.float32
    assert [row.name for row in dataset.rows] == [
        "kicks/a.wav",
        "kicks/b.wav",
        "kicks/c.wav",
        "kicks/d.flac",
        "kicks/e.wav",
    ]
    assert [row.group for row in dataset.rows] == [0, 1, 2, 3, 3]
    d = dataset.rows[3]
    assert (d.flipped, d.channels, d.rate, d.licence) == (True, 1, SAMPLE_RATE, "unstated")
    assert d.onset_s == pytest.approx(0.05, abs=0.0005)
    assert (dataset.refused, dataset.ignored, dataset.warnings) == ((), {}, ())


def test_the_manifest_is_json(kicks):
    dataset = read_dataset(kicks)
    manifest = json.loads(json.dumps(dataset.manifest()))
    assert manifest["digest"] == dataset.digest
    assert manifest["counts"] == {"kicks": 5, "groups": 4, "refused": 0, "ignored": 0}
    assert manifest["rows"][0]["name"] == "kicks/a.wav"


def test_the_digest_knows_sounds_and_not_names(kicks, tmp_path):
    digest = read_dataset(kicks).digest
    assert len(digest) == 64
    assert read_dataset(sorted(kicks.iterdir(), reverse=True)).digest == digest
    renamed = kicks.rename(tmp_path / "other")
    (renamed / "a.wav").rename(renamed / "z.wav")
    assert read_dataset(renamed).digest == digest
    (renamed / "b.wav").unlink()
    assert read_dataset(renamed).digest != digest


def test_the_same_sound_is_taken_once(kicks):
    (kicks / "copy of a.wav").write_bytes((kicks / "a.wav").read_bytes())
    dataset = read_dataset(kicks)
    assert len(dataset) == 5
    assert [(r.name, r.reason) for r in dataset.refused] == [("kicks/copy of a.wav", "the same sound as kicks/a.wav")]


def test_a_folder_without_a_usable_sound_says_why(tmp_path):
    for k in range(5):
        write_sound(tmp_path / f"{k}.wav", np.zeros(4410), SAMPLE_RATE)
    with pytest.raises(UserError, match=r"none of 5 sound files could be used; .*/0\.wav: silent.*/2\.wav: silent"):
        read_dataset(tmp_path)


def test_a_group_never_spans_the_split(kicks):
    dataset = read_dataset(kicks)
    for seed in range(20):
        train, held_out = split(dataset, share=0.4, seed=seed)
        assert sorted([*train, *held_out]) == list(range(5))
        assert len(train) > 0
        assert len(held_out) > 0
        assert (3 in train) == (4 in train)


def test_the_split_holds_out_its_share_and_adding_files_moves_none(kicks):
    template = read_dataset(kicks)
    waves = [f"{k:064x}" for k in range(1000)]
    few, many = fake_dataset(template, waves[:900], [*range(900)]), fake_dataset(template, waves, [*range(1000)])
    held_few, held_many = set(split(few)[1].tolist()), set(split(many)[1].tolist())
    assert 105 < len(held_few) < 165  # 135 expected; three standard deviations of a binomial are 32
    assert {k for k in held_many if k < 900} == held_few
    assert set(split(few, seed=1)[1].tolist()) != held_few


def test_the_split_depends_on_no_order(kicks):
    dataset = fake_dataset(read_dataset(kicks), [f"{k:064x}" for k in range(50)], [*range(50)])
    reverse = replace(dataset, rows=tuple(replace(r, group=49 - r.group) for r in dataset.rows[::-1]))
    held = {dataset.rows[i].sound for i in split(dataset)[1]}
    assert held == {reverse.rows[i].sound for i in split(reverse)[1]}


def test_small_corpora_are_split_as_far_as_they_can_be(kicks):
    template = read_dataset(kicks)
    for seed in range(10):
        two = fake_dataset(template, ["0" * 64, "1" * 64], [0, 1])
        assert [len(side) for side in split(two, seed=seed)] == [1, 1]
        one = fake_dataset(template, ["0" * 64, "1" * 64], [0, 0])
        assert [len(side) for side in split(one, seed=seed)] == [2, 0]
    with pytest.raises(UserError, match=r"share=1\.5"):
        split(template, share=1.5)


def test_a_changed_folder_is_described_in_words(kicks, make_kick):
    old = read_dataset(kicks).manifest()
    assert describe_difference(old, old) == ""
    (kicks / "a.wav").unlink()
    write_sound(kicks / "b.wav", make_kick(end_hz=55), SAMPLE_RATE, force=True)
    write_sound(kicks / "f.wav", make_kick(end_hz=90), SAMPLE_RATE)
    new = read_dataset(kicks).manifest()
    assert describe_difference(old, new) == "1 new (kicks/f.wav); 1 gone (kicks/a.wav); 1 changed (kicks/b.wav)"
    assert "prepared differently (version 1 -> 2)" in describe_difference(old, new | {"prepare_version": 2})
    assert "other samples" in describe_difference(old, old | {"digest": "0"})


def test_importing_the_package_opens_no_audio_library():
    code = "import sys, kickitout.datasets; print({'soundfile', 'soxr', 'numpy', 'torch', 'scipy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
    code = "import sys, kickitout.datasets.build; print({'torch', 'scipy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_every_recorded_kick_is_taken_and_aligned(real_data):
    dataset = read_dataset([real_data / "kicks-open", real_data / "kicks-study"])
    assert len(dataset) == 569
    assert dataset.refused == ()
    assert dataset.warnings == ()
    assert all(row.licence != "unstated" for row in dataset.rows)
    np.testing.assert_allclose(np.abs(dataset.waves).max(axis=1), PEAK, atol=1e-3)
    onsets = np.array([find_onset(wave, SAMPLE_RATE) for wave in dataset.waves])
    early_or_late = np.abs(onsets - ONSET) > 0.0005 * SAMPLE_RATE
    # What is left: noise that the 64 samples before the onset are too short to show, or a click 5 ms before the hit.
    assert early_or_late.mean() < 0.05
    again = -dataset.waves[:50]
    from kickitout.audio.prepare import polarity

    assert all(polarity(wave) == -1 for wave in again)
    train, held_out = split(dataset)
    assert 0.1 < len(held_out) / len(dataset) < 0.2
    assert not {dataset.rows[i].group for i in train} & {dataset.rows[i].group for i in held_out}


def test_a_kick_in_one_channel_is_mono_and_what_was_mended_is_said(tmp_path, make_kick):
    kick = make_kick(end_hz=50)
    write_sound(tmp_path / "left.wav", np.stack([kick, 0 * kick], axis=1), SAMPLE_RATE)
    write_sound(
        tmp_path / "wide.wav", np.stack([make_kick(end_hz=60), 0.5 * make_kick(end_hz=61)], axis=1), SAMPLE_RATE
    )
    late = bytearray((tmp_path / "left.wav").read_bytes()[:-6])
    (tmp_path / "short.wav").write_bytes(late)
    dataset = read_dataset(tmp_path)
    left, short, wide = dataset.rows
    assert (left.lone, short.lone, wide.lone) == (True, True, False)
    assert left.peak_db == pytest.approx(20 * np.log10(np.abs(kick).max()), abs=0.01)  # not 6 dB less
    assert not dataset.sides[0].any()
    assert dataset.sides[2].any()
    assert left.notes == wide.notes == ()
    assert dataset.warnings == (f"{tmp_path.name}/short.wav: {short.notes[0]}",)
    assert "promises 6 bytes" in short.notes[0]
