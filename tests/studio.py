"""What the studio's tests share: replies unpacked, a studio that runs by itself, a page that is watched."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

HOME = "http://127.0.0.1:8808"
KICKS = 48  # on the map: as many as the tests need
SIZES = {"desktop": (1280, 720), "phone": (390, 844)}
# Calls of one verb wait in window.held, a function each that lets it go on; window.answered counts what came back.
HOLD = """(verb) => import('/js/backend.js').then(({ backend }) => {
  const own = backend[verb];
  window.held = []; window.answered = 0;
  backend[verb] = async (...order) => {
    await new Promise((go) => window.held.push(go));
    const reply = await own(...order);
    window.answered += 1;
    return reply;
  };
  window.letGo = () => { backend[verb] = own; window.held.forEach((go) => go()); };
})"""
# What a page does by chance (another kick, another direction), each run of a test does alike: Numerical Recipes' LCG.
SAME_CHANCE = "let last = 1; Math.random = () => (last = (1664525 * last + 1013904223) % 2 ** 32) / 2 ** 32"


def unpack(data: bytes) -> tuple[dict, np.ndarray]:
    """The JSON and the samples [sounds, channels, T] of a binary reply."""
    (size,) = struct.unpack("<I", data[:4])
    head = json.loads(data[4 : 4 + size])
    waves = np.frombuffer(data[4 + size :], "<f4").reshape(-1, head["channels"], head["length"])
    return head, waves


def sounds(reply):
    assert reply.status_code == 200, reply.text
    return unpack(reply.content)


def refused(reply, status, words):
    """A refusal is one sentence of JSON."""
    assert reply.status_code == status, reply.text[:200]
    sentence = reply.json()["error"]
    assert words in sentence
    assert "\n" not in sentence
    assert len(sentence) < 400


@contextmanager
def running(*args: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """(address, process) of `kick studio --port 0`; it ends with the block."""
    command = [sys.executable, "-m", "kickitout", "studio", "--port", "0", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("http://127.0.0.1:"), process.stderr.read() if process.stderr else ""
            yield line.split()[0], process
        finally:
            process.terminate()
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()  # or leaving the block would wait for it
                raise


class Watched:
    """A page, and what went wrong on it. before: a script that runs before those of the page."""

    def __init__(self, browser, address, size="desktop", scheme="dark", before=""):
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
            f"{SAME_CHANCE};"
            f"localStorage.getItem('kickitout.kicks') ?? localStorage.setItem('kickitout.kicks', {KICKS});"
            "window.heard = []; window.matched = [];"
            "document.addEventListener('kick-sound', (e) => window.heard.push(e.detail));"
            "document.addEventListener('kick-matched', (e) => window.matched.push(e.detail));" + before
        )
        self.page.set_default_timeout(60_000)
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready]")

    def _local(self, url, address):
        if not url.startswith((address, "data:", f"blob:{address}")):
            self.troubles.append(f"asked for {url}")

    def whole(self):
        self.page.wait_for_selector("html[data-ready=all]", timeout=60_000)

    def first(self):
        """Select the kick that the page opens with where nothing is kept, without locks."""
        self.page.evaluate(
            """async () => {
            const [{ backend }, { state }] = await Promise.all([import('/js/backend.js'), import('/js/state.js')]);
            const { sounds } = await backend.opening();
            state.select(sounds[0], {});
        }"""
        )

    def analysed(self):
        """Wait until the selected kick is: before, points that are drawn on are guessed, and then move."""
        self.page.evaluate(
            """Promise.all(['analysis', 'state'].map((name) => import(`/js/${name}.js`)))
            .then(([{ analysisOf }, { state }]) => { window.analysed = () => Boolean(analysisOf(state.sound)); })"""
        )
        self.page.wait_for_function("() => window.analysed()")

    def recipe(self):
        """The selected kick's recipe, as its link has it."""
        return json.loads(
            self.page.evaluate("new URL(document.querySelector('#download').href).searchParams.get('recipe')")
        )

    @contextmanager
    def holding(self, verb):
        """While it lasts, what the page asks the studio for by this verb waits in window.held until it is let go on."""
        self.page.evaluate(HOLD, verb)
        try:
            yield
        finally:
            self.page.evaluate("letGo()")

    def asked(self, calls):
        """Wait until so many calls are held, or say what had the focus when none came."""
        try:
            self.page.wait_for_function("(n) => window.held.length >= n", arg=calls)
        except Exception as error:
            there = self.page.evaluate("document.activeElement?.outerHTML.slice(0, 200)")
            raise AssertionError(f"{calls} calls did not come; the focus is at {there}; {self.troubles}") from error

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

    def drop_from_disk(self, selector, *paths):
        """Drop files and folders there, as a file manager does."""
        there = self.page.locator(selector)
        there.scroll_into_view_if_needed()
        box = there.bounding_box()
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        devtools = self.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
            devtools.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})

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
