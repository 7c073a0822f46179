"""The secant search for a control, where the answer is known beforehand."""

from __future__ import annotations

import math

import pytest

from kickitout.generation.secant import BracketedSecant, Span

SPAN = Span(-24.0, 24.0, 1.0)


def run(measure, wanted, steps=14, span=SPAN, side=0):
    """Where the hunt ends, what is measured there, and how many steps it took."""
    hunt, now = BracketedSecant(span, wanted), 0.0
    for step in range(1, steps + 1):
        value = measure(now)
        if abs(value - wanted) < 1e-3:
            return now, value, step, hunt
        now = hunt.next(now, value, side if math.isnan(value) else 0)
        if hunt.stuck:
            break
    return now, measure(now), step, hunt


def test_a_straight_line_is_met_with_the_second_step():
    now, _, steps, _ = run(lambda x: 2 * x + 1, 9.0)
    assert now == pytest.approx(4)
    assert steps <= 3  # the first step has the slope to learn


@pytest.mark.parametrize("wanted", [-30.0, -1.0, 7.0, 55.0])
def test_a_curve_that_is_no_line_is_met(wanted):
    _, value, _, _ = run(lambda x: x + 0.003 * x**3 * (1 if x > 0 else 0.3), wanted)
    assert value == pytest.approx(wanted, abs=0.03)


def test_a_jump_is_noticed_between_two_places_beside_each_other():
    now, _, _, hunt = run(lambda x: x + (10 if x > 3.3 else 0), 8.0, steps=40)
    assert hunt.stuck
    assert now == pytest.approx(3.3, abs=0.1)


def test_the_end_of_the_range_is_noticed():
    now, _, steps, hunt = run(lambda x: 0.5 * x, 100.0)
    assert hunt.stuck
    assert now == SPAN.high
    assert steps < 10


def test_too_much_to_be_measured_is_turned_down_until_it_can_be():
    def measure(x):
        return x if x < -11 else math.nan

    assert run(measure, -15.0, side=1)[1] == pytest.approx(-15.0, abs=1e-3)


def test_a_point_that_another_control_has_made_wrong_is_forgotten():
    hunt = BracketedSecant(SPAN, 5.0)
    hunt.next(3.0, 9.0)  # too much at 3, measured while another knob stood elsewhere
    hunt.next(-10.0, -8.0)
    now = 2.9
    for _ in range(30):
        value = now - 0.37  # by now it is 5.37 that is right
        if abs(value - 5.0) < 1e-3:
            break
        now = hunt.next(now, value)
    assert now == pytest.approx(5.37, abs=2e-3)
