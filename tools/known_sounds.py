"""Print the examples in docstrings again whose answers are sounds of the default model: after that model has changed.

    python tools/known_sounds.py            says which examples differ
    python tools/known_sounds.py --write    writes what they print now into the docstrings

`kick lab measure api-page --write docs/api.md` afterwards brings them into the page.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "kickitout"
MODULES = ("kicks.py", "datasets/measured.py", "generation/styles.py", "generation/generate.py")


def printed(example: doctest.Example, names: dict[str, object]) -> str:
    """What an example prints, run among the names that the ones before it have left."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example.source, "<example>", "single"), names)
    return out.getvalue()


def renewed(text: str, where: str) -> str:
    """The text of a module with what its examples print now."""
    lines = text.splitlines(keepends=True)
    # Each docstring begins with names of its own, as doctest has it: an example behind other text than an example.
    for test in doctest.DocTestFinder(recurse=True).find(__import__(where, fromlist=["_"])):
        names = dict(test.globs)
        for example in test.examples:
            got = printed(example, names)
            if example.want and got != example.want and not example.options:
                at = (test.lineno or 0) + example.lineno + example.source.count("\n")
                pad = " " * example.indent
                new = [f"{pad}{line}\n" for line in got.splitlines()]
                print(f"{where}.py:{at + 1}: {example.want.strip()} -> {got.strip()}")
                lines[at : at + len(new)] = new  # as many lines as before: the answers are values
    return "".join(lines)


if __name__ == "__main__":
    for name in MODULES:
        path = SOURCE / name
        text = path.read_text("utf-8")
        now = renewed(text, "kickitout." + name.removesuffix(".py").replace("/", "."))
        if "--write" in sys.argv[1:] and now != text:
            path.write_text(now, "utf-8")
