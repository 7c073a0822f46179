"""How long a kick rings: what the page shows is so, another kick rings as long, one's own sound has its own length."""

from __future__ import annotations

import re

import pytest

from kickitout.audio import encode_sound
from kickitout.sound import SAMPLE_RATE

INERT = ("#download", "#recipe", "#length-label", "#again")


@pytest.fixture
def long(studio):
    """A kick that rings for 2 s at most, without locks."""
    studio.first()
    studio.page.click("#tab-take")
    studio.changes(lambda: studio.page.select_option("#length", "2"))
    yield studio
    studio.first()


def test_a_length_that_could_not_be_rendered_is_not_shown(long):
    page = long.page
    before = long.recipe()
    page.route("**/api/render", lambda route: route.abort(), times=1)
    page.select_option("#length", "4")
    page.wait_for_function("() => document.querySelector('#wrong').textContent.includes('does not answer')")
    assert page.input_value("#length") == "2"
    assert long.recipe() == before
    long.troubles.clear()  # the browser's own line for a request that failed
    long.changes(lambda: page.select_option("#length", "4"))
    assert page.text_content("#wrong") == ""
    assert page.input_value("#length") == "4"


def test_another_kick_rings_as_long_with_targets_and_without(long):
    page = long.page
    page.click("#tab-targets")
    long.changes(lambda: page.click("#reroll"))
    assert long.recipe()["length_s"] == 2
    assert page.input_value("#length") == "2"
    page.fill("#control-pitch ~ input", "G1")
    long.changes(lambda: page.keyboard.press("Enter"))
    long.changes(lambda: page.click("#reroll"))
    assert long.recipe()["length_s"] == 2
    assert long.recipe()["targets"].keys() == {"pitch"}
    assert "Hz" in page.inner_text("#control-pitch-achieved")
    page.click("#tab-take")
    long.changes(lambda: page.select_option("#length", "0.5"))
    page.click("#tab-targets")
    long.changes(lambda: page.click("#reroll"))
    assert "length_s" not in long.recipe()


def test_a_longer_decay_can_be_asked_for_of_a_kick_that_may_ring_longer(long):
    page = long.page
    page.click("#tab-targets")
    page.fill("#control-decay ~ input", "800")
    long.changes(lambda: page.keyboard.press("Enter"))
    page.click("#reroll")  # another kick, should this one not reach it
    page.wait_for_function("() => document.querySelector('#targets-said').textContent.startsWith('seed')")
    assert long.recipe()["targets"] == {"decay": 800}
    found = re.search(r"(\d+) ms", page.inner_text("#control-decay-achieved"))
    assert found is not None
    assert int(found[1]) == pytest.approx(800, rel=0.05)
    page.click("#release")
    page.click("#tab-take")
    long.changes(lambda: page.select_option("#length", "0.5"))
    page.click("#tab-targets")
    page.fill("#control-decay ~ input", "800")
    page.keyboard.press("Enter")
    assert "450 ms" in page.inner_text("#control-decay-achieved")


def test_what_cannot_be_done_with_a_sound_of_ones_own_is_dimmed(long, make_kick, tmp_path):
    page = long.page
    shades = "(ids) => ids.map((id) => getComputedStyle(document.querySelector(id)).opacity)"
    assert page.evaluate(shades, INERT) == ["1"] * len(INERT)
    path = tmp_path / "mine.wav"
    path.write_bytes(encode_sound(make_kick()[:, None], SAMPLE_RATE))
    page.set_input_files("#file", path)
    page.wait_for_function("() => document.querySelector('#file-name').textContent.startsWith('your own sound')")
    page.evaluate("document.querySelector('#save-all').disabled = true")
    (disabled,) = page.evaluate(shades, ["#save-all"])
    assert page.evaluate(shades, INERT) == [disabled] * len(INERT)
    assert page.input_value("#length") == "0.5"
    page.click("#undo")
    page.wait_for_function("() => document.querySelector('#file-name').textContent.startsWith('kick_')")
    assert page.evaluate(shades, INERT) == ["1"] * len(INERT)
    assert page.input_value("#length") == "2"
