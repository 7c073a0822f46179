"""A kit on the disk: a folder, archives for the players that want one, and a zip; whole or not at all.

Everything is written into a hidden folder beside the place where it is to be, and renamed. Archives are the same bytes
whenever they are made: names in order, one date (1980, the earliest that a zip can hold), no owner.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kickitout.errors import UserError
from kickitout.export.kits.build import Kit
from kickitout.export.kits.documents import KIT_FORMAT, kit_documents, kit_json
from kickitout.export.kits.formats import KIT_FORMATS, check_formats
from kickitout.export.kits.kit_format import SAMPLES, Archive
from kickitout.files import explain_os_error, left_by_others, make_folder, names_in, put_folder
from kickitout.generation.model import Model

DATE = (1980, 1, 1, 0, 0, 0)
MANIFEST = "kit.json"


def write_kit(
    kit: Kit, model: Model | None, out: Path, formats: Sequence[str] = tuple(KIT_FORMATS), *, zipped: bool = False,
    force: bool = False,
) -> list[Path]:  # fmt: skip
    """Write a kit into the new folder `out`, and `out`.zip beside it. Returns what was made: the folder, the zip.

    Raises UserError for a place that is taken (see `check_place`) and when the disk refuses; nothing is left then.
    """
    check_formats(formats, kit.plan)
    check_place(out, zipped=zipped, force=force)
    out = out.resolve()
    make_folder(out.parent)
    hidden = out.with_name(f".{out.name}.{os.getpid()}.part")
    packed = out.with_name(f".{out.name}.zip.{os.getpid()}.part")
    try:
        archives = _fill(hidden, kit, model, formats)
        if zipped:
            _zip_folder(packed, hidden, kit.plan.stem, without=archives)
        put_folder(hidden, out)
        made = [out]
        if zipped:
            os.replace(packed, zip_name(out))
            made.append(zip_name(out))
        return made
    except OSError as error:
        raise explain_os_error(error, out) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        with contextlib.suppress(OSError):
            packed.unlink()


def zip_name(out: Path) -> Path:
    return out.with_name(f"{out.name}.zip")


def check_place(out: Path, *, zipped: bool = False, force: bool = False) -> None:
    """Raises UserError when `out` is taken: by a file, by a folder with anything in it, by the zip of that name.

    `force` allows to replace a kit that this program wrote, if nothing was added to it since; no other folder.
    """
    if out.resolve() == Path.cwd().resolve():
        raise UserError(f"{out}: is the folder you are in; give a name for the kit's own, for instance -o kit")
    if zipped and os.path.lexists(zip_name(out)):
        if not force:
            raise UserError(f"{zip_name(out)}: exists; --force replaces a kit, another -o keeps it")
        if not _is_zipped_kit(zip_name(out)):
            raise UserError(
                f"{zip_name(out)}: is not a kit that kickitout wrote, so --force does not replace it; choose another -o"
            )
    try:
        if not os.path.lexists(out):
            return
        if not out.is_dir():
            raise UserError(f"{out}: a file is in the way of the kit's folder; choose another name")
        if not names_in(out):
            return
        if not force:
            raise UserError(f"{out}: exists and is not empty; --force replaces a kit, another -o keeps it")
        added = _not_ours(out)
    except OSError as error:
        raise explain_os_error(error, out) from error
    if added is not None:
        raise UserError(f"{out}: {added}, so --force does not replace it; choose another -o")


def _not_ours(out: Path) -> str | None:
    """What speaks against removing a folder; None for a kit and nothing else."""
    try:
        known = json.loads((out / MANIFEST).read_bytes())
        if known["format"] != KIT_FORMAT:
            return "holds a kit of another version"
        ours = {*known["files"], MANIFEST}
    except (OSError, ValueError, KeyError, TypeError):
        return "is not a kit that kickitout wrote"
    there = {p.relative_to(out) for p in out.rglob("*") if p.is_symlink() or not p.is_dir()}
    strange = sorted({p.as_posix() for p in there if not any(map(left_by_others, p.parts))} - ours)
    return f"holds {strange[0]}, which is not of the kit" if strange else None


def _is_zipped_kit(path: Path) -> bool:
    """Whether a file is the zip of a kit."""
    try:
        with zipfile.ZipFile(path) as packed:
            manifests = [name for name in packed.namelist() if name.rpartition("/")[2] == MANIFEST]
            return bool(json.loads(packed.read(manifests[0]))["format"] == KIT_FORMAT)
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, zlib.error, zipfile.BadZipFile):
        return False


def _fill(folder: Path, kit: Kit, model: Model | None, formats: Sequence[str]) -> set[str]:
    """Every file of the kit in a new folder. Returns the names of the archives among them."""
    (folder / SAMPLES).mkdir(parents=True)
    for name, data in kit.files():
        (folder / SAMPLES / name).write_bytes(data)
    sounds = [folder / SAMPLES / name for name in names_in(folder / SAMPLES)]
    documents = kit_documents(kit, model, formats)
    texts, archives = dict(documents), dict[str, Archive]()
    for form in (KIT_FORMATS[name] for name in formats):
        texts |= form.files(kit, documents)
        archives |= form.archives(kit, documents)
    for name, archive in archives.items():
        pack = _tar if archive.tar else _zip
        pack(folder / name, archive.texts, {f"{archive.prefix}{path.name}": path for path in sounds})
    for name, text in texts.items():
        (folder / name).write_bytes(text)
    listed = [*(f"{SAMPLES}/{path.name}" for path in sounds), *archives, *texts]
    (folder / MANIFEST).write_bytes(kit_json(kit, model, formats, listed))
    return set(archives)


def _zip_folder(to: Path, folder: Path, top: str, without: set[str]) -> None:
    """A kit's folder without the archives in it: they hold the same files once more."""
    members = {
        f"{top}/{p.relative_to(folder).as_posix()}": p
        for p in folder.rglob("*")
        if p.is_file() and p.name not in without and not left_by_others(p.name)
    }
    _zip(to, {}, members)


def _zip(to: Path, texts: Mapping[str, bytes], paths: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(to, "w") as archive:
        for name, data in _members(texts, paths):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so that the mode below is one
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, compresslevel=6)


def _tar(to: Path, texts: Mapping[str, bytes], paths: Mapping[str, Path]) -> None:
    # GNU's format has names as plain UTF-8; Hydrogen's command line cannot read the other's names beyond ASCII.
    with (
        open(to, "wb") as file,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for name, data in _members(texts, paths):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o644, 0
            archive.addfile(entry, io.BytesIO(data))


def _members(texts: Mapping[str, bytes], paths: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    for name in sorted([*texts, *paths]):
        yield name, texts[name] if name in texts else paths[name].read_bytes()
