"""Every verb of the page with the pointer, in four windows. What it saves is decoded, and is the library's to the last
bit; how it leaves the page is looked at: nothing is unnamed, pale, cut off or keeps anybody out.

KICKITOUT_SCREENSHOTS keeps the screenshots. Training has a walk of its own (test_studio_training.py).
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from fit_loops import spec
from readers import AXE, WINDOWS, keeps_out, pictured, unreadable
from studio import KICKS, Watched

import kickitout
from kickitout.audio import decode_comment, decode_sound, encode_sound
from kickitout.descriptors import card
from kickitout.generation.recipe import recipe_in
from kickitout.notes import note_name, to_hz, to_midi
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise
from kicklab.loops import render_loop

LAST_BIT = 2**-22  # of 24, with half of one for rounding


class Walk(Watched):
    """One page, from verb to verb."""

    def __init__(self, browser, address, size, scheme):
        super().__init__(browser, address, size, scheme)
        self.size, self.window = size, f"{size}-{scheme}"

    def looked_at(self, state, panel="#tools"):
        self.page.mouse.move(1, 1)
        pictured(self.page, f"studio-{self.window}-{state}", whole=self.size == "phone")
        assert unreadable(self.page) == [], state
        if AXE.exists():
            assert keeps_out(self.page, panel) == [], state

    def tab(self, name):
        self.page.click(f"#tab-{name}")

    def reads(self, selector, text):
        self.page.wait_for_function(
            "([what, text]) => document.querySelector(what)?.textContent.match(text)", arg=[selector, text]
        )

    def top(self, selector):
        """How far down the page it is."""
        script = "(one) => document.querySelector(one).getBoundingClientRect().top + scrollY"
        return self.page.evaluate(script, selector)

    def pressed(self, selector):
        return self.page.get_attribute(selector, "aria-pressed") == "true"

    def slides(self, selector, share):
        """Drag a slider's thumb there."""
        slider = self.page.locator(selector)
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        now = slider.evaluate("(one) => (one.value - one.min) / (one.max - one.min)")
        thumb = box["height"]  # as wide as it is high, or less

        def at(part):
            return box["x"] + thumb / 2 + part * (box["width"] - thumb), box["y"] + box["height"] / 2

        self.page.mouse.move(*at(now))
        self.page.mouse.down()
        self.page.mouse.move(*at((now + share) / 2))
        self.page.mouse.move(*at(share))
        self.page.mouse.up()

    def taken(self):
        """(recipe, samples) of the selected kick's WAV, which are those that the library renders from it."""
        self.tab("take")
        name, data = self.saved("#download")
        recipe = recipe_in(decode_comment(data, name), name)
        wave = decode_sound(data, name).samples
        assert np.abs(kickitout.render(recipe) - wave[:, 0]).max() < LAST_BIT
        return recipe, wave[:, 0]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), WINDOWS)
def test_every_verb_does_what_it_says_in_every_window(browser, address, size, scheme, tmp_path):
    walk = Walk(browser, address, size, scheme)
    walk.whole()
    assert walk.page.evaluate("document.documentElement.dataset.theme") == scheme
    for verb in (explore, find, draw, ask, vary, play, fit, take, open_session):
        verb(walk, tmp_path)
    walk.tab("card")
    assert walk.page.locator("#card-rows tr").count() > 10
    walk.looked_at("card")
    walk.tab("train")
    walk.reads("#train-folder", "runs$")
    walk.looked_at("train")
    walk.page.click("#theme")
    assert walk.page.evaluate("document.documentElement.dataset.theme") != scheme
    walk.looked_at("other-theme", "html")
    assert walk.troubles == []
    walk.context.close()


def explore(walk, _):
    """Select on the map, walk on from there, undo, keep."""
    page = walk.page
    page.locator("#map").scroll_into_view_if_needed()
    walk.changes(lambda: page.mouse.click(*walk.kick(0.3, 0.9)))
    selected = walk.recipe()
    assert walk.taken()[0]["seed"] == selected["seed"]
    walk.changes(lambda: page.click("#new-direction"))
    page.click("#favourite")
    walk.changes(lambda: walk.slides("#intensity", 0.6))
    assert "latent" in walk.recipe()
    walk.changes(lambda: page.click("#undo"))
    assert walk.recipe() == selected
    page.click("#favourite")
    walk.changes(lambda: page.click("#redo"))
    assert page.locator("#favourites .tile").count() == 2
    page.click("#play")
    walk.looked_at("explore", "html")


