"""The pages of a checkout as HTML: README, docs/*.md, and what they link to.

Markdown is read by markdown-it-py, as GitHub reads it (CommonMark and tables); headings have GitHub's anchors. A link
to another page leads to its HTML, one to a file to a copy of it. Each link has to lead somewhere, or it is an error.
"""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from kickitout.errors import UserError
from kicklab.html import filled_page

FIRST = "README.md"
PAPER = "docs/paper.html"  # beside the docs, and not one of them
GROUPS = {  # of the list of pages; a page that is named nowhere comes last
    "Make kicks": ("README", "generate", "asking", "fit", "kits", "studio", "kick-card", "outlier-rejection"),
    "Train": ("training", "data-doctor", "kickae", "representations", "scale"),
    "Measure": ("scores", "embeddings", "laboratory", "default", "drum_types"),
    "Build on it": ("api", "architecture", "CONTRIBUTING", "promises"),
}
SHORT = 24  # characters of code that stay on one line of a phone
SHOWN_AS_TEXT = (".py", ".csv")  # a host may offer them for download only


@dataclass(frozen=True)
class DocPage:
    """A page of the docs. path: from the checkout; title: its first heading, plain; tokens: what it says."""

    path: str
    title: str
    tokens: Sequence[Token]

    @property
    def file(self) -> str:
        """Its name in the folder docs/ of the site."""
        return "index.html" if self.path == FIRST else f"{Path(self.path).stem.lower()}.html"

    @property
    def short(self) -> str:
        """Its title in a list."""
        return self.title.split(": ")[0]

    @property
    def sections(self) -> list[tuple[str, str]]:
        """(anchor, text) of its second headings."""
        return [(anchor, text) for level, anchor, text in headings(self.tokens) if level == 2]


@dataclass
class Docs:
    """The pages of a checkout, by their paths; the files that they need, by theirs -> their place in the site."""

    root: Path
    pages: dict[str, DocPage] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> Docs:
        """Raises UserError for a folder that is no checkout, and for a link that leads nowhere."""
        if not (root / FIRST).is_file() or not (root / PAPER).is_file():
            raise UserError(f"{root}: has no {FIRST} and {PAPER}; give --root the folder of a checkout")
        found = cls(root)
        waiting = [FIRST, *sorted(f"docs/{path.name}" for path in (root / "docs").glob("*.md"))]
        for path in waiting:  # grows by what is linked
            if path in found.pages:
                continue
            page = found.pages[path] = read_page(root, path)
            for address in addresses(page.tokens):
                target = found.target(page, address)
                if target is not None and target.endswith(".md"):
                    waiting.append(target)
        assert len({page.file for page in found.pages.values()}) == len(found.pages)
        return found

    def target(self, page: DocPage, address: str) -> str | None:
        """The path from the checkout that an address of a page leads to; None for another host, and for an anchor."""
        if "://" in address or address.startswith(("#", "mailto:")):
            return None
        place = (self.root / page.path).parent / address.split("#")[0]
        try:
            path = place.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            path = ""
        if not path or not (self.root / path).exists():
            raise UserError(f"{page.path}: its link to {address} leads nowhere")
        return path

    def new_address(self, page: DocPage, address: str) -> str | None:
        """The address in the site, from the folder of the docs; None for a folder, which a host may not list."""
        path = self.target(page, address)
        if path is None:
            return address
        anchor = address[address.index("#") :] if "#" in address else ""
        if path in self.pages:
            other = self.pages[path]
            if anchor and anchor[1:] not in {name for _, name, _ in headings(other.tokens)}:
                raise UserError(f"{page.path}: its link to {address} leads to no heading")
            return other.file + anchor
        if path == PAPER:
            return f"../paper.html{anchor}"
        if not (self.root / path).is_file():
            return None
        name = path.removeprefix("docs/") + (".txt" if path.endswith(SHOWN_AS_TEXT) else "")
        self.files[path] = name
        return name + anchor

    def grouped(self) -> list[tuple[str, list[DocPage]]]:
        """All pages, as they are listed beside each."""
        by_stem = {Path(path).stem: page for path, page in self.pages.items()}
        found = [(group, [by_stem.pop(stem) for stem in stems if stem in by_stem]) for group, stems in GROUPS.items()]
        return [*found, ("More", list(by_stem.values()))] if by_stem else found

    def write(self, out: Path) -> None:
        """Write the pages and the files that they need into the folder `out`."""
        out.mkdir()
        groups = self.grouped()
        for page in self.pages.values():
            body = Markup(MARKDOWN.renderer.render(self._linked(page), MARKDOWN.options, {}))
            text = filled_page("doc.html", page=page, groups=groups, body=body, root="../")
            (out / page.file).write_bytes(text)
        for path, name in self.files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.root / path, out / name)

    def _linked(self, page: DocPage) -> list[Token]:
        """The tokens of a page whose links lead to places in the site; a link to a folder is its text alone."""
        for token in page.tokens:
            kept, open_links = [], []
            for child in token.children or []:
                if child.type == "image":
                    child.attrSet("src", self.new_address(page, str(child.attrGet("src"))) or "")
                    child.attrSet("loading", "lazy")
                elif child.type == "link_open":
                    address = self.new_address(page, str(child.attrGet("href")))
                    open_links.append(address is not None)
                    if address is None:
                        continue
                    child.attrSet("href", address)
                elif child.type == "link_close" and not open_links.pop():
                    continue
                kept.append(child)
            token.children = kept if token.children is not None else None
        return [token for token in page.tokens if not token.content.startswith("<!--")]


