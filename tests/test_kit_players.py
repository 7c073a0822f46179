"""Kits in the programs they are for: sfizz plays the SFZ, Hydrogen checks, installs and plays its drumkit.

Each is skipped where its program is not installed: `pip install pysfizz` (it holds sfizz), `apt-get install hydrogen`.
What they play is compared with the WAVs sample by sample: which one sounds, from where on, and how loud.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import soundfile
from kits import FormulaModel, small_kit

from kickitout.export.kits.package import write_package

RATE = 44_100
KICKS, LAYERS, ROBINS = 2, 4, 3
TOPS = {1: 32, 2: 64, 3: 95, 4: 127}  # of the layers
H2 = "{http://www.hydrogen-music.org/drumkit}"
XSD = Path("/usr/share/hydrogen/data/xsd/drumkit.xsd")
NAME = "Küche & <Kicks>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A kit on the disk, with a name that is no easy one."""
    out = tmp_path_factory.mktemp("players") / "kit"
    kit = small_kit(KICKS, name=NAME, layers=LAYERS, round_robins=ROBINS)
    write_package(kit, FormulaModel(), out)
    return out


class Heard(NamedTuple):
    """The WAV that a recording is most like. rest: what of it that WAV does not explain, re all of it."""

    kick: int
    layer: int
    robin: int
    gain: float
    rest: float


def waves_of(folder: Path) -> dict[tuple[int, int, int], np.ndarray]:
    """(kick, layer, round robin) -> samples [T], in the order of the files' names."""
    found = {}
    for path in sorted((folder / "samples").iterdir()):
        number, _, _, layer, robin = path.stem.split("_")
        found[int(number.removeprefix("kick")), int(layer[1:]), int(robin[1:])] = soundfile.read(path)[0]
    return found


def listen(recording: np.ndarray, waves: dict[tuple[int, int, int], np.ndarray]) -> Heard:
    """recording: [T] from the note on."""
    found = []
    for which, wave in waves.items():
        heard = recording[: len(wave)].astype(np.float64)
        gain = heard @ wave / (wave @ wave)
        found.append(Heard(*which, float(gain), float(np.linalg.norm(heard - gain * wave) / np.linalg.norm(heard))))
    return min(found, key=lambda one: one.rest)


def law(velocity: int) -> tuple[int, float]:
    """The layer that a velocity belongs to, and the gain its WAV is to be played with."""
    layer = next(k for k, top in TOPS.items() if velocity <= top)
    return layer, velocity / TOPS[layer]


# sfizz


@pytest.fixture(scope="module")
def sfizz():
    return pytest.importorskip("pysfizz", reason="sfizz is not here; pip install pysfizz")


def player(sfizz, path: Path):
    synth = sfizz.Synth(RATE, 256)
    assert synth.load_sfz_file(str(path)), path
    return synth


@pytest.fixture(scope="module")
def plain(sfizz, folder):
    """Every WAV as sfizz plays it by itself at full volume: regions with nothing but a sample and a key."""
    files = sorted((folder / "samples").iterdir())
    regions = [
        f"<region> sample={folder.name}/samples/{path.name} key={key} pitch_keycenter={key} amp_veltrack=0"
        for key, path in enumerate(files)
    ]
    text = folder.parent / "plain.sfz"
    text.write_text("\n".join(["<control> hint_ram_based=1", "<global> loop_mode=one_shot", *regions]) + "\n")
    synth = player(sfizz, text)
    return {which: synth.render_note(key, 100, 0.02, 1.0)[0] for key, which in enumerate(waves_of(folder))}


def whole(folder: Path) -> Path:
    return min(folder.glob("*.sfz"), key=lambda p: len(p.name))


def test_sfizz_plays_a_wav_as_it_is_but_for_its_own_gain(plain, folder):
    gains = []
    for which, wave in waves_of(folder).items():
        heard = plain[which][1 : 1 + len(wave)].astype(np.float64)  # it begins one sample late
        gains.append(heard @ wave / (wave @ wave))
        rest = np.linalg.norm(heard - gains[-1] * wave) / np.linalg.norm(heard)
        assert rest < 0.05, which  # its interpolation dulls the uppermost octave, and these kicks click loudly
    assert np.ptp(20 * np.log10(gains)) < 0.01  # dB


def test_sfizz_plays_the_wav_of_the_layer_at_the_level_of_the_velocity(sfizz, plain, folder):
    synth = player(sfizz, whole(folder))
    assert synth.playable_keys == [36, 37]
    for kick in (1, 2):
        for velocity in (1, 16, 32, 33, 64, 65, 80, 95, 96, 127):
            left, right = synth.render_note(35 + kick, velocity, 0.02, 1.0)  # let go after 20 ms: it plays on
            np.testing.assert_array_equal(left, right)
            heard = listen(left, plain)
            layer, gain = law(velocity)
            assert (heard.kick, heard.layer) == (kick, layer), velocity
            assert heard.gain == pytest.approx(gain, rel=1e-4), velocity
            assert heard.rest < 1e-5, velocity


def test_sfizz_goes_round_the_robins_of_every_layer(sfizz, plain, folder):
    synth = player(sfizz, whole(folder))
    for velocity in (20, 127):
        turns = [listen(synth.render_note(36, velocity, 0.02, 1.0)[0], plain).robin for _ in range(2 * ROBINS)]
        assert turns == [1, 2, 3, 1, 2, 3]


