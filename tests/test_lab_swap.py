"""What a rebuilt phase costs, and what share of the gap that is: against answers that are known beforehand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from toy_lab import make_lab, toy_lab

import kicklab.two_sample
from kickitout.cli import main
from kickitout.datasets.build import Dataset, ManifestRow
from kickitout.errors import UserError
from kickitout.metrics.distance import diversity, pairwise
from kickitout.metrics.embeddings import embed_bands
from kickitout.representations.log_magnitude import LogMagnitude, LogMagnitudeConfig
from kickitout.synthesis.procedural import synthesise
from kicklab import swap as module
from kicklab.evidence import unseen_sounds
from kicklab.experiments.swap import swap_lines
from kicklab.folder import Lab, write_json
from kicklab.paper.phases import swap_sentences
from kicklab.swap import (
    Estimated,
    Made,
    Scored,
    Scorer,
    Spectrograms,
    made_of,
    nearest_phase,
    parts,
    read_swap,
    shares_of_gap,
    spectrograms_of,
)
from kicklab.swap import swapped_sounds as heard

pytestmark = pytest.mark.decides

__all__ = ["make_lab", "toy_lab"]  # the fixtures
ROW = ManifestRow("a", "f", "s0", "one", "CC0-1.0", 44_100, 1, 0.5, 0.0, False, False, 0.0, 0.0, 0.0, 0.0, 0)


def kicks(first: int, count: int, source: str) -> Dataset:
    """Rendered kicks, four of a source."""
    waves = synthesise(range(first, first + count))[0]
    rows = tuple(replace(ROW, sound=f"s{first + i}", source=f"{source} {i // 4}", group=i) for i in range(count))
    return Dataset(waves, np.zeros_like(waves), rows, (), {}, ())


@pytest.fixture(scope="module")
def representation() -> LogMagnitude:
    return LogMagnitude(LogMagnitudeConfig())


def test_click_and_body_are_different_cells():
    found = parts()
    assert 0 < found["click"].sum() < found["body"].sum() < found["all"].sum() == 252
    assert not (found["click"] & found["body"]).any()


def test_a_kept_phase_gives_the_sound_back_and_a_rebuilt_one_its_levels(representation):
    waves = synthesise(range(4))[0]
    spectrograms = spectrograms_of(waves, representation, np.arange(4))
    kept, rebuilt = heard(spectrograms, representation, None), heard(spectrograms, representation, 2)
    lost = [((x / abs(x).max(1, keepdims=True) - waves / abs(waves).max(1, keepdims=True)) ** 2).sum(1)
            / ((waves / abs(waves).max(1, keepdims=True)) ** 2).sum(1) for x in (kept, rebuilt)]  # fmt: skip
    assert (lost[0] < 1e-3).all()
    assert (lost[1] > 10 * lost[0]).all()
    again = spectrograms_of(rebuilt, representation, np.arange(4)).levels
    assert (again - spectrograms.levels).abs().mean() < 0.05


def test_levels_get_the_phase_of_the_real_kick_that_is_nearest(representation):
    real = spectrograms_of(synthesise(range(6))[0], representation, np.arange(6))
    found = nearest_phase(real.levels[[4, 1]] + 0.01, real)
    torch.testing.assert_close(found, real.phase[[4, 1]])


def test_the_distance_is_that_of_the_studies():
    unseen, waves = kicks(100, 16, "unseen"), synthesise(range(20))[0]
    found = Scorer(unseen).distance("all", parts()["all"], embed_bands(waves), np.arange(20), np.ones((1001, 20)))
    real, made = embed_bands(unseen.waves), embed_bands(waves)
    expected = unseen_sounds(unseen).energy(pairwise(real, made).mean(1), diversity(made))[0]
    assert found.drawn[0] == pytest.approx(expected, abs=1e-4)


def test_a_share_is_what_the_phase_costs_of_the_gap_and_is_left_out_without_one():
    rng = np.random.default_rng(0)
    noise = np.concatenate([[0], 0.1 * rng.standard_normal(1000)])

    def scored(magnitude: str, rounds: int | None, value: float) -> Scored:
        return Scored(magnitude, rounds, {"click": Estimated(value + noise), "body": Estimated(noise)}, 0.5)

    rows = [scored("real", None, 1.0), scored("made", None, 4.0)]
    rows += [scored(kind, rounds, value) for kind, value in (("real", 2.0), ("made", 5.0)) for rounds in module.ROUNDS]
    found = {(one["part"], one["rounds"]): one for one in shares_of_gap(rows)}
    assert found["click", 5]["cost"]["value"] == pytest.approx(1)
    assert found["click", 5]["gap"]["value"] == pytest.approx(4)
    assert found["click", 5]["share"] == pytest.approx(0.25)
    assert found["click", 5]["over_half"]["value"] == pytest.approx(-1)
    assert found["click", 5]["over_half"]["high"] == pytest.approx(-1)  # the draws are shared: they cancel
    assert "share" not in found["body", 5]


@pytest.mark.once
def test_all_conditions_are_measured(monkeypatch, representation):
    monkeypatch.setattr(module, "ROUNDS", (1, 2))
    monkeypatch.setattr(kicklab.two_sample, "PERMUTATIONS", 4)
    spectrograms = spectrograms_of(synthesise(range(300, 320))[0], representation, np.arange(20))
    found = module.swap(
        kicks(0, 20, "mine"), kicks(100, 16, "unseen"), Made("m", "p", LogMagnitudeConfig(), spectrograms)
    )
    assert [(one["magnitude"], one["rounds"]) for one in found["conditions"]] == [
        (kind, rounds) for kind in ("real", "made") for rounds in (None, 1, 2)
    ]
    assert found["n"] == {"real": 20, "made": 20, "unseen": 16}
    assert found["sources"] == {"real": 5, "unseen": 4}
    assert len(found["shares"]) == 2 * 4
    for one in found["conditions"]:
        for e in one["scores"].values():
            assert e["low"] <= e["value"] <= e["high"]
    assert 0 <= found["conditions"][0]["scores"]["C2ST"]["value"] <= 1


def test_levels_are_of_a_row_whose_weights_are_there(toy_lab):
    before = sorted(toy_lab.path.rglob("*"))
    found = made_of(toy_lab, "start", "offset data", 8)
    assert found.name == "offset data (start, 2 seeds)"
    assert found.spectrograms.levels.shape == (8, 1, 64, 88)
    assert isinstance(found.spectrograms, Spectrograms)
    assert sorted(toy_lab.path.rglob("*")) == before
    with pytest.raises(UserError, match="no finished run of 'offset -3' in start"):
        made_of(toy_lab, "start", "offset -3")


def test_what_was_measured_is_read_from_results_alone(tmp_path, capsys):
    e = {"value": 1.0, "low": 0.5, "high": 1.5}
    scores = dict.fromkeys((*parts(), "C2ST"), e)
    write_json(tmp_path / "swap.json", {
        "version": module.SWAP_VERSION, "made": "m", "phase": "its own", "representation": "256 x 128",
        "n": {"real": 3, "made": 2, "unseen": 4}, "sources": {"real": 2, "unseen": 2},
        "conditions": [{"magnitude": "real", "rounds": 5, "p": 0.01, "scores": scores}],
        "shares": [{"part": "click", "rounds": 5, "cost": e, "gap": e}],
    })  # fmt: skip
    assert main(["lab", "measure", "swap", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "| real | Griffin-Lim, 5 rounds | 1 [0.5, 1.5]" in out
    assert "| click | 5 | 1 [0.5, 1.5] | 1 [0.5, 1.5] | no gap is shown |" in out
    assert main(["lab", "measure", "swap", str(tmp_path / "none")]) == 2
    assert "no kicks yet" in capsys.readouterr().err


def test_the_figures_of_the_page_are_those_of_the_committed_results():
    root = Path(__file__).parents[1] / "docs"
    page, found = (root / "laboratory.md").read_text("utf-8"), read_swap(Lab(root / "evidence"))
    assert found is not None
    block = re.search(r"<!-- begin: kick lab measure swap docs/evidence -->\n(.*?)<!-- end -->", page, re.DOTALL)
    assert block is not None
    assert block[1].rstrip() == "\n".join(swap_lines(found))


def shared(cost: float, gap: float, over: float | None) -> dict[str, Any]:
    """A line of `shares_of_gap`, of the click. over: how far the cost is over half of the gap, where there is one."""
    line: dict[str, Any] = {"part": "click", "rounds": 5}
    values = {"cost": cost, "gap": gap} | ({} if over is None else {"over_half": over})
    line |= {key: {"value": v, "low": v - 0.1, "high": v + 0.1} for key, v in values.items()}
    return line | ({} if over is None else {"share": cost / gap})


@pytest.mark.parametrize(
    ("line", "said", "unsaid"),
    [
        (
            shared(1.0, 1.2, 0.4),
            ("move away", "0.833 in the click (most of it is the phase; the gap is 1.20 dB"),
            "no cost",
        ),
        (shared(0.2, 4.0, -1.8), ("move away", "(less than half;"), "most of it"),
        (shared(0.0, 4.0, -2.0), ("no cost", "(less than half;"), "move away"),
        (shared(1.0, 2.0, 0.0), ("move away", "(open;"), "less than half"),
        (shared(0.0, 0.0, None), ("no cost", "No gap is shown in the click (0 dB [−0.100, 0.100])"), "share of"),
    ],
)
def test_what_is_said_of_the_phase_follows_from_the_numbers(line, said, unsaid):
    text = " ".join(swap_sentences({"made": "a model", "shares": [line]}))
    assert all(words in text for words in said)
    assert unsaid not in text
