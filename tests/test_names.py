"""One name, one thing: no public name is defined in two modules, and no file is longer than can be read in one go."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

import kickitout
import kicklab

PACKAGES = [Path(package.__file__).parent for package in (kickitout, kicklab)]
MOST_LINES = 400
READ = (".py", ".js", ".ts", ".css", ".html", ".j2", ".yaml", ".md")  # suffixes of what people read

TWICE = {  # why a name may stand in several modules
    "add_arguments": "every command and experiment has its own",
    "run": "every command and experiment has its own",
    "main": "`python -m kickitout` calls that of the command line",
    "Generator": "every family of models has its own",
    "Critic": "every family of models has its own",
    "first_grid": "every family of models has its own",
    "widths": "every family of models has its own",
    "card": "the public function measures files as well as waves",
    "train": "the public function asks for less than the one that it calls",
    "blend": "the public function gives a kick with its recipe, the other a latent",
    "drive": "one in NumPy for waves, one in PyTorch inside the model's graph",
    "ROUNDS": "of the search for targets and of the refining of a latent",
}


def homes_of_names(modules: dict[str, str]) -> dict[str, list[str]]:
    """Where each public name is defined: functions, classes, and constants that another module imports from there.

    modules: dotted name -> source.
    """
    trees = {name: ast.parse(source) for name, source in modules.items()}
    imported = {
        (node.module, alias.name)
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes: dict[str, list[str]] = defaultdict(list)
    for module, tree in trees.items():
        found: set[str] = set()
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
                found |= {name for name in names if (module, name) in imported}
        for name in found:
            if not name.startswith("_"):
                homes[name].append(module)
    return homes


def sources() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = path.read_text("utf-8")
    return found


def test_no_public_name_is_defined_in_two_modules():
    doubled = {name: homes for name, homes in homes_of_names(sources()).items() if len(homes) > 1}
    assert {name: homes for name, homes in doubled.items() if name not in TWICE} == {}


def test_a_name_that_is_defined_twice_is_found():
    modules = {
        "a": "def f(): ...\nX: int = 1\nY = 1\n",
        "b": "from a import X\nclass f: ...\n_X = Y = 2\n",
        "c": "from d import X\nY, Z = 1, 2\ndef g(): ...\n",
        "d": "X, Z = 1, 2\n",
    }
    assert homes_of_names(modules) == {"f": ["a", "b"], "X": ["a", "d"], "g": ["c"]}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_no_file_is_too_long_to_read(package):
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in package.rglob("*") if path.suffix in READ}
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


OPTION = re.compile(r"(^|[\s(;:'])--?[a-z]")  # of a command line


def sentences(text: str) -> list[str]:
    """What a module says in its UserErrors; commands in backticks, and what is filled in, are left out."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    errors = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "UserError"]
    parts = (
        [one.value if isinstance(one, ast.Constant) else "*" for one in ast.walk(argument)
         if isinstance(one, ast.FormattedValue) or (isinstance(one, ast.Constant) and isinstance(one.value, str))]
        for call in errors for argument in call.args
    )  # fmt: skip
    return [re.sub(r"`[^`]*`", "*", "".join(found)) for found in parts]


def test_options_are_named_by_the_command_line_alone():
    """Whoever calls a function has arguments: a sentence that both hear names neither's."""
    package = PACKAGES[0]
    modules = [path for path in package.rglob("*.py") if path.parent != package / "cli"]
    found = {f"{path.relative_to(package)}: {said}" for path in modules for said in sentences(path.read_text("utf-8"))
             if OPTION.search(said)}  # fmt: skip
    assert not found
    assert any(OPTION.search(said) for said in sentences((package / "cli" / "generate.py").read_text("utf-8")))
