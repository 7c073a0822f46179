"""What several test files need: a kick whose onset is known, and the real recordings when they are there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no fault: no example has a time limit, neither while it is made nor while it is tried.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

FOLDERS = ("kicks-open", "kicks-open-2", "kicks-study", "drums-open", "drums-study")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes give a test no name: a sound file may hold the time it was made, and two workers would disagree."""
    return "bytes" if isinstance(val, bytes) else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`-m light` and `-m decides` read only the files that have such tests: others may need what is not installed."""
    wanted = set(re.findall(r"\b(?<!not )(?:light|decides)\b", config.getoption("markexpr") or ""))
    if not wanted or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text("utf-8")
    return None if any(f"mark.{name}" in text for name in wanted) else True


@pytest.hookimpl(tryfirst=True)  # -m shall see the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that take minutes run where they are asked for: make test-long, or KICKITOUT_LONG=1.

    Slow ones come first, lest one worker ends long after the others: each begins with its share of the tests, the first
    with those of the toy laboratory, which is made once, the second with the others.
    """
    of_lab, slow, quick = [], [], []
    for item in items:
        if item.get_closest_marker("long") and not os.environ.get("KICKITOUT_LONG"):
            item.add_marker(pytest.mark.skip(reason="takes minutes; KICKITOUT_LONG=1 runs it"))
        elif "toy_lab" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")
            of_lab.append(item)
            continue
        (slow if item.get_closest_marker("slow") else quick).append(item)
    share = max(0, len(items) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 2)) - len(of_lab))
    items[:] = [*of_lab, *quick[:share], *slow, *quick[share:]]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the recorded one-shots: KICKITOUT_DATA, or shared/data beside the checkout."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("KICKITOUT_DATA", default))
    absent = [name for name in FOLDERS if not (folder / name).is_dir()]
    if absent:
        pytest.skip(f"no recorded one-shots: {folder} lacks {', '.join(absent)}; set KICKITOUT_DATA")
    return folder


@pytest.fixture(scope="module")
def model():
    """The model in the package."""
    from kickitout.generation.load import load_model

    return load_model()


@pytest.fixture(scope="module")
def client(model):
    """A studio with the model in the package, called without a server."""
    from fastapi.testclient import TestClient
    from studio import HOME

    from kickitout.studio.model import StudioModel
    from kickitout.studio.routes import make_app

    with TestClient(make_app(StudioModel(model)), base_url=HOME) as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    """The browser of the tests of pages, which may play without being asked."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
    from kickitout.errors import UserError
    from kicklab.browser import find_browser, sounding_flags

    try:
        chromium = find_browser("tests", "open pages")
    except UserError as error:
        pytest.skip(str(error))
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=sounding_flags())
        yield found
        found.close()


@pytest.fixture(scope="session")
def make_kick() -> Callable[..., np.ndarray]:
    """make_kick(rate, before=0.0, seconds=0.4, end_hz=50.0) -> float32 [T]: `before` s of silence, then a swept sine.

    It falls from end_hz + 150 Hz, starts at phase 0 with a positive half wave, and decays with 120 ms.
    """

    def kick(rate: int = 44_100, before: float = 0.0, seconds: float = 0.4, end_hz: float = 50.0) -> np.ndarray:
        t = np.arange(round(seconds * rate)) / rate
        phase = 2 * np.pi * (end_hz * t + 150 * 0.03 * (1 - np.exp(-t / 0.03)))
        body = 0.8 * np.sin(phase) * np.exp(-t / 0.12)
        return np.concatenate([np.zeros(round(before * rate)), body]).astype(np.float32)

    return kick


@pytest.fixture(scope="session")
def runtime(tmp_path_factory) -> Path:
    """The archive of ONNX Runtime's browser build, from npm."""
    from toy import made_once

    from kickitout.studio.site import PACKAGE, RUNTIME

    def fetch(folder: Path) -> None:
        done = subprocess.run(["npm", "pack", PACKAGE, "--silent"], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"npm cannot fetch {PACKAGE}: {done.stderr[-200:]}")

    if shutil.which("npm") is None:
        pytest.skip("no npm, so no ONNX Runtime for browsers")
    return made_once(tmp_path_factory, "npm", fetch) / RUNTIME
