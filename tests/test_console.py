"""Consoles as other people's machines have them: encodings, streams that are absent, names, homes, zips, ports."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import io
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import kickitout
from kickitout.audio import write_sound
from kickitout.cli import build_parser, main
from kickitout.cli.console import console, lookalike
from kickitout.datasets.doctor.examined import cache_folder
from kickitout.errors import UserError
from kickitout.synthesis.procedural import synthesise

pytestmark = [pytest.mark.light, pytest.mark.once]

SRC = Path(kickitout.__file__).parent
KICK = [sys.executable, "-m", "kickitout"]


@pytest.fixture(scope="module")
def wave():
    return synthesise([3])[0][0]


@pytest.fixture
def printed(monkeypatch):
    """Have stdout and stderr be of an encoding, strict as in most locales; returns what has been printed."""

    def in_encoding(encoding: str):
        raw = {name: io.BytesIO() for name in ("stdout", "stderr")}
        for name, buffer in raw.items():
            monkeypatch.setattr(sys, name, io.TextIOWrapper(buffer, encoding, write_through=True, newline="\n"))
        return lambda name="stdout": raw[name].getvalue()

    return in_encoding


# -- encodings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "−6 dB × ♭ é キ…".encode()),
        ("cp1252", "-6 dB × b é \\u30ad…".encode("cp1252")),
        ("latin-1", "-6 dB × b é \\u30ad...".encode("latin-1")),
        ("ascii", b"-6 dB x b e \\u30ad..."),
        ("cp932", "−6 dB × ♭ e キ…".encode("cp932")),  # Windows in Japan; no é
        ("koi8-r", "-6 dB x b e \\u30ad...".encode("koi8-r")),
        ("utf-16-le", "−6 dB × ♭ é キ…".encode("utf-16-le")),
    ],
)
def test_any_text_is_printed_in_any_encoding(printed, encoding, expected):
    said = printed(encoding)
    with console():
        print("−6 dB × ♭ é キ…")
        print("−6 dB × ♭ é キ…", file=sys.stderr)
    assert said() == said("stderr") == expected + "\n".encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_bytes_of_a_name_that_are_no_text_go_through_a_pipe_as_they_are(printed, encoding):
    said = printed(encoding)
    with console():
        print("caf\udce9 −.wav")
    assert said() == b"caf\xe9 " + ("−" if encoding == "utf-8" else "-").encode() + b".wav\n"


def test_bytes_that_are_no_text_are_marked_where_they_cannot_be_written(printed, monkeypatch):
    said = printed("utf-16-le")
    with console():
        print("\udce9")
    assert said().decode("utf-16-le") == "?\n"
    said = printed("utf-8")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with console():
        print("\udce9")  # 0x9b begins commands in some terminals
    assert said() == b"?\n"


def test_all_that_the_program_itself_says_has_a_lookalike():
    said = {c for path in SRC.rglob("*.py") for c in path.read_text("utf-8") if not c.isascii()}
    assert said >= set("−×–’")
    assert [c for c in said if lookalike(c).startswith("\\") and c != "キ"] == []


def test_a_stream_that_cannot_be_changed_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with console():
        print("−")
    assert sys.stdout.getvalue() == "−\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_commands_print_names_of_any_script(printed, tmp_path, wave, monkeypatch, encoding):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sound = write_sound(tmp_path / "キック.wav", wave, 44_100)
    said = printed(encoding)
    assert main(["card", str(sound)]) == 0
    assert b"\\u30ad\\u30c3\\u30af.wav: 44100 Hz" in said()
    assert main(["check", str(sound)]) == 0
    assert b"1 sound taken" in said()
    assert main(["card", str(tmp_path / "キ.wav")]) == 2
    assert b"\\u30ad.wav: it does not exist" in said("stderr")
    assert main(["generate", "-n", "1", "-o", str(tmp_path / "ク")]) == 0
    assert b"\\u30af" in said()


def test_a_help_text_is_printed_in_ascii(printed):
    for command in ("synth", "bench", "lab", "vary"):
        said = printed("ascii")
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        assert b"usage: kick " in said()


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="file names are Unicode on this system")
def test_a_name_in_latin_1_is_shown_and_drawn(printed, tmp_path, wave):
    sound = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    write_sound(sound, wave, 44_100)
    said = printed("utf-8")
    assert main(["card", str(sound), "--plot", str(tmp_path / "plot.svg")]) == 0
    assert "caf�.wav: 44100 Hz".encode() in said()
    assert "caf�.wav" in (tmp_path / "plot.svg").read_text("utf-8")
    assert main(["card", str(sound), "--json"]) == 0
    assert main(["generate", "-n", "1", "-o", str(sound.with_suffix(""))]) == 0
    (made,) = sound.with_suffix("").iterdir()
    assert os.fsencode(made) in said().splitlines()  # as `xargs` wants it


# -- no streams --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [["stdout"], ["stderr"], ["stdout", "stderr"]])
def test_commands_do_their_work_without_streams(monkeypatch, tmp_path, wave, gone):
    write_sound(tmp_path / "a.wav", wave, 44_100)
    for name in gone:
        monkeypatch.setattr(sys, name, None)
    assert main(["check", str(tmp_path), "--no-cache", "--json", str(tmp_path / "report.json")]) == 0
    assert json.loads((tmp_path / "report.json").read_text())["counts"]["taken"] == 1
    assert main(["generate", "-n", "2", "--shards", "2", "-o", str(tmp_path / "set")]) == 0
    assert (tmp_path / "set" / "index.json").exists()
    assert main(["card", str(tmp_path / "none.wav")]) == 2
    assert [getattr(sys, name) for name in gone] == [None] * len(gone)


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are closed by a POSIX shell")
@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_no_file_becomes_the_stream_that_is_closed(tmp_path, closed):
    """Or else what a library prints on descriptor 2 is written into a sound."""
    code = (
        "import os, sys; from kickitout.cli.console import console\n"
        "with console():\n"
        "    file = open('sound', 'wb'); file.write(b'RIFF'); file.flush()\n"
        "    os.write(1, b'printed'); os.write(2, b'a warning')"
    )
    done = subprocess.run(f"exec {shlex.quote(sys.executable)} -c \"$CODE\" {closed}", shell=True, cwd=tmp_path,
                          env={**os.environ, "CODE": code}, capture_output=True)  # fmt: skip
    assert done.returncode == 0
    assert (tmp_path / "sound").read_bytes() == b"RIFF"


# -- names that begin with a minus -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["-808.wav", "-12dB kick.wav", "-k.wav", "--force.wav", "-.5.wav"])
def test_a_name_behind_two_dashes_is_a_name(tmp_path, monkeypatch, capsys, wave, name):
    monkeypatch.chdir(tmp_path)
    write_sound(name, wave, 44_100)
    assert main(["card", "--", name]) == 0
    assert name in capsys.readouterr().out


def test_every_command_that_takes_files_takes_names_that_begin_with_a_minus():
    taking = {
        "card": ["sounds"], "check": ["sounds"], "kit": ["sounds"], "recipe": ["sounds"], "score": ["generated"],
        "vary": ["sounds"], "morph": ["first", "last"], "train": ["sounds"], "runs": ["places"], "clean": ["places"],
        "export": ["run_folder"],
    }  # fmt: skip
    more = {"train": ["--out", "run"], "score": ["--against", "x"], "export": ["-o", "x.onnx"]}
    for command, places in taking.items():
        names = ["-808", "-k.wav"][: len(places)] if len(places) > 1 else ["-808 x"]
        args = build_parser().parse_args([command, *more.get(command, []), "--", *names])
        found = [getattr(args, place) for place in places]
        listed = [x for place in found for x in (place if isinstance(place, list) else [place])]
        assert [str(x) for x in listed] == names, command
    args = build_parser().parse_args(["lab", "run", "-o", "-1/", "--against", "a", "--", "curves", "-808", "-k"])
    assert [str(p) for p in args.sounds] == ["-808", "-k"]
    assert [str(args.out), *map(str, args.against)] == ["-1", "a"]
    args = build_parser().parse_args(["lab", "run", "curves", "--seeds", "2", "--", "-k"])
    assert (args.study, *map(str, args.sounds)) == ("curves", "-k")


def test_a_value_that_begins_with_a_minus_and_a_digit_is_a_value(tmp_path):
    args = build_parser().parse_args(["generate", "--click", "-12dB", "-n", "4", "-o", "-808", "--balance", "-.5"])
    assert (args.ask_click, args.n, str(args.out), args.ask_balance) == (-12.0, 4, "-808", -0.5)
    args = build_parser().parse_args(["card", "--force", "-808.wav", "--plot=-x.svg"])
    assert (str(args.sounds[0]), str(args.plot), args.force) == ("-808.wav", "-x.svg", True)


def test_a_name_taken_for_an_option_says_how_it_is_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("-k.wav").touch()
    assert main(["card", "a.wav", "-k.wav"]) == 2
    assert f"-k.wav; a name that begins with - goes behind --, or as {os.path.join('.', '-k.wav')}" in (
        capsys.readouterr().err
    )
    assert main(["card", "a.wav", "--plot", "-k.svg"]) == 2
    assert "one that begins with - is written --plot=-..." in capsys.readouterr().err
    with pytest.raises(UserError, match="unrecognized arguments: -x "):
        build_parser().parse_args(["card", "a.wav", "-x"])


def test_no_option_looks_like_a_negative_number():
    """argparse would take values for it."""

    def options(parser: argparse.ArgumentParser) -> list[str]:
        below = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        own = [name for action in parser._actions for name in action.option_strings]
        return own + [name for choices in below for sub in choices.values() for name in options(sub)]

    found = options(build_parser())
    assert "--force" in found
    assert not [name for name in found if re.match(r"-\.?\d", name)]


# -- no home -----------------------------------------------------------------------------------------------------------


def test_without_a_home_nothing_is_kept_and_a_line_says_so(tmp_path, monkeypatch, capsys, wave):
    def homeless(*_):
        raise RuntimeError("Could not determine home directory.")

    write_sound(tmp_path / "a.wav", wave, 44_100)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.chdir(tmp_path)
    assert cache_folder() is None
    assert main(["check", str(tmp_path)]) == 0
    assert "no home folder, so nothing is kept for a second look" in capsys.readouterr().out
    assert main(["check", str(tmp_path), "--no-cache"]) == 0
    assert "no home folder" not in capsys.readouterr().out
    assert os.listdir(tmp_path) == ["a.wav"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["check", str(tmp_path / "a.wav")]) == 0
    assert list(tmp_path.rglob("*.flac"))


def test_a_home_that_is_no_place_is_none(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "relative")
    monkeypatch.setenv("USERPROFILE", "relative")
    assert cache_folder() is None


def test_a_home_that_is_not_there_is_named(tmp_path, monkeypatch, capsys, wave):
    write_sound(tmp_path / "a.wav", wave, 44_100)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "a.wav"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "a.wav"))
    assert main(["check", str(tmp_path / "a.wav")]) == 0
    out = capsys.readouterr().out
    assert "nothing is kept for a second look, XDG_CACHE_HOME names another place" in out
    assert ".cache" in out


# -- the package in a zip ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    """The package in a zip, with a __main__ as zipapp writes it."""
    place = tmp_path_factory.mktemp("zip") / "kick out.pyz"
    with zipfile.ZipFile(place, "w") as packed:
        packed.writestr("__main__.py", "import sys\nfrom kickitout.__main__ import main\n"
                                       "if __name__ == '__main__': sys.exit(main())\n")  # fmt: skip
        for path in SRC.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                packed.write(path, path.relative_to(SRC.parent).as_posix())
    return place


def _from_zip(zipped, tmp_path, *command):
    env = {**os.environ, "PYTHONPATH": str(zipped), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "c")}
    env["TEMP"] = env["TMP"] = str(tmp_path)
    return subprocess.run([sys.executable, *map(str, command)], env=env, capture_output=True, text=True, cwd=tmp_path)


def test_the_package_works_from_a_zip(zipped, tmp_path):
    """Also its encoder and fingerprints, which lie beside the model, the drum types, and the page of the studio."""
    code = (
        "import kickitout, numpy as np; assert '.pyz' in kickitout.__file__\n"
        "from kickitout.metrics.drum_types import embed_types; from kickitout.generation.invert import find_encoder\n"
        "from kickitout.frontend import find_learned\n"
        "waves = kickitout.generate([1])\n"
        "print(waves.shape, embed_types(waves).shape, find_encoder('default').name)\n"
        "print(type(find_learned(kickitout.load_model())))\n"
        "from kickitout.studio.page_files import page_files; print(len(page_files()))"
    )
    done = _from_zip(zipped, tmp_path, "-c", code)
    assert done.stdout.splitlines()[0].startswith("(1, 22050) (1, 64) default.encoder.onnx"), done.stderr
    assert "Learned" in done.stdout
    there = [p for p in (SRC / "studio" / "page").rglob("*") if p.suffix in (".html", ".css", ".js", ".svg")]
    assert int(done.stdout.splitlines()[2]) == len(there)
    assert os.listdir(tmp_path) == []  # what was copied out is gone


def test_an_application_in_a_zip_makes_shards_with_workers(zipped, tmp_path):
    done = _from_zip(zipped, tmp_path, zipped, "generate", "-n", 4, "--shards", 2, "--workers", 2, "-o", "set")
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "set").glob("*.tar")) == [
        "kicks-000000-000001.tar", "kicks-000002-000003.tar"
    ]  # fmt: skip
    assert os.listdir(tmp_path) == ["set"]


# -- ports -------------------------------------------------------------------------------------------------------------


def test_what_is_short_is_sent_at_once():
    """With Nagle's algorithm each answer of a connection that is kept waits 40 ms for the one before it."""
    listen = importlib.import_module("kickitout.studio.serve").listen

    async def answered() -> int:
        connected = asyncio.get_running_loop().create_future()
        with listen(0) as sock:
            server = await asyncio.start_server(lambda _, writer: connected.set_result(writer), sock=sock)
            _, client = await asyncio.open_connection(*sock.getsockname())
            writer = await connected
            found = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            for one in (client, writer, server):
                one.close()
            return found

    with ThreadPoolExecutor(1) as other:  # browsers of other tests may have a loop running in this one
        assert other.submit(lambda: asyncio.run(answered())).result()


def test_a_port_is_taken_from_the_moment_a_studio_begins():
    listen = importlib.import_module("kickitout.studio.serve").listen
    with listen(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port}: taken, perhaps by a studio that is open already"):
            listen(port)
        with socket.create_connection(("127.0.0.1", port), 1):
            pass  # a browser that comes before the server is ready waits, and is not refused
    with listen(port):
        pass  # free again at once


def test_a_port_that_another_program_has_bound_is_taken():
    listen = importlib.import_module("kickitout.studio.serve").listen
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(UserError, match="taken"):
            listen(other.getsockname()[1])


def test_the_page_to_listen_and_compare_says_that_its_port_is_taken():
    pytest.importorskip("torch", reason="the laboratory needs the extra 'train'")
    from kicklab.folder import Lab
    from kicklab.listening import server

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UserError, match="cannot be used"):
            server(Lab(Path("lab")), b"", other.getsockname()[1])
