"""All there is to show, as one folder for any static host: a front page with kicks to play, the studio, the docs, the
paper.

Everything is written here from the checkout and the model in the package; a visitor's browser asks no other machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import kickitout
from kickitout.errors import UserError
from kickitout.files import names_in, whole_folder
from kickitout.frontend import find_model_file, notice_of
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.studio.site import KICKS
from kicklab.html import filled_page
from kicklab.website.docs import PAPER, Docs
from kicklab.website.kicks import PACKED_KICKS, SHOWN, shown_kicks

PARTS = Path(__file__).parent / "parts"  # files that are copied as they are
OURS = ("index.html", "docs", "studio", "kicks")  # a folder with these is a site, and may be replaced
MODEL = "default.onnx"
NOTICE = "default.NOTICE.txt"
MEGABYTE = 10**6


def write_website(
    out: Path, root: Path, *, runtime: Path | None = None, kicks: int = SHOWN, of_the_studio: int = KICKS,
    force: bool = False,
) -> Path:  # fmt: skip
    """Write the site into the new folder `out`, whole or not at all. Returns it.

    root: the checkout with README and docs. runtime: see `kickitout.write_site`. kicks: on the front page;
    of_the_studio: on its map. Raises UserError for a folder that is there (force replaces a site that this wrote), for
    a root that is no checkout, and for a link in the docs that leads nowhere.
    """
    if out.exists() and (not out.is_dir() or names_in(out)) and not (force and all((out / x).exists() for x in OURS)):
        raise UserError(f"{out}: exists; --force replaces a site, another -o keeps it")
    docs = Docs.of(root)
    with whole_folder(out) as folder:
        shutil.copytree(PARTS, folder, dirs_exist_ok=True)
        kickitout.write_site("default", folder / "studio", runtime=runtime, kicks=of_the_studio)
        docs.write(folder / "docs")
        (folder / "paper.html").write_text(_paper((root / PAPER).read_text("utf-8")), "utf-8")
        _write_front(folder, kicks)
    return out


def _paper(html: str) -> str:
    """The paper, which stands alone, with the icon of the site and a way back to it."""
    icon = '<link rel="icon" href="studio/icon.svg" type="image/svg+xml">'
    back = '<p><a href="index.html">kickitout</a></p>'
    return html.replace("<head>", f"<head>\n{icon}", 1).replace("<main>", f"<main>\n{back}", 1)


def _write_front(folder: Path, kicks: int) -> None:
    model = find_model_file(Path("default"))
    shutil.copyfile(model, folder / MODEL)
    (folder / NOTICE).write_text(notice_of(model), "utf-8")
    groups = shown_kicks(folder, kicks)
    sizes = {name: f"{(folder / name).stat().st_size / MEGABYTE:.1f} MB" for name in (PACKED_KICKS, MODEL)}
    page = filled_page(
        "front.html", groups=groups, count=sum(len(group.kicks) for group in groups), root="", sizes=sizes,
        version=kickitout.__version__, together=PACKED_KICKS, model=MODEL, notice=NOTICE,
        ms=1000 * LENGTH // SAMPLE_RATE, khz=SAMPLE_RATE / 1000,
    )  # fmt: skip
    (folder / "index.html").write_bytes(page)