def test_sfizz_finds_each_kick_alone_on_the_key_of_general_midi(sfizz, plain, folder):
    alone = sorted(set(folder.glob("*.sfz")) - {whole(folder)})
    assert len(alone) == KICKS
    for number, path in enumerate(alone, 1):
        synth = player(sfizz, path)
        assert synth.playable_keys == [36]
        assert listen(synth.render_note(36, 127, 0.02, 1.0)[0], plain).kick == number


# Hydrogen


@pytest.fixture(scope="module")
def h2cli(tmp_path_factory):
    """Run h2cli with a home of its own and without a screen. `-d alsa` fails at once where there is no sound card."""
    if shutil.which("h2cli") is None:
        pytest.skip("Hydrogen is not here; apt-get install hydrogen")
    home = tmp_path_factory.mktemp("home")
    where = {"HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(home), "LC_ALL": "C.UTF-8"}

    def run(*args: object) -> str:
        command = ["h2cli", "-V", "Error", "-d", "alsa", *map(str, args)]
        done = subprocess.run(command, env=os.environ | where, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.home = home  # type: ignore[attr-defined]
    return run


def test_hydrogens_schema_accepts_the_drumkit(folder):
    if shutil.which("xmllint") is None or not XSD.exists():
        pytest.skip("Hydrogen's schema or xmllint is not here; apt-get install hydrogen libxml2-utils")
    check = ["xmllint", "--noout", "--schema", str(XSD), str(folder / "drumkit.xml")]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_hydrogen_itself_says_that_the_drumkit_is_valid(h2cli, folder):
    for kit in (next(folder.glob("*.h2drumkit")), folder):
        assert "is valid" in h2cli("-c", kit)  # which its audio engine may say something after


def song(drumkit: Path, notes: list[tuple[int, int]]) -> bytes:
    """A Hydrogen song: one note (instrument, MIDI velocity) a second, with the instruments of a drumkit."""
    root = ET.Element("song")

    def add(to: ET.Element, **values: object) -> None:
        for name, value in values.items():
            ET.SubElement(to, name).text = str(value)

    add(root, version="1.2.0", bpm=60, volume=1, name="test", loopEnabled="false", patternModeMode="true", mode="song")
    add(root, humanize_time=0, humanize_velocity=0, swing_factor=0)
    add(ET.SubElement(ET.SubElement(root, "componentList"), "drumkitComponent"), id=0, name="Main", volume=1)
    instruments = ET.SubElement(root, "instrumentList")
    kit = ET.parse(drumkit).getroot()
    for instrument in kit.iter(f"{H2}instrument"):
        for element in instrument.iter():
            element.tag = element.tag.removeprefix(H2)
        add(instrument, drumkit=kit.findtext(f"{H2}name"), drumkitLookup=1)  # 1: one of the user's
        instruments.append(instrument)
    patterns, sequence = ET.SubElement(root, "patternList"), ET.SubElement(root, "patternSequence")
    for start in range(0, len(notes), 4):
        pattern = ET.SubElement(patterns, "pattern")
        add(pattern, name=f"P{start}", size=192, denominator=4)
        listed = ET.SubElement(pattern, "noteList")
        for beat, (instrument, velocity) in enumerate(notes[start : start + 4]):
            note = ET.SubElement(listed, "note")
            add(note, position=48 * beat, velocity=velocity / 127, pan=0, pitch=0, key="C0", length=-1)
            add(note, probability=1, instrument=instrument, note_off="false")
        add(ET.SubElement(sequence, "group"), patternID=f"P{start}")
    return ET.tostring(root, encoding="UTF-8", xml_declaration=True)


@pytest.mark.parametrize("how", ["imported", "copied"])
def test_hydrogen_plays_the_wavs_sample_by_sample(h2cli, folder, tmp_path, how):
    """Imported from the .h2drumkit, and as a copy of the kit's folder among Hydrogen's drumkits."""
    drumkits = h2cli.home / ".hydrogen" / "data" / "drumkits"
    shutil.rmtree(drumkits, ignore_errors=True)
    packed = next(folder.glob("*.h2drumkit"))
    place = drumkits / packed.stem
    if how == "imported":
        h2cli("-i", packed)
    else:
        drumkits.mkdir(parents=True)
        shutil.copytree(folder, place)
    velocities = [1, 16, 32, 33, 64, 65, 80, 95, 96, 110, 127, 127, 127, 127, 127, 127]
    notes = [(kick, v) for kick in range(KICKS) for v in velocities]
    (tmp_path / "t.h2song").write_bytes(song(place / "drumkit.xml", notes))
    h2cli("-s", tmp_path / "t.h2song", "-o", tmp_path / "t.wav", "-r", RATE, "-b", 24)
    played, rate = soundfile.read(tmp_path / "t.wav")
    assert rate == RATE
    turns, waves = [], waves_of(folder)
    for at, (kick, velocity) in enumerate(notes):
        heard = listen(played[at * RATE : (at + 1) * RATE, 0], waves)
        layer, gain = law(velocity)
        assert (heard.kick, heard.layer) == (kick + 1, layer), velocity
        assert heard.gain == pytest.approx(gain, rel=1e-4), velocity
        assert heard.rest < (1e-5 if velocity > 1 else 1e-3), velocity  # 24 bits are all it loses
        turns.append(heard.robin)
    last = turns[11:16]
    assert all((b - a) % ROBINS == 1 for a, b in itertools.pairwise(last)), turns
