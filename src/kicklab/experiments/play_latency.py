"""How soon a struck pad is in the browser's audio queue: on a page at rest, and on one that is busy.

    kick lab measure play-latency [--strokes 150] [--page OLD_STUDIO_ADDRESS ...]

Keys are pressed in the browser, not in the page; MIDI comes from a thread of its own with the time at which it was
sent, as from a device: so what waits for the page's main thread counts. Busy is a pattern at 220 BPM, a map that goes
on growing, and another kick selected before every fifth stroke. With --page, studios that run already are measured in
turn with the one of this installation, stroke by stroke, so that all have the same load. Needs playwright and a
Chromium.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np

from kicklab.browser import driven_browser
from kicklab.experiments.studio import Studio

DEVICE = """
  class Port extends EventTarget {
    constructor() {
      super();
      Object.assign(this, {id: "a", name: "Stand-in", state: "connected", onmidimessage: null});
    }
  }
  const port = new Port();
  navigator.requestMIDIAccess = async () => Object.assign(new EventTarget(), { inputs: new Map([["a", port]]) });
  const code = `onmessage = ({ data }) => postMessage({ data, at: performance.timeOrigin + performance.now() })`;
  const device = new Worker(URL.createObjectURL(new Blob([code])));
  device.onmessage = ({ data: { data, at } }) => {
    const event = new Event("midimessage");
    event.data = Uint8Array.from(data);
    Object.defineProperty(event, "timeStamp", { value: at - performance.timeOrigin });
    port.onmidimessage?.(event);
  };
  window.device = device;
  window.took = [];
  window.blocked = 0;
  new PerformanceObserver((list) => { window.blocked += list.getEntries().length; }).observe({ type: "longtask" });
  document.addEventListener("kick-sound", ({ detail }) => window.took.push(detail.handledMs));
"""
BUSY = """() => {
  document.querySelector("#tempo").value = "220";
  document.querySelector("#tempo").dispatchEvent(new Event("input"));
  document.querySelector("#run").click();
  setInterval(() => document.querySelector("#more").click(), 400); // does nothing while the button is off
}"""
SELECT_EVERY = 5  # strokes
VELOCITIES = (127, 40, 90, 70)
KEYS = ("1", "Shift+1", "3", "Shift+7")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strokes", type=int, default=150, help="of each kind (default 150)")
    parser.add_argument("--page", action="append", default=[], metavar="ADDRESS", help="another studio that runs")


def run(args: argparse.Namespace) -> Iterator[str]:
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        browser, studio = stack.enter_context(driven_browser("play-latency", "play in")), Studio("default")
        stack.callback(studio.end)
        addresses = {"this studio": studio.address, **{f"the studio at {one}": one for one in args.page}}
        width = 20 + max(map(len, addresses))
        yield "```"
        yield f"a stroke to the audio queue, {os.cpu_count()} cores (load {load:.1f} from other work), n {args.strokes}"
        pages = {name: _opened(browser, address) for name, address in addresses.items()}
        for busy in (False, True):
            if busy:
                for page in pages.values():
                    page.evaluate(BUSY)
                    page.evaluate("window.blocked = 0")
            for how, strike in (("keys", _press), ("MIDI", _send)):
                took: dict[str, list[float]] = {name: [] for name in pages}
                for number in range(args.strokes):
                    for name, page in pages.items():
                        if busy and number % SELECT_EVERY == 0:
                            _select_another(page)
                        took[name].append(_stroke(page, strike, number))
                for name, times in took.items():
                    title = f"{name}, {how}, {'busy' if busy else 'at rest'}"
                    middle, late = np.quantile(times, [0.5, 0.95])
                    yield f"  {title:{width}s}  {middle:6.1f} ms median, {late:6.1f} ms in 95 %"
        for name, page in pages.items():
            blocked = page.evaluate("window.blocked")
            yield f"  {name + ', busy':{width}s}  {blocked} tasks of the page took 50 ms or more"
    yield "```"


def _opened(browser: Any, address: str) -> Any:
    page = browser.new_context(viewport={"width": 1280, "height": 720}, bypass_csp=True).new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(DEVICE)
    page.goto(address)
    page.wait_for_selector("html[data-ready=all]")
    page.click("#tab-beat")
    page.click("#midi")
    page.wait_for_function("() => document.querySelector('#midi-said').textContent === 'Stand-in'")
    page.keyboard.press("1")
    page.wait_for_timeout(3000)  # as a kick that has rested
    return page


def _select_another(page: Any) -> None:
    """Another kick, which sounds when the server has made it: that is no stroke, so it is waited for."""
    page.evaluate("window.took.length = 0; document.querySelector('#new-direction').click()")
    page.wait_for_function("() => window.took.length > 0")


def _stroke(page: Any, strike: Any, number: int) -> float:
    """Milliseconds of one stroke."""
    page.evaluate("window.took.length = 0")
    strike(page, number)
    page.wait_for_function("() => window.took.length > 0")
    return float(page.evaluate("window.took[0]"))


def _press(page: Any, number: int) -> None:
    page.keyboard.press(KEYS[number % len(KEYS)])


def _send(page: Any, number: int) -> None:
    page.evaluate("(data) => device.postMessage(data)", [0x90, 36, VELOCITIES[number % len(VELOCITIES)]])
