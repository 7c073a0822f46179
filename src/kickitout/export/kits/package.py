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
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from kickitout.datasets.scan import Refused
from kickitout.errors import UserError, count, refuse_other
from kickitout.export.kits.build import Kit, build_kit
from kickitout.export.kits.documents import KIT_FORMAT, kit_documents, kit_json, remarks, table
from kickitout.export.kits.formats import KIT_FORMATS, USUAL_FORMATS, check_formats
from kickitout.export.kits.kit_format import KIT_SOUNDS, Archive
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import kicks_of_files, kicks_of_model
from kickitout.files import (
    as_list,
    beside,
    explain_os_error,
    left_by_others,
    make_folder,
    names_in,
    put_folder,
    read_regular,
    strange_in,
)
from kickitout.generation.load import load_model
from kickitout.generation.match import Targets
from kickitout.generation.model import Model
from kickitout.generation.noise import check_seeds
from kickitout.generation.reject import OutlierRejection
from kickitout.generation.tail import MODEL_S
from kickitout.generation.targets import TargetRequest
from kickitout.models.files import DEFAULT

DATE = (1980, 1, 1, 0, 0, 0)
MANIFEST = "kit.json"
LARGEST_MANIFEST = 8 * 2**20  # bytes: that of 2048 sounds is a tenth of it


class WrittenKit(NamedTuple):
    """What `write_kit` has written. zip: None without `zipped`; left_out: files that are no kicks; rejection: what it
    has counted, where outliers were rejected."""

    folder: Path
    zip: Path | None
    kit: Kit
    left_out: list[Refused]
    rejection: OutlierRejection | None

    @property
    def table(self) -> list[str]:
        """The kicks, one a line."""
        return table(self.kit)

    @property
    def remarks(self) -> list[str]:
        """What did not go as it should, and what decides how loud the kit is."""
        return remarks(self.kit)


def write_kit(
    out: str | PathLike[str], seeds: Sequence[int] | None = None, *,
    sounds: Sequence[str | PathLike[str]] | None = None, most: int | None = None, model: str | Path | Model = DEFAULT,
    reject_outliers: bool = False, style: str | None = None, length_s: float = MODEL_S, targets: Targets | None = None,
    name: str | None = None, note: str | None = None, layers: int = 4, round_robins: int = 4,
    formats: Sequence[str] | None = None, bits: str = "24", licence: str | None = None, match: str = "loudness",
    level: str | float | None = None, choke: bool = False, pre_roll_ms: float | None = None, zipped: bool = False,
    force: bool = False,
) -> WrittenKit:  # fmt: skip
    """Write a kit for samplers into the new folder `out`: kicks tuned, equally loud, in velocity layers and round
    robins. Returns its folder, its zip with `zipped`, and what there is to say of it.

    seeds: of a model's kicks, the first eight without them; style: within which they are drawn; length_s: the most
    seconds that each rings; targets: what each measures at the note that it is tuned to, as in `match`, but for the
    pitch; sounds: files and folders instead of all these, of which `most` are used. note: "F1", or "F" for each kick's
    nearest F; without it the nearest semitone. layers, round_robins: 1 to 8.
    formats: of `kit_formats()`, the usual ones without it. match: "loudness" or "peak", what all kicks share; level:
    "-14 LUFS", "-1 dBTP" or a number, how much of it, without it as much as peaks allow. choke: a stroke ends the one
    before it. pre_roll_ms: silence before the onset, 1.45 ms without it. Raises UserError for a place that is taken
    (force replaces a kit), for sounds together with what is of a model, for a sound that is no kick, and for what a
    format cannot hold.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kit = kickitout.write_kit(f"{folder}/kit", [7], note="F", layers=1, round_robins=1, formats=["sfz"])
    ...     sorted(path.suffix for path in kit.folder.rglob("*.*"))
    ['.json', '.md', '.sfz', '.txt', '.txt', '.txt', '.wav']
    """
    of_model = {
        "seeds": seeds is not None, "model": model != DEFAULT, "style": style is not None,
        "length_s": length_s != MODEL_S, "reject_outliers": reject_outliers, "targets": bool(targets),
    }  # fmt: skip
    if sounds is not None and any(of_model.values()):
        told = " and ".join(name for name, given in of_model.items() if given)
        raise UserError(f"{told}: of kicks that a model makes, and sounds were given; leave out one or the other")
    if sounds is None and most is not None:
        raise UserError(f"most {most}: of the sounds that are given, and there are none; seeds say how many kicks")
    if (hz := TargetRequest.of(targets).targets.get("pitch")) is not None:
        raise UserError(f"pitch {hz:g} Hz: a kit is tuned to whole notes, and note says to which, for instance F1")
    out = Path(out)
    named = out.resolve().name if name is None else name
    plan = Plan(named, layers, round_robins, note, bits, licence, match, pre_roll_ms, level, choke)
    formats = USUAL_FORMATS if formats is None else tuple(as_list(formats))
    check_formats(formats, plan)
    check_place(out, zipped=zipped, force=force)
    played, rejection, left_out = None, None, list[Refused]()
    if sounds is None:
        seeds = check_seeds(range(8) if seeds is None else seeds)
        plan.check_size(len(seeds))
        played = load_model(model)
        rejection = OutlierRejection.of(played) if reject_outliers else None
        used = kicks_of_model(played, seeds, rejection, length_s, style, targets, plan.target)
    else:
        plan.check_size(1 if most is None else most)
        paths = as_list(sounds)
        for path in paths:
            refuse_other(path, "sound for a kit", "a file or a folder", str, PathLike)
        used, left_out = kicks_of_files([Path(path) for path in paths], most)
        if most is not None and len(used) < most:
            why = f" ({left_out[0].name}: {left_out[0].reason})" if left_out else ""
            raise UserError(f"{count(most, 'sound')}: only {len(used)} can be used{why}; ask for fewer, or give more")
    kit = build_kit(used, plan)
    folder, *packed = write_package(kit, played, out, formats, zipped=zipped, force=force)
    return WrittenKit(folder, packed[0] if packed else None, kit, left_out, rejection)


