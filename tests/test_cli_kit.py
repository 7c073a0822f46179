"""`kick kit` as it is run: what it prints, makes and refuses, on the model in the package and on recorded kicks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from commands import code_of
from kits import write_kick
from synthetic import swept_kick

import kickitout
from kickitout.audio import read_comment, read_sound
from kickitout.cli import main
from kickitout.descriptors import cards
from kickitout.export.kits.sources import kicks_of_model
from kickitout.export.sounds import file_of_recipe
from kickitout.generation.load import load_model
from kickitout.generation.reject import OutlierRejection

pytestmark = pytest.mark.light

KICK = [sys.executable, "-m", "kickitout", "kit"]


def kit(*args, cwd=None, **more):
    return subprocess.run([*KICK, *map(str, args)], cwd=cwd, capture_output=True, text=True, **more)


def test_a_kit_of_the_model_in_the_package(tmp_path):
    done = kit(
        "-n", 2, "--seed", 5, "--velocity-layers", 2, "--round-robin", 2, "--name", "Two", "-o", "my kit", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["kick", "key", "note"]
    assert lines[1].endswith("seed 5")
    assert lines[-2:] == [str(tmp_path / "my kit"), str(tmp_path / "my kit.zip")]
    assert "2 kicks, 8 sounds in" in done.stderr
    waves = sorted((tmp_path / "my kit" / "samples").iterdir())
    assert len(waves) == 8
    for path in waves[:3]:  # the file tells all that makes it again
        printed = subprocess.run([*KICK[:-1], "recipe", str(path)], capture_output=True, text=True, check=True).stdout
        recipe = json.loads(printed)
        assert recipe["seed"] == 5
        assert recipe["kit"]["name"] == "Two"
        assert file_of_recipe(recipe, path.name, model=load_model()) == path.read_bytes()


@pytest.mark.parametrize("note", ["F1", "F", None])
def test_targets_are_met_by_the_sounds_of_a_kit_at_its_note(tmp_path, note):
    kit = kickitout.write_kit(
        tmp_path / "kit", (0, 2, 3), note=note, targets={"decay": 200.0, "click": -20.0}, layers=1, round_robins=1,
        formats=["sfz"],
    )  # fmt: skip
    assert all(kick.kick.match.reached for kick in kit.kit.kicks)
    for path in sorted(kit.folder.rglob("*.wav")):
        found = kickitout.card(path)
        assert found["decay_t20_ms"] == pytest.approx(200, rel=0.05)
        assert found["click_level_db"] == pytest.approx(-20, abs=1.5)
        assert abs(found["cents"]) < 1
        assert note is None or str(found["note"]).startswith(note)


def test_at_a_note_the_model_makes_the_kicks_of_a_kit(tmp_path):
    """Some of these seeds lie an octave and more from F1: resampled, they would be twice as long."""
    plain = {"layers": 2, "round_robins": 1, "formats": ["sfz"]}
    kit = kickitout.write_kit(tmp_path / "kit", (0, 1, 4), note="F1", **plain)
    made = kickitout.generate_kicks((0, 1, 4))
    assert max(abs(1200 * np.log2(kick.card["pitch_end_hz"] / 43.65)) for kick in made) > 1200
    for kick in kit.kit.kicks:
        assert abs(kick.tuned.cents) <= 10.5
        assert kick.tuned.name == "F1"


def test_a_kit_of_generated_files_says_so_and_of_others_whose_they_are(tmp_path):
    made = kickitout.write_kicks(kickitout.generate_kicks([0, 1]), tmp_path / "made")
    write_kick(tmp_path / "own.wav", swept_kick())
    plain = {"layers": 1, "round_robins": 1, "formats": ["sfz"]}
    whole = kickitout.write_kit(tmp_path / "a", sounds=made, **plain).folder / "LICENSE.txt"
    told = "2 kicks of it, by what their files say: generated with kickitout by the model kickae-at-large, identity "
    assert told in whole.read_text()
    assert "recordings" not in whole.read_text()
    both = kickitout.write_kit(tmp_path / "b", sounds=[made[0], tmp_path / "own.wav"], **plain).folder / "LICENSE.txt"
    assert "1 kick of it, by what their files say: generated with kickitout" in both.read_text()
    assert "The other sounds were derived from recordings" in both.read_text()
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as packed:
        packed.write(made[0], "kick.wav")
    zipped = kickitout.write_kit(tmp_path / "c", sounds=[tmp_path / "made.zip"], **plain).folder / "LICENSE.txt"
    assert "1 kick of it, by what their files say: generated with kickitout" in zipped.read_text()
    (tmp_path / "made" / "index.csv").write_text("file,source,licence\nkick_000000.wav,Pack of Ann,CC-BY-NC-4.0\n")
    stated = kickitout.write_kit(tmp_path / "d", sounds=[tmp_path / "made"], **plain).folder / "LICENSE.txt"
    assert "| Pack of Ann | CC-BY-NC-4.0 | 1 |" in stated.read_text()


def test_of_kicks_that_are_made_at_their_note_each_is_counted_once(tmp_path):
    model, rejection = load_model(), OutlierRejection.of(load_model())
    kicks_of_model(model, range(3), rejection, targets={"decay": 200.0})
    assert rejection.tally.kicks == 3
    kicks_of_model(model, range(2), rejection, targets={"pitch": 50.0})
    assert rejection.tally.kicks == 5


def test_the_files_of_a_folder_are_in_the_order_in_which_people_count(tmp_path):
    for name in ("kick10", "kick2", "kick", "kick1", "kick2 old/kick7"):
        write_kick(tmp_path / "mine" / f"{name}.wav", swept_kick())
    plain = {"layers": 1, "round_robins": 1, "formats": ["sfz"]}
    kit = kickitout.write_kit(tmp_path / "a", sounds=[tmp_path / "mine"], **plain).kit
    assert [kick.kick.label for kick in kit.kicks] == ["kick", "kick1", "kick2", "kick7", "kick10"]
    given = [tmp_path / "mine" / name for name in ("kick10.wav", "kick1.wav")]
    kit = kickitout.write_kit(tmp_path / "b", sounds=given, **plain).kit
    assert [kick.kick.label for kick in kit.kicks] == ["kick10", "kick1"]


def test_the_name_of_a_kit_is_that_of_its_folder_unless_it_is_said(tmp_path):
    assert main(["kit", "-n", "1", "--velocity-layers", "1", "--round-robin", "1", "-o", str(tmp_path / "Bang")]) == 0
    assert (tmp_path / "Bang" / "Bang.sfz").exists()


def test_sounds_of_ones_own_and_what_is_wrong_with_some(tmp_path):
    write_kick(tmp_path / "in" / "one.wav", swept_kick(end_hz=50))
    write_kick(tmp_path / "in" / "two.wav", swept_kick(end_hz=57))
    (tmp_path / "in" / "three.wav").write_text("no")
    done = kit("in", "--note", "G", "--formats", "SFZ", "--no-zip", "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "out.zip").exists()
    assert "left out: in/three.wav: text, not audio" in done.stderr
    assert sorted(p.name for p in (tmp_path / "out").glob("*.sfz")) == [
        "out - 01 G1 one.sfz", "out - 02 G1 two.sfz", "out.sfz",
    ]  # fmt: skip
    assert not list((tmp_path / "out").glob("*.dspreset"))
    assert kit("in", "-n", 3, "-o", "three", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "three").exists()


def test_the_command_renders_a_sound_of_a_kit_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ["--velocity-layers", "1", "--round-robin", "2"]
    write_kick(tmp_path / "in" / "mine.wav", swept_kick())
    assert main(["kit", "-n", "1", *small, "-o", "a"]) == main(["kit", "in", *small, "-o", "b"]) == 0
    ours, theirs = next((tmp_path / "a" / "samples").iterdir()), next((tmp_path / "b" / "samples").iterdir())
    assert main(["recipe", str(ours), "--render", "ours.wav"]) == 0
    assert (tmp_path / "ours.wav").read_bytes() == ours.read_bytes()
    assert main(["recipe", str(theirs), "--render", "theirs.wav", "--source", "in/mine.wav"]) == 0
    assert (tmp_path / "theirs.wav").read_bytes() == theirs.read_bytes()
    capsys.readouterr()
    for wrong, sentence in (
        ([str(theirs), "--render", "x.wav"], "made from mine.wav; give that file as the source"),
        ([str(theirs), "--render", "x.wav", "--source", str(ours)], "made from another mine.wav"),
        ([str(theirs), "--render", "x.wav", "--source", "nowhere.wav"], "nowhere.wav: it does not exist"),
        ([str(ours), "--render", "x.flac"], "WAV files"),
        ([str(ours), "--render", "ours.wav"], "exists"),
    ):
        assert main(["recipe", *wrong]) == 2
        assert sentence in capsys.readouterr().err
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["-n", "0"], "at least 1"),
        (["-n", "93"], "up to 92 work"),
        (["--velocity-layers", "9", "--formats", "sfz"], "1 to 8 work"),
        (["--velocity-layers", "8"], "Hydrogen holds 16"),
        (["--formats", "sf2"], "choose from sfz, hydrogen, decentsampler"),
        (["--note", "X"], "not a note"),
        (["--name", ""], "visible characters"),
        (["--seed", "-1"], "whole numbers from 0"),
        (["--model", "nowhere"], "no such model"),
        (["nowhere.wav"], "nowhere.wav: it does not exist"),
        (["here.txt"], "no sound files"),
        (["here.txt", "--seed", "1"], "leave out one or the other"),
        (["here.txt", "--model", "default"], "leave out one or the other"),
        (["-o", "taken"], "force replaces a kit"),
        (["-o", "taken", "--force"], "is not a kit that kickitout wrote"),
        (["-o", "here.txt"], "a file is in the way"),
        (["-o", "here.txt/kit", "-n", "1"], "a file is in the way"),
        (["-o", "."], "the folder you are in"),
        (["-o", "x" * 300, "-n", "1"], "visible characters"),
        (["-o", "x" * 300, "-n", "1", "--name", "x"], "name is too long"),
        (["-n", "8", "--note", "C5"], "kicks are tuned from D0"),
        (["--licence", ""], "licence '': write one line"),
        (["-n", "3", "here.txt"], "no sound files"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(args, sentence, tmp_path, monkeypatch, capsys):
    (tmp_path / "here.txt").write_text("text")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.odt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert code_of(["kit", *args]) == 2
    assert sentence in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["here.txt", "taken", "thesis.odt"]


@pytest.mark.once
def test_force_replaces_the_zip_of_a_kit_and_no_other(tmp_path):
    one = ("-n", 1, "--velocity-layers", 1, "--round-robin", 1, "-o", tmp_path / "mine", "--force")
    (tmp_path / "mine.zip").write_text("a thesis")
    done = kit(*one)
    assert done.returncode == 2
    assert "mine.zip: is not a kit that kickitout wrote" in done.stderr
    assert (tmp_path / "mine.zip").read_text() == "a thesis"
    assert not (tmp_path / "mine").exists()
    with zipfile.ZipFile(tmp_path / "mine.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mine/kit.json", "x" * 5000)
    whole = (tmp_path / "mine.zip").read_bytes()
    (tmp_path / "mine.zip").write_bytes(whole[:48] + bytes(255 - b for b in whole[48:58]) + whole[58:])
    assert "is not a kit that kickitout wrote" in kit(*one).stderr
    (tmp_path / "mine.zip").unlink()
    assert kit(*one).returncode == kit(*one, "--seed", 1).returncode == 0  # its own zip it replaces


def test_a_full_disk_leaves_nothing(tmp_path):
    resource = pytest.importorskip("resource", reason="this system limits no files")

    def limit():  # no file can grow over 40 kB, which a program sees as it sees a full disk; a kick takes 66
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    done = kit("-n", 1, "-o", tmp_path / "out", "--zip", preexec_fn=limit)
    assert done.returncode == 2
    assert f"{tmp_path / 'out'}: the disk is full" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_may_not_be_written_is_said_so():
    done = kit("-n", 1, "-o", "/proc/kit")
    assert done.returncode == 2
    assert "/proc/kit" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.once
def test_making_a_kit_imports_no_torch(tmp_path):
    script = (
        "import sys, io; sys.stdout = sys.stderr = io.StringIO()\n"
        f"from kickitout.cli import main; assert main(['kit', '-n', '1', '-o', {str(tmp_path / 'kit')!r}]) == 0\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.__stdout__)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"torch", "scipy", "sklearn", "matplotlib", "pydantic", "yaml"} & set(done.stdout.split())


def test_recorded_kicks_become_a_kit(tmp_path, real_data):
    """12 recordings of several machines: as loud as each other, softer layers softer and darker, on their notes."""
    every = sorted((real_data / "kicks-open").rglob("*.flac"))
    chosen = [str(path) for path in every[:: len(every) // 12][:12]]
    out = tmp_path / "out"
    assert main(["kit", *chosen, "--round-robin", "2", "--bits", "16", "-o", str(out)]) == 0
    known = json.loads((out / "kit.json").read_bytes())
    assert len(known["kicks"]) == 12
    near = 0
    for kick in known["kicks"]:
        sounds = {(s["layer"], s["round_robin"]): read_sound(out / "samples" / s["file"]) for s in kick["sounds"]}
        assert all(s.subtype == "PCM_16" for s in sounds.values())
        for robin in (1, 2):
            waves = [sounds[layer, robin].samples.mean(axis=1) for layer in (1, 2, 3, 4)]
            longest = max(map(len, waves))
            found = cards(np.stack([np.pad(x, (0, longest - len(x))) for x in waves]))
            assert (np.diff(found["loudness_lufs"]) > 1).all(), kick["from"]
            assert (np.diff(found["click_level_db"]) > 0).all(), kick["from"]
            if robin == 1:
                assert found["loudness_lufs"][3] == pytest.approx(kick["loudness_lufs"], abs=0.02)
        near += kick["cents_after"] is not None and abs(kick["cents_after"]) <= 2
        recipe = json.loads(read_comment(out / "samples" / kick["sounds"][0]["file"]))
        assert recipe["source"]["sha256"]
    assert near >= 11  # of a few kicks the card's pitch jumps by more when they are moved


def test_a_kit_of_recorded_kicks_says_where_each_is_from(tmp_path, real_data):
    folder = real_data / "kicks-open"
    assert (
        main(["kit", str(folder), "-n", "5", "--velocity-layers", "1", "--round-robin", "1", "-o", str(tmp_path / "k")])
        == 0
    )
    text = (tmp_path / "k" / "SOURCES.md").read_text("utf-8")
    assert text.count("\n| ") == 6
    assert "unstated" not in text
