"""Methodology: representations, networks, data, training, metrics, statistics."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Any

import numpy as np

from kickitout.datasets.build import ManifestRow
from kickitout.descriptors import cards
from kicklab.data import TEST_TONES, TONES
from kicklab.paper.charts import Axis, Series, lines, short
from kicklab.paper.context import FAMILIES, PAPER_PARTS, Paper, section
from kicklab.paper.images import network_drawing
from kicklab.paper.words import cell, counted, listed, shown
from kicklab.results import estimate_of
from kicklab.study import lab_size, study_names
from kicklab.tones import HIGHEST_HZ, LONGEST_MS, LOWEST_HZ, SHORTEST_MS

DRAWN = ("dcgan", "dcgan-bands", *FAMILIES)
REPRESENTATION_WORDS = {
    "logmag": ("rebuilt", "level of a short-time spectrum, linear in frequency"),
    "mel": ("rebuilt", "level in triangular bands, evenly spaced on the mel scale"),
    "complexstft": ("kept", "real and imaginary part, magnitude compressed by a cube root"),
    "pqmf": ("kept", "16 critically sampled sub-bands as channels"),
    "wave": ("kept", "the samples themselves"),
}


def methodology(paper: Paper) -> str:
    return section(
        "method",
        "3 Methodology",
        representations(paper),
        networks_section(paper),
        data_section(paper),
        training_section(paper),
        metrics_section(paper),
    )


def representations(paper: Paper) -> str:
    c = paper.cite
    representations: dict[str, str] = {}
    for r in paper.results.all:
        if r["representation"]:
            representations.setdefault(r["representation"], r["study"])
    rows = []
    for label in representations:
        name = label.split(" ")[0]
        ceilings = [
            [r for r in paper.results.all if r["row"] == f"ceiling of {label}" and r["score"] == score]
            for score in (paper.results.score_name("shortcomings", "energy"), "tone_phase")
        ]
        lost = _losses_of(paper, f"ceiling of {label}")
        found = [cell(estimate_of(_once(rs))) if rs else "–" for rs in ceilings]
        phase, what = REPRESENTATION_WORDS.get(name, ("", ""))
        rows.append([shown(label), phase, what, lost["snr"], lost["lsd"], found[0], found[1]])
    head = ["representation", "phase", "what it holds", "SNR [dB]", "spectral distance [dB]", "energy distance [dB]",
            "phase of a tone [degrees]"]  # fmt: skip
    table = paper.table(
        "table-representations", head, rows,
        "Representations, and what real sounds lose in them: the ceilings. Medians over the kicks, with the middle "
        "half of "
        "them; "
        "energy distance of the decoded kicks to the test kicks, and error of the phase of decoded tones, with 95 % "
        "intervals.", wide=True,
    )  # fmt: skip
    return section(
        "representations",
        "3.1 Representations",
        "An encoder without weights makes a representation of a waveform, and a decoder a waveform of it. Where a "
        f"representation has no phase, it is rebuilt by the fast Griffin-Lim algorithm {c('griffin', 'perraudin')} "
        "from a start that follows spectral peaks and "
        f"the known onset. The sub-bands come from a cosine-modulated filter bank with nearly perfect reconstruction "
        f"{c('nguyen')}. All kicks begin at the same sample with the same polarity, so that a phase that is kept can "
        "be "
        f"learned. No generator can be expected to sound better than its representation makes a real kick sound: "
        f"{paper.ref('table-representations')} gives these ceilings in the scores of the generators.",
        table,
        level=3,
    )


def _once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each cell once: two studies may share it."""
    return list({r["cell"]: r for r in rows}.values())


def _losses_of(paper: Paper, row: str) -> dict[str, str]:
    found = {"snr": "–", "lsd": "–"}
    for study in paper.plans:
        for entry in paper.entries(study, row):
            curves = paper.curves(entry)
            for key in found:
                values = curves.get(f"lost_{key}_db")
                if values is not None:
                    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
                    found[key] = PAPER_PARTS.with_interval(*(short(float(v)) for v in (middle, low, high)))
    return found


