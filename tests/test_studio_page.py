"""The studio in a real browser: every verb clicked, its bytes decoded, nothing asked of any other machine."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from studio import running

import kickitout
from kickitout.audio import decode_comment, decode_sound, encode_sound
from kickitout.descriptors import card
from kickitout.generation.load import load_model
from kickitout.sound import SAMPLE_RATE
from kickitout.studio.opening import opening_seed
from kickitout.synthesis.procedural import synthesise

pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)")
PICTURES = os.environ.get("KICKITOUT_SCREENSHOTS")
KICKS = 48  # on the map: as many as the tests need
SIZES = {"desktop": (1280, 720), "phone": (390, 844)}
TABS = ("targets", "mine", "context", "take", "card")
AXE = Path(__file__).parents[1] / "tools" / "page" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def address():
    with running() as (found, _):
        yield found


@pytest.fixture(scope="module")
def browser():
    args = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield found
        found.close()


class Watched:
    """A page, and what went wrong on it."""

    def __init__(self, browser, address, size="desktop", scheme="dark"):
        width, height = SIZES[size]
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        self.page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("console", lambda m: self.troubles.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.troubles.append(str(e)))
        self.page.on("request", lambda r: self._local(r.url, address))
        self.page.add_init_script(
            f"localStorage.getItem('kickitout.kicks') ?? localStorage.setItem('kickitout.kicks', {KICKS});"
            "window.heard = []; window.matched = [];"
            "document.addEventListener('kick-sound', (e) => window.heard.push(e.detail));"
            "document.addEventListener('kick-matched', (e) => window.matched.push(e.detail));"
        )
        self.page.set_default_timeout(20_000)
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]")

    def _local(self, url, address):
        if not url.startswith((address, "data:", f"blob:{address}")):
            self.troubles.append(f"asked for {url}")

    def whole(self):
        self.page.wait_for_selector("html[data-ready=all]", timeout=60_000)

    def recipe(self):
        """The selected kick's recipe, as its link has it."""
        return json.loads(
            self.page.evaluate("new URL(document.querySelector('#download').href).searchParams.get('recipe')")
        )

    def heard(self):
        return self.page.evaluate("window.heard")

    def changes(self, what):
        """Do it, and wait until another kick is selected."""
        before = self.page.evaluate("document.querySelector('#download').href")
        what()
        self.page.wait_for_function("(b) => document.querySelector('#download').href !== b", arg=before)

    def saved(self, selector):
        with self.page.expect_download() as download:
            self.page.click(selector)
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    def dot(self, share=0.5, height=0.5):
        """A place on the map, by shares of its width and height."""
        box = self.page.locator("#map canvas").bounding_box()
        return box["x"] + box["width"] * share, box["y"] + box["height"] * height

    def kick(self, first, last):
        """Where on the map, looked for from one share of its width to another, a kick answers to the pointer."""
        before = len(self.heard())
        for share in np.linspace(first, last, 15):
            for height in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2):
                place = self.dot(share, height)
                self.page.mouse.move(*place)
                self.page.wait_for_timeout(80)  # a hover is answered within 30 ms
                if len(self.heard()) > before:
                    return place
        raise AssertionError("no kick on this part of the map")


@pytest.fixture(scope="module")
def shared(browser, address):
    """One page for the tests that need no page of their own."""
    found = Watched(browser, address)
    found.whole()
    yield found
    found.context.close()


@pytest.fixture
def studio(shared):
    shared.troubles.clear()
    shared.page.evaluate("window.heard.length = 0")
    shared.page.click("#tab-targets")
    yield shared
    assert shared.troubles == []


