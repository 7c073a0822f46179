"""The site around the studio: every link leads somewhere, the kicks play, nobody is kept out or sent elsewhere."""

from __future__ import annotations

import os
import shlex
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from readers import WINDOWS, keeps_out, pictured
from studio import SIZES
from web import computed, served, watched

import kickitout
from kickitout.audio import read_sound
from kickitout.cli import main
from kickitout.errors import UserError
from kicklab.website import write_website
from kicklab.website.docs import Docs

ROOT = Path(__file__).parents[1]
WRITTEN = os.environ.get("KICKITOUT_SITE")  # a site that `kick lab site` has written, to be walked at full size
A_STYLE = 6 if WRITTEN else 2
KICKS = 5 * A_STYLE  # on the front page
ON_THE_MAP = 2


@pytest.fixture(scope="module")
def site(runtime, tmp_path_factory):
    out = tmp_path_factory.mktemp("host") / "below" / "site"
    if WRITTEN:
        return Path(shutil.copytree(WRITTEN, out))
    return write_website(out, ROOT, runtime=runtime, kicks=KICKS, of_the_studio=ON_THE_MAP)


@pytest.fixture(scope="module")
def address(site):
    """Below the root of a host."""
    with served(site.parents[1]) as host:
        yield f"{host}below/site/"


class Addresses(HTMLParser):
    """Where the links of a page lead, what it fetches, and its anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors |= {found["id"]} if "id" in found else set()
        for name in ("href", "src", "data-wav"):
            if found.get(name):
                (self.links if tag == "a" else self.fetched).add(found[name])


def test_every_link_leads_somewhere_and_nothing_is_fetched_from_elsewhere(site):
    pages = {path: Addresses(path) for path in site.rglob("*.html")}
    assert len(pages) > 20
    for path, page in pages.items():
        for address in page.links | page.fetched:
            parts = urlsplit(address)
            if parts.scheme in ("https", "mailto"):
                assert address not in page.fetched, path
            elif parts.scheme != "data" and address != "#":
                target = path.parent / parts.path if parts.path else path
                target = target / "index.html" if target.is_dir() else target
                assert target.is_file(), (path.name, address)
                assert not parts.fragment or parts.fragment in pages[target.resolve()].anchors, (path.name, address)


def test_the_kicks_are_what_the_commands_beside_them_write(site, tmp_path):
    page = (site / "index.html").read_text("utf-8")
    command = f"kick generate -n {A_STYLE} --style 808 --reject-outliers"
    assert page.count(f"<code>kick generate -n {A_STYLE}") == KICKS / A_STYLE
    assert f"<code>{command}</code>" in page
    assert main([*shlex.split(command)[1:], "-q", "-o", str(tmp_path)]) == 0
    for path in tmp_path.iterdir():
        assert (site / "kicks" / path.name).read_bytes() == path.read_bytes()
        assert f'data-wav="kicks/{path.name}"' in page
        assert f"<td>{kickitout.card(path)['note']}</td>" in page


def test_the_kicks_play_what_python_makes(browser, address, site):
    context = browser.new_context()
    page, troubles = watched(context, address)
    page.goto(address)
    buttons = page.locator("button.listen")
    assert buttons.count() == KICKS
    for i in range(KICKS):
        buttons.nth(i).focus()
        page.keyboard.press("Space")
        page.wait_for_function("(i) => document.querySelectorAll('button.listen')[i].matches('.on')", arg=i)
        assert page.locator("button.listen.on").count() == 1  # one at a time
    names = page.eval_on_selector_all("button.listen", "(all) => all.map((one) => one.dataset.wav)")
    heard = computed(
        page,
        """(names) => Promise.all(names.map((name) => fetch(name).then((reply) => reply.arrayBuffer())
            .then((bytes) => new OfflineAudioContext(1, 1, 44100).decodeAudioData(bytes))
            .then((sound) => [...sound.getChannelData(0)])))""",
        names,
    )
    for name, samples in zip(names, heard, strict=True):
        assert np.abs(np.array(samples) - read_sound(site / name).samples[:, 0]).max() < 2**-23
    assert troubles == []
    context.close()


def test_a_walk_through_all_pages_on_a_phone(browser, address, site):
    context = browser.new_context(viewport=dict(zip(("width", "height"), SIZES["phone"], strict=True)))
    page, troubles = watched(context, address)
    page.goto(address)
    page.click("nav >> text=Docs")
    page.click("summary")  # the list of pages is folded here
    listed = page.eval_on_selector_all(".pages a", "(all) => all.map((one) => one.href)")
    assert len(listed) == len(list((site / "docs").glob("*.html")))
    for one in (address, f"{address}paper.html", *listed):
        assert page.goto(one).ok
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), one  # nothing sticks out
        lost = page.eval_on_selector_all("img", "(all) => all.filter((x) => x.complete && !x.naturalWidth).length")
        assert lost == 0, one
    page.goto(address)
    page.click("text=Open the studio")
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("location.href") == f"{address}studio/"
    assert troubles == []
    context.close()


@pytest.mark.parametrize(("size", "scheme"), WINDOWS)
def test_nobody_is_kept_out(browser, address, size, scheme):
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page, troubles = watched(context, address)
    for path in ("", "docs/index.html", "docs/kick-card.html"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        if not path:
            page.click("summary >> nth=0")  # a card
        assert keeps_out(page) == [], path
        pictured(page, f"site-{Path(path).stem or 'front'}-{size}-{scheme}", whole=not path)
    page.click("#theme")
    page.goto(f"{address}studio/")
    other = {"dark": "light", "light": "dark"}[scheme]
    page.wait_for_selector(f"html[data-theme={other}]")  # chosen once, for the studio too
    assert troubles == []
    context.close()


def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path, runtime):
    (tmp_path / "docs").mkdir()
    with pytest.raises(UserError, match=r"has no README\.md"):
        Docs.of(tmp_path)
    (tmp_path / "docs" / "paper.html").touch()
    for text, words in [("[x](docs/none.md)", "leads nowhere"), ("[x](../../etc/passwd)", "leads nowhere")]:
        (tmp_path / "README.md").write_text(f"# A\n\n{text}\n")
        with pytest.raises(UserError, match=words):
            Docs.of(tmp_path)
    (tmp_path / "README.md").write_text("# A\n\n[x](docs/b.md#there) [y](docs/) ![z](docs/paper.html)\n")
    (tmp_path / "docs" / "b.md").write_text("# B\n\n## Here\n\n```\n<b>\n```\n")
    with pytest.raises(UserError, match="leads to no heading"):
        Docs.of(tmp_path).write(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "README.md").write_text("# A\n\n[x](docs/b.md#here) [y](docs/)\n")
    Docs.of(tmp_path).write(tmp_path / "out")
    text = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert '<a href="b.html#here">x</a> y' in text  # a host may not list a folder
    assert "&lt;b&gt;" in (tmp_path / "out" / "b.html").read_text("utf-8")
    with pytest.raises(UserError, match="--force replaces a site"):
        write_website(tmp_path, ROOT, runtime=runtime, force=True)
