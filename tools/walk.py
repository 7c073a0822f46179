"""From a folder to a trained model to a kit by mouse alone, as the pictures in docs/studio.md.

python tools/walk.py docs/images --folder my-kicks/ --minutes 5

Without --folder it is one of rendered kicks (`kickitout.synthesise`). Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
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
        self.page.wait_for_function("""() => document.querySelector('#train-state').textContent === 'failed'
            || document.querySelector('#train-progress').value > 0.7
            && /step [1-9]/.test(document.querySelector('#train-step').textContent)""")
        if self.page.inner_text("#train-state") == "failed":
            raise SystemExit(f"walk.py: {self.page.inner_text('#train-said')}")
        self.shows("#train-curve")

    def model(self) -> None:
        """Hear old against new, keep the model, and go on with it."""
        self.reads("#train-state", "^ended$")
        self.page.wait_for_selector("#train-b-kicks .tile >> nth=7")
        self.page.wait_for_function("() => document.querySelector('#train-sheet').naturalWidth > 100")
        self.page.click("#train-a-kicks .tile >> nth=0")
        self.page.click("#train-b-kicks .tile >> nth=0")
        self.page.click("#train-keep")
        self.reads("#train-kept", "^kept")
        self.shows("#train-a-kicks")
        self.shows("#train-sheet")

    def shows(self, what: str) -> None:
        """Picture it in the middle of its panel."""
        self.page.eval_on_selector(what, "(one) => one.scrollIntoView({ block: 'center' })")
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
        with self.page.expect_download() as download:
            self.page.click("#make-kit")
        with zipfile.ZipFile(download.value.path()) as kit:
            sounds = [name for name in kit.namelist() if name.endswith(".wav")]
            if not sounds or kit.testzip() is not None:
                raise SystemExit("walk.py: the kit is no zip of sounds")
        self.shows("#kit-said")


@contextmanager
def studio_of(place: Path) -> Iterator[str]:
    """The address of a studio that trains in place/runs. With the block it ends, and so does what trains there."""
    command = [sys.executable, "-m", "kickitout", "studio", "--port", "0", "--runs", "runs"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=place) as studio:
        try:
            assert studio.stdout is not None
            yield studio.stdout.readline().split()[0]
        finally:
            trainers = psutil.Process(studio.pid).children(recursive=True)
            studio.terminate()
            studio.wait()  # before them, as one that has ended is gone only when its parent has seen it, or is gone
            for trainer in trainers:
                with suppress(psutil.NoSuchProcess):
                    trainer.kill()
            psutil.wait_procs(trainers, timeout=20)


def rendered(folder: Path, count: int) -> Path:
    """A new folder of so many rendered kicks."""
    folder.mkdir()
    for i, wave in enumerate(kickitout.synthesise(range(count))[0]):
        kickitout.write_sound(folder / f"kick {i + 1:03d}.wav", wave, 44_100)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--folder", type=Path, help="kicks to learn from (default: rendered ones)")
    parser.add_argument("--minutes", type=int, default=5)
    args = parser.parse_args()
    chromium = find_browser("walk.py", "walk with")
    with tempfile.TemporaryDirectory(prefix="kick-") as folder:
        place = Path(folder)
        kicks = args.folder or rendered(place / "my-kicks", 96)
        with studio_of(place) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=sounding_flags())
            page = browser.new_context(viewport=SIZE, color_scheme="dark").new_page()
            page.set_default_timeout(LONG)
            page.goto(address)
            walk = Walk(page, args.out)
            walk.folder(kicks, args.minutes)
            walk.training()
            walk.model()
            walk.kit()
            browser.close()


if __name__ == "__main__":
    main()
