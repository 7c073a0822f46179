"""What tests of static pages share: a plain file server, a page that is watched, and axe."""

from __future__ import annotations

import functools
import http.server
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

AXE = Path(__file__).parents[1] / "tools" / "page" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


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


def keeps_out(page):
    """axe-core: what keeps somebody out, by the rules of WCAG 2.2 AA and the practices of those who read aloud."""
    if not AXE.exists():
        pytest.skip("no axe: npm ci in tools/page")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("(rules) => axe.run(document, { runOnly: rules })", RULES)
    assert len(found["passes"]) > 20
    return [f"{v['id']}: {v['help']}: {n['html'][:90]}" for v in found["violations"] for n in v["nodes"]]
