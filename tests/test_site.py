"""A page that plays a model in the browser makes the sounds that Python makes."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from toy import toy, toy_corpus

import kickitout
from kickitout.audio import decode_comment, decode_sound
from kickitout.cli import main
from kickitout.generation.ask import measured
from kickitout.generation.load import load_model
from kickitout.generation.noise import LARGEST_SEED, normal
from kickitout.generation.vary import blend, morph, vary
from kickitout.studio.site import PACKAGE, RUNTIME, write_site

sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)")
KICKS = 16  # on the map: as many as the tests need
TOLERANCE = 1e-4  # of full scale, -80 dB: the sums of a convolution are added in another order there


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """The archive of ONNX Runtime's browser build, from npm."""
    folder = tmp_path_factory.mktemp("npm")
    if shutil.which("npm") is None:
        pytest.skip("no npm, so no ONNX Runtime for browsers")
    done = subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch {PACKAGE}: {done.stderr[-200:]}")
    return folder / RUNTIME


@pytest.fixture(scope="module")
def browser():
    args = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield found
        found.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Visit:
    """A browser on a site that a plain file server holds."""

    def __init__(self, browser, site):
        handler = functools.partial(Quiet, directory=str(site))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{self.server.server_port}/"
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
        found = self.page.evaluate(f"backend.{call}.then((a) => a.sounds.map((s) => [...s.samples[0]]))")
        return np.array(found, np.float32)

    def close(self):
        self.page.context.close()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def visit(browser, runtime, tmp_path_factory):
    site = tmp_path_factory.mktemp("web") / "site"
    write_site("default", site, runtime=runtime, kicks=KICKS)
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
    found = visit.waves(f"play([{', '.join(f'{{seed: {s}}}' for s in seeds)}])")
    assert np.abs(found - kickitout.generate(seeds)).max() < TOLERANCE


def test_variations_blends_morphs_and_knobs_are_pythons(visit):
    model = load_model()
    places = [model.turn(normal([seed], model.info.latent)).place for seed in (3, 5)]
    pairs = [
        ("vary({seed: 3}, [5, 6], 0.4)", vary(model, places[0], [5, 6], 0.4)),
        ("morph({seed: 3}, {seed: 5}, 5)", morph(model, places[0], places[1], 5)),
        ("blend([{seed: 3}, {seed: 5}], [1, 2])", [blend(model, places, [1, 2])]),
    ]
    for call, made in pairs:
        assert np.abs(visit.waves(call) - np.stack([one.wave[0] for one in made])).max() < TOLERANCE, call
    knobs = np.zeros(len(model.info.knobs), np.float32)
    knobs[[model.info.knobs.index("pitch"), -1]] = 5.0, 12.0
    turned = model.turn(normal([3], model.info.latent), knobs=knobs).wave
    assert np.abs(visit.waves("ask({pitch: 5, drive: 12}, {seed: 3}, 1)") - turned).max() < TOLERANCE


