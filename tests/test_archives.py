"""Members of zips: every common packing gives the same bytes, and no header makes one take more memory than it says."""

from __future__ import annotations

import tracemalloc
import zipfile
import zlib

import pytest

from kickitout.datasets import archives
from kickitout.datasets.archives import DEFLATE64, list_members, read_member
from kickitout.datasets.scan import scan
from kickitout.errors import UserError

inflate64 = pytest.importorskip("inflate64", reason="no package inflate64")
pytestmark = pytest.mark.light

PACKINGS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, DEFLATE64]
SOUND = b"RIFF" + bytes(range(256)) * 300 + bytes(70_000)


def deflate64(data: bytes) -> bytes:
    deflater = inflate64.Deflater()
    return deflater.deflate(data) + deflater.flush()


def packed(path, method, data=SOUND, *, size=None, checksum=None, harm=None):
    """A zip with k.wav. size, checksum: what its directory says of it; harm: changes the packed bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        if method == DEFLATE64:
            archive.writestr("k.wav", deflate64(data))
            info = archive.infolist()[0]
            info.compress_type, info.file_size, info.CRC = method, len(data), zlib.crc32(data)
        else:
            archive.writestr("k.wav", data, method)
            info = archive.infolist()[0]
        info.file_size = len(data) if size is None else size
        info.CRC = info.CRC if checksum is None else checksum
        length, start = info.compress_size, 30 + len("k.wav")
    raw = bytearray(path.read_bytes())
    if harm:
        raw[start : start + length] = harm(bytes(raw[start : start + length]))
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("method", PACKINGS)
def test_every_common_packing_gives_the_same_bytes(tmp_path, method):
    (found,) = scan(packed(tmp_path / "pack.zip", method)).candidates
    assert found.open().read() == SOUND


@pytest.mark.parametrize("data", [b"", b"x", bytes(70_000)], ids=["nothing", "a byte", "one long match"])
def test_deflate64_of_little_and_of_much_alike(tmp_path, data):
    assert read_member(packed(tmp_path / "pack.zip", DEFLATE64, data), 0, "k.wav") == data


@pytest.mark.parametrize("method", PACKINGS[1:])
@pytest.mark.parametrize("harm", [lambda raw: raw[:99] + bytes(50) + raw[149:], lambda raw: raw[:300].ljust(len(raw))])
def test_a_damaged_member_is_one_sentence(tmp_path, method, harm):
    path = packed(tmp_path / "pack.zip", method, harm=harm)
    with pytest.raises(UserError, match=r"^k\.wav: damaged inside the archive"):
        read_member(path, 0, "k.wav")


@pytest.mark.parametrize("method", PACKINGS)
def test_a_member_that_is_not_what_its_checksum_says_is_damaged(tmp_path, method):
    with pytest.raises(UserError, match=r"damaged inside the archive \(bad CRC-32"):
        read_member(packed(tmp_path / "pack.zip", method, checksum=1), 0, "k.wav")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, DEFLATE64])
def test_a_header_that_lies_of_the_size_costs_no_memory(tmp_path, method):
    """50 MB that the directory calls 1000 bytes: some hundred, packed by bzip2, and two thousand by Deflate64."""
    path = packed(tmp_path / "bomb.zip", method, bytes(50_000_000), size=1000)
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="damaged inside the archive"):
            read_member(path, 0, "k.wav")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 30_000_000  # bytes


def test_a_member_whose_packed_size_is_beyond_all_sounds_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBER", 2**16)
    path = packed(tmp_path / "pack.zip", zipfile.ZIP_STORED, bytes(2**21), size=10)
    with pytest.raises(UserError, match=r"k\.wav: 2 MB; up to"):
        read_member(path, 0, "k.wav")


def test_without_the_package_a_deflate64_member_is_refused_by_name(tmp_path, monkeypatch):
    path = packed(tmp_path / "pack.zip", DEFLATE64)
    assert [member.refusal for member in list_members(path)] == [""]
    monkeypatch.setattr(archives, "inflate64", None)
    with pytest.raises(UserError, match=r"packed with Deflate64 \(Windows Explorer's.*unpack the archive first"):
        scan(path)


def test_an_index_that_cannot_be_unpacked_is_a_warning_that_names_it_once(tmp_path):
    path = tmp_path / "Pack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("k.wav", SOUND)
        archive.writestr("index.csv", "file,source\nk.wav,Box\n", zipfile.ZIP_DEFLATED)
    raw = path.read_bytes()
    at = raw.index(b"index.csv") + len("index.csv")
    path.write_bytes(raw[:at] + b"\xff" + raw[at + 1 :])
    (warning,) = scan(path).warnings
    assert warning.startswith("Pack.zip/index.csv: ignored, damaged inside the archive (")
    assert warning.count("index.csv") == 1
