"""Who reads a page with other eyes: by a screen reader, at another size, with less contrast; and its screenshots."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

AXE = Path(__file__).parents[1] / "tools" / "page" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "([within, rules]) => axe.run(within, { runOnly: rules, resultTypes: ['violations'] })"
PICTURES = os.environ.get("KICKITOUT_SCREENSHOTS")
# Controls that nobody who listens to the page could tell apart.
UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, select, [role=listbox], canvas[role]')]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length ||
    document.getElementById(e.getAttribute('aria-labelledby') || '')))
  .map((e) => e.outerHTML.slice(0, 120))"""
# What a panel cuts off at its right edge; rows and tables that are meant to be scrolled do not count.
CUT_OFF = """() => [...document.querySelectorAll('main > section')].flatMap((box) => {
  const edge = box.getBoundingClientRect().right + 0.5;
  return [...box.querySelectorAll('*')].filter((e) => e.checkVisibility() && !e.closest('.strip, #list, .hidden'))
    .filter((e) => e.getBoundingClientRect().right > edge).map((e) => e.outerHTML.slice(0, 90)); })"""
# Text with less contrast than WCAG asks for (4.5, and 3 for large or bold text); what is disabled does not count.
PALE = """() => {
  const linear = (x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  return [...document.querySelectorAll('body *')]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
    .filter((e) => !e.closest(':disabled, .tile, [inert], .hidden, .skip'))
    .map((e) => { const style = getComputedStyle(e);
      const [a, b] = [light(parse(style.color).slice(0, 3)), light(ground(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), parseFloat(style.fontSize) >= 18.6 || +style.fontWeight >= 700 ? 3 : 4.5, e]; })
    .filter(([contrast, least]) => contrast < least).map(([c, , e]) => `${c.toFixed(2)} ${e.outerHTML.slice(0, 90)}`);
}"""


def windows(*now):
    """The four windows, to parametrize size and scheme with: those of `now` in each suite, the others where
    KICKITOUT_LONG is set."""
    return [
        pytest.param(size, scheme, id=f"{size}-{scheme}", marks=() if (size, scheme) in now else pytest.mark.long)
        for size in ("desktop", "phone")
        for scheme in ("dark", "light")
    ]


WINDOWS = windows(("desktop", "light"), ("phone", "dark"))  # both sizes, and both themes


def unreadable(page):
    """What is unnamed, pale or cut off as the page stands, and whether it is wider than the window."""
    found = [one for rule in (UNNAMED, PALE, CUT_OFF) for one in page.evaluate(rule)]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found + ([f"{wide} px wider than the window"] if wide > 0 else [])


def keeps_out(page, within="html"):
    """axe-core: what keeps somebody out, by the rules of WCAG 2.2 AA and the practices of those who read aloud."""
    if not AXE.exists():
        pytest.skip("no axe: npm ci in tools/page")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(RUN, [within, RULES])
    assert len(found["passes"]) > (20 if within == "html" else 5)
    return [f"{v['id']}: {v['help']}: {n['html'][:90]}" for v in found["violations"] for n in v["nodes"]]


def pictured(page, name, *, whole=False):
    """Keep a screenshot where somebody wants to see them: in KICKITOUT_SCREENSHOTS."""
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=whole)
