"""A page that plays a model in the browser makes the sounds that Python makes."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import struct
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from toy import made_once, toy, toy_dataset
from web import computed, painted, served

import kickitout
from kickitout.audio import decode_comment, decode_sound, encode_sound
from kickitout.cli import main
from kickitout.descriptors import cards as cards_of
from kickitout.descriptors import level_curve, pitch_curve
from kickitout.errors import UserError
from kickitout.export.sounds import SoundFormat, encode_kick
from kickitout.frontend import measure_curves
from kickitout.generation.load import load_model
from kickitout.generation.match import measured
from kickitout.generation.noise import LARGEST_SEED, normal
from kickitout.generation.shaping import Shape, shape
from kickitout.generation.vary import blend, interpolate, variations
from kickitout.kicks import kick_of
from kickitout.notes import note_name, to_hz, to_midi
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.studio.calibration import between, curve
from kickitout.studio.opening import best
from kickitout.studio.site import write_site

KICKS = 10  # on the map: as many as the tests need
TOLERANCE = 1e-4  # of full scale, -80 dB: the sums of a convolution are added in another order there


class Visit:
    """A browser on a site that a plain file server holds."""

    def __init__(self, browser, site):
        self.server = served(site)
        address = self.server.__enter__()
        self.troubles: list[str] = []
        self.page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
        self.page.on("console", lambda m: self.troubles.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda e: self.troubles.append(str(e)))
        local = (address, "data:", f"blob:{address}")
        self.page.on("request", lambda r: None if r.url.startswith(local) else self.troubles.append(r.url))
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]", timeout=60_000)
        self.page.evaluate("import('/js/backend.js').then(({backend}) => { window.backend = backend; })")

    def waves(self, call):
        """[n, T]: the samples of the sounds of a call of the backend."""
        found = computed(self.page, f"() => backend.{call}.then((a) => a.sounds.map((s) => [...s.samples[0]]))")
        return np.array(found, np.float32)

    def close(self):
        self.page.context.close()
        self.server.__exit__(None, None, None)


@pytest.fixture(scope="module")
def site(runtime, tmp_path_factory):
    def write(folder):
        write_site("default", folder / "site", runtime=runtime, kicks=KICKS)

    return made_once(tmp_path_factory, "site", write) / "site"


@pytest.fixture(scope="module")
def visit(browser, site):
    found = Visit(browser, site)
    yield found
    found.close()


def test_seeds_become_the_same_noise_to_the_last_bit(visit):
    seeds = [0, 1, 7, 2**31, 123_456_789_012, LARGEST_SEED]
    found = visit.page.evaluate(
        "(seeds) => import('/js/noise.js').then(({normal}) => seeds.map((s) => [...normal(s, 401)]))", seeds
    )
    assert np.array_equal(np.array(found, np.float32), normal(seeds, 401))


def test_the_same_seed_is_the_same_sound(visit):
    seeds = [*range(8), 123_456_789]
    found = visit.waves(f"render([{', '.join(f'{{seed: {s}}}' for s in seeds)}])")
    assert np.abs(found - kickitout.generate(seeds)).max() < TOLERANCE


def test_a_kick_rings_as_long_as_in_python(visit):
    ring = [kick.channels.shape[1] for kick in kickitout.generate_kicks(range(64), length_s=2.0)]
    longer = [seed for seed, n in enumerate(ring) if LENGTH < n < 2 * SAMPLE_RATE][:2]
    seeds = [ring.index(2 * SAMPLE_RATE), *longer, ring.index(LENGTH)]  # to the end, less long twice, not at all
    recipes = [{"seed": seed, "length_s": 2.0} for seed in seeds]
    made = [kick_of(recipe).channels[0] for recipe in recipes]
    found = computed(
        visit.page, "(recipes) => backend.render(recipes).then((a) => a.sounds.map((s) => [...s.samples[0]]))", recipes
    )
    assert [len(wave) for wave in found] == [len(wave) for wave in made]
    assert len(made[0]) == 2 * SAMPLE_RATE
    assert len(made[-1]) == LENGTH < len(made[1])
    for here, there in zip(found, made, strict=True):
        assert np.abs(np.array(here) - there).max() < TOLERANCE
    page = visit.page
    page.evaluate("backend.vary({seed: 5, length_s: 2}, [1], 0.1).then((a) => { window.varied = a.sounds[0].recipe; })")
    assert page.evaluate("window.varied.length_s") == 2
    page.evaluate("backend.render([{seed: 5, length_s: 9}]).catch((error) => { window.said = error.message; })")
    page.wait_for_function("() => window.said === 'length_s: 0.5 to 4 s work.'")


def test_variations_blends_morphs_and_controls_are_pythons(visit):
    model = load_model()
    latents = [model.render(normal([seed], model.info.noise_size)).latent for seed in (3, 5)]
    none = np.zeros(len(model.info.controls), np.float32)
    driven = none + np.float32([0] * (len(none) - 1) + [12])
    pairs = [
        ("vary({seed: 3}, [5, 6], 0.4)", variations(model, latents[0], [5, 6], 0.4)),
        ("morph({seed: 3}, {seed: 5}, 5)", interpolate(model, latents[0], latents[1], 5)),
        ("blend([{seed: 3}, {seed: 5}], [1, 2])", [blend(model, latents, [1, 2], [none, none])[0]]),
        (f"blend([{{seed: 3, controls: {driven.tolist()}}}, {{seed: 5}}], [1, 2])",
         [blend(model, latents, [1, 2], [driven, none])[0]]),
    ]  # fmt: skip
    for call, made in pairs:
        assert np.abs(visit.waves(call) - np.stack([one.wave[0] for one in made])).max() < TOLERANCE, call
    controls = np.zeros(len(model.info.controls), np.float32)
    controls[[model.info.controls.index("pitch"), -1]] = 5.0, 12.0
    moved = model.render(normal([3], model.info.noise_size), controls=controls).wave
    assert np.abs(visit.waves("match({pitch: 5, drive: 12}, {seed: 3}, 1)") - moved).max() < TOLERANCE


def test_pitch_and_level_of_a_kick_are_measured_as_the_card_measures_them(visit):
    """Of the very samples that the browser has: there in double precision, here partly in single."""
    high = kickitout.draw(2, [(0, 900), (100, 600), (480, 300)], rounds=1).recipe  # a sweep above the pass band
    made = computed(
        visit.page,
        "(recipes) => backend.render(recipes).then(({sounds}) => Promise.all(sounds.map(async (s) =>"
        " ({wave: [...s.samples[0]], ...await backend.analyse(s)}))))",
        [*({"seed": seed} for seed in (0, 1, 4, 9)), {"seed": 5, "length_s": 2.0}, high],
    )
    for one in made:
        wave = np.array(one["wave"], np.float32)
        (seconds, hz), (level_s, db) = pitch_curve(wave), level_curve(wave)
        assert np.allclose(one["pitch"]["ms"], 1000 * seconds, rtol=0, atol=1e-3)
        assert np.abs(cents(np.array(one["pitch"]["hz"]), hz)).max() < 0.1
        assert np.allclose(one["level"]["ms"], 1000 * level_s)
        assert np.abs(np.array(one["level"]["db"]) - db)[db > -90].max() < 0.05
    assert [point["curve"] for point in made[-1]["drawn"]["points"]] == ["pitch"] * 3


FALL = [[0, 220], [60, 55], [400, 48]], [[0, 0], [100, -3], [300, -20]]
HELD = [], [[0, 0], [80, -3], [400, -6]]  # longer than the kick rings by itself
RISE = [[0, 100], [100, 45], [480, 80]], []


def test_a_kick_follows_curves_as_it_does_in_python(visit):
    """Renders differ by TOLERANCE, and what is found for them by a last digit at most."""
    drawn = [(7, *FALL), (4, *HELD), (3, *RISE)]
    made = computed(
        visit.page,
        "async (drawn) => { const found = []; for (const [seed, pitch, level] of drawn) {"
        " const {sounds: [s], head} = await backend.draw({seed}, pitch, level, 6);"
        " const analysis = await backend.analyse(s);"
        " found.push({recipe: s.recipe, wave: [...s.samples[0]], points: head.points, drawn: analysis.drawn}); }"
        " return found; }",
        drawn,
    )
    for (seed, pitch, level), one in zip(drawn, made, strict=True):
        there = kickitout.draw(seed, pitch or None, level or None)
        curves = one["recipe"]["curves"]
        assert curves.keys() == there.recipe["curves"].keys()
        for row, step in (("bend_cents", 0.1), ("gain_db", 0.01), ("moment_ms", 0.1)):
            off = np.abs(np.subtract(curves.get(row, 0), there.recipe["curves"].get(row, 0)))
            assert np.quantile(off, 0.9) < 1.5 * step, (seed, row)
        assert np.abs(kickitout.render(one["recipe"]) - np.array(one["wave"], np.float32)).max() < TOLERANCE
        again = measure_curves(one["recipe"], load_model())
        for point, other, rendered in zip(one["points"], there.points, again.points, strict=True):
            near = 0.5 if point["curve"] == "pitch" else 0.02  # cents, dB
            assert (point["curve"], point["ms"], point["drawn"]) == (other.curve, other.ms, other.drawn)
            error = np.nan if point["error"] is None else point["error"]  # no pitch any more
            assert error == pytest.approx(other.error, abs=near, nan_ok=True)
            assert error == pytest.approx(rendered.error, abs=near, nan_ok=True)
        assert one["drawn"]["points"] == [pytest.approx(point, abs=1e-3) for point in one["points"]]
        assert one["drawn"]["zero_db"] == pytest.approx(again.zero_db, abs=0.01)


def test_a_morph_keeps_the_curves_that_both_ends_have(visit):
    """In whichever order their recipes say them: Python sorts what it writes."""
    curves = kickitout.draw(7, *FALL).recipe["curves"]
    turned = dict(reversed(curves.items()))
    other = {**curves, "pitch": RISE[0]}
    first = {"seed": 7, "curves": curves}
    lasts = [{"seed": 4, "curves": turned}, {"seed": 4, "curves": other}, {"seed": 4}]
    made = computed(
        visit.page,
        "([first, lasts]) => Promise.all(lasts.map((last) => backend.morph(first, last, 3).then(({sounds}) =>"
        " sounds.map((s) => ({curves: s.recipe.curves, wave: [...s.samples[0]]})))))",
        [first, lasts],
    )
    for last, ours in zip(lasts, made, strict=True):
        for here, there in zip(ours, kickitout.morph(first, last, 3), strict=True):
            assert here.get("curves") == there.recipe.get("curves")
            assert np.abs(np.array(here["wave"], np.float32) - there.wave).max() < TOLERANCE
    assert made[0][0]["curves"] == curves


def test_a_drag_is_followed_and_saved_without_a_server(visit, tmp_path):
    """The worker renders and measures, so every frame is painted; the file renders again in Python."""
    page = visit.page
    page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    select(page, page.evaluate("backend.opening().then(({ head }) => head.about.opening)"))
    page.click("#draw")
    page.wait_for_function("() => document.querySelector('.achieved.pitch')?.getAttribute('points')")  # it is measured
    page.evaluate("document.addEventListener('kick-sound', () => { window.rests = true; }, {once: true})")
    assert painted(page, "pitch", 30) >= 28  # the first and the last may fall beside the count
    page.wait_for_function("() => window.rests")  # the last render is played
    words = page.inner_text("#drawing tbody")
    assert words.count("pitch") == page.locator("[data-curve=pitch]").count()
    assert re.search(r"[\d.]+ cents", words)
    page.click("#tab-take")
    with page.expect_download() as download:
        page.click("#download")
    path = tmp_path / download.value.suggested_filename
    path.write_bytes(Path(download.value.path()).read_bytes())
    assert set(json.loads(decode_comment(path.read_bytes(), path.name))["curves"]) == {"pitch", "bend_cents"}
    assert main(["recipe", str(path), "--render", str(tmp_path / "again.wav")]) == 0
    saved, again = (decode_sound(one.read_bytes(), one.name).samples for one in (path, tmp_path / "again.wav"))
    assert np.abs(saved - again).max() < TOLERANCE
    page.click("#draw-reset")
    page.wait_for_function("() => document.querySelector('#drawing tbody').children.length === 0")
    page.click("#draw")


def select(page, seed):
    page.evaluate(
        "(seed) => Promise.all([import('/js/state.js'), backend.render([{seed}])])"
        ".then(([{state}, {sounds}]) => state.select(sounds[0], {}))",
        seed,
    )


def typed(page, control, text):
    """What stands beside a control after something was typed."""
    page.evaluate("import('/js/state.js').then(({state}) => { Object.assign(window, {state, before: state.sound}); })")
    classes = f"document.querySelector('#control-{control}-achieved').classList"
    page.evaluate(f"{classes}.remove('far')")  # what was said of the kick before answers nothing
    page.fill(f"#control-{control} ~ input", text)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "([id]) => document.querySelector(`#control-${id}-achieved.far`) || window.state.sound !== window.before",
        arg=[control],
    )  # a promise would not be awaited here
    return page.inner_text(f"#control-{control}-achieved")


def heard_hz(page):
    """What the card says of the samples that the browser has played."""
    wave = computed(page, "() => import('/js/state.js').then(({state}) => [...state.sound.samples[0]])")
    return measured(np.array(wave, np.float32)[None])["pitch_end_hz"]


def cents(a, b):
    return 1200 * np.log2(a / b)


def test_a_note_is_offered_on_kicks_of_the_map_and_it_sounds(visit):
    """The card of what the browser plays says the Hz that stood beside the control, and mostly those of the note."""
    page = visit.page
    page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    page.click("#tab-targets")
    cards = page.evaluate("fetch('/site.json').then((r) => r.json()).then((site) => site.cards)")
    reach = {seed: [turn for turn, _ in one["points"].get("pitch", [])] for seed, one in enumerate(cards)}
    clear = [all(b[1] > a[1] for a, b in pairwise(one["points"].get("pitch", []))) for one in cards]
    pitched = [seed for seed, turns in reach.items() if clear[seed] and turns and turns[0] < -5 and turns[-1] > 5][:3]
    assert len(pitched) == 3
    missed = []
    for seed in pitched:
        home = round(to_midi(cards[seed]["card"]["pitch_end_hz"]))
        for note in (home - 4, home + 3):
            select(page, seed)
            came = typed(page, "pitch", note_name(note))
            assert came.startswith("≈"), (seed, came)
            within = float(came.split("±")[1].split()[0]) if "±" in came else 0
            hz, said = heard_hz(page), float(came.split()[1])
            assert abs(cents(hz, said)) < within + 1 + cents(said + 0.05, said), (seed, note)  # it has one decimal
            missed.append(abs(cents(hz, to_hz(note))))
    assert np.median(missed) < 6
    assert page.input_value("#control-pitch ~ input")[0] in "ABCDEFG"
    # Between two notes it is a line, and said to be less sure.
    select(page, pitched[0])
    home = round(to_midi(cards[pitched[0]]["card"]["pitch_end_hz"]))
    typed(page, "pitch", f"{note_name(home + 2)}+40")
    assert "±" in page.inner_text("#control-pitch-achieved")
    assert abs(cents(heard_hz(page), to_hz(home + 2.4))) < 60
    # The locked note stays while the rest is rolled, each time, wherever another kick of the map gets to it.
    before = pitched[0]
    for _ in range(12):
        page.click("#reroll")
        page.wait_for_function("() => document.querySelector('#targets-said').textContent.startsWith('seed')")
        seed = page.evaluate("import('/js/state.js').then(({state}) => state.sound.recipe.seed)")
        assert seed < KICKS
        assert seed != before
        before = seed
        came = page.inner_text("#control-pitch-achieved")
        assert abs(cents(float(came.split()[1]), to_hz(home + 2.4))) < 12
    page.click("#release")


def test_what_the_page_cannot_turn_to_is_said_in_what_was_typed(visit):
    page = visit.page
    page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    page.click("#tab-targets")
    seed = page.evaluate("backend.opening().then(({ head }) => head.about.opening)")
    select(page, seed)
    assert re.fullmatch(r"[\d.]+ to [\d.]+ Hz", typed(page, "pitch", "4 kHz"))
    low, high = (float(x) for x in re.findall(r"[\d.]+", page.inner_text("#control-pitch-achieved")))
    assert 900 < cents(high, low) < 1300  # about six semitones to either side
    assert re.fullmatch(r"≈ −?[\d.]+ dB ±[\d.]+ dB", typed(page, "click", "-24 dB"))
    page.click("#release")
    page.click("#new-direction")
    page.wait_for_function("() => document.querySelector('#kick-title').textContent.includes('kick_p')")
    assert typed(page, "pitch", "F1") == "no note is known of this kick"
    assert typed(page, "pitch", "99") == "−24 to 24 semitones"
    page.evaluate("document.activeElement.blur()")
    select(page, seed)
    assert page.inner_text("#control-pitch-achieved").startswith("≈")  # what was refused is not said of another kick


def test_it_opens_with_the_best_of_its_kicks(visit):
    found = cards_of(kickitout.generate(range(KICKS)))
    assert visit.page.evaluate("backend.opening().then(({ head }) => head.about.opening)") == best(found, load_model())


def test_opened_from_a_file_it_says_what_to_do(browser, site):
    page = browser.new_context().new_page()
    page.goto((site / "index.html").as_uri())
    page.wait_for_function("() => document.querySelector('#wrong').textContent.includes('python -m http.server')")
    assert page.is_visible("#wrong")
    page.context.close()
    dumb = browser.new_context(java_script_enabled=False).new_page()
    dumb.goto((site / "index.html").as_uri())
    assert "needs JavaScript" in dumb.inner_text("body")
    dumb.context.close()


UPDATE = """navigator.serviceWorker.getRegistration().then((found) => found.update()).then((found) =>
    new Promise((done) => found.installing.addEventListener('statechange', ({target}) => done(target.state))))"""


def test_it_plays_without_a_network_and_changes_over_to_a_newer_version(browser, site, tmp_path):
    """Under a sub-path; what is half of one version and half of another is not taken."""
    folder = tmp_path / "somewhere" / "kicks"
    shutil.copytree(site, folder)
    page = browser.new_context().new_page()
    page.set_default_timeout(60_000)

    def opened(name):
        page.wait_for_function("(name) => document.querySelector('#model').textContent.startsWith(name)", arg=name)
        page.wait_for_selector("html[data-ready=all]")

    with served(tmp_path) as address:
        page.goto(f"{address}somewhere/kicks/")
        opened("kickae")
        (first,) = page.evaluate("navigator.serviceWorker.ready.then(() => caches.keys())")
        assert first.startswith(f"kickitout {address}somewhere/kicks/ ")
        data, worker = (folder / "site.json").read_bytes(), (folder / "sw.js").read_text("utf-8")
        newer = data.replace(b'"name": "kickae-at-large"', b'"name": "newer"', 1)
        before, after = (base64.b64encode(hashlib.sha256(one).digest()).decode() for one in (data, newer))
        assert before in worker
        (folder / "sw.js").write_text(worker.replace(before, after).replace(first.split()[-1], "another"), "utf-8")
        assert page.evaluate(UPDATE) == "redundant"  # the file itself is the old one still
        (folder / "site.json").write_bytes(newer)
        assert page.evaluate(UPDATE) == "installed"
        page.reload()  # with the version that is kept, and then by itself with the newer one
        opened("newer")
        assert page.evaluate("caches.keys()") == [first.replace(first.split()[-1], "another")]
    for address in (page.url, f"{page.url}index.html?from=elsewhere#map"):
        page.goto(address)
        opened("newer")
    found = page.evaluate(
        "import('./js/backend.js').then(({backend}) => backend.render([{seed: 900}]))"
        ".then(({sounds}) => [...sounds[0].samples[0]])"
    )
    assert np.abs(np.array(found, np.float32) - kickitout.generate([900])[0]).max() < TOLERANCE
    page.context.close()


def test_all_that_a_visit_takes_is_small(site):
    """On a host that sends files as they are."""
    taken = sum(path.stat().st_size for path in site.rglob("*") if path.suffix != ".txt")
    assert taken < 9e6


def test_a_site_is_replaced_but_nothing_that_somebody_added_to_it(site, runtime, tmp_path):
    shutil.copytree(site, tmp_path / "site")
    (tmp_path / "site" / "CNAME").write_text("kicks.example")
    with pytest.raises(UserError, match="exists; force replaces a site"):
        write_site("default", tmp_path / "site", runtime=runtime, kicks=2)
    with pytest.raises(UserError, match="holds CNAME, which is not of the site"):
        write_site("default", tmp_path / "site", runtime=runtime, kicks=2, force=True)
    (tmp_path / "site" / "CNAME").unlink()
    (tmp_path / "site" / "site.json").write_text("changed")
    write_site("default", tmp_path / "site", runtime=runtime, kicks=2, force=True)
    assert len(json.loads((tmp_path / "site" / "site.json").read_text("utf-8"))["cards"]) == 2


def test_a_site_that_is_not_whole_says_so(browser, site, tmp_path):
    shutil.copytree(site, tmp_path / "site")
    (tmp_path / "site" / "site.json").unlink()
    with served(tmp_path / "site") as address:
        page = browser.new_context().new_page()
        page.goto(address)
        page.wait_for_function("() => document.querySelector('#wrong').textContent.startsWith('site.json')")
        page.context.close()


@pytest.mark.parametrize("bend", [0.0, 0.2, -0.2])
def test_each_note_that_is_near_is_looked_for(bend):
    """A tail that follows the control by more or less than it says: the notes are met all the same."""
    found = curve(lambda turns: np.array([35.3 + (1 + bend) * t + bend * np.sin(t) / 2 for t in turns]))
    assert [turn for turn, _ in found] == sorted(turn for turn, _ in found)
    for note in range(31, 40):
        assert min(abs(at - note) for _, at in found) < 0.06, note


def test_where_the_card_follows_another_partial_nothing_is_promised():
    assert curve(lambda turns: np.full(len(turns), np.nan)) == []
    found = curve(lambda turns: np.array([35.3 + t + 12 * (t > 2) for t in turns]))
    assert max(turn for turn, _ in found) <= 2
    assert curve(lambda turns: np.array([35.3 + t if abs(t) < 3 else np.nan for t in turns]))[-1][0] < 3


def test_how_well_a_line_between_points_does_is_measured():
    straight = [(float(t), 50 * 2 ** (t / 12)) for t in range(-6, 7)]
    assert between([straight]) == pytest.approx(0, abs=1e-6)
    zigzag = [(t, hz * 2 ** ((-1) ** i * 10 / 1200)) for i, (t, hz) in enumerate(straight)]
    assert between([zigzag]) == pytest.approx(20)
    assert np.isnan(between([straight[:3], []]))


def test_a_saved_wav_carries_a_recipe_that_both_sides_read(visit, tmp_path):
    page = visit.page
    select(page, page.evaluate("backend.opening().then(({ head }) => head.about.opening)"))
    page.click("#tab-take")
    with page.expect_download() as download:
        page.click("#download")
    name, data = download.value.suggested_filename, Path(download.value.path()).read_bytes()
    assert name.startswith("kick_")
    seed = page.evaluate("backend.opening().then(({ head }) => head.about.opening)")
    assert name.endswith(f"_s{seed:06d}.wav")
    saved = decode_sound(data, name)
    assert (saved.rate, saved.subtype) == (44_100, "PCM_24")
    assert np.abs(saved.samples[:, 0] - kickitout.generate([seed])[0]).max() < TOLERANCE
    assert json.loads(decode_comment(data, name))["seed"] == seed
    page.evaluate(
        "backend.invert(new Blob([JSON.stringify("
        "{kickitout: '1', seed: 3, knobs: [0, 0, 0, 0, 0, 0, 0, 0], rate: 48000, new: 1})]), 'a')"
        ".then(({sounds}) => { window.own = sounds[0].recipe; })"
    )
    own = page.evaluate("window.own")
    assert not {"rate", "knobs", "new"} & set(own)  # of the file, and not of the kick; in the words of format 2
    assert (own["controls"], own["format"]) == ([0] * 8, 2)
    (tmp_path / name).write_bytes(data)
    assert main(["recipe", str(tmp_path / name), "--render", str(tmp_path / "again.wav")]) == 0
    page.click("#new-direction")
    page.wait_for_function("() => document.querySelector('#kick-title').textContent.includes('kick_p')")
    page.click("#tab-card")
    page.wait_for_selector("#card-rows:has-text('the kicks of the map only')")
    page.evaluate(
        """(bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "again.wav"));
        document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
    }""",
        list((tmp_path / "again.wav").read_bytes()),
    )
    page.wait_for_function("() => document.querySelector('#mine-said').textContent.includes('its state is back')")
    assert page.get_attribute("#kick-line", "title") == name.removesuffix(".wav")


def opened(visit, *files):
    """What is said of each of the files, and the seed of the kick that it brings; None where it is refused."""
    return computed(
        visit.page,
        "async (files) => { const said = []; for (const file of files) {"
        " const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));"
        " said.push(await backend.invert(new Blob([bytes]), 'a.wav').then(({sounds, head}) =>"
        " [head.said, sounds[0].recipe.seed], (error) => [error.message, null])); } return said; }",
        [base64.b64encode(data).decode() for data in files],
    )


def test_a_file_that_this_model_made_brings_its_state_back_in_any_form(visit):
    kick, ringing = kickitout.generate_kicks([7, 5], length_s=2.0)
    forms = [SoundFormat(bits=bits) for bits in ("16", "24", "32f")]
    files = [encode_kick(one.recipe, one.channels, form)[1] for one in (kick, ringing) for form in forms]
    files += [encode_kick(kick.recipe, kick.channels, SoundFormat(pre_roll_ms=ms))[1] for ms in (0, 20.0)]
    quiet = {**kick.recipe, "gain_db": -3.0, "bits": "24", "rate": SAMPLE_RATE}
    files.append(encode_kick(quiet, kick.channels, SoundFormat(), comment=json.dumps(quiet))[1])
    own = computed(
        visit.page,
        "() => backend.render([{seed: 7}]).then(async ({sounds: [s]}) => { const files = []; for (const bits of"
        " ['16', '24', '32f']) files.push([...new Uint8Array(await (await backend.file(s, {bits})).arrayBuffer())]);"
        " return files; })",
    )
    files += [bytes(one) for one in own]
    files.append(extensible(files[1]))
    files.append(encode_kick(ringing.recipe, ringing.channels[:, :-3], SoundFormat())[1])  # renders may end so near
    found = opened(visit, *files)
    assert [said for said, _ in found] == ["made by this model: its state is back"] * len(files)
    assert [seed for _, seed in found] == [7, 7, 7, 5, 5, 5, 7, 7, 7, 7, 7, 7, 7, 5]


def extensible(data):
    """A WAV of 24 bits with the longer header that other programs write."""
    at = data.index(b"fmt ")
    (size,) = struct.unpack_from("<I", data, at + 4)
    kind, *form = struct.unpack_from("<HHIIHH", data, at + 8)
    guid = struct.pack("<H", kind) + bytes.fromhex("000000001000800000aa00389b71")
    head = struct.pack("<HHIIHHHHI", 0xFFFE, *form, 22, 24, 0) + guid
    data = data[:at] + b"fmt " + struct.pack("<I", len(head)) + head + data[at + 8 + size :]
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def test_of_a_file_that_is_not_its_kick_any_more_that_is_said(visit):
    """As the studio says it, see kickitout.frontend.opened: here are no samples to start from."""
    (kick,) = kickitout.generate_kicks([7])
    text = json.dumps({**kick.recipe, "bits": "24", "rate": SAMPLE_RATE}, sort_keys=True)
    snare = kickitout.generate([8])[0]
    quieter, cut, late = kick.wave * np.float32(0.99), kick.wave[:-3], np.roll(kick.wave, 3)
    stereo = np.stack([kick.wave, kick.wave], axis=1)
    replaced = [encode_sound(x, SAMPLE_RATE, comment=text) for x in (snare, quieter, cut, late, stereo)]
    (ringing,) = kickitout.generate_kicks([5], length_s=2.0)
    replaced.append(encode_kick(ringing.recipe, ringing.channels[:, :-500], SoundFormat())[1])
    kept = kickitout.inpaint(kick.wave, [0])[0]
    clicked = encode_kick(kept.recipe, kept.channels, SoundFormat())[1]
    shaped = {**kick.recipe, "shape": {"cents": 50.0}}
    tuned = encode_kick(shaped, shape(kick.channels, Shape(cents=50.0)), SoundFormat())[1]
    at_48k = encode_kick(kick.recipe, kick.channels, SoundFormat(rate=48_000))[1]
    found = opened(
        visit, *replaced, clicked, json.dumps(kept.recipe).encode(), tuned, json.dumps(kick.recipe).encode(), at_48k
    )
    studio = "kick studio, on your own machine, starts from any sound"
    assert found[:6] == [[f"a.wav: changed since this model made it; {studio}", None]] * 6
    assert found[6:] == [
        [f"a.wav: a kick that a sound file is a part of; {studio}", None],
        [f"a.wav: the recipe of a kick that a sound file is a part of; {studio}", None],
        ["made by this model and shaped for a kit since; this is the kick it was made from", 7],
        ["the kick of this recipe", 7],
        ["the kick of the recipe in it; its samples are compared at 44100 Hz alone", 7],
    ]


def test_pads_pattern_limiter_and_session_need_no_server(visit):
    page = visit.page
    page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    page.evaluate("window.played = []; document.addEventListener('kick-sound', (e) => played.push(e.detail.name))")
    page.click("#tab-beat")
    for key in "138":
        page.keyboard.press(key)
    assert page.evaluate("played.slice(1)") == ["snare", "open hat"]
    assert page.evaluate("played[0]").startswith("kick_")
    page.fill("#level", "12")
    page.click("#run")
    page.wait_for_function("() => /limiter −/.test(document.querySelector('#limiter-said').textContent)")
    page.click("#run")
    page.focus("#pads .pad >> nth=1")
    page.click("#pad-here")
    with page.expect_download() as download:
        page.click("#save-session")
    session = json.loads(Path(download.value.path()).read_bytes())
    assert session["pads"]["pads"][1]["plays"] == "kick"
    session["pattern"]["bpm"] = 77
    data = {"name": "s.json", "mimeType": "application/json", "buffer": json.dumps(session).encode()}
    page.set_input_files("#session-file", data)
    page.wait_for_function("() => document.querySelector('#session-said').textContent === 's.json is open.'")
    assert page.input_value("#tempo") == "77"


def test_fitting_a_loop_is_said_to_need_the_library(visit):
    visit.page.click("#tab-fit")
    assert "kick fit LOOP.wav" in visit.page.inner_text("#fit-said")
    assert visit.page.is_hidden("#fit-drop")


def test_favourites_are_taken_away_at_once(visit):
    page = visit.page
    page.reload()
    page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    page.evaluate("import('/js/backend.js').then(({backend}) => { window.backend = backend; })")
    select(page, page.evaluate("backend.opening().then(({ head }) => head.about.opening)"))
    page.click("#tab-take")
    page.click("#favourite")
    page.click("#new-direction")
    page.wait_for_function("() => document.querySelector('#kick-title').textContent.includes('kick_p')")
    page.click("#favourite")
    with page.expect_download() as download:
        page.click("#save-all")
    with zipfile.ZipFile(download.value.path()) as packed:
        assert packed.testzip() is None
        first, second, table = packed.namelist()
        known, unknown = csv.DictReader(io.StringIO(packed.read(table).decode()))
        seed = json.loads(decode_comment(packed.read(first), first))["seed"]
        wave = decode_sound(packed.read(first), first).samples[:, 0]
        assert json.loads(decode_comment(packed.read(second), second))["latent"]
    assert np.abs(wave - kickitout.generate([seed])[0]).max() < TOLERANCE
    assert float(known["pitch_end_hz"]) > 0
    assert (unknown["file"], unknown["pitch_end_hz"]) == (second, "")  # a kick that is made here has no card


def test_what_is_inside_a_wav_may_have_any_letters(visit):
    found = visit.page.evaluate(
        "import('/js/wav.js').then(({encodeWav}) => [...encodeWav([new Float32Array(3)], 44100, '16', 'Größe')])"
    )
    assert decode_comment(bytes(found), "x.wav") == "Größe"


def test_kicks_are_found_without_a_server(visit):
    page = visit.page
    page.click("#view-list")
    page.wait_for_function("(n) => document.querySelectorAll('#list-rows tr').length === n", arg=KICKS)
    assert not page.evaluate("document.querySelector('#find-style').checkVisibility()")  # there are none here
    page.click("#find-open")
    page.fill("#find-longest", "150")
    page.wait_for_function("() => / of /.test(document.querySelector('#count').textContent)")
    page.click("#find-clear")
    page.click("#list-rows tr >> nth=2")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelectorAll('#list-rows tr')[2].children[0].textContent === '★'")
    page.click("#view-map")
    page.click("#find-open")


def test_nothing_is_asked_of_another_machine_and_nothing_went_wrong(visit):
    visit.page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    assert visit.page.inner_text("#count") == f"{KICKS} kicks"
    assert visit.troubles == []


def test_a_model_that_the_user_trained_plays_in_the_browser(browser, runtime, tmp_path):
    pytest.importorskip("torch")
    from kickitout.training.budget import Until
    from kickitout.training.config import load_config
    from kickitout.training.session import train

    train(
        toy_dataset(tmp_path / "kicks", 12),
        load_config("dcgan-bands", toy("dcgan-bands")),
        tmp_path / "run",
        Until(steps=2),
    )
    site = tmp_path / "site"
    assert main(["export", str(tmp_path / "run"), "--web", "-o", str(site), "--runtime", str(runtime)]) == 0
    visit = Visit(browser, site)
    try:
        found = visit.waves("render([{seed: 1}, {seed: 2}])")
        assert np.abs(found - kickitout.generate([1, 2], tmp_path / "run")).max() < TOLERANCE
        assert visit.page.is_disabled("#new-direction")
        assert visit.troubles == []
    finally:
        visit.close()


def test_what_cannot_be_exported_is_said_in_a_sentence(runtime, tmp_path, capsys):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("x")
    (tmp_path / "other.tgz").write_bytes(b"something else")
    (tmp_path / "griffin.safetensors").write_bytes(b"x")
    (tmp_path / "taken" / "sw.js").write_text('FILES = {"a": ' + "[" * 100_000 + "}")
    cases = [
        (["--web", "-o", str(tmp_path / "taken"), "--force"], "is not a site that kickitout wrote"),
        (["--web", "-o", str(tmp_path / "new"), "--runtime", str(tmp_path / "other.tgz")], "sha512 differs"),
        ([str(tmp_path / "griffin.safetensors"), "--web", "-o", str(tmp_path / "new")], "needs PyTorch"),
        (["-o", str(tmp_path / "new.onnx")], "--web"),
    ]
    for args, words in cases:
        assert main(["export", *args]) == 2
        assert words in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["griffin.safetensors", "other.tgz", "taken"]
