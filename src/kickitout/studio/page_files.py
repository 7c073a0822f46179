"""The files of the page, held in memory: a name that is not among them does not exist, whatever it points to.

Modules that import each other are found one after the other by a browser; links in the head name them all at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kickitout.files import left_by_others
from kickitout.package import package_folder

KINDS = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}  # fmt: skip
OPENING = "api/opening"  # what the page loads first
# Only an exported site needs them.
OF_A_SITE = (
    "block.js", "curves.js", "follow.js", "level.js", "linear.js", "local.js", "noise.js", "offline.js", "periods.js",
    "sw.js", "tail.js", "wav.js", "worker.js",
)  # fmt: skip
# Only the studio does: what speaks to its server.
OF_THE_STUDIO = ("api.js", "train.js", "train_curve.js", "train_folder.js", "train_hear.js")
# They run in threads of their own, or hold comments alone.
NOT_THE_PAGES = (
    "block.js", "colour.js", "colour_worker.js", "follow.js", "level.js", "limiter_worklet.js", "periods.js",
    "types.js", "worker.js",
)  # fmt: skip


def page_folder() -> Path:
    return package_folder("studio/page")


def page_files() -> dict[str, bytes]:
    """Path from the page's root -> content, as the studio serves it."""
    folder = page_folder()
    paths = [p for p in folder.rglob("*") if p.suffix in KINDS and not left_by_others(p.name)]
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}
    modules = [p for p in found if p.startswith("js/") and Path(p).name not in (*OF_A_SITE, *NOT_THE_PAGES)]
    html = with_modules(found["index.html"].decode(), modules)
    found["index.html"] = preloading(html, OPENING).encode()
    return found


def preloading(html: str, *addresses: str) -> str:
    """The page with links to what it fetches first: nobody has to wait for one module after another."""
    links = "\n".join(f'<link rel="preload" as="fetch" crossorigin href="{address}">' for address in addresses)
    return html.replace("</title>", f"</title>\n{links}", 1)


def with_modules(html: str, modules: Iterable[str]) -> str:
    """The page with a link to each of its modules."""
    links = "\n".join(f'<link rel="modulepreload" href="{module}">' for module in sorted(modules))
    return html.replace("</title>", f"</title>\n{links}", 1)
