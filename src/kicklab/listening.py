"""Blind comparisons by ear: which of two sounds is the better kick drum?

A page plays pairs at equal loudness in a random order and knows nothing of what they are but a number; what each number
means is kept in the laboratory. Served on 127.0.0.1 the votes are appended to votes.csv; a page that was opened as a
file offers them for download under that name.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import numpy as np

from kickitout.audio import encode_sound
from kickitout.descriptors import cards
from kickitout.drawing import data_uri
from kickitout.errors import UserError, one_line
from kickitout.files import explain_os_error, make_folder
from kickitout.metrics.resampling import wilson
from kickitout.sound import SAMPLE_RATE
from kicklab.folder import Lab, read_arrays, read_json, write_json
from kicklab.html import filled_page
from kicklab.make import from_16_bits, made_path

VOTE_COLUMNS = ("time", "listener", "pair", "choice")
CHOICES = ("left", "right", "none")
REAL = "real"
LARGEST_VOTE = 4096  # bytes


class VoteCount(NamedTuple):
    """How often one of two was chosen."""

    a: str
    b: str
    chosen: int  # a
    other: int  # b
    neither: int

    @property
    def share(self) -> float:
        """Of those who chose."""
        return self.chosen / max(self.chosen + self.other, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        return wilson(self.chosen, self.chosen + self.other)


def listening_page(lab: Lab, study: str, pairs: int, seed: int, only: Sequence[str] = ()) -> bytes:
    """The page with `pairs` comparisons; half against real kicks, half of two rows. What they are is kept in the lab.

    Raises UserError where nothing of the study was generated yet.
    """
    plan = lab.read_plan(study) if (lab.path / "plans").is_dir() else None
    done = [e for e in (plan or {"cells": []})["cells"]
            if e["source"] in ("trained", "procedural") and (lab.cell(e["id"]) / "measured.json").exists()]  # fmt: skip
    if only:
        done = [e for e in done if any(part.lower() in e["row"].lower() for part in only)]
    rows = list(dict.fromkeys(e["row"] for e in done))
    if not rows:
        raise UserError(
            f"{lab.path}: nothing to listen to: no row of {study} is finished; kick lab run {study} makes some"
        )
    rng = np.random.default_rng([seed, 13])
    known: dict[str, Any] = {}
    shown = []
    sounds = _RandomSounds(lab, done)
    for i in range(pairs):
        row = rows[int(rng.integers(len(rows)))]
        others = [r for r in rows if r != row]
        other = REAL if i % 2 == 0 or not others else others[int(rng.integers(len(others)))]
        sides = [row, other] if rng.random() < 0.5 else [other, row]
        drawn = [sounds.draw(side, rng) for side in sides]
        what = {
            side: {"row": d[0], "cell": d[1], "index": d[2]} for side, d in zip(("left", "right"), drawn, strict=True)
        }
        pair = f"{study}-{seed}-{i}-{_digest(what)}"  # votes for one pair never count for another
        known[pair] = what
        left, right = _equally_loud(drawn[0][3], drawn[1][3])
        shown.append({"id": pair, "left": _uri(left), "right": _uri(right)})
    kept = make_folder(lab.path / "listening") / f"{study}-{seed}.json"
    write_json(kept, (read_json(kept) if kept.exists() else {}) | known)
    return filled_page("listen.html", pairs=[shown[i] for i in rng.permutation(len(shown))])


def _digest(pair: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(pair, sort_keys=True).encode()).hexdigest()[:8]


class _RandomSounds:
    """One sound at random of a row: any seed, any of what was generated."""

    def __init__(self, lab: Lab, entries: Sequence[dict[str, Any]]) -> None:
        self.lab, self.entries = lab, entries
        self.loaded: dict[str, np.ndarray] = {}

    def draw(self, row: str, rng: np.random.Generator) -> tuple[str, str, int, np.ndarray]:
        """Row, cell, index and the sound [T]."""
        if row == REAL:
            waves, cell = self.lab.sounds("kicks").test.waves, ""
        else:
            mine = [e["id"] for e in self.entries if e["row"] == row]
            cell = mine[int(rng.integers(len(mine)))]
            if cell not in self.loaded:
                folder = self.lab.cell(cell)
                last = len(read_json(folder / "measured.json")["milestones"]) - 1
                self.loaded[cell] = from_16_bits(read_arrays(made_path(folder, last))["waves"])
            waves = self.loaded[cell]
        i = int(rng.integers(len(waves)))
        return row, cell, i, waves[i]


def _equally_loud(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two sounds at the loudness of the quieter one; as they are where one has none."""
    loud = cards(np.stack([a, b])).values["loudness_lufs"]
    if not np.isfinite(loud).all():
        return a, b
    gain = 10 ** ((loud.min() - loud) / 20)
    return (a * gain[0]).astype(np.float32), (b * gain[1]).astype(np.float32)


