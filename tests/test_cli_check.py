"""`kick check` and `kick card`: what they print, write and answer."""

from __future__ import annotations

import base64
import csv
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
import zlib

import numpy as np
import pytest

from kickitout.audio import decode_sound, resample, write_sound
from kickitout.cli import main
from kickitout.descriptors import card
from kickitout.drawing import SPECTROGRAM_COLOURS, png, spectrogram_png, wave_svg
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

pytestmark = pytest.mark.decides

RATE = SAMPLE_RATE


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def kit(tmp_path, make_kick):
    """15 kicks of one group, upside down, one with a name that is no HTML, one loop, one silence, one note."""
    folder = tmp_path / "kit"
    folder.mkdir()
    for k in range(14):
        noise = 0.002 * np.random.default_rng(k).standard_normal(21168)
        write_sound(folder / f"twin {k:02d}.wav", -make_kick(end_hz=45, seconds=0.48) + noise, RATE)
    write_sound(folder / "<b>&.wav", make_kick(end_hz=60), RATE)
    kick = make_kick(end_hz=75)
    write_sound(folder / "loop.wav", np.concatenate([kick] * 3), RATE)
    write_sound(folder / "silence.wav", np.zeros(9000), RATE)
    (folder / "notes.txt").touch()
    return folder


def test_check_prints_counts_first_and_at_most_ten_lines_a_section(kit, capsys):
    assert main(["check", str(kit)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "16 sounds taken, 3 different; 1 refused; 1 suspect; 1 file ignored"
    assert "forecast  3 different kicks" in out
    assert "1  Refused: not used\n  kit/silence.wav: silent: all samples are zero; above -60 dBFS works" in out
    assert "  kit/loop.wav: loop? 3 hits in the file, and a kick is one" in out
    assert "  14: kit/twin 00.wav, kit/twin 01.wav, kit/twin 02.wav and 11 more" in out
    assert "14  First half wave downwards: turned over" in out
    assert out.count("\n  kit/twin") == 10
    assert "  and 4 more (--json FILE lists all)" in out


def test_a_copy_in_a_large_group_is_named_with_what_it_is_a_copy_of(kit, capsys):
    (kit / "twin copy.wav").write_bytes((kit / "twin 07.wav").read_bytes())
    assert main(["check", str(kit)]) == 0
    out = capsys.readouterr().out
    assert "1 copy left out" in out
    assert (
        "  15: kit/twin 00.wav, kit/twin copy.wav (the same sound as kit/twin 07.wav), kit/twin 01.wav and 12 more"
        in out
    )


def test_check_writes_everything_as_json(kit, tmp_path, capsys):
    assert main(["check", str(kit), "--json", str(tmp_path / "r.json"), "--no-cache"]) == 0
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["counts"]["taken"] == len(data["kicks"]) == 16
    assert len(data["groups"][0]) == 14
    assert data["suspects"][0]["suspicions"][0]["values"] == {"hits": 3}
    assert not (tmp_path / "cache").exists()
    assert main(["check"]) == 2
    assert main(["check", str(kit), "--json", str(tmp_path / "r.json")]) == 2
    assert "force replaces it" in capsys.readouterr().err
    assert main(["check", str(kit), "--json", str(tmp_path / "r.json"), "--force"]) == 0


def test_the_page_holds_sounds_and_pictures_and_asks_nobody(kit, tmp_path):
    page = tmp_path / "r.html"
    assert main(["check", str(kit), "--html", str(page)]) == 0
    text = page.read_text("utf-8")
    assert not re.search(r"(?:src|href)=[\"'](?!data:)", text)
    assert "http" not in text
    assert "color-scheme:light dark" in text
    assert "<b>&" not in text
    assert "and 8 more" not in text
    assert "kit/twin 13.wav" in text  # named, without a player
    sounds = re.findall(r'src="data:audio/wav;base64,([^"]+)"', text)
    assert len(sounds) == 1 + 6
    loop = decode_sound(base64.b64decode(sounds[0]), "loop")
    assert loop.seconds == pytest.approx(1.2, abs=0.01)  # as recorded: all three strokes
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert len(pictures) == len(sounds)
    assert base64.b64decode(pictures[0]).startswith(b"\x89PNG")


def test_check_of_nothing_usable_is_exit_code_2(tmp_path, capsys):
    write_sound(tmp_path / "silence.wav", np.zeros(9000), RATE)
    assert main(["check", str(tmp_path)]) == 2
    assert "none of 1 sound files could be used" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "nowhere")]) == 2


def test_card_prints_the_card_of_each_file(kit, capsys):
    assert main(["card", str(kit / "<b>&.wav"), str(kit / "twin 00.wav")]) == 0
    out = capsys.readouterr().out
    assert out.count("pitch_end_hz") == 2
    assert "44100 Hz, mono, 400 ms" in out
    assert "turned over" in out


