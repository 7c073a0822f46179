"""Playing in a real browser: pads, a stand-in for a MIDI device, the pattern, and the limiter behind all of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from studio import Watched
from web import computed

import kickitout
from kickitout.audio import encode_sound
from kickitout.export.kits.build import build_kit
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import kicks_of_model
from kickitout.generation.load import load_model
from kickitout.generation.shaping import Shape, colour

QUEUED_MS = 20  # from an event to the audio hardware's queue, at most
# A Web MIDI that the test plugs devices into and pulls them out of; and a list of the sounds handed to the queue.
STAND_IN = """
  class Port extends EventTarget {
    constructor(id, name) {
      super();
      Object.assign(this, {id, name, type: 'input', state: 'connected', onmidimessage: null});
    }
    play(...data) {
      const event = new Event('midimessage');
      event.data = Uint8Array.from(data);
      this.onmidimessage?.(event);
    }
  }
  window.midi = Object.assign(new EventTarget(), {
    inputs: new Map(),
    plug(id, name) { this.inputs.set(id, new Port(id, name)); this.dispatchEvent(new Event('statechange')); },
    pull(id) { this.inputs.get(id).state = 'disconnected'; this.dispatchEvent(new Event('statechange')); },
  });
  window.asked = 0;
  navigator.requestMIDIAccess = async () => { window.asked += 1; return window.midi; };
  window.started = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (...args) {
    const at = performance.now(); const late = args[0] - this.context.currentTime;
    window.started.push({when: args[0], at, late, buffer: this.buffer, rate: this.playbackRate.value});
    return start.apply(this, args);
  };
