"""Valid inputs made hostile: bytes changed, cut, repeated and spliced; values of JSON replaced by those that hurt."""

from __future__ import annotations

import json
import random
from typing import Any

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7, 127, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**400, 0.5, -0.0, 1e-320, 1e308,
    float("nan"), float("inf"), "", " ", "0", "\0", "\n", "a\nb", "\ud800", "\u202e", "é", "A" * 300, "../../x",
    "C:\\nul", "%s%n{}", "<&\"'>", "$x", "1e999", "- [", "&a [*a]", "!!python/object/apply:os.system [x]", [], {}, [[]],
    [None], [0] * 70, {"": None}, {"a": {"a": {"a": []}}},
)  # fmt: skip
MOST = 1 << 20  # bytes of an input


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """`data`, changed at one to eight places; `others` are spliced in now and then."""
    if data.lstrip()[:1] in (b"{", b"[") and rng.random() < 0.8:
        try:
            return _changed_json(data, rng)
        except (ValueError, OverflowError, RecursionError):
            pass
    out = bytearray(data)
    for _ in range(1 << rng.randrange(4)):
        _change(out, others, rng)
    return bytes(out[:MOST])


def _change(out: bytearray, others: list[bytes], rng: random.Random) -> None:
    # Headers are at the beginning, where a change matters more often.
    at = rng.randrange(min(len(out), 128 if rng.random() < 0.7 else len(out)) + 1) if out else 0
    size = 1 << rng.randrange(9)
    match rng.randrange(8):
        case 0 if out:
            out[at % len(out)] ^= 1 << rng.randrange(8)
        case 1 if out:
            out[at % len(out)] = rng.randrange(256)
        case 2:
            width = rng.choice((1, 2, 4, 8))
            number = rng.choice(NUMBERS) & ((1 << 8 * width) - 1)
            out[at : at + width] = number.to_bytes(width, rng.choice(("little", "big")))
        case 3:
            del out[at : at + size]
        case 4:
            out[at:at] = out[at : at + size]
        case 5:
            out[at:at] = rng.randbytes(size)
        case 6:
            other = rng.choice(others)
            begin = rng.randrange(len(other) + 1)
            out[at : at + size] = other[begin : begin + size]
        case _:
            del out[at:]


def _changed_json(data: bytes, rng: random.Random) -> bytes:
    tree = json.loads(data)
    for _ in range(1 << rng.randrange(3)):
        tree = _changed_value(tree, rng)
    text = json.dumps(tree)
    if rng.random() < 0.05:
        text = text.replace("null", "[" * 2000 + "]" * 2000, 1)
    return text.encode("utf-8", "surrogatepass")


def _changed_value(tree: Any, rng: random.Random) -> Any:
    """A copy of a JSON value with one place in it changed."""
    if isinstance(tree, dict) and tree and rng.random() < 0.85:
        key = rng.choice(sorted(tree))
        copy = dict(tree)
        match rng.randrange(8):
            case 0:
                del copy[key]
            case 1:
                copy[rng.choice(("", "x", "\ud800", key + "s"))] = copy.pop(key)
            case _:
                copy[key] = _changed_value(tree[key], rng)
        return copy
    if isinstance(tree, list) and tree and rng.random() < 0.85:
        at, copied = rng.randrange(len(tree)), list(tree)
        match rng.randrange(5):
            case 0:
                del copied[at]
            case 1:
                copied *= rng.choice((2, 30))
            case _:
                copied[at] = _changed_value(tree[at], rng)
        return copied[:5000]
    if isinstance(tree, int | float) and not isinstance(tree, bool) and rng.random() < 0.4:
        return rng.choice((-tree, tree + 1, tree * 1000, tree * 1e30, float(tree)))
    if isinstance(tree, str) and rng.random() < 0.4:
        at = rng.randrange(len(tree) + 1)
        return tree[:at] + rng.choice(("\0", "\n", "é", "\ud800", "/", ":", "-", "9" * 30, "&a *a", "#b")) + tree[at:]
    return rng.choice(NASTY)