def write_package(
    kit: Kit, model: Model | None, out: Path, formats: Sequence[str] = USUAL_FORMATS, *, zipped: bool = False,
    force: bool = False,
) -> list[Path]:  # fmt: skip
    """Write a kit into the new folder `out`, and `out`.zip beside it. Returns what was made: the folder, the zip.

    Raises UserError for a place that is taken (see `check_place`) and when the disk refuses; nothing is left then.
    """
    check_formats(formats, kit.plan)
    check_place(out, zipped=zipped, force=force)
    out = out.resolve()
    make_folder(out.parent)
    hidden, packed = beside(out), beside(zip_name(out))
    try:
        copies = _fill_folder(hidden, kit, model, formats)
        if zipped:
            _zip_folder(packed, hidden, kit.plan.stem, without=copies)
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
        raise UserError(f"{out}: is the folder you are in; give a name for the kit's own, for instance kit")
    if zipped and os.path.lexists(zip_name(out)):
        if not force:
            raise UserError(f"{zip_name(out)}: exists; force replaces a kit, another place keeps it")
        if not _is_zipped_kit(zip_name(out)):
            why = "is not a kit that kickitout wrote"
            raise UserError(f"{zip_name(out)}: {why}, so force does not replace it; choose another place")
    try:
        if not os.path.lexists(out):
            return
        if not out.is_dir():
            raise UserError(f"{out}: a file is in the way of the kit's folder; choose another name")
        if not names_in(out):
            return
        if not force:
            raise UserError(f"{out}: exists and is not empty; force replaces a kit, another place keeps it")
        added = _not_ours(out)
    except OSError as error:
        raise explain_os_error(error, out) from error
    if added is not None:
        raise UserError(f"{out}: {added}, so force does not replace it; choose another place")


def _not_ours(out: Path) -> str | None:
    """What speaks against removing a folder; None for a kit and nothing else."""
    try:
        known = json.loads(read_regular(out / MANIFEST))
        if known["format"] != KIT_FORMAT:
            return "holds a kit of another version"
        ours = {*known["files"], MANIFEST}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "is not a kit that kickitout wrote"
    strange = strange_in(out, ours)
    return f"holds {strange[0]}, which is not of the kit" if strange else None


def _is_zipped_kit(path: Path) -> bool:
    """Whether a file is the zip of a kit."""
    try:
        with zipfile.ZipFile(path) as packed:
            manifests = [member for member in packed.infolist() if member.filename.rpartition("/")[2] == MANIFEST]
            if manifests[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return False  # the others unpack more than they are asked for
            with packed.open(manifests[0]) as file:
                text = file.read(LARGEST_MANIFEST + 1)  # whatever the archive says of its size
        return len(text) <= LARGEST_MANIFEST and bool(json.loads(text)["format"] == KIT_FORMAT)
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, zlib.error, zipfile.BadZipFile):
        return False


def _fill_folder(folder: Path, kit: Kit, model: Model | None, formats: Sequence[str]) -> set[str]:
    """Every file of the kit in a new folder. Returns the names of those archives that hold what the others do."""
    (folder / KIT_SOUNDS).mkdir(parents=True)
    for name, data in kit.files():
        (folder / KIT_SOUNDS / name).write_bytes(data)
    files = sorted(names_in(folder / KIT_SOUNDS))
    documents = kit_documents(kit, model, formats)
    texts, archives, copies = dict(documents), dict[str, Archive](), set[str]()
    for form in (KIT_FORMATS[name] for name in formats):
        texts |= form.files(kit, documents)
        packed = form.archives(kit, documents)
        archives |= packed
        copies |= set() if form.alone else set(packed)
    for name, archive in archives.items():
        paths = {inside: folder / KIT_SOUNDS / file for inside, file in archive.names(files).items()}
        if archive.tar:
            _tar(folder / name, archive.texts, paths)
        else:
            _zip(folder / name, archive.texts, paths, stored=archive.stored)
    for name, text in texts.items():
        (folder / name).write_bytes(text)
    listed = [*(f"{KIT_SOUNDS}/{file}" for file in files), *archives, *texts]
    (folder / MANIFEST).write_bytes(kit_json(kit, model, formats, listed))
    return copies


def _zip_folder(to: Path, folder: Path, top: str, without: set[str]) -> None:
    """A kit's folder without those archives that hold the same files once more; its README says so."""
    members = {
        f"{top}/{p.relative_to(folder).as_posix()}": p
        for p in folder.rglob("*")
        if p.is_file() and p.name not in without and not left_by_others(p.name)
    }
    texts = {}
    if without:
        said = f"\nThis zip is without {' and '.join(sorted(without))}: all that they hold is in it.\n"
        texts[f"{top}/README.txt"] = members.pop(f"{top}/README.txt").read_bytes() + said.encode()
    _zip(to, texts, members)


def _zip(to: Path, texts: Mapping[str, bytes], paths: Mapping[str, Path], *, stored: bool = False) -> None:
    with zipfile.ZipFile(to, "w") as archive:
        for name, data in _members(texts, paths):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
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
