"""Other systems: without what only POSIX has, with the files that others leave, with locks that all of them know."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kickitout import files
from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.export.kits.package import check_place
from kickitout.files import held, is_held, left_by_others, names_in, write_whole

pytestmark = [pytest.mark.light, pytest.mark.once]

LEFT = {
    ".DS_Store": b"\0\0\0\1Bud1", "._kick_000000.wav": b"\0\5\x16\7", "Thumbs.db": b"\xd0\xcf\x11\xe0",
    "desktop.ini": b"[.ShellClassInfo]", "kick_000000.wav.asd": b"Live", "kick.pkf": b"peaks",
}  # fmt: skip


def litter(folder: Path) -> Path:
    """A folder with what Finder, Explorer, Live and Audition leave in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in LEFT.items():
        (folder / name).write_bytes(data)
    return folder


def assert_kept(folder: Path) -> None:
    assert {name: (folder / name).read_bytes() for name in LEFT} == LEFT


# -- what others leave -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kick.wav", "asd", "config.json", "db.wav", "desktop.wav", "thumbs.db.json", "Icon"])
def test_a_file_of_ones_own_is_nothing_that_others_left(name):
    assert not left_by_others(name)


def test_names_are_those_of_the_user(tmp_path):
    litter(tmp_path)
    (tmp_path / "kick.wav").touch()
    assert names_in(tmp_path) == ["kick.wav"]
    assert names_in(tmp_path / "none") == []
    with pytest.raises(UserError, match=r"kick\.wav: a file is in the way"):
        names_in(tmp_path / "kick.wav")


def test_shards_are_written_beside_what_others_left_and_gone_on_with(tmp_path):
    command = ["generate", "-n", "2", "--shards", "1", "--workers", "1", "-q", "-o", str(litter(tmp_path / "set"))]
    assert main(command) == 0
    litter(tmp_path / "set")
    assert main(command) == 0
    assert_kept(tmp_path / "set")
    (tmp_path / "set" / "thesis.txt").touch()
    assert main(command) == 2


def test_kicks_and_their_check_pass_over_what_others_left(tmp_path, capsys):
    folder = litter(tmp_path / "kicks")
    assert main(["generate", "-n", "2", "-o", str(folder)]) == 0
    assert main(["check", str(folder), "--no-cache"]) == 0
    assert "2 sounds taken, 2 different; 0 refused" in capsys.readouterr().out
    assert_kept(folder)


def test_a_kit_is_replaced_and_what_others_left_in_it_stays(tmp_path):
    out = tmp_path / "kit"
    kit = ["kit", "--velocity-layers", "1", "--round-robin", "1", "--formats", "sfz", "--no-zip", "-o", str(out)]
    litter(out)
    assert main([*kit, "-n", "2"]) == 0
    assert_kept(out)
    litter(out / "samples")
    (out / "samples" / "@eaDir").mkdir()
    (out / "samples" / "@eaDir" / "kick.wav").write_bytes(b"Synology")
    assert main([*kit, "-n", "1"]) == 2  # it exists
    assert main([*kit, "-n", "1", "--force"]) == 0
    assert_kept(out)
    assert_kept(out / "samples")
    assert (out / "samples" / "@eaDir" / "kick.wav").read_bytes() == b"Synology"
    assert len([name for name in names_in(out / "samples") if name.endswith(".wav")]) == 1
    assert sorted(os.listdir(tmp_path)) == ["kit"]
    (out / "my own.wav").touch()
    with pytest.raises(UserError, match=r"holds my own\.wav"):
        check_place(out, force=True)


def test_run_folders_and_laboratories_begin_beside_what_others_left(tmp_path):
    pytest.importorskip("torch", reason="training needs the extra 'train'")
    from kickitout.training.run_folder import RunFolder
    from kicklab.folder import Lab

    RunFolder(litter(tmp_path / "run")).refuse_strangers()
    lab = Lab(litter(tmp_path / "lab"))
    lab.begin(None)
    (litter(lab.path / "plans") / "._curves.json").write_bytes(b"\0\5\x16\7")
    lab.begin(None)
    assert_kept(tmp_path / "lab")
    for place in ("run", "other"):
        (litter(tmp_path / place) / "thesis.txt").touch()
        with pytest.raises(UserError, match=r"holds other files \(thesis.txt"):
            RunFolder(tmp_path / place).refuse_strangers()
        with pytest.raises(UserError, match=r"holds other files \(thesis.txt"):
            Lab(tmp_path / place).begin(None)


# -- locks -------------------------------------------------------------------------------------------------------------


