"""The browser that is installed: it prints the paper, and pages are measured in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kickitout.errors import UserError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser(asked_by: str, purpose: str) -> str:
    """The browser in KICKITOUT_CHROMIUM, or the first of BROWSERS on the path.

    Raises UserError where there is none; it begins with `asked_by`, an option or a command.
    """
    named = os.environ.get("KICKITOUT_CHROMIUM")
    for name in (named,) if named else BROWSERS:
        if found := shutil.which(name):
            return found
    what = f"KICKITOUT_CHROMIUM={named}" if named else ", ".join(BROWSERS)
    raise UserError(
        f"{asked_by}: no browser to {purpose} with ({what}); install chromium, or name yours in KICKITOUT_CHROMIUM"
    )


def sounding_flags() -> list[str]:
    """Flags of a Chromium that is driven: a page may sound without a click; root has no sandbox."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if root else [])]


@contextmanager
def driven_browser(asked_by: str, purpose: str) -> Iterator[Browser]:
    """A Chromium that playwright drives, until the end of the block. Raises UserError where one of the two is missing,
    as `find_browser` does."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise UserError(f"{asked_by}: drives a browser with playwright; pip install playwright") from None
    chromium = find_browser(asked_by, purpose)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=sounding_flags())
        yield browser
        browser.close()
