"""The page's modules say what flows between them (JSDoc), and TypeScript agrees."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[1] / "tools" / "page"
TSC = TOOLS / "node_modules" / ".bin" / "tsc"


@pytest.mark.skipif(shutil.which("node") is None or not TSC.exists(), reason="no TypeScript: npm ci in tools/page")
def test_the_types_of_the_page_fit():
    done = subprocess.run([str(TSC), "-p", "jsconfig.json"], cwd=TOOLS, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_lock_file_names_no_download_address():
    lock = json.loads((TOOLS / "package-lock.json").read_text("utf-8"))
    assert all("resolved" not in package for package in lock["packages"].values())
    assert lock["packages"]["node_modules/typescript"]["integrity"].startswith("sha512-")
