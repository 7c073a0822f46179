"""The judge of models: halves by source, without the machines that were learned from, beside what recordings do."""

from __future__ import annotations

import re
import shutil
from functools import partial

import numpy as np
import pytest
from toy import labelled, write_kicks

from kickitout.cli import main
from kickitout.datasets.build import read_dataset, split
from kickitout.descriptors import cards
from kickitout.descriptors.endings import stops
from kickitout.metrics.compare import compare_features, compare_two, recognised
from kickitout.metrics.embeddings import DEFAULTS
from kickitout.metrics.features import measure_features
from kicklab.experiments import decays, judge, priors, scoreboard
from kicklab.experiments.priors import priors as priors_of

UNSEEN = 96


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Kicks of 12 machines that a model learned from, and of 24 others; one of these has a kick of the first."""
    root = tmp_path_factory.mktemp("judge")
    everything = write_kicks(root / "all", 64 + UNSEEN)
    learned, unseen = root / "learned", root / "unseen"
    for folder in (learned, unseen):
        folder.mkdir()
    for i, path in enumerate(sorted(everything.glob("*.wav"))):
        path.rename((learned if i < 64 else unseen) / path.name)
    copied = sorted(learned.glob("*.wav"))[0]
    labelled(learned, [f"heard {i % 12}" for i in range(64)])
    shutil.copyfile(copied, unseen / copied.name)
    names = [f"strange {i % 24}" for i in range(UNSEEN + 1)]
    return learned, labelled(unseen, names)


@pytest.fixture(scope="module")
def second(folders):
    """The judge of the second half."""
    learned, unseen = folders
    return judge.Judge(read_dataset(learned), read_dataset([learned, unseen]), "second")


def test_machines_that_were_learned_from_are_left_out(folders, second):
    learned, unseen = folders
    assert len(second.waves) + second.left_out <= UNSEEN
    both = read_dataset([learned, unseen])
    other = judge.Judge(second.learned, both, "first")
    found = len(second.waves) + second.left_out + len(other.waves) + other.left_out
    assert found == len(both) - len({row.sound for row in second.learned.rows})


def test_the_table_names_what_recordings_do_and_what_is_enough(folders, capsys):
    learned, unseen = folders
    assert main(["lab", "measure", "judge", str(learned), str(unseen), "-n", "64"]) == 0
    said = capsys.readouterr().out
    assert "sources that were learned from are left out" in said
    for measure in (
        "ends while loud, %",
        "T60 known, %",
        "frechet_limit_bands-1",
        "two_sample_logistic_thirds",
        "near-duplicates, %",
    ):
        assert f"| {measure}" in said
    assert said.index("less the recordings") < said.index("less what the recordings learned from have")


def test_what_is_not_enough_is_bold():
    within = judge.Bounded("tail, dB", [-50.0, None, -40.0], [-45.0, -30.0], -60.0, -38.0)
    assert within.line == "| tail, dB | -50 |  | -40 | -45 | **-30** | -60 to -38 |"
    assert judge.Bounded("recall", [None, 0.8, 0.9], [0.9, 0.89], least=0.9).line.endswith(
        "| 0.9 | **0.89** | at least 0.9 |"
    )
    assert judge.Bounded("copies", [None] * 3, [1.5], most=1.0).line == "| copies |  |  |  | **1.5** | at most 1 |"


def test_the_worst_third_octave_may_be_2_db_off_however_far_recordings_are_apart(second):
    lines = {line.name: line for line in second.scores([second.others])}
    assert lines["thirds_worst"].most == 2.0
    assert lines["kicks_recognised"].least == recognised(second.real).value
    assert lines["two_sample_logistic_thirds"].most == pytest.approx(
        lines["two_sample_logistic_thirds"].recordings[2] + judge.TOLD_MORE
    )
    assert "T60, median, ms" in [line.name for line in second.endings([second.other_waves])]


def test_differences_have_intervals_around_them_and_none_from_itself(second):
    """Recordings less themselves: nothing, and every interval has it inside; less others: more than one value."""

    def cells(lines):
        return [tuple(map(float, re.findall(r"[-+][\d.e-]+", line.rsplit("|", 2)[1]))) for line in lines]

    own = list(second.less_recordings([second.real]))
    assert [line.split("|")[1].strip() for line in own][-3:] == [
        "T40, median, ms",
        "T60, median, ms",
        "kicks_recognised",
    ]
    for value, low, high in cells(own):
        assert value == 0
        assert low <= 0 <= high
    loud = np.zeros_like(second.waves)
    loud[:, :4000] = np.sin(np.arange(4000) * 0.01)  # cut at its loudest, each of them
    cut, *_ = second.less_recordings([measure_features(loud)])
    assert cells([cut])[0][0] == pytest.approx(100 - 100 * stops(cards(second.waves)["stop_db"]).mean(), abs=0.5)
    assert cells([cut])[0][1] > 0  # and less than nothing is none
    sets = second.others, second.recorded
    one, two = ({f.name: f.value for f in compare_features(second.real, x, draws=0)} for x in sets)
    found = {f.name: f.value for f in compare_two(second.real, second.others, second.recorded, draws=2)}
    assert found == pytest.approx({name: one[name] - two[name] for name in found}, nan_ok=True)
    same, other = (list(second.less_learned([one])) for one in (second.recorded, second.others))
    assert all(cell == (0, 0, 0) for cell in cells(same))
    assert all(low <= value <= high and low < high for value, low, high in cells(other))
    assert len({value for value, _, _ in cells(other)}) > 1


def test_nothing_left_to_judge_by_is_refused(folders, capsys):
    learned, _ = folders
    assert main(["lab", "measure", "judge", str(learned), str(learned), "-n", "64"]) == 2
    assert "all of them were learned from" in capsys.readouterr().err


def test_reconstructions_stand_between_recordings_and_seeds(folders, capsys):
    learned, unseen = folders
    assert main(["lab", "measure", "c2st", str(learned), str(unseen)]) == 0
    said = capsys.readouterr().out
    assert "| measure | the other half | reconstructed | with the jitter of training | seeds |" in said
    rows = [line for line in said.splitlines() if line.startswith("| two_sample_logistic_bands-1 ")]
    values = [float(cell) for cell in rows[0].split("|")[2:6]]
    assert all(0 <= value <= 1 for value in values)
    assert len(set(values)) > 1


def trained_on(folder, model):
    """How many kicks of the folder the model would have trained on, of all but those held out."""
    return len(split(read_dataset(folder), model.info.config["held_out"])[0])


def test_decays_are_followed_from_recordings_to_seeds(folders, model, capsys):
    learned, _ = folders
    trained = trained_on(learned, model)
    assert main(["lab", "measure", "decays", str(learned), "-n", "16"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{trained} recordings; 16 kicks each; identity ")
    rows = [line.split(" | ") for line in said.splitlines() if line.startswith("| ")]
    assert [row[0].removeprefix("| ") for row in rows] == [
        "kicks", "recordings, by source", "recordings, by source, reconstructed", "their mix, endings *cut*",
        "their mix, endings *trimmed*", "their mix, endings *recorded*, as learned", "the mix, reconstructed", "seeds",
    ]  # fmt: skip
    assert rows[0][-1] == "T60, median, ms |"
    assert len({row[1] for row in rows[1:]}) > 1
    kept = re.findall(r"(\d+) recordings have one; reconstructed (\d+) of them still have it, [+-]\S+ ms off", said)
    assert len(kept) == 2
    assert all(0 < int(still) <= int(had) <= trained for had, still in kept)


def test_of_kept_decays_the_change_is_told_and_of_new_ones_their_length():
    none = np.nan
    recorded, again = np.array([100.0, 200, 300, none, none, none]), np.array([90.0, 196, none, 400, 410, none])
    assert decays._kept("T60", recorded, again) == (
        "- T60: 3 recordings have one; reconstructed 2 of them still have it, -7 ms off (median; quartiles -8.5 and "
        "-5.5), and 2 others get one, of 405 ms (median)."
    )
    assert decays._kept("T40", recorded, np.full(6, none)) == (
        "- T40: 3 recordings have one; reconstructed 0 of them still have it, and 0 others get one."
    )


def test_priors_stand_beside_what_no_prior_made(folders, model, capsys, monkeypatch):
    learned, unseen = folders
    kind = f"{(trained_on(learned, model) + 64) // 6} clusters"  # of the mix, too
    monkeypatch.setattr(priors, "priors", lambda *given: list(priors_of(*given))[:1])
    assert main(["lab", "measure", "priors", str(learned), str(unseen), "-n", "64", "--mix", "64"]) == 0
    said = capsys.readouterr().out
    assert "the first half by source" in said
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in said.splitlines() if line.startswith("| ")]
    assert [row[:3] for row in rows[1:]] == [
        ["none: the mix, reconstructed", "", ""],
        *([kind, *widths] for widths in [("1", "1"), ("0.5",) * 2, ("0.25",) * 2, ("1.3", "0.455")]),
    ]
    assert all(0 <= float(row[3]) <= 1 for row in rows[1:])


def test_the_scoreboard_holds_all_columns_against_the_recordings_of_the_judge(second, capsys, monkeypatch):
    few = {"embeddings": DEFAULTS[:1]}
    monkeypatch.setattr(judge, "asked_judge", lambda args: second)
    monkeypatch.setattr(scoreboard, "floor", partial(scoreboard.floor, splits=1, **few))
    monkeypatch.setattr(scoreboard, "column", partial(scoreboard.column, draws=5, **few))
    call = ["lab", "measure", "scoreboard", "learned", "unseen", "-n", "64", "--score"]
    assert main([*call, "kid_bands-1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(second.about)
    assert f"- **other half**: {len(second.others)} recorded kicks of other sources\n" in said
    assert f"- **learned from**: {len(second.recorded)} of the 64 recorded kicks" in said
    assert "- **default**: 64 kicks of kickae-at-large" in said
    rows = [line for line in said.splitlines() if line.startswith("| `")]
    assert [row.count("[") for row in rows] == [5]  # baseline, two sets of recordings, synthesiser, model
    assert main([*call, "kid_band-1"]) == 2
    assert "--score kid_band-1: no score has that name; did you mean kid_bands-1?" in capsys.readouterr().err
