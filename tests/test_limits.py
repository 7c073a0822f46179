"""Limits of the card's fields: where they lie is known beforehand, and what is planted into a good kick is outside."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kickitout.datasets.build import read_dataset
from kickitout.datasets.scan import scan
from kickitout.descriptors import FIELD_NAMES, Cards, cards
from kickitout.descriptors.limits import (
    ARTEFACTS,
    FEW,
    OF_KICKS,
    WIDER,
    Limits,
    artefact_limits,
    limits_of,
    limits_of_cards,
)
from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.generation.reject import OutlierRejection
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

pytestmark = [pytest.mark.light, pytest.mark.decides]

T = np.arange(LENGTH) / SAMPLE_RATE


@pytest.fixture(scope="module")
def limits():
    """Those of the model in the package."""
    return OutlierRejection.of(load_model()).limits


@pytest.fixture(scope="module")
def good(limits):
    """Kicks that pass. [n, T]"""
    waves = generate(range(32))
    return waves[[not one for one in outside(limits, waves)]]


def outside(limits, waves):
    excess = limits.excess(cards(np.asarray(waves, np.float32)))
    return [{name for name, x in excess.items() if x[i] > 0} for i in range(len(waves))]


def some_cards(**columns):
    """Cards with nothing in them but some columns."""
    n = len(next(iter(columns.values())))
    blank = Cards.blank(np.zeros(n, np.uint8))
    return Cards({**blank.values, **{k: np.asarray(v, float) for k, v in columns.items()}}, blank.whys)


# -- where limits lie -------------------------------------------------------------------------------------------------


def test_limits_are_quantiles_widened_in_octaves_by_a_share_that_falls_with_the_number_of_sounds():
    n = 400
    octaves = np.linspace(5, 6, n)
    low, high = limits_of_cards(some_cards(pitch_end_hz=2**octaves)).spans["pitch_end_hz"]
    more = (WIDER + FEW / math.sqrt(n)) * 0.98
    assert math.log2(low) == pytest.approx(5.01 - more, abs=1e-3)
    assert math.log2(high) == pytest.approx(5.99 + more, abs=1e-3)


def test_a_share_is_widened_in_log_odds_and_stays_a_share():
    odds = np.linspace(-1, 3, 100)  # in octaves
    values = {"sub_share": 1 / (1 + 2**-odds), "monotony": np.linspace(0.5, 1, 100) ** 0.001}
    spans = limits_of_cards(some_cards(**values)).spans
    more = (WIDER + FEW / math.sqrt(100)) * 4 * 0.98
    assert spans["sub_share"] == pytest.approx([1 / (1 + 2 ** (0.96 + more)), 1 / (1 + 2 ** (-2.96 - more))], rel=1e-3)
    assert spans["monotony"][1] == 1.0


def test_a_value_at_a_limit_is_inside_and_excess_counts_in_distances_of_the_limits():
    limits = Limits({"crest_db": (10.0, 20.0)})
    excess = limits.excess(some_cards(crest_db=[10, 20, 25, 0, math.nan]))["crest_db"]
    assert excess.tolist() == pytest.approx([0, 0, 0.5, 1, 0])


def test_a_field_that_all_sounds_have_is_asked_for_and_one_that_some_lack_is_not():
    pitch, sweep = np.full(100, 50.0), np.full(100, 30.0)
    sweep[:10] = math.nan
    limits = limits_of_cards(some_cards(pitch_end_hz=pitch, sweep_ms=sweep))
    assert "pitch_end_hz" in limits.needed
    assert "sweep_ms" not in limits.needed
    excess = limits.excess(some_cards(pitch_end_hz=[math.nan], sweep_ms=[math.nan]))
    assert (excess["pitch_end_hz"][0], excess["sweep_ms"][0]) == (1, 0)


def test_a_field_that_few_sounds_have_has_no_limits():
    sweep = np.full(100, 30.0)
    sweep[:60] = math.nan
    assert "sweep_ms" not in limits_of_cards(some_cards(sweep_ms=sweep)).spans
    assert "sweep_ms" not in limits_of_cards(some_cards(sweep_ms=np.full(7, 30.0))).spans


def test_what_nobody_hears_is_no_fault_and_what_no_good_kick_has_is_one():
    clean = limits_of_cards(some_cards(comb_db=np.zeros(50), dc=np.zeros(50)))
    worn = limits_of_cards(some_cards(comb_db=np.full(50, 30.0), dc=np.full(50, 0.5)))
    assert clean.spans["comb_db"][1] == ARTEFACTS["comb_db"].harmless
    assert clean.spans["dc"][1] == ARTEFACTS["dc"].harmless
    assert worn.spans["comb_db"][1] == ARTEFACTS["comb_db"].worst
    assert worn.spans["dc"][1] == ARTEFACTS["dc"].worst
    assert outside(clean, generate(range(8))).count(set()) > 4  # some kicks have a small offset


def test_other_one_shots_have_no_limits_of_kicks_and_their_traces_are_those_of_the_sounds_alone():
    values = {name: np.full(50, 20.0) for name in FIELD_NAMES if name != "note"}
    limits = limits_of_cards(some_cards(**values), "any")
    assert not set(OF_KICKS) & set(limits.spans)
    assert limits.spans["tail_noise_db"][1] == 20
    assert set(artefact_limits("kick").spans) - set(artefact_limits("any").spans) == {"tail_noise_db"}


def test_most_sounds_like_those_that_were_learned_from_pass():
    waves = synthesise(range(160))[0]
    limits = limits_of(waves[:100])
    assert limits.sounds == 100
    assert np.mean([not one for one in outside(limits, waves[100:])]) > 0.85


def test_limits_come_back_from_a_file_as_they_were_and_damaged_ones_are_one_sentence(limits):
    data = limits.to_data()
    assert Limits.from_data(data, "x") == limits
    changes = [{"spans": 3}, {"spans": {"pitch": [1, 2]}}, {"spans": {"dc": [0]}}, {"spans": {"dc": [1, 0]}},
               {"needed": ["note"]}, {"sounds": "many"}, {"spans": {"dc": [0, math.inf]}}]  # fmt: skip
    for bad in [None, [], {}, *(data | change for change in changes)]:
        with pytest.raises(UserError, match="x: its limits are damaged"):
            Limits.from_data(bad, "x")


# -- what is planted is found -----------------------------------------------------------------------------------------


def with_comb(wave):
    """Lines at all multiples of 1378 Hz, a stride of 32 samples, 44 dB below the peak."""
    return wave + 0.006 * np.sum([np.sin(2 * np.pi * k * SAMPLE_RATE / 32 * T + k) for k in range(1, 16)], axis=0)


def with_pre_echo(wave, db):
    """60 ms of a tone before the kick, with so much energy re that of the kick."""
    n = 2646
    tone = np.sin(2 * np.pi * 100 * np.arange(n) / SAMPLE_RATE)
    tone *= math.sqrt(10 ** (db / 10) * np.square(wave).sum() / np.square(tone).sum())
    return np.concatenate([tone, wave[64 : LENGTH - n + 64]])


def with_hiss(wave):
    """White noise to the end, 26 dB below the peak."""
    return wave + 0.05 * np.random.default_rng(0).standard_normal(LENGTH)


def snare():
    """Two modes of a head at 190 and 330 Hz under 150 ms of wires."""
    noise = np.random.default_rng(0).standard_normal(LENGTH)
    body = np.sin(2 * np.pi * 190 * T) + 0.5 * np.sin(2 * np.pi * 330 * T)
    wave = np.concatenate([np.zeros(64), (body * np.exp(-T / 0.04) + 0.8 * noise * np.exp(-T / 0.06))[: LENGTH - 64]])
    return wave * 0.97 / np.abs(wave).max()


FAULTS = {
    "comb_db": with_comb,
    "pre_echo_db": lambda wave: with_pre_echo(wave, -27),
    "tail_noise_db": with_hiss,
    "dc": lambda wave: wave + 0.1,
    "clipped": lambda wave: np.clip(300 * wave, -0.97, 0.97),
    "silent": np.zeros_like,
    "not_finite": lambda wave: np.where(np.arange(LENGTH) == 5000, np.nan, wave),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("known", ["dataset", "traces alone"])
def test_a_fault_that_was_planted_is_outside_and_is_named(fault, known, good, limits):
    held = limits if known == "dataset" else artefact_limits()
    found = outside(held, np.stack([FAULTS[fault](wave) for wave in good]))
    named = np.mean([fault in one for one in found])
    assert named == 1 if fault not in ("pre_echo_db", "clipped") else named > 0.9  # some have an attack or a fade there
    assert all(found)


def test_a_pre_echo_below_the_limit_is_none(good):
    found = outside(artefact_limits(), np.stack([with_pre_echo(wave, -36) for wave in good]))
    assert np.mean(["pre_echo_db" not in one for one in found]) > 0.9


def test_a_snare_and_noise_are_outside(limits):
    noise = 0.3 * np.random.default_rng(1).standard_normal(LENGTH)
    found = outside(limits, np.stack([snare(), noise]))
    assert "air_share" in found[0]
    assert {"air_share", "body_share"} <= found[1]


def test_most_recorded_kicks_pass_and_most_other_drums_do_not(real_data, limits):
    def passing(folder, most=120):
        files = [candidate.path for candidate in scan(real_data / folder).candidates]
        waves = read_dataset(files[:: max(1, len(files) // most)]).waves
        assert len(waves) > 20
        return np.mean([not one for one in outside(limits, waves)])

    assert passing("kicks-study") > 0.85
    assert passing("drums-study/snare") < 0.4  # the model knows acoustic kicks and their snare wires
    for kind in ("clap", "hihat_closed", "cymbal"):
        assert passing(f"drums-study/{kind}") < 0.05, kind
