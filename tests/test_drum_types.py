"""The drum-type network: what its front end resolves, what the packaged one knows, and that it can be taught again."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kickitout.audio import write_sound
from kickitout.augmentation.changes import repitch
from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kickitout.metrics.drum_types import KICK_TYPE, DrumClassifier, classify, packaged
from kickitout.models.files import find_model_file
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise
from kicklab.experiments.ladder import FAULTS
from kicklab.experiments.nondrums import NONDRUM_KINDS, kind_of, nondrums

NEVER_SEEN = 3 * 10**6  # first seed of sounds that the packaged network has not learned from
SECONDS = np.arange(LENGTH) / SAMPLE_RATE


@pytest.fixture(scope="module")
def kicks() -> np.ndarray:
    return synthesise(range(NEVER_SEEN, NEVER_SEEN + 80))[0]


@pytest.fixture(scope="module")
def hats(kicks) -> np.ndarray:
    made = FAULTS["hats"].apply(kicks, 1.0, kicks)
    return (made * (PEAK / np.abs(made).max(axis=1, keepdims=True))).astype(np.float32)


def called(waves: np.ndarray) -> list[str]:
    return [packaged().names[i] for i in classify(waves).types]


# ---------------------------------------------------------------------------------------------------- the packaged one


def test_rendered_kicks_are_kicks_and_bursts_of_bright_noise_are_not(kicks, hats):
    assert called(kicks).count(KICK_TYPE) >= 76  # of 80
    assert called(hats).count(KICK_TYPE) == 0


def test_a_low_tone_without_a_decay_is_no_kick():
    """From 60 Hz on: below, it sounds like the beginning of a long kick that was cut, and some are called so."""
    tones = np.stack([PEAK * np.sin(2 * np.pi * hz * SECONDS) for hz in (60, 70, 80, 100)]).astype(np.float32)
    assert KICK_TYPE not in called(tones)


@pytest.mark.parametrize("kind", NONDRUM_KINDS)
def test_what_is_no_drum_hit_is_no_kick(kind, kicks):
    seeds = [s for s in range(NEVER_SEEN, NEVER_SEEN + 20 * len(NONDRUM_KINDS)) if kind_of(s) == kind]
    assert called(nondrums(seeds, kicks)).count(KICK_TYPE) <= 2  # of 20


def test_silence_and_a_single_click_are_no_kicks():
    click = np.zeros((2, LENGTH), np.float32)
    click[1, ONSET] = PEAK
    assert np.isfinite(classify(click).logits).all()
    assert KICK_TYPE not in called(click)


def test_a_kick_alone_is_heard_as_among_others(kicks):
    together, alone = classify(kicks[:6]), classify(kicks[4:5])
    np.testing.assert_array_equal(together.embedding[4:5], alone.embedding)
    np.testing.assert_array_equal(together.logits[4:5], alone.logits)


def test_gain_and_polarity_change_nothing(kicks, hats):
    waves = np.concatenate([kicks[:10], hats[:10]])
    plain = classify(waves)
    for factor in (0.01, -1.0):
        changed = classify(factor * waves)
        np.testing.assert_allclose(changed.logits, plain.logits, atol=2e-3)  # of logits near 5
        np.testing.assert_array_equal(changed.types, plain.types)


def test_half_a_millisecond_changes_no_type(kicks):
    moved = np.roll(kicks, 22, axis=1)
    assert sum(a != b for a, b in zip(called(kicks), called(moved), strict=True)) <= 2  # of 80


def test_two_kicks_are_two_points(kicks):
    points = classify(kicks).embedding.astype(np.float64)
    up = classify(np.stack([repitch(wave, 3.0) for wave in kicks])).embedding
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)[np.triu_indices(len(points), 1)]
    assert np.linalg.norm(up - points, axis=1).mean() > 0.1 * apart.mean()
    values = np.linalg.eigvalsh(np.cov(points.T))[::-1]
    assert (np.cumsum(values) / values.sum() < 0.95).sum() + 1 >= 5  # axes


def test_it_is_small_and_says_what_it_learned_from():
    about = packaged().about
    assert packaged().path.stat().st_size < 2e6
    assert {s["licence"] for s in about["dataset"]["sources"]} <= {"public-domain", "CC0-1.0", "Unlicense"}
    assert len(about["dataset"]["digest"]) == 64
    assert 0.5 < about["held_out"]["accuracy"] <= 1
    card = packaged().path.with_suffix(".md").read_text("utf-8")
    assert about["dataset"]["digest"][:16] in card
    assert f"snapshot of step {about['step']}" in card


def test_recorded_kicks_are_recognised_and_other_drums_are_not(real_data):
    with open(real_data / "kicks-study" / "index.csv", encoding="utf-8") as file:
        chosen = [real_data / "kicks-study" / row["file"] for row in list(csv.DictReader(file))[::4]]
    kicks = read_dataset(chosen).waves
    with open(real_data / "drums-study" / "index.csv", encoding="utf-8") as file:
        chosen = [real_data / "drums-study" / row["file"] for row in list(csv.DictReader(file))[::6]]
    others = read_dataset(chosen).waves
    assert called(kicks).count(KICK_TYPE) >= 0.88 * len(kicks)
    assert called(others).count(KICK_TYPE) <= 0.05 * len(others)


@pytest.mark.parametrize("what", ["garbage", "a model"])
def test_another_file_is_refused(tmp_path, what):
    path = tmp_path / "a.onnx"
    path.write_bytes(b"no graph" if what == "garbage" else find_model_file(Path("default")).read_bytes())
    with pytest.raises(UserError, match="not a drum-type network"):
        DrumClassifier(path)


# ---------------------------------------------------------------------------------------- no drums, made by formula


def test_sounds_that_are_no_drums_are_aligned_and_differ():
    hits = synthesise(range(4))[0]
    waves = nondrums(range(2 * len(NONDRUM_KINDS)), hits)
    assert np.isfinite(waves).all()
    assert np.abs(waves).max(axis=1) == pytest.approx(PEAK)
    assert not waves[:, :ONSET].any()
    assert len({wave.tobytes() for wave in waves}) == len(waves)
    np.testing.assert_array_equal(nondrums([5], hits)[0], waves[5])  # a seed is a seed


# ------------------------------------------------------------------------------------------------- network and teaching


def spectrogram(wave: np.ndarray) -> np.ndarray:
    """[NETWORK_BANDS, COLUMNS] dB re the loudest cell."""
    torch = pytest.importorskip("torch")
    from kicklab.experiments.drum_type_network import RANGE_DB, LogBands

    with torch.inference_mode():
        return (LogBands()(torch.from_numpy(wave.astype(np.float32))[None])[0, 0].numpy() - 1) * RANGE_DB


@pytest.mark.parametrize("hz", [30, 45, 60, 90, 120, 340, 360, 1000, 1950, 2050, 6000, 15_000])
def test_a_tone_lands_in_its_band_and_leaves_far_ones_alone(hz):
    pytest.importorskip("torch")
    from kicklab.experiments.drum_type_network import BANDS_PER_OCTAVE, band_edges_hz

    found = spectrogram(np.sin(2 * np.pi * hz * SECONDS))[:, 80]
    band = int(np.searchsorted(band_edges_hz().numpy(), hz)) - 1
    assert abs(int(found.argmax()) - band) <= (hz < 100)  # windows of 93 ms: a band is narrower than their 15 Hz
    far = np.abs(np.arange(len(found)) - band) > (BANDS_PER_OCTAVE if hz > 100 else 2 * BANDS_PER_OCTAVE)
    assert found[far].max() < -40


def test_forty_and_fifty_five_hertz_are_told_apart():
    a, b = (spectrogram(np.sin(2 * np.pi * hz * SECONDS))[:, 80] for hz in (40, 55))
    assert np.abs(a - b).max() > 6


def test_a_click_is_short_in_the_high_bands():
    wave = np.zeros(LENGTH)
    wave[ONSET] = 1
    found = spectrogram(wave)
    assert found[-20:].argmax(axis=1).max() <= 1
    assert found[-20:, 4:].max() < -69  # 12 ms behind


def test_silence_is_the_floor_and_gain_and_polarity_do_not_show(kicks):
    assert spectrogram(np.zeros(LENGTH)).max() == pytest.approx(-70)
    for factor in (0.003, -1.0):
        np.testing.assert_allclose(spectrogram(factor * kicks[0]), spectrogram(kicks[0]), atol=1e-2)


def test_the_exported_graph_is_the_network():
    torch = pytest.importorskip("torch")
    from kickitout.export.model_file import graph_bytes
    from kickitout.generation.graph import open_graph
    from kicklab.experiments.drum_type_network import DrumTypeNet

    torch.manual_seed(0)
    network = DrumTypeNet(8)
    waves = torch.from_numpy(np.concatenate([synthesise(range(5))[0], np.zeros((1, LENGTH), np.float32)]))
    network.train()(waves)  # batch norm has seen something
    with torch.inference_mode():
        expected = [part.numpy() for part in network.eval()(waves)]
    session = open_graph(graph_bytes(network, {"waveform": waves[:2]}, ["embedding", "logits"], ""), "refused")
    for rows in (slice(0, 6), slice(2, 3), slice(5, 6)):
        for found, part in zip(session.run(None, {"waveform": waves[rows].numpy()}), expected, strict=True):
            np.testing.assert_allclose(found, part[rows], atol=1e-4)


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """Six kicks, and six bursts of noise for each other type."""
    pytest.importorskip("torch")
    from kicklab.experiments.drum_type_training import TYPE_OF

    root = tmp_path_factory.mktemp("drums")
    random = np.random.default_rng(0)
    for folder in TYPE_OF:
        bursts = 0.2 * random.standard_normal((6, LENGTH)) * np.exp(-SECONDS / 0.05)
        made = synthesise(range(6))[0] if folder == KICK_TYPE else bursts
        place = root / "kicks" if folder == KICK_TYPE else root / "drums" / folder
        place.mkdir(parents=True)
        for i, wave in enumerate(made):
            write_sound(place / f"{i}.wav", wave, SAMPLE_RATE, bits="24")
    return root / "kicks", root / "drums"


def test_teaching_twice_gives_the_same_network(folders):
    torch = pytest.importorskip("torch")
    from kicklab.experiments.drum_type_training import TYPE_NAMES, DrumTypeSettings, read_labelled, teach

    labelled = read_labelled([folders[0]], [folders[1]])
    tiny = DrumTypeSettings(steps=3, batch=8, check_every=2, held_out=0.4, sounds_a_type=8, rendered=20, nondrums=20)
    told: list[str] = []
    one, two = teach(labelled, tiny, told.append), teach(labelled, tiny)
    assert one.step in (2, 3)
    assert set(one.sizes) == set(TYPE_NAMES)
    assert len(told) == 3
    for a, b in zip(one.network.state_dict().values(), two.network.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    other = teach(labelled, DrumTypeSettings(**{**tiny.__dict__, "seed": 1}))
    assert not torch.equal(one.network.judge.weight, other.network.judge.weight)


def test_a_folder_that_is_no_type_is_refused(folders, tmp_path):
    pytest.importorskip("torch")
    from kicklab.experiments.drum_type_training import read_labelled

    (tmp_path / "drums" / "banjo").mkdir(parents=True)
    write_sound(tmp_path / "drums" / "banjo" / "a.wav", synthesise([9])[0][0], SAMPLE_RATE)
    with pytest.raises(UserError, match="'banjo' is not a type of drum; kick, snare"):
        read_labelled([folders[0]], [tmp_path / "drums"])


def test_near_duplicates_with_two_labels_are_refused(folders, tmp_path):
    pytest.importorskip("torch")
    from kicklab.experiments.drum_type_training import read_labelled

    (tmp_path / "drums" / "tom").mkdir(parents=True)
    kick = synthesise(range(6))[0][2]
    rough = kick + 1e-3 * np.random.default_rng(0).standard_normal(LENGTH).astype(np.float32)
    write_sound(tmp_path / "drums" / "tom" / "a.wav", rough, SAMPLE_RATE)
    with pytest.raises(UserError, match="labelled as another type"):
        read_labelled([folders[0]], [tmp_path / "drums"])


def test_only_what_asks_for_no_notice_is_learned_from(folders, monkeypatch):
    pytest.importorskip("torch")
    from kicklab.experiments import drum_type_training
    from kicklab.experiments.drum_type_training import TYPE_NAMES, free_of_conditions, read_labelled

    whole = read_labelled([folders[0]], [folders[1]])
    licences = ["CC0-1.0", "MIT", "public-domain", "CC-BY-4.0", "Unlicense", "Apache-2.0"]
    rows = tuple(replace(row, licence=licences[i % 6]) for i, row in enumerate(whole.dataset.rows))
    whole = whole._replace(dataset=replace(whole.dataset, rows=rows))
    monkeypatch.setattr(drum_type_training, "left_out", lambda: {rows[0].sound: "a beep"})
    free = free_of_conditions(whole)
    assert [row.sound for row in free.dataset.rows] == [row.sound for i, row in enumerate(rows) if i % 2 == 0 and i]
    for row, kind, folder, wave in zip(free.dataset.rows, free.types, free.folders, free.dataset.waves, strict=True):
        before = next(i for i, one in enumerate(rows) if one.sound == row.sound)
        assert TYPE_NAMES[kind] == TYPE_NAMES[whole.types[before]]
        assert folder == whole.folders[before]
        np.testing.assert_array_equal(wave, whole.dataset.waves[before])
    with pytest.raises(UserError, match="licence 'MIT', and none of these sounds is CC0"):
        free_of_conditions(
            whole._replace(dataset=replace(whole.dataset, rows=tuple(replace(r, licence="MIT") for r in rows)))
        )
