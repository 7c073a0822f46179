"""Who reads the page with a keyboard and a screen reader, in a real browser: tabs, the accessibility tree. How it looks
at both sizes and in both themes, and what axe says, is in test_studio_verbs.py."""

from __future__ import annotations

import re

TABS = ("targets", "mine", "beat", "fit", "take", "train", "card")


def test_tabs_are_walked_with_arrow_keys(studio):
    page = studio.page
    page.focus("#tab-targets")
    for tab in (*TABS[1:], TABS[0]):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.id") == f"tab-{tab}"
        assert page.is_visible(f"#{tab}")
        assert page.locator("[role=tabpanel]:visible").count() == 1


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