def test_hovering_over_the_map_plays_at_once_without_asking_anybody(studio):
    """Measured in a browser, from pointer to sound: below 30 ms. Here, that nothing is waited for."""
    asked = []
    studio.page.on("request", note := lambda request: asked.append(request.url))
    for step in range(120):  # from one side of the map to the other, wherever the model's kicks lie on it
        x, y = studio.dot(0.05 + 0.9 * step / 120)
        studio.page.mouse.move(x, y + 80 * np.sin(step / 3))
    heard = studio.heard()
    assert len(heard) >= 8
    assert all(one["running"] and one["handledMs"] >= 0 for one in heard)
    studio.page.remove_listener("request", note)
    assert not [url for url in asked if "/api/" in url]


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


def test_favourites_are_kept_over_a_reload(browser, address):
    studio = Watched(browser, address)
    studio.page.keyboard.press("f")
    studio.changes(lambda: studio.page.click("#new-direction"))
    studio.page.click("#favourite")
    kept = studio.recipe()
    studio.page.reload()
    studio.page.wait_for_selector("#favourites .tile >> nth=1")
    assert studio.page.text_content("#kit-said") == "of your 2 favourites"  # as many as it would be made of
    studio.changes(lambda: studio.page.click("#favourites .tile >> nth=1"))
    assert studio.recipe()["latent"] == kept["latent"]
    studio.page.hover("#favourites .held >> nth=0")
    studio.page.click("#favourites .drop-it >> nth=0")
    assert studio.page.locator("#favourites .tile").count() == 1
    assert studio.page.text_content("#kit-said") == "of your favourite"
    assert studio.troubles == []
    studio.context.close()


def test_what_one_tab_keeps_or_gives_up_the_other_does_too(browser, address):
    studio = Watched(browser, address)
    one, two = studio.page, studio.context.new_page()
    two.goto(address)
    two.wait_for_selector("html[data-ready=all]", timeout=60_000)

    def tiles(page, n):
        page.wait_for_function("(n) => document.querySelectorAll('#favourites .tile').length === n", arg=n)

    def stored():
        return [recipe.get("seed") for recipe in json.loads(two.evaluate(f"localStorage.getItem({SHELF})"))]

    one.keyboard.press("f")  # the first kick
    tiles(two, 1)
    # The other one keeps another kick before it has heard of the last change: it must not write over it.
    two.evaluate(
        "import('/js/state.js').then(({state}) => localStorage.setItem(state.shelf,"
        " JSON.stringify([...state.stored(), {seed: 3}])))"
    )
    studio.changes(lambda: one.click("#reroll"))
    one.keyboard.press("f")
    tiles(one, 3)
    tiles(two, 3)
    assert stored()[1] == 3
    two.hover("#favourites .held >> nth=0")
    two.click("#favourites .drop-it >> nth=0")  # given up there is given up here
    tiles(one, 2)
    assert one.text_content("#kit-said") == "of your 2 favourites"
    one.evaluate(
        "import('/js/state.js').then(({state}) => localStorage.setItem(state.shelf,"
        " JSON.stringify(Array.from({length: 64}, (_, i) => ({seed: i})))))"
    )
    tiles(two, 64)
    studio.changes(lambda: one.click("#new-direction"))
    one.keyboard.press("f")  # no kick is pushed out unsaid
    one.wait_for_function("() => document.querySelector('#wrong').textContent.startsWith('64 favourites')")
    assert stored() == list(range(64))
    assert studio.troubles == []
    studio.context.close()


def test_space_plays_the_selected_kick_wherever_pointer_and_focus_are(studio):
    page = studio.page

    def plays(where):
        before, name = studio.recipe(), page.get_attribute("#kick-line", "title")
        page.evaluate("window.heard.length = 0")
        page.keyboard.press("Space")
        page.wait_for_timeout(150)
        assert [one["name"] for one in studio.heard()] == [name], where
        assert studio.recipe() == before, where

    page.mouse.click(*studio.kick(0.1, 0.9))  # the map has the focus, and the pointer is on a kick of it
    page.wait_for_timeout(300)
    studio.changes(lambda: page.keyboard.press("r"))
    plays("the map, after a re-roll")
    for control in ("#reroll", "#new-direction", "#theme", "#tab-take", "#undo", "#tab-targets", "#favourite"):
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


