"""The scores, on sets whose distances are known beforehand."""

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
from kickitout.metrics import frechet, kernel, neighbours, resampling, spectra, two_sample
from kickitout.metrics.cards import wasserstein
from kickitout.metrics.compare import compare_features
from kickitout.metrics.distance import energy_distance, pairwise
from kickitout.metrics.embeddings import BANDS, DRUM_TYPES, Embedding
from kickitout.metrics.features import measure_features
from kickitout.metrics.report import halves, score_sets, scores_as_data, scores_text
from kickitout.metrics.score import FEWEST
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise
from kickitout.workers import Workers
from kicklab.benches.scoring import bench_score
from kicklab.experiments.ladder import FAULTS

pytestmark = pytest.mark.decides

QUICK = Embedding("quick", spectra.third_octaves)


@pytest.fixture(scope="module")
def rendered() -> np.ndarray:
    return synthesise(range(160))[0]


def distances(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return pairwise(a, a), pairwise(a, b), pairwise(b, b)


def test_frechet_distance_of_gaussians_is_its_closed_form():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 2, (40_000, 3)), rng.normal(1, [1, 2, 5], (40_000, 3))
    assert frechet.frechet_distance(a, b) == pytest.approx(3 + 1 + 0 + 9, rel=0.03)  # |m|^2 + sum (s - s')^2
    assert frechet.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_covariances_that_do_not_commute_is_real_and_symmetric():
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=(50, 8)) @ rng.normal(size=(8, 8)) for _ in range(2))
    forth, back = frechet.frechet_distance(a, b), frechet.frechet_distance(b, a)
    assert forth == pytest.approx(back)
    linalg = pytest.importorskip("scipy.linalg")
    cross = linalg.sqrtm(np.cov(a.T) @ np.cov(b.T))
    known = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T)) - 2 * np.trace(cross).real
    assert forth == pytest.approx(known, rel=1e-6)


def test_the_extrapolated_frechet_distance_has_lost_its_bias():
    rng = np.random.default_rng(2)
    plain, limits = [], []
    for _ in range(12):
        a, b = rng.normal(size=(2, 120, 16))
        plain.append(frechet.frechet_distance(a, b))
        limits.append(frechet.frechet_limit(a, b, rng).value)
    assert abs(np.mean(limits)) < 0.15 * np.mean(plain)  # both sets are one distribution: the truth is 0


def test_the_extrapolation_is_a_straight_line_where_the_bias_rules():
    rng = np.random.default_rng(3)
    assert frechet.frechet_limit(*rng.normal(size=(2, 400, 16)), rng).r2 > 0.9


def test_projection_keeps_the_leading_directions_of_the_real_set():
    rng = np.random.default_rng(4)
    real = rng.normal(size=(200, 5)) * [1, 1, 10, 1, 1]
    basis = frechet.principal_axes(real, 1)
    assert abs(basis[1][2, 0]) > 0.99
    assert frechet.project(real, basis).shape == (200, 1)


def test_kernel_distance_is_unbiased_for_one_distribution_and_grows_with_a_shift():
    rng = np.random.default_rng(5)
    found = [kernel.kernel_distance(*rng.normal(3, 7, (2, 50, 10))) for _ in range(60)]
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(60)
    shifted = [kernel.kernel_distance(rng.normal(0, 7, (50, 10)), rng.normal(s, 7, (50, 10))) for s in (3, 7, 14)]
    assert 3 * np.std(found) < shifted[0] < shifted[1] < shifted[2]


def test_kernel_distance_does_not_depend_on_the_scale_of_the_embedding():
    a, b = np.random.default_rng(6).normal(size=(2, 40, 6))
    assert kernel.kernel_distance(1000 * a + 5, 1000 * b + 5) == pytest.approx(kernel.kernel_distance(a, b))


def test_the_energy_distance_of_counts_is_that_of_the_sounds_they_stand_for():
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(12, 4)), rng.normal(1, 1, (9, 4))
    ones = np.ones((1, 12)), np.ones((1, 9))
    assert kernel.energy_distance_drawn(*distances(a, b), *ones)[0] == pytest.approx(energy_distance(a, b))


def test_a_sound_that_is_drawn_twice_is_no_pair_with_itself():
    pairs = np.array([[0.0, 2, 4], [2, 0, 6], [4, 6, 0]])
    assert resampling.mean_within(pairs, np.array([[2.0, 1, 0]]))[0] == 2
    assert resampling.mean_within(pairs, np.array([[1.0, 1, 1]]))[0] == 4


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_the_interval_of_an_energy_distance_covers_the_truth(shift):
    rng = np.random.default_rng(8)
    truth = energy_distance(rng.normal(size=(1500, 3)), rng.normal(shift, 1, (1500, 3)))
    inside = 0
    for _ in range(60):
        a, b = rng.normal(size=(40, 3)), rng.normal(shift, 1, (40, 3))
        counts = [resampling.bootstrap_counts(40, 100, rng) for _ in range(2)]
        drawn = kernel.energy_distance_drawn(*distances(a, b), *counts)
        low, high = resampling.interval(energy_distance(a, b), drawn)
        inside += low <= truth <= high
    assert inside >= 52  # of 60; 57 expected


