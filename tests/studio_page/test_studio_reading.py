"""Who reads the page with other eyes, in a real browser: sizes, themes, contrast, axe, screen readers, tabs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from studio import SIZES, Watched
from web import keeps_out

# Controls that nobody who listens to the page could tell apart.
UNNAMED = """() => [...document.querySelectorAll('button, a[href], input, select, [role=listbox], canvas[role]')]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length ||
    document.getElementById(e.getAttribute('aria-labelledby') || '')))
  .map((e) => e.outerHTML.slice(0, 120))"""
# What a panel cuts off at its right edge; rows that are meant to be scrolled do not count.
CUT_OFF = """() => [...document.querySelectorAll('main > section')].flatMap((box) => {
  const edge = box.getBoundingClientRect().right + 0.5;
  return [...box.querySelectorAll('*')].filter((e) => e.checkVisibility() && !e.closest('.strip, .hidden'))
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
PICTURES = os.environ.get("KICKITOUT_SCREENSHOTS")
TABS = ("targets", "mine", "beat", "fit", "take", "train", "card")


def test_tabs_are_walked_with_arrow_keys(studio):
    page = studio.page
    page.focus("#tab-targets")
    for tab in (*TABS[1:], TABS[0]):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == f"tab-{tab}"
        assert page.is_visible(f"#{tab}")
        assert page.locator("[role=tabpanel]:visible").count() == 1


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES)
def test_every_size_and_theme_is_readable_named_and_inside_the_window(browser, address, size, scheme):
    studio = Watched(browser, address, size, scheme)
    page = studio.page
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    if size == "phone" or scheme == "light":
        page.click("#theme")
        page.click("#theme")
    page.keyboard.press("f")
    page.click("#tab-mine")
    page.click("#vary")
    page.wait_for_selector("#variations .tile >> nth=7")
    if PICTURES:
        studio.whole()
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
    for tab in TABS:
        page.click(f"#tab-{tab}")
        page.mouse.move(1, 1)
        assert page.evaluate(UNNAMED) == []
        assert page.evaluate(PALE) == []
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/studio-{size}-{scheme}-{tab}.png", full_page=size == "phone")
    assert studio.troubles == []
    studio.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_that_keeps_anybody_out(browser, address, size):
    studio = Watched(browser, address, size, "light" if size == "phone" else "dark")
    page = studio.page
    page.keyboard.press("f")
    for tab in TABS:
        page.click(f"#tab-{tab}")
        if tab == "mine":
            page.click("#vary")
            page.wait_for_selector("#variations .tile >> nth=7")
        assert keeps_out(page) == [], tab
    studio.context.close()


def test_what_a_screen_reader_is_told(studio):
    """The accessibility tree: regions, live ones among them, and controls that say their value as a person would."""
    tree = studio.page.locator("body").aria_snapshot()
    for part in (
        'banner:', 'main:', 'region "Explore":', 'region "Tools":', 'listbox "Map of kicks":', 'tablist "Tools":',
        'tab "Targets" [selected]', 'tabpanel "Targets":', 'slider "pitch"', 'textbox "pitch, typed"',
        'button "Lock pitch"', "- alert",
    ):  # fmt: skip
        assert part in tree, part
    assert studio.page.get_attribute("#said", "aria-live") == "polite"
    assert re.search(r"cents, [\d.]+ Hz$", studio.page.get_attribute("#control-pitch", "aria-valuetext"))
    studio.page.fill("#control-click ~ input", "-30dB")
    studio.changes(lambda: studio.page.keyboard.press("Enter"))
    studio.page.wait_for_function(
        "() => /click −[\\d.]+ dB, [\\d.−]+ dB off/.test(document.querySelector('#said').textContent)"
    )
    studio.page.click("#release")
