"""By which fields of the card a forest tells two sets of kicks."""

from __future__ import annotations

import numpy as np
import pytest
from toy import write_kicks

from kickitout.cli import main
from kicklab.experiments import causes
from kicklab.experiments.causes import tell, told_by, what_is_heard


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(causes, "TREES", 20)
    monkeypatch.setattr(causes, "REPEATS", 2)


def test_the_field_that_differs_is_the_cause_and_sets_that_do_not_differ_are_not_told():
    rng = np.random.default_rng(0)
    real, other, moved = (rng.normal(0, 1, (100, len(told_by()))) for _ in range(3))
    moved[:, told_by().index("click_ms")] += 2
    moved[::7, told_by().index("dc")] = np.nan  # a card may lack a field
    groups = np.arange(100) // 5
    assert np.abs(tell(real, other, groups, groups).accuracy - 0.5).max() < 0.12
    found = tell(real, moved, groups, groups)
    assert found.accuracy.min() > 0.75
    assert max(found.by, key=lambda field: found.by[field].mean()) == "click_ms"
    assert found.by["click_ms"].min() > 0.1
    assert abs(found.by["attack_ms"].mean()) < 0.05


def test_what_nobody_hears_is_no_difference():
    points = np.zeros((2, len(told_by())))
    tail, noise, dc = (told_by().index(name) for name in ("tail_db", "tail_noise_db", "dc"))
    points[:, tail], points[:, noise], points[:, dc] = (-120, -97), (-81, -79), (0.001, 0.01)
    heard = what_is_heard(points)
    np.testing.assert_array_equal(heard[:, tail], [-80, -80])
    np.testing.assert_array_equal(heard[:, noise], [-80, -79])
    np.testing.assert_array_equal(heard[:, dc], [0.002, 0.01])
    np.testing.assert_array_equal(points[:, tail], [-120, -97])


def test_the_table_tells_both_halves_what_was_learned_from_and_the_model(tmp_path, capsys):
    learned, unseen = write_kicks(tmp_path / "learned", 24), write_kicks(tmp_path / "unseen", 64, first=100)
    for folder in (learned, unseen):
        lines = [f"{path.name},{folder.name} {i // 4},CC0-1.0" for i, path in enumerate(sorted(folder.glob("*.wav")))]
        (folder / "index.csv").write_text("\n".join(["file,source,licence", *lines]) + "\n")
    assert main(["lab", "measure", "causes", str(learned), str(unseen)]) == 0
    lines = [line.split("|")[1:5] for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    names = [name.strip() for name, *_ in lines]
    assert names == ["the other half"] * 2 + ["learned from"] * 2 + ["default"] * 2
    assert [which.strip() for _, _, which, _ in lines] == ["all", "what is heard"] * 3
    accuracy = [float(cell.split()[0]) for *_, cell in lines]
    assert accuracy[4] > 0.7  # rendered kicks are none of the model's
