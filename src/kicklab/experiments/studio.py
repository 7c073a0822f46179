"""How soon the studio starts and sounds on this machine, how quickly it answers, and what it needs.

    kick lab measure studio [--model default] [--seconds 60] [--clients 50] [--kicks 2000]

The lines about the page need playwright and a Chromium and are left out without. Times are medians, wall time.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from kickitout.errors import UserError
from kicklab.browser import driven_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

STARTS = 5
DRAWING_SECONDS = 3.0
KICK = {"recipe": {"seed": 3}}


def near_pitch(i: int) -> dict[str, object]:
    """A pitch near the one before, as a control of the page sends them."""
    return {**KICK, "targets": {"pitch": 45 + i / 2}}


class Studio:
    """`kick studio` in a process of its own. began: when it was started; ready: when it said its address."""

    def __init__(self, model: str) -> None:
        self.began = time.perf_counter()
        command = [sys.executable, "-m", "kickitout", "studio", "--port", "0", "--model", model]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().split()[0]
        self.ready = time.perf_counter()

    def ask(self, path: str, body: object = None, link: http.client.HTTPConnection | None = None) -> int:
        """The status of a request."""
        if link is None:
            with closing(self.connect()) as own:
                return self.ask(path, body, own)
        data = None if body is None else json.dumps(body).encode()
        link.request("GET" if body is None else "POST", path, data, {"content-type": "application/json"})
        reply = link.getresponse()
        reply.read()
        return reply.status

    def connect(self) -> http.client.HTTPConnection:
        where = urlsplit(self.address)
        return http.client.HTTPConnection(str(where.hostname), where.port, timeout=120)

    def memory_mb(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return float("nan")

    def processor_seconds(self) -> float:
        """Processor time that it has used."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


def answered(studio: Studio, work: Callable[[int], object], times: int) -> str:
    """Median wall time and mean processor time of the server, in words."""
    found, used = [], studio.processor_seconds()
    for i in range(times):
        began = time.perf_counter()
        status = work(i)
        found.append(time.perf_counter() - began)
        if status != 200:
            raise UserError(f"kick studio answers {status}; nothing is measured")
    used = (studio.processor_seconds() - used) / times
    return f"{1000 * statistics.median(found):8.1f} ms ({1000 * used:.0f} ms of processor time)"


class Crowd(NamedTuple):
    """What became of many clients. memory: (seconds, MB) of the server, once a second."""

    answers: int
    errors: int
    memory: list[tuple[float, float]]

    def told(self) -> str:
        later = self.memory[len(self.memory) // 2 :]  # before, its threads begin
        slope = 60 * statistics.linear_regression(*zip(*later, strict=True)).slope
        first, last = self.memory[0][1], self.memory[-1][1]
        return (
            f"{self.answers:8d} answers, {self.errors} errors; {first:.0f} MB before, {last:.0f} after, "
            f"{slope:+.1f} a minute in the second half"
        )


def crowd(studio: Studio, clients: int, seconds: float) -> Crowd:
    """So many clients that ask for variations, one after the other, for so long."""
    began = time.monotonic()
    done, wrong, memory = [0] * clients, [0] * clients, [(0.0, studio.memory_mb())]

    def client(number: int) -> None:
        with closing(studio.connect()) as link:
            while time.monotonic() < began + seconds:
                body = {"recipe": {"seed": number}, "seeds": [done[number]], "amount": 0.4}
                try:
                    status = studio.ask("/api/vary", body, link)
                except (OSError, http.client.HTTPException):
                    status = 0
                done[number] += status == 200
                wrong[number] += status != 200

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(1.0)
            memory.append((time.monotonic() - began, studio.memory_mb()))
    return Crowd(sum(done), sum(wrong), memory)


def drawing_rate(page: Page) -> str:
    """How often a curve is painted while its first point is dragged with the mouse for a while, in words."""
    page.evaluate(
        """Promise.all(['analysis', 'state'].map((name) => import(`/js/${name}.js`)))
        .then(([{ analysisOf }, { state }]) => { window.analysed = () => analysisOf(state.sound) !== undefined; })"""
    )
    page.wait_for_function("() => window.analysed()")  # before, the points are guessed, and then move
    page.click("#draw")
    dot = page.locator("[data-curve=level] circle").last.bounding_box()
    assert dot is not None
    x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
    page.evaluate(
        """window.painted = [];
        document.addEventListener('kick-drawn', () => requestAnimationFrame((at) => window.painted.push(at)));"""
    )
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def busy() -> float:
        """Seconds for which the page's thread has worked."""
        found = devtools.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in found if one["name"] == "TaskDuration")

    page.mouse.move(x, y)
    page.mouse.down()
    began, before, moves = time.monotonic(), busy(), 0
    while time.monotonic() < began + DRAWING_SECONDS:
        moves += 1
        page.mouse.move(x, y + 20 + 15 * math.sin(moves / 20))
    seconds, work = time.monotonic() - began, busy() - before
    frames = page.evaluate("new Set(window.painted).size")
    page.mouse.up()
    return (
        f"{frames / seconds:8.0f} frames a second, of {moves / seconds:.0f} moves of the mouse; "
        f"{1000 * work / frames:.0f} ms of the page's thread a frame"
    )


