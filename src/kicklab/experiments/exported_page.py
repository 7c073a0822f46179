"""How much an exported page takes on the wire, and how soon it sounds, in a browser that has never seen it.

    kick lab measure exported-page [--page FOLDER] [--visits 5] [--runtime FILE.tgz]

The page of the model in the package, or one that is there, from a web server of this machine that sends files as they
are. Bytes are those that the server sent. Needs playwright and a Chromium. Times are medians, wall time, and to a sound
in the browser's queue.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from kickitout import write_site
from kicklab.browser import driven_browser


class Counting(http.server.SimpleHTTPRequestHandler):
    """A plain file server that counts the bytes of each file that it sends."""

    sent: ClassVar[Counter[str]] = Counter()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        self.sent[self.path.split("?")[0]] += len(data)
        outputfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--page", type=Path, default=None, metavar="FOLDER", help="one that kick export --web wrote")
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--runtime", type=Path, default=None, metavar="FILE.tgz", help="as of kick export --web")


def run(args: argparse.Namespace) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        page = args.page or write_site("default", Path(folder) / "page", runtime=args.runtime)
        yield "```"
        yield from measured_visits(page, args.visits)
        yield "```"


def measured_visits(folder: Path, visits: int) -> Iterator[str]:
    """What first visits take, and one without a server after them."""
    load = os.getloadavg()[0]
    with driven_browser("exported-page", "visit it") as browser:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Counting, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        firsts, wholes = [], []
        for _ in range(visits):
            Counting.sent.clear()
            page = browser.new_context().new_page()
            page.set_default_timeout(120_000)
            first, whole = _visit(page, lambda page=page: page.goto(address))
            firsts.append(first)
            wholes.append(whole)
            page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
        server.shutdown()
        server.server_close()
        later, _ = _visit(page, page.reload)
    parts = {"runtime": "/ort/", "model": "/model.", "page": ""}
    sizes: Counter[str] = Counter()
    for path, size in Counting.sent.items():
        sizes[next(name for name, begins in parts.items() if path.startswith(begins))] += size
    said = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in sizes.items())
    yield f"an exported page of the model in the package, {os.cpu_count()} cores (load {load:.1f} from other work)"
    yield f"  a first visit takes               {sizes.total() / 1e6:8.1f} MB: {said}"
    yield f"  to the first sound                {statistics.median(firsts):8.2f} s (n {visits})"
    yield f"  to the whole map                  {statistics.median(wholes):8.2f} s"
    yield f"  the server gone, to a sound       {later:8.2f} s"


def _visit(page: Any, go: Any) -> tuple[float, float]:
    """Seconds to the first sound and to the whole map."""
    began = time.perf_counter()
    go()
    page.wait_for_selector("html[data-ready]")
    page.evaluate("document.addEventListener('kick-sound', () => { window.heard = true; })")
    page.keyboard.press(" ")
    page.wait_for_function("() => window.heard")
    first = time.perf_counter() - began
    page.wait_for_selector("html[data-ready=all]")
    return first, time.perf_counter() - began
