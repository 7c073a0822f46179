"""The studio's page as a static site that runs the model in the visitor's browser: any web server can hold it.

It is the same page; js/local.js stands in for the API and plays the model with ONNX Runtime's WebAssembly build.
That build (MIT) is fetched once from the npm registry when a site is exported, checked against its digest, and lies in
the site itself: a visitor's browser calls no other machine. It and the model lie there packed, so that they are small
on any host; the first kick lies there as it sounds, and nobody waits for the model to hear it. A service worker keeps
all files for when there is no network. The browser measures pitch and level over time, which curves are drawn by; what
needs the rest of the kick card is left out there, but for the kicks of the map, which are measured here.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

import kickitout
from kickitout import frontend
from kickitout.errors import UserError
from kickitout.files import explain_os_error, names_in, read_regular, strange_in, whole_folder
from kickitout.studio.calibration import calibrate
from kickitout.studio.opening import about, best
from kickitout.studio.page_files import NOT_THE_PAGES, OF_THE_STUDIO, page_folder, preloading, with_modules
from kickitout.studio.replies import or_null

RUNTIME = "onnxruntime-web-1.30.0.tgz"
PACKAGE = "onnxruntime-web@1.30.0"
DIGEST = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="  # sha512, base64
PARTS = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
PACKED = ".gzip"  # beside a name; hosts know .gz, and unpack that on the way, or do not
OF_NO_PLAYER = {"sw.js", "js/types.js", "ort/LICENSE.txt", "NOTICE.txt"}  # what a page without network plays without
KICKS = 192  # on the map
OF_A_MODEL = ("noise_size", "latent_size", "controls", "noise_codes", "channels", "length")  # what the page plays by
NOT_ON_A_PAGE = ("kit", "formats", "cards", "spectrogram", "inversion", "training")
BACKEND = """import "./offline.js";
export { backend, Wrong } from "./local.js";
"""
LICENCE = """onnxruntime-web 1.30.0, unchanged. MIT License.

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
# A browser loads no modules from a file, so this is all that runs where somebody opens the page with a double click.
FROM_A_FILE = """if (location.protocol === "file:") document.getElementById("wrong").textContent =
  "A browser plays this page only from a web server, and not from a file. In this folder run python -m http.server" +
  " and open http://127.0.0.1:8000/, or put the folder on any web host.";"""
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest}'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def write_site(
    model: str | PathLike[str], out: str | PathLike[str], *, runtime: Path | None = None, kicks: int = KICKS,
    force: bool = False,
) -> Path:  # fmt: skip
    """Write the site into the new folder `out`, whole or not at all. Returns it.

    runtime: the package's archive, for a machine without npm. kicks: on the map. Raises UserError for a model that is
    no ONNX graph, for a folder that is there (force replaces a site that this wrote), and when the archive is not the
    one that is known.

        kickitout.write_site("runs/mine", Path("site"))
    """
    source, out = frontend.find_model_file(Path(model)), Path(out)
    if source.suffix != ".onnx":
        raise UserError(
            f"{source}: its representation has no phase, and rebuilding it needs PyTorch, which no browser has; "
            "models of kickae, dcgan-bands and dcgan-stft can be put on a page"
        )
    if out.exists() and (not out.is_dir() or names_in(out)):
        if not force:
            raise UserError(f"{out}: exists; force replaces a site, another folder keeps it")
        if added := _not_ours(out):
            raise UserError(f"{out}: {added}, so force does not replace it; move it away, or choose another folder")
    with whole_folder(out) as folder:
        _put_runtime(folder / "ort", runtime)
        _fill(folder, source, *site_data(model, kicks))
        _keep(folder)
    return out


def _not_ours(out: Path) -> str:
    """What speaks against replacing what is at `out`; empty for a site and nothing else."""
    try:
        listed = re.search(r"FILES = (\{.*?\})", read_regular(out / "sw.js").decode(), re.DOTALL)
        ours = {"index.html", *json.loads(listed[1])} if listed else set()
    except (OSError, ValueError, RecursionError):
        ours = set()
    if "site.json" not in ours:
        return "is not a site that kickitout wrote"
    strange = strange_in(out, ours | OF_NO_PLAYER)
    return f"holds {strange[0]}, which is not of the site" if strange else ""


