"""The paper and the listening page in a real browser: links lead somewhere, players play, votes arrive."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from toy_lab import copied, make_lab, toy_lab, toy_paper

from kickitout.cli import main
from kicklab.listening import listening_page, read_votes, server
from kicklab.paper.findings import INTRODUCTIONS
from kicklab.paper.page import render_paper
from kicklab.players import collect_players

__all__ = ["make_lab", "toy_lab", "toy_paper"]  # the fixtures


def watched(browser: Any, **options: Any) -> tuple[Any, list[str]]:
    """A page, and what it complained of or asked the network for."""
    page, trouble = browser.new_page(**options), []
    page.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("request", lambda r: trouble.append(r.url) if r.url.startswith(("http:", "https:")) else None)
    return page, trouble


def test_links_lead_somewhere_and_every_player_plays(browser, toy_lab, toy_paper):
    page, trouble = watched(browser)
    page.goto(toy_paper.as_uri())
    lost = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.getElementById(a.hash.slice(1))).length"
    )
    assert lost == 0
    page.click("a[href='#table-curves']")
    assert page.url.endswith("#table-curves")
    seconds = page.evaluate(
        """Promise.all([...document.querySelectorAll('audio')].map(async a => {
            a.muted = true; await a.play(); a.pause(); return a.duration; }))"""
    )
    assert len(seconds) == 3 * len(
        {files for (study, _), files in collect_players(toy_lab).items() if study in INTRODUCTIONS}
    )
    assert all(0.001 < s < 0.51 for s in seconds)  # a silent end is not played
    assert trouble == []
    page.close()


def test_nothing_is_wider_than_the_window_and_pictures_are_drawn(browser, toy_paper):
    for width in (1280, 400):
        page, trouble = watched(browser, viewport={"width": width, "height": 900})
        page.goto(toy_paper.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        empty = page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length")
        assert empty == 0
        assert page.evaluate("[...document.querySelectorAll('svg')].every(s => s.getBoundingClientRect().width > 40)")
        assert trouble == []
        page.close()


CONTRAST = """() => {
  const light = c => c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const ratio = c => { const a = light(c); return (Math.max(a, paper) + 0.05) / (Math.min(a, paper) + 0.05); };
  const all = (what, kind) => [...document.querySelectorAll(what)].map(e => ratio(getComputedStyle(e)[kind]));
  const text = all('p, td, th, h1, h2, h3, figcaption, a', 'color'), words = all('svg text', 'fill');
  const drawn = all('svg .l path, svg .m path', 'stroke');
  return [Math.min(...text), Math.min(...words), Math.min(...drawn)];
}"""


@pytest.mark.parametrize("media", ["light", "dark", "print"])
def test_text_and_drawings_stand_out_on_paper_on_a_light_and_on_a_dark_page(browser, toy_paper, media):
    page, _ = watched(browser)
    page.emulate_media(**({"media": "print"} if media == "print" else {"color_scheme": media}))
    page.goto(toy_paper.as_uri())
    text, words, drawn = page.evaluate(CONTRAST)
    assert min(text, words) >= 4.5  # WCAG 2.2, 1.4.3
    assert drawn >= 3.0  # 1.4.11, of what carries meaning
    page.close()


def test_it_prints_to_a_pdf_without_its_players(browser, toy_paper):
    page, _ = watched(browser)
    page.goto(toy_paper.as_uri())
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 50_000
    page.emulate_media(media="print")
    assert not page.locator("audio").first.is_visible()
    page.close()


def test_the_command_prints_what_the_committed_results_say(browser, tmp_path, capsys):
    evidence = Path(__file__).parents[1] / "docs" / "evidence"
    words = ["lab", "paper", "--lab", str(evidence), "-o", str(tmp_path / "p.html"), "--pdf", str(tmp_path / "p.pdf")]
    assert main(words) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "p.html"), str(tmp_path / "p.pdf")]
    printed = (tmp_path / "p.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page/") >= 2
    if kept := os.environ.get("KICKITOUT_SCREENSHOTS"):  # what CI keeps to be looked at
        Path(kept).mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "p.pdf", Path(kept) / "paper.pdf")
    assert main(words) == 2
    assert "--force replaces it" in capsys.readouterr().err


def test_a_listener_votes_blind_and_the_vote_is_kept(browser, toy_lab, tmp_path):
    lab = copied(toy_lab, tmp_path / "lab")
    with server(lab, listening_page(lab, "curves", 3, 0), 0) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{running.server_address[1]}/")
            page.fill("#listener", "tester")
            for choice in ("left", "none", "right"):
                assert page.locator(f"#choose-{choice}").is_disabled()  # before both were heard
                page.click("#play-left")
                page.click("#play-right")
                with page.expect_response("**/vote") as answer:
                    page.click(f"#choose-{choice}")
                assert answer.value.status == 204
            page.get_by_text("your votes are kept").wait_for()
            page.close()
        finally:
            running.shutdown()
            thread.join()
    votes = read_votes(lab)
    assert [v["listener"] for v in votes] == ["tester"] * 3
    assert sum(v["won"] == "none" for v in votes) == 1
    assert b"1 listener made 3 comparisons" in render_paper(lab)
