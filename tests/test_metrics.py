"""The scores of sets of sounds: spectra, what stands beside a score, and `kick score`."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from toy import write_kicks

from kickitout.audio import read_sound
from kickitout.audio.prepare import prepare
from kickitout.cli import main
from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kickitout.metrics import spectra
from kickitout.metrics.compare import compare_features
from kickitout.metrics.embeddings import BANDS, DRUM_TYPES, Embedding
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.report import halves, score_features, score_sets, scores_text
from kickitout.metrics.score import FEWEST
from kickitout.scoring import score
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise
from kickitout.workers import Workers
from kicklab.benches.scoring import bench_score
from kicklab.experiments.ladder import FAULTS

pytestmark = pytest.mark.decides

QUICK = Embedding("quick", spectra.third_octaves)


SHIFTED = Embedding("shifted", lambda waves: 3 * spectra.third_octaves(waves) + 1)


@pytest.fixture(scope="module")
def rendered() -> np.ndarray:
    return synthesise(range(160))[0]


@pytest.fixture(scope="module")
def measured(rendered) -> Features:
    return measure_features(rendered, [QUICK, SHIFTED])


def part(features: Features, first: int, last: int) -> Features:
    return features.take(np.arange(first, last))


def test_third_octaves_show_a_known_filter(rendered):
    hz = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE)
    shelf = np.where(hz > 1000 * 2 ** (1 / 6), 10 ** (-6 / 20), 1)
    filtered = np.fft.irfft(np.fft.rfft(rendered[:8]) * shelf, LENGTH)
    change = spectra.third_octaves(filtered) - spectra.third_octaves(rendered[:8])
    loud = spectra.third_octaves(rendered[:8]) > spectra.THIRDS_FLOOR_DB + 10
    high = np.broadcast_to(spectra.CENTRES_HZ > 1100, loud.shape)
    np.testing.assert_allclose(change[loud & high], -6, atol=0.3)  # re a total that hardly changes
    np.testing.assert_allclose(change[loud & ~high], 0, atol=0.3)


def test_the_worst_third_octave_and_the_worst_field_are_named(rendered):
    hz = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE)
    notch = np.where((hz > 1000 * 2 ** (-1 / 6)) & (hz < 1000 * 2 ** (1 / 6)), 10 ** (-12 / 20), 1)
    real = measure_features(rendered, [QUICK])
    found = {
        f.name: f
        for f in compare_features(real, measure_features(notched(rendered, notch), [QUICK]), [QUICK], draws=20)
    }
    assert found["thirds_worst"].value == pytest.approx(12, abs=0.5)
    assert found["thirds_worst"].note.endswith("dB at 1000 Hz")
    assert found["thirds_worst"].note.startswith("-1")
    assert found["thirds_worst"].value > 4 * found["thirds_mean"].value
    shifted = replace(real, cards=real.cards | {"crest_db": real.cards["crest_db"] + 40})
    found = {f.name: f for f in compare_features(real, shifted, [QUICK], draws=20)}
    assert found["card_worst_sd"].note == "crest_db"
    assert found["card_worst_sd"].value == pytest.approx(40 / np.std(real.cards["crest_db"]))
    assert found["card_worst_sd"].value == pytest.approx(found["card_crest_db_sd"].value)


def test_diversity_is_the_ratio_of_the_mean_distances(rendered):
    real = measure_features(rendered, [QUICK])
    centre = real.embedded["quick"].mean(axis=0)
    closer = replace(real, embedded={"quick": centre + 0.5 * (real.embedded["quick"] - centre)})
    found = {f.name: f for f in compare_features(real, closer, [QUICK], draws=50)}["diversity_quick"]
    assert found.value == pytest.approx(0.5)
    assert found.interval[0] < 0.5 < found.interval[1] < 0.7


def notched(waves: np.ndarray, gain: np.ndarray) -> np.ndarray:
    return np.fft.irfft(np.fft.rfft(waves) * gain, LENGTH).astype(np.float32)


def test_third_octaves_of_white_noise_rise_by_one_decibel_a_band():
    noise = np.random.default_rng(18).standard_normal((40, LENGTH))
    slope = np.polyfit(np.arange(20), spectra.third_octaves(noise).mean(axis=0)[10:], 1)[0]
    assert slope == pytest.approx(10 * math.log10(2) / 3, abs=0.03)


def test_a_ripple_along_time_shows_along_time_only():
    t = np.arange(LENGTH) / SAMPLE_RATE
    noise = np.random.default_rng(19).standard_normal((4, LENGTH)) * 0.1
    ripple = SAMPLE_RATE / spectra.HOP / 4  # a period of 4 columns
    along_time, along_frequency, _ = spectra.stft_spectra(noise * (1.2 + np.cos(2 * np.pi * ripple * t)))
    plain_time, plain_frequency, _ = spectra.stft_spectra(noise)
    risen = (along_time - plain_time).mean(axis=0)
    assert risen[1:].argmax() + 1 == spectra.COLUMNS // 4
    assert risen.max() > 10
    assert np.abs((along_frequency - plain_frequency).mean(axis=0)[1:]).mean() < 3


def test_lines_of_a_stride_show_at_its_period_and_at_no_finer_one():
    wave = 0.01 * np.random.default_rng(20).standard_normal((8, LENGTH))
    wave[:, ::64] += 0.1
    found = spectra.comb_lines(wave).mean(axis=0)
    assert found[2] > 10  # periods 16, 32, 64: all have these lines
    assert found[2] == found.max() or found[:2].max() > 10
    assert np.abs(spectra.comb_lines(0.01 * np.random.default_rng(21).standard_normal((8, LENGTH)))).mean() < 1


@pytest.mark.once
def test_features_are_the_same_on_any_number_of_threads(rendered):
    one, two = (measure_features(rendered[:40], [QUICK], threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.embedded["quick"], two.embedded["quick"])
    np.testing.assert_array_equal(one.types, two.types)
    np.testing.assert_array_equal(one.comb, two.comb)


def test_scores_of_alike_sets_are_what_real_kicks_get_and_carry_what_they_need(rendered):
    scores = score_sets(rendered[:80], rendered[80:], embeddings=[QUICK], draws=60)
    by_name = {s.name: s for s in scores}
    assert len(by_name) == len(scores)
    assert len({s.reference for s in scores}) == 1
    for s in scores:
        if np.isfinite(s.interval[0]):
            assert s.interval[0] <= s.value + 1e-9
            assert s.value - 1e-9 <= s.interval[1]
    assert by_name["energy_quick"].n == (80, 80)
    low, high = by_name["energy_quick"].interval
    assert low < 0 < high
    low, high = by_name["two_sample_logistic_thirds"].interval
    assert low < 0.55
    assert high > 0.45
    assert "energy_quick" in scores_text(scores)
    json.dumps([one.as_data() for one in scores], allow_nan=False)


@pytest.mark.once
def test_scores_are_the_same_twice_and_differ_with_the_seed(rendered):
    real, fake = rendered[:70], rendered[80:150]
    one, two, other = (score_sets(fake, real, embeddings=[QUICK], draws=20, seed=s) for s in (0, 0, 1))
    assert str(one) == str(two)
    assert str(one) != str(other)
    assert one[1].name == "energy_quick"
    assert one[1].value == other[1].value  # the seed moves intervals, not distances


def test_no_value_depends_on_how_many_draws_its_interval_has(measured):
    real, fake = part(measured, 0, 80), part(measured, 80, 160)
    none, some, more = ({f.name: f.value for f in compare_features(real, fake, [QUICK], draws=n)} for n in (0, 20, 50))
    assert some == pytest.approx(none, rel=1e-9, abs=1e-9, nan_ok=True)
    assert more == pytest.approx(none, rel=1e-9, abs=1e-9, nan_ok=True)


def test_too_few_sounds_are_refused(rendered):
    with pytest.raises(UserError, match=f"{FEWEST - 1} generated sounds.*at least {FEWEST}"):
        score_sets(rendered[: FEWEST - 1], rendered, embeddings=[QUICK])
    with pytest.raises(UserError, match="9 real kicks"):
        score_sets(rendered, rendered[:9], embeddings=[QUICK])
    with pytest.raises(UserError, match="1 groups of real kicks"):
        score_sets(rendered, rendered, groups=np.zeros(len(rendered), int), embeddings=[QUICK])


def test_one_huge_group_leaves_the_rest_for_the_other_half():
    groups = np.concatenate([np.zeros(60, int), np.arange(1, 32)])
    for seed in range(5):
        assert halves(groups, np.random.default_rng(seed)).sum() == 31


def test_uneven_groups_are_scored_all_the_same(measured):
    real = replace(part(measured, 0, 80), groups=np.concatenate([np.zeros(49, int), np.arange(1, 32)]))
    scores = score_features(part(measured, 80, 160), real, [QUICK], draws=20)
    assert all(np.isfinite(s.value) for s in scores)


def test_the_command_refuses_what_it_cannot_score(tmp_path, capsys):
    folder = write_kicks(tmp_path / "few", 3)
    assert main(["score", "--against", str(folder)]) == 2
    assert "nothing to score" in capsys.readouterr().err
    assert main(["score", str(folder), "--against", str(folder)]) == 2
    assert "at least 64" in capsys.readouterr().err
    assert main(["score", str(folder), "--against", str(folder), "-n", "5"]) == 2
    assert "a folder all sounds" in capsys.readouterr().err


@pytest.mark.once
def test_the_command_scores_a_model_and_writes_its_figures(tmp_path, capsys):
    real = write_kicks(tmp_path / "real", 66)
    out = tmp_path / "scores.json"
    pairs = tmp_path / "pairs"
    asked = ["score", "default", "-n", "64", "--against", str(real), "--train", str(real), "--json", str(out)]
    assert main([*asked, "--pairs", str(pairs)]) == 0
    assert "near_duplicates" in capsys.readouterr().out
    rows = list(csv.DictReader((pairs / "pairs.csv").read_text().splitlines()))
    distances = [float(row["distance"]) for row in rows]
    assert len(rows) == 10
    assert distances == sorted(distances)
    assert sorted(p.name[:5] for p in pairs.glob("*.wav"))[:2] == ["001a_", "001b_"]
    heard = read_dataset([real]).waves
    learned = prepare(read_sound(next(pairs.glob("001b_*")))).mid
    assert min(np.abs(learned - wave).max() for wave in heard) < 1e-3  # it is one of the training kicks
    data = json.loads(out.read_text())
    assert data["generated"]["kicks"] == 64
    assert {"name", "value", "interval", "n", "reference", "real", "seed"} <= set(data["scores"][0])
    assert data["real_near_train"] >= 60  # the reference is the training set here, and the command says so


@pytest.mark.once
def test_workers_measure_what_threads_measure(rendered):
    here, waves = measure_features(rendered[:40], [BANDS, DRUM_TYPES]), rendered[:40]
    for number in (1, 2):
        with Workers(number) as workers:
            there = measure_features(waves, [BANDS, DRUM_TYPES], workers=workers)
        for name in ("embedded", "cards", "spectra"):
            for key, values in getattr(here, name).items():
                np.testing.assert_array_equal(getattr(there, name)[key], values)
        np.testing.assert_array_equal(there.comb, here.comb)
        np.testing.assert_array_equal(there.types, here.types)
        np.testing.assert_array_equal(there.waves, waves)


def test_pairs_to_listen_to_need_a_training_set_and_a_new_folder(tmp_path, capsys):
    kicks = write_kicks(tmp_path / "few", 3)
    asked = ["score", str(kicks), "--against", str(kicks), "--pairs", str(kicks)]
    assert main(asked) == 2
    assert "--train" in capsys.readouterr().err
    assert main([*asked, "--train", str(kicks)]) == 2
    assert "not empty" in capsys.readouterr().err


@pytest.mark.once
def test_a_repeated_file_counts_as_often_as_it_is_there(tmp_path, rendered):
    folder = write_kicks(tmp_path / "made", 64)
    (folder / "again.wav").write_bytes((folder / "kick 000.wav").read_bytes())
    (folder / "text.wav").write_text("no sound")
    refused: list[str] = []
    report = score(folder, rendered[:80], folder, embeddings=["bands"], watch=refused.append)
    assert report.scores["energy_bands-1"].n == (80, 65)
    assert report.generated["kicks"] == len(report.copies) == 65  # all of them are training kicks
    found = {made.split("/")[-1]: learned for made, learned, _ in report.copies}
    assert found["again.wav"] == found["kick 000.wav"]
    assert refused == ["made/text.wav: text, not audio; WAV, FLAC, AIFF, OGG and MP3 work"]


def test_the_share_that_is_recognised_as_kicks_stands_beside_that_of_the_real_ones(rendered):
    mixed = rendered[80:].copy()
    mixed[:40] = FAULTS["hats"].apply(mixed[:40], 1.0, mixed)
    scores = score_sets(mixed, rendered[:80], embeddings=[QUICK], draws=10)
    found = next(s for s in scores if s.name == "kicks_recognised")
    assert found.value == pytest.approx(0.5, abs=0.05)
    assert found.interval[0] < 0.5 < found.interval[1]
    assert found.real > 0.9
    assert (found.n, found.real_n, found.better) == ((80, 80), (80, 80), "higher")
    assert "others: hat" in found.note or "others: cymbal" in found.note


def test_embeddings_stand_beside_each_other_and_do_not_change_each_other(measured):
    real, fake = part(measured, 80, 150), part(measured, 0, 70)
    both = score_features(fake, real, [QUICK, SHIFTED], draws=10)
    alone = score_features(fake, real, [SHIFTED], draws=10)
    names = [s.name for s in both]
    assert names[names.index("energy_quick") + 1] == "energy_shifted"
    assert names[names.index("coverage_quick_k5") + 1] == "coverage_shifted_k5"
    of_both = {s.name: s for s in both}
    assert all(str(of_both[s.name]) == str(s) for s in alone)
    assert of_both["kid_quick"].value == pytest.approx(of_both["kid_shifted"].value)  # it knows no scale
    assert of_both["energy_shifted"].value == pytest.approx(3 * of_both["energy_quick"].value)


@pytest.mark.once
def test_scoring_loads_no_torch():
    script = (
        "import sys\n"
        "from kickitout.synthesis.procedural import synthesise\n"
        "from kickitout.metrics.report import score_sets\n"
        "waves = synthesise(range(140))[0]\n"
        "assert any(s.name == 'energy_drum-type-1' for s in score_sets(waves[:70], waves[70:], draws=4))\n"
        "assert not {'torch', 'onnx', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.once
def test_the_bench_scores_rendered_kicks():
    found = bench_score(128)
    assert (found.generated, found.real) == (128, 64)
    assert found.scores > 60
    assert found.wall > 0 < found.cpu
