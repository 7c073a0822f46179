"""Kits in one file for Bitwig Studio, Studio One and Renoise: held against what is published of their formats.

Multisample: the tables of github.com/bitwig/multisample, as RULES below. Renoise: element names, values and ranges of
documents of version 31 and of the Lua API, as VALUES below. Neither program runs here: whether they play a kit as it is
meant, nothing here can say.
"""

from __future__ import annotations

import io
import re
import wave
import zipfile
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from kits import FormulaModel, small_kit

from kickitout.errors import UserError
from kickitout.export.kits.build import build_kit
from kickitout.export.kits.documents import remarks
from kickitout.export.kits.formats import KIT_FORMATS, USUAL_FORMATS, check_formats
from kickitout.export.kits.package import write_package
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import kicks_of_model

pytestmark = pytest.mark.light

INT, FLOAT, ANY = r"-?\d+", r"-?\d+(\.\d+)?", r"(?s).*"
RANGE = {"low": INT, "high": INT, "low-fade": INT, "high-fade": INT}
# element -> its attributes, those that have to be there, and its children in their order ("?": may be missing,
# "*": any number).
RULES: dict[str, tuple[dict[str, str], set[str], list[str]]] = {
    "multisample": (
        {"name": ANY}, {"name"}, ["generator", "category", "creator", "description?", "keywords?", "group*", "sample*"],
    ),
    **{name: ({}, set(), []) for name in ("generator", "category", "creator", "description", "keyword")},
    "keywords": ({}, set(), ["keyword*"]),
    "group": ({"name": ANY, "color": "[0-9a-f]{6}"}, {"name"}, []),
    "sample": (
        {"file": ANY, "sample-start": FLOAT, "sample-stop": FLOAT, "gain": FLOAT, "group": INT, "reverse": "true|false",
         "parameter-1": FLOAT, "parameter-2": FLOAT, "parameter-3": FLOAT, "zone-logic": "always-play|round-robin"},
        {"file"}, ["key", "velocity", "select", "loop?"],
    ),
    "key": ({**RANGE, "root": INT, "track": FLOAT, "tune": FLOAT}, set(), []),
    "velocity": (RANGE, set(), []),
    "select": (RANGE, set(), []),
    "loop": ({"mode": "off|loop|ping-pong", "start": FLOAT, "stop": FLOAT, "fade": FLOAT}, set(), []),
}  # fmt: skip
KEY, VELOCITY, TRUTH = range(120), range(128), ("true", "false")
# element of an Instrument.xml -> the values that it can have; None: text, or other elements
VALUES = {
    "RenoiseInstrument": None, "Name": None, "GlobalProperties": None, "Comments": None, "Comment": None,
    "SampleGenerator": None, "Samples": None, "Sample": None, "Mapping": None,
    "Volume": ("1.0",), "Panning": ("0.5",), "Transpose": range(-120, 121), "Finetune": range(-127, 128),
    "ShowCommentsAfterLoading": TRUTH, "BeatSyncIsActive": TRUTH, "OneShotTrigger": TRUTH, "AutoSeek": TRUTH,
    "AutoFade": TRUTH, "LoopRelease": TRUTH, "IsAlias": TRUTH, "MapKeyToPitch": TRUTH, "MapVelocityToVolume": TRUTH,
    "NewNoteAction": ("Cut", "NoteOff", "None"), "InterpolationMode": ("None", "Linear", "Cubic", "Sinc"),
    "LoopMode": ("Off", "Forward", "Backward", "PingPong"), "Layer": ("Note-On Layer", "Note-Off Layer"),
    "MuteGroupIndex": range(-1, 15), "ModulationSetIndex": (-1,), "DeviceChainIndex": (-1,),
    "BaseNote": KEY, "NoteStart": KEY, "NoteEnd": KEY, "VelocityStart": VELOCITY, "VelocityEnd": VELOCITY,
    "KeyzoneOverlappingMode": ("Play All", "Cycle", "Random"), "ActiveGeneratorTab": ("Samples",),
}  # fmt: skip
NAME = 'Küche & <Kicks> "1"'