def find(walk, _):
    page = walk.page
    page.click("#find-open")
    page.click("#view-list")
    page.click("#list-rows tr >> nth=4")
    page.click("#find-like")
    walk.reads("#find-said", "0.0 dB away")
    walk.looked_at("list", "#explore")
    page.click("#find-clear")
    walk.reads("#count", f"^{KICKS} kicks$")
    page.click("#view-map")
    page.fill("#find-shortest", "150")
    walk.reads("#count", f"^\\d+ of {KICKS} kicks$")
    walk.looked_at("find", "#explore")
    page.click("#find-clear")
    page.click("#find-open")
    page.click("#enlarge")
    page.click("#large-in")
    assert page.inner_text("#large-said") == "83 ms to 417 ms of 500 ms"
    walk.looked_at("large", "#large")
    page.click("#large-close")


def draw(walk, _):
    """A point of the pitch, a third higher."""
    page = walk.page
    walk.first()
    walk.analysed()
    page.click("#draw")
    dot = page.locator("[data-curve=pitch][data-at='0'] circle").last
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 4, y + 10)
    walk.changes(lambda: page.mouse.move(x + 8, y + 20))
    page.mouse.up()
    page.wait_for_selector("#drawing tbody tr >> nth=1")
    walk.analysed()
    walk.looked_at("draw", "#kick")
    recipe, _ = walk.taken()
    assert set(recipe["curves"]) >= {"pitch", "bend_cents"}
    assert page.inner_text("#command").startswith("kick recipe ")  # its seed alone is another kick
    page.click("#draw-reset")
    page.click("#draw")


def ask(walk, _):
    """A note, and a level of the click; another kick with both."""
    page = walk.page
    walk.first()
    walk.tab("targets")
    page.fill("#control-pitch ~ input", "F1")
    walk.changes(lambda: page.click("#targets-help"))  # what was typed counts when the field is left
    page.evaluate("window.matched.length = 0")
    walk.slides("#control-click", 0.6)
    page.wait_for_function("() => window.matched.some((one) => !one.moving)")  # the control rests, and is met
    walk.reads("#control-pitch-achieved", "cents")
    walk.looked_at("ask")
    recipe, wave = walk.taken()
    assert set(recipe["targets"]) == {"pitch", "click"}
    assert 1200 * abs(np.log2(card(wave)["pitch_end_hz"] / to_hz(29))) < 2  # cents from F1
    walk.tab("targets")
    before = walk.top("#controls")
    walk.changes(lambda: page.click("#reroll"))  # by chance: how near this one comes is what the page says
    walk.analysed()
    assert walk.top("#controls") == before  # no control moves away from under the finger
    said = re.search(r"([\d.]+) Hz", page.inner_text("#control-pitch-achieved"))
    recipe, wave = walk.taken()
    assert set(recipe["targets"]) == {"pitch", "click"}
    hz = card(wave)["pitch_end_hz"]
    assert float(said[1]) == pytest.approx(hz, abs=0.06) if said else np.isnan(hz)
    walk.tab("targets")
    page.click("#release")
    assert not walk.pressed("[aria-label='Lock pitch']")


def vary(walk, tmp_path):
    """A sound of one's own, the model's version of it, variations, and what lies between two."""
    page = walk.page
    (tmp_path / "mine.wav").write_bytes(encode_sound(synthesise([8])[0][0], SAMPLE_RATE))
    walk.tab("mine")
    page.set_input_files("#file", tmp_path / "mine.wav")
    page.wait_for_selector("#mine-pair:not([hidden])")
    page.click("#play-own")
    page.click("#play-reconstruction")
    walk.changes(lambda: page.click("#use-reconstruction"))
    page.click("#morph-a")
    page.click("#vary")
    page.wait_for_selector("#variations .tile >> nth=7")
    walk.changes(lambda: page.click("#variations .tile >> nth=5"))
    page.click("#morph-b")
    page.wait_for_selector("#morph:not([disabled])")
    walk.changes(lambda: walk.slides("#morph", 0.5))
    walk.looked_at("vary")
    between, _ = walk.taken()
    assert "latent" in between
    page.click("#favourite")


def play(walk, tmp_path):
    """The pattern, the pads, a loop under it, A and B; the session as a file."""
    page = walk.page
    walk.tab("beat")
    step = page.locator(".step[data-track='open hat'] >> nth=6")
    step.click()
    assert step.get_attribute("aria-pressed") == "true"
    page.fill("#tempo", "141")
    page.click("#run")
    page.click("#hold-a")
    page.click("#choose-a")
    (tmp_path / "loop.wav").write_bytes(encode_sound(render_loop(spec(chords="none")), SAMPLE_RATE))
    page.select_option("#under", "loop")
    page.set_input_files("#loop", tmp_path / "loop.wav")
    walk.reads("#loop-label", "loop.wav \\(3.9 s\\)")
    walk.slides("#level", 0.4)
    page.wait_for_selector(".step.now")
    page.click("#run")
    before = len(walk.heard())
    for pad in range(8):
        page.click(f"#pads .pad >> nth={pad}")
    page.wait_for_function("(n) => window.heard.length >= n + 4", arg=before)  # four have no sound yet
    page.click("#pad-here")
    walk.looked_at("play")
    name, data = walk.saved("#save-session")
    assert name == "kick-session.json"
    session = json.loads(data)
    assert session["pattern"]["bpm"] == 141
    assert len(session["favourites"]) == 3
    (tmp_path / name).write_bytes(data)