def test_an_asked_note_is_met_and_said_and_stays_while_the_rest_is_rolled(studio):
    studio.page.fill("#control-pitch ~ input", "F1")
    studio.changes(lambda: studio.page.keyboard.press("Enter"))
    studio.page.wait_for_function(
        "() => document.querySelector('#control-pitch-achieved').textContent.includes('cents')"
    )
    came = studio.page.inner_text("#control-pitch-achieved")
    assert abs(float(re.search(r"([±+−][\d.]+) cents", came)[1].replace("±", "").replace("−", "-"))) <= 1.0
    assert studio.page.get_attribute("[aria-label='Lock pitch']", "aria-pressed") == "true"
    studio.changes(lambda: studio.page.click("#reroll"))
    recipe = studio.recipe()
    assert set(recipe["targets"]) == {"pitch"}
    assert "cents" in studio.page.inner_text("#control-pitch-achieved")
    assert studio.page.inner_text("#kick-title").startswith(("F1", "E1", "F#1"))
    studio.page.click("#release")
    assert studio.page.get_attribute("[aria-label='Lock pitch']", "aria-pressed") == "false"


def test_every_locked_control_says_what_it_achieved_and_how_far_off_that_is(studio):
    page = studio.page
    page.reload()  # to the first kick, which has all that can be asked for
    studio.whole()
    page.click("#tab-targets")
    page.click("#release")
    controls = ("pitch", "sweep", "decay", "click", "tone", "balance", "drive")
    for name in controls:
        page.click(f"[aria-label='Lock {name}']")
    for name in controls:
        assert re.search(r"→ .+ [±+−][\d.]+ (cents|%|dB)$", page.inner_text(f"#control-{name}-achieved")), name
    page.click("#release")


def test_undo_goes_back_from_what_was_typed_and_from_a_turn_as_a_whole(studio):
    page = studio.page
    studio.changes(lambda: page.click("#new-direction"))
    before = studio.recipe()
    page.fill("#control-pitch ~ input", "55Hz")
    studio.changes(lambda: page.keyboard.press("Enter"))
    page.evaluate("document.activeElement.blur()")
    studio.changes(lambda: page.keyboard.press("Control+z"))
    assert studio.recipe() == before
    assert page.get_attribute("[aria-label='Lock pitch']", "aria-pressed") == "false"
    box = page.locator("#control-drive").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 10, y)
    page.mouse.down()
    for share in (0.3, 0.5, 0.7):
        studio.changes(lambda share=share: page.mouse.move(box["x"] + share * box["width"], y))
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('#said').textContent !== ''")
    page.click("#undo")
    assert studio.recipe() == before


def test_favourites_that_cannot_be_played_do_not_keep_the_map_away(browser, address):
    studio = Watched(browser, address)
    studio.whole()
    shelf = studio.page.evaluate("import('/js/state.js').then(({state}) => state.shelf)")
    studio.page.evaluate("(shelf) => localStorage.setItem(shelf, JSON.stringify([{ latent: [1, 2] }]))", shelf)
    studio.page.reload()
    studio.whole()
    assert "2 numbers given" in studio.page.inner_text("#wrong")
    assert studio.page.inner_text("#count") == f"{KICKS} kicks"
    studio.context.close()


def test_values_that_are_typed_faster_than_they_are_met_are_all_kept(studio):
    studio.page.click("#release")
    for name, text in (("pitch", "50Hz"), ("click", "-25dB"), ("drive", "6")):
        studio.page.fill(f"#control-{name} ~ input", text)
        studio.page.keyboard.press("Enter")
    studio.page.wait_for_function(
        "() => ['pitch', 'click', 'drive'].every((name) => document.querySelector('#download').href.includes(name))"
    )
    assert studio.recipe()["targets"] == {"pitch": 50, "click": -25, "drive": 6}
    studio.page.click("#release")


