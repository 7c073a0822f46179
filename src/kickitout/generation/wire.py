"""Protobuf messages as they lie in a file: read a field at a time, and written.

After protobuf.dev/programming-guides/encoding: each field is a number with a type, as a varint, and then a varint,
8 bytes, a length with so many bytes, or 4 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT, BYTES = 0, 2  # types of fields that are written


class Part(NamedTuple):
    """One field of a message. whole: with its tag; content: behind tag and length; empty for a number."""

    field: int
    whole: memoryview
    content: memoryview


def message(data: bytes | memoryview) -> Iterator[Part]:
    """The fields of a message, in their order. Raises ValueError for what is none.

    >>> [(part.field, bytes(part.content)) for part in message(field(4, b"Clip") + field(20, 2))]
    [(4, b'Clip'), (20, b'')]
    """
    view, at = memoryview(data), 0
    while at < len(view):
        begin = at
        tag, at = _varint(view, at)
        number, kind = tag >> 3, tag & 7
        inside = at
        if kind == VARINT:
            _, at = _varint(view, at)
            inside = at
        elif kind == BYTES:
            size, inside = _varint(view, at)
            at = inside + size
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"no field of type {kind}")
        if at > len(view):
            raise ValueError("a field that ends behind its message")
        yield Part(number, view[begin:at], view[inside:at])


def field(number: int, value: bytes | str | int) -> bytes:
    """A field with a text, with bytes (a message too), or with a number that is not negative.

    >>> field(1, 150), field(2, "testing")
    (b'\\x08\\x96\\x01', b'\\x12\\x07testing')
    """
    if isinstance(value, int):
        return _as_varint(number << 3 | VARINT) + _as_varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _as_varint(number << 3 | BYTES) + _as_varint(len(content)) + content


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """A number of up to 64 bits, seven a byte, the lowest first, and where it ends."""
    value = 0
    for place in range(0, 70, 7):
        if at >= len(view):
            break
        byte = view[at]
        value |= (byte & 0x7F) << place
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("no number")


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