def fit(walk, tmp_path):
    page = walk.page
    walk.tab("fit")
    page.select_option("#fit-n", "2")
    page.set_input_files("#fit-file", tmp_path / "loop.wav")
    page.wait_for_selector("#fit-kicks li:nth-child(2)", timeout=90_000)
    assert "bass: F" in page.inner_text("#fit-says")
    page.click("#fit-run")
    for button in ("#fit-alone", "#fit-before", "#fit-fitted", "#fit-ducked"):
        page.click(button)
    page.click("#fit-run")
    walk.looked_at("fit")
    walk.changes(lambda: page.click("#fit-kicks li:nth-child(2) button"))
    said = page.inner_text("#fit-kicks li:nth-child(2)")
    _, wave = walk.taken()
    note = note_name(round(to_midi(card(wave)["pitch_end_hz"])))
    assert f"tuned to {note}" in said


def take(walk, _):
    """Files of every kind."""
    page = walk.page
    walk.tab("take")
    walk.changes(lambda: page.select_option("#length", "2"))
    page.select_option("#format", "flac")
    page.select_option("#bits", "16")
    page.select_option("#rate", "48000")
    name, data = walk.saved("#download")
    sound = decode_sound(data, name)
    assert (sound.rate, sound.container, sound.subtype) == (48_000, "FLAC", "PCM_16")
    recipe = json.loads(walk.saved("#recipe")[1])
    assert recipe == walk.recipe()
    assert recipe_in(decode_comment(data, name), name) == {**recipe, "bits": "16", "rate": 48_000}
    page.select_option("#format", "wav")
    page.select_option("#rate", "44100")
    page.select_option("#bits", "24")  # with 16, what dither adds to a long end moves its pitch by cents
    name, data = walk.saved("#save-all")
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        *sounds, table = packed.namelist()
        rows = list(csv.DictReader(io.StringIO(packed.read(table).decode())))
        assert [row["file"] for row in rows] == sounds
        assert len(sounds) == 3
        for row in rows:
            wave = decode_sound(packed.read(row["file"]), row["file"]).samples[:, 0]
            assert float(row["pitch_end_hz"]) == pytest.approx(card(wave)["pitch_end_hz"], rel=1e-3)
    for box in page.locator(".kit-format").all():
        box.check()
    page.fill("#kit-layers", "2")
    page.fill("#kit-robins", "1")
    name, data = walk.saved("#make-kit")
    holds_a_kit(name, data)
    walk.looked_at("take")


def holds_a_kit(name, data):
    """Sounds that decode, in five formats that can be read; a multisample and an instrument are zips of their own."""
    with zipfile.ZipFile(io.BytesIO(data)) as kit:
        files = {one.rsplit("/", 1)[-1]: kit.read(one) for one in kit.namelist()}
    kinds = {one.rsplit(".", 1)[-1] for one in files}
    assert kinds >= {"wav", "sfz", "xml", "dspreset", "multisample", "xrni"}
    for one, inside in files.items():
        kind = one.rsplit(".", 1)[-1]
        if kind == "wav":
            assert decode_sound(inside, one).rate == SAMPLE_RATE
        elif kind in ("xml", "dspreset"):
            ElementTree.fromstring(inside)
        elif kind in ("multisample", "xrni"):
            with zipfile.ZipFile(io.BytesIO(inside)) as instrument:
                assert instrument.testzip() is None
                assert sum(sound.endswith(".wav") for sound in instrument.namelist()) >= 6
    assert files[name.replace(".zip", ".sfz")].count(b"<region>") == 6  # three kicks, two layers


def open_session(walk, tmp_path):
    """What was saved, in a page that has gone on since."""
    page = walk.page
    walk.tab("beat")
    page.fill("#tempo", "90")
    page.click("#favourites .held >> nth=0")
    page.click("#favourites .drop-it >> nth=0")
    page.set_input_files("#session-file", tmp_path / "kick-session.json")
    walk.reads("#session-said", "kick-session.json is open")
    page.wait_for_function("() => document.querySelectorAll('#favourites .tile').length === 3")
    page.reload()
    walk.whole()
    walk.tab("beat")
    again = json.loads(walk.saved("#save-session")[1])
    kept = json.loads((tmp_path / "kick-session.json").read_bytes())
    assert again["pattern"] == kept["pattern"]
    assert again["selected"] == kept["selected"]
    assert sorted(map(json.dumps, again["favourites"])) == sorted(map(json.dumps, kept["favourites"]))