"""
TELL = "window.started.map(({when, at, late, rate}) => ({when, at, late, rate}))"


AS_IT_WAS = """async (text) => {
  const names = ['session', 'state', 'dom'];
  const [{ openSession }, { state }, { right }] = await Promise.all(names.map((name) => import(`/js/${name}.js`)));
  state.favourites.forEach((sound) => state.toggleFavourite(sound));
  await openSession(new Blob([text]), 'as it was');
  document.activeElement.blur();
  right();
}"""


@pytest.fixture(scope="module")
def theatre(browser, address):
    """A page with the stand-in, and its session, for all tests of this file."""
    found = Watched(browser, address, before=STAND_IN)
    found.whole()
    found.page.click("#tab-beat")
    yield found, found.saved("#save-session")[1].decode()
    found.context.close()


@pytest.fixture
def stage(theatre):
    """The page as it was when it opened, whatever the tests before have done on it."""
    found, session = theatre
    found.troubles.clear()
    found.page.click("#tab-beat")
    found.page.evaluate(AS_IT_WAS, session)
    yield found
    assert found.troubles == []


@pytest.fixture
def played(stage):
    stage.page.evaluate("window.started.length = window.heard.length = 0")
    return lambda: stage.page.evaluate(TELL)


def plugged(page):
    """A device, where no test before has plugged it in: workers share the tests of a file."""
    if not page.evaluate("midi.inputs.has('a')"):
        page.click("#midi")
        page.wait_for_function("() => document.querySelector('#midi-said').textContent.startsWith('No MIDI device')")
        page.evaluate("midi.plug('a', 'Stand-in')")


def names(stage):
    return [one["name"] for one in stage.heard()]


def test_the_keys_1_to_8_play_the_pads_and_are_no_shortcut_where_one_types(stage, played):
    page = stage.page
    for key in "1378":
        page.keyboard.press(key)
    assert names(stage) == [page.get_attribute("#kick-line", "title"), "snare", "closed hat", "open hat"]
    page.keyboard.press("2")  # nothing is on it yet
    page.fill("#pad-note", "36")
    page.keyboard.press("1")
    page.click("#tab-take")
    page.focus("#kit-name")
    page.keyboard.press("3")
    page.fill("#kit-name", "Studio Kit")
    page.click("#tab-beat")
    page.uncheck("#pad-keys")
    page.keyboard.press("3")
    page.check("#pad-keys")
    assert len(played()) == 4


def test_a_stroke_is_in_the_audio_queue_within_20_ms_of_its_event(stage, played):
    page = stage.page
    page.evaluate("for (const _ of [1, 2]) document.querySelector('#midi').click()")
    page.wait_for_function("() => document.querySelector('#midi-said').textContent.startsWith('No MIDI device')")
    assert page.evaluate("window.asked") == 1  # or each stroke would come twice
    page.evaluate("midi.plug('a', 'Stand-in')")
    assert page.inner_text("#midi-said") == "Stand-in"
    page.evaluate(
        """async () => { const [{ prepareStrokes }, { state }, { drumSound }] =
          await Promise.all(['strokes', 'state', 'drums'].map((name) => import(`/js/${name}.js`)));
        for (const sound of [state.sound, drumSound('snare'), drumSound('closed hat')])
          await prepareStrokes(sound); }"""
    )  # as they are once the kick rests
    # Events of the page's own: those of the browser wait for a machine that does other things, too.
    page.evaluate(
        """for (const key of '1371') for (const kind of ['keydown', 'keyup'])
        document.body.dispatchEvent(new KeyboardEvent(kind, {key, code: `Digit${key}`, bubbles: true}))"""
    )
    page.evaluate("for (const v of [127, 80, 40, 5]) midi.inputs.get('a').play(0x99, 36, v)")
    page.locator("#pads .pad >> nth=2").click()
    assert len(played()) == 9
    assert all(one["late"] <= 0 for one in played())  # at once: it waits for nothing but the queue
    took = [one["handledMs"] for one in stage.heard()]
    assert min(took) >= 0
    assert np.median(took) < QUEUED_MS


def test_pads_have_the_velocity_layers_and_round_robins_of_kits(stage, played):
    """The samples and the levels that `kick kit` gives the same kick."""
    page = stage.page
    model = load_model()
    kit = build_kit(kicks_of_model(model, [40]), Plan("Same"))
    made = computed(
        page,
        """async () => {
        const { backend } = await import('/js/backend.js');
        const { prepareStrokes, strokeOf } = await import('/js/strokes.js');
        const { bufferOf } = await import('/js/audio.js');
        const [sound] = (await backend.render([{ seed: 40 }])).sounds;
        if (strokeOf(sound, 32, 1).buffer !== bufferOf(sound)) throw new Error('a stroke that waits for its layer');
        await prepareStrokes(sound);
        return [32, 64, 95, 127].flatMap((velocity) => [0, 1, 2, 3].map((robin) => {
          const { buffer, gain, rate } = strokeOf(sound, velocity, robin);
          return { gain, rate, wave: [...buffer.getChannelData(0)] };
        }));
    }""",
    )
    wave = kickitout.generate([40])
    shapes = [Shape(**sound.recipe["shape"]) for sound in kit.kicks[0].sounds]
    full = shapes[-4]  # the hardest layer, the first round robin: the kick itself, tuned
    for one, by in zip(made, shapes, strict=True):
        assert np.abs(np.array(one["wave"]) - colour(wave, by.tilt_db, by.click_db)[0]).max() < 1e-5
        assert 1200 * np.log2(one["rate"]) == pytest.approx(by.cents - full.cents, abs=0.002)
        assert 20 * np.log10(one["gain"]) == pytest.approx(by.gain_db - full.gain_db, abs=0.2)  # dB, of loudness


def test_strokes_in_a_row_are_round_robins(stage, played):
    page = stage.page
    page.evaluate(
        """async () => { const [{ prepareStrokes }, { drumSound }] =
          await Promise.all(['strokes', 'drums'].map((name) => import(`/js/${name}.js`)));
        await prepareStrokes(drumSound('snare')); }"""
    )
    for _ in range(5):
        page.keyboard.press("3")
    rates = [one["rate"] for one in played()]
    assert len({round(rate, 6) for rate in rates[:4]}) == 4
    assert rates[4] == rates[0]
    page.keyboard.press("Shift+3")  # softer
    steepest = page.evaluate(
        """[4, 5].map((i) => window.started[i].buffer.getChannelData(0).slice(0, 400))
        .map((wave) => wave.reduce((most, x, i) => Math.max(most, i ? Math.abs(x - wave[i - 1]) : 0), 0))"""
    )
    assert steepest[1] < 0.8 * steepest[0]  # and darker: with less of a click


def test_a_kick_is_put_on_a_pad_and_a_midi_key_learned(stage, played):
    page = stage.page
    plugged(page)
    page.focus("#pads .pad >> nth=1")
    page.click("#pad-here")
    name = page.get_attribute("#kick-line", "title")
    stage.changes(lambda: page.click("#new-direction"))
    page.evaluate("window.started.length = window.heard.length = 0")
    page.keyboard.press("2")
    assert names(stage) == [name]
    page.click("#pad-learn")
    page.evaluate("midi.inputs.get('a').play(0x90, 60, 100)")
    assert page.input_value("#pad-note") == "60"
    assert names(stage) == [name, name]
    page.evaluate("midi.inputs.get('a').play(0x90, 61, 100)")
    assert "Key 61 (C#4) has no pad" in page.inner_text("#midi-said")
    page.fill("#pad-note", "200")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#wrong').textContent.includes('from 0 to 127')")
    page.fill("#pad-note", "37")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#wrong').textContent === ''")


def test_a_midi_device_that_goes_is_one_sentence_and_leaves_no_key_down(stage, played):
    page = stage.page
    plugged(page)
    page.evaluate("for (const note of [36, 38, 42]) midi.inputs.get('a').play(0x90, note, 100)")
    assert page.locator(".pad.down").count() >= 3  # and those of the tests before, as none was let go
    page.evaluate("midi.pull('a')")
    assert page.inner_text("#wrong") == "Stand-in has gone; plug it in again, and it plays on."
    assert page.locator(".pad.down").count() == 0
    page.keyboard.press("1")  # all else goes on
    page.evaluate("midi.plug('b', 'Stand-in')")
    page.evaluate("midi.inputs.get('b').play(0x90, 38, 100); midi.inputs.get('b').play(0x80, 38, 0)")
    assert len(played()) == 5
    assert page.locator(".pad.down").count() == 0


# The pattern


@pytest.fixture
def beat(stage, played):
    """The pattern with the kick alone, and what is straight."""
    stage.page.evaluate(
        """for (const mute of document.querySelectorAll('.mute')) {
          if ((mute.textContent === 'kick') !== (mute.getAttribute('aria-pressed') === 'true')) mute.click();
        }"""
    )
    yield stage
    if stage.page.inner_text("#run") == "Stop":
        stage.page.click("#run")


def cell(page, track, step):
    return page.locator(f".step[data-track='{track}'] >> nth={step}")


def run_for(page, strokes):
    page.evaluate("window.started.length = 0")
    page.click("#run")
    page.wait_for_function("(n) => window.started.length >= n", arg=strokes)
    page.click("#run")


@pytest.mark.parametrize(("bpm", "swing"), [(220, 50), (220, 66), (93.5, 75)])
def test_steps_are_on_the_sample_where_tempo_and_swing_put_them(beat, played, bpm, swing):
    page = beat.page
    page.fill("#tempo", str(bpm))
    page.fill("#swing", str(swing))
    for step in (1, 3, 7):
        cell(page, "kick", step).click()
    run_for(page, 8)
    for step in (1, 3, 7):  # soft, then off
        cell(page, "kick", step).click()
        cell(page, "kick", step).click()
    sixteenth = 60 / bpm / 4
    steps = np.array([0, 1, 3, 4, 7, 8, 12])
    grid = steps * sixteenth + (steps % 2) * 2 * sixteenth * (swing / 100 - 0.5)
    when = np.array([one["when"] for one in played()])
    assert np.abs(when * 44_100 - np.round(when * 44_100)).max() < 1e-3
    # A page that was too late for the first step began with another one.
    bars = [((when - when[0] + first + 1e-4) % (16 * sixteenth)) - 1e-4 for first in grid]
    off = [np.abs(bar[:, None] - grid).min(axis=1).max() for bar in bars]
    assert min(off) <= 1 / 44_100 + 1e-9
    assert len(set(np.abs(bars[int(np.argmin(off))][:, None] - grid).argmin(axis=1))) >= 4


def test_a_tempo_is_tapped_typed_and_refused_beyond_30_to_220(beat):
    page = beat.page
    tapped = page.evaluate(
        """async () => {
        const { TapTempo } = await import('/js/tap.js');
        const tempo = (times) => { const taps = new TapTempo(); return times.map((ms) => taps.tap(ms)); };
        return [tempo([0, 500, 1003, 1499, 2000]), tempo([0, 350]), tempo([0, 100]),
                tempo([0, 500, 1000, 5000, 5400, 5800]), tempo([0, 500, 1000, 1300, 1600, 1900])];
    }"""
    )
    assert tapped[0][:2] == [None, 120]
    assert tapped[0][4] == pytest.approx(120, abs=0.1)
    assert tapped[1:3] == [[None, 171.4], [None, 220]]
    assert tapped[3][3:] == [None, 150, 150]  # a pause begins anew
    assert tapped[4][-1] == 200  # and so does another tempo
    page.evaluate("for (const _ of [1, 2]) dispatchEvent(new KeyboardEvent('keydown', {key: 't'}))")
    assert page.input_value("#tempo") == "220"  # as fast as can be
    page.fill("#tempo", "100")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("for (const _ of [1, 2]) document.querySelector('#tap').dispatchEvent(new Event('pointerdown'))")
    assert page.input_value("#tempo") == "220"
    page.fill("#tempo", "29")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#wrong').textContent.includes('30 to 220')")
    assert page.input_value("#tempo") == "220"
    page.fill("#tempo", "174.5")
    page.keyboard.press("Enter")
    assert page.input_value("#tempo") == "174.5"


def test_a_step_is_loud_soft_or_silent_by_click_or_by_key_in_either_bar(beat, played):
    page = beat.page
    page.fill("#tempo", "220")
    page.evaluate("document.activeElement.blur()")
    cell(page, "snare", 3).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "closed hat, step 3, soft"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "mute"  # the steps are one stop
    page.select_option("#bars", "2")
    page.click("#other-bar")
    assert cell(page, "kick", 0).get_attribute("aria-label") == "kick, step 17"
    for step in (0, 4, 8):
        cell(page, "kick", step).click()  # soft
    cell(page, "kick", 12).click()
    cell(page, "kick", 12).click()  # silent
    run_for(page, 8)
    when = np.array([one["when"] for one in played()])
    steps = np.round((when - when[0]) / (60 / 220 / 4), 3)
    # A page that was too late for a step began with another one, or left it out.
    assert any(set((steps + first) % 32) <= set(range(0, 28, 4)) for first in range(0, 28, 4))
    page.select_option("#bars", "1")
    assert cell(page, "kick", 12).get_attribute("aria-pressed") == "true"


def test_what_the_page_was_too_late_for_is_left_out_and_the_rest_is_in_time(beat, played):
    page = beat.page
    page.fill("#tempo", "220")
    page.evaluate("window.started.length = 0")
    page.click("#run")
    page.wait_for_function("() => window.started.length >= 1")
    page.evaluate("const until = performance.now() + 900; while (performance.now() < until);")  # a page that is busy
    page.wait_for_function("() => window.started.length >= 4")
    page.click("#run")
    when = np.array([one["when"] for one in played()])
    steps = np.diff(when) / (60 / 220 / 4)
    assert np.abs(steps - np.round(steps)).max() < 1e-3
    assert np.round(steps).max() > 4
    assert all(one["late"] > -0.1 for one in played())  # not one of the 13 steps that the page has slept through


def test_the_drums_are_a_snare_and_hats(stage):
    waves = computed(
        stage.page,
        "() => import('/js/drums.js')"
        ".then(({DRUMS, drumSound}) => DRUMS.map((drum) => [...drumSound(drum).samples[0]]))",
    )
    share = []
    for wave in waves:
        assert 0.2 < np.abs(wave).max() < 0.96
        assert abs(wave[-1]) < 1e-6
        power = np.abs(np.fft.rfft(wave)) ** 2
        share.append(power[: int(len(power) * 5000 / 22_050)].sum() / power.sum())
    assert share[0] > 0.5
    assert max(share[1:]) < 0.1
    assert len(waves[2]) > 4 * len(waves[1])


# The limiter


def true_peak_db(wave):
    """dBTP, from eight times the rate by a Fourier series: the whole band, where BS.1770's filters end below 20 kHz."""
    spectrum = np.fft.rfft(wave)
    finer = np.fft.irfft(np.concatenate([spectrum, np.zeros(7 * len(wave) // 2)]), 8 * len(wave)) * 8
    return 20 * np.log10(np.abs(finer).max())


def test_no_true_peak_passes_the_ceiling_whatever_comes_and_what_is_quiet_is_left_as_it_is(stage):
    rng = np.random.default_rng(3)
    t = np.arange(24_000)
    kick = np.pad(kickitout.generate([40])[0], (0, 1950))
    stacked = sum(np.roll(kick, shift) for shift in (0, 700, 1500, 9000))
    loud = [
        4 * stacked,
        1.4 * np.sin(np.pi / 2 * t + np.pi / 4),  # its peaks lie between the samples
        2 * np.sin(2 * np.pi * 21_900 / 44_100 * t + 0.3),
        4 * rng.standard_normal(24_000),
        np.where(t % 1999 == 7, 8.0, 0.0) * rng.uniform(-1, 1, 24_000),
        1.5 * rng.choice([-1.0, 1.0], 24_000),
        1.5 * np.sign(np.sin(2 * np.pi * 55 * t / 44_100 + 0.1)) + 4 * kick,
    ]
    quiet = 0.7 * kick
    gap = np.zeros(24_000)
    left = np.concatenate([quiet, *loud, gap]).astype(np.float32)
    right = np.concatenate([-quiet / 2, *reversed(loud), gap]).astype(np.float32)
    render = """async ({ left, right, bad }) => {
        const { limiterOf } = await import('/js/master.js');
        const ctx = new OfflineAudioContext(2, left.length, 44100);
        const limiter = await limiterOf(ctx);
        const source = ctx.createBufferSource();
        source.buffer = ctx.createBuffer(2, left.length, 44100);
        source.buffer.copyToChannel(Float32Array.from(left), 0);
        source.buffer.copyToChannel(Float32Array.from(right), 1);
        if (bad) source.buffer.getChannelData(0)[100] = NaN;
        source.connect(limiter).connect(ctx.destination);
        source.start();
        const made = await ctx.startRendering();
        const { DELAY } = await import('/js/limiter.js');
        return { delay: DELAY, waves: [0, 1].map((c) => [...made.getChannelData(c)]) };
    }"""
    made = computed(stage.page, render, {"left": left.tolist(), "right": right.tolist(), "bad": False})
    waves, delay = np.array(made["waves"]), made["delay"]
    assert max(true_peak_db(np.stack([left, right])[c]) for c in (0, 1)) > 12
    assert max(true_peak_db(wave) for wave in waves) <= -1
    assert 20 * np.log10(np.abs(waves).max()) == pytest.approx(-2, abs=0.02)  # a margin of 1 dB below it, and no lower
    assert np.array_equal(waves[:, delay : 20_000 + delay], np.stack([left, right])[:, :20_000])
    assert delay / 44_100 < 0.003
    bad = computed(stage.page, render, {"left": left[:4000].tolist(), "right": right[:4000].tolist(), "bad": True})
    assert np.isfinite(np.array(bad["waves"], float)).all()


def test_all_that_sounds_goes_through_the_level_and_the_limiter(stage, played):
    page = stage.page
    page.wait_for_function("() => document.querySelector('#limiter-said').textContent === ''")
    page.evaluate(
        """() => { const said = document.querySelector('#limiter-said'); window.limited = [];
        const watch = new MutationObserver(() => window.limited.push(said.textContent));
        watch.observe(said, { childList: true }); }"""
    )  # it is said for a moment only
    page.fill("#level", "12")
    assert page.inner_text("#level-value") == "12 dB"
    for key in "111":
        page.keyboard.press(key)
    page.wait_for_function("() => window.limited.some((text) => /limiter −/.test(text))")


# The session


def test_a_session_survives_a_reload_and_a_file_brings_it_back(stage, tmp_path):
    page = stage.page
    page.click("#tab-targets")
    page.fill("#control-drive ~ input", "7")
    stage.changes(lambda: page.keyboard.press("Enter"))
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("f")
    page.click("#tab-beat")
    page.fill("#tempo", "133.5")
    page.fill("#swing", "61")
    cell(page, "open hat", 6).click()
    page.locator("#pads .pad >> nth=4").focus()
    page.click("#pad-here")
    page.click("#hold-a")
    page.click("#choose-a")
    page.select_option("#under", "loop")
    tone = np.sin(np.arange(4410) / 9).astype(np.float32)
    page.set_input_files("#loop", {"name": "mine.wav", "mimeType": "audio/wav", "buffer": encode_sound(tone, 44_100)})
    page.wait_for_function("() => document.querySelector('#loop-label').textContent.includes('mine.wav (0.1 s)')")
    saved = json.loads(stage.saved("#save-session")[1])
    assert saved["selected"]["targets"] == {"drive": 7}

    def told():
        return page.evaluate(
            """[document.querySelector('#download').href, document.querySelector('#a-name').textContent,
            ...['#tempo', '#swing', '#under', '#pad-note'].map((id) => document.querySelector(id).value),
            ...[...document.querySelectorAll('.pad, .step')].map((e) => e.textContent + e.getAttribute('aria-pressed')),
            ...[...document.querySelectorAll('[aria-pressed]')].map((e) => e.getAttribute('aria-pressed')),
            document.querySelectorAll('#favourites .tile').length]"""
        )

    before = told()
    assert "true" in before
    page.reload()
    stage.whole()
    page.click("#tab-beat")
    page.locator("#pads .pad >> nth=4").focus()
    assert told() == before
    assert "mine.wav (choose it again)" in page.text_content("#loop-label")
    assert page.get_attribute("[aria-label='Lock drive']", "aria-pressed") == "true"
    assert page.is_disabled("#undo")
    # Something else, and the file brings it back.
    page.click("#tab-beat")
    stage.changes(lambda: page.click("#new-direction"))
    page.fill("#tempo", "60")
    page.click("#favourites .drop-it >> nth=0")
    assert told() != before
    opens(page, json.dumps(saved).encode())
    page.wait_for_function("() => document.querySelector('#session-said').textContent === 'my.json is open.'")
    page.wait_for_function("() => document.querySelectorAll('#favourites .tile').length > 0")
    page.locator("#pads .pad >> nth=4").focus()
    assert told() == before


def opens(page, data, name="my.json"):
    page.set_input_files("#session-file", {"name": name, "mimeType": "application/json", "buffer": data})


def test_a_file_that_is_no_session_of_this_model_is_one_sentence_and_nothing_is_lost(stage):
    page = stage.page
    page.click("#tab-beat")
    saved = json.loads(stage.saved("#save-session")[1])
    bad = [
        (b"RIFF\0\0", "holds no session"),
        (b'{"seed": 3, "kickitout": "1"}', "holds no session"),
        (json.dumps({**saved, "version": 2}).encode(), "another version (2); this page reads version 1"),
        (
            json.dumps({**saved, "model": {"name": "mine", "sha256": "ab" * 32}}).encode(),
            "another model (mine, abababab)",
        ),
        (json.dumps({**saved, "pattern": {**saved["pattern"], "bpm": 900}}).encode(), "a damaged session (pattern)"),
        (json.dumps({**saved, "pads": []}).encode(), "a damaged session (pads)"),
        (json.dumps({**saved, "favourites": [{"seed": 1, "model_sha256": "0" * 64}]}).encode(), "cannot be rendered"),
    ]
    for data, words in bad:
        page.evaluate("import('/js/dom.js').then(({right}) => right())")
        opens(page, data, "bad.json")
        page.wait_for_function("() => document.querySelector('#wrong').textContent.startsWith('bad.json: ')")
        assert words in page.inner_text("#wrong")
        assert "\n" not in page.inner_text("#wrong")
    assert json.loads(stage.saved("#save-session")[1]) == saved
    page.evaluate("import('/js/dom.js').then(({right}) => right())")
    stage.troubles[:] = [one for one in stage.troubles if "400" not in one and "422" not in one]  # the console's own
    page.evaluate(
        """(text) => {
        const data = new DataTransfer();
        data.items.add(new File([text], 'my.json'));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }""",
        json.dumps({**saved, "level_db": -9}),
    )
    page.wait_for_function("() => document.querySelector('#mine-said').textContent === 'my.json: the session is open'")
    assert page.input_value("#level") == "-9"


def test_a_kept_session_that_is_damaged_does_not_keep_the_page_away(stage):
    page = stage.page
    shelf = "Object.keys(localStorage).find((key) => key.startsWith('kickitout.session'))"
    page.evaluate("dispatchEvent(new Event('pagehide'))")  # what has changed is kept now, and not in a moment
    page.evaluate(
        f"const key = {shelf}; const kept = JSON.parse(localStorage.getItem(key)); kept.pads = 8;"
        "localStorage.setItem(key, JSON.stringify(kept));"
    )
    page.reload()
    words = "The session that this browser has kept: a damaged session (pads)"
    page.wait_for_function("(words) => document.querySelector('#wrong').textContent.startsWith(words)", arg=words)
    stage.whole()
    assert page.inner_text("#count").endswith("kicks")
    page.keyboard.press("1")
    assert len(page.evaluate(TELL)) == 1
