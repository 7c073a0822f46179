"""Fingerprints tell which training kick a sound is nearest to, without the training kicks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from toy import toy, write_kicks

from kickitout.cli import main
from kickitout.datasets.build import read_dataset, split
from kickitout.errors import UserError
from kickitout.generation.load import load_model
from kickitout.generation.reject import OutlierRejection
from kickitout.metrics.fingerprints import (
    KEPT_BINS,
    MOST_LEARNED,
    Learned,
    _kept_bins,
    fingerprint_distances,
    fingerprints,
    learned_file,
    read_learned,
)
from kickitout.metrics.memorisation import CopyDetector
from kickitout.models.files import find_model_file
from kickitout.similarity import BANDS_HZ
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise
from kicklab.experiments.copies_trial import CHANGES

pytestmark = pytest.mark.decides

KICKS = 48


@pytest.fixture(scope="module")
def waves():
    return synthesise(range(KICKS))[0]


@pytest.fixture(scope="module")
def learned(waves):
    return Learned.of(waves, [f"kick {i}" for i in range(KICKS)], np.arange(KICKS), "d" * 64)


def test_a_tenth_of_the_spectrum_is_kept_and_every_band_has_its_share():
    hz = _kept_bins() * SAMPLE_RATE / LENGTH
    assert len(np.unique(hz)) == sum(KEPT_BINS) < 0.11 * BANDS_HZ[-1] * LENGTH / SAMPLE_RATE
    assert np.histogram(hz, BANDS_HZ)[0].tolist() == list(KEPT_BINS)


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_told_and_is_of_the_right_kick(waves, learned, change):
    copies = np.array([CHANGES[change](wave) for wave in waves[:16]], np.float32)
    distances = fingerprint_distances(fingerprints(copies), learned.prints)
    assert (distances.argmin(axis=1) == np.arange(16)).all()
    assert (distances.min(axis=1) < learned.threshold).mean() > 0.9


def test_sounds_that_copy_nothing_are_not_called_copies_and_their_distance_is_about_that_of_the_sounds(waves, learned):
    others = synthesise(range(1000, 1032))[0]
    found = fingerprint_distances(fingerprints(others), learned.prints).min(axis=1)
    assert (found < learned.threshold).mean() <= 2 / 32
    sounds = CopyDetector.of(waves, np.arange(KICKS))
    exact = np.array([sounds.nearest(wave)[1] for wave in others])
    assert np.median(np.abs(found - exact)) < 0.03


def test_the_file_holds_all_that_counts(waves, learned, tmp_path):
    path = learned_file(tmp_path / "model.onnx")
    assert path.name == "model.learned.json"
    path.write_bytes(learned.to_bytes())
    again = read_learned(path)
    assert (again.digest, again.names, again.threshold) == (learned.digest, learned.names, learned.threshold)
    name, distance = again.nearest(waves[7])
    assert name == "kick 7"
    assert 0 <= distance < 1e-3
    assert np.abs(again.prints.spectra - learned.prints.spectra).max() < 1e-6
    assert again.to_bytes() == learned.to_bytes()
    assert path.stat().st_size < 1300 * KICKS


def test_few_groups_have_no_threshold_and_too_many_kicks_no_fingerprints(waves):
    assert Learned.of(waves[:8], [""] * 8, np.arange(8), "").threshold is None
    many = np.broadcast_to(waves[:1], (MOST_LEARNED + 1, LENGTH))
    with pytest.raises(UserError, match=f"at most {MOST_LEARNED}"):
        Learned.of(many, [""] * len(many), np.arange(len(many)), "")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"}, {"names": []}, {"names": 5}, {"limit": "low"}, {"limit": 7}, {"bins": "AAAA"},
        {"bins": None}, {"weights": "not base 64!"},
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_sentence(learned, tmp_path, change):
    path = tmp_path / "x.learned.json"
    path.write_text(json.dumps(json.loads(learned.to_bytes()) | change))
    with pytest.raises(UserError, match=r"x.learned.json: its fingerprints are damaged"):
        read_learned(path)


def test_what_is_no_json_is_one_sentence_too(tmp_path):
    path = tmp_path / "x.learned.json"
    for data in (b"", b"\xff\xfe", b"[" * 100_000, b"[]", b"null"):
        path.write_bytes(data)
        with pytest.raises(UserError, match="damaged"):
            read_learned(path)
    with pytest.raises(UserError, match="nowhere"):
        read_learned(tmp_path / "nowhere")


def test_those_in_the_package_are_of_the_kicks_that_its_model_learned_from():
    """After another model came into the package: kick lab measure fingerprints, with the kicks it learned from."""
    info = load_model().info
    found = read_learned(learned_file(find_model_file(Path("default"))))
    assert found.digest == info.dataset["digest"]
    assert len(found.names) == info.dataset["kicks"]
    assert not any(name.startswith(("/", "..")) for name in found.names)


@pytest.mark.once
def test_a_trained_run_has_those_of_its_kicks(tmp_path, capsys):
    pytest.importorskip("torch", reason="needs the training extra")
    folder = write_kicks(tmp_path / "kicks", 12)
    changes = [part for change in toy("dcgan") for part in ("--set", change)]
    run = tmp_path / "run"
    command = ["train", str(folder), "--config", "dcgan", *changes, "--steps", "2", "--out", str(run)]
    assert main(command) == 0
    path = run / "model.learned.json"
    found = read_learned(path)
    assert found.digest == load_model(run).info.dataset["digest"]
    train, _ = split(read_dataset([folder]))
    assert (
        OutlierRejection.of(load_model(run)).limits.sounds == len(train) < len(found.names) == 12
    )  # those that were not held out
    assert sorted(found.names)[0] == "kicks/kick 000.wav"
    path.write_bytes(b"{")
    assert main(command) == 0  # nothing is left to train, and what is damaged is written anew
    assert read_learned(path).names == found.names