def test_groups_are_drawn_whole():
    rng, groups = np.random.default_rng(9), np.array([0, 0, 1, 2, 2, 2, 3])
    for draws in (resampling.bootstrap_counts(7, 20, rng, groups), resampling.half_masks(7, 20, rng, groups)):
        assert (draws[:, 0] == draws[:, 1]).all()
        assert (draws[:, 3] == draws[:, 5]).all()
    first = halves(groups, rng)
    assert first[0] == first[1]
    assert 0 < first.sum() < 7


def test_half_samples_scatter_as_much_as_new_sounds_would():
    rng = np.random.default_rng(10)
    points = rng.normal(size=100)
    means = [points[mask].mean() for mask in resampling.half_masks(100, 2000, rng)]
    assert np.std(means) == pytest.approx(points.std() / 10, rel=0.1)


def test_an_interval_is_centred_on_the_value_and_stays_in_its_bounds():
    drawn = np.random.default_rng(11).normal(5, 1, 4000)  # biased by resampling: the value is 0.5
    low, high = resampling.interval(0.5, drawn, (0, 10))
    assert low == 0
    assert high == pytest.approx(0.5 + 1.96, abs=0.15)


def test_equal_sets_have_full_precision_and_recall_and_disjoint_sets_none():
    a = np.random.default_rng(12).normal(size=(60, 5))
    assert neighbours.neighbour_scores(*distances(a, a)).tolist()[:2] == [1, 1]
    assert neighbours.neighbour_scores(*distances(a, a))[3] == 1
    assert neighbours.neighbour_scores(*distances(a, a + 100)).tolist() == [0, 0, 0, 0]


def test_a_generator_that_knows_one_kind_of_two_is_precise_and_forgets_half():
    rng = np.random.default_rng(13)
    real = rng.normal(size=(200, 3)) + np.repeat([[0.0], [50]], 100, axis=0)
    precision, recall, _, coverage = neighbours.neighbour_scores(*distances(real, rng.normal(size=(200, 3))))
    assert precision > 0.9
    assert recall < 0.55
    assert coverage < 0.55


def test_density_and_coverage_are_those_of_a_count_by_hand():
    real, generated = np.array([[0.0], [1], [3]]), np.array([[0.5], [10]])
    precision, recall, density, coverage = neighbours.neighbour_scores(*distances(real, generated), k=1)
    # Balls of radius 1, 1, 2 about 0, 1, 3 (the last reaches to 1): 0.5 is in two of them, 10 in none.
    assert (precision, density) == (0.5, 1.0)
    assert coverage == pytest.approx(2 / 3)
    assert recall == 1.0  # balls of radius 9.5


def test_two_samples_of_one_distribution_are_told_apart_by_chance_only():
    rng = np.random.default_rng(14)
    logistic, nearest = [], []
    for _ in range(10):
        a, b = rng.normal(size=(2, 80, 12))
        logistic.append(two_sample.logistic_hits(a, b, rng).mean())
        nearest.append(two_sample.neighbour_hits(*distances(a, b)).mean())
    assert np.mean(logistic) == pytest.approx(0.5, abs=0.05)
    assert np.mean(nearest) == pytest.approx(0.5, abs=0.05)


def test_two_samples_far_apart_are_always_told_apart():
    rng = np.random.default_rng(15)
    a, b = rng.normal(size=(60, 12)), rng.normal(6, 1, (60, 12))
    assert two_sample.logistic_hits(a, b, rng).all()
    assert two_sample.neighbour_hits(*distances(a, b)).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_last_digits_of_distances_change_no_count_of_neighbours(seed):
    """Copies of real sounds, each twice: half of all distances are equal, but for the rounding of a processor."""
    rng = np.random.default_rng(17)
    real = rng.normal(size=(40, 6))
    exact = distances(real, np.repeat(real[:20], 2, axis=0))
    rounded = [d + np.random.default_rng(seed).uniform(-1e-8, 1e-8, d.shape) for d in exact]
    assert (two_sample.neighbour_hits(*rounded) == two_sample.neighbour_hits(*exact)).all()
    assert neighbours.neighbour_scores(*rounded).tolist() == neighbours.neighbour_scores(*exact).tolist()
    assert neighbours.neighbour_scores(*exact)[0] == 1.0  # a copy is inside the ball about what it is a copy of


