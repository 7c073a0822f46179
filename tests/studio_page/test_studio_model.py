"""A page that is open while the studio is started anew with another model: it mixes no kicks of the two."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from studio import KICKS, Watched, running

OTHER = Path(__file__).parents[1] / "old" / "first_default.onnx"
SAID = "This studio plays another model now; reload the page to go on with it."
KEPT = """() => { dispatchEvent(new Event('pagehide'));
  return Object.fromEntries(Object.entries(localStorage).filter(([key]) => /session|favourites/.test(key))); }"""


def refused(page):
    page.wait_for_function("(said) => document.querySelector('#wrong').textContent === said", arg=SAID)


def test_the_kicks_of_another_model_are_refused_until_the_page_is_loaded_again(browser):
    with running() as (address, _):
        studio = Watched(browser, address)
        page = studio.page
        studio.whole()
        page.click("#favourite")
        before, kept = studio.recipe(), page.evaluate(KEPT)
        model = page.text_content("#model")
    with running("--port", str(urlsplit(address).port), "--model", str(OTHER)):
        page.click("#new-direction")  # which that model refuses by itself, as it knows no recipe of this page's
        refused(page)
        page.click("#reroll")
        page.wait_for_function("() => document.querySelector('#targets-said').textContent === ''")
        with page.expect_response("**/api/map?*"):
            page.click("#more")
        assert studio.recipe() == before
        place = studio.kick(0.1, 0.9)
        studio.changes(lambda: page.mouse.click(*place))  # what works takes other errors away
        assert page.text_content("#wrong") == SAID
        assert page.text_content("#count") == f"{KICKS} kicks"
        studio.changes(lambda: page.click("#undo"))
        after = page.evaluate(KEPT)
        assert {key: json.loads(text) for key, text in after.items()} == {
            key: json.loads(text) for key, text in kept.items()
        }
        page.reload()
        studio.whole()
        assert page.text_content("#wrong") == ""
        assert page.text_content("#model") != model
        assert studio.recipe()["model_sha256"] != before["model_sha256"]
        studio.context.close()