def test_a_control_that_moves_is_played_while_it_moves(studio):
    studio.page.focus("#control-click")
    studio.page.evaluate("window.matched.length = 0")
    studio.changes(lambda: studio.page.keyboard.press("ArrowRight"))
    studio.page.wait_for_function("() => window.matched.length > 0")
    assert studio.page.input_value("#control-click ~ input").endswith("dB")
    studio.page.fill("#control-decay ~ input", "a while")
    studio.page.keyboard.press("Enter")
    assert "to" in studio.page.inner_text("#control-decay-achieved")


@pytest.mark.parametrize(("form", "bits", "rate"), [("wav", "16", 48_000), ("flac", "24", 44_100)])
def test_a_saved_file_is_what_it_says_and_dropped_again_it_is_the_same_state(studio, form, bits, rate):
    studio.changes(lambda: studio.page.click("#new-direction"))
    studio.page.click("#tab-take")
    studio.page.select_option("#format", form)
    studio.page.select_option("#bits", bits)
    studio.page.select_option("#rate", str(rate))
    recipe = studio.recipe()
    name, data = studio.saved("#download")
    sound = decode_sound(data, name)
    assert (sound.rate, sound.container, sound.subtype) == (rate, form.upper(), f"PCM_{bits}")
    assert name == studio.page.inner_text("#file-name")
    assert re.fullmatch(rf"kick_([A-G]s?\d_)?(\d+ms_)?p[0-9a-f]{{6}}\.{form}", name)
    assert json.loads(decode_comment(data, name))["latent"] == recipe["latent"]
    studio.changes(lambda: studio.page.keyboard.press("Control+z"))
    drop(studio.page, (name, data))
    studio.page.wait_for_function("() => document.querySelector('#mine-said').textContent.includes('bit for bit')")
    assert studio.recipe()["latent"] == recipe["latent"]


def test_the_page_plays_the_samples_of_the_library_and_can_be_dragged_out(studio):
    studio.page.click("#tab-take")
    samples = studio.page.evaluate(
        "import('/js/backend.js').then(({backend}) => backend.map(7, 1))"
        ".then((answer) => Array.from(answer.sounds[0].samples[0]))"
    )
    assert np.array_equal(np.array(samples, np.float32), kickitout.generate([7])[0])
    dragged = studio.page.evaluate(
        """() => {
        const data = new DataTransfer();
        const link = document.querySelector('#download');
        link.dispatchEvent(new DragEvent('dragstart', {dataTransfer: data, bubbles: true}));
        return data.getData('DownloadURL');
    }"""
    )
    kind, name, url = dragged.split(":", 2)
    assert kind.startswith("audio/")
    assert name == studio.page.inner_text("#file-name")
    assert url == studio.page.evaluate("document.querySelector('#download').href")


def test_the_recipe_is_saved_too(studio):
    studio.page.click("#tab-take")
    name, data = studio.saved("#recipe")
    assert name.endswith(".json")
    saved = json.loads(data)
    assert saved["model_sha256"]
    assert saved == studio.recipe()