def test_near_duplicates_do_not_betray_a_set():
    rng = np.random.default_rng(16)
    groups = np.repeat(np.arange(12), 6)
    real = rng.normal(size=(12, 8))[groups] + 1e-3 * rng.normal(size=(72, 8))
    fresh = rng.normal(size=(72, 8))
    assert two_sample.neighbour_hits(*distances(real, fresh), (groups, None))[:72].mean() < 0.6
    assert two_sample.neighbour_hits(*distances(real, fresh))[:72].all()  # without groups
    assert two_sample.neighbour_hits(*distances(fresh, real), (None, groups))[72:].mean() < 0.6  # in either set
    rights = [
        two_sample.logistic_hits(*sets, np.random.default_rng(seed), groups)[part].mean()
        for sets, groups, part in (
            ((real, fresh), (groups, None), slice(72)),
            ((fresh, real), (None, groups), slice(72, None)),
        )
        for seed in range(5)
    ]
    assert np.mean(rights) < 0.6
    split = [two_sample.logistic_hits(fresh, real, np.random.default_rng(seed))[72:].mean() for seed in range(5)]
    assert np.mean(split) > np.mean(rights) + 0.1


@pytest.mark.parametrize("sizes", [(50, 50), (50, 30)])
def test_the_wasserstein_distance_is_that_of_scipy_and_of_a_shift_the_shift(sizes):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(17)
    a, b = rng.normal(size=sizes[0]), rng.normal(1, 2, sizes[1])
    assert wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a, b))
    assert wasserstein(a, a + 7.5) == pytest.approx(7.5)
    assert wasserstein(a, a) == 0


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
    json.dumps(scores_as_data(scores), allow_nan=False)


def test_scores_are_the_same_twice_and_differ_with_the_seed(rendered):
    real, fake = rendered[:70], rendered[80:150]
    one, two, other = (score_sets(fake, real, embeddings=[QUICK], draws=20, seed=s) for s in (0, 0, 1))
    assert str(one) == str(two)
    assert str(one) != str(other)
    assert one[1].name == "energy_quick"
    assert one[1].value == other[1].value  # the seed moves intervals, not distances


def test_no_value_depends_on_how_many_draws_its_interval_has(rendered):
    real, fake = (measure_features(waves, [QUICK]) for waves in (rendered[:80], rendered[80:160]))
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


def test_uneven_groups_are_scored_all_the_same(rendered):
    groups = np.concatenate([np.zeros(49, int), np.arange(1, 32)])
    scores = score_sets(rendered[80:], rendered[:80], groups=groups, embeddings=[QUICK], draws=20)
    assert all(np.isfinite(s.value) for s in scores)


def test_the_command_refuses_what_it_cannot_score(tmp_path, capsys):
    folder = write_kicks(tmp_path / "few", 3)
    assert main(["score", "--against", str(folder)]) == 2
    assert "nothing to score" in capsys.readouterr().err
    assert main(["score", str(folder), "--against", str(folder)]) == 2
    assert "at least 64" in capsys.readouterr().err
    assert main(["score", str(folder), "--against", str(folder), "-n", "5"]) == 2
    assert "a folder all sounds" in capsys.readouterr().err


def test_the_command_scores_a_model_and_writes_its_figures(tmp_path, capsys):
    real = write_kicks(tmp_path / "real", 66)
    out = tmp_path / "scores.json"
    pairs = tmp_path / "pairs"
    asked = ["score", "default", "-n", "64", "--against", str(real), "--train", str(real), "--json", str(out)]
    assert main([*asked, "--pairs", str(pairs)]) == 0
    assert "near_copies" in capsys.readouterr().out
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


def test_a_repeated_file_counts_as_often_as_it_is_there(tmp_path):
    from kickitout.cli.score import _generated

    folder = write_kicks(tmp_path / "made", 2)
    (folder / "again.wav").write_bytes((folder / "kick 000.wav").read_bytes())
    waves, names, _ = _generated([str(folder)], None, 0)
    assert len(waves) == len(names) == 3
    assert sum(bool((w == waves[0]).all()) for w in waves) + sum(bool((w == waves[1]).all()) for w in waves) >= 3


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


def test_embeddings_stand_beside_each_other_and_do_not_change_each_other(rendered):
    shifted = Embedding("shifted", lambda waves: 3 * spectra.third_octaves(waves) + 1)
    both = score_sets(rendered[:70], rendered[80:150], embeddings=[QUICK, shifted], draws=10)
    alone = score_sets(rendered[:70], rendered[80:150], embeddings=[shifted], draws=10)
    names = [s.name for s in both]
    assert names[names.index("energy_quick") + 1] == "energy_shifted"
    assert names[names.index("coverage_quick_k5") + 1] == "coverage_shifted_k5"
    of_both = {s.name: s for s in both}
    assert all(str(of_both[s.name]) == str(s) for s in alone)
    assert of_both["kid_quick"].value == pytest.approx(of_both["kid_shifted"].value)  # it knows no scale
    assert of_both["energy_shifted"].value == pytest.approx(3 * of_both["energy_quick"].value)


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


def test_the_bench_scores_rendered_kicks():
    found = bench_score(128)
    assert (found.generated, found.real) == (128, 64)
    assert found.scores > 60
    assert found.wall > 0 < found.cpu
