"""The paper as a PDF: a browser that is installed prints the page."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from kickitout.errors import UserError
from kickitout.files import write_whole
from kicklab.browser import find_browser

ASKED = ("--pdf", "print")  # what asks for a browser, and for what
SECONDS = 120.0  # a page of ours takes three


def write_pdf(page: bytes, out: Path) -> Path:
    """Print a page that stands alone into a PDF. Raises UserError where there is no browser, or it prints nothing."""
    browser = find_browser(*ASKED)
    with tempfile.TemporaryDirectory() as folder:
        source, printed = Path(folder) / "paper.html", Path(folder) / "paper.pdf"
        source.write_bytes(page)
        words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                 f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", source.as_uri()]  # fmt: skip
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(f"--pdf: {browser} prints nothing ({error}); print the page from a browser") from error
        if done.returncode or not printed.exists():
            last = (done.stderr.strip().splitlines() or ["no word of it"])[-1]
            raise UserError(f"--pdf: {browser} prints nothing ({last}); print the page from a browser")
        return write_whole(out, printed.read_bytes())
