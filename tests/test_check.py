"""The data doctor: every planted fault is found and explained, good kicks are left in peace."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kickitout.audio import encode_sound, resample, write_sound
from kickitout.cli.check import as_text
from kickitout.datasets.build import read_dataset
from kickitout.datasets.doctor import forecast as forecasting
from kickitout.datasets.doctor.check import FINDING_TEXTS, check
from kickitout.datasets.doctor.examined import cache_folder
from kickitout.datasets.doctor.facts import count_hits
from kickitout.datasets.doctor.forecast import NO_CURVE, Point, ScoreCurve, curve_text, forecast, load_curve, read_curve
from kickitout.errors import UserError
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise
from kickitout.workers import Workers
from kicklab.benches.doctor import bench_check

pytestmark = pytest.mark.decides

RATE = SAMPLE_RATE


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def snare(seed: int = 0, seconds: float = 0.25) -> np.ndarray:
    """A shell of 190 Hz under wires of noise."""
    t = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).standard_normal(len(t)) * np.exp(-t / 0.06)
    wave = 0.4 * np.sin(2 * np.pi * 190 * t) * np.exp(-t / 0.05) + 0.2 * noise
    return (0.8 * wave / np.abs(wave).max()).astype(np.float32)


@pytest.fixture
def faulty(tmp_path, make_kick) -> Path:
    """Six good kicks, and a file for each fault."""
    folder = tmp_path / "kit"
    folder.mkdir()
    make_kick = partial(make_kick, seconds=0.48)  # ends at -35 dB: neither cut by the window nor abrupt
    for hz in (40, 45, 50, 56, 63, 70):
        write_sound(folder / f"good {hz}.wav", make_kick(end_hz=hz), RATE)
    kick = make_kick(end_hz=50)
    write_sound(folder / "twin gain.flac", 0.3 * make_kick(end_hz=40), RATE, bits="16")
    write_sound(folder / "twin polarity.wav", -make_kick(end_hz=40), RATE, bits="16")
    write_sound(folder / "twin rate.wav", resample(make_kick(end_hz=40), RATE, 48_000), 48_000)
    (folder / "twin exact.wav").write_bytes((folder / "good 40.wav").read_bytes())
    write_sound(folder / "snare.wav", snare(), RATE)
    write_sound(folder / "hat.wav", np.diff(snare(1, 0.4), n=2) / 4, RATE)
    step = RATE // 2
    loop = np.zeros(4 * step, np.float32)
    for k in range(4):
        loop[k * step : k * step + len(kick)] += kick
    write_sound(folder / "loop.wav", loop, RATE)
    write_sound(folder / "silence.wav", np.zeros(9000), RATE)
    (folder / "truncated.wav").write_bytes(encode_sound(kick, RATE)[:9000])
    write_sound(folder / "dc.wav", np.pad(0.7 * make_kick(end_hz=52), 4410) + 0.1, RATE)
    wide = make_kick(end_hz=54)
    write_sound(folder / "cancelled.wav", np.stack([wide, -0.98 * wide], axis=1), RATE)
    lone = make_kick(end_hz=74)
    write_sound(folder / "lone.wav", np.stack([0 * lone, lone], axis=1), RATE)
    odd = bytearray(encode_sound(make_kick(end_hz=80), RATE))
    odd[odd.index(b"data") + 4] ^= 2  # two bytes more or less than there are
    (folder / "odd.wav").write_bytes(odd)
    write_sound(folder / "clipped.wav", np.clip(1.6 * make_kick(end_hz=58), -0.9, 0.9), RATE)
    hiss = 0.01 * np.random.default_rng(2).standard_normal(RATE // 5)
    late = make_kick(before=0.2, end_hz=60)
    late[: len(hiss)] += hiss
    write_sound(folder / "late.wav", late, RATE)
    write_sound(folder / "quiet.wav", 0.02 * make_kick(end_hz=66), RATE)
    t = np.arange(RATE) / RATE
    write_sound(folder / "long.wav", 0.8 * np.sin(2 * np.pi * 47 * t) * np.exp(-t / 0.4), RATE)
    write_sound(folder / "abrupt.wav", make_kick(end_hz=48)[: RATE // 10], RATE)
    write_sound(folder / "coarse.wav", np.round(127 * make_kick(end_hz=76)) / 128, RATE, bits="16")
    write_sound(folder / "dull.wav", resample(make_kick(end_hz=78), RATE, 16_000), 16_000)
    return folder


def planted(report, key: str) -> set[str]:
    return {one.name.removeprefix("kit/") for one in report.findings[key]}


def test_every_planted_fault_is_found_and_nothing_else(faulty):
    report = check(faulty)
    refused = {one.name.removeprefix("kit/"): one.reason for one in report.refused}
    assert set(refused) == {"silence.wav", "truncated.wav", "twin exact.wav"}
    assert "silent" in refused["silence.wav"]
    assert "truncated" in refused["truncated.wav"]
    assert report.copies == {"kit/twin exact.wav": "kit/good 40.wav"}

    twins = {"kit/good 40.wav", *(f"kit/twin {how}" for how in ("gain.flac", "polarity.wav", "rate.wav", "exact.wav"))}
    groups = {frozenset(names) for names in report.groups}
    assert frozenset(twins) in groups
    assert groups - {frozenset(twins)} <= {frozenset({"kit/good 50.wav", "kit/loop.wav"})}  # its first stroke

    suspects = {one.name.removeprefix("kit/"): one.suspicions[0].kind for one in report.suspects}
    assert suspects == {"snare.wav": "snare", "hat.wav": "hat or cymbal", "loop.wav": "loop"}
    assert planted(report, "cancelled") == {"cancelled.wav"}
    assert planted(report, "lone") == {"lone.wav"}
    assert planted(report, "odd") == {"odd.wav"}
    assert planted(report, "clipped") == {"clipped.wav"}
    assert planted(report, "dc") == {"dc.wav"}
    assert planted(report, "flipped") == {"twin polarity.wav"}
    assert planted(report, "late") == {"dc.wav", "late.wav"}
    assert planted(report, "noisy") == {"late.wav"}
    assert planted(report, "quiet") == {"quiet.wav"}
    assert planted(report, "cut") == {"long.wav"}
    assert planted(report, "abrupt") == {"abrupt.wav"}
    assert planted(report, "stops") == {"abrupt.wav"}
    assert planted(report, "coarse") == {"coarse.wav"}  # whose steps are none of clipping
    assert planted(report, "dull") == {"dull.wav"}
    assert set(report.findings) == set(FINDING_TEXTS)
    assert report.rates[RATE] == len(report.taken) - 2
    assert report.rates[48_000] == 1
    assert report.channels == {1: len(report.taken) - 2, 2: 2}
    assert sum(n for _, n in report.lengths) == len(report.taken)


def test_a_file_of_few_samples_has_few_levels_and_is_not_coarse_for_that(tmp_path, make_kick):
    short = resample(make_kick(seconds=0.48), RATE, 11_025)[:250]
    write_sound(tmp_path / "short.wav", short * np.linspace(1, 0, len(short)), 11_025)
    (found,) = check(tmp_path).taken
    assert found.facts.levels <= 256
    assert check(tmp_path).findings["coarse"] == ()


def test_a_suspicion_names_what_was_measured(faulty):
    by_name = {one.name: one.suspicions for one in check(faulty).suspects}
    (loop,) = by_name["kit/loop.wav"]
    assert loop.values == {"hits": 4}
    assert loop.reason == "4 hits in the file, and a kick is one"
    assert "its pitch ends at 190 Hz (kicks: below 100 Hz)" in by_name["kit/snare.wav"][0].reason
    assert "below 250 Hz (kicks: 40 % or more)" in by_name["kit/hat.wav"][0].reason
    assert by_name["kit/hat.wav"][0].values["air_share"] > 0.3


def test_rendered_kicks_are_left_in_peace(tmp_path):
    folder = tmp_path / "rendered"
    folder.mkdir()
    waves, _ = synthesise(range(100, 130))
    for i, wave in enumerate(waves):
        write_sound(folder / f"{i:03d}.wav", wave, RATE)
    report = check(folder)
    assert len(report.taken) == 30
    assert report.refused == ()
    assert report.suspects == ()
    assert report.groups == ()
    for key in set(FINDING_TEXTS) - {"flipped"}:  # which half wave comes first is the style's, and no fault
        assert report.findings[key] == (), key


def test_the_report_takes_what_a_dataset_takes(faulty):
    report, dataset = check(faulty), read_dataset(faulty)
    assert [one.row.name for one in report.taken] == [row.name for row in dataset.rows]
    assert [one.row.sound for one in report.taken] == [row.sound for row in dataset.rows]
    assert set(report.refused) == set(dataset.refused)
    assert report.different == len({row.group for row in dataset.rows})
    np.testing.assert_array_equal(report.waves, dataset.waves)


def test_the_cache_changes_nothing_and_survives_damage(faulty, own_cache):
    seen = []
    first = check(faulty, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(seen), len(seen))
    kept = sorted(own_cache.rglob("*.flac"))
    assert len(kept) >= len(first.taken)
    assert check(faulty).as_data() == first.as_data()
    kept[0].write_bytes(b"not a sound")
    kept[1].write_bytes(kept[1].read_bytes()[:500])
    write_sound(kept[2], np.zeros(22050), RATE, comment=json.dumps({"row": {"name": 1}}), force=True)
    write_sound(kept[3], np.zeros(10), RATE, comment="[]", force=True)
    assert check(faulty).as_data() == first.as_data()
    assert kept[0].stat().st_size > 500  # rewritten
    assert check(faulty, cache=False).as_data() == first.as_data()


def test_the_cache_is_really_read(faulty, monkeypatch):
    check(faulty)
    monkeypatch.setattr("kickitout.datasets.doctor.examined.measure_facts", None)
    assert len(check(faulty).taken) > 10


def test_a_moved_file_keeps_its_figures_and_takes_its_new_name(faulty):
    before = {one.row.file: one.card for one in check(faulty).taken}
    (faulty / "good 45.wav").rename(faulty / "other.wav")
    (faulty / "index.csv").write_text("file,source,licence\nother.wav,me,CC0-1.0\n")
    report = check(faulty)
    moved = next(one for one in report.taken if one.row.name == "kit/other.wav")
    np.testing.assert_equal(moved.card, before[moved.row.file])
    assert moved.row.licence == "CC0-1.0"
    assert report.licences["CC0-1.0"] == 1


def test_no_cache_leaves_nothing_behind(faulty, own_cache):
    check(faulty, cache=False)
    assert not own_cache.exists()


def test_a_cache_that_cannot_be_written_costs_only_time(faulty, own_cache):
    own_cache.write_text("a file in the way")
    assert len(check(faulty).taken) > 10


def test_the_cache_stands_where_the_system_keeps_caches(monkeypatch, tmp_path):
    assert cache_folder().parent == tmp_path / "cache" / "kickitout"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().parent == Path.home() / ".cache" / "kickitout"


@pytest.mark.once
def test_two_processes_say_what_one_says(faulty):
    with Workers(2) as two:
        found = check(faulty, cache=False, workers=two)
    assert found.as_data() == check(faulty, cache=False, workers=Workers(1)).as_data()


def test_nothing_usable_is_one_sentence(tmp_path):
    write_sound(tmp_path / "a.wav", np.zeros(4410), RATE)
    with pytest.raises(UserError, match="none of 1 sound files could be used"):
        check(tmp_path)


def test_the_report_is_json_without_nan(faulty):
    data = json.loads(json.dumps(check(faulty).as_data(), allow_nan=False))
    assert data["counts"]["suspects"] == 3
    assert data["counts"]["cut"] == 1
    assert {"row", "card", "reasons", "facts"} == set(data["kicks"][0])


@pytest.mark.parametrize("strokes", [1, 2, 3, 8])
def test_strokes_are_counted(make_kick, strokes):
    kick = make_kick(seconds=0.3)
    loop = np.concatenate([np.zeros(2000, np.float32), *[kick] * strokes])
    assert count_hits(loop, RATE) == strokes


def test_a_flam_and_a_beating_tail_are_one_stroke(make_kick):
    kick = make_kick(seconds=0.4)
    flam = kick.copy()
    flam[1300:] += 0.7 * kick[:-1300]  # 30 ms later
    assert count_hits(flam, RATE) == 1
    t = np.arange(RATE) / RATE
    beating = (np.sin(2 * np.pi * 50 * t) + 0.4 * np.sin(2 * np.pi * 57 * t)) * np.exp(-t / 0.3)
    assert count_hits(beating, RATE) == 1


CURVE = ScoreCurve("a toy", "distance", 0.1, (Point(10, 0.6, 0.5, 0.8), Point(1000, 0.2, 0.1, 0.3)))


@pytest.mark.parametrize(
    ("kicks", "said"),
    [
        (5, "distance not measured with so few; with 10 it was 0.600 [0.500, 0.800]"),
        (100, "distance about 0.400 [0.300, 0.550]; with 1000 it was 0.200 [0.100, 0.300]"),
        (1000, "distance with 1000 was 0.200 [0.100, 0.300] (a toy"),
        (
            5000,
            "distance with 1000 was 0.200 [0.100, 0.300], more were not measured (a toy; real-vs-real baseline 0.100)",
        ),
    ],
)
def test_the_forecast_reads_a_measured_curve_and_claims_nothing_outside(kicks, said):
    assert said in forecast(kicks, CURVE)


def test_the_package_ships_the_curve_that_was_measured():
    curve = load_curve()
    assert curve is not None
    assert f"; with {curve.points[-1].kicks} it was" in forecast(100, curve)


def test_without_a_curve_no_number_is_made_up():
    assert forecast(12, None) == f"12 different kicks; {NO_CURVE}"
    assert "no measured curve" in NO_CURVE


def test_a_curve_in_the_package_is_what_a_check_says(faulty, monkeypatch, tmp_path, capsys):
    (tmp_path / forecasting.CURVE).write_text(curve_text(CURVE))
    monkeypatch.setattr(forecasting.resources, "files", lambda _: tmp_path)
    assert load_curve() == CURVE
    report = check(faulty, cache=False, workers=Workers(1))
    assert report.forecast == forecast(report.different, CURVE)
    assert f"forecast  {report.different} different kicks: distance" in as_text(report, "")
    (tmp_path / forecasting.CURVE).unlink()
    assert load_curve() is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": []}, "two or more"),
        ({"points": [{"kicks": 9, "score": 1, "low": 2, "high": 3}] * 2}, "interval"),
        ({"points": [{"kicks": 9, "score": 1, "low": 1, "high": 1}] * 2}, "rise"),
        ({"points": [{"kicks": 0, "score": 1, "low": 1, "high": 1}]}, "from 1 on"),
        ({"points": [{"kicks": 9, "score": 1}]}, "low"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_curve_that_is_none_is_named(change, said):
    with pytest.raises(UserError, match=said):
        read_curve(json.dumps(json.loads(curve_text(CURVE)) | change))


@pytest.mark.slow
def test_recorded_kicks_are_rarely_suspected_and_other_drums_mostly(real_data):
    kicks = check([real_data / "kicks-open", real_data / "kicks-study"])
    assert len(kicks.taken) == 569
    assert (len(kicks.suspects) + len(kicks.refused)) / 569 < 0.02
    drums = check([real_data / "drums-study"])
    flagged = {one.name for one in drums.suspects}
    share: dict[str, list[bool]] = {}
    for one in drums.taken:
        share.setdefault(one.row.name.split("/")[1], []).append(one.row.name in flagged)
    found = {kind: sum(flags) / len(flags) for kind, flags in share.items()}
    for kind in ("clap", "cowbell", "cymbal", "hihat_closed", "hihat_open", "rim"):
        assert found[kind] > 0.97, kind
    assert found["snare"] > 0.9
    assert found["percussion"] > 0.9
    assert found["tom"] > 0.5  # a low tom is a kick by these measures
    assert all(not math.isnan(one.facts.half_hz) for one in drums.taken)


@pytest.mark.once
def test_the_bench_checks_a_mixed_folder_twice_and_joins_its_copies():
    found = bench_check(60)
    assert found.files == found.taken == 60
    assert found.cold.cpu > 0
    assert found.cached.wall > 0
    assert 25 < found.groups < 58  # three copies at least, and variants that stay near
