"""Kits: loudness, polarity, strokes and plans, on kicks whose answers are known."""

from __future__ import annotations

import itertools
import math
import re
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kits import formula_kick, small_kit, write_kick
from synthetic import swept_kick

from kickitout.audio import decode_sound, encode_sound, write_sound
from kickitout.cli import main
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.export.kits.build import COST_LU, build_kit, common_loudness
from kickitout.export.kits.documents import remarks
from kickitout.export.kits.levels import CEILING_DBTP
from kickitout.export.kits.package import write_kit
from kickitout.export.kits.plan import LONGEST_STEM, Plan, file_stem
from kickitout.export.kits.sources import kicks_of_files
from kickitout.export.kits.velocity import (
    variation,
    zones,
)
from kickitout.generation.shaping import Shape, shape
from kickitout.sound import ONSET, PEAK, SAMPLE_RATE

pytestmark = pytest.mark.light


def sounds_of(kit):
    """{(kick, layer, round robin): samples [T] or [T, C]} as a player reads them."""
    files = dict(kit.files())
    return {
        (kick.number, s.zone.layer, s.round_robin): decode_sound(files[s.file], s.file).samples
        for kick in kit.kicks
        for s in kick.sounds
    }


def cards_of(waves):
    longest = max(map(len, waves))
    return cards(np.stack([np.pad(x, (0, longest - len(x))) for x in waves]))


# the kit


@pytest.fixture(scope="module")
def kit():
    return small_kit(kicks=4)


@pytest.fixture(scope="module")
def sounds(kit):
    return sounds_of(kit)


def test_every_full_stroke_is_equally_loud_and_none_clips(kit, sounds):
    full = cards_of([sounds[n, 4, 1][:, 0] for n in (1, 2, 3, 4)])
    np.testing.assert_allclose(full["loudness_lufs"], kit.lufs, atol=0.01)
    peaks = cards_of([x[:, 0] for x in sounds.values()])["true_peak_dbtp"]
    assert peaks.max() <= CEILING_DBTP + 0.01
    assert peaks.max() > CEILING_DBTP - 0.1  # no louder kit would fit
    limit = cards_of([sounds[kit.limited_by, 4, r][:, 0] for r in (1, 2, 3, 4)])["true_peak_dbtp"].max()
    assert limit == peaks.max()


def test_every_sound_has_its_law_in_loudness(kit, sounds):
    found = cards_of([x[:, 0] for x in sounds.values()])["loudness_lufs"]
    levels = {zone.layer: 20 * math.log10(zone.high / 127) for zone in zones(4)}
    law = [kit.lufs + levels[layer] + variation(robin - 1).level_db for _, layer, robin in sounds]
    np.testing.assert_allclose(found, law, atol=0.02)


def test_every_sound_has_the_same_polarity_whatever_the_model_made(kit, sounds):
    assert {kick.inverted for kick in kit.kicks} == {True, False}
    for (number, _, _), x in sounds.items():
        upright = swept_kick(end_hz=kit.kicks[number - 1].tuned.hz)  # begins with a positive half wave
        assert x[:500, 0] @ upright[:500] > 0


def test_softer_is_quieter_darker_and_has_less_click_in_every_round_robin(sounds):
    for number, robin in itertools.product((1, 2, 3, 4), (1, 2, 3, 4)):
        found = cards_of([sounds[number, layer, robin][:, 0] for layer in (1, 2, 3, 4)])
        for field, least in (("loudness_lufs", 1.0), ("click_level_db", 0.5), ("click_centroid_hz", 1.0)):
            assert (np.diff(found[field]) > least).all(), (number, robin, field, found[field])


def test_softer_has_less_of_what_drive_adds():
    t = np.arange(22_050 - ONSET) / SAMPLE_RATE
    body = np.tanh(4 * np.sin(2 * np.pi * 55 * t) * np.exp(-t / 0.2)) * np.exp(-t / 0.3)
    wave = np.concatenate([np.zeros(ONSET), body])[None].astype(np.float32)
    ratios = []
    for zone in zones(4):
        x = shape(wave, Shape(tilt_db=zone.tilt_db))[0][:8820]
        spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 1 << 17))
        at = [round(55 * k * (1 << 17) / SAMPLE_RATE) for k in (1, 3, 5, 7)]
        first, *others = (spectrum[i - 40 : i + 41].max() for i in at)
        ratios.append(20 * math.log10(math.hypot(*others) / first))
    assert (np.diff(ratios) > 0.5).all(), ratios
    assert ratios[3] - ratios[0] > 3, ratios


