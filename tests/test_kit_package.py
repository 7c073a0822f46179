"""A kit on the disk: what is in it, the same bytes each time, and nothing ever half-written or lost."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from kits import FormulaModel, small_kit, write_kick
from synthetic import swept_kick

from kickitout.errors import UserError
from kickitout.export.kits import package
from kickitout.export.kits.build import build_kit
from kickitout.export.kits.documents import kit_documents
from kickitout.export.kits.formats import check_formats
from kickitout.export.kits.hydrogen import velocity_range
from kickitout.export.kits.package import check_place, write_package
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import kicks_of_files
from kickitout.export.kits.velocity import zones
from kickitout.frontend import files
from kickitout.package import remove_copies

pytestmark = pytest.mark.light

H2 = "{http://www.hydrogen-music.org/drumkit}"
ODD = ['Eight & <Kicks> "808"', "../evil", "CON", "太鼓 №1", ".hidden", "-rf", "100% $HOME #1", "it's; rm *", "x" * 80]


@pytest.fixture(scope="module")
def kit():
    return small_kit(layers=2, round_robins=2, licence="CC0-1.0")


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_everything_is_there_and_listed(tmp_path, kit):
    made = write_package(kit, FormulaModel(), tmp_path / "out", zipped=True)
    assert made == [tmp_path / "out", tmp_path / "out.zip"]
    found = content(tmp_path / "out")
    waves = [name for name in found if name.endswith(".wav")]
    assert len(waves) == 2 * 2 * 2
    assert all(name.startswith("samples/") for name in waves)
    assert {"README.txt", "LICENSE.txt", "MODEL-CARD.md", "drumkit.xml", "kit.json"} <= set(found)
    assert {"Small.sfz", "Small.h2drumkit", "Small.dspreset", "Small.dslibrary"} <= set(found)
    known = json.loads(found["kit.json"])
    assert set(known["files"]) == set(found) - {"kit.json"}
    assert known["model"] == {"name": "formula", "sha256": "f" * 64}
    assert {s["file"] for k in known["kicks"] for s in k["sounds"]} == {name.split("/")[1] for name in waves}
    assert "CC0-1.0" in found["LICENSE.txt"].decode()
    assert "| a | b | CC0 | 2 |" in found["MODEL-CARD.md"].decode()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "out.zip"]


def test_two_kits_are_the_same_bytes(tmp_path, kit, monkeypatch):
    write_package(kit, FormulaModel(), tmp_path / "a", zipped=True)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)  # another day
    monkeypatch.setattr("os.getpid", lambda: 4711)
    write_package(small_kit(layers=2, round_robins=2, licence="CC0-1.0"), FormulaModel(), tmp_path / "b", zipped=True)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_archives_hold_what_the_folder_holds(tmp_path, kit):
    write_package(kit, FormulaModel(), tmp_path / "out", zipped=True)
    found = content(tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        inside = {name: archive.read(name) for name in archive.namelist()}
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    kept = {f"Small/{k}": v for k, v in found.items() if not k.endswith((".h2drumkit", ".dslibrary"))}
    said = b"\nThis zip is without Small.dslibrary and Small.h2drumkit: all that they hold is in it.\n"
    assert inside == kept | {"Small/README.txt": kept["Small/README.txt"] + said}
    with zipfile.ZipFile(tmp_path / "out" / "Small.dslibrary") as archive:
        library = {name: archive.read(name) for name in archive.namelist()}
    assert library["Small.dspreset"] == found["Small.dspreset"]
    assert {k: v for k, v in library.items() if k.endswith(".wav")} == {
        k: v for k, v in found.items() if k.endswith(".wav")
    }
    assert library["LICENSE.txt"] == found["LICENSE.txt"]
    with tarfile.open(tmp_path / "out" / "Small.h2drumkit", "r:gz") as archive:
        members = archive.getmembers()
        kit_xml = archive.extractfile("Small/drumkit.xml").read()
        first = archive.extractfile(next(m for m in members if m.name.endswith(".wav"))).read()
    assert {m.name.split("/")[0] for m in members} == {"Small"}
    assert all(m.isfile() and m.mtime == 0 and m.uname == "" for m in members)
    assert {m.name.split("/")[1] for m in members if m.name.endswith(".wav")} == {
        k.split("/")[1] for k in found if k.endswith(".wav")
    }
    assert first in found.values()
    assert b"samples/" not in kit_xml  # in there the WAVs lie beside it


def parse_sfz(text: str) -> list[dict[str, str]]:
    """Every region with what it inherits: opcodes are separated by blanks, as no value here has any."""
    levels: dict[str, dict[str, str]] = {}
    regions = []
    for line in text.splitlines():
        words = line.split("//")[0].split()
        if not words:
            continue
        header, opcodes = words[0].strip("<>"), dict(word.split("=", 1) for word in words[1:])
        levels[header] = opcodes
        if header == "group":
            levels.pop("region", None)
        if header == "region":
            regions.append(levels["control"] | levels["global"] | levels.get("group", {}) | opcodes)
    return regions


@pytest.mark.parametrize("name", ODD)
def test_every_file_that_is_named_exists_whatever_the_kit_is_called(tmp_path, name):
    kit = small_kit(name=name, layers=2, round_robins=1)
    write_package(kit, FormulaModel(), tmp_path / "out" / "kit")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["kit"]  # nothing has left its folder
    folder = tmp_path / "out" / "kit"
    there = set(content(folder))
    sfz = list(folder.glob("*.sfz")) + list(folder.glob("_*.sfz"))
    presets = list(folder.glob("*.dspreset"))
    assert len(set(sfz)) == len(presets) == 3
    for path in sfz:
        assert {region["sample"] for region in parse_sfz(path.read_text("utf-8"))} <= there
    for path in presets:
        root = ET.parse(path).getroot()
        assert {sample.attrib["path"] for sample in root.iter("sample")} <= there
    drumkit = ET.parse(folder / "drumkit.xml").getroot()
    assert {e.text for e in drumkit.iter(f"{H2}filename")} <= there
    assert json.loads((folder / "kit.json").read_text("utf-8"))["plan"]["name"] == name
    assert name in (folder / "README.txt").read_text("utf-8")
    with tarfile.open(next(folder.glob("*.h2drumkit"))) as archive:
        assert {m.name.count("/") for m in archive.getmembers()} == {1}
        assert {m.name.split("/")[0] for m in archive.getmembers()} == {drumkit.find(f"{H2}name").text}


def test_the_sfz_has_each_velocity_and_round_robin_of_each_key_once():
    from kickitout.export.kits.sfz import sfz_files

    kit = small_kit(layers=3, round_robins=2)
    files = sfz_files(kit, {})
    whole = parse_sfz(files["Small.sfz"].decode())
    assert {r["key"] for r in whole} == {"36", "37"}
    for key, robin, velocity in [(k, r, v) for k in ("36", "37") for r in ("1", "2") for v in range(1, 128)]:
        hit = [
            r for r in whole
            if r["key"] == key == r["pitch_keycenter"] and r["seq_position"] == robin
            and int(r["lovel"]) <= velocity <= int(r["hivel"])
        ]  # fmt: skip
        assert len(hit) == 1
        assert (hit[0]["loop_mode"], hit[0]["seq_length"]) == ("one_shot", "2")
    for region in whole:
        low, high = int(region["lovel"]), int(region["hivel"])
        assert float(region[f"amp_velcurve_{high}"]) == 1
        assert float(region[f"amp_velcurve_{low}"]) == pytest.approx(low / high, abs=1e-6)
    alone = [parse_sfz(text.decode()) for name, text in files.items() if name != "Small.sfz"]
    assert len(alone) == 2
    assert all({r["key"] for r in regions} == {"36"} for regions in alone)


def test_one_kick_needs_no_files_of_its_own(tmp_path):
    write_package(small_kit(1), FormulaModel(), tmp_path / "out")
    assert len(list((tmp_path / "out").glob("*.sfz"))) == 1
    assert len(list((tmp_path / "out").glob("*.dspreset"))) == 1


def test_decentsampler_plays_a_layer_at_its_own_level_at_its_top():
    from kickitout.export.kits.decentsampler import preset_files

    kit = small_kit(layers=4, round_robins=2)
    root = ET.fromstring(preset_files(kit, {})["Small.dspreset"])
    groups = list(root.iter("group"))
    assert len(groups) == 2 * 4
    for group in groups:
        samples = group.findall("sample")
        assert [s.attrib["seqPosition"] for s in samples] == ["1", "2"]
        assert (group.attrib["seqMode"], group.attrib["seqLength"]) == ("round_robin", "2")
        assert (group.attrib["ampVelTrack"], group.attrib["ampEnvEnabled"]) == ("1", "false")
        top = int(samples[0].attrib["hiVel"]) / 127  # the gain that ampVelTrack="1" gives there
        volume = float(group.attrib["volume"].removesuffix("dB"))
        assert top * 10 ** (volume / 20) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("layers", [1, 3, 4, 8])
def test_hydrogens_velocities_meet_between_two_of_midi(layers):
    ranges = [velocity_range(zone) for zone in zones(layers)]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 1
    for (_, top), (bottom, _) in itertools.pairwise(ranges):
        assert top == bottom
    for v in range(1, 128):
        assert sum(low <= v / 127 <= high for low, high in ranges) == 1


# formats


@pytest.mark.parametrize(
    ("layers", "formats", "sentence"),
    [
        (4, (), "choose from sfz, hydrogen, decentsampler"),
        (4, ("sfz", "exs"), "choose from"),
        (4, ("sfz", "sfz"), "each once"),
        (5, ("sfz", "hydrogen"), "Hydrogen holds 16 samples an instrument; ask for fewer, or leave hydrogen out"),
    ],
)
def test_formats_that_are_none_or_too_small_are_refused_with_what_works(layers, formats, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence):
        check_formats(formats, Plan("Kit", layers))
    with pytest.raises(UserError, match=sentence):
        write_package(SimpleNamespace(plan=Plan("Kit", layers)), None, tmp_path / "kit", formats)
    assert not list(tmp_path.iterdir())


def test_a_format_without_limits_holds_the_largest_plan():
    check_formats(("sfz", "decentsampler"), Plan("Kit", 8, 8))


# places


def test_a_folder_with_anything_in_it_is_refused_and_stays_as_it_was(tmp_path, kit):
    out = tmp_path / "music"
    (out / "sub").mkdir(parents=True)
    (out / "sub" / "song.txt").write_text("mine")
    for force, sentence in ((False, "force replaces a kit"), (True, "is not a kit that kickitout wrote")):
        with pytest.raises(UserError, match=sentence):
            write_package(kit, FormulaModel(), out, force=force)
    assert content(tmp_path) == {"music/sub/song.txt": b"mine"}


def test_force_replaces_a_kit_but_not_what_was_added_to_it(tmp_path, kit):
    out = tmp_path / "out"
    write_package(kit, FormulaModel(), out, zipped=True)
    with pytest.raises(UserError, match="out: exists and is not empty"):
        write_package(kit, FormulaModel(), out)
    with pytest.raises(UserError, match=r"out.zip: exists"):
        write_package(kit, FormulaModel(), out, zipped=True)
    other = small_kit(1, layers=1, round_robins=1)
    write_package(other, FormulaModel(), out, zipped=True, force=True)
    assert len([name for name in content(out) if name.endswith(".wav")]) == 1
    (out / "samples" / "my own.wav").write_bytes(b"mine")
    before = content(tmp_path)
    with pytest.raises(UserError, match=r"holds samples/my own.wav, which is not of the kit"):
        write_package(kit, FormulaModel(), out, zipped=True, force=True)
    assert content(tmp_path) == before


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": "kickitout-kit-1", "files": [%s]}' % (" " * 9 * 2**20)])
def test_a_manifest_that_no_kit_has_is_not_looked_into(tmp_path, text):
    with zipfile.ZipFile(tmp_path / "out.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("out/kit.json", text)
    with pytest.raises(UserError, match="is not a kit that kickitout wrote"):
        check_place(tmp_path / "out", zipped=True, force=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kit.json").write_text("[" * 100_000)
    with pytest.raises(UserError, match="is not a kit that kickitout wrote"):
        check_place(tmp_path / "out", force=True)


def test_a_process_that_ends_at_once_leaves_no_folder_of_a_kit(monkeypatch):
    there = []

    def stopped(kit, model, out, *_, **__):
        (out.parent / "half").touch()
        there.append(out.parent.exists())
        remove_copies()  # as the studio does after Ctrl-C
        there.append(out.parent.exists())
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "write_package", stopped)
    with pytest.raises(KeyboardInterrupt):
        files.kit_zip(FormulaModel(), [{"seed": 7}], "Mine", ["sfz"], layers=1, round_robins=1)
    assert there == [True, False]


def test_an_empty_folder_is_no_obstacle(tmp_path, kit):
    (tmp_path / "out").mkdir()
    write_package(kit, FormulaModel(), tmp_path / "out")
    assert (tmp_path / "out" / "kit.json").exists()


def test_a_file_in_the_way_and_the_folder_one_is_in_are_refused(tmp_path, kit, monkeypatch):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match="a file is in the way"):
        check_place(tmp_path / "out", force=True)
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    with pytest.raises(UserError, match="the folder you are in"):
        check_place(Path("."))


@pytest.mark.parametrize("broken", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_stops_in_the_middle_leaves_nothing_and_keeps_the_old_kit(tmp_path, kit, monkeypatch, broken):
    write_package(kit, FormulaModel(), tmp_path / "out", zipped=True)
    before = content(tmp_path)

    def stop(*_):
        raise broken

    monkeypatch.setattr(package, "kit_json", stop)  # the last file of all
    for out, force in ((tmp_path / "out", True), (tmp_path / "new", False)):
        with pytest.raises(UserError if isinstance(broken, OSError) else KeyboardInterrupt) as caught:
            write_package(kit, FormulaModel(), out, zipped=True, force=force)
        if isinstance(broken, OSError):
            assert str(caught.value).startswith(f"{out}: the disk is full")
    assert content(tmp_path) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "out.zip"]


def test_a_kit_that_cannot_be_put_in_its_place_leaves_the_old_one_there(tmp_path, kit, monkeypatch):
    write_package(kit, FormulaModel(), tmp_path / "out")
    before = content(tmp_path)
    real = package.os.rename
    calls = []

    def rename(a, b):
        calls.append(a)
        if len(calls) == 2:  # the old one is aside, the new one does not move
            raise OSError(5, "Input/output error")
        real(a, b)

    monkeypatch.setattr(package.os, "rename", rename)
    with pytest.raises(UserError, match="input/output error"):
        write_package(kit, FormulaModel(), tmp_path / "out", force=True)
    assert content(tmp_path) == before


# papers


def test_a_kit_of_files_lists_them_with_the_licences_of_their_folder(tmp_path):
    folder = tmp_path / "kicks"
    write_kick(folder / "a|b.wav", swept_kick())
    write_kick(folder / "c.wav", swept_kick(end_hz=60))
    (folder / "index.csv").write_text("file,source,licence\nc.wav,me,CC-BY-4.0\n")
    kicks, _ = kicks_of_files([folder])
    write_package(build_kit(kicks, Plan("Mine", 1, 1)), None, tmp_path / "out")
    found = content(tmp_path / "out")
    sources = found["SOURCES.md"].decode()
    assert "| 1 | a\\|b.wav |" in sources
    assert "| me | CC-BY-4.0 |" in sources
    assert "MODEL-CARD.md" not in found
    licence = found["LICENSE.txt"].decode()
    assert "| me | CC-BY-4.0 | 1 |" in licence
    assert "stated no licence" in licence


def test_texts_from_elsewhere_break_no_document_of_a_kit(tmp_path):
    folder = tmp_path / "kicks"
    maker = {"model": "X\n\nAll of this is free, says A. Nyone.\x01", "model_sha256": "y\x1b[31m"}
    write_kick(folder / "a.wav", swept_kick(), kickitout="0", **maker)
    write_kick(folder / "b.wav", swept_kick(end_hz=60))
    (folder / "index.csv").write_text("file,source,licence\nb.wav,me\x07,CC0\x02\n")
    kicks, _ = kicks_of_files([folder])
    formats = ["hydrogen", "multisample", "renoise"]
    write_package(build_kit(kicks, Plan("Mine", 1, 1)), None, tmp_path / "out", formats)
    ET.parse(tmp_path / "out" / "drumkit.xml")
    for name, inside in (("Mine.multisample", "multisample.xml"), ("Mine.xrni", "Instrument.xml")):
        with zipfile.ZipFile(tmp_path / "out" / name) as archive:
            ET.fromstring(archive.read(inside))
    licence = (tmp_path / "out" / "LICENSE.txt").read_text("utf-8")
    assert "by the model X All of this is free, says A. Nyone.\ufffd, identity y\ufffd[31m.\n" in licence


def test_the_notice_beside_a_model_goes_with_its_kits(tmp_path, kit):
    model = FormulaModel()
    model.path = tmp_path / "mine.onnx"
    assert "NOTICE.txt" not in kit_documents(kit, model, ())
    (tmp_path / "mine.NOTICE.txt").write_text("Copyright someone\n")
    assert kit_documents(kit, model, ())["NOTICE.txt"] == b"Copyright someone\n"


def test_the_card_of_the_model_in_the_package_is_its_own():
    from kickitout.export.kits.documents import model_card
    from kickitout.generation.load import load_model

    model = load_model()
    card = model_card(model)
    assert model.digest[:16] in card
    assert "## What it learned from" in card
    assert "Limits" in card  # the whole card, not the short one


def test_a_licence_counts_a_source_of_two_trainings_once(kit):
    from kickitout.export.kits.documents import licence_text, model_card
    from kickitout.generation.load import load_model

    model = load_model()
    assert len(model.info.learned_from) == 2
    rows = [line for line in licence_text(kit, model).splitlines() if line.startswith("| ")]
    assert len(rows) > 60
    assert set(rows) <= set(model_card(model).splitlines())


def test_the_gzip_of_a_drumkit_has_no_clock_and_no_name(tmp_path, kit):
    write_package(kit, FormulaModel(), tmp_path / "out")
    data = (tmp_path / "out" / "Small.h2drumkit").read_bytes()
    assert data[:4] == b"\x1f\x8b\x08\x00"  # no flags: no name, no comment
    assert data[4:8] == bytes(4)
    assert gzip.GzipFile(fileobj=io.BytesIO(data)).read(5) == b"Small"