def site_data(model: str | PathLike[str], kicks: int = KICKS) -> tuple[dict[str, Any], np.ndarray]:
    """What the page needs to know of the model: its metadata, names and cards of the kicks on the map, and the samples
    [C, T] of the kick that it opens with."""
    player = kickitout.load_model(model)
    made = [kickitout.kick_of({"seed": seed}, player) for seed in range(kicks)]
    found = frontend.measure(np.stack([kick.channels for kick in made]), threads=None)
    can_draw = player.path is not None and frontend.drawable(player.path.read_bytes()) is not None
    expected, points = calibrate(player, kicks)
    opening = best(found, player)
    told = about(player, opening) | {
        "no_encoder": "" if player.info.latent_size else "this model makes kicks from seeds alone",
        "targets": [{"field": "", "scale": "linear", **control} for control in frontend.controls_of(player)],
        "styles": [],
        "references": None,
        "calibration": expected,
        "without": [*NOT_ON_A_PAGE, *([] if can_draw else ["curves"])],
    }
    listed = [
        {
            "name": frontend.recipe_name(kick.recipe, found.row(i), player.info.word),
            "card": or_null(found.row(i)),
            "points": points[i],
        }
        for i, kick in enumerate(made)
    ]
    info = {name: getattr(player.info, name) for name in OF_A_MODEL} | {"drawable": can_draw}
    return {"info": info, "about": told, "cards": listed}, made[opening].channels


def _fill(folder: Path, model: Path, data: dict[str, Any], first: np.ndarray) -> None:
    shutil.copytree(page_folder(), folder, dirs_exist_ok=True)
    for name in OF_THE_STUDIO:
        (folder / "js" / name).unlink()
    (folder / "js" / "backend.js").write_text(BACKEND, "utf-8")
    html = (folder / "index.html").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(FROM_A_FILE.encode()).digest()).decode()
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(digest=digest)}">'
    html = html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{policy}')
    html = html.replace("</body>", f"<script>{FROM_A_FILE}</script>\n</body>")
    modules = [f"js/{p.name}" for p in (folder / "js").iterdir() if p.name not in NOT_THE_PAGES]
    (folder / "index.html").write_text(preloading(with_modules(html, modules), "site.json", "first.f32"), "utf-8")
    (folder / "site.json").write_text(json.dumps(data, allow_nan=False), "utf-8")
    (folder / "first.f32").write_bytes(first.astype("<f4").tobytes())
    _pack(frontend.drawable(model.read_bytes()) or model.read_bytes(), folder / "model.onnx")
    if notice := frontend.notice_of(model):
        (folder / "NOTICE.txt").write_text(notice, "utf-8")


def _pack(data: bytes, path: Path) -> None:
    """Write what is large packed, and small text, which hosts pack, as it is."""
    if path.suffix == ".mjs":
        path.write_bytes(data)
    else:
        path.with_name(path.name + PACKED).write_bytes(gzip.compress(data, mtime=0))


def _keep(folder: Path) -> None:
    """Tell the service worker which files there are, and their version: the digest of all their digests."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    paths = [path for path in paths if path.relative_to(folder).as_posix() not in OF_NO_PLAYER]
    names = [path.relative_to(folder).as_posix() for path in paths]
    digests = [base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode() for path in paths]
    files = {"./" if name == "index.html" else name: one for name, one in zip(names, digests, strict=True)}
    listed = json.dumps(files, indent=0)
    version = hashlib.sha256(listed.encode()).hexdigest()[:16]
    worker = (folder / "sw.js").read_text("utf-8")
    for empty, written in (("FILES = {}", f"FILES = {listed}"), ('VERSION = ""', f'VERSION = "{version}"')):
        assert worker.count(empty) == 1
        worker = worker.replace(empty, written)
    (folder / "sw.js").write_text(worker, "utf-8")


def _put_runtime(folder: Path, archive: Path | None) -> None:
    """The files of ONNX Runtime that the page needs, and their licence."""
    folder.mkdir()
    with tempfile.TemporaryDirectory() as there:
        packed = archive or _fetch(Path(there))
        try:
            content = packed.read_bytes()
        except OSError as error:
            raise explain_os_error(error, packed) from error
        if base64.b64encode(hashlib.sha512(content).digest()).decode() != DIGEST:
            raise UserError(f"{packed}: not {PACKAGE} as it is known (its sha512 differs); fetch it again")
        with tarfile.open(packed) as tar:
            for part in PARTS:
                member = tar.extractfile(f"package/dist/{part}")
                assert member is not None  # its digest is known
                _pack(member.read(), folder / part)
    (folder / "LICENSE.txt").write_text(LICENCE, "utf-8")


def _fetch(folder: Path) -> Path:
    """The archive from the npm registry, as npm is set up here."""
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(f"a page needs {PACKAGE} once: install npm (Node.js), or give the archive as the runtime")
    command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", cwd=folder)
    if done.returncode != 0 or not (folder / RUNTIME).exists():
        why = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
        raise UserError(f"npm could not fetch {PACKAGE} ({why.strip()}); try again, or give it as the runtime")
    return folder / RUNTIME