def test_card_as_json_has_null_and_reasons(kit, capsys):
    assert main(["card", str(kit / "<b>&.wav"), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["card"]["pitch_end_hz"] == pytest.approx(60, abs=2)
    undefined = {name for name, value in found["card"].items() if value in (None, "")}
    assert undefined == set(found["reasons"])


def test_the_levels_are_those_of_the_file(tmp_path, capsys):
    wave = synthesise([3])[0][0]
    for name, gain in (("loud", 1.0), ("quiet", 0.1)):
        write_sound(tmp_path / f"{name}.wav", gain * wave, SAMPLE_RATE, bits="32f")
    assert main(["card", str(tmp_path / "loud.wav"), str(tmp_path / "quiet.wav"), "--json"]) == 0
    loud, quiet = (entry["card"] for entry in json.loads(capsys.readouterr().out))
    for name, value in loud.items():
        down = 20 if name in ("loudness_lufs", "true_peak_dbtp") else 0
        if isinstance(value, float):
            assert quiet[name] == pytest.approx(value - down, abs=1e-3, rel=1e-4), name
    fine = resample(0.1 * wave, SAMPLE_RATE, 96_000)
    ultrasound = (np.arange(len(fine)) > 0.01 * 96_000) * np.sin(2 * np.pi * 35 / 96 * np.arange(len(fine)))
    for name, sound, rate in (  # what lies above 22 kHz is not what is measured
        ("higher", fine + 0.3 * ultrasound.astype(np.float32), 96_000),
        ("both", 0.1 * np.stack([wave, wave], axis=1), SAMPLE_RATE),
    ):
        write_sound(tmp_path / f"{name}.wav", sound, rate, bits="32f")
        assert main(["card", str(tmp_path / f"{name}.wav"), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)[0]["card"]
        for level in ("loudness_lufs", "true_peak_dbtp"):
            assert found[level] == pytest.approx(quiet[level], abs=0.1), name
    assert loud["true_peak_dbtp"] == pytest.approx(card(wave)["true_peak_dbtp"], abs=0.02)


def test_card_goes_on_behind_a_bad_file_and_says_so(kit, capsys):
    assert main(["card", str(kit / "silence.wav"), str(kit / "nowhere.wav"), str(kit / "twin 00.wav")]) == 2
    said = capsys.readouterr()
    assert "silence.wav: silent" in said.err
    assert "nowhere.wav" in said.err
    assert said.out.count("pitch_end_hz") == 1


def test_cards_of_folders_and_zips_are_a_table(kit, tmp_path, capsys):
    packed = tmp_path / "more.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(kit / "twin 00.wav", "twin, again.wav")
    table = tmp_path / "cards.csv"
    assert main(["card", str(kit), str(packed), str(kit / "loop.wav"), "--csv", str(table)]) == 2  # one is silent
    said = capsys.readouterr()
    assert "silence.wav: silent" in said.err
    assert said.out == ""
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert f"cards.csv: {len(rows)} sounds" in said.err
    names = [row["file"] for row in rows]
    assert any(name.endswith("twin, again.wav") for name in names)
    assert names[-1] == str(kit / "loop.wav")
    assert main(["card", str(kit / "twin 00.wav"), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    for row in rows:
        if "twin 00" in row["file"] or "again" in row["file"]:
            assert float(row["pitch_end_hz"]) == one["card"]["pitch_end_hz"]
            assert (row["note"], row["rate"]) == (one["card"]["note"], "44100")
            blank = {name for name, value in one["card"].items() if value in (None, "")}
            assert {name for name in one["card"] if row[name] == ""} == blank
    assert main(["card", str(kit / "loop.wav"), "--csv", str(table)]) == 2
    assert "exists; force replaces it" in capsys.readouterr().err


def test_the_card_of_a_folder_without_sounds_is_one_sentence(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("none")
    assert main(["card", str(tmp_path)]) == 2
    assert "no sound file" in capsys.readouterr().err


def test_card_draws_svg_and_nothing_else(kit, tmp_path, capsys):
    plot = tmp_path / "k.svg"
    assert main(["card", str(kit / "<b>&.wav"), str(kit / "loop.wav"), "--plot", str(plot)]) == 0
    root = ET.fromstring(plot.read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}polygon")) == 2
    assert len(root.findall(f"{space}polyline")) == 4
    assert "nan" not in plot.read_text()
    assert main(["card", str(kit / "loop.wav"), "--plot", str(plot)]) == 2
    assert main(["card", str(kit / "loop.wav"), "--plot", str(tmp_path / "k.png")]) == 2
    assert "ends in .svg" in capsys.readouterr().err


def test_a_png_is_what_was_drawn():
    pixels = np.array([[0, 255], [128, 0], [255, 255]], np.uint8)
    data = png(pixels)
    assert data[16:24] == (2).to_bytes(4, "big") + (3).to_bytes(4, "big")  # width, height
    start = data.index(b"IDAT") + 4
    rows = np.frombuffer(zlib.decompress(data[start : data.index(b"IEND") - 8]), np.uint8).reshape(3, 3)
    np.testing.assert_array_equal(rows[:, 1:], pixels)
    palette = data[data.index(b"PLTE") + 4 :][:768]
    assert tuple(palette[:3]) == SPECTROGRAM_COLOURS[0]
    assert tuple(palette[-3:]) == SPECTROGRAM_COLOURS[-1]


@pytest.mark.parametrize("length", [1, 50, 22050])
def test_pictures_of_any_length_are_drawn(length):
    wave = np.random.default_rng(0).standard_normal(length)
    assert spectrogram_png(wave, RATE).startswith(b"\x89PNG")
    assert "nan" not in wave_svg(wave)


def test_check_and_card_need_no_torch_and_no_plotting_library(kit, tmp_path):
    code = (
        "import sys, io; err = sys.stderr; sys.stdout = sys.stderr = io.StringIO()\n"
        "from kickitout.cli import main\n"
        f"assert main(['check', {str(kit)!r}, '--html', {str(tmp_path / 'a.html')!r}]) == 0\n"
        f"assert main(['card', {str(kit / 'loop.wav')!r}, '--plot', {str(tmp_path / 'a.svg')!r}]) == 0\n"
        "print(*{'torch', 'scipy', 'matplotlib', 'onnxruntime'} & set(sys.modules), file=sys.__stdout__)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
