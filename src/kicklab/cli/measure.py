"""`kick lab measure` runs one experiment; `kick lab figures` fills a page with what commands print.

An experiment is a module of kicklab.experiments with add_arguments and run, which yields lines of Markdown. In a page
its figures stand between `<!-- begin: COMMAND -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from kickitout.cli.parser import Parser
from kickitout.cli.values import path
from kickitout.errors import UserError
from kickitout.files import write_whole
from kickitout.text import nearest

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
MEASURE = ("kick", "lab", "measure")
PAGE_BLOCK = re.compile(r"<!-- begin: (?P<name>[^>]+?) -->\n.*?<!-- end -->", re.DOTALL)
FENCED = ("kick bench", "kick lab list")  # print text; all others print Markdown


def add_verbs(verbs: Any) -> None:
    """Add `measure` and `figures` to `kick lab`."""
    measure = verbs.add_parser("measure", help="measure the product, as Markdown; alone: list the experiments")
    measure.add_argument("name", nargs="?", metavar="EXPERIMENT")
    measure.add_argument("options", nargs=argparse.REMAINDER, help="of the experiment; its own --help lists them")
    measure.set_defaults(verb=run_experiment)

    figures = verbs.add_parser("figures", help="fill the figures of a page by the commands that it names")
    figures.add_argument("page", type=Path)
    figures.add_argument("--data", type=Path, nargs="+", default=[], help="folders of kicks, for `kick lab measure`")
    figures.add_argument("--only", metavar="COMMAND", help="fill one block; its command as the page has it")
    figures.set_defaults(verb=fill_figures)


def experiments() -> dict[str, str]:
    """Name of each experiment -> the first sentence of its module, without importing it."""
    texts = {file.stem.replace("_", "-"): file.read_text("utf-8") for file in sorted(EXPERIMENTS.glob("*.py"))}
    return {name: text[3:].split("\n", 1)[0] for name, text in texts.items() if "\ndef add_arguments(" in text}


def load_experiment(name: str) -> tuple[ModuleType, Parser]:
    """The module of an experiment and the parser of its options."""
    known = experiments()
    if name not in known:
        hint = f"did you mean {near}?" if (near := nearest(name, known)) else "`kick lab measure` lists them"
        raise UserError(f"{name}: no experiment has that name; {hint}")
    module = import_module(f"kicklab.experiments.{name.replace('-', '_')}")
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog=" ".join([*MEASURE, name]), description=module.__doc__, formatter_class=layout)
    parser.register("type", Path, path)
    module.add_arguments(parser)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the figures into a page; print nothing")
    return module, parser


def run_experiment(args: argparse.Namespace) -> int:
    if args.name is None:
        for name, about in experiments().items():
            print(f"{name:15s} {about}")
        return 0
    module, parser = load_experiment(args.name)
    options = parser.parse_args(args.options)
    if options.write is None:
        for line in module.run(options):
            print(line, flush=True)
    else:
        words = [word for word in args.options if word not in ("--write", str(options.write))]
        block = block_of(options.write, [*MEASURE, args.name, *words])  # before hours of work
        fill_page(options.write, {block: "\n".join(module.run(options))})
    return 0


def block_of(page: Path, command: Sequence[str]) -> str:
    """The block of a page whose words the command has, with folders and more options beside them."""
    names = [match["name"] for match in PAGE_BLOCK.finditer(page.read_text("utf-8"))]
    own = [name for name in names if name.split()[:4] == command[:4] and Counter(name.split()) <= Counter(command)]
    if not own:
        raise UserError(f"{page}: has no block for it; one begins with <!-- begin: {' '.join(command[:4])} -->")
    return max(own, key=len)


def fill_page(page: Path, found: dict[str, str]) -> None:
    """Replace the content of blocks. The page is read again, as it is after all that time."""

    def filled(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- begin: {name} -->\n{found[name].rstrip()}\n<!-- end -->" if name in found else match[0]

    write_whole(page, PAGE_BLOCK.sub(filled, page.read_text("utf-8")).encode())


def fill_figures(args: argparse.Namespace) -> int:
    import subprocess  # here: `kick --help` does not wait for it

    names = [match["name"] for match in PAGE_BLOCK.finditer(args.page.read_text("utf-8"))]
    chosen = [name for name in names if args.only in (None, name)]
    if not chosen:
        raise UserError(f"{args.page}: has no block {args.only or 'of figures'}; it has {', '.join(names) or 'none'}")
    for name in chosen:
        words = name.split()
        if words[0] == "kick":
            words[:1] = ["-m", "kickitout"]
        data = map(str, args.data if name.startswith(" ".join(MEASURE)) else [])
        done = subprocess.run([sys.executable, *words, *data], capture_output=True, text=True)
        if done.returncode:
            raise UserError(f"{name}: it ended with {done.returncode}: {done.stderr.strip()}")
        text = done.stdout.rstrip()
        fill_page(args.page, {name: f"```\n{text}\n```" if name.startswith(FENCED) else text})
    return 0
