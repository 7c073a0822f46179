"""Files <-> arrays: what is written is read back, and what cannot be read is refused in one sentence."""

from __future__ import annotations

import io
import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from kickitout.audio import (
    decode_sound,
    encode_sound,
    read_comment,
    read_sound,
    resample,
    write_sound,
)
from kickitout.errors import UserError

pytestmark = pytest.mark.light

RATE = 44_100
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 10) / RATE)).astype(np.float32)


def as_file(samples: np.ndarray, rate: int = RATE, **settings: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **settings)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("container", "subtype", "tolerance"),
    [
        ("WAV", "PCM_U8", 1 / 128),  # one step of the quantiser
        ("WAV", "PCM_16", 1 / 32768),
        ("WAV", "PCM_24", 2**-23),
        ("WAV", "PCM_32", 2**-23),  # float32 keeps 24 bits
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 0),
        ("FLAC", "PCM_S8", 1 / 128),
        ("FLAC", "PCM_24", 2**-23),
        ("AIFF", "PCM_16", 1 / 32768),
        ("OGG", "VORBIS", 0.02),  # lossy: a clear tone keeps its shape to about 2 %
        ("MP3", "MPEG_LAYER_III", 0.02),
    ],
)
def test_each_format_is_read(container, subtype, tolerance):
    sound = decode_sound(as_file(TONE, format=container, subtype=subtype), "a")
    assert (sound.rate, sound.container, sound.channels) == (RATE, container, 1)
    assert sound.samples.dtype == np.float32
    assert sound.samples.shape == (len(TONE), 1)
    assert sound.seconds == pytest.approx(0.1)
    np.testing.assert_allclose(sound.samples[:, 0], TONE, atol=tolerance)


def test_opus_is_read():
    tone = resample(TONE, RATE, 48_000)
    sound = decode_sound(as_file(tone, 48_000, format="OGG", subtype="OPUS"), "a.opus")
    assert sound.rate == 48_000
    assert len(sound.samples) == len(tone)


@pytest.mark.parametrize("rate", [8_000, 192_000])
def test_the_extreme_rates_are_read(rate):
    assert decode_sound(as_file(TONE, rate, format="WAV"), "a").rate == rate


@pytest.mark.parametrize("rate", [7_999, 192_001, 1_000_000])
def test_absurd_rates_are_refused(rate):
    with pytest.raises(UserError, match=rf"^a\.wav: a sample rate of {rate} Hz; 8 to 192 kHz work"):
        decode_sound(as_file(TONE, rate, format="WAV"), "a.wav")


@settings(max_examples=40)
@given(
    channels=st.integers(1, 8),
    length=st.integers(1, 300),
    bits=st.sampled_from(["16", "24", "32f"]),
    suffix=st.sampled_from(["wav", "flac"]),
    comment=st.one_of(
        st.none(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)
    ),
    seed=st.integers(0, 99),
)
def test_what_is_written_is_read_back(channels, length, bits, suffix, comment, seed, tmp_path_factory):
    if suffix == "flac" and bits == "32f":
        return
    x = np.random.default_rng(seed).uniform(-1, 1, (length, channels)).astype(np.float32)
    path = tmp_path_factory.mktemp("there") / f"a.{suffix}"
    write_sound(path, x, RATE, bits=bits, comment=comment)
    step = {"16": 2**-15, "24": 2**-22, "32f": 0}[bits]  # 24 bits: plus float32's own rounding
    np.testing.assert_allclose(read_sound(path).samples, x, atol=step)
    assert (read_comment(path) or "") == (comment or "")


@pytest.mark.parametrize(("suffix", "bits"), [("wav", "16"), ("wav", "24"), ("wav", "32f"), ("flac", "24")])
@pytest.mark.parametrize("length", [1, 900, 20_000])
def test_a_comment_of_many_kilobytes_survives(tmp_path, suffix, bits, length):
    comment = '{"note": "' + "é" * length + '"}'
    path = write_sound(tmp_path / f"a.{suffix}", TONE, RATE, bits=bits, comment=comment)
    assert read_comment(path) == comment
    np.testing.assert_allclose(read_sound(path).samples[:, 0], TONE, atol=2**-15)


def test_a_file_without_a_comment_has_none(tmp_path):
    assert read_comment(write_sound(tmp_path / "a.wav", TONE, RATE)) is None
    assert read_comment(write_sound(tmp_path / "a.flac", TONE, RATE)) is None


def test_odd_numbers_of_bytes_are_padded(tmp_path):
    path = write_sound(tmp_path / "a.wav", TONE[:3], RATE, bits="24", comment="ab")  # 9 bytes of samples, 3 of text
    assert len(path.read_bytes()) % 2 == 0
    assert soundfile.info(path).frames == 3


