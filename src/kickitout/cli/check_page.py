"""The report of `kick check` as one page that needs nothing else: sounds, pictures and style are inside it."""

from __future__ import annotations

from html import escape

import numpy as np

from kickitout.audio import decode_sound, encode_sound, mid_side
from kickitout.cli.check_text import Section, headline, overview, sections
from kickitout.datasets.doctor.check import Report
from kickitout.drawing import data_uri, spectrogram_png, wave_svg
from kickitout.errors import UserError
from kickitout.sound import SAMPLE_RATE

PLAYERS = 200  # sounds on a page: 60 to 400 kB each
FAMILY_SHOWN = 6  # players of a group
LONGEST_S = 4.0  # of a suspect: enough to hear that it is a loop
QUIET = 1e-3  # of the peak: what comes after is not played

STYLE = """
:root{color-scheme:light dark;--line:#8886}
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1.05rem;display:inline}
details{border-top:1px solid var(--line);padding:.7rem 0}summary{cursor:pointer}
dt{float:left;width:7rem;opacity:.7}dd{margin-left:7rem}
ul{padding-left:1.2rem}li{overflow-wrap:anywhere}
.sounds{display:flex;flex-wrap:wrap;gap:1rem;margin:.7rem 0}
figure{margin:0;padding:.6rem;border:1px solid var(--line);border-radius:.4rem;width:244px}
figcaption{font-size:.8rem;overflow-wrap:anywhere}
audio{width:240px;height:32px}img,svg{display:block;margin:.2rem 0}
.bars{display:grid;grid-template-columns:9rem 1fr;gap:.15rem .6rem;font-size:.85rem}
.bars i{background:#d9480f;display:block;height:1em;min-width:1px}
"""


class _Players:
    """Sounds on the page, as long as there is room."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.row = {one.row.name: i for i, one in enumerate(report.taken)}
        self.left = PLAYERS

    def prepared(self, name: str) -> tuple[np.ndarray, int]:
        wave = self.report.waves[self.row[name]]
        loud = np.flatnonzero(np.abs(wave) > QUIET * np.abs(wave).max())
        return wave[: int(loud[-1]) + 1], SAMPLE_RATE

    def recorded(self, name: str) -> tuple[np.ndarray, int]:
        """As it is in its file, or as prepared where the file has gone."""
        candidate = self.report.files[name]
        try:
            with candidate.open() as file:
                sound = decode_sound(file, name)
        except UserError:
            return self.prepared(name)
        mid = mid_side(sound.samples)[0][: round(LONGEST_S * sound.rate)]
        return mid / max(float(np.abs(mid).max()), 1.0), sound.rate

    def figure(self, name: str, caption: str, *, whole: bool = False) -> str:
        if self.left <= 0 or name not in self.row:
            return f"<figure><figcaption>{escape(caption)}</figcaption></figure>"
        self.left -= 1
        wave, rate = self.recorded(name) if whole else self.prepared(name)
        sound = data_uri("audio/wav", encode_sound(wave, rate, bits="16"))
        picture = data_uri("image/png", spectrogram_png(wave, rate))
        return (
            f'<figure><audio controls preload="none" src="{sound}"></audio>{wave_svg(wave)}'
            f'<img src="{picture}" width="240" height="64" alt="spectrogram">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )


def as_page(report: Report) -> bytes:
    """The page, UTF-8."""
    players = _Players(report)
    body = [f"<h1>{escape(headline(report))}</h1>", "<dl>"]
    body += [f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in overview(report) if name != "lengths"]
    body += ["</dl>", _bars(report), *(_section(section, report, players) for section in sections(report))]
    if players.left <= 0:
        body.append(f"<p>Players stand beside the first {PLAYERS} sounds.</p>")
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>kick check</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )
    return page.encode()


def _section(section: Section, report: Report, players: _Players) -> str:
    shown = " open" if section.key in ("refused", "suspects", "groups") else ""
    if section.key == "suspects":
        figures = [
            players.figure(suspect.name, line, whole=True)
            for suspect, line in zip(report.suspects, section.lines, strict=True)
        ]
        inside = f'<div class="sounds">{"".join(figures)}</div>'
    elif section.key == "groups":
        inside = "".join(_family(names, report, players) for names in report.groups)
    else:
        inside = f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in section.lines)}</ul>"
    title = f"<summary><h2>{section.count}&ensp;{escape(section.title)}</h2></summary>"
    return f"<details{shown}>{title}{inside}</details>"


def _family(names: tuple[str, ...], report: Report, players: _Players) -> str:
    taken = [name for name in names if name not in report.copies]
    figures = "".join(players.figure(name, name) for name in taken[:FAMILY_SHOWN])
    rest = [*taken[FAMILY_SHOWN:], *(f"{n}, the same sound as {report.copies[n]}" for n in names if n in report.copies)]
    more = f"<ul>{''.join(f'<li>{escape(name)}</li>' for name in rest)}</ul>" if rest else ""
    return f'<div class="sounds">{figures}</div>{more}'


def _bars(report: Report) -> str:
    most = max(n for _, n in report.lengths)
    rows = (
        f'<span>{escape(label)}: {n}</span><span><i style="width:{100 * n / most:.1f}%"></i></span>'
        for label, n in report.lengths
    )
    return f'<div class="bars">{"".join(rows)}</div>'
