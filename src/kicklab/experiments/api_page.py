"""What docs/api.md says of each public name of `kickitout`: its signature and its docstring.

kick lab measure api-page --write docs/api.md
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import kickitout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace | None = None) -> Iterator[str]:
    for name in kickitout.__all__:
        if name.startswith("__"):
            continue
        found = getattr(kickitout, name)
        yield f"\n## `{name}`\n"
        if not inspect.isclass(found):
            yield f"```python\n{signature(name, found)}\n```\n"
        yield fenced(inspect.cleandoc(found.__doc__))


def signature(name: str, function: Any) -> str:
    """As it is written, with one parameter a line where it would be long."""
    tree = ast.parse(inspect.getsource(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    parameters = [*inspect.signature(function).parameters.values()]
    written = [one.annotation for one in (*tree.args.args, *tree.args.kwonlyargs)]
    lines = []
    for one, annotation in zip(parameters, written, strict=True):
        assert annotation is not None
        if one.kind is one.KEYWORD_ONLY and "*" not in lines:
            lines.append("*")
        default = "..." if callable(one.default) else repr(one.default)
        lines.append(f"{one.name}: {ast.unparse(annotation)}" + ("" if one.default is one.empty else f" = {default}"))
    assert tree.returns is not None
    end = f") -> {ast.unparse(tree.returns)}"
    short = f"{name}({', '.join(lines)}{end}"
    return short if len(short) <= 100 else "\n".join([f"{name}(", *(f"    {line}," for line in lines), end])


def fenced(docstring: str) -> str:
    """Doctests and indented examples as blocks of Python; the text stays as it is."""
    parts = []
    for part in re.split(r"\n\n+", docstring):
        example = part.startswith((">>>", "    "))
        parts.append(f"```python\n{textwrap.dedent(part)}\n```" if example else part)
    return "\n\n".join(parts)