@pytest.mark.parametrize(("format", "bits"), [("wav", "24"), ("wav", "32f"), ("flac", "16")])
def test_the_same_samples_give_the_same_bytes_a_second_later(format, bits):
    first = encode_sound(TONE, RATE, format=format, bits=bits, comment="x")
    time.sleep(1.1)  # libsndfile's PEAK chunk holds the time in seconds
    assert encode_sound(TONE, RATE, format=format, bits=bits, comment="x") == first
    assert b"PEAK" not in first


def test_integers_clip_and_floats_do_not():
    loud = np.array([1.5, -1.5], dtype=np.float32)
    np.testing.assert_allclose(decode_sound(encode_sound(loud, RATE, bits="16"), "a").samples[:, 0], [1, -1], atol=1e-4)
    np.testing.assert_array_equal(decode_sound(encode_sound(loud, RATE, bits="32f"), "a").samples[:, 0], loud)


def test_writing_refuses_what_it_cannot_do(tmp_path):
    with pytest.raises(UserError, match=r"a\.mp3: sounds are written as \.wav or \.flac"):
        write_sound(tmp_path / "a.mp3", TONE, RATE)
    with pytest.raises(UserError, match="flac has no 32-bit float"):
        write_sound(tmp_path / "a.flac", TONE, RATE, bits="32f")
    with pytest.raises(UserError, match="bits='12'"):
        encode_sound(TONE, RATE, bits="12")
    with pytest.raises(UserError, match="NaN"):
        encode_sound(np.array([np.nan]), RATE)
    with pytest.raises(UserError, match="samples of int16: files are written of floats"):
        write_sound(tmp_path / "a.wav", np.zeros(9, np.int16), RATE)
    assert list(tmp_path.iterdir()) == []


def test_a_stereo_kick_is_written_as_the_library_has_it(tmp_path):
    both = np.stack([TONE, -0.5 * TONE])
    path = write_sound(tmp_path / "a.wav", both, RATE, bits="32f")
    np.testing.assert_array_equal(read_sound(path).samples, both.T.astype(np.float32))


@pytest.mark.parametrize(("shape", "rate"), [((40, 50), RATE), ((2, 3, 4), RATE), ((9,), 44_100.5), ((9,), 0)])
def test_what_no_file_holds_is_one_sentence(shape, rate):
    with pytest.raises(UserError, match=r"\[T\] or \[T, C\], C up to 32, at whole Hz work"):
        encode_sound(np.zeros(shape), rate)


@pytest.mark.parametrize("rate", [65_535, 65_540, 88_200, 96_000, 192_000])
def test_flac_at_the_rates_it_holds(tmp_path, rate):
    path = write_sound(tmp_path / "a.flac", TONE, rate)
    assert read_sound(path).rate == rate


@pytest.mark.parametrize(("rate", "works"), [(65_536, 65_540), (88_211, 88_210), (191_999, 192_000)])
def test_flac_at_a_rate_it_cannot_hold_is_one_sentence(tmp_path, rate, works):
    with pytest.raises(UserError, match=f"{rate} Hz: FLAC holds .* {works} Hz works, or WAV"):
        write_sound(tmp_path / "a.flac", TONE, rate)
    assert read_sound(write_sound(tmp_path / "a.wav", TONE, rate)).rate == rate
    assert decode_sound(encode_sound(TONE, works, format="flac"), "a").rate == works


def test_flac_of_nine_channels_is_one_sentence():
    with pytest.raises(UserError, match="9 channels: FLAC holds up to 8; write WAV"):
        encode_sound(np.zeros((9, 9)), RATE, format="flac")


def test_an_existing_file_is_replaced_only_by_force(tmp_path):
    path = write_sound(tmp_path / "a.wav", TONE, RATE)
    before = path.read_bytes()
    with pytest.raises(UserError, match="exists; force replaces it"):
        write_sound(path, TONE / 2, RATE)
    assert path.read_bytes() == before
    write_sound(path, TONE / 2, RATE, force=True)
    assert path.read_bytes() != before


def test_a_kick_is_written_about_as_quickly_as_libsndfile_writes_it(tmp_path):
    x = np.random.default_rng(0).uniform(-0.9, 0.9, 22_050).astype(np.float32)
    own, plain = [], []
    for i in range(30):
        start = time.perf_counter()
        write_sound(tmp_path / f"{i}.wav", x, RATE, bits="24", comment="{}")
        between = time.perf_counter()
        soundfile.write(tmp_path / f"plain {i}.wav", x, RATE, subtype="PCM_24")
        own, plain = [*own, between - start], [*plain, time.perf_counter() - between]
    assert min(own) < 4 * min(plain)  # measured: 0.65; of 30 tries the least is what a busy machine can do, too


