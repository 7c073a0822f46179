"""Take the picture of the studio that is in the README, with the system's own Chromium.

python tools/screenshot.py docs/images/studio.png
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from kicklab.browser import sounding_flags

SIZE = {"width": 1280, "height": 720}
KEPT = ((0.30, 0.30), (0.55, 0.62), (0.72, 0.42), (0.42, 0.80), (0.47, 0.35))  # favourites: shares of the map
POINTED = (0.62, 0.33)


def arrange(page: Page) -> None:
    """A few favourites, a note asked for, and the mouse over a kick."""
    page.wait_for_selector("html[data-ready=all]", timeout=120_000)
    box = page.locator("#map canvas").bounding_box()
    assert box is not None

    def place(share: tuple[float, float]) -> tuple[float, float]:
        return box["x"] + box["width"] * share[0], box["y"] + box["height"] * share[1]

    for share in KEPT:
        page.mouse.click(*place(share))
        page.wait_for_timeout(100)
        page.keyboard.press("f")
    for name, text in (("pitch", "F1"), ("decay", "280ms"), ("click", "-24dB")):
        page.fill(f"#control-{name} ~ input", text)
        page.keyboard.press("Enter")
        page.wait_for_timeout(2000)
    page.click("#reroll")
    page.wait_for_function("() => document.querySelector('#targets-said').textContent.startsWith('seed')")
    page.wait_for_timeout(1000)
    page.evaluate("document.activeElement.blur()")
    x, y = place(POINTED)
    page.mouse.move(x - 8, y)
    page.mouse.move(x, y, steps=4)
    page.wait_for_timeout(500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    args = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium on this machine")
    command = [sys.executable, "-m", "kickitout", "studio", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as studio, sync_playwright() as playwright:
        assert studio.stdout is not None
        address = studio.stdout.readline().split()[0]
        browser = playwright.chromium.launch(executable_path=chromium, args=sounding_flags())
        page = browser.new_context(viewport=SIZE, color_scheme=args.theme, device_scale_factor=1.5).new_page()
        page.add_init_script("Math.random = () => 0.0000155")  # seed 15: the same picture each time, and a loud kick
        page.goto(address)
        arrange(page)
        args.out.write_bytes(smaller(page.screenshot()))
        browser.close()
        studio.terminate()
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


def smaller(png: bytes) -> bytes:
    """The same picture with at most 256 colours."""
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
