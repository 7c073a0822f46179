"""A folder with everything that goes wrong, and good kicks in between: those are used, the others are explained."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kickitout.audio import encode_sound, write_sound
from kickitout.datasets.archives import MAX_MEMBER
from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kickitout.sound import SAMPLE_RATE

pytestmark = [pytest.mark.light, pytest.mark.once]

RATE = SAMPLE_RATE


def encrypted(path: Path, name: str, data: bytes) -> None:
    """A zip whose member is marked as encrypted: the flag is what a reader looks at before it asks for a password."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, data)
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # flags of the local header
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # flags in the central directory
    path.write_bytes(raw)


def long_wav(path: Path, minutes: int) -> None:
    """A WAV of silence whose samples are a hole in the file."""
    size = minutes * 60 * RATE * 2
    fmt = struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + fmt + b"data" + struct.pack("<I", size))
        file.truncate(44 + size)


@pytest.fixture
def hostile(tmp_path, make_kick) -> Path:
    folder = tmp_path / "hostile"
    (folder / "empty").mkdir(parents=True)
    good = encode_sound(make_kick(end_hz=45), RATE)
    write_sound(folder / "good 1.wav", make_kick(end_hz=50), RATE)
    write_sound(folder / "good 2.flac", make_kick(end_hz=60), RATE)
    (folder / "truncated.wav").write_bytes(good[: len(good) // 3])
    (folder / "truncated.flac").write_bytes(encode_sound(make_kick(), RATE, format="flac")[:3000])
    (folder / "zero bytes.wav").touch()
    write_sound(folder / "zero length.wav", np.zeros(0), RATE)
    write_sound(folder / "silent.wav", np.zeros(9000), RATE)
    write_sound(folder / "dc.wav", np.full(9000, 0.5), RATE)
    write_sound(folder / "short.wav", make_kick()[:300], RATE)
    nan = bytearray(encode_sound(make_kick(), RATE, bits="32f"))
    nan[-4:] = struct.pack("<f", float("nan"))
    (folder / "nan.wav").write_bytes(nan)
    long_wav(folder / "loop.wav", 10)
    (folder / "diary.wav").write_text("dear diary\n" * 99)
    (folder / "notes.txt").touch()
    (folder / "song.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    (folder / "renamed m4a.wav").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(99))
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "nowhere.wav").symlink_to(folder / "gone.wav")
    with zipfile.ZipFile(folder / "pack.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good 3.wav", good)
        archive.writestr("bad.wav", b"not a sound \x00\x01")
        archive.writestr("damaged.wav", encode_sound(make_kick(end_hz=70), RATE))
    raw = bytearray((folder / "pack.zip").read_bytes())
    at = raw.index(b"damaged.wav") + 200
    raw[at : at + 50] = bytes(50)
    (folder / "pack.zip").write_bytes(raw)
    encrypted(folder / "secret.zip", "kick.wav", good)
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ratio.wav", bytes(20 * 2**20))
        archive.writestr("size.wav", bytes(MAX_MEMBER + 1))
    (folder / "no archive.zip").write_bytes(b"PK\x03\x04 and then nothing")
    return folder


EXPECTED = {
    "truncated.wav": "truncated, only 33% of its samples",
    "truncated.flac": "damaged or truncated",
    "zero bytes.wav": "an empty file",
    "zero length.wav": "holds no samples",
    "silent.wav": "silent",
    "dc.wav": "a constant (DC)",
    "short.wav": "too short: 6.8 ms",
    "nan.wav": "NaN",
    "loop.wav": "10 min long; a kick is a one-shot, at most 30 s are read: cut it first",
    "diary.wav": "text, not audio",
    "song.m4a": "AAC is not read; convert it to WAV or FLAC",
    "renamed m4a.wav": "AAC (m4a, mp4) is not read; convert it to WAV or FLAC",
    "nowhere.wav": "a broken link",
    "pack.zip/bad.wav": "not an audio file",
    "pack.zip/damaged.wav": "damaged inside the archive",
    "secret.zip/kick.wav": "encrypted; unpack the archive with its password first",
    "bomb.zip/ratio.wav": "like a zip bomb",
    "bomb.zip/size.wav": "64 MB; up to 64 MB work in a zip",
    "no archive.zip": "not a readable zip archive",
}


def test_good_kicks_are_used_and_each_bad_file_has_its_reason(hostile):
    dataset = read_dataset(hostile)
    assert [row.name for row in dataset.rows] == [
        "hostile/good 1.wav",
        "hostile/good 2.flac",
        "hostile/pack.zip/good 3.wav",
    ]
    reasons = {refused.name.removeprefix("hostile/"): refused.reason for refused in dataset.refused}
    assert set(reasons) == set(EXPECTED)
    for name, start in EXPECTED.items():
        assert start in reasons[name], name
        assert "\n" not in reasons[name]
        assert not reasons[name].startswith("hostile/")  # the name stands beside the reason, not in it
    assert dataset.ignored == {".txt": 1}
    assert dataset.manifest()["counts"] == {"kicks": 3, "groups": 3, "refused": len(EXPECTED), "ignored": 1}


def test_bad_files_do_not_change_the_digest(hostile, tmp_path):
    clean = tmp_path / "clean"
    clean.mkdir()
    for name in ("good 1.wav", "good 2.flac"):
        (clean / name).write_bytes((hostile / name).read_bytes())
    with zipfile.ZipFile(hostile / "pack.zip") as archive:
        (clean / "good 3.wav").write_bytes(archive.read("good 3.wav"))
    assert read_dataset(clean).digest == read_dataset(hostile).digest


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not stop the administrator")
def test_forbidden_files_and_folders_are_refused(hostile):
    (hostile / "good 1.wav").chmod(0)
    (hostile / "empty").chmod(0)
    reasons = {refused.name: refused.reason for refused in read_dataset(hostile).refused}
    (hostile / "empty").chmod(0o755)
    assert "permission denied" in reasons["hostile/good 1.wav"]
    assert "cannot be listed" in reasons["hostile/empty"]


def test_a_disk_that_fails_while_reading_refuses_one_file(hostile, monkeypatch):
    import builtins

    real = builtins.open

    def fail(path, *args, **kwargs):
        if str(path).endswith("good 1.wav"):
            raise OSError(5, "Input/output error")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", fail)
    dataset = read_dataset(hostile)
    assert len(dataset) == 2
    assert ("hostile/good 1.wav", "input/output error") in [(r.name, r.reason) for r in dataset.refused]


@pytest.mark.parametrize("name", ["empty", "secret.zip", "no archive.zip", "diary.wav"])
def test_nothing_usable_is_one_sentence(hostile, name):
    with pytest.raises(UserError) as refusal:
        read_dataset(hostile / name)
    assert name in str(refusal.value)
    assert "\n" not in str(refusal.value)
