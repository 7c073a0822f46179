"""Half a minute of hostile input, the same each time; `python tools/fuzz.py` goes on for as long as you like."""

from __future__ import annotations

import importlib.util

import pytest
from cases import CASES
from engine import fuzz
from targets import TARGETS

from kickitout.errors import UserError

RUNS = {"audio": 1500, "model": 700, "recipe": 150, "api": 120, "kit": 1500}
NEEDS = {"model": ("torch", "onnx"), "recipe": ("torch", "yaml"), "api": ("fastapi",)}


def need(name):
    for module in NEEDS.get(name, ()):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}")


@pytest.mark.parametrize(("name", "case"), [(name, case) for name in CASES for case in CASES[name]])
def test_what_broke_once_is_a_sentence(name, case):
    need(name)
    assert TARGETS[name].once(CASES[name][case])


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_input_is_a_sentence_or_works(name):
    need(name)
    found = fuzz(name, seed=1, runs=RUNS[name])
    assert not found.bugs, "\n".join(how for _, how in found.bugs.values())
    assert found.outcomes > 5  # it is not refused at the door


def test_the_studio_accepts_what_its_api_is_fuzzed_with():
    need("api")
    for seed in TARGETS["api"].seeds():
        assert TARGETS["api"].once(seed).endswith(": fine"), seed


def test_a_bug_is_found_and_made_small(monkeypatch):
    import engine
    from targets import Target

    def broken(data):
        if b"X" in data:
            raise KeyError("X")
        return "fine"

    target = Target(lambda: [b"abcdefgh" * 20], broken)
    monkeypatch.setitem(TARGETS, "toy", target)
    found = fuzz("toy", runs=3000)
    ((where, (data, _)),) = found.bugs.items()
    assert engine.minimised(data, target, where) == b"X"


def test_what_is_quoted_from_outside_cannot_command_a_terminal():
    assert str(UserError("a\nb\x1b[2Jc\ud800: no")) == "a b\ufffd[2Jc\ufffd: no"
