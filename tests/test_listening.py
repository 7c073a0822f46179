"""Blind listening: who may vote, and what is made of votes that were cut."""

from __future__ import annotations

import json
import sys
import threading
from http.client import HTTPConnection

import pytest

from kickitout.errors import UserError
from kicklab.folder import Lab
from kicklab.listening import keep_vote, read_votes, server

VOTE = {"listener": "a", "pair": "p", "choice": "left"}
HEAD = "time,listener,pair,choice\n"
ONE = "2026-11-29T12:00:00,a,p,left\n"


@pytest.fixture
def lab(tmp_path):
    (tmp_path / "listening").mkdir()
    pair = {side: {"row": row, "cell": "", "index": 0} for side, row in (("left", "A"), ("right", "real"))}
    (tmp_path / "listening" / "curves-1.json").write_text(json.dumps({"p": pair}))
    return Lab(tmp_path)


@pytest.fixture
def sent(lab):
    """Sends a vote; returns the status. {}: the port."""
    with server(lab, b"page", 0) as running:
        port = running.server_address[1]
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()

        def send(body=None, **headers):
            body = json.dumps(VOTE) if body is None else body
            connection = HTTPConnection("127.0.0.1", port, timeout=20)
            named = {name.replace("_", "-"): value.format(port) for name, value in headers.items()}
            connection.request("POST", "/vote", body, named)
            return connection.getresponse().status

        yield send
        running.shutdown()


def test_only_the_page_itself_and_scripts_may_vote(sent, lab):
    assert [sent(), sent(origin="http://127.0.0.1:{}")] == [204, 204]
    for origin in ("http://127.0.0.1:9", "https://127.0.0.1:{}", "http://127.0.0.1", "null", "http://evil.example"):
        assert sent(origin=origin) == 403, origin
    assert sent(host="evil.example:{}", origin="http://evil.example:{}") == 403
    assert len(read_votes(lab)) == 2


def test_what_is_no_vote_is_answered_and_not_kept(sent, lab):
    assert sent(Content_Length="abc") == 400
    assert sent("[" * 4000) == 400
    assert sent(Content_Length="9" * 5000) == 404
    assert not lab.votes.exists()


def test_a_line_that_was_cut_is_passed_over_and_the_next_vote_takes_its_place(lab):
    for there, kept in (("", 0), (HEAD[:-3], 0), (HEAD, 0), (HEAD + ONE + ONE[:-7], 1), (HEAD + ONE + ONE[:-1], 2)):
        lab.votes.write_text(there)
        if there.startswith(HEAD):
            assert len(read_votes(lab)) == kept
        keep_vote(lab, VOTE | {"listener": "b\nc"})
        assert [vote["listener"] for vote in read_votes(lab)] == ["a"] * kept + ["b c"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_votes_are_not_written_through_a_link(lab, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text(HEAD)
    lab.votes.symlink_to(other)
    with pytest.raises(UserError, match=r"votes\.csv: is a link"):
        keep_vote(lab, VOTE)
    assert other.read_text() == HEAD


def test_a_whole_line_for_an_unknown_pair_is_an_error(lab):
    for line in (ONE.replace("p", "q"), "2026,a\n"):
        lab.votes.write_text(HEAD + line)
        with pytest.raises(UserError, match="which this laboratory does not know; remove it"):
            read_votes(lab)


def test_pairs_that_are_nested_beyond_measure_are_named(lab):
    (lab.path / "listening" / "bad.json").write_text("[" * 100_000)
    with pytest.raises(UserError, match=r"bad\.json: cannot be read"):
        keep_vote(lab, VOTE)
