"""What docs/api.md says of the public names of `kickitout` and `kickitout.frontend`, and of what they take and return.

kick lab measure api-page --write docs/api.md
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import kickitout
from kickitout import frontend

MOST_COLUMNS = 116


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace | None = None) -> Iterator[str]:
    for name, found in offered(kickitout).items():
        yield from section(name, found)
    yield f"\n# Interfaces: `kickitout.frontend`\n\n{fenced(inspect.cleandoc(frontend.__doc__ or ''))}"
    for name, found in offered(frontend).items():
        yield from section(name, found)
    yield "\n# What they take and return"
    for kind in sorted(taken_and_returned(), key=lambda kind: kind.__name__):
        head, *rest = section(kind.__name__, kind)
        yield from [head, f"```python\nfrom {kind.__module__} import {kind.__name__}\n```\n", *rest]


def offered(module: ModuleType) -> dict[str, Any]:
    """The functions and classes of a module's `__all__`; constants are in its docstring."""
    found = {name: getattr(module, name) for name in module.__all__}
    return {name: one for name, one in found.items() if inspect.isfunction(one) or inspect.isclass(one)}


def section(name: str, found: Any) -> Iterator[str]:
    """The signature of a function and its docstring; the docstring of a class and its members."""
    yield f"\n## `{name}`\n"
    if inspect.isfunction(found):
        yield f"```python\n{signature(name, found)}\n```\n"
    yield fenced(inspect.cleandoc(found.__doc__))
    if inspect.isclass(found) and (members := attributes(found)):
        yield f"\n```python\n{members}\n```"


def taken_and_returned() -> set[type]:
    """The classes of the package that public functions take and return, and those that the attributes of these are made
    of."""
    public = [*offered(kickitout).values(), *offered(frontend).values()]
    functions = [one for one in public if inspect.isfunction(one)]
    found = {kind for one in functions for kind in _named(one, _tree(one).returns)}
    found |= {kind for one in functions for part in (*_tree(one).args.args, *_tree(one).args.kwonlyargs)
              for kind in _named(one, part.annotation)}  # fmt: skip
    parts = {kind for one in found for node in _tree(one).body if isinstance(node, ast.AnnAssign)
             for kind in _named(one, node.annotation)}  # fmt: skip
    return (found | parts) - {one for one in public if inspect.isclass(one)}


def attributes(kind: type) -> str:
    """Its attributes as the source has them, with their comments, then its properties and methods."""
    lines = textwrap.dedent(inspect.getsource(kind)).splitlines()
    stated, methods = [], []
    for node in _tree(kind).body:
        if isinstance(node, ast.AnnAssign):
            stated += [line.strip() for line in lines[node.lineno - 1 : node.end_lineno]]
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            marks = {ast.unparse(mark) for mark in node.decorator_list}
            about = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
            returns = ast.unparse(node.returns) if node.returns else ""
            if marks & {"property", "cached_property"}:
                methods += _with_comment(f"{node.name}: {returns}", about)
            elif not marks:
                node.args.args = node.args.args[1:]  # without self
                methods += _with_comment(f"{node.name}({ast.unparse(node.args)}) -> {returns}", about)
    return "\n".join([*stated, *methods])


def _with_comment(code: str, about: str) -> list[str]:
    """A line of code with a comment behind it, or above it where that would be long."""
    if len(code) + len(about) < MOST_COLUMNS:
        return [f"{code}  # {about}" if about else code]
    return [*textwrap.wrap(about, MOST_COLUMNS, initial_indent="# ", subsequent_indent="# "), code]


def _tree(thing: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]


def _named(thing: Any, annotation: ast.expr | None) -> set[type]:
    """The classes of the package that an annotation names, as the module of a function or class imports them."""
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)} if annotation else set()
    module = import_module(thing.__module__)
    tree = ast.parse(inspect.getsource(module))
    homes = {
        alias.name: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    found = [getattr(import_module(homes[name] or ""), name) if name in homes else getattr(module, name, None)
             for name in names]  # fmt: skip
    return {one for one in found if inspect.isclass(one) and one.__module__.startswith("kickitout.")}


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
