"""A loop in a real browser: dropped, heard, its kicks in the mix, one after another and equally loud."""

from __future__ import annotations

import numpy as np
import pytest
from fit_loops import spec
from web import computed

from kickitout.audio import encode_sound
from kickitout.fitting.loop import read_loop
from kickitout.fitting.mix import ATTACK_SECONDS, DUCK_DB, LEAST_RELEASE_SECONDS, mixed
from kickitout.sound import SAMPLE_RATE
from kicklab.loops import render_loop

LOOP = spec(chords="none")


def wav(wave: np.ndarray) -> bytes:
    return encode_sound(wave, SAMPLE_RATE)


def test_a_loop_is_heard_and_its_kicks_play_in_the_mix(studio):
    page = studio.page
    page.click("#tab-fit")
    page.evaluate("window.mixes = []; document.addEventListener('kick-mix', (e) => window.mixes.push(e.detail))")
    page.select_option("#fit-n", "2")
    mine = {"name": "mine.wav", "mimeType": "audio/wav", "buffer": wav(render_loop(LOOP))}
    page.set_input_files("#fit-file", mine)
    page.wait_for_selector("#fit-kicks li:nth-child(2)", timeout=90_000)  # a dozen kicks are tried
    heard = page.inner_text("#fit-says")
    assert "BPM" in heard
    assert "bass: F" in heard
    assert page.get_attribute("#fit-low", "aria-label").startswith("Level below 150 Hz over 3.9 seconds, 8 beats, bass")
    first, second = page.locator("#fit-kicks li").all()
    assert "tuned to" in first.inner_text()
    assert first.inner_text().count("dB →") == 1
    studio.changes(lambda: second.locator("button").click())
    page.click("#fit-run")
    for button in ("#fit-alone", "#fit-before", "#fit-fitted", "#fit-ducked"):
        page.click(button)
    page.wait_for_function("() => window.mixes.length === 5")
    mixes = page.evaluate("window.mixes")
    assert [(one["choice"], one["ducked"]) for one in mixes] == [
        ("fitted", False), ("alone", False), ("before", False), ("fitted", False), ("fitted", True),
    ]  # fmt: skip
    assert {one["kick"] for one in mixes} == {1}
    assert max(one["peak"] for one in mixes) < 0.98
    page.click("#fit-run")
    assert page.inner_text("#fit-run") == "Play in the mix"
    assert page.evaluate("localStorage.getItem('kickitout.fit')") == "mine.wav"  # its name, and nothing else


def drop_loop(page, **given):
    """The loop, with what is said of it and of two kicks for it."""
    page.click("#tab-fit")
    page.select_option("#fit-n", "2")
    for name, value in given.items():
        page.fill(f"#fit-{name}", value)
    mine = {"name": "mine.wav", "mimeType": "audio/wav", "buffer": wav(render_loop(LOOP))}
    page.set_input_files("#fit-file", mine)


def test_what_is_known_of_a_loop_is_taken_and_a_change_hears_it_again(studio):
    page = studio.page
    page.click("#tab-fit")
    page.select_option("#fit-style", "808")
    drop_loop(page, bpm="93.5", key="Am")
    page.wait_for_selector("#fit-kicks li:nth-child(2)")
    heard = page.inner_text("#fit-says")
    assert "A minor" in heard
    assert "93.5 BPM" in heard
    assert studio.recipe()["style"]["name"] == "808"
    page.fill("#fit-key", "H")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fit-said.far")
    assert "key 'H': a tonic works" in page.inner_text("#fit-said")
    assert page.is_visible("#fit-found")  # what was found stays
    studio.troubles.clear()  # the browser's own line for a status of 400
    page.fill("#fit-bpm", "900")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#fit-said').textContent.startsWith('BPM: 30 to 300')")
    for field in ("#fit-key", "#fit-bpm"):
        page.fill(field, "")
    page.select_option("#fit-style", "")
    page.keyboard.press("Tab")
    page.wait_for_function("() => !document.querySelector('#fit-says').textContent.includes('93.5')")
    assert "key: F" in page.inner_text("#fit-says")
    assert "style" not in studio.recipe()


