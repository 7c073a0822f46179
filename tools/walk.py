"""From a folder to a trained model to a kit by mouse alone, as the pictures in docs/studio.md.

python tools/walk.py docs/images --minutes 10

The folder holds rendered kicks (`kickitout.synthesise`), so that everybody can walk it again.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import kickitout
from kicklab.browser import find_browser, sounding_flags

SIZE = {"width": 1280, "height": 720}
LONG = 3_600_000  # ms
QUALITY = 80  # of WebP


class Walk:
    """A page, and the pictures that are taken of it."""

    def __init__(self, page: Page, out: Path) -> None:
        self.page, self.out, self.taken = page, out, 0

    def picture(self) -> None:
        from PIL import Image

        self.taken += 1
        self.page.mouse.move(1, 1)
        path = self.out / f"train-{self.taken}.webp"
        Image.open(io.BytesIO(self.page.screenshot())).convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB", flush=True)

    def reads(self, what: str, text: str) -> None:
        """Wait until an element has a text."""
        script = "([what, text]) => document.querySelector(what)?.textContent.match(text)"
        self.page.wait_for_function(script, arg=[what, text])

    def folder(self, kicks: Path, minutes: int) -> None:
        """Drop it, and read what the doctor says. The dialogue that chooses it is the system's, and is not pictured."""
        self.page.wait_for_selector("html[data-ready=all]")
        self.page.click("#tab-train")
        self.reads("#train-folder", ".")
        self.page.set_input_files("#train-choose", kicks)
        self.page.wait_for_selector("#train-report b")
        self.page.fill("#train-minutes", str(minutes))
        self.picture()

    def training(self) -> None:
        self.page.click("#train-start")
        self.reads("#train-step", "step \\d\\d")
        self.page.locator("#train-legend").scroll_into_view_if_needed()
        self.picture()

    def model(self) -> None:
        """Hear old against new, keep the model, and go on with it."""
        self.reads("#train-state", "^ended$")
        self.page.wait_for_selector("#train-b-kicks .tile >> nth=7")
        self.page.wait_for_function("() => document.querySelector('#train-sheet').naturalWidth > 100")
        self.page.click("#train-a-kicks .tile >> nth=0")
        self.page.click("#train-b-kicks .tile >> nth=0")
        self.page.click("#train-keep")
        self.reads("#train-kept", "^kept")
        self.page.locator("#train-a").scroll_into_view_if_needed()
        self.picture()

    def kit(self) -> None:
        before = self.page.inner_text("#model")
        self.page.click("#train-use")
        self.page.wait_for_function(
            "(b) => ![undefined, '', b].includes(document.querySelector('#model')?.textContent)", arg=before
        )
        self.page.wait_for_selector("html[data-ready=all]")
        box = self.page.locator("#map canvas").bounding_box()
        assert box is not None
        for x, y in ((0.3, 0.3), (0.55, 0.62), (0.72, 0.42), (0.42, 0.8)):
            self.page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
            if self.page.get_attribute("#favourite", "aria-pressed") == "false":
                self.page.click("#favourite")
        self.page.click("#tab-take")
        with self.page.expect_download():
            self.page.click("#make-kit")
        self.page.locator("#kit-said").scroll_into_view_if_needed()
        self.picture()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--kicks", type=int, default=96)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        kicks = Path(place) / "my-kicks"
        kicks.mkdir()
        for i, wave in enumerate(kickitout.synthesise(range(args.kicks))[0]):
            kickitout.write_sound(kicks / f"kick {i + 1:03d}.wav", wave, 44_100)
        command = [sys.executable, "-m", "kickitout", "studio", "--port", "0", "--runs", "runs"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=place) as studio, \
             sync_playwright() as playwright:  # fmt: skip
            try:
                assert studio.stdout is not None
                address = studio.stdout.readline().split()[0]
                browser = playwright.chromium.launch(
                    executable_path=find_browser("walk.py", "walk with"), args=sounding_flags()
                )
                page = browser.new_context(viewport=SIZE, color_scheme="dark").new_page()
                page.set_default_timeout(LONG)
                page.goto(address)
                walk = Walk(page, args.out)
                walk.folder(kicks, args.minutes)
                walk.training()
                walk.model()
                walk.kit()
                browser.close()
            finally:
                studio.terminate()


if __name__ == "__main__":
    main()