def faults(element: ET.Element) -> list[str]:
    """What in a multisample.xml is not as RULES say."""
    if element.tag not in RULES:
        return [f"no element {element.tag}"]
    known, needed, children = RULES[element.tag]
    found = [f"{element.tag} without {name}" for name in needed - set(element.attrib)]
    for name, value in element.attrib.items():
        if not re.fullmatch(known.get(name, "(?!)"), value):
            found.append(f"{element.tag} {name}={value}")
    order = "".join(f"({one.strip('*?')} )" + (one[-1] if one[-1] in "*?" else "") for one in children)
    if not re.fullmatch(order, "".join(f"{child.tag} " for child in element)):
        found.append(f"{element.tag} has {[child.tag for child in element][:8]}")
    return found + [fault for child in element for fault in faults(child)]


def misfits(element: ET.Element) -> list[str]:
    """What in an Instrument.xml is not as VALUES say."""
    allowed = VALUES.get(element.tag, ())
    text = (element.text or "").strip()
    good = allowed is None or text in map(str, allowed)
    return [*([] if good else [f"{element.tag}={text}"]), *(one for child in element for one in misfits(child))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two kicks with all formats on the disk, chokes among them."""
    out = tmp_path_factory.mktemp("formats") / "kit"
    kit = small_kit(name=NAME, layers=2, round_robins=2, choke=True, licence="CC0-1.0")
    write_package(kit, FormulaModel(), out, tuple(KIT_FORMATS), zipped=True)
    return out


@pytest.fixture(scope="module")
def plain():
    return small_kit(1, layers=1, round_robins=1)


def opened(folder, ending):
    (path,) = folder.glob(f"*.{ending}")
    return zipfile.ZipFile(path)


def mapping(kit, name, file):
    (archive,) = KIT_FORMATS[name].archives(kit, {"LICENSE.txt": b"CC0-1.0"}).values()
    return ET.fromstring(archive.texts[file])


def frames(data: bytes) -> int:
    with wave.open(io.BytesIO(data)) as sound:
        return sound.getnframes()


def test_a_multisample_is_as_its_authors_describe_it(folder):
    with opened(folder, "multisample") as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        root = ET.fromstring(archive.read("multisample.xml"))
        waves = {name: archive.read(name) for name in archive.namelist() if name.endswith(".wav")}
        assert b"CC0-1.0" in archive.read("LICENSE.txt")
    assert faults(root) == []
    assert root.attrib["name"] == NAME
    samples = root.findall("sample")
    assert [sample.attrib["file"] for sample in samples] == sorted(waves)
    assert waves == {path.name: path.read_bytes() for path in (folder / "samples").iterdir()}
    assert all(frames(data) > 20_000 for data in waves.values())
    for sample in samples:
        key, velocity, loop = (sample.find(name).attrib for name in ("key", "velocity", "loop"))
        number = int(sample.attrib["group"])
        assert root.findall("group")[number].attrib["name"].startswith(f"{number + 1:02d} ")
        assert {key["root"], key["low"], key["high"]} == {str(36 + number)}
        assert (velocity["low"], velocity["high"]) in (("1", "64"), ("65", "127"))
        assert (sample.attrib["zone-logic"], loop["mode"], sample.attrib["gain"]) == ("round-robin", "off", "0.0")


def test_what_breaks_a_rule_of_the_description_is_seen(plain):
    """So that the checks above can fail."""
    good = mapping(plain, "multisample", "multisample.xml")
    assert faults(good) == []
    assert good.find("sample").attrib["zone-logic"] == "always-play"
    for change in (
        lambda root: root.attrib.pop("name"),
        lambda root: root.find("sample").attrib.update({"zone-logic": "cycle"}),
        lambda root: root.find("sample").remove(root.find("sample/select")),
        lambda root: root.find("sample/key").attrib.update(root="C1"),
        lambda root: root.append(ET.Element("layer")),
    ):
        bad = mapping(plain, "multisample", "multisample.xml")
        change(bad)
        assert faults(bad)
    renoise = mapping(plain, "renoise", "Instrument.xml")
    renoise.find(".//NoteEnd").text = "120"
    assert misfits(renoise) == ["NoteEnd=120"]


def test_a_renoise_instrument_is_as_renoise_writes_one(folder):
    with opened(folder, "xrni") as archive:
        root = ET.fromstring(archive.read("Instrument.xml"))
        inside = [name for name in archive.namelist() if name.startswith("SampleData/")]
        data = [archive.read(name) for name in inside]
    assert misfits(root) == []
    assert (root.tag, root.attrib, root.findtext("Name")) == ("RenoiseInstrument", {"doc_version": "31"}, NAME)
    assert root.findtext("SampleGenerator/KeyzoneOverlappingMode") == "Cycle"
    samples = root.findall("SampleGenerator/Samples/Sample")
    assert len(samples) == len(inside) == 8
    for at, (sample, name, sound) in enumerate(zip(samples, inside, data, strict=True)):
        file = f"{sample.findtext('Name')}.wav"
        assert name == f"SampleData/Sample{at:03d} ({file[:-4]}).wav"  # its place says which sample it is
        assert sound == (folder / "samples" / file).read_bytes()
        key, layer = 36 + int(file[4:6]) - 1, int(file.split("_")[3][1:])
        mapped = {one.tag: one.text for one in sample.find("Mapping")}
        assert {mapped[tag] for tag in ("BaseNote", "NoteStart", "NoteEnd")} == {str(key)}
        assert (mapped["VelocityStart"], mapped["VelocityEnd"]) == {1: ("0", "64"), 2: ("65", "127")}[layer]
        assert (mapped["Layer"], mapped["MapVelocityToVolume"]) == ("Note-On Layer", "false")
        assert (sample.findtext("LoopMode"), sample.findtext("OneShotTrigger")) == ("Off", "true")
        assert (sample.findtext("MuteGroupIndex"), sample.findtext("NewNoteAction")) == ("0", "Cut")


def test_without_layers_round_robins_and_choke_renoise_is_told_so(plain):
    root = mapping(plain, "renoise", "Instrument.xml")
    assert misfits(root) == []
    assert root.findtext(".//KeyzoneOverlappingMode") == "Play All"
    assert root.findtext(".//MapVelocityToVolume") == "true"
    assert (root.findtext(".//MuteGroupIndex"), root.findtext(".//NewNoteAction")) == ("-1", "None")


def test_a_large_kit_is_several_instruments_of_renoise(plain):
    kick = plain.kicks[0]
    sounds = [replace(kick.sounds[0], file=f"{at:02d}.wav") for at in range(64)]  # and an instrument holds 255
    kicks = [replace(kick, sounds=tuple(replace(one, file=f"{k}_{one.file}") for one in sounds)) for k in range(6)]
    kit = replace(plain, plan=Plan("Small", 8, 8), kicks=tuple(kicks))
    made = KIT_FORMATS["renoise"].archives(kit, {"LICENSE.txt": b""})
    assert sorted(made) == ["Small 1.xrni", "Small 2.xrni"]
    assert [len(archive.sounds) for archive in made.values()] == [192, 192]
    assert not set(made["Small 1.xrni"].sounds) & set(made["Small 2.xrni"].sounds)
    for name, archive in made.items():
        root = ET.fromstring(archive.texts["Instrument.xml"])
        assert root.findtext("Name") == name.removesuffix(".xrni")
        assert {one.text for one in root.iter("BaseNote")} == {"36", "37", "38"}


def test_formats_that_hold_the_sounds_once_more_are_written_where_they_are_asked_for(folder, tmp_path):
    assert [name for name, form in KIT_FORMATS.items() if form.alone] == ["multisample", "renoise"]
    assert USUAL_FORMATS == ("sfz", "hydrogen", "decentsampler")
    with zipfile.ZipFile(folder.with_name("kit.zip")) as archive:
        endings = {name.rpartition(".")[2] for name in archive.namelist()}
    assert {"multisample", "xrni", "sfz", "wav"} <= endings  # those alone, for there is nothing else to read
    assert not {"h2drumkit", "dslibrary"} & endings
    write_package(small_kit(1, layers=1, round_robins=1), FormulaModel(), tmp_path / "kit")
    assert not [*tmp_path.glob("kit/*.multisample"), *tmp_path.glob("kit/*.xrni")]


def test_a_choke_is_in_every_format_that_can_say_so(folder, plain):
    sfz = next(folder.glob("*> -1-.sfz"), None) or min(folder.glob("*.sfz"), key=lambda path: len(path.name))
    assert "group=1 off_by=1 off_mode=fast" in sfz.read_text("utf-8")
    assert "<muteGroup>0</muteGroup>" in (folder / "drumkit.xml").read_text("utf-8")
    preset = ET.fromstring(min(folder.glob("*.dspreset"), key=lambda path: len(path.name)).read_bytes())
    assert {group.attrib["silencedByTags"] for group in preset.iter("group")} == {"kicks"}
    documents = {"LICENSE.txt": b""}
    texts = [text for name in USUAL_FORMATS for text in KIT_FORMATS[name].files(plain, documents).values()]
    assert not any(word in text for text in texts for word in (b"off_by", b"silencedByTags", b"<muteGroup>0"))


# levels


@pytest.fixture(scope="module")
def kicks():
    return kicks_of_model(FormulaModel(), range(3))


def test_a_kit_at_a_loudness_says_who_does_not_come_to_it(kicks):
    kit = build_kit(kicks, Plan("Kit", 1, 1, level="-20 LUFS"))
    assert [kick.lufs for kick in kit.kicks] == [-20.0, -20.0, -20.0]
    assert remarks(kit) == ["level: 3 of 3 kicks at -20 LUFS"]
    loud = build_kit(kicks, Plan("Kit", 1, 1, level="-3"))
    assert max(kick.lufs for kick in loud.kicks) < -3
    assert remarks(loud)[-1] == "level: 0 of 3 kicks at -3 LUFS"
    assert sum(line.startswith("quieter: ") for line in remarks(loud)) == 3


def test_a_kit_at_a_peak_has_it_in_each_kick(kicks):
    from kickitout.audio import decode_sound
    from kickitout.descriptors import card

    kit = build_kit(kicks, Plan("Kit", 1, 2, match="peak", level="-6dBTP", bits="32f"))
    assert remarks(kit) == ["level: each kick's highest true peak is -6 dBTP"]
    peaks = {}
    for name, data in kit.files():
        peak = card(decode_sound(data, name).samples[:, 0])["true_peak_dbtp"]
        peaks[name[:6]] = max(peak, peaks.get(name[:6], peak))
    assert list(peaks.values()) == pytest.approx([-6.0] * 3, abs=0.05)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"level": "loud"}, "level loud: no level; -60 to -3 LUFS work, for instance -14LUFS"),
        ({"level": "-1dBTP"}, "a match of loudness is in LUFS; one of peak takes dBTP"),
        ({"level": "-14LUFS", "match": "peak"}, "a match of peak is in dBTP; one of loudness takes LUFS"),
        ({"level": "0", "match": "peak"}, "level 0: -40 to -0.3 dBTP work"),
        ({"level": "-14 LU"}, "no level"),
        ({"match": "rms"}, "loudness or peak works"),
    ],
)
def test_a_level_that_is_none_is_refused_with_what_works(plan, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        Plan("Kit", **plan)


def test_the_page_and_the_command_line_know_the_formats(capsys):
    from kickitout.cli.kit import _formats

    assert _formats("ALL") == list(KIT_FORMATS)
    assert _formats("sfz, renoise") == ["sfz", "renoise"]
    check_formats(_formats("multisample,renoise"), Plan("Kit", 8, 8))
