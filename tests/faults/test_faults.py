"""A few of every fault; `python tools/faults.py` does many and prints the table."""

from __future__ import annotations

import os
import random

import pytest
from catalogue import FAULTS
from forks import kick_server
from stage import Stage

pytest.importorskip("torch", reason="training needs the train extra")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    with kick_server() as kick:
        yield Stage(kick, tmp_path_factory.mktemp("faults"))


@pytest.mark.slow
@pytest.mark.parametrize("fault", [f for f in FAULTS if f.few], ids=lambda f: f.name)
def test_a_promise_holds_under_its_fault(fault, stage):
    outcome = fault.do(stage, fault.few, random.Random(7))
    assert not outcome.broken
    assert outcome.times == outcome.survived == fault.few