def _uri(wave: np.ndarray) -> str:
    return data_uri("audio/wav", encode_sound(wave, SAMPLE_RATE, bits="16"))


# -- votes ------------------------------------------------------------------------------------------------------------


def keep_vote(lab: Lab, vote: dict[str, Any]) -> None:
    """Append a vote to votes.csv. Raises UserError for one that is none."""
    listener, pair, choice = (one_line(str(vote.get(key, ""))[:80]) for key in ("listener", "pair", "choice"))
    if choice not in CHOICES or pair not in _known_pairs(lab):
        raise UserError("this is no vote: it names no pair of this laboratory, or none of left, right and none")
    if lab.votes.is_symlink():
        raise UserError(f"{lab.votes}: is a link, and votes are not written through one; put the file there itself")
    try:
        _end_last_line(lab)
        with open(lab.votes, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if file.tell() == 0:
                writer.writerow(VOTE_COLUMNS)
            writer.writerow([time.strftime("%Y-%m-%dT%H:%M:%S"), listener or "anonymous", pair, choice])
    except OSError as error:
        raise explain_os_error(error, lab.votes) from error


def _end_last_line(lab: Lab) -> None:
    """Have the next vote stand on a line of its own: behind a last line without an end, or in place of one that was
    cut. Raises OSError."""
    there = lab.votes.read_bytes() if lab.votes.exists() else b""
    if there and not there.endswith(b"\n"):
        begin = there.rfind(b"\n") + 1
        last = there[begin:].decode("utf-8", "replace")
        whole = last == ",".join(VOTE_COLUMNS) or _is_vote(_rows(last)[0], _known_pairs(lab))
        with open(lab.votes, "r+b") as file:
            file.truncate(len(there) if whole else begin)
            file.seek(0, os.SEEK_END)
            file.write(b"\n" if whole else b"")


def _rows(text: str) -> list[list[str]]:
    """The cells of a table. Raises ValueError."""
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _is_vote(cells: Sequence[str], known: dict[str, Any]) -> bool:
    """Whether the cells of a line are a vote for a pair that this laboratory knows."""
    return len(cells) == len(VOTE_COLUMNS) and cells[2] in known and cells[3] in CHOICES


def _known_pairs(lab: Lab) -> dict[str, Any]:
    """Every pair of its pages. Raises UserError for a file of them that cannot be read."""
    found: dict[str, Any] = {}
    for path in sorted((lab.path / "listening").glob("[!.]*.json")):
        try:
            found |= read_json(path)
        except (TypeError, ValueError) as error:
            raise UserError(f"{path}: damaged; restore it, or remove it with the votes for its pairs") from error
    return found


def read_votes(lab: Lab) -> list[dict[str, str]]:
    """All votes that can be read: listener, the two rows (in the order of their names, `real` last), and which won.

    From votes.csv and files beside it named votes-*.csv; a last line that was cut is passed over. Raises UserError for
    a file that holds something else.
    """
    known, found = _known_pairs(lab), []
    for path in sorted(lab.path.glob("votes*.csv")):
        try:
            text = path.read_bytes().decode("utf-8")
            head, *lines = _rows(text) or [[]]
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: cannot be read; restore it, or remove it") from error
        if tuple(head) != VOTE_COLUMNS:
            raise UserError(f"{path}: not votes of this version; its first line must be {','.join(VOTE_COLUMNS)}")
        if lines and not text.endswith(("\n", "\r")) and not _is_vote(lines[-1], known):
            lines.pop()
        for cells in filter(None, lines):
            if not _is_vote(cells, known):
                named = cells[2] if len(cells) > 2 else ",".join(cells)
                raise UserError(f"{path}: a vote for {named!r}, which this laboratory does not know; remove it")
            pair, choice = known[cells[2]], cells[3]
            a, b = sorted((pair["left"]["row"], pair["right"]["row"]), key=lambda row: (row == REAL, row))
            won = "none" if choice == "none" else pair[choice]["row"]
            found.append({"listener": cells[1], "a": a, "b": b, "won": won})
    return found


def tally(votes: Sequence[dict[str, str]]) -> list[VoteCount]:
    """How often each was chosen, for each two that were compared; those against real kicks first."""
    counts: dict[tuple[str, str], list[int]] = {}
    for v in votes:
        place = counts.setdefault((v["a"], v["b"]), [0, 0, 0])
        place[0 if v["won"] == v["a"] else 1 if v["won"] == v["b"] else 2] += 1
    ordered = sorted(counts.items(), key=lambda item: (item[0][1] != REAL, item[0]))
    return [VoteCount(a, b, *numbers) for (a, b), numbers in ordered]


# -- the page on this machine -----------------------------------------------------------------------------------------


def server(lab: Lab, page: bytes, port: int) -> ThreadingHTTPServer:
    """Serves the page and takes votes, on 127.0.0.1 alone. Raises UserError where the port is taken."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self._from_here():
                return
            self._answer(200, "text/html; charset=utf-8", page) if self.path == "/" else self._answer(
                404, "text/plain", b""
            )

        def do_POST(self) -> None:
            if not self._from_here():
                return
            length = (self.headers.get("Content-Length") or "0").strip()
            if not (length.isascii() and length.isdecimal()):
                self._answer(400, "text/plain; charset=utf-8", b"Content-Length is no number of bytes")
                return
            size = int(length) if len(length) < 10 else LARGEST_VOTE + 1
            if self.path != "/vote" or not 0 < size <= LARGEST_VOTE:
                self._answer(404, "text/plain", b"")
                return
            try:
                vote = json.loads(self.rfile.read(size))
                if not isinstance(vote, dict):
                    raise UserError("this is no vote")
                with lock:
                    keep_vote(lab, vote)
            except (UserError, ValueError, RecursionError) as error:
                self._answer(400, "text/plain; charset=utf-8", str(error).encode())
                return
            self._answer(204, "text/plain", b"")

        def _from_here(self) -> bool:
            """A page of another origin must not vote: its requests carry another host or origin."""
            host, origin = (self.headers.get("Host") or "").lower(), self.headers.get("Origin")
            fine = host.partition(":")[0] in ("127.0.0.1", "localhost") and (
                origin is None or origin.lower() == f"http://{host}"
            )
            if not fine:
                self._answer(403, "text/plain", b"")
            return fine

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: votes are in their file."""

    class Server(ThreadingHTTPServer):
        allow_reuse_address = os.name != "nt"  # Windows would let two programs share the port

    try:
        return Server(("127.0.0.1", port), Handler)
    except (OSError, OverflowError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise UserError(f"--port {port}: cannot be used ({why}); another from 1 to 65535 works") from error


def serve_votes(lab: Lab, page: bytes, port: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C."""
    with server(lab, page, port) as running:
        say(f"open http://127.0.0.1:{running.server_address[1]}/ ; votes go to {lab.votes}; Ctrl-C ends")
        running.serve_forever()