# What cannot be read


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.wav: it does not exist"):
        read_sound(tmp_path / "gone.wav")
    with pytest.raises(UserError, match="it is a folder"):
        read_sound(tmp_path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not stop the administrator")
def test_a_forbidden_file_is_named(tmp_path):
    path = write_sound(tmp_path / "a.wav", TONE, RATE)
    path.chmod(0)
    with pytest.raises(UserError, match=r"a\.wav: permission denied"):
        read_sound(path)


def test_a_refused_permission_is_one_sentence(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(UserError, match=r"^a\.wav: permission denied; make it readable"):
        read_sound("a.wav")


WAV = as_file(TONE, format="WAV", subtype="PCM_16")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"dear diary, today I sampled a kick\n" * 40, "text, not audio"),
        (bytes(range(256)) * 8, "not an audio file"),
        (b"\0\x05\x16\x07\0\x02\0\0" + bytes(100), r"what macOS keeps beside a file.* without \._ in front"),
        (WAV[:20], "damaged or truncated"),
        (WAV[: len(WAV) // 2], "truncated, only 50% of its samples"),
        (as_file(TONE, format="AIFF")[:4000], "truncated, only 45% of its samples"),
        (as_file(TONE, format="FLAC")[:900], "damaged or truncated"),
        (as_file(TONE, format="OGG")[:3000], "truncated, its last page is cut"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(200), "AAC .* convert it to WAV or FLAC"),
        (b"\xff\xf1\x50\x80" + bytes(200), "AAC .* convert it to WAV or FLAC"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(200), "WMA is not read"),
        (as_file(TONE[:0], format="WAV"), "holds no samples"),
        (as_file(np.array([0, np.nan, 0]), format="WAV", subtype="FLOAT"), "NaN or infinite"),
        (as_file(np.array([0, np.inf, 0]), format="WAV", subtype="FLOAT"), "NaN or infinite"),
        (as_file(np.array([0, 1e300]), format="WAV", subtype="DOUBLE"), "NaN or infinite"),  # beyond float32
        (as_file(np.zeros((9, 33)), format="WAV"), "33 channels; up to 32 work"),
        (as_file(TONE, format="MAT5"), "MAT5 files are not read"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence_with_its_name(data, reason):
    with pytest.raises(UserError, match=rf"^my kick\.wav: .*{reason}") as refusal:
        decode_sound(data, "my kick.wav")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("container", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")])
def test_a_long_file_is_refused_by_its_header(container, subtype):
    data = as_file(np.zeros(31 * 8_000), 8_000, format=container, subtype=subtype)
    with pytest.raises(UserError, match=r"^snare loop\.wav: 31 s long; a kick is a one-shot, at most 30 s are read"):
        decode_sound(data, "snare loop.wav")
    assert decode_sound(as_file(np.zeros(30 * 8_000), 8_000, format=container, subtype=subtype), "a").seconds == 30


class Counting(io.FileIO):
    """A file that counts what is read of it."""

    read_bytes = 0

    def readinto(self, buffer):
        count = super().readinto(buffer)
        self.read_bytes += count
        return count

    def read(self, size=-1):
        data = super().read(size)
        self.read_bytes += len(data)
        return data

    def readall(self):
        data = super().readall()
        self.read_bytes += len(data)
        return data


def test_ten_minutes_are_refused_without_decoding_them(tmp_path):
    path = tmp_path / "snare loop.wav"
    size = 10 * 60 * RATE * 4
    head = (
        b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, RATE, RATE * 4, 4, 16)
    )
    with open(path, "wb") as file:
        file.write(head + b"data" + struct.pack("<I", size))
        file.truncate(44 + size)  # a sparse file: 106 MB that take no space
    with pytest.raises(UserError, match=r"snare loop\.wav: 10 min long"):
        read_sound(path)
    with Counting(path) as file, pytest.raises(UserError, match=r"snare loop\.wav: 10 min long"):
        decode_sound(file, path.name)
    assert 44 <= file.read_bytes < 100_000


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_streamed_wav_is_read_to_its_end(size):
    at = WAV.index(b"data") + 4
    streamed = WAV[:at] + struct.pack("<I", size) + WAV[at + 4 :]
    assert len(decode_sound(streamed, "a.wav").samples) == len(TONE)


def test_a_wav_with_an_empty_data_chunk_and_a_comment_holds_no_samples():
    entry = b"INFOICMT" + struct.pack("<I", 2) + b"a\0"
    data = as_file(TONE[:0], format="WAV") + b"LIST" + struct.pack("<I", len(entry)) + entry
    with pytest.raises(UserError, match="holds no samples"):
        decode_sound(data, "a.wav")


# Rates and channels


def test_reading_leaves_no_file_open(tmp_path: Path):
    path = tmp_path / "a.txt.wav"
    path.write_text("text")
    for _ in range(3):
        with pytest.raises(UserError):  # an unclosed file would be a ResourceWarning, and warnings are errors
            read_sound(path)


@pytest.mark.parametrize("shape", [(22_050,), (22_051,), (333, 2), (1,)])
@pytest.mark.parametrize("bits", ["16", "24"])
def test_whole_numbers_are_written_as_libsndfile_writes_them(shape, bits):
    x = (0.5 * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
    x.flat[0] = 1.5
    theirs = as_file(x.clip(-1, 1), subtype=f"PCM_{bits}", format="WAV")
    assert encode_sound(x, RATE, bits=bits) == theirs
