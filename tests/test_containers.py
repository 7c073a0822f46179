"""Whatever a header says of sizes, the samples that are read are those that are there."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from kickitout.audio import containers, decode_comment, decode_sound, encode_sound
from kickitout.audio.chunks import Spliced
from kickitout.errors import UserError

pytestmark = pytest.mark.light

RATE = 44_100
N = 5000
X = (0.5 * np.sin(2 * np.pi * 220 * np.arange(N) / RATE) * np.exp(-np.arange(N) / 2000)).astype(np.float32)
PCM = np.rint(X * 32767).astype("<i2").tobytes()


def as_file(samples=X, rate=RATE, **settings):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **settings)
    return buffer.getvalue()


def chunk(name, body, size=None, padded=True, order="<"):
    return (
        name + struct.pack(f"{order}I", len(body) if size is None else size) + body + b"\0" * (padded and len(body) % 2)
    )


def fmt(tag=1, channels=1, bits=16):
    align = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, RATE, RATE * align, align, bits)


def riff(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def id3v2(size=200):
    return b"ID3\x04\0\0" + bytes([0, 0, size >> 7, size & 127]) + b"t" * size


ID3V1 = b"TAG" + bytes(125)
PLAIN = riff(chunk(b"fmt ", fmt()), chunk(b"data", PCM))
LIST = chunk(b"LIST", b"INFO" + chunk(b"ICMT", b"hello\0"))
EXACT = {  # container -> a file without loss
    **{k: as_file(format=k, subtype="PCM_24") for k in ("WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "AU", "FLAC")},
    "RIFX": as_file(format="WAV", subtype="PCM_24", endian="BIG"),
    "AU, little": as_file(format="AU", subtype="PCM_24", endian="LITTLE"),
    "AIFC": as_file(format="AIFF", subtype="FLOAT"),
}
LOSSY = {
    "Vorbis": as_file(format="OGG", subtype="VORBIS"),
    "Opus": as_file(rate=48_000, format="OGG", subtype="OPUS"),
    "MP3": as_file(format="MP3"),
    "ADPCM": as_file(format="WAV", subtype="MS_ADPCM"),
    "ALAC": as_file(format="CAF", subtype="ALAC_16"),
}


def read(data):
    """The samples, and what is said of them. All that are there, to the last bit of the coding."""
    sound = decode_sound(data, "a.wav")
    assert sound.rate == RATE
    np.testing.assert_allclose(sound.samples[:, 0], X[: len(sound.samples)], atol=2**-15)
    return len(sound.samples), sound.notes


# Sizes


@pytest.mark.parametrize("more", [1, 2, 36])
def test_a_size_that_is_some_bytes_too_large_is_read_with_a_note(more):
    n, notes = read(riff(chunk(b"fmt ", fmt()), chunk(b"data", PCM, size=len(PCM) + more)))
    assert n == N
    few = f"{more} byte{'s' * (more > 1)}"
    assert notes == (f"its header promises {few} of samples more than there are; all that are there are read",)


def test_the_size_of_the_whole_file_as_that_of_the_samples_is_a_slip():
    first = chunk(b"JUNK", bytes(4000)) + chunk(b"fmt ", fmt())
    whole = 12 + len(first) + 8 + len(PCM)
    for size in (whole, whole - 8):
        assert read(riff(first, chunk(b"data", PCM, size=size)))[0] == N


@pytest.mark.parametrize(("said", "n"), [(len(PCM) - 3, N), (len(PCM) - 60, N)])
def test_a_size_that_is_too_small_before_another_chunk_is_mended(said, n):
    data = riff(chunk(b"fmt ", fmt()), chunk(b"data", PCM, size=said, padded=False), LIST)
    assert read(data)[0] == n


def test_a_size_that_was_never_brought_up_to_date_loses_nothing():
    n, notes = read(riff(chunk(b"fmt ", fmt()), chunk(b"data", PCM, size=2000)))
    assert n == N
    assert "go on 8000 bytes longer" in notes[0]
    n, notes = read(riff(chunk(b"fmt ", fmt()), chunk(b"data", PCM, size=2000), size=2036))
    assert n == 1000
    assert notes == ("8000 bytes behind its samples are not read",)  # the file says twice that it ends before them


@pytest.mark.parametrize("tail", [LIST, ID3V1, id3v2(), bytes(300), chunk(b"xyz1", b"12345678")])
def test_what_stands_behind_the_samples_is_none_of_them(tail):
    assert read(PLAIN + tail) == (N, ())
    assert read(riff(chunk(b"fmt ", fmt()), chunk(b"data", PCM), tail)) == (N, ())


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFF00])
def test_a_stream_is_read_to_its_end(size):
    assert read(riff(chunk(b"fmt ", fmt()), chunk(b"data", PCM, size=size), size=size)) == (N, ())
    au = bytearray(EXACT["AU"])
    au[8:12] = struct.pack(">I", size)
    assert read(bytes(au)) == (N, ())
    aiff = bytearray(EXACT["AIFF"])
    at = aiff.index(b"SSND")
    aiff[at + 4 : at + 8] = struct.pack(">I", size)
    frames = aiff.index(b"COMM") + 10
    aiff[frames : frames + 4] = struct.pack(">I", size)
    assert read(bytes(aiff)) == (N, ())


@pytest.mark.parametrize("size", [0, 2**63 - 1, 2**64 - 1])
def test_a_stream_with_sizes_of_64_bits_is_read_to_its_end(size):
    caf = bytearray(EXACT["CAF"])
    at = caf.index(b"data")
    caf[at + 4 : at + 12] = struct.pack(">Q", size)
    assert read(bytes(caf)) == (N, ())
    w64 = bytearray(EXACT["W64"])
    at = w64.index(b"data\xf3\xac")
    w64[at + 16 : at + 24] = struct.pack("<Q", size)
    assert read(bytes(w64)) == (N, ())
    rf64 = bytearray(EXACT["RF64"])
    at = rf64.index(b"ds64")
    rf64[at + 16 : at + 24] = struct.pack("<Q", size)
    data = rf64.index(b"data")
    rf64[data + 4 : data + 8] = b"\xff" * 4
    assert read(bytes(rf64)) == (N, ())


@pytest.mark.parametrize("name", [*EXACT, *LOSSY])
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_every_container_that_was_cut_is_truncated(name, share):
    data = (EXACT | LOSSY)[name]
    with pytest.raises(UserError, match=r"^a: .*truncated.*(only \d+% of its samples|last page is cut)"):
        decode_sound(data[: int(share * len(data))], "a")


def test_a_block_that_is_cut_is_no_slip():
    """Two bytes less are a tenth of a second of ADPCM."""
    for name in ("ADPCM", "ALAC"):
        with pytest.raises(UserError, match="truncated"):
            decode_sound(LOSSY[name][:-2], "a")


# Tags, junk, chunks


@pytest.mark.parametrize("name", [*EXACT, *LOSSY])
def test_tags_and_junk_in_front_are_passed_over(name):
    data = (EXACT | LOSSY)[name]
    plain = decode_sound(data, "a")
    for front in (id3v2(), id3v2() + id3v2(9) + bytes(20), bytes(128), b"\r\n"):
        found = decode_sound(front + data, "a")
        np.testing.assert_array_equal(found.samples, plain.samples)
        assert (found.container, found.subtype, found.notes) == (plain.container, plain.subtype, plain.notes)


def test_a_tag_larger_than_what_is_searched_is_passed_over():
    big = b"ID3\x04\0\0" + bytes([0, 8, 0, 0]) + b"\xff\xfb" * (1 << 16)
    for name in ("WAV", "FLAC"):
        assert read(big + EXACT[name]) == (N, ())


def test_a_comment_behind_a_tag_is_read():
    assert decode_comment(id3v2() + encode_sound(X, RATE, comment="hello"), "a") == "hello"
    assert decode_comment(id3v2() + encode_sound(X, RATE, format="flac", comment="hello"), "a") == "hello"
    assert decode_comment(PLAIN + LIST, "a") == "hello"


def test_the_peaks_of_adobe_audition_do_no_harm():
    floats = np.repeat(X[:, None], 2, 1).astype("<f4")
    peak = chunk(b"PEAK", struct.pack("<IIfI", 1, 0x673C9DFA, 0.9, 5))  # of one channel, where there are two
    for before, behind in ((peak, b""), (b"", peak), (chunk(b"PEAK", b"\1\0\0\0"), b"")):
        data = riff(chunk(b"fmt ", fmt(3, 2, 32)), before, chunk(b"data", floats.tobytes()), behind)
        np.testing.assert_array_equal(decode_sound(data, "a").samples, floats)


def test_an_odd_chunk_without_the_byte_behind_it():
    odd = chunk(b"bext", b"abc", padded=False)
    assert read(riff(chunk(b"fmt ", fmt()), odd, chunk(b"data", PCM))) == (N, ())
    assert read(riff(odd, chunk(b"fmt ", fmt()), chunk(b"data", PCM))) == (N, ())
    assert read(riff(chunk(b"bext", b"abc"), chunk(b"fmt ", fmt()), chunk(b"data", PCM))) == (N, ())


def test_the_format_may_stand_behind_the_samples():
    assert read(riff(chunk(b"data", PCM), chunk(b"fmt ", fmt()))) == (N, ())


# FLAC


def flac_of(total, data=EXACT["FLAC"]):
    made = bytearray(data)
    made[21] = made[21] & 0xF0 | total >> 32
    made[22:26] = struct.pack(">I", total & 0xFFFFFFFF)
    return bytes(made)


def test_flac_of_unknown_length():
    assert read(flac_of(0)) == (N, ())
    assert read(id3v2() + flac_of(0) + ID3V1) == (N, ())
    with pytest.raises(UserError, match="damaged or truncated"):
        read(flac_of(0)[:-40])
    long = flac_of(0, as_file(np.zeros(31 * 8000), 8000, format="FLAC"))
    with pytest.raises(UserError, match="more than 30 s"):
        decode_sound(long, "a")


def test_what_comes_behind_the_promised_length_is_neither_cut_off_nor_read_past_the_limit():
    rate, long = 8000, np.zeros(35 * 8000)
    for promised in (20, 29.5):
        with pytest.raises(UserError, match="more than 30 s"):
            decode_sound(flac_of(int(promised * rate), as_file(long, rate, format="FLAC")), "a")
    with pytest.raises(UserError, match="more than 10 s"):
        decode_sound(flac_of(0, as_file(long[: 15 * rate], rate, format="FLAC")), "a", longest=10)


def test_flac_with_a_wrong_length():
    n, notes = read(flac_of(3000))
    assert n == N
    assert notes == ("its header promises 3000 samples and 5000 are there; all are read",)
    with pytest.raises(UserError, match="truncated, only 50% of its samples"):
        read(flac_of(2 * N))
    with pytest.raises(UserError, match="damaged or truncated, only 82% of its samples"):  # one of two blocks
        read(EXACT["FLAC"][:-40])


def test_junk_behind_flac():
    assert read(EXACT["FLAC"] + b"junk" * 99)[0] == N


# MP3 and Ogg


def vbr():
    """0.4 s that are loud and 1.6 s that are quiet, at a variable rate."""
    n = 2 * RATE
    x = np.where(np.arange(n) < 0.4 * RATE, 0.5, 0.001) * np.random.default_rng(0).standard_normal(n)
    return as_file(x.astype(np.float32), format="MP3", bitrate_mode="VARIABLE", compression_level=0.0)


def first_frame(data):
    from kickitout.audio import mpeg

    return mpeg.stream_in(data).info_frame[1]


def test_an_mp3_that_says_no_length_is_decoded_to_its_end():
    data = vbr()
    frames = data[first_frame(data) :]
    whole = decode_sound(data, "a").samples
    assert len(whole) == 2 * RATE
    for bare in (frames, frames + ID3V1, id3v2() + frames):
        found = decode_sound(bare, "a")
        assert abs(len(found.samples) - 2 * RATE) < 44  # 1 ms: where silence begins is not known more exactly
        assert "no header says where its sound begins and ends" in found.notes[0]
        n = min(len(found.samples), len(whole))
        np.testing.assert_allclose(found.samples[1152:n], whole[1152:n], atol=1e-4)  # a frame needs the one before it


def test_an_mp3_of_constant_rate_without_a_length_is_as_long_as_its_frames():
    data = as_file(np.tile(X, 4), format="MP3", bitrate_mode="CONSTANT")
    bare = decode_sound(data[first_frame(data) :] + ID3V1, "a")
    assert abs(len(bare.samples) - 4 * N) < 300  # its last 7 ms are silent


def test_an_mp3_whose_header_promises_less_is_read_whole(capfd):
    data = vbr()
    twice = data + data[first_frame(data) :]
    found = decode_sound(twice, "a")
    assert len(found.samples) > 3.9 * RATE
    assert "all are read" in found.notes[0]
    assert capfd.readouterr().err == ""  # the decoder's own warnings are of use to nobody


def test_an_mp3_whose_last_frame_is_cut_says_so():
    data = vbr()
    frames = data[first_frame(data) :]
    assert "truncated in its last frame" in decode_sound(frames[:-30], "a").notes[0]


def test_a_wav_may_hold_mp3():
    data = vbr()
    held = riff(chunk(b"fmt ", fmt(0x55) + struct.pack("<HHIHHH", 12, 1, 2, 417, 1, 0)), chunk(b"data", data))
    found = decode_sound(held, "a.wav")
    np.testing.assert_array_equal(found.samples, decode_sound(data, "a").samples)
    assert found.container == "WAV"


def test_ogg_without_its_last_page_may_be_truncated():
    from kickitout.audio import ogg

    data = as_file(0.3 * np.random.default_rng(0).standard_normal(30 * N), format="OGG")
    pages = list(ogg.pages(data))
    assert "it may be truncated" in decode_sound(data[: pages[-2].end], "a").notes[0]
    with pytest.raises(UserError, match="damaged, 1 of its pages are missing"):
        decode_sound(data[: pages[4].begin] + data[pages[4].end :], "a")
    assert "2 streams one after the other" in decode_sound(data + data, "a").notes[0]


# Float samples that are whole numbers


@pytest.mark.parametrize(("scale", "subtype"), [(2**15, "FLOAT"), (2**23, "FLOAT"), (2**31, "DOUBLE")])
def test_floats_that_were_never_scaled_are_scaled(scale, subtype):
    for level in (1.0, 0.1):
        x = np.rint(X.astype(np.float64) * level * scale)
        found = decode_sound(as_file(x, format="WAV", subtype=subtype), "a")
        np.testing.assert_allclose(found.samples[:, 0], X * level, atol=1 / scale + 1e-7)
        assert f"read as whole numbers, {scale} is full scale" in found.notes[0]


def test_floats_above_full_scale_stay():
    for level in (2, 60, 1e30):
        data = as_file(X * level, format="WAV", subtype="FLOAT")
        found = decode_sound(data, "a")
        np.testing.assert_array_equal(found.samples[:, 0], (X * np.float32(level)).astype(np.float32))
        assert found.notes == ()


# The file in pieces


def test_a_spliced_file_reads_like_its_pieces():
    source = io.BytesIO(bytes(range(100)))
    made = Spliced(source, b"head", (10, 20), b"", b"-", (90, 100))
    whole = b"head" + bytes(range(10, 20)) + b"-" + bytes(range(90, 100))
    assert made.read() == whole
    for at in range(len(whole) + 3):
        made.seek(at)
        assert made.read(7) == whole[at : at + 7]
    assert made.seek(-3, io.SEEK_END) == len(whole) - 3
    assert made.read() == whole[-3:]
    with pytest.raises(ValueError, match="before the beginning"):
        made.seek(-1)


@pytest.mark.parametrize("name", ["unknown", "Vorbis", "MP3"])
def test_what_would_be_read_whole_is_refused_by_its_size(name, monkeypatch):
    data = LOSSY.get(name, b"\0" * 4000)
    monkeypatch.setattr(containers, "LARGEST_WHOLE", len(data) - 1)
    with pytest.raises(UserError, match=r"a: \d+ MB; up to .* cut it first"):
        decode_sound(data, "a")


def test_a_chunk_that_says_it_is_larger_than_all_files_is_none():
    caf = EXACT["CAF"]
    at = caf.index(b"data")
    data = caf[:at] + struct.pack(">4sQ", b"LIST", 2**64 - 1) + b"INFO" + bytes(64)
    with pytest.raises(UserError, match="a: not an audio file"):
        decode_comment(data, "a")
