"""Folders and archives -> candidates in a fixed order, with everything else counted."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
import warnings
import zipfile
from pathlib import Path

import pytest

from kickitout.datasets.scan import scan
from kickitout.errors import UserError

pytestmark = pytest.mark.light


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


def test_an_instrument_in_a_folder_of_its_sounds_is_no_sound_and_by_name_is_refused(pack):
    (pack / "kit.sfz").write_text("<region> sample=a.wav")
    found = scan(pack)
    assert found.ignored[".sfz"] == 1
    assert not any("sfz" in one.name for one in found.refused)
    with zipfile.ZipFile(pack / "kit.zip", "w") as packed:
        packed.writestr("kit.sfz", "<region> sample=a.wav")
        packed.writestr("a.wav", b"x")
    assert scan(pack / "kit.zip").refused == ()
    with pytest.raises(UserError, match="an instrument, not a sound; export its WAVs"):
        scan(pack / "kit.sfz")


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


def test_a_tree_is_followed_however_deep_it_is(pack):
    folders = [pack / Path(*["d"] * depth) for depth in range(1, 1200)]
    for folder in folders:
        folder.mkdir()
    try:
        (folders[-1] / "deep.wav").write_bytes(b"x")
        assert "kicks" + 1199 * "/d" + "/deep.wav" in names(scan(pack))
    finally:
        (folders[-1] / "deep.wav").unlink()
        for folder in reversed(folders):  # which recursion could not remove either
            folder.rmdir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_opened(pack):
    os.mkfifo(pack / "pipe.wav")
    assert ("kicks/pipe.wav", "not a regular file") in [(r.name, r.reason) for r in scan(pack).refused]


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="this system has no devices with names")
def test_an_index_that_is_a_device_is_not_read(pack):
    (pack / "index.csv").symlink_to("/dev/null")
    (warning,) = scan(pack).warnings
    assert warning == "kicks/index.csv: ignored, not a regular file; sources and licences stay unstated"
    assert len(scan(pack / "a.WAV").candidates) == 1


def test_what_an_index_states_is_one_line_that_can_be_printed(pack):
    (pack / "index.csv").write_text('file,source,licence\na.WAV,"Box\nof\u00a0Ann",CC0\x1b[31m\n\x1b[2Jgone.wav,x,y\n')
    found = scan(pack)
    assert stated(found)["kicks/a.WAV"] == ("Box of Ann", "CC0\ufffd[31m")
    assert found.warnings == ("kicks/index.csv: a row names no file that is there, \ufffd[2Jgone.wav; its source and "
                              "licence are not used",)  # fmt: skip


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


def stated(found):
    return {c.name: (c.source, c.licence) for c in found.candidates}


NFC, NFD = (unicodedata.normalize(form, "b/K\u00fcche.flac") for form in ("NFC", "NFD"))


@pytest.mark.parametrize(
    "content",
    [
        "file,source,license\nz.wav,Me,CC0\n",
        "File,Source,LICENCE\nz.wav,Me,CC0\n",
        " FILENAME , source,License\r\nZ.WAV , Me,CC0\r\n",
        "path;source;licence\n./z.wav;Me;CC0\n",
        "file\tsource\tlicense\nb\\..\\z.wav\tMe\tCC0\n",
    ],
)
@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_index_may_be_written_in_many_ways(pack, content, code):
    (pack / "Index.CSV").write_bytes((content + "\u00e9").encode(code))
    found = scan(pack)
    assert stated(found)["kicks/z.wav"] == ("Me", "CC0")
    assert ".CSV" not in found.ignored
    assert ".csv" not in found.ignored


@pytest.mark.parametrize(("here", "there"), [(NFC, NFD), (NFD, NFC), (NFC.upper(), NFD), (NFC.replace("/", "\\"), NFD)])
def test_a_name_in_an_index_may_differ_in_what_systems_write_differently(pack, here, there):
    (pack / there).write_bytes(b"x")
    (pack / "index.csv").write_text(f"file,source,licence\n{here},Me,CC0\n", "utf-8")
    found = scan(pack)
    assert stated(found)[f"kicks/{there}"] == ("Me", "CC0")
    assert found.warnings == ()


def test_an_exact_name_goes_before_one_that_is_alike(pack):
    (pack / "A.wav").write_bytes(b"x")
    (pack / "index.csv").write_text("file,source,licence\nA.wav,Upper,CC0\na.WAV,Lower,MIT\n")
    found = stated(scan(pack))
    assert (found["kicks/A.wav"], found["kicks/a.WAV"]) == (("Upper", "CC0"), ("Lower", "MIT"))
    (pack / "index.csv").write_text("file,source,licence\nA.wav,Upper,CC0\n")
    assert stated(scan(pack))["kicks/a.WAV"] == ("unstated", "unstated")


def test_rows_that_name_no_file_are_counted(pack):
    (pack / "index.csv").write_text("file,licence\nz.wav,CC0\ngone.wav,CC0\nb/lost.wav,MIT\n")
    (pack / "b" / "index.csv").write_text("file,licence\nc.wav,CC0\n")
    said = scan(pack).warnings
    assert said == (
        "kicks/index.csv: 2 rows name no file that is there, for instance gone.wav; they are not used",
        "kicks/b/index.csv: a row names no file that is there, c.wav; its source and licence are not used",
    )
    (pack / "index.csv").write_text("file,licence\nz.wav,CC0\nreadme.txt,CC0\nsong.m4a,CC0\nb/c.flac,MIT\n")
    (pack / "b" / "index.csv").unlink()
    assert scan(pack).warnings == ()  # what is there but no sound is there


def test_a_file_that_is_given_by_name_keeps_what_its_folder_states(pack):
    (pack / "index.csv").write_text("file,source,licence\nZ.wav,Me,CC0\ngone.wav,You,MIT\n")
    found = scan(pack / "z.wav")
    assert stated(found) == {"z.wav": ("Me", "CC0")}
    assert found.warnings == ()


def test_an_index_in_a_zip_and_one_beside_it(pack):
    with zipfile.ZipFile(pack / "pack.zip", "w") as archive:
        for name in ("k.wav", "a/k.wav", "a/l.wav", "m.wav"):
            archive.writestr(name, b"x")
        archive.writestr("INDEX.csv", "file,source,license\nK.wav,Root,CC0\na\\k.wav,Root,MIT\nno.wav,Root,MIT\n")
        archive.writestr("a/index.csv", "file,source,licence\nk.wav,Near,CC-BY-4.0\n")
    (pack / "index.csv").write_text("file,source,licence\npack.zip/a/l.wav,Beside,CC0\npack.zip,All,MIT\n")
    found = scan(pack)
    inside = {name.removeprefix("kicks/pack.zip/"): what for name, what in stated(found).items() if "zip" in name}
    assert inside == {
        "k.wav": ("Root", "CC0"),
        "a/k.wav": ("Near", "CC-BY-4.0"),
        "a/l.wav": ("Beside", "CC0"),
        "m.wav": ("All", "MIT"),
    }
    assert [w.partition(": ")[0] for w in found.warnings] == ["kicks/pack.zip/INDEX.csv"]


def test_what_systems_and_programs_leave_beside_sounds_is_not_counted(pack):
    before = scan(pack)
    for name in (
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "._z.wav",
        "z.wav.asd",
        "b/Thumbs.DB",
        "Icon\r",
        "a.WAV.reapeaks",
    ):
        (pack / name).write_bytes(b"x")
    with zipfile.ZipFile(pack / "empty.zip", "w") as archive:
        for name in ("a/.DS_Store", "__MACOSX/a/._k.wav", "a/Thumbs.db", "a/desktop.ini", "a/k.wav.asd"):
            archive.writestr(name, b"x")
    after = scan(pack)
    assert (after.ignored, after.refused, names(after)) == (before.ignored, before.refused, names(before))


def test_two_members_of_one_name_are_two_sounds(pack):
    with warnings.catch_warnings(), zipfile.ZipFile(pack / "twice.zip", "w") as archive:
        warnings.simplefilter("ignore")
        for content in (b"first", b"second", b"third"):
            archive.writestr("k.wav", content)
        archive.writestr("index.csv", "file,source,licence\nk.wav,Me,CC0\n")
    found = [c for c in scan(pack).candidates if c.member]
    assert {c.name: c.open().read() for c in found} == {
        "kicks/twice.zip/k.wav": b"first",
        "kicks/twice.zip/k (2).wav": b"second",
        "kicks/twice.zip/k (3).wav": b"third",
    }
    assert {c.licence for c in found} == {"CC0"}


def test_members_whose_names_differ_in_slashes_alone_are_two_sounds(pack):
    with zipfile.ZipFile(pack / "slashes.zip", "w") as archive:
        archive.writestr("a/k.wav", b"first")
        archive.writestr(zipfile.ZipInfo("a/k.wav").filename.replace("/", "\\"), b"second")
    found = [c for c in scan(pack).candidates if c.member]
    assert {c.open().read() for c in found} == {b"first", b"second"}
    assert len({c.name for c in found}) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
def test_names_that_are_shown_alike_are_told_apart(pack):
    for raw in (b"/\xff.wav", b"/\xfe.wav"):
        with open(os.fsencode(pack) + raw, "wb") as file:
            file.write(raw)
    found = [c for c in scan(pack).candidates if "\N{REPLACEMENT CHARACTER}" in c.name]
    assert sorted(c.name for c in found) == ["kicks/\ufffd (2).wav", "kicks/\ufffd.wav"]
    assert len({c.path for c in found}) == 2


@pytest.mark.parametrize(("method", "said"), [(98, "PPMd"), (93, "Zstandard"), (77, "method 77")])
def test_a_packing_that_is_not_read_is_named(pack, method, said):
    path = pack / "other.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("k.wav", b"x" * 99)
    raw = bytearray(path.read_bytes())
    raw[8] = raw[raw.rfind(b"PK\1\2") + 10] = method
    path.write_bytes(raw)
    (reason,) = (r.reason for r in scan(pack).refused if r.name == "kicks/other.zip/k.wav")
    assert said in reason
    assert "unpack the archive first" in reason
    with pytest.raises(UserError, match=rf"other\.zip: no sound file that can be read, 1 refused; .*{said}"):
        scan(path)


def test_a_name_in_utf8_that_does_not_say_so_is_read_as_it_was_meant(pack):
    path = pack / "mac.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("K\u00fcche.wav", b"x")
    raw = bytearray(path.read_bytes())
    for at in (6, raw.rfind(b"PK\1\2") + 8):
        raw[at + 1] &= ~0x08  # the flag
    path.write_bytes(raw)
    (found,) = (c for c in scan(pack).candidates if c.member)
    assert found.name == "kicks/mac.zip/K\u00fcche.wav"
    assert found.open().read() == b"x"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such locale")
@pytest.mark.skipif(not sys.prefix.isascii(), reason="numpy itself cannot be opened from such a path")
@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_names_beyond_the_locale_are_read(pack, locale):
    with zipfile.ZipFile(pack / "pack.zip", "w") as archive:
        archive.writestr("K\u00fcche.wav", b"x")
    (pack / "\u00e9.wav").write_bytes(b"x")
    (pack / "index.csv").write_text("file,source,licence\n\u00e9.wav,Me,CC0\n", "utf-8")
    code = (
        "import sys; from kickitout.datasets.scan import scan; found = scan(sys.argv[1]); "
        "print(ascii([(c.name, c.licence, c.open().read()) for c in found.candidates]), found.warnings)"
    )
    environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", code, str(pack)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ascii(("kicks/pack.zip/K\u00fcche.wav", "unstated", b"x")) in done.stdout
    assert ascii(("kicks/\u00e9.wav", "CC0", b"x")) in done.stdout
    assert done.stdout.endswith("()\n")


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
