"""Curves drawn over the waveform: with the mouse, with the keyboard, and in the file that is saved."""

from __future__ import annotations

import numpy as np
import pytest
from web import painted

import kickitout
from kickitout.audio import decode_comment, decode_sound
from kickitout.generation.recipe import recipe_in

FRAMES = 30
FAR_DB = 8  # a kick's own level in five points is within 6 dB of it, 30 dB below the peak; two guessed ones miss by 17


@pytest.fixture
def drawing(studio):
    """The kick that the page opens with, analysed, under the layer that is drawn on."""
    studio.page.reload()
    studio.whole()
    studio.first()
    studio.analysed()
    studio.page.click("#draw")
    studio.page.wait_for_selector("[data-curve=pitch]")
    return studio


def middle(page, name, at):
    box = page.locator(f"[data-curve={name}][data-at='{at}'] circle").last.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def curves(studio):
    return studio.recipe().get("curves")


def test_a_point_is_dragged_and_the_kick_follows_and_undo_takes_it_back(drawing):
    page = drawing.page
    assert curves(drawing) is None
    before = drawing.recipe()
    x, y = middle(page, "pitch", 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 8, y - 12)
    page.mouse.move(x + 12, y - 20)
    page.mouse.up()
    page.wait_for_function("() => document.querySelectorAll('#drawing tbody tr').length > 0")
    page.wait_for_function("() => window.heard.length > 0")  # the last render, which is played
    found = curves(drawing)
    assert set(found) == {"pitch", "bend_cents"}
    words = page.inner_text("#drawing tbody tr >> nth=0")
    assert "Hz" in words
    assert "cents" in words
    page.click("#tab-take")
    name, data = drawing.saved("#download")
    recipe = recipe_in(decode_comment(data, name), name)
    assert recipe["curves"] == found
    wave = decode_sound(data, name).samples[:, 0]
    assert np.abs(kickitout.render(recipe) - wave).max() < 2**-22  # 24 bits
    drawing.changes(lambda: page.keyboard.press("Control+z"))
    assert drawing.recipe() == before


def test_what_was_undone_while_it_was_rendered_stays_undone(drawing):
    page = drawing.page
    before = drawing.recipe()
    with drawing.holding("draw"):
        page.press("[data-curve=level][data-at='0']", "ArrowDown")
        drawing.asked(1)
        page.keyboard.press("ArrowDown")  # waits for the first one
        drawing.changes(lambda: page.evaluate("held[0]()"))
        drawing.asked(2)
        drawing.changes(lambda: page.keyboard.press("Control+z"))
        heard = len(drawing.heard())
        page.evaluate("held[1]()")
        page.wait_for_function("() => window.answered === 2")
        page.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
        assert drawing.recipe() == before
        assert len(drawing.heard()) == heard


def test_every_frame_of_a_drag_is_painted(drawing):
    """Thirty moves in thirty frames are thirty paintings, while the server renders what it can."""
    assert painted(drawing.page, "level", FRAMES) >= FRAMES - 2  # the first and the last may fall beside the count
    drawing.page.wait_for_function("() => window.heard.length > 0")


def test_points_are_moved_added_and_removed_with_the_keyboard(drawing):
    page = drawing.page
    count = page.locator("[data-curve=level]").count()
    page.focus("[data-curve=level][data-at='0']")
    words = page.get_attribute("[data-curve=level][data-at='0']", "aria-valuetext")
    drawing.changes(lambda: page.keyboard.press("ArrowDown"))
    assert page.get_attribute("[data-curve=level][data-at='0']", "aria-valuetext") != words
    assert page.evaluate("document.activeElement.dataset.curve") == "level"
    assert "gain_db" in curves(drawing)
    drawing.changes(lambda: page.click("#draw-add"))
    assert page.locator("[data-curve=level]").count() == count + 1
    drawing.changes(lambda: page.keyboard.press("Delete"))
    assert page.locator("[data-curve=level]").count() == count
    drawing.changes(lambda: page.click("#draw-reset"))
    assert curves(drawing) is None
    page.click("#draw")
    assert page.is_hidden("#drawing")


def test_redo_brings_the_points_back(drawing):
    page = drawing.page
    page.focus("[data-curve=pitch][data-at='0']")
    drawing.changes(lambda: page.keyboard.press("Shift+ArrowUp"))
    drawn = curves(drawing)["pitch"]
    drawing.changes(lambda: page.click("#undo"))
    page.wait_for_function("() => document.querySelectorAll('#drawing tbody tr').length === 0")
    drawing.changes(lambda: page.click("#redo"))
    page.wait_for_function("(n) => document.querySelectorAll('#drawing tbody tr').length === n", arg=len(drawn))
    values = page.evaluate(
        "[...document.querySelectorAll('[data-curve=pitch]')].map((dot) => Number(dot.getAttribute('aria-valuenow')))"
    )
    assert values == [hz for _, hz in drawn]


def level_of(studio):
    """The level of the selected kick in windows of 20 ms, in dB."""
    wave = studio.page.evaluate("import('/js/state.js').then(({ state }) => Array.from(state.sound.samples[0]))")
    windows = np.array(wave[: len(wave) // 882 * 882]).reshape(-1, 882)
    return 10 * np.log10(np.mean(windows**2, axis=1) + 1e-9)


def nudged(studio):
    """By how many dB a kick changes, where it is not quiet, when the first point of its own level goes up by 0.5 dB."""
    before = level_of(studio)
    studio.page.focus("[data-curve=level][data-at='0']")
    studio.changes(lambda: studio.page.keyboard.press("ArrowUp"))
    assert set(curves(studio)) >= {"pitch", "level"}
    return np.abs(level_of(studio) - before)[before > before.max() - 30].max()


def test_the_curve_that_was_not_drawn_is_the_kicks_own_whenever_the_analysis_comes(drawing):
    page = drawing.page
    own = page.locator("[data-curve=level]").count()
    assert own > 2  # points; two are guessed
    page.focus("[data-curve=pitch][data-at='0']")
    drawing.changes(lambda: page.keyboard.press("ArrowUp"))
    drawing.analysed()
    page.fill("#control-drive ~ input", "6")
    drawing.changes(lambda: page.keyboard.press("Enter"))
    drawing.analysed()
    page.wait_for_function("() => document.querySelectorAll('[data-curve=level]').length > 2")
    assert "level" not in curves(drawing)
    assert nudged(drawing) < FAR_DB
    drawing.changes(lambda: page.keyboard.press("Control+z"))
    page.evaluate("dispatchEvent(new Event('pagehide'))")  # keeps the session
    page.reload()
    drawing.whole()
    page.click("#draw")
    drawing.analysed()
    page.wait_for_function("() => document.querySelectorAll('[data-curve=level]').length > 2")
    assert set(curves(drawing)) == {"pitch", "bend_cents"}
    assert nudged(drawing) < FAR_DB
    drawing.changes(lambda: page.click("#draw-reset"))