def test_round_robins_of_a_layer_differ_a_little(sounds):
    for number, layer in itertools.product((1, 2), (1, 4)):
        for a, b in itertools.combinations([sounds[number, layer, r][:, 0] for r in (1, 2, 3, 4)], 2):
            n = min(len(a), len(b))
            difference = 20 * math.log10(np.linalg.norm(a[:n] - b[:n]) / np.linalg.norm(a[:n]))
            assert -45 < difference < -10


def test_one_kick_that_cannot_be_loud_does_not_quieten_the_others():
    click = np.zeros((1, 22_050), np.float32)
    click[0, ONSET : ONSET + 3] = PEAK  # all peak, no loudness
    kicks = [formula_kick(f"kick {i}", end_hz=50 + i) for i in range(4)]
    odd = formula_kick("odd")
    odd = type(odd)("odd", "odd", click, odd.recipe)
    kit = build_kit([*kicks, odd], Plan("Odd", layers=1, round_robins=1))
    assert kit.limited_by is None
    assert kit.kicks[4].lufs < kit.lufs - 1
    rooms = [build_kit([k], Plan("One", layers=1, round_robins=1)).lufs for k in kicks]
    assert kit.lufs == pytest.approx(sorted(rooms)[0] - COST_LU, abs=0.02)  # of five, one may be spiky
    said = "\n".join(remarks(kit))
    assert f"quieter: kick 5, odd: by {kit.lufs - kit.kicks[4].lufs:.1f} LU" in said
    assert "the others are 3.0 LU quieter for it; leave it out, or match peaks" in said


def test_a_kick_that_decides_how_loud_the_kit_is_has_its_name_and_its_price_said():
    kicks = [formula_kick(f"kick {i}", end_hz=50 + i) for i in range(4)]
    spiky = formula_kick("spiky", click=0.45)
    kit = build_kit([*kicks, spiky], Plan("Spiky", layers=1, round_robins=1))
    assert kit.limited_by == 5
    assert {kick.lufs for kick in kit.kicks} == {kit.lufs}
    alone = build_kit(kicks, Plan("Spiky", layers=1, round_robins=1))
    assert kit.cost_lu == pytest.approx(alone.lufs - kit.lufs, abs=0.02)
    assert kit.cost_lu > 1
    said = f"kick 5, spiky, decides how loud the kit is: the others are {kit.cost_lu:.1f} LU quieter"
    assert said in remarks(kit)[-1]
    assert not [line for line in remarks(alone) if "quieter" in line]  # nothing is said of what nobody hears


def test_matched_peaks_are_one_peak_and_cost_nobody_anything():
    kicks = [formula_kick(f"kick {i}", end_hz=50 + i, click=0.1 + 0.3 * i) for i in range(3)]
    kit = build_kit(kicks, Plan("Peaks", layers=2, round_robins=2, match="peak"))
    sounds = sounds_of(kit)
    for number in (1, 2, 3):
        full = cards_of([sounds[number, 2, robin][:, 0] for robin in (1, 2)])["true_peak_dbtp"]
        assert full.max() == pytest.approx(CEILING_DBTP, abs=0.05)
    assert len({kick.lufs for kick in kit.kicks}) == 3
    assert kit.limited_by is None
    assert not [line for line in remarks(kit) if "quieter" in line or "decides" in line]


