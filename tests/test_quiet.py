"""What libraries print by themselves is not printed; what Python prints is."""

from __future__ import annotations

import io
import os
import struct
import sys
import threading

import numpy as np
import pytest
import soundfile

from kickitout.audio import decode_sound, read_comment
from kickitout.errors import UserError
from kickitout.quiet import quiet_libraries

pytestmark = pytest.mark.light


def mp3() -> bytes:
    buffer = io.BytesIO()
    time = np.arange(22_050) / 44_100
    soundfile.write(buffer, np.sin(2 * np.pi * 50 * time) * np.exp(-time / 0.1) * 0.5, 44_100, format="MP3")
    return buffer.getvalue()


def tagged(*frames: bytes) -> bytes:
    """ID3v2.3 in front of an MP3. frames: names with their contents."""
    body = b"".join(frame[:4] + struct.pack(">IH", len(frame) - 4, 0) + frame[4:] for frame in frames)
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body + mp3()


def with_a_frame_that_is_none(data: bytes) -> bytes:
    at = data.index(b"\xff\xfb", 1500)
    return data[:at] + b"\xff\xfb\x00\x00" * 30 + data[at:]


PRINTS = {
    "a comment without text": lambda: tagged(b"COMM\0engx", b"COMM\1eng"),
    "a level without a number": lambda: tagged(b"RVA2x"),
    "a frame that is none": lambda: with_a_frame_that_is_none(mp3()),
}


@pytest.mark.parametrize("what", PRINTS)
def test_the_decoder_of_mp3_says_nothing_by_itself(capfd, tmp_path, what):
    data = PRINTS[what]()
    with soundfile.SoundFile(io.BytesIO(data)) as sound:
        sound.read()
    if not capfd.readouterr().err:
        pytest.skip("this version of libsndfile is silent here")
    (tmp_path / "a.mp3").write_bytes(data)
    try:
        decode_sound(data, "a.mp3")
        read_comment(tmp_path / "a.mp3")
    except UserError:
        pass  # what is wrong, it may say so: once, and in its own words
    assert capfd.readouterr().err == ""


def test_only_the_block_is_quiet_and_only_the_last_one_ends_it(capfd):
    os.write(2, b"before ")
    with quiet_libraries():
        os.write(2, b"within")
        with quiet_libraries():
            os.write(2, b"within both")
        os.write(2, b"within again")
    os.write(2, b"behind ")
    with pytest.raises(OSError, match="descriptor"), quiet_libraries():
        os.write(99, b"it fails")
    print("at the end", file=sys.stderr, flush=True)
    assert capfd.readouterr().err == "before behind at the end\n"


def test_threads_leave_stderr_as_it_was(capfd):
    def often():
        for _ in range(200):
            with quiet_libraries():
                os.write(2, b"within")

    descriptors = len(os.listdir("/dev/fd")) if os.path.isdir("/dev/fd") else 0
    threads = [threading.Thread(target=often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"behind")
    assert capfd.readouterr().err == "behind"
    assert not descriptors or len(os.listdir("/dev/fd")) == descriptors


def test_without_a_stderr_nothing_is_redirected(monkeypatch):
    def refuse(_):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(os, "dup", refuse)
    with quiet_libraries():
        pass
