"""The statistics of the laboratory, held against libraries and against answers that are known beforehand."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score

from kicklab.evidence import (
    LAST,
    POWER,
    SOFT,
    Evidence,
    Figure,
    Row,
    hard,
    holm,
    of_seeds,
    soft,
    welch,
)  # fmt: skip
from kicklab.line_heights import SCORES, LineHeights
from kicklab.paper.answers import answer_of, swap_answered
from kicklab.paper.figures import drawn
from kicklab.paper.missed import missed_sentences
from kicklab.paper.tables import evidence_rows
from kicklab.paper.travel import dead_until, predicted_travel, travel_sentence
from kicklab.paper.words import compared, contrasts_told, reach, remarks_on, some_dead, standing
from kicklab.study import Study, load_study, rows_of
from kicklab.unseen import Unseen, source_counts

pytestmark = pytest.mark.decides


def answered(*asked) -> str:
    """The answer of a study, in one text."""
    return " ".join(answer_of(*asked))


def briefly(*asked) -> str:
    """What of it stands in the abstract."""
    return answer_of(*asked)[0]


def one_sound_each(points: np.ndarray) -> Unseen:
    return Unseen(np.arange(len(points)), cdist(points, points))


def test_draws_of_one_source_are_the_whole_alone():
    assert source_counts(np.zeros(5, int), np.random.default_rng(0)).tolist() == [[1.0] * 5]


def test_the_energy_distance_is_scipys():
    rng = np.random.default_rng(0)
    real, made = rng.normal(0, 1, (40, 1)), rng.normal(0.5, 2, (60, 1))
    unseen = one_sound_each(real)
    within = cdist(made, made).sum() / (60 * 59)
    value = unseen.energy(cdist(real, made).mean(1), within)[0]
    # scipy's has each sound beside itself in the means, and gives the root
    biased = 2 * cdist(real, made).mean() - unseen.within[0] * 39 / 40 - within * 59 / 60
    assert biased == pytest.approx(stats.energy_distance(real[:, 0], made[:, 0]) ** 2)
    assert value == pytest.approx(2 * cdist(real, made).mean() - unseen.within[0] - within)


def test_pairs_of_one_source_are_left_out_so_that_new_sources_are_at_zero():
    rng, found = np.random.default_rng(1), []
    for _ in range(200):
        machines = rng.normal(0, 1, (24, 1))
        points = np.repeat(machines[:12], 4, axis=0) + rng.normal(0, 0.05, (48, 1))
        made = rng.normal(0, 1, (100, 1)) + rng.normal(0, 0.05, (100, 1))  # each of a source of its own
        unseen = Unseen(np.repeat(np.arange(12), 4), cdist(points, points))
        ones = np.ones((1, 48))
        away, within = cdist(points, made).mean(1), cdist(made, made).sum() / (100 * 99)
        found.append(2 * away.mean() - unseen.mean_apart(ones)[0] - within)
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(200)
    naive = cdist(points, points).sum() / (48 * 47)
    assert naive < 0.97 * unseen.mean_apart(ones)[0]  # with them, real sounds would seem nearer to each other


def test_sounds_that_were_learned_from_are_left_out():
    rng = np.random.default_rng(5)
    points, made, sources = rng.normal(0, 1, (20, 2)), rng.normal(1, 1, (30, 2)), np.repeat(np.arange(10), 2)
    away = cdist(points, made).mean(1)
    unseen = sources > 3
    fewer = Unseen(sources[unseen], cdist(points[unseen], points[unseen]))
    found = Unseen(sources, cdist(points, points)).energy(np.where(unseen, away, np.nan), 1.0)
    assert found[0] == pytest.approx(fewer.energy(away[unseen], 1.0)[0])
    assert np.isfinite(found).all()


def test_sources_are_drawn_whole_and_the_draws_are_the_same_for_all():
    unseen = Unseen(np.repeat(np.arange(6), 3), np.ones((18, 18)))
    assert (unseen.counts[0] == 1).all()
    for source in range(6):
        mine = unseen.counts[:, unseen.sources == source]
        assert (mine == mine[:, :1]).all()
    again = Unseen(unseen.sources, np.zeros((18, 18)))
    np.testing.assert_array_equal(unseen.counts, again.counts)


def test_holm_is_what_the_paper_does_by_hand():
    p = [0.01, 0.04, 0.03, 0.005]
    assert holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_contrasts_whose_rows_are_not_there_yet_count_too():
    levels = {"a": [9.0, 10.0, 12.0], "b": [5.0, 6.0, 6.5]}
    alone = evidence(levels, contrasts=[["a", "b"]])
    more = evidence(levels | {"c": [1.0, 1.1, 1.2]}, contrasts=[["a", "b"], ["a", "c"], ["b", "c"]])
    del more.rows["c"]
    assert more.named()[0][3] == pytest.approx(3 * alone.named()[0][3])
    assert [(a, b) for a, b, *_ in more.named()] == [("a", "b")]


def test_the_soft_scale_is_a_ratio_far_away_and_a_difference_near_zero():
    assert soft(60.0) - soft(20.0) == pytest.approx(math.log(3), abs=1e-4)
    assert soft(0.02) - soft(-0.02) == pytest.approx(0.04 / SOFT, rel=1e-2)
    assert hard(float(soft(7.0))) == pytest.approx(7.0)


POINT: dict[str, Any] = {"tail_noise_db": -80.0, "critic": {}, "seconds": 60.0}


def evidence(
    levels: dict[str, list[float]], *, contrasts: Any = (), last: float = 0.0, scatter: float = 0.0
) -> Evidence:
    """Rows whose seeds lie at these distances [dB] at all milestones; last: what the last one adds to the others."""
    rng = np.random.default_rng(0)
    unseen = one_sound_each(rng.normal(0, 1, (30, 3)))
    shared = scatter * rng.standard_normal(len(unseen.counts) - 1)
    rows = []
    for name, seeds in levels.items():
        values = np.array(seeds)[:, None, None] * np.ones((1, LAST + 1, len(unseen.counts)))
        values[:, -1] += last
        values[:, :, 1:] += shared
        logs = tuple((POINT,) * (LAST + 1) for _ in seeds)
        rows.append(Row(name, (1, 2, 3, 4), values, values[:, :, 0], logs))
    data = {"title": "t", "question": "q", "baseline": next(iter(levels)), "contrasts": contrasts,
            "rows": {name: {"config": "dcgan"} for name in levels}}  # fmt: skip
    return Evidence(Study.model_validate(data), unseen, rows)


def test_a_contrast_over_seeds_alone_is_welchs_t_test():
    a, b = [9.0, 10.0, 12.0], [5.0, 6.0, 6.5, 5.5]
    found = evidence({"a": a, "b": b}).contrast("a", "b")
    whole = stats.ttest_ind(soft(a), soft(b), equal_var=False)
    assert found.p == pytest.approx(whole.pvalue)
    low, high = whole.confidence_interval()
    assert (found.low, found.high) == pytest.approx((low, high))


def test_a_difference_that_is_called_detectable_is_found_as_often_as_is_said():
    rng, found = np.random.default_rng(11), []
    drawn = rng.normal(0, 0.3, (2000, 2, 3))
    wide = np.mean([evidence_of_pair(*seeds).detectable for seeds in drawn[:200]])
    for seeds in drawn:
        f = evidence_of_pair(seeds[0] + wide, seeds[1])
        found.append(f.low > 0)
    assert abs(np.mean(found) - POWER) < 0.06


def evidence_of_pair(far: np.ndarray, near: np.ndarray) -> Figure:
    return welch(float(far.mean() - near.mean()), [of_seeds(far), of_seeds(near)])


def test_what_the_sources_scatter_cancels_where_rows_share_it():
    e = evidence({"a": [9.0, 9.1, 9.2], "b": [8.0, 8.1, 8.2]}, scatter=1.0)
    alone = e.distance("a")
    pair = e.contrast("a", "b")
    assert alone.high - alone.low > 3
    assert 0 < pair.low < pair.value == pytest.approx(math.log(9.1 / 8.1), abs=0.01)


def test_a_ratio_is_said_only_above_what_other_recordings_reach():
    e = evidence({"far": [30.0, 31.0], "near": [10.0, 10.1], "there": [0.01, 0.02]})
    low, high = e.unseen.band
    assert low < 0 < high < 10
    assert e.ratio("far", "near") == pytest.approx(3.03, abs=0.02)
    assert e.ratio("far", "there") is None


def test_a_row_is_held_against_the_recordings_that_it_learned_from():
    e = evidence({"far": [5.0, 6.0, 7.0], "near": [0.4, 1.0, 1.5]}, scatter=0.5)
    assert e.excess("far") is None  # nobody measured them
    assert "beyond" not in standing(e, "far")
    e.recordings = np.full(len(e.unseen.counts), 0.2)
    alone, beyond = e.distance("far"), e.excess("far")
    assert beyond is not None
    assert beyond.value == pytest.approx(alone.value - 0.2)  # 0.2 dB is where they lie
    assert (beyond.low, beyond.high) == pytest.approx((alone.low - 0.2, alone.high - 0.2))  # they do not scatter
    e.recordings[1:] += np.tile([-0.1, 0.1], len(e.recordings))[: len(e.recordings) - 1]
    wider = e.excess("far")
    assert wider is not None
    assert wider.low < beyond.low < beyond.high < wider.high
    assert alone.value == pytest.approx(6.0, abs=0.1)
    assert re.search(r"5\.7\d dB \[[\d., ]+\] beyond the recordings that it learned from;", standing(e, "far"))
    assert "not shown to lie beyond the recordings that it learned from (0.6" in standing(e, "near")
    e.recordings = 0.2 + e.rows["far"].values[0, 0] - 5.0  # what the sources scatter is theirs, too
    paired = e.excess("far")
    assert paired is not None
    assert paired.high - paired.low < 0.8 * (wider.high - wider.low)


def test_the_time_until_alive_is_held_against_the_predicted_travel():
    """Of rows of `start`: each half as far as the one before, and one that is there sooner than its way says."""
    levels = {"offset 0": [40.0] * 3, "offset 0, rate x 4": [40.0] * 3, "offset -1": [40.0] * 3, "offset -2": [2.0] * 3}
    e = evidence(levels)
    e.study = load_study("start")
    assert travel_sentence(e).startswith("Over 4 rows Kendall’s τ of predicted travel and dead phase is ")
    assert "against it" not in travel_sentence(e)
    e.rows["offset -1"].values[:, 2:] = 2.0  # 0.59 of the way, and there before a quarter
    said = travel_sentence(e)
    assert "<em>offset -1</em> (0.586 of the way) is within 10 dB after 2 sounds, <em>offset 0, rate x 4</em>" in said
    assert travel_sentence(evidence({"a": [40.0] * 3, "b": [2.0] * 3, "c": [2.0] * 3})) == ""  # all go as far


def test_where_some_seeds_are_dead_the_seeds_are_told_and_no_interval():
    e = evidence({"mixed": [2.0, 3.0, 60.0], "alive": [2.0, 3.0, 4.0]})
    assert (some_dead(e, "mixed"), some_dead(e, "alive")) == (True, False)
    assert (reach(e, "mixed").low, reach(e, "mixed").high) == pytest.approx((2.0, 60.0))
    assert reach(e, "alive") == e.distance("alive")
    assert "(its seeds 2.00 to 60.0)" in standing(e, "mixed")


def test_a_row_of_its_own_variance_is_not_widened_by_another_that_scatters():
    alone = evidence({"alive": [2.0, 2.1, 2.2]}).distance("alive")
    assert evidence({"alive": [2.0, 2.1, 2.2], "wild": [2.0, 20.0, 60.0]}).distance("alive") == alone


def test_contrasts_that_have_not_been_run_are_counted():
    e = evidence({"a": [9.0, 9.1], "b": [2.0, 2.1]}, contrasts=[["a", "b"], ["b", "a"]])
    assert not any("beforehand" in said for said in remarks_on(e))
    del e.rows["b"]
    assert remarks_on(e)[-1] == "Of the contrasts that were named beforehand 0 of 2 are of rows that are whole."


def test_sentences_follow_from_the_numbers_and_from_those_that_confirm():
    pairs = [["a", "b"]]
    near = evidence({"a": [30.0, 31.0, 32.0], "b": [10.0, 10.1, 10.2]}, contrasts=pairs)
    far = evidence({"a": [10.0, 10.1, 10.2], "b": [30.0, 31.0, 32.0]}, contrasts=pairs)
    same = evidence({"a": [10.0, 14.0, 9.0], "b": [10.5, 13.0, 9.5]}, contrasts=pairs)
    assert "<em>b</em> is nearer than <em>a</em>, 3.07 times" in contrasts_told(near, near)[0]
    assert "The same runs show it on the sounds that nothing was chosen by too." in contrasts_told(near, near)[0]
    assert "3.07 times [2.85, 3.30]" in contrasts_told(near, near)[0]
    assert "<em>a</em> is nearer than <em>b</em>" in contrasts_told(far, None)[0]
    assert "not been confirmed yet" in contrasts_told(far, None)[0]
    assert "The same runs do not show it on the sounds that nothing was chosen by." in contrasts_told(near, same)[0]
    assert "do not show it" in contrasts_told(near, far)[0]
    assert "Between <em>a</em> and <em>b</em> no difference is shown" in contrasts_told(same, near)[0]
    corrected = compared(near, "a", "b", near.contrast("a", "b"), 0.2, near)
    assert "no difference is shown" in corrected  # of six contrasts, say


def test_a_row_that_still_improves_is_said_to_be_learning():
    assert "it is still learning" in standing(evidence({"a": [9.0, 9.1, 9.2]}, last=-4.0), "a")
    assert "it gets worse" in standing(evidence({"a": [9.0, 9.1, 9.2]}, last=4.0), "a")
    assert "no change is shown" in standing(evidence({"a": [9.0, 9.1, 9.2]}), "a")


def test_a_contrast_says_which_of_its_rows_is_still_learning_but_for_the_baseline_of_which_it_is_said_already():
    pairs = [["a", "b"], ["b", "a"]]
    e = evidence({"a": [30.0, 31.0, 32.0], "b": [10.0, 10.1, 10.2]}, contrasts=pairs, last=-4.0)
    assert "it is still learning" in standing(e, "a")
    assert "At the end <em>b</em> is still learning." in compared(e, "a", "b", e.contrast("a", "b"), 0.01, None)
    done = evidence({"a": [30.0, 31.0, 32.0], "b": [10.0, 10.1, 10.2]}, contrasts=pairs)
    assert "still learning" not in compared(done, "a", "b", done.contrast("a", "b"), 0.01, None)


def test_the_best_milestone_is_chosen_over_all_seeds_and_read_on_the_sounds_that_confirm():
    e, confirm = evidence({"a": [9.0, 9.1, 9.2]}), evidence({"a": [20.0, 20.1, 20.2]})
    e.rows["a"].values[:, 2] -= 5.0
    e.rows["a"].values[0, 1] = 3.0  # one seed alone chooses nothing
    confirm.rows["a"].values[:, 2] += 3.0
    assert e.best("a") == 2
    head, rows = evidence_rows(e, confirm)
    told_best = rows[0][head.index("nearest at, confirmed")]
    assert told_best.startswith("3: 23.1 ")
    assert evidence_rows(e)[1][0][head.index("nearest at, confirmed")] == "3: –"


def test_rows_are_compared_after_the_same_minutes_too():
    e = evidence({"quick": [9.0, 9.0], "slow": [9.0, 9.0]})
    for name, each in (("quick", 60.0), ("slow", 240.0)):
        row = e.rows[name]
        logs = tuple(tuple(POINT | {"seconds": each * (i + 1)} for i in range(4)) for _ in row.logs)
        e.rows[name] = replace(row, logs=logs)
    e.rows["slow"].values[:, 1:] = 2.0
    assert e.equal_minutes() == 4
    assert e.distance_after("quick", 4.0) == pytest.approx(9.0)
    assert e.distance_after("slow", 4.0) == pytest.approx(9.0)  # its first milestone
    assert 2 < e.distance_after("slow", 6.0) < 9
    assert math.isnan(e.distance_after("slow", 3.0))


def test_the_dead_phase_ends_between_two_milestones():
    e = evidence({"a": [40.0, 40.0], "b": [3.0, 3.0]})
    e.rows["a"].values[:, 2:] = 2.5
    assert 2 < dead_until(e.rows["a"]) < 3
    assert dead_until(e.rows["b"]) == 1  # alive at the first
    e.rows["a"].values[:] = 40.0
    assert dead_until(e.rows["a"]) == 4  # never


def test_a_chart_shows_all_rows_or_those_of_the_named_contrasts():
    few = {f"row {i}": [9.0, 9.1] for i in range(8)}
    assert list(drawn(evidence(few, contrasts=[["row 0", "row 5"]]))) == list(few)
    more = few | {"row 8": [9.0, 9.1]}
    assert list(drawn(evidence(more, contrasts=[["row 8", "row 5"]]))) == ["row 0", "row 5", "row 8"]


def test_the_way_to_silence_is_predicted_from_offset_rate_and_maps():
    rows = {row.name: predicted_travel(row) for row in rows_of(load_study("start"))}
    assert rows["offset 0"] == rows["offset 0, slow critic"] == 1
    assert rows["offset data"] == 0
    assert rows["offset 0, rate x 4"] == rows["offset 0, 32 last maps"] == pytest.approx(0.25)
    assert rows["offset 0, 128 last maps"] == pytest.approx(1 / 16)
    assert 0 < rows["offset -2"] < rows["offset -3"] < rows["offset -1"] < 1
    assert rows["SpecGAN"] is None
    assert rows["complex STFT"] is None


def test_dead_is_read_from_the_sound():
    e = evidence({"near": [3.0, 4.0], "far": [30.0, 3.0]})
    assert (e.alive("near"), e.alive("far")) == (1.0, 0.5)
    POINT["tail_noise_db"] = -40.0
    assert e.alive("near") == 0.0
    POINT["tail_noise_db"] = None  # of silence, which has no tail
    assert e.alive("near") == 0.0
    POINT["tail_noise_db"] = -80.0


def test_an_answer_says_how_many_seeds_have_learned_and_what_is_still_amiss(monkeypatch):
    some = evidence({"DCGAN": [3.0, 4.0, 60.0], "other": [2.0, 2.1, 2.2]})
    said = answered("curves", some)
    assert "can learn kicks: after 4 sounds 2 of 3 seeds of <em>DCGAN</em> are alive, and 3 of 3 seeds of" in said
    assert "<em>other</em>, the nearest by estimate. From 2 on it lies 2.10 dB" in said
    third = evidence({"DCGAN": [3.0, 4.0, 5.0], "other": [2.0, 2.1, 2.2], "third": [4.0, 5.0, 60.0]})
    assert "Of the other rows 2 of 3 seeds of <em>third</em> are alive." in answered("curves", third)
    assert briefly("curves", third) == answered("curves", third).split(" Between its last two milestones no")[0]
    assert "classifier" not in said  # nothing is known of one
    for p, says in (
        (0.001, "still tells all live DCGANs"),
        (0.5, "still tells 0 of the 5 live DCGANs"),
    ):
        monkeypatch.setitem(POINT, "told_apart", {"accuracy": 0.9, "p": p})
        told_apart = evidence({"DCGAN": [3.0, 4.0, 60.0], "other": [2.0, 2.1, 2.2]})
        assert f"{says} from recordings" in answered("curves", told_apart)
        assert "right in 90 % of cases (chance" in answered("curves", told_apart)
        assert briefly("curves", told_apart).endswith("; a classifier tells it in 90 % of cases.")
        told_apart.recordings_told = {"accuracy": 0.55, "p": 0.2}
        assert "of cases; in 55 % for the recordings that were learned from" in answered("curves", told_apart)
    monkeypatch.delitem(POINT, "told_apart")
    falls = evidence({"DCGAN": [3.0, 4.0, 60.0], "other": [2.0, 2.1, 2.2]}, last=-1.5)
    assert briefly("curves", falls).endswith(", still learning.")
    there = "By sounds that nothing was chosen by <em>other</em> is the nearest DCGAN, too: 2.10 dB"
    assert there in answered("curves", some, some)
    turned = evidence({"DCGAN": [1.0, 1.5, 60.0], "other": [9.0, 9.1, 9.2]})
    assert "chosen by <em>DCGAN</em> is the nearest DCGAN: " in answered("curves", some, turned)
    assert "chosen by <em>" not in answered("curves", some, evidence({"DCGAN": [3.0, 4.0]}))
    none = answered("curves", evidence({"DCGAN": [40.0, 50.0, 60.0], "other": [2.0, 2.1, 2.2]}))
    assert none == "A DCGAN has not learned kicks: after 4 sounds 0 of 3 seeds are alive."


def test_a_phase_is_the_gap_or_not_by_the_most_rounds():
    def shares(high: float, rounds: int = 100) -> list[dict[str, Any]]:
        body = {"rounds": rounds, "part": "body", "share": 0.2, "over_half": {"high": high}}
        return [body, {"rounds": rounds, "part": "click"}]

    small = swap_answered({"shares": [*shares(0.4, 5), *shares(-0.3)]})
    assert "the phase is less than half of the gap in the body; in the click none is to be shown" in small
    assert "it is open in the body whether" in swap_answered({"shares": [*shares(-0.3, 5), *shares(0.4)]})
    assert "no gap is shown" in swap_answered({"shares": [{"rounds": 100, "part": "click"}]})


def of_ancestor(**levels: list[float]) -> Evidence:
    """Rows of `ancestor`: twice and once, how often the sigmoid is applied; rates: once, at those of a DCGAN."""
    names = {"twice": "sigmoid twice, labels 1 to 1.1", "once": "sigmoid once, labels 0.9",
             "other": "sigmoid once, labels 1", "rates": "sigmoid once, labels 0.9, rates of a DCGAN"}  # fmt: skip
    e = evidence({names[row]: seeds for row, seeds in levels.items()})
    e.study = load_study("ancestor")
    return e


def test_the_ancestor_is_said_to_learn_only_where_each_seed_does_and_none_did():
    for twice, once, learns in (([40.0, 50.0], [2.0, 3.0], True), ([2.0, 50.0], [2.0, 3.0], False),
                                ([40.0, 50.0], [2.0, 30.0], False)):  # fmt: skip
        said = answered("ancestor", of_ancestor(twice=twice, once=once))
        assert ("learns kicks with one sigmoid: " in said) == learns
        assert re.search(r"[12] of 2 runs with one are alive at its own rates, .* and [01] of 2 with two\.$", said)
    said = answered("ancestor", of_ancestor(twice=[40.0, 50.0], once=[2.0, 3.0], other=[2.0, 2.5], rates=[2.0, 60.0]))
    assert "4 of 4 runs with one are alive at its own rates" in said
    assert said.endswith("At other rates 1 of 2 runs with one sigmoid are alive.")
    assert "0 of 2 runs are alive after 4 sounds" in answered("ancestor", of_ancestor(twice=[40.0, 50.0]))
    assert answered("ancestor", of_ancestor(once=[40.0, 50.0])) == ""
    assert answered("sine", evidence({"was": [40.0, 50.0]})) == ""


def test_a_start_is_answered_by_rows_that_are_shown_to_be_nearer_and_whose_seeds_all_live():
    rows = {"a": [40.0, 41.0, 42.0], "b": [2.0, 2.1, 2.2], "c": [2.0, 2.1, 2.2]}
    e = evidence(rows, contrasts=[["a", "b"]])  # nobody asked for c beforehand
    e.rows["b"].values[:, 0] = 30.0
    assert (e.alive_since("a"), e.alive_since("b"), e.alive_since("c")) == (None, 2, 1)
    said = "0 of 3 seeds of <em>a</em> are alive after 4 sounds"
    assert answered("start", e) == f"{said}; of <em>b</em> from 2 on all are."
    e.rows["b"].values[0, 2] = 30.0  # dead once more
    assert e.alive_since("b") == 4
    assert answered("start", evidence(rows)) == f"{said}."


def test_what_ends_learning_is_answered_by_the_pairs_that_were_named(monkeypatch):
    pairs, many = [["few", "all"], ["few", "more"]], {"few": [9.0, 9.1, 9.2], "all": [2.0, 2.1, 2.2]}
    assert answered("end", evidence(many)) == ""  # nothing was asked
    many_first = {"64": 0, "128": 1, "all": 2, "more": 3}
    for a, b in load_study("end").contrasts:
        assert many_first[a.split(", ")[1].split()[0]] < many_first[b.split(", ")[1].split()[0]]
    more = evidence(many | {"more": [9.0, 9.1, 9.3]}, contrasts=pairs)
    assert answered("end", more) == (
        "With more kicks to learn from a model ends nearer: with <em>all</em> than with <em>few</em>."
    )
    worse = evidence({"few": many["all"], "all": many["few"]}, contrasts=pairs)
    assert answered("end", worse) == "It ends farther with <em>all</em> than with <em>few</em>."
    monkeypatch.setitem(POINT, "critic", {"auc": 0.75})
    alike = answered("end", evidence({"few": [2.0, 3.0], "all": [2.0, 3.1]}, contrasts=pairs))
    assert alike.startswith("More kicks are not shown to help. The least p after Holm is 1.00. Critics tell ")
    assert alike.endswith("of 0.75 (<em>few</em>) and 0.75 (<em>all</em>).")


def with_lines(heights: dict[str, list[list[float]]], contrasts: Any = (), wide: float = 0.0) -> Evidence:
    """Rows whose seeds have lines of these heights [dB] at four milestones; wide: the half interval of their sounds."""
    e = evidence({name: [2.0] * len(seeds) for name, seeds in heights.items()}, contrasts=contrasts)
    for name, seeds in heights.items():
        logs = tuple(
            tuple(
                POINT | {"scores": [
                    {"name": score, "value": height + sign, "interval": [height - wide, height + wide]}
                    for score, sign in zip(SCORES, (-1, 1), strict=True)
                ]}
                for height in seed
            )
            for seed in seeds
        )  # fmt: skip
        e.rows[name] = replace(e.rows[name], logs=logs)
    return e


STILL, FADING, NONE = (
    [[level + at for at in (5.0, *course)] for level in (-0.1, 0.0, 0.1)]
    for course in ((3.0, 3.0, 3.0), (3.0, 2.0, 1.0), (0.0, 0.0, 0.0))
)


def test_heights_of_lines_are_compared_as_by_welchs_t_test():
    found = LineHeights(with_lines({"a": STILL, "b": FADING, "c": STILL}, [["a", "b"]]))
    alike = stats.ttest_ind([2.9, 3.0, 3.1], [1.9, 2.0, 2.1], equal_var=False)
    all_rows = LineHeights(with_lines({"a": STILL, "b": FADING}, [["a", "b"]]))
    assert all_rows.contrast("a", "b").p == pytest.approx(alike.pvalue)
    assert all_rows.contrast("a", "b").value == pytest.approx(1)
    assert found.change("b").value == pytest.approx(-2)
    assert found.change("a").p == 1
    interval = all_rows.height("a")
    assert interval.value == pytest.approx(3)
    half = stats.t.ppf(0.975, 2) * 0.1 / math.sqrt(3)
    assert interval.high - interval.value == pytest.approx(half)
    sounds = LineHeights(with_lines({"a": STILL, "b": FADING}, wide=1.0)).height("a")
    of_seeds, of_sounds = 0.01 / 3, 0.5 / stats.norm.ppf(0.975) ** 2
    freedom = (of_seeds + of_sounds) ** 2 / (of_seeds**2 / 2)  # more seeds would not lower the second
    assert sounds.high - sounds.value == pytest.approx(stats.t.ppf(0.975, freedom) * math.sqrt(of_seeds + of_sounds))


def test_contrasts_in_two_outcomes_are_corrected_for_both():
    e = with_lines({"a": STILL, "b": FADING}, [["a", "b"]])
    alone = LineHeights(e).named()[0][3]
    e.study = e.study.model_copy(update={"outcomes": ("distance", "lines")})
    assert LineHeights(e).named()[0][3] == pytest.approx(2 * alone)
    assert load_study("upconv").outcomes == ("distance", "lines")


def test_lines_fade_or_not_and_are_lower_where_it_was_named_beforehand_and_shown():
    pairs = [["a", "b"], ["a", "c"], ["a", "d"]]
    rows = {"a": STILL, "b": FADING, "c": STILL, "d": NONE}
    said = answered("upconv", with_lines(rows, pairs))
    assert said.startswith(
        "Training is not shown to take periodic lines away: those of <em>a</em> stand 3.00 dB [2.75, 3.25] above real "
        "kicks. "
    )
    assert "From 2 to 4 sounds those of <em>a</em> change by 0 dB [0, 0], from 1 to 2 by −2.00 dB [" in said
    assert "with <em>b</em> than with <em>a</em> by 1.00 dB" in said
    assert "with <em>d</em> than with <em>a</em> by 3.00 dB" in said
    assert "None are shown with <em>d</em>." in said
    assert said.endswith("No difference of lines is shown between <em>a</em> and <em>c</em>.")
    measured = with_lines({"a": STILL})
    logs = measured.rows["a"].logs
    for seed, off in zip(logs, (1.0, 1.5, 2.0), strict=True):
        seed[-1]["scores"].append({"name": "profile_radius", "value": off, "real": 0.5})
    assert answered("upconv", measured).endswith(
        "over spatial frequency is off by 1 to 2 dB (<em>a</em>); recordings among themselves by 0.500 dB."
    )
    assert answered("upconv", with_lines({"a": FADING, "b": STILL})).startswith("Periodic lines fade with training: ")
    assert answered("upconv", with_lines({"a": NONE, "b": STILL})).startswith("No periodic lines are shown in what ")
    assert answered("upconv", evidence({"a": [2.0, 3.0]})) == ""  # measured by a version that knew none


def test_how_well_a_critic_tells_what_it_has_seen_is_the_area_under_its_curve():
    import torch

    from kicklab.make import area_under_curve

    rng = np.random.default_rng(3)
    train, unseen = rng.normal(1, 1, 50).round(1), rng.normal(0, 1, 40).round(1)  # with ties
    expected = roc_auc_score(np.repeat([1, 0], [50, 40]), np.concatenate([train, unseen]))
    assert area_under_curve(torch.tensor(train), torch.tensor(unseen)) == pytest.approx(expected)


def test_what_is_missed_is_read_from_the_runs_that_are_alive():
    def scores(comb: float) -> list[dict[str, Any]]:
        third = {"name": "thirds_worst", "value": 10 * comb, "real": 2.0, "note": "+9.0 dB at 20 Hz"}
        recall = {"name": "recall_bands-1_k5", "value": comb / 10, "real": 0.9}
        fields = {"comb_db": comb, "dc": 0.5, "attack_ms": 0.4, "sub_share": 0.1, "mean": 99.0}  # the last is none
        cards = [{"name": f"card_{name}_sd", "value": value, "real": 0.2} for name, value in fields.items()]
        return [third, recall, *cards]

    e = evidence({"a": [2.0, 3.0, 60.0], "other": [1.0, 1.0, 1.0]})
    for row, combs in {"a": (2.0, 4.0, 9.0), "other": (7.0, 7.5, 8.0)}.items():
        logs = tuple((POINT | {"scores": scores(comb)},) * (LAST + 1) for comb in combs)
        e.rows[row] = replace(e.rows[row], logs=logs)
    said = " ".join(missed_sentences(e, ["a"]))
    assert "reaches 0.200 to 0.400 of unseen recordings, <em>other</em> 0.700 to 0.800 (recall; rec" in said
    assert "reaches 0.200 to 0.800 of unseen recordings (recall;" in " ".join(missed_sentences(e, ["a", "other"]))
    assert "most is amiss in excess of spectral lines that repeat every rate / 2^k (2.00 to 4.00 sd; recordings" in said
    assert said.index("offset under the sound") < said.index("onset (-40 dB re peak) to peak")
    assert "below 60 Hz" not in said
    assert "off by 20.0 to 40.0 dB (recordings among themselves 2.00): too loud at 20 Hz (2), with the number" in said
    assert missed_sentences(evidence({"a": [2.0, 3.0]}), ["a"]) == []
