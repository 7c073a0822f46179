"""Folders and archives -> candidates in a fixed order, with everything else counted."""

from __future__ import annotations

import os
import sys
import zipfile

import pytest

from kickitout.corpus.scan import scan
from kickitout.errors import UserError


@pytest.fixture
def pack(tmp_path):
    """kicks/{a.wav, b/c.flac, ...} with things that are not sounds around them."""
    folder = tmp_path / "kicks"
    for name in ("z.wav", "a.WAV", "b/c.flac", "b/.hidden.wav", "b/__MACOSX/x.wav", ".git/y.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    for name in ("readme.txt", "b/notes.TXT", "cover.png", "LICENSE", "song.m4a", "old.wma", "more.rar"):
        (folder / name).write_bytes(b"x")
    return folder


def names(found):
    return [candidate.name for candidate in found.candidates]


def test_names_begin_with_the_folder_and_are_sorted(pack):
    assert names(scan(pack)) == ["kicks/a.WAV", "kicks/b/c.flac", "kicks/z.wav"]
    assert names(scan([pack])) == names(scan(str(pack)))


def test_a_folder_named_by_a_dot_has_its_own_name(pack, monkeypatch):
    monkeypatch.chdir(pack)
    assert names(scan("."))[0] == "kicks/a.WAV"


def test_what_is_not_a_sound_is_counted_by_suffix(pack):
    assert scan(pack).ignored == {"(none)": 1, ".png": 1, ".txt": 2}


def test_sounds_that_cannot_be_read_are_refused_with_what_would_work(pack):
    reasons = {refused.name: refused.reason for refused in scan(pack).refused}
    assert reasons == {
        "kicks/song.m4a": "AAC is not read; convert it to WAV or FLAC",
        "kicks/old.wma": "not read; convert it to WAV or FLAC",
        "kicks/more.rar": "unpack it first; only .zip is opened",
    }


def test_single_files_and_several_folders_are_taken_in_the_order_given(pack, tmp_path):
    other = tmp_path / "other" / "kicks"
    other.mkdir(parents=True)
    (other / "a.wav").write_bytes(b"x")
    found = scan([pack / "z.wav", pack / "b", other, pack])
    assert names(found) == ["z.wav", "b/c.flac", "kicks/a.wav", "kicks (2)/a.WAV", "kicks (2)/z.wav"]


def test_a_folder_given_twice_is_read_once_and_said_so(pack):
    found = scan([pack, pack / "b"])
    assert len(found.candidates) == 3
    assert found.warnings == (f"{pack / 'b'}: read already as part of another folder",)


def test_linked_folders_are_followed_and_loops_are_not(pack, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "far.wav").write_bytes(b"x")
    (elsewhere / "back").symlink_to(pack, target_is_directory=True)
    (pack / "link").symlink_to(elsewhere, target_is_directory=True)
    (pack / "self").symlink_to(pack, target_is_directory=True)
    (pack / "broken.wav").symlink_to(tmp_path / "nowhere.wav")
    (pack / "circle.wav").symlink_to(pack / "circle.wav")
    found = scan(pack)
    assert names(found) == ["kicks/a.WAV", "kicks/b/c.flac", "kicks/link/far.wav", "kicks/z.wav"]
    broken = {refused.name: refused.reason for refused in found.refused if "link" in refused.reason}
    assert set(broken) == {"kicks/broken.wav", "kicks/circle.wav"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_opened(pack):
    os.mkfifo(pack / "pipe.wav")
    assert ("kicks/pipe.wav", "not a regular file") in [(r.name, r.reason) for r in scan(pack).refused]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
def test_undecodable_names_are_shown_readably(pack):
    with open(os.fsencode(pack) + b"/\xff\n.wav", "wb") as file:
        file.write(b"x")
    found = scan(pack)
    assert "kicks/��.wav" in names(found)
    for candidate in found.candidates:
        with candidate.open() as file:
            assert file.read() == b"x"


def test_zip_members_are_listed_and_read_without_unpacking(pack):
    with zipfile.ZipFile(pack / "pack.zip", "w") as archive:
        archive.writestr("two/k2.wav", b"second")
        archive.writestr("k1.wav", b"first")
        archive.writestr("../escape.wav", b"third")
        archive.writestr("__MACOSX/._k1.wav", b"")
        archive.writestr("info.txt", b"")
        archive.writestr("inner.zip", b"")
    before = sorted(pack.rglob("*"))
    found = scan(pack)
    inside = {c.name: c.open().read() for c in found.candidates if c.member}
    assert inside == {"kicks/pack.zip/k1.wav": b"first", "kicks/pack.zip/two/k2.wav": b"second"} | {
        name: b"third" for name in inside if "escape" in name
    }
    assert found.ignored[".txt"] == 3
    assert any(r.name == "kicks/pack.zip/inner.zip" for r in found.refused)
    assert sorted(pack.rglob("*")) == before
    assert names(scan(pack / "pack.zip"))[-1] == "pack.zip/two/k2.wav"


def test_an_index_gives_source_and_licence(pack):
    (pack / "index.csv").write_text("file,source,licence,rate\na.WAV,MyBox,CC0,44100\nb/c.flac,Other,,\n")
    (pack / "b" / "index.csv").write_text("source,licence,file\nInner,MIT,c.flac\n")
    stated = {c.name: (c.source, c.licence) for c in scan(pack).candidates}
    assert stated == {
        "kicks/a.WAV": ("MyBox", "CC0"),
        "kicks/b/c.flac": ("Inner", "MIT"),  # the nearer index wins
        "kicks/z.wav": ("unstated", "unstated"),
    }
    assert ".csv" not in scan(pack).ignored


@pytest.mark.parametrize(
    "content", [b"name;source\nx;y\n", b"\xff\xfe\x00", b"", b'file,source,licence\n"a.wav', b"\0\0"]
)
def test_a_broken_index_is_a_warning(pack, content):
    (pack / "index.csv").write_bytes(content)
    found = scan(pack)
    assert len(found.candidates) == 3
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("kicks/index.csv: ignored, ")


def test_an_index_with_too_few_columns_in_a_row_is_used_as_far_as_it_goes(pack):
    (pack / "index.csv").write_text("file,source,licence\nz.wav\n\na.WAV,Box,CC0,more,columns\n")
    stated = {c.name: (c.source, c.licence) for c in scan(pack).candidates}
    assert stated["kicks/z.wav"] == ("unstated", "unstated")
    assert stated["kicks/a.WAV"] == ("Box", "CC0")


def test_paths_that_give_nothing_are_refused(pack, tmp_path):
    with pytest.raises(UserError, match="gone: it does not exist"):
        scan(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty: empty; give a folder with kicks"):
        scan([pack, tmp_path / "empty"])
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").touch()
    with pytest.raises(UserError, match=r"texts: no sound files \(1 \.txt\); WAV, FLAC"):
        scan(tmp_path / "texts")
    with pytest.raises(UserError, match=r"1 refused; song\.m4a: AAC is not read"):
        scan(pack / "song.m4a")
    with pytest.raises(UserError, match="no folder was given"):
        scan([])


def test_a_folder_that_may_not_be_listed_is_named(pack, monkeypatch):
    real = os.listdir

    def listdir(folder):  # the administrator, who may run this test, is stopped by no permission
        if str(folder).endswith(("/b", "/locked")):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "listdir", listdir)
    found = scan(pack)
    assert names(found) == ["kicks/a.WAV", "kicks/z.wav"]
    assert ("kicks/b", "the folder cannot be listed (permission denied)") in [(r.name, r.reason) for r in found.refused]
    with pytest.raises(UserError, match="b: permission denied; make it readable"):
        scan(pack / "b")