def test_a_folder_is_held_by_one(tmp_path):
    assert not is_held(tmp_path)
    assert not os.listdir(tmp_path)  # looking leaves nothing
    with held(tmp_path, ""):
        assert is_held(tmp_path)
        with pytest.raises(UserError, match="busy"), held(tmp_path, "busy"):
            pass
    assert not is_held(tmp_path)
    with held(tmp_path, ""):
        pass


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "precious")
    assert not is_held(tmp_path / "run")
    with pytest.raises(UserError, match=r"\.lock: is a link, or no file; remove it"), held(tmp_path / "run", ""):
        pass
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_folder_of_a_process_that_was_killed_is_free(tmp_path):
    hold = (
        "import sys, pathlib; from kickitout.files import held\n"
        "with held(pathlib.Path(sys.argv[1]), ''): print(1, flush=True); input()"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert is_held(tmp_path)
        holder.kill()
        holder.wait()
    assert not is_held(tmp_path)
    with held(tmp_path, ""):
        pass


def test_a_file_that_a_virus_scanner_has_open_is_replaced_a_moment_later(tmp_path, monkeypatch):
    tries = []

    def refuse_twice(source, target, replace=os.replace):
        tries.append(target)
        if len(tries) < 3:
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        replace(source, target)

    monkeypatch.setattr(files, "WAITS", (0, 0, 0))
    monkeypatch.setattr(files.os, "replace", refuse_twice)
    assert write_whole(tmp_path / "a.json", b"{}").read_bytes() == b"{}"
    monkeypatch.setattr(files.os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "in use")))
    with pytest.raises(UserError, match=r"a\.json: permission denied"):
        write_whole(tmp_path / "a.json", b"")
    assert os.listdir(tmp_path) == ["a.json"]


# -- without what only POSIX has ---------------------------------------------------------------------------------------

WITHOUT = """
import os, signal, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None
GONE = {
    signal: "SIGHUP SIGALRM SIGQUIT SIGUSR1 SIGUSR2 SIGPIPE setitimer alarm pthread_kill pthread_sigmask sigwait",
    os: "fork forkpty sched_getaffinity sched_setaffinity getuid geteuid getgid getegid setpgid setsid getpgid killpg "
        "getloadavg mkfifo statvfs fchmod fchown chown O_DIRECTORY O_NOFOLLOW O_CLOEXEC nice",
}
for module, names in GONE.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
if hasattr(os, "process_cpu_count"):
    os.process_cpu_count = os.cpu_count  # made without sched_getaffinity where there is none
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """An environment whose processes lack those, and those that they start; Python imports that module by itself."""
    place = tmp_path_factory.mktemp("bare")
    (place / "sitecustomize.py").write_text(WITHOUT)
    path = os.pathsep.join([str(place), str(Path(files.__file__).parents[1])])
    return {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(place / "cache"), "OMP_NUM_THREADS": "1"}


COMMANDS = """
import sys
from kickitout.cli import main
from kickitout.cpus import usable_cpus
assert "fcntl" in sys.modules and sys.modules["fcntl"] is None
assert usable_cpus() >= 1
for line in sys.argv[1:]:
    print(line, file=sys.stderr)
    assert main(line.split()) == 0, line
"""


def _all_are_done(env, folder, *lines):
    done = subprocess.run([sys.executable, "-c", COMMANDS, *lines], env=env, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr


def test_commands_work_without_what_only_posix_has(bare, tmp_path):
    _all_are_done(
        bare, tmp_path, "generate -n 3 -o g", "generate -n 2 --shards 1 --workers 2 -o s",
        "generate -n 2 --shards 1 --workers 2 -o s", "check g", "card g/kick_000000.wav", "kit g -o k --formats sfz",
        "kit g -o k --formats sfz --force", "recipe g/kick_000001.wav --render again.wav", "runs g", "clean g --yes",
    )  # fmt: skip
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "g" / "kick_000001.wav").read_bytes()
    assert (tmp_path / "s" / "index.json").exists()


def test_training_is_stopped_by_a_signal_where_there_is_no_hangup(monkeypatch):
    pytest.importorskip("torch", reason="training needs the extra 'train'")
    from kickitout.training.session import _interruptible

    monkeypatch.delattr(signal, "SIGHUP", raising=False)
    before = signal.getsignal(signal.SIGINT)
    with _interruptible() as asked:
        assert not asked()
        signal.raise_signal(signal.SIGINT)
        assert asked()
    assert signal.getsignal(signal.SIGINT) is before
