"""The map in a real browser: hover, click, drag, keys and axes; directions, undo and what is selected."""

from __future__ import annotations

import json

import numpy as np
from studio import Watched

from kickitout import load_model
from kickitout.studio.opening import opening_seed


def test_hovering_over_the_map_plays_at_once_without_asking_anybody(studio):
    """Measured in a browser, from pointer to sound: below 30 ms. Here, that nothing is waited for."""
    studio.first()
    studio.analysed()
    asked = []
    studio.page.on("request", note := lambda request: asked.append((request.url, request.post_data)))
    for step in range(120):  # from one side of the map to the other, wherever the model's kicks lie on it
        x, y = studio.dot(0.05 + 0.9 * step / 120)
        studio.page.mouse.move(x, y + 80 * np.sin(step / 3))
    heard = studio.heard()
    assert len(heard) >= 8
    assert all(one["running"] and one["handledMs"] >= 0 for one in heard)
    studio.page.remove_listener("request", note)
    calls = [(url, data) for url, data in asked if "/api/" in url]
    # The kick that the page opened with is analysed when it rests, which may be late: once, and no other is.
    assert len(calls) <= 1
    assert all(url.endswith("/api/analyse") for url, _ in calls)
    assert all(json.loads(data)["recipe"]["seed"] == opening_seed(load_model()) for _, data in calls)


def test_a_click_selects_and_undo_goes_back_and_forth(studio):
    # Far apart, so that they are two kicks; the first may be selected already.
    studio.page.mouse.click(*studio.kick(0.05, 0.45))
    studio.page.wait_for_timeout(1000)
    first = studio.recipe()
    other = studio.kick(0.95, 0.55)
    studio.changes(lambda: studio.page.mouse.click(*other))
    second = studio.recipe()
    assert second["seed"] != first.get("seed")
    studio.changes(lambda: studio.page.keyboard.press("Control+z"))
    assert studio.recipe() == first
    studio.changes(lambda: studio.page.keyboard.press("Control+Shift+z"))
    assert studio.recipe() == second
    assert studio.page.is_disabled("#redo")


def test_a_drag_walks_between_kicks(studio):
    x, y = studio.dot(0.4)

    def drag():
        studio.page.mouse.move(x, y)
        studio.page.mouse.down()
        studio.page.mouse.move(x + 60, y - 30, steps=6)
        studio.page.mouse.up()

    studio.changes(drag)
    assert "latent" in studio.recipe()
    assert "seed" not in studio.recipe()


def test_a_new_direction_and_its_intensity(studio):
    studio.changes(lambda: studio.page.click("#new-direction"))
    near = studio.recipe()
    assert near["amount"] == 0.4
    studio.page.focus("#intensity")
    studio.changes(lambda: studio.page.keyboard.press("End"))
    studio.page.wait_for_function("() => document.querySelector('#intensity-value').textContent === '1.50'")
    far = studio.recipe()
    assert far["amount"] == 1.5
    gone = np.array(far["latent"]) - np.array(near["latent"])
    assert np.abs(gone).max() > 0.5
    studio.changes(lambda: studio.page.keyboard.press("Control+z"))
    assert "amount" not in studio.recipe() or studio.recipe()["amount"] != 1.5


def test_space_plays_the_selected_kick_wherever_pointer_and_focus_are(studio):
    page = studio.page

    def plays(where):
        before, name = studio.recipe(), page.get_attribute("#kick-line", "title")
        page.evaluate("window.heard.length = 0")
        page.keyboard.press("Space")
        page.wait_for_function("() => window.heard.length")
        page.wait_for_timeout(150)  # that a second one comes would show by then
        assert [one["name"] for one in studio.heard()] == [name], where
        assert studio.recipe() == before, where

    page.mouse.click(*studio.kick(0.1, 0.9))  # the map has the focus, and the pointer is on a kick of it
    page.wait_for_timeout(300)
    studio.changes(lambda: page.keyboard.press("r"))
    plays("the map, after a re-roll")
    for control in ("#reroll", "#new-direction", "#theme", "#tab-take", "#undo", "#tab-targets", "#favourite"):
        if control in ("#reroll", "#new-direction", "#undo"):
            studio.changes(lambda: page.click(control))  # noqa: B023  # it is called at once
        else:
            page.click(control)
        page.wait_for_timeout(300)
        plays(control)
    page.click("#favourite")
    page.focus("#control-decay")
    plays("a slider")
    page.keyboard.press("Tab")  # who comes with Tab presses buttons with Space, as everywhere
    page.focus("#reroll")
    studio.changes(lambda: page.keyboard.press("Space"))
    page.click("#tab-take")
    page.fill("#kit-name", "Two")
    page.keyboard.press("Space")
    assert page.input_value("#kit-name") == "Two "
    page.fill("#kit-name", "Studio Kit")