def test_ones_own_sound_is_inverted_varied_and_morphed(studio):
    wave = synthesise([8])[0][0]
    drop(studio.page, ("mine.flac", encode_sound(wave, SAMPLE_RATE, format="flac")))
    studio.page.wait_for_selector("#mine-pair:not([hidden])")
    assert "dB apart" in studio.page.inner_text("#mine-said")
    studio.page.click("#tab-card")
    hz = card(wave)["pitch_end_hz"]
    row = studio.page.inner_text("#card-rows tr:has(th:text-is('pitch_end_hz')) td >> nth=0")
    assert float(row.split()[0]) == pytest.approx(hz, rel=0.001)
    studio.page.click("#tab-targets")
    before = studio.page.input_value("#control-pitch ~ input")
    studio.page.fill("#control-pitch ~ input", "C1")
    studio.page.keyboard.press("Enter")
    studio.page.wait_for_function("() => document.querySelector('#wrong').textContent.includes('your own sound')")
    assert studio.page.input_value("#control-pitch ~ input") == before
    assert studio.page.get_attribute("[aria-label='Lock pitch']", "aria-pressed") == "false"
    studio.page.click("#tab-mine")
    studio.changes(lambda: studio.page.click("#use-reconstruction"))
    studio.page.click("#morph-a")
    studio.page.click("#vary")
    studio.page.wait_for_selector("#variations .tile >> nth=7")
    studio.changes(lambda: studio.page.click("#variations .tile >> nth=3"))
    varied = studio.recipe()
    studio.page.click("#morph-b")
    studio.page.wait_for_selector("#morph:not([disabled])")
    studio.page.focus("#morph")
    studio.changes(lambda: studio.page.keyboard.press("End"))
    assert np.abs(np.array(studio.recipe()["latent"]) - varied["latent"]).max() < 1e-5


def test_a_file_that_is_no_sound_is_answered_with_a_sentence(studio):
    drop(studio.page, ("notes.wav", b"these are words"))
    studio.page.wait_for_function("() => document.querySelector('#mine-said').textContent.includes('text, not audio')")
    words = {"mimeType": "audio/wav", "buffer": b"these are words"}
    studio.page.set_input_files("#file", [{"name": f"{name}.wav", **words} for name in ("one", "two")])
    studio.page.wait_for_function("() => document.querySelectorAll('#mine-said .far').length === 2")
    assert "two.wav: text" in studio.page.inner_text("#mine-said")
    studio.troubles[:] = [t for t in studio.troubles if "400" not in t]  # the browser's own line about the refusal


def test_every_file_that_is_dropped_has_its_line(studio):
    page, said = studio.page, "document.querySelector('#mine-said').innerText"
    kicks = synthesise([8, 9])[0]
    files = [
        ("a" * 199 + "\N{DRUM WITH DRUMSTICKS}.wav", b"these are words"),  # 200 UTF-16 units end within the drum
        ("one.flac", encode_sound(kicks[0], SAMPLE_RATE, format="flac")),
        ("two.flac", encode_sound(kicks[1], SAMPLE_RATE, format="flac")),
        ("empty.wav", b""),
    ]
    drop(page, *files)
    page.wait_for_function(f"() => {said}.includes('empty.wav: an empty file')", timeout=40_000)
    lines = page.evaluate(said).split("\n")
    lines = [line for line in lines if line]
    assert len(lines) == 4
    assert "\N{DRUM WITH DRUMSTICKS}" in lines[0]
    assert "text, not audio" in lines[0]
    assert all("dB apart" in line for line in lines[1:3])
    assert page.text_content("#kick-line") != ""
    assert page.get_attribute("#kick-line", "title") == "one.flac"  # the first that could be heard
    page.click("#mine-said button >> nth=1")
    assert page.get_attribute("#kick-line", "title") == "two.flac"
    assert page.inner_text("#mine-said [aria-current]").startswith("two.flac")
    page.click("#use-reconstruction")
    studio.troubles[:] = [t for t in studio.troubles if "400" not in t]


def test_a_dropped_folder_is_read(studio, tmp_path):
    page = studio.page
    (tmp_path / "kicks" / "more").mkdir(parents=True)
    (tmp_path / "notes").mkdir()
    (tmp_path / "kicks" / "b.wav").write_bytes(encode_sound(synthesise([8])[0][0], SAMPLE_RATE))
    for name in ("kicks/more/c.wav", "kicks/._b.wav", "kicks/.DS_Store", "kicks/readme.txt", "notes/readme.txt"):
        (tmp_path / name).write_text("words")
    drop_from_disk(page, tmp_path / "kicks", tmp_path / "notes")
    page.wait_for_function("() => !/reading|waits|inverting/.test(document.querySelector('#mine-said').innerText)")
    lines = [line for line in page.inner_text("#mine-said").split("\n") if line]
    assert [line.split(":")[0] for line in lines] == ["b.wav", "c.wav", "notes"]
    assert "dB apart" in lines[0]
    assert "text, not audio" in lines[1]
    assert "no sound in this folder" in lines[2]
    studio.changes(lambda: page.click("#use-reconstruction"))
    studio.troubles[:] = [t for t in studio.troubles if "400" not in t]