def test_a_note_and_a_decay_of_ones_own_take_the_place_of_the_loops(studio):
    page = studio.page
    drop_loop(page, note="D1", decay="0.3s")
    page.wait_for_function("() => document.querySelector('#fit-says').textContent.includes('decay 300 ms')")
    assert "asked for: pitch 36.71 Hz, decay 300 ms" in page.inner_text("#fit-says")
    assert "tuned to 36.71 Hz (D1)" in page.inner_text("#fit-kicks li:nth-child(1)")
    page.fill("#fit-note", "H1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fit-said.far")
    assert page.inner_text("#fit-said") == "note: F1, G#1+20 and 43.7Hz work."
    page.fill("#fit-note", "4Hz")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#fit-said').textContent.includes('from 20 to 400 Hz')")
    studio.troubles.clear()  # the browser's own line for a status of 400
    for field in ("#fit-note", "#fit-decay"):
        page.fill(field, "")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.querySelector('#fit-says').textContent.includes('asked for: ')")
    assert page.is_hidden("#fit-said.far")


def test_the_page_mixes_as_the_library_does(studio):
    loop = read_loop(render_loop(LOOP)[: 2 * SAMPLE_RATE])
    kick = (0.5 * np.exp(-np.arange(4000) / 900) * np.sin(np.arange(4000) / 20)).astype(np.float32)
    theirs = mixed(loop, kick, -3.0, 0.08)[:, 0]
    given = {
        "loop": loop.samples[:, 0].tolist(), "kick": kick.tolist(), "beats": loop.beats.tolist(),
        "duck": {"db": DUCK_DB, "attack_s": ATTACK_SECONDS, "least_release_s": LEAST_RELEASE_SECONDS},
    }  # fmt: skip
    ours = computed(
        studio.page,
        """async ({ loop, kick, beats, duck }) => {
          const { ducking, mixed } = await import("./js/mix.js");
          const channel = Float32Array.from(loop);
          const gain = ducking(loop.length, 44100, beats, duck, 0.08);
          return [...mixed([channel], 44100, beats, { samples: [Float32Array.from(kick)], gainDb: -3 }, gain, 0)[0]];
        }""",
        given,
    )
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


@pytest.mark.parametrize(("name", "data", "said"), [
    ("silence.wav", wav(np.zeros(2 * SAMPLE_RATE, np.float32)), "silence.wav: silent"),
    ("clip.mkv", b"\x1a\x45\xdf\xa3" + bytes(4000), "clip.mkv: a video"),
    ("set.wav", wav(np.zeros(20, np.float32)) + bytes(65 * 2**20), "set.wav: larger than 64 MB; a loop"),
])  # fmt: skip
def test_what_is_no_loop_is_one_sentence_where_it_was_dropped(studio, tmp_path, name, data, said):
    page = studio.page
    page.click("#tab-fit")
    (tmp_path / name).write_bytes(data)
    page.set_input_files("#fit-file", tmp_path / name)
    page.wait_for_selector("#fit-said.far")
    assert said in page.inner_text("#fit-said")
    assert page.is_hidden("#fit-found")
    studio.troubles.clear()  # the browser's own line for a status of 400


def test_a_loop_that_plays_takes_the_error_of_the_one_before_away(studio):
    page = studio.page
    page.click("#tab-beat")
    page.select_option("#under", "loop")
    bad = {"name": "bad.wav", "mimeType": "audio/wav", "buffer": b"no sound"}
    page.set_input_files("#loop", bad)
    page.wait_for_function("() => document.querySelector('#wrong').textContent.startsWith('bad.wav: ')")
    mine = {"name": "mine.wav", "mimeType": "audio/wav", "buffer": wav(np.zeros(SAMPLE_RATE, np.float32))}
    page.set_input_files("#loop", mine)
    page.wait_for_function("() => document.querySelector('#loop-label').textContent.startsWith('mine.wav (1.0 s)')")
    page.wait_for_function("() => document.querySelector('#wrong').textContent === ''", timeout=5000)  # else after 10 s
    page.select_option("#under", "none")


def test_a_loop_that_is_dropped_on_the_tab_is_no_kick(studio):
    page = studio.page
    page.click("#tab-fit")
    page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(10)], "tiny.wav"));
          const drop = new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true });
          document.querySelector("#fit-drop").dispatchEvent(drop);
        }"""
    )
    page.wait_for_selector("#fit-said.far")
    assert page.inner_text("#fit-said").startswith("tiny.wav: ")
    assert page.get_attribute("#tab-fit", "aria-selected") == "true"
    studio.troubles.clear()
