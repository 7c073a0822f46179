"""A studio, a browser and one page of it, for all tests of the page: each costs seconds."""

from __future__ import annotations

import os

import pytest
from studio import CHROMIUM, Watched, running


@pytest.fixture(scope="package")
def address():
    pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
    with running() as (found, _):
        yield found


@pytest.fixture(scope="package")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    args = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield found
        found.close()


@pytest.fixture(scope="package")
def shared(browser, address):
    """One page for the tests that need no page of their own."""
    found = Watched(browser, address)
    found.whole()
    yield found
    found.context.close()


@pytest.fixture
def studio(shared):
    shared.troubles.clear()
    shared.page.evaluate("window.heard.length = 0")
    shared.page.click("#tab-targets")
    yield shared
    assert shared.troubles == []