def test_a_file_that_is_gone_or_too_large_is_no_missing_studio(studio):
    asked = """(how) => import('/js/backend.js').then(({backend}) => {
        const file = new File(['x'], 'gone.wav');
        if (how === 'gone') file.arrayBuffer = () => Promise.reject(new DOMException('', 'NotReadableError'));
        else Object.defineProperty(file, 'size', {value: 65 * 2 ** 20});
        return backend.invert(file, file.name).then(() => 'heard', (error) => error.message); })"""
    assert "the browser cannot read it" in studio.page.evaluate(asked, "gone")
    assert "larger than 64 MB" in studio.page.evaluate(asked, "large")


def test_what_is_wrong_with_a_kit_is_said_in_the_words_of_the_page_and_goes_away(studio):
    page, troubles = studio.page, []
    page.click("#tab-take")
    wrong = {"note": ("H", ""), "layers": ("", "4"), "robins": ("2.5", "4"), "name": ("", "Studio Kit")}
    for field, (text, right) in wrong.items():
        page.fill(f"#kit-{field}", text)
        page.click("#make-kit")
        page.wait_for_function("() => document.querySelector('#kit-said.far')")
        troubles.append(page.text_content("#kit-said"))
        page.fill(f"#kit-{field}", right)
        assert page.text_content("#kit-said") == "of the selected kick; star more kicks and they are all in it"
        assert page.locator("#kit-said.far").count() == 0
    assert troubles[0] == "tune to H: not a note; write F1, F#1, Bb0, or F for the nearest F"
    assert troubles[1] == "layers: a whole number from 1 to 8 works."
    assert troubles[2] == "robins: a whole number from 1 to 8 works."
    assert troubles[3].startswith("name")
    assert not [text for text in troubles if "--" in text or "_" in text]
    assert page.text_content("#wrong") == ""
    studio.troubles[:] = [t for t in studio.troubles if "400" not in t]


def test_what_went_wrong_is_not_said_any_longer_than_it_is_so(studio):
    page = studio.page
    page.evaluate("import('/js/dom.js').then(({wrong}) => wrong(new Error('no')))")
    page.wait_for_function("() => document.querySelector('#wrong').textContent === 'no'")
    studio.changes(lambda: page.click("#new-direction"))
    assert page.text_content("#wrong") == ""
    page.fill("#control-decay ~ input", "a while")
    page.keyboard.press("Enter")
    assert " to " in page.inner_text("#control-decay-achieved")
    page.fill("#control-decay ~ input", "200 ms")
    assert " to " not in page.inner_text("#control-decay-achieved")
    studio.changes(lambda: page.keyboard.press("Enter"))
    page.click("#release")


def test_a_kit_is_made_of_the_favourites(studio):
    studio.page.click("#favourite")
    studio.page.click("#tab-take")
    studio.page.fill("#kit-name", "My Kit")
    studio.page.fill("#kit-layers", "2")
    studio.page.fill("#kit-robins", "1")
    studio.page.uncheck(".kit-format[value=hydrogen]")
    name, data = studio.saved("#make-kit")
    assert name == "My Kit.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = archive.namelist()
        for sample in (n for n in inside if n.endswith(".wav")):
            assert decode_sound(archive.read(sample), sample).rate == SAMPLE_RATE
    assert "My Kit/My Kit.sfz" in inside
    assert "My Kit/drumkit.xml" not in inside
    studio.page.click("#favourite")


