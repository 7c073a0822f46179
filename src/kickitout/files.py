"""Files that are either whole or absent: write beside the final name, then rename.

A reader never sees half a file under its final name, whatever kills the writer (POSIX rename is atomic).
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kickitout.errors import UserError


def explain_os_error(error: OSError, path: str | os.PathLike[str]) -> UserError:
    """The one sentence for what the operating system refused."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            reason = "the disk is full; free some space or choose another folder"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            reason = "permission denied; choose a folder you may write to or change its permissions"
        case errno.ENOENT:
            reason = "it does not exist; check the path"
        case errno.ENOTDIR | errno.EEXIST:
            reason = "a file is in the way of a folder; choose another name"
        case errno.EISDIR:
            reason = "it is a folder, and a file was expected"
        case errno.ENAMETOOLONG:
            reason = "the name is too long; give a shorter one"
        case errno.ELOOP:
            reason = "its symbolic links form a loop; remove the loop"
        case _:
            reason = (error.strerror or str(error)).lower()
    return UserError(f"{path}: {reason}")


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Create the folder and its parents; UserError when that cannot be."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, folder) from error
    return folder


def check_place(path: str | os.PathLike[str] | None, *, force: bool = False) -> None:
    """Raise UserError when a file cannot be written to `path`: said before the work rather than after it.

    None is no file, and fine.
    """
    if path is None:
        return
    final = Path(path)
    if final.is_dir():
        raise UserError(f"{final}: is a folder; give the name of a file")
    if os.path.lexists(final) and not force:
        raise UserError(f"{final}: exists; --force replaces it")
    if not final.parent.is_dir():
        raise UserError(f"{final}: its folder does not exist; make it first")
    if not os.access(final.parent, os.W_OK):
        raise UserError(f"{final}: permission denied; choose a folder you may write to or change its permissions")


def write_whole(path: str | os.PathLike[str], data: bytes, *, durable: bool = False) -> Path:
    """Write `data` under a temporary name in the same folder and rename it to `path`.

    durable: also flush it to the disk before the rename, so that it survives a power cut (checkpoints).
    Raises UserError when the disk is full or the folder refuses; nothing is left behind then.
    """
    with writing_whole(path, durable=durable) as file:
        file.write(data)
    return Path(path)


@contextlib.contextmanager
def writing_whole(path: str | os.PathLike[str], *, durable: bool = False) -> Iterator[BinaryIO]:
    """The same for what is written bit by bit: the file is renamed at the end of the block, and gone where that fails.

    The temporary name is one of this process, also where several machines write into one folder.
    """
    final = Path(path)
    temporary = final.with_name(f".{final.name}.{os.getpid()}-{os.urandom(2).hex()}.part")
    try:
        try:
            with open(temporary, "wb") as file:
                yield file
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(temporary, final)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except FileNotFoundError as error:
        raise UserError(f"{final}: its folder does not exist; make it first") from error
    except OSError as error:
        raise explain_os_error(error, final) from error


@contextlib.contextmanager
def held(folder: Path, refusal: str) -> Iterator[None]:
    """Hold a folder that is there for this process, and clear it of what a writer that was killed had begun.

    Raises UserError(refusal) while another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: nobody holds anything there
        yield
        return
    try:
        file = open(folder / ".lock", "w")  # noqa: SIM115  held open for as long as the block
    except OSError as error:
        raise explain_os_error(error, folder) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(refusal) from error
        for part in folder.rglob(".*.part"):
            part.unlink(missing_ok=True)
        yield