def test_the_page_opens_with_the_kick_that_was_chosen_for_it(browser, address):
    studio = Watched(browser, address)
    studio.whole()
    assert studio.recipe()["seed"] == opening_seed(load_model())
    assert studio.page.is_disabled("#undo")
    studio.page.evaluate("localStorage.setItem('kickitout.kicks', 1)")
    studio.page.reload()
    studio.whole()
    assert studio.page.text_content("#count") == "1 kick"
    assert studio.troubles == []
    studio.context.close()


def test_the_map_can_be_used_without_a_mouse(studio):
    page = studio.page
    page.mouse.move(0, 0)
    page.focus("#map")
    for key in ("ArrowLeft", "ArrowRight"):  # the kick that the tests before have selected may be the last on a side
        page.keyboard.press(key)
        if studio.heard():
            break
    assert studio.heard()
    told = page.inner_text("#map-option", timeout=2000)
    assert "LUFS" in told
    studio.changes(lambda: page.keyboard.press("Enter"))
    assert "seed" in studio.recipe()
    studio.changes(lambda: page.keyboard.press("Shift+ArrowRight"))
    assert "latent" in studio.recipe()


def test_at_the_edge_of_the_map_a_key_stays_where_it_is(studio):
    page = studio.page
    page.mouse.move(0, 0)
    page.focus("#map")
    for _ in range(100):
        page.keyboard.press("ArrowLeft")
    told = page.inner_text("#map-option")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#map-option") == told
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#map-option") != told


def test_a_walk_ends_at_the_edge_of_the_map(studio):
    page, walks, ended = studio.page, [], []

    def rest():
        """Until all that was asked for has come, and nothing more is asked."""
        alike = 0
        while alike < 5:
            before = len(walks)
            page.wait_for_timeout(100)
            alike = alike + 1 if len(walks) == before == len(ended) else 0

    page.mouse.move(0, 0)
    page.mouse.click(*studio.kick(0.1, 0.9))
    page.on("request", note := lambda request: "/api/blend" in request.url and walks.append(request.post_data_json))
    page.on("requestfinished", end := lambda request: "/api/blend" in request.url and ended.append(request))
    width = page.locator("#map canvas").bounding_box()["width"]
    for _ in range(int(width / 26) + 1):  # pixels of a step
        page.keyboard.press("Shift+ArrowRight")
    rest()
    before, there = len(walks), studio.recipe()
    for _ in range(20):
        page.keyboard.press("Shift+ArrowRight")
    page.wait_for_timeout(300)
    assert (len(walks), studio.recipe()) == (before, there)
    studio.changes(lambda: page.keyboard.press("Shift+ArrowLeft"))  # and the way back is no longer
    beyond = []
    for far in (0, 700):  # a drag to the edge on the right, and on
        x, y = studio.dot(0.5)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20, y, steps=2)
        page.mouse.move(x + width / 2 + far, y)
        page.mouse.up()
        rest()
        beyond.append(walks[-1])
    assert beyond[0] == beyond[1]
    page.remove_listener("request", note)
    page.remove_listener("requestfinished", end)


def test_axes_are_picked_and_kept(studio):
    page = studio.page
    for side, axis in (("x", "sweep"), ("y", "sub"), ("colour", "brightness")):
        page.select_option(f"#axis-{side}", axis)
    assert json.loads(page.evaluate("localStorage.getItem('kickitout.axes')")) == {
        "x": "sweep", "y": "sub", "colour": "brightness"}  # fmt: skip
    for side, axis in (("x", "pitch"), ("y", "decay"), ("colour", "click")):
        page.select_option(f"#axis-{side}", axis)
