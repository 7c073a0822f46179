"""Finding kicks in a real browser: filters of the map, likeness, the list, the large waveform."""

from __future__ import annotations

import numpy as np
import pytest
from studio import KICKS

import kickitout
from kickitout.audio import encode_sound
from kickitout.sound import SAMPLE_RATE

ROWS = """() => [...document.querySelectorAll('#list-rows tr')]
  .map((row) => [...row.children].map((cell) => cell.textContent))"""
SHOWN = "(n) => document.querySelectorAll('#list-rows tr').length === n"


@pytest.fixture
def listed(studio):
    """The page with its list and its filters open; both are closed again."""
    page = studio.page
    page.click("#find-open")
    page.click("#view-list")
    page.wait_for_function(SHOWN, arg=KICKS)
    yield studio
    page.click("#find-clear")
    page.wait_for_function("(n) => document.querySelector('#count').textContent === `${n} kicks`", arg=KICKS)
    page.wait_for_function(SHOWN, arg=KICKS)
    page.click("#view-map")
    page.click("#find-open")


def rows(studio, at_most=KICKS):
    """The table, once it has fewer rows than that."""
    studio.page.wait_for_function(
        "(n) => { const rows = document.querySelectorAll('#list-rows tr').length;"
        " return rows < n && document.querySelector('#count').textContent.startsWith(`${rows} of `); }",
        arg=at_most,
    )
    return studio.page.evaluate(ROWS)


def numbers(table, column):
    return [float(row[column].split()[0].replace("−", "-")) for row in table if row[column] != "–"]


def test_the_map_shows_what_is_looked_for_and_says_how_many(listed):
    page = listed.page
    whole = page.evaluate(ROWS)
    name = next(row[2].split()[0].rstrip("0123456789-") for row in whole if row[2] != "–")
    page.select_option("#find-note", name)
    found = rows(listed)
    assert {row[2].split()[0].rstrip("0123456789-") for row in found} == {name}
    assert [row[1] for row in found] == [row[1] for row in whole if row[2].split()[0].rstrip("0123456789-") == name]
    page.select_option("#find-note", "")
    page.fill("#find-longest", "200")
    page.fill("#find-shortest", "100")
    found = rows(listed)
    assert found
    assert all(99.5 <= decay <= 200.5 for decay in numbers(found, 3))
    page.select_option("#find-bright", "dark")
    darker = rows(listed, len(found))
    assert {row[1] for row in darker} < {row[1] for row in found}
    page.fill("#find-shortest", "0")
    page.fill("#find-longest", "1")
    page.wait_for_function(
        "() => document.querySelector('#find-said').textContent.startsWith('No kick of the map is like that')"
    )


def test_a_length_that_ends_below_where_it_begins_is_said_to(listed):
    page = listed.page
    page.fill("#find-shortest", "400")
    page.fill("#find-longest", "100")
    page.wait_for_function(
        "(said) => document.querySelector('#find-said').textContent === said",
        arg="length: 400 ms is above 100 ms; the shorter one goes first.",
    )
    page.fill("#find-shortest", "99")
    page.fill("#find-longest", "99")  # so it may be, though no kick is
    page.wait_for_function("() => /loosen one|of 48 kicks/.test(document.querySelector('#find-said').textContent)")


def test_a_style_fills_the_map_with_its_kicks(listed):
    page = listed.page
    whole = [row[1] for row in page.evaluate(ROWS)]
    page.select_option("#find-style", "808")
    page.wait_for_function(
        "(name) => document.querySelectorAll('#list-rows tr').length === 48 &&"
        " document.querySelector('#list-rows th').textContent !== name",
        arg=whole[0],
    )
    styled = [row[1] for row in page.evaluate(ROWS)]
    assert not set(styled) & set(whole)
    kicks = kickitout.generate_kicks([0], style="808")
    listed.changes(lambda: page.click("#list-rows tr >> nth=0"))
    assert listed.recipe()["style"] == {"name": "808", "seed": 0}
    assert np.allclose(listed.recipe()["latent"], next(kicks).recipe["latent"])


def test_a_style_that_is_left_and_chosen_again_fills_the_map_once(listed):
    page, held = listed.page, []

    def hold(route):
        if not held and "first=24" in route.request.url:
            held.append(route)  # the second reply, until it is told to go on
        else:
            route.continue_()

    page.route("**/api/map?*", hold)
    page.select_option("#find-style", "808")
    while not held:
        page.wait_for_timeout(20)
    page.select_option("#find-style", "")
    page.wait_for_function(SHOWN, arg=0)
    page.select_option("#find-style", "808")
    held[0].continue_()
    page.wait_for_function(SHOWN, arg=KICKS)
    page.unroute("**/api/map?*", hold)
    names = [row[1] for row in page.evaluate(ROWS)]
    assert len(set(names)) == KICKS