def page_figures(model: str) -> Iterator[str]:
    """From the command to the first sound in the page; from the mouse or a control to the sound."""
    with ExitStack() as stack:
        try:
            browser = stack.enter_context(driven_browser("kick lab measure studio", "measure the page"))
        except UserError:
            yield "  the page: not measured, there is no Chromium or no playwright here"
            return
        seconds = []
        for start in range(STARTS):
            page, studio = browser.new_context(viewport={"width": 1280, "height": 720}).new_page(), Studio(model)
            page.add_init_script(
                "window.heard = []; window.matched = [];"
                "document.addEventListener('kick-sound', (e) => window.heard.push(e.detail));"
                "document.addEventListener('kick-matched', (e) => window.matched.push(e.detail));"
            )
            page.goto(studio.address)
            page.wait_for_selector("html[data-ready]")
            page.keyboard.press(" ")
            page.wait_for_function("() => window.heard.length > 0")
            seconds.append(time.perf_counter() - studio.began)
            if start < STARTS - 1:
                page.close()
                studio.end()
        told = f"{statistics.median(seconds):8.2f} s (of {STARTS} starts, {min(seconds):.2f} to {max(seconds):.2f})"
        yield f"  kick studio to the first sound    {told}"
        page.wait_for_selector("html[data-ready=all]", timeout=120_000)
        yield f"  kick studio to the whole map      {time.perf_counter() - studio.began:8.2f} s"
        box = page.locator("#map canvas").bounding_box()
        assert box is not None
        page.evaluate("window.heard.length = 0")
        for step in range(300):
            x, y = 60 + step * (box["width"] - 90) / 300, box["height"] * (0.5 + (step % 9 - 4) / 25)
            page.mouse.move(box["x"] + x, box["y"] + y)
        heard = page.evaluate("window.heard")
        handled = statistics.median(one["handledMs"] for one in heard)
        output = statistics.median(one["outputMs"] for one in heard)
        buffered = f"then {output:.1f} ms of output buffer"
        yield f"  hover to sound                    {handled:8.1f} ms (n {len(heard)}), {buffered}"
        for step in range(24):
            many = page.evaluate(
                """(step) => {
                const slider = document.querySelector("#control-click");
                slider.value = String(600 + 4 * step);
                slider.dispatchEvent(new Event("input"));
                return window.matched.length;
            }""",
                step,
            )
            page.wait_for_function("(n) => window.matched.length > n", arg=many)
        moved = page.evaluate("window.matched.filter((one) => one.moving).map((one) => one.ms)")
        yield f"  control to sound, while it moves  {statistics.median(moved):8.1f} ms (n {len(moved)})"
        yield f"  a curve that is drawn             {drawing_rate(page)}"
        studio.end()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="default")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--kicks", type=int, default=2000)


def run(args: argparse.Namespace) -> Iterator[str]:
    load = os.getloadavg()[0]
    yield "```"
    yield f"kick studio, model {args.model}, {os.cpu_count()} cores (load {load:.1f} from other work)"
    studio = Studio(args.model)
    try:
        yield f"  kick studio to its address        {studio.ready - studio.began:8.2f} s"
        for what, path in (("the first samples", "/api/opening"), ("its whole API", "/api/map?first=0&n=1")):
            studio.ask(path)
            seconds, used = time.perf_counter() - studio.began, studio.processor_seconds()
            yield f"  kick studio to {what:17s}  {seconds:8.2f} s ({used:.2f} s of processor time)"
        started = studio.memory_mb()
        with closing(studio.connect()) as link:
            tries: list[tuple[str, Callable[[int], object], int]] = [
                ("24 kicks of the map", lambda i: studio.ask(f"/api/map?first={24 * i}&n=24", None, link), 8),
                ("a variation", lambda i: studio.ask("/api/vary", {**KICK, "seeds": [i]}, link), 40),
                (
                    "a control, while it moves",
                    lambda i: studio.ask("/api/match", {**KICK, **near_pitch(i), "rounds": 2}, link),
                    24,
                ),
                ("a control, met", lambda i: studio.ask("/api/match", {**KICK, **near_pitch(i)}, link), 24),
                ("an analysis", lambda i: studio.ask("/api/analyse", {"recipe": {"seed": i}}, link), 24),
            ]
            for words, work, times in tries:
                yield f"  {words:32s}  {answered(studio, work, times)}"
            part = args.kicks // 10
            for i in range(part):
                studio.ask("/api/render", {"recipes": [{"seed": i}]}, link)
            early = studio.memory_mb()
            for i in range(part, args.kicks):
                studio.ask("/api/render", {"recipes": [{"seed": i}]}, link)
        late = studio.memory_mb()
        grown = f"{early:.0f} after {part} more kicks, {late:.0f} after {args.kicks}"
        yield f"  memory of the server              {started:8.0f} MB at first, {grown}"
        crowded = f"{args.clients} clients for {args.seconds:.0f} s"
        yield f"  {crowded:32s}  {crowd(studio, args.clients, args.seconds).told()}"
    finally:
        studio.end()
    yield from page_figures(args.model)
    yield "```"
