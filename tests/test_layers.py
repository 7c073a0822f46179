"""The house has floors: each room imports only from those below it, and the light lane has no torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kickitout
import kicklab
from kickitout import frontend

pytestmark = [pytest.mark.light, pytest.mark.once]

ROOT = Path(kickitout.__file__).parent
# From the ground up. A run ends in a model file, so `export` lies below `training`.
FLOORS = [
    {"_version", "lazy", "errors", "sound", "notes", "units", "stored", "cpus", "package", "quiet", "text",
     "suffixes"},
    {"files", "settings", "drawing", "home"},
    {"workers", "descriptors"}, {"audio", "identity"}, {"similarity"}, {"synthesis"}, {"representations"},
    {"augmentation"}, {"datasets"}, {"models"}, {"generation"}, {"metrics"}, {"export"}, {"training"},
    {"starts"}, {"kicks", "scoring"}, {"fitting"}, {"frontend", "api"}, {"studio"}, {"cli"}, {"__main__"},
]  # fmt: skip
HEIGHT = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
LAB = Path(kicklab.__file__).parent
# The laboratory: signals, data, studies and their cells; made, measured, collected; then what reads the results.
LAB_FLOORS = [
    {"html", "browser", "markdown", "tones", "patterns", "spectra", "sources", "two_sample", "loops", "crossed",
     "unseen"},
    {"data", "loop_books"},
    {"study", "loop_styles", "loop_progressions"}, {"cells", "folder"}, {"make", "forks"}, {"measure"},
    {"evidence", "pictures"}, {"players", "line_heights"}, {"results"},
    {"runner", "listening", "listing", "swap", "critics_trial"}, {"paper"}, {"benches", "experiments"},
    {"website"}, {"cli"},
]  # fmt: skip
LAB_HEIGHT = {room: height for height, rooms in enumerate(LAB_FLOORS) for room in rooms}
HEAVY = (
    "torch",
    "onnxruntime",
    "scipy",
    "sklearn",
    "matplotlib",
    "pydantic",
    "yaml",
    "numpy",
    "soundfile",
    "soxr",
    "rich",
    "jinja2",
)


def room(path: Path, root: Path = ROOT) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


def imports(path: Path, package: str = "kickitout") -> set[str]:
    """The rooms of a package that a module imports from, also within functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == package:
            names = [alias.name for alias in node.names if not alias.name.startswith("__")]
            found |= {kickitout.HOMES.get(name, f"{package}.{name}").split(".")[1] for name in names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            found.add(node.module.split(".")[1])
    return found


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_from_below(path):
    if path.parent == ROOT and path.name == "__init__.py":
        return  # the front door
    above = [other for other in imports(path) if HEIGHT[other] > HEIGHT[room(path)]]
    assert not above


@pytest.mark.parametrize("path", sorted(LAB.rglob("*.py")), ids=lambda p: str(p.relative_to(LAB)))
def test_a_room_of_the_laboratory_imports_only_from_below(path):
    if path.parent == LAB and path.name == "__init__.py":
        return
    above = [other for other in imports(path, "kicklab") if LAB_HEIGHT[other] > LAB_HEIGHT[room(path, LAB)]]
    assert not above


def test_the_instrument_never_names_the_laboratory():
    named = [str(path) for path in ROOT.rglob("*.py") if "kicklab" in path.read_text("utf-8")]
    assert not named


def _used(tree: ast.AST, module: str) -> set[str]:
    """The names that are used as `module.NAME`."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in found if isinstance(node.value, ast.Name) and node.value.id == module}


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "cli").glob("*.py")), *sorted((ROOT / "studio").glob("*.py"))],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_the_command_line_and_the_studio_call_the_public_functions_alone(path):
    """And what every room may use: sentences, units, files, drawings, threads. Names of types are free."""
    common = {room(path), "errors", "notes", "units", "files", "settings", "sound", "quiet", "package", "cpus",
              "drawing", "suffixes", "text", "workers", "_version"}  # fmt: skip
    tree = ast.parse(path.read_text("utf-8"))
    types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    free = {inner for node in types for inner in ast.walk(node)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node not in free]
    doors = {alias.name for node in found if node.module == "kickitout" for alias in node.names}
    assert doors <= ({"frontend"} if room(path) == "studio" else set()), "kickitout.NAME is opened when it is asked for"
    rooms = {node.module.split(".")[1] for node in found if (node.module or "").startswith("kickitout.")}
    assert _used(tree, "kickitout") <= set(kickitout.__all__)
    assert _used(tree, "frontend") <= set(frontend.__all__)
    assert rooms <= common


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted(sys.modules), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_help_imports_nothing_heavy():
    loaded = loaded_by("from kickitout.cli import build_parser; build_parser().format_help()")
    assert not loaded & set(HEAVY)


def test_making_kicks_imports_no_torch(tmp_path):
    loaded = loaded_by(
        "import io; sys.stdout = sys.stderr = io.StringIO()\n"
        f"from kickitout.cli import main; assert main(['generate', '-n', '2', '-o', {str(tmp_path)!r}]) == 0\n"
        "import kickitout.descriptors, kickitout.datasets.build, kickitout.synthesis.procedural"
    )
    assert len(list(tmp_path.iterdir())) == 2
    assert not loaded & {"torch", "scipy", "sklearn", "matplotlib", "pydantic", "accelerate"}


def test_one_kick_waits_for_no_library_that_it_does_not_need(tmp_path):
    """A decoder, a resampler and a pool of threads take longer to load than a kick to make."""
    loaded = loaded_by(
        "import io; sys.stdout = sys.stderr = io.StringIO()\n"
        f"from kickitout.cli import main; assert main(['generate', '-n', '1', '-o', {str(tmp_path)!r}]) == 0"
    )
    assert "onnxruntime" in loaded
    assert not loaded & {"soundfile", "soxr", "concurrent", "logging", "subprocess"}


def test_the_page_and_its_first_kick_wait_for_no_library_that_they_do_not_need():
    """They take longer to load than a page to open."""
    loaded = loaded_by(
        "from pathlib import Path; import kickitout.studio.front, kickitout.studio.serve\n"
        "from kickitout import frontend; frontend.find_model_file(Path('default'))"
    )
    assert not loaded & {*HEAVY, "starlette", "fastapi"}
    loaded = loaded_by("from kickitout.studio.model import StudioModel; StudioModel.load('default').opened()")
    assert not loaded & ({*HEAVY, "starlette", "fastapi"} - {"numpy", "onnxruntime"})


def test_a_site_is_written_without_an_extra():
    assert not loaded_by("import kickitout; kickitout.write_site") & {"pydantic", "fastapi", "starlette", "torch"}


def test_no_package_that_breaks_a_cpu_torch_is_installed():
    from importlib.util import find_spec

    assert not [name for name in ("torchaudio", "torchvision", "torchcodec") if find_spec(name)]
