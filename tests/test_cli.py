"""The command line: quick to help, thin, honest in its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib import import_module, metadata
from importlib.util import find_spec

import pytest

from kickitout.cli import COMMANDS, GROUP, command_modules, main
from kickitout.cli.values import duration, seeds

pytestmark = pytest.mark.light

KICK = [sys.executable, "-m", "kickitout"]


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
    wanted = {one.name: one.value for one in metadata.entry_points(group=GROUP)}
    assert {name: module for name, module in command_modules().items() if name not in COMMANDS} == wanted
    assert wanted["lab"].startswith("kicklab.")


def test_help_lists_the_commands_of_other_packages_unless_they_are_gone(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "other-1.0.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_text(
        f"[{GROUP}]\nother = other_commands\ngone = gone.cli\nkit = other_commands"
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


def test_the_version_is_the_packages(capsys):
    import kickitout

    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.split() == ["kickitout", kickitout.__version__]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
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
        (["generate", "--format", "flac", "--bits", "32f"], "use --bits 24"),
        (["generate", "--model", "nowhere"], "no such model"),
        (["train", "nowhere", "--out", "run", "--budget", "soon"], "write 90s, 20m or 1h30m"),
        (["bench", "everything"], "parts are"),
        (["recipe", "nowhere.wav"], "nowhere.wav"),
        (["export", "nowhere", "-o", "x.onnx"], "no such model"),
        ([], "required"),
        (["generate", "--note", "H1"], "'H1' is no note"),
        (["generate", "--note", "F-1"], "pitch 10.91 Hz: from 20 to 400 Hz"),
        (["generate", "--rate", "44.1kHz"], "'44.1kHz' is no whole number"),
        (["vary"], "kick vary --help says more"),
        (["kit", "--zzz"], "unrecognized arguments: --zzz (kick kit --help says more)"),
        (["generate", "--note", "A99999"], "'A99999' is no note"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(args, sentence, tmp_path):
    done = subprocess.run([*KICK, *args], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
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
def test_bad_input_to_training_is_one_sentence_or_what_to_install(args, sentence, tmp_path):
    there = find_spec("torch") is not None
    done = subprocess.run([*KICK, *args], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    install = f"make {'lab' if args[0] == 'lab' else 'train'}-env"
    assert (sentence if there else install) in done.stderr
    assert "Traceback" not in done.stderr
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
