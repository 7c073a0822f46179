"""Files that are either whole or absent: write beside the final name, then rename.

A reader never sees half a file under its final name, whatever kills the writer (POSIX rename is atomic).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import time
import warnings
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from kickitout.errors import UserError, refuse_other

if TYPE_CHECKING:
    from filelock import FileLock


DISK_FULL = "the disk is full; free some space or choose another folder"
FORBIDDEN = "permission denied; choose a folder you may write to or change its permissions"
IN_THE_WAY = "a file is in the way of a folder; choose another name"
REFUSALS = {
    errno.ENOSPC: DISK_FULL,
    errno.EDQUOT: DISK_FULL,
    errno.EFBIG: DISK_FULL,
    errno.EACCES: FORBIDDEN,
    errno.EPERM: FORBIDDEN,
    errno.EROFS: FORBIDDEN,
    errno.ENOENT: "it does not exist; check the path",
    errno.ENOTDIR: IN_THE_WAY,
    errno.EEXIST: IN_THE_WAY,
    errno.EISDIR: "it is a folder, and a file was expected",
    errno.ENAMETOOLONG: "the name is too long; give a shorter one",
    errno.ELOOP: "its symbolic links form a loop; remove the loop",
}


def explain_os_error(error: OSError, path: str | os.PathLike[str]) -> UserError:
    """The one sentence for what the operating system refused."""
    reason = REFUSALS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return UserError(f"{path}: {reason}")


def as_list(given: str | os.PathLike[str] | Iterable[Any]) -> list[Any]:
    """What may be one or several, as a list: a text and a path are one.

    >>> as_list("kicks"), as_list(["kicks", "more"])
    (['kicks'], ['kicks', 'more'])
    """
    return [given] if isinstance(given, str | os.PathLike) else list(given)


def as_paths(given: str | os.PathLike[str] | Iterable[Any]) -> list[Path]:
    """One path or several, as a list. Raises UserError for what is none."""
    if isinstance(given, bytes) or not isinstance(given, str | os.PathLike | Iterable):
        raise UserError(f"{given!r}: no path; a path, or a list of paths, works")
    listed = as_list(given)
    for one in listed:
        refuse_other(one, "path", "a path", str, os.PathLike)
        if "\0" in os.fspath(one):
            raise UserError(f"{one!r}: no path has a NUL in it")
    return [Path(one) for one in listed]


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Create the folder and its parents; UserError when that cannot be."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, folder) from error
    return folder


def is_special(path: str | os.PathLike[str]) -> bool:
    """Whether a pipe, a device or a socket is there, or a link to one: opening it may wait for ever, reading it may
    never end, and writing to its name would put a file in its place."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file. Raises OSError, for a pipe and a device as well."""
    if is_special(path):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    return Path(path).read_bytes()


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def check_new_file(path: str | os.PathLike[str] | None, *, force: bool = False) -> None:
    """Raise UserError when a file cannot be written to `path`: said before the work rather than after it.

    None is no file, and fine. With `force` a file may be there, or a link to one (see `writing_whole`).
    """
    if path is None:
        return
    final = Path(path)
    if final.is_dir():
        raise UserError(f"{final}: is a folder; give the name of a file")
    _refuse_special(final)
    if os.path.lexists(final) and not force:
        raise UserError(f"{final}: exists; force replaces it")
    folder = _followed(final).parent
    if not folder.is_dir():
        raise UserError(f"{final}: its folder does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise UserError(f"{final}: {FORBIDDEN}")


def _refuse_special(path: Path) -> None:
    if is_special(path):
        raise UserError(f"{path}: is a device or a pipe, and a file was expected; choose another name")


def _followed(path: Path) -> Path:
    """Where a link leads; any other path as it is."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def beside(final: Path, ending: str = "part") -> Path:
    """A hidden name beside a file or folder, for while it is being written. It is one of this process, also where
    several machines write there, and short: file systems take names of 255 bytes, and the final one may need them."""
    return final.with_name(f".{final.name[:24]}.{os.getpid()}-{os.urandom(3).hex()}.{ending}")


def write_whole(
    path: str | os.PathLike[str], data: bytes, *, durable: bool = False, follow: bool = False
) -> Path:  # fmt: skip
    """Write `data` under a temporary name in the same folder and rename it to `path`.

    durable: also flush it to the disk before the rename, so that it survives a power cut (checkpoints). follow: a link
    that is there stays one, and the file that it leads to is replaced; only for names that a user gave, since a folder
    from elsewhere may hold links to anything.
    Raises UserError for a device, when the disk is full and when the folder refuses; nothing is left behind then.
    """
    with writing_whole(path, durable=durable, follow=follow) as file:
        file.write(data)
    return Path(path)


@contextlib.contextmanager
def writing_whole(
    path: str | os.PathLike[str], *, durable: bool = False, follow: bool = False
) -> Iterator[BinaryIO]:  # fmt: skip
    """The same for what is written bit by bit: the file is renamed at the end of the block, and gone where it fails."""
    final = Path(path)
    _refuse_special(final)
    place = _followed(final) if follow else final
    temporary = beside(place)
    try:
        try:
            with open(temporary, "wb") as file:
                yield file
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            replace_file(temporary, place)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except FileNotFoundError as error:
        raise UserError(f"{final}: its folder does not exist; make it first") from error
    except OSError as error:
        raise explain_os_error(error, final) from error


WAITS = (0.02, 0.08, 0.3, 0.6) if os.name == "nt" else ()  # seconds


def replace_file(temporary: Path, final: Path) -> None:
    """os.replace, again for a second where Windows refuses it: a file that a virus scanner or an indexer has open."""
    for wait in WAITS:
        try:
            os.replace(temporary, final)
            return
        except PermissionError:
            time.sleep(wait)
    os.replace(temporary, final)


def put_folder(made: Path, out: Path) -> None:
    """Rename a finished folder to its place; what is there is moved aside first, and comes back if that fails.

    What others left in the old folder stays: an .asd of Live holds what its user has set for a sound.
    """
    if not os.path.lexists(out):
        os.rename(made, out)
        return
    old = beside(out, "old")
    os.rename(out, old)
    try:
        os.rename(made, out)
    except BaseException:
        os.rename(old, out)
        raise
    for folder, folders, names in os.walk(old):
        for name in filter(left_by_others, [*folders, *names]):
            place = out / Path(folder, name).relative_to(old)
            if not os.path.lexists(place):
                with contextlib.suppress(OSError):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    os.rename(Path(folder, name), place)
        folders[:] = [name for name in folders if not left_by_others(name)]
    shutil.rmtree(old)


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, to be filled; it takes the place of `out` at the end, and nothing is left if that is
    never reached.

    Raises UserError, which names `out`, when the disk refuses.
    """
    make_folder(out.parent)
    place = out.resolve()  # a link stays one
    made = beside(place)
    try:
        made.mkdir()
        yield made
        put_folder(made, place)
    except OSError as error:
        raise explain_os_error(error, out) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


LOCK = ".lock"
WAIT_SECONDS = 0.5  # for a lock: whoever only looks whether a folder is held has it for a moment


@contextlib.contextmanager
def held(folder: Path, refusal: str) -> Iterator[None]:
    """Hold a folder that is there for this process, and clear it of what a writer that was killed had begun.

    Raises UserError(refusal) while another process holds it, and for a lock that is no file of its own.
    """
    try:
        if _has_strange_lock(folder):
            raise UserError(f"{folder / LOCK}: is a link, or no file; remove it, a lock takes its place")
        lock = _acquired(folder, WAIT_SECONDS)
    except TimeoutError as error:
        raise UserError(refusal) from error
    except OSError as error:
        raise explain_os_error(error, folder) from error
    try:
        for part in list(folder.rglob(".*.part")):
            with contextlib.suppress(OSError):  # gone by now, or open: Windows
                remove(part)
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process holds the folder. Leaves no trace in a folder that nobody ever held."""
    if not (folder / LOCK).exists():
        return False
    try:
        if _has_strange_lock(folder):
            return False
        _acquired(folder, WAIT_SECONDS / 5).release()
    except TimeoutError:
        return True
    except OSError:  # a folder of somebody else, or on a disk that is read only
        return False
    return False


def _has_strange_lock(folder: Path) -> bool:
    """Whether a link, a pipe or a folder is where the lock belongs: taking it could empty the file behind a link."""
    try:
        return not stat.S_ISREG(os.lstat(folder / LOCK).st_mode)
    except FileNotFoundError:
        return False


def _acquired(folder: Path, seconds: float) -> FileLock:
    """A lock on the folder. Raises TimeoutError while another process has it; where a system has no locks of files, a
    file stands for one, of which no user has to hear."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from filelock import FileLock  # here, so that a command without folders is there sooner

        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=seconds, poll_interval=0.02)
    return lock


OTHERS = re.compile(
    r"\..*|thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r|@eadir|__macosx|\$recycle\.bin|system volume information"
    r"|.*\.(asd|reapeaks|pkf|pk|ovw|sfk|wfm|nki\.bak)",
    re.IGNORECASE,
)
OF_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that no file has on Windows


def left_by_others(name: str) -> bool:
    """Whether systems and audio programs leave files of this name beside what they show: neither ours nor in the way.

    >>> [left_by_others(n) for n in (".DS_Store", "._kick.wav", "Thumbs.db", "kick.wav.asd", "kick.wav")]
    [True, True, True, True, False]
    """
    return OTHERS.fullmatch(name) is not None


def strange_in(folder: Path, ours: Set[str]) -> list[str]:
    """The files and links below a folder that are none of `ours`, as paths from there, without what others leave."""
    there = {p.relative_to(folder) for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()}
    return sorted({p.as_posix() for p in there if not any(map(left_by_others, p.parts))} - ours)


def names_in(folder: Path) -> list[str]:
    """What is in a folder, sorted, without what others leave there; [] where it does not exist. Raises UserError."""
    try:
        return sorted(name for name in os.listdir(folder) if not left_by_others(name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise explain_os_error(error, folder) from error
