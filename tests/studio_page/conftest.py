"""A studio and one page of it, for all tests of the page: each costs seconds."""

from __future__ import annotations

import pytest
from studio import Watched, running


@pytest.fixture(scope="package")
def address():
    pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
    with running() as (found, _):
        yield found


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