@given(st.lists(st.floats(-40, -5), min_size=1, max_size=40))
def test_spiky_kicks_cost_most_of_a_kit_little(rooms):
    target, cost = common_loudness(rooms)
    ranked = sorted(rooms)
    quieter = [room for room in rooms if room < target]
    assert len(quieter) <= max(1, len(rooms) // 4)
    assert min(ranked) <= target <= max(ranked)
    assert target >= ranked[min(len(ranked) - 1, max(1, len(ranked) // 4))] - COST_LU
    assert cost >= 0
    assert bool(quieter) == (cost == COST_LU and ranked[0] < target)


def test_a_kit_is_the_same_whenever_it_is_built():
    assert dict(small_kit().files()) == dict(small_kit().files())


def test_a_stereo_kick_stays_stereo(tmp_path):
    left, right = swept_kick(seed=1, click=0.3), swept_kick(seed=2, click=0.3)
    path = write_kick(tmp_path / "wide.wav", np.stack([left, 0.8 * right], axis=1))
    kicks, refused = kicks_of_files([path])
    assert not refused
    assert kicks[0].wave.shape[0] == 2
    kit = build_kit(kicks, Plan("Wide"))
    x = sounds_of(kit)[1, 4, 1]
    assert x.shape[1] == 2
    assert np.abs(x[:, 0] - x[:, 1]).max() > 0.01
    peaks = [cards(x[:, c][None])["true_peak_dbtp"][0] for c in (0, 1)]
    assert max(peaks) <= CEILING_DBTP + 0.01


# plans


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "visible characters"),
        ({"name": "  "}, "visible characters"),
        ({"name": "a\nb"}, "'ab' works"),
        ({"name": "x" * 81}, "1 to 80"),
        ({"layers": 0}, "velocity layers 0: 1 to 8"),
        ({"layers": 9}, "velocity layers 9"),
        ({"round_robins": 9}, "round robins 9"),
        ({"bits": "8"}, "bits 8"),
        ({"note": "Z"}, "note Z"),
        ({"licence": " "}, "licence"),
        ({"licence": "a\nb"}, "one line"),
    ],
)
def test_what_cannot_be_a_kit_is_refused_with_what_works(change, sentence):
    with pytest.raises(UserError, match=sentence):
        Plan(**{"name": "Kit", **change})


def test_sizes_have_limits_that_are_said():
    with pytest.raises(UserError, match=r"93 kicks: .* up to 92"):
        Plan("K").check_size(93)
    with pytest.raises(UserError, match="5120 files; up to 2048"):
        Plan("K", 8, 8).check_size(80)
    Plan("K", 4, 4).check_size(92)


@given(st.text(max_size=100))
def test_any_name_becomes_a_file_name_of_every_system(name):
    stem = file_stem(name)
    assert stem
    assert len(stem.encode()) <= LONGEST_STEM + 1
    assert not set(stem) & set('<>:"/\\|?*')
    assert stem[0] not in " .-" and stem[-1] not in " ."  # noqa: PT018
    assert file_stem(stem) == stem


def test_a_kick_that_does_not_rest_on_its_note_is_named():
    falls, rests = formula_kick("falls"), formula_kick("rests")
    t = np.arange(22_050 - ONSET) / SAMPLE_RATE
    hz = 100 * 0.35 ** np.clip(t / 0.5, 0, 1)
    wave = np.zeros((1, 22_050), np.float32)
    wave[0, ONSET:] = 0.9 * np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE) * np.exp(-t / 0.12)
    kit = build_kit([type(falls)("falls", "falls", wave, falls.recipe), rests], Plan("Two", layers=1, round_robins=1))
    (said,) = [line for line in remarks(kit) if "does not rest" in line]
    assert said.startswith("does not rest on its note: kick 1, falls: its pitch still falls by ")


def test_a_kick_that_is_moved_far_is_named(tmp_path):
    path = tmp_path / "deep.wav"
    write_sound(path, formula_kick("deep", end_hz=50).wave[0], SAMPLE_RATE, bits="24")
    near, far = (
        write_kit(tmp_path / note, sounds=[path], note=note, formats=["sfz"], zipped=False) for note in ("G1", "E2")
    )
    assert not [line for line in near.remarks if "moved far" in line]
    (said,) = [line for line in far.remarks if "moved far" in line]
    assert said.startswith("moved far: kick 1, deep.wav: by +8.6 semitones, so all of it is 0.61 times as long")


def test_kicks_keep_their_names_in_any_script_and_files_have_letters_that_every_player_takes(tmp_path):
    paths = [tmp_path / f"{name}.wav" for name in ("キック 1", "Größe")]
    for path in paths:
        write_sound(path, swept_kick(), SAMPLE_RATE)
    how = ["--formats", "sfz", "--velocity-layers", "1", "--round-robin", "1"]
    assert main(["kit", *map(str, paths), "-o", str(tmp_path / "kit"), *how]) == 0
    names = [path.name for path in (tmp_path / "kit").rglob("*")]
    assert sum(name.endswith(("キック-1.sfz", "Größe.sfz")) for name in names) == 2
    assert {re.sub(r".*_([\w-]+)_v1_r1.wav", r"\1", name) for name in names if name.endswith(".wav")} == {"1", "Grosse"}


def test_numbers_in_names_count_whatever_they_have_of_digits(tmp_path):
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for name in (f"k{'1' * 5000}", "k10", "k9"):
            archive.writestr(f"{name}.wav", encode_sound(swept_kick(), SAMPLE_RATE))
    found, _ = kicks_of_files([tmp_path / "pack.zip"])
    assert [kick.name[9:13] for kick in found] == ["k9.w", "k10.", "k111"]


def test_a_comment_that_is_nested_beyond_measure_is_no_recipe(tmp_path):
    comment = '{"kickitout": ' + "[" * 100_000
    write_sound(tmp_path / "kick.wav", swept_kick(), SAMPLE_RATE, comment=comment)
    (kick,), _ = kicks_of_files([tmp_path])
    assert kick.made_by == ""