def test_the_likest_come_first(listed, tmp_path):
    """A kick of the map, quieter, later and at another rate, is found again."""
    page = listed.page
    table = page.evaluate(ROWS)
    kick = kickitout.generate([11])[0]
    late = np.concatenate([np.zeros(900, np.float32), 0.3 * kick])[:, None]
    path = tmp_path / "mine.wav"
    path.write_bytes(encode_sound(late, SAMPLE_RATE))
    page.set_input_files("#find-file", path)
    found = rows(listed)
    assert len(found) == 24
    assert found[0][1] == table[11][1]
    said = page.text_content("#find-said")
    assert said.startswith("24 of 48 kicks, nearest to mine.wav: ")
    assert float(said.split(": ")[1].split()[0]) < 1.5  # dB
    page.click("#list-rows tr >> nth=5")
    page.click("#find-like")
    page.wait_for_function("() => document.querySelector('#find-said').textContent.includes(': 0.0 dB away')")
    path.write_text("no sound")
    page.set_input_files("#find-file", path)
    page.wait_for_function(
        "() => document.querySelector('#wrong').textContent.includes('mine.wav: the browser cannot read it')"
    )


def test_the_list_is_sorted_and_walked_with_the_keyboard(listed):
    page = listed.page
    page.click("#list-head [data-field=decay_t20_ms] button")
    page.wait_for_selector("#list-head [data-field=decay_t20_ms][aria-sort=ascending]")
    decays = numbers(page.evaluate(ROWS), 3)
    assert decays == sorted(decays)
    page.click("#list-head [data-field=decay_t20_ms] button")
    page.wait_for_selector("#list-head [data-field=decay_t20_ms][aria-sort=descending]")
    table = page.evaluate(ROWS)
    assert numbers(table, 3) == sorted(decays, reverse=True)
    page.focus("#list-rows tr[tabindex='0']")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.evaluate("window.heard.length = 0")
    listed.changes(lambda: page.keyboard.press("Enter"))
    assert [one["name"] for one in listed.heard()] == [table[1][1]]
    assert page.get_attribute("#list-rows tr >> nth=1", "aria-selected") == "true"
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelectorAll('#list-rows tr')[1].children[0].textContent === '★'")
    assert len(listed.heard()) == 1  # Space keeps here, and plays elsewhere
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelectorAll('#list-rows tr')[1].children[0].textContent === '☆'")


def test_the_large_waveform_zooms(studio):
    page = studio.page
    page.click("#enlarge")
    said = "document.querySelector('#large-said').textContent"
    page.wait_for_function(f"() => {said} === '0 ms to 500 ms of 500 ms'")
    page.keyboard.press("+")
    assert page.evaluate(said) == "83 ms to 417 ms of 500 ms"  # a factor of 1.5 around the middle
    page.keyboard.press("Home")
    assert page.evaluate(said).startswith("0 ms to 333 ms")
    box = page.locator("#large-wave").bounding_box()
    page.mouse.move(box["x"] + 1, box["y"] + 50)
    page.mouse.wheel(0, -2000)
    page.wait_for_function(
        f"() => {said}.startsWith('0.') && {said}.includes(' to 16.')"
    )  # what is under the pointer stays
    page.mouse.down()
    page.mouse.move(box["x"] - 100, box["y"] + 50)
    page.mouse.up()
    assert not page.evaluate(said).startswith("0.")  # dragged to the left: later
    page.click("#large-whole")
    assert page.evaluate(said) == "0 ms to 500 ms of 500 ms"
    page.keyboard.press("Escape")
    assert not page.is_visible("#large")


def test_two_fingers_zoom(studio):
    page = studio.page
    page.click("#enlarge")
    page.evaluate(
        """() => { const box = document.querySelector('#large-wave'); const at = box.getBoundingClientRect();
        box.setPointerCapture = () => {};
        const touch = (kind, id, share) => box.dispatchEvent(new PointerEvent(kind,
          { pointerId: id, pointerType: 'touch', clientX: at.x + share * at.width, bubbles: true }));
        touch('pointerdown', 7, 0.4); touch('pointerdown', 8, 0.6);
        touch('pointermove', 8, 0.8); touch('pointerup', 7, 0.4); touch('pointerup', 8, 0.8); }"""
    )
    said = page.text_content("#large-said")
    assert said == "100 ms to 350 ms of 500 ms"  # twice as far apart, and 200 ms stays under the first finger
    page.click("#large-close")
