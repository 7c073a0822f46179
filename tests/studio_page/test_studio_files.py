"""Sounds into the page and out of it, in a real browser: files saved and dropped, recipes, kits, favourites."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

import numpy as np
import pytest
from studio import KICKS, Watched
from web import computed

import kickitout
from kickitout.audio import decode_comment, decode_sound, encode_sound
from kickitout.descriptors import card
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

# Where favourites are kept.
SHELF = "Object.keys(localStorage).find((key) => key.startsWith('kickitout.favourites'))"


def test_favourites_are_kept_over_a_reload(browser, address):
    studio = Watched(browser, address)
    studio.page.keyboard.press("f")
    studio.changes(lambda: studio.page.click("#new-direction"))
    studio.page.click("#favourite")
    kept = studio.recipe()
    studio.page.reload()
    studio.page.wait_for_selector("#favourites .tile >> nth=1")
    assert studio.page.text_content("#kit-said") == "of your 2 favourites"  # as many as it would be made of
    assert studio.recipe()["latent"] == kept["latent"]  # what was selected still is
    studio.changes(lambda: studio.page.click("#favourites .tile >> nth=0"))
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


def test_all_favourites_are_saved_at_once_with_a_table_of_their_cards(browser, address):
    studio = Watched(browser, address)
    studio.page.click("#tab-take")
    assert studio.page.is_disabled("#save-all")
    studio.page.click("#favourite")
    first = studio.recipe()
    studio.changes(lambda: studio.page.click("#new-direction"))
    studio.page.click("#favourite")
    name, data = studio.saved("#save-all")
    assert name == "favourites.zip"
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        *sounds, table = packed.namelist()
        rows = list(csv.DictReader(io.StringIO(packed.read(table).decode())))
        assert [row["file"] for row in rows] == sounds
        waves = [decode_sound(packed.read(name), name).samples[:, 0] for name in sounds]
        assert json.loads(decode_comment(packed.read(sounds[0]), sounds[0]))["seed"] == first["seed"]
    for row, wave in zip(rows, waves, strict=True):
        assert float(row["pitch_end_hz"]) == pytest.approx(card(wave)["pitch_end_hz"], rel=1e-3)
    assert studio.troubles == []
    studio.context.close()


def test_a_kick_that_rings_longer_is_another_one(studio):
    found = studio.page.evaluate(
        """import('/js/state.js').then(({ same }) => [
          same({ seed: 1 }, { seed: 1, length_s: 0.5 }), same({ seed: 1 }, { seed: 1, length_s: 2 })])"""
    )
    assert found == [True, False]


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
    samples = computed(
        studio.page,
        "() => import('/js/backend.js').then(({backend}) => backend.map(7, 1))"
        ".then((answer) => Array.from(answer.sounds[0].samples[0]))",
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
    studio.drop_from_disk("#map", tmp_path / "kicks", tmp_path / "notes")
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
    assert troubles[0] == "note H: not a note; write F1, F#1, Bb0, or F for the nearest F"
    assert troubles[1] == "layers: a whole number from 1 to 8 works."
    assert troubles[2] == "robins: a whole number from 1 to 8 works."
    assert troubles[3].startswith("name")
    assert not [text for text in troubles if "--" in text or "_" in text]
    assert page.text_content("#wrong") == ""
    studio.troubles[:] = [t for t in studio.troubles if "400" not in t]


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


def test_a_kick_rings_for_as_long_as_is_chosen(studio):
    studio.page.click("#tab-take")
    studio.changes(lambda: studio.page.select_option("#length", "2"))
    recipe = studio.recipe()
    assert recipe["length_s"] == 2
    assert studio.page.evaluate("import('/js/state.js').then(({state}) => state.sound.samples[0].length)") == len(
        kickitout.render(recipe)
    )
    name, data = studio.saved("#download")
    assert json.loads(decode_comment(data, name))["length_s"] == 2
    if "seed" in recipe and not any(recipe.get("controls", [])) and not recipe.get("start"):
        assert studio.page.text_content("#command") == f"kick generate --seeds {recipe['seed']} --length 2s"
    studio.changes(lambda: studio.page.select_option("#length", "0.5"))
    assert studio.page.input_value("#length") == "0.5"