def networks_section(paper: Paper) -> str:
    parts = [
        "DCGAN, WaveGAN and SpecGAN have the layers, kernels, strides and objective of their papers, and with the "
        "sizes of these their parameter counts, which tests hold against the papers’ tables. Each caption says what "
        "was adapted, and to which size for minutes on one core. Drawings come from the networks themselves: boxes "
        "grow with the logarithm of maps (width) and of cells (height), and below each "
        "stands the shape it gives, maps × rows × columns."
    ]
    for config in DRAWN:
        found = _first_of(paper, config)
        if found is None:
            continue
        entry, point = found
        layers = point.get("architecture", {"generator": [], "critic": []})
        if not layers["generator"]:
            continue
        sizes = point["parameters"]
        numbers = listed([f"{name} {value:,}".replace(",", " ") for name, value in sizes.items() if value])
        art = network_drawing(layers["generator"], "latent", f"generator of {config}")
        if layers["critic"]:
            art += network_drawing(layers["critic"], "input", f"critic of {config}")
        parts.append(
            paper.figure(
                f"fig-net-{config}", art,
                f"<b>{escape(config)}</b>, generator{', then critic' if layers['critic'] else ''}. "
                f"{escape(entry['config']['about'])}{_lab_size(config)} Parameters: {numbers}.", wide=True,
            )
        )  # fmt: skip
    return section("networks", "3.2 Networks", *parts, level=3)


def _lab_size(config: str) -> str:
    """What the laboratory makes smaller of a config."""
    changes = [c.replace("=", " = ") for c in lab_size(config) if not c.startswith("monitor.")]
    return f" In this laboratory: {listed([f'<code>{escape(c)}</code>' for c in changes])}." if changes else ""


