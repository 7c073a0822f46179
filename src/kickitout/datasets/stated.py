"""Sources and licences of sounds, as the index.csv of their folder or archive states them.

Columns: file (the path from the index on), source, licence or license. Written by people and by spreadsheets: commas,
semicolons or tabs, any case, any Unicode form of a name, backslashes or slashes.
"""

from __future__ import annotations

import codecs
import csv
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kickitout.errors import one_line

UNSTATED = "unstated"
INDEX = "index.csv"
FILE, SOURCE, LICENCE = ("file", "filename", "path"), ("source",), ("licence", "license")  # names of the columns


class Stated(NamedTuple):
    """What is said of one sound."""

    source: str = UNSTATED
    licence: str = UNSTATED


class IndexRow(NamedTuple):
    """A row of an index. path: of the file it names, from where the index lies; said_by: the index's own name."""

    path: str
    stated: Stated
    said_by: str
    depth: int  # of the index: the nearer one wins


def is_index(name: str) -> bool:
    return name.casefold() == INDEX


def read_rows(content: bytes, folder: str, index: str) -> list[IndexRow]:
    """The rows of an index that lies in `folder`; what they state is made one line that can be printed, a path, which
    has to be that of a file, is not. Raises ValueError for what is no such table."""
    text = _decoded(content)
    header = text.lstrip("\r\n").partition("\n")[0]
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), strict=True, delimiter=_delimiter(header)))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    rows = [row for row in rows if row]
    columns = [name.strip().casefold() for name in rows[0]] if rows else []
    if not any(name in columns for name in FILE):
        raise ValueError("no column named file")
    found = []
    for cells in rows[1:]:
        row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if cell.strip()}
        path = _first_cell(row, FILE)
        if path:
            stated = Stated(*(one_line(_first_cell(row, names)) or UNSTATED for names in (SOURCE, LICENCE)))
            found.append(IndexRow(posixpath.normpath(posixpath.join(folder, path)), stated, index, folder.count("/")))
    return found


def assign(
    rows: Iterable[IndexRow], files: Iterable[str], archives: Iterable[str] = ()
) -> tuple[dict[str, Stated], list[str]]:
    """What is stated of each file, and a warning an index for the rows that name none.

    files: paths, of members within archives too. A row that names a file exactly is of that file alone; any other may
    differ in case, in Unicode form and in slashes. A row that names an archive is of all in it that have none.
    """
    rows = list(rows)
    if not rows:
        return {}, []
    there, packed = set(files), set(archives)
    alike: Mapping[str, list[str]] = defaultdict(list)
    for path in (*there, *packed):
        alike[_plain_path(path)].append(path)
    best: dict[str, tuple[int, bool]] = {}
    stated: dict[str, Stated] = {}
    unknown: dict[str, list[IndexRow]] = defaultdict(list)
    for row in rows:
        exact = row.path in there or row.path in packed
        named = [row.path] if exact else alike.get(_plain_path(row.path), [])
        if not named:
            unknown[row.said_by].append(row)
        for path in named:
            if (row.depth, exact) >= best.get(path, (-1, False)):
                best[path], stated[path] = (row.depth, exact), row.stated
    for archive in packed & stated.keys():
        for path in there:
            if path.startswith(f"{archive}/"):
                stated.setdefault(path, stated[archive])
    return stated, [_warning(index, missing) for index, missing in unknown.items()]


def _warning(index: str, rows: list[IndexRow]) -> str:
    example = one_line(posixpath.basename(rows[0].path))
    if len(rows) == 1:
        return f"{index}: a row names no file that is there, {example}; its source and licence are not used"
    return f"{index}: {len(rows)} rows name no file that is there, for instance {example}; they are not used"


def _plain_path(path: str) -> str:
    """A path without what systems write differently: case, composed or decomposed letters, slashes."""
    path = posixpath.normpath(path.replace("\\", "/"))
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _decoded(content: bytes) -> str:
    """UTF-8, what Excel calls Unicode, or its old Windows letters. Raises ValueError."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _first_cell(row: Mapping[str, str], columns: tuple[str, ...]) -> str:
    return next((row[column] for column in columns if column in row), "")
