"""The command line: quick to help, thin, honest in its exit code."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import signal
import subprocess
import sys
import zipfile
from importlib import import_module, metadata
from importlib.util import find_spec

import pytest
from commands import code_of

from kickitout.cli import COMMAND_GROUP, COMMANDS, command_modules, main
from kickitout.cli.targets import note
from kickitout.cli.values import duration, quantity, seeds, whole_hz
from kickitout.errors import UserError

pytestmark = pytest.mark.light

KICK = [sys.executable, "-m", "kickitout"]


@pytest.mark.once
def test_help_takes_less_than_three_tenths_of_a_second():
    before = os.times()
    for _ in range(5):
        subprocess.run([*KICK, "--help"], check=True, capture_output=True)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent / 5 < 0.3  # of the processor: what the command needs, not what the machine is busy with


@pytest.mark.parametrize("command", [*COMMANDS, "bench", "lab"])
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([command, "--help"])
    assert done.value.code == 0
    out = capsys.readouterr().out
    assert f"kick {command}" in out
    assert (import_module(command_modules()[command]).__doc__ or "").splitlines()[0] in out


def test_commands_of_other_packages_are_found_as_the_standard_library_finds_entry_points():
    wanted = {one.name: one.value for one in metadata.entry_points(group=COMMAND_GROUP)}
    assert {name: module for name, module in command_modules().items() if name not in COMMANDS} == wanted
    assert wanted["lab"].startswith("kicklab.")


def test_help_lists_the_commands_of_other_packages_unless_they_are_gone(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "other-1.0.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_text(
        f"[{COMMAND_GROUP}]\nother = other_commands\ngone = gone.cli\nkit = other_commands"
    )
    (tmp_path / "other_commands.py").write_text(
        "HELP = 'of another package'\ndef add_arguments(parser): ...\nrun = print"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "of another package" in said
    assert "gone" not in said
    assert command_modules()["kit"] == "kickitout.cli.kit"  # our own stay ours


def test_the_command_alone_shows_what_there_is(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "kick generate -n 16" in out
    assert all(f"    {command} " in out for command in COMMANDS)
    assert len(out.splitlines()) < 40  # a screen


@pytest.mark.parametrize("text", ["4k", "4kHz", "4000", "4000 Hz", "4.0K"])
def test_thousands_of_hertz_are_written_as_people_do(text):
    assert quantity("Hz")(text) == 4000.0
    assert whole_hz(text) == 4000


def test_a_note_without_octave_is_the_one_in_the_octave_of_kicks():
    found = {name: note(name) for name in ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "b")}
    assert all(36.7 < hz < 73.6 for hz in found.values())
    assert len({round(hz, 3) for hz in found.values()}) == 12
    assert found["F"] == note("F1")
    assert found["C"] == note("C2")


def test_the_version_is_the_packages(capsys):
    import kickitout

    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.split() == ["kickitout", kickitout.__version__]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["generate", "--tone", "6k", "--rate", "8000"], "tone 6000 Hz: files of 8000 Hz hold what lies below 4000 Hz"),
        (["generate", "--note", "F1", "--tolerance", "note=5,pitch=3"], "pitch is there twice"),
        (["styles", "--sheet", "styles.jpg"], "styles.jpg: sheets are drawn as PNG; choose a name that ends in .png"),
        (["generate", "-n", "0"], "at least 1"),
        (["generate", "--seeds", "x"], "not a seed"),
        (["generate", "--seeds", "9-3"], "runs upwards"),
        (["generate", "--seeds", "1,1"], "there twice"),
        (["generate", "--seed", "-5"], "whole numbers from 0"),
        (["generate", "--seeds", "1", "-n", "2"], "leave out -n and --seed"),
        (["generate", "--seeds", "1", "--seed", "2"], "leave out -n and --seed"),
        (["generate", "-n", "99999999999999999999"], "at most 10,000,000"),
        (["generate", "-n", "1", "-o", "x" * 300], "the name is too long"),
        (["generate", "-o", ""], "an empty name is no file or folder"),
        (["check", ""], "an empty name is no file or folder"),
        (["card", "nowhere.wav", "--plot", "no/folder.svg"], "no/folder.svg: its folder does not exist"),
        (["check", "nowhere", "--html", "."], ".: is a folder; give the name of a file"),
        (
            ["check", "nowhere", "--html", "kick.wav"],
            "kick.wav: a report never replaces a sound; choose a name that ends in .html",
        ),
        (
            ["check", "nowhere", "--json", "kick.wav"],
            "kick.wav: a report never replaces a sound; choose a name that ends in .json",
        ),
        (["vary", "nowhere.wav", "--amount", "5"], "amount=5: from 0"),
        (["morph", "nowhere.wav", "nowhere.wav", "-n", "1"], "at least 2 kicks"),
        (["generate", "--rate", "7"], "8000 to 192000"),
        (["generate", "--format", "flac", "--bits", "32f"], "use 24 bits, or WAV"),
        (["generate", "--model", "nowhere"], "no such model"),
        (["train", "nowhere", "--out", "run", "--budget", "soon"], "write 90s, 20m or 1h30m"),
        (["bench", "everything"], "parts are"),
        (["recipe", "nowhere.wav"], "nowhere.wav"),
        (["export", "nowhere", "-o", "x.onnx"], "no such model"),
        (["genrate", "-n", "4"], "'genrate' is no command; did you mean generate?"),
        (["runz"], "did you mean runs?"),
        (["frobnicate"], "'frobnicate' is no command; generate, styles, vary, "),
        (["train", "nowhere", "--out", "run", "--budgt", "2m"], "--budgt 2m; did you mean --budget?"),
        (["kit", "--lisence", "CC0-1.0"], "did you mean --licence?"),
        (["generate", "--bits", "12"], "'12' is nothing that --bits takes; 16, 24, 32f work"),
        (["generate", "--pre-roll", "-1"], "pre-roll -1: 0 to 500 ms before the onset work"),
        (["vary", "nowhere.wav", "--pre-roll", "1m"], "'1m': a number in ms works"),
        (["kit", "--pre-roll", "600"], "pre-roll 600: 0 to 500 ms"),
        (["kit", "--match", "rms"], "match rms: loudness or peak works"),
        (["card", "nowhere", "--csv", "cards.txt"], "cards.txt: tables are CSV; choose a name that ends in .csv"),
        (["generate", "--note", "H1"], "'H1' is no note"),
        (["generate", "--rate", "44.1001k"], "'44.1001k': a whole number of Hz works"),
        (["vary"], "kick vary --help says more"),
        (["kit", "--zzz"], "unrecognized arguments: --zzz (kick kit --help says more)"),
        (["generate", "--note", "F9"], "F9 is 11,175 Hz; E0 to G4 work"),
        (["generate", "--note", "F-1"], "F-1 is 11 Hz; E0 to G4 work"),
        (["generate", "-n", "1", "-o", "-"], "--out -: sounds and models go into files"),
        (["generate", "--note", "A99999"], "'A99999' is no note"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(args, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert code_of(args) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["train", "nowhere", "--out", "run"], "nowhere"),
        (["train", "nowhere", "--out", "run", "--config", "dcgann"], "did you mean dcgan"),
        (["lab", "measure", "ceilings", "nowhere"], "nowhere"),
        (["lab", "measure", "ceiling", "nowhere"], "did you mean ceilings?"),
    ],
)
@pytest.mark.once
def test_bad_input_to_training_is_one_sentence_or_what_to_install(args, sentence, tmp_path, monkeypatch, capsys):
    there = find_spec("torch") is not None
    monkeypatch.chdir(tmp_path)
    assert code_of(args) == 2
    install = f"make {'lab' if args[0] == 'lab' else 'train'}-env"
    assert (sentence if there else install) in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_full_disk_behind_what_is_printed_is_said_so(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*KICK, "generate", "-n", "2", "-o", "out"], cwd=tmp_path, stdout=full,
                              stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_an_out_folder_that_is_a_file_is_said_so(tmp_path):
    (tmp_path / "out").write_text("")
    done = subprocess.run([*KICK, "generate", "-n", "1", "-o", "out"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "a file is in the way" in done.stderr


@pytest.mark.once
def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    command = f"set -o pipefail; '{sys.executable}' -m kickitout generate -n 300 -o out | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert done.stderr.startswith("300 kicks in ")
    assert done.stderr.count("\n") == 1
    assert len(list((tmp_path / "out").iterdir())) == 300


def test_a_closed_stdout_is_no_error(tmp_path):
    command = f"'{sys.executable}' -m kickitout generate -n 2 -o out >&-"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_stop_while_the_command_is_still_being_read_is_no_traceback():
    code = (
        "import sys, runpy\n"
        "class Stop:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'kickitout.cli.kit':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
        "sys.argv = ['kick', '--version']\n"
        "runpy.run_module('kickitout', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130
    assert done.stderr == "kick: stopped\n"


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.once
def test_generate_stops_at_a_signal_with_whole_files_and_says_how_many(tmp_path, sent, code):
    command = [*KICK, "generate", "-n", "100000", "-o", "out"]
    heeds = {"preexec_fn": lambda: signal.signal(sent, signal.SIG_DFL)}  # a shell's background jobs ignore Ctrl-C
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **pipes, **heeds) as run:
        run.stdout.readline()  # the first kick is there
        run.send_signal(sent)
        _, said = run.communicate(timeout=60)
    assert run.returncode == code
    files = list((tmp_path / "out").iterdir())
    assert {f.suffix for f in files} == {".wav"}
    assert f"{len(files)} of 100000 kicks are in out, whole" in said
    assert said.endswith("kick: stopped\n")


def test_one_kick_is_not_one_kicks(tmp_path):
    done = subprocess.run([*KICK, "generate", "-n", "1", "-o", "out"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.startswith("1 kick in ")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("20m", 1200), ("1h30m", 5400), ("1.5m", 90)])
def test_durations_are_read_as_written(text, seconds):
    assert duration(text) == seconds


def test_seeds_are_lists_and_ranges():
    assert seeds("0-2, 7,9-9") == [0, 1, 2, 7, 9]


def test_a_command_that_plays_the_model_leaves_nothing_in_the_users_home(tmp_path):
    """Runtimes of graphs keep numbers of the machine there to report them, unless they are told not to."""
    home = tmp_path / "home"
    home.mkdir()
    where = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "c")}
    where.pop("ORT_DISABLE_TELEMETRY", None)
    command = [*KICK, "generate", "-n", "1", "-q", "-o", str(tmp_path / "kicks")]
    subprocess.run(command, check=True, capture_output=True, env=where)
    assert not list(home.rglob("*"))


@pytest.mark.parametrize(("kind", "word"), [("any", "sound"), ("kick", "kick"), (None, "kick")])
def test_files_are_named_by_what_the_model_makes(kind, word):
    from kits import FormulaModel, small_kit

    from kickitout import frontend
    from kickitout.export.sounds import SoundFormat, file_name, recipe_name

    model = FormulaModel()
    config = {} if kind is None else {"kind": kind}
    model.info = dataclasses.replace(model.info, config=config)
    assert model.info.word == word
    assert file_name(7, SoundFormat(word=word)) == f"{word}_000007.wav"
    assert recipe_name({"seed": 7}, {"note": "F1"}, model.info.word) == f"{word}_F1_s000007"
    assert frontend.sound_file(model, {"seed": 7})[0].startswith(f"{word}_")
    for kick in small_kit(1, model, layers=1, round_robins=1).kicks:
        assert [sound.file[: len(word) + 2] for sound in kick.sounds] == [f"{word}01"]
    packed = io.BytesIO(frontend.kit_zip(model, [{"seed": 7}], "Mine", ["sfz"], layers=1, round_robins=1)[1])
    (wav,) = (name for name in zipfile.ZipFile(packed).namelist() if name.endswith(".wav"))
    assert re.fullmatch(rf"Mine/samples/{word}01_\w+_s000007_v1_r1.wav", wav)


def test_one_is_one_and_more_are_more(tmp_path, capsys):
    from kickitout.datasets.doctor.forecast import forecast
    from kickitout.export.kits.plan import Plan

    assert main(["generate", "-n", "1", "-o", str(tmp_path / "one")]) == 0
    assert "1 kick in" in capsys.readouterr().err
    assert main(["kit", "-n", "1", "--velocity-layers", "1", "--round-robin", "1", "-o", str(tmp_path / "kit")]) == 0
    assert "1 kick, 1 velocity layer, 1 round robin," in (tmp_path / "kit" / "README.txt").read_text()
    assert forecast(1, None).startswith("1 different kick;")
    assert forecast(2, None).startswith("2 different kicks;")
    with pytest.raises(UserError, match="80 kicks x 8 layers x 8 round robins are"):
        Plan("K", 8, 8).check_size(80)
