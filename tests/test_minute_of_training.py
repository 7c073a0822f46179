"""About a minute of real training, in steps, so that it is the same on any machine: the losses and the sheet are shown,
and the kicks get better."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from toy import write_kicks

from kickitout.cli import main
from kickitout.training.run_folder import RunFolder

DATA = Path(os.environ.get("KICKITOUT_DATA", Path(__file__).parents[2] / "shared" / "data"))  # rendered ones elsewhere
ARTEFACTS = Path(__file__).parents[1] / "build" / "ci"


@pytest.mark.slow
def test_a_minute_of_training_shows_its_losses_and_makes_better_kicks(tmp_path, capsys, monkeypatch):
    pytest.importorskip("torch", reason="training needs the train extra")
    recorded = DATA / "kicks-open"
    kicks = recorded if recorded.is_dir() else write_kicks(tmp_path / "kicks", 96)
    small = [
        "model.widths=[96, 96, 80, 64, 48]",
        "model.encoder_width=32",
        "batch=16",
        "monitor.every=25",
        "start=none",
        "least_rows=200",
    ]
    for name in ("to_onnx", "encoder_to_onnx"):  # they take half as long again, and other tests have them
        monkeypatch.setattr(f"kickitout.export.model_file.{name}", lambda *_: b"")
    command = ["train", str(kicks), "--steps", "50", "--threads", "1", "--out", str(tmp_path / "run")]
    code = main([*command, *(f"--set={s}" for s in small)])
    said = capsys.readouterr().err
    with capsys.disabled():
        print("\n" + said)
    assert code == 0, said
    entries = RunFolder(tmp_path / "run").entries()
    losses = [e["loss/spectra"] for e in entries if e["kind"] == "losses"]
    assert losses[-1] < 0.8 * losses[0]
    shots = [e for e in entries if e["kind"] == "snapshot"]
    assert [s["step"] for s in shots] == [25, 50]
    assert shots[1]["score"] < shots[0]["score"]
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    shutil.copy(tmp_path / "run" / "snapshots" / f"{shots[-1]['step']:06d}" / "fakes.png", ARTEFACTS / "minute.png")
    with capsys.disabled():
        print(f"sheet: {ARTEFACTS / 'minute.png'}")