def test_two_kicks_are_equally_loud_in_the_pattern(studio):
    page = studio.page
    page.click("#tab-context")
    page.click("#hold-a")
    studio.changes(lambda: page.mouse.click(*studio.dot(0.7)))
    said = page.inner_text("#matched-said").replace("−", "-")
    a, b = (float(x) for x in re.findall(r"at (-?[\d.]+) dB", said))
    lufs = page.evaluate(
        "import('/js/state.js').then(({state}) => state.steps.slice(-2).map((s) => s.sound.card.loudness_lufs))"
    )
    assert a + lufs[0] == pytest.approx(b + lufs[1], abs=0.11) or max(a, b) == pytest.approx(6.0, abs=0.1)
    page.evaluate(
        """() => {
        window.started = [];
        const start = AudioBufferSourceNode.prototype.start;
        AudioBufferSourceNode.prototype.start = function (...args) {
          window.started.push(args[0]);
          return start.apply(this, args);
        };
    }"""
    )
    page.fill("#tempo", "180")
    page.click("#steps .step >> nth=2")
    page.select_option("#under", "follow")
    page.click("#run")
    page.wait_for_function("() => window.started.length >= 5")
    page.click("#choose-a")
    page.click("#run")
    times = page.evaluate("window.started")
    gaps = np.round(np.diff(times) / (60 / 180 / 4)).astype(int)
    assert set(gaps) <= {2, 4}  # steps 1, 3, 5, 9, 13
    assert np.abs(np.diff(times) / (60 / 180 / 4) - gaps).max() < 1e-6
    assert page.inner_text("#run") == "Start"


def test_a_loop_of_ones_own_runs_under_the_pattern(studio):
    page = studio.page
    page.click("#tab-context")
    page.select_option("#under", "loop")
    tone = np.sin(2 * np.pi * 110 * np.arange(44_100) / 44_100).astype(np.float32)
    page.set_input_files("#loop", {"name": "loop.wav", "mimeType": "audio/wav", "buffer": encode_sound(tone, 44_100)})
    page.wait_for_function("() => document.querySelector('#loop-label').textContent.includes('1.0 s')")
    page.click("#run")
    page.wait_for_selector(".step.now")
    page.click("#run")


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


def test_tabs_are_walked_with_arrow_keys(studio):
    page = studio.page
    page.focus("#tab-targets")
    for tab in ("mine", "context", "take", "card", "targets"):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == f"tab-{tab}"
        assert page.is_visible(f"#{tab}")
        assert page.locator("[role=tabpanel]:visible").count() == 1


def test_axes_are_picked_and_kept(studio):
    page = studio.page
    for side, axis in (("x", "sweep"), ("y", "sub"), ("colour", "brightness")):
        page.select_option(f"#axis-{side}", axis)
    assert json.loads(page.evaluate("localStorage.getItem('kickitout.axes')")) == {
        "x": "sweep", "y": "sub", "colour": "brightness"}  # fmt: skip
    for side, axis in (("x", "pitch"), ("y", "decay"), ("colour", "click")):
        page.select_option(f"#axis-{side}", axis)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_every_size_and_theme_is_readable_named_and_inside_the_window(browser, address, size, scheme):
    studio = Watched(browser, address, size, scheme)
    page = studio.page
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    if size == "phone" or scheme == "light":
        page.click("#theme")
        page.click("#theme")
    page.keyboard.press("f")
    page.click("#tab-mine")
    page.click("#vary")
    page.wait_for_selector("#variations .tile >> nth=7")
    if PICTURES:
        studio.whole()
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
    for tab in TABS:
        page.click(f"#tab-{tab}")
        page.mouse.move(1, 1)
        assert page.evaluate(UNNAMED) == []
        assert page.evaluate(PALE) == []
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/studio-{size}-{scheme}-{tab}.png", full_page=size == "phone")
    assert studio.troubles == []
    studio.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_that_keeps_anybody_out(browser, address, size):
    """axe-core: the rules of WCAG 2.2 AA and the practices that browsers of the page aloud count on."""
    if not AXE.exists():
        pytest.skip("no axe: npm ci in tools/page")
    studio = Watched(browser, address, size, "light" if size == "phone" else "dark")
    page = studio.page
    page.keyboard.press("f")
    page.evaluate(AXE.read_text("utf-8"))
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    for tab in TABS:
        page.click(f"#tab-{tab}")
        if tab == "mine":
            page.click("#vary")
            page.wait_for_selector("#variations .tile >> nth=7")
        found = page.evaluate("(rules) => axe.run(document, { runOnly: rules })", rules)
        assert len(found["passes"]) > 30
        said = [f"{v['id']}: {v['help']}: {n['html'][:90]}" for v in found["violations"] for n in v["nodes"]]
        assert said == [], tab
    studio.context.close()


