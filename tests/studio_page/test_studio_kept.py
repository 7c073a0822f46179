"""What this browser keeps of a session when a reply fails while the page opens: all of it."""

from __future__ import annotations

import json

from studio import Watched

SHELF = "Object.keys(localStorage).find((key) => key.startsWith('kickitout.session'))"


def kept(page):
    """The session that a reload would find: what waits to be kept is kept now, and not in a moment."""
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    return json.loads(page.evaluate(f"localStorage.getItem({SHELF})"))


def without_a_reply(studio):
    """Reload, and the first render that the page wants does not come."""
    studio.page.route("**/api/render", lambda route: route.abort(), times=1)
    studio.page.reload()
    studio.page.wait_for_selector("html[data-ready]")
    said = studio.page.text_content("#wrong")
    studio.whole()
    studio.troubles[:] = [one for one in studio.troubles if "ERR_FAILED" not in one]  # the console's own
    return said


def pad(page):
    """What stands on the fifth pad."""
    return page.locator("#pads .pad >> nth=4").text_content()


def begun(browser, address):
    """A page with 91 beats a minute, a kick on a pad, and that kept."""
    studio = Watched(browser, address)
    studio.whole()
    studio.page.click("#tab-beat")
    studio.page.fill("#tempo", "91")
    studio.page.locator("#pads .pad >> nth=4").focus()
    studio.page.click("#pad-here")
    studio.page.evaluate("document.activeElement.blur()")
    return studio, kept(studio.page)


def opens_whole(studio, title):
    """A reload opens what was begun, with nothing put aside; that was all."""
    studio.page.reload()
    studio.whole()
    studio.page.click("#tab-beat")
    assert (studio.page.input_value("#tempo"), pad(studio.page)) == ("91", title)
    assert studio.page.is_hidden("#open-before")
    assert studio.troubles == []
    studio.context.close()


def test_a_kept_session_outlives_a_reply_that_fails_while_the_page_opens(browser, address):
    studio, before = begun(browser, address)
    page, title = studio.page, pad(studio.page)
    said = without_a_reply(studio)
    assert kept(page) == before  # the user has changed nothing
    assert said.startswith("The session that this browser has kept: one of its kicks cannot be rendered: ")
    assert "what needs no kick is open" in said
    assert "Open the one before" in said
    assert page.input_value("#tempo") == "91"
    assert pad(page) != title
    opens_whole(studio, title)


def test_nor_is_it_lost_when_the_user_goes_on_without_it(browser, address):
    studio, before = begun(browser, address)
    page, title = studio.page, pad(studio.page)
    without_a_reply(studio)
    page.click("#tab-beat")
    page.fill("#tempo", "100")
    page.evaluate("document.activeElement.blur()")
    assert kept(page)["pattern"]["bpm"] == 100
    without_a_reply(studio)  # a second time: neither of the two is lost
    page.reload()
    studio.whole()
    page.click("#tab-beat")
    assert page.input_value("#tempo") == "100"
    page.click("#open-before")
    page.wait_for_function("(title) => document.querySelectorAll('.pad')[4].textContent === title", arg=title)
    assert page.input_value("#tempo") == "91"
    assert page.is_hidden("#open-before")
    assert {**kept(page), "selected": before["selected"]} == before
    opens_whole(studio, title)


def test_one_that_never_opens_again_can_be_given_up(browser, address):
    studio, _ = begun(browser, address)
    page = studio.page
    page.evaluate(
        f"const key = {SHELF}; const kept = JSON.parse(localStorage.getItem(key)); kept.pads = 8;"
        "localStorage.setItem(key, JSON.stringify(kept));"
    )
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert "a damaged session (pads)" in page.text_content("#wrong")
    studio.whole()
    page.click("#tab-beat")
    assert page.input_value("#tempo") == "91"
    page.click("#open-before")
    page.wait_for_function("() => document.querySelector('#wrong').textContent.includes('(pads)')")
    assert page.is_visible("#open-before")
    page.click("#drop-before")
    assert page.is_hidden("#open-before")
    page.fill("#tempo", "100")
    assert kept(page)["pattern"]["bpm"] == 100
    page.reload()
    studio.whole()
    page.click("#tab-beat")
    assert page.is_hidden("#open-before")
    assert page.input_value("#tempo") == "100"
    assert studio.troubles == []
    studio.context.close()
