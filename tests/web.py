"""What tests of static pages share: a plain file server, and a page that is watched."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from contextlib import contextmanager


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder):
    """The address of a plain file server."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def computed(page, function, given=None):
    """What a function of the page returns for something, as one text: number by number, as Playwright hands them over,
    a kick takes half a second."""
    return json.loads(
        page.evaluate(f"async (text) => JSON.stringify(await ({function})(JSON.parse(text)))", json.dumps(given))
    )


def watched(context, address):
    """A new page, and what goes wrong on it: errors, warnings, requests to other hosts."""
    page, troubles = context.new_page(), []
    local = (address, "data:", f"blob:{address}")
    page.set_default_timeout(60_000)
    page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: troubles.append(str(e)))
    page.on("response", lambda r: None if r.ok or r.status == 304 else troubles.append(f"{r.status}: {r.url}"))
    page.on("request", lambda r: None if r.url.startswith(local) else troubles.append(r.url))
    return page, troubles


DRAG = """async ({ name, frames }) => {
  const layer = document.getElementById("draw-layer");
  const dot = document.querySelector(`[data-curve=${name}]`);
  const { x, y } = dot.lastElementChild.getBoundingClientRect();
  const at = (dy) => ({ pointerId: 1, clientX: x + 5, clientY: y + 5 + dy, bubbles: true });
  const event = (kind, dy) => new PointerEvent(kind, at(dy));
  layer.setPointerCapture = () => {};
  const frame = () => new Promise(requestAnimationFrame);
  let painted = 0;
  document.addEventListener("kick-drawn", () => painted++);
  dot.dispatchEvent(event("pointerdown", 0));
  await frame(); await frame();
  painted = 0;
  for (let i = 0; i < frames; i++) { layer.dispatchEvent(event("pointermove", i)); await frame(); }
  const during = painted;
  layer.dispatchEvent(event("pointerup", frames));
  return during;
}"""


def painted(page, name, frames):
    """How often a curve is painted while its first point is dragged for so many frames, and let go."""
    return page.evaluate(DRAG, {"name": name, "frames": frames})