def read_page(root: Path, path: str) -> DocPage:
    """A page, parsed; its headings have anchors."""
    tokens = MARKDOWN.parse((root / path).read_text("utf-8"))
    seen: dict[str, int] = {}
    for opening, text in _headings(tokens):
        name = anchor_of(text)
        seen[name] = seen.get(name, -1) + 1
        opening.attrSet("id", f"{name}-{seen[name]}" if seen[name] else name)
    title = next((text for _, text in _headings(tokens)), Path(path).stem)
    return DocPage(path, title, tokens)


def headings(tokens: Sequence[Token]) -> list[tuple[int, str, str]]:
    """(level, anchor, text) of each heading."""
    return [(int(opening.tag[1:]), str(opening.attrGet("id")), text) for opening, text in _headings(tokens)]


def _headings(tokens: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    for opening, content in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            yield opening, "".join(child.content for child in content.children or [])


def addresses(tokens: Sequence[Token]) -> Iterator[str]:
    """Where the links and images of a page lead."""
    for token in tokens:
        for child in token.children or []:
            for name in ("href", "src"):
                if (address := child.attrGet(name)) is not None:
                    yield str(address)


def anchor_of(heading: str) -> str:
    """GitHub's anchor of a heading.

    >>> anchor_of("`click_level_db` [dB], at 10 ms")
    'click_level_db-db-at-10-ms'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _reader() -> MarkdownIt:
    """CommonMark with tables. What is wider than a phone can be moved, also with the keyboard."""
    found = MarkdownIt("commonmark").enable("table")

    def code(_: object, tokens: Sequence[Token], index: int, *more: object) -> str:
        return f'<pre tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'

    def inline(_: object, tokens: Sequence[Token], index: int, *more: object) -> str:
        text = tokens[index].content
        whole = ' class="short"' if len(text) <= SHORT else ""
        return f"<code{whole}>{escape(text)}</code>"

    def heading_close(_: object, tokens: Sequence[Token], index: int, *more: object) -> str:
        tag, anchor = tokens[index].tag, escape(str(tokens[index - 2].attrGet("id")))
        here = "" if tag == "h1" else f'<a class="here" href="#{anchor}" aria-label="Link to this section">#</a>'
        return f"{here}</{tag}>\n"

    rules = {
        "code_inline": inline,
        "fence": code,
        "code_block": code,
        "heading_close": heading_close,
        "table_open": lambda *_: '<div class="table" tabindex="0"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
    }
    for name, rule in rules.items():
        found.add_render_rule(name, rule)
    return found


MARKDOWN = _reader()
