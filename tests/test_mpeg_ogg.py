"""The frames of MP3 and the pages of Ogg, against what was written and what the decoder makes of them."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile

from kickitout.audio import decode_sound, mpeg, ogg
from kickitout.errors import UserError

pytestmark = pytest.mark.light

RATE = 44_100
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 4) / RATE)).astype(np.float32)
FRAMES = 11  # of 1152 samples: 11025 of the tone, 576 and more of delay, filled up


def as_file(samples=TONE, rate=RATE, **settings):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **settings)
    return buffer.getvalue()


VBR = as_file(format="MP3", bitrate_mode="VARIABLE", compression_level=0.2)
CBR = as_file(format="MP3", bitrate_mode="CONSTANT", compression_level=0.5)


def id3v2(size=300):
    return b"ID3\x04\0\0" + bytes([0, 0, size >> 7, size & 127]) + b"\xff\xfb" * (size // 2)  # syncs inside


def ape(size=64):
    return b"x" * (size - 32) + b"APETAGEX" + struct.pack("<IIII", 2000, size, 1, 0) + bytes(8)


@pytest.mark.parametrize("data", [VBR, CBR])
def test_all_frames_are_found_and_the_first_says_how_many(data):
    stream = mpeg.stream_in(data)
    assert len(stream.frames) == stream.info.frames == FRAMES
    assert stream.length == FRAMES * 1152
    assert stream.frames[-1][1] == len(data)
    assert stream.info.bytes == len(data)
    assert (stream.cut, stream.skipped) == (0, 0)
    assert {mpeg.header_at(data, begin).rate for begin, _ in stream.frames} == {RATE}


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (id3v2(), b""),
        (id3v2() + id3v2(20) + bytes(50), b"TAG" + bytes(125)),
        (b"", ape() + b"TAG" + bytes(125)),
        (b"junk\xff\xfb" * 7, b"LYRICSBEGIN" + b"x" * 9 + b"000020LYRICS200" + b"TAG" + bytes(125)),
        (b"", b"ID3" + bytes(7) + b"3DI" + bytes(7)),
    ],
)
def test_tags_are_no_frames(before, behind):
    bare, tagged = mpeg.stream_in(VBR), mpeg.stream_in(before + VBR + behind)
    frames = [VBR[a:b] for a, b in bare.frames]
    whole = before + VBR + behind
    assert [whole[a:b] for a, b in tagged.frames] == frames


def test_a_tag_or_junk_in_the_middle_is_passed_over():
    a, _ = mpeg.stream_in(VBR).frames[5]
    tagged, junk = (mpeg.stream_in(VBR[:a] + x + VBR[a:]) for x in (id3v2(), b"\xff\xfb?" * 9))
    assert len(tagged.frames) == len(junk.frames) == FRAMES
    assert (tagged.skipped, junk.skipped) == (0, 27)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_the_other_versions_of_mpeg_are_known(rate):
    data = as_file(np.stack([TONE, -TONE], 1), rate, format="MP3")
    stream = mpeg.stream_in(data)
    assert len(stream.frames) == stream.info.frames
    assert (stream.header.rate, stream.header.channels, stream.header.samples) == (
        rate,
        2,
        1152 if rate > 24e3 else 576,
    )


def test_a_cut_frame_is_none_and_its_loss_is_told():
    stream = mpeg.stream_in(VBR[:-10])
    assert (len(stream.frames), stream.cut) == (FRAMES - 1, 10)


def test_a_frame_that_says_a_length_is_small_and_says_it():
    header = mpeg.stream_in(VBR).header
    frame = mpeg.info_frame(header, 77)
    stream = mpeg.stream_in(frame + VBR[slice(*mpeg.stream_in(VBR).frames[0])])
    assert stream.info[:2] == ("Xing", 77)
    assert len(frame) < 200


def test_a_vbri_frame_says_how_many_follow():
    bare = mpeg.stream_in(VBR)
    begin, end = bare.info_frame
    frame = bytearray(end - begin)
    frame[:4] = VBR[begin : begin + 4]
    frame[36:54] = b"VBRI" + struct.pack(">HHHII", 1, 0, 75, len(VBR), FRAMES)
    stream = mpeg.stream_in(bytes(frame) + VBR[end:])
    assert stream.info == ("VBRI", FRAMES, len(VBR), 50, False)
    assert len(stream.frames) == FRAMES
    again = mpeg.stream_in(mpeg.restated(bytes(frame), stream.info, 7, 100) + VBR[end:])
    assert again.info[:3] == ("VBRI", 7, len(frame) + 100)
    with pytest.raises(UserError, match=r"truncated, only \d+% of its samples"):
        decode_sound((bytes(frame) + VBR[end:])[:-1500], "a.mp3")


def test_what_is_no_mpeg_has_no_frames():
    for data in (b"", b"\xff", b"\xff\xfb", bytes(range(256)) * 40, b"ID3\x04\0\0\0\0\x7f\x7f", as_file(format="WAV")):
        assert mpeg.stream_in(data) is None


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_pages_and_packets(subtype):
    data = as_file(np.tile(TONE, 8), 48_000, format="OGG", subtype=subtype)
    found = list(ogg.pages(data))
    assert [page.sequence for page in found] == list(range(len(found)))
    assert found[0].flags & ogg.FIRST
    assert found[-1].flags & ogg.LAST
    assert found[-1].end == len(data)
    packets = [packet for _, packet in ogg.packets(data)]
    assert sum(map(len, packets)) == sum(sum(page.segments) for page in found)
    assert packets[0].startswith(b"OpusHead" if subtype == "OPUS" else b"\x01vorbis")
    assert packets[1].startswith(b"OpusTags" if subtype == "OPUS" else b"\x03vorbis")
    assert list(ogg.pages(data[:-5]))[-1].end == len(data)  # the last page is known, and that it is cut
    assert len(list(ogg.packets(data[:-5]))) < len(packets)


@pytest.mark.parametrize("word", [b"\xff\xfb\x00\x00", b"\xff\xfb\x01\x00"])
def test_a_damaged_header_without_a_size_is_no_frame(word):
    """It was found again and again at the same place, without end."""
    at = mpeg.stream_in(CBR).frames[4][0]
    data = CBR[:at] + word + CBR[at + 4 :]
    stream = mpeg.stream_in(data)
    assert len(stream.frames) == FRAMES - 1
    assert stream.skipped > 0
    assert len(mpeg.stream_in(CBR[:at] + word * 30 + CBR[at:]).frames) == FRAMES


@pytest.mark.parametrize("size", [0, 31, 10**9])
def test_a_tag_behind_that_says_no_possible_size_is_left_where_it_is(size):
    tag = b"APETAGEX" + struct.pack("<IIII", 2000, size, 1, 0) + bytes(8)
    assert mpeg.tags_behind(CBR + tag) == 0
    assert len(mpeg.stream_in(CBR + tag).frames) == FRAMES