def test_a_note_can_be_asked_for_where_the_knob_obeys(visit):
    page, model = visit.page, load_model()
    page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    promised = page.evaluate("backend.about().then((about) => about.aims)")
    base = page.evaluate("import('/js/state.js').then(({state}) => state.sound.base)")
    if "pitch" not in promised or not base["pitch_end_hz"]:
        pytest.skip("the knobs of this model promise nothing")
    goal = base["pitch_end_hz"] * 2 ** (3 / 12)
    page.click("#tab-ask")
    page.fill("#knob-pitch ~ input", f"{goal:.3f} Hz")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#knob-pitch-came').textContent.startsWith('≈')")
    page.wait_for_function("() => document.querySelector('#kick-title').textContent.includes('kick_s')")
    knobs = page.evaluate("import('/js/state.js').then(({state}) => state.sound.recipe.knobs)")
    assert knobs[0] == pytest.approx(3, abs=1e-3)  # the note was typed with three decimals
    assert page.input_value("#knob-pitch ~ input")[0] in "ABCDEFG"
    page.fill("#knob-pitch ~ input", "4 kHz")
    page.keyboard.press("Enter")
    assert " Hz to " in page.inner_text("#knob-pitch-came")
    page.evaluate("Math.random = () => 0.3")
    page.click("#reroll")
    page.wait_for_function("() => document.querySelector('#ask-said').textContent.startsWith('seed')")
    rolled = page.evaluate("import('/js/state.js').then(({state}) => [state.sound.recipe, state.sound.base])")
    assert rolled[0]["seed"] == int(0.3 * KICKS)
    if rolled[1]["pitch_end_hz"]:  # the locked note stays, on whatever kick
        assert rolled[1]["pitch_end_hz"] * 2 ** (rolled[0]["knobs"][0] / 12) == pytest.approx(goal, rel=1e-4)
    page.click("#undo")
    page.click("#undo")
    page.wait_for_function("() => !document.querySelector('#kick-title').textContent.includes('kick_s')")
    index = model.info.knobs.index("pitch")  # other kicks keep the promise about as well
    off = []
    for seed in range(1000, 1040):
        eps, knobs = normal([seed], model.info.latent), np.zeros(len(model.info.knobs), np.float32)
        knobs[index] = 3
        hz = [measured(model.turn(eps, knobs=k).wave)["pitch_end_hz"] for k in (None, knobs)]
        off.append(abs(1200 * np.log2(hz[1] / hz[0]) - 300))
    assert np.mean(np.array(off) <= promised["pitch"]["within"]) > 0.75


def test_a_saved_wav_carries_a_recipe_that_both_sides_read(visit, tmp_path):
    page = visit.page
    page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    page.click("#tab-take")
    with page.expect_download() as download:
        page.click("#download")
    name, data = download.value.suggested_filename, Path(download.value.path()).read_bytes()
    assert name.startswith("kick_")
    assert name.endswith("_s000000.wav")
    saved = decode_sound(data, name)
    assert (saved.rate, saved.subtype) == (44_100, "PCM_24")
    assert np.abs(saved.samples[:, 0] - kickitout.generate([0])[0]).max() < TOLERANCE
    assert json.loads(decode_comment(data, name))["seed"] == 0
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


def test_nothing_is_asked_of_another_machine_and_nothing_went_wrong(visit):
    visit.page.wait_for_selector("html[data-ready=all]", timeout=60_000)
    assert visit.page.inner_text("#count") == f"{KICKS} kicks"
    assert visit.troubles == []


def test_a_model_that_the_user_trained_plays_in_the_browser(browser, runtime, tmp_path):
    pytest.importorskip("torch")
    from kickitout.training.loop import Until, train
    from kickitout.training.recipe import load_recipe

    train(
        toy_corpus(tmp_path / "kicks", 12),
        load_recipe("dcgan-bands", toy("dcgan-bands")),
        tmp_path / "run",
        Until(steps=2),
    )
    site = tmp_path / "site"
    assert main(["export", str(tmp_path / "run"), "--web", "-o", str(site), "--runtime", str(runtime)]) == 0
    visit = Visit(browser, site)
    try:
        found = visit.waves("play([{seed: 1}, {seed: 2}])")
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
    cases = [
        (["--web", "-o", str(tmp_path / "taken"), "--force"], "exists"),
        (["--web", "-o", str(tmp_path / "new"), "--runtime", str(tmp_path / "other.tgz")], "sha512 differs"),
        ([str(tmp_path / "griffin.safetensors"), "--web", "-o", str(tmp_path / "new")], "needs PyTorch"),
        (["-o", str(tmp_path / "new.onnx")], "--web"),
    ]
    for args, words in cases:
        assert main(["export", *args]) == 2
        assert words in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["griffin.safetensors", "other.tgz", "taken"]
