"""How a sound ends, against closed forms."""

import numpy as np
import pytest

from kickitout.descriptors import cards
from kickitout.descriptors.endings import stops
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE

pytestmark = pytest.mark.light

TIME = np.arange(LENGTH - ONSET) / SAMPLE_RATE


def ringing(t60_ms: float, hz: float = 55.0, stop_ms: float = 500.0) -> np.ndarray:
    """[LENGTH] a sine from the onset on that falls by 60 dB in `t60_ms` and is cut `stop_ms` after it."""
    sound = np.sin(2 * np.pi * hz * TIME) * 10 ** (-3 * TIME / (t60_ms / 1000))
    sound[round(stop_ms / 1000 * SAMPLE_RATE) :] = 0
    return np.concatenate([np.zeros(ONSET), sound])


def endings(*waves: np.ndarray) -> dict[str, np.ndarray]:
    return {name: cards(np.stack(waves))[name] for name in ("stop_db", "tail_db", "infra_share")}


def test_an_exponential_falls_by_its_own_slope_in_25_ms():
    found = endings(*(ringing(ms) for ms in (400, 200, 100)))["stop_db"]
    assert found == pytest.approx([1500 / 400, 1500 / 200, 1500 / 100], abs=0.7)  # the largest, so with the ripple
    assert not stops(found).any()


def test_a_sound_that_is_cut_while_loud_stops_and_one_that_is_cut_below_does_not():
    # With a T60 of 400 ms the level is -15 dB after 100 ms and -45 dB after 300 ms.
    early, late, whole = endings(ringing(400, stop_ms=100), ringing(400, stop_ms=300), ringing(400))["stop_db"]
    assert early > 35  # to where the Hilbert transform of a step has faded
    assert stops(np.array([early, late, whole])).tolist() == [True, False, False]
    assert late == pytest.approx(whole, abs=0.1)  # the cut from -45 dB is none of its business


def test_a_fade_of_one_cycle_is_a_stop_and_a_short_decay_is_none():
    gain = np.clip((0.25 - TIME) / 0.02, 0, 1)
    faded = np.concatenate([np.zeros(ONSET), np.sin(2 * np.pi * 50 * TIME) * gain])
    assert stops(endings(faded, ringing(60))["stop_db"]).tolist() == [True, False]  # 25 dB in 25 ms


def test_a_gap_between_click_and_body_is_no_stop():
    click = np.where(TIME < 0.002, np.sin(2 * np.pi * 3000 * TIME), 0)
    body = np.where(TIME > 0.06, 0.8 * np.sin(2 * np.pi * 55 * TIME) * np.exp(-(TIME - 0.06) / 0.1), 0)
    assert not stops(endings(np.concatenate([np.zeros(ONSET), click + body]))["stop_db"]).any()


def test_a_sound_that_runs_past_the_window_does_not_stop_there():
    wave = np.concatenate([np.zeros(ONSET), np.sin(2 * np.pi * 55 * TIME)])
    wave[-441:] *= np.linspace(1, 0, 441)
    assert endings(wave)["stop_db"][0] < 2  # the level just before the fade


def test_the_tail_of_an_exponential_has_the_mean_power_of_its_closed_form():
    # 10 log10 of the mean of 10^(-6 t / T60) over 300 to 350 ms; the peak is a quarter of a period late.
    for t60 in (400.0, 600.0):
        a = 6 * np.log(10) / t60
        wanted = 10 * np.log10((np.exp(-a * 300) - np.exp(-a * 350)) / (a * 50)) + 60 * (250 / 55) / t60
        assert endings(ringing(t60))["tail_db"][0] == pytest.approx(wanted, abs=0.3)


def test_energy_below_30_hz_is_that_of_the_slower_of_two_sines():
    window = np.hanning(len(TIME))
    mixed = window * (np.sin(2 * np.pi * 20 * TIME) + 2 * np.sin(2 * np.pi * 80 * TIME))
    share = endings(np.concatenate([np.zeros(ONSET), mixed]))["infra_share"][0]
    assert share == pytest.approx(1 / 5, abs=0.002)  # powers of 1 and 4


def test_a_sound_has_the_same_figures_alone_and_in_a_batch():
    waves = [ringing(ms, hz) for ms, hz in ((100, 40.0), (300, 60.0), (900, 90.0))]
    together, alone = endings(*waves), endings(waves[1])
    assert {name: values[1] for name, values in together.items()} == {name: v[0] for name, v in alone.items()}
