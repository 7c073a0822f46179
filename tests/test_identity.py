"""A sound has one name, from what its file is: not from its tags, its container or the processor at hand."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from kickitout.audio import decode_sound
from kickitout.datasets.build import read_dataset
from kickitout.identity import identity_in, identity_of_made, is_identity, seed_of
from kickitout.sound import SAMPLE_RATE

pytestmark = [pytest.mark.light, pytest.mark.decides]


def encoded(x: np.ndarray, container: str, subtype: str, rate: int = SAMPLE_RATE, **tags: str) -> bytes:
    buffer = io.BytesIO()
    channels = 1 if x.ndim == 1 else x.shape[1]
    with soundfile.SoundFile(buffer, "w", rate, channels, subtype, format=container) as file:
        for tag, text in tags.items():
            setattr(file, tag, text)
        file.write(x)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def kick():
    """Whole numbers of 16 bits, as floats."""
    t = np.arange(9000) / SAMPLE_RATE
    x = 0.8 * np.sin(2 * np.pi * 55 * t) * np.exp(-t / 0.06)
    return np.round(x * 32768) / 32768


KEEPING = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
           ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("AIFF", "PCM_16"), ("CAF", "PCM_24"), ("W64", "PCM_16"),
           ("AU", "PCM_16"), ("RF64", "PCM_24")]  # fmt: skip


def test_the_same_samples_are_one_sound_in_any_container_and_width(kick):
    assert len({identity_in(encoded(kick, *kind), "a") for kind in KEEPING}) == 1
    both = np.stack([kick, -kick[::-1]], axis=1)
    assert len({identity_in(encoded(both, *kind), "a") for kind in KEEPING[:1] + KEEPING[5:6]}) == 1


def test_another_sample_rate_channel_or_value_is_another_sound(kick):
    other = kick.copy()
    other[100] += 1 / 32768
    files = [
        encoded(kick, "WAV", "PCM_16"), encoded(kick, "WAV", "PCM_16", 48_000), encoded(other, "FLAC", "PCM_16"),
        encoded(-kick, "WAV", "PCM_16"), encoded(kick[:-1], "WAV", "PCM_16"),
        encoded(np.stack([kick, kick], axis=1), "WAV", "PCM_16"), encoded(kick, "WAV", "ULAW"),
    ]  # fmt: skip
    names = [identity_in(data, "a") for data in files]
    assert len(set(names)) == len(names)
    assert all(is_identity(name) for name in names)
    assert not is_identity("0" * 64)


def test_a_zero_has_no_sign(kick):
    x = np.where(np.arange(len(kick)) % 7 == 0, 0.0, kick)
    assert identity_in(encoded(np.where(x == 0, -0.0, x), "WAV", "FLOAT"), "a") == identity_in(
        encoded(x, "WAV", "FLOAT"), "a"
    )


def id3(size: int, fill: bytes = b"\xff\xfb\x90\x64") -> bytes:
    """An ID3v2.4 tag with a picture that is full of headers of frames."""
    content = (fill * size)[:size]
    sizes = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + sizes + content


ID3V1 = b"TAG" + b"another name".ljust(125, b"\0")
APE = b"APETAGEX" + struct.pack("<IIII8x", 2000, 32, 0, 0)


@pytest.mark.parametrize("rate", [44_100, 48_000, 22_050, 11_025])  # MPEG 1, 1, 2, 2.5
def test_a_new_tag_is_no_new_mp3(kick, rate):
    plain = encoded(kick, "MP3", "MPEG_LAYER_III", rate)
    tagged = encoded(kick, "MP3", "MPEG_LAYER_III", rate, title="A kick", comment="boom" * 50)
    assert tagged != plain
    name = identity_in(plain, "a.mp3")
    for data in (tagged, id3(5000) + plain, plain + ID3V1, id3(30) + id3(700) + plain + APE + ID3V1, plain + id3(300)):
        decode_sound(data, "a.mp3")
        assert identity_in(data, "a.mp3") == name
    assert identity_in(encoded(0.9 * kick, "MP3", "MPEG_LAYER_III", rate), "a.mp3") != name


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_a_new_comment_is_no_new_ogg(kick, subtype):
    plain = encoded(kick, "OGG", subtype, 48_000)
    name = identity_in(plain, "a.ogg")
    for text in ("boom", "boom" * 10_000):  # the longer one moves all pages behind it
        tagged = encoded(kick, "OGG", subtype, 48_000, title="A kick", comment=text)
        assert tagged != plain
        assert identity_in(tagged, "a.ogg") == name
    assert identity_in(encoded(0.9 * kick, "OGG", subtype, 48_000), "a.ogg") != name
    assert identity_in(encoded(kick[:-3000], "OGG", subtype, 48_000), "a.ogg") != name


def test_a_dataset_takes_a_kick_once_whatever_its_tags(kick, tmp_path):
    (tmp_path / "a.mp3").write_bytes(encoded(kick, "MP3", "MPEG_LAYER_III"))
    (tmp_path / "b.mp3").write_bytes(encoded(kick, "MP3", "MPEG_LAYER_III", title="again"))
    (tmp_path / "c.wav").write_bytes(encoded(kick, "WAV", "PCM_16"))
    (tmp_path / "d.flac").write_bytes(encoded(kick, "FLAC", "PCM_24"))
    dataset = read_dataset(tmp_path)
    base = tmp_path.name
    assert [row.name for row in dataset.rows] == [f"{base}/a.mp3", f"{base}/c.wav"]
    assert [r.reason for r in dataset.refused] == [f"the same sound as {base}/a.mp3", f"the same sound as {base}/c.wav"]
    assert len(set(dataset.groups.tolist())) == 1


def test_made_sounds_are_named_by_how_they_are_made():
    assert identity_of_made("tone", 0, 1) != identity_of_made("tone", 1, 0)
    assert is_identity(identity_of_made("tone"))
    assert 0 <= seed_of("") < 2**48
    assert seed_of("a") != seed_of("b")