def test_what_a_screen_reader_is_told(studio):
    """The accessibility tree: regions, live ones among them, and controls that say their value as a person would."""
    tree = studio.page.locator("body").aria_snapshot()
    for part in (
        'banner:', 'main:', 'region "Explore":', 'region "Tools":', 'listbox "Map of kicks":', 'tablist "Tools":',
        'tab "Targets" [selected]', 'tabpanel "Targets":', 'slider "pitch"', 'textbox "pitch, typed"',
        'button "Lock pitch"', "- alert",
    ):  # fmt: skip
        assert part in tree, part
    assert studio.page.get_attribute("#said", "aria-live") == "polite"
    assert re.search(r"cents, [\d.]+ Hz$", studio.page.get_attribute("#control-pitch", "aria-valuetext"))
    studio.page.fill("#control-click ~ input", "-30dB")
    studio.changes(lambda: studio.page.keyboard.press("Enter"))
    studio.page.wait_for_function(
        "() => /click −[\\d.]+ dB, [\\d.−]+ dB off/.test(document.querySelector('#said').textContent)"
    )
    studio.page.click("#release")


# Where favourites are kept.
SHELF = "Object.keys(localStorage).find((key) => key.startsWith('kickitout.favourites'))"


def drop(page, *files):
    """Drop files (name, bytes) on the page."""
    page.evaluate(
        """(files) => {
        const data = new DataTransfer();
        for (const [name, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name));
        document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
    }""",
        [[name, list(data)] for name, data in files],
    )


def drop_from_disk(page, *paths):
    """Drop files and folders as a file manager does."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})


# Controls that nobody who listens to the page could tell apart.
UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, select, [role=listbox], canvas[role]')]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length ||
    document.getElementById(e.getAttribute('aria-labelledby') || '')))
  .map((e) => e.outerHTML.slice(0, 120))"""

# What a panel cuts off at its right edge; rows that are meant to be scrolled do not count.
CUT_OFF = """() => [...document.querySelectorAll('main > section')].flatMap((box) => {
  const edge = box.getBoundingClientRect().right + 0.5;
  return [...box.querySelectorAll('*')].filter((e) => e.checkVisibility() && !e.closest('.strip, .hidden'))
    .filter((e) => e.getBoundingClientRect().right > edge).map((e) => e.outerHTML.slice(0, 90)); })"""

# Text with less contrast than WCAG asks for (4.5, and 3 for large or bold text); what is disabled does not count.
PALE = """() => {
  const linear = (x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  return [...document.querySelectorAll('body *')]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
    .filter((e) => !e.closest(':disabled, .tile, [inert], .hidden, .skip'))
    .map((e) => { const style = getComputedStyle(e);
      const [a, b] = [light(parse(style.color).slice(0, 3)), light(ground(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), parseFloat(style.fontSize) >= 18.6 || +style.fontWeight >= 700 ? 3 : 4.5, e]; })
    .filter(([contrast, least]) => contrast < least).map(([c, , e]) => `${c.toFixed(2)} ${e.outerHTML.slice(0, 90)}`);
}"""