def _first_of(paper: Paper, config: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    for plan in paper.plans.values():
        for entry in plan["cells"]:
            fits = entry["config"] and entry["config"]["name"] == config and entry["seed"] == 0
            if fits and (paper.lab.cell(entry["id"]) / "measured.json").exists():
                return entry, paper.point(entry)
    return None


def data_section(paper: Paper) -> str:
    tones = (
        f"The study of tones has data made by formula: {TONES} decaying sines to learn from and {TEST_TONES} others "
        "to score "
        f"against, from {LOWEST_HZ:.0f} to {HIGHEST_HZ:.0f} Hz (log-uniform), falling by 60 dB in {SHORTEST_MS:.0f} to "
        f"{LONGEST_MS:.0f} ms (uniform), each beginning at phase 0."
    )
    kicks = paper.data
    if kicks is None:
        return section("data", "3.3 Data", "No study of kicks has been run in this laboratory.", tones, level=3)
    rows = [*kicks.train.rows, *kicks.test.rows]
    groups = len({r.group for r in kicks.train.rows}), len({r.group for r in kicks.test.rows})
    left_out = (
        f" {counted(kicks.related, 'kick')} of the test folders "
        f"{'was' if kicks.related == 1 else 'were'} left out for being of one group with a training kick."
        if kicks.related
        else ""
    )
    licences = Counter(str(r.licence) or "not stated" for r in rows)
    rates = sorted({r.rate for r in rows})
    waves = np.concatenate([kicks.train.waves, kicks.test.waves])
    measured = cards(waves).values
    art = "".join(
        lines(
            _train_and_test(measured[name], len(kicks.train)),
            axis,
            Axis("share below", low=0, high=1),
            axis.title,
            width=300,
        )
        for name, axis in (
            ("pitch_end_hz", Axis("end pitch", "Hz", log=True)),
            ("decay_t40_ms", Axis("decay by 40 dB", "ms")),
            ("click_level_db", Axis("click re total", "dB")),
        )
    )
    return section(
        "data", "3.3 Data",
        f"{counted(len(rows), 'recorded kick')} were scanned, aligned to their onset, brought to one polarity and "
        "peak, and "
        f"joined into groups of near-duplicates (cross-correlation of 0.97 or more), of which none spans two parts: "
        f"{counted(len(kicks.train), 'kick')} in {counted(groups[0], 'group', 'groups')} are there to learn from, "
        f"{counted(len(kicks.test), 'kick')} in {counted(groups[1], 'group', 'groups')} only to be scored "
        f"against.{left_out} They were recorded at {listed([f'{r / 1000:g} kHz' for r in rates])}, with "
        f"{listed([f'{n} under “{escape(name)}”' for name, n in licences.most_common()])}. "
        f"{paper.ref('table-sources')} lists the sources, {paper.ref('fig-data')} what the kicks are like.",
        sources_table(paper, rows, len(kicks.train)),
        paper.figure("fig-data", art, "Kicks to learn from and to score against, as cumulative shares.", wide=True),
        tones, level=3,
    )  # fmt: skip


def _train_and_test(values: np.ndarray, first: int) -> list[Series]:
    return [ecdf("to learn from", values[:first], 0), ecdf("to score against", values[first:], plain=True)]


def ecdf(name: str, values: np.ndarray, style: int = 0, *, plain: bool = False) -> Series:
    """The share of known values below each, as a curve of at most 80 points."""
    known = np.sort(values[np.isfinite(values)])
    if len(known) == 0:
        return Series(name, np.zeros(0), np.zeros(0), style, plain=plain)
    at = np.unique(np.linspace(0, len(known) - 1, min(80, len(known))).astype(int))
    return Series(name, known[at], (at + 1) / len(known), style, plain=plain)


def sources_table(paper: Paper, rows: list[ManifestRow], train: int) -> str:
    counts: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(rows):
        counts.setdefault((row.source, row.licence), [0, 0])[int(i >= train)] += 1
    listed_rows = [
        [source or "–", licence or "–", str(a), str(b)]
        for (source, licence), (a, b) in sorted(counts.items(), key=lambda item: -sum(item[1]))
    ]
    shown = listed_rows[:24]
    if len(listed_rows) > 24:
        rest = listed_rows[24:]
        shown.append(
            [
                f"{counted(len(rest), 'other source')}",
                "",
                str(sum(int(r[2]) for r in rest)),
                str(sum(int(r[3]) for r in rest)),
            ]
        )
    head = ["source", "licence", "to learn from", "to score against"]
    return paper.table("table-sources", head, shown, "Where the kicks come from.")


def training_section(paper: Paper) -> str:
    c = paper.cite
    rows = []
    for name in study_names():
        if name not in paper.plans:
            continue
        plan, study = paper.plans[name], paper.study(name)
        cells = [e for e in plan["cells"] if e["source"] == "trained"]
        found = {r["cell"]: r for r in paper.results.of(name, source="trained")}
        steps = [r["steps"] for r in found.values()]
        spent = sum(r["cost_minutes"] for r in {r["cell"]: r for r in paper.results.of(name)}.values())
        rows.append([
            study.title, *(str(len({e[key] for e in cells})) for key in ("row", "seed")), plan["budget"],
            f"{len(found)} of {len(cells)}", f"{min(steps)} to {max(steps)}" if steps else "–", f"{spent / 60:.1f}",
        ])  # fmt: skip
    stopped = [r for r in {r["cell"]: r for r in paper.results.all}.values() if r["stopped"]]
    why = (
        f" {counted(len(stopped), 'run was', 'runs were')} stopped before, by losses that were not finite."
        if stopped
        else ""
    )
    head = ["study", "rows", "seeds", "budget a run", "runs done", "steps a run", "core-hours in all"]
    return section(
        "training", "3.4 Training",
        "Runs of one study have the same budget, in seconds of one processor core (or in steps where that is said), "
        f"and are scored as they are at its end: nothing is selected on the test kicks.{why} "
        "Batches, "
        f"latents and augmentation depend on the seed and the step alone, so that a run that was interrupted ends with "
        f"the weights of one that was not. Objectives are those of {c('goodfellow', 'gulrajani', 'lim')} with the "
        "penalties "
        f"of {c('gulrajani', 'mescheder')}; every hyper-parameter is in the run's own config, kept beside its results.",
        paper.table("table-runs", head, rows, "The studies, and what they have cost."),
        "<b>The spectral loss.</b> Let AI(x) be the power spectrum of a representation x, averaged over circles about "
        "the "
        "origin "
        "and brought, in dB, to the range from 0 to 1. With the mean over real kicks AI<sub>r</sub>, the loss of a "
        "generated representation is the cross-entropy "
        "<span class='eq'>S(x) = −Σ<sub>k</sub> [AI<sub>r</sub>(k) log AI(x, k) + (1 − AI<sub>r</sub>(k)) log(1 − "
        "AI(x, k))]</span> "
        f"{c('durall')}. <em>Differentiated</em>, the generator descends L<sub>G</sub> + λ S; <em>detached</em>, as "
        "in the published code, it descends L<sub>G</sub> (1 + λ S) with S as a number, whose gradient is that of "
        "L<sub>G</sub> "
        "times a number. A test shows that the first passes a gradient and the second none.",
        level=3,
    )  # fmt: skip


def metrics_section(paper: Paper) -> str:
    c = paper.cite
    return section(
        "metrics", "3.5 Metrics and statistics",
        "Kicks are compared as levels in 28 bands and 9 slots of time, in dB, with long windows below 350 Hz and "
        "short "
        f"ones above: nothing is learned, and both 40 Hz and 2 ms are resolved. On these, the <b>energy distance</b> "
        f"{c('szekely')} is our headline: it is zero only for equal distributions, unbiased for small sets and grows "
        f"linearly with a fault. Its unit is dB: a root-mean-square level difference per time-frequency cell. Beside "
        f"it stand the Fréchet distance of principal components {c('heusel')}, "
        f"precision and recall {c('kynkaanniemi')}, density and coverage {c('naeem')}, and the accuracy of classifier "
        f"two-sample tests (C2ST) {c('lopez-paz')}, for which chance is 0.5. Fields of the kick card (pitch, sweep, "
        f"click, decay, artefacts) are compared by the Wasserstein distance {c('vallender')} in the field's unit or in "
        "standard "
        "deviations of the real kicks. Beside our levels stand the points of a small network that was taught to tell "
        "types of drums apart, and the share of sounds that it recognises as kicks. "
        "Near-copies of training kicks are counted by nearest neighbour, with a threshold from real kicks "
        f"{c('meehan')}.",
        "<b>Spectral artefacts.</b> The mean spectra of generated representations, over circles, along frequency and "
        "along time, are compared with those of real kicks (root mean square over the points, in dB), over all and at "
        "the "
        "finest quarter. In the decoded sound, the height of lines at multiples of an eighth of a cycle a cell, where "
        "strides of 2, 4 and 8 leave them, is read from the sound’s own spectrogram, above that of real kicks. A "
        "linear probe on spectra alone measures how visible the difference is.",
        "<b>Patterns.</b> The mean level in five bands over time, in dB; the time by which energy above 2 kHz comes "
        "before that below 250 Hz; and Spearman’s correlations between fields of the card, real against generated.",
        "<b>Tones.</b> The nearest tone to a sound is fitted by least squares; what is left over is the noise of a "
        "signal-to-noise ratio, the phase at the onset should be 0, the frequency should not wobble and the level "
        "should fall as an exponential.",
        "<b>Intervals.</b> Every score has a 95 % interval by resampling sounds, near-duplicates together "
        f"{c('efron')}, and "
        "its real-vs-real baseline beside it. An estimate is the mean over seeds; its interval adds the "
        "mean "
        "half-width over sounds and Student’s interval over seeds as independent parts. Because the first part holds "
        "the scatter of the test kicks, which all rows share, these intervals are rather too wide than too narrow for "
        "comparisons. Two rows are said to differ where their intervals do not overlap; otherwise no difference is "
        f"shown, which does not mean that there is none. Shares of votes have Wilson’s interval {c('wilson')}.",
        level=3,
    )  # fmt: skip
